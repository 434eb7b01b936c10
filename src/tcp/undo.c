/* undo.c - recovery that was a mistake, found by F-RTO (RFC 5682 3.1), by the timestamp echo
 * (RFC 3522 3.2) or by DSACK (RFC 3708 2): the window is what it was before (RFC 4015 3.2).
 * Called by recovery.c and output.c. */
#include "tcp/core.h"

/* What was sent again in an earlier recovery and is still under way belongs to this one as well: it
 * would be taken for what this one sent too early. */
void undo_begin(struct tcp *t)
{
    struct sender *o = t->out;
    o->undo_possible = true;
    o->undo_from = t->snd.una;
    if (o->undo_by_dsack && seq_lt(t->snd.una, o->undo_to))
        return;
    o->undo_by_dsack = false;
    o->undo_left = 0;
}

/* A DSACK would have come by now. The numbers are forgotten before they come round again. */
void undo_is_late(struct sender *o, const struct news *n)
{
    o->undo_possible = false;
    if (seq_ge(n->loss.ack, o->undo_to))
        o->undo_by_dsack = false;
}

void undo_sent_again(struct tcp *t, const struct sent_run *s, aksu_time now)
{
    struct sender *o = t->out;
    o->undo_to = o->undo_by_dsack ? seq_max(o->undo_to, s->right) : s->right;
    if (!o->undo_by_dsack)
        o->undo_ts = tcp_ts_clock(t, now);
    o->undo_by_dsack = true;
    o->undo_left += sent_length(s);
}

static bool in_this_round(const struct tcp *t, aksu_time now)
{
    return now - t->out->undone_at < US(t->srtt_us);
}

static void note_undone(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    if (!in_this_round(t, now)) {
        o->undone_at = now;
        o->undone = 0;
    }
    o->undone += o->queue.lost;
}

/* In a round trip no more than what is outstanding. A peer that lies would have all of it marked
 * and unmarked with every two acknowledgments. */
static bool enough_undone(const struct tcp *t, aksu_time now)
{
    return in_this_round(t, now) && t->out->undone > t->out->queue.octets;
}

/* RFC 4015 3.2 (9): nothing was lost, but something was marked, and the window stays. */
static void keep_window(struct sender *o)
{
    if (o->recovery == RECOVERY_FAST && !o->cc.ops->own_recovery)
        o->cc.cwnd = o->cc.ssthresh;            /* as at the end of any recovery */
}

static bool undo(struct tcp *t, const struct news *n, const char *why)
{
    struct sender *o = t->out;
    note_undone(t, n->loss.now);
    sent_unmark_lost(&o->queue);                /* it waits for its acknowledgment as before */
    if (n->echo || o->echoed) {
        keep_window(o);
    } else {
        o->cc.ops->undo(&o->cc, n->loss.now);
        ecn_withdraw(t);
    }
    o->loss.recovering = o->loss.recover_valid = false;    /* RFC 5682 2.1 (3b) */
    o->recovery = RECOVERY_NONE;
    o->undo_possible = o->frto = o->new_first = o->resend_now = false;
    t->backoff = 0;
    t->may_send = true;
    TCP_EMIT(t, n->loss.now, undo, .cwnd = o->cc.cwnd, .why = why);
    return true;
}

/* RFC 8985 3.3.2: what was overtaken and then sent again too early has been reordered, as much as
 * what came in time to be left alone (RFC 8985 6.2 step 3). */
static bool undo_reordered(struct tcp *t, const struct news *n, const char *why)
{
    if (t->out->recovery == RECOVERY_FAST)
        t->out->loss.reordering_seen = true;
    return undo(t, n, why);
}

/* RFC 3522 3.2 (3): the echo is older than the first retransmission, so the original arrived. */
static bool echo_is_older(const struct sender *o, const struct news *n)
{
    return o->undo_by_dsack && n->loss.has_echo && (int32_t)(n->loss.ts_ecr - o->undo_ts) < 0
        && n->again_arrived && seq_gt(n->loss.ack, n->loss.una);
}

/* RFC 3708 2: everything that was sent again has been reported twice. */
static bool all_reported(struct sender *o, const struct news *n)
{
    if (!o->undo_by_dsack || !n->loss.dsack || n->dsack_copy || seq_lt(n->dsack_left, o->undo_from)
        || seq_gt(n->dsack_right, n->loss.nxt))
        return false;
    uint32_t octets = (uint32_t)seq_diff(n->dsack_right, n->dsack_left);
    o->undo_left -= octets < o->undo_left ? octets : o->undo_left;
    return o->undo_left == 0;
}

/* RFC 5682 3.1 (3b), RFC 5682 2.1 (3b): something of before the timeout has arrived, and nothing
 * that was sent since then. */
static bool frto_says_spurious(const struct sender *o, const struct news *n)
{
    return o->frto && o->new_first && n->original_arrived && !n->later_arrived
        && (o->loss.ops->sack || seq_gt(n->loss.ack, n->loss.una));
}

bool undo_check(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    if (!o->undo_possible)
        return false;
    if (frto_says_spurious(o, n))
        return undo(t, n, "F-RTO");
    if (enough_undone(t, n->loss.now))
        return false;
    if (echo_is_older(o, n))
        return undo_reordered(t, n, "timestamp echo");
    return all_reported(o, n) && undo_reordered(t, n, "DSACK");
}

/* RFC 5682 2.1 (1), 3.1 (1): once more for the same segment, but neither in fast recovery nor for
 * another segment of an earlier timeout. */
void frto_begin(struct tcp *t, bool again)
{
    struct sender *o = t->out;
    bool under_way = o->recovery != RECOVERY_NONE && seq_gt(o->recover, t->snd.una);
    if (!o->loss.ops->sack && o->loss.recover_valid && seq_gt(o->loss.recover, t->snd.una))
        under_way = true;                      /* of NewReno; without SACK it has no RTO recovery */
    o->frto = again ? o->frto : !under_way;
    o->new_first = false;
}

/* The second acknowledgment proved nothing. RFC 5682 2.1 (3a), 3.1 (3a) */
static void frto_was_real(struct sender *o)
{
    uint32_t most = 3 * o->cc.smss;
    o->frto = o->new_first = false;
    if (o->cc.cwnd > most)
        o->cc.cwnd = most;
}

/* RFC 5682 2.1 (2), 3.1 (2); what proves the timeout spurious is found by undo_check. A duplicate
 * says without SACK that something is missing; with SACK the next one is waited for. */
void frto_on_ack(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    bool advances = seq_gt(n->loss.ack, n->loss.una);
    bool counts = advances || n->loss.duplicate || n->loss.new_sack;
    if (!o->frto || !counts)                    /* others are ignored */
        return;
    if (o->new_first) {
        frto_was_real(o);
    } else if (!advances) {
        o->frto = o->loss.ops->sack;
    } else {
        const struct sent_run *first = o->queue.first;
        bool all_of_it = first != NULL && first->times == 0;
        o->frto = all_of_it && seq_lt(n->loss.ack, o->recover) && has_new_text(t);
        o->new_first = o->frto;                 /* two new segments at most: cwnd is no larger */
    }
}
