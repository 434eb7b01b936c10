/* event_status.c - the STATUS call (RFC 9293 3.10.6, 3.9.1.6) and the settings of a connection. */
#include "tcp/core.h"
#include "tcp/user_timeout.h"

enum aksu_status tcp_status(const struct tcp *t, struct aksu_info *out)
{
    *out = (struct aksu_info){
        .state = t->state, .reason = t->reason, .soft_error = t->soft_error,
        .local = { t->tuple.local_ip, t->tuple.local_port },
        .remote = { t->tuple.remote_ip, t->tuple.remote_port },
        .snd_una = t->snd.una.n, .snd_nxt = t->snd.nxt.n, .snd_wnd = t->snd.wnd, .iss = t->iss.n,
        .rcv_nxt = t->rcv.nxt.n, .rcv_wnd = rcv_wnd(t), .irs = t->irs.n,
        .send_queued = t->send.length, .send_unacked = in_flight(t),
        .send_buffer = buffers_send(t), .receive_buffer = t->receive_buffer,
        .receive_queued = t->receive.length,
        .snd_mss = t->snd_mss, .rcv_mss = t->announced_mss,
        .cwnd = tcp_cwnd(t), .ssthresh = tcp_ssthresh(t),
        .srtt_us = t->srtt_us, .rttvar_us = t->rttvar_us, .rto_us = t->rto_us,
        .snd_wscale = t->snd_wscale, .rcv_wscale = t->rcv_wscale,
        .timestamps = t->ts_on, .sack = t->sack_on, .ecn = t->ecn == TCP_ECN_ON,
        .urgent_pending = t->urgent_in, .peer_closed = t->fin_received, .held = t->held,
        .active = t->active, .fast_open = t->fo_opened && t->fo_text,
        .octets_in = t->octets_in, .octets_out = t->octets_out,
        .segments_in = t->segments_in, .segments_out = t->segments_out,
        .retransmits = t->retransmits, .backoff = t->backoff,
        .user_timeout_ms = user_timeout_now(t),
    };
    sender_status(t, out);
    if (out->send_buffer > t->send.length)
        out->send_room = out->send_buffer - t->send.length;
    out->timer = tcp_next_timer(t, &out->timer_at);
    if (t->urgent_in)                           /* RFC 9293 3.8.5 [MUST-33] */
        out->urgent_left = (uint32_t)seq_diff(t->rcv.up, tcp_user_position(t));
    return t->state == TCP_CLOSED && t->reason == AKSU_OK ? AKSU_DOES_NOT_EXIST : AKSU_OK;
}

static bool in(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

static void arm_keepalive(struct tcp *t, aksu_time now)
{
    t->keepalive_probes = 0;
    bool on = t->keepalive && tcp_synchronized(t) && t->state != TCP_TIME_WAIT;
    aksu_time from = t->last_in_at ? t->last_in_at : now;
    aksu_time idle = time_after(from, MS(user_timeout_keepalive_idle(t)));
    t->deadline[TIMER_KEEP_ALIVE] = on ? idle : NEVER;
}

static enum aksu_status set_keepalive(struct tcp *t, enum aksu_option option, int64_t value,
                                      aksu_time now)
{
    if (option == AKSU_OPTION_KEEPALIVE ? !in(value, 0, 1)
        : option == AKSU_OPTION_KEEPALIVE_COUNT ? !in(value, 1, 127) : !in(value, 1, INT32_MAX))
        return AKSU_INVALID;
    if (option == AKSU_OPTION_KEEPALIVE)
        t->keepalive = value != 0;              /* RFC 9293 3.8.4 [MUST-24] */
    else if (option == AKSU_OPTION_KEEPALIVE_IDLE)
        t->keepalive_idle_ms = (uint32_t)value; /* RFC 9293 3.8.4 [MUST-27] */
    else if (option == AKSU_OPTION_KEEPALIVE_INTERVAL)
        t->keepalive_interval_ms = (uint32_t)value;
    else
        t->keepalive_count = (uint8_t)value;
    arm_keepalive(t, now);
    return AKSU_OK;
}

static enum aksu_status set_buffer(struct tcp *t, enum aksu_option option, int64_t value)
{
    if (!in(value, POOL_PAGE, RING_MOST - POOL_PAGE))
        return AKSU_INVALID;
    if (option == AKSU_OPTION_SEND_BUFFER) {
        t->send_buffer = (uint32_t)value;
        t->send_fixed = true;
    } else {
        t->receive_buffer = (uint32_t)value;
        t->receive_fixed = true;
    }
    return AKSU_OK;
}

static enum aksu_status set_u8(uint8_t *field, int64_t value, int64_t least, int64_t most)
{
    if (!in(value, least, most))
        return AKSU_INVALID;
    *field = (uint8_t)value;
    return AKSU_OK;
}

enum aksu_status tcp_set(struct tcp *t, enum aksu_option option, int64_t value, aksu_time now)
{
    switch (option) {
    case AKSU_OPTION_NODELAY:
        if (!in(value, 0, 1))
            return AKSU_INVALID;
        t->nodelay = value != 0;                /* RFC 9293 3.7.4 [MUST-17] */
        t->may_send = true;
        return AKSU_OK;
    case AKSU_OPTION_KEEPALIVE: case AKSU_OPTION_KEEPALIVE_IDLE:
    case AKSU_OPTION_KEEPALIVE_INTERVAL: case AKSU_OPTION_KEEPALIVE_COUNT:
        return set_keepalive(t, option, value, now);
    case AKSU_OPTION_USER_TIMEOUT: case AKSU_OPTION_USER_TIMEOUT_OPTION:
    case AKSU_OPTION_USER_TIMEOUT_CHANGEABLE:
        return user_timeout_set(t, option, value, now);
    case AKSU_OPTION_R2:
        if (!in(value, 1, 200) && value != UINT32_MAX)
            return AKSU_INVALID;
        /* RFC 9293 3.8.3 [MUST-21] */
        t->r2 = (uint16_t)(value == UINT32_MAX ? UINT16_MAX : value);
        return AKSU_OK;
    case AKSU_OPTION_LINGER_MS:
        if (!in(value, -1, INT32_MAX))
            return AKSU_INVALID;
        t->linger_ms = (int32_t)value;
        return AKSU_OK;
    case AKSU_OPTION_DSCP:
        return set_u8(&t->dscp, value, 0, 63);  /* RFC 9293 3.9.1.9 [MUST-48], 3.9.1.9 [SHLD-21] */
    case AKSU_OPTION_TTL:
        return set_u8(&t->ttl, value, 1, 255);  /* RFC 9293 3.9.2 [MUST-49] */
    case AKSU_OPTION_SOFT_ERRORS:
        if (!in(value, 0, 1))
            return AKSU_INVALID;
        t->report_soft = value != 0;
        return AKSU_OK;
    case AKSU_OPTION_SEND_BUFFER: case AKSU_OPTION_RECEIVE_BUFFER:
        return set_buffer(t, option, value);
    case AKSU_OPTION_ECN:
        return ecn_set(t, value);
    case AKSU_OPTION_MAX_SEGMENT:
        return tcp_set_max_segment(t, value);
    }
    return AKSU_INVALID;
}
