/* report_json.c - a connection as a JSON object (RFC 8259), one line. Times are nanoseconds, those
 * of the events; what is not known is null. See report.h. */
#include "trace/report.h"

#include <inttypes.h>

#include "aksu/sink.h"
#include "base/ip_addr.h"
#include "trace/icmp.h"
#include "trace/tell.h"

static void put_time(FILE *out, const char *name, aksu_time t)
{
    if (t == AKSU_NEVER)
        fprintf(out, ",\"%s\":null", name);
    else
        fprintf(out, ",\"%s\":%" PRIu64, name, t);
}

/* The errors about what an end has sent; the last of them. */
static void put_icmp(FILE *out, const struct trace_end *e)
{
    bool v6 = !ip_is_v4(&e->told.from);
    char from[AKSU_IP_TEXT];

    fprintf(out, ",\"icmp\":%" PRIu64, e->icmps);
    if (e->path_mtu > 0)
        fprintf(out, ",\"path_mtu\":%" PRIu32, e->path_mtu);
    else
        fputs(",\"path_mtu\":null", out);
    if (e->icmps == 0) {
        fputs(",\"icmp_last\":null", out);
        return;
    }
    (void)aksu_ip_format(&e->told.from, from);
    fprintf(out, ",\"icmp_last\":{\"at\":%" PRIu64 ",\"from\":\"%s\",\"type\":%u,\"code\":%u,"
            "\"name\":\"%s\",\"seq\":%" PRIu32 ",\"mtu\":%" PRIu32 "}", e->told.at, from,
            e->told.type, e->told.code, trace_icmp_name(v6, e->told.type, e->told.code),
            e->told.seq.n, e->told.mtu);
}

static void put_side(FILE *out, const struct trace_conn *c, unsigned side)
{
    static const char *const name[TRACE_KINDS] = { [TRACE_SYN_AGAIN] = "syn",
        [TRACE_FAST] = "fast", [TRACE_RTO] = "rto", [TRACE_LOSS_PROBE] = "loss_probe",
        [TRACE_NEEDLESS] = "already_acknowledged", [TRACE_KEEP_ALIVE] = "keep_alives",
        [TRACE_WINDOW_PROBE] = "window_probes", [TRACE_OUT_OF_ORDER] = "out_of_order" };
    const struct trace_end *e = &c->end[side];
    char at[AKSU_ENDPOINT_TEXT];

    aksu_endpoint_text(&e->at, at);
    fprintf(out, ",\"%s\":{\"at\":\"%s\",\"state\":\"%s\",\"segments\":%" PRIu64 ",\"octets\":%"
            PRIu64 ",\"again\":%" PRIu64, side == 0 ? "client" : "server", at,
            aksu_tcp_state_name((enum aksu_tcp_state)e->state), e->segments, e->octets,
            trace_report_again(e));
    for (int i = 0; i < TRACE_KINDS; i++) {
        if (name[i] != NULL)
            fprintf(out, ",\"%s\":%" PRIu64, name[i], e->kind[i]);
    }
    fprintf(out, ",\"spurious\":%" PRIu64 ",\"duplicate_acks\":%" PRIu64 ",\"zero_windows\":%"
            PRIu64 ",\"wrong_checksums\":%" PRIu64 ",\"copies\":%" PRIu64 ",\"missed\":%" PRIu64
            ",\"rtt_samples\":%" PRIu64, e->spurious, e->dup_acks_seen, e->zero_windows,
            e->damaged, e->copies, e->missed, e->rtt.count);
    put_time(out, "rtt_least", e->rtt.count > 0 ? e->rtt.least : AKSU_NEVER);
    put_time(out, "rtt_mean", e->rtt.count > 0 ? e->rtt.sum / e->rtt.count : AKSU_NEVER);
    put_time(out, "rtt_most", e->rtt.count > 0 ? e->rtt.most : AKSU_NEVER);
    put_icmp(out, e);
    fputc('}', out);
}

static void put_agreed(FILE *out, const struct trace_conn *c)
{
    bool scaled = trace_both_have(c, AKSU_HAS_WINDOW_SCALE);

    if (!c->agreed) {
        fputs(",\"agreed\":null", out);
        return;
    }
    fprintf(out, ",\"agreed\":{\"mss\":%u,\"sack\":%s,\"timestamps\":%s,\"ecn\":%s,"
            "\"client_scale\":%u,\"server_scale\":%u}", trace_mss_of(c, 0),
            trace_both_have(c, AKSU_HAS_SACK_PERMITTED) ? "true" : "false",
            trace_both_have(c, AKSU_HAS_TIMESTAMPS) ? "true" : "false",
            trace_uses_ecn(c) ? "true" : "false", scaled ? c->end[0].scale : 0u,
            scaled ? c->end[trace_other(c, 0)].scale : 0u);
}

void trace_report_json(FILE *out, const struct trace_conn *c)
{
    char end[TRACE_SENTENCE];

    trace_report_end(c, end);
    fprintf(out, "{\"connection\":%" PRIu32 ",\"beginning\":%s,\"itself\":%s,\"first\":%" PRIu64
            ",\"last\":%" PRIu64, c->number, c->syn_seen ? "true" : "false",
            c->itself ? "true" : "false", c->first, c->last);
    put_time(out, "handshake", c->handshake);
    put_time(out, "to_server", c->to_server);
    put_agreed(out, c);
    for (unsigned side = 0; side < 2; side++)
        put_side(out, c, side);
    fprintf(out, ",\"end\":\"%s\",\"sentence\":\"%s\"}\n", trace_report_end_word(c), end);
}

void trace_report_totals_json(FILE *out, const struct tracker *t)
{
    fprintf(out, "{\"packets\":%" PRIu64 ",\"tcp\":%" PRIu64 ",\"not_tcp\":%" PRIu64
            ",\"cut\":%" PRIu64 ",\"malformed\":%" PRIu64 ",\"fragments\":%" PRIu64
            ",\"icmp\":%" PRIu64 ",\"icmp_of_others\":%" PRIu64 ",\"connections\":%" PRIu32
            ",\"forgotten\":%" PRIu64 "}\n", t->packets, t->count[TRACE_SEGMENT],
            t->count[TRACE_NOT_TCP], t->count[TRACE_CUT], t->count[TRACE_MALFORMED],
            t->count[TRACE_FRAGMENT], t->count[TRACE_ICMP], t->strangers, t->begun, t->given_up);
}
