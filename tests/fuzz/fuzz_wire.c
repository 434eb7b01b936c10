/* fuzz_wire.c - every parser of src/wire on any octets: nothing outside of them is read, and
 * what is borrowed lies inside. The first octet of the input says which parser. */
#include <stdlib.h>
#include <string.h>

#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"
#include "wire/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t touched;

/* Reads every octet, so that a sanitizer sees them. */
static void touch(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        touched = (uint8_t)(touched ^ data[i]);
}

static void fuzz_ipv4(struct reader *r)
{
    struct ipv4_header h;
    if (wire_ipv4_parse(r, &h) != IPV4_GOOD)
        return;
    touch(h.options, h.options_length);
    touch(r->at, reader_left(r));
}

static void fuzz_ipv6(struct reader *r)
{
    struct ipv6_header h;
    struct ipv6_chain chain;
    if (wire_ipv6_parse(r, &h) == IPV6_GOOD && wire_ipv6_chain(r, &h, &chain) == IPV6_GOOD)
        touch(r->at, reader_left(r));
}

static void fuzz_icmp(struct reader *r, bool v6)
{
    static const struct aksu_ip from = { { 0xfe, 0x80, [15] = 1 } },
        to = { { 0xfe, 0x80, [15] = 2 } };
    struct icmp_message m;
    enum icmp_fault fault = v6 ? wire_icmpv6_parse(r, &from, &to, 255, &m) : wire_icmpv4_parse(r,
                                                                                               &m);
    if (fault == ICMP_GOOD)
        touch(m.body, m.body_length);
}

static void fuzz_tcp(struct reader *r, bool verified)
{
    static const struct aksu_ip ip = { { 0 } };
    struct tcp_segment seg;
    size_t length = reader_left(r), cut = length > 80 ? 70 : length;
    struct aksu_slice rest = { r->at + cut, length - cut };
    if (wire_tcp_parse(r->at, cut, &rest, rest.length > 0, &ip, &ip, verified, &seg) != TCP_GOOD)
        return;
    size_t octets = 0;
    for (unsigned i = 0; i < seg.parts; i++) {
        touch(seg.text[i].data, seg.text[i].length);
        octets += seg.text[i].length;
    }
    if (octets != seg.text_len)
        abort();
    touch(seg.options.fast_open, seg.options.fast_open_length);
}

static void fuzz_udp(struct reader *r, bool verified)
{
    static const struct aksu_ip ip = { { 0 } };
    struct udp_header h;
    if (wire_udp_parse(r, &ip, &ip, verified, &h) == UDP_GOOD)
        touch(r->at, reader_left(r));
}

static void fuzz_link(struct reader *r)
{
    struct ethernet_header h;
    struct arp_packet arp;
    if (wire_ethernet_parse(r, &h) && wire_arp_parse(r, &arp))
        touch(arp.target_ip, sizeof arp.target_ip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *exact = malloc(size);
    if (exact == NULL)
        return 0;
    memcpy(exact, data + 1, size - 1);
    struct reader r = reader_of(exact, size - 1);
    switch (data[0] % 8) {
    case 0: fuzz_link(&r); break;
    case 1: fuzz_ipv4(&r); break;
    case 2: fuzz_ipv6(&r); break;
    case 3: fuzz_icmp(&r, false); break;
    case 4: fuzz_icmp(&r, true); break;
    case 5: fuzz_udp(&r, data[0] & 8); break;
    default: fuzz_tcp(&r, data[0] & 8); break;
    }
    free(exact);
    return 0;
}
