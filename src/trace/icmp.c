/* icmp.c - ICMP (RFC 792) and ICMPv6 (RFC 4443) errors: the segment that one quotes, and its name.
 * Of the quoted packet the IP header and 8 octets are enough, and not more may be there. See ip.h
 * and icmp.h. */
#include "trace/icmp.h"

#include "trace/ip.h"
#include "wire/ipv4.h"

enum { ICMP_HEADER = 8, QUOTED = 8, QUOTED_MOST = 65535 };

/* Those that quote a packet: RFC 1122 3.2.2, RFC 4443 2.1. */
static bool is_error(unsigned version, uint8_t type)
{
    if (version == 6)
        return type >= TRACE_V6_UNREACHABLE && type <= TRACE_V6_PARAMETER;
    return type == TRACE_V4_UNREACHABLE || type == TRACE_V4_QUENCH || type == TRACE_V4_REDIRECT ||
           type == TRACE_V4_EXCEEDED || type == TRACE_V4_PARAMETER;
}

bool trace_icmp_is_mtu(bool v6, uint8_t type, uint8_t code)
{
    return v6 ? type == TRACE_V6_TOO_BIG : type == TRACE_V4_UNREACHABLE && code == 4;
}

/* RFC 792, RFC 4443 2.3 */
static bool is_wrong(const struct trace_ip *ip, unsigned version)
{
    struct checksum c = { 0 };

    if (reader_left(&ip->r) < ip->length)
        return false;
    if (version == 6)
        c = checksum_pseudo(&ip->source, &ip->destination, IP_PROTOCOL_ICMPV6, ip->length);
    checksum_add(&c, ip->r.at, ip->length);
    return checksum_finish(&c) != 0;
}

static bool read_quoted(struct reader r, unsigned version, struct trace_icmp *out)
{
    struct trace_ip quoted = { .r = r };

    if (trace_ip_read(&quoted, version, QUOTED_MOST) != TRACE_SEGMENT ||
        quoted.protocol != IP_PROTOCOL_TCP || quoted.offset > 0 ||
        reader_left(&quoted.r) < QUOTED)
        return false;
    out->source.ip = quoted.source;
    out->destination.ip = quoted.destination;
    out->source.port = read_be16(&quoted.r);
    out->destination.port = read_be16(&quoted.r);
    out->seq = seq_of(read_be32(&quoted.r));
    return true;
}

enum trace_verdict trace_icmp_read(const struct trace_ip *ip, unsigned version, bool verify,
                                   struct trace_icmp *out)
{
    struct reader r = ip->r;
    const uint8_t *h;

    if (ip->protocol != (version == 4 ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6) || ip->offset > 0 ||
        (h = read_octets(&r, ICMP_HEADER)) == NULL || !is_error(version, h[0]))
        return TRACE_NOT_TCP;
    out->from = ip->source;
    out->to = ip->destination;
    out->v6 = version == 6;
    out->type = h[0];
    out->code = h[1];
    out->mtu = 0;
    if (trace_icmp_is_mtu(out->v6, h[0], h[1]))             /* RFC 1191 4, RFC 4443 3.2 */
        out->mtu = out->v6 ? load_be32(h + 4) : load_be16(h + 6);
    if (!read_quoted(r, version, out))
        return TRACE_NOT_TCP;
    return verify && !ip->fragmented && is_wrong(ip, version) ? TRACE_MALFORMED : TRACE_ICMP;
}

/* --- names --- */

static const char *unreachable_v4(uint8_t code)
{
    static const char *const by_code[] = {                  /* RFC 792, RFC 1812 5.2.7.1 */
        "network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
        "fragmentation needed", "source route failed", "network unknown", "host unknown",
        "host isolated", "network prohibited", "host prohibited",
        "network unreachable for this service", "host unreachable for this service",
        "prohibited by a filter", "host precedence violation", "precedence cutoff",
    };
    return code < sizeof by_code / sizeof by_code[0] ? by_code[code] : "unreachable";
}

static const char *unreachable_v6(uint8_t code)
{
    static const char *const by_code[] = {                  /* RFC 4443 3.1 */
        "no route", "prohibited by a filter", "beyond the scope of the address",
        "address unreachable", "port unreachable", "source address refused", "route rejected",
    };
    return code < sizeof by_code / sizeof by_code[0] ? by_code[code] : "unreachable";
}

const char *trace_icmp_name(bool v6, uint8_t type, uint8_t code)
{
    switch (v6 ? type + TRACE_V6 : type) {
    case TRACE_V4_UNREACHABLE: return unreachable_v4(code);
    case TRACE_V4_QUENCH: return "source quench";
    case TRACE_V4_REDIRECT: return "redirect";
    case TRACE_V4_EXCEEDED: return code == 0 ? "time to live exceeded" : "fragments missing";
    case TRACE_V6 + TRACE_V6_UNREACHABLE: return unreachable_v6(code);
    case TRACE_V6 + TRACE_V6_TOO_BIG: return "packet too big";
    case TRACE_V6 + TRACE_V6_EXCEEDED: return code == 0 ? "hop limit exceeded"
                                                         : "fragments missing";
    default: return "parameter problem";
    }
}

const char *trace_icmp_word(bool v6, uint8_t type, uint8_t code)
{
    static const char *const v4_word[] = { "icmp net", "icmp host", "icmp prot", "icmp port",
        [6] = "icmp net", "icmp host", "icmp host", "icmp deny", "icmp deny", "icmp net",
        "icmp host", "icmp deny" };
    static const char *const v6_word[] = { "icmp net", "icmp deny", "icmp net", "icmp host",
        "icmp port", "icmp deny", "icmp deny" };
    size_t count = v6 ? sizeof v6_word / sizeof v6_word[0] : sizeof v4_word / sizeof v4_word[0];

    if (type == (v6 ? TRACE_V6_EXCEEDED : TRACE_V4_EXCEEDED))
        return "icmp ttl";
    if (type == (v6 ? TRACE_V6_UNREACHABLE : TRACE_V4_UNREACHABLE) && code < count &&
        (v6 ? v6_word : v4_word)[code] != NULL)
        return (v6 ? v6_word : v4_word)[code];
    return "icmp";
}

/* RFC 9293 3.9.2.2 [SHLD-26], and what an administrator forbids, as everywhere in practice. */
bool trace_icmp_is_hard(bool v6, uint8_t type, uint8_t code)
{
    if (type != (v6 ? TRACE_V6_UNREACHABLE : TRACE_V4_UNREACHABLE))
        return false;
    return v6 ? code == 1 || code >= 4 : code == 2 || code == 3 || code == 9 || code == 10 ||
                                         code == 13;
}

/* RFC 9293 3.9.2.2 [MUST-55]: a source quench says nothing; nor does another way. */
bool trace_icmp_is_verdict(bool v6, uint8_t type, uint8_t code)
{
    return !trace_icmp_is_mtu(v6, type, code) &&
           (v6 || (type != TRACE_V4_QUENCH && type != TRACE_V4_REDIRECT));
}
