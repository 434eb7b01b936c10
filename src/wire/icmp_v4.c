/* icmp_v4.c - ICMP for IPv4 (RFC 792, RFC 1191 4). Called by ip. */
#include "base/check.h"
#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/icmp.h"

enum { HEADER = 8 };
enum { TYPE_ECHO_REPLY = 0, TYPE_UNREACHABLE = 3, TYPE_SOURCE_QUENCH = 4, TYPE_REDIRECT = 5,
       TYPE_ECHO = 8, TYPE_TIME_EXCEEDED = 11, TYPE_PARAMETER_PROBLEM = 12 };
enum { CODE_FRAGMENTATION_NEEDED = 4 };

static enum icmp_kind kind_of(uint8_t type, uint8_t code)
{
    switch (type) {
    case TYPE_ECHO_REPLY:
        return ICMP_ECHO_REPLY;
    case TYPE_UNREACHABLE:
        return code == CODE_FRAGMENTATION_NEEDED ? ICMP_TOO_BIG : ICMP_UNREACHABLE;
    case TYPE_SOURCE_QUENCH:
        return ICMP_SOURCE_QUENCH;
    case TYPE_REDIRECT:
        return ICMP_REDIRECT;
    case TYPE_ECHO:
        return ICMP_ECHO_REQUEST;
    case TYPE_TIME_EXCEEDED:
        return ICMP_TIME_EXCEEDED;
    case TYPE_PARAMETER_PROBLEM:
        return ICMP_PARAMETER_PROBLEM;
    default:
        return ICMP_OTHER;
    }
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
        out->mtu = load_be16(h + 6);    /* RFC 1191 4 */
        break;
    case ICMP_PARAMETER_PROBLEM:
        out->pointer = h[4];
        break;
    case ICMP_REDIRECT:
        out->target = ip_from_v4(h + 4);
        break;
    case ICMP_OTHER:
        out->pointer = load_be32(h + 4);
        break;
    case ICMP_UNREACHABLE: case ICMP_TIME_EXCEEDED: case ICMP_SOURCE_QUENCH:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
    case ICMP_ROUTER_SOLICITATION: case ICMP_ROUTER_ADVERTISEMENT:
        break;
    }
}

enum icmp_fault wire_icmpv4_parse(struct reader *r, struct icmp_message *out)
{
    size_t length = reader_left(r);
    const uint8_t *h = read_octets(r, HEADER);
    if (h == NULL)
        return ICMP_TRUNCATED;
    if (checksum_words(h, length) != 0xffff)
        return ICMP_CHECKSUM;

    *out = (struct icmp_message){ .kind = kind_of(h[0], h[1]), .type = h[0], .code = h[1] };
    parse_rest(h, out);
    out->body = h + HEADER;
    out->body_length = length - HEADER;
    r->at = r->end;
    return ICMP_GOOD;
}

static uint8_t type_of(const struct icmp_message *in)
{
    switch (in->kind) {
    case ICMP_ECHO_REQUEST:
        return TYPE_ECHO;
    case ICMP_ECHO_REPLY:
        return TYPE_ECHO_REPLY;
    case ICMP_UNREACHABLE: case ICMP_TOO_BIG:
        return TYPE_UNREACHABLE;
    case ICMP_TIME_EXCEEDED:
        return TYPE_TIME_EXCEEDED;
    case ICMP_PARAMETER_PROBLEM:
        return TYPE_PARAMETER_PROBLEM;
    case ICMP_SOURCE_QUENCH:
        return TYPE_SOURCE_QUENCH;
    case ICMP_REDIRECT:
        return TYPE_REDIRECT;
    case ICMP_OTHER:
        return in->type;
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
    case ICMP_ROUTER_SOLICITATION: case ICMP_ROUTER_ADVERTISEMENT:
        break;
    }
    bug("wire_icmpv4_build: a kind that ICMP for IPv4 has");
}

static void build_rest(uint8_t *h, const struct icmp_message *in)
{
    store_be32(h + 4, 0);
    switch (in->kind) {
    case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY:
        store_be16(h + 4, in->echo_identifier);
        store_be16(h + 6, in->echo_sequence);
        break;
    case ICMP_TOO_BIG:
        store_be16(h + 6, (uint16_t)in->mtu);
        break;
    case ICMP_PARAMETER_PROBLEM:
        h[4] = (uint8_t)in->pointer;
        break;
    case ICMP_REDIRECT:
        memcpy(h + 4, ip_v4(&in->target), 4);
        break;
    case ICMP_OTHER:
        store_be32(h + 4, in->pointer);
        break;
    case ICMP_UNREACHABLE: case ICMP_TIME_EXCEEDED: case ICMP_SOURCE_QUENCH:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
    case ICMP_ROUTER_SOLICITATION: case ICMP_ROUTER_ADVERTISEMENT:
        break;
    }
}

void wire_icmpv4_build(struct writer *w, const struct icmp_message *in)
{
    uint8_t *h = write_space(w, HEADER + in->body_length);
    if (h == NULL)
        return;
    h[0] = type_of(in);
    h[1] = in->kind == ICMP_TOO_BIG ? CODE_FRAGMENTATION_NEEDED : in->code;
    store_be16(h + 2, 0);
    build_rest(h, in);
    if (in->body_length > 0)
        memcpy(h + HEADER, in->body, in->body_length);
    store_be16(h + 2, (uint16_t)~checksum_words(h, HEADER + in->body_length));
}
