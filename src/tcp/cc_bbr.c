/* cc_bbr.c - BBR congestion control, version 3 (draft-ietf-ccwg-bbr-06): the seam, and what the
 * model makes of cwnd and the pacing rate (BBR 5.6). Called through cc.h by TCP and by datagram
 * flows.
 *
 * Rounds, delivery rate and the end of recovery come from the owner. Left out, as the seam does not
 * carry it: the volume in flight is known per round instead of per segment (cc_bbr_model.c), lost
 * ranges are counted per acknowledgment, and the size of a burst is the owner's affair. The draft
 * leaves the response to ECN open: CE counts as loss above the threshold when a probe caused it, as
 * loss of a round otherwise (BBR 3.7). */
#include "base/bytes.h"
#include "tcp/cc_bbr.h"

enum { REPAIR_ROUNDS = 3 };

/* Gains in percent by phase, BBR 5.6.1. */
static const uint16_t pacing_gain[] = { 277, 50, 90, 100, 100, 125, 100 };
static const uint16_t cwnd_gain[] = { 200, 200, 200, 200, 200, 225, 50 };

_Static_assert(sizeof(struct bbr) <= CC_STATE * sizeof(uint64_t), "BBR's state fits the seam");

/* The seam keeps words: a copy in, a copy out. */
static struct bbr load(const struct cc *c)
{
    struct bbr b;
    memcpy(&b, c->state, sizeof b);
    return b;
}

static void store(struct cc *c, const struct bbr *b)
{
    memcpy(c->state, b, sizeof *b);
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* BBR 5.6.2: 1 % below the estimate, so that queues shrink; raised only until the pipe is full. */
static void set_pacing_rate(struct cc *c, const struct bbr *b, uint32_t percent)
{
    uint64_t rate = bbr_bw(b) * percent * 99 / 10000;
    if (rate < c->smss)
        rate = c->smss;
    if (b->full_bw_reached || rate > c->pacing_rate)
        c->pacing_rate = rate;
}

/* BBR 5.6.2: InitPacingRate */
static void init_pacing_rate(struct cc *c, uint32_t rtt_us)
{
    uint64_t rate = (uint64_t)c->initial_window * 1000000 / rtt_us;
    c->pacing_rate = rate * pacing_gain[BBR_STARTUP] / 100;
    if (c->pacing_rate < c->smss)
        c->pacing_rate = c->smss;
}

static void init(struct cc *c, aksu_time now)
{
    struct bbr b;
    bbr_model_init(&b, c, now);
    bbr_enter_startup(&b);
    init_pacing_rate(c, 1000);
    store(c, &b);
}

/* BBR 5.6.4.7: BoundCwndForModel */
static uint32_t bound_of_model(const struct cc *c, const struct bbr *b)
{
    uint32_t cap = BBR_NO_LIMIT;
    if (b->phase == BBR_PROBE_RTT || b->phase == BBR_CRUISE)
        cap = bbr_with_headroom(c, b);
    else if (bbr_in_probe_bw(b))
        cap = b->inflight_longterm;
    cap = least(cap, b->inflight_shortterm);
    if (b->phase == BBR_PROBE_RTT)              /* BBR 5.6.4.5 */
        cap = least(cap, bbr_bdp(c, b, bbr_bw(b), cwnd_gain[BBR_PROBE_RTT]));
    return most(cap, bbr_min_cwnd(c));
}

/* BBR 5.6.4.6 */
static void set_cwnd(struct cc *c, const struct bbr *b, uint32_t acked)
{
    uint32_t inflight = bbr_max_inflight(c, b, cwnd_gain[b->phase]);
    uint64_t grown = (uint64_t)c->cwnd + acked;
    uint32_t cwnd = grown < BBR_CWND_MOST ? (uint32_t)grown : BBR_CWND_MOST;
    if (b->full_bw_reached)
        c->cwnd = least(cwnd, inflight);
    else if (c->cwnd < inflight || b->delivered < c->initial_window)
        c->cwnd = cwnd;
    c->cwnd = most(c->cwnd, bbr_min_cwnd(c));
    c->cwnd = least(c->cwnd, bound_of_model(c, b));
}

/* BBR 5.5.10.2: HandleLostPacket */
static void handle_loss(struct bbr_step *s)
{
    struct bbr *b = s->b;
    bbr_note_loss(s->c, b);
    if (b->loss_events < BBR_LOSS_EVENTS)
        b->loss_events++;
    b->round_lost = least(b->round_lost + s->ack->lost, BBR_NO_LIMIT / 2);
    if (b->probe_sample && bbr_too_much_lost(b))
        bbr_inflight_too_high(s->c, b, bbr_flight_at_loss(s), s->app_limited, s->ack->now);
}

static void restore_cwnd(struct cc *c, struct bbr *b)
{
    if (b->in_recovery)
        c->cwnd = most(c->cwnd, b->prior_cwnd);
    b->in_recovery = false;
}

/* An owner without SACK does not say when the repair after a timeout is over: three rounds on. */
static void follow_recovery(struct cc *c, struct bbr *b, const struct cc_ack *ack)
{
    if (ack->recovering) {
        b->in_recovery = true;
        b->repair_rounds = 0;
    } else if (b->in_recovery && ack->round && ++b->repair_rounds == REPAIR_ROUNDS) {
        restore_cwnd(c, b);
    }
}

static void on_ack(struct cc *c, const struct cc_ack *ack)
{
    struct bbr b = load(c);
    struct bbr_step s = { .c = c, .b = &b, .ack = ack,
                          .app_limited = ack->rate_app_limited || b.low_samples };
    if (!b.has_rtt && ack->srtt_us != 0) {
        b.has_rtt = true;
        if (bbr_max_bw(&b) == 0)
            init_pacing_rate(c, ack->srtt_us);
    }
    follow_recovery(c, &b, ack);
    if (ack->lost > 0)
        handle_loss(&s);
    bbr_before_state(&s);
    bbr_phases(&s);
    bbr_after_state(&s);
    if (bbr_max_bw(&b) != 0)
        set_pacing_rate(c, &b, pacing_gain[b.phase]);
    set_cwnd(c, &b, ack->acked);
    store(c, &b);
}

/* Losses themselves arrive with the acknowledgments. */
static void on_congestion(struct cc *c, uint32_t in_flight, bool ecn, aksu_time now)
{
    struct bbr b = load(c);
    (void)in_flight;
    bbr_note_loss(c, &b);
    if (!ecn) {
        b.in_recovery = true;                   /* BBR 5.6.4.4: OnEnterFastRecovery */
    } else if (b.phase == BBR_STARTUP) {
        bbr_startup_too_high(c, &b);
    } else if (b.probe_sample) {
        bbr_inflight_too_high(c, &b, bbr_flight_then(&b), b.low_samples, now);
    }
    store(c, &b);
}

static void on_recovered(struct cc *c, aksu_time now)
{
    struct bbr b = load(c);
    (void)now;
    restore_cwnd(c, &b);
    store(c, &b);
}

/* BBR 5.6.4.4: OnEnterRTO, room for one segment when all that was in flight is taken for lost */
static void on_rto(struct cc *c, uint32_t in_flight, bool again, aksu_time now)
{
    struct bbr b = load(c);
    (void)in_flight;
    (void)again;
    (void)now;
    bbr_save_cwnd(c, &b);
    bbr_note_loss(c, &b);
    b.in_recovery = true;
    b.repair_rounds = 0;
    c->cwnd = c->smss;
    store(c, &b);
}

/* BBR 5.5.11.2 */
static void undo(struct cc *c, aksu_time now)
{
    struct bbr b = load(c);
    (void)now;
    c->cwnd = most(c->cwnd, b.prior_cwnd);
    b.in_recovery = b.loss_in_round = false;
    bbr_reset_full_bw(&b, 0);
    if (b.bw_shortterm < b.undo_bw_shortterm)
        b.bw_shortterm = b.undo_bw_shortterm;
    b.inflight_shortterm = most(b.inflight_shortterm, b.undo_inflight_shortterm);
    b.inflight_longterm = most(b.inflight_longterm, b.undo_inflight_longterm);
    if (b.undo == BBR_UNDO_STARTUP && b.phase != BBR_STARTUP) {
        b.full_bw_reached = false;
        if (b.phase != BBR_PROBE_RTT)
            bbr_enter_startup(&b);
    } else if (b.undo == BBR_UNDO_UP && b.phase != BBR_UP && b.phase != BBR_PROBE_RTT) {
        bbr_start_refill(&b);
    }
    b.undo = BBR_UNDO_NOTHING;
    store(c, &b);
}

/* BBR 5.4.1: the model is still good; it is left again at its own rate, not in a burst. */
static void after_idle(struct cc *c, aksu_time idle, aksu_time now)
{
    struct bbr b = load(c);
    (void)idle;
    b.idle_restart = true;
    b.extra_since_us = (uint32_t)(now / US(1));
    b.extra_delivered = 0;
    if (bbr_in_probe_bw(&b))
        set_pacing_rate(c, &b, 100);
    else if (b.phase == BBR_PROBE_RTT)
        bbr_probe_rtt_done(c, &b, now);
    store(c, &b);
}

const struct cc_ops cc_bbr = {
    .name = "bbr",
    .own_recovery = true, .wants_rate = true,
    .init = init,
    .on_ack = on_ack,
    .on_congestion = on_congestion,
    .on_recovered = on_recovered,
    .on_rto = on_rto,
    .undo = undo,
    .after_idle = after_idle
};
