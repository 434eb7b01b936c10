/* loss_sack.c - loss detection by SACK and a threshold (RFC 6675 4, 5). Behind loss.h; the window
 * and what may be sent are recovery.c's. */
#include "tcp/loss.h"

enum { DUP_THRESHOLD = 3 };

static void init(struct loss *l, seq_t iss)
{
    l->recover = l->marked = iss;
    l->dup_acks = 0;
}

/* RFC 6675 4 (NextSeg 1.a): HighRxt. Below it everything was sent again; a rescue, which lies
 * above, does not move it. */
static bool above_high_rxt(const struct loss *l, const struct sent_run *s)
{
    return s->times == 0 || (l->rescued && seq_ge(s->left, l->rescued_left));
}

static void lose(const struct loss *l, struct sent_queue *q, struct sent_run *s,
                 struct loss_ack *a)
{
    if (s->state == SENT_WAITING && above_high_rxt(l, s))
        loss_mark(q, s, a);
}

/* RFC 6675 4 (IsLost): below which point are there enough SACKed octets, or separate blocks? Far
 * below the highest one it is not looked for: what lies there was judged when it was near. */
static struct sent_run *judged_below(const struct sent_queue *q, uint32_t smss)
{
    uint32_t octets = 0, blocks = 0, steps = SENT_STEPS;
    struct sent_run *s = q->sacked > 0 ? q->top : NULL;
    for (; s != NULL && steps > 0; s = s->prev, steps--) {
        if (s->state != SENT_SACKED)
            continue;
        octets += sent_length(s);
        blocks++;
        if (octets > (DUP_THRESHOLD - 1) * smss || blocks >= DUP_THRESHOLD)
            return s->prev;
    }
    return NULL;
}

static void first_is_lost(const struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    struct sent_run *s = q->first;
    if (s == NULL || s->state != SENT_WAITING || s->times > 0)
        return;
    if (sent_length(s) > a->smss)
        (void)sent_split(q, s, seq_add(s->left, a->smss));
    lose(l, q, s, a);
}

/* RFC 6675 5 (4.3): no rescue before the first retransmission is acknowledged. */
static void begin(struct loss *l, const struct sent_queue *q, uint32_t smss)
{
    const struct sent_run *s = q->first;
    uint32_t length = sent_length(s) < smss ? sent_length(s) : smss;
    l->rescue_from = seq_add(s->left, length);
    l->rescued = false;
}

static enum loss_verdict on_ack(struct loss *l, struct sent_queue *q, struct loss_ack *a)
{
    uint32_t before = q->lost;
    if (seq_gt(a->ack, a->una))
        l->dup_acks = 0;
    if (seq_lt(l->marked, a->ack) || seq_gt(l->marked, a->nxt))
        l->marked = a->ack;                     /* or it is of 2 GiB ago */
    if (a->new_sack && l->dup_acks < UINT16_MAX)
        l->dup_acks++;                          /* RFC 6675 2 (DupAcks) */
    if (!a->new_sack)
        return LOSS_NONE;                       /* no evidence that was not judged before */
    struct sent_run *top = judged_below(q, a->smss);
    for (struct sent_run *s = top; s != NULL && seq_gt(s->right, l->marked); s = s->prev)
        lose(l, q, s, a);
    if (top != NULL)
        l->marked = seq_max(l->marked, top->right);
    if (!a->recovering && l->dup_acks >= DUP_THRESHOLD)         /* RFC 6675 5 (1) */
        first_is_lost(l, q, a);
    if (!a->recovering && q->lost != before)
        begin(l, q, a->smss);
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

/* At most `smss` of `s`, its end or its beginning; NULL: no memory. */
static struct sent_run *piece(struct sent_queue *q, struct sent_run *s, uint32_t smss, bool end)
{
    if (sent_length(s) <= smss)
        return s;
    if (!sent_split(q, s, end ? seq_sub(s->right, smss) : seq_add(s->left, smss)))
        return NULL;
    return end ? s->next : s;
}

/* RFC 6675 4 (NextSeg 3): a hole for whose loss there is too little evidence. */
static struct sent_run *hole_to_send(struct loss *l, struct sent_queue *q, uint32_t smss)
{
    struct sent_run *s = q->once_hint != NULL ? q->once_hint : q->first;
    if (q->sacked == 0)
        return NULL;
    while (s != NULL && seq_lt(s->left, q->top->left)
           && (s->state != SENT_WAITING || !above_high_rxt(l, s)))
        s = s->next;
    q->once_hint = s;
    return s != NULL && seq_lt(s->left, q->top->left) ? piece(q, s, smss, false) : NULL;
}

/* RFC 6675 4 (NextSeg 4): once, the highest octets that are not SACKed. */
static struct sent_run *rescue(struct loss *l, struct sent_queue *q, uint32_t smss)
{
    if (l->rescued || seq_lt(q->first->left, l->rescue_from))
        return NULL;
    struct sent_run *s = q->last;
    while (s != NULL && s->state == SENT_SACKED)
        s = s->prev;
    if (s == NULL || s->state != SENT_WAITING || s->times > 0)
        return NULL;
    s = piece(q, s, smss, true);
    l->rescued = s != NULL;
    if (s != NULL)
        l->rescued_left = s->left;
    return s;
}

static struct sent_run *last_resort(struct loss *l, struct sent_queue *q, uint32_t smss)
{
    struct sent_run *s = hole_to_send(l, q, smss);
    return s != NULL ? s : rescue(l, q, smss);
}

const struct loss_ops loss_sack = {
    .name = "sack", .sack = true, .init = init, .on_ack = on_ack, .on_rto = on_rto,
    .last_resort = last_resort,
};
