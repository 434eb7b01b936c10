/* cc_reno.c - Reno congestion control (RFC 5681 3.1): slow start, congestion avoidance, and the
 * reductions on loss, timeout and marks (RFC 8511 3), with a window that is validated (RFC 7661).
 * Behind cc.h. */
#include "tcp/cc_validate.h"
#include "tcp/cc_window.h"

enum { BETA_LOSS = 50, BETA_ECN = 80 };     /* hundredths: RFC 5681 3.1 (4), RFC 8511 3 */

struct reno {
    struct cc_validate validate;
    uint32_t acked;                     /* since cwnd last grew in congestion avoidance */
    uint32_t undo_cwnd, undo_ssthresh;  /* before the last reduction; cwnd 0: none */
    uint32_t unused;
};
_Static_assert(sizeof(struct reno) <= CC_STATE * sizeof(uint64_t), "fits into the seam");

static struct reno *reno(struct cc *c)
{
    return (struct reno *)(void *)c->state;
}

static void init(struct cc *c, aksu_time now)
{
    *reno(c) = (struct reno){ .acked = 0 };
    cc_validate_init(&reno(c)->validate, now);
}

/* RFC 5681 3.1: one SMSS for a window that was acknowledged, RFC 3465 2.1. */
static void avoid_congestion(struct cc *c, uint32_t acked)
{
    struct reno *r = reno(c);
    r->acked += acked < c->cwnd ? acked : c->cwnd;      /* below 2^31 as both are */
    if (r->acked >= c->cwnd) {
        r->acked -= c->cwnd;
        cc_grow(c, c->smss);
    }
}

/* RFC 9293 3.8.2 [MUST-19] */
static void on_ack(struct cc *c, const struct cc_ack *ack)
{
    cc_validate_on_ack(&reno(c)->validate, c, ack);
    if (ack->recovering || ack->app_limited)
        return;
    uint32_t left = ack->acked;
    if (cc_in_slow_start(c))                            /* RFC 5681 3.1 (2) */
        left = cc_slow_start(c, ack->acked);
    if (left > 0)
        avoid_congestion(c, left);
}

static void remember(struct cc *c)
{
    reno(c)->undo_cwnd = c->cwnd;
    reno(c)->undo_ssthresh = c->ssthresh;
    reno(c)->acked = 0;
}

static void on_congestion(struct cc *c, uint32_t in_flight, bool ecn, aksu_time now)
{
    struct cc_validate *v = &reno(c)->validate;
    uint32_t window = cc_validate_on_congestion(v, c->cwnd, in_flight, now);
    if (v->loss_base == 0)
        window = in_flight;                             /* RFC 5681 3.1 (4): FlightSize, not cwnd */
    remember(c);
    cc_lower(c, cc_share(window, ecn ? BETA_ECN : BETA_LOSS), ecn);
}

static void on_recovered(struct cc *c, aksu_time now)
{
    (void)now;
    cc_validate_on_recovered(&reno(c)->validate, c, BETA_LOSS);
}

static void on_rto(struct cc *c, uint32_t in_flight, bool again, aksu_time now)
{
    cc_validate_on_rto(&reno(c)->validate, c->cwnd, in_flight, now);
    if (!again) {                               /* RFC 5681 3.1: held constant after the first */
        remember(c);
        cc_lower(c, cc_share(in_flight, BETA_LOSS), false);
    }
    c->cwnd = c->smss;                          /* the loss window */
}

static void undo(struct cc *c, aksu_time now)
{
    struct reno *r = reno(c);
    (void)now;
    if (r->undo_cwnd == 0)
        return;
    if (c->cwnd < r->undo_cwnd)
        c->cwnd = r->undo_cwnd;
    c->ssthresh = r->undo_ssthresh;
    r->undo_cwnd = 0;
    r->validate.loss_base = 0;
}

static void after_idle(struct cc *c, aksu_time idle, aksu_time now)
{
    cc_validate_after_idle(&reno(c)->validate, c, idle, now);
}

const struct cc_ops cc_reno = {
    .name = "reno", .init = init, .on_ack = on_ack, .on_congestion = on_congestion,
    .on_recovered = on_recovered, .on_rto = on_rto, .undo = undo, .after_idle = after_idle,
};
