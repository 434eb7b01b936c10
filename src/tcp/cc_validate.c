/* cc_validate.c - congestion window validation (RFC 7661 4). The owner says whether cwnd was in use
 * (cc_ack.app_limited, RFC 7661 4.5.3); here is when that was last so, how much arrives in a round
 * trip (pipeACK), and what becomes of cwnd when both lie too far back. */
#include "tcp/cc_validate.h"
#include "tcp/cc_window.h"

#define SAMPLING_PERIOD SECONDS(1)          /* or three round trips, RFC 7661 4.2 */
#define NON_VALIDATED_PERIOD SECONDS(300)   /* RFC 7661 4.4, 5 */
#define UNDEFINED NEVER                     /* no pipeACK: validated, RFC 7661 4.2, 4.3 */

void cc_validate_init(struct cc_validate *v, aksu_time now)
{
    *v = (struct cc_validate){ .until = UNDEFINED, .half_end = now };
}

static aksu_time sampling_period(const struct cc_ack *a)
{
    aksu_time three = US(3 * (aksu_time)a->srtt_us);
    return three > SAMPLING_PERIOD ? three : SAMPLING_PERIOD;
}

/* The maximum over one to two halves of the period: never more than the whole. RFC 7661 4.5.1 */
static void sample(struct cc_validate *v, const struct cc_ack *a)
{
    if (a->now >= v->half_end) {
        aksu_time half = sampling_period(a) / 2;
        v->before = a->now - v->half_end < half ? v->newest : 0;
        v->newest = 0;
        v->half_us = (uint32_t)(half / US(1));
        v->half_end = time_after(a->now, half);
    }
    v->acked = a->acked < UINT32_MAX - v->acked ? v->acked + a->acked : UINT32_MAX;
    if (!a->round)
        return;
    if (v->acked > v->newest)
        v->newest = v->acked;
    v->acked = 0;
}

static uint32_t pipe_ack(const struct cc_validate *v, aksu_time now)
{
    if (now >= time_after(v->half_end, US(v->half_us)))
        return 0;
    return v->newest > v->before ? v->newest : v->before;
}

/* RFC 7661 4.4.3: once for every period that has passed. */
static bool expire(struct cc_validate *v, struct cc *c, aksu_time now)
{
    uint32_t before = c->cwnd;
    while (now >= time_after(v->until, NON_VALIDATED_PERIOD) && c->cwnd > c->initial_window) {
        uint32_t sustained = cc_share(c->cwnd, 75);
        if (c->ssthresh < sustained)
            c->ssthresh = sustained;
        c->cwnd = c->cwnd / 2 > c->initial_window ? c->cwnd / 2 : c->initial_window;
        v->until += NON_VALIDATED_PERIOD;
    }
    return c->cwnd < before;
}

/* The RFC compares pipeACK with half of cwnd. In slow start that is true to the octet: what a
 * round delivers is half of the cwnd at its end. So the phase is told by when cwnd was last in
 * use, which is what pipeACK stands for. RFC 7661 4.3 */
bool cc_validate_on_ack(struct cc_validate *v, struct cc *c, const struct cc_ack *a)
{
    if (a->recovering) {                        /* RFC 7661 4.2: no samples */
        v->acked = 0;
        v->lost = a->lost < UINT32_MAX - v->lost ? v->lost + a->lost : UINT32_MAX;
        return false;
    }
    sample(v, a);
    if (!a->app_limited || v->until == UNDEFINED)
        v->until = time_after(a->now, sampling_period(a));
    return expire(v, c, a->now);
}

/* What was known about the path is refuted. True when the window was validated until now. */
static bool refute(struct cc_validate *v, aksu_time now)
{
    bool validated = now < v->until;
    cc_validate_init(v, now);
    return validated;
}

uint32_t cc_validate_on_congestion(struct cc_validate *v, uint32_t window, uint32_t in_flight,
                                   aksu_time now)
{
    uint32_t sent = pipe_ack(v, now);
    if (refute(v, now))
        return window;
    if (sent < in_flight)
        sent = in_flight;
    v->loss_base = sent < window ? sent : window;       /* RFC 7661 4.4.1 */
    return v->loss_base;
}

uint32_t cc_validate_on_rto(struct cc_validate *v, uint32_t window, uint32_t in_flight,
                            aksu_time now)
{
    return refute(v, now) || in_flight > window ? window : in_flight;
}

/* RFC 7661 4.4.1: what was lost has shown that even less would have been right. */
bool cc_validate_on_recovered(struct cc_validate *v, struct cc *c, uint32_t hundredths)
{
    if (v->loss_base == 0)
        return false;
    uint32_t carried = v->loss_base > v->lost ? v->loss_base - v->lost : 0;
    cc_lower(c, cc_share(carried, hundredths), false);
    v->loss_base = 0;
    return true;
}

/* RFC 7661 4.4.2: what is kept must not leave as a burst. Without pacing it is the restart
 * window of RFC 5681 4.1. */
bool cc_validate_after_idle(struct cc_validate *v, struct cc *c, aksu_time idle, aksu_time now)
{
    if (v->until == UNDEFINED)                  /* no ACK was heard of since the window was made */
        v->until = time_after(idle < now ? now - idle : 0, SAMPLING_PERIOD);
    if (c->paced || c->cwnd <= c->initial_window)
        return expire(v, c, now);
    c->cwnd = c->initial_window;
    return true;
}
