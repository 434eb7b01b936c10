/* event_close.c - the CLOSE call (RFC 9293 3.10.4): half-close, and close by a user who goes away
 * (3.6.1). */
#include "tcp/core.h"

static void queue_fin(struct tcp *t, aksu_time now)
{
    t->fin_queued = true;
    t->more = false;
    if (t->send.length == 0 && seq_eq(t->snd.una, t->snd.nxt))
        t->progress_at = now;                   /* the user timeout counts from here */
    t->may_send = true;
    tcp_arm_user_timeout(t, now);
    if (t->snd.wnd == 0)
        window_persist(t, now);
}

static void close_by_state(struct tcp *t, aksu_time now)
{
    switch ((enum aksu_tcp_state)t->state) {
    case TCP_LISTEN: case TCP_SYN_SENT:
        /* RFC 7413 4.2: with Fast Open the user may SEND in SYN-SENT and has done with it: the FIN
         * follows the text, as from SYN-RECEIVED. */
        if (t->fo_text || (t->fo != FO_OFF && t->send.length > 0)) {
            t->fin_queued = true;
            break;
        }
        tcp_flush(t);                           /* "delete the TCB", nothing is sent */
        t->reason = AKSU_CLOSING;
        tcp_enter(t, TCP_CLOSED, now);
        break;
    case TCP_SYN_RECEIVED:
        /* RFC 7413 4.2.2: its text may be out already. */
        if ((t->send.length == 0 || t->fo_opened) && !t->held) {
            if (!t->fo_opened)
                t->idle_cwnd = t->env->config.initial_window * t->snd_mss;
            queue_fin(t, now);
            tcp_enter(t, TCP_FIN_WAIT_1, now);
        } else {
            t->fin_queued = true;            /* "queue for processing after entering ESTABLISHED" */
        }
        break;
    case TCP_ESTABLISHED:
        queue_fin(t, now);
        tcp_enter(t, TCP_FIN_WAIT_1, now);
        break;
    case TCP_CLOSE_WAIT:
        queue_fin(t, now);
        tcp_enter(t, TCP_LAST_ACK, now);
        break;
    case TCP_CLOSED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2: case TCP_CLOSING: case TCP_LAST_ACK:
    case TCP_TIME_WAIT: case AKSU_TCP_STATE_COUNT:
        bug("the caller has answered those");
    }
}

static enum aksu_status close_answer(const struct tcp *t)
{
    if (t->state == TCP_CLOSED)
        return tcp_gone(t);
    return t->fin_queued ? AKSU_CLOSING : AKSU_OK;
}

/* The call is told before what it does. */
enum aksu_status tcp_close(struct tcp *t, aksu_time now)
{
    enum aksu_status status = close_answer(t);
    TCP_EMIT(t, now, call, .name = "CLOSE", .status = status);
    if (status == AKSU_OK)
        close_by_state(t, now);
    return status;
}

/* Nobody will read what arrives from now on: RFC 9293 3.6.1 [MAY-1]. */
enum aksu_status tcp_release(struct tcp *t, aksu_time now)
{
    t->released = true;
    bool lost = t->receive.length > 0 || t->holes != 0;
    if (t->state == TCP_CLOSED) {
        tcp_flush(t);
        return AKSU_OK;
    }
    if ((lost && t->state != TCP_TIME_WAIT) || t->linger_ms == 0)
        return tcp_abort(t, now);               /* RFC 9293 3.6.1 [SHLD-3] */
    if (lost)
        ring_clear(&t->receive, t->env->pool);

    if (!t->fin_queued)
        (void)tcp_close(t, now);
    if (t->state == TCP_FIN_WAIT_2)
        t->deadline[TIMER_TIME_WAIT] = time_after(now, t->env->config.fin_wait_2);
    else if (t->linger_ms > 0 && t->state != TCP_CLOSED && t->state != TCP_TIME_WAIT)
        t->deadline[TIMER_TIME_WAIT] = time_after(now, MS((uint32_t)t->linger_ms));
    return AKSU_OK;
}
