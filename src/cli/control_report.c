/* control_report.c - what `aksu stat` shows: the stack's counters, then each connection, as text in
 * 80 columns (in the manner of `ss -ti`) or as one JSON object. */
#include <inttypes.h>

#include "aksu/sink.h"
#include "cli/control.h"

struct totals {
    struct aksu_counters counters;
    const struct aksu_interface *interface;
    uint64_t seconds;
};

static void put_mebibytes(FILE *out, const char *name, uint64_t octets)
{
    fprintf(out, "%s%" PRIu64 ".%" PRIu64 " MiB", name, octets >> 20,
            ((octets & 0xfffff) * 10) >> 20);
}

static void put_milliseconds(FILE *out, const char *name, uint64_t us)
{
    fprintf(out, "%s%" PRIu64 ".%03" PRIu64 "ms", name, us / 1000, us % 1000);
}

static void text_totals(FILE *out, const struct totals *t)
{
    const struct aksu_counters *k = &t->counters;
    const struct aksu_interface *i = t->interface;

    fprintf(out, "up %" PRIu64 " s, %s: %" PRIu64 " frames in, %" PRIu64 " out, %" PRIu64 " lost\n",
            t->seconds, i->name, i->frames_in, i->frames_out, i->lost);
    put_mebibytes(out, "memory ", k->memory_used);
    put_mebibytes(out, " of ", k->memory_limit);
    put_mebibytes(out, " (most ", k->memory_most);
    fprintf(out, ")\n%" PRIu32 " connections, %" PRIu32 " in TIME-WAIT; %" PRIu64 " opened since\n",
            k->connections, k->time_wait, k->event[AKSU_EV_opened]);
    fprintf(out, "%" PRIu64 " segments dropped, %" PRIu64 " frames dropped, %" PRIu64
                 " retransmissions\n\n", k->event[AKSU_EV_dropped],
            k->event[AKSU_EV_frame_dropped] + k->event[AKSU_EV_udp_dropped],
            k->event[AKSU_EV_retransmit]);
    fprintf(out, "%-12s %7s %7s  %-24s %s\n", "State", "Recv-Q", "Send-Q", "Local", "Peer");
}

static void text_timer(FILE *out, const struct aksu_info *info, aksu_time now)
{
    if (!info->timer)
        return;
    fprintf(out, " timer:%s,%" PRIu64 "ms", info->timer,
            info->timer_at > now ? (info->timer_at - now) / AKSU_MS(1) : 0);
}

static void text_connection(FILE *out, const struct aksu_info *info, aksu_time now)
{
    char local[AKSU_ENDPOINT_TEXT], remote[AKSU_ENDPOINT_TEXT];

    aksu_endpoint_text(&info->local, local);
    aksu_endpoint_text(&info->remote, remote);
    fprintf(out, "%-12s %7" PRIu32 " %7" PRIu32 "  %-24s %s\n", aksu_tcp_state_name(info->state),
            info->receive_queued, info->send_queued, local, remote);
    put_milliseconds(out, "  rtt:", info->srtt_us);
    put_milliseconds(out, "/", info->rttvar_us);
    fprintf(out, " rto:%" PRIu32 "ms cwnd:%" PRIu32, info->rto_us / 1000, info->cwnd);
    if (info->ssthresh < UINT32_MAX)
        fprintf(out, " ssthresh:%" PRIu32, info->ssthresh);
    fprintf(out, "\n  mss:%" PRIu32 "/%" PRIu32 " window:%" PRIu32 "/%" PRIu32 " unacked:%" PRIu32
                 "%s%s%s", info->snd_mss, info->rcv_mss, info->snd_wnd, info->rcv_wnd,
            info->send_unacked, info->timestamps ? " ts" : "", info->sack ? " sack" : "",
            info->ecn ? " ecn" : "");
    if (info->snd_wscale || info->rcv_wscale)
        fprintf(out, " wscale:%u,%u", (unsigned)info->snd_wscale, (unsigned)info->rcv_wscale);
    fprintf(out, "\n  octets:%" PRIu64 "/%" PRIu64 " segments:%" PRIu32 "/%" PRIu32
                 " retransmits:%" PRIu32, info->octets_out, info->octets_in, info->segments_out,
            info->segments_in, info->retransmits);
    if (info->backoff)
        fprintf(out, " backoff:%" PRIu32, info->backoff);
    text_timer(out, info, now);
    putc('\n', out);
}

static void json_totals(FILE *out, const struct totals *t)
{
    const struct aksu_counters *k = &t->counters;
    const struct aksu_interface *i = t->interface;

    fprintf(out, "{\"up_s\":%" PRIu64 ",\"device\":{\"name\":\"%s\",\"frames_in\":%" PRIu64
                 ",\"frames_out\":%" PRIu64 ",\"octets_in\":%" PRIu64 ",\"octets_out\":%" PRIu64
                 ",\"lost\":%" PRIu64 "},\n", t->seconds, i->name, i->frames_in, i->frames_out,
            i->octets_in, i->octets_out, i->lost);
    fprintf(out, "\"memory\":{\"limit\":%" PRIu64 ",\"used\":%" PRIu64 ",\"most\":%" PRIu64 "},\n",
            k->memory_limit, k->memory_used, k->memory_most);
    fprintf(out, "\"counters\":{\"connections\":%" PRIu32 ",\"time_wait\":%" PRIu32, k->connections,
            k->time_wait);
    for (int kind = 0; kind < AKSU_EV_COUNT; kind++)
        fprintf(out, ",\"%s\":%" PRIu64, aksu_event_name((enum aksu_event_kind)kind),
                k->event[kind]);
    fputs("},\n\"connections\":[", out);
}

static void json_number(FILE *out, const char *name, uint64_t value)
{
    fprintf(out, ",\"%s\":%" PRIu64, name, value);
}

static void json_connection(FILE *out, const struct aksu_info *info, aksu_time now)
{
    char local[AKSU_ENDPOINT_TEXT], remote[AKSU_ENDPOINT_TEXT];

    aksu_endpoint_text(&info->local, local);
    aksu_endpoint_text(&info->remote, remote);
    fprintf(out, "{\"state\":\"%s\",\"local\":\"%s\",\"remote\":\"%s\"",
            aksu_tcp_state_name(info->state), local, remote);
    const struct { const char *name; uint64_t value; } numbers[] = {
        { "receive_queued", info->receive_queued }, { "send_queued", info->send_queued },
        { "srtt_us", info->srtt_us }, { "rttvar_us", info->rttvar_us },
        { "rto_us", info->rto_us }, { "cwnd", info->cwnd },
        { "snd_mss", info->snd_mss }, { "rcv_mss", info->rcv_mss }, { "snd_wnd", info->snd_wnd },
        { "rcv_wnd", info->rcv_wnd }, { "unacked", info->send_unacked },
        { "snd_wscale", info->snd_wscale }, { "rcv_wscale", info->rcv_wscale },
        { "octets_out", info->octets_out }, { "octets_in", info->octets_in },
        { "segments_out", info->segments_out }, { "segments_in", info->segments_in },
        { "retransmits", info->retransmits }, { "backoff", info->backoff },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_number(out, numbers[i].name, numbers[i].value);
    if (info->ssthresh < UINT32_MAX)            /* else there is none yet */
        json_number(out, "ssthresh", info->ssthresh);
    fprintf(out, ",\"timestamps\":%s,\"sack\":%s,\"ecn\":%s", info->timestamps ? "true" : "false",
            info->sack ? "true" : "false", info->ecn ? "true" : "false");
    if (info->timer) {
        fprintf(out, ",\"timer\":\"%s\"", info->timer);
        json_number(out, "timer_us", info->timer_at > now ? (info->timer_at - now) / 1000 : 0);
    }
    putc('}', out);
}

void control_report(FILE *out, struct aksu_host *host, bool json, aksu_time started, aksu_time now)
{
    struct aksu *net = aksu_host_stack(host);
    struct totals t = { .interface = aksu_host_interface(host),
                        .seconds = (now - started) / AKSU_SECONDS(1) };
    struct aksu_info info;
    uint32_t cursor = 0;
    aksu_conn conn;
    bool first = true;

    aksu_counters(net, &t.counters);
    (json ? json_totals : text_totals)(out, &t);
    while (aksu_next_connection(net, &cursor, &conn)) {
        if (aksu_status(net, conn, &info) != AKSU_OK)
            continue;
        if (json)
            fputs(first ? "\n" : ",\n", out);
        (json ? json_connection : text_connection)(out, &info, now);
        first = false;
    }
    if (json)
        fputs("]}\n", out);
}
