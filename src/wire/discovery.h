/* discovery.h - the options of router advertisements (RFC 4861 4.2, 4.6, RFC 8106 5.1) and of
 * solicitations for duplicate address detection (RFC 7527 4.2). Called by the stack for messages
 * that wire_icmpv6_parse has taken. */
#ifndef WIRE_DISCOVERY_H
#define WIRE_DISCOVERY_H

#include "base/ip_addr.h"

enum { DISCOVERY_PREFIX = 3, DISCOVERY_MTU = 5, DISCOVERY_NONCE = 14, DISCOVERY_RESOLVERS = 25 };
/* Where the options begin in icmp_message.body: after the two timers of an advertisement, after
 * the target of a neighbour solicitation. */
enum { ROUTER_OPTIONS = 8, NEIGHBOR_OPTIONS = 16, NONCE_OCTETS = 6 };

struct discovery_option {
    uint8_t type;
    uint32_t length;                /* of the data */
    const uint8_t *data;            /* after type and length, borrowed */
};
/* The next option; false: no more, or one that does not fit. */
bool wire_discovery_option(struct reader *r, struct discovery_option *out);

/* Lifetimes are seconds; LIFETIME_INFINITE is for ever. */
#define LIFETIME_INFINITE UINT32_MAX
struct prefix_option {
    struct aksu_ip prefix;
    uint8_t bits;
    bool on_link, autonomous;       /* the L and A flags */
    uint32_t valid, preferred;
};
/* The next three: false when the option is another one or has no such length. */
bool wire_prefix_option(const struct discovery_option *o, struct prefix_option *out);
bool wire_mtu_option(const struct discovery_option *o, uint32_t *mtu);

struct resolvers_option {
    uint32_t lifetime, count;
    const uint8_t *address;         /* 16 octets each, borrowed */
};
bool wire_resolvers_option(const struct discovery_option *o, struct resolvers_option *out);

#endif
