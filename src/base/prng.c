/* prng.c - random numbers as the SipHash-2-4 of a counter under the seed (RFC 4086 6.2.1): the same
 * seed gives the same numbers on every machine. Called by the stack for ports, keys and jitter. */
#include "base/check.h"
#include "base/prng.h"

struct prng prng_of(const uint8_t seed[16])
{
    struct prng p = { { 0, 0 }, 0 };
    for (unsigned i = 0; i < 8; i++) {
        p.key.k0 |= (uint64_t)seed[i] << 8 * i;
        p.key.k1 |= (uint64_t)seed[8 + i] << 8 * i;
    }
    return p;
}

uint64_t prng_u64(struct prng *p)
{
    uint8_t octets[8];
    for (unsigned i = 0; i < 8; i++)
        octets[i] = (uint8_t)(p->counter >> 8 * i);
    p->counter++;
    return siphash24(&p->key, octets, sizeof octets);
}

uint32_t prng_below(struct prng *p, uint32_t bound)
{
    if (bound == 0)
        bug("prng_below: the bound is positive");

    /* The top word of random * bound, but for the low words that favour some results */
    uint64_t product = (prng_u64(p) >> 32) * bound;
    if ((uint32_t)product < bound) {
        uint32_t unfair = (UINT32_MAX - bound + 1) % bound;
        while ((uint32_t)product < unfair)
            product = (prng_u64(p) >> 32) * bound;
    }
    return (uint32_t)(product >> 32);
}

struct sipkey prng_key(struct prng *p)
{
    uint64_t k0 = prng_u64(p);
    return (struct sipkey){ k0, prng_u64(p) };
}
