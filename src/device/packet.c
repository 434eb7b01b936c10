/* packet.c - frames from and to an interface that others use too (Linux: packet(7)). Those that
 * arrive are read where the kernel put them, in a ring of version 2: version 3 packs them better,
 * but shows a block of them only when it is full or after a millisecond or more, which every round
 * trip would have to wait for. A frame too large for its slot is in the socket's queue besides.
 * Opened by packet_open.c. */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device/packet.h"
#include "device/vnet.h"
#include "wire/ethernet.h"

static struct packet *packet_of(struct aksu_interface *i)
{
    return (struct packet *)i;
}

static void gone(struct aksu_interface *i)
{
    device_gone(i, "the interface %s was deleted: make it again, and open it again", i->name);
}

/* --- in --- */

static struct tpacket2_hdr *slot(const struct packet *p, uint32_t n)
{
    return (void *)(p->ring + (size_t)(n & (p->slots - 1)) * p->slot_size);
}

/* The caller has read what was lent to him. */
static void give_back(struct packet *p)
{
    for (; p->lent > 0; p->lent--)
        __atomic_store_n(&slot(p, p->next - p->lent)->tp_status, TP_STATUS_KERNEL,
                         __ATOMIC_RELEASE);
    p->large_used = 0;
}

/* Frames for which the ring had no room. */
static void count_lost(struct packet *p)
{
    struct tpacket_stats stats;
    socklen_t length = sizeof stats;
    if (getsockopt(p->base.fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0)
        p->base.lost += stats.tp_drops;
}

/* The next frame of the queue, with its header. An error that waits is told first, once. */
static ssize_t read_large(struct packet *p, uint8_t *to)
{
    ssize_t length = recv(p->base.fd, to, PACKET_LARGE_ROOM, MSG_DONTWAIT | MSG_TRUNC);
    if (length < 0 && errno == ENETDOWN) {
        p->down = true;
        length = recv(p->base.fd, to, PACKET_LARGE_ROOM, MSG_DONTWAIT | MSG_TRUNC);
    }
    return length;
}

/* Where the frame is, behind its header; length 0: not to be had. */
static struct aksu_slice frame_of(struct packet *p, const struct tpacket2_hdr *h, uint32_t status)
{
    size_t before = p->vnet ? VNET_HEADER : 0;
    if (!(status & TP_STATUS_COPY)) {
        bool whole = h->tp_snaplen == h->tp_len;
        return (struct aksu_slice){ (const uint8_t *)h + h->tp_mac, whole ? h->tp_len : 0 };
    }
    uint8_t *to = p->large[p->large_used++] + (64 - ETHERNET_HEADER) - before;
    ssize_t length = read_large(p, to);
    if (length <= (ssize_t)before || length > PACKET_LARGE_ROOM - 64 + (ssize_t)before)
        return (struct aksu_slice){ to, 0 };
    return (struct aksu_slice){ to + before, (size_t)length - before };
}

/* False: the frame is not one to hand on. */
static bool take(struct packet *p, const struct tpacket2_hdr *h, uint32_t status,
                 struct aksu_frame *out)
{
    struct aksu_slice frame = frame_of(p, h, status);
    if (status & TP_STATUS_LOSING)
        count_lost(p);
    out->device = (aksu_device){ 0 };
    out->gso_size = 0;
    out->checksum_partial = (status & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID)) != 0;
    if (frame.length == 0 || (p->vnet && !vnet_get(frame.data - VNET_HEADER, false, out))) {
        p->base.lost++;
        return false;
    }
    out->parts = 1;
    out->length = (uint32_t)frame.length;
    out->part[0] = frame;
    return true;
}

/* The interface went down, which the socket says once, or was deleted, which it says by forgetting
 * its number. */
static bool is_deleted(struct packet *p)
{
    struct sockaddr_ll bound = { .sll_ifindex = 0 };
    socklen_t length = sizeof bound;
    int error = 0;
    socklen_t error_length = sizeof error;
    if (getsockopt(p->base.fd, SOL_SOCKET, SO_ERROR, &error, &error_length) == 0 && error != 0)
        p->down = true;
    if (!p->down)
        return false;
    return getsockname(p->base.fd, (struct sockaddr *)&bound, &length) == 0
           && bound.sll_ifindex <= 0;
}

static int receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct packet *p = packet_of(i);
    unsigned n = 0;
    give_back(p);
    while (n < most && p->lent < p->slots / 2 && p->large_used < PACKET_LARGE) {
        const struct tpacket2_hdr *h = slot(p, p->next);
        uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
        if (!(status & TP_STATUS_USER))
            break;
        n += take(p, h, status, &out[n]);
        p->next++;
        p->lent++;
    }
    if (p->lent == 0 && is_deleted(p)) {
        gone(i);
        return -1;
    }
    return (int)n;
}

/* --- out --- */

static enum aksu_transmit failed(struct aksu_interface *i)
{
    switch (errno) {
    case EAGAIN:
        return AKSU_TRANSMIT_FULL;
    case ENOBUFS:                   /* the queue of the interface dropped it */
    case ENOMEM:
    case EINTR:
        return AKSU_TRANSMIT_LATER;
    case ENXIO:
    case ENODEV:
        gone(i);
        return AKSU_TRANSMIT_GONE;
    case ENETDOWN:
        packet_of(i)->down = true;
        return AKSU_TRANSMIT_LOST;
    default:
        return AKSU_TRANSMIT_LOST;
    }
}

static enum aksu_transmit transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct packet *p = packet_of(i);
    uint8_t head[VNET_HEADER];
    struct iovec v[1 + AKSU_FRAME_PARTS];
    struct msghdr m = { .msg_iov = v + 1, .msg_iovlen = device_iovec(frame, v + 1) };
    if (p->vnet) {
        vnet_put(head, frame, ETHERNET_HEADER, false);
        v[0] = (struct iovec){ head, sizeof head };
        m.msg_iov = v;
        m.msg_iovlen++;
    }
    return sendmsg(i->fd, &m, MSG_DONTWAIT) < 0 ? failed(i) : AKSU_TRANSMIT_DONE;
}

static void close_packet(struct aksu_interface *i)
{
    struct packet *p = packet_of(i);
    if (p->ring != NULL)
        munmap(p->ring, p->ring_length);
    close(i->fd);
    free(p);
}

const struct aksu_interface_ops packet_ops = { receive, transmit, NULL, close_packet };
