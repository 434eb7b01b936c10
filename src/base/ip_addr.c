/* ip_addr.c - what kind of address it is (RFC 4291 2.4, RFC 1122 3.2.1.3). Called by ip, stack. */
#include "base/ip_addr.h"

bool ip_in_prefix(const struct aksu_ip *a, const struct aksu_ip *prefix, unsigned bits)
{
    bool v4 = ip_is_v4(a);
    if (v4 != ip_is_v4(prefix) || bits > (v4 ? 32u : 128u))
        return false;

    if (v4) {
        uint32_t differ = load_be32(ip_v4(a)) ^ load_be32(ip_v4(prefix));
        return bits == 0 || differ >> (32 - bits) == 0;
    }
    unsigned octets = bits / 8, rest = bits % 8;
    if (memcmp(a->octet, prefix->octet, octets) != 0)
        return false;
    return rest == 0 || (a->octet[octets] ^ prefix->octet[octets]) >> (8 - rest) == 0;
}
