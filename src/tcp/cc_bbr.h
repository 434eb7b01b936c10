/* cc_bbr.h - what the parts of BBR share: the model of the path, and one acknowledgment on its way
 * through them. `BBR 5.3` in comments is a section of draft-ietf-ccwg-bbr-06, whose names these
 * are. cc_bbr.c is the seam and sets cwnd and the pacing rate, cc_bbr_model.c keeps the model,
 * cc_bbr_phases.c is the state machine. */
#ifndef TCP_CC_BBR_H
#define TCP_CC_BBR_H

#include "tcp/cc.h"

enum bbr_phase {
    BBR_STARTUP, BBR_DRAIN,
    BBR_DOWN, BBR_CRUISE, BBR_REFILL, BBR_UP,           /* ProbeBW */
    BBR_PROBE_RTT
};

/* What the ACKs of now tell about a probe, BBR 2.14. */
enum bbr_acks {
    BBR_ACKS_INIT, BBR_ACKS_REFILLING, BBR_ACKS_STARTING, BBR_ACKS_FEEDBACK, BBR_ACKS_STOPPING
};

enum bbr_undo { BBR_UNDO_NOTHING, BBR_UNDO_STARTUP, BBR_UNDO_UP };

enum {
    BBR_PLATEAU = 3,                    /* rounds without 25 % more, BBR 5.3.1.2 */
    BBR_DRAIN_ROUNDS = 3,               /* BBR 5.3.2 */
    BBR_LOSS_EVENTS = 6,                /* BBR 5.3.1.3 */
    BBR_EXTRA_ROUNDS = 5,               /* two halves of ExtraAckedFilterLen, BBR 2.12 */
    BBR_RENO_ROUNDS = 63,               /* BBR 5.3.3.8.3 */
    BBR_MIN_SEGMENTS = 4                /* MinPipeCwnd, BBR 2.8 */
};

#define BBR_NO_LIMIT UINT32_MAX
#define BBR_NO_RATE UINT64_MAX
#define BBR_CWND_MOST ((uint32_t)1 << 30)       /* the largest window of TCP (RFC 7323 2.3) */

/* All in CC_STATE words of struct cc. Rates are octets per second, volumes octets; `_ms` and
 * `_us` are the low 32 bits of the clock in that unit: what is older than a turn of 49 days (71
 * minutes) costs one probe too many or too few. */
struct bbr {
    uint64_t max_bw[2];                 /* of the previous and of this cycle, BBR 5.5.6 */
    uint64_t bw_shortterm, undo_bw_shortterm;
    uint64_t full_bw;                   /* the baseline of the plateau, BBR 5.3.1.2 */
    uint64_t bw_latest;                 /* the most of this round */

    uint32_t inflight_longterm, undo_inflight_longterm;
    uint32_t inflight_shortterm, undo_inflight_shortterm;
    uint32_t prior_cwnd;
    uint32_t min_rtt_us, min_rtt_ms;                /* UINT32_MAX: none yet; and when it was seen */
    uint32_t probe_rtt_min_us, probe_rtt_min_ms;
    uint32_t probe_rtt_done_ms;
    uint32_t cycle_ms, wait_ms;         /* when the cycle began, and how long it may wait */
    uint32_t rounds_since_probe;
    uint32_t probe_up_acked, probe_up_acked_per_inc;
    uint32_t extra_since_us, extra_delivered, extra[2];
    uint32_t round_delivered, round_lost;           /* in this round */
    uint32_t delivered_before, lost_before;         /* in the round before */
    uint32_t peak, peak_before;         /* the most in flight, this round and the one before */
    uint32_t delivered;                 /* in all, as far as the initial window */

    uint32_t phase : 3, acks : 3, undo : 2, full_bw_count : 2, up_rounds : 5, drain_rounds : 3;
    uint32_t loss_events : 3, extra_rounds : 3, repair_rounds : 2;
    uint32_t full_bw_reached : 1, full_bw_now : 1, probe_sample : 1, loss_in_round : 1;
    uint32_t idle_restart : 1, too_high : 1, precautionary : 1;
    uint32_t in_recovery : 1, recovery_round : 1, partial_round : 1;
    uint32_t probe_rtt_timed : 1, probe_rtt_round : 1, has_rtt : 1, low_samples : 1;
};

/* One acknowledgment. */
struct bbr_step {
    struct cc *c;
    struct bbr *b;
    const struct cc_ack *ack;
    bool round;                         /* a round since the phase began has ended */
    bool app_limited;                   /* the rate sample is a lower bound */
    bool cwnd_limited;                  /* cwnd was in use */
};

static inline uint32_t bbr_ms(aksu_time now) { return (uint32_t)(now / MS(1)); }

static inline bool bbr_in_probe_bw(const struct bbr *b)
{
    return b->phase >= BBR_DOWN && b->phase <= BBR_UP;
}

static inline uint32_t bbr_min_cwnd(const struct cc *c) { return BBR_MIN_SEGMENTS * c->smss; }

/* cc_bbr_model.c */
void bbr_model_init(struct bbr *b, const struct cc *c, aksu_time now);
uint64_t bbr_max_bw(const struct bbr *b);
uint64_t bbr_bw(const struct bbr *b);
/* `percent` of bw * min_rtt; the initial window while there is no RTT. */
uint32_t bbr_bdp(const struct cc *c, const struct bbr *b, uint64_t bw, uint32_t percent);
/* ... with what offloads need on the way (BBR 5.6.4.2), and of the present bw with what
 * aggregation holds back as well. */
uint32_t bbr_inflight(const struct cc *c, const struct bbr *b, uint64_t bw, uint32_t percent);
uint32_t bbr_max_inflight(const struct cc *c, const struct bbr *b, uint32_t percent);
uint32_t bbr_with_headroom(const struct cc *c, const struct bbr *b);
uint32_t bbr_target_inflight(const struct cc *c, const struct bbr *b);
/* What was in flight when the segments that are acknowledged now were sent. */
uint32_t bbr_flight_then(const struct bbr *b);
bool bbr_too_much_lost(const struct bbr *b);            /* in the round trip up to now */
bool bbr_too_much_lost_in_round(const struct bbr *b);   /* at the end of one */
uint32_t bbr_flight_at_loss(const struct bbr_step *s);
void bbr_before_state(struct bbr_step *s);
bool bbr_update_min_rtt(struct bbr_step *s);            /* true: a new probe of the RTT is due */
void bbr_after_state(struct bbr_step *s);
void bbr_note_loss(struct cc *c, struct bbr *b);
void bbr_save_cwnd(const struct cc *c, struct bbr *b);
void bbr_reset_full_bw(struct bbr *b, uint64_t bw);
void bbr_reset_shortterm(struct bbr *b);

/* cc_bbr_phases.c */
void bbr_enter_startup(struct bbr *b);
void bbr_start_refill(struct bbr *b);
void bbr_phases(struct bbr_step *s);
void bbr_inflight_too_high(struct cc *c, struct bbr *b, uint32_t inflight, bool app_limited,
                           aksu_time now);
void bbr_startup_too_high(struct cc *c, struct bbr *b);
/* ProbeRTT has lasted long enough: leaves it. */
void bbr_probe_rtt_done(struct cc *c, struct bbr *b, aksu_time now);

#endif
