/* state.c - the state variable and its edges (RFC 9293 3.3.2 Figure 5), the end of a connection,
 * and what calls on a connection that is gone are answered. Called by every event. */
#include "tcp/core.h"

#define TO(state) (1u << (state))

/* RFC 9293 3.3.2: where each state may go. */
static const uint16_t edges[AKSU_TCP_STATE_COUNT] = {
    [TCP_CLOSED] = TO(TCP_LISTEN) | TO(TCP_SYN_SENT),
    [TCP_LISTEN] = TO(TCP_SYN_RECEIVED) | TO(TCP_SYN_SENT) | TO(TCP_CLOSED),
    [TCP_SYN_SENT] = TO(TCP_ESTABLISHED) | TO(TCP_SYN_RECEIVED) | TO(TCP_CLOSED),
    [TCP_SYN_RECEIVED] = TO(TCP_ESTABLISHED) | TO(TCP_FIN_WAIT_1) | TO(TCP_LISTEN)
                       | TO(TCP_CLOSED),
    [TCP_ESTABLISHED] = TO(TCP_FIN_WAIT_1) | TO(TCP_CLOSE_WAIT) | TO(TCP_CLOSED),
    [TCP_FIN_WAIT_1] = TO(TCP_FIN_WAIT_2) | TO(TCP_CLOSING) | TO(TCP_TIME_WAIT) | TO(TCP_CLOSED),
    [TCP_FIN_WAIT_2] = TO(TCP_TIME_WAIT) | TO(TCP_CLOSED),
    [TCP_CLOSE_WAIT] = TO(TCP_LAST_ACK) | TO(TCP_CLOSED),
    [TCP_CLOSING] = TO(TCP_TIME_WAIT) | TO(TCP_CLOSED),
    [TCP_LAST_ACK] = TO(TCP_CLOSED),
    [TCP_TIME_WAIT] = TO(TCP_CLOSED),
};

static void stop_timers(struct tcp *t)
{
    for (size_t i = 0; i < TIMER_COUNT; i++)
        t->deadline[i] = NEVER;
}

/* "Start the time-wait timer, turn off the other timers" RFC 9293 3.10.7.4 eighth. */
static void start_time_wait(struct tcp *t, aksu_time now)
{
    stop_timers(t);
    sender_free(t);
    t->ece_owed = t->cwr_owed = false;          /* RFC 3168 6.1.1: TIME-WAIT knows no ECN */
    /* RFC 9293 3.6.1 [MUST-13] */
    t->deadline[TIMER_TIME_WAIT] = time_after(now, 2 * t->env->config.msl);
}

static void start_orphan_limit(struct tcp *t, aksu_time now)
{
    if (t->released)
        t->deadline[TIMER_TIME_WAIT] = time_after(now, t->env->config.fin_wait_2);
}

void tcp_enter(struct tcp *t, enum aksu_tcp_state to, aksu_time now)
{
    if (!(edges[t->state] & TO(to)))
        bug("only the edges of RFC 9293 Figure 5 are taken");
    TCP_EMIT(t, now, state, .from = t->state, .to = to);
    t->state = (uint8_t)to;

    switch (to) {
    case TCP_CLOSED:
        stop_timers(t);
        break;
    case TCP_FIN_WAIT_2:
        start_orphan_limit(t, now);
        break;
    case TCP_TIME_WAIT:
        start_time_wait(t, now);
        break;
    case TCP_LISTEN: case TCP_SYN_SENT: case TCP_SYN_RECEIVED: case TCP_ESTABLISHED:
    case TCP_FIN_WAIT_1: case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK:
    case AKSU_TCP_STATE_COUNT:
        break;
    }
}

void tcp_flush(struct tcp *t)
{
    ring_clear(&t->send, t->env->pool);
    ring_clear(&t->receive, t->env->pool);
    reassembly_free(t);
    sender_free(t);
    t->fin_queued = t->fin_held = t->syn_owed = t->probe_owed = t->keepalive_owed = false;
    t->urgent_in = t->urgent_out = t->held = t->timing = t->sent_write_short = false;
    t->ack_owed = ACK_NONE;
    t->dup_acks_owed = 0;
}

void tcp_fail(struct tcp *t, enum aksu_status reason, const char *what, aksu_time now)
{
    if (t->state == TCP_SYN_SENT && reason != AKSU_REFUSED)
        fast_open_failed(t, "no answer", now);
    tcp_flush(t);
    t->reason = (uint8_t)reason;
    t->notify |= AKSU_FAILED;
    TCP_EMIT(t, now, signal, .status = reason, .what = what);
    tcp_enter(t, TCP_CLOSED, now);
}

/* What has arrived can still be received: the user may have read of it before the handshake ended
 * (RFC 7413 4.2.2), and it does not go back to LISTEN then. */
void tcp_fail_with_text(struct tcp *t, enum aksu_status reason, const char *what, aksu_time now)
{
    struct ring text = t->receive;
    t->receive = (struct ring){ .length = 0 };
    tcp_fail(t, reason, what, now);
    t->receive = text;
}

enum step tcp_drop(struct tcp *t, const char *rule, const char *why, aksu_time now)
{
    TCP_EMIT(t, now, dropped, .rule = rule, .why = why);
    return STEP_DONE;
}

bool tcp_synchronized(const struct tcp *t)
{
    return t->state >= TCP_ESTABLISHED;
}

enum aksu_status tcp_gone(const struct tcp *t)
{
    return t->reason != AKSU_OK ? (enum aksu_status)t->reason : AKSU_DOES_NOT_EXIST;
}

void tcp_init(struct tcp *t, struct tcp_env *env, uint32_t conn, uint16_t mtu)
{
    memset(t, 0, sizeof *t);
    t->env = env;
    t->conn = conn;
    t->mtu = t->mtu_most = mtu;
    t->rcv_mss = 536;
    t->ttl = 64;
    t->linger_ms = -1;
    t->report_soft = true;
    t->r2 = (uint16_t)(env->config.data_r2 < UINT16_MAX ? env->config.data_r2 : UINT16_MAX);
    t->send_buffer = env->config.send_buffer;
    t->receive_buffer = env->config.receive_buffer;
    t->keepalive_idle_ms = 2u * 3600 * 1000;    /* RFC 9293 3.8.4 [MUST-28], 3.8.4 [MUST-25] */
    t->keepalive_interval_ms = 75 * 1000;
    t->keepalive_count = 9;
    t->uto_given = env->config.user_timeout_option;
    t->uto_on = t->uto_given != 0;
    t->cc = env->cc;
    t->ecn_wish = env->config.ecn & 3u;
    t->idle_ssthresh = UINT32_MAX;
    stop_timers(t);
    rto_init(t);
}

void tcp_fini(struct tcp *t)
{
    tcp_flush(t);
    if (t->ao != 0)
        ao_free(t);
}

/* --- TIME-WAIT without a TCB --- */

enum { CHALLENGES_MOST = 127 };     /* in an interval, whatever the config says */

void tcp_time_wait_compact(const struct tcp *t, struct tcp_time_wait *out)
{
    uint32_t wnd = rcv_wnd(t) >> t->rcv_wscale;
    *out = (struct tcp_time_wait){ .tuple = t->tuple, .snd_nxt = t->snd.nxt,
        .rcv_nxt = t->rcv.nxt, .ts_recent = t->ts_recent,
        .rcv_wnd = (uint16_t)(wnd > UINT16_MAX ? UINT16_MAX : wnd),
        .challenges = (t->challenges < CHALLENGES_MOST ? t->challenges : CHALLENGES_MOST) & 127u,
        .challenge_turn = (uint8_t)(t->challenge_turn & 7),
        .ts_on = t->ts_on, .rcv_wscale = t->rcv_wscale, .keys_gone = t->ao != 0 };
}

void tcp_time_wait_expand(struct tcp *t, struct tcp_env *env, const struct tcp_time_wait *in,
                          aksu_time now)
{
    tcp_init(t, env, 0, 1500 - 20);
    t->tuple = in->tuple;
    t->state = TCP_TIME_WAIT;
    t->snd.una = t->snd.nxt = t->snd.wl2 = in->snd_nxt;
    t->syn_acked = true;
    t->rcv.nxt = t->snd.wl1 = t->last_ack_sent = in->rcv_nxt;
    t->rcv.edge = seq_add(in->rcv_nxt, (uint32_t)in->rcv_wnd << in->rcv_wscale);
    t->rcv_wscale = in->rcv_wscale;
    t->fin_queued = t->fin_sent = t->fin_acked = t->fin_received = t->released = true;
    t->ts_on = in->ts_on;
    t->ts_recent = in->ts_recent;
    t->ts_recent_at = (uint32_t)(now / SECONDS(1));
    t->ts_offset = tcp_timestamp_offset(env, &t->tuple);
    uint16_t turn = tcp_challenge_turn(t, now);
    if ((turn & 7) == in->challenge_turn) {     /* the throttle of this interval goes on */
        t->challenge_turn = turn;
        t->challenges = in->challenges < CHALLENGES_MOST ? in->challenges : UINT16_MAX;
        tcp_challenged_before(t, now);
    }
}
