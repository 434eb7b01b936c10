/* cc_cubic.c - CUBIC congestion control (RFC 9438) with HyStart++ (RFC 9406), the milder reaction
 * of ABE to marks (RFC 8511) and a window that is validated (RFC 7661). Behind cc.h; the curve
 * itself is in cc_curve.c. What RFC 9438 leaves open: a reduction starts from cwnd, not from
 * FlightSize, as long as cwnd is validated; section 4.6 allows it, as cwnd grows only when it is in
 * use. */
#include "tcp/cc_curve.h"
#include "tcp/cc_hystart.h"
#include "tcp/cc_validate.h"
#include "tcp/cc_window.h"

enum { BETA_LOSS = 70, BETA_ECN = 85, CONVERGE = 85 };  /* hundredths: RFC 9438 4.6, 4.7 */
enum { ALPHA_PART = 9, ALPHA_WHOLE = 17 };      /* 3 (1 - 0.7) / (1 + 0.7), RFC 9438 4.3 */
enum { EST_BITS = 16 };                         /* binary places of W_est */

/* One congestion avoidance stage: the names of RFC 9438 4.1.2. */
struct stage {
    aksu_time epoch;            /* t_epoch, moved on by what does not count in t */
    uint64_t w_est;             /* octets with EST_BITS binary places */
    uint32_t w_max;             /* octets; 0: undefined */
    uint32_t cwnd_prior;
    uint32_t k;                 /* ticks of cc_curve.h */
    uint32_t begun;             /* 0: begins with the next acknowledgment that may grow cwnd */
};

struct cubic {
    struct cc_validate validate;
    struct cc_hystart hystart;
    struct stage now, undo;
    uint32_t undo_cwnd, undo_ssthresh;  /* before the last reduction; cwnd 0: none */
    aksu_time last;             /* the acknowledgment before, or the end of an idle time */
    uint32_t rest;              /* of an increment, in octets / cwnd */
    uint32_t recovering;        /* cwnd is the owner's, on its way to ssthresh */
};
_Static_assert(sizeof(struct cubic) <= CC_STATE * sizeof(uint64_t), "fits into the seam");

static struct cubic *cubic(struct cc *c)
{
    return (struct cubic *)(void *)c->state;
}

static void init(struct cc *c, aksu_time now)
{
    struct cubic *s = cubic(c);
    *s = (struct cubic){ .last = now };
    cc_validate_init(&s->validate, now);
    cc_hystart_init(&s->hystart);
}

/* The stage begins. After a timeout, and after a slow start without congestion, W_max is undefined:
 * the curve starts at its plateau. RFC 9438 4.8, 4.10 */
static void begin_stage(struct cubic *s, const struct cc *c, aksu_time now)
{
    struct stage *g = &s->now;
    if (g->w_max < c->cwnd)
        g->w_max = c->cwnd;
    g->k = cc_curve_k(g->w_max - c->cwnd, c->smss);
    g->epoch = now;
    g->w_est = (uint64_t)c->cwnd << EST_BITS;
    g->begun = true;
    s->rest = 0;
}

/* W_est += alpha segments_acked / cwnd; alpha is 1 once it has reached cwnd_prior. RFC 9438 4.3 */
static uint32_t reno_estimate(struct stage *g, const struct cc *c, uint32_t acked)
{
    uint64_t step = ((uint64_t)acked * c->smss << EST_BITS) / c->cwnd;
    if (g->w_est >> EST_BITS < g->cwnd_prior)
        step = step * ALPHA_PART / ALPHA_WHOLE;
    g->w_est += step;
    return g->w_est >> EST_BITS < CC_WINDOW_MOST ? (uint32_t)(g->w_est >> EST_BITS)
                                                 : CC_WINDOW_MOST;
}

/* Concave and convex region: (target - cwnd) / cwnd for each segment. RFC 9438 4.4, 4.5 */
static void follow_curve(struct cubic *s, struct cc *c, uint32_t target, uint32_t acked)
{
    uint32_t most = c->cwnd + c->cwnd / 2;      /* RFC 9438 4.2: cwnd <= target <= 1.5 cwnd */
    if (target <= c->cwnd)
        return;
    uint32_t climb = (target < most ? target : most) - c->cwnd;
    uint64_t sum = (uint64_t)climb * acked + s->rest;
    s->rest = (uint32_t)(sum % c->cwnd);
    cc_grow(c, (uint32_t)(sum / c->cwnd));
}

static void avoid_congestion(struct cubic *s, struct cc *c, const struct cc_ack *a, uint32_t acked)
{
    struct stage *g = &s->now;
    if (!g->begun)
        begin_stage(s, c, a->now);
    if (acked > c->cwnd)
        acked = c->cwnd;
    uint32_t t = cc_curve_ticks(a->now - g->epoch);
    uint32_t estimate = reno_estimate(g, c, acked);
    if (cc_curve_window(g->w_max, g->k, t, c->smss) < estimate) {
        uint32_t short_of = c->cwnd < estimate ? estimate - c->cwnd : 0;
        cc_grow(c, short_of < acked ? short_of : acked);
        return;
    }
    uint32_t rtt = cc_curve_ticks(US((aksu_time)a->srtt_us));
    follow_curve(s, c, cc_curve_window(g->w_max, g->k, t + rtt, c->smss), acked);
}

/* What an application held back does not count in t. RFC 9438 4.2, 5.8 */
static void stand_still(struct cubic *s, aksu_time duration, aksu_time now)
{
    aksu_time *epoch = &s->now.epoch;
    *epoch = duration < now - *epoch ? *epoch + duration : now;
}

/* RFC 9293 3.8.2 [MUST-19] */
static void on_ack(struct cc *c, const struct cc_ack *a)
{
    struct cubic *s = cubic(c);
    uint32_t left = a->acked;
    aksu_time since = a->now - s->last;
    s->last = a->now;
    if (cc_validate_on_ack(&s->validate, c, a))
        s->now.begun = false;
    if (a->recovering)
        return;
    s->recovering = false;
    if (a->app_limited)
        stand_still(s, since, a->now);
    if (cc_in_first_slow_start(c)) {                    /* RFC 9438 4.10 */
        if (cc_hystart_on_ack(&s->hystart, c, a))
            s->now.cwnd_prior = c->cwnd;
        return;
    }
    if (a->app_limited)
        return;
    if (cc_in_slow_start(c))
        left = cc_slow_start(c, a->acked);
    if (left > 0)
        avoid_congestion(s, c, a, left);
}

/* The window that congestion meets. */
static uint32_t window_of(const struct cubic *s, const struct cc *c)
{
    return s->recovering && c->cwnd < c->ssthresh ? c->ssthresh : c->cwnd;
}

static void remember(struct cubic *s, const struct cc *c)
{
    s->undo = s->now;
    s->undo_cwnd = window_of(s, c);
    s->undo_ssthresh = c->ssthresh;
}

static void on_congestion(struct cc *c, uint32_t in_flight, bool ecn, aksu_time now)
{
    struct cubic *s = cubic(c);
    remember(s, c);
    uint32_t window = cc_validate_on_congestion(&s->validate, window_of(s, c), in_flight, now);
    s->now.cwnd_prior = window;
    /* RFC 9438 4.7: fast convergence. */
    s->now.w_max = window < s->now.w_max ? cc_share(window, CONVERGE) : window;
    s->now.begun = false;
    s->recovering = !ecn;
    cc_lower(c, cc_share(window, ecn ? BETA_ECN : BETA_LOSS), ecn);     /* RFC 8511 3.1 */
}

static void on_recovered(struct cc *c, aksu_time now)
{
    struct cubic *s = cubic(c);
    (void)now;
    s->recovering = false;
    if (cc_validate_on_recovered(&s->validate, c, BETA_LOSS))
        s->now.begun = false;
}

static void on_rto(struct cc *c, uint32_t in_flight, bool again, aksu_time now)
{
    struct cubic *s = cubic(c);
    uint32_t window = cc_validate_on_rto(&s->validate, window_of(s, c), in_flight, now);
    if (!again) {                               /* RFC 5681 3.1: held constant after the first */
        remember(s, c);
        s->now.cwnd_prior = window;
        cc_lower(c, cc_share(window, BETA_LOSS), false);
    }
    s->now.w_max = 0;                           /* RFC 9438 4.8 */
    s->now.begun = false;
    s->recovering = false;
    c->cwnd = c->smss;                          /* the loss window */
}

/* RFC 9438 4.9.2: not when cwnd has outgrown the window of before. */
static void undo(struct cc *c, aksu_time now)
{
    struct cubic *s = cubic(c);
    (void)now;
    /* During recovery cwnd may not have come down yet (RFC 6937 3). */
    if (s->undo_cwnd != 0 && (s->recovering || c->cwnd < s->now.cwnd_prior)) {
        c->cwnd = c->cwnd > s->undo_cwnd ? c->cwnd : s->undo_cwnd;
        c->ssthresh = s->undo_ssthresh;
        s->now = s->undo;
        s->rest = 0;
        s->recovering = false;
        s->validate.loss_base = 0;
    }
    s->undo_cwnd = 0;
}

static void after_idle(struct cc *c, aksu_time idle, aksu_time now)
{
    struct cubic *s = cubic(c);
    stand_still(s, idle, now);
    s->last = now;
    if (cc_validate_after_idle(&s->validate, c, idle, now))
        s->now.begun = false;
}

const struct cc_ops cc_cubic = {
    .name = "cubic", .init = init, .on_ack = on_ack, .on_congestion = on_congestion,
    .on_recovered = on_recovered, .on_rto = on_rto, .undo = undo, .after_idle = after_idle,
};
