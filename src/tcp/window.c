/* window.c - the windows (RFC 9293 3.8.6): what we advertise, with silly window avoidance as a
 * receiver (3.8.6.2.2), what we may send, and probing of a closed window (3.8.6.1). */
#include "tcp/core.h"

enum { OVERRIDE_MS = 200 };     /* RFC 9293 3.8.6.2.1: 0.1 to 1 s */

/* The window of our SYN or SYN,ACK. */
uint32_t tcp_syn_window(const struct tcp *t)
{
    /* Text of the SYN may lie there, RFC 7413 4.2.2. */
    uint32_t text = t->receive.length, most = t->receive_buffer;
    uint32_t free = text < most ? most - text : 0;
    return free < UINT16_MAX ? free : UINT16_MAX;
}

static uint32_t least_step(const struct tcp *t)
{
    uint32_t half = t->receive_buffer / 2;
    return half < t->snd_mss ? half : t->snd_mss;
}

/* Segments that carry no text stand inside the peer's window, or it would drop them: after a
 * probe that was refused (one octet, and a FIN perhaps) SND.NXT is beyond it. Less than a unit of
 * the window field beyond it, the window has only been rounded down (RFC 7323 2.4): what was sent
 * is inside, and a number before it would be old (RFC 9293 A.2). */
seq_t tcp_acceptable_seq(const struct tcp *t)
{
    seq_t edge = seq_add(t->snd.una, t->snd.wnd);
    bool probe = t->snd.wnd == 0 && in_flight(t) <= 2;
    bool rounded = !probe && seq_diff(t->snd.nxt, edge) < (int32_t)1 << t->snd_wscale;
    return rounded ? t->snd.nxt : seq_min(t->snd.nxt, edge);
}

/* The right edge that the free space allows. */
static seq_t free_edge(const struct tcp *t)
{
    uint32_t used = t->receive.length;
    uint32_t room = used < t->receive_buffer ? t->receive_buffer - used : 0;
    return seq_add(t->rcv.nxt, room);
}

/* What gave way to the budget: a counter and an event. */
void tcp_say_memory(const struct tcp *t, const char *answer, aksu_time now)
{
    TCP_EMIT(t, now, memory, .answer = answer,
             .left = (uint64_t)pool_left(t->env->pool) * POOL_PAGE);
}

/* How far the right edge could move; 0 while memory is short: windows stop growing first. */
static uint32_t growth(const struct tcp *t)
{
    seq_t edge = free_edge(t);
    if (seq_le(edge, t->rcv.edge) || pool_left(t->env->pool) < t->env->reserve_pages)
        return 0;
    return (uint32_t)seq_diff(edge, t->rcv.edge);
}

/* There is room in the buffer, and none in the budget. */
static bool held_back(const struct tcp *t)
{
    return pool_left(t->env->pool) < t->env->reserve_pages && seq_gt(free_edge(t), t->rcv.edge);
}

/* RFC 9293 3.8.6.2.2 [MUST-39]: the edge moves by at least min(buffer/2, MSS);
 * RFC 9293 3.8.6 [SHLD-14]: never left. */
uint32_t window_to_advertise(struct tcp *t, aksu_time now)
{
    uint32_t grow = growth(t);
    if (grow > 0 && grow >= least_step(t))
        t->rcv.edge = seq_add(t->rcv.edge, grow);
    if ((grow == 0 || t->window_held) && t->window_held != held_back(t)) {
        t->window_held = !t->window_held;       /* said once, when it begins */
        if (t->window_held)
            tcp_say_memory(t, "the window stops growing", now);
    }
    uint32_t most = (uint32_t)UINT16_MAX << t->rcv_wscale;
    if (rcv_wnd(t) > most)
        t->rcv.edge = seq_add(t->rcv.nxt, most);
    return rcv_wnd(t);
}

/* The window is closed for want of memory, not of room in the buffer: nothing will open it but
 * time. */
bool window_starved(const struct tcp *t)
{
    return held_back(t) && rcv_wnd(t) < least_step(t);
}

/* After RECEIVE: is it worth a segment of its own? Only when the peer may be running out of window;
 * otherwise the next ACK tells. */
bool window_update_due(const struct tcp *t)
{
    uint32_t wnd = rcv_wnd(t), grow = growth(t), most = (uint32_t)UINT16_MAX << t->rcv_wscale;
    if (grow > most - wnd)
        grow = most - wnd;                      /* the field cannot say more */
    return grow > 0 && grow >= least_step(t) && wnd < t->receive_buffer / 2 && wnd <= most / 2;
}

/* RFC 6675 5 (C): cwnd - pipe. */
uint32_t window_of_cwnd(const struct tcp *t)
{
    const struct sender *o = t->out;
    if (o == NULL)
        return t->idle_cwnd;
    uint32_t cwnd = o->cc.cwnd + (uint32_t)o->limited_transmit * t->snd_mss;
    uint32_t pipe = sent_pipe(&o->queue);
    return cwnd > pipe ? cwnd - pipe : 0;
}

/* RFC 9293 3.8.6 [MUST-34], 3.8.6 [SHLD-15]: SND.UNA + SND.WND - SND.NXT, and no more than cwnd; a
 * shrunken window makes 0, not 4 billion. */
uint32_t window_sendable(const struct tcp *t)
{
    uint32_t flight = in_flight(t), by_cwnd = window_of_cwnd(t);
    uint32_t by_wnd = t->snd.wnd > flight ? t->snd.wnd - flight : 0;
    return by_wnd < by_cwnd ? by_wnd : by_cwnd;
}

static bool waits_to_send(const struct tcp *t)
{
    return seq_gt(send_end(t), t->snd.nxt) || (t->fin_queued && !t->fin_sent);
}

/* RFC 9293 3.8.6.1 [SHLD-29], 3.8.6.1 [SHLD-30] */
static aksu_time probe_interval(const struct tcp *t)
{
    uint64_t us = (uint64_t)t->rto_us << (t->probe_backoff > 20 ? 20 : t->probe_backoff);
    aksu_time interval = US(us);
    return interval < t->env->config.rto_max ? interval : t->env->config.rto_max;
}

/* Called whenever the send window or what waits behind it changed, and after each probe. With a
 * closed window the probe takes the place of retransmission: RFC 9293 3.8.6 [MUST-35] and
 * RFC 9293 3.8.6.1 [MUST-36]. */
void window_persist(struct tcp *t, aksu_time now)
{
    if (!tcp_synchronized(t) || !t->syn_acked || t->state == TCP_TIME_WAIT)
        return;
    bool outstanding = seq_lt(t->snd.una, t->snd.nxt);
    bool closed = t->snd.wnd == 0 && (outstanding || waits_to_send(t));

    if (closed && !t->closed_window) {
        TCP_EMIT(t, now, zero_window, .queued = t->send.length);
        t->closed_window = true;
        t->probes = t->probe_backoff = 0;
        t->deadline[TIMER_RETRANSMISSION] = NEVER;
        t->deadline[TIMER_PERSIST] = time_after(now, probe_interval(t));
    } else if (!closed && t->closed_window) {
        t->closed_window = t->probe_owed = false;
        t->probes = t->probe_backoff = 0;
        t->deadline[TIMER_PERSIST] = NEVER;
        if (t->uto_heard)
            t->progress_at = now;               /* what waited was the peer's wish */
        if (outstanding) {                      /* what was sent into the closed window is gone */
            recovery_resend(t, false, RESEND_WINDOW, now);
            rto_start(t, now);
        }
        t->may_send = true;
    } else if (closed && t->deadline[TIMER_PERSIST] == NEVER) {
        t->deadline[TIMER_PERSIST] = time_after(now, probe_interval(t));
    }
}

/* Nothing is outstanding, so no ACK will come, and what is queued is too small to send by the
 * rules: RFC 9293 3.8.6.2.1, 3.9.1.2 [MUST-60]. */
void window_override(struct tcp *t, aksu_time now)
{
    if (t->deadline[TIMER_PERSIST] == NEVER)
        t->deadline[TIMER_PERSIST] = time_after(now, MS(OVERRIDE_MS));
}
