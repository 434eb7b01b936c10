/* ip_help.h - what the unit tests of ip, neighbor and udp share: addresses from text, packets made
 * with the wire formats, a pool, one host with an IPv4 and two IPv6 addresses on device 1. */
#ifndef UNIT_IP_HELP_H
#define UNIT_IP_HELP_H

#include "help.h"

#include "ip/input.h"
#include "ip/output.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static inline struct aksu_ip ip_of(const char *text)
{
    struct aksu_ip out;
    assert_true(aksu_ip_parse(text, &out));
    return out;
}

static inline struct aksu_endpoint endpoint_of(const char *text, uint16_t port)
{
    return (struct aksu_endpoint){ ip_of(text), port };
}

struct host {
    struct route_table routes;
    struct reassembly reassembly;
    struct pool pool;
    void *memory;
};

static inline void host_init(struct host *h, uint32_t pages, uint32_t reassembly_pages)
{
    size_t size = (size_t)(pages + 2) * POOL_PAGE + (size_t)pages * sizeof(struct page_info);
    h->memory = malloc(size);
    assert_non_null(h->memory);
    assert_true(pool_init(&h->pool, h->memory, size));
    route_init(&h->routes);
    assert_int_equal(route_address_add(&h->routes, 1, "10.0.0.2/24"), AKSU_OK);
    assert_int_equal(route_address_add(&h->routes, 1, "fe80::2/64"), AKSU_OK);
    assert_int_equal(route_address_add(&h->routes, 1, "2001:db8::2/64"), AKSU_OK);
    reassembly_init(&h->reassembly, &h->pool, reassembly_pages, 0);
}

static inline void host_fini(struct host *h)
{
    reassembly_clear(&h->reassembly);
    assert_int_equal(h->reassembly.pages, 0);
    free(h->memory);
}

/* One packet to the host; a heap block of exactly its size is what ip_input sees. */
struct packet {
    uint8_t octet[70000];
    size_t length;
};

static inline struct ipv4_header v4_header(const char *source, const char *destination,
                                           uint8_t protocol, size_t payload)
{
    return (struct ipv4_header){
        .source = ip_of(source), .destination = ip_of(destination), .ttl = 64,
        .protocol = protocol, .total_length = (uint16_t)(IPV4_HEADER + payload),
    };
}

static inline struct ipv6_header v6_header(const char *source, const char *destination,
                                           uint8_t next, size_t payload)
{
    return (struct ipv6_header){
        .source = ip_of(source), .destination = ip_of(destination), .hop_limit = 64,
        .next_header = next, .payload_length = (uint16_t)payload,
    };
}

static inline void put_v4(struct packet *p, const struct ipv4_header *h, const void *payload)
{
    struct writer w = writer_of(p->octet, sizeof p->octet);
    wire_ipv4_build(&w, h);
    p->length = writer_length(&w);
    size_t length = h->total_length - p->length;
    memcpy(p->octet + p->length, payload, length);
    p->length += length;
}

static inline void put_v6(struct packet *p, const struct ipv6_header *h, const void *payload)
{
    struct writer w = writer_of(p->octet, sizeof p->octet);
    wire_ipv6_build(&w, h);
    memcpy(p->octet + IPV6_HEADER, payload, h->payload_length);
    p->length = IPV6_HEADER + (size_t)h->payload_length;
}

/* Either version, by the addresses. */
static inline void put_packet(struct packet *p, const char *source, const char *destination,
                              uint8_t protocol, size_t length, const void *payload)
{
    struct aksu_ip ip = ip_of(source);
    if (ip_is_v4(&ip)) {
        struct ipv4_header h = v4_header(source, destination, protocol, length);
        put_v4(p, &h, payload);
    } else {
        struct ipv6_header h = v6_header(source, destination, protocol, length);
        put_v6(p, &h, payload);
    }
}

static inline enum ip_verdict arrives(struct host *h, const struct packet *p, struct ip_packet *out,
                                      aksu_time now)
{
    struct aksu_slice part = { p->octet, p->length };
    struct ip_arrival in = { .device = 1, .part = &part, .parts = 1 };
    return ip_input(&h->routes, &h->reassembly, &in, out, now);
}

static inline void gather(const struct ip_packet *p, uint8_t *to)
{
    assert_int_equal(ip_payload_copy(p, to, p->length), p->length);
}

#endif
