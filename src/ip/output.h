/* output.h - IP headers for what this stack sends, and the cutting of datagrams that are longer
 * than the path MTU (RFC 791 3.2, RFC 8200 4.5). Version 4 or 6 follows from the addresses.
 * Sans-I/O: the stack puts the header in front of borrowed slices. */
#ifndef IP_OUTPUT_H
#define IP_OUTPUT_H

#include "aksu/stack.h"
#include "base/ip_addr.h"
#include "base/siphash.h"

enum { IP_OUT_HEADER_MOST = 48 };   /* IPv6 with a fragment header */

struct ip_out {
    struct aksu_ip source, destination;     /* of the same family */
    uint8_t protocol;
    uint8_t tos;                    /* DSCP << 2 | ECN */
    uint8_t ttl;
    bool dont_fragment;             /* IPv4; TCP always sets it (path MTU discovery) */
    uint32_t identification;        /* 0 with dont_fragment; else from ip_identification */
};

/* Octets of the header that ip_build writes: 20 or 40. */
size_t ip_header_length(const struct aksu_ip *destination);
/* Writes the header for `payload_length` octets (w->bad when there is no room or the packet would
 * be longer than the format can say). */
void ip_build(struct writer *w, const struct ip_out *out, uint32_t payload_length);

/* Identifications: a counter per bucket of destinations plus a keyed offset per (source,
 * destination, protocol), so that they do not repeat soon and tell outsiders nothing (RFC 791 3.2,
 * RFC 8200 4.5). */
enum { IP_ID_BUCKETS = 64 };
struct ip_ids {
    struct sipkey key;
    uint32_t next[IP_ID_BUCKETS];
};
void ip_ids_init(struct ip_ids *ids, const struct sipkey *key);
/* Of the low 16 bits for IPv4, all 32 for IPv6. */
uint32_t ip_identification(struct ip_ids *ids, const struct aksu_ip *source,
                           const struct aksu_ip *destination, uint8_t protocol);

/* Cuts one datagram into fragments that fit `mtu`. When it fits as a whole there is one piece,
 * without a fragment header. The payload slices are borrowed until the last piece is out. */
struct ip_cutter {
    struct ip_out out;
    struct aksu_slice part[AKSU_FRAME_PARTS - 1];
    uint32_t parts, length, at, mtu;
    bool whole, done;               /* one piece without a fragment header; nothing left */
};
/* AKSU_OK; AKSU_TOO_LONG: over 65535 octets, or longer than the MTU with dont_fragment set (IPv4),
 * or an MTU with no room for 8 octets; AKSU_INVALID: too many parts. */
enum aksu_status ip_cut(struct ip_cutter *c, const struct ip_out *out,
                        const struct aksu_slice *part, uint32_t parts, uint32_t mtu);
struct ip_piece {
    uint8_t header[IP_OUT_HEADER_MOST];
    uint32_t header_length;
    uint32_t length;                /* of the payload */
    uint32_t parts;
    struct aksu_slice part[AKSU_FRAME_PARTS - 1];
};
bool ip_next_piece(struct ip_cutter *c, struct ip_piece *out);      /* until false */

#endif
