/* conn.c - one segment of a connection: the state that its sender must be in (RFC 9293 3.3.2,
 * Figure 5), then what it does to its receiver. A SYN or FIN has reached an end when that
 * acknowledges it; ACKs and RSTs are taken to arrive, for nothing shows it. Called by tracker.c. */
#include "base/ip_addr.h"
#include "trace/icmp.h"
#include "trace/sender.h"
#include "trace/tell.h"
#include "trace/tracker.h"

enum { WINDOW_SCALE_MOST = 14 /* RFC 7323 2.3 */, FIRST_WINDOW = 65535 };

static void open_record(struct trace_conn *c, unsigned side, bool active, aksu_time at)
{
    if (c->over || c->end[side].opened)
        return;
    TELL(c, side, at, opened, .local = c->end[side].at, .remote = c->end[trace_other(c, side)].at,
         .active = active);
    c->end[side].opened = true;
}

static void delete_record(struct trace_conn *c, unsigned side, enum aksu_status status,
                          aksu_time at)
{
    if (c->end[side].opened)
        TELL(c, side, at, deleted, .status = status);
    c->end[side].opened = false;
}

static void end_with(struct trace_conn *c, enum trace_end_cause cause, unsigned by)
{
    if (c->cause != TRACE_GOES_ON)
        return;
    c->cause = (uint8_t)cause;
    c->by = (uint8_t)by;
}

void trace_conn_begin(struct trace_conn *c, const struct trace_segment *s, unsigned side)
{
    bool syn = (s->tcp.ctl & CTL_SYN) != 0;

    c->itself = s->tcp.source_port == s->tcp.destination_port && ip_eq(&s->source, &s->destination);
    c->first = s->at;
    c->handshake = c->to_server = c->opening = AKSU_NEVER;
    c->end[side].at = (struct aksu_endpoint){ s->source, s->tcp.source_port };
    c->end[1 - side].at = (struct aksu_endpoint){ s->destination, s->tcp.destination_port };
    c->end[0].state = syn && side == 0 ? AKSU_TCP_CLOSED : syn ? AKSU_TCP_SYN_SENT
                                                               : AKSU_TCP_ESTABLISHED;
    c->end[1].state = c->itself ? AKSU_TCP_CLOSED : syn ? AKSU_TCP_LISTEN : AKSU_TCP_ESTABLISHED;
}

/* --- the sender --- */

static void learn_syn(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    const struct tcp_options *o = &s->tcp.options;
    uint8_t ecn = s->tcp.ctl & (CTL_ECE | CTL_CWR);

    me->has = o->has;
    me->mss = o->has & HAS_MSS ? o->mss : (uint16_t)0;
    if (o->has & HAS_WINDOW_SCALE)
        me->scale = o->window_scale < WINDOW_SCALE_MOST ? o->window_scale : WINDOW_SCALE_MOST;
    me->scale_known = true;
    if (s->tcp.ctl & CTL_ACK) {
        c->takes_ecn = ecn == CTL_ECE;
        c->syn_ack_seen = true;
        c->syn_ack_at = s->at;
    } else {
        c->asks_ecn = ecn == (CTL_ECE | CTL_CWR);
        c->syn_seen = true;
        c->syn_at = s->at;
    }
}

/* The window of a segment in octets: RFC 7323 2.2. Without both SYNs the scale is not known. */
static uint32_t window_of(const struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    if ((s->tcp.ctl & CTL_SYN) || !c->end[trace_other(c, side)].scale_known ||
        !trace_both_have(c, HAS_WINDOW_SCALE))
        return s->tcp.wnd;
    return s->tcp.wnd << c->end[side].scale;
}

/* What the sender of this must have done before. */
static void sender_was(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side], *peer = &c->end[trace_other(c, side)];
    bool syn = (s->tcp.ctl & CTL_SYN) != 0, ack = (s->tcp.ctl & CTL_ACK) != 0;

    if (me->state == AKSU_TCP_CLOSED && syn && !ack && !me->isn_known) {
        open_record(c, side, true, s->at);
        trace_enter(c, side, AKSU_TCP_SYN_SENT, s->at);
    }
    if (me->state == AKSU_TCP_LISTEN && !(s->tcp.ctl & CTL_RST)) {
        open_record(c, side, syn && !ack, s->at);
        trace_enter(c, side, syn && !ack ? AKSU_TCP_SYN_SENT : AKSU_TCP_SYN_RECEIVED, s->at);
    }
    if (me->state == AKSU_TCP_SYN_SENT && ack && !(s->tcp.ctl & CTL_RST)) {
        if (c->syn_seen && c->syn_ack_seen && !syn)
            trace_tell_agreed(c, side, s->at);
        trace_enter(c, side, syn ? AKSU_TCP_SYN_RECEIVED : AKSU_TCP_ESTABLISHED, s->at);
        if (me->isn_known && seq_gt(me->snd_una, me->iss))
            trace_enter(c, side, AKSU_TCP_ESTABLISHED, s->at);    /* SYN,ACKs that crossed */
    }
    if (!(s->tcp.ctl & CTL_RST))
        open_record(c, side, side == 0, s->at);
    if (ack && peer->fin_sent && !me->fin_arrived && seq_ge(s->tcp.ack, peer->fin)) {
        me->fin_arrived = true;
        if (me->state == AKSU_TCP_ESTABLISHED)
            trace_enter(c, side, AKSU_TCP_CLOSE_WAIT, s->at);
        else if (me->state == AKSU_TCP_FIN_WAIT_1)
            trace_enter(c, side, AKSU_TCP_CLOSING, s->at);
        else if (me->state == AKSU_TCP_FIN_WAIT_2)
            trace_enter(c, side, AKSU_TCP_TIME_WAIT, s->at);
    }
}

/* RFC 9293 3.10.4 */
static void sender_closes(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];

    if (!(s->tcp.ctl & CTL_FIN) || me->fin_sent)
        return;
    me->fin_sent = true;
    me->fin = seq_add(s->tcp.seq, seg_len(&s->tcp));
    if (c->first_fin == 0)
        c->first_fin = (uint8_t)(side + 1);
    if (me->state == AKSU_TCP_CLOSE_WAIT)
        trace_enter(c, side, AKSU_TCP_LAST_ACK, s->at);
    else if (me->state == AKSU_TCP_ESTABLISHED || me->state == AKSU_TCP_SYN_RECEIVED)
        trace_enter(c, side, AKSU_TCP_FIN_WAIT_1, s->at);
}

static void tell_kind(struct trace_conn *c, unsigned side, const struct trace_segment *s,
                      enum trace_kind kind)
{
    const struct trace_end *me = &c->end[side];
    const char *timer = trace_kind_timer(kind);

    if (kind == TRACE_RTO && !me->in_timeout)
        timer = "RETRANSMISSION";
    if (timer != NULL)
        TELL(c, side, s->at, timer, .name = timer, .count = me->unanswered);
    if (trace_kind_is_again(kind))
        TELL(c, side, s->at, retransmit, .seq = s->tcp.seq.n, .len = s->tcp.text_len,
             .why = trace_kind_why(kind));
}

/* --- the receiver --- */

/* RFC 9293 3.10.7.4: the end is what it acknowledges; SYN-RECEIVED, FIN-WAIT-1, CLOSING and
 * LAST-ACK wait for that. */
static void receiver_is_acked(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];

    if (!(s->tcp.ctl & CTL_ACK))
        return;
    if (me->state == AKSU_TCP_SYN_RECEIVED && me->isn_known && seq_gt(s->tcp.ack, me->iss))
        trace_enter(c, side, AKSU_TCP_ESTABLISHED, s->at);
    if (me->fin_sent && seq_ge(s->tcp.ack, me->fin))
        me->fin_acked = true;
    if (!me->fin_acked)
        return;
    if (me->state == AKSU_TCP_FIN_WAIT_1)
        trace_enter(c, side, AKSU_TCP_FIN_WAIT_2, s->at);
    else if (me->state == AKSU_TCP_CLOSING)
        trace_enter(c, side, AKSU_TCP_TIME_WAIT, s->at);
    else if (me->state == AKSU_TCP_LAST_ACK)
        trace_enter(c, side, AKSU_TCP_CLOSED, s->at);
}

/* --- resets --- */

/* RFC 9293 3.10.7.3, 3.10.7.4: it answers the SYN, or is between what was acknowledged and the
 * end of the window. */
static bool reset_is_acceptable(const struct trace_conn *c, unsigned side,
                                const struct trace_segment *s)
{
    const struct trace_end *from = &c->end[side], *me = &c->end[trace_other(c, side)];
    uint32_t window = me->window_known ? me->wnd : FIRST_WINDOW;

    if (me->state == AKSU_TCP_SYN_SENT)
        return (s->tcp.ctl & CTL_ACK) && seq_eq(s->tcp.ack, me->snd_nxt);
    if (!from->numbered)
        return true;
    return seq_le(from->snd_una, s->tcp.seq) &&
           (seq_le(s->tcp.seq, from->snd_nxt) ||
            seq_le(s->tcp.seq, seq_add(from->snd_una, window)));
}

static void reset(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    unsigned to = trace_other(c, side);
    bool refused = c->end[to].state == AKSU_TCP_SYN_SENT && !c->syn_ack_seen && c->syn_seen;

    if (!reset_is_acceptable(c, side, s)) {
        TELL(c, to, s->at, dropped, .rule = "RFC 9293 3.10.7.4",
             .why = "RST outside the window");
        return;
    }
    if (!c->over)
        end_with(c, refused ? TRACE_REFUSED : TRACE_RESET, side);
    trace_enter(c, to, AKSU_TCP_CLOSED, s->at);
    delete_record(c, to, refused ? AKSU_REFUSED : AKSU_RESET, s->at);
    if (refused && c->end[side].state == AKSU_TCP_LISTEN)
        c->end[side].state = AKSU_TCP_CLOSED;               /* nobody listened */
    trace_enter(c, side, AKSU_TCP_CLOSED, s->at);
    delete_record(c, side, AKSU_ABORTED, s->at);
}

/* --- both --- */

static bool is_quiet(uint8_t state)
{
    return state == AKSU_TCP_CLOSED || state == AKSU_TCP_TIME_WAIT || state == AKSU_TCP_LISTEN;
}

/* From the first SYN that was answered to the ACK of that answer; what was repeated gives no
 * round trip (RFC 6298 3). */
static void handshake(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    bool both = c->syn_seen && c->syn_ack_seen;

    if (c->agreed || side != 0 || !both || c->end[0].state != AKSU_TCP_ESTABLISHED ||
        c->end[trace_other(c, 0)].state != AKSU_TCP_ESTABLISHED)
        return;
    c->agreed = true;
    c->opening = s->at - c->syn_at;
    if (!c->itself && c->end[0].kind[TRACE_SYN_AGAIN] + c->end[1].kind[TRACE_SYN_AGAIN] == 0) {
        c->handshake = c->opening;
        c->to_server = c->syn_ack_at - c->syn_at;
    }
    trace_tell_agreed(c, trace_other(c, 0), s->at);
}

static void look_whether_over(struct trace_conn *c, aksu_time at)
{
    const struct trace_end *one = &c->end[0], *other = &c->end[trace_other(c, 0)];

    if (!is_quiet(one->state) || !is_quiet(other->state) ||
        one->state + other->state == AKSU_TCP_CLOSED + AKSU_TCP_LISTEN)
        return;
    if (one->fin_acked && other->fin_acked)
        end_with(c, TRACE_CLOSED, c->first_fin == 2);
    c->over = c->cause != TRACE_GOES_ON;
    for (unsigned side = 0; side < 2 && c->over; side++)
        delete_record(c, side, AKSU_OK, at);
}

/* No RTO is so short before a round trip was measured (RFC 6298 2.1). But the answer to a SYN that
 * came again may leave together with the answer that a timer repeats: a SYN,ACK is a copy where the
 * SYN had one. */
static bool tells_without_identification(const struct trace_end *peer,
                                         const struct trace_segment *s)
{
    return (s->tcp.ctl & CTL_SYN) != 0 && (!(s->tcp.ctl & CTL_ACK) || peer->copies > 0);
}

/* The same packet, seen on another device: a repetition has another identification. Where there is
 * none, only a SYN tells. */
static bool is_copy(const struct trace_end *me, const struct trace_end *peer,
                    const struct trace_segment *s)
{
    bool tells = s->identification != 0 || tells_without_identification(peer, s);

    return me->identified && tells && me->identification == s->identification &&
           me->last_seq == s->tcp.seq.n && me->last_ack == s->tcp.ack.n &&
           me->last_ctl == s->tcp.ctl && me->wnd_field == s->tcp.wnd &&
           s->at - me->last_at < TRACE_COPY;
}

static void remember(struct trace_conn *c, unsigned side, const struct trace_segment *s,
                     uint32_t wnd)
{
    struct trace_end *me = &c->end[side];

    me->identified = true;
    me->identification = s->identification;
    me->last_seq = s->tcp.seq.n;
    me->last_ack = s->tcp.ack.n;
    me->last_ctl = s->tcp.ctl;
    if (s->tcp.ctl & CTL_RST)
        return;
    me->wnd_field = s->tcp.wnd;
    me->wnd = wnd;
    me->window_known = true;
    me->zero_windows += wnd == 0;
}

static void arrive(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    trace_receiver_acked(c, side, s);
    if (s->tcp.ctl & CTL_RST) {
        reset(c, trace_other(c, side), s);
        return;
    }
    receiver_is_acked(c, side, s);
    handshake(c, trace_other(c, side), s);
}

void trace_conn_segment(struct trace_conn *c, unsigned side, const struct trace_segment *s)
{
    struct trace_end *me = &c->end[side];
    enum trace_kind kind;

    if (is_copy(me, &c->end[trace_other(c, side)], s)) {
        me->copies++;
        return;
    }
    c->last = s->at;
    c->told_last = 0;
    trace_conn_revive(c, side, s);
    sender_was(c, side, s);
    kind = trace_sender_judge(c, side, s);
    if ((s->tcp.ctl & CTL_SYN) && !(s->tcp.ctl & CTL_RST))
        learn_syn(c, side, s);
    uint32_t wnd = window_of(c, side, s);
    tell_kind(c, side, s, kind);
    sender_closes(c, side, s);
    trace_tell_segment(c, side, true, s);
    trace_sender_sent(c, side, s, kind);
    if (s->damaged) {
        me->damaged++;
        TELL(c, trace_other(c, side), s->at, dropped, .rule = "RFC 9293 3.1",
             .why = "wrong checksum");
        return;
    }
    trace_tell_segment(c, side, false, s);
    arrive(c, trace_other(c, side), s);
    remember(c, side, s, wnd);
    look_whether_over(c, s->at);
}

void trace_conn_replace(struct trace_conn *c, aksu_time at)
{
    if (!c->over)
        end_with(c, TRACE_REPLACED, 0);
    for (unsigned side = 0; side < 2; side++)
        delete_record(c, side, AKSU_ABORTED, at);
}
