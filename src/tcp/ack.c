/* ack.c - the fifth step in full (RFC 9293 3.10.7.4 fifth): which ACKs count (RFC 5961 5.2), what
 * they free, the send window, round-trip samples, and the states they end. Called by
 * segment_steps.c. */
#include "tcp/core.h"

/* RFC 7323 2.2: the window of a SYN is never scaled, not even of one that crosses ours. */
static uint32_t offered_window(const struct tcp *t, const struct tcp_segment *seg)
{
    return seg->ctl & CTL_SYN ? seg->wnd : seg->wnd << t->snd_wscale;
}

/* SYN-RECEIVED: "if SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED", else a RST. */
static enum step ack_in_syn_received(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (t->held || seq_le(seg->ack, t->snd.una) || seq_gt(seg->ack, t->snd.nxt)) {
        t->rst_owed = true;
        t->rst_has_ack = false;
        t->rst_seq = seg->ack;
        t->may_send = true;
        return tcp_drop(t, "RFC 9293 3.10.7.4 fifth", "ACK of something never sent", now);
    }
    t->snd.wl1 = seg->seq;
    t->snd.wl2 = seg->ack;
    t->snd.wnd = offered_window(t, seg);
    t->snd.max_wnd = t->snd.wnd;
    tcp_established(t, now);
    return STEP_NEXT;
}

/* RFC 5961 5.2, RFC 9293 3.10.7.4 [MAY-12]: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT. */
static enum step check_range(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    seq_t least = seq_sub(t->snd.una, t->snd.max_wnd);
    if (t->env->config.rfc5961 && seq_lt(seg->ack, least)) {
        tcp_challenge_ack(t, seg, now);
        return tcp_drop(t, "RFC 5961 5.2", "ACK too old", now);
    }
    if (seq_gt(seg->ack, t->snd.nxt) && t->state != TCP_SYN_RECEIVED) {
        tcp_challenge_ack(t, seg, now);
        return tcp_drop(t, "RFC 9293 3.10.7.4 fifth", "ACK of something never sent", now);
    }
    return STEP_NEXT;
}

/* RFC 5681 2: nothing in it but the news that something arrived out of order. */
static bool is_duplicate(const struct tcp *t, const struct tcp_segment *seg)
{
    return seq_eq(seg->ack, t->snd.una) && seq_lt(t->snd.una, t->snd.nxt)
        && seg->text_len == 0 && !(seg->ctl & (CTL_SYN | CTL_FIN))
        && seg->wnd << t->snd_wscale == t->snd.wnd && t->snd.wnd != 0;
}

/* Removes what is acknowledged from the send ring; SYN and FIN hold no octet there. */
static uint32_t free_text(struct tcp *t, seq_t ack)
{
    seq_t first = send_first(t);
    if (seq_le(ack, first))
        return 0;
    uint32_t text = (uint32_t)seq_diff(ack, first);
    if (text > t->send.length)
        text = t->send.length;                  /* the rest is our FIN */
    ring_consume(&t->send, t->env->pool, text, 0);
    return text;
}

/* A quarter of the buffer, so that the user is not woken for every segment. */
static void tell_of_room(struct tcp *t)
{
    uint32_t most = t->sent_write_short ? buffers_send(t) : 0;
    if (t->sent_write_short && t->send.length <= most - most / 4) {
        t->sent_write_short = false;
        t->notify |= AKSU_WRITABLE;
    }
}

/* SND.UNA < SEG.ACK. */
static void advance(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    t->octets_out += free_text(t, seg->ack);
    t->snd.una = seg->ack;
    t->syn_acked = true;
    t->syn_owed = false;
    if (t->fin_sent && seq_gt(seg->ack, t->snd.fin))
        t->fin_acked = true;
    if (t->urgent_out && seq_ge(seg->ack, t->snd.up))
        t->urgent_out = false;
    t->progress_at = now;
    rto_on_ack(t, seg, now);
}

/* SEG.SEQ; of several that came as one, that of the last that begins in the window. */
static seq_t newest_seq(const struct tcp *t, const struct tcp_segment *seg)
{
    int32_t room = seq_diff(t->rcv.edge, seg->seq);
    if (seg->gso_size == 0 || seg->text_len <= seg->gso_size || room <= 0)
        return seg->seq;
    uint32_t last = seg->text_len < (uint32_t)room ? seg->text_len : (uint32_t)room;
    return seq_add(seg->seq, (last - 1) / seg->gso_size * seg->gso_size);
}

/* RFC 9293 3.10.7.4 fifth: "the send window should be updated" only by newer segments. One that
 * acknowledges more than any before is newer, even when its text was sent again: without its window
 * SND.UNA + SND.WND would go beyond what the peer ever offered. */
static void update_window(struct tcp *t, const struct tcp_segment *seg, bool acks_more,
                          aksu_time now)
{
    seq_t seq = newest_seq(t, seg);
    bool newer = acks_more || seq_lt(t->snd.wl1, seq)
              || (seq_eq(t->snd.wl1, seq) && seq_le(t->snd.wl2, seg->ack));
    if (!newer)
        return;
    uint32_t before = t->snd.wnd;
    t->snd.wnd = offered_window(t, seg);
    t->snd.wl1 = seq_max(t->snd.wl1, seq);
    t->snd.wl2 = seg->ack;
    if (t->snd.wnd > t->snd.max_wnd)
        t->snd.max_wnd = t->snd.wnd;
    if (t->snd.wnd != before && tcp_owes_more(t))
        t->may_send = true;
    if (t->snd.wnd == 0 || t->closed_window)
        window_persist(t, now);
}

/* Our FIN may have been acknowledged. */
static enum step after_ack_by_state(struct tcp *t, aksu_time now)
{
    switch ((enum aksu_tcp_state)t->state) {
    case TCP_FIN_WAIT_1:
        if (t->fin_acked) {
            tcp_enter(t, TCP_FIN_WAIT_2, now);
            t->notify |= AKSU_SENT;
        }
        return STEP_NEXT;
    case TCP_CLOSING:
        if (!t->fin_acked)
            return tcp_drop(t, "RFC 9293 3.10.7.4 fifth", "not the ACK of our FIN", now);
        tcp_enter(t, TCP_TIME_WAIT, now);
        t->notify |= AKSU_SENT;
        return STEP_NEXT;
    case TCP_LAST_ACK:
        if (!t->fin_acked)
            return STEP_NEXT;
        t->notify |= AKSU_SENT;
        tcp_enter(t, TCP_CLOSED, now);
        return STEP_DONE;
    case TCP_ESTABLISHED: case TCP_CLOSE_WAIT: case TCP_FIN_WAIT_2:
    case TCP_TIME_WAIT:                        /* a repeated FIN: the eighth step acknowledges it */
        return STEP_NEXT;
    case TCP_CLOSED: case TCP_LISTEN: case TCP_SYN_SENT: case TCP_SYN_RECEIVED:
    case AKSU_TCP_STATE_COUNT:
        break;
    }
    bug("an ACK is processed in synchronized states");
}

static void what_the_syns_had(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if ((t->fo | t->fo_text) != 0)
        fast_open_answered(t, seg, now);
    tcp_process_queued(t, now);
}

enum step tcp_process_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (check_range(t, seg, now) == STEP_DONE)
        return STEP_DONE;
    bool opens = t->state == TCP_SYN_RECEIVED;
    if (opens && ack_in_syn_received(t, seg, now) == STEP_DONE)
        return STEP_DONE;

    if (t->ts_on)                               /* not of one whose ACK is refused: RFC 5961 5.2 */
        paws_remember(t, seg, now);
    t->probes = 0;                              /* RFC 9293 3.8.6.1 [MUST-37], 3.8.6 [SHLD-17] */
    seq_t before = t->snd.una;
    bool acks_more = seq_gt(seg->ack, before);
    bool duplicate = !acks_more && is_duplicate(t, seg);
    if (acks_more)
        advance(t, seg, now);
    if (t->out != NULL && (acks_more || duplicate || (seg->options.has & HAS_SACK)))
        recovery_on_ack(t, seg, before, duplicate, now);
    else if (seg->ctl & CTL_ECE && ecn_echoes(t, seg, before))
        recovery_on_echo(t, now);
    if (acks_more) {
        rto_restart(t, now);
        if (tcp_owes_more(t))
            t->may_send = true;
        if (seq_eq(t->snd.una, t->snd.nxt) && t->send.length == 0)
            t->notify |= AKSU_SENT;
    }
    if (acks_more || (seg->options.has & HAS_SACK))     /* what is SACKed makes room */
        tell_of_room(t);
    if (t->state != TCP_TIME_WAIT && seq_ge(seg->ack, t->snd.una))
        update_window(t, seg, acks_more, now);
    if (opens && t->active)                     /* both have opened */
        what_the_syns_had(t, seg, now);
    return after_ack_by_state(t, now);
}
