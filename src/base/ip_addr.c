/* ip_addr.c - what kind of address it is (RFC 4291 2.4, RFC 1122 3.2.1.3). Called by ip, stack. */
#include "base/ip_addr.h"

bool ip_is_unspecified(const struct aksu_ip *a)
{
    static const uint8_t zero[16];
    return ip_is_v4(a) ? memcmp(ip_v4(a), zero, 4) == 0 : memcmp(a->octet, zero, 16) == 0;
}

bool ip_is_loopback(const struct aksu_ip *a)
{
    static const uint8_t one[16] = { [15] = 1 };
    return ip_is_v4(a) ? ip_v4(a)[0] == 127 : memcmp(a->octet, one, 16) == 0;
}

bool ip_is_multicast(const struct aksu_ip *a)
{
    return ip_is_v4(a) ? ip_v4(a)[0] >> 4 == 14 : a->octet[0] == 0xff;
}

bool ip_is_broadcast(const struct aksu_ip *a)
{
    return ip_is_v4(a) && load_be32(ip_v4(a)) == UINT32_MAX;
}

bool ip_is_link_local(const struct aksu_ip *a)
{
    if (ip_is_v4(a))
        return ip_v4(a)[0] == 169 && ip_v4(a)[1] == 254;
    return a->octet[0] == 0xfe && a->octet[1] >> 6 == 2;
}

bool ip_in_prefix(const struct aksu_ip *a, const struct aksu_ip *prefix, unsigned bits)
{
    bool v4 = ip_is_v4(a);
    if (v4 != ip_is_v4(prefix) || bits > (v4 ? 32u : 128u))
        return false;

    unsigned from = v4 ? 12 : 0, octets = bits / 8, rest = bits % 8;
    if (memcmp(a->octet + from, prefix->octet + from, octets) != 0)
        return false;
    return rest == 0
        || (a->octet[from + octets] ^ prefix->octet[from + octets]) >> (8 - rest) == 0;
}
