/* region.h - one region of memory (its owner's structures, then the pool and its pages) as a value:
 * what of it was ever touched is copied out and back. Pointers into the region stay good, because
 * it comes back to the same place. Called by stack/snapshot.c. */
#ifndef BASE_REGION_H
#define BASE_REGION_H

#include "base/pool.h"

/* Octets that region_save writes now. `start` is where the owner's structures begin; everything
 * from there to the last page that was ever taken belongs to the region. */
size_t region_size(const void *start, const struct pool *pool);
void region_save(const void *start, const struct pool *pool, void *to);
/* `pool` may lie in the region. False, and nothing has changed: `from` is not what region_save made
 * of this region, or it is cut short. */
bool region_load(void *start, struct pool *pool, const void *from, size_t size);

/* 128 bits of octets: equal when these are, and otherwise as good as never. No secret. */
struct digest {
    uint64_t a, b;
};
void digest_add(struct digest *d, const void *octets, size_t length);

#endif
