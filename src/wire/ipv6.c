/* ipv6.c - the IPv6 header to a value and back (RFC 8200 3). Called by ip and the stack. */
#include "wire/ipv6.h"

enum ipv6_fault wire_ipv6_parse(struct reader *r, struct ipv6_header *out)
{
    const uint8_t *h = read_octets(r, IPV6_HEADER);
    if (h == NULL)
        return IPV6_TRUNCATED;
    uint32_t first = load_be32(h);
    if (first >> 28 != 6)
        return IPV6_VERSION;
    out->payload_length = load_be16(h + 4);
    if (out->payload_length > reader_left(r))
        return IPV6_PAYLOAD_LENGTH;

    out->traffic_class = (uint8_t)(first >> 20 & 0xff);
    out->flow_label = first & 0xfffff;
    out->next_header = h[6];
    out->hop_limit = h[7];
    memcpy(out->source.octet, h + 8, 16);
    memcpy(out->destination.octet, h + 24, 16);
    r->end = r->at + out->payload_length;
    return IPV6_GOOD;
}

void wire_ipv6_build(struct writer *w, const struct ipv6_header *in)
{
    uint8_t *h = write_space(w, IPV6_HEADER);
    if (h == NULL)
        return;
    store_be32(h, 6u << 28 | (uint32_t)in->traffic_class << 20 | (in->flow_label & 0xfffff));
    store_be16(h + 4, in->payload_length);
    h[6] = in->next_header;
    h[7] = in->hop_limit;
    memcpy(h + 8, in->source.octet, 16);
    memcpy(h + 24, in->destination.octet, 16);
}
