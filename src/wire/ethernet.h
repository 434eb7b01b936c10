/* ethernet.h - Ethernet II frames (RFC 894, RFC 2464 3). */
#ifndef WIRE_ETHERNET_H
#define WIRE_ETHERNET_H

#include "base/bytes.h"

enum { ETHERNET_HEADER = 14 };
enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_IPV6 = 0x86dd };

struct ethernet_header {
    uint8_t destination[6], source[6];
    uint16_t type;
};

bool wire_ethernet_parse(struct reader *r, struct ethernet_header *out);
void wire_ethernet_build(struct writer *w, const struct ethernet_header *in);

#endif
