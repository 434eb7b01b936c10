/* icmp_v6.c - ICMPv6 and the messages of neighbour discovery (RFC 4443, RFC 4861 4, 6.1, 7.1, 8.1).
 * Called by ip and neighbor. */
#include "base/check.h"
#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

enum { HEADER = 8, TARGET_END = 24, LINK_OPTION = 8 };
enum { TYPE_UNREACHABLE = 1, TYPE_TOO_BIG = 2, TYPE_TIME_EXCEEDED = 3, TYPE_PARAMETER_PROBLEM = 4,
       TYPE_ECHO_REQUEST = 128, TYPE_ECHO_REPLY = 129, TYPE_ROUTER_SOLICITATION = 133,
       TYPE_ROUTER_ADVERTISEMENT = 134, TYPE_NEIGHBOR_SOLICITATION = 135,
       TYPE_NEIGHBOR_ADVERTISEMENT = 136, TYPE_REDIRECT = 137 };
enum { OPTION_SOURCE_LINK_ADDRESS = 1, OPTION_TARGET_LINK_ADDRESS = 2 };
enum { FLAG_ROUTER = 0x80, FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20 };

static const uint8_t type_of_kind[ICMP_OTHER] = {
    [ICMP_ECHO_REQUEST] = TYPE_ECHO_REQUEST,
    [ICMP_ECHO_REPLY] = TYPE_ECHO_REPLY,
    [ICMP_UNREACHABLE] = TYPE_UNREACHABLE,
    [ICMP_TOO_BIG] = TYPE_TOO_BIG,
    [ICMP_TIME_EXCEEDED] = TYPE_TIME_EXCEEDED,
    [ICMP_PARAMETER_PROBLEM] = TYPE_PARAMETER_PROBLEM,
    [ICMP_REDIRECT] = TYPE_REDIRECT,
    [ICMP_NEIGHBOR_SOLICITATION] = TYPE_NEIGHBOR_SOLICITATION,
    [ICMP_NEIGHBOR_ADVERTISEMENT] = TYPE_NEIGHBOR_ADVERTISEMENT,
    [ICMP_ROUTER_SOLICITATION] = TYPE_ROUTER_SOLICITATION,
    [ICMP_ROUTER_ADVERTISEMENT] = TYPE_ROUTER_ADVERTISEMENT,
};

static enum icmp_kind kind_of(uint8_t type)
{
    for (unsigned kind = 0; kind < ICMP_OTHER; kind++) {
        if (type_of_kind[kind] == type && type != 0)
            return (enum icmp_kind)kind;
    }
    return ICMP_OTHER;
}

/* The least length of a neighbour discovery message, where its options begin (RFC 4861 4); 0 for
 * other kinds. */
static size_t options_from(enum icmp_kind kind)
{
    switch (kind) {
    case ICMP_ROUTER_SOLICITATION:
        return 8;
    case ICMP_ROUTER_ADVERTISEMENT:
        return 16;
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
        return TARGET_END;
    case ICMP_REDIRECT:
        return 40;
    case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY: case ICMP_UNREACHABLE: case ICMP_TOO_BIG:
    case ICMP_TIME_EXCEEDED: case ICMP_PARAMETER_PROBLEM: case ICMP_SOURCE_QUENCH: case ICMP_OTHER:
        break;
    }
    return 0;
}

/* Which option carries the link-layer address that matters (RFC 4861 4.6.1). */
static uint8_t link_option(enum icmp_kind kind)
{
    return kind == ICMP_NEIGHBOR_ADVERTISEMENT || kind == ICMP_REDIRECT
               ? OPTION_TARGET_LINK_ADDRESS : OPTION_SOURCE_LINK_ADDRESS;
}

/* Options from `i` on. False: one of length zero, or one that does not fit (RFC 4861 4.6). The
 * comment in the loop is for tests/proof. */
static bool parse_options(const uint8_t *h, size_t i, size_t length, struct icmp_message *out)
{
    while (i < length) {
        //@ dynamic_split i;
        if (length - i < 2 || h[i + 1] == 0)
            return false;
        size_t size = h[i + 1] * 8u;
        if (size > length - i)
            return false;
        if (h[i] == link_option(out->kind) && size == LINK_OPTION) {
            out->has_link_address = true;
            memcpy(out->link_address, h + i + 2, 6);
        }
        i += size;
    }
    return true;
}

/* ff02::1:ff00:0/104 (RFC 4291 2.7.1) */
static bool is_solicited_node(const struct aksu_ip *ip)
{
    static const struct aksu_ip prefix = { { 0xff, 2, [11] = 1, [12] = 0xff } };
    return ip_in_prefix(ip, &prefix, 104);
}

/* What RFC 4861 6.1.1, 6.1.2, 7.1.1, 7.1.2 and 8.1 ask of the addresses. */
static bool addresses_fit(const struct icmp_message *m, const struct aksu_ip *source,
                          const struct aksu_ip *destination)
{
    switch (m->kind) {
    case ICMP_ROUTER_SOLICITATION:
        return !ip_is_unspecified(source) || !m->has_link_address;
    case ICMP_ROUTER_ADVERTISEMENT: case ICMP_REDIRECT:
        return ip_is_link_local(source);
    case ICMP_NEIGHBOR_SOLICITATION:
        if (ip_is_unspecified(source) && (!is_solicited_node(destination) || m->has_link_address))
            return false;
        return !ip_is_multicast(&m->target);
    case ICMP_NEIGHBOR_ADVERTISEMENT:
        if (ip_is_multicast(destination) && m->solicited)
            return false;
        return !ip_is_multicast(&m->target);
    case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY: case ICMP_UNREACHABLE: case ICMP_TOO_BIG:
    case ICMP_TIME_EXCEEDED: case ICMP_PARAMETER_PROBLEM: case ICMP_SOURCE_QUENCH: case ICMP_OTHER:
        break;
    }
    return true;
}

static bool parse_discovery(const uint8_t *h, size_t length, struct icmp_message *out)
{
    size_t from = options_from(out->kind);
    if (length < from || out->code != 0)
        return false;
    if (from >= TARGET_END)
        memcpy(out->target.octet, h + HEADER, 16);
    return parse_options(h, from, length, out);
}

/* Octets 4 to 7, as the kind has them. */
static void parse_rest(const uint8_t *h, struct icmp_message *out)
{
    switch (out->kind) {
    case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY:
        out->echo_identifier = load_be16(h + 4);
        out->echo_sequence = load_be16(h + 6);
        break;
    case ICMP_TOO_BIG:
        out->mtu = load_be32(h + 4);
        break;
    case ICMP_PARAMETER_PROBLEM: case ICMP_ROUTER_ADVERTISEMENT: case ICMP_OTHER:
        out->pointer = load_be32(h + 4);
        break;
    case ICMP_NEIGHBOR_ADVERTISEMENT:
        out->router = h[4] & FLAG_ROUTER;
        out->solicited = h[4] & FLAG_SOLICITED;
        out->override = h[4] & FLAG_OVERRIDE;
        break;
    case ICMP_UNREACHABLE: case ICMP_TIME_EXCEEDED: case ICMP_SOURCE_QUENCH: case ICMP_REDIRECT:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_ROUTER_SOLICITATION:
        break;
    }
}

enum icmp_fault wire_icmpv6_parse(struct reader *r, const struct aksu_ip *source,
                                  const struct aksu_ip *destination, uint8_t hop_limit,
                                  struct icmp_message *out)
{
    size_t length = reader_left(r);
    const uint8_t *h = read_octets(r, HEADER);
    if (h == NULL)
        return ICMP_TRUNCATED;
    struct checksum c = checksum_pseudo(source, destination, IP_PROTOCOL_ICMPV6, (uint32_t)length);
    checksum_add(&c, h, length);
    if (checksum_finish(&c) != 0)
        return ICMP_CHECKSUM;

    *out = (struct icmp_message){ .kind = kind_of(h[0]), .type = h[0], .code = h[1] };
    parse_rest(h, out);
    out->body = h + HEADER;
    out->body_length = length - HEADER;
    r->at = r->end;
    if (options_from(out->kind) == 0)
        return ICMP_GOOD;
    /* RFC 4861 7.1 */
    if (hop_limit != 255 || !parse_discovery(h, length, out)
        || !addresses_fit(out, source, destination))
        return ICMP_MALFORMED;
    return ICMP_GOOD;
}

static bool has_target(const struct icmp_message *in)
{
    return in->kind == ICMP_NEIGHBOR_SOLICITATION || in->kind == ICMP_NEIGHBOR_ADVERTISEMENT;
}

static uint32_t rest_of(const struct icmp_message *in)
{
    switch (in->kind) {
    case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY:
        return (uint32_t)in->echo_identifier << 16 | in->echo_sequence;
    case ICMP_TOO_BIG:
        return in->mtu;
    case ICMP_NEIGHBOR_ADVERTISEMENT:
        return (uint32_t)((in->router ? FLAG_ROUTER : 0) | (in->solicited ? FLAG_SOLICITED : 0)
                          | (in->override ? FLAG_OVERRIDE : 0)) << 24;
    case ICMP_PARAMETER_PROBLEM: case ICMP_ROUTER_ADVERTISEMENT: case ICMP_OTHER:
        return in->pointer;
    case ICMP_UNREACHABLE: case ICMP_TIME_EXCEEDED: case ICMP_SOURCE_QUENCH: case ICMP_REDIRECT:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_ROUTER_SOLICITATION:
        break;
    }
    return 0;
}

/* Target and link-layer address option of a discovery message; false when there was no room. */
static bool build_discovery(struct writer *w, const struct icmp_message *in)
{
    if (has_target(in)) {
        uint8_t *target = write_space(w, 16);
        if (target != NULL)
            memcpy(target, in->target.octet, 16);
    }
    if (in->has_link_address) {
        uint8_t *option = write_space(w, LINK_OPTION);
        if (option != NULL) {
            option[0] = link_option(in->kind);
            option[1] = 1;
            memcpy(option + 2, in->link_address, 6);
        }
    }
    return !w->bad;
}

void wire_icmpv6_build(struct writer *w, const struct aksu_ip *source,
                       const struct aksu_ip *destination, const struct icmp_message *in)
{
    if (in->kind == ICMP_SOURCE_QUENCH)
        bug("wire_icmpv6_build: a kind that ICMPv6 has");
    bool built_here = has_target(in) || in->kind == ICMP_ROUTER_SOLICITATION;
    uint8_t *h = write_space(w, HEADER);
    if (h == NULL)
        return;
    h[0] = in->kind == ICMP_OTHER ? in->type : type_of_kind[in->kind];
    h[1] = in->code;
    store_be16(h + 2, 0);
    store_be32(h + 4, rest_of(in));
    if (built_here) {
        if (!build_discovery(w, in))
            return;
    } else if (in->body_length > 0) {
        uint8_t *body = write_space(w, in->body_length);
        if (body == NULL)
            return;
        memcpy(body, in->body, in->body_length);
    }
    size_t length = (size_t)(w->at - h);
    struct checksum c = checksum_pseudo(source, destination, IP_PROTOCOL_ICMPV6, (uint32_t)length);
    checksum_add(&c, h, length);
    store_be16(h + 2, checksum_finish(&c));
}
