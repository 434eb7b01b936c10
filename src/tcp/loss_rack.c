/* loss_rack.c - RACK: a segment is lost when one that was sent later has arrived and the reordering
 * window has passed (RFC 8985 6). Behind loss.h; the probe of TLP is in tail_loss_probe.c. */
#include "tcp/loss.h"

enum { DUP_THRESHOLD = 3, PERSIST = 16, MULT_MOST = 255 };

static void init(struct loss *l, seq_t iss)
{
    l->recover = iss;
    l->xmit_at = 0;
    l->end_seq = l->fack = iss;
    l->rtt_us = 0;
    l->segs_sacked = l->reordering = 0;
    l->reo_wnd_mult = 1;
    l->reo_wnd_persist = 0;
    l->reordering_seen = l->dsack_round_valid = false;
}

static uint32_t us_between(aksu_time from, aksu_time to)
{
    aksu_time us = to > from ? (to - from) / US(1) : 0;
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* RFC 8985 6.2 step 2: does the acknowledgment say something of the last transmission? What is only
 * SACKed is answered with the echo of what arrived in order before (RFC 7323 4.3), so there the
 * echo says nothing. */
static bool is_ambiguous(const struct sent_run *s, uint32_t rtt_us, const struct loss_ack *a)
{
    if (s->times == 0)
        return false;
    uint32_t sent_at = (uint32_t)(s->at / MS(1)) + a->ts_offset;
    if (a->cumulative && a->has_echo && (int32_t)(a->ts_ecr - sent_at) < 0)
        return true;
    return a->min_rtt_us != UINT32_MAX && rtt_us < a->min_rtt_us;
}

/* RFC 8985 6.2 steps 2 and 3. */
static void on_delivered(struct loss *l, const struct sent_run *s, const struct loss_ack *a)
{
    if (seq_gt(s->right, l->fack)) {
        l->fack = s->right;
    } else if (seq_lt(s->right, l->fack) && s->times == 0) {
        uint32_t behind = (uint32_t)seq_diff(l->fack, s->left);
        l->reordering_seen = true;
        l->reordering = behind > l->reordering ? behind : l->reordering;
    }

    uint32_t rtt_us = us_between(s->at, a->now);
    if (is_ambiguous(s, rtt_us, a))
        return;
    l->rtt_us = rtt_us;
    if (sent_after(s->at, s->right, l->xmit_at, l->end_seq)) {
        l->xmit_at = s->at;
        l->end_seq = s->right;
    }
}

/* RFC 8985 6.2 step 4: DSACKs say that the window is too small. */
static void adapt_window(struct loss *l, const struct loss_ack *a)
{
    if (l->dsack_round_valid && seq_ge(a->ack, l->dsack_round))
        l->dsack_round_valid = false;
    if (!l->dsack_round_valid && a->dsack) {
        l->dsack_round = a->nxt;
        l->dsack_round_valid = true;
        if (l->reo_wnd_mult < MULT_MOST)
            l->reo_wnd_mult++;
        l->reo_wnd_persist = PERSIST;
    }
}

static void on_recovered(struct loss *l)
{
    if (l->reo_wnd_persist > 0 && --l->reo_wnd_persist == 0)
        l->reo_wnd_mult = 1;
}

/* In microseconds. RFC 8985 3.3.2, 6.2 step 4. */
static uint32_t reordering_window(const struct loss *l, const struct loss_ack *a)
{
    if (!l->reordering_seen && (a->recovering || l->segs_sacked >= DUP_THRESHOLD))
        return 0;
    uint64_t min_rtt = a->min_rtt_us == UINT32_MAX ? a->srtt_us : a->min_rtt_us;
    uint64_t window = min_rtt / 4 * l->reo_wnd_mult;
    window = window > l->reo_wnd_least_us ? window : l->reo_wnd_least_us;
    return window < a->srtt_us ? (uint32_t)window : a->srtt_us;
}

static aksu_time lost_at(const struct loss *l, const struct sent_run *s, uint32_t window_us)
{
    return s->at + US(l->rtt_us) + US(window_us);
}

/* RFC 8985 6.2 step 5. The runs that wait stand in the order of their transmission, so the first
 * one that is not old enough ends the search, and is the next that may become so. */
static void detect(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    uint32_t window_us = reordering_window(l, a);
    struct sent_run *later;
    for (struct sent_run *s = q->oldest; s != NULL && s->at <= l->xmit_at; s = later) {
        later = s->later;
        if (!sent_after(l->xmit_at, l->end_seq, s->at, s->right))
            continue;
        aksu_time at = lost_at(l, s, window_us);
        if (at > a->now) {
            a->look_again = at;
            return;
        }
        loss_mark(q, s, a);
    }
}

static enum loss_verdict on_ack(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    uint32_t before = q->lost;
    if (q->sacked == 0)
        l->segs_sacked = 0;
    adapt_window(l, a);
    detect(l, q, a);
    return q->lost != before ? LOSS_ENTER : LOSS_NONE;
}

/* RFC 8985 6.3: the first one, and those that were sent long enough ago. */
static void on_rto(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    uint32_t window_us = reordering_window(l, a);
    struct sent_run *later;
    if (q->first != NULL && q->first->state == SENT_WAITING)
        loss_mark(q, q->first, a);
    for (struct sent_run *s = q->oldest; s != NULL; s = later) {
        later = s->later;
        if (lost_at(l, s, window_us) <= a->now)
            loss_mark(q, s, a);
    }
}

const struct loss_ops loss_rack = {
    .name = "rack", .sack = true, .init = init, .on_delivered = on_delivered, .on_ack = on_ack,
    .on_rto = on_rto, .on_recovered = on_recovered,
};
