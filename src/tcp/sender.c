/* sender.c - what a connection keeps while it sends (sender.h): made when text first leaves, given
 * back when it has been idle for a while, or with the connection. Called by output.c, state.c,
 * event_timeouts.c. */
#include "tcp/core.h"

void sender_free(struct tcp *t)
{
    struct sender *o = t->out;
    if (o == NULL)
        return;
    struct senders *all = &t->env->senders;
    t->idle_cwnd = o->cc.cwnd;
    t->mtu_proven = o->mtu.acked == t->mtu;
    t->idle_ssthresh = o->cc.ssthresh;
    sent_clear(&o->queue);
    slab_give(&all->slab, slab_ref_of(&all->slab, o));
    t->out = NULL;
    t->waits_for = WAIT_RTO;
    t->deadline[TIMER_SENDER] = NEVER;
}

bool sender_is_idle(const struct tcp *t)
{
    return t->out != NULL && t->out->queue.first == NULL && !tcp_owes_more(t);
}

/* The window of one that is idle is not trusted for long (RFC 5681 4.1), and memory is wanted. */
void sender_timeout(struct tcp *t, aksu_time now)
{
    bool idle = sender_is_idle(t);
    if (idle && ecn_waits(t->out, now))
        t->deadline[TIMER_SENDER] = t->out->pace_at;    /* which may not be forgotten */
    else if (idle)
        sender_free(t);
    else
        t->may_send = true;                     /* pacing lets the next one go */
}

_Static_assert(offsetof(struct sender, rate)
                   == offsetof(struct sender, cc.state) + sizeof((struct cc *)0)->state,
               "what init() does not zero is cc.state");

static void init(struct sender *o, struct tcp *t, aksu_time now)
{
    struct senders *all = &t->env->senders;
    /* Without the two large parts that have an init of their own. */
    memset(&o->loss, 0, offsetof(struct sender, cc.state) - offsetof(struct sender, loss));
    memset(&o->rate, 0, sizeof *o - offsetof(struct sender, rate));
    sent_init(&o->queue, &all->sent);
    uint32_t rtt_us = t->srtt_us != 0 ? t->srtt_us : UINT32_MAX;    /* the handshake's, at first */
    o->min_rtt = (struct min_rtt){ .us = rtt_us, .next_us = rtt_us,
                                   .half_began_ms = (uint32_t)(now / MS(1)) };
    rate_begin(o, t->snd.nxt, now);
    o->look_again = NEVER;
    o->tlp_rtt_taken = t->srtt_us != 0;

    o->loss.ops = t->sack_on && t->env->loss->sack ? t->env->loss : &loss_newreno;
    o->loss.ops->init(&o->loss, seq_sub(t->snd.una, 1));
    o->loss.reo_wnd_least_us = t->env->config.reordering_window_us;
    o->cc.ops = t->cc;
    o->cc.cwnd = t->idle_cwnd;
    o->cc.ssthresh = t->idle_ssthresh;
    o->cc.smss = t->snd_mss;
    o->cc.initial_window = t->env->config.initial_window * t->snd_mss;
    o->cc.paced = t->env->config.pacing;
    o->cc.slow_start_limit = t->env->config.slow_start_limit;
    o->cc.ops->init(&o->cc, now);
    o->cc_told_at = now;
    t->out = o;
    ecn_resume(t);
    mtu_search_begin(t, now);
}

struct sender *sender_have(struct tcp *t, aksu_time now)
{
    if (t->out != NULL)
        return t->out;
    struct senders *all = &t->env->senders;
    slab_ref ref = slab_take(&all->slab);
    if (ref == 0)
        return NULL;
    init(slab_at(&all->slab, ref), t, now);
    return t->out;
}

void tcp_set_congestion_control(struct tcp *t, const struct cc_ops *ops, aksu_time now)
{
    struct sender *o = t->out;
    t->cc = ops;
    if (o == NULL || o->cc.ops == ops)
        return;
    bool kept_ssthresh = !o->cc.ops->own_recovery;
    o->cc.ops = ops;
    o->cc.pacing_rate = 0;
    memset(o->cc.state, 0, sizeof o->cc.state);
    ops->init(&o->cc, now);
    rate_begin(o, t->snd.nxt, now);
    if (!kept_ssthresh && !ops->own_recovery)
        recovery_taken_over(t, now);
}

const char *sender_resend_why(const struct sender *o)
{
    static const char *const why[] = {
        [RESEND_TIMEOUT] = "timeout", [RESEND_WINDOW] = "the window is open again",
        [RESEND_TOO_BIG] = "too large for the path", [RESEND_PROBE] = "the MTU probe was lost",
        [RESEND_NOT_TAKEN] = "not taken with the SYN",
    };
    return o->recovery == RECOVERY_FAST ? "fast retransmit" : why[o->resend_why];
}

static const char *phase_of(const struct sender *o)
{
    switch ((enum recovery)o->recovery) {
    case RECOVERY_NONE:
        return o->queue.sacked > 0 ? "disorder" : "open";
    case RECOVERY_FAST:
        return "recovery";
    case RECOVERY_RTO:
        break;
    }
    return "loss";
}

void sender_status(const struct tcp *t, struct aksu_info *out)
{
    const struct sender *o = t->out;
    out->congestion_control = t->cc->name;
    out->recovery = o != NULL ? phase_of(o) : "open";
    if (o == NULL)
        return;
    out->in_flight = sent_pipe(&o->queue);
    out->sacked = o->queue.sacked;
    out->lost = o->queue.lost;
    out->reordering = o->loss.reordering;
    for (const struct sent_run *s = o->queue.first; s != NULL; s = s->next)
        out->resent += s->state == SENT_WAITING && s->times > 0 ? sent_length(s) : 0;
    out->min_rtt_us = o->min_rtt.us == UINT32_MAX ? 0 : o->min_rtt.us;
    out->pacing_rate = o->pace_rate;
}

uint32_t tcp_cwnd(const struct tcp *t)
{
    return t->out != NULL ? t->out->cc.cwnd : t->idle_cwnd;
}

uint32_t tcp_ssthresh(const struct tcp *t)
{
    return t->out != NULL ? t->out->cc.ssthresh : t->idle_ssthresh;
}
