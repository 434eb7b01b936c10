/* arp.c - an ARP packet for IPv4 over Ethernet (RFC 826). Called by neighbor. */
#include "wire/arp.h"
#include "wire/ethernet.h"

enum { HARDWARE_ETHERNET = 1 };

bool wire_arp_parse(struct reader *r, struct arp_packet *out)
{
    const uint8_t *h = read_octets(r, ARP_LENGTH);
    if (h == NULL || load_be16(h) != HARDWARE_ETHERNET || load_be16(h + 2) != ETHERTYPE_IPV4
        || h[4] != 6 || h[5] != 4)
        return false;
    out->operation = load_be16(h + 6);
    memcpy(out->sender_mac, h + 8, 6);
    memcpy(out->sender_ip, h + 14, 4);
    memcpy(out->target_mac, h + 18, 6);
    memcpy(out->target_ip, h + 24, 4);
    return true;
}

void wire_arp_build(struct writer *w, const struct arp_packet *in)
{
    uint8_t *h = write_space(w, ARP_LENGTH);
    if (h == NULL)
        return;
    store_be16(h, HARDWARE_ETHERNET);
    store_be16(h + 2, ETHERTYPE_IPV4);
    h[4] = 6;
    h[5] = 4;
    store_be16(h + 6, in->operation);
    memcpy(h + 8, in->sender_mac, 6);
    memcpy(h + 14, in->sender_ip, 4);
    memcpy(h + 18, in->target_mac, 6);
    memcpy(h + 24, in->target_ip, 4);
}
