/* cc_reno.c - Reno congestion control (RFC 5681): slow start, congestion avoidance, and the
 * reductions on loss and timeout. Behind cc.h. */
#include "tcp/cc.h"

enum { ACKED };     /* state[]: octets acknowledged since cwnd last grew in congestion avoidance */

static void init(struct cc *c, uint32_t smss, uint32_t initial_window, aksu_time now)
{
    (void)now;
    c->cwnd = initial_window * smss;            /* RFC 6928 2 */
    c->ssthresh = UINT32_MAX;                   /* RFC 5681 3.1: arbitrarily high */
    c->state[ACKED] = 0;
}

/* RFC 9293 3.8.2 [MUST-19] */
static void on_ack(struct cc *c, const struct cc_ack *ack)
{
    if (ack->app_limited)
        return;
    if (c->cwnd < c->ssthresh) {                /* RFC 5681 3.1 (2) */
        c->cwnd += ack->acked < ack->smss ? ack->acked : ack->smss;
        return;
    }
    c->state[ACKED] += ack->acked;              /* RFC 5681 3.1: one SMSS per window acknowledged */
    if (c->state[ACKED] >= c->cwnd) {
        c->state[ACKED] -= c->cwnd;
        c->cwnd += ack->smss;
    }
}

/* ssthresh = max(FlightSize / 2, 2 * SMSS): RFC 5681 3.1 (4). */
static uint32_t half_of(uint32_t in_flight, uint32_t smss)
{
    return in_flight / 2 > 2 * smss ? in_flight / 2 : 2 * smss;
}

static void on_loss(struct cc *c, uint32_t in_flight, uint32_t smss, aksu_time now)
{
    (void)now;
    c->ssthresh = half_of(in_flight, smss);
    c->cwnd = c->ssthresh;
    c->state[ACKED] = 0;
}

static void on_rto(struct cc *c, uint32_t in_flight, uint32_t smss, bool again, aksu_time now)
{
    (void)now;
    if (!again)                                 /* RFC 5681 3.1: held constant after the first */
        c->ssthresh = half_of(in_flight, smss);
    c->cwnd = smss;                             /* the loss window */
    c->state[ACKED] = 0;
}

static void after_idle(struct cc *c, uint32_t smss, uint32_t initial_window, aksu_time now)
{
    (void)now;
    if (c->cwnd > initial_window * smss)        /* RFC 5681 4.1: restart window */
        c->cwnd = initial_window * smss;
}

const struct cc_ops cc_reno = { "reno", init, on_ack, on_loss, on_rto, after_idle };
