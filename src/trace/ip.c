/* ip.c - the IP header of a captured packet, or of one that an ICMP error quotes. The parsers of
 * src/wire refuse what is shorter than it says, as a host must; here the headers alone are enough.
 * See ip.h. */
#include "trace/ip.h"

#include "base/ip_addr.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { OPTION_JUMBO = 0xc2, JUMBO_HEADER = 8 };

/* RFC 791 3.1. `wire` octets of it were on the wire. */
static enum trace_verdict read_ipv4(struct trace_ip *out, uint32_t wire)
{
    struct reader *r = &out->r;
    const uint8_t *h = read_octets(r, IPV4_HEADER);
    if (h == NULL)
        return TRACE_CUT;
    uint32_t header = (h[0] & 15u) * 4, total = load_be16(h + 2), fragment = load_be16(h + 6);
    if (total == 0)
        total = wire;               /* to be cut by a device, which then writes the lengths */
    if (h[0] >> 4 != 4 || header < IPV4_HEADER || header > total)
        return TRACE_MALFORMED;
    (void)read_octets(r, header - IPV4_HEADER);
    out->source = ip_from_v4(h + 12);
    out->destination = ip_from_v4(h + 16);
    out->identification = load_be16(h + 4);
    out->protocol = h[9];
    out->more = (fragment & 0x2000) != 0;
    out->offset = (uint16_t)((fragment & 0x1fff) * 8);
    out->fragmented = out->more || out->offset > 0;
    out->length = total - header;
    return r->bad ? TRACE_CUT : TRACE_SEGMENT;
}

/* A segment of more than 65535 octets, before it is cut (RFC 2675 2). */
static bool skip_jumbo(struct reader *r, struct ipv6_header *h)
{
    if (h->payload_length != 0 || h->next_header != IPV6_NEXT_HOP_BY_HOP ||
        reader_left(r) < JUMBO_HEADER || r->at[1] != 0 || r->at[2] != OPTION_JUMBO)
        return false;
    h->next_header = r->at[0];
    r->at += JUMBO_HEADER;
    return true;
}

/* RFC 8200 3, 4 */
static enum trace_verdict read_ipv6(struct trace_ip *out, uint32_t wire)
{
    struct reader *r = &out->r;
    const uint8_t *h = read_octets(r, IPV6_HEADER);
    if (h == NULL)
        return TRACE_CUT;
    struct ipv6_header header = { .payload_length = load_be16(h + 4), .next_header = h[6] };
    struct ipv6_chain chain = { .protocol = h[6] };
    uint32_t length = header.payload_length;
    if (h[0] >> 4 != 6)
        return TRACE_MALFORMED;
    if (length == 0)
        length = wire > IPV6_HEADER ? wire - IPV6_HEADER : 0;
    memcpy(out->source.octet, h + 8, 16);
    memcpy(out->destination.octet, h + 24, 16);
    const uint8_t *start = r->at;
    if (skip_jumbo(r, &header))
        chain.protocol = header.next_header;
    else if (chain.protocol != IP_PROTOCOL_TCP &&
             wire_ipv6_chain(r, &header, &chain) != IPV6_GOOD)
        return reader_left(r) < IPV6_FRAGMENT_HEADER ? TRACE_CUT : TRACE_NOT_TCP;
    uint32_t skipped = (uint32_t)(r->at - start);
    if (skipped > length)
        return TRACE_MALFORMED;
    out->protocol = chain.protocol;
    out->fragmented = chain.fragmented;
    out->more = chain.fragment.more;
    out->offset = chain.fragment.offset;
    out->identification = chain.fragment.identification;
    out->length = length - skipped;
    return TRACE_SEGMENT;
}

enum trace_verdict trace_ip_read(struct trace_ip *ip, unsigned version, uint32_t wire)
{
    return version == 4 ? read_ipv4(ip, wire) : read_ipv6(ip, wire);
}
