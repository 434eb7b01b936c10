/* bottleneck.c - see bottleneck.h. */
#include "bottleneck.h"

#include <string.h>

static double larger(double a, double b) { return a > b ? a : b; }
static uint32_t us(double seconds) { return (uint32_t)(seconds * 1e6 + 0.5); }
static aksu_time ns(double seconds) { return (aksu_time)(seconds * 1e9 + 0.5); }

static double lot(struct bottleneck *p)
{
    p->dice = p->dice * 6364136223846793005u + 1442695040888963407u;
    return (double)(p->dice >> 11) / 9007199254740992.0;
}

void bottleneck_init(struct bottleneck *p, const struct cc_ops *ops, double rate, double rtt,
                     double buffer)
{
    memset(p, 0, sizeof *p);
    p->rate = rate;
    p->rtt = rtt;
    p->buffer = buffer;
    p->smss = 1448;
    p->batch = 1;
    p->now = 1;
    p->dice = 1;
    p->cc = (struct cc){ .ops = ops, .smss = p->smss, .initial_window = 10 * p->smss,
                         .cwnd = 10 * p->smss, .ssthresh = UINT32_MAX };
    ops->init(&p->cc, ns(p->now));
    p->link_free = p->next_send = p->delivered_at = p->first_sent = p->now;
    bottleneck_reset(p);
}

void bottleneck_reset(struct bottleneck *p)
{
    p->began = p->now;
    p->queue_area = p->queue_most = 0;
    p->delivered_then = p->delivered;
    p->lost_then = p->lost;
    p->sent_then = p->next;
    p->rounds = 0;
}

double bottleneck_queue(const struct bottleneck *p)
{
    return larger(p->link_free - p->now, 0) * p->rate;
}

double bottleneck_goodput(const struct bottleneck *p)
{
    return (double)(p->delivered - p->delivered_then) / (p->now - p->began);
}

double bottleneck_mean_queue(const struct bottleneck *p)
{
    return p->queue_area / (p->now - p->began);
}

static double pacing_rate(const struct bottleneck *p)
{
    if (p->cc.pacing_rate != 0)
        return (double)p->cc.pacing_rate;
    double gain = p->cc.cwnd < p->cc.ssthresh ? 2 : 1.2;
    return gain * (double)p->cc.cwnd / (p->srtt > 0 ? p->srtt : p->rtt);
}

static bool has_data(const struct bottleneck *p)
{
    return p->offered <= 0
           || (double)(p->offered_sent + p->smss) <= p->offered * (p->now - p->began) + 1;
}

static bool has_window(const struct bottleneck *p)
{
    return p->in_flight + p->smss <= p->cc.cwnd && p->next - p->oldest < FLIGHT;
}

static void send_one(struct bottleneck *p)
{
    struct sent *s = &p->sent[p->next % FLIGHT];
    if (p->in_flight == 0)
        p->first_sent = p->delivered_at = p->now;
    *s = (struct sent){ .at = p->now, .delivered = p->delivered, .delivered_at = p->delivered_at,
                        .first_sent = p->first_sent,
                        .app_limited = p->app_limited_until > p->delivered };
    bool dropped = bottleneck_queue(p) + p->smss > p->buffer + p->smss
                   || (p->loss > 0 && lot(p) < p->loss);
    if (dropped) {
        s->arrives = -1;
    } else {
        p->link_free = larger(p->link_free, p->now) + p->smss / p->rate;
        s->arrives = p->link_free + p->rtt;
    }
    p->next_send = larger(p->next_send, p->now) + p->smss / pacing_rate(p);
    p->next++;
    p->offered_sent += p->smss;
    p->in_flight += p->smss;
    if (p->in_flight > p->most_in_flight)
        p->most_in_flight = p->in_flight;
}

/* What is older than the third segment before `upto` and did not arrive. */
static uint32_t mark_lost(struct bottleneck *p, uint64_t upto)
{
    uint32_t lost = 0;
    for (uint64_t n = p->oldest; n + 3 <= upto; n++) {
        struct sent *s = &p->sent[n % FLIGHT];
        if (s->done || s->arrives >= 0)
            continue;
        s->done = true;
        lost += p->smss;
    }
    while (p->oldest < p->next && p->sent[p->oldest % FLIGHT].done)
        p->oldest++;
    return lost;
}

/* Delivery rate as draft-ietf-ccwg-bbr-06 4.1 has it. */
static void rate_sample(struct bottleneck *p, const struct sent *s, struct cc_ack *ack)
{
    double send = s->at - s->first_sent, arrive = p->now - s->delivered_at;
    double interval = larger(send, arrive);
    if (interval >= p->min_rtt * 0.999)
        ack->delivery_rate = (uint64_t)((double)(p->delivered - s->delivered) / interval);
    ack->rate_app_limited = s->app_limited;
    p->first_sent = s->at;
}

static void take_rtt(struct bottleneck *p, double rtt)
{
    p->srtt = p->srtt > 0 ? p->srtt * 7 / 8 + rtt / 8 : rtt;
    if (p->min_rtt <= 0 || rtt < p->min_rtt)
        p->min_rtt = rtt;
}

static void congestion(struct bottleneck *p, struct cc_ack *ack, uint64_t acked)
{
    if (ack->lost > 0 && !p->recovering) {
        p->recovering = true;
        p->recovery_end = p->next;
        p->cc.ops->on_congestion(&p->cc, p->in_flight, false, ack->now);
    } else if (p->recovering && acked >= p->recovery_end) {
        p->recovering = false;
        if (p->cc.ops->on_recovered != NULL)
            p->cc.ops->on_recovered(&p->cc, ack->now);
    }
    ack->recovering = p->recovering;
}

/* The segments up to number `last` have arrived. */
static void acknowledge(struct bottleneck *p, uint64_t last)
{
    struct sent newest = p->sent[last % FLIGHT];
    struct cc_ack ack = { .now = ns(p->now) };
    for (; p->ack_next <= last; p->ack_next++) {
        struct sent *s = &p->sent[p->ack_next % FLIGHT];
        if (s->done || s->arrives < 0)
            continue;
        s->done = true;
        ack.acked += p->smss;
    }
    p->delivered += ack.acked;
    p->delivered_at = p->now;
    take_rtt(p, p->now - newest.at);
    rate_sample(p, &newest, &ack);
    ack.lost = mark_lost(p, last);
    p->lost += ack.lost;
    p->in_flight -= ack.acked + ack.lost;
    ack.round = newest.delivered >= p->round_end;
    if (ack.round) {
        p->round_end = p->delivered;
        p->rounds++;
    }
    congestion(p, &ack, last);
    ack.in_flight = p->in_flight;
    ack.rtt_us = us(p->now - newest.at);
    ack.srtt_us = us(p->srtt);
    ack.min_rtt_us = us(p->min_rtt);
    ack.app_limited = p->offered > 0 && p->in_flight + p->smss < p->cc.cwnd / 2;
    p->cc.ops->on_ack(&p->cc, &ack);
    if (p->watch != NULL)
        p->watch(p, &ack);
}

/* The number and the time of the segment that arrives `batch` from here. False: none. */
static bool next_arrival(const struct bottleneck *p, uint64_t *last, double *at)
{
    uint32_t left = p->batch;
    bool found = false;
    for (uint64_t n = p->ack_next; n < p->next && left > 0; n++) {
        const struct sent *s = &p->sent[n % FLIGHT];
        if (s->done || s->arrives < 0)
            continue;
        *last = n;
        *at = s->arrives;
        found = true;
        left--;
    }
    return found;
}

/* All that was in flight was dropped. */
static void timeout(struct bottleneck *p)
{
    p->lost += p->in_flight;
    p->in_flight = 0;
    for (; p->oldest < p->next; p->oldest++)
        p->sent[p->oldest % FLIGHT].done = true;
    p->ack_next = p->next;
    p->now += larger(0.2, 2 * p->srtt);
    p->recovering = true;
    p->recovery_end = p->next;
    p->cc.ops->on_rto(&p->cc, 0, false, ns(p->now));
}

static double next_data(const struct bottleneck *p)
{
    if (has_data(p))
        return p->now;
    return p->began + (double)(p->offered_sent + p->smss) / p->offered;
}

void bottleneck_run(struct bottleneck *p, double seconds)
{
    double end = p->now + seconds;
    while (p->now < end) {
        uint64_t last = 0;
        double arrival = 0, send = larger(p->next_send, next_data(p));
        bool arrives = next_arrival(p, &last, &arrival), may_send = has_window(p);
        if (!arrives && !may_send) {
            timeout(p);
            continue;
        }
        bool sends = may_send && (!arrives || send < arrival);
        double then = sends ? larger(send, p->now) : arrival;
        double queue = bottleneck_queue(p);
        p->queue_most = larger(p->queue_most, queue);
        p->queue_area += queue * (then - p->now);
        if (may_send && !has_data(p))
            p->app_limited_until = p->delivered + (p->in_flight > 0 ? p->in_flight : 1);
        p->now = then;
        if (sends)
            send_one(p);
        else
            acknowledge(p, last);
    }
}
