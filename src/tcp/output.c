/* output.c - what is owed, and in which order. Input records it, the owner pulls it:
 * RFC 9293 3.10.7.4 [MUST-58] and RFC 9293 3.10.7.4 [MUST-59] hold because nothing is sent before
 * all input was processed. */
#include "tcp/core.h"

/* SLICES: a frame that leaves has its headers in a part of their own. */
enum { LARGEST_GSO = 61440, SLICES = TCP_TEXT_PARTS - 1 };

static void header(struct tcp *t, struct tcp_segment *out, seq_t seq, uint8_t ctl)
{
    out->source_port = t->tuple.local_port;
    out->destination_port = t->tuple.remote_port;
    out->seq = seq;
    out->ack = ctl & CTL_ACK ? t->rcv.nxt : seq_of(0);
    out->ctl = ctl;
    out->ecn = 0;
    out->urgent_pointer = 0;
    out->gso_size = 0;
    out->text_len = 0;
    out->parts = 0;
    t->segments_out++;
}

static void acknowledged(struct tcp *t)
{
    t->last_ack_sent = t->rcv.nxt;              /* RFC 7323 4.3 */
    t->ack_owed = ACK_NONE;
    t->rcv.acked_text = 0;
    t->deadline[TIMER_DELAYED_ACK] = NEVER;
}

/* Header of a segment of an established connection: ACK, window, options. */
static void segment(struct tcp *t, struct tcp_segment *out, seq_t seq, uint8_t ctl, aksu_time now)
{
    header(t, out, seq, (uint8_t)(ctl | CTL_ACK));
    uint32_t wnd = window_to_advertise(t) >> t->rcv_wscale;
    out->wnd = wnd > UINT16_MAX ? UINT16_MAX : wnd;
    tcp_own_options(t, &out->options, now);
    acknowledged(t);
}

static void give_reset(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    header(t, out, t->rst_seq, (uint8_t)(t->rst_has_ack ? CTL_RST | CTL_ACK : CTL_RST));
    out->wnd = 0;
    tcp_own_options(t, &out->options, now);     /* RFC 7323 3.2: RST carries them too */
    t->rst_owed = false;
}

/* SYN or SYN,ACK: RFC 9293 3.10.1, 3.10.7.2. */
static void give_syn(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    bool with_ack = t->state != TCP_SYN_SENT;
    header(t, out, t->iss, (uint8_t)(with_ack ? CTL_SYN | CTL_ACK : CTL_SYN));
    tcp_own_syn_options(t, &out->options, now);
    out->wnd = tcp_syn_window(t);               /* RFC 7323 2.2: never scaled */
    if (with_ack) {
        t->rcv.edge = seq_max(t->rcv.edge, seq_add(t->rcv.nxt, out->wnd));
        acknowledged(t);
    }
    t->syn_owed = false;
    if (t->resends == 0 && !t->timing) {
        t->timing = true;
        t->timed = seq_add(t->iss, 1);
        t->timed_at = now;
    } else {
        t->timing = false;
    }
    if (t->deadline[TIMER_RETRANSMISSION] == NEVER) {
        rto_start(t, now);
        aksu_time give_up = time_after(t->progress_at, t->env->config.syn_r2);
        t->deadline[TIMER_RETRANSMISSION] = time_min(t->deadline[TIMER_RETRANSMISSION], give_up);
    }
}

/* Attaches text [seq, seq+len) and marks PSH (RFC 9293 3.9.1.2 [MUST-61]), URG (3.8.5). */
static void attach_text(struct tcp *t, struct tcp_segment *out, seq_t seq, uint32_t len)
{
    uint32_t at = (uint32_t)seq_diff(seq, send_first(t));
    out->text_len = len;
    out->parts = (uint8_t)(len == 0 ? 0 : ring_slices(&t->send, t->env->pool, at, len, out->text,
                                                      SLICES));
    if (len > 0 && at + len == t->send.length && !t->more)
        out->ctl |= CTL_PSH;
    if (t->urgent_out && seq_gt(t->snd.up, seq)) {
        uint32_t up = (uint32_t)seq_diff(t->snd.up, seq);
        out->ctl |= CTL_URG;                    /* RFC 9293 3.8.5 [MUST-30], 3.8.5 [MUST-31] */
        out->urgent_pointer = (uint16_t)(up > UINT16_MAX ? UINT16_MAX : up);
    }
}

static void attach_fin(struct tcp *t, struct tcp_segment *out)
{
    seq_t end = seq_add(out->seq, out->text_len);
    if (t->fin_queued && seq_eq(end, send_end(t)) && !t->fin_acked) {
        out->ctl |= CTL_FIN;
        if (!t->fin_sent) {
            t->fin_sent = true;
            t->snd.fin = end;
        }
    }
}

/* Text that fits a segment: SACK blocks take their part of Eff.snd.MSS. */
static uint32_t text_limit(const struct tcp *t)
{
    if (!t->holes || !t->sack_on)
        return t->snd_mss;
    struct tcp_options o = { .has = 0 };
    reassembly_sacks(t, &o);
    uint32_t blocks = 4u + 8u * o.sack_count;
    return t->snd_mss > blocks + 8 ? t->snd_mss - blocks : 8;
}

static bool give_resend(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    seq_t from = seq_max(t->snd.resend, send_first(t));
    uint32_t left = (uint32_t)seq_diff(t->snd.resend_end, from);
    uint32_t len = left, limit = text_limit(t);
    uint32_t text = (uint32_t)seq_diff(send_end(t), from);

    if (len > text)
        len = text;                             /* the last one of `left` is the FIN */
    if (len > limit)
        len = limit;
    uint32_t since = (uint32_t)seq_diff(from, t->snd.una);
    if (since > 0) {                            /* cwnd and SND.WND count from SND.UNA on */
        uint32_t wnd = t->snd.wnd < t->cc.cwnd ? t->snd.wnd : t->cc.cwnd;
        if (since >= wnd)
            return false;
        if (len > wnd - since)
            len = wnd - since;
    } else if (len > t->snd.wnd && t->snd.wnd > 0) {
        len = t->snd.wnd;                       /* RFC 9293 3.8.6 [SHLD-16] */
    }
    segment(t, out, from, 0, now);
    attach_text(t, out, from, len);
    if (len < left)
        attach_fin(t, out);
    t->snd.resend = seq_add(from, seg_len(out));
    t->retransmits++;
    if (t->timing && seq_gt(t->timed, from))
        t->timing = false;                      /* RFC 6298 3, RFC 9293 3.8.1 [MUST-18] */
    if (t->deadline[TIMER_RETRANSMISSION] == NEVER && !t->closed_window)
        rto_start(t, now);
    TCP_EMIT(t, now, retransmit, .seq = from.n, .len = len,
             .why = t->loss.recovering ? "fast retransmit" : "timeout");
    return true;
}

/* RFC 9293 3.8.6.1 [MUST-36]: one octet of what waits, beyond the window or again. */
static bool give_probe(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    t->probe_owed = false;
    seq_t from = t->snd.una;
    bool again = seq_lt(t->snd.una, t->snd.nxt);
    uint32_t len = seq_lt(from, send_end(t)) ? 1 : 0;
    if (!again && len == 0 && !t->fin_queued)
        return false;
    segment(t, out, from, 0, now);
    attach_text(t, out, from, len);
    if (len == 0 || seq_eq(seq_add(from, 1), send_end(t)))
        attach_fin(t, out);
    seq_t end = seq_add(from, seg_len(out));
    if (seq_gt(end, t->snd.nxt))
        t->snd.nxt = end;
    t->timing = false;
    return true;
}

/* RFC 9293 3.8.6.2.1 [MUST-38], 3.7.4 [SHLD-7]: may `len` of `queued` octets go now? */
static bool worth_sending(const struct tcp *t, uint32_t len, uint32_t limit, uint32_t queued)
{
    if (len >= limit || t->sws_override)
        return true;
    bool idle = seq_eq(t->snd.nxt, t->snd.una);
    bool nagle_lets = idle || t->nodelay || t->fin_queued;
    if (len == queued && !t->more)              /* RFC 9293 3.9.1.2 [MAY-16] */
        return nagle_lets;
    return nagle_lets && !t->more && len > 0 && len >= t->snd.max_wnd / 2;
}

static void sent_new(struct tcp *t, const struct tcp_segment *out, aksu_time now)
{
    t->snd.nxt = seq_add(t->snd.nxt, seg_len(out));
    t->sws_override = false;
    t->last_out_ms = (uint32_t)(now / MS(1));
    if (!t->timing) {                          /* RFC 6298 3: one segment per round trip is timed */
        t->timing = true;
        t->timed = t->snd.nxt;
        t->timed_at = now;
    }
    if (t->deadline[TIMER_RETRANSMISSION] == NEVER && !t->closed_window)
        rto_start(t, now);                      /* RFC 6298 5.1 */
    t->deadline[TIMER_PERSIST] = t->closed_window ? t->deadline[TIMER_PERSIST] : NEVER;
}

/* RFC 5681 4.1: after an idle RTO the window is not trusted any more. */
static void restart_after_idle(struct tcp *t, aksu_time now)
{
    uint32_t idle_ms = (uint32_t)(now / MS(1)) - t->last_out_ms;
    if (seq_eq(t->snd.una, t->snd.nxt) && idle_ms > t->rto_us / 1000
        && t->cc.cwnd > t->env->config.initial_window * t->snd_mss)
        t->cc.ops->after_idle(&t->cc, t->snd_mss, t->env->config.initial_window, now);
}

static bool give_new(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    bool fin_waits = t->fin_queued && !t->fin_sent;
    uint32_t queued = t->fin_sent ? 0 : (uint32_t)seq_diff(send_end(t), t->snd.nxt);
    if (queued == 0 && !fin_waits)
        return false;
    restart_after_idle(t, now);

    uint32_t usable = window_sendable(t), limit = text_limit(t);
    /* Who cuts a large segment would copy its urgent pointer into every piece. */
    bool large = t->gso && !t->urgent_out && limit == t->snd_mss;
    uint32_t most = large ? LARGEST_GSO / limit * limit : limit;
    uint32_t len = queued < usable ? queued : usable;
    if (len > most)
        len = most;
    /* A large segment ends at a segment boundary, unless what is left may go by Nagle's rule
     * too. */
    if (len > limit && (len < queued || !(t->nodelay || fin_waits || in_flight(t) == 0)))
        len -= len % limit;
    bool fin_goes = fin_waits && len == queued && len < usable;
    if (!fin_goes && !(len > 0 && worth_sending(t, len, limit, queued))) {
        if (t->snd.wnd == 0)
            window_persist(t, now);
        else if (seq_eq(t->snd.una, t->snd.nxt))
            window_override(t, now);            /* no ACK will come to release it */
        return false;
    }
    segment(t, out, t->snd.nxt, 0, now);
    attach_text(t, out, t->snd.nxt, len);
    if (len > limit)
        out->gso_size = (uint16_t)limit;
    if (fin_goes)
        attach_fin(t, out);
    sent_new(t, out, now);
    return true;
}

static bool give_ack(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    if (t->dup_acks_owed == 0 && t->ack_owed != ACK_NOW)
        return false;
    if (t->dup_acks_owed > 0)
        t->dup_acks_owed--;                    /* one for each segment out of order: RFC 5681 4.2 */
    segment(t, out, tcp_acceptable_seq(t), 0, now);
    return true;
}

/* RFC 9293 3.8.4 [SHLD-12]: SEG.SEQ = SND.NXT - 1, no text. */
static void give_keepalive(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    t->keepalive_owed = false;
    segment(t, out, seq_sub(t->snd.nxt, 1), 0, now);
}

/* Besides the ACK, of an established connection. */
bool tcp_owes_more(const struct tcp *t)
{
    return seq_gt(send_end(t), t->snd.nxt) || (t->fin_queued && !t->fin_sent)
        || seq_lt(t->snd.resend, t->snd.resend_end) || t->dup_acks_owed > 0 || t->keepalive_owed
        || t->probe_owed;
}

bool tcp_next_segment(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    if (t->rst_owed) {
        give_reset(t, out, now);
        return true;
    }
    if (t->state == TCP_CLOSED || t->state == TCP_LISTEN || t->held) {
        t->may_send = false;
        return false;
    }
    if (t->syn_owed) {
        give_syn(t, out, now);
        t->may_send = t->state == TCP_FIN_WAIT_1;   /* CLOSE in SYN-RECEIVED: its FIN follows */
        return true;
    }
    bool may_send_text = t->state != TCP_SYN_SENT && t->state != TCP_SYN_RECEIVED
                      && t->syn_acked;
    if (t->dup_acks_owed > 0 && give_ack(t, out, now))
        return true;
    if (may_send_text) {
        if (t->probe_owed && give_probe(t, out, now))
            return true;
        if (seq_lt(t->snd.resend, t->snd.resend_end) && !t->closed_window) {
            if (give_resend(t, out, now))
                return true;
        } else if (give_new(t, out, now)) {
            t->may_send = tcp_owes_more(t);
            return true;
        }
        if (t->keepalive_owed) {
            give_keepalive(t, out, now);
            return true;
        }
    } else if (t->state == TCP_FIN_WAIT_1 && !t->fin_sent && give_new(t, out, now)) {
        return true;                            /* CLOSE in SYN-RECEIVED: the FIN may go at once */
    }
    bool gives = give_ack(t, out, now);
    t->may_send = gives && t->dup_acks_owed > 0;
    return gives;
}
