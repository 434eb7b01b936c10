/* udp_flow_feedback.c - feedback arrives: what it must be to be believed, what is delivered, how
 * long it took and how fast it went. Called by the application (aksu/flow.h). */
#include "udp/udp_flow.h"

#define RTT_MOST SECONDS(60)

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Whether this number may be in a feedback: sent, and not left out. What is older than the records
 * cannot be told and changes nothing. */
static bool plausible(struct aksu_flow *f, seq_t n)
{
    if (seq_ge(n, f->next))
        return false;
    if (seq_lt(n, f->first))
        return f->forgot;
    return udp_flow_at(f, n)->state > UDP_FLOW_SKIPPED;
}

static bool says(const struct flow_feedback *fb, uint32_t i)
{
    return (fb->arrived[i / 32] >> i % 32 & 1) != 0;
}

/* So many bits are worth a look: what lies far below `oldest` was decided long ago. */
static uint32_t reach(const struct aksu_flow *f, const struct flow_feedback *fb)
{
    int32_t above = seq_diff(seq_of(fb->highest), f->oldest) + UDP_FLOW_KEEP;
    return above > 0 ? (uint32_t)least(32 * fb->words, (uint32_t)above) : 0;
}

static bool believable(struct aksu_flow *f, const struct flow_feedback *fb)
{
    if (!plausible(f, seq_of(fb->highest)))
        return false;
    for (uint32_t i = 0, end = reach(f, fb); i < end; i++) {
        if (says(fb, i) && !plausible(f, seq_of(fb->highest - 1 - i)))
            return false;
    }
    return true;
}

static void arrived(struct aksu_flow *f, seq_t n, struct udp_flow_news *news)
{
    if (seq_lt(n, f->first))
        return;
    struct udp_flow_record *r = udp_flow_at(f, n);
    if (r->state == UDP_FLOW_LOST)
        udp_flow_came_after_all(f, n, r->length);
    else if (r->state == UDP_FLOW_FLYING)
        f->in_flight -= r->length;
    else
        return;
    if (f->any_delivered && seq_lt(n, f->highest))
        f->reordering = true;           /* an earlier feedback had a hole there */
    r->state = UDP_FLOW_DELIVERED;
    if (news->acked == 0 || seq_gt(n, news->newest))
        news->newest = n;
    news->acked += r->length;
}

/* RFC 6298 2 */
static void take_rtt(struct aksu_flow *f, aksu_time rtt)
{
    f->latest_rtt = rtt;
    if (f->min_rtt == 0 || rtt < f->min_rtt)
        f->min_rtt = rtt;
    if (f->srtt == 0) {
        f->srtt = rtt;
        f->rttvar = rtt / 2;
        return;
    }
    aksu_time off = rtt > f->srtt ? rtt - f->srtt : f->srtt - rtt;
    f->rttvar = f->rttvar - f->rttvar / 4 + off / 4;
    f->srtt = f->srtt - f->srtt / 8 + rtt / 8;
}

/* The time of the way: without what the receiver says it waited. What it says is believed as far as
 * it was asked to wait and the answer stays possible. */
static void measure(struct aksu_flow *f, const struct flow_feedback *fb, struct udp_flow_news *news,
                    struct cc_ack *ack)
{
    aksu_time gone = news->now - udp_flow_at(f, seq_of(fb->highest))->sent;
    aksu_time delay = least(US(fb->delay_us), most(f->srtt / 2, MS(2)));
    if (!news->highest_is_new || gone > RTT_MOST)
        return;
    aksu_time rtt = most(gone > delay ? gone - delay : gone, US(1));
    take_rtt(f, rtt);
    ack->rtt_us = (uint32_t)most(rtt / US(1), 1);
}

/* draft-ietf-ccwg-bbr-06 4.1.2.3 */
static void sample_rate(struct aksu_flow *f, const struct udp_flow_news *news, struct cc_ack *ack)
{
    const struct udp_flow_record *r = udp_flow_at(f, news->newest);
    aksu_time interval = most(r->sent - r->first_sent, news->now - r->delivered_at);
    uint32_t octets = (uint32_t)f->delivered - r->delivered;
    if (interval >= most(f->min_rtt, 1))
        ack->delivery_rate = (uint64_t)octets * 1000000000u / interval;
    ack->rate_app_limited = r->app_limited;
    f->first_sent = r->sent;
    uint64_t then = f->delivered - octets;
    ack->round = then >= f->round_end;
    if (!ack->round)
        return;
    f->round_end = f->delivered;
    f->most_in_flight_before = f->most_in_flight;
    f->most_in_flight = f->in_flight;
}

/* RFC 7661 4.1: the window counts as used when a round filled it; while it doubles, half is
 * enough. */
static bool window_unused(const struct aksu_flow *f)
{
    uint64_t used = most(f->most_in_flight, f->most_in_flight_before);
    if (f->cc.cwnd < f->cc.ssthresh)
        used *= 2;
    return used + f->cc.smss < f->cc.cwnd;
}

void udp_flow_tell(struct aksu_flow *f, const struct udp_flow_news *news, struct cc_ack *ack)
{
    ack->now = news->now;
    ack->acked = news->acked;
    ack->lost = news->lost;
    ack->in_flight = f->in_flight;
    ack->srtt_us = (uint32_t)(f->srtt / US(1));
    ack->min_rtt_us = (uint32_t)(f->min_rtt / US(1));
    ack->app_limited = window_unused(f);
    ack->recovering = f->recovering;
    f->cc.ops->on_ack(&f->cc, ack);
}

static void take(struct aksu_flow *f, const struct flow_feedback *fb, struct udp_flow_news *news)
{
    struct cc_ack ack = { .now = news->now };
    seq_t highest = seq_of(fb->highest);
    if (f->in_flight + f->cc.smss > f->cc.cwnd)
        f->opened_at = news->now;
    arrived(f, highest, news);
    news->highest_is_new = news->acked > 0;
    for (uint32_t i = 0, end = reach(f, fb); i < end; i++) {
        if (says(fb, i))
            arrived(f, seq_of(fb->highest - 1 - i), news);
    }
    if (news->acked > 0) {
        f->delivered += news->acked;
        f->delivered_at = f->progress = news->now;
        f->backoff = 0;
        f->probed = false;
        if (!f->any_delivered || seq_gt(news->newest, f->highest))
            f->highest = news->newest;
        f->any_delivered = true;
        measure(f, fb, news, &ack);
        sample_rate(f, news, &ack);
        udp_flow_end_recovery(f, news->now);
    }
    udp_flow_detect_loss(f, news);
    udp_flow_advance(f);
    bool marked = (int32_t)(fb->ce - f->ce) > 0;
    if (marked)
        f->ce = fb->ce;
    if (news->lost > 0 || marked)
        udp_flow_congestion(f, news, news->lost == 0);
    udp_flow_undo(f, news->now);
    if (news->acked > 0 || news->lost > 0)
        udp_flow_tell(f, news, &ack);
}

enum aksu_status aksu_flow_feedback(struct aksu_flow *f, const void *datagram, size_t length,
                                    aksu_time now)
{
    struct flow_feedback fb;
    if (!wire_flow_feedback_parse(datagram, length, &fb)) {
        f->refused++;
        return AKSU_INVALID;
    }
    if (fb.token != f->token)
        return AKSU_DOES_NOT_EXIST;
    if (!believable(f, &fb)) {
        f->refused++;
        udp_flow_lie(f, now);
        return AKSU_INVALID;
    }
    struct udp_flow_news news = { .now = now };
    take(f, &fb, &news);
    return AKSU_OK;
}
