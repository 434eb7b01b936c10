/* vnet.c - see vnet.h. */
#include "device/vnet.h"

#include <linux/virtio_net.h>

#include "base/bytes.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum { FLAGS, GSO_TYPE, HEADER_LENGTH, GSO_SIZE = 4, CHECKSUM_START = 6, CHECKSUM_OFFSET = 8 };
enum { TCP_DATA_OFFSET_AT = 12, TCP_CONTROL_AT = 13, TCP_CHECKSUM_AT = 16 };
/* Octets: of less no sender makes large segments, and who asks of each piece whether it is good
 * would do so 64,000 times for a frame (RFC 7323 5.3). It is one segment then. */
enum { LEAST_PIECE = 48 };

static void put16(uint8_t *to, uint32_t v, bool little)
{
    uint16_t native = (uint16_t)v;
    if (!little) {
        memcpy(to, &native, sizeof native);
        return;
    }
    to[0] = (uint8_t)v;
    to[1] = (uint8_t)(v >> 8);
}

static uint16_t get16(const uint8_t *from, bool little)
{
    uint16_t native;
    if (little)
        return (uint16_t)((uint32_t)from[1] << 8 | from[0]);
    memcpy(&native, from, sizeof native);
    return native;
}

/* The stack leaves only TCP checksums open, and its IPv6 packets have no extension headers then. */
void vnet_put(uint8_t out[VNET_HEADER], const struct aksu_frame *frame, size_t link, bool little)
{
    memset(out, 0, VNET_HEADER);
    if (frame->gso_size == 0 && !frame->checksum_partial)
        return;
    const uint8_t *ip = frame->part[0].data + link;
    bool v4 = ip[0] >> 4 == 4;
    size_t header = v4 ? (ip[0] & 15u) * 4u : (size_t)IPV6_HEADER;
    const uint8_t *tcp = ip + header;
    out[FLAGS] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    put16(out + CHECKSUM_START, (uint32_t)(link + header), little);
    put16(out + CHECKSUM_OFFSET, TCP_CHECKSUM_AT, little);
    put16(out + HEADER_LENGTH, (uint32_t)(link + header + (tcp[TCP_DATA_OFFSET_AT] >> 4) * 4u),
          little);
    if (frame->gso_size == 0)
        return;
    out[GSO_TYPE] = v4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
    if (tcp[TCP_CONTROL_AT] & CTL_CWR)
        out[GSO_TYPE] |= VIRTIO_NET_HDR_GSO_ECN;
    put16(out + GSO_SIZE, frame->gso_size, little);
}

bool vnet_get(const uint8_t in[VNET_HEADER], bool little, struct aksu_frame *frame)
{
    unsigned type = in[GSO_TYPE] & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;
    bool tcp = type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6;
    if (type != VIRTIO_NET_HDR_GSO_NONE && !tcp)
        return false;
    uint32_t size = tcp ? get16(in + GSO_SIZE, little) : 0;
    frame->gso_size = size >= LEAST_PIECE ? (uint16_t)size : 0;
    /* A checksum that the kernel has not made yet was never on a wire. */
    frame->checksum_partial =
        (in[FLAGS] & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) != 0;
    return true;
}
