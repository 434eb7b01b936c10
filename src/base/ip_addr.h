/* ip_addr.h - one address type for IPv4 (as IPv4-mapped, RFC 4291 2.5.5.2) and IPv6. */
#ifndef BASE_IP_ADDR_H
#define BASE_IP_ADDR_H

#include "aksu/types.h"
#include "base/bytes.h"

static inline bool ip_eq(const struct aksu_ip *a, const struct aksu_ip *b)
{
    return memcmp(a->octet, b->octet, 16) == 0;
}

/* The 12 octets before the IPv4 address of a mapped address are 0 x 10, ff, ff. Asked for every
 * packet, so in two words. */
static inline bool ip_is_v4(const struct aksu_ip *a)
{
    static const uint8_t mark[4] = { 0, 0, 0xff, 0xff };
    uint64_t zero;
    memcpy(&zero, a->octet, sizeof zero);
    return zero == 0 && memcmp(a->octet + 8, mark, 4) == 0;
}

static inline struct aksu_ip ip_from_v4(const uint8_t v4[4])
{
    return (struct aksu_ip){ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
                               v4[0], v4[1], v4[2], v4[3] } };
}

/* The four octets of a mapped address. */
static inline const uint8_t *ip_v4(const struct aksu_ip *a)
{
    return a->octet + 12;
}

static inline bool ip_is_unspecified(const struct aksu_ip *a)    /* ::, or 0.0.0.0 */
{
    uint64_t half[2];
    memcpy(half, a->octet, sizeof half);
    return ip_is_v4(a) ? load_be32(ip_v4(a)) == 0 : (half[0] | half[1]) == 0;
}

static inline bool ip_is_loopback(const struct aksu_ip *a)    /* ::1, 127/8 */
{
    static const uint8_t one[16] = { [15] = 1 };
    return ip_is_v4(a) ? ip_v4(a)[0] == 127 : memcmp(a->octet, one, 16) == 0;
}

static inline bool ip_is_multicast(const struct aksu_ip *a)    /* ff00::/8, 224/4 */
{
    return ip_is_v4(a) ? ip_v4(a)[0] >> 4 == 14 : a->octet[0] == 0xff;
}

static inline bool ip_is_broadcast(const struct aksu_ip *a)    /* 255.255.255.255 */
{
    return ip_is_v4(a) && load_be32(ip_v4(a)) == UINT32_MAX;
}

static inline bool ip_is_link_local(const struct aksu_ip *a)    /* fe80::/10, 169.254/16 */
{
    if (ip_is_v4(a))
        return ip_v4(a)[0] == 169 && ip_v4(a)[1] == 254;
    return a->octet[0] == 0xfe && a->octet[1] >> 6 == 2;
}

/* Equal in the first `bits` of the address itself (0..32 for IPv4, 0..128 for IPv6). Addresses of
 * different families never match. */
bool ip_in_prefix(const struct aksu_ip *a, const struct aksu_ip *prefix, unsigned bits);

#endif
