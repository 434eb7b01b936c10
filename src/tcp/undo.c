/* undo.c - recovery that was a mistake, found by F-RTO (RFC 5682 3.1), by the timestamp echo
 * (RFC 3522 3.2) or by DSACK (RFC 3708 2): the window is what it was before (RFC 4015 3.2).
 * Called by recovery.c and output.c. */
#include "tcp/core.h"

void undo_begin(struct tcp *t)
{
    struct sender *o = t->out;
    o->undo_possible = true;
    o->undo_by_dsack = false;
    o->undo_from = t->snd.una;
    o->undo_left = 0;
}

void undo_sent_again(struct tcp *t, uint32_t octets, aksu_time now)
{
    struct sender *o = t->out;
    if (!o->undo_possible)
        return;
    if (!o->undo_by_dsack)
        o->undo_ts = tcp_ts_clock(t, now);
    o->undo_by_dsack = true;
    o->undo_left += octets;
}

/* What was deemed lost and not yet sent again waits for its acknowledgment as before. */
static void unmark(struct sent_queue *q)
{
    for (struct sent_run *s = q->last; s != NULL && q->lost > 0; s = s->prev)
        if (s->state == SENT_LOST)
            sent_unmark_lost(q, s);
}

static bool undo(struct tcp *t, const char *why, aksu_time now)
{
    struct sender *o = t->out;
    unmark(&o->queue);
    o->cc.ops->undo(&o->cc, now);
    if (o->recovery != RECOVERY_NONE && o->loss.ops->on_recovered != NULL)
        o->loss.ops->on_recovered(&o->loss);
    o->loss.recovering = false;
    o->recovery = RECOVERY_NONE;
    o->undo_possible = o->frto = o->new_first = o->resend_now = false;
    t->backoff = 0;
    t->may_send = true;
    TCP_EMIT(t, now, undo, .cwnd = o->cc.cwnd, .why = why);
    return true;
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
    if (!o->undo_by_dsack || !n->loss.dsack || seq_lt(n->dsack_left, o->undo_from)
        || seq_gt(n->dsack_right, n->loss.nxt))
        return false;
    uint32_t octets = (uint32_t)seq_diff(n->dsack_right, n->dsack_left);
    o->undo_left -= octets < o->undo_left ? octets : o->undo_left;
    return o->undo_left == 0;
}

bool undo_check(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    if (!o->undo_possible)
        return false;
    if (o->frto && o->recovery == RECOVERY_RTO && n->original_arrived)
        return undo(t, "F-RTO", n->loss.now);
    if (echo_is_older(o, n))
        return undo(t, "timestamp echo", n->loss.now);
    return all_reported(o, n) && undo(t, "DSACK", n->loss.now);
}

/* RFC 5682 3.1 (1): not for a second timeout, and not in fast recovery. */
void frto_begin(struct tcp *t, bool first)
{
    struct sender *o = t->out;
    o->frto = first && o->loss.ops->sack && o->recovery != RECOVERY_FAST;
    o->new_first = false;
}

static bool has_new_text(const struct tcp *t)
{
    return seq_gt(send_end(t), t->snd.nxt) && in_flight(t) < t->snd.wnd;
}

/* RFC 5682 3.1 (2), (3). What proves the timeout spurious is found by undo_check. */
void frto_on_ack(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    bool advances = seq_gt(n->loss.ack, n->loss.una);
    if (!o->frto)
        return;
    if (o->new_first) {
        o->new_first = false;
        o->frto = !n->loss.new_sack && !n->loss.duplicate && advances;
    } else if (advances && seq_lt(n->loss.ack, o->recover) && has_new_text(t)) {
        o->new_first = true;                    /* two new segments at most: cwnd is no larger */
    } else if (advances || n->loss.duplicate || n->loss.new_sack) {
        o->frto = false;
    }
}
