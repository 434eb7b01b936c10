/* output.c - what is owed, and in which order. Input records it, the owner pulls it:
 * RFC 9293 3.10.7.4 [MUST-58] and RFC 9293 3.10.7.4 [MUST-59] hold because nothing is sent before
 * all input was processed. */
#include "tcp/core.h"
#include "tcp/user_timeout.h"

/* Apart from the few registers of those who call them. */
#define RARELY __attribute__((noinline, cold))

/* SLICES: a frame that leaves has its headers in a part of their own. */
enum { LARGEST_GSO = 61440, SLICES = TCP_TEXT_PARTS - 1 };

static void header(struct tcp *t, struct tcp_segment *out, seq_t seq, uint8_t ctl)
{
    out->source_port = t->tuple.local_port;
    out->destination_port = t->tuple.remote_port;
    out->seq = seq;
    out->ack = ctl & CTL_ACK ? t->rcv.nxt : seq_of(0);
    out->ctl = ctl;
    out->ecn = ECN_NOT_ECT;
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
    uint8_t ece = t->ece_owed ? CTL_ECE : 0;    /* RFC 3168 6.1.3 */
    header(t, out, seq, (uint8_t)(ctl | CTL_ACK | ece));
    uint32_t wnd = window_to_advertise(t, now) >> t->rcv_wscale;
    out->wnd = wnd > UINT16_MAX ? UINT16_MAX : wnd;
    tcp_own_options(t, &out->options, now);
    if (t->uto_owed)
        user_timeout_say(t, &out->options);
    acknowledged(t);
}

RARELY static void give_reset(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    header(t, out, t->rst_seq, (uint8_t)(t->rst_has_ack ? CTL_RST | CTL_ACK : CTL_RST));
    out->wnd = 0;
    tcp_own_options(t, &out->options, now);     /* RFC 7323 3.2: RST carries them too */
    t->rst_owed = false;
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

/* RFC 7413 4.2.2: "update SND.NXT to include the data". Who answers has no need of PSH yet. */
static void syn_text(struct tcp *t, struct tcp_segment *out, uint32_t length)
{
    if (length == 0)
        return;
    attach_text(t, out, seq_add(t->iss, 1), length);
    out->ctl &= (uint8_t)~(CTL_PSH | CTL_URG);
    t->snd.nxt = seq_add(t->snd.nxt, length);
}

/* SYN or SYN,ACK: RFC 9293 3.10.1, 3.10.7.2. */
static void give_syn(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    bool with_ack = t->state != TCP_SYN_SENT;
    uint8_t ctl = with_ack ? CTL_SYN | CTL_ACK : CTL_SYN;
    header(t, out, t->iss, (uint8_t)(ctl | ecn_of_syn(t)));
    tcp_own_syn_options(t, &out->options, now);
    out->wnd = tcp_syn_window(t);               /* RFC 7323 2.2: never scaled */
    if (!with_ack) {
        syn_text(t, out, fast_open_syn(t, &out->options, now));
    } else {
        fast_open_grants(t, &out->options, now);
        t->rcv.edge = seq_max(t->rcv.edge, seq_add(t->rcv.nxt, out->wnd));
        acknowledged(t);
    }
    t->syn_owed = false;
    /* RFC 6298 3: the first one only; asked for again, it leaves while its timer runs */
    if (t->resends == 0 && t->deadline[TIMER_RETRANSMISSION] == NEVER) {
        t->timing = true;
        t->timed = seq_add(t->iss, 1);
        t->timed_at = now;
    } else {
        t->timing = false;
    }
    if (t->deadline[TIMER_RETRANSMISSION] == NEVER) {
        rto_start(t, now);
        aksu_time give_up = time_after(t->progress_at, t->env->config.syn_r2);
        /* What would be sent in the last moment, nobody could answer. A record's R2 is rounded. */
        if (time_after(t->deadline[TIMER_RETRANSMISSION], MS(1)) > give_up)
            t->deadline[TIMER_RETRANSMISSION] = give_up;
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

/* Text that fits a segment: SACK blocks, and a user timeout, take their part of Eff.snd.MSS. */
static uint32_t text_limit(const struct tcp *t)
{
    if (!reassembly_reports(t) && !t->uto_owed)
        return t->snd_mss;
    uint32_t blocks = reassembly_reports(t) ? 4u + 8u * reassembly_blocks(t) : 0;
    blocks += t->uto_owed ? 4u : 0;
    return t->snd_mss > blocks + 8 ? t->snd_mss - blocks : 8;
}

/* What the scoreboard is told of text that leaves once more. */
static void sent_once_more(struct tcp *t, struct sent_run *s, aksu_time now)
{
    struct sender *o = t->out;
    sent_again(&o->queue, s, now);
    rate_sent(o, s, false, now);
    undo_sent_again(t, s, now);
    o->prr_out += sent_length(s);
    pace_sent(o, sent_length(s), now);
    t->retransmits++;
    if (t->timing && seq_gt(t->timed, s->left))
        t->timing = false;                      /* RFC 6298 3, RFC 9293 3.8.1 [MUST-18] */
    if ((t->deadline[TIMER_RETRANSMISSION] == NEVER || s == o->queue.first) && !t->closed_window)
        rto_start(t, now);                      /* RFC 6675 6, RFC 6298 5.1 */
}

static void wait_for_memory(struct tcp *t, aksu_time now)
{
    t->deadline[TIMER_MEMORY] = time_after(now, MS(MEMORY_RETRY_MS));
}

/* The run `s`, or as much of it as fits a segment, again. */
static bool resend(struct tcp *t, struct tcp_segment *out, struct sent_run *s, uint32_t most,
                   const char *why, aksu_time now)
{
    uint32_t len = sent_length(s) < most ? sent_length(s) : most;
    if (len < sent_length(s) && !sent_split(&t->out->queue, s, seq_add(s->left, len))) {
        wait_for_memory(t, now);
        return false;
    }
    uint32_t text = (uint32_t)seq_diff(send_end(t), s->left);
    segment(t, out, s->left, 0, now);
    attach_text(t, out, s->left, len < text ? len : text);      /* the last one is the FIN */
    if (len > text)
        attach_fin(t, out);
    sent_once_more(t, s, now);
    TCP_EMIT(t, now, retransmit, .seq = s->left.n, .len = out->text_len, .why = why);
    return true;
}

/* Sequence numbers that fit a segment with `limit` octets of text: a FIN stands behind the text. */
static uint32_t with_fin(const struct tcp *t, const struct sent_run *s, uint32_t limit)
{
    return limit + (t->fin_sent && seq_gt(s->right, t->snd.fin));
}

/* RFC 6675 4 (NextSeg 1), RFC 5681 3.1: the first that is lost. */
RARELY static bool give_resend(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    struct sender *o = t->out;
    struct sent_run *s = sent_first_lost(&o->queue);
    uint32_t limit = text_limit(t);
    while (sent_length(s) < limit && s->next != NULL && s->next->state == SENT_LOST)
        sent_absorb_next(&o->queue, s);
    uint32_t len = sent_length(s), since = (uint32_t)seq_diff(s->left, t->snd.una);
    len = len <= with_fin(t, s, limit) ? len : limit;
    if (since > 0 && since >= t->snd.wnd)
        return false;
    if (t->snd.wnd > 0 && len > t->snd.wnd - since)
        len = t->snd.wnd - since;               /* RFC 9293 3.8.6 [SHLD-16] */
    uint32_t text = len < limit ? len : limit;  /* a FIN needs no room */
    if (!o->resend_now && (window_of_cwnd(t) < text || !pace_lets(t, now)))
        return false;
    o->resend_now = false;
    return resend(t, out, s, len, sender_resend_why(o), now);
}

/* The scoreboard knows it before it leaves. */
static bool note_new(struct tcp *t, uint32_t length, aksu_time now)
{
    struct sender *o = t->out;
    bool first = o->queue.first == NULL;
    struct sent_run *s = sent_append(&o->queue, t->snd.nxt, seq_add(t->snd.nxt, length), now);
    if (s == NULL) {
        wait_for_memory(t, now);
        return false;
    }
    if (seq_eq(s->left, t->snd.nxt))
        rate_sent(o, s, first, now);
    if (first)
        t->deadline[TIMER_SENDER] = NEVER;      /* it is not idle any more */
    return true;
}

/* RFC 9293 3.8.6.1 [MUST-36]: one octet of what waits, beyond the window or again; or nothing, at a
 * number that the peer has acknowledged and must answer (RFC 9293 3.10.7.4 first). */
RARELY static bool give_probe(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    t->probe_owed = false;
    seq_t from = t->snd.una;
    bool again = seq_lt(t->snd.una, t->snd.nxt);
    uint32_t len = seq_lt(from, send_end(t)) ? 1 : 0;
    if (!again && len == 0 && !t->fin_queued)
        return false;
    if (!again && t->env->config.empty_window_probes) {
        segment(t, out, seq_sub(from, 1), 0, now);
        return true;
    }
    struct sender *o = sender_have(t, now);
    if (o == NULL)
        return false;                           /* no memory: the next probe may find some */
    bool fin = t->fin_queued && seq_eq(seq_add(from, len), send_end(t)) && !t->fin_acked;
    seq_t end = seq_add(from, len + fin);
    if (seq_gt(end, t->snd.nxt) && !note_new(t, (uint32_t)seq_diff(end, t->snd.nxt), now))
        return false;
    if (again && o->queue.first->times == 0)
        o->queue.first->times = 1;              /* RFC 6298 3: it is not known any more which */
    segment(t, out, from, 0, now);
    attach_text(t, out, from, len);
    if (fin)
        attach_fin(t, out);
    t->snd.nxt = seq_max(t->snd.nxt, end);
    t->timing = false;
    return true;
}

/* RFC 9293 3.8.6.2.1 [MUST-38], 3.7.4 [SHLD-7]: may `len` of `queued` octets go now? */
static bool worth_sending(const struct tcp *t, uint32_t len, uint32_t limit, uint32_t queued)
{
    if (len >= limit || t->sws_override)
        return true;
    bool idle = seq_eq(t->snd.nxt, send_first(t));
    bool nagle_lets = idle || t->nodelay || t->fin_queued;
    if (len == queued && !t->more)              /* RFC 9293 3.9.1.2 [MAY-16] */
        return nagle_lets;
    return nagle_lets && !t->more && len > 0 && len >= t->snd.max_wnd / 2;
}

static void sent_new(struct tcp *t, const struct tcp_segment *out, aksu_time now)
{
    struct sender *o = t->out;
    t->snd.nxt = seq_add(t->snd.nxt, seg_len(out));
    pace_sent(o, out->text_len, now);
    if (o->recovery == RECOVERY_FAST)
        o->prr_out += out->text_len;
    t->sws_override = false;
    t->last_out_ms = (uint32_t)(now / MS(1));
    if (!t->timing) {                          /* RFC 6298 3: one segment per round trip is timed */
        t->timing = true;
        t->timed = t->snd.nxt;
        t->timed_at = now;
    }
    if (t->closed_window)
        return;
    /* Of segments that leave at the same time the first one has done it for all. */
    bool later = t->waits_for == WAIT_LOSS_PROBE && o->armed_at != now;
    if (t->deadline[TIMER_RETRANSMISSION] == NEVER || later)
        rto_start(t, now);                      /* RFC 6298 5.1, RFC 8985 7.2 */
    t->deadline[TIMER_PERSIST] = NEVER;
}

/* RFC 5681 4.1: after an idle RTO the window is not trusted any more, when something may leave. */
static void restart_after_idle(struct tcp *t, aksu_time now)
{
    if (!seq_eq(t->snd.una, t->snd.nxt) || t->snd.wnd == 0)
        return;
    uint32_t idle_ms = (uint32_t)(now / MS(1)) - t->last_out_ms;
    if (idle_ms > t->rto_us / 1000)
        t->out->cc.ops->after_idle(&t->out->cc, MS(idle_ms), now);
}

/* Nothing, or not enough, may go now: what will change that? */
static void held_back(struct tcp *t, uint32_t queued, uint32_t limit, aksu_time now)
{
    struct sender *o = t->out;
    if (window_of_cwnd(t) < (queued < limit ? queued : limit)) {
        o->cwnd_used = true;                    /* RFC 7661 4.1 */
        o->cwnd_used_to = t->snd.nxt;
    }
    if (t->snd.wnd == 0)
        window_persist(t, now);
    else if (seq_eq(t->snd.una, t->snd.nxt))
        window_override(t, now);                /* no ACK will come to release it */
}

/* What SND.WND alone allows beyond SND.NXT. */
static uint32_t probe_window(const struct tcp *t)
{
    uint32_t flight = in_flight(t);
    return t->snd.wnd > flight ? t->snd.wnd - flight : 0;
}

/* How much of `queued` goes into one segment, large ones for a device that cuts. */
static uint32_t new_length(const struct tcp *t, uint32_t queued, uint32_t limit, bool fin_waits)
{
    uint32_t usable = window_sendable(t);
    /* Who cuts a large segment would copy its urgent pointer into every piece. */
    bool large = t->gso && !t->urgent_out && limit == t->snd_mss && !t->out->tlp_owed;
    uint32_t most = large ? LARGEST_GSO / limit * limit : limit;
    if (large && t->out->pace_rate != 0)        /* a millisecond of the pace at a time */
        most = pace_piece(t->out->pace_rate, limit, most);
    if (t->out->tlp_owed)                       /* RFC 8985 7.3: one segment beyond cwnd */
        usable = probe_window(t);
    uint32_t len = queued < usable ? queued : usable;
    if (len > most)
        len = most;
    /* A large segment ends at a segment boundary, unless what is left may go by Nagle's rule
     * too. */
    if (len > limit && (len < queued || !(t->nodelay || fin_waits || in_flight(t) == 0)))
        len -= len % limit;
    return len;
}

static bool give_what_waits(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    bool fin_waits = t->fin_queued && !t->fin_sent;
    uint32_t queued = (uint32_t)seq_diff(send_end(t), t->snd.nxt);
    if (sender_have(t, now) == NULL) {
        wait_for_memory(t, now);
        return false;
    }
    restart_after_idle(t, now);
    if (!t->out->tlp_owed && !pace_lets(t, now))
        return false;
    uint32_t limit = text_limit(t), len = new_length(t, queued, limit, fin_waits);
    uint32_t probe = t->mtu < t->mtu_most ? mtu_probe_length(t, queued, limit, now) : 0;
    if (probe == MTU_PROBE_WAITS)
        return false;
    len = probe != 0 ? probe : len;
    bool fin_goes = fin_waits && len == queued && len < window_sendable(t);
    bool goes = fin_goes || (len > 0 && (t->out->tlp_owed || worth_sending(t, len, limit, queued)));
    if (!goes) {
        held_back(t, queued, limit, now);
        return false;
    }
    if (!note_new(t, len + fin_goes, now))
        return false;
    if (probe != 0)
        mtu_probe_sent(t, len, now);
    segment(t, out, t->snd.nxt, 0, now);
    attach_text(t, out, t->snd.nxt, len);
    if (t->ecn == TCP_ECN_ON && len > 0)
        ecn_of_new_text(t, out);
    if (len > limit && probe == 0)              /* a probe is one packet */
        out->gso_size = (uint16_t)limit;
    if (fin_goes)
        attach_fin(t, out);
    sent_new(t, out, now);
    return true;
}

static bool give_new(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    if (!t->fin_sent && (t->fin_queued || seq_gt(send_end(t), t->snd.nxt)))
        return give_what_waits(t, out, now);
    if (t->out != NULL && t->out->cc.ops->wants_rate && window_of_cwnd(t) > 0)
        rate_app_limited(t->out);
    return false;
}

/* RFC 8985 7.3: something new, or the last segment again. */
RARELY static bool give_loss_probe(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    struct sender *o = t->out;
    bool gave = give_new(t, out, now);
    o->tlp_owed = false;
    if (gave) {
        o->tlp_end = t->snd.nxt;
        rto_start(t, now);
        return true;
    }
    struct sent_run *last = o->queue.last;
    uint32_t limit = text_limit(t);
    if (last == NULL || last->state != SENT_WAITING) {
        o->tlp_out = false;
        return false;
    }
    limit = with_fin(t, last, limit);
    while (sent_length(last) < limit && last->prev != NULL && last->prev->state == SENT_WAITING) {
        last = last->prev;                      /* a FIN alone beyond a hole is not SACKed */
        sent_absorb_next(&o->queue, last);
    }
    if (sent_length(last) > limit && sent_split(&o->queue, last, seq_sub(last->right, limit)))
        last = last->next;
    o->tlp_is_retrans = true;
    o->tlp_end = t->snd.nxt;
    bool given = resend(t, out, last, limit, "loss probe", now);
    rto_start(t, now);
    return given;
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
RARELY static void give_keepalive(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    t->keepalive_owed = false;
    segment(t, out, seq_sub(t->snd.nxt, 1), 0, now);
}

/* Besides the ACK, of an established connection. */
bool tcp_owes_more(const struct tcp *t)
{
    const struct sender *o = t->out;
    return seq_gt(send_end(t), t->snd.nxt) || (t->fin_queued && !t->fin_sent)
        || t->dup_acks_owed > 0 || t->keepalive_owed || t->probe_owed
        || (o != NULL && o->queue.first != NULL
            && (o->queue.lost > 0 || o->tlp_owed || recovery_may_resort(o)));
}

/* What was lost before what is new (RFC 5681 3.1, RFC 6675 4 NextSeg), but for F-RTO. */
static bool give_text(struct tcp *t, struct tcp_segment *out, aksu_time now)
{
    struct sender *o = t->out;
    bool resends = o != NULL && o->queue.lost > 0 && !t->closed_window
                && !(o->new_first && has_new_text(t));
    if (o != NULL && o->tlp_owed && !t->closed_window)
        return give_loss_probe(t, out, now);
    if (resends ? !give_resend(t, out, now)
                : !give_new(t, out, now)
                      && !(recovery_last_resort(t) && give_resend(t, out, now)))
        return false;
    t->may_send = tcp_owes_more(t);
    return true;
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
        /* CLOSE in SYN-RECEIVED: its FIN follows; and text, RFC 7413 4.2.2. */
        t->may_send = t->state == TCP_FIN_WAIT_1 || t->fo_opened;
        return true;
    }
    bool may_send_text = t->state != TCP_SYN_SENT && t->state != TCP_SYN_RECEIVED
                      && t->syn_acked;
    if (t->fo_opened && !t->syn_acked)
        may_send_text = true;                   /* RFC 7413 4.2.2: before the handshake ends */
    if (t->dup_acks_owed > 0 && give_ack(t, out, now))
        return true;
    if (may_send_text) {
        if (t->probe_owed && give_probe(t, out, now))
            return true;
        if (give_text(t, out, now))
            return true;
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
