/* cc_hystart.c - HyStart++ (RFC 9406 4): slow start until the smallest round-trip time of a
 * round is clearly above that of the round before; then Conservative Slow Start for five
 * rounds, which finds out whether it was jitter. */
#include "tcp/cc_hystart.h"
#include "tcp/cc_window.h"

/* RFC 9406 4.3 */
enum { MIN_RTT_THRESH = 4000, MAX_RTT_THRESH = 16000, MIN_RTT_DIVISOR = 8, N_RTT_SAMPLE = 8,
       CSS_GROWTH_DIVISOR = 4, CSS_ROUNDS = 5 };

enum { NONE = -1 };     /* UINT32_MAX: infinity */

void cc_hystart_init(struct cc_hystart *h)
{
    *h = (struct cc_hystart){ .last_min = (uint32_t)NONE, .current_min = (uint32_t)NONE,
                              .baseline = (uint32_t)NONE };
}

static bool conservative(const struct cc_hystart *h)
{
    return h->baseline != (uint32_t)NONE;
}

static void take_sample(struct cc_hystart *h, const struct cc_ack *a)
{
    h->seen = a->acked < UINT32_MAX - h->seen ? h->seen + a->acked : UINT32_MAX;
    if (a->rtt_us == 0)
        return;
    h->samples++;
    if (a->rtt_us < h->current_min)
        h->current_min = a->rtt_us;
}

/* Eight samples of a receiver that acknowledges every second segment stand for sixteen
 * segments. One that answers a whole batch at once may not give eight in a round: it is judged
 * when as much has been seen. That its few samples are more easily led astray is what
 * Conservative Slow Start mends. */
static bool enough_seen(const struct cc_hystart *h, uint32_t smss)
{
    return h->samples >= N_RTT_SAMPLE
        || (h->samples > 0 && h->seen >= (uint64_t)2 * N_RTT_SAMPLE * smss);
}

static uint32_t threshold(uint32_t rtt_us)
{
    uint32_t part = rtt_us / MIN_RTT_DIVISOR;
    if (part > MAX_RTT_THRESH)
        return MAX_RTT_THRESH;
    return part > MIN_RTT_THRESH ? part : MIN_RTT_THRESH;
}

/* RFC 9406 4.2 */
static void judge(struct cc_hystart *h, uint32_t smss)
{
    if (!enough_seen(h, smss) || h->current_min == (uint32_t)NONE)
        return;
    if (conservative(h)) {
        if (h->current_min < h->baseline) {     /* it was jitter: slow start goes on */
            h->baseline = (uint32_t)NONE;
            h->css_rounds = 0;
        }
    } else if (h->last_min != (uint32_t)NONE
               && h->current_min >= (uint64_t)h->last_min + threshold(h->last_min)) {
        h->baseline = h->current_min;
    }
}

static void next_round(struct cc_hystart *h)
{
    h->last_min = h->current_min;
    h->current_min = (uint32_t)NONE;
    h->samples = 0;
    h->seen = 0;
}

bool cc_hystart_on_ack(struct cc_hystart *h, struct cc *c, const struct cc_ack *a)
{
    bool over = false;
    take_sample(h, a);
    /* What an application holds back says nothing about the path. */
    if (!a->app_limited) {
        uint32_t growth = cc_slow_start_growth(c, a->acked);
        cc_grow(c, conservative(h) ? growth / CSS_GROWTH_DIVISOR : growth);
        judge(h, c->smss);
        /* The round in which it began counts. */
        over = a->round && conservative(h) && ++h->css_rounds >= CSS_ROUNDS;
    }
    if (a->round)
        next_round(h);
    if (over)
        c->ssthresh = c->cwnd;
    return over;
}
