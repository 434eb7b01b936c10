/* address.c - struct sockaddr_in and sockaddr_in6 to struct aksu_endpoint and back. */
#include "gateway/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/ip_addr.h"

int gateway_address_family(const struct aksu_ip *ip)
{
    return ip_is_v4(ip) ? AF_INET : AF_INET6;
}

socklen_t gateway_address_write(const struct aksu_endpoint *endpoint, int family,
                                struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint->port);
        memcpy(&v4->sin_addr, ip_v4(&endpoint->ip), 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint->port);
    memcpy(&v6->sin6_addr, endpoint->ip.octet, 16);
    return sizeof *v6;
}

bool gateway_address_read(const struct sockaddr_storage *address, socklen_t length,
                          struct aksu_endpoint *out)
{
    enum { WITHOUT_SCOPE = 24 };        /* what ipv6(7) asks for at least */

    if (address->ss_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        out->ip = ip_from_v4((const uint8_t *)&v4->sin_addr);
        out->port = ntohs(v4->sin_port);
        return true;
    }
    if (address->ss_family == AF_INET6 && length >= WITHOUT_SCOPE) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        memcpy(out->ip.octet, &v6->sin6_addr, 16);
        out->port = ntohs(v6->sin6_port);
        return true;
    }
    return false;
}
