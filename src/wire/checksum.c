/* checksum.c - the Internet checksum (RFC 1071 2). The sum does not depend on the order of octets
 * in a word, so the hot loop adds native words of 64 bits, and only the result is turned. The
 * vectors are a language extension of gcc and clang, so that the loop is the same at every level
 * of optimisation. Called by every format that has a checksum. */
#include "base/ip_addr.h"
#include "wire/checksum.h"

typedef uint64_t lanes __attribute__((vector_size(16)));
enum { BLOCK = 4 * sizeof(lanes),
       /* headers: words of 32 bits, as they were just written, can be loaded at once */
       SHORT = 128 };

/* 16 bits with the same value modulo ffff; 0 only for 0. Turned by half its width and added to
 * itself, a word has the sum of its halves in the upper one, with the carry of the lower. */
static inline uint16_t fold(uint64_t sum)
{
    sum += sum << 32 | sum >> 32;
    uint32_t half = (uint32_t)(sum >> 32);
    half += half << 16 | half >> 16;
    return (uint16_t)(half >> 16);
}

static inline uint64_t load_word(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline lanes load_lanes(const uint8_t *p)
{
    lanes word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint64_t load_half(const uint8_t *p)
{
    uint32_t half;
    memcpy(&half, p, sizeof half);
    return half;
}

static inline uint64_t halves(uint64_t word)
{
    return (word >> 32) + (word & UINT32_MAX);
}

/* Sum of the 32-bit halves of whole blocks. Each lane adds its words as they are, letting them
 * overflow, and their upper halves apart: all - (high << 32) is then the sum of the lower halves,
 * as the overflow of both cancels out. So the upper halves cost a shift and the lower nothing. */
static inline uint64_t sum_blocks(const uint8_t *data, size_t length)
{
    lanes all0 = { 0 }, all1 = { 0 }, high0 = { 0 }, high1 = { 0 };
    for (size_t at = 0; at != length; at += BLOCK) {
        lanes word0 = load_lanes(data + at), word1 = load_lanes(data + at + 16);
        all0 += word0;
        all1 += word1;
        high0 += word0 >> 32;
        high1 += word1 >> 32;
        word0 = load_lanes(data + at + 32);
        word1 = load_lanes(data + at + 48);
        all0 += word0;
        all1 += word1;
        high0 += word0 >> 32;
        high1 += word1 >> 32;
    }
    high0 += high1;
    all0 += all1 - (high0 << 32) + high0;
    return all0[0] + all0[1];
}

/* Sum of few octets; a last odd one is padded with zero. */
static inline uint64_t sum_tail(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;
    const uint8_t *end = data + (length & ~(size_t)15);
    for (; data != end; data += 16) {
        sum += load_half(data);
        sum += load_half(data + 4);
        sum += load_half(data + 8);
        sum += load_half(data + 12);
    }
    if (length & 8) {
        sum += load_half(data);
        sum += load_half(data + 4);
        data += 8;
    }
    if (length & 4) {
        sum += load_half(data);
        data += 4;
    }
    uint16_t last = 0;
    if (length & 2) {
        memcpy(&last, data, 2);
        sum += last;
        data += 2;
    }
    if (length & 1) {
        last = 0;
        memcpy(&last, data, 1);
        sum += last;
    }
    return sum;
}

/* The sum of native words, as the 16 bits that it has in network order. */
static inline uint16_t in_network_order(uint64_t sum)
{
    uint16_t native = fold(sum);
    uint8_t octets[2];
    memcpy(octets, &native, 2);
    return load_be16(octets);
}

/* Of native words, not folded. */
static inline uint64_t sum_of(const uint8_t *data, size_t length)
{
    if (length < SHORT)
        return sum_tail(data, length);
    size_t blocks = length & ~(size_t)(BLOCK - 1);
    return sum_blocks(data, blocks) + sum_tail(data + blocks, length - blocks);
}

uint64_t checksum_words(const uint8_t *data, size_t length)
{
    return in_network_order(sum_of(data, length));
}

/* To turn the octets of all 16-bit words is to multiply by 256 modulo ffff: how far to shift a sum
 * of native words so that it counts as one in network order. */
static inline unsigned native_turn(void)
{
    const uint8_t first[2] = { 0, 1 };
    uint16_t native;
    memcpy(&native, first, 2);
    return native == 1 ? 0 : 8;
}

/* A piece that starts at an odd octet has its octets in the other halves of the words. The sum of
 * 64 KiB has 46 bits, so nothing is lost. */
static inline void add_sum(struct checksum *c, uint64_t sum, size_t length)
{
    unsigned turn = native_turn() ^ (c->odd ? 8u : 0u);
    c->sum += sum << turn;
    c->odd ^= length & 1;
}

void checksum_add(struct checksum *c, const uint8_t *data, size_t length)
{
    add_sum(c, sum_of(data, length), length);
}

void checksum_add_slices(struct checksum *c, const struct aksu_slice *slice, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_sum(c, sum_of(slice[i].data, slice[i].length), slice[i].length);
}

uint16_t checksum_finish(const struct checksum *c)
{
    return (uint16_t)~fold(c->sum);
}

struct checksum checksum_pseudo(const struct aksu_ip *source, const struct aksu_ip *destination,
                                uint8_t protocol, uint32_t length)
{
    if (ip_is_v4(source) && ip_is_v4(destination)) {
        uint64_t addresses = (uint64_t)load_be32(ip_v4(source)) + load_be32(ip_v4(destination));
        return (struct checksum){ addresses + protocol + length, false };
    }
    uint64_t sum = halves(load_word(source->octet)) + halves(load_word(source->octet + 8))
                 + halves(load_word(destination->octet))
                 + halves(load_word(destination->octet + 8));
    return (struct checksum){ (sum << native_turn()) + protocol + length, false };
}

uint16_t checksum_update(uint16_t checksum, uint16_t old, uint16_t now)
{
    /* RFC 1624 3 */
    return (uint16_t)~fold((uint64_t)(uint16_t)~checksum + (uint16_t)~old + now);
}
