/* arp.h - ARP for IPv4 over Ethernet (RFC 826). */
#ifndef WIRE_ARP_H
#define WIRE_ARP_H

#include "base/bytes.h"

enum { ARP_LENGTH = 28, ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp_packet {
    uint16_t operation;
    uint8_t sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
};

/* False: truncated, or not Ethernet + IPv4. */
bool wire_arp_parse(struct reader *r, struct arp_packet *out);
void wire_arp_build(struct writer *w, const struct arp_packet *in);

#endif
