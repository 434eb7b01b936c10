/* packet.c - the TCP header of a captured packet, whole or in fragments; ICMP is left to icmp.c.
 * See packet.h. */
#include "trace/packet.h"

#include "trace/ip.h"
#include "wire/ipv4.h"

/* The field of a segment whose sum is left to a device: that of the pseudo header, which is said
 * to have the length or not. */
static bool left_to_device(const struct trace_ip *p, uint16_t field)
{
    struct checksum c = checksum_pseudo(&p->source, &p->destination, IP_PROTOCOL_TCP, p->length);
    struct checksum none = checksum_pseudo(&p->source, &p->destination, IP_PROTOCOL_TCP, 0);
    uint16_t sum = (uint16_t)(0xffff - field);
    return sum == checksum_finish(&c) || sum == checksum_finish(&none);
}

/* RFC 9293 3.1 [MUST-3] */
static bool is_damaged(const struct trace_ip *p)
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
static struct trace_fragmented *place_of(struct trace_fragments *f, const struct trace_ip *p)
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
static enum trace_verdict add_fragment(struct trace_fragments *f, const struct trace_ip *p,
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
                                     bool verify, struct trace_segment *out,
                                     struct trace_icmp *icmp)
{
    struct trace_ip ip = { .r = reader_of(p->data, p->captured) };
    unsigned version = trace_link_skip(p->link, &ip.r);
    uint32_t skipped = p->captured - (uint32_t)reader_left(&ip.r);
    uint32_t wire = p->length > skipped ? p->length - skipped : 0;
    if (version == 0)
        return TRACE_NOT_TCP;
    enum trace_verdict verdict = trace_ip_read(&ip, version, wire);
    if (verdict != TRACE_SEGMENT)
        return verdict;
    out->at = icmp->at = p->at;
    if (ip.protocol != IP_PROTOCOL_TCP)
        return trace_icmp_read(&ip, version, verify, icmp);
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
