/* buffers.c - how large the buffers are. The receive buffer, and with it the window, follows the
 * octets that arrive and are taken in one round trip (dynamic right-sizing; RFC 7323 2.1 says what
 * a window must hold); the send buffer follows cwnd. A size that the user gave stays. No buffer
 * grows beyond a quarter of the memory that is free. Called by RECEIVE, SEND, SEGMENT ARRIVES. */
#include "tcp/core.h"

enum { FREE_SHARE = 4 };

/* The clock of the measurements: 1024 ns, modulo 2^32. */
static uint32_t ticks(aksu_time now)
{
    return (uint32_t)(now >> 10);
}

static uint32_t at_most(const struct tcp *t, uint32_t configured)
{
    uint64_t share = (uint64_t)pool_left(t->env->pool) * POOL_PAGE / FREE_SHARE;
    return share < configured ? (uint32_t)share : configured;
}

static uint32_t times(uint32_t octets, uint32_t factor)
{
    return octets < UINT32_MAX / factor ? octets * factor : UINT32_MAX;
}

/* --- the receive buffer --- */

void buffers_begin(struct tcp *t, aksu_time now)
{
    t->rcv.round_trip = ticks(US(t->srtt_us));  /* of the handshake; 0: not known */
    t->rcv.timed_edge = t->rcv.edge;
    t->rcv.timed_at = t->rcv.measured_at = ticks(now);
    t->rcv.measured_from = t->rcv.nxt;
}

/* RCV.NXT has passed what was the right edge of the window. RFC 7323 4.1: the echo says how long
 * ago we sent what this text answers. Without timestamps, what is beyond an edge was sent after an
 * ACK that left later than the one with that edge: at least a round trip has gone by. */
void buffers_time(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    uint32_t sample = ticks(now) - t->rcv.timed_at, before = t->rcv.round_trip;
    if (t->ts_on && (seg->options.has & HAS_TIMESTAMPS)) {
        uint32_t ms = tcp_ts_clock(t, now) - seg->options.ts_ecr;
        sample = ticks(MS(ms > 0 ? ms : 1u));
    }
    /* A peer that had nothing to send makes it longer, nothing makes it shorter. */
    if (before == 0 || sample < before)
        t->rcv.round_trip = sample > 0 ? sample : 1;
    else if (t->ts_on)
        t->rcv.round_trip += (sample - before) / 8;
    t->rcv.timed_edge = t->rcv.edge;
    t->rcv.timed_at = ticks(now);
}

/* `octets` arrived and were taken in one round trip: the window holds twice that, so that what
 * follows a lost segment still fits while it is sent again; and twice that again while it grows,
 * because a peer in slow start sends twice as much in the next. */
static void right_size(struct tcp *t, uint32_t octets)
{
    uint32_t before = (uint32_t)t->rcv.taken << 10;
    bool grows = octets > before + before / 4;
    uint32_t want = times(octets, grows ? 4 : 2);
    uint32_t most = at_most(t, t->env->config.receive_buffer_most);
    uint32_t field = (uint32_t)UINT16_MAX << t->rcv_wscale;
    if (want > most)
        want = most;
    if (want > field)
        want = field;                           /* the window field cannot say more */
    if (want > t->receive_buffer && pool_left(t->env->pool) >= t->env->reserve_pages)
        t->receive_buffer = want;
}

/* The user has taken text. What lay there before the measurement began does not count: a slow
 * reader finds it full each time, and needs no larger buffer. */
void buffers_taken(struct tcp *t, aksu_time now)
{
    uint32_t passed = ticks(now) - t->rcv.measured_at, round = t->rcv.round_trip;
    int32_t taken = seq_diff(tcp_user_position(t), t->rcv.measured_from);
    uint32_t octets = taken > 0 ? (uint32_t)taken : 0;
    if (t->receive_fixed || round == 0)
        return;
    if (passed > round)
        octets = (uint32_t)((uint64_t)octets * round / passed);
    if (octets > t->receive_buffer / 4)
        right_size(t, octets);
    /* It ends when nothing is left to be read, or late. */
    if (passed >= round && (t->receive.length == 0 || passed >= times(round, 2))) {
        t->rcv.taken = (uint16_t)(octets >> 10 < UINT16_MAX ? octets >> 10 : UINT16_MAX);
        t->rcv.measured_from = t->rcv.nxt;
        t->rcv.measured_at = ticks(now);
    }
}

/* --- the send buffer --- */

/* One cwnd is in flight, the next one waits; and a third, because cwnd grows before the user, who
 * is told when a quarter is free, has sent more. What is SACKed waits for others, and stays. */
uint32_t buffers_send(const struct tcp *t)
{
    uint32_t cwnd = tcp_cwnd(t), wnd = t->snd.max_wnd;
    if (t->send_fixed)
        return t->send_buffer;
    uint32_t want = times(cwnd < wnd ? cwnd : wnd, 3);
    if (t->out != NULL && t->out->queue.sacked < UINT32_MAX - want)
        want += t->out->queue.sacked;
    if (want <= t->send_buffer)
        return t->send_buffer;
    uint32_t most = at_most(t, t->env->config.send_buffer_most);
    want = want < most ? want : most;
    return want > t->send_buffer ? want : t->send_buffer;
}
