/* packet.h - an IP packet that passed ip_input, version 4 or 6 alike, as a value that borrows its
 * octets. What udp_input, the ICMP functions and the stack's TCP path are given. */
#ifndef IP_PACKET_H
#define IP_PACKET_H

#include "aksu/stack.h"
#include "base/ip_addr.h"

struct ip_packet {
    struct aksu_ip source, destination;
    uint32_t device;                /* where it arrived */
    uint8_t protocol;               /* of the payload: the last Next Header for IPv6 */
    uint8_t tos;                    /* DSCP << 2 | ECN (IPv6: traffic class) */
    uint8_t ttl;                    /* or hop limit */
    bool link_broadcast;            /* came as a link-layer broadcast or multicast */
    bool group;                     /* destination is a broadcast address or a multicast group */
    bool checksum_verified;         /* the device vouches for the transport checksum */
    bool reassembled;
    bool early;                     /* to a unicast address that is not ours, on a device without an
                                       IPv4 address: for UDP endpoints of that device alone */
    uint16_t gso_size;              /* aksu_frame.gso_size of the frame that it came in */
    const uint8_t *header;          /* with options or extension headers, contiguous */
    uint32_t header_length;         /* octets of it */
    uint32_t length;                /* octets of payload */
    uint32_t parts;                 /* slices of payload; at least 1 */
    struct aksu_slice payload[AKSU_FRAME_PARTS];    /* padding after the packet is cut off; the
                                       first is empty only when all are */
    /* When the packet was refused (ip_input): */
    const char *why;                /* a constant text for the event frame_dropped */
    uint8_t problem_code;           /* for IP_PARAMETER_PROBLEM (RFC 4443 3.4; IPv4: 0) */
    uint32_t problem_pointer;       /* octets from the start of the IP header */
    bool problem_even_multicast;    /* RFC 8200 4.2 option type 10 */
};

/* Copies the payload into one piece; octets copied, or 0 when `room` is less than its length. */
static inline size_t ip_payload_copy(const struct ip_packet *p, uint8_t *to, size_t room)
{
    size_t length = 0;
    if (p->length > room)
        return 0;
    for (uint32_t i = 0; i < p->parts; i++) {
        if (p->payload[i].length > 0)
            memcpy(to + length, p->payload[i].data, p->payload[i].length);
        length += p->payload[i].length;
    }
    return length;
}

#endif
