/* cc.h - the seam of congestion control: values in; cwnd, ssthresh and a pacing rate out. Integer
 * arithmetic, no knowledge of TCP: drives UDP flows as well. Called by tcp/recovery.c and
 * udp/udp_flow.c. */
#ifndef TCP_CC_H
#define TCP_CC_H

#include "base/time.h"

enum { CC_STATE = 20 };             /* words of 64 bits that an algorithm may keep */

struct cc_ops;

struct cc {
    const struct cc_ops *ops;
    uint32_t cwnd, ssthresh;        /* octets; ssthresh UINT32_MAX: arbitrarily high */
    uint32_t smss;                  /* octets; the owner keeps it up to date */
    uint32_t initial_window;        /* octets, RFC 6928 2 */
    uint64_t pacing_rate;           /* octets per second; 0: the algorithm does not pace */
    bool paced;                     /* the owner spreads what is sent in any case */
    uint16_t slow_start_limit;      /* segments for each acknowledgment, unless paced; 0: eight */
    uint64_t state[CC_STATE];       /* the algorithm's own */
};

/* What an acknowledgment says. */
struct cc_ack {
    aksu_time now;
    uint32_t acked;                 /* octets newly delivered: acknowledged, or SACKed for the first
                                       time; 0 when a timer found what is lost */
    uint32_t lost;                  /* octets newly deemed lost since the last call */
    uint32_t in_flight;             /* octets outstanding after this acknowledgment (pipe) */
    uint32_t rtt_us;                /* the sample of this acknowledgment; 0: none */
    uint32_t srtt_us, min_rtt_us;   /* 0: not known yet; min_rtt of the last 10 s or so, of a UDP
                                       flow since it began */
    uint64_t delivery_rate;         /* octets per second of the newest segment's flight; 0: none */
    bool rate_app_limited;          /* ... it had the application for a limit: a lower bound */
    bool round;                     /* a round trip has ended: what began it has arrived */
    bool app_limited;               /* cwnd was not in use: it must not grow (RFC 5681 3.1) */
    bool recovering;                /* the owner regulates what goes out, unless `own_recovery` */
};

struct cc_ops {
    const char *name;               /* "reno", "cubic", "bbr" */
    bool own_recovery;              /* keeps its own cwnd during recovery (no PRR) */
    bool wants_rate;                /* cc_ack.delivery_rate, and rounds measured by delivery */
    /* cwnd has been set to the window to begin with, ssthresh to what is remembered or
     * UINT32_MAX; smss, initial_window, paced are set. */
    void (*init)(struct cc *c, aksu_time now);
    void (*on_ack)(struct cc *c, const struct cc_ack *ack);
    /* Congestion, once per round trip: loss recovery begins, or (ecn) the peer echoed CE. Sets
     * ssthresh, and cwnd to it; during recovery the owner leads cwnd there (RFC 6937 3). */
    void (*on_congestion)(struct cc *c, uint32_t in_flight, bool ecn, aksu_time now);
    /* Recovery is over (RFC 6675 5); NULL: nothing to do. */
    void (*on_recovered)(struct cc *c, aksu_time now);
    /* The retransmission timer expired; `again`: not the first time for this segment. */
    void (*on_rto)(struct cc *c, uint32_t in_flight, bool again, aksu_time now);
    /* The last on_congestion or on_rto was a mistake (RFC 4015 3.2): cwnd, ssthresh and the
     * algorithm's own state are as before (it keeps them in `state`), cwnd not smaller than now. */
    void (*undo)(struct cc *c, aksu_time now);
    /* Nothing was sent for more than one RTO (RFC 5681 4.1, RFC 7661 4.4). idle: for how long. */
    void (*after_idle)(struct cc *c, aksu_time idle, aksu_time now);
};

extern const struct cc_ops cc_reno;     /* RFC 5681 3.1 */
extern const struct cc_ops cc_cubic;    /* RFC 9438 4, RFC 9406 4 */
extern const struct cc_ops cc_bbr;      /* draft-ietf-ccwg-bbr */

/* By name; NULL: no such algorithm. */
const struct cc_ops *cc_find(const char *name);

#endif
