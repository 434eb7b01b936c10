/* tap.c - frames from and to a TAP or TUN device (Linux: tun.c of the kernel, if_tun.h). Opened
 * by tap_open.c. A device that is down loses frames, as a cable that was pulled;
 * one that was deleted is gone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/tap.h"
#include "device/vnet.h"
#include "wire/ethernet.h"

enum { BATCH = 32,
       ROOM = 65535 + 14 + 18,              /* the largest packet with any Ethernet header */
       SLOT = (ROOM + 127) & ~63,
       SMALL = 512 };                       /* copying so little is cheaper than a list of parts */

struct tap {
    struct aksu_interface base;
    struct tap_format format;
    unsigned before;                        /* octets before each frame */
    size_t link;
    uint8_t head[TAP_HEAD_MOST + SMALL];    /* of the frame that is going out, and a small one */
    uint8_t slot[BATCH][SLOT];
};

static struct tap *tap_of(struct aksu_interface *i)
{
    return (struct tap *)i;
}

static void gone(struct aksu_interface *i)
{
    device_gone(i, "the device %s was deleted: make it again, and open it again", i->name);
}

/* --- in --- */

/* So that the IP header stands at a multiple of 16. */
static uint8_t *slot_start(struct tap *t, unsigned n)
{
    return t->slot[n] + (64 - t->before - t->link);
}

/* False: the frame is not one to hand on. */
static bool take(struct tap *t, const uint8_t *start, size_t length, struct aksu_frame *out)
{
    const uint8_t *vnet = start + (t->format.packet_information ? TAP_PACKET_INFORMATION : 0);
    if (length <= t->before || length - t->before > (size_t)ROOM)
        return false;
    out->device = (aksu_device){ 0 };
    out->gso_size = 0;
    out->checksum_partial = false;
    if (t->format.vnet_header != 0 && !vnet_get(vnet, t->format.little, out))
        return false;
    out->parts = 1;
    out->length = (uint32_t)(length - t->before);
    out->part[0] = (struct aksu_slice){ start + t->before, out->length };
    return true;
}

static int receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct tap *t = tap_of(i);
    unsigned n = 0;
    if (most > BATCH)
        most = BATCH;
    for (unsigned tries = 0; n < most && tries < BATCH; tries++) {
        uint8_t *start = slot_start(t, n);
        ssize_t length = read(i->fd, start, t->before + (size_t)ROOM + 1);
        if (length >= 0) {
            if (take(t, start, (size_t)length, &out[n]))
                n++;
            else
                i->lost++;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno == EBADFD || errno == EBADF) {
            gone(i);
            return n > 0 ? (int)n : -1;
        } else if (errno != EINTR) {
            device_gone(i, "the device %s cannot be read: %s", i->name, strerror(errno));
            return n > 0 ? (int)n : -1;
        }
    }
    return (int)n;
}

/* --- out --- */

static void write_head(struct tap *t, const struct aksu_frame *frame)
{
    uint8_t *to = t->head;
    if (t->format.packet_information) {
        bool v4 = frame->part[0].data[0] >> 4 == 4;
        store_be16(to, 0);
        store_be16(to + 2, v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
        to += TAP_PACKET_INFORMATION;
    }
    if (t->format.vnet_header != 0)
        vnet_put(to, frame, t->link, t->format.little);
}

static enum aksu_transmit failed(struct aksu_interface *i)
{
    switch (errno) {
    case EAGAIN:
        return AKSU_TRANSMIT_FULL;
    case ENOBUFS:
    case ENOMEM:
    case EINTR:
        return AKSU_TRANSMIT_LATER;
    case EBADFD:
    case EBADF:
        gone(i);
        return AKSU_TRANSMIT_GONE;
    default:                        /* EIO: the device is down */
        return AKSU_TRANSMIT_LOST;
    }
}

static ssize_t write_small(struct tap *t, const struct aksu_frame *frame)
{
    uint8_t *to = t->head + t->before;
    for (uint32_t k = 0; k < frame->parts; k++) {
        memcpy(to, frame->part[k].data, frame->part[k].length);
        to += frame->part[k].length;
    }
    return write(t->base.fd, t->head, t->before + frame->length);
}

static ssize_t write_large(struct tap *t, const struct aksu_frame *frame)
{
    struct iovec v[1 + AKSU_FRAME_PARTS];
    unsigned count = device_iovec(frame, v + 1), first = t->before == 0;
    v[0] = (struct iovec){ t->head, t->before };
    return writev(t->base.fd, v + first, (int)(count + 1 - first));
}

static enum aksu_transmit transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct tap *t = tap_of(i);
    write_head(t, frame);
    ssize_t n = frame->length <= SMALL ? write_small(t, frame) : write_large(t, frame);
    return n < 0 ? failed(i) : AKSU_TRANSMIT_DONE;
}

static void close_tap(struct aksu_interface *i)
{
    close(i->fd);
    free(tap_of(i));
}

struct aksu_interface *tap_new(int fd, const char *name, const struct tap_format *format,
                               const struct aksu_interface_config *config, uint32_t mtu,
                               char why[AKSU_WHY])
{
    static const struct aksu_interface_ops ops = { receive, transmit, NULL, close_tap };
    struct tap *t = calloc(1, sizeof *t);
    if (t == NULL) {
        device_why(why, "no memory for the device %s: %zu octets are needed", name, sizeof *t);
        return NULL;
    }
    if (!device_init(&t->base, &ops, fd, name, config, mtu, format->bare, why)) {
        free(t);
        return NULL;
    }
    t->format = *format;
    t->before = format->vnet_header + (format->packet_information ? TAP_PACKET_INFORMATION : 0u);
    t->link = format->bare ? 0 : ETHERNET_HEADER;
    if (format->vnet_header != 0 && !config->no_offload)
        t->base.device.offload = AKSU_OFFLOAD_CHECKSUM | AKSU_OFFLOAD_TSO;
    return &t->base;
}
