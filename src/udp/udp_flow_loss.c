/* udp_flow_loss.c - what of a paced flow is lost, and what follows: by later arrivals and time (RFC
 * 8985 6.2, without retransmissions), by silence (RFC 6298 5, RFC 8085 3.1.1), one response of the
 * congestion control per round trip, taken back when it was a mistake. */
#include "udp/udp_flow.h"

enum { LATER = 3 /* DupThresh */, WINDOW_STEPS_MOST = 16, BACKOFF_MOST = 6 };
#define RTO_LEAST MS(200)
#define RTO_FIRST SECONDS(1)
#define RTO_MOST SECONDS(8)     /* media must find out soon that a path is back */

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* RFC 6298 2.3 */
aksu_time udp_flow_rto(const struct aksu_flow *f)
{
    aksu_time rto = RTO_FIRST;
    if (f->srtt != 0)
        rto = f->srtt + most(4 * f->rttvar, MS(25));    /* feedback may wait so long */
    return least(most(rto, RTO_LEAST), RTO_MOST);
}

/* RFC 8985 6.2 step 4: none until reordering was seen, then a quarter of the smallest round trip,
 * and one more for each time that this was not enough. */
static aksu_time reordering_window(const struct aksu_flow *f, uint32_t later)
{
    if (!f->reordering && later >= LATER)
        return 0;
    return least(f->min_rtt / 4 * f->window_steps, most(f->srtt, f->min_rtt));
}

static void give_up(struct aksu_flow *f, seq_t n, struct udp_flow_news *news)
{
    struct udp_flow_record *r = udp_flow_at(f, n);
    r->state = UDP_FLOW_LOST;
    f->in_flight -= r->length;
    f->lost += r->length;
    if (news->lost == 0)
        news->oldest_lost = n;
    news->newest_lost = n;
    news->lost += r->length;
}

void udp_flow_detect_loss(struct aksu_flow *f, struct udp_flow_news *news)
{
    f->loss_at = NEVER;
    if (!f->any_delivered)
        return;
    if (!f->recovering)                 /* the next loss is a new event, whatever has wrapped */
        f->recovery_end = seq_max(f->recovery_end, f->oldest);
    for (seq_t n = f->oldest; seq_lt(n, f->highest); n = seq_add(n, 1)) {
        const struct udp_flow_record *r = udp_flow_at(f, n);
        if (r->state != UDP_FLOW_FLYING)
            continue;
        uint32_t later = (uint32_t)seq_diff(f->highest, n);
        aksu_time window = reordering_window(f, later);
        aksu_time at = r->sent + f->latest_rtt + window + US(udp_flow_within_us(f));
        if (at <= news->now || window == 0)
            give_up(f, n, news);
        else
            f->loss_at = time_min(f->loss_at, at);
    }
}

void udp_flow_advance(struct aksu_flow *f)
{
    while (seq_lt(f->oldest, f->next) && udp_flow_at(f, f->oldest)->state != UDP_FLOW_FLYING)
        f->oldest = seq_add(f->oldest, 1);
}

/* RFC 8985 6.2: the window was too small. */
void udp_flow_came_after_all(struct aksu_flow *f, seq_t n, uint32_t length)
{
    f->late += length;
    f->reordering = true;
    if (f->window_steps < WINDOW_STEPS_MOST)
        f->window_steps++;
    if (seq_ge(n, f->episode_first) && f->episode_missing >= length)
        f->episode_missing -= length;
}

/* RFC 5681 3.2: once for all that was lost of one flight. */
void udp_flow_congestion(struct aksu_flow *f, const struct udp_flow_news *news, bool ce)
{
    if (ce ? f->recovering : seq_lt(news->newest_lost, f->recovery_end)) {
        f->episode_missing += news->lost;
        f->may_undo = f->may_undo && !ce;
        return;
    }
    f->recovering = true;
    f->may_undo = !ce;
    f->recovery_end = f->next;
    f->episode_first = ce ? f->oldest : news->oldest_lost;
    f->episode_missing = news->lost;
    f->events++;
    /* FlightSize before what this feedback is about was taken off */
    f->cc.ops->on_congestion(&f->cc, f->in_flight + news->lost + news->acked, ce, news->now);
}

/* A number that was left out has no innocent explanation, and what the peer said before is worth
 * no more: the flow begins again with one datagram (docs/flow.md). */
void udp_flow_lie(struct aksu_flow *f, aksu_time now)
{
    f->events++;
    f->may_undo = false;
    f->cc.ops->on_rto(&f->cc, f->in_flight, true, now);
}

void udp_flow_end_recovery(struct aksu_flow *f, aksu_time now)
{
    if (!f->recovering || seq_lt(f->highest, f->recovery_end))
        return;
    f->recovering = false;
    if (f->cc.ops->on_recovered != NULL)
        f->cc.ops->on_recovered(&f->cc, now);
}

/* RFC 4015 3.2, but by the arrivals themselves: all that was missing came. */
void udp_flow_undo(struct aksu_flow *f, aksu_time now)
{
    if (!f->may_undo || f->episode_missing > 0)
        return;
    f->may_undo = f->recovering = false;
    if (f->cc.ops->undo != NULL)
        f->cc.ops->undo(&f->cc, now);
}

aksu_time udp_flow_silence_at(const struct aksu_flow *f)
{
    if (f->in_flight == 0)
        return NEVER;
    aksu_time since = most(f->progress, f->record[f->oldest.n & (f->records - 1)].sent);
    if (f->probed)
        since = most(since, f->last_sent);
    return since + (udp_flow_rto(f) << least(f->backoff, BACKOFF_MOST));
}

/* RFC 6298 5: all that is under way is taken for lost. What is sent next is new, and its answer
 * tells whether the path is there. */
static void silence(struct aksu_flow *f, aksu_time now)
{
    struct udp_flow_news news = { .now = now };
    uint32_t in_flight = f->in_flight;
    f->episode_first = f->oldest;
    for (seq_t n = f->oldest; seq_lt(n, f->next); n = seq_add(n, 1)) {
        if (udp_flow_at(f, n)->state == UDP_FLOW_FLYING)
            give_up(f, n, &news);
    }
    udp_flow_advance(f);
    f->loss_at = NEVER;
    f->timeouts++;
    f->recovering = true;
    f->recovery_end = f->next;
    f->may_undo = f->backoff == 0;
    f->episode_missing = news.lost;
    f->probed = false;
    f->cc.ops->on_rto(&f->cc, in_flight, f->backoff > 0, now);
    f->backoff++;
}

void aksu_flow_timeouts(struct aksu_flow *f, aksu_time now)
{
    if (now >= f->loss_at) {
        struct udp_flow_news news = { .now = now };
        struct cc_ack ack = { .now = now };
        udp_flow_detect_loss(f, &news);
        udp_flow_advance(f);
        if (news.lost > 0) {
            udp_flow_congestion(f, &news, false);
            udp_flow_tell(f, &news, &ack);
        }
    }
    if (now >= udp_flow_silence_at(f))
        silence(f, now);
}
