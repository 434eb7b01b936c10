/* output.c - IP headers, identifications and the cutting of datagrams (RFC 791 3.1, 3.2, RFC 8200
 * 3, 4.5). Called by the stack for everything it sends. */
#include "base/check.h"
#include "ip/output.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

size_t ip_header_length(const struct aksu_ip *destination)
{
    return ip_is_v4(destination) ? IPV4_HEADER : IPV6_HEADER;
}

struct cut {                    /* of one fragment */
    uint32_t offset;
    bool more;
};

static void build_v4(struct writer *w, const struct ip_out *out, uint32_t length, struct cut cut)
{
    struct ipv4_header h = {
        .source = out->source,
        .destination = out->destination,
        .total_length = (uint16_t)(IPV4_HEADER + length),
        .identification = (uint16_t)out->identification,
        .fragment_offset = (uint16_t)cut.offset,
        .tos = out->tos,
        .ttl = out->ttl,
        .protocol = out->protocol,
        .dont_fragment = out->dont_fragment,
        .more_fragments = cut.more,
    };
    wire_ipv4_build(w, &h);
}

static void build_v6(struct writer *w, const struct ip_out *out, uint32_t length, uint8_t next)
{
    struct ipv6_header h = {
        .source = out->source,
        .destination = out->destination,
        .payload_length = (uint16_t)length,
        .traffic_class = out->tos,
        .next_header = next,
        .hop_limit = out->ttl,
    };
    wire_ipv6_build(w, &h);
}

static bool too_long(const struct aksu_ip *destination, uint32_t payload_length)
{
    return payload_length > (ip_is_v4(destination) ? UINT16_MAX - IPV4_HEADER : UINT16_MAX);
}

void ip_build(struct writer *w, const struct ip_out *out, uint32_t payload_length)
{
    if (ip_is_v4(&out->source) != ip_is_v4(&out->destination))
        bug("ip_build: source and destination of one family");
    if (too_long(&out->destination, payload_length)) {
        w->bad = true;
        return;
    }
    if (ip_is_v4(&out->destination))
        build_v4(w, out, payload_length, (struct cut){ 0, false });
    else
        build_v6(w, out, payload_length, out->protocol);
}

void ip_ids_init(struct ip_ids *ids, const struct sipkey *key)
{
    memset(ids, 0, sizeof *ids);
    ids->key = *key;
}

uint32_t ip_identification(struct ip_ids *ids, const struct aksu_ip *source,
                           const struct aksu_ip *destination, uint8_t protocol)
{
    uint8_t flow[33];
    memcpy(flow, source->octet, 16);
    memcpy(flow + 16, destination->octet, 16);
    flow[32] = protocol;
    uint64_t hash = siphash24(&ids->key, flow, sizeof flow);
    return (uint32_t)hash + ids->next[hash >> 32 & (IP_ID_BUCKETS - 1)]++;
}

/* Payload of every fragment but the last: a multiple of 8. */
static uint32_t piece_room(const struct ip_cutter *c)
{
    uint32_t header = ip_is_v4(&c->out.destination) ? (uint32_t)IPV4_HEADER
                                                    : IPV6_HEADER + IPV6_FRAGMENT_HEADER;
    return c->mtu > header ? (c->mtu - header) & ~7u : 0;
}

enum aksu_status ip_cut(struct ip_cutter *c, const struct ip_out *out,
                        const struct aksu_slice *part, uint32_t parts, uint32_t mtu)
{
    if (parts > AKSU_FRAME_PARTS - 1)
        return AKSU_INVALID;
    c->out = *out;
    c->parts = parts;
    c->length = 0;
    c->at = 0;
    c->mtu = mtu;
    c->done = false;
    size_t length = 0;
    for (uint32_t i = 0; i < parts; i++) {
        c->part[i] = part[i];
        length += part[i].length;
        if (length > UINT16_MAX)
            return AKSU_TOO_LONG;
    }
    c->length = (uint32_t)length;
    if (too_long(&out->destination, c->length))
        return AKSU_TOO_LONG;

    c->whole = ip_header_length(&out->destination) + c->length <= mtu;
    if (!c->whole && ((ip_is_v4(&out->destination) && out->dont_fragment) || piece_room(c) == 0))
        return AKSU_TOO_LONG;
    return AKSU_OK;
}

/* The slices of the octets [at, at + length). */
static uint32_t window(const struct ip_cutter *c, size_t at, size_t length,
                       struct aksu_slice out[AKSU_FRAME_PARTS - 1])
{
    uint32_t parts = 0;
    for (uint32_t i = 0; i < c->parts && length > 0; i++) {
        const struct aksu_slice *s = &c->part[i];
        if (at >= s->length) {
            at -= s->length;
            continue;
        }
        size_t run = s->length - at < length ? s->length - at : length;
        out[parts++] = (struct aksu_slice){ s->data + at, run };
        length -= run;
        at = 0;
    }
    return parts;
}

static void build_fragment_header(struct writer *w, const struct ip_out *out, struct cut cut)
{
    write_u8(w, out->protocol);
    write_u8(w, 0);
    write_be16(w, (uint16_t)(cut.offset | cut.more));
    write_be32(w, out->identification);
}

bool ip_next_piece(struct ip_cutter *c, struct ip_piece *out)
{
    if (c->done)
        return false;
    uint32_t room = c->whole ? c->length : piece_room(c), left = c->length - c->at;
    struct cut cut = { .offset = c->at, .more = left > room };
    out->length = cut.more ? room : left;
    out->parts = window(c, c->at, out->length, out->part);

    struct writer w = writer_of(out->header, sizeof out->header);
    if (ip_is_v4(&c->out.destination)) {
        build_v4(&w, &c->out, out->length, cut);
    } else if (c->whole) {
        build_v6(&w, &c->out, out->length, c->out.protocol);
    } else {
        build_v6(&w, &c->out, IPV6_FRAGMENT_HEADER + out->length, IPV6_NEXT_FRAGMENT);
        build_fragment_header(&w, &c->out, cut);
    }
    out->header_length = (uint32_t)writer_length(&w);
    c->at += out->length;
    c->done = !cut.more;
    return true;
}
