/* segment_steps.c - the eight steps of SEGMENT ARRIVES in the states from SYN-RECEIVED on
 * (RFC 9293 3.10.7.4), with RFC 5961 (blind attacks), RFC 7323 (PAWS) and RFC 6191,
 * RFC 1337 (TIME-WAIT) where they amend them. Called in this order by event_segment_arrives.c. */
#include "tcp/core.h"

/* RFC 9293 3.4: the four cases of the acceptability test. */
static bool acceptable(const struct tcp *t, const struct tcp_segment *seg)
{
    uint32_t wnd = rcv_wnd(t), len = seg_len(seg);
    seq_t end = seq_add(t->rcv.nxt, wnd);
    bool first_in = seq_le(t->rcv.nxt, seg->seq) && seq_lt(seg->seq, end);

    if (len == 0)
        return wnd == 0 ? seq_eq(seg->seq, t->rcv.nxt) : first_in;
    if (wnd == 0)
        return false;
    seq_t last = seq_add(seg->seq, len - 1);
    if (first_in || (seq_le(t->rcv.nxt, last) && seq_lt(last, end)))
        return true;
    /* Of several that came as one, those between the first and the last may be what is wanted. */
    return seg->gso_size != 0 && seq_lt(seg->seq, t->rcv.nxt) && seq_le(end, last);
}

static void acknowledge_now(struct tcp *t)
{
    t->ack_owed = ACK_NOW;
    t->may_send = true;
}

static void restart_time_wait(struct tcp *t, aksu_time now)
{
    t->deadline[TIMER_TIME_WAIT] = time_after(now, 2 * t->env->config.msl);
}

/* A new incarnation asks for the same socket pair: RFC 6191 2, RFC 9293 3.6.1 [MAY-2] and
 * RFC 9293 3.6.1 [SHLD-4]. The owner looks at `reopen`; what is not accepted gets the challenge ACK
 * that RFC 9293 3.10.7.4 fourth has for all other cases, where RFC 6191 2 was silent. */
static enum step syn_in_time_wait(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    bool newer_seq = seq_ge(seg->seq, t->rcv.nxt);
    bool new_has_ts = t->env->config.timestamps && (seg->options.has & HAS_TIMESTAMPS);
    bool accept = newer_seq;

    if (t->ts_on && new_has_ts) {
        int32_t ahead = (int32_t)(seg->options.ts_val - t->ts_recent);
        accept = ahead > 0 || (ahead == 0 && newer_seq);
    } else if (!t->ts_on && new_has_ts) {
        accept = true;
    }
    t->reopen = accept;
    if (accept)
        return STEP_DONE;
    tcp_challenge_ack(t, seg, now);
    return tcp_drop(t, "RFC 6191 2", "an old SYN", now);
}

/* The SYN,ACK of a simultaneous open begins before the window, but its ACK is the one we wait for:
 * RFC 9293 3.5 [MUST-10]. */
static bool crossing_syn_ack(const struct tcp *t, const struct tcp_segment *seg)
{
    return t->state == TCP_SYN_RECEIVED && t->active && seq_eq(seg->seq, t->irs)
        && (seg->ctl & (CTL_SYN | CTL_ACK | CTL_RST | CTL_FIN)) == (CTL_SYN | CTL_ACK)
        && seq_lt(t->snd.una, seg->ack) && seq_le(seg->ack, t->snd.nxt);
}

/* A segment that goes no further, but has come before at least in part: RFC 2883 4.1, 4.3. */
static void report_old(struct tcp *t, const struct tcp_segment *seg)
{
    seq_t end = seq_add(seg->seq, seg_len(seg));
    if (tcp_synchronized(t) && !(seg->ctl & CTL_SYN))
        (void)reassembly_came_again(t, seg->seq, seq_min(end, t->rcv.nxt));
}

/* Whatever text it has, it begins before the window. */
static bool syn_again(const struct tcp *t, const struct tcp_segment *seg)
{
    return t->state == TCP_SYN_RECEIVED && (seg->ctl & (CTL_SYN | CTL_ACK | CTL_RST)) == CTL_SYN
        && seq_eq(seg->seq, t->irs);
}

static enum step not_acceptable(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (seg->ctl & CTL_RST)
        return tcp_drop(t, "RFC 9293 3.10.7.4 first", "RST outside the window", now);
    if (syn_again(t, seg)) {
        ecn_syn_again(t, seg);
        t->syn_owed = true;                     /* our SYN,ACK was lost: say it again */
        t->may_send = true;
        return tcp_drop(t, "RFC 9293 3.10.7.4 first", "the SYN again", now);
    }
    if (t->state == TCP_TIME_WAIT && (seg->ctl & CTL_FIN))
        restart_time_wait(t, now);              /* our last ACK was lost */
    if (seg->text_len > 0 || (seg->ctl & CTL_FIN)) {
        report_old(t, seg);
        acknowledge_now(t);
    } else {
        tcp_challenge_ack(t, seg, now);         /* an empty segment must not start an ACK war */
    }
    return tcp_drop(t, "RFC 9293 3.10.7.4 first", "outside the window", now);
}

/* RFC 7323 5.2 and 3.2; NEXT when the timestamps are in order. */
static enum step check_timestamps(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->options.has & HAS_TIMESTAMPS) && t->env->config.tolerate_no_timestamps)
        return STEP_NEXT;
    if (!(seg->options.has & HAS_TIMESTAMPS) && !(seg->ctl & CTL_RST))
        return tcp_drop(t, "RFC 7323 3.2", "no timestamps although agreed", now);
    if (paws_refuses(t, seg, now)) {
        if (t->state == TCP_TIME_WAIT && (seg->ctl & CTL_FIN))
            restart_time_wait(t, now);
        if (seg->text_len > 0 || (seg->ctl & CTL_FIN)) {
            report_old(t, seg);
            acknowledge_now(t);
        } else {
            tcp_challenge_ack(t, seg, now);
        }
        return tcp_drop(t, "RFC 7323 5.3", "an old timestamp", now);
    }
    return STEP_NEXT;
}

/* RFC 9293 3.10.7.4: "First, check sequence number." */
enum step first_check_sequence_number(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (t->state == TCP_TIME_WAIT && (seg->ctl & (CTL_SYN | CTL_ACK | CTL_RST)) == CTL_SYN)
        return syn_in_time_wait(t, seg, now);
    if (t->ts_on && check_timestamps(t, seg, now) == STEP_DONE)
        return STEP_DONE;
    /* With a closed window nothing is acceptable, "but special allowance should be made to accept
     * valid ACKs, URGs, and RSTs": RFC 9293 3.4 [MUST-66]. */
    bool at_closed_window = rcv_wnd(t) == 0 && seq_eq(seg->seq, t->rcv.nxt);
    if ((!acceptable(t, seg) && !at_closed_window && !crossing_syn_ack(t, seg))
        || syn_again(t, seg))
        return not_acceptable(t, seg, now);
    if (at_closed_window && seg_len(seg) > 0)
        acknowledge_now(t);                     /* a window probe: RFC 9293 3.8.6.1 */
    if (now - t->last_in_at > US(t->rto_us))    /* the peer begins again: RFC 5681 4.1 */
        t->quick_acks = t->env->config.quick_acks;
    t->last_in_at = now;
    if (t->keepalive_probes > 0) {              /* answered: a whole interval again */
        t->keepalive_probes = 0;
        t->deadline[TIMER_KEEP_ALIVE] = time_after(now, MS(t->keepalive_idle_ms));
    }
    return STEP_NEXT;
}

/* RFC 9293 3.10.7.4: "Second, check the RST bit", with RFC 5961 3.2. */
enum step second_check_rst(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->ctl & CTL_RST))
        return STEP_NEXT;
    if (t->state == TCP_TIME_WAIT && t->env->config.rfc1337)
        return tcp_drop(t, "RFC 1337 3", "a RST does not end TIME-WAIT", now);
    if (t->env->config.rfc5961 && !seq_eq(seg->seq, t->rcv.nxt)) {
        tcp_challenge_ack(t, seg, now);
        return tcp_drop(t, "RFC 5961 3.2", "RST not exactly at RCV.NXT", now);
    }
    switch ((enum aksu_tcp_state)t->state) {
    case TCP_SYN_RECEIVED:
        if (t->active) {
            tcp_fail(t, AKSU_REFUSED, "connection refused", now);
        } else if (t->fo_opened) {
            tcp_fail_with_text(t, AKSU_RESET, "connection reset", now);
        } else {
            tcp_flush(t);                       /* "return to LISTEN": RFC 9293 3.5 [MUST-11] */
            t->deadline[TIMER_RETRANSMISSION] = NEVER;
            tcp_enter(t, TCP_LISTEN, now);
        }
        break;
    case TCP_ESTABLISHED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2: case TCP_CLOSE_WAIT:
        if (t->env->config.reset_keeps_text)
            tcp_fail_with_text(t, AKSU_RESET, "connection reset", now);
        else
            tcp_fail(t, AKSU_RESET, "connection reset", now);  /* RFC 9293 3.6 [MUST-12] */
        break;
    case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        tcp_flush(t);
        t->reason = AKSU_RESET;
        t->notify |= AKSU_FAILED;
        tcp_enter(t, TCP_CLOSED, now);
        break;
    case TCP_CLOSED: case TCP_LISTEN: case TCP_SYN_SENT: case AKSU_TCP_STATE_COUNT:
        bug("steps run from SYN-RECEIVED on");
    }
    return STEP_DONE;
}

/* RFC 9293 3.10.7.4: "Third, check security": no compartments here, and the Diffserv field has no
 * say (RFC 9293 A.1.2). */
enum step third_check_security(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    (void)t;
    (void)seg;
    (void)now;
    return STEP_NEXT;
}

/* RFC 9293 3.10.7.4: "Fourth, check the SYN bit", with RFC 5961 4.2. */
enum step fourth_check_syn(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->ctl & CTL_SYN))
        return STEP_NEXT;
    if (crossing_syn_ack(t, seg)) {
        ecn_syn_again(t, seg);
        return STEP_NEXT;
    }
    if (t->state == TCP_SYN_RECEIVED && !t->active) {
        if (t->fo_opened) {
            tcp_fail_with_text(t, AKSU_RESET, "connection reset", now);
            return STEP_DONE;
        }
        tcp_flush(t);
        t->deadline[TIMER_RETRANSMISSION] = NEVER;
        tcp_enter(t, TCP_LISTEN, now);
        return tcp_drop(t, "RFC 9293 3.10.7.4 fourth", "another SYN: back to LISTEN", now);
    }
    if (t->env->config.rfc5961) {
        tcp_challenge_ack(t, seg, now);
        return tcp_drop(t, "RFC 5961 4.2", "SYN on a connection that exists", now);
    }
    uint32_t after = seg->seq.n + seg_len(seg);
    bool has_ack = (seg->ctl & CTL_ACK) != 0;
    tcp_fail(t, AKSU_RESET, "connection reset", now);
    t->rst_owed = true;                         /* RFC 9293 3.10.7.4 fourth */
    t->may_send = true;
    t->rst_has_ack = !has_ack;
    t->rst_seq = has_ack ? seg->ack : seq_of(0);
    t->rcv.nxt = seq_of(after);
    return STEP_DONE;
}

/* RFC 9293 3.10.7.4 fifth: what comes is a FIN again, "acknowledge it". What answers our own ACK is
 * not answered: two ends in TIME-WAIT would go on for ever. */
static void acknowledge_in_time_wait(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (seg->text_len > 0 || (seg->ctl & CTL_FIN))
        acknowledge_now(t);
    else if (!seq_eq(seg->seq, t->rcv.nxt))
        tcp_challenge_ack(t, seg, now);
}

/* RFC 9293 3.10.7.4: "Fifth, check the ACK field." */
enum step fifth_check_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->ctl & CTL_ACK))
        return tcp_drop(t, "RFC 9293 3.10.7.4 fifth", "the ACK bit is off", now);
    if (t->state == TCP_TIME_WAIT)
        acknowledge_in_time_wait(t, seg, now);
    return tcp_process_ack(t, seg, now);
}

/* RFC 9293 3.10.7.4: "Sixth, check the URG bit", 3.8.5. */
enum step sixth_check_urg(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!(seg->ctl & CTL_URG))
        return STEP_NEXT;

    switch ((enum aksu_tcp_state)t->state) {
    case TCP_ESTABLISHED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2: {
        seq_t up = seq_add(seg->seq, seg->urgent_pointer);
        bool further = !t->urgent_in || seq_gt(up, t->rcv.up);
        if (further && seq_gt(up, tcp_user_position(t))) {
            t->rcv.up = up;
            t->urgent_in = true;
            t->notify |= AKSU_URGENT;           /* RFC 9293 3.8.5 [MUST-32] */
            TCP_EMIT(t, now, urgent, .up = up.n);
        }
        break;
    }
    case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        break;                                  /* "should not occur", a FIN has been received */
    case TCP_CLOSED: case TCP_LISTEN: case TCP_SYN_SENT: case TCP_SYN_RECEIVED:
    case AKSU_TCP_STATE_COUNT:
        bug("steps after the fifth run in synchronized states");
    }
    return STEP_NEXT;
}

/* What the peer sends as one segment: of several that came as one, the size of each. Two of one
 * size are full ones again, or a peer whose path became narrow would wait for each second ACK. */
static void learn_rcv_mss(struct tcp *t, const struct tcp_segment *seg)
{
    uint32_t size = seg->text_len;
    if (seg->gso_size != 0 && seg->gso_size < size)
        size = seg->gso_size;
    bool like_the_last = size >= 536 && t->rcv.acked_text == 2 * size;
    if (size > t->rcv_mss || like_the_last)
        t->rcv_mss = (uint16_t)(size < t->announced_mss ? size : t->announced_mss);
}

/* A peer in slow start grows its window with each ACK. `took`: of this segment. What comes first
 * has not been answered yet, unless the conversation began on a SYN. */
static bool is_quick(struct tcp *t, const struct tcp_segment *seg, uint32_t took)
{
    bool answers = t->out != NULL && (t->octets_in != took || t->fo_text);
    bool waits = seg->text_len < t->rcv_mss && !(t->env->config.quick_short && !answers);
    if (t->quick_acks == 0 || waits)
        return false;
    t->quick_acks--;
    return true;
}

/* In order at RCV.NXT. The third answer to a full budget: what finds no room is refused as if
 * lost. */
static void take_text(struct tcp *t, const struct tcp_segment *seg, uint32_t skip, uint32_t length,
                      aksu_time now)
{
    bool at_once = t->holes != 0;
    if (skip > 0)
        at_once |= reassembly_came_again(t, seq_sub(t->rcv.nxt, skip), t->rcv.nxt);
    seq_t from = t->rcv.nxt;
    uint32_t took = reassembly_write(t, seg, skip, t->receive.length, length);
    ring_extend(&t->receive, took);
    t->rcv.nxt = seq_add(t->rcv.nxt, took);
    t->octets_in += took;
    t->rcv.acked_text += took;
    if (took < length)
        tcp_say_memory(t, "text in order refused as if lost", now);
    if (took > 0) {
        t->notify |= AKSU_READABLE;
        t->dup_acks_owed = 0;                   /* they would repeat the ACK of this text */
    }
    reassembly_deliver(t, from);
    if (seq_gt(t->rcv.nxt, t->rcv.timed_edge))
        buffers_time(t, seg, now);

    learn_rcv_mss(t, seg);
    /* RFC 9293 3.8.6.3 [SHLD-19]: at least every second full segment, but one ACK for what receive
     * offload made one segment, as its last paragraph expects; RFC 5681 4.2: at once while there
     * are holes; RFC 2883 4: and when it came twice. */
    if (at_once || took < length || t->rcv.acked_text >= 2u * t->rcv_mss
        || is_quick(t, seg, took)) {
        acknowledge_now(t);
    } else if (t->ack_owed == ACK_NONE) {
        t->ack_owed = ACK_DELAYED;              /* RFC 9293 3.8.6.3 [SHLD-18] */
        t->deadline[TIMER_DELAYED_ACK] = time_after(now, t->env->config.delayed_ack);
    }
}

static void process_text(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    seq_t first = seq_add(seg->seq, (seg->ctl & CTL_SYN) != 0);
    int32_t ahead = seq_diff(first, t->rcv.nxt);
    int32_t room = seq_diff(t->rcv.edge, t->rcv.nxt);
    uint32_t skip = ahead < 0 ? (uint32_t)-ahead : 0;       /* the old part */
    if (skip >= seg->text_len)                              /* beside a FIN that is new */
        (void)reassembly_came_again(t, first, seq_add(first, seg->text_len));
    if (skip >= seg->text_len || room <= 0 || ahead >= room)
        return;
    uint32_t length = seg->text_len - skip;
    uint32_t reach = ahead > 0 ? (uint32_t)ahead : 0;
    if (length > (uint32_t)room - reach)
        length = (uint32_t)room - reach;                    /* the part beyond the window */
    if (ahead <= 0) {
        if (t->fin_held && seq_gt(seq_add(t->rcv.nxt, length), t->rcv.fin))
            length = (uint32_t)seq_diff(t->rcv.fin, t->rcv.nxt);    /* there is nothing beyond */
        take_text(t, seg, skip, length, now);
        return;
    }
    reassembly_hold(t, seg, first, 0, length, now);         /* RFC 9293 3.10.7.4 [SHLD-31] */
    /* RFC 5681 4.2, RFC 9293 3.10.7.4 [MAY-13]: as many as the peer counts to begin its recovery */
    uint32_t owed = t->dup_acks_owed + seg_pieces(seg);
    t->dup_acks_owed = (uint8_t)(owed < UINT8_MAX ? owed : UINT8_MAX);
    t->may_send = true;
}

/* Nobody will ever read it: RFC 9293 3.6.1 [SHLD-3]. When our FIN was sent again in vain, the peer
 * is still at SEG.ACK, and would only challenge a RST that stands behind the FIN (RFC 5961 3.2). */
static enum step text_for_nobody(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    bool in_vain = t->resends > 0;
    seq_t at = in_vain ? seg->ack : tcp_acceptable_seq(t);
    tcp_flush(t);
    t->reason = AKSU_ABORTED;
    tcp_enter(t, TCP_CLOSED, now);
    t->rst_owed = t->may_send = true;
    t->rst_has_ack = !in_vain;
    t->rst_seq = at;
    return tcp_drop(t, "RFC 9293 3.6.1", "text after the user is gone", now);
}

/* RFC 9293 3.10.7.4: "Seventh, process the segment text." */
enum step seventh_process_text(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (seg->ctl & CTL_CWR || seg->ecn == ECN_CE)
        ecn_arrives(t, seg, now);
    if (seg->text_len == 0)
        return STEP_NEXT;

    switch ((enum aksu_tcp_state)t->state) {
    case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2:
        if (t->released && seq_gt(seq_add(seg->seq, seg->text_len), t->rcv.nxt))
            return text_for_nobody(t, seg, now);
        process_text(t, seg, now);
        break;
    case TCP_ESTABLISHED:
        process_text(t, seg, now);
        break;
    case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        if (seq_lt(seg->seq, t->rcv.nxt)) {     /* "ignore the segment text" */
            report_old(t, seg);
            acknowledge_now(t);
        }
        break;
    case TCP_CLOSED: case TCP_LISTEN: case TCP_SYN_SENT: case TCP_SYN_RECEIVED:
    case AKSU_TCP_STATE_COUNT:
        bug("steps after the fifth run in synchronized states");
    }
    return STEP_NEXT;
}

/* A FIN beyond a hole is remembered: RFC 9293 3.10.7.4 [SHLD-31]. A peer has one, and the first
 * place that it gave is the one that is marked as held: were it moved, the mark would pass for an
 * octet of text. One that is next does not come here. */
static void hold_fin(struct tcp *t, const struct tcp_segment *seg, seq_t fin, aksu_time now)
{
    if (t->fin_held && !seq_eq(fin, t->rcv.fin)) {
        (void)tcp_drop(t, "RFC 9293 3.10.7.4 eighth", "a FIN in another place", now);
    } else if (t->fin_held) {
        (void)reassembly_came_again(t, fin, seq_add(fin, 1));
    } else {
        t->fin_held = true;
        t->rcv.fin = fin;
    }
    reassembly_hold_fin(t);
    if (seg->text_len == 0)
        acknowledge_now(t);                     /* RFC 5681 4.2: it is out of order */
}

/* True when the FIN stands at RCV.NXT. */
static bool fin_is_next(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (seg->ctl & CTL_FIN) {
        seq_t fin = seq_add(seg->seq, seg->text_len + ((seg->ctl & CTL_SYN) != 0));
        if (seq_gt(fin, t->rcv.nxt) && seq_lt(fin, t->rcv.edge) && !t->fin_received)
            hold_fin(t, seg, fin, now);
        if (seq_eq(fin, t->rcv.nxt))
            return true;
    }
    return t->fin_held && seq_eq(t->rcv.fin, t->rcv.nxt);
}

/* RFC 9293 3.10.7.4: "Eighth, check the FIN bit." */
enum step eighth_check_fin(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (!fin_is_next(t, seg, now))
        return STEP_NEXT;

    switch ((enum aksu_tcp_state)t->state) {
    case TCP_ESTABLISHED:
        tcp_enter(t, TCP_CLOSE_WAIT, now);
        break;
    case TCP_FIN_WAIT_1:                        /* the fifth step took an acked FIN to FIN-WAIT-2 */
        tcp_enter(t, TCP_CLOSING, now);
        break;
    case TCP_FIN_WAIT_2:
        tcp_enter(t, TCP_TIME_WAIT, now);       /* RFC 9293 3.6.1 [MUST-13] */
        break;
    case TCP_TIME_WAIT:
        restart_time_wait(t, now);
        acknowledge_now(t);
        return STEP_DONE;
    case TCP_CLOSE_WAIT: case TCP_CLOSING: case TCP_LAST_ACK:
        return tcp_drop(t, "RFC 9293 3.10.7.4 eighth", "a second FIN", now);
    case TCP_CLOSED: case TCP_LISTEN: case TCP_SYN_SENT: case TCP_SYN_RECEIVED:
    case AKSU_TCP_STATE_COUNT:
        bug("steps after the fifth run in synchronized states");
    }
    reassembly_free(t);                         /* there is nothing beyond a FIN */
    t->fin_held = false;
    t->fin_received = true;
    t->rcv.nxt = seq_add(t->rcv.nxt, 1);        /* "advance RCV.NXT over the FIN" */
    if (seq_lt(t->rcv.edge, t->rcv.nxt))
        t->rcv.edge = t->rcv.nxt;
    acknowledge_now(t);
    t->notify |= AKSU_PEER_CLOSED | AKSU_READABLE;             /* RFC 9293 3.6 [MUST-12] */
    TCP_EMIT(t, now, signal, .status = AKSU_CLOSING, .what = "connection closing");
    return STEP_DONE;
}
