/* event_segment_arrives.c - SEGMENT ARRIVES (RFC 9293 3.10.7): the states CLOSED, LISTEN and
 * SYN-SENT, and the order of the eight steps for all others (segment_steps.c). Called by the stack
 * for each good segment. */
#include "tcp/core.h"
#include "tcp/user_timeout.h"

/* A RST that the sender of `seg` will accept: RFC 9293 3.5.2 group 1. */
static void reset_for(const struct tcp_segment *seg, struct tcp_segment *reply)
{
    reply->source_port = seg->destination_port;
    reply->destination_port = seg->source_port;
    reply->wnd = 0;
    reply->urgent_pointer = 0;
    reply->ecn = ECN_NOT_ECT;
    reply->options.has = seg->options.has & HAS_TIMESTAMPS;
    reply->options.ts_val = 0;                  /* RFC 7323 5.2 */
    reply->options.ts_ecr = seg->options.ts_val;
    reply->options.sack_count = 0;
    reply->text_len = reply->parts = 0;
    reply->gso_size = 0;
    if (seg->ctl & CTL_ACK) {
        reply->seq = seg->ack;
        reply->ack = seq_of(0);
        reply->ctl = CTL_RST;
    } else {
        reply->seq = seq_of(0);
        reply->ack = seq_add(seg->seq, seg_len(seg));
        reply->ctl = CTL_RST | CTL_ACK;
    }
}

/* RFC 9293 3.10.7.1. */
bool tcp_closed_state(const struct tcp_segment *seg, struct tcp_segment *reply)
{
    if (seg->ctl & CTL_RST)
        return false;
    reset_for(seg, reply);
    return true;
}

/* RFC 9293 3.10.7.2: the order of the checks matters. */
enum tcp_listen_verdict tcp_listen_check(const struct tcp_segment *seg, struct tcp_segment *reply)
{
    if (seg->ctl & CTL_RST)
        return LISTEN_DROP;
    if (seg->ctl & CTL_ACK) {
        reset_for(seg, reply);
        return LISTEN_RST;
    }
    return seg->ctl & CTL_SYN ? LISTEN_SYN : LISTEN_DROP;
}

/* <SEQ=SEG.ACK><CTL=RST>, the connection stays as it is. */
static void owe_rst_for(struct tcp *t, const struct tcp_segment *seg)
{
    t->rst_owed = true;
    t->rst_has_ack = false;
    t->rst_seq = seg->ack;
    t->may_send = true;
}

/* What a SYN says about the peer: IRS, RCV.NXT, options, window. */
static void take_syn(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    t->irs = seg->seq;
    t->rcv.nxt = t->rcv.edge = t->rcv.up = seq_add(seg->seq, 1);
    if (t->active)                              /* what our own SYN advertised */
        t->rcv.edge = seq_add(t->rcv.nxt, tcp_syn_window(t));
    t->last_ack_sent = t->rcv.nxt;
    t->last_in_at = now;
    tcp_negotiate(t, seg, now);
    t->snd.wnd = t->snd.max_wnd = seg->wnd;     /* RFC 7323 2.2: a SYN's window is never scaled */
    t->snd.wl1 = seg->seq;
    t->snd.wl2 = seg->ctl & CTL_ACK ? seg->ack : t->iss;
}

static void listen_state(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    struct tcp_segment reset;
    switch (tcp_listen_check(seg, &reset)) {
    case LISTEN_DROP:
        (void)tcp_drop(t, "RFC 9293 3.10.7.2", "a listener answers only a SYN", now);
        return;
    case LISTEN_RST:
        owe_rst_for(t, seg);
        (void)tcp_drop(t, "RFC 9293 3.10.7.2 second", "ACK for a connection that is not there",
                       now);
        return;
    case LISTEN_SYN:
        break;
    }
    t->tuple.local_port = seg->destination_port;
    t->tuple.remote_port = seg->source_port;
    tcp_prepare_options(t);
    tcp_select_iss(t, now);
    take_syn(t, seg, now);
    tcp_enter(t, TCP_SYN_RECEIVED, now);        /* text and FIN are left to be sent again */
    tcp_arm_user_timeout(t, now);
}

void tcp_begin_windows(struct tcp *t, bool syn_was_lost, aksu_time now)
{
    t->quick_acks = t->env->config.quick_acks;
    buffers_begin(t, now);
    mtu_search_open(t);
    /* RFC 5681 3.1: one segment when a SYN was lost; else RFC 6928 2. */
    t->idle_cwnd = (syn_was_lost ? 1 : t->env->config.initial_window) * t->snd_mss;
    t->idle_ssthresh = UINT32_MAX;              /* RFC 5681 3.1: arbitrarily high */
}

/* The windows and timers of a connection that has just become ESTABLISHED. */
void tcp_established(struct tcp *t, aksu_time now)
{
    bool syn_was_lost = t->resends > 0;
    tcp_enter(t, TCP_ESTABLISHED, now);
    t->notify |= AKSU_CONNECTED | AKSU_WRITABLE;
    if (!t->fo_opened)
        tcp_begin_windows(t, syn_was_lost, now);
    else
        buffers_begin(t, now);                  /* the round trip is known now */
    if (syn_was_lost && t->srtt_us == 0 && t->rto_us < 3000000)
        t->rto_us = 3000000;                    /* RFC 6298 5.7 */
    t->resends = t->backoff = 0;
    t->last_out_ms = (uint32_t)(now / MS(1));
    user_timeout_begin(t, now);
    if (t->keepalive)
        t->deadline[TIMER_KEEP_ALIVE] = time_after(now, MS(t->keepalive_idle_ms));
    if (t->fin_queued)                       /* RFC 9293 3.10.4: a CLOSE from SYN-RECEIVED waited */
        tcp_enter(t, TCP_FIN_WAIT_1, now);
}

/* RFC 7323 3.2: the echo is of a TSval that we have sent since the OPEN, or there is none. */
static bool echoes_ours(const struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->options.has & HAS_TIMESTAMPS) || seg->options.ts_ecr == 0 || (seg->ctl & CTL_RST))
        return true;
    uint32_t first = tcp_ts_clock(t, t->progress_at), last = tcp_ts_clock(t, now);
    return seg->options.ts_ecr - first <= last - first;
}

/* RFC 9293 3.10.7.3, first: true when the segment goes on. */
static bool syn_sent_first_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->ctl & CTL_ACK))
        return true;
    if (seq_gt(seg->ack, t->iss) && seq_le(seg->ack, t->snd.nxt) && echoes_ours(t, seg, now))
        return true;
    if (!(seg->ctl & CTL_RST))
        owe_rst_for(t, seg);
    (void)tcp_drop(t, "RFC 9293 3.10.7.3 first", "ACK of something never sent", now);
    return false;
}

/* RFC 9293 3.10.7.3, fourth, with ACK: our SYN is acknowledged. */
static void syn_acknowledged(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    take_syn(t, seg, now);                 /* RFC 1122 4.2.2.20: the window of the SYN,ACK counts */
    uint32_t text = (uint32_t)seq_diff(seg->ack, t->iss) - 1;
    if (text > 0)
        ring_consume(&t->send, t->env->pool, text, 0);
    t->octets_out += text;
    t->snd.una = seg->ack;
    t->syn_acked = true;
    t->syn_owed = false;
    t->backoff = 0;
    if (t->timing && seq_ge(seg->ack, t->timed)) {
        t->timing = false;
        rto_sample(t, (uint32_t)((now - t->timed_at) / US(1)), now);
    }
    t->deadline[TIMER_RETRANSMISSION] = NEVER;
    t->progress_at = now;
    t->ack_owed = ACK_NOW;
    t->may_send = true;
    tcp_established(t, now);
    if ((t->fo | t->fo_text) != 0)
        fast_open_answered(t, seg, now);
    if (text > 0 && seq_eq(t->snd.una, t->snd.nxt) && t->send.length == 0)
        t->notify |= AKSU_SENT;
}

/* RFC 9293 3.10.7.3 fourth: "If there are other controls or text in the segment, queue them for
 * processing after the ESTABLISHED state has been reached". */
static void queue_for_established(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    uint32_t room = rcv_wnd(t), length = seg->text_len < room ? seg->text_len : room;
    if (length > 0)
        reassembly_hold(t, seg, t->rcv.nxt, 0, length, now);
    if ((seg->ctl & CTL_FIN) && seg->text_len < room) {
        t->fin_held = true;
        t->rcv.fin = seq_add(t->rcv.nxt, seg->text_len);
        reassembly_hold_fin(t);
    }
}

/* They are what begins at RCV.NXT. */
void tcp_process_queued(struct tcp *t, aksu_time now)
{
    seq_t from = t->rcv.nxt;
    reassembly_deliver(t, from);
    if (seq_eq(t->rcv.nxt, from))
        return;
    t->rcv.acked_text += (uint32_t)seq_diff(t->rcv.nxt, from);
    t->notify |= AKSU_READABLE;
    if (t->ack_owed == ACK_NONE) {
        t->ack_owed = ACK_DELAYED;              /* RFC 9293 3.8.6.3 [SHLD-18] */
        t->deadline[TIMER_DELAYED_ACK] = time_after(now, t->env->config.delayed_ack);
    }
}

/* True when the segment goes on at the sixth step. */
static bool syn_sent_state(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!syn_sent_first_ack(t, seg, now))
        return false;
    if (seg->ctl & CTL_RST) {
        if (seg->ctl & CTL_ACK)
            tcp_fail(t, AKSU_REFUSED, "connection refused", now);
        else
            (void)tcp_drop(t, "RFC 9293 3.10.7.3 second", "RST without ACK", now);
        return false;
    }
    if (!(seg->ctl & CTL_SYN)) {
        (void)tcp_drop(t, "RFC 9293 3.10.7.3 fifth", "neither SYN nor RST", now);
        return false;
    }
    if (seg->ctl & CTL_ACK) {
        syn_acknowledged(t, seg, now);
        return true;
    }
    if (t->fo == FO_WAITS)
        tcp_fast_open_go(t, now);               /* there is more than a SYN to send now */
    take_syn(t, seg, now);                      /* simultaneous open: RFC 9293 3.5 [MUST-10] */
    queue_for_established(t, seg, now);
    t->syn_owed = true;
    t->may_send = true;
    tcp_enter(t, TCP_SYN_RECEIVED, now);
    return false;
}

/* RFC 9293 3.10.7.4: "otherwise", in this order. Plain calls and no table of functions, so that
 * the compiler sees through the steps that nearly every segment passes. SYN-SENT enters at the
 * sixth. */
static bool first_to_fifth(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    return first_check_sequence_number(t, seg, now) == STEP_NEXT
        && second_check_rst(t, seg, now) == STEP_NEXT
        && third_check_security(t, seg, now) == STEP_NEXT
        && fourth_check_syn(t, seg, now) == STEP_NEXT
        && fifth_check_ack(t, seg, now) == STEP_NEXT;
}

static void sixth_to_eighth(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if ((seg->options.has & HAS_USER_TIMEOUT) && !(seg->ctl & CTL_SYN))
        user_timeout_heard(t, &seg->options, now);
    if (sixth_check_urg(t, seg, now) == STEP_NEXT && seventh_process_text(t, seg, now) == STEP_NEXT)
        (void)eighth_check_fin(t, seg, now);
}

/* The slices of text[at .. at+length) of the segment. */
static void slice_text(struct tcp_segment *out, const struct tcp_segment *seg, uint32_t at,
                       uint32_t length)
{
    size_t skip = at, left = length;
    out->text_len = length;
    out->parts = 0;
    for (unsigned i = 0; i < seg->parts && left > 0; i++) {
        struct aksu_slice s = seg->text[i];
        size_t before = skip < s.length ? skip : s.length;
        skip -= before;
        s.data += before;
        s.length = s.length - before < left ? s.length - before : left;
        left -= s.length;
        if (s.length > 0)
            out->text[out->parts++] = s;
    }
}

/* Segments that came as one, with a timestamp that is older than TS.Recent. The first may fill the
 * hole that lets it in, and the others are refused then: RFC 7323 5.3 is asked of each. Apart from
 * the few registers of the others. */
__attribute__((noinline, cold))
static void old_ones_arrive(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    struct tcp_segment one = *seg;
    one.gso_size = 0;
    for (uint32_t at = 0; at < seg->text_len && t->state != TCP_CLOSED; at += one.text_len) {
        uint32_t left = seg->text_len - at;
        one.seq = seq_add(seg->seq, at);
        slice_text(&one, seg, at, left < seg->gso_size ? left : seg->gso_size);
        one.ctl = one.text_len == left ? seg->ctl : (uint8_t)(seg->ctl & ~(CTL_PSH | CTL_FIN));
        tcp_segment_arrives(t, &one, now);
    }
}

static bool are_old(const struct tcp *t, const struct tcp_segment *seg)
{
    return seg->gso_size != 0 && seg_pieces(seg) > 1 && tcp_synchronized(t) && t->ts_on
        && paws_old(t, seg) && !(seg->ctl & (CTL_SYN | CTL_URG));
}

void tcp_segment_arrives(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (are_old(t, seg)) {
        old_ones_arrive(t, seg, now);
        return;
    }
    t->segments_in++;
    if (seg->gso_size != 0)
        t->segments_in += seg_pieces(seg) - 1;

    switch ((enum aksu_tcp_state)t->state) {
    case TCP_CLOSED: {
        struct tcp_segment reset;
        if (tcp_closed_state(seg, &reset)) {
            t->rst_owed = true;
            t->rst_has_ack = (reset.ctl & CTL_ACK) != 0;
            t->rst_seq = reset.seq;
            t->rcv.nxt = reset.ack;
            t->may_send = true;
        }
        return;
    }
    case TCP_LISTEN:
        listen_state(t, seg, now);
        return;
    case TCP_SYN_SENT:
        if (syn_sent_state(t, seg, now))
            sixth_to_eighth(t, seg, now);
        return;
    case TCP_SYN_RECEIVED: case TCP_ESTABLISHED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        break;
    case AKSU_TCP_STATE_COUNT:
        bug("the state is one of the eleven");
    }
    if (first_to_fifth(t, seg, now))
        sixth_to_eighth(t, seg, now);
}
