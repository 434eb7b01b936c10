/* rto.c - the retransmission timeout: samples, Karn's rule, backoff (RFC 6298). Called by ack.c,
 * output.c and event_timeouts.c. */
#include "tcp/core.h"

#define CLOCK_GRANULARITY MS(1)

static uint32_t to_us(aksu_time t)
{
    aksu_time us = t / US(1);
    return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static uint32_t bounded(const struct tcp *t, uint64_t us)
{
    const struct tcp_config *c = &t->env->config;
    if (US(us) < c->rto_min)
        return to_us(c->rto_min);               /* RFC 6298 2.4 */
    return US(us) > c->rto_max ? to_us(c->rto_max) : (uint32_t)us;      /* RFC 6298 2.5 */
}

/* A floor of the RTO below the second of RFC 6298 2.4 is only safe on top of the round trip: with a
 * steady one RTTVAR goes to 0, and a delayed ACK would be a timeout. */
static aksu_time least_spread(const struct tcp *t)
{
    aksu_time floor = t->env->config.rto_min;
    return floor < SECONDS(1) && floor > CLOCK_GRANULARITY ? floor : CLOCK_GRANULARITY;
}

void rto_init(struct tcp *t)
{
    t->srtt_us = t->rttvar_us = 0;
    t->rto_us = to_us(t->env->config.rto_initial);      /* RFC 6298 2.1 */
    t->backoff = 0;
}

/* RFC 9293 3.8.1 [MUST-18] */
void rto_sample(struct tcp *t, uint32_t sample_us, aksu_time now)
{
    if (sample_us == 0)
        sample_us = 1;                          /* 0 means: no sample yet */
    if (t->srtt_us == 0) {                      /* RFC 6298 2.2 */
        t->srtt_us = sample_us;
        t->rttvar_us = sample_us / 2;
    } else {                                    /* RFC 6298 2.3: RTTVAR before SRTT */
        uint32_t error = t->srtt_us > sample_us ? t->srtt_us - sample_us : sample_us - t->srtt_us;
        t->rttvar_us = (uint32_t)((3ull * t->rttvar_us + error) / 4);
        t->srtt_us = (uint32_t)((7ull * t->srtt_us + sample_us) / 8);
        if (t->srtt_us == 0)
            t->srtt_us = 1;
    }
    uint64_t spread = 4ull * t->rttvar_us;
    aksu_time least = least_spread(t);
    if (US(spread) < least)
        spread = to_us(least);
    t->rto_us = bounded(t, t->srtt_us + spread);
    t->backoff = 0;                             /* RFC 6298 5 (note): a sample ends the backoff */
    TCP_EMIT(t, now, rtt, .sample_us = sample_us, .srtt_us = t->srtt_us,
             .rttvar_us = t->rttvar_us, .rto_us = t->rto_us);
}

aksu_time rto_now(const struct tcp *t)
{
    const struct tcp_config *c = &t->env->config;
    unsigned backoff = t->backoff > 20 ? 20 : t->backoff;
    aksu_time rto = US((uint64_t)t->rto_us << backoff);         /* RFC 6298 5.5 */
    if (rto < c->rto_min)
        return c->rto_min;                      /* RFC 6298 2.4 */
    return time_min(rto, c->rto_max);           /* RFC 6298 2.5 */
}

/* The timer is that of the RTO, or of what comes before it (RFC 8985 8). */
void rto_choose(struct tcp *t)
{
    const struct sender *o = t->out;
    t->deadline[TIMER_RETRANSMISSION] = o->rto_at;
    t->waits_for = WAIT_RTO;
    if (o->look_again < o->rto_at) {            /* RFC 8985 6.2 step 5 */
        t->deadline[TIMER_RETRANSMISSION] = o->look_again;
        t->waits_for = WAIT_REORDERING;
    }
}

void rto_start(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    aksu_time at = time_after(now, rto_now(t));
    if (o == NULL || !t->syn_acked) {
        t->deadline[TIMER_RETRANSMISSION] = at;
        t->waits_for = WAIT_RTO;
        return;
    }
    o->rto_at = at;
    rto_choose(t);
    if (t->waits_for == WAIT_RTO)
        tlp_arm(t, now);
}

/* New data was acknowledged: SND.UNA is already SEG.ACK. */
void rto_on_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    if (t->timing && seq_ge(seg->ack, t->timed)) {
        t->timing = false;
        rto_sample(t, to_us(now - t->timed_at), now);
    } else if (t->resends > 0 && t->ts_on && (seg->options.has & HAS_TIMESTAMPS)) {
        /* RFC 7323 4.1: the echo tells which transmission is acknowledged. One older than the
         * RTO may be that of the first transmission, whose ACK was lost: no sample. */
        uint32_t ms = tcp_ts_clock(t, now) - seg->options.ts_ecr;
        if ((uint64_t)ms * 1000 < t->rto_us)
            rto_sample(t, ms * 1000, now);
        else
            TCP_EMIT(t, now, ambiguous_rtt, .ack = seg->ack.n);
    } else if (t->resends > 0) {
        TCP_EMIT(t, now, ambiguous_rtt, .ack = seg->ack.n);     /* RFC 6298 3 */
    }
    t->resends = 0;
    t->r1_reported = t->soft_now = false;
}

/* After the scoreboard has heard of it too. */
void rto_restart(struct tcp *t, aksu_time now)
{
    if (seq_eq(t->snd.una, t->snd.nxt)) {
        t->deadline[TIMER_RETRANSMISSION] = NEVER;      /* RFC 6298 5.2 */
        if (t->send.length == 0 && t->out != NULL)
            t->deadline[TIMER_SENDER] = time_after(now, MS(SENDER_IDLE_MS));
    } else if (!t->closed_window)                         /* while it is closed, probes take over */
        rto_start(t, now);                              /* RFC 6298 5.3 */
}
