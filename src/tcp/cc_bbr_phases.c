/* cc_bbr_phases.c - BBR's state machine (BBR 5.3: draft-ietf-ccwg-bbr-06): Startup, Drain, the four
 * phases of ProbeBW, ProbeRTT. Called by cc_bbr.c.
 *
 * The draft draws lots so that flows which share a bottleneck do not probe together. No randomness
 * is passed in here: the lots are mixed from the nanosecond at which a probe ended and from the
 * model, which differ between flows; the same input gives the same lots. */
#include "tcp/cc_bbr.h"

enum { PROBE_RTT_DURATION_MS = 200, WAIT_LEAST_MS = 2000, WAIT_MORE_MS = 1000,
       UP_ROUNDS_MOST = 30 };

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* BBR 5.5.1: a round is counted from what is sent now. `at_round`: one begins anyway. */
static void start_round(struct bbr *b, bool at_round)
{
    b->partial_round = !at_round;
}

void bbr_enter_startup(struct bbr *b)
{
    b->phase = BBR_STARTUP;
}

static uint64_t lots(const struct bbr *b, aksu_time now)
{
    uint64_t z = now + 0x9e3779b97f4a7c15u * (bbr_max_bw(b) + ((uint64_t)b->min_rtt_us << 32));
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    return z ^ z >> 31;
}

/* BBR 5.3.3.8.3: PickProbeWait */
static void pick_probe_wait(struct bbr *b, aksu_time now)
{
    uint64_t lot = lots(b, now);
    b->rounds_since_probe = lot & 1;
    b->wait_ms = WAIT_LEAST_MS + (uint32_t)((lot >> 32) * WAIT_MORE_MS >> 32);
}

static void start_down(struct bbr *b, bool at_round, aksu_time now)
{
    b->loss_in_round = false;
    b->probe_up_acked_per_inc = BBR_NO_LIMIT;
    pick_probe_wait(b, now);
    b->cycle_ms = bbr_ms(now);
    b->acks = BBR_ACKS_STOPPING;
    start_round(b, at_round);
    b->phase = BBR_DOWN;
}

void bbr_start_refill(struct bbr *b)
{
    bbr_reset_shortterm(b);
    b->up_rounds = 0;
    b->probe_up_acked = 0;
    b->precautionary = false;
    b->acks = BBR_ACKS_REFILLING;
    start_round(b, false);
    b->phase = BBR_REFILL;
}

/* BBR 5.3.3.5: one segment more in the first round, two in the second, four in the third. */
static void raise_slope(struct cc *c, struct bbr *b)
{
    b->probe_up_acked_per_inc = most(c->cwnd >> b->up_rounds, c->smss);
    if (b->up_rounds < UP_ROUNDS_MOST)
        b->up_rounds++;
}

static void start_up(struct bbr_step *s)
{
    s->b->acks = BBR_ACKS_STARTING;
    start_round(s->b, true);
    bbr_reset_full_bw(s->b, s->b->bw_latest);
    s->b->phase = BBR_UP;
    raise_slope(s->c, s->b);
}

/* BBR 5.5.10.2: HandleInflightTooHigh. Not by more than CUBIC would (0.7). */
void bbr_inflight_too_high(struct cc *c, struct bbr *b, uint32_t inflight, bool app_limited,
                           aksu_time now)
{
    b->too_high = true;
    b->probe_sample = false;
    if (!app_limited)
        b->inflight_longterm =
            most(inflight, (uint32_t)((uint64_t)bbr_target_inflight(c, b) * 7 / 10));
    if (b->phase == BBR_UP) {
        b->undo = BBR_UNDO_UP;
        start_down(b, false, now);
    }
}

/* BBR 5.3.1.3, when its criteria are met. */
void bbr_startup_too_high(struct cc *c, struct bbr *b)
{
    b->undo = BBR_UNDO_STARTUP;
    b->full_bw_reached = true;
    b->inflight_longterm = most(bbr_bdp(c, b, bbr_bw(b), 100),
                                most(b->delivered_before, b->round_delivered));
}

static bool in_startup_too_high(const struct bbr_step *s)
{
    const struct bbr *b = s->b;
    return b->phase == BBR_STARTUP && s->ack->round && b->recovery_round && b->in_recovery
           && b->loss_events >= BBR_LOSS_EVENTS && bbr_too_much_lost_in_round(b);
}

static void startup_and_drain(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (in_startup_too_high(s))
        bbr_startup_too_high(s->c, b);
    if (b->phase == BBR_STARTUP && b->full_bw_reached) {
        b->phase = BBR_DRAIN;
        b->drain_rounds = 0;
        start_round(b, s->ack->round);
        return;
    }
    if (b->phase != BBR_DRAIN)
        return;
    b->drain_rounds += s->round;
    if (s->ack->in_flight <= bbr_inflight(s->c, b, bbr_bw(b), 100)
        || b->drain_rounds > BBR_DRAIN_ROUNDS)
        start_down(b, s->ack->round, s->ack->now);
}

/* BBR 5.3.3.9: AdvanceMaxBwFilter, AdaptLongTermModel. True: the phase is decided. */
static bool end_of_samples(struct bbr_step *s)
{
    struct bbr *b = s->b;
    b->probe_sample = false;
    b->acks = BBR_ACKS_INIT;
    if (!bbr_in_probe_bw(b))
        return false;
    if (!s->app_limited && b->max_bw[1] != 0) {
        b->max_bw[0] = b->max_bw[1];
        b->max_bw[1] = 0;
    }
    if (!b->precautionary || b->too_high)       /* BBR 5.3.3.6: Acceleration */
        return false;
    bbr_start_refill(b);
    start_round(b, s->ack->round);
    return true;
}

static void probe_upward(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (!s->cwnd_limited || s->c->cwnd < b->inflight_longterm)
        return;
    b->probe_up_acked += s->ack->acked;
    uint32_t steps = b->probe_up_acked / b->probe_up_acked_per_inc;
    b->probe_up_acked -= steps * b->probe_up_acked_per_inc;
    b->inflight_longterm = least(b->inflight_longterm + least(steps, 64) * s->c->smss,
                                 BBR_NO_LIMIT / 2);
    if (s->round)
        raise_slope(s->c, b);
}

static bool adapt_longterm(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (b->acks == BBR_ACKS_STARTING && s->round)
        b->acks = BBR_ACKS_FEEDBACK;
    if (b->acks == BBR_ACKS_STOPPING && s->round && end_of_samples(s))
        return true;
    if (b->inflight_longterm == BBR_NO_LIMIT || bbr_too_much_lost(b))
        return false;
    if (s->ack->round && bbr_flight_then(b) > b->inflight_longterm)
        b->inflight_longterm = bbr_flight_then(b);      /* a whole round of it arrived */
    if (b->phase == BBR_UP)
        probe_upward(s);
    return false;
}

/* BBR 5.3.3.8.3: IsTimeToProbeBW, at a round's end so that the refill lasts one round. */
static bool is_time_to_probe(const struct bbr_step *s)
{
    const struct bbr *b = s->b;
    if (!s->ack->round)
        return false;
    uint32_t reno_rounds = bbr_target_inflight(s->c, b) / s->c->smss;
    return bbr_ms(s->ack->now) - b->cycle_ms > b->wait_ms
           || b->rounds_since_probe >= least(reno_rounds, BBR_RENO_ROUNDS);
}

static bool is_time_to_cruise(const struct bbr_step *s)
{
    return s->ack->in_flight <= bbr_with_headroom(s->c, s->b)
           && s->ack->in_flight <= bbr_inflight(s->c, s->b, bbr_max_bw(s->b), 100);
}

static bool is_time_to_go_down(struct bbr_step *s)
{
    struct bbr *b = s->b;
    uint64_t flight = (uint64_t)s->ack->in_flight + s->ack->acked + s->c->smss;
    if (b->too_high && flight > b->inflight_longterm) {
        b->precautionary = true;                /* BBR 5.3.3.6: Deceleration */
        return true;
    }
    if (s->cwnd_limited && s->c->cwnd >= b->inflight_longterm)
        bbr_reset_full_bw(b, s->ack->delivery_rate);    /* the limit is ours, not the path's */
    else if (b->full_bw_now)
        return true;
    return false;
}

static void probe_bw(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (!b->full_bw_reached || adapt_longterm(s))
        return;
    switch ((enum bbr_phase)b->phase) {
    case BBR_DOWN:
    case BBR_CRUISE:
        if (is_time_to_probe(s)) {
            bbr_start_refill(b);
            start_round(b, true);
        } else if (b->phase == BBR_DOWN && is_time_to_cruise(s)) {
            b->phase = BBR_CRUISE;
        }
        return;
    case BBR_REFILL:
        if (s->round) {
            b->probe_sample = true;
            start_up(s);
        }
        return;
    case BBR_UP:
        if (is_time_to_go_down(s)) {
            b->too_high = false;
            start_down(b, s->ack->round, s->ack->now);
        }
        return;
    case BBR_STARTUP:
    case BBR_DRAIN:
    case BBR_PROBE_RTT:
        return;
    }
}

static uint32_t probe_rtt_cwnd(const struct bbr_step *s)
{
    return most(bbr_bdp(s->c, s->b, bbr_bw(s->b), 50), bbr_min_cwnd(s->c));
}

/* BBR 5.3.4.4 */
void bbr_probe_rtt_done(struct cc *c, struct bbr *b, aksu_time now)
{
    if (!b->probe_rtt_timed || (int32_t)(bbr_ms(now) - b->probe_rtt_done_ms) <= 0)
        return;
    b->probe_rtt_min_ms = bbr_ms(now);          /* the next one is counted from here */
    c->cwnd = most(c->cwnd, b->prior_cwnd);
    bbr_reset_shortterm(b);
    if (!b->full_bw_reached) {
        bbr_enter_startup(b);
        return;
    }
    start_down(b, false, now);
    b->phase = BBR_CRUISE;
}

static void probe_rtt(struct bbr_step *s, bool due)
{
    struct bbr *b = s->b;
    if (b->phase != BBR_PROBE_RTT && due && !b->idle_restart) {
        bbr_save_cwnd(s->c, b);
        b->phase = BBR_PROBE_RTT;
        b->probe_rtt_timed = false;
        b->low_samples = true;                  /* what is measured from here on is our own doing */
        b->acks = BBR_ACKS_STOPPING;
        start_round(b, s->ack->round);
    }
    if (b->phase == BBR_PROBE_RTT) {
        if (!b->probe_rtt_timed && s->ack->in_flight <= probe_rtt_cwnd(s)) {
            b->probe_rtt_timed = true;
            b->probe_rtt_round = false;
            b->probe_rtt_done_ms = bbr_ms(s->ack->now) + PROBE_RTT_DURATION_MS;
            start_round(b, s->ack->round);
        } else if (b->probe_rtt_timed) {
            b->probe_rtt_round |= s->round;
            if (b->probe_rtt_round)
                bbr_probe_rtt_done(s->c, b, s->ack->now);
        }
    }
    if (s->ack->acked > 0)
        b->idle_restart = false;
}

void bbr_phases(struct bbr_step *s)
{
    startup_and_drain(s);
    probe_bw(s);
    probe_rtt(s, bbr_update_min_rtt(s));
}
