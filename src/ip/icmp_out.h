/* icmp_out.h - ICMP messages that this stack sends about packets it received: errors (RFC 792, RFC
 * 1122 3.2.2, RFC 4443 2.4) and echo replies (RFC 1122 3.2.2.6, RFC 4443 4.2). Says no where the
 * standards say that nothing must be sent. Called by the stack, which adds the IP header and emits
 * icmp_out. */
#ifndef IP_ICMP_OUT_H
#define IP_ICMP_OUT_H

#include "ip/output.h"
#include "ip/packet.h"
#include "ip/route.h"
#include "wire/icmp.h"

/* Octets that an error message can take without its IP header: with it 576 for IPv4 (what every
 * host must be able to take, RFC 1122 3.3.2), 1280 for IPv6 (RFC 4443 2.4). */
enum { ICMP_OUT_MOST_V4 = 576 - 20, ICMP_OUT_MOST_V6 = 1280 - 40,
       ICMP_OUT_MOST = ICMP_OUT_MOST_V6 };

/* Token bucket (RFC 4443 2.4): `rate` errors per second on average, `burst` at once. */
struct icmp_limit {
    uint32_t rate, burst;
    uint32_t tokens;
    aksu_time filled;
};
enum { ICMP_LIMIT_RATE = 100, ICMP_LIMIT_BURST = 50 };
void icmp_limit_init(struct icmp_limit *l, uint32_t rate, uint32_t burst, aksu_time now);

/* Codes of Destination Unreachable, in their IPv4 numbers (RFC 792, RFC 1122 3.2.2.1). */
enum { ICMP_CODE_NET = 0, ICMP_CODE_HOST = 1, ICMP_CODE_PROTOCOL = 2, ICMP_CODE_PORT = 3,
       ICMP_CODE_PROHIBITED = 13 };

struct icmp_error_out {
    enum icmp_kind kind;    /* ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED or ICMP_PARAMETER_PROBLEM */
    uint8_t code;           /* UNREACHABLE: IPv4's number; for IPv6 packets it is translated as
                               RFC 7915 4.2 does (protocol: Parameter Problem 1).
                               Others: as it is */
    uint32_t pointer;       /* PARAMETER_PROBLEM */
};
/* The error about packet `about`: fills *ip (hop limit 64, don't fragment, identification 0;
 * source: the address the packet was sent to, or ours on the way back) and writes the ICMP message
 * with its checksum to `to` (room ICMP_OUT_MOST); to[0] and to[1] are its type and code. Returns
 * its length; 0: none must be sent (about an ICMP error, a group or a link broadcast, a source
 * that is no single host, no route back, or the rate limit). */
size_t icmp_error_build(struct icmp_limit *limit, const struct route_table *routes,
                        const struct ip_packet *about, const struct icmp_error_out *what,
                        struct ip_out *ip, uint8_t *to, size_t room, aksu_time now);

/* The reply to the echo request `p` (ICMP or ICMPv6, in any number of slices and of any length),
 * same data. Fills *ip but for the identification, which is needed when the reply is longer than
 * the MTU and must be cut (ip_cut); `head`, the reply's header; and `out`, its slices: `head`, and
 * the data where they are in `p`. Returns the number of slices, or 0: not an echo request, bad
 * checksum, or sent to a broadcast or an IPv4 group (RFC 1122 3.2.2.6: may be discarded). */
enum { ICMP_ECHO_HEAD = 8, ICMP_ECHO_PARTS = AKSU_FRAME_PARTS + 1 };
uint32_t icmp_echo_reply(const struct route_table *routes, const struct ip_packet *p,
                         struct ip_out *ip, uint8_t head[ICMP_ECHO_HEAD],
                         struct aksu_slice out[ICMP_ECHO_PARTS]);

#endif
