/* icmp.h - ICMPv4 (RFC 792) and ICMPv6 (RFC 4443), neighbour discovery messages (RFC 4861 4). */
#ifndef WIRE_ICMP_H
#define WIRE_ICMP_H

#include "aksu/types.h"
#include "base/bytes.h"

/* What a message means, whatever the version. */
enum icmp_kind {
    ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY, ICMP_UNREACHABLE, ICMP_TOO_BIG /* v4: type 3 code 4 */,
    ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM, ICMP_SOURCE_QUENCH, ICMP_REDIRECT,
    ICMP_NEIGHBOR_SOLICITATION, ICMP_NEIGHBOR_ADVERTISEMENT,
    ICMP_ROUTER_SOLICITATION, ICMP_ROUTER_ADVERTISEMENT, ICMP_OTHER
};

struct icmp_message {
    enum icmp_kind kind;
    uint8_t type, code;             /* as on the wire; build derives type from kind and version,
                                       code from `code` */
    uint16_t echo_identifier, echo_sequence;
    uint32_t mtu;                   /* too big */
    uint32_t pointer;               /* parameter problem; octets 4..7 of ICMP_OTHER and of a
                                       router advertisement (hop limit, flags, lifetime) */
    struct aksu_ip target;          /* neighbour discovery; the gateway of an IPv4 redirect */
    bool router, solicited, override;
    bool has_link_address;          /* source (solicitation) or target (advertisement) option */
    uint8_t link_address[6];
    const uint8_t *body;            /* borrowed, all after octet 8: echo data, or the quoted packet
                                       of an error; build ignores it for solicitations and
                                       neighbour advertisements */
    size_t body_length;
};

enum icmp_fault { ICMP_GOOD, ICMP_TRUNCATED, ICMP_CHECKSUM, ICMP_MALFORMED };

/* r holds the whole ICMP message. ICMPv6 needs the addresses for its checksum (RFC 4443 2.3) and
 * the hop limit for the checks of neighbour discovery (RFC 4861 6.1, 7.1, 8.1): ICMP_MALFORMED when
 * one of them fails, a message that is too short included. Fields that the kind lacks are zero. */
enum icmp_fault wire_icmpv4_parse(struct reader *r, struct icmp_message *out);
enum icmp_fault wire_icmpv6_parse(struct reader *r, const struct aksu_ip *source,
                                  const struct aksu_ip *destination, uint8_t hop_limit,
                                  struct icmp_message *out);
/* Header, body and checksum. */
void wire_icmpv4_build(struct writer *w, const struct icmp_message *in);
void wire_icmpv6_build(struct writer *w, const struct aksu_ip *source,
                       const struct aksu_ip *destination, const struct icmp_message *in);

#endif
