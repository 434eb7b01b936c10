/* scoreboard.c - what an acknowledgment says about each run that was sent: acknowledged, SACKed
 * (RFC 2018 5, RFC 6675 4 Update), or reported twice (RFC 2883 4). Called by recovery.c. */
#include "tcp/core.h"

static void deliver(struct sender *o, struct sent_run *s, uint32_t octets, struct news *n)
{
    if (s->state == SENT_SACKED)
        return;                                 /* that was told before */
    n->delivered += octets;
    if (s->times > 0)
        n->again_arrived = true;
    else if (seq_lt(s->left, o->recover))
        n->original_arrived = true;
    else
        n->later_arrived = true;
    if (o->loss.ops->on_delivered != NULL)
        o->loss.ops->on_delivered(&o->loss, s, &n->loss);
    rate_delivered(o, s, octets, n);
}

static void count_down(struct loss *l, uint32_t octets, uint32_t smss)
{
    uint32_t segments = (octets + smss - 1) / smss;
    l->segs_sacked -= segments < l->segs_sacked ? segments : l->segs_sacked;
}

/* What is acknowledged cumulatively leaves the scoreboard. */
void scoreboard_acknowledge(struct sender *o, struct news *n)
{
    struct sent_queue *q = &o->queue;
    struct sent_run *s;
    n->loss.cumulative = true;
    while ((s = q->first) != NULL && seq_le(s->right, n->loss.ack)) {
        deliver(o, s, sent_length(s), n);
        if (s->state == SENT_SACKED)
            count_down(&o->loss, sent_length(s), n->loss.smss);
        sent_remove_first(q);
    }
    if (s != NULL && seq_lt(s->left, n->loss.ack)) {
        struct sent_run part = *s;              /* what lies behind SEG.ACK has not arrived */
        part.right = n->loss.ack;
        deliver(o, &part, sent_length(&part), n);
        sent_trim_first(q, n->loss.ack);
    }
    n->loss.cumulative = false;
    if (n->rtt_us != 0)
        min_rtt_sample(&o->min_rtt, n->rtt_us, n->loss.now);
}

/* The same when everything that waits was sent once, in its order: the last says it all. */
void scoreboard_acknowledge_plain(struct sender *o, struct news *n)
{
    struct sent_queue *q = &o->queue;
    struct sent_run *s;
    while ((s = q->first) != NULL && seq_le(s->right, n->loss.ack)) {
        if (s->times > 0 || o->cc.ops->wants_rate)
            break;
        n->delivered += sent_length(s);
        n->newest_at = s->at;
        if (s->next == NULL || seq_gt(s->next->right, n->loss.ack)) {
            n->rtt_us = (uint32_t)((n->loss.now - s->at) / US(1));
            if (o->loss.ops->on_delivered != NULL)
                o->loss.ops->on_delivered(&o->loss, s, &n->loss);
        }
        sent_remove_first(q);
    }
    if (s != NULL && seq_lt(s->left, n->loss.ack))
        scoreboard_acknowledge(o, n);
    else if (n->rtt_us != 0)
        min_rtt_sample(&o->min_rtt, n->rtt_us, n->loss.now);
}

/* RFC 2883 4: a duplicate is reported in one ACK. Text that leaves as one and is cut into segments
 * has the same options and the same acknowledgment in each. */
static void note_report(struct sender *o, const struct tcp_segment *seg, struct news *n)
{
    n->dsack_copy = seg->text_len > 0 && seq_eq(seg->ack, o->dsack_ack)
        && seq_eq(n->dsack_left, o->dsack_left) && seq_eq(n->dsack_right, o->dsack_right);
    o->dsack_ack = seg->ack;
    o->dsack_left = n->dsack_left;
    o->dsack_right = n->dsack_right;
}

/* RFC 2883 4, 5: the first block lies at or below the ACK of the same segment, which may be older
 * than SND.UNA, or inside the second. */
static void find_dsack(struct tcp *t, const struct tcp_segment *seg, struct news *n)
{
    const struct tcp_options *o = &seg->options;
    struct sack_block first = o->sack[0];
    if (o->sack_count == 0 || seq_ge(first.left, first.right) || seq_gt(first.right, t->snd.nxt))
        return;
    bool below = seq_le(first.right, seg->ack);
    bool inside = o->sack_count > 1 && seq_le(o->sack[1].left, first.left)
               && seq_le(first.right, o->sack[1].right);
    if (!below && !inside)
        return;
    n->loss.dsack = true;
    n->dsack_left = first.left;
    n->dsack_right = first.right;
    n->dsack_copy = false;
    if (t->out->undo_by_dsack)                  /* or nobody asks */
        note_report(t->out, seg, n);
    TCP_EMIT(t, n->loss.now, duplicate_reported, .left = first.left.n, .right = first.right.n);
}

/* The run is SACKed now. Returns it, joined with its neighbours. */
static struct sent_run *sack_run(struct sender *o, struct sent_run *s, struct news *n)
{
    uint32_t octets = sent_length(s);
    deliver(o, s, octets, n);
    n->sacked += octets;
    n->loss.new_sack = true;
    o->loss.segs_sacked += (octets + n->loss.smss - 1) / n->loss.smss;
    sent_mark_sacked(&o->queue, s);
    return sent_join(&o->queue, s);
}

static bool split(struct sent_queue *q, struct sent_run *s, seq_t at)
{
    return !sent_full(q) && sent_split(q, s, at);
}

/* RFC 6675 4 (Update). Without memory to split a run the part is left for a later SACK. */
static void sack_block(struct sender *o, seq_t left, seq_t right, uint32_t *steps, struct news *n)
{
    struct sent_queue *q = &o->queue;
    struct sent_run *s = sent_find(q, left, steps);
    for (; s != NULL && seq_lt(s->left, right) && *steps > 0; s = s->next) {
        --*steps;
        if (s->state == SENT_SACKED)
            continue;
        if (seq_lt(s->left, left)) {
            if (!split(q, s, left))
                return;
            continue;
        }
        if (seq_gt(s->right, right) && !split(q, s, right))
            return;
        s = sack_run(o, s, n);
    }
}

/* Lower blocks first, so that what arrives in order is not taken for reordering (RFC 8985 6.2). */
static void take_sacks(struct tcp *t, const struct tcp_options *o, struct news *n)
{
    struct sack_block block[SACK_MOST];
    unsigned count = 0;
    uint32_t steps = SENT_STEPS;
    for (unsigned i = n->loss.dsack; i < o->sack_count; i++) {
        struct sack_block b = o->sack[i];
        b.left = seq_max(b.left, t->snd.una);
        if (seq_ge(b.left, b.right) || seq_gt(b.right, t->snd.nxt))
            continue;                           /* old, or of what was never sent */
        unsigned at = count++;
        for (; at > 0 && seq_gt(block[at - 1].left, b.left); at--)
            block[at] = block[at - 1];
        block[at] = b;
    }
    for (unsigned i = 0; i < count; i++)
        sack_block(t->out, block[i].left, block[i].right, &steps, n);
}

void scoreboard_update(struct tcp *t, const struct tcp_segment *seg, struct news *n)
{
    struct sender *o = t->out;
    scoreboard_acknowledge(o, n);
    if (o->loss.ops->sack && (seg->options.has & HAS_SACK)) {
        find_dsack(t, seg, n);
        if (o->queue.first != NULL)
            take_sacks(t, &seg->options, n);
        if (n->sacked > 0 && n->rtt_us != 0)
            min_rtt_sample(&o->min_rtt, n->rtt_us, n->loss.now);
    }
}
