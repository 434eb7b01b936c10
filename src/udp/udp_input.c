/* udp_input.c - a datagram or an ICMP error arrives (RFC 768, RFC 1122 4.1.3, RFC 8200 8.1).
 * Called by the stack after ip_input and icmp_error_parse. */
#include "udp/udp_internal.h"
#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

/* The same checks as wire_udp_parse, over several slices. */
static enum udp_fault parse_parts(const struct ip_packet *p, const struct aksu_slice *part,
                                  uint32_t parts, struct udp_header *out)
{
    struct reader r = reader_of(part[0].data, part[0].length);
    out->source_port = read_be16(&r);
    out->destination_port = read_be16(&r);
    out->length = read_be16(&r);
    out->checksum = read_be16(&r);
    if (r.bad)
        return UDP_TRUNCATED;
    if (out->length < UDP_HEADER || out->length > p->length)
        return UDP_LENGTH;
    if (out->checksum == 0)
        return ip_is_v4(&p->destination) ? UDP_GOOD : UDP_NO_CHECKSUM;
    if (p->checksum_verified)
        return UDP_GOOD;

    struct checksum c = checksum_pseudo(&p->source, &p->destination, IP_PROTOCOL_UDP, out->length);
    size_t left = out->length;
    for (uint32_t i = 0; i < parts && left > 0; i++) {
        size_t run = part[i].length < left ? part[i].length : left;
        checksum_add(&c, part[i].data, run);
        left -= run;
    }
    return checksum_finish(&c) == 0 ? UDP_GOOD : UDP_CHECKSUM;
}

static enum udp_fault parse(const struct ip_packet *p, struct udp_header *out)
{
    if (p->parts > 1)
        return parse_parts(p, p->payload, p->parts, out);
    struct reader r = reader_of(p->payload[0].data, p->payload[0].length);
    return wire_udp_parse(&r, &p->source, &p->destination, p->checksum_verified, out);
}

static const char *fault_text(enum udp_fault fault)
{
    switch (fault) {
    case UDP_GOOD:
        break;
    case UDP_TRUNCATED:
        return "UDP header truncated";
    case UDP_LENGTH:
        return "UDP length";
    case UDP_CHECKSUM:
        return "UDP checksum";
    case UDP_NO_CHECKSUM:
        return "no UDP checksum over IPv6";
    }
    return NULL;
}

/* The text: the payload without the header, and without what follows the datagram's own length. */
static uint32_t text_of(const struct ip_packet *p, uint32_t length,
                        struct aksu_slice text[AKSU_FRAME_PARTS])
{
    uint32_t parts = 0;
    size_t skip = UDP_HEADER, left = length;
    for (uint32_t i = 0; i < p->parts && left > 0; i++) {
        struct aksu_slice s = { p->payload[i].data + skip, p->payload[i].length - skip };
        skip = 0;
        s.length = s.length < left ? s.length : left;
        left -= s.length;
        text[parts++] = s;
    }
    return parts;
}

static struct udp_result dropped(struct udp_result r, const char *why)
{
    r.verdict = UDP_DROPPED;
    r.why = why;
    return r;
}

struct udp_result udp_input(struct udp *u, const struct ip_packet *p)
{
    struct udp_result r = { .verdict = UDP_QUEUED };
    struct udp_header h;
    enum udp_fault fault = parse(p, &h);
    r.addressed = fault != UDP_TRUNCATED && fault != UDP_LENGTH;
    if (r.addressed) {
        r.local = (struct aksu_endpoint){ p->destination, h.destination_port };
        r.remote = (struct aksu_endpoint){ p->source, h.source_port };
        r.length = (uint32_t)h.length - UDP_HEADER;
    }
    if (fault != UDP_GOOD)
        return dropped(r, fault_text(fault));
    struct udp_endpoint *e = udp_match(u, p->device, &r.local, &r.remote, true);
    if (e == NULL || (p->early && e->device == 0)) {
        r.verdict = UDP_NOBODY;             /* RFC 1122 4.1.3.1 */
        r.why = "no such UDP port";
        return r;
    }
    r.to = udp_handle(e);
    r.cookie = e->cookie;

    struct udp_record record = { .from = r.remote, .to = r.local, .length = r.length };
    struct aksu_slice text[AKSU_FRAME_PARTS];
    uint32_t parts = text_of(p, r.length, text);
    if (!udp_put(u, &e->receive, e->queue, &record, text, parts)) {
        e->dropped++;
        return dropped(r, "no room for the datagram");
    }
    return r;
}

bool udp_icmp(struct udp *u, const struct icmp_error *error, aksu_udp *to, uint64_t *cookie)
{
    if (error->kind == ICMP_ERROR_IGNORE || error->protocol != IP_PROTOCOL_UDP)
        return false;
    struct udp_endpoint *e = udp_match(u, 0, &error->local, &error->remote, false);
    if (e == NULL)
        return false;
    if (error->kind != ICMP_ERROR_MTU)          /* the next one is cut smaller: no error */
        e->error = error->status;
    *to = udp_handle(e);
    *cookie = e->cookie;
    return true;
}

void udp_fail(struct udp *u, aksu_udp handle, enum aksu_status status)
{
    struct udp_endpoint *e = udp_get(u, handle);
    if (e != NULL)
        e->error = status;
}
