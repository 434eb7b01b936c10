/* loss_sack.c - loss detection by SACK and a threshold (RFC 6675 4, 5). Behind loss.h; the window
 * and what may be sent are recovery.c's. */
#include "tcp/loss.h"

enum { DUP_THRESHOLD = 3 };

static void init(struct loss *l, seq_t iss)
{
    l->recover = l->marked = iss;
    l->dup_acks = 0;
}

static void lose(struct sent_queue *q, struct sent_run *s, struct loss_ack *a)
{
    if (s->state == SENT_WAITING && s->times == 0)  /* above HighRxt: RFC 6675 4 (NextSeg 1) */
        loss_mark(q, s, a);
}

/* RFC 6675 4 (IsLost): below which point are there enough SACKed octets, or separate blocks? */
static struct sent_run *judged_below(const struct sent_queue *q, uint32_t smss)
{
    uint32_t octets = 0, blocks = 0;
    for (struct sent_run *s = q->last; s != NULL; s = s->prev) {
        if (s->state != SENT_SACKED)
            continue;
        octets += sent_length(s);
        blocks++;
        if (octets > (DUP_THRESHOLD - 1) * smss || blocks >= DUP_THRESHOLD)
            return s->prev;
    }
    return NULL;
}

static void first_is_lost(struct sent_queue *q, struct loss_ack *a)
{
    struct sent_run *s = q->first;
    if (s == NULL || s->state != SENT_WAITING || s->times > 0)
        return;
    if (sent_length(s) > a->smss)
        (void)sent_split(q, s, seq_add(s->left, a->smss));
    lose(q, s, a);
}

static enum loss_verdict on_ack(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    uint32_t before = q->lost;
    if (seq_gt(a->ack, a->una))
        l->dup_acks = 0;
    if (seq_lt(l->marked, a->ack))
        l->marked = a->ack;
    if (a->new_sack && l->dup_acks < UINT16_MAX)
        l->dup_acks++;                          /* RFC 6675 2 (DupAcks) */
    if (!a->new_sack && !a->recovering)
        return LOSS_NONE;
    struct sent_run *top = judged_below(q, a->smss);
    for (struct sent_run *s = top; s != NULL && seq_gt(s->right, l->marked); s = s->prev)
        lose(q, s, a);
    if (top != NULL)
        l->marked = seq_max(l->marked, top->right);
    if (!a->recovering && l->dup_acks >= DUP_THRESHOLD)         /* RFC 6675 5 (1) */
        first_is_lost(q, a);
    return q->lost != before ? LOSS_ENTER : LOSS_NONE;
}

/* RFC 6675 5.1 */
static void on_rto(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    l->dup_acks = 0;
    l->marked = a->una;
    for (struct sent_run *s = q->first; s != NULL; s = s->next)
        if (s->state == SENT_WAITING)
            loss_mark(q, s, a);
}

const struct loss_ops loss_sack = {
    .name = "sack", .sack = true, .init = init, .on_ack = on_ack, .on_rto = on_rto,
};
