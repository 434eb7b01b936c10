/* tcp_info.c - fills TCP_INFO (tcp(7)) from aksu_status(). call_getsockopt.c calls it. */
#include "run/tcp_info.h"

#include <string.h>

#include "run/supervisor.h"

/* The numbers of Linux's states; the kernel's headers for programs do not have them. */
static uint8_t linux_state(enum aksu_tcp_state state)
{
    switch (state) {
    case AKSU_TCP_ESTABLISHED: return 1;
    case AKSU_TCP_SYN_SENT: return 2;
    case AKSU_TCP_SYN_RECEIVED: return 3;
    case AKSU_TCP_FIN_WAIT_1: return 4;
    case AKSU_TCP_FIN_WAIT_2: return 5;
    case AKSU_TCP_TIME_WAIT: return 6;
    case AKSU_TCP_CLOSED: return 7;
    case AKSU_TCP_CLOSE_WAIT: return 8;
    case AKSU_TCP_LAST_ACK: return 9;
    case AKSU_TCP_LISTEN: return 10;
    case AKSU_TCP_CLOSING: return 11;
    case AKSU_TCP_STATE_COUNT: break;
    }
    return 7;
}

static uint8_t options(const struct aksu_info *from)
{
    unsigned bits = 0;

    if (from->timestamps)
        bits |= TCPI_OPT_TIMESTAMPS;
    if (from->sack)
        bits |= TCPI_OPT_SACK;
    if (from->snd_wscale || from->rcv_wscale)
        bits |= TCPI_OPT_WSCALE;
    if (from->ecn)
        bits |= TCPI_OPT_ECN;
    if (from->fast_open)
        bits |= TCPI_OPT_SYN_DATA;
    return (uint8_t)bits;
}

static uint32_t segments(uint32_t octets, uint32_t mss)
{
    return mss ? (octets + mss - 1) / mss : 0;
}

/* A window lets out whole segments only. */
static uint32_t whole_segments(uint32_t octets, uint32_t mss)
{
    return mss ? octets / mss : 0;
}

/* The numbers of Linux's congestion states: open, disorder, (CWR), recovery, loss. */
static uint8_t congestion_state(const char *recovery)
{
    static const char *const names[] = { "open", "disorder", NULL, "recovery", "loss" };

    for (uint8_t i = 0; recovery && i < sizeof names / sizeof names[0]; i++) {
        if (names[i] && strcmp(names[i], recovery) == 0)
            return i;
    }
    return 0;
}

/* What is lost counts on when it was sent again. */
static uint32_t lost(const struct aksu_info *from)
{
    uint8_t phase = congestion_state(from->recovery);
    bool repairs = phase == TCP_CA_Recovery || phase == TCP_CA_Loss;

    return segments(from->lost + (repairs ? from->resent : 0), from->snd_mss);
}

/* In segments; Linux begins with three. */
static uint32_t reordering(const struct aksu_info *from)
{
    uint32_t degree = segments(from->reordering, from->snd_mss);

    return degree > 3 ? degree : 3;
}

/* Segments that were acknowledged, the SYN with its text as one. */
static uint32_t delivered(const struct aksu_info *from)
{
    uint64_t octets = from->octets_out;

    if (from->state == AKSU_TCP_SYN_SENT || from->state == AKSU_TCP_SYN_RECEIVED)
        return 0;
    if (from->fast_open && from->active)
        octets -= octets < from->rcv_mss ? octets : from->rcv_mss;
    return 1 + segments((uint32_t)octets, from->snd_mss);
}

void run_tcp_info_from(const struct aksu_info *from, uint32_t mtu, struct tcp_info *out)
{
    memset(out, 0, sizeof *out);
    out->tcpi_state = linux_state(from->state);
    out->tcpi_ca_state = congestion_state(from->recovery);
    out->tcpi_backoff = (uint8_t)from->backoff;
    out->tcpi_options = options(from);
    out->tcpi_snd_wscale = from->snd_wscale & 0xfu;
    out->tcpi_rcv_wscale = from->rcv_wscale & 0xfu;
    out->tcpi_rto = from->rto_us;
    out->tcpi_ato = 40000;
    out->tcpi_snd_mss = from->snd_mss;
    out->tcpi_rcv_mss = from->rcv_mss;
    out->tcpi_unacked = segments(from->send_unacked, from->snd_mss);
    out->tcpi_sacked = segments(from->sacked, from->snd_mss);
    out->tcpi_lost = lost(from);
    out->tcpi_retrans = segments(from->resent, from->snd_mss);
    out->tcpi_pmtu = mtu;
    out->tcpi_rcv_ssthresh = from->rcv_wnd;
    out->tcpi_rtt = from->srtt_us;
    out->tcpi_rttvar = from->rttvar_us;
    out->tcpi_snd_ssthresh = whole_segments(from->ssthresh, from->snd_mss);
    out->tcpi_snd_cwnd = whole_segments(from->cwnd, from->snd_mss);
    out->tcpi_advmss = from->rcv_mss;
    out->tcpi_reordering = reordering(from);
    out->tcpi_rcv_space = from->rcv_wnd;
    out->tcpi_total_retrans = from->retransmits;
    out->tcpi_delivered = delivered(from);
    out->tcpi_pacing_rate = from->pacing_rate;
    out->tcpi_bytes_acked = from->octets_out - from->send_unacked;
    out->tcpi_bytes_received = from->octets_in;
    out->tcpi_segs_out = from->segments_out;
    out->tcpi_segs_in = from->segments_in;
    out->tcpi_notsent_bytes = from->send_queued - from->send_unacked;
    out->tcpi_min_rtt = from->min_rtt_us;
    out->tcpi_bytes_sent = from->octets_out;
    out->tcpi_snd_wnd = from->snd_wnd;
}

void run_tcp_info(const struct run_socket *socket, aksu_time now, struct tcp_info *out)
{
    struct aksu_info from = { .state = AKSU_TCP_CLOSED };

    (void)now;
    if (socket->state == RUN_CONNECTED || socket->state == RUN_CONNECTING)
        aksu_status(socket->run->net.guest, socket->conn, &from);
    run_tcp_info_from(&from, socket->run->options->mtu, out);
}
