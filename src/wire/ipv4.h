/* ipv4.h - the IPv4 header (RFC 791 3.1) and its options. */
#ifndef WIRE_IPV4_H
#define WIRE_IPV4_H

#include "aksu/types.h"
#include "base/bytes.h"
#include "wire/checksum.h"

enum { IPV4_HEADER = 20, IPV4_HEADER_MOST = 60, IPV4_DONT_FRAGMENT = 0x4000 };
enum { IP_PROTOCOL_ICMP = 1, IP_PROTOCOL_TCP = 6, IP_PROTOCOL_UDP = 17, IP_PROTOCOL_ICMPV6 = 58 };

struct ipv4_header {
    struct aksu_ip source, destination;
    uint16_t total_length;          /* parse: checked to be inside the frame */
    uint16_t identification;
    uint16_t fragment_offset;       /* in octets, a multiple of 8 */
    uint8_t tos;                    /* DSCP << 2 | ECN */
    uint8_t ttl, protocol;
    bool dont_fragment, more_fragments;
    bool source_route;              /* parse: an LSRR or SSRR option was there */
    bool bad_options;               /* parse: an option with an impossible length */
    uint8_t options_length;         /* a multiple of 4; build: options are copied from `options` */
    const uint8_t *options;         /* borrowed */
};

enum ipv4_fault { IPV4_GOOD, IPV4_TRUNCATED, IPV4_VERSION, IPV4_HEADER_LENGTH, IPV4_TOTAL_LENGTH,
                  IPV4_CHECKSUM };

/* One at a time, as they were written: a wider load of what was just stored in pieces stalls. */
static inline uint64_t wire_native32(const uint8_t *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The checksum of a header without options (RFC 1122 3.2.1.2), in native words: the order of octets
 * does not matter for the value ffff (RFC 1071 2 (B)). */
static inline bool wire_ipv4_sum_good(const uint8_t h[IPV4_HEADER])
{
    uint64_t sum = wire_native32(h) + wire_native32(h + 4) + wire_native32(h + 8);
    sum += wire_native32(h + 12) + wire_native32(h + 16);
    sum = (sum >> 32) + (sum & UINT32_MAX);
    sum = (sum >> 16) + (sum & UINT16_MAX);
    sum = (sum >> 16) + (sum & UINT16_MAX);
    return (sum >> 16) + (sum & UINT16_MAX) == UINT16_MAX;
}

/* The usual header: IPv4, no options, not a fragment, checksum good. */
static inline bool wire_ipv4_plain(const uint8_t h[IPV4_HEADER])
{
    return h[0] == (4 << 4 | 5) && (load_be16(h + 6) & 0x3fff) == 0 && wire_ipv4_sum_good(h);
}

/* Leaves r at the payload, its end at total_length (padding after it is cut off). */
enum ipv4_fault wire_ipv4_parse(struct reader *r, struct ipv4_header *out);
/* A header without options of a packet that must not be fragmented: what TCP sends. Addresses as
 * numbers. */
struct ipv4_plain {
    uint32_t source, destination;
    uint16_t total_length;
    uint8_t tos, ttl, protocol;
};
static inline void wire_ipv4_build_plain(uint8_t h[IPV4_HEADER], const struct ipv4_plain *in)
{
    uint32_t first = 4u << 12 | 5u << 8 | in->tos, lives = (uint32_t)in->ttl << 8 | in->protocol;
    uint64_t sum = (uint64_t)first + in->total_length + IPV4_DONT_FRAGMENT + lives + in->source
                 + in->destination;
    store_be32(h, first << 16 | in->total_length);
    store_be32(h + 4, IPV4_DONT_FRAGMENT);
    store_be32(h + 8, lives << 16 | checksum_finish(&(struct checksum){ .sum = sum }));
    store_be32(h + 12, in->source);
    store_be32(h + 16, in->destination);
}
/* Writes the header with its checksum. */
void wire_ipv4_build(struct writer *w, const struct ipv4_header *in);

#endif
