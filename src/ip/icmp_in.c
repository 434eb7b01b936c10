/* icmp_in.c - what an ICMP error means for a transport (RFC 1122 3.2.2, 4.2.3.9; RFC 9293 3.9.2.2;
 * RFC 4443 3; RFC 5461 2) and whom it concerns. */
#include "base/ip_addr.h"
#include "ip/icmp_in.h"
#include "ip/path_mtu.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { ECHO_V4 = 8, ECHO_V6 = 128 };

struct meaning {
    enum icmp_error_kind kind;
    enum aksu_status status;
};

static const struct meaning ignored = { ICMP_ERROR_IGNORE, AKSU_OK };

/* By code. Hard: 2, 3 (RFC 9293 3.9.2.2 [SHLD-26]; 4 is the path MTU) and, as everywhere in
 * practice, what an administrator forbids. */
static struct meaning unreachable_v4(uint8_t code)
{
    static const struct meaning by_code[] = {
        [0] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_NET },
        [1] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST },
        [2] = { ICMP_ERROR_HARD, AKSU_UNREACHABLE_PORT },
        [3] = { ICMP_ERROR_HARD, AKSU_UNREACHABLE_PORT },
        [4] = { ICMP_ERROR_IGNORE, AKSU_OK },
        [5] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST },
        [6] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_NET },
        [7] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST },
        [8] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST },
        [9] = { ICMP_ERROR_HARD, AKSU_PROHIBITED },
        [10] = { ICMP_ERROR_HARD, AKSU_PROHIBITED },
        [11] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_NET },
        [12] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST },
        [13] = { ICMP_ERROR_HARD, AKSU_PROHIBITED },
    };
    return code < sizeof by_code / sizeof by_code[0] ? by_code[code] : ignored;
}

static struct meaning unreachable_v6(uint8_t code)
{
    static const struct meaning by_code[] = {
        [0] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_NET },
        [1] = { ICMP_ERROR_HARD, AKSU_PROHIBITED },
        [2] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_NET },
        [3] = { ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST },
        [4] = { ICMP_ERROR_HARD, AKSU_UNREACHABLE_PORT },
        [5] = { ICMP_ERROR_HARD, AKSU_PROHIBITED },     /* 5, 6: "subsets of code 1" */
        [6] = { ICMP_ERROR_HARD, AKSU_PROHIBITED },     /* RFC 4443 3.1 */
    };
    return code < sizeof by_code / sizeof by_code[0] ? by_code[code] : ignored;
}

static struct meaning meaning_of(const struct icmp_message *m, bool v6)
{
    switch (m->kind) {
    case ICMP_UNREACHABLE:
        return v6 ? unreachable_v6(m->code) : unreachable_v4(m->code);
    case ICMP_TOO_BIG:
        return (struct meaning){ ICMP_ERROR_MTU, AKSU_OK };
    case ICMP_TIME_EXCEEDED:
        return (struct meaning){ ICMP_ERROR_SOFT, AKSU_UNREACHABLE_HOST };
    case ICMP_PARAMETER_PROBLEM:
        /* RFC 4443 3.4 code 1: the protocol is not known there */
        return (struct meaning){ ICMP_ERROR_SOFT, v6 && m->code == 1 ? AKSU_UNREACHABLE_PORT
                                                                     : AKSU_UNREACHABLE_HOST };
    case ICMP_SOURCE_QUENCH:    /* RFC 9293 3.9.2.2 [MUST-55] */
    case ICMP_REDIRECT: case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
    case ICMP_ROUTER_SOLICITATION: case ICMP_ROUTER_ADVERTISEMENT: case ICMP_OTHER:
        break;
    }
    return ignored;
}

/* Messages that quote a packet. */
static bool quotes(enum icmp_kind kind)
{
    switch (kind) {
    case ICMP_UNREACHABLE: case ICMP_TOO_BIG: case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM: case ICMP_SOURCE_QUENCH:
        return true;
    case ICMP_REDIRECT: case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
    case ICMP_ROUTER_SOLICITATION: case ICMP_ROUTER_ADVERTISEMENT: case ICMP_OTHER:
        break;
    }
    return false;
}

/* The quoted IPv4 header; its checksum is not looked at: a router may have changed the header. */
static bool quoted_v4(struct reader *r, struct icmp_error *out, uint32_t *length)
{
    const uint8_t *h = read_octets(r, IPV4_HEADER);
    if (h == NULL || h[0] >> 4 != 4)
        return false;
    size_t header = (size_t)(h[0] & 15) * 4;
    if (header < IPV4_HEADER || read_octets(r, header - IPV4_HEADER) == NULL
        || (load_be16(h + 6) & 0x1fff) != 0)
        return false;
    *length = load_be16(h + 2);
    out->protocol = h[9];
    out->local.ip = ip_from_v4(h + 12);
    out->remote.ip = ip_from_v4(h + 16);
    return true;
}

static bool quoted_v6(struct reader *r, struct icmp_error *out, uint32_t *length)
{
    const uint8_t *p = read_octets(r, IPV6_HEADER);
    if (p == NULL || p[0] >> 4 != 6)
        return false;
    struct ipv6_header h = { .payload_length = load_be16(p + 4), .next_header = p[6] };
    struct ipv6_chain chain;
    *length = IPV6_HEADER + (uint32_t)h.payload_length;
    memcpy(out->local.ip.octet, p + 8, 16);
    memcpy(out->remote.ip.octet, p + 24, 16);
    if (wire_ipv6_chain(r, &h, &chain) != IPV6_GOOD
        || (chain.fragmented && chain.fragment.offset != 0))
        return false;
    out->protocol = chain.protocol;
    return true;
}

static void quoted_echo(struct reader *r, struct icmp_error *out)
{
    bool v4 = out->protocol == IP_PROTOCOL_ICMP;
    const uint8_t *h = v4 || out->protocol == IP_PROTOCOL_ICMPV6 ? read_octets(r, 8) : NULL;
    if (h == NULL || h[0] != (v4 ? ECHO_V4 : ECHO_V6))
        return;
    out->has_echo = true;
    out->echo_identifier = load_be16(h + 4);
    out->echo_sequence = load_be16(h + 6);
}

/* The first 8 octets of the transport header: RFC 792, RFC 1122 3.2.2. */
static bool quoted_transport(struct reader *r, struct icmp_error *out)
{
    quoted_echo(r, out);
    if (out->protocol != IP_PROTOCOL_TCP && out->protocol != IP_PROTOCOL_UDP)
        return true;
    out->local.port = read_be16(r);
    out->remote.port = read_be16(r);
    out->seq = seq_of(read_be32(r));
    out->has_seq = out->protocol == IP_PROTOCOL_TCP;
    return !r->bad;
}

bool icmp_error_parse(const struct icmp_message *m, bool v6, struct icmp_error *out)
{
    if (!quotes(m->kind))
        return false;
    struct meaning meaning = meaning_of(m, v6);
    *out = (struct icmp_error){
        .kind = meaning.kind, .status = meaning.status, .type = m->type, .code = m->code,
    };
    struct reader r = reader_of(m->body, m->body_length);
    uint32_t length = 0;
    if (!(v6 ? quoted_v6(&r, out, &length) : quoted_v4(&r, out, &length)))
        return false;
    if (out->kind == ICMP_ERROR_MTU)
        out->mtu = m->mtu != 0 || v6 ? m->mtu : path_mtu_plateau(length);
    return quoted_transport(&r, out);
}
