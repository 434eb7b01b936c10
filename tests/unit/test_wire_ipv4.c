/* test_wire_ipv4.c - the IPv4 header (RFC 791 3.1), and the small formats beside it: Ethernet
 * (RFC 894), ARP (RFC 826), UDP (RFC 768). */
#include "help.h"

#include "base/ip_addr.h"
#include "wire/arp.h"
#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

static struct ipv4_header random_header(uint64_t *seed, uint8_t options[40])
{
    uint8_t source[4], destination[4];
    chance_fill(seed, source, 4);
    chance_fill(seed, destination, 4);
    struct ipv4_header h = {
        .source = ip_from_v4(source), .destination = ip_from_v4(destination),
        .identification = (uint16_t)chance(seed), .tos = (uint8_t)chance(seed),
        .fragment_offset = (uint16_t)(chance_below(seed, 8192) * 8), .ttl = (uint8_t)chance(seed),
        .protocol = (uint8_t)chance(seed), .dont_fragment = chance(seed) & 1,
        .more_fragments = chance(seed) & 1,
        .options_length = (uint8_t)(chance_below(seed, 3) == 0 ? chance_below(seed, 11) * 4 : 0),
        .options = options,
    };
    memset(options, 1, 40);
    h.total_length = (uint16_t)(IPV4_HEADER + h.options_length + chance_below(seed, 100));
    return h;
}

static void check_same(const struct ipv4_header *a, const struct ipv4_header *b)
{
    assert_true(ip_eq(&a->source, &b->source) && ip_eq(&a->destination, &b->destination));
    assert_int_equal(a->total_length, b->total_length);
    assert_int_equal(a->identification, b->identification);
    assert_int_equal(a->fragment_offset, b->fragment_offset);
    assert_int_equal(a->tos, b->tos);
    assert_int_equal(a->ttl, b->ttl);
    assert_int_equal(a->protocol, b->protocol);
    assert_int_equal(a->dont_fragment, b->dont_fragment);
    assert_int_equal(a->more_fragments, b->more_fragments);
    assert_int_equal(a->options_length, b->options_length);
}

static void build_then_parse_is_identity(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 50000; round++) {
        uint8_t options[40], octets[200] = { 0 };
        struct ipv4_header in = random_header(&seed, options), out;
        memset(&out, 0xa5, sizeof out);
        struct writer w = writer_of(octets, sizeof octets);
        wire_ipv4_build(&w, &in);
        size_t header = writer_length(&w), frame = in.total_length + chance_below(&seed, 20);
        uint8_t *copy = exact_copy(octets, frame);
        struct reader r = reader_of(copy, frame);
        assert_int_equal(wire_ipv4_parse(&r, &out), IPV4_GOOD);
        check_same(&in, &out);
        assert_false(out.source_route || out.bad_options);
        assert_ptr_equal(r.at, copy + header);
        assert_ptr_equal(r.end, copy + in.total_length);     /* padding is cut off */
        copy[chance_below(&seed, (uint32_t)header)] ^= (uint8_t)(1 + chance_below(&seed, 255));
        r = reader_of(copy, frame);
        assert_int_not_equal(wire_ipv4_parse(&r, &out), IPV4_GOOD);
        free(copy);
    }
}

static enum ipv4_fault parse_fixed(uint8_t *octets, size_t frame, struct ipv4_header *out)
{
    size_t header = (size_t)(octets[0] & 15) * 4;
    store_be16(octets + 10, 0);
    store_be16(octets + 10, (uint16_t)~checksum_words(octets, header <= frame ? header : frame));
    uint8_t *copy = exact_copy(octets, frame);
    struct reader r = reader_of(copy, frame);
    enum ipv4_fault fault = wire_ipv4_parse(&r, out);
    free(copy);
    return fault;
}

static void each_fault(void **state)
{
    (void)state;
    struct ipv4_header out;
    uint8_t octets[64] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2 };
    assert_int_equal(parse_fixed(octets, 40, &out), IPV4_GOOD);
    assert_true(out.dont_fragment);
    assert_int_equal(parse_fixed(octets, 39, &out), IPV4_TOTAL_LENGTH);
    assert_int_equal(parse_fixed(octets, 19, &out), IPV4_TRUNCATED);
    octets[0] = 0x65;
    assert_int_equal(parse_fixed(octets, 40, &out), IPV4_VERSION);
    octets[0] = 0x44;
    assert_int_equal(parse_fixed(octets, 40, &out), IPV4_HEADER_LENGTH);
    octets[0] = 0x4b;
    assert_int_equal(parse_fixed(octets, 40, &out), IPV4_HEADER_LENGTH);
    octets[0] = 0x45;
    octets[3] = 19;
    assert_int_equal(parse_fixed(octets, 40, &out), IPV4_TOTAL_LENGTH);
    octets[3] = 20;
    assert_int_equal(parse_fixed(octets, 40, &out), IPV4_GOOD);
    octets[10] ^= 1;
    struct reader r = reader_of(octets, 40);
    assert_int_equal(wire_ipv4_parse(&r, &out), IPV4_CHECKSUM);
}

static void options_are_walked(void **state)
{
    (void)state;
    static const struct { uint8_t option[8]; bool route, bad; } cases[] = {
        { { 1, 1, 1, 0, 131, 3, 4, 0 }, false, false },         /* after the end of the list */
        { { 1, 131, 7, 4, 9, 9, 9, 9 }, true, false },
        { { 137, 3, 4, 1, 1, 1, 1, 1 }, true, false },
        { { 68, 5, 5, 0, 0, 131, 3, 4 }, true, false },
        { { 68, 8, 131, 3, 0, 0, 0, 0 }, false, false },        /* inside another option */
        { { 68, 9, 0, 0, 0, 0, 0, 0 }, false, true },
        { { 68, 1, 0, 0, 0, 0, 0, 0 }, false, true },
        { { 68, 0, 0, 0, 0, 0, 0, 0 }, false, true },
        { { 1, 1, 1, 1, 1, 1, 1, 131 }, false, true },
        { { 131, 4, 4, 1, 68, 200, 0, 0 }, true, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ipv4_header out;
        uint8_t octets[28] = { 0x47, 0, 0, 28 };
        memcpy(octets + 20, cases[i].option, 8);
        assert_int_equal(parse_fixed(octets, 28, &out), IPV4_GOOD);
        assert_int_equal(out.source_route, cases[i].route);
        assert_int_equal(out.bad_options, cases[i].bad);
        assert_int_equal(out.options_length, 8);
    }
}

/* The checksum is put right again, so that the damage gets past it. */
static bool parse_repaired(const uint8_t *data, size_t length)
{
    struct ipv4_header out;
    if (length < IPV4_HEADER)
        return parse_fixed(memcpy((uint8_t[20]){ 0 }, data, length), length, &out) == IPV4_GOOD;
    uint8_t *octets = exact_copy(data, length);
    bool good = parse_fixed(octets, length, &out) == IPV4_GOOD;
    free(octets);
    return good;
}

static bool parse_raw(const uint8_t *data, size_t length)
{
    struct ipv4_header out;
    struct reader r = reader_of(data, length);
    if (wire_ipv4_parse(&r, &out) != IPV4_GOOD)
        return false;
    assert_true(r.at >= data + IPV4_HEADER && r.at <= r.end && r.end <= data + length);
    return true;
}

static void truncations_and_mutations(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (unsigned round = 0; round < 60; round++) {
        uint8_t options[40], octets[200] = { 0 };
        struct ipv4_header in = random_header(&seed, options);
        chance_fill(&seed, options, sizeof options);
        struct writer w = writer_of(octets, sizeof octets);
        wire_ipv4_build(&w, &in);
        assert_true(parse_exactly(parse_raw, octets, in.total_length));
        assert_int_equal(good_truncations(parse_raw, octets, in.total_length), 0);
        good_mutations(parse_raw, octets, in.total_length, 1000, round);
        assert_true(good_mutations(parse_repaired, octets, in.total_length, 1000, round) > 100);
    }
}

static void ethernet_and_arp(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 2000; round++) {
        struct ethernet_header e, e2;
        struct arp_packet a, a2;
        uint8_t octets[ETHERNET_HEADER + ARP_LENGTH];
        chance_fill(&seed, &e, sizeof e);
        chance_fill(&seed, &a, sizeof a);
        struct writer w = writer_of(octets, sizeof octets);
        wire_ethernet_build(&w, &e);
        wire_arp_build(&w, &a);
        assert_int_equal(writer_length(&w), sizeof octets);
        struct reader r = reader_of(octets, sizeof octets);
        assert_true(wire_ethernet_parse(&r, &e2) && wire_arp_parse(&r, &a2));
        assert_memory_equal(&e, &e2, sizeof e);
        assert_memory_equal(&a, &a2, sizeof a);
        for (size_t length = 0; length < ARP_LENGTH; length++) {
            uint8_t *copy = exact_copy(octets + ETHERNET_HEADER, length);
            struct reader s = reader_of(copy, length);
            assert_false(wire_arp_parse(&s, &a2));
            s = reader_of(copy, length);
            assert_int_equal(wire_ethernet_parse(&s, &e2), length >= ETHERNET_HEADER);
            free(copy);
        }
        octets[ETHERNET_HEADER + chance_below(&seed, 6)] ^= 0x10;   /* not Ethernet and IPv4 */
        r = reader_of(octets + ETHERNET_HEADER, ARP_LENGTH);
        assert_false(wire_arp_parse(&r, &a2));
    }
}

static void an_arp_request_by_hand(void **state)
{
    (void)state;
    static const uint8_t octets[] = { 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1,
                                      0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
    struct arp_packet a = { ARP_REQUEST, { 2, 0, 0, 0, 0, 1 }, { 10, 0, 0, 1 }, { 0 },
                            { 10, 0, 0, 2 } };
    uint8_t built[ARP_LENGTH];
    struct writer w = writer_of(built, sizeof built);
    wire_arp_build(&w, &a);
    assert_memory_equal(built, octets, sizeof octets);
}

static struct aksu_ip udp_here = { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 } };
static struct aksu_ip udp_there = { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 } };
static struct aksu_ip udp_v6 = { { 0x20, 1, [15] = 7 } };

static bool parse_udp(const uint8_t *data, size_t length)
{
    struct udp_header h;
    struct reader r = reader_of(data, length);
    if (wire_udp_parse(&r, &udp_here, &udp_there, false, &h) != UDP_GOOD)
        return false;
    assert_true(r.at == data + UDP_HEADER && r.end == data + h.length && h.length <= length);
    return true;
}

static void udp_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t octets[300];
        uint32_t text = chance_below(&seed, 200);
        chance_fill(&seed, octets, sizeof octets);
        struct udp_header in = { (uint16_t)chance(&seed), (uint16_t)chance(&seed), 0, 0 }, out;
        struct writer w = writer_of(octets, UDP_HEADER);
        wire_udp_build(&w, &udp_here, &udp_there, &in, octets + UDP_HEADER, text);
        size_t length = UDP_HEADER + text;
        struct reader r = reader_of(octets, length + 9);            /* more than it says */
        assert_int_equal(wire_udp_parse(&r, &udp_here, &udp_there, false, &out), UDP_GOOD);
        assert_int_equal(out.source_port, in.source_port);
        assert_int_equal(out.destination_port, in.destination_port);
        assert_int_equal(out.length, length);
        assert_int_equal(reader_left(&r), text);
        assert_int_not_equal(out.checksum, 0);
        if (round < 50) {
            assert_int_equal(good_truncations(parse_udp, octets, length), 0);
            good_mutations(parse_udp, octets, length, 2000, round);
        }
        octets[chance_below(&seed, (uint32_t)length)] ^= 0x40;
        r = reader_of(octets, length);
        assert_int_not_equal(wire_udp_parse(&r, &udp_here, &udp_there, false, &out), UDP_GOOD);
    }
}

static void udp_checksums_of_zero(void **state)
{
    (void)state;
    struct udp_header h = { 1, 2, 0, 0 };
    uint8_t octets[10], text[2];
    bool seen = false;
    for (uint32_t v = 0; v < 65536; v++) {
        store_be16(text, (uint16_t)v);
        struct writer w = writer_of(octets, sizeof octets);
        wire_udp_build(&w, &udp_here, &udp_there, &h, text, 2);
        assert_int_not_equal(load_be16(octets + 6), 0);             /* RFC 768 */
        seen = seen || load_be16(octets + 6) == 0xffff;
    }
    assert_true(seen);

    uint8_t unsummed[] = { 0, 1, 0, 2, 0, 10, 0, 0, 5, 5 };
    struct reader r = reader_of(unsummed, 10);
    assert_int_equal(wire_udp_parse(&r, &udp_here, &udp_there, false, &h), UDP_GOOD);
    r = reader_of(unsummed, 10);
    assert_int_equal(wire_udp_parse(&r, &udp_v6, &udp_v6, false, &h), UDP_NO_CHECKSUM);
    unsummed[7] = 1;
    r = reader_of(unsummed, 10);
    assert_int_equal(wire_udp_parse(&r, &udp_here, &udp_there, false, &h), UDP_CHECKSUM);
    r = reader_of(unsummed, 10);
    assert_int_equal(wire_udp_parse(&r, &udp_here, &udp_there, true, &h), UDP_GOOD);
    unsummed[5] = 7;
    r = reader_of(unsummed, 10);
    assert_int_equal(wire_udp_parse(&r, &udp_here, &udp_there, true, &h), UDP_LENGTH);
    unsummed[5] = 11;
    r = reader_of(unsummed, 10);
    assert_int_equal(wire_udp_parse(&r, &udp_here, &udp_there, true, &h), UDP_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build_then_parse_is_identity),
        cmocka_unit_test(each_fault),
        cmocka_unit_test(options_are_walked),
        cmocka_unit_test(truncations_and_mutations),
        cmocka_unit_test(ethernet_and_arp),
        cmocka_unit_test(an_arp_request_by_hand),
        cmocka_unit_test(udp_there_and_back),
        cmocka_unit_test(udp_checksums_of_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
