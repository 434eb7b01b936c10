/* packet.h - between opening a packet socket (packet_open.c) and its frames (packet.c). */
#ifndef DEVICE_PACKET_H
#define DEVICE_PACKET_H

#include "device/device.h"

/* A ring of slots in memory that is shared with the kernel: a frame each, in turn. */
enum { PACKET_BLOCK = 1 << 20, PACKET_SLOT_LEAST = 2048,
       PACKET_SLOT_HEAD = 128,      /* octets that the kernel may want before a frame */
       PACKET_LARGE = 16,           /* frames of one batch that are too large for a slot */
       PACKET_LARGE_ROOM = 65536 + 64 };

struct packet {
    struct aksu_interface base;
    uint8_t *ring;                  /* mapped */
    size_t ring_length;
    uint32_t slot_size, slots;
    uint32_t next;                  /* slot to look at */
    uint32_t lent;                  /* slots before that which the caller still reads */
    uint32_t large_used;
    bool vnet;                      /* a virtio header before each frame, both ways */
    bool down;                      /* it was once, and may be deleted by now */
    uint8_t large[PACKET_LARGE][PACKET_LARGE_ROOM];
};

extern const struct aksu_interface_ops packet_ops;

#endif
