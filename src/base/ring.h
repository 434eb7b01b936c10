/* ring.h - a byte queue of up to 64 MiB made of pages that are taken from the pool when text
 * arrives and given back when it leaves. Empty: no page at all. One page: that page. More: a table
 * page of page references. Above 4 MiB: a page of references to table pages. Positions are octets
 * from the front of the queue (0 = oldest); text may be written beyond the end (out of order,
 * RFC 9293 3.10.7.4 [SHLD-31]) and becomes part of the queue by ring_extend. A zeroed struct is an
 * empty ring. Called by tcp (send and receive buffers). */
#ifndef BASE_RING_H
#define BASE_RING_H

#include "aksu/types.h"
#include "base/pool.h"

/* The front's page is not used for the other end too: what fits is RING_MOST - POOL_PAGE + 1 or
 * more, and RING_MOST when the front stands at the start of a page. */
enum { RING_MOST = 16 * 1024 * POOL_PAGE };

struct ring {
    page_ref root;      /* 0, the only page, the table, or the directory of tables */
    uint32_t pages;     /* data pages held */
    uint32_t front;     /* offset of position 0 in the circle of page slots */
    uint32_t length;    /* octets in the queue */
    uint8_t tables;     /* pages of references held. More than one: a directory and its tables */
};

/* Copies `from` to position `at` (may be beyond length). Takes pages as needed. Returns how many
 * octets were written: fewer than `length` when the pool is empty or the ring is full. Octets
 * beyond the end stay until they are overwritten, or dropped by ring_trim. */
uint32_t ring_write(struct ring *r, struct pool *p, uint32_t at, const uint8_t *from,
                    uint32_t length);
/* The queue's end moves to `length` octets further: what was written there is now part of it. */
void ring_extend(struct ring *r, uint32_t length);
/* Copies out without removing; at + length <= r->length. */
void ring_read(const struct ring *r, const struct pool *p, uint32_t at, uint8_t *to,
               uint32_t length);
/* Borrowed slices of [at, at+length): returns how many were filled (at most `most`); they may cover
 * less than length when `most` is reached. Valid until the ring is next changed. */
unsigned ring_slices(const struct ring *r, const struct pool *p, uint32_t at, uint32_t length,
                     struct aksu_slice *out, unsigned most);
/* Space behind the end for the caller to fill, then ring_extend. At most `length` octets in at most
 * `most` pieces; returns the pieces (0: no memory). Valid until the ring is next changed; what is
 * not extended over is held until ring_trim, or until the ring is empty. */
unsigned ring_reserve(struct ring *r, struct pool *p, uint32_t length, struct aksu_space *out,
                      unsigned most);
/* How many of `length` octets behind the end have a place, because ring_reserve was called. */
uint32_t ring_reserved(const struct ring *r, const struct pool *p, uint32_t length);
/* Removes `length` octets (<= r->length) from the front and gives back the pages that the front
 * leaves. `keep`: where the text beyond the end ends, as a position after the removal, and 0 when
 * nothing is beyond. A ring that is empty with keep 0 gives back every page. */
void ring_consume(struct ring *r, struct pool *p, uint32_t length, uint32_t keep);
/* Gives back the pages that lie wholly at or beyond position `from`. */
void ring_trim(struct ring *r, struct pool *p, uint32_t from);
void ring_clear(struct ring *r, struct pool *p);

#endif
