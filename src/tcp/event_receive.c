/* event_receive.c - the RECEIVE call (RFC 9293 3.10.3), by copy or in place. Text that arrived
 * before the connection ended is still handed out, then the end of the stream. */
#include "tcp/core.h"

/* The sequence number of the next octet that the user will get. */
seq_t tcp_user_position(const struct tcp *t)
{
    return seq_sub(t->rcv.nxt, t->receive.length + t->fin_received);
}

/* What RECEIVE answers when there is no text. */
static enum aksu_status nothing_to_read(const struct tcp *t)
{
    if (t->fin_received && t->reason == AKSU_OK)
        return AKSU_OK;                         /* the end of the stream */
    switch ((enum aksu_tcp_state)t->state) {
    case TCP_CLOSED:
        return tcp_gone(t);
    case TCP_LISTEN: case TCP_SYN_SENT: case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2:
        return AKSU_WOULD_BLOCK;
    case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        return AKSU_CLOSING;
    case AKSU_TCP_STATE_COUNT:
        break;
    }
    bug("the state is one of the eleven");
}

static void leave_urgent_mode(struct tcp *t)
{
    if (t->urgent_in && seq_ge(tcp_user_position(t), t->rcv.up))
        t->urgent_in = false;
}

static void consumed(struct tcp *t, uint32_t length, aksu_time now)
{
    uint32_t beyond = reassembly_reach(t);
    uint32_t keep = beyond ? t->receive.length - length + beyond : 0;
    ring_consume(&t->receive, t->env->pool, length, keep);
    leave_urgent_mode(t);
    buffers_taken(t, now);
    /* RFC 9293 3.8.6.2.2: tell of the window when it is worth it. No window after the peer's
     * FIN. */
    if (t->fin_received || !tcp_synchronized(t))
        return;
    if (t->fo_opened && rcv_wnd(t) >= UINT16_MAX / 2)
        return;                                 /* it has only begun: its next text will tell */
    if (window_starved(t)) {                    /* an ACK that is owed already opens nothing */
        t->deadline[TIMER_MEMORY] = time_after(now, MS(MEMORY_RETRY_MS));
    } else if (t->ack_owed != ACK_NOW && window_update_due(t)) {
        t->ack_owed = ACK_NOW;
        t->may_send = true;
    }
}

ptrdiff_t tcp_receive(struct tcp *t, uint8_t *to, size_t room, aksu_time now)
{
    if (t->receive.length == 0)
        return -(ptrdiff_t)nothing_to_read(t);
    uint32_t n = room < t->receive.length ? (uint32_t)room : t->receive.length;
    ring_read(&t->receive, t->env->pool, 0, to, n);
    consumed(t, n, now);
    TCP_EMIT(t, now, call, .name = "RECEIVE", .length = n);
    return (ptrdiff_t)n;
}

ptrdiff_t tcp_peek(const struct tcp *t, struct aksu_slice *out, unsigned most)
{
    if (t->receive.length == 0)
        return -(ptrdiff_t)nothing_to_read(t);
    return (ptrdiff_t)ring_slices(&t->receive, t->env->pool, 0, t->receive.length, out, most);
}

enum aksu_status tcp_consume(struct tcp *t, size_t length, aksu_time now)
{
    if (length > t->receive.length)
        return AKSU_INVALID;
    if (length > 0) {
        consumed(t, (uint32_t)length, now);
        TCP_EMIT(t, now, call, .name = "RECEIVE", .length = (uint32_t)length);
    }
    return AKSU_OK;
}
