/* ranges.h - a small ordered set of half-open ranges of sequence numbers, all within 2^31 of each
 * other: what has arrived out of order (RFC 2018), newest remembered. Fixed room, no allocation.
 * A zeroed struct is an empty set. */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include "base/seq.h"

enum { RANGES_MOST = 30 };

struct range {
    seq_t left, right;      /* [left, right) */
};

struct ranges {
    uint16_t count;
    uint16_t newest;        /* index of the range that the last ranges_add touched */
    struct range at[RANGES_MOST];   /* ordered, disjoint, not adjacent */
};                          /* 244 octets: one object of a 256-octet slab */

/* Adds [left, right), merging what overlaps or touches. False, nothing changed, when the set is
 * full and the range does not touch another. */
bool ranges_add(struct ranges *s, seq_t left, seq_t right);
/* Removes everything before `edge`. */
void ranges_cut(struct ranges *s, seq_t edge);
/* True when all of [left, right) is in the set. */
bool ranges_has(const struct ranges *s, seq_t left, seq_t right);

#endif
