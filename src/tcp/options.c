/* options.c - which options we put on a segment and what the peer's SYN makes of them: MSS
 * (RFC 9293 3.7.1), window scale and timestamps (RFC 7323 2, 3), SACK-permitted (RFC 2018 2).
 * Called by OPEN, SEGMENT ARRIVES, output. */
#include "base/ip_addr.h"
#include "tcp/core.h"
#include "tcp/user_timeout.h"

enum { SMALLEST_MSS = 48, LEAST_GIVEN = 88, LARGEST_SHIFT = 14 };

/* The smallest shift with which the receive buffer can be announced, however large it may become:
 * it cannot be said again (RFC 7323 2.1). */
uint8_t tcp_shift_for(const struct tcp_config *c, uint32_t buffer)
{
    uint32_t most = c->receive_buffer_most;
    buffer = (buffer < most ? most : buffer) >> 16;
    return buffer == 0 ? 0 : (uint8_t)(32 - __builtin_clz(buffer));
}

/* RFC 9293 3.7.1 [MUST-16]: text per segment is limited by the peer's MSS and by the path, less
 * options. */
void tcp_update_mss(struct tcp *t)
{
    uint32_t header_and_text = (uint32_t)t->peer_mss + TCP_HEADER;
    if (header_and_text > t->mtu)
        header_and_text = t->mtu;
    uint32_t overhead = tcp_overhead(t);
    t->snd_mss = (uint16_t)(header_and_text > overhead + 8 ? header_and_text - overhead : 8);
}

void tcp_negotiate(struct tcp *t, const struct tcp_segment *syn, aksu_time now)
{
    const struct tcp_options *o = &syn->options;
    const struct tcp_config *c = &t->env->config;

    /* RFC 9293 3.7.1 [MUST-15]: 536 or 1220 when the peer says nothing. */
    bool v4 = ip_is_v4(&t->tuple.remote_ip);
    t->peer_mss = o->has & HAS_MSS ? o->mss : (uint16_t)(v4 ? 536 : 1220);
    if (t->peer_mss < SMALLEST_MSS)
        t->peer_mss = SMALLEST_MSS;             /* or a peer could make us send headers only */
    if (t->mss_given && t->peer_mss > t->announced_mss)
        t->peer_mss = t->announced_mss;         /* the user's limit holds both ways */
    t->ts_on = c->timestamps && (o->has & HAS_TIMESTAMPS);
    t->sack_on = c->sack && (o->has & HAS_SACK_PERMITTED);
    t->wscale_on = c->window_scale && (o->has & HAS_WINDOW_SCALE);
    t->snd_wscale = 0;
    if (t->wscale_on)                           /* RFC 7323 2.3: larger than 14 is taken as 14 */
        t->snd_wscale = (o->window_scale > LARGEST_SHIFT ? LARGEST_SHIFT : o->window_scale) & 15u;
    else
        t->rcv_wscale = 0;
    if (o->has & HAS_USER_TIMEOUT)
        user_timeout_heard(t, o, now);
    if (t->ts_on) {
        t->ts_recent = o->ts_val;
        t->ts_recent_at = (uint32_t)(now / SECONDS(1));
    }
    tcp_update_mss(t);
    ecn_negotiate(t, syn);
    TCP_EMIT(t, now, negotiated, .snd_mss = t->snd_mss, .rcv_mss = t->announced_mss,
             .snd_wscale = t->snd_wscale, .rcv_wscale = t->rcv_wscale,
             .timestamps = t->ts_on, .sack = t->sack_on, .ecn = t->ecn == TCP_ECN_ON);
}

void tcp_own_syn_options(struct tcp *t, struct tcp_options *out, aksu_time now)
{
    const struct tcp_config *c = &t->env->config;
    bool offer = t->state == TCP_SYN_SENT;      /* a SYN,ACK only repeats what the SYN offered */

    out->has = HAS_MSS;
    out->mss = t->announced_mss;                /* RFC 9293 3.7.1 [MUST-14], 3.7.1 [SHLD-5] */
    if (offer ? c->sack : t->sack_on)
        out->has |= HAS_SACK_PERMITTED;
    if (offer ? c->window_scale : t->wscale_on) {
        out->has |= HAS_WINDOW_SCALE;
        out->window_scale = t->rcv_wscale;
    }
    if (offer ? c->timestamps : t->ts_on) {
        out->has |= HAS_TIMESTAMPS;
        out->ts_val = tcp_ts_clock(t, now);
        out->ts_ecr = offer ? 0 : t->ts_recent;
    }
    if (t->uto_on)
        user_timeout_say(t, out);
    if (t->ao != 0)
        ao_option(t, out);
}

void tcp_own_options(struct tcp *t, struct tcp_options *out, aksu_time now)
{
    out->has = 0;                               /* no MSS: RFC 9293 3.2 [MUST-65] */
    out->sack_count = 0;
    if (t->ts_on) {
        out->has = HAS_TIMESTAMPS;              /* RFC 7323 3.2: on every segment once agreed */
        out->ts_val = tcp_ts_clock(t, now);
        out->ts_ecr = t->ts_recent;
    }
    if (t->ao != 0)
        ao_option(t, out);
    if (reassembly_reports(t))
        reassembly_sacks(t, out);
}

/* A smaller MSS than the path allows: RFC 9293 3.7.1 [MUST-14] has one announced, not which. */
enum aksu_status tcp_set_max_segment(struct tcp *t, int64_t value)
{
    bool unsent = t->fo == FO_WAITS
               || (t->syn_owed && t->deadline[TIMER_RETRANSMISSION] == NEVER);
    if (value < LEAST_GIVEN || value > UINT16_MAX)
        return AKSU_INVALID;
    if ((t->state != TCP_SYN_SENT && t->state != TCP_SYN_RECEIVED) || !unsent)
        return AKSU_ILLEGAL;
    uint16_t most = (uint16_t)(t->mtu - TCP_HEADER);
    t->announced_mss = value < most ? (uint16_t)value : most;
    t->mss_given = true;
    if (t->peer_mss > t->announced_mss)
        t->peer_mss = t->announced_mss;
    tcp_update_mss(t);
    return AKSU_OK;
}

/* Called by OPEN, before the SYN. */
void tcp_prepare_options(struct tcp *t)
{
    t->announced_mss = (uint16_t)(t->mtu - TCP_HEADER);     /* RFC 9293 3.7.1 [MUST-67] */
    t->peer_mss = ip_is_v4(&t->tuple.remote_ip) ? 536 : 1220;
    const struct tcp_config *c = &t->env->config;
    t->rcv_wscale = c->window_scale ? tcp_shift_for(c, t->receive_buffer) & 15u : 0;
    tcp_update_mss(t);
}
