/* test_route.c - addresses, routes and the choice of a way out (RFC 1122 3.3.1, 3.3.4, 3.3.6). */
#include "ip_help.h"

#include <stdio.h>

static const struct aksu_ip any;

static struct route_result way(const struct route_table *t, const char *to, const char *from)
{
    struct aksu_ip destination = ip_of(to), source = from != NULL ? ip_of(from) : any;
    return route_lookup(t, &destination, &source);
}

static void assert_ip(const struct aksu_ip *have, const char *want)
{
    struct aksu_ip ip = ip_of(want);
    char text[AKSU_IP_TEXT];
    aksu_ip_format(have, text);
    if (!ip_eq(have, &ip))
        fail_msg("%s instead of %s", text, want);
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "10.0.0.2/33", "10.0.0.2/", "/24", "10.0.0.2/24x", "10.0.0.2/ 24", "2001:db8::1/129", "",
        "224.0.0.5/8", "255.255.255.255/24", "0.0.0.0/0", "::/0", "ff02::1/64", "10.0.0.2/0x8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/64", "10.0.0.2/0024", "10.0.0/24",
        "10.0.0.255/24", "10.0.0.0/24", "10.0.0.3/30",
    };
    struct route_table t, before;
    route_init(&t);
    before = t;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (route_address_add(&t, 1, bad[i]) != AKSU_INVALID)
            fail_msg("took %s", bad[i]);
    }
    assert_memory_equal(&t, &before, sizeof t);
    assert_int_equal(route_address_add(&t, 1, "10.0.1.0/31"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 1, "10.0.2.0"), AKSU_OK);
    route_init(&t);
    assert_int_equal(route_address_add(&t, 0, "10.0.0.2/24"), AKSU_INVALID);
    assert_int_equal(route_address_add(&t, 64, "10.0.0.2/24"), AKSU_INVALID);
    assert_int_equal(route_address_add(&t, 257, "10.0.0.2/24"), AKSU_INVALID);
    assert_int_equal(route_add(&t, 1, "10.0.0.0/40", NULL), AKSU_INVALID);
    assert_int_equal(route_add(&t, 1, "10.0.0.0/8", "2001:db8::1"), AKSU_INVALID);
    assert_int_equal(route_add(&t, 1, "10.0.0.0/8", "0.0.0.0"), AKSU_INVALID);
    assert_int_equal(route_add(&t, 1, "10.0.0.0/8", "224.0.0.1"), AKSU_INVALID);
    assert_int_equal(route_add(&t, 1, "10.0.0.0/8", "10.0.0.1/8"), AKSU_INVALID);
    assert_memory_equal(&t, &before, sizeof t);
}

static void tables_are_bounded(void **state)
{
    (void)state;
    struct route_table t, before;
    char text[40];
    route_init(&t);
    for (int i = 0; i < ROUTE_ADDRESSES; i++) {
        snprintf(text, sizeof text, "10.1.%d.1/24", i);
        assert_int_equal(route_address_add(&t, 1, text), AKSU_OK);
    }
    before = t;
    assert_int_equal(route_address_add(&t, 1, "10.9.9.9/24"), AKSU_NO_RESOURCES);
    assert_int_equal(route_address_add(&t, 1, "10.1.3.1/24"), AKSU_ALREADY_EXISTS);
    assert_memory_equal(&t, &before, sizeof t);
    for (int i = ROUTE_ADDRESSES; i < ROUTE_ROUTES; i++) {
        snprintf(text, sizeof text, "10.2.%d.0/24", i);
        assert_int_equal(route_add(&t, 1, text, "10.1.0.7"), AKSU_OK);
    }
    before = t;
    assert_int_equal(route_add(&t, 1, "10.3.0.0/16", NULL), AKSU_NO_RESOURCES);
    assert_memory_equal(&t, &before, sizeof t);
    assert_int_equal(route_add(&t, 1, "10.2.20.99/24", "10.1.0.8"), AKSU_OK);   /* replaces */
    assert_int_equal(t.routes, ROUTE_ROUTES);
    struct route_result r = way(&t, "10.2.20.1", NULL);
    assert_ip(&r.next_hop, "10.1.0.8");
}

/* Against the definition: of all prefixes that match, the longest. */
static void longest_prefix_wins(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned round = 0; round < 200; round++) {
        struct route_table t;
        route_init(&t);
        for (unsigned i = 0; i < 30; i++) {
            char text[40];
            snprintf(text, sizeof text, "10.%u.%u.%u/%u", chance_below(&seed, 2),
                     chance_below(&seed, 4), chance(&seed) & 255, chance_below(&seed, 33));
            assert_int_equal(route_add(&t, 1 + chance_below(&seed, 3), text, NULL), AKSU_OK);
        }
        for (unsigned i = 0; i < 50; i++) {
            uint8_t v4[4] = { 10, (uint8_t)chance_below(&seed, 2), (uint8_t)chance_below(&seed, 4),
                              (uint8_t)chance(&seed) };
            struct aksu_ip to = ip_from_v4(v4), from = ip_of("192.0.2.1");
            int best = -1;
            for (uint32_t k = 0; k < t.routes; k++) {
                if (ip_in_prefix(&to, &t.route[k].prefix, t.route[k].bits)
                    && t.route[k].bits > best)
                    best = t.route[k].bits;
            }
            struct route_result r = route_lookup(&t, &to, &from);
            assert_int_equal(r.found, best >= 0);
            bool fits = !r.found;
            for (uint32_t k = 0; k < t.routes; k++)
                fits |= t.route[k].device == r.device && t.route[k].bits == best
                     && ip_in_prefix(&to, &t.route[k].prefix, t.route[k].bits);
            assert_true(fits);
        }
    }
}

static struct route_table two_links(void)
{
    struct route_table t;
    route_init(&t);
    assert_int_equal(route_address_add(&t, 1, "10.0.0.2/24"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 1, "10.0.9.2/24"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 1, "fe80::2/64"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 1, "2001:db8::2/64"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 2, "192.168.1.1/30"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 2, "fe80::99/64"), AKSU_OK);
    assert_int_equal(route_add(&t, 1, "0.0.0.0/0", "10.0.9.1"), AKSU_OK);
    assert_int_equal(route_add(&t, 1, "::/0", "fe80::1"), AKSU_OK);
    return t;
}

static void sources_and_next_hops(void **state)
{
    (void)state;
    struct route_table t = two_links();
    static const struct {
        const char *to, *from, *next_hop, *source;
        uint32_t device;
    } cases[] = {
        { "10.0.0.7", NULL, "10.0.0.7", "10.0.0.2", 1 },
        { "10.0.9.7", NULL, "10.0.9.7", "10.0.9.2", 1 },
        { "8.8.8.8", NULL, "10.0.9.1", "10.0.9.2", 1 },
        { "8.8.8.8", "10.0.0.2", "10.0.9.1", "10.0.0.2", 1 },
        { "8.8.8.8", "203.0.113.5", "10.0.9.1", "203.0.113.5", 1 },
        { "192.168.1.2", NULL, "192.168.1.2", "192.168.1.1", 2 },
        { "2001:db8::7", NULL, "2001:db8::7", "2001:db8::2", 1 },
        { "2001:db8:1::7", NULL, "fe80::1", "2001:db8::2", 1 },
        { "fe80::7", NULL, "fe80::7", "fe80::2", 1 },
        { "fe80::7", "fe80::99", "fe80::7", "fe80::99", 2 },
        { "ff02::1", "fe80::99", "ff02::1", "fe80::99", 2 },
        { "ff02::1", NULL, "ff02::1", "fe80::2", 1 },
        { "ff0e::1", NULL, "ff0e::1", "2001:db8::2", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route_result r = way(&t, cases[i].to, cases[i].from);
        assert_true(r.found);
        assert_int_equal(r.device, cases[i].device);
        assert_ip(&r.next_hop, cases[i].next_hop);
        assert_ip(&r.source, cases[i].source);
        assert_false(r.to_self || r.broadcast);
        assert_int_equal(r.multicast, ip_is_multicast(&r.next_hop));
    }
}

static void ways_that_are_special(void **state)
{
    (void)state;
    struct route_table t = two_links();
    struct route_result r = way(&t, "10.0.9.2", NULL);
    assert_true(r.found && r.to_self);
    assert_ip(&r.source, "10.0.9.2");
    r = way(&t, "127.0.0.1", NULL);             /* never to the default gateway */
    assert_true(r.found && r.to_self);
    assert_true(way(&t, "::1", NULL).to_self);
    r = way(&t, "10.0.9.255", NULL);
    assert_true(r.found && r.broadcast);
    assert_ip(&r.next_hop, "10.0.9.255");
    r = way(&t, "255.255.255.255", "192.168.1.1");
    assert_true(r.found && r.broadcast);
    assert_int_equal(r.device, 2);
    r = way(&t, "255.255.255.255", NULL);
    assert_true(r.found && r.broadcast && r.device == 1);

    assert_false(way(&t, "0.0.0.0", NULL).found);
    assert_false(way(&t, "::", NULL).found);
    assert_false(way(&t, "10.0.0.7", "2001:db8::2").found);
    struct route_table empty;
    route_init(&empty);
    assert_false(way(&empty, "10.0.0.7", NULL).found);
    assert_int_equal(route_add(&empty, 3, "10.0.0.0/8", NULL), AKSU_OK);
    assert_false(way(&empty, "10.0.0.7", NULL).found);  /* no address to send from */
    assert_true(way(&empty, "10.0.0.7", "10.0.0.1").found);
}

/* A program that is run on this stack reaches the loopback addresses of its host over a link. */
static void loopback_over_a_link_that_carries_it(void **state)
{
    (void)state;
    struct route_table t = two_links();
    assert_int_equal(route_add(&t, 2, "127.0.0.0/8", NULL), AKSU_OK);
    assert_true(way(&t, "127.0.0.1", NULL).to_self);
    t.carries_loopback = 1u << 2;
    struct route_result r = way(&t, "127.0.0.1", NULL);
    assert_true(r.found && !r.to_self && r.device == 2);
    assert_ip(&r.source, "192.168.1.1");
    assert_true(way(&t, "::1", NULL).to_self);
}

static bool own(const struct route_table *t, uint32_t device, const char *text)
{
    struct aksu_ip ip = ip_of(text);
    return route_is_own(t, device, &ip);
}

static bool local(const struct route_table *t, uint32_t device, const char *text)
{
    struct aksu_ip ip = ip_of(text);
    return route_is_local(t, device, &ip);
}

static void what_is_ours(void **state)
{
    (void)state;
    struct route_table t = two_links();
    assert_true(own(&t, 1, "10.0.0.2") && own(&t, 2, "10.0.0.2"));
    assert_true(own(&t, 1, "fe80::2") && !own(&t, 2, "fe80::2"));
    assert_false(own(&t, 1, "10.0.0.3") || local(&t, 1, "10.0.0.3"));
    route_accept_any(&t, 2, true);
    assert_true(local(&t, 2, "8.8.8.8") && local(&t, 2, "2001:db8:5::1"));
    assert_false(local(&t, 1, "8.8.8.8") || own(&t, 2, "8.8.8.8"));
    static const char *const never[] = { "224.0.0.9", "255.255.255.255", "192.168.1.3", "127.0.0.1",
                                         "0.0.0.0", "::", "ff02::5", "::1" };
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        assert_false(local(&t, 2, never[i]));
    route_accept_any(&t, 2, false);
    assert_false(local(&t, 2, "8.8.8.8"));
    route_accept_any(&t, 64, true);
    route_accept_any(&t, 0, true);
    assert_true(t.accept_any == 0);
    route_accept_any(&t, 63, true);
    assert_true(local(&t, 63, "8.8.8.8"));
}

static void broadcasts_and_groups(void **state)
{
    (void)state;
    struct route_table t = two_links();
    static const struct {
        const char *ip;
        uint32_t device;
        bool broadcast, group;
    } cases[] = {
        { "255.255.255.255", 1, true, false }, { "10.0.0.255", 1, true, false },
        { "10.0.0.0", 1, true, false }, { "10.0.0.255", 2, false, false },
        { "10.0.0.254", 1, false, false }, { "192.168.1.3", 2, true, false },
        { "224.0.0.1", 1, false, true }, { "224.0.0.2", 1, false, false },
        { "ff02::1", 1, false, true }, { "ff01::1", 2, false, true },
        { "ff02::2", 1, false, false }, { "ff02::1:ff00:2", 1, false, true },
        { "ff02::1:ff00:99", 1, false, false }, { "ff02::1:ff00:99", 2, false, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct aksu_ip ip = ip_of(cases[i].ip);
        assert_int_equal(route_is_broadcast(&t, cases[i].device, &ip), cases[i].broadcast);
        assert_int_equal(route_is_group(&t, cases[i].device, &ip), cases[i].group);
    }
    route_accept_any(&t, 1, true);
    struct aksu_ip ip = ip_of("ff02::1:ff77:7777"), other = ip_of("ff02::2");
    assert_true(route_is_group(&t, 1, &ip) && !route_is_group(&t, 1, &other));
}

static void a_point_to_point_prefix_has_no_broadcast(void **state)
{
    (void)state;
    struct route_table t;
    route_init(&t);
    assert_int_equal(route_address_add(&t, 1, "10.0.0.2/31"), AKSU_OK);
    assert_int_equal(route_address_add(&t, 1, "10.7.7.7"), AKSU_OK);
    assert_int_equal(t.routes, 1);
    struct aksu_ip peer = ip_of("10.0.0.3"), self = ip_of("10.7.7.7");
    assert_false(route_is_broadcast(&t, 1, &peer) || route_is_broadcast(&t, 1, &self));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(tables_are_bounded),
        cmocka_unit_test(longest_prefix_wins),
        cmocka_unit_test(sources_and_next_hops),
        cmocka_unit_test(ways_that_are_special),
        cmocka_unit_test(loopback_over_a_link_that_carries_it),
        cmocka_unit_test(what_is_ours),
        cmocka_unit_test(broadcasts_and_groups),
        cmocka_unit_test(a_point_to_point_prefix_has_no_broadcast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
