/* receiver.c - what acknowledgments and SACK blocks say about the text of an end: round trips,
 * duplicates, repetitions that were needless. See sender.h. */
#include "trace/sender.h"
#include "trace/tell.h"

/* More than this above SND.NXT is no acknowledgment of what the capture missed. */
enum { MISSED_MOST = 1 << 30, BEFORE_MOST = 1 << 24 /* of what no SYN was seen, by SACK */ };

static uint32_t in_us(aksu_time t)
{
    return t / 1000 < UINT32_MAX ? (uint32_t)(t / 1000) : UINT32_MAX;
}

/* RFC 6298 2.2, 2.3. The RTO is not said: its floor and its granularity are the sender's own. */
static void estimate(struct trace_conn *c, unsigned side, aksu_time rtt, aksu_time now)
{
    struct trace_end *me = &c->end[side];
    aksu_time off = me->srtt > rtt ? me->srtt - rtt : rtt - me->srtt;

    me->rttvar = me->srtt == 0 ? rtt / 2 : (3 * me->rttvar + off) / 4;
    me->srtt = me->srtt == 0 ? rtt : (7 * me->srtt + rtt) / 8;
    TELL(c, side, now, rtt, .sample_us = in_us(rtt), .srtt_us = in_us(me->srtt),
         .rttvar_us = in_us(me->rttvar));
}

static void add(struct trace_rtt *r, aksu_time rtt)
{
    r->least = r->count == 0 || rtt < r->least ? rtt : r->least;
    r->most = rtt > r->most ? rtt : r->most;
    r->sum += rtt;
    r->count++;
}

/* The newest segment that is acknowledged in full gives the round trip: an ACK may be for
 * several, and waits for the last of them. */
static void measure(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    unsigned done = 0;

    while (done < me->timed && seq_le(me->sent[done].end, s->tcp.ack))
        done++;
    if (done == 0)
        return;
    aksu_time at = me->sent[done - 1].at;
    memmove(&me->sent[0], &me->sent[done], (me->timed - done) * sizeof me->sent[0]);
    me->timed = (uint8_t)(me->timed - done);
    if (!me->isn_known || !seq_eq(s->tcp.ack, seq_add(me->iss, 1)))
        add(&me->rtt, s->at - at);                  /* that of the SYN is the handshake's */
    estimate(c, side, s->at - at, s->at);
}

static void needless(struct trace_conn *c, unsigned side, struct trace_again *a, aksu_time at,
                     const char *why)
{
    c->end[side].spurious++;
    a->spurious = true;
    TELL(c, side, at, needless, .seq = a->left.n, .len = (uint32_t)seq_diff(a->right, a->left),
         .why = why);
}

/* RFC 3522 3.2 (Eifel): the ACK of a repetition echoes a timestamp from before it, so it is for
 * the first one. Of the first segment that was not acknowledged only: the echo of any other says
 * nothing about it (RFC 7323 4.3). */
static void forget_agains(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    bool echoes = (s->tcp.options.has & HAS_TIMESTAMPS) != 0;
    unsigned kept = 0;

    for (unsigned i = 0; i < me->agains; i++) {
        struct trace_again *a = &me->again[i];

        if (seq_lt(s->tcp.ack, a->right)) {
            me->again[kept++] = *a;
            continue;
        }
        if (echoes && a->timestamps && a->first_unacked && !a->spurious &&
            seq_lt(seq_of(s->tcp.options.ts_ecr), seq_of(a->ts_val)))
            needless(c, side, a, s->at, "timestamps");
        if (seq_diff(s->tcp.ack, a->right) < (1 << 20))     /* a D-SACK may come yet */
            me->again[kept++] = (struct trace_again){ .left = a->left, .right = a->right,
                                                      .spurious = a->spurious };
    }
    me->agains = (uint8_t)kept;
}

static void drop_holes(struct trace_end *me)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < me->holes; i++) {
        struct trace_hole h = me->hole[i];

        if (seq_le(h.right, me->snd_una)) {
            me->missed += (uint32_t)seq_diff(h.right, h.left);
            continue;
        }
        if (seq_lt(h.left, me->snd_una)) {
            me->missed += (uint32_t)seq_diff(me->snd_una, h.left);
            h.left = me->snd_una;
        }
        me->hole[kept++] = h;
    }
    me->holes = (uint8_t)kept;
}

static void advance(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];

    measure(c, side, s);
    forget_agains(c, side, s);
    me->snd_una = s->tcp.ack;
    me->dupacks = 0;
    if (me->holes > 0)
        drop_holes(me);
    me->sacked = me->sacked && seq_gt(me->sack_high, me->snd_una);
    me->in_timeout = me->in_timeout && seq_gt(me->timeout_high, me->snd_una);
}

/* RFC 2883 4: the first block is below the acknowledgment, or inside of the second one. */
static bool is_dsack(const struct trace_segment *s)
{
    const struct sack_block *b = s->tcp.options.sack;

    if (seq_le(b[0].right, s->tcp.ack))
        return true;
    return s->tcp.options.sack_count > 1 && seq_ge(b[0].left, b[1].left) &&
           seq_le(b[0].right, b[1].right);
}

static void duplicate(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    struct sack_block b = s->tcp.options.sack[0];

    TELL(c, side, s->at, duplicate_reported, .left = b.left.n, .right = b.right.n);
    for (unsigned i = 0; i < me->agains; i++) {
        struct trace_again *a = &me->again[i];

        if (!a->spurious && seq_lt(a->left, b.right) && seq_lt(b.left, a->right))
            needless(c, side, a, s->at, "D-SACK");
    }
}

static void sacks(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    unsigned first = is_dsack(s);

    if (first)
        duplicate(c, side, s);
    for (unsigned i = first; i < s->tcp.options.sack_count; i++) {
        seq_t right = s->tcp.options.sack[i].right;

        if (!me->isn_known && seq_gt(right, me->snd_nxt) &&
            seq_diff(right, me->snd_nxt) < BEFORE_MOST)
            me->snd_nxt = right;                    /* sent before the capture began */
        if (seq_gt(right, me->snd_nxt) || seq_le(right, me->snd_una))
            continue;
        if (!me->sacked || seq_gt(right, me->sack_high))
            me->sack_high = right;
        me->sacked = true;
    }
}

/* RFC 5681 2, without the window when SACK says more than it. */
static bool is_duplicate_ack(const struct trace_end *me, const struct trace_end *from,
                             const struct trace_segment *s)
{
    return seq_eq(s->tcp.ack, me->snd_una) && seq_lt(me->snd_una, me->snd_nxt) &&
           s->tcp.text_len == 0 && !(s->tcp.ctl & (CTL_SYN | CTL_FIN | CTL_RST)) &&
           ((s->tcp.options.has & HAS_SACK) || s->tcp.wnd == from->wnd_field);
}

void trace_receiver_acked(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    const struct trace_end *from = &c->end[trace_other(c, side)];

    me->unanswered = 0;
    if (!(s->tcp.ctl & CTL_ACK) || (s->tcp.ctl & CTL_RST))
        return;
    if (!me->numbered) {
        me->snd_una = me->snd_nxt = s->tcp.ack;
        me->numbered = true;
    }
    me->heard_at = s->at;
    int32_t above = seq_diff(s->tcp.ack, me->snd_nxt);
    if (above > MISSED_MOST)
        return;
    if (above > 0) {
        me->missed += (uint32_t)above;
        me->snd_nxt = s->tcp.ack;
    }
    if (!me->una_known)
        me->snd_una = seq_min(me->snd_una, s->tcp.ack);     /* of before the capture began */
    me->una_known = true;
    if (seq_gt(s->tcp.ack, me->snd_una))
        advance(c, side, s);
    else if (is_duplicate_ack(me, from, s))
        me->dupacks++, me->dup_acks_seen++;
    if ((s->tcp.options.has & HAS_SACK) && s->tcp.options.sack_count > 0)
        sacks(c, side, s);
}
