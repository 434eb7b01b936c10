/* sender.c - tells retransmissions, keep-alives, window probes and reordering apart, by what could
 * be seen at that moment. See sender.h. */
#include "trace/sender.h"

/* Beyond a round trip this long after the ACK that should have caused it, a retransmission was
 * caused by a timer: no RTO in use is shorter (RFC 6298 2.4 has a second). */
#define PROMPT AKSU_MS(50)
/* What is overtaken without a known round trip comes so soon. */
#define OVERTAKEN AKSU_MS(3)

static aksu_time time_since(aksu_time now, aksu_time then)
{
    return now > then ? now - then : 0;
}

static bool has_timestamps(const struct trace_segment *s)
{
    return (s->tcp.options.has & HAS_TIMESTAMPS) != 0;
}

/* The hole that a segment begins in, or none. */
static const struct trace_hole *hole_of(const struct trace_end *me, seq_t seq)
{
    for (unsigned i = 0; i < me->holes; i++) {
        if (seq_le(me->hole[i].left, seq) && seq_lt(seq, me->hole[i].right))
            return &me->hole[i];
    }
    return NULL;
}

/* No answer to what is captured makes its sender repeat something sooner. A repeated SYN gives no
 * round trip (RFC 6298 3), but most often an idea of one; and where the capture is near to the
 * receiver, the way to it and back is only a part of one. */
static aksu_time too_soon(const struct trace_conn *c, const struct trace_end *me)
{
    aksu_time part = me->rtt.count > 0 ? me->rtt.least / 2 : 0;
    aksu_time guess = c->opening / 2 < OVERTAKEN ? c->opening / 2 : OVERTAKEN;

    if (c->handshake != AKSU_NEVER)
        return c->handshake / 2;
    if (c->opening == AKSU_NEVER && me->rtt.count > 0)
        return part;
    return part > guess ? part : guess;
}

/* It was sent before the segment that overtook it: its timestamp is older, or it comes sooner
 * than an answer to that one could have made the sender repeat it. */
static bool was_overtaken(const struct trace_conn *c, const struct trace_end *me,
                          const struct trace_segment *s)
{
    const struct trace_hole *hole = hole_of(me, s->tcp.seq);

    if (hole == NULL)
        return false;
    if (me->timestamps && has_timestamps(s) && s->tcp.options.ts_val != hole->ts_val)
        return seq_lt(seq_of(s->tcp.options.ts_val), seq_of(hole->ts_val));
    return time_since(s->at, hole->at) <= too_soon(c, me);
}

/* One octet or none that the receiver cannot take, or has already: it asks for an answer.
 * RFC 9293 3.8.4, RFC 9293 3.8.6.1 */
static enum trace_kind question(const struct trace_end *me, const struct trace_end *peer,
                                const struct trace_segment *s)
{
    bool closed = peer->window_known && peer->wnd == 0;
    bool before = seq_eq(seq_add(s->tcp.seq, 1), me->snd_una);

    if (s->tcp.text_len > 1 || (s->tcp.ctl & (CTL_SYN | CTL_FIN | CTL_RST)))
        return TRACE_PLAIN;
    if (closed && (before || (s->tcp.text_len == 1 && seq_eq(s->tcp.seq, me->snd_una))))
        return TRACE_WINDOW_PROBE;
    if (before && seq_eq(me->snd_una, me->snd_nxt))
        return TRACE_KEEP_ALIVE;
    return TRACE_PLAIN;
}

/* Text or FIN below SND.NXT that is not a question. */
static enum trace_kind again(const struct trace_conn *c, const struct trace_end *me,
                             const struct trace_segment *s)
{
    seq_t end = seq_add(s->tcp.seq, seg_len(&s->tcp));
    aksu_time prompt = PROMPT + (c->handshake != AKSU_NEVER ? c->handshake : 0);
    bool told = me->dupacks >= 3 || (me->sacked && seq_lt(s->tcp.seq, me->sack_high));

    if (me->una_known && seq_le(end, me->snd_una))
        return TRACE_NEEDLESS;
    if (was_overtaken(c, me, s))
        return TRACE_OUT_OF_ORDER;
    if (me->in_timeout && seq_lt(s->tcp.seq, me->timeout_high))
        return TRACE_RTO;                           /* all that was out goes out again */
    if (told && time_since(s->at, me->heard_at) <= prompt)
        return TRACE_FAST;
    if (!told && seq_gt(s->tcp.seq, me->snd_una) && seq_ge(end, me->snd_nxt))
        return TRACE_LOSS_PROBE;
    return TRACE_RTO;
}

enum trace_kind trace_sender_judge(const struct trace_conn *c, unsigned side,
                                   const struct trace_segment *s)
{
    const struct trace_end *me = &c->end[side];

    if (!me->numbered || (s->tcp.ctl & CTL_RST))
        return TRACE_PLAIN;
    if (s->tcp.ctl & CTL_SYN)
        return me->isn_known && seq_eq(s->tcp.seq, me->iss) &&
               (me->syn_ack_sent || !(s->tcp.ctl & CTL_ACK)) ? TRACE_SYN_AGAIN : TRACE_PLAIN;
    enum trace_kind kind = question(me, &c->end[trace_other(c, side)], s);
    if (kind != TRACE_PLAIN || seg_len(&s->tcp) == 0 || !seq_lt(s->tcp.seq, me->snd_nxt))
        return kind;
    return again(c, me, s);
}

bool trace_kind_is_again(enum trace_kind kind)
{
    return kind == TRACE_SYN_AGAIN || kind == TRACE_FAST || kind == TRACE_RTO ||
           kind == TRACE_LOSS_PROBE || kind == TRACE_NEEDLESS;
}

const char *trace_kind_why(enum trace_kind kind)
{
    static const char *const why[TRACE_KINDS] = { [TRACE_SYN_AGAIN] = "SYN timeout",
        [TRACE_FAST] = "fast", [TRACE_RTO] = "RTO", [TRACE_LOSS_PROBE] = "loss probe",
        [TRACE_NEEDLESS] = "spurious, it was acknowledged" };

    return why[kind];
}

const char *trace_kind_timer(enum trace_kind kind)
{
    static const char *const timer[TRACE_KINDS] = { [TRACE_KEEP_ALIVE] = "KEEP-ALIVE",
        [TRACE_WINDOW_PROBE] = "PERSIST", [TRACE_LOSS_PROBE] = "LOSS PROBE" };

    return timer[kind];
}

static void add_hole(struct trace_end *me, seq_t left, const struct trace_segment *s)
{
    if (me->holes == TRACE_HOLES) {
        memmove(&me->hole[0], &me->hole[1], (TRACE_HOLES - 1) * sizeof me->hole[0]);
        me->holes--;
    }
    me->hole[me->holes++] = (struct trace_hole){ left, s->tcp.seq, s->at,
                                                 s->tcp.options.ts_val };
}

/* Octets of a hole were seen after all: what is left of it stays. */
static void fill_holes(struct trace_end *me, seq_t left, seq_t right)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < me->holes; i++) {
        struct trace_hole h = me->hole[i];

        if (seq_le(left, h.left) && seq_lt(h.left, right))
            h.left = right;
        else if (seq_lt(left, h.right) && seq_ge(right, h.right))
            h.right = left;
        if (seq_lt(h.left, h.right))
            me->hole[kept++] = h;
    }
    me->holes = (uint8_t)kept;
}

/* RFC 3522 3.2: the timestamp of the first repetition is what counts. */
static void remember_again(struct trace_end *me, const struct trace_segment *s, seq_t end)
{
    for (unsigned i = 0; i < me->agains; i++) {
        if (seq_eq(me->again[i].left, s->tcp.seq))
            return;
    }
    if (me->agains == TRACE_AGAIN) {
        memmove(&me->again[0], &me->again[1], (TRACE_AGAIN - 1) * sizeof me->again[0]);
        me->agains--;
    }
    me->again[me->agains++] = (struct trace_again){ .left = s->tcp.seq, .right = end,
        .ts_val = s->tcp.options.ts_val, .timestamps = has_timestamps(s),
        .first_unacked = seq_eq(s->tcp.seq, me->snd_una) };
}

/* New octets, in order or beyond a hole. */
static void sent_new(struct trace_end *me, const struct trace_segment *s, seq_t end)
{
    if (seq_gt(s->tcp.seq, me->snd_nxt))
        add_hole(me, me->snd_nxt, s);
    if (me->timed < TRACE_TIMED && seg_len(&s->tcp) > 0) {
        me->sent[me->timed].end = end;
        me->sent[me->timed++].at = s->at;
    }
    me->snd_nxt = end;
}

static void count(struct trace_end *me, const struct trace_segment *s, enum trace_kind kind,
                  seq_t end)
{
    uint32_t fresh = s->tcp.text_len;

    if (kind != TRACE_OUT_OF_ORDER && hole_of(me, s->tcp.seq) == NULL) {
        if (seq_le(end, me->snd_nxt) && me->numbered)
            fresh = 0;
        else if (me->numbered && seq_lt(s->tcp.seq, me->snd_nxt))
            fresh = (uint32_t)seq_diff(end, me->snd_nxt);
    }
    me->octets += fresh;
    me->kind[kind]++;
    me->segments++;
}

void trace_sender_sent(struct trace_conn *c, unsigned side, const struct trace_segment *s,
                       enum trace_kind kind)
{
    struct trace_end *me = &c->end[side];
    seq_t end = seq_add(s->tcp.seq, seg_len(&s->tcp));

    count(me, s, kind, end);
    me->last_at = s->at;
    if (s->tcp.ctl & CTL_RST)
        return;
    if (!me->numbered) {
        me->snd_nxt = me->snd_una = s->tcp.seq;
        me->numbered = true;
    }
    if (s->tcp.ctl & CTL_SYN) {
        me->iss = s->tcp.seq;
        me->isn_known = me->una_known = true;
        me->syn_ack_sent = me->syn_ack_sent || (s->tcp.ctl & CTL_ACK);
    }
    me->timestamps = has_timestamps(s);
    me->ts_val = s->tcp.options.ts_val;
    if (trace_kind_is_again(kind) || kind == TRACE_KEEP_ALIVE || kind == TRACE_WINDOW_PROBE)
        me->unanswered++;
    if (trace_kind_is_again(kind)) {
        me->timed = 0;                              /* RFC 6298 3 */
        remember_again(me, s, end);
    }
    if (kind == TRACE_RTO && !me->in_timeout) {
        me->in_timeout = true;
        me->timeout_high = me->snd_nxt;
    }
    fill_holes(me, s->tcp.seq, end);
    if (seq_gt(end, me->snd_nxt))
        sent_new(me, s, end);
}
