/* route.h - the addresses of this stack and its routes: which device, which next hop, which source
 * address (RFC 1122 3.3.1, 3.3.4), and which destinations are ours. Fixed tables, longest prefix
 * first. Called by ip_input, icmp_out, the stack (every new flow and every datagram). No events:
 * pure answers. A device is named by aksu_device.index, 1..ROUTE_DEVICES. */
#ifndef IP_ROUTE_H
#define IP_ROUTE_H

#include "base/ip_addr.h"

enum { ROUTE_ADDRESSES = 16, ROUTE_ROUTES = 32, ROUTE_DEVICES = 63, ROUTE_TENTATIVES = 12 };

struct route_address {
    struct aksu_ip ip;
    uint8_t bits;                   /* of the subnet's prefix, 0..32 or 0..128 */
    uint8_t device;
    bool connected;                 /* its subnet is on the link: a route came with it */
    bool deprecated;                /* RFC 4862 5.5.4: a source only when there is no other */
    bool automatic;                 /* of autoconfiguration */
};

/* Not ours yet, but its solicited-node group is: RFC 4862 5.4.2. */
struct route_tentative {
    struct aksu_ip ip;
    uint8_t device;
};

struct route {
    struct aksu_ip prefix, gateway; /* gateway unspecified: on-link */
    uint8_t bits;
    uint8_t device;
    bool connected;                 /* came with an address */
    bool automatic;                 /* said by a router: gives way to any other */
};

struct route_table {
    uint32_t addresses, routes;
    uint64_t accept_any;            /* bit per device */
    uint64_t carries_loopback;      /* bit per device: routes to loopback addresses hold
                                       there (aksu_device_config) */
    struct route_address address[ROUTE_ADDRESSES];  /* in the order of addition */
    struct route route[ROUTE_ROUTES];               /* longest prefix first, then older first */
    uint32_t tentatives;
    struct route_tentative tentative[ROUTE_TENTATIVES];
};

void route_init(struct route_table *t);

/* `text` as "10.0.0.2/24" or "2001:db8::2/64"; without "/bits" it is a host address (32, 128). Adds
 * the connected route too (none for a whole-length prefix).
 * INVALID: text, a device out of range, or an address that no host can have (unspecified,
 * multicast, broadcast). ALREADY_EXISTS. NO_RESOURCES: a table is full; nothing is changed. */
enum aksu_status route_address_add(struct route_table *t, uint32_t device, const char *text);
enum aksu_status route_address_put(struct route_table *t, const struct route_address *a);
/* With its connected route, unless another address has the same one. INVALID (text),
 * DOES_NOT_EXIST. */
enum aksu_status route_address_remove(struct route_table *t, uint32_t device, const char *text,
                                      struct aksu_ip *removed);
enum aksu_status route_address_drop(struct route_table *t, uint32_t device,
                                    const struct aksu_ip *ip);
/* The entry itself, to be changed; NULL: none. */
struct route_address *route_address_find(struct route_table *t, uint32_t device,
                                         const struct aksu_ip *ip);
/* `prefix` as "0.0.0.0/0"; bits beyond the length are ignored. `gateway` NULL: on-link. A second
 * route for the same prefix and device replaces the first one. INVALID: text, families differ,
 * gateway unspecified or multicast. NO_RESOURCES. */
enum aksu_status route_add(struct route_table *t, uint32_t device, const char *prefix,
                           const char *gateway);
enum aksu_status route_remove(struct route_table *t, uint32_t device, const char *prefix);
/* What a router said: never in the place of a route that was given. True: something changed. */
bool route_put_automatic(struct route_table *t, const struct route *wanted);
bool route_drop_automatic(struct route_table *t, const struct route *unwanted);
bool route_tentative_add(struct route_table *t, uint32_t device, const struct aksu_ip *ip);
void route_tentative_drop(struct route_table *t, uint32_t device, const struct aksu_ip *ip);
void route_accept_any(struct route_table *t, uint32_t device, bool on);

struct route_result {
    bool found;                     /* false: network unreachable; nothing else is set */
    bool to_self;                   /* the destination is an address of ours: loop it back */
    bool broadcast;                 /* send it as a link broadcast; next_hop is the destination */
    bool multicast;                 /* next_hop is the group */
    uint32_t device;
    struct aksu_ip next_hop;        /* gateway, or the destination itself */
    struct aksu_ip source;          /* the one asked for, or the best address of the device */
};

/* `source` unspecified: choose one (RFC 6724 5 in miniature: same family, same scope, the subnet
 * of the next hop, longest match; found is false when the device has none of the family). A source
 * that is given is kept as it is, ours or not (gateways speak for others), but for link-local and
 * multicast destinations an address of ours names the device. */
struct route_result route_lookup(const struct route_table *t, const struct aksu_ip *destination,
                                 const struct aksu_ip *source);
/* The same by the addresses and routes of the device `only` alone (0: any). The limited broadcast
 * may then leave from 0.0.0.0, when the device has no IPv4 address yet. */
struct route_result route_lookup_on(const struct route_table *t, uint32_t only,
                                    const struct aksu_ip *destination,
                                    const struct aksu_ip *source);

/* One of this stack's addresses, whatever the device (the weak model of RFC 1122 3.3.4.2);
 * link-local ones only on their own device. This is the question for ARP and neighbour discovery.
 * */
bool route_is_own(const struct route_table *t, uint32_t device, const struct aksu_ip *ip);
/* A unicast destination that this stack takes from `device`: an own address, or any unicast
 * address when the device accepts any. */
bool route_is_local(const struct route_table *t, uint32_t device, const struct aksu_ip *ip);
bool route_has_v4(const struct route_table *t, uint32_t device);        /* an IPv4 address */
/* One of our IPv4 addresses as the destination, and as the source a single host that is neither
 * ours nor on the loopback net: both answers in one walk, for the usual packet. False says
 * nothing. */
bool route_usual_v4(const struct route_table *t, uint32_t device, uint32_t source,
                    uint32_t destination);
/* Limited broadcast, or the broadcast address of one of the subnets of `device` (all-ones, and the
 * obsolete all-zeros form, RFC 1122 3.3.6). IPv4 only. */
bool route_is_broadcast(const struct route_table *t, uint32_t device, const struct aksu_ip *ip);
/* A group that every host is in: 224.0.0.1, ff01::1, ff02::1, and the solicited-node groups of own
 * addresses (RFC 4861 7.2.1). With accept-any: every group with a solicited-node prefix too. */
bool route_is_group(const struct route_table *t, uint32_t device, const struct aksu_ip *ip);

/* ff02::1:ffXX:XXXX for an IPv6 address (RFC 4861 2.3). */
struct aksu_ip route_solicited_node(const struct aksu_ip *ip);

#endif
