/* cc_hystart.h - HyStart++ (RFC 9406): ends the first slow start when the round-trip time grows,
 * before the queue overflows. Values only; called by cc_cubic.c. */
#ifndef TCP_CC_HYSTART_H
#define TCP_CC_HYSTART_H

#include "tcp/cc.h"

struct cc_hystart {
    uint32_t last_min, current_min;     /* us, of the round before, of this one; UINT32_MAX: none */
    uint32_t baseline;                  /* us; UINT32_MAX: not in Conservative Slow Start */
    uint32_t samples;                   /* of this round */
    uint32_t seen;                      /* octets that they stand for */
    uint32_t css_rounds;
};

void cc_hystart_init(struct cc_hystart *h);

/* An acknowledgment in the first slow start: cwnd grows. True when slow start is over: ssthresh
 * has been set to cwnd. */
bool cc_hystart_on_ack(struct cc_hystart *h, struct cc *c, const struct cc_ack *a);

#endif
