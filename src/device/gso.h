/* gso.h - large TCP segments cut into those that go on the wire, for devices that cannot do it
 * (generic segmentation offload). Called by interface.c. */
#ifndef DEVICE_GSO_H
#define DEVICE_GSO_H

#include "aksu/stack.h"
#include "wire/checksum.h"

enum { GSO_HEADERS = 14 + 60 + 60 };    /* Ethernet, IPv4 with options, TCP with options */

struct gso_cutter {
    const struct aksu_frame *frame; /* borrowed until the last piece was used */
    uint32_t at;                    /* octets of text in the pieces so far */
    uint32_t text, size;            /* octets in all, and in each piece but the last */
    uint32_t number;                /* of the next piece */
    uint32_t part;                  /* where the next piece's text starts: this part ... */
    size_t part_at;                 /* ... at this octet */
    uint16_t ip, tcp, headers;      /* octets before the IP header, the TCP header, the text */
    bool v4, done;
    struct checksum pseudo;         /* of the addresses and the protocol, without a length */
    uint8_t header[GSO_HEADERS];
};

/* A frame as the stack hands it out: all headers in its first part, no extension headers. The
 * pieces start at octet `from` of its text, which is the end of an earlier piece or 0. False: this
 * is not a TCP segment in one IP packet. */
bool gso_begin(struct gso_cutter *c, const struct aksu_frame *frame, bool ethernet, uint32_t from);
/* The next piece: a frame with its checksums in place, borrowed until the next call. False: that
 * were all. A frame without gso_size is one piece. */
bool gso_next(struct gso_cutter *c, struct aksu_frame *out);

#endif
