/* ipv6.h - the IPv6 header and the extension headers that a host must parse (RFC 8200 3, 4). */
#ifndef WIRE_IPV6_H
#define WIRE_IPV6_H

#include "aksu/types.h"
#include "base/bytes.h"

enum { IPV6_HEADER = 40, IPV6_FRAGMENT_HEADER = 8 };
enum { IPV6_NEXT_HOP_BY_HOP = 0, IPV6_NEXT_ROUTING = 43, IPV6_NEXT_FRAGMENT = 44,
       IPV6_NEXT_NONE = 59, IPV6_NEXT_DESTINATION = 60 };

struct ipv6_header {
    struct aksu_ip source, destination;
    uint32_t flow_label;
    uint16_t payload_length;
    uint8_t traffic_class, next_header, hop_limit;
};

struct ipv6_fragment {
    uint32_t identification;
    uint16_t offset;            /* octets */
    bool more;
};

/* What walking the chain of extension headers found (RFC 8200 4.1). */
struct ipv6_chain {
    uint8_t protocol;           /* upper layer protocol, or IPV6_NEXT_NONE */
    bool fragmented;
    struct ipv6_fragment fragment;
    uint16_t fragment_part;     /* where the fragment header stands: octets of the headers before
                                   it, which are the unfragmentable part (RFC 8200 4.5) */
    uint16_t next_header_at;    /* where the Next Header octet that names it stands */
    bool parameter_problem;     /* an ICMPv6 Parameter Problem is due ... */
    uint8_t problem_code;       /* ... 0 erroneous field, 1 next header, 2 option not recognized */
    uint32_t problem_pointer;   /* octets from the start of the IPv6 header */
    bool problem_even_multicast;/* answer even a multicast destination (RFC 8200 4.2, type 10) */
};

enum ipv6_fault { IPV6_GOOD, IPV6_TRUNCATED, IPV6_VERSION, IPV6_PAYLOAD_LENGTH, IPV6_EXTENSION,
                  IPV6_DISCARD /* an option said: discard silently */ };

/* Leaves r at the first octet after the fixed header, its end at payload_length. */
enum ipv6_fault wire_ipv6_parse(struct reader *r, struct ipv6_header *out);
/* Walks the extension headers from where wire_ipv6_parse left r: r ends up at the upper layer
 * header (or at the fragment's data; `protocol` is then what the fragment header names, unchecked).
 * A packet in a single fragment is not `fragmented` (RFC 8200 4.5). IPV6_EXTENSION: discard, and
 * say so when parameter_problem is set. Checked too: the lengths of fragments (RFC 8200 4.5), 8
 * headers at most. */
enum ipv6_fault wire_ipv6_chain(struct reader *r, const struct ipv6_header *h,
                                struct ipv6_chain *out);
void wire_ipv6_build(struct writer *w, const struct ipv6_header *in);

#endif
