/* copy.h - memcpy and memcmp as the parsers use them: for octets. WP keeps memory apart by type,
 * and would not see through the void pointers of string.h. */
#ifndef PROOF_COPY_H
#define PROOF_COPY_H

#include "base/ip_addr.h"

/*@ requires \valid(to + (0 .. n - 1)) && \valid_read(from + (0 .. n - 1))
        && \separated(to + (0 .. n - 1), from + (0 .. n - 1));
    assigns to[0 .. n - 1] \from from[0 .. n - 1]; */
void copy_octets(uint8_t *to, const uint8_t *from, size_t n);

/*@ requires \valid_read(a + (0 .. n - 1)) && \valid_read(b + (0 .. n - 1));
    assigns \result \from a[0 .. n - 1], b[0 .. n - 1]; */
int compare_octets(const uint8_t *a, const uint8_t *b, size_t n);

/* The next three: proven by Eva, tests/proof/ip_addr.c. */
/*@ requires \valid_read(a) && \valid_read(b);
    assigns \result \from *a, *b; */
static inline bool ip_eq(const struct aksu_ip *a, const struct aksu_ip *b);

/*@ requires \valid_read(a);
    assigns \result \from *a; */
static inline bool ip_is_v4(const struct aksu_ip *a);

/*@ requires \valid_read(v4 + (0 .. 3));
    assigns \result \from v4[0 .. 3]; */
static inline struct aksu_ip ip_from_v4(const uint8_t v4[4]);

#define memcpy copy_octets
#define memcmp compare_octets

#endif
