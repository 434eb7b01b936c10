/* path_packet.c - what a node must know of the packet in a frame: where TCP stands, whether it has
 * text, the ECN field, the checksum that was left to a device. Anything may be in it. */
#include "sim/path_inner.h"

enum { IPV4 = 0x0800, IPV6 = 0x86dd, TCP = 6, UDP = 17, CE = 3,
       HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };

/* RFC 1071 1: 16-bit words in network order; the caller folds. `length` is less than 2^17. */
uint32_t path_sum(uint32_t sum, const uint8_t *octets, uint32_t length)
{
    uint32_t i = 0;
    for (; i + 1 < length; i += 2)
        sum += path_be16(octets + i);
    return i < length ? sum + ((uint32_t)octets[i] << 8) : sum;
}

uint16_t path_fold(uint32_t sum)
{
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)((sum >> 16) + sum);
}

static void look_v4(struct path_packet *k)
{
    uint32_t header = (k->ip[0] & 15u) * 4u, all = k->length >= 20 ? path_be16(k->ip + 2) : 0;
    if (header < 20 || all < header || all > k->length)
        return;
    k->version = 4;
    if ((path_be16(k->ip + 6) & 0x1fff) != 0)
        return;
    k->protocol = k->ip[9];
    k->transport = k->ip + header;
    k->transport_length = all - header;
}

/* RFC 8200 4.1: over the extension headers to what they carry. */
static void look_v6(struct path_packet *k)
{
    uint32_t end = k->length >= 40 ? path_be16(k->ip + 4) + 40u : 0, at = 40;
    if (end == 0 || end > k->length)
        return;
    k->version = 6;
    uint8_t next = k->ip[6];
    while (next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION) {
        if (end - at < 8)
            return;
        if (next == FRAGMENT && (path_be16(k->ip + at + 2) & 0xfff8) != 0)
            return;
        uint32_t length = next == FRAGMENT ? 8 : k->ip[at + 1] * 8u + 8u;
        next = k->ip[at];
        if (end - at < length)
            return;
        at += length;
    }
    k->protocol = next;
    k->transport = k->ip + at;
    k->transport_length = end - at;
}

struct path_packet path_packet_of(const struct aksu_path *p, uint8_t *octets, uint32_t length)
{
    struct path_packet k = { .ip = octets, .length = length };
    uint32_t type = 0;
    if (!(p->flags & AKSU_PATH_BARE_IP)) {
        if (length < PATH_ETHERNET)
            return k;
        type = path_be16(octets + 12);
        k.ip += PATH_ETHERNET;
        k.length -= PATH_ETHERNET;
    }
    if (k.length > 0 && k.ip[0] >> 4 == 4 && (type == 0 || type == IPV4))
        look_v4(&k);
    else if (k.length > 0 && k.ip[0] >> 4 == 6 && (type == 0 || type == IPV6))
        look_v6(&k);
    return k;
}

uint32_t path_packet_text(const struct path_packet *k)
{
    if (k->version == 0 || k->protocol != TCP || k->transport_length < 20)
        return 0;
    uint32_t header = (k->transport[12] >> 4) * 4u;
    return header >= 20 && k->transport_length > header ? k->transport_length - header : 0;
}

/* RFC 3168 5: ECT(0) or ECT(1) becomes CE, in the octet behind the version (IPv4) or across the
 * first two (IPv6). The IPv4 checksum follows (RFC 1624 3): one that was wrong stays so. */
bool path_mark(const struct aksu_path *p, struct flight *f)
{
    struct path_packet k = path_packet_of(p, f->octets, f->length);
    if (k.version == 0)
        return false;
    unsigned shift = k.version == 4 ? 0 : 4;
    unsigned ecn = (unsigned)k.ip[1] >> shift & CE;
    if (ecn == 0 || ecn == CE)
        return false;
    uint16_t old = path_be16(k.ip);
    k.ip[1] |= (uint8_t)(CE << shift);
    if (k.version == 4) {
        uint32_t sum = (uint16_t)~path_be16(k.ip + 10) + (uint32_t)(uint16_t)~old
                     + path_be16(k.ip);
        path_put_be16(k.ip + 10, (uint16_t)~path_fold(sum));
    }
    return true;
}

/* What is in the field, the pseudo header's sum or a whole checksum that somebody has verified,
 * does not matter: it is made anew. RFC 768 Fields: 0 would say that there is none. */
void path_complete(const struct aksu_path *p, struct flight *f)
{
    struct path_packet k = path_packet_of(p, f->octets, f->length);
    bool tcp = k.protocol == TCP && k.transport_length >= 20;
    bool udp = k.protocol == UDP && k.transport_length >= 8;
    if (!f->partial || f->gso_size > 0 || !(tcp || udp))
        return;
    uint8_t *field = k.transport + (tcp ? 16 : 6);
    uint32_t sum = path_sum(k.protocol + k.transport_length, k.ip + (k.version == 4 ? 12 : 8),
                            k.version == 4 ? 8 : 32);
    path_put_be16(field, 0);
    uint16_t value = (uint16_t)~path_fold(path_sum(sum, k.transport, k.transport_length));
    path_put_be16(field, value == 0 && udp ? 0xffff : value);
    f->partial = false;
}
