/* cc_window.h - what Reno and CUBIC share: growth that cannot overflow, slow start by octets
 * (RFC 5681 3.1, RFC 3465 2.2, RFC 9406 4.2), a window that was lowered. */
#ifndef TCP_CC_WINDOW_H
#define TCP_CC_WINDOW_H

#include "tcp/cc.h"

/* No peer can offer a larger window (RFC 7323 2.3): cwnd beyond it means nothing. */
enum { CC_WINDOW_MOST = 1 << 30 };

/* A share of a window, in hundredths. */
static inline uint32_t cc_share(uint32_t window, uint32_t hundredths)
{
    return (uint32_t)((uint64_t)window * hundredths / 100);
}

static inline bool cc_in_slow_start(const struct cc *c)
{
    return c->cwnd < c->ssthresh;
}

/* ssthresh is as it was at the beginning: nothing is known about the path. */
static inline bool cc_in_first_slow_start(const struct cc *c)
{
    return c->ssthresh == UINT32_MAX;
}

void cc_grow(struct cc *c, uint32_t octets);

/* How much an acknowledgment of `acked` octets may add in slow start. */
uint32_t cc_slow_start_growth(const struct cc *c, uint32_t acked);

/* Slow start up to ssthresh; returns the octets that are left over for congestion avoidance. */
uint32_t cc_slow_start(struct cc *c, uint32_t acked);

/* Sets ssthresh and cwnd after congestion to `window`, not below what the RFCs allow: two
 * segments; for cwnd one when the network said it by ECN. */
void cc_lower(struct cc *c, uint32_t window, bool ecn);

#endif
