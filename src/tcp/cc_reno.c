/* cc_reno.c - Reno congestion control (RFC 5681): slow start, congestion avoidance, and the
 * reductions on loss and timeout. Behind cc.h. */
#include "base/bytes.h"
#include "tcp/cc.h"

enum { ACKED, UNDO_CWND, UNDO_SSTHRESH };   /* state[] */

static void init(struct cc *c, aksu_time now)
{
    (void)now;
    c->state[ACKED] = 0;
}

/* RFC 9293 3.8.2 [MUST-19] */
static void on_ack(struct cc *c, const struct cc_ack *ack)
{
    if (ack->app_limited || ack->recovering)
        return;
    if (c->cwnd < c->ssthresh) {                /* RFC 5681 3.1 (2) */
        c->cwnd += ack->acked < c->smss ? ack->acked : c->smss;
        return;
    }
    c->state[ACKED] += ack->acked;              /* RFC 5681 3.1: one SMSS per window acknowledged */
    if (c->state[ACKED] >= c->cwnd) {
        c->state[ACKED] -= c->cwnd;
        c->cwnd += c->smss;
    }
}

/* ssthresh = max(FlightSize / 2, 2 * SMSS): RFC 5681 3.1 (4). */
static void halve(struct cc *c, uint32_t in_flight)
{
    c->state[UNDO_CWND] = c->cwnd;
    c->state[UNDO_SSTHRESH] = c->ssthresh;
    c->ssthresh = in_flight / 2 > 2 * c->smss ? in_flight / 2 : 2 * c->smss;
    c->state[ACKED] = 0;
}

static void on_congestion(struct cc *c, uint32_t in_flight, bool ecn, aksu_time now)
{
    (void)ecn;
    (void)now;
    halve(c, in_flight);
    c->cwnd = c->ssthresh;
}

static void on_rto(struct cc *c, uint32_t in_flight, bool again, aksu_time now)
{
    (void)now;
    if (!again)                                 /* RFC 5681 3.1: held constant after the first */
        halve(c, in_flight);
    c->cwnd = c->smss;                          /* the loss window */
}

static void undo(struct cc *c, aksu_time now)
{
    (void)now;
    if (c->cwnd < c->state[UNDO_CWND])
        c->cwnd = (uint32_t)c->state[UNDO_CWND];
    c->ssthresh = (uint32_t)c->state[UNDO_SSTHRESH];
}

static void after_idle(struct cc *c, aksu_time idle, aksu_time now)
{
    (void)now;
    (void)idle;
    if (c->cwnd > c->initial_window)
        c->cwnd = c->initial_window;            /* RFC 5681 4.1: restart window */
}

const struct cc_ops cc_reno = {
    .name = "reno", .init = init, .on_ack = on_ack, .on_congestion = on_congestion,
    .on_rto = on_rto, .undo = undo, .after_idle = after_idle,
};

const struct cc_ops *cc_find(const char *name)
{
    return memcmp(name, "reno", 5) == 0 ? &cc_reno : NULL;
}
