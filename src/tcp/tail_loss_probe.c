/* tail_loss_probe.c - a probe instead of a timeout when the last segments of a flight are lost
 * (RFC 8985 7). Called by rto.c, event_timeouts.c, output.c and recovery.c. */
#include "tcp/core.h"

/* LEAST: below it the timers of those who wait for us are no longer exact. */
enum { LEAST_MS = 2, NO_SRTT_MS = 1000 };

void tlp_forget(struct sender *o)
{
    o->tlp_out = o->tlp_owed = false;
}

static bool may_probe(const struct tcp *t)
{
    const struct sender *o = t->out;
    return o->tlp_rtt_taken && !o->tlp_out && o->recovery == RECOVERY_NONE
        && (o->queue.sacked | o->queue.lost | t->resends) == 0 && o->queue.first != NULL
        && !t->closed_window && o->loss.ops == &loss_rack;
}

/* RFC 8985 7.2, 7.3: not when a probe is out, or without a new round trip sample. Not later than
 * the RTO would be: in its place. */
void tlp_arm(struct tcp *t, aksu_time now)
{
    if (!may_probe(t))
        return;
    aksu_time pto = MS(NO_SRTT_MS);
    bool single = t->out->queue.octets <= t->snd_mss;
    if (t->srtt_us != 0) {
        pto = US(2ull * t->srtt_us);
        pto = pto < MS(LEAST_MS) ? MS(LEAST_MS) : pto;
        if (single)
            pto += t->env->config.peer_ack_delay;       /* it may wait for a second segment */
    }
    aksu_time at = time_min(time_after(now, pto), t->out->rto_at);
    if (ecn_waits(t->out, at))
        return;
    t->deadline[TIMER_RETRANSMISSION] = at;
    t->waits_for = WAIT_LOSS_PROBE;
    t->out->armed_at = single ? NEVER : now;
}

/* RFC 8985 7.3: output.c sends it; the RTO follows. */
void tlp_timeout(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    if (may_probe(t)) {
        o->tlp_owed = o->tlp_out = true;
        o->tlp_is_retrans = o->tlp_rtt_taken = false;
        o->tlp_end = t->snd.nxt;
        t->may_send = true;
    }
    rto_start(t, now);
}

/* RFC 8985 7.4.2: the probe repaired the only loss, and nothing else tells of it. */
static void repaired(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    if (ecn_reduced_for(o, seq_sub(o->tlp_end, 1)))
        return;
    o->cc.ops->on_congestion(&o->cc, o->queue.octets + t->snd_mss, false, now);
    o->reduced_at = now;
    ecn_reduced(t);
    recovery_tell(t, "the loss probe repaired a loss", now);
}

void tlp_on_ack(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    if (n->rtt_us != 0)
        o->tlp_rtt_taken = true;
    if (!o->tlp_out || o->tlp_owed || seq_lt(n->loss.ack, o->tlp_end))
        return;
    if (!o->tlp_is_retrans || (n->loss.dsack && seq_eq(n->dsack_right, o->tlp_end))) {
        o->tlp_out = false;
    } else if (seq_gt(n->loss.ack, o->tlp_end)) {
        o->tlp_out = false;
        repaired(t, n->loss.now);
    } else if (n->loss.duplicate && !n->loss.new_sack) {
        o->tlp_out = false;
    }
}
