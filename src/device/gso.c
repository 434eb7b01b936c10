/* gso.c - see gso.h. Pieces differ from each other as the segments of one stream do: sequence
 * number, lengths, checksums; CWR goes with the first only (RFC 3168 6.1.2), FIN and PSH with the
 * last (RFC 9293 3.1). The identification counts on where a packet may be fragmented; where it may
 * not, it means nothing (RFC 6864 4.1) and stays. */
#include "device/gso.h"

#include "base/ip_addr.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum { SEQUENCE = 4, CONTROL = 13, CHECKSUM = 16,           /* in the TCP header */
       TOTAL_LENGTH = 2, IDENTIFICATION = 4, FLAGS = 6, HEADER_CHECKSUM = 10,       /* IPv4 */
       PAYLOAD_LENGTH = 4, DONT_FRAGMENT = 0x40 };

/* Where the TCP header stands and the sum of its pseudo header; false: it is not TCP. */
static bool find_tcp(struct gso_cutter *c, const uint8_t *ip, size_t length)
{
    struct aksu_ip source, destination;
    size_t header;
    if (length >= (size_t)IPV4_HEADER && ip[0] >> 4 == 4) {
        header = (ip[0] & 15u) * 4u;
        if (header < (size_t)IPV4_HEADER || ip[9] != IP_PROTOCOL_TCP)
            return false;
        c->v4 = true;
        source = ip_from_v4(ip + 12);
        destination = ip_from_v4(ip + 16);
    } else if (length >= (size_t)IPV6_HEADER && ip[0] >> 4 == 6) {
        header = IPV6_HEADER;
        if (ip[6] != IP_PROTOCOL_TCP)
            return false;
        c->v4 = false;
        memcpy(source.octet, ip + 8, 16);
        memcpy(destination.octet, ip + 24, 16);
    } else {
        return false;
    }
    if (length < header + TCP_HEADER)
        return false;
    size_t tcp = (ip[header + 12] >> 4) * 4u;
    if (tcp < (size_t)TCP_HEADER || length < header + tcp)
        return false;
    c->tcp = (uint16_t)(c->ip + header);
    c->headers = (uint16_t)(c->tcp + tcp);
    c->pseudo = checksum_pseudo(&source, &destination, IP_PROTOCOL_TCP, 0);
    return true;
}

bool gso_begin(struct gso_cutter *c, const struct aksu_frame *frame, bool ethernet, uint32_t from)
{
    const struct aksu_slice *first = &frame->part[0];
    c->ip = ethernet ? ETHERNET_HEADER : 0;
    if (frame->parts == 0 || first->length < c->ip
        || !find_tcp(c, first->data + c->ip, first->length - c->ip)
        || frame->length < c->headers || frame->length - c->headers < from)
        return false;
    c->frame = frame;
    c->text = frame->length - c->headers;
    c->size = frame->gso_size != 0 ? frame->gso_size : c->text;
    c->at = from;
    c->number = c->size != 0 ? from / c->size : 0;
    c->done = false;
    c->part = 0;
    c->part_at = (size_t)c->headers + from;
    memcpy(c->header, first->data, c->headers);
    return true;
}

/* The next `length` octets of text, behind the headers. */
static void take_text(struct gso_cutter *c, uint32_t length, struct aksu_frame *out)
{
    const struct aksu_frame *f = c->frame;
    out->parts = 1;
    while (length > 0) {
        while (c->part_at >= f->part[c->part].length)
            c->part_at -= f->part[c->part++].length;
        const struct aksu_slice *from = &f->part[c->part];
        size_t n = from->length - c->part_at;
        n = n < length ? n : length;
        out->part[out->parts++] = (struct aksu_slice){ from->data + c->part_at, n };
        c->part_at += n;
        length -= (uint32_t)n;
    }
}

static void write_ip_length(struct gso_cutter *c, uint32_t length)
{
    uint8_t *ip = c->header + c->ip;
    if (!c->v4) {
        store_be16(ip + PAYLOAD_LENGTH, (uint16_t)((uint32_t)c->headers - c->tcp + length));
        return;
    }
    const uint8_t *first = c->frame->part[0].data + c->ip;
    uint16_t identification = load_be16(first + IDENTIFICATION);
    if (!(ip[FLAGS] & DONT_FRAGMENT))
        identification = (uint16_t)(identification + c->number);
    store_be16(ip + TOTAL_LENGTH, (uint16_t)((uint32_t)c->headers - c->ip + length));
    store_be16(ip + IDENTIFICATION, identification);
    store_be16(ip + HEADER_CHECKSUM, 0);
    struct checksum sum = { 0, false };
    checksum_add(&sum, ip, (size_t)c->tcp - c->ip);
    store_be16(ip + HEADER_CHECKSUM, checksum_finish(&sum));
}

static void write_tcp(struct gso_cutter *c, const struct aksu_frame *piece, uint32_t length)
{
    uint8_t *tcp = c->header + c->tcp;
    const uint8_t *first = c->frame->part[0].data + c->tcp;
    uint32_t header = (uint32_t)c->headers - c->tcp;
    uint8_t control = first[CONTROL];
    if (c->number > 0)
        control &= (uint8_t)~CTL_CWR;
    if (c->at + length < c->text)
        control &= (uint8_t)~(CTL_FIN | CTL_PSH);
    store_be32(tcp + SEQUENCE, load_be32(first + SEQUENCE) + c->at);
    tcp[CONTROL] = control;

    struct checksum sum = c->pseudo;
    sum.sum += header + length;
    store_be16(tcp + CHECKSUM, 0);
    checksum_add(&sum, tcp, header);
    checksum_add_slices(&sum, piece->part + 1, piece->parts - 1);
    store_be16(tcp + CHECKSUM, checksum_finish(&sum));
}

bool gso_next(struct gso_cutter *c, struct aksu_frame *out)
{
    if (c->done)
        return false;
    uint32_t left = c->text - c->at, length = left < c->size ? left : c->size;
    out->device = c->frame->device;
    out->length = c->headers + length;
    out->gso_size = 0;
    out->checksum_partial = false;
    out->part[0] = (struct aksu_slice){ c->header, c->headers };
    take_text(c, length, out);
    write_ip_length(c, length);
    write_tcp(c, out, length);
    c->at += length;
    c->number++;
    c->done = c->at == c->text;
    return true;
}
