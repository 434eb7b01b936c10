/* contracts.h - what the proofs for any length share: what base/bytes.h promises, and words for it.
 * For Frama-C's WP only, never compiled. Each proof of this directory includes a parser's source,
 * and says what each of its functions asks for and keeps; what a loop keeps stands at the loop. */
#ifndef PROOF_CONTRACTS_H
#define PROOF_CONTRACTS_H

#include "base/bytes.h"

/*@ predicate within(uint8_t *first, uint8_t *at, uint8_t *end) =
        \base_addr(first) == \base_addr(at) && \base_addr(at) == \base_addr(end)
        && 0 <= at - first && 0 <= end - at && end - first <= 0x7fffffff
        && \valid_read(first + (0 .. end - first - 1));
    predicate good(struct reader *r) = \valid(r) && within(r->at, r->at, r->end); */

/*@ requires \valid_read(p + (0 .. 1));
    assigns \result \from p[0 .. 1]; */
static inline uint16_t load_be16(const uint8_t *p);

/*@ requires \valid_read(p + (0 .. 3));
    assigns \result \from p[0 .. 3]; */
static inline uint32_t load_be32(const uint8_t *p);

/*@ requires good(r);
    assigns \result \from *r;
    ensures \result == r->end - r->at; */
static inline size_t reader_left(const struct reader *r);

/*@ requires good(r);
    assigns r->at, r->bad \from *r, length;
    assigns \result \from *r, length;
    ensures \result == \null ==> r->at == \old(r->at)
                              && (r->bad || (r->at == \null && length == 0));
    ensures \result != \null ==> \result == \old(r->at) && r->at == \old(r->at) + length
                              && length <= \old(r->end - r->at) && r->bad == \old(r->bad); */
static inline const uint8_t *read_octets(struct reader *r, size_t length);

/*@ requires good(r);
    assigns r->at, r->bad, \result \from *r, *(r->at);
    ensures within(\old(r->at), r->at, r->end);
    ensures !r->bad ==> !\old(r->bad) && r->at == \old(r->at) + 1; */
static inline uint8_t read_u8(struct reader *r);

/*@ requires good(r);
    assigns r->at, r->bad, \result \from *r, r->at[0 .. 1];
    ensures within(\old(r->at), r->at, r->end);
    ensures !r->bad ==> !\old(r->bad) && r->at == \old(r->at) + 2; */
static inline uint16_t read_be16(struct reader *r);

/*@ requires good(r);
    assigns r->at, r->bad, \result \from *r, r->at[0 .. 3];
    ensures within(\old(r->at), r->at, r->end);
    ensures !r->bad ==> !\old(r->bad) && r->at == \old(r->at) + 4; */
static inline uint32_t read_be32(struct reader *r);

/*@ assigns \result \from data, length;
    ensures \result.at == data && \result.end == data + length && !\result.bad; */
static inline struct reader reader_of(const uint8_t *data, size_t length);

#endif
