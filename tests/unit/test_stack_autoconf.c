/* test_stack_autoconf.c - IPv6 configures itself: the link-local address, duplicate address
 * detection, router solicitations, groups (RFC 4862 5.3, 5.4, RFC 4861 6.3.7, RFC 7217 5,
 * RFC 3810 5.2). */
#include "alone_help.h"

#include "base/bytes.h"
#include "ip/route.h"
#include "stack/stack.h"
#include "wire/discovery.h"

static void start(struct alone *w)
{
    alone_init(w, 1, 7);
    assert_int_equal(aksu_autoconfigure(w->net, w->device[0], w->now), AKSU_OK);
}

static struct aksu_autoconf status_of(const struct alone *w)
{
    struct aksu_autoconf a;
    assert_true(aksu_autoconf(w->net, w->device[0], &a));
    return a;
}

static void who_cannot_is_told(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_autoconf a;
    aksu_device bare, small;
    alone_init(&w, 1, 7);
    assert_false(aksu_autoconf(w.net, w.device[0], &a));
    assert_false(aksu_autoconf(w.net, (aksu_device){ 0 }, &a));
    assert_int_equal(aksu_attach(w.net, &(struct aksu_device_config){ .mtu = 1500 }, &bare),
                     AKSU_OK);
    assert_int_equal(aksu_attach(w.net, &(struct aksu_device_config){ .mac = { 2, 9 },
                     .mtu = 1279 }, &small), AKSU_OK);
    assert_int_equal(aksu_autoconfigure(w.net, bare, w.now), AKSU_INVALID);
    assert_int_equal(aksu_autoconfigure(w.net, small, w.now), AKSU_INVALID);
    assert_int_equal(aksu_autoconfigure(w.net, (aksu_device){ 0 }, w.now), AKSU_INVALID);
    assert_int_equal(aksu_autoconfigure(w.net, (aksu_device){ 44 }, w.now), AKSU_INVALID);
    assert_true(aksu_next_timeout(w.net) == AKSU_NEVER);
    for (unsigned i = 0; i < ALONE_DEVICES; i++) {
        assert_int_equal(aksu_autoconfigure(w.net, w.device[i], w.now), AKSU_OK);
        assert_int_equal(aksu_autoconfigure(w.net, w.device[i], w.now), AKSU_OK);
    }
    alone_wait(&w, AKSU_SECONDS(3));
    assert_int_equal(alone_count(&w, NS), ALONE_DEVICES);
    alone_fini(&w);
}

/* RFC 4862 5.4.2, RFC 4861 6.3.7 */
static void a_link_local_address_comes_first(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    const uint8_t *icmp;
    start(&w);
    aksu_time began = w.now;
    assert_true(status_of(&w).running);
    assert_true(address_of(&w, AKSU_ADDRESS_TENTATIVE, "fe80::", &a));
    assert_true(alone_logged(&w, "TENTATIVE fe80::"));
    alone_wait(&w, AKSU_SECONDS(1));
    const struct sent *ask = alone_sent(&w, NS, 0, &icmp);
    assert_non_null(ask);
    assert_memory_equal(icmp + 8, a.ip.octet, 16);
    struct aksu_ip source, group = route_solicited_node(&a.ip), to;
    memcpy(source.octet, ask->octet + 14 + 8, 16);
    memcpy(to.octet, ask->octet + 14 + 24, 16);
    assert_true(ip_is_unspecified(&source));
    assert_true(ip_eq(&to, &group));
    assert_int_equal(ask->octet[14 + 7], 255);
    assert_memory_equal(ask->octet, "\x33\x33\xff", 3);
    assert_memory_equal(ask->octet + 3, group.octet + 13, 3);
    assert_true(ask->at - began < AKSU_SECONDS(1));
    assert_false(status_of(&w).link_local_ready);
    assert_null(alone_sent(&w, RS, 0, NULL));

    aksu_time asked = ask->at;
    alone_wait(&w, asked + AKSU_SECONDS(1) - w.now);
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fe80::", &a));
    assert_true(a.autoconfigured);
    assert_int_equal(a.bits, 64);
    assert_true(a.valid_until == AKSU_NEVER);
    assert_true(status_of(&w).link_local_ready);
    const struct sent *rs = alone_sent(&w, RS, 0, &icmp);
    assert_non_null(rs);
    assert_true(rs->at == asked + AKSU_SECONDS(1));
    assert_memory_equal(rs->octet + 14 + 8, a.ip.octet, 16);
    assert_memory_equal(rs->octet, "\x33\x33\0\0\0\2", 6);
    assert_memory_equal(icmp + 8, "\1\1\2\0\0\0\7\1", 8);     /* our link-layer address */
    assert_int_equal(rs->octet[14 + 7], 255);
    alone_fini(&w);
}

/* RFC 4861 6.3.7: three times, 4 seconds apart. */
static void nobody_answers(void **state)
{
    (void)state;
    struct alone w;
    start(&w);
    alone_wait(&w, AKSU_SECONDS(60));
    assert_int_equal(alone_count(&w, RS), 3);
    aksu_time at[3];
    for (unsigned i = 0; i < 3; i++)
        at[i] = alone_sent(&w, RS, i, NULL)->at;
    assert_true(at[1] - at[0] == AKSU_SECONDS(4) && at[2] - at[1] == AKSU_SECONDS(4));
    assert_true(status_of(&w).given_up);
    assert_false(status_of(&w).router_seen);
    assert_true(aksu_next_timeout(w.net) == AKSU_NEVER);    /* no polling */

    struct advert ra;
    advert_init(&ra, 1800);
    advert_give(&w, &ra);
    assert_false(status_of(&w).given_up);
    assert_true(status_of(&w).router_seen);
    alone_fini(&w);
}

static void the_third_solicitation_is_waited_for(void **state)
{
    (void)state;
    struct alone w;
    start(&w);
    alone_wait(&w, AKSU_SECONDS(2));
    aksu_time first = alone_sent(&w, RS, 0, NULL)->at;
    alone_wait(&w, first + AKSU_MS(8900) - w.now);
    assert_int_equal(alone_count(&w, RS), 3);
    assert_false(status_of(&w).given_up);
    alone_wait(&w, AKSU_MS(200));
    assert_true(status_of(&w).given_up);
    alone_fini(&w);
}

/* An address that was given serves as well. */
static void a_given_link_local_address_is_used(void **state)
{
    (void)state;
    struct alone w;
    alone_init(&w, 1, 7);
    assert_int_equal(aksu_address_add(w.net, w.device[0], "fe80::77/64"), AKSU_OK);
    assert_int_equal(aksu_autoconfigure(w.net, w.device[0], w.now), AKSU_OK);
    assert_true(status_of(&w).link_local_ready);
    aksu_time began = w.now;
    alone_wait(&w, AKSU_SECONDS(1));
    assert_int_equal(alone_count(&w, NS), 0);
    const struct sent *rs = alone_sent(&w, RS, 0, NULL);
    assert_non_null(rs);
    assert_true(rs->at > began && rs->at - began < AKSU_SECONDS(1));
    assert_int_equal(rs->octet[14 + 8 + 15], 0x77);
    alone_fini(&w);
}

/* RFC 7217 5: stable for a seed, another one for each prefix, device and seed. */
static void identifiers_are_stable_and_opaque(void **state)
{
    (void)state;
    struct alone w[3];
    struct aksu_address a[3][2];
    for (unsigned i = 0; i < 3; i++) {
        alone_init(&w[i], i == 2 ? 2 : 1, 7);
        for (unsigned d = 0; d < 2; d++) {
            assert_int_equal(aksu_autoconfigure(w[i].net, w[i].device[d], w[i].now), AKSU_OK);
            assert_true(aksu_address_at(w[i].net, d, &a[i][d]));
        }
    }
    assert_true(ip_eq(&a[0][0].ip, &a[1][0].ip) && ip_eq(&a[0][1].ip, &a[1][1].ip));
    assert_false(ip_eq(&a[0][0].ip, &a[0][1].ip));
    assert_false(ip_eq(&a[0][0].ip, &a[2][0].ip));
    struct advert ra;
    advert_init(&ra, 1800);
    advert_prefix(&ra, "2001:db8:1::", 64, AUTONOMOUS, 1000, 1000);
    advert_give(&w[0], &ra);
    struct aksu_address other;
    assert_true(address_of(&w[0], AKSU_ADDRESS_TENTATIVE, "2001:db8:1", &other));
    assert_memory_not_equal(other.ip.octet + 8, a[0][0].ip.octet + 8, 8);
    for (unsigned i = 0; i < 3; i++)
        alone_fini(&w[i]);
}

/* --- while an address is tentative --- */

static void tell(struct alone *w, bool solicitation, const char *source,
                 const struct aksu_ip *target)
{
    struct icmp_message m = { .target = *target };
    struct aksu_ip group = route_solicited_node(target);
    char to[AKSU_IP_TEXT];
    aksu_ip_format(&group, to);
    m.kind = solicitation ? ICMP_NEIGHBOR_SOLICITATION : ICMP_NEIGHBOR_ADVERTISEMENT;
    m.has_link_address = strcmp(source, "::") != 0;
    m.link_address[0] = 2;
    m.override = !solicitation;
    alone_icmp(w, 0, 9, source, solicitation ? to : "ff02::1", 255, &m);
}

static bool same_address(const struct alone *w, const struct aksu_address *a)
{
    struct aksu_address now;
    return aksu_address_at(w->net, 0, &now) && ip_eq(&now.ip, &a->ip);
}

/* RFC 4862 5.4.3, 5.4.4; RFC 7217 6 */
static void somebody_else_has_it(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        struct alone w;
        struct aksu_address a, b;
        char text[AKSU_IP_TEXT + 16] = "DUPLICATE ";
        start(&w);
        assert_true(aksu_address_at(w.net, 0, &a));
        alone_wait(&w, kind == 2 ? 0 : AKSU_SECONDS(1));    /* before or after we have asked */
        tell(&w, kind != 1, kind == 1 ? "fe80::5" : "::", &a.ip);
        aksu_ip_format(&a.ip, text + 10);
        assert_true(alone_logged(&w, text));
        assert_true(aksu_address_at(w.net, 0, &b));
        assert_int_equal(b.state, AKSU_ADDRESS_TENTATIVE);
        assert_false(ip_eq(&a.ip, &b.ip));
        alone_forget(&w);
        alone_wait(&w, AKSU_MS(999));                       /* IDGEN_DELAY */
        assert_int_equal(alone_count(&w, NS), 0);
        alone_wait(&w, AKSU_MS(1002));
        assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fe80::", &a));
        assert_true(ip_eq(&a.ip, &b.ip));
        alone_fini(&w);
    }
}

static void four_times_and_it_is_over(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    start(&w);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(address_of(&w, AKSU_ADDRESS_TENTATIVE, "fe80::", &a));
        assert_false(status_of(&w).given_up);
        alone_wait(&w, AKSU_MS(500));
        tell(&w, false, "fe80::5", &a.ip);
    }
    assert_true(address_of(&w, AKSU_ADDRESS_DUPLICATE, "fe80::", &a));
    assert_false(address_of(&w, AKSU_ADDRESS_TENTATIVE, "fe80::", &a));
    assert_true(status_of(&w).given_up);
    assert_false(status_of(&w).link_local_ready);
    alone_wait(&w, AKSU_SECONDS(100));
    assert_int_equal(alone_count(&w, RS), 0);
    assert_true(aksu_next_timeout(w.net) == AKSU_NEVER);
    alone_fini(&w);
}

/* RFC 4862 5.4.3: address resolution for a tentative address is ignored; RFC 7527 4.3: so is our
 * own question. */
static void what_is_no_duplicate(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    struct aksu_ip other;
    start(&w);
    assert_true(aksu_address_at(w.net, 0, &a));
    alone_wait(&w, AKSU_SECONDS(1));
    assert_int_equal(alone_count(&w, NS), 1);
    tell(&w, true, "fe80::5", &a.ip);
    assert_true(alone_logged(&w, "for a tentative address"));
    other = a.ip;
    other.octet[9] ^= 1;                                    /* the same group, another target */
    tell(&w, true, "::", &other);
    const struct sent *own = alone_sent(&w, NS, 0, NULL);
    uint8_t back[1514];
    memcpy(back, own->octet, own->length);
    back[11] = 0x55;                                        /* from another MAC address */
    alone_give(&w, 0, back, own->length);
    assert_true(alone_logged(&w, "our own, come back"));
    alone_give(&w, 1, back, own->length);                   /* another link does not matter */
    assert_true(same_address(&w, &a));
    assert_int_equal(alone_count(&w, NA), 0);
    alone_wait(&w, AKSU_SECONDS(1));
    assert_true(same_address(&w, &a));
    assert_int_equal(alone_count(&w, NA), 0);               /* none was owed either */
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fe80::", &a));
    alone_fini(&w);
}

/* A question with another nonce, or none, is somebody else's. */
static void another_nonce_is_another_host(void **state)
{
    (void)state;
    for (unsigned cut = 0; cut < 2; cut++) {
        struct alone w;
        struct aksu_address a;
        start(&w);
        assert_true(aksu_address_at(w.net, 0, &a));
        alone_wait(&w, AKSU_SECONDS(1));
        uint8_t body[24] = { 0 };
        memcpy(body, a.ip.octet, 16);
        body[16] = 14;
        body[17] = 1;
        struct icmp_message m = { .kind = ICMP_OTHER, .type = NS, .body = body,
                                  .body_length = cut ? 16 : 24 };
        struct aksu_ip group = route_solicited_node(&a.ip);
        char to[AKSU_IP_TEXT];
        aksu_ip_format(&group, to);
        alone_icmp(&w, 0, 9, "::", to, 255, &m);
        assert_true(alone_logged(&w, "duplicate address"));
        alone_fini(&w);
    }
}

/* Two stacks with one seed have the same addresses: whoever comes later gives way. */
static void two_of_a_kind(void **state)
{
    (void)state;
    struct alone w[2];
    struct aksu_address a, b;
    for (unsigned i = 0; i < 2; i++)
        alone_init(&w[i], 1, (uint8_t)(7 + i));
    assert_int_equal(aksu_autoconfigure(w[0].net, w[0].device[0], w[0].now), AKSU_OK);
    alone_wait(&w[0], AKSU_SECONDS(5));
    w[1].now = w[0].now;
    assert_int_equal(aksu_autoconfigure(w[1].net, w[1].device[0], w[1].now), AKSU_OK);
    for (unsigned turn = 0; turn < 500; turn++) {
        for (unsigned i = 0; i < 2; i++) {
            alone_forget(&w[i]);
            alone_wait(&w[i], AKSU_MS(10));
            for (uint32_t f = 0; f < w[i].frames; f++)
                alone_give(&w[1 - i], 0, w[i].frame[f].octet, w[i].frame[f].length);
        }
    }
    assert_true(address_of(&w[0], AKSU_ADDRESS_PREFERRED, "fe80::", &a));
    assert_true(address_of(&w[1], AKSU_ADDRESS_PREFERRED, "fe80::", &b));
    assert_false(ip_eq(&a.ip, &b.ip));
    alone_fini(&w[0]);
    alone_fini(&w[1]);
}

/* A tentative address is no source, and no destination. */
static void a_tentative_address_is_not_used(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_address a;
    struct aksu_ip peer = ip_of_text("fe80::5");
    char text[AKSU_IP_TEXT];
    start(&w);
    assert_true(aksu_address_at(w.net, 0, &a));
    alone_wait(&w, AKSU_MS(900));
    assert_int_equal(aksu_echo_send(w.net, &peer, 1, 1, "x", 1, 0, w.now),
                     AKSU_UNREACHABLE_NET);
    aksu_ip_format(&a.ip, text);
    alone_icmp(&w, 0, 9, "fe80::5", text, 64, &(struct icmp_message){ .kind = ICMP_ECHO_REQUEST });
    assert_true(alone_logged(&w, "not for us"));
    alone_wait(&w, AKSU_SECONDS(2));
    assert_int_equal(aksu_echo_send(w.net, &peer, 1, 1, "x", 1, 0, w.now), AKSU_OK);
    alone_icmp(&w, 0, 9, "fe80::5", text, 64, &(struct icmp_message){ .kind = ICMP_ECHO_REQUEST });
    assert_true(alone_logged(&w, "answered"));
    tell(&w, true, "::", &a.ip);                            /* defended: RFC 4862 5.4.4 */
    alone_collect(&w);
    assert_int_equal(alone_count(&w, NA), 1);
    assert_true(same_address(&w, &a));
    alone_fini(&w);
}

/* A pool that is empty for a while loses no step. */
static void without_memory_it_waits(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_autoconf a;
    start(&w);
    static page_ref held[1 << 16];
    uint32_t n = 0;
    while ((held[n] = pool_take(&w.net->pool)) != 0)
        n++;
    alone_wait(&w, AKSU_SECONDS(10));
    assert_int_equal(w.frames, 0);
    assert_true(aksu_autoconf(w.net, w.device[0], &a) && !a.link_local_ready);
    while (n > 0)
        pool_give(&w.net->pool, held[--n]);
    alone_wait(&w, AKSU_SECONDS(3));
    assert_true(status_of(&w).link_local_ready);
    alone_fini(&w);

    alone_init(&w, 1, 7);
    while (pool_take(&w.net->pool) != 0)
        ;
    assert_int_equal(aksu_autoconfigure(w.net, w.device[0], w.now), AKSU_NO_RESOURCES);
    assert_false(aksu_autoconf(w.net, w.device[0], &a));
    alone_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_cannot_is_told),
        cmocka_unit_test(a_link_local_address_comes_first),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(the_third_solicitation_is_waited_for),
        cmocka_unit_test(a_given_link_local_address_is_used),
        cmocka_unit_test(identifiers_are_stable_and_opaque),
        cmocka_unit_test(somebody_else_has_it),
        cmocka_unit_test(four_times_and_it_is_over),
        cmocka_unit_test(what_is_no_duplicate),
        cmocka_unit_test(another_nonce_is_another_host),
        cmocka_unit_test(two_of_a_kind),
        cmocka_unit_test(a_tentative_address_is_not_used),
        cmocka_unit_test(without_memory_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
