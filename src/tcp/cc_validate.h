/* cc_validate.h - congestion window validation (RFC 7661): a window that was not in use for a while
 * is kept, but no longer taken for what the path can carry. Values only; called by cc_reno.c and
 * cc_cubic.c. */
#ifndef TCP_CC_VALIDATE_H
#define TCP_CC_VALIDATE_H

#include "tcp/cc.h"

struct cc_validate {
    aksu_time until;            /* the window counts as validated; NEVER: no sample yet */
    aksu_time half_end;         /* end of this half of the pipeACK sampling period */
    uint32_t half_us;           /* how long it lasts */
    uint32_t acked;             /* octets of this round */
    uint32_t newest, before;    /* the largest pipeACK samples of this half and of the one before */
    uint32_t loss_base;         /* the window that congestion found not validated; 0: none */
    uint32_t lost;              /* R of RFC 7661 4.4.1 */
};

void cc_validate_init(struct cc_validate *v, aksu_time now);

/* Every acknowledgment, before anything else. True when cwnd was lowered, because the non-validated
 * period has ended. */
bool cc_validate_on_ack(struct cc_validate *v, struct cc *c, const struct cc_ack *a);

/* The window that congestion has refuted: `window` when it is validated, else what was really
 * sent of it; then loss_base says so until recovery is over. */
uint32_t cc_validate_on_congestion(struct cc_validate *v, uint32_t window, uint32_t in_flight,
                                   aksu_time now);
uint32_t cc_validate_on_rto(struct cc_validate *v, uint32_t window, uint32_t in_flight,
                            aksu_time now);

/* Recovery is over: `hundredths` is the share that congestion leaves. True when it changed cwnd. */
bool cc_validate_on_recovered(struct cc_validate *v, struct cc *c, uint32_t hundredths);

/* Nothing was sent for more than one RTO. True when cwnd was lowered. */
bool cc_validate_after_idle(struct cc_validate *v, struct cc *c, aksu_time idle, aksu_time now);

#endif
