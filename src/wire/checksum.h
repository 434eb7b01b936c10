/* checksum.h - the Internet checksum (RFC 1071 2) as a running sum that can be fed in pieces of any
 * length, the pseudo headers (RFC 9293 3.1, RFC 8200 8.1), the incremental update (RFC 1624 3). */
#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include "aksu/types.h"

/* A partial sum: 16-bit words in network order, added without folding (a 32-bit word counts as
 * two of them). Pieces after an odd number of octets are handled by the `odd` flag. */
struct checksum {
    uint64_t sum;
    bool odd;
};

/* Sum of the big-endian 16-bit words of data (a last odd octet is padded with zero), folded to 16
 * bits: 0 only when every octet is 0. The hot loop. */
uint64_t checksum_words(const uint8_t *data, size_t length);

void checksum_add(struct checksum *c, const uint8_t *data, size_t length);
void checksum_add_slices(struct checksum *c, const struct aksu_slice *slice, unsigned count);
/* Folded and complemented: what goes into the header field. A packet with its checksum in place
 * gives 0. */
uint16_t checksum_finish(const struct checksum *c);
/* The pseudo header of `protocol` for `length` octets of header + text. */
struct checksum checksum_pseudo(const struct aksu_ip *source, const struct aksu_ip *destination,
                                uint8_t protocol, uint32_t length);
/* The checksum field after one 16-bit field changed (RFC 1624 3 eqn. 3). */
uint16_t checksum_update(uint16_t checksum, uint16_t old, uint16_t now);

#endif
