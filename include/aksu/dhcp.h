/* dhcp.h - a DHCPv4 client (RFC 2131, RFC 2132) on the stack's own UDP: address, routers,
 * resolvers, MTU, renewal, expiry. No clock, no allocation: the caller keeps struct aksu_dhcp and
 * calls work(). Every start begins with DISCOVER: no lease is remembered from before. */
#ifndef AKSU_DHCP_H
#define AKSU_DHCP_H

#include "aksu/udp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The states of RFC 2131 figure 5. */
enum aksu_dhcp_state { AKSU_DHCP_OFF, AKSU_DHCP_INIT, AKSU_DHCP_SELECTING, AKSU_DHCP_REQUESTING,
                       AKSU_DHCP_BOUND, AKSU_DHCP_RENEWING, AKSU_DHCP_REBINDING };
enum { AKSU_DHCP_SERVERS = 3 };
struct aksu_dhcp_lease {
    struct aksu_ip address, server, router;     /* router unspecified: none */
    uint8_t bits;                   /* of the subnet mask */
    uint32_t resolvers;
    struct aksu_ip resolver[AKSU_DHCP_SERVERS];
    uint32_t mtu;                   /* 0: not told. Nothing is done with it */
    aksu_time t1, t2, end;          /* when to renew, to rebind, to stop; AKSU_NEVER: infinite */
};
struct aksu_dhcp {
    struct aksu *net;
    aksu_device device;
    uint8_t mac[6];
    uint64_t random, drawn;         /* seed, and numbers drawn from it */
    enum aksu_dhcp_state state;
    uint32_t xid, tries, naks;      /* tries: of the message that is being repeated */
    uint16_t secs;                  /* of the last DHCPDISCOVER */
    bool in_stack;                  /* the lease's address and routes */
    bool releasing;                 /* OFF, but the DHCPRELEASE must still leave */
    aksu_time started;              /* asking, or renewing */
    aksu_time asked;                /* when the DHCPREQUEST was sent: the lease counts from then */
    aksu_time deadline;
    aksu_udp udp;
    struct aksu_dhcp_lease lease;   /* in force from BOUND on; the offer before */
};

/* Starts asking. `mac` as the device's; `seed`: anything unpredictable. The lease's address and
 * default route are put into the stack when it is bound, and taken out when it ends. *dhcp is
 * overwritten: one that runs must be stopped before, and have finished (next_timeout says
 * AKSU_NEVER). INVALID: no MAC address, no such device; else as aksu_udp_open. */
AKSU_API enum aksu_status aksu_dhcp_start(struct aksu_dhcp *dhcp, struct aksu *net,
                                          aksu_device device, const uint8_t mac[6], uint64_t seed,
                                          aksu_time now);
/* As aksu_dns_work, _next_timeout and _owns. True: the lease has changed. */
AKSU_API bool aksu_dhcp_work(struct aksu_dhcp *dhcp, aksu_time now);
AKSU_API aksu_time aksu_dhcp_next_timeout(const struct aksu_dhcp *dhcp);
AKSU_API bool aksu_dhcp_owns(const struct aksu_dhcp *dhcp, const struct aksu_ready *ready);
/* For whoever finds out that another host uses the leased address (the stack does not probe for it,
 * RFC 5227 2.1): DHCPDECLINE, the address is taken out, and after ten seconds another one is asked
 * for. ILLEGAL: there is no lease. */
AKSU_API enum aksu_status aksu_dhcp_decline(struct aksu_dhcp *dhcp, aksu_time now);
/* DHCPRELEASE when there is a lease. It is sent from the address, which is therefore taken out by
 * the first aksu_dhcp_work that is a second later; a stack may be freed earlier, once its frames
 * have left. Harmless when nothing was started. */
AKSU_API void aksu_dhcp_stop(struct aksu_dhcp *dhcp, aksu_time now);
AKSU_API const char *aksu_dhcp_state_name(enum aksu_dhcp_state state);      /* "SELECTING" */

#ifdef __cplusplus
}
#endif
#endif
