/* icmp_in.h - an ICMP error that arrived, translated for the transports: whose packet it is about
 * and what it means (RFC 1122 3.2.2, 4.2.3.9; RFC 9293 3.9.2.2; RFC 4443 3). The quoted packet may
 * be cut short after 8 octets of its transport header. Called by the stack after
 * wire_icmpv4_parse/wire_icmpv6_parse. Whether to believe it is the transport's business (is there
 * such a flow, is the sequence number in flight: RFC 5927 4). */
#ifndef IP_ICMP_IN_H
#define IP_ICMP_IN_H

#include "base/seq.h"
#include "wire/icmp.h"

enum icmp_error_kind {
    ICMP_ERROR_SOFT,        /* never aborts a connection: RFC 9293 3.9.2.2 [MUST-56] */
    ICMP_ERROR_HARD,        /* should abort (SYN-SENT): RFC 9293 3.9.2.2 [SHLD-26] */
    ICMP_ERROR_MTU,         /* packet too big: `mtu` fits */
    ICMP_ERROR_IGNORE       /* Source Quench (RFC 9293 3.9.2.2 [MUST-55]), redirects,
                               unknown codes */
};

struct icmp_error {
    enum icmp_error_kind kind;
    enum aksu_status status;        /* OK for MTU and IGNORE */
    uint8_t type, code;             /* as on the wire */
    uint8_t protocol;               /* of the quoted packet */
    struct aksu_endpoint local;     /* quoted source: we sent it. Port 0 when protocol has none */
    struct aksu_endpoint remote;    /* quoted destination */
    bool has_seq;                   /* the quoted packet is TCP */
    seq_t seq;                      /* its SEG.SEQ */
    bool has_echo;                  /* the quoted packet is an echo request */
    uint16_t echo_identifier, echo_sequence;
    uint32_t mtu;                   /* MTU: octets of the IP packet; a plateau of
                                       RFC 1191 7.1 when the router named none */
};

/* False: the message is no error, or what it quotes is not an IP packet with at least 8 octets of
 * transport header (TCP, UDP; other protocols need none), or is a fragment that is not the first.
 * */
bool icmp_error_parse(const struct icmp_message *m, bool v6, struct icmp_error *out);

#endif
