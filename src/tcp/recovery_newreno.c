/* recovery_newreno.c - fast recovery without SACK: the window is inflated by what duplicate
 * acknowledgments say has left the network (RFC 5681 3.2, RFC 6582 3.2, RFC 3042 2). Called by
 * recovery.c. */
#include "tcp/core.h"

/* RFC 6582 3.2 (3): deflate by what was acknowledged, add one segment for the retransmission. */
static void deflate(struct sender *o, uint32_t acked)
{
    struct cc *c = &o->cc;
    c->cwnd = c->cwnd > acked ? c->cwnd - acked : 0;
    if (acked >= c->smss)
        c->cwnd += c->smss;
    if (c->cwnd < c->smss)
        c->cwnd = c->smss;
}

/* RFC 5681 3.2 (2): what limited transmit sent beyond cwnd does not count. */
static uint32_t without_limited_transmit(const struct sender *o)
{
    uint32_t flight = o->queue.octets, most = (uint32_t)o->limited_transmit * o->cc.smss;
    uint32_t beyond = flight > o->cc.cwnd ? flight - o->cc.cwnd : 0;
    return flight - (beyond < most ? beyond : most);
}

static void enter(struct tcp *t, struct news *n)
{
    struct sender *o = t->out;
    undo_begin(t);
    if (!ecn_reduced_for(o, n->loss.ack)) {
        o->cc.ops->on_congestion(&o->cc, without_limited_transmit(o), false, n->loss.now);
        ecn_reduced(t);
    }
    o->limited_transmit = 0;
    o->cc.cwnd += 3u * o->cc.smss;              /* RFC 5681 3.2 (3): three have left the network */
    o->recovery = RECOVERY_FAST;
    o->resend_now = true;
    t->timing = false;                          /* RFC 6298 3: it may be the one being timed */
    recovery_tell(t, "fast retransmit", n->loss.now);
}

static void recovered(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    uint32_t flight = o->queue.octets > o->cc.smss ? o->queue.octets : o->cc.smss;
    uint32_t cautious = flight + o->cc.smss;    /* RFC 6582 3.2 (3), first choice */
    o->cc.cwnd = cautious < o->cc.ssthresh ? cautious : o->cc.ssthresh;
    o->recovery = RECOVERY_NONE;
    if (o->cc.ops->on_recovered != NULL)
        o->cc.ops->on_recovered(&o->cc, n->loss.now);
    recovery_tell(t, "recovered", n->loss.now);
}

/* RFC 3042 2, RFC 5681 3.1: `beyond` octets, of which duplicates had told, lay beyond a hole. As
 * with SACK they do not open the window. */
static void grow(struct tcp *t, struct news *n, uint32_t beyond, uint32_t pipe_before)
{
    if (!t->out->cc.ops->own_recovery)
        n->delivered -= n->delivered < beyond ? n->delivered : beyond;
    if (n->delivered > 0)
        recovery_grow(t, n, pipe_before);
}

void newreno_on_ack(struct tcp *t, struct news *n, uint32_t pipe_before)
{
    struct sender *o = t->out;
    uint32_t beyond = (uint32_t)o->loss.dup_acks * t->snd_mss;
    o->cc.smss = t->snd_mss;
    if (!n->loss.duplicate)
        o->limited_transmit = 0;
    if (o->mtu_probing)
        mtu_probe_on_ack(t, n->loss.now);
    if (o->recovery == RECOVERY_NONE && !undo_check(t, n))
        frto_on_ack(t, n);

    switch (o->loss.ops->on_ack(&o->loss, &o->queue, &n->loss)) {
    case LOSS_NONE:
        grow(t, n, beyond, pipe_before);
        break;
    case LOSS_LIMITED_TRANSMIT:
        o->limited_transmit = (uint8_t)o->loss.dup_acks;
        t->may_send = true;
        break;
    case LOSS_ENTER:
        mtu_probe_lost_in_recovery(t, n->loss.now);
        enter(t, n);
        break;
    case LOSS_DUPLICATE:
        o->cc.cwnd += o->cc.smss;               /* RFC 5681 3.2 (4) */
        t->may_send = true;
        break;
    case LOSS_PARTIAL:
        deflate(o, n->delivered);
        o->resend_now = true;
        t->timing = false;
        recovery_tell(t, "partial acknowledgment", n->loss.now);
        break;
    case LOSS_RECOVERED:
        recovered(t, n);
        break;
    }
    if (n->echo)
        ecn_on_echo(t, n);
    if (o->queue.lost > 0)
        t->may_send = true;
}
