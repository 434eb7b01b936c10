/* bottleneck.h - a sender, one link with a buffer, and the way back, in a few lines of floating
 * point: drives a congestion control through its seam (tcp/cc.h) and nothing else. Every segment is
 * acknowledged by itself or `batch` together; three later arrivals make a segment lost. */
#ifndef UNIT_BOTTLENECK_H
#define UNIT_BOTTLENECK_H

#include "tcp/cc.h"

enum { FLIGHT = 1 << 16 };

struct sent {
    double at, arrives;                 /* seconds; arrives < 0: dropped */
    double delivered_at, first_sent;
    uint64_t delivered;
    bool app_limited, done;
};

struct bottleneck {
    /* the caller's */
    double rate, rtt, buffer;           /* octets per second, seconds, octets */
    double loss;                        /* chance of a segment that the buffer has room for */
    double offered;                     /* the application's octets per second; 0: as many as go */
    uint32_t smss, batch;

    struct cc cc;
    double now;
    double link_free, next_send, first_sent, delivered_at;
    struct sent sent[FLIGHT];
    uint64_t next, oldest, ack_next;    /* numbers of segments */
    uint64_t delivered, lost, offered_sent;     /* octets */
    uint64_t round_end, app_limited_until, recovery_end;
    uint32_t in_flight, most_in_flight;
    bool recovering;
    double srtt, min_rtt;
    uint64_t dice;
    /* what happened since bottleneck_reset */
    double began, queue_area, queue_most;
    uint64_t delivered_then, lost_then, sent_then;
    unsigned rounds;
    void (*watch)(struct bottleneck *p, const struct cc_ack *ack);
    void *context;
};

void bottleneck_init(struct bottleneck *p, const struct cc_ops *ops, double rate, double rtt,
                     double buffer);
void bottleneck_run(struct bottleneck *p, double seconds);
void bottleneck_reset(struct bottleneck *p);
double bottleneck_queue(const struct bottleneck *p);            /* octets that wait now */
double bottleneck_goodput(const struct bottleneck *p);          /* since the reset */
double bottleneck_mean_queue(const struct bottleneck *p);

#endif
