/* ip.h - what a host does below TCP: addresses that come and go, IPv6 autoconfiguration
 * (RFC 4861 6.3, RFC 4862), ICMP echo (RFC 792, RFC 4443 4). */
#ifndef AKSU_IP_H
#define AKSU_IP_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes an address away again, with its connected route. DOES_NOT_EXIST, INVALID (text, device).
 * `text` as given to aksu_address_add; its prefix length does not matter. Connections that use it
 * live on but their segments are not received. An autoconfigured one comes back with the next
 * router advertisement of its prefix. */
AKSU_API enum aksu_status aksu_address_remove(struct aksu *net, aksu_device device,
                                              const char *text);
/* DOES_NOT_EXIST, INVALID. */
AKSU_API enum aksu_status aksu_route_remove(struct aksu *net, aksu_device device,
                                            const char *prefix);

/* The i-th address of the stack, from 0; false: there are no more. */
enum aksu_address_state { AKSU_ADDRESS_TENTATIVE /* duplicate address detection is not over */,
                          AKSU_ADDRESS_PREFERRED, AKSU_ADDRESS_DEPRECATED,
                          AKSU_ADDRESS_DUPLICATE /* somebody else has it: not used */ };
struct aksu_address {
    aksu_device device;
    struct aksu_ip ip;
    uint8_t bits;                   /* of the subnet's prefix, 0..32 or 0..128 */
    enum aksu_address_state state;
    bool autoconfigured;
    aksu_time valid_until;          /* AKSU_NEVER */
};
AKSU_API bool aksu_address_at(const struct aksu *net, uint32_t i, struct aksu_address *out);

/* IPv6 on this device by itself: a link-local address, duplicate address detection, router
 * solicitation; then addresses, the default route, the MTU and resolvers as routers advertise them,
 * for as long as they say (RFC 4861 6.3, RFC 4862 5, RFC 8106 5.1). Interface identifiers are those
 * of RFC 7217 (stable per prefix and seed, opaque); another one is tried up to three times when
 * somebody has the address. Takes 4 KiB of the stack's memory, once. The groups of the device's
 * IPv6 addresses are reported to snooping switches (RFC 3810). Again on the same device: nothing
 * happens. INVALID: no such device, one without a MAC address, or an MTU below 1280. NO_RESOURCES:
 * memory, or more than 4 devices. At most 4 routers and 8 prefixes are remembered: who comes first
 * stays until his lifetime is over. */
AKSU_API enum aksu_status aksu_autoconfigure(struct aksu *net, aksu_device device, aksu_time now);
/* What routers on this device have said: where autoconfiguration stands. */
struct aksu_autoconf {
    bool running, link_local_ready, router_seen;
    bool given_up;                  /* no router answered three solicitations, or others have every
                                       link-local address that was tried */
    uint32_t resolvers;             /* RFC 8106 */
    struct aksu_ip resolver[3];
};
/* False: it was never started there. */
AKSU_API bool aksu_autoconf(const struct aksu *net, aksu_device device,
                            struct aksu_autoconf *out);

/* An echo request; the text is copied. At most 1400 octets of it. UNREACHABLE_NET (no route; also
 * for groups and broadcasts), TOO_LONG, NO_RESOURCES. From the first request on, replies, and ICMP
 * errors about requests, wait in a queue of 64 (the oldest is dropped) and are told by AKSU_ECHO in
 * aksu_next_ready. So is a next hop that does not answer ARP or neighbour solicitations: as host
 * unreachable, from our own address. */
AKSU_API enum aksu_status aksu_echo_send(struct aksu *net, const struct aksu_ip *to,
                                         uint16_t identifier, uint16_t sequence, const void *text,
                                         size_t length, uint8_t ttl /* 0: the stack's */,
                                         aksu_time now);
struct aksu_echo {
    struct aksu_ip from;            /* who answered */
    struct aksu_ip to;              /* whom the request was for (of a reply: who answered) */
    enum aksu_status status;        /* OK: a reply; else what an ICMP error said (TOO_LONG: packet
                                       too big) */
    uint8_t type, code;             /* of the ICMP message */
    uint8_t ttl;                    /* or hop limit, as received; 0: nothing was */
    uint16_t identifier, sequence;
    uint32_t length;                /* octets of text, as received; 0 for an error */
    aksu_time at;                   /* when it arrived */
    uint8_t text[32];               /* the first octets of it */
};
AKSU_API bool aksu_echo_receive(struct aksu *net, struct aksu_echo *out);

#ifdef __cplusplus
}
#endif
#endif
