/* siphash.c - SipHash-2-4 and SipHash-1-3 under a 128-bit key: add, rotate, exclusive or on four
 * words. Called for initial sequence numbers, cookies, ports and random numbers (2-4) and for hash
 * tables (1-3). */
#include "base/bytes.h"
#include "base/siphash.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t load_le64(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24
         | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48
         | (uint64_t)p[7] << 56;
}

static inline uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static inline void round_once(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void rounds(struct sip *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        round_once(s);
}

static inline struct sip start(const struct sipkey *key)
{
    return (struct sip){ key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du,
                         key->k0 ^ 0x6c7967656e657261u, key->k1 ^ 0x7465646279746573u };
}

/* The last word: what is left of the data, and the length modulo 256 in the top octet. */
static inline uint64_t last_word(const uint8_t *rest, size_t length)
{
    uint64_t word = (uint64_t)length << 56;
    for (size_t i = 0; i < (length & 7); i++)
        word |= (uint64_t)rest[i] << 8 * i;
    return word;
}

static inline uint64_t siphash(const struct sipkey *key, const uint8_t *data, size_t length,
                               unsigned compression, unsigned finalization)
{
    struct sip s = start(key);
    const uint8_t *rest = data + (length & ~(size_t)7);

    for (; data != rest; data += 8) {
        uint64_t word = load_le64(data);
        s.v3 ^= word;
        rounds(&s, compression);
        s.v0 ^= word;
    }
    uint64_t word = last_word(rest, length);
    s.v3 ^= word;
    rounds(&s, compression);
    s.v0 ^= word;
    s.v2 ^= 0xff;
    rounds(&s, finalization);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash24(const struct sipkey *key, const void *data, size_t length)
{
    return siphash(key, data, length, 2, 4);
}

uint64_t siphash13(const struct sipkey *key, const void *data, size_t length)
{
    return siphash(key, data, length, 1, 3);
}

static inline void absorb(struct sip *s, uint64_t word, unsigned compression)
{
    s->v3 ^= word;
    rounds(s, compression);
    s->v0 ^= word;
}

static inline uint64_t finish(struct sip *s, unsigned finalization)
{
    s->v2 ^= 0xff;
    rounds(s, finalization);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t siphash24_12(const struct sipkey *key, uint64_t first, uint32_t rest)
{
    struct sip s = start(key);
    absorb(&s, first, 2);
    absorb(&s, (uint64_t)12 << 56 | rest, 2);
    return finish(&s, 4);
}

uint64_t siphash24_23(const struct sipkey *key, uint64_t first, uint64_t second, uint64_t rest)
{
    struct sip s = start(key);
    absorb(&s, first, 2);
    absorb(&s, second, 2);
    absorb(&s, (uint64_t)23 << 56 | rest, 2);
    return finish(&s, 4);
}

uint64_t siphash13_12(const struct sipkey *key, uint64_t first, uint32_t rest)
{
    struct sip s = start(key);
    absorb(&s, first, 1);
    absorb(&s, (uint64_t)12 << 56 | rest, 1);
    return finish(&s, 3);
}
