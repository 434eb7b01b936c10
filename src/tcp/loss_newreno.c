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

static enum loss_verdict on_duplicate(struct loss *l, const struct loss_ack *a)
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
    return LOSS_ENTER;
}

static enum loss_verdict on_ack(struct loss *l, const struct loss_ack *a)
{
    if (a->duplicate)
        return on_duplicate(l, a);
    if (seq_le(a->ack, a->una))
        return LOSS_NONE;

    l->dup_acks = 0;
    /* What is behind the oldest outstanding octet cannot matter any more, and must not wrap. */
    if (!l->recovering) {
        if (l->recover_valid && seq_gt(a->ack, l->recover))
            l->recover_valid = false;
        return LOSS_NONE;
    }
    if (seq_lt(a->ack, l->recover))
        return LOSS_PARTIAL;                    /* RFC 6582 3.2 (3) */
    l->recovering = false;
    return LOSS_RECOVERED;
}

static void on_rto(struct loss *l, seq_t nxt)
{
    l->recover = nxt;                           /* RFC 6582 3.2 (4) */
    l->recover_valid = true;
    l->recovering = false;
    l->dup_acks = 0;
}

const struct loss_ops loss_newreno = { "newreno", init, on_ack, on_rto };
