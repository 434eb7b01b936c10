/* loss_newreno.c - loss detection by duplicate acknowledgments without SACK: fast retransmit
 * (RFC 5681 3.2), NewReno's partial acknowledgments (RFC 6582 3.2), limited transmit (RFC 3042 2).
 * Behind loss.h. */
#include "tcp/loss.h"

enum { DUP_THRESHOLD = 3 };

static void init(struct loss *l, seq_t iss)
{
    l->recover = iss;                           /* RFC 6582 3.2 (1) */
    l->recover_valid = true;
    l->dup_acks = 0;
    l->recovering = false;
}

/* The one segment at SND.UNA. */
static void first_is_lost(struct sent_queue *q, struct loss_ack *a)
{
    struct sent_run *s = q->first;
    if (s == NULL || s->state != SENT_WAITING)
        return;
    if (sent_length(s) > a->smss)
        (void)sent_split(q, s, seq_add(s->left, a->smss));
    loss_mark(q, s, a);
}

static enum loss_verdict on_duplicate(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    if (l->dup_acks < UINT16_MAX)
        l->dup_acks++;
    if (l->recovering)
        return LOSS_DUPLICATE;
    if (l->dup_acks < DUP_THRESHOLD)
        return LOSS_LIMITED_TRANSMIT;
    /* RFC 6582 3.2 (2): not for segments that were sent before the last recovery began. */
    if (l->dup_acks > DUP_THRESHOLD || (l->recover_valid && seq_le(a->ack, l->recover)))
        return LOSS_NONE;
    l->recover = a->nxt;
    l->recover_valid = true;
    l->recovering = true;
    first_is_lost(q, a);
    return LOSS_ENTER;
}

static enum loss_verdict on_ack(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    if (a->duplicate)
        return on_duplicate(l, q, a);
    if (seq_le(a->ack, a->una))
        return LOSS_NONE;

    l->dup_acks = 0;
    /* What is behind the oldest outstanding octet cannot matter any more, and must not wrap. */
    if (!l->recovering) {
        if (l->recover_valid && seq_gt(a->ack, l->recover))
            l->recover_valid = false;
        return LOSS_NONE;
    }
    if (seq_lt(a->ack, l->recover)) {
        first_is_lost(q, a);
        return LOSS_PARTIAL;                    /* RFC 6582 3.2 (3) */
    }
    l->recovering = false;
    return LOSS_RECOVERED;
}

/* RFC 5681 3.1, RFC 6298 5.4: everything, as slow start allows. */
static void on_rto(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    l->recover = a->nxt;                        /* RFC 6582 3.2 (4) */
    l->recover_valid = true;
    l->recovering = false;
    l->dup_acks = 0;
    for (struct sent_run *s = q->first; s != NULL; s = s->next)
        if (s->state == SENT_WAITING)
            loss_mark(q, s, a);
}

const struct loss_ops loss_newreno = {
    .name = "newreno", .init = init, .on_ack = on_ack, .on_rto = on_rto,
};
