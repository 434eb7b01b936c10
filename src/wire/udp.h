/* udp.h - the UDP header (RFC 768). */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include "aksu/types.h"
#include "base/bytes.h"

enum { UDP_HEADER = 8 };

struct udp_header {
    uint16_t source_port, destination_port, length, checksum;   /* checksum 0: none was sent */
};

enum udp_fault { UDP_GOOD, UDP_TRUNCATED, UDP_LENGTH, UDP_CHECKSUM, UDP_NO_CHECKSUM /* IPv6 */ };

/* r holds header and text; afterwards the text only. Verifies the checksum unless `verified`. */
enum udp_fault wire_udp_parse(struct reader *r, const struct aksu_ip *source,
                              const struct aksu_ip *destination, bool verified,
                              struct udp_header *out);
/* Writes the header for `text` (at most 65527 octets, not copied); length and checksum are computed
 * (0 is sent as ffff, RFC 768). */
void wire_udp_build(struct writer *w, const struct aksu_ip *source,
                    const struct aksu_ip *destination, const struct udp_header *in,
                    const uint8_t *text, size_t text_length);

#endif
