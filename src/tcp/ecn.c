/* ecn.c - explicit congestion notification (RFC 3168 6.1): what the SYNs agree on, ECT and CWR on
 * new text, the echo of marks, and what a sender does about an echo. Called by options.c, output.c,
 * segment_steps.c, recovery*.c, undo.c and tail_loss_probe.c. */
#include "tcp/core.h"

/* --- RFC 3168 6.1.1: the agreement --- */

/* A SYN asks with both, a SYN,ACK agrees with ECE alone: some peers reflect the bits that they do
 * not know (RFC 3168 6.1.1.2). */
bool ecn_is_setup(const struct tcp_segment *syn)
{
    unsigned bits = syn->ctl & (CTL_ECE | CTL_CWR);
    return bits == (syn->ctl & CTL_ACK ? CTL_ECE : CTL_ECE | CTL_CWR);
}

/* RFC 3168 6.1.1.1: a SYN that was not answered is repeated without asking: what lies between may
 * drop those that ask. A RST is an answer, and not asked again. */
uint8_t ecn_of_syn(struct tcp *t)
{
    if (t->state != TCP_SYN_SENT)
        return t->ecn == TCP_ECN_ON ? CTL_ECE : 0;
    if (t->resends == 0)
        t->ecn = t->ecn_wish == AKSU_ECN_ASK ? TCP_ECN_ASKED : TCP_ECN_NONE;
    else if (t->ecn == TCP_ECN_ASKED)
        t->ecn = TCP_ECN_WITHDRAWN;
    return t->ecn == TCP_ECN_ASKED ? CTL_ECE | CTL_CWR : 0;
}

/* A SYN arrives, or the SYN,ACK. Who has ever sent a SYN that does not ask sends no ECT, but heeds
 * marks when another of his SYNs did and the peer agrees (RFC 3168 6.1.1). */
void ecn_negotiate(struct tcp *t, const struct tcp_segment *syn)
{
    uint8_t agreed = TCP_ECN_NONE;
    if (t->ecn == TCP_ECN_ASKED || (!t->active && t->ecn_wish != AKSU_ECN_OFF))
        agreed = TCP_ECN_ON;
    else if (t->ecn == TCP_ECN_WITHDRAWN && t->active)
        agreed = TCP_ECN_HEEDS;
    t->ecn = ecn_is_setup(syn) ? agreed & 7u : TCP_ECN_NONE;
    t->ece_owed = t->cwr_owed = false;
}

/* In SYN-RECEIVED: the SYN once more, or the SYN,ACK of a simultaneous open. RFC 3168 6.1.1: one
 * that does not ask takes back what the first one said. */
void ecn_syn_again(struct tcp *t, const struct tcp_segment *syn)
{
    if (!ecn_is_setup(syn))
        t->ecn = TCP_ECN_NONE;
}

enum aksu_status ecn_set(struct tcp *t, int64_t value)
{
    if (value != AKSU_ECN_ACCEPT && value != AKSU_ECN_ASK && value != AKSU_ECN_OFF)
        return AKSU_INVALID;
    bool unsent = t->syn_owed && t->deadline[TIMER_RETRANSMISSION] == NEVER;
    if (t->state != TCP_CLOSED && t->state != TCP_LISTEN && !unsent)
        return AKSU_ILLEGAL;
    t->ecn_wish = (uint8_t)value & 3u;
    if (value == AKSU_ECN_OFF)
        t->ecn = TCP_ECN_NONE;                  /* of a SYN that is held */
    return AKSU_OK;
}

/* --- RFC 3168 6.1.3: the receiver --- */

/* A mark counts on text inside the window (RFC 3168 6.1.5), and on a probe of a closed one
 * (RFC 3168 6.1.6). Who says CWR may have a window of one segment, and who does not know of the
 * mark yet goes on: both are answered at once. */
void ecn_arrives(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (t->ecn < TCP_ECN_HEEDS || seg->ctl & CTL_SYN)
        return;
    bool text = seg->text_len > 0 && !t->fin_received, marked = text && seg->ecn == ECN_CE;
    bool news = seg->ctl & CTL_CWR || (marked && !t->ece_owed);
    if (seg->ctl & CTL_CWR)
        t->ece_owed = false;
    if (marked) {
        TCP_EMIT(t, now, marked, .seq = seg->seq.n, .len = seg->text_len);
        t->ece_owed = true;
    }
    if (news && text) {
        t->ack_owed = ACK_NOW;
        t->may_send = true;
    }
}

/* --- RFC 3168 6.1.2: the sender --- */

/* RFC 8311 4.2: ECT(0). CWR on a large segment: who cuts it leaves it on the first piece. */
void ecn_of_new_text(struct tcp *t, struct tcp_segment *out)
{
    out->ecn = ECN_ECT_0;
    if (t->cwr_owed) {
        t->cwr_owed = false;
        out->ctl |= CTL_CWR;
    }
}

/* ECE on a SYN,ACK is part of the agreement; on an ACK older than SND.UNA it is an old story. */
bool ecn_echoes(const struct tcp *t, const struct tcp_segment *seg, seq_t una_before)
{
    return t->ecn == TCP_ECN_ON && !(seg->ctl & CTL_SYN) && seq_ge(seg->ack, una_before);
}

/* The window was reduced, for whatever reason: the next new text says CWR. */
void ecn_reduced(struct tcp *t)
{
    struct sender *o = t->out;
    if (t->ecn != TCP_ECN_ON)
        return;
    if (!o->reduced)
        o->echoed = false;
    o->reduced = true;
    o->recover = t->snd.nxt;
    t->cwr_owed = true;
}

/* Once per window of data, whether some of it was marked or lost: this is lost of a window that was
 * reduced for a mark. */
bool ecn_reduced_for(const struct sender *o, seq_t lost)
{
    return o->reduced && o->echoed && seq_lt(lost, o->recover);
}

/* What comes behind the reduction is acknowledged, and so CWR: echoes are new ones from now on, and
 * no reduction before them may be taken back (RFC 4015 3.2 (9)). */
void ecn_reduction_acked(struct sender *o, seq_t ack)
{
    if (seq_le(ack, o->recover))
        return;
    if (o->echoed)
        o->undo_possible = false;
    o->reduced = o->echoed = false;
}

/* The reduction was a mistake, and nobody heard of it yet. */
void ecn_withdraw(struct tcp *t)
{
    t->out->reduced = false;
    t->cwr_owed = false;
}

/* A sender that was idle, and had not said CWR before. */
void ecn_resume(struct tcp *t)
{
    if (!t->cwr_owed)
        return;
    t->out->reduced = t->out->echoed = true;
    t->out->recover = t->snd.una;
}

/* With a window of one segment the retransmission timer makes the rate lower still: the next one
 * leaves when it would have run out. */
static void wait_for_timer(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    o->pace_at = time_after(now, rto_now(t));
    if (o->queue.first != NULL && !t->closed_window)
        rto_start(t, now);
}

bool ecn_waits(const struct sender *o, aksu_time at)
{
    return at < o->pace_at && o->cc.cwnd <= o->cc.smss;
}

void ecn_on_echo(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    bool answered = o->reduced && seq_le(n->loss.ack, o->recover);
    if (answered || o->recovery != RECOVERY_NONE) {
        o->echoed = true;
        return;
    }
    uint32_t before = o->cc.cwnd;
    o->cc.ops->on_congestion(&o->cc, recovery_flight_size(o, n), true, n->loss.now);
    if (o->cc.cwnd > before)
        o->cc.cwnd = before;                    /* a threshold of two segments is no growth */
    o->reduced_at = n->loss.now;
    o->undo_possible = false;                   /* the algorithm knows one reduction: this one */
    ecn_reduced(t);
    o->echoed = true;
    if (before <= o->cc.smss)
        wait_for_timer(t, n->loss.now);
    recovery_tell(t, "ECN echo", n->loss.now);
}
