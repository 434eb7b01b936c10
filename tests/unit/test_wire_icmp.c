/* test_wire_icmp.c - ICMP (RFC 792), ICMPv6 (RFC 4443) and what makes a neighbour discovery message
 * valid (RFC 4861 6.1, 7.1). */
#include "help.h"

#include "base/ip_addr.h"
#include "wire/checksum.h"
#include "wire/icmp.h"

static struct aksu_ip ip(const char *text)
{
    struct aksu_ip out;
    assert_true(aksu_ip_parse(text, &out));
    return out;
}

/* Fields that the kind has; the others stay zero, as parse leaves them. */
static struct icmp_message random_message(uint64_t *seed, enum icmp_kind kind, const uint8_t *body)
{
    struct icmp_message m = { .kind = kind, .code = (uint8_t)chance(seed), .body = body,
                              .body_length = chance_below(seed, 200) };
    switch (kind) {
    case ICMP_ECHO_REQUEST: case ICMP_ECHO_REPLY:
        m.echo_identifier = (uint16_t)chance(seed);
        m.echo_sequence = (uint16_t)chance(seed);
        break;
    case ICMP_TOO_BIG:
        m.mtu = chance(seed) & 0xffff;
        m.code = 4;
        break;
    case ICMP_UNREACHABLE:
        m.code = (uint8_t)chance_below(seed, 4);
        break;
    case ICMP_PARAMETER_PROBLEM:
        m.pointer = chance(seed) & 0xff;
        break;
    case ICMP_OTHER:
        m.type = 200;
        m.pointer = chance(seed);
        break;
    case ICMP_TIME_EXCEEDED: case ICMP_SOURCE_QUENCH: case ICMP_REDIRECT:
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
    case ICMP_ROUTER_SOLICITATION: case ICMP_ROUTER_ADVERTISEMENT:
        break;
    }
    return m;
}

static void check_same(const struct icmp_message *a, const struct icmp_message *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->echo_identifier, b->echo_identifier);
    assert_int_equal(a->echo_sequence, b->echo_sequence);
    assert_int_equal(a->mtu, b->mtu);
    assert_int_equal(a->pointer, b->pointer);
    assert_int_equal(a->body_length, b->body_length);
    assert_memory_equal(a->body, b->body, a->body_length);
}

static struct aksu_ip here6, there6;

static bool parse_v4(const uint8_t *data, size_t length)
{
    struct icmp_message m;
    struct reader r = reader_of(data, length);
    if (wire_icmpv4_parse(&r, &m) != ICMP_GOOD)
        return false;
    assert_true(m.body >= data && m.body + m.body_length == data + length);
    return true;
}

static bool parse_v6(const uint8_t *data, size_t length)
{
    struct icmp_message m;
    struct reader r = reader_of(data, length);
    if (wire_icmpv6_parse(&r, &here6, &there6, 255, &m) != ICMP_GOOD)
        return false;
    assert_true(m.body >= data && m.body + m.body_length == data + length);
    return true;
}

static void both_versions_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint8_t body[200], octets[400];
    here6 = ip("2001:db8::1");
    there6 = ip("2001:db8::2");
    chance_fill(&seed, body, sizeof body);
    static const enum icmp_kind kinds[] = { ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY, ICMP_UNREACHABLE,
                                            ICMP_TOO_BIG, ICMP_TIME_EXCEEDED,
                                            ICMP_PARAMETER_PROBLEM, ICMP_OTHER,
                                            ICMP_SOURCE_QUENCH };
    for (unsigned round = 0; round < 20000; round++) {
        unsigned v6 = round & 1;
        enum icmp_kind kind = kinds[chance_below(&seed, 8 - v6)];
        struct icmp_message in = random_message(&seed, kind, body), out;
        struct writer w = writer_of(octets, sizeof octets);
        if (v6)
            wire_icmpv6_build(&w, &here6, &there6, &in);
        else
            wire_icmpv4_build(&w, &in);
        size_t length = writer_length(&w);
        assert_int_equal(length, 8 + in.body_length);
        struct reader r = reader_of(octets, length);
        assert_int_equal(v6 ? wire_icmpv6_parse(&r, &here6, &there6, 64, &out)
                            : wire_icmpv4_parse(&r, &out), ICMP_GOOD);
        check_same(&in, &out);
        if (round < 200) {
            assert_true(good_truncations(v6 ? parse_v6 : parse_v4, octets, length) <= 1);
            good_mutations(v6 ? parse_v6 : parse_v4, octets, length, 500, round);
        }
        octets[chance_below(&seed, (uint32_t)length)] ^= 0x20;
        r = reader_of(octets, length);
        assert_int_equal(v6 ? wire_icmpv6_parse(&r, &here6, &there6, 64, &out)
                            : wire_icmpv4_parse(&r, &out), ICMP_CHECKSUM);
    }
}

static void types_as_on_the_wire(void **state)
{
    (void)state;
    static const struct { enum icmp_kind kind; uint8_t v4, v6; } types[] = {
        { ICMP_ECHO_REQUEST, 8, 128 }, { ICMP_ECHO_REPLY, 0, 129 }, { ICMP_UNREACHABLE, 3, 1 },
        { ICMP_TOO_BIG, 3, 2 }, { ICMP_TIME_EXCEEDED, 11, 3 }, { ICMP_PARAMETER_PROBLEM, 12, 4 },
    };
    here6 = there6 = ip("2001:db8::1");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        uint8_t octets[8];
        struct icmp_message m = { .kind = types[i].kind, .mtu = 0x504, .pointer = 6, .code = 1 };
        struct writer w = writer_of(octets, sizeof octets);
        wire_icmpv4_build(&w, &m);
        assert_int_equal(octets[0], types[i].v4);
        assert_int_equal(octets[1], m.kind == ICMP_TOO_BIG ? 4 : 1);
        if (m.kind == ICMP_TOO_BIG)
            assert_int_equal(load_be32(octets + 4), 0x504);
        if (m.kind == ICMP_PARAMETER_PROBLEM)
            assert_int_equal(load_be32(octets + 4), 0x06000000);
        w = writer_of(octets, sizeof octets);
        wire_icmpv6_build(&w, &here6, &there6, &m);
        assert_int_equal(octets[0], types[i].v6);
        assert_int_equal(octets[1], 1);
        if (m.kind == ICMP_PARAMETER_PROBLEM)
            assert_int_equal(load_be32(octets + 4), 6);
    }
}

static void a_redirect_names_its_gateway(void **state)
{
    (void)state;
    uint8_t octets[8];
    struct icmp_message in = { .kind = ICMP_REDIRECT, .code = 1, .target = ip("10.0.0.9") }, out;
    struct writer w = writer_of(octets, sizeof octets);
    wire_icmpv4_build(&w, &in);
    struct reader r = reader_of(octets, sizeof octets);
    assert_int_equal(wire_icmpv4_parse(&r, &out), ICMP_GOOD);
    assert_int_equal(out.kind, ICMP_REDIRECT);
    assert_true(ip_eq(&out.target, &in.target));
}

/* One discovery message with a valid checksum, whatever else is wrong with it. */
static enum icmp_fault discover(const uint8_t *data, size_t length, const char *source,
                                const char *destination, uint8_t hop_limit,
                                struct icmp_message *out)
{
    struct aksu_ip s = ip(source), d = ip(destination);
    uint8_t *copy = exact_copy(data, length);
    store_be16(copy + 2, 0);
    struct checksum c = checksum_pseudo(&s, &d, 58, (uint32_t)length);
    checksum_add(&c, copy, length);
    store_be16(copy + 2, checksum_finish(&c));
    struct reader r = reader_of(copy, length);
    enum icmp_fault fault = wire_icmpv6_parse(&r, &s, &d, hop_limit, out);
    free(copy);
    return fault;
}

#define LINK "fe80::1"
#define NODE "ff02::1:ff00:7"

static void a_solicitation_and_its_checks(void **state)
{
    (void)state;
    struct icmp_message m;
    uint8_t ns[40] = { 135, 0, 0, 0, 0, 0, 0, 0, 0x20, 1, [23] = 7, 1, 1, 2, 3, 4, 5, 6, 7,
                       200, 1 };
    assert_int_equal(discover(ns, 32, LINK, NODE, 255, &m), ICMP_GOOD);
    assert_int_equal(m.kind, ICMP_NEIGHBOR_SOLICITATION);
    assert_true(m.has_link_address);
    assert_memory_equal(m.link_address, ns + 26, 6);
    assert_memory_equal(m.target.octet, ns + 8, 16);
    assert_int_equal(discover(ns, 40, LINK, NODE, 255, &m), ICMP_GOOD);     /* an unknown option */
    assert_int_equal(discover(ns, 24, LINK, NODE, 255, &m), ICMP_GOOD);
    assert_false(m.has_link_address);
    assert_int_equal(discover(ns, 24, "::", NODE, 255, &m), ICMP_GOOD);     /* address detection */

    assert_int_equal(discover(ns, 24, LINK, NODE, 254, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ns, 23, LINK, NODE, 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ns, 31, LINK, NODE, 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ns, 25, LINK, NODE, 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ns, 32, "::", NODE, 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ns, 24, "::", "2001::7", 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ns, 24, "::", "ff02::1", 255, &m), ICMP_MALFORMED);
    ns[1] = 1;
    assert_int_equal(discover(ns, 24, LINK, NODE, 255, &m), ICMP_MALFORMED);
    ns[1] = 0;
    ns[25] = 0;
    assert_int_equal(discover(ns, 32, LINK, NODE, 255, &m), ICMP_MALFORMED);
    memset(ns + 26, 0, 14);                         /* nothing but lengths of zero */
    assert_int_equal(discover(ns, 40, LINK, NODE, 255, &m), ICMP_MALFORMED);
    memcpy(ns + 26, (uint8_t[]){ 2, 3, 4, 5, 6, 7, 200, 1 }, 8);
    ns[25] = 2;
    assert_int_equal(discover(ns, 32, LINK, NODE, 255, &m), ICMP_MALFORMED);
    ns[25] = 1;
    ns[8] = 0xff;
    assert_int_equal(discover(ns, 32, LINK, NODE, 255, &m), ICMP_MALFORMED);
}

static void an_advertisement_and_its_checks(void **state)
{
    (void)state;
    struct icmp_message m;
    uint8_t na[32] = { 136, 0, 0, 0, 0xa0, 0, 0, 0, 0x20, 1, [23] = 7, 2, 1, 2, 3, 4, 5, 6, 7 };
    assert_int_equal(discover(na, 32, LINK, "ff02::1", 255, &m), ICMP_GOOD);
    assert_true(m.router && !m.solicited && m.override && m.has_link_address);
    na[4] = 0x40;
    assert_int_equal(discover(na, 32, LINK, "ff02::1", 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(na, 32, LINK, "fe80::2", 255, &m), ICMP_GOOD);
    assert_true(!m.router && m.solicited && !m.override);
    na[24] = 1;                                     /* a source address has no meaning here */
    assert_int_equal(discover(na, 32, LINK, "fe80::2", 255, &m), ICMP_GOOD);
    assert_false(m.has_link_address);
    na[8] = 0xff;
    assert_int_equal(discover(na, 32, LINK, "fe80::2", 255, &m), ICMP_MALFORMED);
}

static void routers(void **state)
{
    (void)state;
    struct icmp_message m;
    uint8_t rs[16] = { 133, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7 };
    assert_int_equal(discover(rs, 16, LINK, "ff02::2", 255, &m), ICMP_GOOD);
    assert_true(m.has_link_address);
    assert_int_equal(discover(rs, 16, "::", "ff02::2", 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(rs, 8, "::", "ff02::2", 255, &m), ICMP_GOOD);
    uint8_t ra[24] = { 134, 0, 0, 0, 64, 0, 7, 8, [16] = 1, 1, 9, 8, 7, 6, 5, 4 };
    assert_int_equal(discover(ra, 24, LINK, "ff02::1", 255, &m), ICMP_GOOD);
    assert_int_equal(m.pointer, 0x40000708);        /* hop limit, flags, lifetime */
    assert_true(m.has_link_address);
    assert_int_equal(discover(ra, 24, "2001::1", "ff02::1", 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ra, 15, LINK, "ff02::1", 255, &m), ICMP_MALFORMED);
    assert_int_equal(discover(ra, 16, LINK, "ff02::1", 64, &m), ICMP_MALFORMED);
    uint8_t redirect[40] = { 137 };
    assert_int_equal(discover(redirect, 40, LINK, "fe80::2", 255, &m), ICMP_GOOD);
    assert_int_equal(m.kind, ICMP_REDIRECT);
    assert_int_equal(discover(redirect, 39, LINK, "fe80::2", 255, &m), ICMP_MALFORMED);
}

static void discovery_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 4;
    here6 = ip(LINK);
    there6 = ip("fe80::2");
    static const enum icmp_kind kinds[] = { ICMP_NEIGHBOR_SOLICITATION, ICMP_ROUTER_SOLICITATION,
                                            ICMP_NEIGHBOR_ADVERTISEMENT };
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t octets[32];
        struct icmp_message in = { .kind = kinds[chance_below(&seed, 3)] }, out;
        in.has_link_address = chance(&seed) & 1;
        chance_fill(&seed, in.link_address, 6);
        if (in.kind != ICMP_ROUTER_SOLICITATION) {
            chance_fill(&seed, in.target.octet, 16);
            in.target.octet[0] &= 0x7f;
        }
        if (in.kind == ICMP_NEIGHBOR_ADVERTISEMENT) {
            in.router = chance(&seed) & 1;
            in.solicited = chance(&seed) & 1;
            in.override = chance(&seed) & 1;
        }
        struct writer w = writer_of(octets, sizeof octets);
        wire_icmpv6_build(&w, &here6, &there6, &in);
        size_t length = writer_length(&w);
        struct reader r = reader_of(octets, length);
        assert_int_equal(wire_icmpv6_parse(&r, &here6, &there6, 255, &out), ICMP_GOOD);
        assert_true(in.kind == out.kind && ip_eq(&in.target, &out.target));
        assert_true(in.router == out.router && in.solicited == out.solicited
                    && in.override == out.override);
        assert_int_equal(in.has_link_address, out.has_link_address);
        if (in.has_link_address)
            assert_memory_equal(in.link_address, out.link_address, 6);
        if (round < 100)
            good_mutations(parse_v6, octets, length, 500, round);
    }
}

/* Damage that the checksum does not see, as discover() repairs it. */
static bool parse_repaired(const uint8_t *data, size_t length)
{
    struct icmp_message m;
    if (length < 8)
        return false;
    return discover(data, length, LINK, "fe80::2", 255, &m) == ICMP_GOOD;
}

static void damaged_discovery(void **state)
{
    (void)state;
    uint8_t ns[48] = { 135, [8] = 0x20, [24] = 1, 1, [32] = 14, 2 };
    assert_true(good_mutations(parse_repaired, ns, sizeof ns, 50000, 9) > 20000);
    uint8_t na[48] = { 136, [8] = 0x20, [24] = 2, 1, [32] = 2, 1, [40] = 7, 1 };
    assert_true(good_mutations(parse_repaired, na, sizeof na, 50000, 10) > 20000);
}

static void a_kind_that_the_version_lacks(void)
{
    uint8_t octets[64];
    struct writer w = writer_of(octets, sizeof octets);
    wire_icmpv4_build(&w, &(struct icmp_message){ .kind = ICMP_NEIGHBOR_SOLICITATION });
}

static void building_what_is_not_there_is_a_bug(void **state)
{
    (void)state;
    assert_true(is_bug(a_kind_that_the_version_lacks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions_there_and_back),
        cmocka_unit_test(types_as_on_the_wire),
        cmocka_unit_test(a_redirect_names_its_gateway),
        cmocka_unit_test(a_solicitation_and_its_checks),
        cmocka_unit_test(an_advertisement_and_its_checks),
        cmocka_unit_test(routers),
        cmocka_unit_test(discovery_there_and_back),
        cmocka_unit_test(damaged_discovery),
        cmocka_unit_test(building_what_is_not_there_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
