/* forge.h - frames that no stack sent, for scenarios with an attacker, a router that tells, or a
 * network that delivers late and twice: IPv4 packets built here, and copies of real frames. They
 * enter a way of a cable (0: from its first host to its second) and take its time. */
#ifndef LAB_FORGE_H
#define LAB_FORGE_H

#include "lab/stage.h"

enum { FORGE_MOST = 1500, FORGE_TTL = 64 };

struct forge_frame {
    unsigned length;            /* 0: it did not fit */
    uint8_t octet[FORGE_MOST];
};

/* A segment, RFC 9293 3.1. `options` are their octets, filled up with zeros to a whole word. */
struct forge_segment {
    struct aksu_endpoint from, to;      /* IPv4 */
    uint8_t ctl;                /* AKSU_SYN, ... */
    uint32_t seq, ack;
    uint16_t wnd, up;
    const uint8_t *options;
    unsigned options_length;    /* at most 40 */
    const char *text;           /* or NULL */
    unsigned length;            /* of the text */
    uint8_t ttl;                /* [64] */
};
struct forge_frame forge_segment(const struct forge_segment *segment);
/* A datagram, RFC 768. */
struct forge_frame forge_datagram(const struct aksu_endpoint *from, const struct aksu_endpoint *to,
                                  const char *text, unsigned length);
/* An ICMP error, RFC 792, about `quoted`: its IP header and the first 8 octets behind it. `rest` is
 * the second word of the ICMP header: the MTU of the next hop for type 3, code 4 (RFC 1191 4). */
struct forge_frame forge_icmp(const struct aksu_ip *from, const struct aksu_ip *to, uint8_t type,
                              uint8_t code, uint32_t rest, const struct forge_frame *quoted);

/* The frame enters the way, now. */
void forge_send(struct aksu_sim_cable *cable, unsigned way, const struct forge_frame *frame);
/* At a time since the act began. */
void forge_send_at(struct lab *lab, aksu_time at, struct aksu_sim_cable *cable, unsigned way,
                   const struct forge_frame *frame);

/* The nth TCP segment (from 0) that enters the way and whose flags within `mask` are `ctl`, as it
 * was on the wire; it passes as well. One capture for each way at a time. `length` is 0 until it
 * came. The network delivers it a second time when it is given to forge_send. */
const struct forge_frame *forge_capture(struct lab *lab, struct aksu_sim_cable *cable,
                                        unsigned way, uint8_t mask, uint8_t ctl, unsigned nth);

#endif
