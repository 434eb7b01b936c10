/* dhcp.h - DHCP messages for Ethernet (RFC 2131 2, RFC 2132) with the options that a host needs. */
#ifndef WIRE_DHCP_H
#define WIRE_DHCP_H

#include "aksu/types.h"
#include "base/bytes.h"

enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68, DHCP_RESOLVERS = 3,
       DHCP_LEAST = 300 /* octets of a message, RFC 1542 2.1 */, DHCP_MOST = 576 };
enum dhcp_type { DHCP_DISCOVER = 1, DHCP_OFFER, DHCP_REQUEST, DHCP_DECLINE, DHCP_ACK, DHCP_NAK,
                 DHCP_RELEASE, DHCP_INFORM };   /* RFC 2132 9.6 */
enum { DHCP_OPTION_MASK = 1, DHCP_OPTION_ROUTER = 3, DHCP_OPTION_RESOLVER = 6, DHCP_OPTION_MTU = 26,
       DHCP_OPTION_REQUESTED = 50, DHCP_OPTION_LEASE = 51, DHCP_OPTION_OVERLOAD = 52,
       DHCP_OPTION_TYPE = 53, DHCP_OPTION_SERVER = 54, DHCP_OPTION_PARAMETERS = 55,
       DHCP_OPTION_MAX_SIZE = 57, DHCP_OPTION_T1 = 58, DHCP_OPTION_T2 = 59,
       DHCP_OPTION_CLIENT = 61 };

/* Options that are all zero, empty or NULL are absent: none of them means anything as zero. */
struct dhcp_message {
    bool reply;                     /* BOOTREPLY */
    bool broadcast;
    uint16_t secs;
    uint32_t xid;
    uint8_t ciaddr[4], yiaddr[4], siaddr[4], giaddr[4], chaddr[6];      /* RFC 2131 2 */
    uint8_t type;                   /* enum dhcp_type, or another */
    uint8_t mask[4], requested[4], server[4];
    uint8_t router[4];              /* the first that is told */
    uint8_t resolvers;
    uint8_t resolver[DHCP_RESOLVERS][4];
    uint16_t mtu, max_size;
    uint32_t lease, t1, t2;         /* seconds; UINT32_MAX: for ever */
    struct aksu_slice parameters, client;       /* borrowed; client: its type and identifier */
};

enum dhcp_fault { DHCP_GOOD, DHCP_TRUNCATED, DHCP_NOT_ETHERNET, DHCP_COOKIE /* plain BOOTP */,
                  DHCP_OPTIONS /* one reaches beyond its field */, DHCP_NO_TYPE };
/* An option of a length that its definition does not allow counts as absent; of an option that is
 * there twice the first one holds, lists are joined (RFC 2131 4.1). */
enum dhcp_fault wire_dhcp_parse(const uint8_t *data, size_t length, struct dhcp_message *out);
/* Padded to DHCP_LEAST; DHCP_MOST is room enough unless `parameters` and `client` are long. */
void wire_dhcp_build(struct writer *w, const struct dhcp_message *in);

#endif
