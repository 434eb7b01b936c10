/* path_reply.c - "packet too big": ICMP fragmentation needed (RFC 792, RFC 1191 4) and its like of
 * ICMPv6 (RFC 4443 3.2), as the router sends it that has the narrow link behind it. */
#include <string.h>

#include "sim/path_inner.h"

enum { ICMP = 1, ICMPV6 = 58, HEADER_V4 = 20, HEADER_V6 = 40, ICMP_HEADER = 8,
       QUOTED_V4 = 576 - HEADER_V4 - ICMP_HEADER, QUOTED_V6 = 1280 - HEADER_V6 - ICMP_HEADER,
       UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, TOO_BIG = 2, HOPS = 64,
       REPLIES = 256 };         /* more than nobody fetches are not kept */

/* RFC 1122 3.2.2, RFC 4443 2.4: none about an ICMP error, none to or about a group, none about a
 * fragment that is not the first. */
static bool may_tell(const struct path_packet *k)
{
    if (k->version == 4) {
        bool error = k->protocol == ICMP && k->transport_length > 0 && k->transport[0] != 8
                  && k->transport[0] != 0;
        return k->transport && !error && k->ip[16] < 224 && k->ip[12] < 224;
    }
    bool error = k->protocol == ICMPV6 && k->transport_length > 0 && k->transport[0] < 128;
    return k->transport && !error && k->ip[24] != 0xff && k->ip[8] != 0xff;
}

static bool is_v4(const struct aksu_ip *ip)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    return memcmp(ip->octet, mapped, sizeof mapped) == 0;
}

static bool is_unspecified(const struct aksu_ip *ip)
{
    static const struct aksu_ip none;
    return memcmp(ip, &none, sizeof none) == 0;
}

static void write_v4(uint8_t *ip, const struct path_packet *k, const struct path_node *n,
                     uint32_t quoted)
{
    uint8_t *icmp = ip + HEADER_V4;
    bool known = is_v4(&n->is.router) && !is_unspecified(&n->is.router);
    memset(ip, 0, HEADER_V4 + ICMP_HEADER);
    ip[0] = 0x45;
    path_put_be16(ip + 2, HEADER_V4 + ICMP_HEADER + quoted);
    ip[8] = HOPS;
    ip[9] = ICMP;
    memcpy(ip + 12, known ? n->is.router.octet + 12 : k->ip + 16, 4);
    memcpy(ip + 16, k->ip + 12, 4);
    path_put_be16(ip + 10, (uint16_t)~path_fold(path_sum(0, ip, HEADER_V4)));
    icmp[0] = UNREACHABLE;
    icmp[1] = FRAGMENTATION_NEEDED;
    path_put_be16(icmp + 6, n->is.mtu);
    memcpy(icmp + ICMP_HEADER, k->ip, quoted);
    path_put_be16(icmp + 2, (uint16_t)~path_fold(path_sum(0, icmp, ICMP_HEADER + quoted)));
}

static void write_v6(uint8_t *ip, const struct path_packet *k, const struct path_node *n,
                     uint32_t quoted)
{
    uint8_t *icmp = ip + HEADER_V6;
    bool known = !is_v4(&n->is.router) && !is_unspecified(&n->is.router);
    memset(ip, 0, HEADER_V6 + ICMP_HEADER);
    ip[0] = 0x60;
    path_put_be16(ip + 4, ICMP_HEADER + quoted);
    ip[6] = ICMPV6;
    ip[7] = HOPS;
    memcpy(ip + 8, known ? n->is.router.octet : k->ip + 24, 16);
    memcpy(ip + 24, k->ip + 8, 16);
    icmp[0] = TOO_BIG;
    path_put_be16(icmp + 4, n->is.mtu >> 16);
    path_put_be16(icmp + 6, n->is.mtu);
    memcpy(icmp + ICMP_HEADER, k->ip, quoted);
    uint32_t sum = path_sum(ICMPV6 + ICMP_HEADER + quoted, ip + 8, 32);
    path_put_be16(icmp + 2, (uint16_t)~path_fold(path_sum(sum, icmp, ICMP_HEADER + quoted)));
}

void path_tell(struct aksu_path *p, const struct path_node *n, struct flight *f)
{
    struct path_packet k = path_packet_of(p, f->octets, f->length);
    if (!may_tell(&k) || p->reply_count >= REPLIES)
        return;
    bool v4 = k.version == 4;
    uint32_t link = (uint32_t)(k.ip - f->octets), most = v4 ? QUOTED_V4 : QUOTED_V6;
    uint32_t quoted = k.length < most ? k.length : most;
    struct flight *reply = flight_new(&p->store, link + (v4 ? HEADER_V4 : HEADER_V6) + ICMP_HEADER
                                                 + quoted);
    if (!reply)
        return;
    if (link > 0) {
        memcpy(reply->octets, f->octets + 6, 6);
        memcpy(reply->octets + 6, f->octets, 6);
        memcpy(reply->octets + 12, f->octets + 12, 2);
    }
    if (v4)
        write_v4(reply->octets + link, &k, n, quoted);
    else
        write_v6(reply->octets + link, &k, n, quoted);
    flight_append(&p->replies, reply);
    p->reply_count++;
}
