/* prng.h - a deterministic generator from a 128-bit seed: the stack's only source of randomness.
 * Unpredictable to an outsider as long as the seed is (SipHash-2-4 in counter mode). */
#ifndef BASE_PRNG_H
#define BASE_PRNG_H

#include <stdint.h>
#include "base/siphash.h"

struct prng {
    struct sipkey key;
    uint64_t counter;
};

struct prng prng_of(const uint8_t seed[16]);
uint64_t prng_u64(struct prng *p);
uint32_t prng_below(struct prng *p, uint32_t bound);    /* 0..bound-1, unbiased; bound > 0 */
struct sipkey prng_key(struct prng *p);

#endif
