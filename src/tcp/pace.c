/* pace.c - pacing as an output gate: text leaves no faster than at the rate that congestion control
 * names, or that the window makes of a round trip (RFC 9406 4.3). Called by output.c and
 * recovery.c. */
#include "tcp/core.h"

enum { PACE_LEAST_US = 500 };

/* Who does not pace himself is paced at twice, later at 1.2 times what the window makes of a round
 * trip, so that it leaves no bursts for the queues on the way (RFC 9406 4.3 counts on it). On a
 * path whose round trips are shorter than timers are exact it would only cost. */
void pace_set(struct tcp *t)
{
    struct sender *o = t->out;
    o->pace_rate = o->cc.pacing_rate;
    if (t->srtt_us < PACE_LEAST_US || o->pace_rate != 0 || !o->cc.paced)
        return;
    uint32_t percent = o->cc.cwnd < o->cc.ssthresh / 2 ? 200 : 120;
    o->pace_rate = (uint64_t)o->cc.cwnd * percent * 10000 / t->srtt_us;
}

/* A 64th of a round trip, and 1 ms at most, may leave together: a timer for each segment costs more
 * than so small a burst does harm. */
static aksu_time pace_slack(const struct tcp *t)
{
    uint64_t slack = (uint64_t)t->srtt_us << 4;
    return slack < MS(1) ? slack : MS(1);
}

/* How much text may leave at this moment: `false` and the timer, when pacing says later. */
bool pace_lets(struct tcp *t, aksu_time now)
{
    const struct sender *o = t->out;
    if (o == NULL || o->pace_at <= now || (o->pace_rate != 0 && o->pace_at <= now + pace_slack(t)))
        return true;
    t->deadline[TIMER_SENDER] = o->pace_at;
    return false;
}

/* `length` octets have left. Who comes late because of timers may catch up by half of them. */
void pace_sent(struct sender *o, uint32_t length, aksu_time now)
{
    if (o->pace_rate == 0)
        return;
    aksu_time takes = (aksu_time)length * SECONDS(1) / o->pace_rate;
    aksu_time late = o->pace_at < now ? now - o->pace_at : 0;
    late = late < takes / 2 ? late : takes / 2;
    o->pace_at = (o->pace_at > now ? o->pace_at : now) + takes - late;
}

/* At least two segments, so that acknowledgments are not delayed. */
uint32_t pace_piece(uint64_t rate, uint32_t limit, uint32_t most)
{
    uint64_t piece = rate / 1000 / limit * limit;
    piece = piece < 2 * limit ? 2 * limit : piece;
    return piece < most ? (uint32_t)piece : most;
}
