/* vnet.h - the header that Linux puts before frames when they may be larger than the MTU or lack
 * their checksum (struct virtio_net_hdr of VIRTIO 5.1.6). Called by tap.c and packet.c. */
#ifndef DEVICE_VNET_H
#define DEVICE_VNET_H

#include "aksu/stack.h"

enum { VNET_HEADER = 10,            /* octets that mean something; more may follow, all zero */
       VNET_HEADER_MOST = 32 };

/* What the header says about a frame that the stack hands out; `link` octets stand before its IP
 * header. `little`: in little-endian order, else in the machine's. */
void vnet_put(uint8_t out[VNET_HEADER], const struct aksu_frame *frame, size_t link, bool little);
/* Sets frame->gso_size and frame->checksum_partial. False: of a kind that nobody asked for. */
bool vnet_get(const uint8_t in[VNET_HEADER], bool little, struct aksu_frame *frame);

#endif
