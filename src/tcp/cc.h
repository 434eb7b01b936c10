/* cc.h - the seam of congestion control: values in; cwnd and ssthresh out. Integer arithmetic, no
 * knowledge of TCP: usable for UDP flows as well. Called by tcp/recovery.c. */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "base/time.h"

struct cc_ops;

struct cc {
    const struct cc_ops *ops;
    uint32_t cwnd, ssthresh;        /* octets */
    uint32_t state[4];              /* the algorithm's own */
};

/* What an acknowledgment of new data says. */
struct cc_ack {
    uint32_t acked;                 /* octets newly acknowledged */
    uint32_t in_flight;             /* octets outstanding before this acknowledgment */
    uint32_t smss;                  /* SMSS, RFC 5681 2 */
    uint32_t srtt_us;
    bool app_limited;               /* the window was not full: it must not grow (RFC 5681 3.1) */
    aksu_time now;
};

struct cc_ops {
    const char *name;
    void (*init)(struct cc *c, uint32_t smss, uint32_t initial_window, aksu_time now);
    void (*on_ack)(struct cc *c, const struct cc_ack *ack);
    /* A loss was found by duplicate acknowledgments: sets ssthresh and cwnd (without inflation). */
    void (*on_loss)(struct cc *c, uint32_t in_flight, uint32_t smss, aksu_time now);
    /* The retransmission timer expired; `again`: not the first time for this segment. */
    void (*on_rto)(struct cc *c, uint32_t in_flight, uint32_t smss, bool again, aksu_time now);
    /* Nothing was sent for more than one RTO (RFC 5681 4.1). */
    void (*after_idle)(struct cc *c, uint32_t smss, uint32_t initial_window, aksu_time now);
};

extern const struct cc_ops cc_reno;     /* RFC 5681 3.1 */

#endif
