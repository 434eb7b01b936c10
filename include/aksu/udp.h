/* udp.h - UDP endpoints (RFC 768): datagrams in and out, bounded queues, no promises. */
#ifndef AKSU_UDP_H
#define AKSU_UDP_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* local: unspecified address: any of ours; port 0: ephemeral. remote: unspecified: anybody, else
 * only datagrams of this peer are taken and it is the default destination. At most `queue`
 * octets of datagrams wait to be read [64 KiB]; what does not fit is dropped and counted. */
struct aksu_udp_open {
    struct aksu_endpoint local, remote;
    uint32_t queue;
    uint64_t cookie;
    aksu_device device;     /* index not 0: only through this device, in and out. As long as it
                               has no IPv4 address, the limited broadcast may be sent (from
                               0.0.0.0), and what comes to any unicast IPv4 address is taken
                               (RFC 2131 4.1) */
};
/* ALREADY_EXISTS, ADDRESS_UNAVAILABLE, UNREACHABLE_NET, NO_RESOURCES, INVALID (no such device,
 * families differ). */
AKSU_API enum aksu_status aksu_udp_open(struct aksu *net, const struct aksu_udp_open *how,
                                        aksu_udp *out);
AKSU_API enum aksu_status aksu_udp_close(struct aksu *net, aksu_udp udp);
/* OK, TOO_LONG (over 65507 octets less options), REMOTE_UNSPECIFIED, UNREACHABLE_NET,
 * NO_RESOURCES. */
AKSU_API enum aksu_status aksu_udp_send(struct aksu *net, aksu_udp udp,
                                        const struct aksu_endpoint *to, const void *data,
                                        size_t length, aksu_time now);
/* Octets of one datagram (cut to `room`), or -status: WOULD_BLOCK; UNREACHABLE_PORT and other ICMP
 * errors are reported once. */
AKSU_API ptrdiff_t aksu_udp_receive(struct aksu *net, aksu_udp udp, struct aksu_endpoint *from,
                                    void *data, size_t room);

#ifdef __cplusplus
}
#endif
#endif
