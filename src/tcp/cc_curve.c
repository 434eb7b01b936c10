/* cc_curve.c - the window function of CUBIC in 64-bit integers (RFC 9438 4.2). Called by
 * cc_cubic.c. */
#include "tcp/cc_curve.h"

enum { TICK_BITS = 16, SMSS_MOST = UINT16_MAX };

/* A length field of 16 bits bounds every segment; the arithmetic below needs it. */
static uint32_t segment(uint32_t smss)
{
    if (smss == 0)
        return 1;
    return smss < SMSS_MOST ? smss : SMSS_MOST;
}

uint32_t cc_curve_ticks(aksu_time duration)
{
    if (duration >= SECONDS(CC_CURVE_FAR / CC_CURVE_SECOND))
        return CC_CURVE_FAR;
    return (uint32_t)((duration << TICK_BITS) / SECONDS(1));    /* 2^40 ns: 56 bits */
}

uint32_t cc_cube_root(uint64_t n)
{
    uint64_t root = 0;
    for (uint64_t bit = 1u << 21; bit > 0; bit >>= 1) {
        uint64_t next = root | bit;
        if (next * next <= n / next)            /* next^3 <= n, without the cube */
            root = next;
    }
    return (uint32_t)root;
}

/* (below / smss / C)^(1/3), RFC 9438 4.2. The radicand takes as many binary places as fit, in
 * threes: each three are one place of the root. */
uint32_t cc_curve_k(uint32_t below, uint32_t smss)
{
    unsigned places = 27;
    uint64_t radicand = ((uint64_t)below * 5 << places) / (2 * segment(smss));
    while (places < 3 * TICK_BITS && radicand < (uint64_t)1 << 61) {
        radicand <<= 3;
        places += 3;
    }
    return cc_cube_root(radicand) << (TICK_BITS - places / 3);
}

/* C d^3 in octets. d is at most 2^26 ticks, so that no product exceeds 2^63. */
static uint64_t climb(uint32_t d, uint32_t smss)
{
    uint64_t square = (uint64_t)d * d >> TICK_BITS;
    uint64_t cube = square * d >> TICK_BITS;
    return cube * segment(smss) * 2 / 5 >> TICK_BITS;
}

uint32_t cc_curve_window(uint32_t w_max, uint32_t k, uint32_t t, uint32_t smss)
{
    uint32_t d = t > k ? t - k : k - t;
    uint64_t octets = climb(d < CC_CURVE_FAR ? d : CC_CURVE_FAR, smss);
    if (t < k)
        return octets < w_max ? w_max - (uint32_t)octets : 0;
    return octets < UINT32_MAX - w_max ? w_max + (uint32_t)octets : UINT32_MAX;
}
