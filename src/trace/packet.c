/* packet.c - IP and TCP headers of a captured packet. The parsers of src/wire refuse what is
 * shorter than it says, as a host must; here the headers alone are enough. See packet.h. */
#include "trace/packet.h"

#include "base/ip_addr.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { OPTION_JUMBO = 0xc2, JUMBO_HEADER = 8 };

/* What IP carries. */
struct payload {
    struct reader r;                /* at its first octet */
    uint32_t length;                /* on the wire */
    struct aksu_ip source, destination;
    uint32_t identification;
    uint16_t offset;
    bool fragmented, more;
    uint8_t protocol;
};

/* RFC 791 3.1. `wire` octets of it were on the wire. */
static enum trace_verdict read_ipv4(struct reader *r, uint32_t wire, struct payload *out)
{
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
static enum trace_verdict read_ipv6(struct reader *r, uint32_t wire, struct payload *out)
{
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

/* The field of a segment whose sum is left to a device: that of the pseudo header, which is said
 * to have the length or not. */
static bool left_to_device(const struct payload *p, uint16_t field)
{
    struct checksum c = checksum_pseudo(&p->source, &p->destination, IP_PROTOCOL_TCP, p->length);
    struct checksum none = checksum_pseudo(&p->source, &p->destination, IP_PROTOCOL_TCP, 0);
    uint16_t sum = (uint16_t)(0xffff - field);
    return sum == checksum_finish(&c) || sum == checksum_finish(&none);
}

/* RFC 9293 3.1 [MUST-3] */
static bool is_damaged(const struct payload *p)
{
    struct checksum c = checksum_pseudo(&p->source, &p->destination, IP_PROTOCOL_TCP, p->length);
    if (p->fragmented || reader_left(&p->r) < p->length)
        return false;
    checksum_add(&c, p->r.at, p->length);
    return checksum_finish(&c) != 0 && !left_to_device(p, load_be16(p->r.at + 16));
}

/* `held` octets of a segment of `length`. Options that were not captured in full are as if they had
 * not been there. */
static enum trace_verdict read_tcp(const uint8_t *h, size_t held, uint32_t length,
                                   struct trace_segment *out)
{
    uint8_t shorter[TCP_HEADER_MOST];
    if (length < TCP_HEADER)
        return TRACE_MALFORMED;
    if (held < TCP_HEADER)
        return TRACE_CUT;
    size_t offset = (size_t)(h[12] >> 4) * 4, there = offset;
    if (offset < TCP_HEADER || offset > length)
        return TRACE_MALFORMED;
    if (held < offset) {
        there = held / 4 * 4;
        memcpy(shorter, h, there);
        shorter[12] = (uint8_t)(there / 4 << 4);
        h = shorter;
    }
    if (wire_tcp_parse(h, there, NULL, 0, &out->source, &out->destination, true, &out->tcp)
        != TCP_GOOD)
        return TRACE_MALFORMED;
    if (there < offset)
        out->tcp.options.has &= (uint16_t)~HAS_FAULT;
    out->tcp.options.fast_open = NULL;      /* it would point into the packet */
    out->tcp.text_len = length - (uint32_t)offset;
    return TRACE_SEGMENT;
}

/* The place of a fragmented packet: its own, or that of the one that waits longest. */
static struct trace_fragmented *place_of(struct trace_fragments *f, const struct payload *p)
{
    for (unsigned i = 0; i < TRACE_FRAGMENTED; i++) {
        struct trace_fragmented *at = &f->of[i];
        if (at->came > 0 && at->identification == p->identification &&
            memcmp(&at->source, &p->source, sizeof p->source) == 0 &&
            memcmp(&at->destination, &p->destination, sizeof p->destination) == 0)
            return at;
    }
    struct trace_fragmented *at = &f->of[f->next++ % TRACE_FRAGMENTED];
    *at = (struct trace_fragmented){ .source = p->source, .destination = p->destination,
                                     .identification = p->identification };
    return at;
}

/* The segment is there when as many octets came as the last fragment says. The first one must have
 * the header; what overlaps is not looked at. */
static enum trace_verdict add_fragment(struct trace_fragments *f, const struct payload *p,
                                       struct trace_segment *out)
{
    struct trace_fragmented *at = place_of(f, p);
    size_t held = reader_left(&p->r) < p->length ? reader_left(&p->r) : p->length;

    at->came += p->length;
    if (!p->more)
        at->whole = p->offset + p->length;
    if (p->offset == 0) {
        at->held = (uint8_t)(held < sizeof at->header ? held : sizeof at->header);
        memcpy(at->header, p->r.at, at->held);
    }
    if (at->whole == 0 || at->came < at->whole)
        return TRACE_FRAGMENT;
    at->came = 0;
    return read_tcp(at->header, at->held, at->whole, out);
}

enum trace_verdict trace_packet_read(struct trace_fragments *f, const struct trace_packet *p,
                                     bool verify, struct trace_segment *out)
{
    struct payload ip = { .r = reader_of(p->data, p->captured) };
    unsigned version = trace_link_skip(p->link, &ip.r);
    uint32_t skipped = p->captured - (uint32_t)reader_left(&ip.r);
    uint32_t wire = p->length > skipped ? p->length - skipped : 0;
    if (version == 0)
        return TRACE_NOT_TCP;
    enum trace_verdict verdict = version == 4 ? read_ipv4(&ip.r, wire, &ip)
                                              : read_ipv6(&ip.r, wire, &ip);
    if (verdict != TRACE_SEGMENT)
        return verdict;
    if (ip.protocol != IP_PROTOCOL_TCP)
        return TRACE_NOT_TCP;
    out->at = p->at;
    out->source = ip.source;
    out->destination = ip.destination;
    out->identification = version == 4 ? (uint16_t)ip.identification : (uint16_t)0;
    out->damaged = false;
    if (ip.fragmented)
        return add_fragment(f, &ip, out);
    verdict = read_tcp(ip.r.at, reader_left(&ip.r), ip.length, out);
    if (verdict == TRACE_SEGMENT && verify)
        out->damaged = is_damaged(&ip);
    return verdict;
}
