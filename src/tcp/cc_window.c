/* cc_window.c - what Reno and CUBIC share (cc_window.h), and the list of all by name (cc.h).
 * Called by the algorithms and by whoever configures a connection. */
#include "tcp/cc_window.h"

enum { UNPACED_LIMIT = 8 };     /* L, RFC 9406 4.3 */

void cc_grow(struct cc *c, uint32_t octets)
{
    if (c->cwnd >= CC_WINDOW_MOST)
        return;
    uint32_t room = CC_WINDOW_MOST - c->cwnd;
    c->cwnd += octets < room ? octets : room;
}

/* RFC 3465 2.2: every octet counts, however few the acknowledgments: receivers here answer 64 KiB
 * at once, and min(acked, SMSS) of RFC 5681 3.1 would not even double cwnd in ten round trips. The
 * limit L is for bursts: RFC 9406 4.3 lets it go when the sender is paced, and says 8 when it is
 * not. RFC 3465 2.3 wants L = 1 after a timeout, because an acknowledgment may then stand for text
 * that arrived long ago. Here `acked` is what was newly delivered; and where a peer without SACK
 * leaves that open, no more than cwnd can have been under way under cwnd. */
uint32_t cc_slow_start_growth(const struct cc *c, uint32_t acked)
{
    uint64_t limit = c->slow_start_limit != 0 ? c->slow_start_limit : (uint64_t)UNPACED_LIMIT;
    limit *= c->smss;
    uint32_t most = c->paced || limit > c->cwnd ? c->cwnd : (uint32_t)limit;
    return acked < most ? acked : most;
}

uint32_t cc_slow_start(struct cc *c, uint32_t acked)
{
    uint32_t growth = cc_slow_start_growth(c, acked);
    uint32_t room = c->ssthresh - c->cwnd;
    cc_grow(c, growth < room ? growth : room);
    return growth < room ? 0 : growth - room;
}

void cc_lower(struct cc *c, uint32_t window, bool ecn)
{
    uint32_t least = 2 * c->smss;
    c->ssthresh = window > least ? window : least;
    c->cwnd = c->ssthresh;
    /* RFC 9438 4.6, RFC 3168 6.1.2: marks go on until one segment is left. */
    if (ecn && window < least)
        c->cwnd = window > c->smss ? window : c->smss;
}

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct cc_ops *cc_find(const char *name)
{
    if (same(name, cc_reno.name))
        return &cc_reno;
    if (same(name, cc_cubic.name))
        return &cc_cubic;
    if (same(name, cc_bbr.name))
        return &cc_bbr;
    return NULL;
}
