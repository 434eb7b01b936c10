/* cc_bbr_model.c - BBR's model of the path: how fast it delivers, how long it is, how much it holds
 * (BBR 5.5: draft-ietf-ccwg-bbr-06). Called by cc_bbr.c and cc_bbr_phases.c.
 *
 * The seam says when a round trip has ended, but not what each segment met. So what the draft keeps
 * per segment is kept per round: what was in flight when a segment was sent is the most that was in
 * flight in the round before its acknowledgment, but not more than was left for this one; what was
 * lost since is what was lost in this round, and a share of what was lost in the one before. */
#include "base/bytes.h"
#include "tcp/cc_bbr.h"

enum {
    MICROSECONDS = 1000000,
    QUANTUM_MOST = 65536,               /* BBR 5.6.3 */
    MIN_RTT_MS = 10000,                 /* MinRTTFilterLen, BBR 2.16.1 */
    PROBE_RTT_MS = 5000,                /* ProbeRTTInterval, BBR 2.16.2 */
    BETA = 70,                          /* percent, BBR 2.8 */
    HEADROOM = 15
};
/* Beyond what anybody has: one product of the three fits 64 bits. */
#define RATE_MOST ((uint64_t)1 << 37)           /* octets per second: 1 Tbit/s */
#define RTT_MOST ((uint32_t)1 << 26)            /* microseconds: 67 s */

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint32_t volume(uint64_t octets) { return (uint32_t)least(octets, BBR_CWND_MOST); }

void bbr_model_init(struct bbr *b, const struct cc *c, aksu_time now)
{
    memset(b, 0, sizeof *b);
    b->min_rtt_us = b->probe_rtt_min_us = UINT32_MAX;
    b->min_rtt_ms = b->probe_rtt_min_ms = bbr_ms(now);
    b->inflight_longterm = b->undo_inflight_longterm = BBR_NO_LIMIT;
    b->probe_up_acked_per_inc = BBR_NO_LIMIT;
    b->extra_since_us = (uint32_t)(now / US(1));
    b->prior_cwnd = c->cwnd;
    bbr_reset_shortterm(b);
    b->undo_bw_shortterm = b->bw_shortterm;
    b->undo_inflight_shortterm = b->inflight_shortterm;
}

void bbr_reset_shortterm(struct bbr *b)
{
    b->bw_shortterm = BBR_NO_RATE;
    b->inflight_shortterm = BBR_NO_LIMIT;
}

void bbr_reset_full_bw(struct bbr *b, uint64_t bw)
{
    b->full_bw = bw;
    b->full_bw_count = 0;
    b->full_bw_now = false;
}

uint64_t bbr_max_bw(const struct bbr *b) { return most(b->max_bw[0], b->max_bw[1]); }
uint64_t bbr_bw(const struct bbr *b) { return least(bbr_max_bw(b), b->bw_shortterm); }

uint32_t bbr_bdp(const struct cc *c, const struct bbr *b, uint64_t bw, uint32_t percent)
{
    if (b->min_rtt_us == UINT32_MAX || bw == 0)
        return volume((uint64_t)c->initial_window * percent / 100);
    return volume(bw * b->min_rtt_us / MICROSECONDS * percent / 100);
}

/* BBR 5.6.3, 5.5.8.1 */
static uint32_t offload_budget(const struct cc *c)
{
    uint64_t quantum = most(least(c->pacing_rate / 1000, QUANTUM_MOST), 2 * c->smss);
    return (uint32_t)(3 * quantum);
}

/* BBR 5.6.4.2: QuantizationBudget */
static uint32_t quantized(const struct cc *c, const struct bbr *b, uint64_t inflight)
{
    inflight = most(most(inflight, offload_budget(c)), bbr_min_cwnd(c));
    if (b->phase == BBR_UP)
        inflight += 2 * c->smss;
    return volume(inflight);
}

uint32_t bbr_inflight(const struct cc *c, const struct bbr *b, uint64_t bw, uint32_t percent)
{
    return quantized(c, b, bbr_bdp(c, b, bw, percent));
}

uint32_t bbr_max_inflight(const struct cc *c, const struct bbr *b, uint32_t percent)
{
    uint64_t extra = most(b->extra[0], b->extra[1]);
    return quantized(c, b, bbr_bdp(c, b, bbr_bw(b), percent) + extra);
}

/* BBR 5.3.3.9: InflightWithHeadroom */
uint32_t bbr_with_headroom(const struct cc *c, const struct bbr *b)
{
    if (b->inflight_longterm == BBR_NO_LIMIT)
        return BBR_NO_LIMIT;
    uint64_t headroom = most(c->smss, (uint64_t)b->inflight_longterm * HEADROOM / 100);
    uint64_t rest = b->inflight_longterm > headroom ? b->inflight_longterm - headroom : 0;
    return (uint32_t)most(rest, bbr_min_cwnd(c));
}

uint32_t bbr_target_inflight(const struct cc *c, const struct bbr *b)
{
    return (uint32_t)least(bbr_bdp(c, b, bbr_bw(b), 100), c->cwnd);
}

uint32_t bbr_flight_then(const struct bbr *b)
{
    return b->peak_before != 0 ? (uint32_t)least(b->peak_before, b->peak) : b->peak;
}

/* RS.lost, BBR 5.5.10.2: in the round trip up to now, so of the round before as much as is left. */
static uint32_t lost_since(const struct bbr *b)
{
    if (b->round_delivered >= b->delivered_before)
        return b->round_lost;
    uint64_t left = b->delivered_before - b->round_delivered;
    return volume(b->round_lost + b->lost_before * left / b->delivered_before);
}

/* More than LossThresh, 2 %, of what was sent: BBR 5.5.10.2. */
bool bbr_too_much_lost(const struct bbr *b)
{
    return lost_since(b) > bbr_flight_then(b) / 50;
}

bool bbr_too_much_lost_in_round(const struct bbr *b)
{
    return b->round_lost > bbr_flight_then(b) / 50;
}

/* BBR 5.5.10.2, InflightAtLoss: which part of the volume crossed the threshold, as one ACK may tell
 * of many losses. */
uint32_t bbr_flight_at_loss(const struct bbr_step *s)
{
    uint32_t then = bbr_flight_then(s->b);
    if (then < s->ack->lost)
        return then;
    uint32_t before = then - s->ack->lost, lost_before = lost_since(s->b) - s->ack->lost;
    if (before / 50 <= lost_before)
        return before;
    return before + (before / 50 - lost_before) / 49 * 50;      /* / (1 - LossThresh) */
}

/* BBR 5.6.4.4 */
void bbr_save_cwnd(const struct cc *c, struct bbr *b)
{
    if (!b->in_recovery && b->phase != BBR_PROBE_RTT)
        b->prior_cwnd = c->cwnd;
    else
        b->prior_cwnd = (uint32_t)most(b->prior_cwnd, c->cwnd);
}

/* BBR 5.5.10.2: NoteLoss; BBR 5.5.11.1: what undo gives back is of before the recovery. */
void bbr_note_loss(struct cc *c, struct bbr *b)
{
    if (!b->loss_in_round && !b->in_recovery) {
        bbr_save_cwnd(c, b);
        b->undo = BBR_UNDO_NOTHING;
        b->undo_bw_shortterm = b->bw_shortterm;
        b->undo_inflight_shortterm = b->inflight_shortterm;
        b->undo_inflight_longterm = b->inflight_longterm;
    }
    b->loss_in_round = true;
}

/* BBR 5.5.1. A phase that begins in the middle of a round waits for the end of the next one: only
 * what was sent in the phase shall speak for it. */
static void update_round(struct bbr_step *s)
{
    struct bbr *b = s->b;
    uint64_t before = (uint64_t)s->ack->in_flight + s->ack->acked + s->ack->lost;
    b->peak = volume(most(b->peak, before));
    b->round_delivered = volume((uint64_t)b->round_delivered + s->ack->acked);
    b->delivered = volume((uint64_t)b->delivered + s->ack->acked);
    s->cwnd_limited = most(b->peak, b->peak_before) + 2 * s->c->smss >= s->c->cwnd;
    if (!s->ack->round)
        return;
    s->round = !b->partial_round;
    b->partial_round = false;
    if (s->round && b->rounds_since_probe < UINT32_MAX)
        b->rounds_since_probe++;
}

/* BBR 5.5.5. An application's pace says nothing about the path, unless it is a record. */
static void update_max_bw(struct bbr_step *s)
{
    uint64_t rate = least(s->ack->delivery_rate, RATE_MOST);
    s->b->bw_latest = most(s->b->bw_latest, rate);
    if (rate > 0 && (rate >= bbr_max_bw(s->b) || !s->app_limited))
        s->b->max_bw[1] = most(s->b->max_bw[1], rate);
}

/* BBR 5.5.10.3: once per round, and not while we push ourselves. The bounds go down to what was
 * delivered, by 30 % at most. */
static void adapt_lower_bounds(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (!b->loss_in_round || b->phase == BBR_STARTUP || b->phase == BBR_REFILL
        || b->phase == BBR_UP)
        return;
    if (b->bw_shortterm == BBR_NO_RATE)
        b->bw_shortterm = bbr_max_bw(b);
    if (b->inflight_shortterm == BBR_NO_LIMIT)
        b->inflight_shortterm = s->c->cwnd;
    b->bw_shortterm = most(b->bw_latest, b->bw_shortterm * BETA / 100);
    b->inflight_shortterm = (uint32_t)most(b->round_delivered,
                                           (uint64_t)b->inflight_shortterm * BETA / 100);
}

/* BBR 5.5.9. Two halves of a window of rounds, the older one dropped as a whole. */
static void update_aggregation(struct bbr_step *s)
{
    struct bbr *b = s->b;
    uint32_t now_us = (uint32_t)(s->ack->now / US(1));
    uint64_t interval = least(now_us - b->extra_since_us, RTT_MOST);
    uint64_t expected = bbr_bw(b) == 0 ? 0 : bbr_bw(b) * interval / MICROSECONDS;
    if (s->round && ++b->extra_rounds >= (b->full_bw_reached ? BBR_EXTRA_ROUNDS : 1)) {
        b->extra_rounds = 0;
        b->extra[0] = b->full_bw_reached ? b->extra[1] : 0;
        b->extra[1] = 0;
    }
    if (b->extra_delivered <= expected) {
        b->extra_delivered = 0;
        b->extra_since_us = now_us;
        expected = 0;
    }
    b->extra_delivered = volume((uint64_t)b->extra_delivered + s->ack->acked);
    uint64_t extra = b->extra_delivered > expected ? b->extra_delivered - expected : 0;
    b->extra[1] = (uint32_t)most(b->extra[1], least(extra, s->c->cwnd));
}

/* BBR 5.3.1.2. The best sample of the round is asked, not the last: one ACK that stands for many
 * segments makes single samples uneven. */
static void check_full_bw(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (b->full_bw_now || !s->round || s->app_limited)
        return;
    if (b->bw_latest * 4 >= b->full_bw * 5) {
        bbr_reset_full_bw(b, b->bw_latest);
        return;
    }
    b->full_bw_count++;
    b->full_bw_now = b->full_bw_count >= BBR_PLATEAU;
    if (b->full_bw_now)
        b->full_bw_reached = true;
}

/* What comes before the state machine. */
void bbr_before_state(struct bbr_step *s)
{
    update_round(s);
    update_max_bw(s);
    if (s->ack->round)
        adapt_lower_bounds(s);
    update_aggregation(s);
    check_full_bw(s);
}

/* BBR 5.3.4.3 */
bool bbr_update_min_rtt(struct bbr_step *s)
{
    struct bbr *b = s->b;
    uint32_t now = bbr_ms(s->ack->now);
    uint32_t rtt = s->ack->rtt_us < RTT_MOST ? s->ack->rtt_us : RTT_MOST;
    bool expired = now - b->probe_rtt_min_ms > PROBE_RTT_MS;
    if (rtt != 0 && (rtt < b->probe_rtt_min_us || expired)) {
        b->probe_rtt_min_us = rtt;
        b->probe_rtt_min_ms = now;
    }
    if (b->probe_rtt_min_us < b->min_rtt_us || now - b->min_rtt_ms > MIN_RTT_MS) {
        b->min_rtt_us = b->probe_rtt_min_us;
        b->min_rtt_ms = b->probe_rtt_min_ms;
    }
    return expired;
}

/* What comes after it: a new round begins. */
void bbr_after_state(struct bbr_step *s)
{
    struct bbr *b = s->b;
    if (!s->ack->round)
        return;
    b->bw_latest = least(s->ack->delivery_rate, RATE_MOST);
    b->loss_in_round = false;
    b->loss_events = 0;
    b->recovery_round = b->in_recovery;
    b->peak_before = b->peak;
    b->peak = s->ack->in_flight;
    b->delivered_before = b->round_delivered;
    b->lost_before = b->round_lost;
    b->round_delivered = b->round_lost = 0;
    if (b->phase != BBR_PROBE_RTT && !b->partial_round)
        b->low_samples = false;
}
