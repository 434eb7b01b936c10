/* dhcp_internal.h - what the states of the DHCP client (dhcp.c) ask of the others: messages out
 * (dhcp_send.c), what a lease is and what it does to the stack (dhcp_lease.c). */
#ifndef HOST_DHCP_INTERNAL_H
#define HOST_DHCP_INTERNAL_H

#include "aksu/dhcp.h"
#include "wire/dhcp.h"

/* dhcp_send.c: one message, as the state wants it (RFC 2131 4.4.1 table 5). That it cannot be sent
 * is not told: it is repeated anyway. */
void host_dhcp_discover(struct aksu_dhcp *dhcp, aksu_time now);
void host_dhcp_request(struct aksu_dhcp *dhcp, aksu_time now);      /* dhcp->lease */
void host_dhcp_release(struct aksu_dhcp *dhcp, aksu_time now);
void host_dhcp_refuse(struct aksu_dhcp *dhcp, aksu_time now);       /* DHCPDECLINE */

/* dhcp_lease.c. False: an OFFER or ACK that is no lease: a field that it must have is missing, or
 * an address that no host can have. The times count from `asked`; `random` moves T1 and T2 a
 * little. */
bool host_dhcp_lease_of(const struct dhcp_message *m, aksu_time asked, uint64_t random,
                        struct aksu_dhcp_lease *out);
/* dhcp->lease into the stack, in the place of what *before says (NULL: nothing). False: its
 * tables are full. */
bool host_dhcp_enter(struct aksu_dhcp *dhcp, const struct aksu_dhcp_lease *before);
void host_dhcp_leave(struct aksu_dhcp *dhcp, const struct aksu_dhcp_lease *lease);

#endif
