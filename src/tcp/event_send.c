/* event_send.c - the SEND call (RFC 9293 3.10.2), by copy or in place. */
#include "tcp/core.h"

/* Pages that are not committed are given back each time: no more than a user fills in one go. */
enum { RESERVE_MOST = 256 << 10 };

/* OK when text may be queued in this state. */
static enum aksu_status may_queue(const struct tcp *t)
{
    switch ((enum aksu_tcp_state)t->state) {
    case TCP_CLOSED:
        return tcp_gone(t);
    case TCP_LISTEN:
        return AKSU_REMOTE_UNSPECIFIED;
    case TCP_SYN_SENT: case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED: case TCP_CLOSE_WAIT:
        return t->fin_queued ? AKSU_CLOSING : AKSU_OK;
    case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2: case TCP_CLOSING: case TCP_LAST_ACK:
    case TCP_TIME_WAIT:
        return AKSU_CLOSING;
    case AKSU_TCP_STATE_COUNT:
        break;
    }
    bug("the state is one of the eleven");
}

/* Less was taken than offered. While the budget is short no ACK may be coming that would tell. */
static void fell_short(struct tcp *t, aksu_time now)
{
    t->sent_write_short = true;
    if (pool_left(t->env->pool) >= t->env->reserve_pages)
        return;
    if (t->deadline[TIMER_MEMORY] == NEVER)     /* said once, when it begins */
        tcp_say_memory(t, "SEND takes nothing", now);
    t->deadline[TIMER_MEMORY] = time_after(now, MS(MEMORY_RETRY_MS));
}

static uint32_t room(const struct tcp *t)
{
    /* What is kept back lets every connection still receive and acknowledge. */
    if (pool_left(t->env->pool) < t->env->reserve_pages)
        return 0;
    uint32_t most = buffers_send(t);
    return t->send.length < most ? most - t->send.length : 0;
}

static void queued(struct tcp *t, uint32_t length, unsigned flags, aksu_time now)
{
    if (t->send.length == length)
        t->progress_at = now;                   /* the user timeout counts from here */
    t->more = (flags & AKSU_MORE) != 0;
    if (flags & AKSU_URGENT_DATA) {
        t->snd.up = send_end(t);               /* RFC 9293 3.8.5 [MUST-62]: behind the last octet */
        t->urgent_out = true;
    }
    t->may_send = true;
    if (t->fo == FO_WAITS)
        tcp_fast_open_go(t, now);
    tcp_arm_user_timeout(t, now);
    if (t->snd.wnd == 0)
        window_persist(t, now);
    TCP_EMIT(t, now, call, .name = "SEND", .length = length);
}

/* RFC 9293 3.10.2: in LISTEN with a known remote socket SEND opens the connection actively. */
static enum aksu_status open_by_send(struct tcp *t, aksu_time now)
{
    if (t->state != TCP_LISTEN || !t->remote_given)
        return AKSU_OK;
    struct tcp_tuple tuple = t->tuple;
    return tcp_open_active(t, &tuple, now);
}

ptrdiff_t tcp_send(struct tcp *t, const uint8_t *data, size_t length, unsigned flags, aksu_time now)
{
    enum aksu_status status = open_by_send(t, now);
    if (status == AKSU_OK)
        status = may_queue(t);
    if (status != AKSU_OK)
        return -(ptrdiff_t)status;
    if (length == 0) {
        if (!(flags & AKSU_MORE))
            t->more = false;                    /* what was held back for more may leave */
        t->may_send = true;
        return 0;
    }
    uint32_t want = room(t);
    if (want > length)
        want = (uint32_t)length;
    uint32_t took = ring_write(&t->send, t->env->pool, t->send.length, data, want);
    ring_extend(&t->send, took);
    if (took < length)
        fell_short(t, now);
    if (took == 0)
        return -(ptrdiff_t)AKSU_WOULD_BLOCK;
    queued(t, took, took < length ? flags & ~(unsigned)AKSU_URGENT_DATA : flags, now);
    return (ptrdiff_t)took;
}

ptrdiff_t tcp_reserve(struct tcp *t, struct aksu_space *out, unsigned most, aksu_time now)
{
    enum aksu_status status = may_queue(t);
    if (status != AKSU_OK)
        return -(ptrdiff_t)status;
    uint32_t want = room(t);
    if (want > RESERVE_MOST)
        want = RESERVE_MOST;
    unsigned n = want ? ring_reserve(&t->send, t->env->pool, want, out, most) : 0;
    if (n == 0) {
        fell_short(t, now);
        return -(ptrdiff_t)AKSU_WOULD_BLOCK;
    }
    return (ptrdiff_t)n;
}

enum aksu_status tcp_commit(struct tcp *t, size_t length, unsigned flags, aksu_time now)
{
    enum aksu_status status = may_queue(t);
    if (status != AKSU_OK)
        return status;
    if (length > RING_MOST
        || length > ring_reserved(&t->send, t->env->pool, (uint32_t)length))
        return AKSU_INVALID;                    /* more than was reserved */
    ring_extend(&t->send, (uint32_t)length);
    ring_trim(&t->send, t->env->pool, t->send.length);
    if (length > 0)
        queued(t, (uint32_t)length, flags, now);
    return AKSU_OK;
}
