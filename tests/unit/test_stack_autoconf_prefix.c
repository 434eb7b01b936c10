/* test_stack_autoconf_prefix.c - the prefixes of router advertisements: addresses, lifetimes,
 * which one is the source (RFC 4861 6.1.2, 6.3.4, RFC 4862 5.5.3, 5.5.4, RFC 6724 5). */
#include "alone_help.h"

#include "base/bytes.h"
#include "base/ip_addr.h"

static void an_address_and_a_way_out(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    alone_init(&w, 1, 7);
    assert_int_equal(aksu_autoconfigure(w.net, w.device[0], w.now), AKSU_OK);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_int_equal(alone_count(&w, RS), 1);
    aksu_time heard = w.now;
    advertise(&w, "2001:db8::", ON_LINK | AUTONOMOUS, 86400, 14400);
    assert_true(alone_logged(&w, "default router fe80::1"));
    assert_true(alone_status(&w).router_seen);
    assert_true(address_of(&w, AKSU_ADDRESS_TENTATIVE, "2001:db8:", &a));
    alone_forget(&w);
    alone_wait(&w, AKSU_SECONDS(1));                    /* RFC 4862 5.4.2: a random delay */
    const struct sent *ask = alone_sent(&w, NS, 0, NULL);
    assert_non_null(ask);
    assert_true(ask->at > heard && ask->at - heard < AKSU_SECONDS(1));
    alone_wait(&w, AKSU_SECONDS(10));
    assert_int_equal(alone_count(&w, RS), 0);           /* RFC 4861 6.3.7: no more of them */
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    assert_true(a.autoconfigured);
    assert_true(a.valid_until == heard + AKSU_SECONDS(86400));
    assert_int_equal(a.bits, 64);

    alone_forget(&w);
    assert_true(alone_reachable(&w, "2001:db8::99"));
    assert_true(alone_asks_for(&w, "2001:db8::99"));          /* on the link */
    assert_true(alone_reachable(&w, "2620::1"));
    assert_true(alone_asks_for(&w, "fe80::1"));
    const struct sent *f = alone_sent(&w, NS, 1, NULL);
    assert_memory_equal(f->octet + 14 + 8, a.ip.octet, 16);     /* RFC 4861 7.2.2 */
    alone_fini(&w);
}

/* RFC 4862 5.4.2: who is told alone need not wait. */
static void a_unicast_advertisement_is_acted_on_at_once(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    struct advert ra;
    char text[AKSU_IP_TEXT];
    alone_start(&w);
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fe80::", &a));
    aksu_ip_format(&a.ip, text);
    advert_init(&ra, 0);
    ra.destination = text;
    advert_prefix(&ra, "2001:db8::", 64, AUTONOMOUS, 1000, 1000);
    advert_give(&w, &ra);
    alone_wait(&w, 0);
    assert_int_equal(alone_count(&w, NS), 1);
    assert_false(alone_reachable(&w, "2620::1"));             /* lifetime 0: no default router */
    alone_fini(&w);
}

/* RFC 4861 6.1.2 */
static void advertisements_that_are_not_valid(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 6; kind++) {
        struct alone w;
        struct advert ra;
        alone_start(&w);
        advert_init(&ra, 1800);
        if (kind == 0)
            ra.hop_limit = 254;
        if (kind == 1)
            ra.source = "2001:db8::1";
        advert_prefix(&ra, "2001:db8::", 64, ON_LINK | AUTONOMOUS, 1000, 1000);
        if (kind == 2)
            ra.body[ra.length - 31] = 0;                /* an option of length 0 */
        if (kind == 3)
            ra.body[ra.length - 31] = 5;                /* longer than the message */
        if (kind == 4)
            ra.length = 7;
        if (kind < 5) {
            advert_give(&w, &ra);
        } else {
            struct icmp_message m = { .kind = ICMP_OTHER, .type = RA, .code = 1, .body = ra.body,
                                      .body_length = ra.length, .pointer = 1800 };
            alone_icmp(&w, 0, 1, "fe80::1", "ff02::1", 255, &m);
        }
        assert_false(alone_status(&w).router_seen);
        assert_false(alone_reachable(&w, "2001:db8::99"));
        const char *why[] = { "RFC 4861 7.1: hop limit is not 255",
                              "RFC 4861 6.1.2: source is not link-local" };
        assert_true(alone_logged(&w, kind < 2 ? why[kind] : "RFC 4861 7.1: malformed"));
        alone_fini(&w);
    }
}

static void nobody_listens_where_nothing_was_started(void **state)
{
    (void)state;
    struct alone w;
    struct advert ra;
    struct aksu_address a;
    alone_init(&w, 1, 7);
    advert_init(&ra, 1800);
    advert_prefix(&ra, "2001:db8::", 64, ON_LINK | AUTONOMOUS, 1000, 1000);
    advert_give(&w, &ra);
    assert_false(aksu_address_at(w.net, 0, &a));
    assert_int_equal(aksu_autoconfigure(w.net, w.device[1], w.now), AKSU_OK);
    advert_give(&w, &ra);
    assert_false(address_of(&w, AKSU_ADDRESS_TENTATIVE, "2001:", &a));
    alone_fini(&w);
}

/* RFC 4862 5.5.3 (a) to (d) */
static void prefixes_that_make_no_address(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    struct advert ra;
    alone_start(&w);
    advert_init(&ra, 1800);
    advert_prefix(&ra, "2001:db8:1::", 64, ON_LINK, 1000, 1000);        /* no A flag */
    advert_prefix(&ra, "fe80::", 64, AUTONOMOUS, 1000, 1000);
    advert_prefix(&ra, "2001:db8:2::", 64, AUTONOMOUS, 1000, 1001);     /* preferred > valid */
    advert_prefix(&ra, "2001:db8:3::", 64, AUTONOMOUS, 0, 0);
    advert_prefix(&ra, "2001:db8:4::", 63, AUTONOMOUS, 1000, 1000);
    advert_prefix(&ra, "2001:db8:5::", 65, AUTONOMOUS, 1000, 1000);
    advert_prefix(&ra, "ff0e::", 64, AUTONOMOUS, 1000, 1000);
    advert_prefix(&ra, "::", 0, ON_LINK, 1000, 1000);
    advert_give(&w, &ra);
    assert_false(address_of(&w, AKSU_ADDRESS_TENTATIVE, "", &a));
    alone_forget(&w);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_int_equal(alone_count(&w, NS), 0);
    advert_prefix(&ra, "2001:db8:6::", 64, AUTONOMOUS, 1000, 1000);
    advert_give(&w, &ra);                               /* the others took no places */
    assert_true(address_of(&w, AKSU_ADDRESS_TENTATIVE, "2001:db8:6:", &a));
    alone_fini(&w);
}

/* RFC 4862 5.5.4 */
static void lifetimes_end(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    alone_start(&w);
    aksu_time heard = w.now;
    advertise(&w, "2001:db8::", ON_LINK | AUTONOMOUS, 200, 100);
    alone_wait(&w, AKSU_SECONDS(99));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    alone_wait(&w, heard + AKSU_SECONDS(100) - w.now);
    assert_true(address_of(&w, AKSU_ADDRESS_DEPRECATED, "2001:db8:", &a));
    assert_true(alone_logged(&w, "DEPRECATED 2001:db8:"));
    assert_true(alone_reachable(&w, "2001:db8::99"));         /* better than none */
    alone_wait(&w, heard + AKSU_SECONDS(200) - 1 - w.now);
    assert_true(address_of(&w, AKSU_ADDRESS_DEPRECATED, "2001:db8:", &a));
    alone_wait(&w, 1);
    assert_false(address_of(&w, AKSU_ADDRESS_DEPRECATED, "2001:db8:", &a));
    assert_true(alone_logged(&w, "gone 2001:db8:"));
    alone_forget(&w);
    assert_true(alone_reachable(&w, "2001:db8::99"));         /* through the router now */
    assert_true(alone_asks_for(&w, "fe80::1"));
    alone_wait(&w, heard + AKSU_SECONDS(1800) - w.now);
    assert_true(alone_logged(&w, "expired fe80::1"));
    assert_false(alone_reachable(&w, "2620::1"));
    assert_true(alone_status(&w).router_seen);
    alone_fini(&w);
}

static void infinite_lifetimes_do_not_end(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    alone_start(&w);
    advertise(&w, "2001:db8::", ON_LINK | AUTONOMOUS, UINT32_MAX, UINT32_MAX);
    alone_wait(&w, AKSU_SECONDS(86400 * 365u));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    assert_true(a.valid_until == AKSU_NEVER);
    assert_true(alone_reachable(&w, "2001:db8::99"));
    assert_false(alone_reachable(&w, "2620::1"));
    alone_fini(&w);
}

static aksu_time valid_after(uint32_t first, uint32_t then)
{
    struct alone w;
    struct aksu_address a;
    alone_start(&w);
    advertise(&w, "2001:db8::", AUTONOMOUS, first, first);
    alone_wait(&w, AKSU_SECONDS(10));
    advertise(&w, "2001:db8::", AUTONOMOUS, then, then < 5 ? then : 5);
    assert_true(address_of(&w, then == 0 ? AKSU_ADDRESS_DEPRECATED : AKSU_ADDRESS_PREFERRED,
                "2001:db8:", &a));
    aksu_time left = a.valid_until == AKSU_NEVER ? AKSU_NEVER : a.valid_until - w.now;
    alone_fini(&w);
    return left;
}

/* RFC 4862 5.5.3 (e) */
static void the_rule_of_two_hours(void **state)
{
    (void)state;
    assert_true(valid_after(86400, 10000) == AKSU_SECONDS(10000));      /* more than two hours */
    assert_true(valid_after(1000, 2000) == AKSU_SECONDS(2000));         /* more than is left */
    assert_true(valid_after(86400, 60) == AKSU_SECONDS(7200));
    assert_true(valid_after(86400, 0) == AKSU_SECONDS(7200));
    assert_true(valid_after(UINT32_MAX, 60) == AKSU_SECONDS(7200));
    assert_true(valid_after(7000, 60) == AKSU_SECONDS(6990));           /* ignored */
    assert_true(valid_after(7000, 0) == AKSU_SECONDS(6990));
    assert_true(valid_after(7000, UINT32_MAX) == AKSU_NEVER);
}

static void preferred_again(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    alone_start(&w);
    advertise(&w, "2001:db8::", AUTONOMOUS, 86400, 0);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_true(address_of(&w, AKSU_ADDRESS_DEPRECATED, "2001:db8:", &a));
    advertise(&w, "2001:db8::", AUTONOMOUS, 86400, 50);
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:", &a));
    assert_true(alone_logged(&w, "PREFERRED 2001:db8:"));
    alone_wait(&w, AKSU_SECONDS(50));
    assert_true(address_of(&w, AKSU_ADDRESS_DEPRECATED, "2001:db8:", &a));
    alone_fini(&w);
}

/* RFC 6724 5, rules 2, 3 and 8 */
static void the_source_is_chosen(void **state)
{
    (void)state;
    struct alone w;
    struct advert ra;
    struct aksu_address local, first, second;
    static const char *const to[] = { "2001:db8:1:9::1", "fd12::1", "fe80::1" };
    alone_start(&w);
    advert_init(&ra, 1800);
    advert_link_address(&ra, 1);
    advert_prefix(&ra, "fd00:1::", 64, AUTONOMOUS, 86400, 86400);
    advert_prefix(&ra, "2001:db8:1::", 64, AUTONOMOUS, 86400, 100);
    advert_prefix(&ra, "2001:db8:2::", 64, AUTONOMOUS, 86400, 200);
    advert_give(&w, &ra);
    alone_wait(&w, AKSU_SECONDS(5));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fd00:1:", &local));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:1:", &first));
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:2:", &second));
    for (unsigned i = 0; i < 4; i++) {
        struct aksu_address link;
        assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fe80:", &link));
        const struct aksu_ip *wanted[] = { &first.ip, &local.ip, &link.ip, &second.ip };
        if (i == 3)
            alone_wait(&w, AKSU_SECONDS(100));          /* the first is deprecated now */
        alone_forget(&w);
        advert_init(&ra, 1800);
        advert_link_address(&ra, (uint8_t)(1 + i));
        advert_give(&w, &ra);
        assert_true(alone_reachable(&w, to[i % 3]));
        const struct sent *f = alone_sent(&w, 128, 0, NULL);
        assert_non_null(f);
        assert_memory_equal(f->octet + 14 + 8, wanted[i]->octet, 16);
    }
    alone_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_and_a_way_out),
        cmocka_unit_test(a_unicast_advertisement_is_acted_on_at_once),
        cmocka_unit_test(advertisements_that_are_not_valid),
        cmocka_unit_test(nobody_listens_where_nothing_was_started),
        cmocka_unit_test(prefixes_that_make_no_address),
        cmocka_unit_test(lifetimes_end),
        cmocka_unit_test(infinite_lifetimes_do_not_end),
        cmocka_unit_test(the_rule_of_two_hours),
        cmocka_unit_test(preferred_again),
        cmocka_unit_test(the_source_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
