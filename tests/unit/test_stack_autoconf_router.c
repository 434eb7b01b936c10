/* test_stack_autoconf_router.c - what else router advertisements say: default routers, the MTU,
 * resolvers (RFC 4861 6.3.4, 6.3.6, RFC 8106 5.1), and what forged ones can do. */
#include "alone_help.h"

#include "base/bytes.h"
#include "base/ip_addr.h"

/* --- routers --- */

static void give_router(struct alone *w, uint8_t n, uint32_t lifetime)
{
    struct advert ra;
    char source[] = "fe80::a0";
    source[7] = (char)('0' + n);
    advert_init(&ra, lifetime);
    ra.source = source;
    advert_give(w, &ra);
}

static void another_router_takes_over(void **state)
{
    (void)state;
    struct alone w;
    alone_start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    give_router(&w, 1, 100);
    give_router(&w, 2, 200);
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a1"));
    give_router(&w, 1, 0);                              /* withdrawn */
    assert_true(alone_logged(&w, "withdrawn fe80::a1"));
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a2"));
    give_router(&w, 9, 0);                              /* nobody knows it */
    alone_wait(&w, AKSU_SECONDS(150));
    give_router(&w, 3, 100);
    alone_wait(&w, AKSU_SECONDS(60));                   /* the second is over */
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a3"));
    alone_wait(&w, AKSU_SECONDS(40));
    assert_false(alone_reachable(&w, "2620::1"));
    alone_fini(&w);
}

/* RFC 4861 6.3.6: one that does not answer gives way to one that may. */
static void a_silent_router_gives_way(void **state)
{
    (void)state;
    struct alone w;
    struct advert ra;
    alone_start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    give_router(&w, 1, 9000);
    give_router(&w, 2, 9000);
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a1"));
    alone_wait(&w, AKSU_SECONDS(4));
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a2"));
    alone_wait(&w, AKSU_SECONDS(4));                    /* nor does the second: the first again */
    alone_forget(&w);
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a1"));
    advert_init(&ra, 9000);                             /* the second is heard of */
    ra.source = "fe80::a2";
    advert_link_address(&ra, 2);
    advert_give(&w, &ra);
    alone_wait(&w, AKSU_SECONDS(4));
    alone_forget(&w);
    alone_reachable(&w, "2620::1");
    assert_non_null(alone_sent(&w, 128, 0, NULL));
    assert_int_equal(alone_sent(&w, 128, 0, NULL)->octet[5], 2);
    alone_fini(&w);
}

/* RFC 4861 7.2.5 */
static void a_router_becomes_a_host(void **state)
{
    (void)state;
    struct alone w;
    struct advert ra;
    alone_start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    advert_init(&ra, 1800);
    advert_link_address(&ra, 1);
    advert_give(&w, &ra);
    alone_forget(&w);
    assert_true(alone_reachable(&w, "2620::1"));
    assert_int_equal(alone_count(&w, NS), 0);           /* its MAC address came along */
    assert_non_null(alone_sent(&w, 128, 0, NULL));
    assert_memory_equal(alone_sent(&w, 128, 0, NULL)->octet, "\2\0\0\0\x63\1", 6);
    struct icmp_message m = { .kind = ICMP_NEIGHBOR_ADVERTISEMENT, .router = true,
                              .override = true, .target = ip_of_text("fe80::1") };
    alone_icmp(&w, 0, 1, "fe80::1", "ff02::1", 255, &m);
    assert_true(alone_reachable(&w, "2620::1"));
    m.router = false;
    alone_icmp(&w, 0, 1, "fe80::1", "ff02::1", 255, &m);
    assert_true(alone_logged(&w, "no router any more fe80::1"));
    assert_false(alone_reachable(&w, "2620::1"));
    alone_fini(&w);
}

/* A route that was given stays. */
static void a_given_route_is_not_replaced(void **state)
{
    (void)state;
    struct alone w;
    alone_start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    assert_int_equal(aksu_route_add(w.net, w.device[0], "::/0", "2001:db8::9"), AKSU_OK);
    advertise(&w, "2001:db8::", ON_LINK, 100, 100);
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "2001:db8::9"));
    give_router(&w, 1, 0);
    alone_wait(&w, AKSU_SECONDS(1900));
    alone_forget(&w);
    alone_reachable(&w, "2620::2");
    assert_true(alone_asks_for(&w, "2001:db8::9"));
    alone_reachable(&w, "2001:db8::77");
    assert_true(alone_asks_for(&w, "2001:db8::77"));
    assert_int_equal(aksu_route_remove(w.net, w.device[0], "::/0"), AKSU_OK);
    assert_false(alone_reachable(&w, "2620::1"));
    give_router(&w, 1, 100);
    assert_true(alone_reachable(&w, "2620::1"));
    alone_fini(&w);
}

/* --- the MTU and resolvers --- */

static uint32_t longest_frame(struct alone *w)
{
    static char text[1400];
    struct aksu_ip to = ip_of_text("2001:db8::1");
    uint32_t longest = 0;
    alone_forget(w);
    assert_int_equal(aksu_echo_send(w->net, &to, 1, 1, text, sizeof text, 0, w->now), AKSU_OK);
    alone_collect(w);
    for (uint32_t i = 0; i < w->frames; i++)
        longest = w->frame[i].length > longest ? w->frame[i].length : longest;
    return longest - 14;
}

/* RFC 4861 6.3.4 */
static void the_mtu_is_what_the_router_says(void **state)
{
    (void)state;
    static const uint32_t mtu[][2] = { { 1279, 1448 }, { 1501, 1448 }, { 0, 1448 },
                                       { 1280, 1280 }, { 1400, 1400 }, { UINT32_MAX, 1400 },
                                       { 1500, 1448 } };
    struct alone w;
    struct advert ra;
    alone_start(&w);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "2001:db8::5/64"), AKSU_OK);
    advert_init(&ra, 1800);
    advert_link_address(&ra, 1);
    ra.source = "fe80::1";
    advert_give(&w, &ra);
    struct icmp_message m = { .kind = ICMP_NEIGHBOR_ADVERTISEMENT, .solicited = true,
                              .override = true, .has_link_address = true,
                              .link_address = { 2, 9 }, .target = ip_of_text("2001:db8::1") };
    longest_frame(&w);
    alone_icmp(&w, 0, 1, "2001:db8::1", "2001:db8::5", 255, &m);
    for (unsigned i = 0; i < sizeof mtu / sizeof mtu[0]; i++) {
        advert_init(&ra, 1800);
        advert_mtu(&ra, mtu[i][0]);
        advert_give(&w, &ra);
        uint32_t longest = longest_frame(&w);
        assert_true(longest <= mtu[i][1] && longest + 8 > mtu[i][1]);
    }
    alone_fini(&w);
}

/* RFC 8106 5.1, 5.3.1 */
static void resolvers_come_and_go(void **state)
{
    (void)state;
    struct alone w;
    struct advert ra;
    alone_start(&w);
    advert_init(&ra, 0);
    advert_resolver(&ra, "2001:db8::53", 100);
    advert_resolver(&ra, "fe80::53", 200);
    advert_resolver(&ra, "::", 200);
    advert_resolver(&ra, "ff02::1", 200);
    advert_resolver(&ra, "2001:db8::53", 50);           /* again: the later word */
    advert_resolver(&ra, "2001:db8::54", UINT32_MAX);
    advert_resolver(&ra, "2001:db8::55", 300);          /* no room */
    advert_give(&w, &ra);
    assert_int_equal(alone_status(&w).resolvers, 3);
    struct aksu_ip wanted = ip_of_text("fe80::53");
    struct aksu_autoconf a = alone_status(&w);
    assert_true(ip_eq(&a.resolver[1], &wanted));
    alone_wait(&w, AKSU_SECONDS(50));
    a = alone_status(&w);
    assert_int_equal(a.resolvers, 2);
    assert_true(ip_eq(&a.resolver[0], &wanted));
    advert_init(&ra, 0);
    advert_resolver(&ra, "2001:db8::54", 0);            /* no more */
    ra.body[ra.length - 24 + 1] = 3;
    advert_give(&w, &ra);
    assert_int_equal(alone_status(&w).resolvers, 1);
    alone_wait(&w, AKSU_SECONDS(150));
    assert_int_equal(alone_status(&w).resolvers, 0);
    alone_fini(&w);
}

/* --- attackers --- */

static void tables_take_so_much_and_no_more(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_counters before, after;
    unsigned addresses = 0;
    struct aksu_address a;
    alone_start(&w);
    aksu_counters(w.net, &before);
    advertise(&w, "2001:db8::", ON_LINK | AUTONOMOUS, 86400, 86400);
    for (unsigned i = 0; i < 2000; i++) {
        struct advert ra;
        char prefix[AKSU_IP_TEXT], source[AKSU_IP_TEXT];
        struct aksu_ip ip = { { 0x20, 0x02, (uint8_t)(i >> 8), (uint8_t)i } };
        struct aksu_ip from = { { 0xfe, 0x80, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i } };
        aksu_ip_format(&ip, prefix);
        aksu_ip_format(&from, source);
        advert_init(&ra, 9000);
        ra.source = source;
        advert_link_address(&ra, (uint8_t)i);
        advert_prefix(&ra, prefix, 64, ON_LINK | AUTONOMOUS, 90000, 90000);
        advert_resolver(&ra, prefix, 9000);
        advert_give(&w, &ra);
        w.logged = 0;
        if (i % 100 == 0)
            alone_wait(&w, AKSU_MS(1));
    }
    while (aksu_address_at(w.net, addresses, &a))
        addresses++;
    assert_int_equal(addresses, 1 + 8);
    alone_wait(&w, AKSU_SECONDS(5));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    aksu_counters(w.net, &after);
    assert_int_equal(after.memory_used, before.memory_used);
    assert_int_equal(alone_status(&w).resolvers, 3);
    alone_wait(&w, AKSU_SECONDS(100000));               /* and all of it ends */
    assert_int_equal(alone_status(&w).resolvers, 0);
    assert_false(address_of(&w, AKSU_ADDRESS_PREFERRED, "20", &a));
    assert_false(alone_reachable(&w, "2620::1"));
    alone_fini(&w);
}

/* Any options at all, in any order, at any time. */
static void advertisements_of_garbage_do_no_harm(void **state)
{
    (void)state;
    static const uint8_t type[] = { 1, 2, 3, 3, 3, 5, 14, 24, 25, 25, 31, 200 };
    struct alone w;
    uint64_t seed = 5;
    alone_start(&w);
    for (unsigned i = 0; i < 4000; i++) {
        struct advert ra;
        advert_init(&ra, chance_below(&seed, 4) == 0 ? 0 : chance_below(&seed, 65536));
        ra.from = (uint8_t)chance_below(&seed, 3);
        for (unsigned n = chance_below(&seed, 6); n > 0; n--) {
            uint8_t *o = ra.body + ra.length;
            uint8_t units = (uint8_t)(1 + chance_below(&seed, 6));
            chance_fill(&seed, o, units * 8u);
            o[0] = type[chance_below(&seed, sizeof type)];
            o[1] = chance_below(&seed, 50) == 0 ? (uint8_t)chance(&seed) : units;
            if (o[0] == 3 && units == 4 && chance_below(&seed, 2) == 0) {
                memset(o + 16, 0, 16);
                o[2] = 64;
                o[16] = 0x20;
                o[17] = (uint8_t)chance_below(&seed, 10);
                memset(o + 4, 0, 7);                    /* short lifetimes */
            }
            ra.length += units * 8u;
        }
        if (chance_below(&seed, 20) == 0)
            ra.length = chance_below(&seed, (uint32_t)ra.length + 1);
        advert_give(&w, &ra);
        alone_wait(&w, AKSU_MS(chance_below(&seed, 3000)));
        alone_forget(&w);
        struct aksu_address a;
        unsigned addresses = 0;
        while (aksu_address_at(w.net, addresses, &a))
            addresses++;
        assert_true(addresses <= 1 + 8);
    }
    alone_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_router_takes_over),
        cmocka_unit_test(a_silent_router_gives_way),
        cmocka_unit_test(a_router_becomes_a_host),
        cmocka_unit_test(a_given_route_is_not_replaced),
        cmocka_unit_test(the_mtu_is_what_the_router_says),
        cmocka_unit_test(resolvers_come_and_go),
        cmocka_unit_test(tables_take_so_much_and_no_more),
        cmocka_unit_test(advertisements_of_garbage_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
