/* ranges.h - an ordered set of half-open ranges of sequence numbers, all within 2^31 of each other:
 * what has arrived out of order (RFC 2018 4). A few stand in the object itself; more of them in
 * pages of the pool, found in O(log n). A zeroed struct is an empty set. Called by tcp and ip. */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include "base/pool.h"
#include "base/seq.h"

/* SMALL: without a page. MOST: whatever the pool has; what a peer can make us search in is
 * bounded. */
enum { RANGES_SMALL = 28, RANGES_MOST = 4096 };

struct range {
    seq_t left, right;      /* [left, right) */
};

struct ranges {
    uint16_t count;         /* ranges in all */
    uint16_t leaves;        /* 0: they stand in at[]; else so many entries of leaf[] are used */
    union {
        struct range at[RANGES_SMALL];      /* ordered, disjoint, not adjacent */
        struct {
            seq_t left;                     /* of its first range */
            page_ref page;
        } leaf[RANGES_SMALL];
    };
};

/* True when ranges_add can take [left, right): it touches another, or there is room for one more,
 * which may be a page taken now. `p` NULL: no pages. */
bool ranges_room(struct ranges *s, struct pool *p, seq_t left, seq_t right);
/* Adds [left, right), not empty, merging what overlaps or touches; ranges_room said yes. Returns
 * the range that holds it now. */
struct range ranges_add(struct ranges *s, struct pool *p, seq_t left, seq_t right);
/* Removes everything before `edge`. */
void ranges_cut(struct ranges *s, struct pool *p, seq_t edge);
void ranges_clear(struct ranges *s, struct pool *p);
/* The first range that ends after `point`, or one whose left is its right: there is none. */
struct range ranges_after(const struct ranges *s, const struct pool *p, seq_t point);
/* Counted from the last one (0); nth < count. */
struct range ranges_from_end(const struct ranges *s, const struct pool *p, uint32_t nth);
/* True when all of [left, right) is in the set. */
bool ranges_has(const struct ranges *s, const struct pool *p, seq_t left, seq_t right);

#endif
