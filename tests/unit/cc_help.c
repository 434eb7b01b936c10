/* cc_help.c - the sender of cc_help.h. */
#include "cc_help.h"

void flow_begin(struct flow *f, const struct cc_ops *ops, uint32_t smss, uint32_t rtt_us)
{
    *f = (struct flow){ .now = SECONDS(1000), .rtt_us = rtt_us, .per_ack = 2 };
    f->cc = (struct cc){ .ops = ops, .cwnd = 10 * smss, .ssthresh = UINT32_MAX, .smss = smss,
                         .initial_window = 10 * smss, .paced = true };
    ops->init(&f->cc, f->now);
}

static struct cc_ack said(const struct flow *f, uint32_t octets, bool round)
{
    return (struct cc_ack){
        .now = f->now, .acked = octets, .in_flight = f->cc.cwnd, .rtt_us = f->rtt_us,
        .srtt_us = f->rtt_us, .min_rtt_us = f->rtt_us, .round = round,
        .app_limited = f->app_limited,
    };
}

void flow_ack(struct flow *f, uint32_t octets, bool round)
{
    struct cc_ack a = said(f, octets, round);
    f->cc.ops->on_ack(&f->cc, &a);
}

static void round_trip(struct flow *f, bool recovering)
{
    uint32_t window = f->cc.cwnd, acked = 0, each = f->per_ack * f->cc.smss;
    aksu_time begin = f->now;
    while (acked < window) {
        uint32_t octets = window - acked < each ? window - acked : each;
        acked += octets;
        f->now = begin + US((aksu_time)f->rtt_us) * acked / window;
        struct cc_ack a = said(f, octets, acked == window);
        a.recovering = recovering;
        f->cc.ops->on_ack(&f->cc, &a);
    }
}

void flow_round(struct flow *f)
{
    round_trip(f, false);
}

void flow_run(struct flow *f, aksu_time until)
{
    while (f->now < until)
        round_trip(f, false);
}

void flow_reach(struct flow *f, uint32_t segments)
{
    f->cc.ssthresh = segments * f->cc.smss;
    while (f->cc.cwnd < f->cc.ssthresh) {
        uint32_t left = f->cc.ssthresh - f->cc.cwnd, each = f->per_ack * f->cc.smss;
        f->now += US((aksu_time)f->rtt_us) / 10;
        flow_ack(f, left < each ? left : each, false);
    }
}

void flow_lose(struct flow *f)
{
    const struct cc_ops *ops = f->cc.ops;
    ops->on_congestion(&f->cc, f->cc.cwnd, false, f->now);
    round_trip(f, true);
    if (ops->on_recovered)
        ops->on_recovered(&f->cc, f->now);
}

uint32_t flow_segments(const struct flow *f)
{
    return f->cc.cwnd / f->cc.smss;
}
