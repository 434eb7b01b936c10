/* test_wire_discovery.c - the options of neighbour discovery (RFC 4861 4.6, RFC 8106 5.1). */
#include "help.h"

#include "wire/discovery.h"

static const uint8_t prefix[32] = { 3, 4, 64, 0xc0, 0, 1, 2, 3, 0, 0, 9, 9, 0, 0, 0, 0,
                                    0x20, 1, 0x0d, 0xb8, [31] = 7 };
static const uint8_t mtu[8] = { 5, 1, 0, 0, 0, 0, 5, 0xdc };
static const uint8_t resolvers[40] = { 25, 5, 0, 0, 0, 0, 1, 2, [8] = 0x20, [24] = 0xfe };

static struct discovery_option first(const uint8_t *data, size_t length)
{
    struct reader r = reader_of(data, length);
    struct discovery_option o;
    assert_true(wire_discovery_option(&r, &o));
    return o;
}

static void each_option_is_read(void **state)
{
    (void)state;
    struct prefix_option p;
    struct resolvers_option d;
    uint32_t m;
    struct discovery_option o = first(prefix, sizeof prefix);
    assert_true(wire_prefix_option(&o, &p));
    assert_int_equal(p.bits, 64);
    assert_true(p.on_link && p.autonomous);
    assert_int_equal(p.valid, 0x00010203);
    assert_int_equal(p.preferred, 0x909);
    assert_memory_equal(p.prefix.octet, prefix + 16, 16);
    assert_false(wire_mtu_option(&o, &m) || wire_resolvers_option(&o, &d));
    o = first(mtu, sizeof mtu);
    assert_true(wire_mtu_option(&o, &m));
    assert_int_equal(m, 1500);
    assert_false(wire_prefix_option(&o, &p) || wire_resolvers_option(&o, &d));
    o = first(resolvers, sizeof resolvers);
    assert_true(wire_resolvers_option(&o, &d));
    assert_int_equal(d.lifetime, 258);
    assert_int_equal(d.count, 2);
    assert_int_equal(d.address[16], 0xfe);
    assert_false(wire_prefix_option(&o, &p) || wire_mtu_option(&o, &m));
}

static void the_flags_are_two(void **state)
{
    (void)state;
    uint8_t copy[32];
    struct prefix_option p;
    for (unsigned flags = 0; flags < 4; flags++) {
        memcpy(copy, prefix, sizeof copy);
        copy[3] = (uint8_t)(flags << 6 | 0x3f);
        struct discovery_option o = first(copy, sizeof copy);
        assert_true(wire_prefix_option(&o, &p));
        assert_int_equal(p.on_link, flags >> 1);
        assert_int_equal(p.autonomous, flags & 1);
    }
}

/* The wrong length for the type. */
static void lengths_that_do_not_fit(void **state)
{
    (void)state;
    uint8_t copy[256];
    for (uint8_t units = 0; units < 20; units++) {
        struct prefix_option p;
        struct resolvers_option d;
        uint32_t m;
        struct discovery_option o;
        memset(copy, 0, sizeof copy);
        copy[1] = units;
        struct reader r = reader_of(copy, sizeof copy);
        assert_int_equal(wire_discovery_option(&r, &o), units > 0);
        if (units == 0)
            continue;
        o.type = DISCOVERY_PREFIX;
        assert_int_equal(wire_prefix_option(&o, &p), units == 4);
        o.type = DISCOVERY_MTU;
        assert_int_equal(wire_mtu_option(&o, &m), units == 1);
        o.type = DISCOVERY_RESOLVERS;
        assert_int_equal(wire_resolvers_option(&o, &d), units >= 3 && units % 2 == 1);
    }
    memcpy(copy, prefix, sizeof prefix);
    copy[2] = 129;
    struct prefix_option p;
    struct discovery_option o = first(copy, sizeof prefix);
    assert_false(wire_prefix_option(&o, &p));
}

static bool take(const uint8_t *data, size_t length)
{
    struct reader r = reader_of(data, length);
    struct discovery_option o;
    struct prefix_option p;
    struct resolvers_option d;
    uint32_t m;
    bool any = false;
    while (wire_discovery_option(&r, &o)) {
        any = wire_prefix_option(&o, &p) || wire_mtu_option(&o, &m) || any;
        if (!wire_resolvers_option(&o, &d))
            continue;
        assert_true(d.address + d.count * 16 == o.data + o.length);
        any = true;
    }
    return any;
}

static void nothing_is_read_beyond_the_end(void **state)
{
    (void)state;
    uint8_t all[sizeof mtu + sizeof prefix + sizeof resolvers];
    memcpy(all, mtu, sizeof mtu);
    memcpy(all + sizeof mtu, prefix, sizeof prefix);
    memcpy(all + sizeof mtu + sizeof prefix, resolvers, sizeof resolvers);
    assert_int_equal(good_truncations(take, all, sizeof all), sizeof all - sizeof mtu);
    good_mutations(take, all, sizeof all, 5000, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_option_is_read),
        cmocka_unit_test(the_flags_are_two),
        cmocka_unit_test(lengths_that_do_not_fit),
        cmocka_unit_test(nothing_is_read_beyond_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
