/* test_wire_ipv6.c - the IPv6 header (RFC 8200 3) and every way through its extension headers
 * (RFC 8200 4). */
#include "help.h"

#include "base/ip_addr.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { TCP = IP_PROTOCOL_TCP, UDP = IP_PROTOCOL_UDP, HOP = IPV6_NEXT_HOP_BY_HOP,
       DEST = IPV6_NEXT_DESTINATION, ROUTE = IPV6_NEXT_ROUTING, FRAG = IPV6_NEXT_FRAGMENT };

static void build_then_parse_is_identity(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        struct ipv6_header in = {
            .flow_label = chance(&seed) >> 12, .payload_length = (uint16_t)chance_below(&seed, 100),
            .traffic_class = (uint8_t)chance(&seed), .next_header = (uint8_t)chance(&seed),
            .hop_limit = (uint8_t)chance(&seed),
        }, out;
        chance_fill(&seed, in.source.octet, 16);
        chance_fill(&seed, in.destination.octet, 16);
        uint8_t octets[160] = { 0 };
        struct writer w = writer_of(octets, sizeof octets);
        wire_ipv6_build(&w, &in);
        assert_int_equal(writer_length(&w), IPV6_HEADER);
        size_t length = IPV6_HEADER + in.payload_length;
        struct reader r = reader_of(octets, length + 7);
        assert_int_equal(wire_ipv6_parse(&r, &out), IPV6_GOOD);
        assert_true(r.at == octets + IPV6_HEADER && r.end == octets + length);
        assert_true(ip_eq(&in.source, &out.source) && ip_eq(&in.destination, &out.destination));
        assert_int_equal(in.flow_label, out.flow_label);
        assert_int_equal(in.payload_length, out.payload_length);
        assert_int_equal(in.traffic_class, out.traffic_class);
        assert_int_equal(in.next_header, out.next_header);
        assert_int_equal(in.hop_limit, out.hop_limit);
    }
}

struct found {
    enum ipv6_fault fault;
    size_t at, left;            /* where the reader ended up, from the IPv6 header */
    struct ipv6_chain chain;
};

/* A packet whose first header after IPv6 is `next`, parsed from a block of exactly its size. */
static struct found walk(uint8_t next, const uint8_t *payload, size_t length)
{
    uint8_t octets[400];
    struct ipv6_header h = { .payload_length = (uint16_t)length, .next_header = next,
                             .hop_limit = 64 };
    struct writer w = writer_of(octets, sizeof octets);
    wire_ipv6_build(&w, &h);
    memcpy(octets + IPV6_HEADER, payload, length);
    uint8_t *copy = exact_copy(octets, IPV6_HEADER + length);
    struct reader r = reader_of(copy, IPV6_HEADER + length);
    struct found found;
    assert_int_equal(wire_ipv6_parse(&r, &h), IPV6_GOOD);
    found.fault = wire_ipv6_chain(&r, &h, &found.chain);
    found.at = (size_t)(r.at - copy);
    found.left = reader_left(&r);
    assert_true(r.at >= copy + IPV6_HEADER && r.at <= r.end);
    assert_ptr_equal(r.end, copy + IPV6_HEADER + length);
    free(copy);
    return found;
}

#define WALK(next, ...) \
    walk(next, (const uint8_t[]){ __VA_ARGS__ }, sizeof (const uint8_t[]){ __VA_ARGS__ })

static void check_upper(struct found f, uint8_t protocol, size_t at)
{
    assert_int_equal(f.fault, IPV6_GOOD);
    assert_int_equal(f.chain.protocol, protocol);
    assert_int_equal(f.at, at);
    assert_false(f.chain.parameter_problem);
}

static void check_problem(struct found f, uint8_t code, uint32_t pointer)
{
    assert_int_equal(f.fault, IPV6_EXTENSION);
    assert_true(f.chain.parameter_problem);
    assert_int_equal(f.chain.problem_code, code);
    assert_int_equal(f.chain.problem_pointer, pointer);
}

static void headers_that_are_passed_over(void **state)
{
    (void)state;
    check_upper(WALK(TCP, 9, 9), TCP, 40);
    check_upper(WALK(IPV6_NEXT_NONE, 9, 9), IPV6_NEXT_NONE, 40);
    check_upper(WALK(HOP, UDP, 0, 1, 4, 0, 0, 0, 0, 7), UDP, 48);
    check_upper(WALK(HOP, TCP, 1, 0, 0, 0x1e, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), TCP, 56);
    check_upper(WALK(DEST, TCP, 0, 1, 4, 0, 0, 0, 0), TCP, 48);
    check_upper(WALK(ROUTE, IP_PROTOCOL_ICMPV6, 0, 77, 0, 1, 2, 3, 4), IP_PROTOCOL_ICMPV6, 48);
    check_upper(WALK(HOP, DEST, 0, 1, 4, 0, 0, 0, 0, ROUTE, 0, 1, 4, 0, 0, 0, 0,
                     DEST, 0, 2, 0, 0, 0, 0, 0, TCP, 0, 0, 0, 0, 0, 0, 0), TCP, 72);
}

static void headers_that_are_not_recognized(void **state)
{
    (void)state;
    check_problem(WALK(51, 0, 0, 0, 0), 1, 6);                  /* authentication */
    check_problem(WALK(132, 0, 0, 0, 0), 1, 6);
    check_problem(WALK(DEST, 50, 0, 1, 4, 0, 0, 0, 0), 1, 40);
    /* RFC 8200 4: hop-by-hop anywhere but first is not recognized either */
    check_problem(WALK(DEST, HOP, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 1, 4, 0, 0, 0, 0), 1, 40);
    check_problem(WALK(HOP, HOP, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 1, 4, 0, 0, 0, 0), 1, 40);
}

static void segments_left(void **state)
{
    (void)state;
    check_problem(WALK(ROUTE, TCP, 0, 0, 1, 0, 0, 0, 0), 0, 42);
    check_problem(WALK(DEST, ROUTE, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 3, 2, 0, 0, 0, 0), 0, 50);
}

/* RFC 8200 4.2: the four actions. */
static void options_not_recognized(void **state)
{
    (void)state;
    check_upper(WALK(DEST, TCP, 0, 0x3e, 4, 0, 0, 0, 0), TCP, 48);
    assert_int_equal(WALK(DEST, TCP, 0, 0x7e, 4, 0, 0, 0, 0).fault, IPV6_DISCARD);
    struct found f = WALK(DEST, TCP, 0, 0, 0xbe, 3, 0, 0, 0);
    check_problem(f, 2, 43);
    assert_true(f.chain.problem_even_multicast);
    f = WALK(HOP, TCP, 0, 1, 0, 0xfe, 2, 0, 0);
    check_problem(f, 2, 44);
    assert_false(f.chain.problem_even_multicast);
    /* in the order of the header: the first one decides */
    assert_int_equal(WALK(DEST, TCP, 0, 0x7e, 0, 0xbe, 2, 0, 0).fault, IPV6_DISCARD);
    /* an option that is longer than its header */
    check_problem(WALK(DEST, TCP, 0, 1, 5, 0, 0, 0, 0), 0, 43);
    check_problem(WALK(DEST, TCP, 0, 1, 3, 0, 0, 0, 5), 0, 47);
}

static void fragments(void **state)
{
    (void)state;
    /* the first of more */
    struct found f = WALK(FRAG, TCP, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0);
    check_upper(f, TCP, 48);
    assert_true(f.chain.fragmented && f.chain.fragment.more);
    assert_int_equal(f.chain.fragment.identification, 0x01020304);
    assert_int_equal(f.chain.fragment.offset, 0);
    assert_int_equal(f.chain.fragment_part, 40);
    assert_int_equal(f.chain.next_header_at, 6);
    assert_int_equal(f.left, 8);
    /* the last, behind other headers; what it names is for the first one to say */
    f = WALK(HOP, FRAG, 0, 1, 4, 0, 0, 0, 0, DEST, 0, 0x05, 0xa8, 0, 0, 0, 9, 1, 2, 3);
    check_upper(f, DEST, 56);
    assert_true(f.chain.fragmented && !f.chain.fragment.more);
    assert_int_equal(f.chain.fragment.offset, 0x05a8);
    assert_int_equal(f.chain.fragment_part, 48);
    assert_int_equal(f.chain.next_header_at, 40);
    assert_int_equal(f.left, 3);
    /* all in one: as if there were no such header */
    f = WALK(FRAG, DEST, 0, 0, 0, 1, 2, 3, 4, TCP, 0, 1, 4, 0, 0, 0, 0, 5);
    check_upper(f, TCP, 56);
    assert_false(f.chain.fragmented);
    assert_int_equal(f.left, 1);
    check_problem(WALK(FRAG, 50, 0, 0, 0, 1, 2, 3, 4), 1, 40);
}

/* RFC 8200 4.5: a length that is no multiple of 8 before the end, and an end beyond 65535. */
static void fragments_that_cannot_be(void **state)
{
    (void)state;
    check_problem(WALK(FRAG, TCP, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0), 0, 4);
    check_problem(WALK(FRAG, TCP, 0, 0xff, 0xf8, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0), 0, 42);
    check_upper(WALK(FRAG, TCP, 0, 0xff, 0xf8, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0), TCP, 48);
    check_problem(WALK(DEST, FRAG, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 0xff, 0xf8, 1, 2, 3, 4), 0, 50);
}

static void chains_have_an_end(void **state)
{
    (void)state;
    uint8_t payload[8 * 10];
    for (unsigned count = 1; count <= 10; count++) {
        for (unsigned i = 0; i < count; i++)
            memcpy(payload + 8 * i, (uint8_t[8]){ i + 1 < count ? DEST : TCP, 0, 1, 4 }, 8);
        struct found f = walk(DEST, payload, 8 * count);
        if (count <= 8) {
            check_upper(f, TCP, 40 + 8 * count);
        } else {
            assert_int_equal(f.fault, IPV6_EXTENSION);
            assert_false(f.chain.parameter_problem);
        }
    }
}

static void every_truncation(void **state)
{
    (void)state;
    static const uint8_t payload[] = { DEST, 0, 1, 4, 0, 0, 0, 0, ROUTE, 1, 1, 12, 0, 0, 0, 0, 0, 0,
                                       0, 0, 0, 0, 0, 0, FRAG, 0, 0, 0, 0, 0, 0, 0,
                                       TCP, 0, 0, 0, 1, 2, 3, 4 };
    check_upper(walk(HOP, payload, sizeof payload), TCP, 40 + sizeof payload);
    for (size_t length = 0; length < sizeof payload; length++)
        assert_int_equal(walk(HOP, payload, length).fault, IPV6_TRUNCATED);
}

static bool parse_packet(const uint8_t *data, size_t length)
{
    struct ipv6_header h;
    struct ipv6_chain chain;
    struct reader r = reader_of(data, length);
    if (wire_ipv6_parse(&r, &h) != IPV6_GOOD)
        return false;
    assert_true(r.at == data + IPV6_HEADER && r.end <= data + length);
    enum ipv6_fault fault = wire_ipv6_chain(&r, &h, &chain);
    assert_true(r.at >= data + IPV6_HEADER && r.at <= r.end && r.end <= data + length);
    if (chain.parameter_problem) {
        assert_int_equal(fault, IPV6_EXTENSION);
        assert_true(chain.problem_pointer < length && chain.problem_code <= 2);
    }
    if (fault == IPV6_GOOD && chain.fragmented)
        assert_true(chain.fragment_part < length && chain.next_header_at < chain.fragment_part);
    return fault == IPV6_GOOD;
}

static void mutations(void **state)
{
    (void)state;
    static const uint8_t kinds[] = { HOP, DEST, ROUTE, FRAG, TCP, UDP, 59, 58, 50, 51 };
    uint64_t seed = 5;
    unsigned good = 0;
    for (unsigned round = 0; round < 4000; round++) {
        uint8_t octets[IPV6_HEADER + 64];
        struct ipv6_header h = { .payload_length = 64, .hop_limit = 1,
                                 .next_header = kinds[chance_below(&seed, 4)] };
        struct writer w = writer_of(octets, sizeof octets);
        wire_ipv6_build(&w, &h);
        memset(octets + IPV6_HEADER, 0, 64);
        for (unsigned i = 0; i < 64; i += 8) {
            octets[IPV6_HEADER + i] = kinds[chance_below(&seed, sizeof kinds)];
            octets[IPV6_HEADER + i + 1] = chance_below(&seed, 5) == 0;
            octets[IPV6_HEADER + i + 3] = (uint8_t)chance_below(&seed, 3);
        }
        good += good_mutations(parse_packet, octets, sizeof octets, 50, round);
    }
    assert_true(good > 10000);
}

static void each_fault_of_the_header(void **state)
{
    (void)state;
    struct ipv6_header h;
    uint8_t octets[48] = { 0x60, [5] = 8, [6] = TCP };
    struct reader r = reader_of(octets, 39);
    assert_int_equal(wire_ipv6_parse(&r, &h), IPV6_TRUNCATED);
    r = reader_of(octets, 47);
    assert_int_equal(wire_ipv6_parse(&r, &h), IPV6_PAYLOAD_LENGTH);
    r = reader_of(octets, 48);
    assert_int_equal(wire_ipv6_parse(&r, &h), IPV6_GOOD);
    octets[0] = 0x45;
    r = reader_of(octets, 48);
    assert_int_equal(wire_ipv6_parse(&r, &h), IPV6_VERSION);
    assert_int_equal(good_truncations(parse_packet, octets, 48), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(build_then_parse_is_identity),
        cmocka_unit_test(headers_that_are_passed_over),
        cmocka_unit_test(headers_that_are_not_recognized),
        cmocka_unit_test(segments_left),
        cmocka_unit_test(options_not_recognized),
        cmocka_unit_test(fragments),
        cmocka_unit_test(fragments_that_cannot_be),
        cmocka_unit_test(chains_have_an_end),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(mutations),
        cmocka_unit_test(each_fault_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
