/* cc_help.h - a sender that is nothing but its congestion control: each round trip it has cwnd
 * under way, and all of it is acknowledged, evenly spread over the round trip. For the unit
 * tests of tcp/cc_*.c and for tools/cc-plot. */
#ifndef UNIT_CC_HELP_H
#define UNIT_CC_HELP_H

#include "tcp/cc.h"

struct flow {
    struct cc cc;
    aksu_time now;
    uint32_t rtt_us;
    uint32_t per_ack;           /* segments that one acknowledgment stands for */
    bool app_limited;           /* what the acknowledgments say */
};

void flow_begin(struct flow *f, const struct cc_ops *ops, uint32_t smss, uint32_t rtt_us);

/* One acknowledgment, now. */
void flow_ack(struct flow *f, uint32_t octets, bool round);

/* One round trip: time passes, what was under way at its beginning is acknowledged. */
void flow_round(struct flow *f);

void flow_run(struct flow *f, aksu_time until);

/* Slow start is over: ssthresh and cwnd are `segments`. Reached by acknowledgments, not by hand. */
void flow_reach(struct flow *f, uint32_t segments);

/* Loss is found now; recovery takes one round trip. */
void flow_lose(struct flow *f);

uint32_t flow_segments(const struct flow *f);

#endif
