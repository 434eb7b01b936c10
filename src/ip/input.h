/* input.h - an IP packet arrives: every check between the link header and the transport (RFC 791
 * 3.1, RFC 1122 3.2.1, RFC 8200 3, 4), fragments included. Changes nothing but the reassembly
 * state; sends and emits nothing: the stack turns the verdict into events and ICMP messages.
 * Source-routed packets are dropped; other IPv4 options are ignored. */
#ifndef IP_INPUT_H
#define IP_INPUT_H

#include "ip/packet.h"
#include "ip/reassembly.h"
#include "ip/route.h"

struct ip_arrival {
    uint32_t device;                /* aksu_device.index */
    bool link_broadcast;            /* the link's destination was a broadcast or a group */
    bool loopback;                  /* our own packet come back: loopback addresses are allowed, as
                                       over a device that carries them */
    bool checksum_verified;         /* aksu_frame.checksum_partial of a trusted device */
    uint16_t gso_size;              /* of the frame */
    const struct aksu_slice *part;  /* part[0] starts with the IP header and holds all headers */
    uint32_t parts;                 /* 1..AKSU_FRAME_PARTS */
};

enum ip_verdict {
    IP_DELIVER,             /* out is a packet for us; out->protocol says for whom */
    IP_HELD,                /* a fragment, kept until the others come */
    IP_DROP,                /* out->why */
    IP_PARAMETER_PROBLEM    /* dropped (out->why), and an ICMP Parameter Problem is due:
                               icmp_error_build(out, ICMP_PARAMETER_PROBLEM, out->problem_code,
                               out->problem_pointer) */
};

/* Borrows `in` as long as *out is used. When out->reassembled, the payload lies in pages that the
 * next ip_input or reassembly call takes back (reassembly_release does so at once). For IP_DELIVER
 * and IP_PARAMETER_PROBLEM all of *out is valid; for the others only out->why. */
enum ip_verdict ip_input(const struct route_table *routes, struct reassembly *reassembly,
                         const struct ip_arrival *in, struct ip_packet *out, aksu_time now);

#endif
