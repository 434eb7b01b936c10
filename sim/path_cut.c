/* path_cut.c - a large TCP segment becomes those that go on the wire, each with the octets of its
 * own text. Sequence number, lengths and checksums differ; CWR goes with the first only (RFC 3168
 * 6.1.2), FIN and PSH with the last (RFC 9293 3.1). Called by path.c. */
#include <string.h>

#include "sim/path_inner.h"

enum { TCP = 6, CONTROL = 13, FIN = 1, PSH = 8, CWR = 128, DONT_FRAGMENT = 0x40 };

void path_gather(uint8_t *to, const struct aksu_frame *frame, uint32_t from, uint32_t length)
{
    for (uint32_t i = 0; i < frame->parts && length > 0; i++) {
        size_t size = frame->part[i].length;
        if (from >= size) {
            from -= (uint32_t)size;
            continue;
        }
        uint32_t n = size - from < length ? (uint32_t)(size - from) : length;
        memcpy(to, frame->part[i].data + from, n);
        to += n;
        length -= n;
        from = 0;
    }
}

/* The lengths in the headers are those of the whole, which need not be so long: look at the headers
 * as if the packet ended with them. */
bool path_large_look(const struct aksu_path *p, struct path_large *l,
                     const struct aksu_frame *frame)
{
    uint32_t most = sizeof l->octets, head = frame->length < most ? frame->length : most;
    uint32_t link = p->flags & AKSU_PATH_BARE_IP ? 0 : PATH_ETHERNET;
    path_gather(l->octets, frame, 0, head);
    if (head < link + 40)
        return false;
    uint8_t *ip = l->octets + link;
    if (ip[0] >> 4 == 4)
        path_put_be16(ip + 2, head - link);
    else
        path_put_be16(ip + 4, head - link - 40);
    l->k = path_packet_of(p, l->octets, head);
    if (l->k.version == 0 || l->k.protocol != TCP || l->k.transport_length < 20)
        return false;
    uint32_t header = (l->k.transport[12] >> 4) * 4u;
    if (header < 20 || header > l->k.transport_length)
        return false;
    l->frame = frame;
    l->headers = (uint32_t)(l->k.transport - l->octets) + header;
    l->text = frame->length - l->headers;
    l->sequence = (uint32_t)path_be16(l->k.transport + 4) << 16 | path_be16(l->k.transport + 6);
    bool v4 = l->k.version == 4;
    l->addresses = path_sum(TCP, ip + (v4 ? 12 : 8), v4 ? 8 : 32);
    return true;
}

static void write_ip(const struct path_large *l, uint8_t *ip, uint32_t length, uint32_t number)
{
    if (l->k.version == 6) {
        path_put_be16(ip + 4, length - 40);
        return;
    }
    path_put_be16(ip + 2, length);
    if (!(ip[6] & DONT_FRAGMENT))
        path_put_be16(ip + 4, path_be16(ip + 4) + number);
    path_put_be16(ip + 10, 0);
    path_put_be16(ip + 10, (uint16_t)~path_fold(path_sum(0, ip, (ip[0] & 15u) * 4u)));
}

static void write_tcp(const struct path_large *l, struct flight *f, uint8_t *tcp, uint32_t at,
                      uint32_t length)
{
    uint32_t sequence = l->sequence + at, header = (tcp[12] >> 4) * 4u;
    path_put_be16(tcp + 4, sequence >> 16);
    path_put_be16(tcp + 6, sequence);
    if (at > 0)
        tcp[CONTROL] &= (uint8_t)~CWR;
    if (at + length < l->text)
        tcp[CONTROL] &= (uint8_t)~(FIN | PSH);
    uint16_t pseudo = path_fold(l->addresses + header + length);
    path_put_be16(tcp + 16, pseudo);
    f->partial = l->frame->checksum_partial;
    if (!f->partial)
        path_put_be16(tcp + 16, (uint16_t)~path_fold(path_sum(0, tcp, header + length)));
}

struct flight *path_large_piece(struct aksu_path *p, const struct path_large *l, uint32_t number)
{
    uint32_t ip = (uint32_t)(l->k.ip - l->octets), tcp = (uint32_t)(l->k.transport - l->octets);
    uint32_t at = number * l->frame->gso_size, left = l->text - at;
    uint32_t length = left < l->frame->gso_size ? left : l->frame->gso_size;
    struct flight *f = flight_new(&p->store, l->headers + length);
    if (!f)
        return NULL;
    memcpy(f->octets, l->octets, l->headers);
    path_gather(f->octets + l->headers, l->frame, l->headers + at, length);
    write_ip(l, f->octets + ip, l->headers - ip + length, number);
    write_tcp(l, f, f->octets + tcp, at, length);
    return f;
}
