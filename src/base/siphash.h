/* siphash.h - a keyed hash that an outsider cannot invert (RFC 6528 3, RFC 6056 3.3): SipHash-2-4
 * for secrets seen on the wire, SipHash-1-3 for hash tables. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct sipkey {
    uint64_t k0, k1;
};

uint64_t siphash24(const struct sipkey *key, const void *data, size_t length);
uint64_t siphash13(const struct sipkey *key, const void *data, size_t length);
/* The same of 12 octets that are given as numbers, the first octet lowest: for one hash per packet
 * or connection. */
uint64_t siphash24_12(const struct sipkey *key, uint64_t first, uint32_t rest);
/* ... and of 23; `rest` has 56 bits. */
uint64_t siphash24_23(const struct sipkey *key, uint64_t first, uint64_t second, uint64_t rest);
uint64_t siphash13_12(const struct sipkey *key, uint64_t first, uint32_t rest);

#endif
