/* complete.c - the whole checksum of a TCP segment or datagram in a frame (RFC 9293 3.1, RFC 768).
 * Called by capture.c for frames whose checksum a device completes. */
#include "device/complete.h"

#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

/* The checksum of TCP or UDP anew, from `at` to the end of the packet. */
static void sum_transport(uint8_t *at, size_t length, uint8_t protocol,
                          const struct aksu_ip *source, const struct aksu_ip *destination)
{
    size_t field = protocol == IP_PROTOCOL_TCP ? 16 : 6;
    bool known = protocol == IP_PROTOCOL_TCP || protocol == IP_PROTOCOL_UDP;
    if (!known || length < (protocol == IP_PROTOCOL_TCP ? (size_t)TCP_HEADER : (size_t)UDP_HEADER))
        return;
    struct checksum sum = checksum_pseudo(source, destination, protocol, (uint32_t)length);
    store_be16(at + field, 0);
    checksum_add(&sum, at, length);
    uint16_t value = checksum_finish(&sum);
    /* RFC 768 Fields: 0 would say that there is none. */
    store_be16(at + field, value == 0 && protocol == IP_PROTOCOL_UDP ? 0xffff : value);
}

void device_complete_checksum(uint8_t *octets, size_t length, bool ethernet)
{
    struct reader r = reader_of(octets, length);
    struct ethernet_header link;
    struct ipv4_header v4;
    struct ipv6_header v6;
    struct ipv6_chain chain;
    if (ethernet && !wire_ethernet_parse(&r, &link))
        return;
    if (reader_left(&r) == 0 || (ethernet && link.type == ETHERTYPE_ARP))
        return;
    if (*r.at >> 4 == 4) {
        if (wire_ipv4_parse(&r, &v4) == IPV4_GOOD && !v4.more_fragments && v4.fragment_offset == 0)
            sum_transport(octets + (r.at - octets), reader_left(&r), v4.protocol, &v4.source,
                          &v4.destination);
    } else if (wire_ipv6_parse(&r, &v6) == IPV6_GOOD
               && wire_ipv6_chain(&r, &v6, &chain) == IPV6_GOOD && !chain.fragmented) {
        sum_transport(octets + (r.at - octets), reader_left(&r), chain.protocol, &v6.source,
                      &v6.destination);
    }
}
