/* tap.h - between opening a TAP or TUN device (tap_open.c) and its frames (tap.c). */
#ifndef DEVICE_TAP_H
#define DEVICE_TAP_H

#include "device/device.h"
#include "device/vnet.h"

enum { TAP_PACKET_INFORMATION = 4,          /* octets: flags, EtherType (without IFF_NO_PI) */
       TAP_HEAD_MOST = TAP_PACKET_INFORMATION + VNET_HEADER_MOST };

/* How frames come and go on a descriptor. */
struct tap_format {
    bool bare;                              /* IP packets */
    bool packet_information;                /* before everything else */
    bool little;                            /* the virtio header is in little-endian order */
    unsigned vnet_header;                   /* octets of it; 0: none */
};

/* Takes the descriptor over, non-blocking already. NULL: `why`; the descriptor is still the
 * caller's. */
struct aksu_interface *tap_new(int fd, const char *name, const struct tap_format *format,
                               const struct aksu_interface_config *config, uint32_t mtu,
                               char why[AKSU_WHY]);

#endif
