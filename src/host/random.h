/* random.h - unpredictable numbers for dns.c and dhcp.c from one seed of the caller's. */
#ifndef HOST_RANDOM_H
#define HOST_RANDOM_H

#include "base/prng.h"

static inline uint64_t host_random(uint64_t seed, uint64_t *drawn)
{
    struct prng p = { .key = { .k0 = seed }, .counter = *drawn };
    uint64_t number = prng_u64(&p);
    *drawn = p.counter;
    return number;
}

#endif
