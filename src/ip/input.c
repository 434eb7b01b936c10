/* input.c - the checks on an IP packet that arrives (RFC 1122 3.2.1, RFC 8200 3, 4). Called by the
 * stack for each frame, and once more here for a packet that was reassembled. */
#include "base/check.h"
#include "ip/input.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

struct parse {
    const struct route_table *routes;
    const struct ip_arrival *in;
    uint32_t length;                /* of all parts */
    struct ip_packet *out;
    bool fragmented;
    struct ip_fragment fragment;
};

static enum ip_verdict drop(struct parse *p, const char *why)
{
    p->out->why = why;
    return IP_DROP;
}

static enum ip_verdict problem(struct parse *p, const char *why, uint8_t code, uint32_t pointer)
{
    p->out->why = why;
    p->out->problem_code = code;
    p->out->problem_pointer = pointer;
    return IP_PARAMETER_PROBLEM;
}

/* The payload: `length` octets after the first `header` ones. The caller has checked that they
 * exist and that the header is in the first part. Empty slices are left out. */
static void set_payload(struct parse *p, uint32_t header, uint32_t length)
{
    struct ip_packet *out = p->out;
    const struct aksu_slice *from = p->in->part, *end = from + p->in->parts;
    struct aksu_slice *to = out->payload;
    size_t skip = header, left = length;
    out->header_length = header;
    out->length = length;
    for (; from < end && left > 0; from++, skip = 0) {
        struct aksu_slice s = { from->data + skip, from->length - skip };
        if (s.length == 0)
            continue;
        s.length = s.length < left ? s.length : left;
        left -= s.length;
        *to++ = s;
    }
    if (to == out->payload)
        *to++ = (struct aksu_slice){ out->header + header, 0 };
    out->parts = (uint32_t)(to - out->payload);
}

/* It never left this host, or came over a link in memory. */
static bool from_inside(const struct parse *p)
{
    return p->in->loopback || (p->routes->carries_loopback >> p->in->device & 1) != 0;
}

/* RFC 1122 3.2.1.3, RFC 9293 3.9.2.3 [MUST-63] */
static const char *bad_source(const struct parse *p)
{
    const struct aksu_ip *source = &p->out->source;
    if (ip_is_multicast(source))
        return "source is a multicast address";
    if (route_is_broadcast(p->routes, p->in->device, source))
        return "source is a broadcast address";
    if (from_inside(p))
        return ip_is_unspecified(source) ? "source is unspecified" : NULL;
    if (ip_is_loopback(source))
        return "source is a loopback address";
    /* Duplicate address detection asks from :: (RFC 4861 4.3) */
    if (ip_is_unspecified(source)
        && (ip_is_v4(source) || !ip_is_multicast(&p->out->destination)))
        return "source is unspecified";
    return route_is_own(p->routes, p->in->device, source) ? "source is an address of ours" : NULL;
}

/* Before a device has an IPv4 address DHCP needs what comes to its hardware address: a server may
 * send to the address that it offers. RFC 2131 4.1 */
static bool is_early(const struct parse *p)
{
    const struct aksu_ip *destination = &p->out->destination;
    return p->out->protocol == IP_PROTOCOL_UDP && ip_is_v4(destination)
        && !ip_is_unspecified(destination) && !route_has_v4(p->routes, p->in->device);
}

/* RFC 1122 3.2.1.3, 3.3.6 */
static const char *bad_destination(const struct parse *p)
{
    const struct aksu_ip *destination = &p->out->destination;
    uint32_t device = p->in->device;
    if (ip_is_multicast(destination)) {
        p->out->group = true;
        return route_is_group(p->routes, device, destination) ? NULL : "group we are not in";
    }
    if (route_is_broadcast(p->routes, device, destination)) {
        p->out->group = true;
        return NULL;
    }
    if (p->in->link_broadcast)
        return "link broadcast to a unicast address";
    if (ip_is_loopback(destination))
        return from_inside(p) ? NULL : "destination is a loopback address";
    if (route_is_local(p->routes, device, destination))
        return NULL;
    p->out->early = is_early(p);
    return p->out->early ? NULL : "not for us";
}

static const char *bad_address(const struct parse *p)
{
    const char *why = bad_source(p);
    return why != NULL ? why : bad_destination(p);
}

static const char *ipv4_fault_text(enum ipv4_fault fault)
{
    switch (fault) {
    case IPV4_GOOD:
        break;
    case IPV4_TRUNCATED:
        return "IPv4 header truncated";
    case IPV4_VERSION:
        return "IP version";
    case IPV4_HEADER_LENGTH:
        return "IPv4 header length";
    case IPV4_TOTAL_LENGTH:
        return "IPv4 total length";
    case IPV4_CHECKSUM:
        return "IPv4 header checksum";
    }
    return NULL;
}

/* The parser wants the packet in one piece. When there are several, it is given a copy of the
 * header that claims to be the whole packet, its checksum adjusted; the true length is checked
 * here. */
static enum ipv4_fault parse_header_v4(const struct parse *p, struct ipv4_header *h)
{
    const uint8_t *data = p->in->part[0].data;
    size_t first = p->in->part[0].length;
    struct reader r = reader_of(data, first);
    size_t header = first >= IPV4_HEADER ? (size_t)(data[0] & 15) * 4 : 0;
    if (p->in->parts == 1 || header < IPV4_HEADER || header > first)
        return wire_ipv4_parse(&r, h);

    uint8_t copy[IPV4_HEADER_MOST];
    uint16_t total = load_be16(data + 2);
    memcpy(copy, data, header);
    store_be16(copy + 2, (uint16_t)header);
    store_be16(copy + 10, checksum_update(load_be16(copy + 10), total, (uint16_t)header));
    r = reader_of(copy, header);
    enum ipv4_fault fault = wire_ipv4_parse(&r, h);
    h->options = NULL;
    h->total_length = total;
    if (fault == IPV4_GOOD && (total < header || total > p->length))
        return IPV4_TOTAL_LENGTH;
    return fault;
}

static enum ip_verdict fragment_v4(struct parse *p, const struct ipv4_header *h)
{
    if (h->more_fragments && p->out->length % 8 != 0)
        return drop(p, "fragment length");
    if (p->out->header_length + h->fragment_offset + p->out->length > UINT16_MAX)
        return drop(p, "fragment beyond 65535 octets");
    p->fragmented = true;
    p->fragment = (struct ip_fragment){
        .identification = h->identification,
        .offset = h->fragment_offset,
        .more = h->more_fragments,
        .protocol = h->protocol,
    };
    return IP_DELIVER;
}

/* The usual packet, each field looked at once. False, nothing done: take the long way. */
static bool plain_v4(struct parse *p)
{
    const struct aksu_slice *first = &p->in->part[0];
    const uint8_t *h = first->data;
    if (first->length < IPV4_HEADER || !wire_ipv4_plain(h))
        return false;
    uint32_t total = load_be16(h + 2);
    if (total < IPV4_HEADER || total > p->length)
        return false;

    struct ip_packet *out = p->out;
    out->source = ip_from_v4(h + 12);
    out->destination = ip_from_v4(h + 16);
    out->protocol = h[9];
    out->tos = h[1];
    out->ttl = h[8];
    if (first->length >= total && total > IPV4_HEADER) {
        out->header_length = IPV4_HEADER;
        out->length = total - IPV4_HEADER;
        out->parts = 1;
        out->payload[0] = (struct aksu_slice){ h + IPV4_HEADER, total - IPV4_HEADER };
    } else {
        set_payload(p, IPV4_HEADER, total - IPV4_HEADER);
    }
    return true;
}

static enum ip_verdict parse_v4(struct parse *p)
{
    if (plain_v4(p)) {
        const uint8_t *addresses = p->in->part[0].data + 12;
        if (!p->in->link_broadcast && route_usual_v4(p->routes, p->in->device, load_be32(addresses),
                                                     load_be32(addresses + 4)))
            return IP_DELIVER;
        const char *why = bad_address(p);
        return why != NULL ? drop(p, why) : IP_DELIVER;
    }
    struct ipv4_header h;
    enum ipv4_fault fault = parse_header_v4(p, &h);
    if (fault != IPV4_GOOD)
        return drop(p, ipv4_fault_text(fault));

    struct ip_packet *out = p->out;
    uint32_t header = IPV4_HEADER + (uint32_t)h.options_length;
    out->source = h.source;
    out->destination = h.destination;
    out->protocol = h.protocol;
    out->tos = h.tos;
    out->ttl = h.ttl;               /* any value is for us: RFC 1122 3.2.1.7 */
    set_payload(p, header, h.total_length - header);
    const char *why = bad_address(p);
    if (why != NULL)
        return drop(p, why);
    /* Neither an error nor a reassembly's end may answer it. */
    if (out->early && (h.bad_options || h.more_fragments || h.fragment_offset != 0))
        return drop(p, "not for us");
    /* RFC 9293 3.9.2 [MUST-50], 3.9.2 [MAY-10], 3.9.2 [MAY-11]: options say nothing to TCP */
    if (h.bad_options)
        return problem(p, "IPv4 options", 0, IPV4_HEADER);
    if (h.source_route)
        return drop(p, "source route");
    if (h.more_fragments || h.fragment_offset != 0)
        return fragment_v4(p, &h);
    return IP_DELIVER;
}

static const char *ipv6_fault_text(enum ipv6_fault fault)
{
    switch (fault) {
    case IPV6_GOOD:
        break;
    case IPV6_TRUNCATED:
        return "IPv6 headers truncated";
    case IPV6_VERSION:
        return "IP version";
    case IPV6_PAYLOAD_LENGTH:
        return "IPv6 payload length";
    case IPV6_EXTENSION:
        return "IPv6 extension header";
    case IPV6_DISCARD:
        return "IPv6 option that asks to be discarded";
    }
    return NULL;
}

/* RFC 8200 4.5: the first fragment must hold all headers through the upper layer's. */
static bool first_fragment_too_short(const struct parse *p)
{
    const struct aksu_slice *data = &p->out->payload[0];
    struct reader r = reader_of(data->data, data->length);
    struct ipv6_header h = { .next_header = p->fragment.protocol,
                             .payload_length = (uint16_t)p->out->length };
    struct ipv6_chain chain;
    enum ipv6_fault fault = wire_ipv6_chain(&r, &h, &chain);
    if (fault == IPV6_TRUNCATED)
        return true;
    if (fault != IPV6_GOOD || chain.fragmented || chain.protocol == IPV6_NEXT_NONE)
        return false;                       /* told when the datagram is whole */
    return reader_left(&r) < (chain.protocol == IP_PROTOCOL_TCP ? 20u : 8u);
}

static enum ip_verdict fragment_v6(struct parse *p, const struct ipv6_chain *chain)
{
    p->fragmented = true;
    p->fragment = (struct ip_fragment){
        .identification = chain->fragment.identification,
        .offset = chain->fragment.offset,
        .more = chain->fragment.more,
        .protocol = chain->protocol,
        .next_header_at = chain->next_header_at,
    };
    if (chain->fragment.offset == 0 && first_fragment_too_short(p))
        return problem(p, "first fragment without all headers", 3, 0);
    return IP_DELIVER;
}

/* The extension headers. Until they are walked the payload is all that follows the fixed header. */
static enum ip_verdict extensions_v6(struct parse *p, const struct ipv6_header *h)
{
    const uint8_t *data = p->in->part[0].data;
    size_t here = p->in->part[0].length - IPV6_HEADER;
    struct reader r = reader_of(data + IPV6_HEADER,
                                here < h->payload_length ? here : h->payload_length);
    struct ipv6_chain chain;
    enum ipv6_fault fault = wire_ipv6_chain(&r, h, &chain);
    if (fault != IPV6_GOOD && chain.parameter_problem) {
        p->out->problem_even_multicast = chain.problem_even_multicast;
        return problem(p, ipv6_fault_text(fault), chain.problem_code, chain.problem_pointer);
    }
    if (fault != IPV6_GOOD)
        return drop(p, ipv6_fault_text(fault));

    uint32_t header = (uint32_t)(r.at - data);
    p->out->protocol = chain.protocol;
    set_payload(p, header, IPV6_HEADER + (uint32_t)h->payload_length - header);
    if (chain.fragmented)
        return fragment_v6(p, &chain);
    return chain.protocol == IPV6_NEXT_NONE ? drop(p, "no next header") : IP_DELIVER;
}

static enum ip_verdict parse_v6(struct parse *p)
{
    uint8_t copy[IPV6_HEADER];
    if (p->in->part[0].length < sizeof copy)
        return drop(p, ipv6_fault_text(IPV6_TRUNCATED));
    memcpy(copy, p->in->part[0].data, sizeof copy);
    uint16_t payload = load_be16(copy + 4);
    store_be16(copy + 4, 0);        /* it may go on in further parts: checked here */
    struct reader r = reader_of(copy, sizeof copy);
    struct ipv6_header h;
    enum ipv6_fault fault = wire_ipv6_parse(&r, &h);
    if (fault == IPV6_GOOD && payload > p->length - IPV6_HEADER)
        fault = IPV6_PAYLOAD_LENGTH;
    if (fault != IPV6_GOOD)
        return drop(p, ipv6_fault_text(fault));

    struct ip_packet *out = p->out;
    h.payload_length = payload;
    out->source = h.source;
    out->destination = h.destination;
    out->protocol = IPV6_NEXT_NONE;
    out->tos = h.traffic_class;
    out->ttl = h.hop_limit;
    set_payload(p, IPV6_HEADER, payload);
    /* RFC 4291 2.5.5.2: mapped addresses are not for the wire */
    if (ip_is_v4(&h.source) || ip_is_v4(&h.destination))
        return drop(p, "IPv4-mapped address in an IPv6 packet");
    const char *why = bad_address(p);
    return why != NULL ? drop(p, why) : extensions_v6(p, &h);
}

static enum ip_verdict parse(struct parse *p)
{
    const struct ip_arrival *in = p->in;
    struct ip_packet *out = p->out;
    if (in->parts == 0 || in->parts > AKSU_FRAME_PARTS)
        bug("ip_input: 1..AKSU_FRAME_PARTS parts");
    out->device = in->device;
    out->link_broadcast = in->link_broadcast;
    out->group = false;
    out->early = false;
    out->checksum_verified = in->checksum_verified;
    out->reassembled = false;
    out->gso_size = in->gso_size;
    out->header = in->part[0].data;
    out->why = NULL;
    out->problem_even_multicast = false;
    p->fragmented = false;
    p->length = 0;
    for (uint32_t i = 0; i < in->parts; i++)
        p->length += (uint32_t)in->part[i].length;
    if (in->part[0].length == 0)
        return drop(p, "empty frame");
    return in->part[0].data[0] >> 4 == 6 ? parse_v6(p) : parse_v4(p);
}

enum ip_verdict ip_input(const struct route_table *routes, struct reassembly *reassembly,
                         const struct ip_arrival *in, struct ip_packet *out, aksu_time now)
{
    struct parse p = { .routes = routes, .in = in, .out = out };
    enum ip_verdict verdict = parse(&p);
    if (verdict != IP_DELIVER || !p.fragmented)
        return verdict;

    struct aksu_slice part[REASSEMBLY_PAGES];
    struct ip_arrival whole = *in;
    whole.part = part;
    whole.checksum_verified = false;
    whole.gso_size = 0;
    switch (reassembly_add(reassembly, out, &p.fragment, part, &whole.parts, &out->why, now)) {
    case REASSEMBLY_HELD:
        return IP_HELD;
    case REASSEMBLY_DROPPED:
        return IP_DROP;
    case REASSEMBLY_COMPLETE:
        break;
    }
    p.in = &whole;
    verdict = parse(&p);
    out->reassembled = true;
    return verdict == IP_DELIVER && p.fragmented ? drop(&p, "fragment within a fragment") : verdict;
}
