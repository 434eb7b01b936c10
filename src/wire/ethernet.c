/* ethernet.c - the Ethernet II header (RFC 894). Called by the stack for devices with frames. */
#include "wire/ethernet.h"

bool wire_ethernet_parse(struct reader *r, struct ethernet_header *out)
{
    const uint8_t *h = read_octets(r, ETHERNET_HEADER);
    if (h == NULL)
        return false;
    memcpy(out->destination, h, 6);
    memcpy(out->source, h + 6, 6);
    out->type = load_be16(h + 12);
    return true;
}

void wire_ethernet_build(struct writer *w, const struct ethernet_header *in)
{
    uint8_t *h = write_space(w, ETHERNET_HEADER);
    if (h == NULL)
        return;
    memcpy(h, in->destination, 6);
    memcpy(h + 6, in->source, 6);
    store_be16(h + 12, in->type);
}
