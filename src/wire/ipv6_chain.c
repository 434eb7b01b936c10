/* ipv6_chain.c - walks the extension headers of a packet that is for us (RFC 8200 4): hop-by-hop,
 * destination options, routing, fragment. Anything else before the upper layer is not recognized.
 * Called by ip. */
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { HEADERS_MOST = 8, PAYLOAD_LENGTH_AT = 4, NEXT_HEADER_AT = 6 };
enum { CODE_FIELD = 0, CODE_NEXT_HEADER = 1, CODE_OPTION = 2 };   /* RFC 4443 3.4 */
enum { OPTION_PAD1 = 0, OPTION_PADN = 1 };

/* Places are octets from the start of the IPv6 header. */
struct walk {
    const uint8_t *first;       /* the first octet after the IPv6 header */
    uint32_t named_by;          /* the Next Header octet that names the header to come */
    uint8_t next;
    uint16_t payload;           /* Payload Length */
    struct ipv6_chain *out;
};

static uint32_t place_of(const struct walk *w, const uint8_t *at)
{
    return IPV6_HEADER + (uint32_t)(at - w->first);
}

static enum ipv6_fault problem(struct walk *w, uint8_t code, uint32_t place)
{
    w->out->parameter_problem = true;
    w->out->problem_code = code;
    w->out->problem_pointer = place;
    return IPV6_EXTENSION;
}

/* RFC 8200 4.2: the two highest bits of an option that is not recognized say what to do. */
static enum ipv6_fault unknown_option(struct walk *w, const uint8_t *option)
{
    switch (option[0] >> 6) {
    case 0:
        return IPV6_GOOD;
    case 1:
        return IPV6_DISCARD;
    case 2:
        w->out->problem_even_multicast = true;
        break;
    }
    return problem(w, CODE_OPTION, place_of(w, option));
}

/* The comment before the loop is for tests/proof. */
static enum ipv6_fault walk_options(struct walk *w, const uint8_t *at, const uint8_t *end)
{
    /*@ loop invariant within(w->first, at, end);
        loop assigns at, *w->out; */
    while (at != end) {
        if (*at == OPTION_PAD1) {
            at++;
            continue;
        }
        size_t left = (size_t)(end - at);
        if (left < 2 || at[1] > left - 2)
            return problem(w, CODE_FIELD, place_of(w, left < 2 ? at : at + 1));
        if (*at != OPTION_PADN) {
            enum ipv6_fault fault = unknown_option(w, at);
            if (fault != IPV6_GOOD)
                return fault;
        }
        at += 2 + at[1];
    }
    return IPV6_GOOD;
}

/* A header of 8 octets and as many times 8 as its second octet says. */
static enum ipv6_fault long_header(struct walk *w, struct reader *r)
{
    uint8_t kind = w->next;
    const uint8_t *h = read_octets(r, 8);
    if (h == NULL || read_octets(r, (size_t)h[1] * 8) == NULL)
        return IPV6_TRUNCATED;
    w->named_by = place_of(w, h);
    w->next = h[0];
    if (kind != IPV6_NEXT_ROUTING)
        return walk_options(w, h + 2, r->at);
    /* RFC 8200 4.4: no routing type is recognized */
    return h[3] == 0 ? IPV6_GOOD : problem(w, CODE_FIELD, place_of(w, h + 2));
}

/* Octets from r to the end of the packet, which may lie in further slices than r's. */
static size_t data_length(const struct walk *w, const struct reader *r)
{
    size_t used = (size_t)(r->at - w->first), left = reader_left(r);
    return w->payload > used + left ? w->payload - used : left;
}

/* RFC 8200 4.5. A packet in one fragment is taken as if it had no such header. */
static enum ipv6_fault fragment_header(struct walk *w, struct reader *r)
{
    const uint8_t *h = read_octets(r, IPV6_FRAGMENT_HEADER);
    if (h == NULL)
        return IPV6_TRUNCATED;
    struct ipv6_fragment fragment = {
        .identification = load_be32(h + 4),
        .offset = load_be16(h + 2) & 0xfff8,
        .more = h[3] & 1,
    };
    if (fragment.offset != 0 || fragment.more) {
        size_t before = place_of(w, h) - IPV6_HEADER, data = data_length(w, r);
        if (fragment.more && data % 8 != 0)
            return problem(w, CODE_FIELD, PAYLOAD_LENGTH_AT);
        if (before + fragment.offset + data > UINT16_MAX)
            return problem(w, CODE_FIELD, place_of(w, h + 2));
        w->out->fragmented = true;
        w->out->fragment = fragment;
        w->out->fragment_part = (uint16_t)place_of(w, h);
        w->out->next_header_at = (uint16_t)w->named_by;
    }
    w->named_by = place_of(w, h);
    w->next = h[0];
    return IPV6_GOOD;
}

static bool is_upper_layer(uint8_t next)
{
    return next == IP_PROTOCOL_TCP || next == IP_PROTOCOL_UDP || next == IP_PROTOCOL_ICMPV6
        || next == IPV6_NEXT_NONE;
}

static enum ipv6_fault one_header(struct walk *w, struct reader *r)
{
    switch (w->next) {
    case IPV6_NEXT_HOP_BY_HOP:
        /* RFC 8200 4: only right after the IPv6 header */
        if (w->named_by != NEXT_HEADER_AT)
            return problem(w, CODE_NEXT_HEADER, w->named_by);
        return long_header(w, r);
    case IPV6_NEXT_DESTINATION:
    case IPV6_NEXT_ROUTING:
        return long_header(w, r);
    case IPV6_NEXT_FRAGMENT:
        return fragment_header(w, r);
    }
    return problem(w, CODE_NEXT_HEADER, w->named_by);
}

enum ipv6_fault wire_ipv6_chain(struct reader *r, const struct ipv6_header *h,
                                struct ipv6_chain *out)
{
    struct walk w = { r->at, NEXT_HEADER_AT, h->next_header, h->payload_length, out };
    *out = (struct ipv6_chain){ 0 };

    /*@ loop invariant good(r) && within(w.first, r->at, r->end);
        loop assigns count, w.named_by, w.next, *out, r->at, r->bad; */
    for (unsigned count = 0; !out->fragmented && !is_upper_layer(w.next); count++) {
        if (count == HEADERS_MOST)
            return IPV6_EXTENSION;
        enum ipv6_fault fault = one_header(&w, r);
        if (fault != IPV6_GOOD)
            return fault;
    }
    out->protocol = w.next;
    return IPV6_GOOD;
}
