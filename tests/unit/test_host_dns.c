/* test_host_dns.c - the resolver: names, addresses and their order, aliases, what needs no server,
 * handles (RFC 1034 3.6.2, 5.3.1; RFC 5452 9.2; RFC 6724 6; RFC 6761 6.3). */
#include <stdio.h>

#include "dns_help.h"

static const struct dns_row simple[] = { { "www.test", DNS_TYPE_A, "1.2.3.4" } };
static const struct dns_row both[] = { { "www.test", DNS_TYPE_A, "1.2.3.4" },
                                   { "www.test", DNS_TYPE_A, "1.2.3.5" },
                                   { "www.test", DNS_TYPE_AAAA, "2001:db8::1" } };

static void addresses_of_a_name(void **state)
{
    (void)state;
    ZONE(both);
    assert_int_equal(dns_resolve("www.TEST.", true, false), 0);
    ANSWERED("1.2.3.4", "1.2.3.5");
    assert_int_equal(dw.queries, 1);
    assert_true(dw.query[0].query.edns);
    assert_string_equal(dw.dns.name, "www.TEST");
    dns_resolve("www.test", false, true);
    ANSWERED("2001:db8::1");
    dw.queries = 0;
    dns_resolve("www.test", true, true);
    assert_int_equal(dw.queries, 2);
    assert_int_not_equal(dw.query[0].query.id, dw.query[1].query.id);
    assert_int_not_equal(dw.query[0].from.port, dw.query[1].from.port);
    assert_int_equal(dw.dns.answers, 3);
    dns_resolve("nothing.test", true, true);        /* its rows are of another name */
    assert_int_equal(dw.dns.state, AKSU_DNS_DONE);
    assert_int_equal(dw.dns.answers, 0);
}

/* RFC 6724 6: fd00::1 is no source for the Internet, 2001:db8:1::1 is. */
static void which_family_first(void **state)
{
    (void)state;
    static const struct dns_row local[] = { { "www.test", DNS_TYPE_A, "1.2.3.4" },
                                        { "www.test", DNS_TYPE_AAAA, "fd00::77" } };
    aksu_device device = dw.two.pair.device[CLIENT];
    ZONE(both);
    dns_resolve("www.test", true, true);
    ANSWERED("1.2.3.4", "1.2.3.5", "2001:db8::1");
    assert_int_equal(aksu_address_add(dw.two.net[CLIENT], device, "2001:db8:1::1/64"), AKSU_OK);
    dns_resolve("www.test", true, true);
    ANSWERED("2001:db8::1", "1.2.3.4", "1.2.3.5");
    ZONE(local);
    dns_resolve("www.test", true, true);
    assert_int_equal(dw.dns.answers, 2);
}

static void ids_and_ports_are_random(void **state)
{
    (void)state;
    unsigned ids_above = 0, ports_above = 0, follow = 0, high = 0;
    enum { TIMES = 400 };
    struct dns_asked last = { 0 };
    ZONE(simple);
    for (unsigned i = 0; i < TIMES; i++) {
        dw.queries = 0;
        dns_resolve("www.test", true, false);
        const struct dns_asked *q = &dw.query[0];
        assert_true(q->from.port >= 1024);
        ids_above += q->query.id > last.query.id;
        ports_above += q->from.port > last.from.port;
        high += q->from.port > 32768 + 512;
        follow += (uint16_t)(q->query.id - last.query.id) < 16;
        follow += (uint16_t)(q->from.port - last.from.port) < 16;
        last = *q;
    }
    assert_in_range(ids_above, TIMES / 4, TIMES / 4 * 3);
    assert_in_range(ports_above, TIMES / 4, TIMES / 4 * 3);
    assert_in_range(high, TIMES / 4, TIMES / 4 * 3);
    assert_in_range(follow, 0, 3);
    uint16_t id = last.query.id;            /* another seed, other numbers */
    aksu_dns_init(&dw.dns, dw.two.net[CLIENT], 43);
    aksu_dns_servers(&dw.dns, dw.address, 1);
    dw.queries = 0;
    dns_resolve("www.test", true, false);
    assert_int_not_equal(dw.query[0].query.id, id);
}

static void aliases(void **state)
{
    (void)state;
    static const struct dns_row chain[] = {
        { "www.test", DNS_TYPE_CNAME, "a.test" }, { "A.test", DNS_TYPE_CNAME, "b.TEST" },
        { "b.test", DNS_TYPE_A, "1.1.1.1" }, { "www.test", DNS_TYPE_A, "6.6.6.6" },
        { "c.test", DNS_TYPE_A, "6.6.6.6" }, { "B.test", DNS_TYPE_A, "1.1.1.2" },
        { "b.test", DNS_TYPE_A, "1.1.1.1" } };
    static const struct dns_row backwards[] = {
        { "b.test", DNS_TYPE_A, "1.1.1.1" }, { "a.test", DNS_TYPE_CNAME, "b.test" },
        { "www.test", DNS_TYPE_CNAME, "a.test" } };
    static const struct dns_row circle[] = {
        { "www.test", DNS_TYPE_CNAME, "a.test" }, { "a.test", DNS_TYPE_CNAME, "www.test" },
        { "a.test", DNS_TYPE_A, "6.6.6.6" } };
    static const struct dns_row nowhere[] = { { "www.test", DNS_TYPE_CNAME, "a.test" },
                                          { "b.test", DNS_TYPE_A, "6.6.6.6" } };
    ZONE(chain);
    dns_resolve("www.test", true, false);
    ANSWERED("1.1.1.1", "1.1.1.2");
    ZONE(backwards);
    dns_resolve("www.test", true, false);
    ANSWERED("1.1.1.1");
    ZONE(circle);
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    dns_failed(AKSU_REFUSED);
    ZONE(nowhere);
    dns_resolve("www.test", true, false);
    assert_int_equal(dw.dns.state, AKSU_DNS_DONE);
    assert_int_equal(dw.dns.answers, 0);
}

static void mapped_addresses_are_not_ipv6(void **state)
{
    (void)state;
    static const struct dns_row mapped[] = { { "www.test", DNS_TYPE_AAAA, "::ffff:6.6.6.6" },
                                         { "www.test", DNS_TYPE_AAAA, "2001:db8::1" } };
    ZONE(mapped);
    dns_resolve("www.test", false, true);
    ANSWERED("2001:db8::1");
}

static void no_more_answers_than_there_is_room_for(void **state)
{
    (void)state;
    static char text[40][16];
    static struct dns_row many[80];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(text[i], sizeof text[i], "2001:db8::%x", i + 1);
        many[i] = (struct dns_row){ "www.test", DNS_TYPE_AAAA, text[i] };
        many[40 + i] = (struct dns_row){ "www.test", DNS_TYPE_A, "1.2.3.4" };
    }
    ZONE(many);
    dns_resolve("www.test", false, true);
    assert_int_equal(dw.dns.answers, AKSU_DNS_ANSWERS);
    dns_resolve("www.test", true, true);
    assert_int_equal(dw.dns.answers, AKSU_DNS_ANSWERS / 2 + 1);
    dns_resolve("www.test", true, false);
    ANSWERED("1.2.3.4");
}

/* --- two families --- */

static void one_family_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    ZONE(both);
    dw.server[0].only_type = DNS_TYPE_A;
    assert_int_equal(dns_resolve("www.test", true, true), AKSU_SECONDS(2));
    ANSWERED("1.2.3.4", "1.2.3.5");
    dw.server[0].only_type = DNS_TYPE_AAAA;
    assert_int_equal(dns_resolve("www.test", true, true), AKSU_SECONDS(2));
    ANSWERED("2001:db8::1");
    ZONE(simple);                           /* no AAAA; whether there is an A, nobody says */
    assert_int_equal(dns_resolve("www.test", true, true), AKSU_SECONDS(2));
    dns_failed(AKSU_TIMED_OUT);
}

/* --- what needs no server --- */

static void local_answers(void **state)
{
    (void)state;
    aksu_dns_servers(&dw.dns, NULL, 0);
    dns_resolve("9.8.7.6", true, true);
    ANSWERED("9.8.7.6");
    dns_resolve("2001:db8::7", true, true);
    ANSWERED("2001:db8::7");
    dns_resolve("2001:db8::7", true, false);
    assert_int_equal(dw.dns.state, AKSU_DNS_DONE);
    assert_int_equal(dw.dns.answers, 0);
    static const char *const names[] = { "localhost", "LocalHost.", "a.b.localhost" };
    for (unsigned i = 0; i < 3; i++) {
        dns_resolve(names[i], true, false);
        ANSWERED("127.0.0.1");
        dns_resolve(names[i], false, true);
        ANSWERED("::1");
        dns_resolve(names[i], true, true);
        assert_int_equal(dw.dns.answers, 2);
    }
    static const char *const others[] = { "localhost.a", "xlocalhost", "ocalhost", "." };
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(aksu_dns_ask(&dw.dns, others[i], true, true, dw.two.now),
                         AKSU_UNREACHABLE_NET);
    static const char *const bad[] = { "", "a..b", "a b", "http://a/", "fe80::1%eth0",
                                       "1.2.3.4.." };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(aksu_dns_ask(&dw.dns, bad[i], true, true, dw.two.now), AKSU_INVALID);
        assert_int_equal(dw.dns.state, AKSU_DNS_IDLE);
    }
    assert_int_equal(aksu_dns_ask(&dw.dns, "a", false, false, dw.two.now), AKSU_INVALID);
    assert_int_equal(aksu_dns_servers(&dw.dns, dw.address, 4), AKSU_INVALID);
    assert_int_equal(dw.queries, 0);
}

static void the_longest_names(void **state)
{
    (void)state;
    char name[256], alias[256];
    memset(name, 'n', sizeof name);
    name[63] = name[127] = name[191] = '.';
    name[253] = '.';
    name[254] = '\0';
    memcpy(alias, name, sizeof alias);
    alias[253] = '\0';
    struct dns_row rows[] = { { alias, DNS_TYPE_A, "1.2.3.4" } };
    ZONE(rows);
    dns_resolve(name, true, false);
    ANSWERED("1.2.3.4");
    assert_string_equal(dw.dns.name, alias);
    name[253] = 'n';
    assert_int_equal(aksu_dns_ask(&dw.dns, name, true, false, dw.two.now), AKSU_INVALID);
    dns_resolve(".", true, false);
    assert_int_equal(dw.dns.state, AKSU_DNS_DONE);
}

/* --- handles --- */

static void what_belongs_to_the_resolver(void **state)
{
    (void)state;
    struct aksu_ready r, other = { .udp = { 1, 99 } };
    unsigned ours = 0;
    ZONE(simple);
    dw.server[0].cut = BY_UDP;
    assert_int_equal(aksu_dns_ask(&dw.dns, "www.test", true, true, dw.two.now), AKSU_OK);
    assert_false(aksu_dns_owns(&dw.dns, &other));
    assert_false(aksu_dns_owns(&dw.dns, &(struct aksu_ready){ 0 }));
    for (unsigned i = 0; i < 20 && dw.dns.state == AKSU_DNS_ASKING; i++) {
        move(&dw.two);
        dns_serve_udp(0);
        dns_serve_tcp(0);
        move(&dw.two);
        while (aksu_next_ready(dw.two.net[CLIENT], &r)) {
            assert_true(aksu_dns_owns(&dw.dns, &r));
            ours |= r.what;
        }
        aksu_dns_work(&dw.dns, dw.two.now);
    }
    ANSWERED("1.2.3.4");
    assert_true((ours & AKSU_DATAGRAM) && (ours & AKSU_READABLE));
}

static void giving_up_and_asking_anew(void **state)
{
    (void)state;
    struct aksu_counters counters;
    ZONE(both);
    dw.server[0].silent = true;
    for (unsigned i = 0; i < 300; i++)      /* nothing is left of any of them */
        assert_int_equal(aksu_dns_ask(&dw.dns, "www.test", true, true, dw.two.now), AKSU_OK);
    aksu_counters(dw.two.net[CLIENT], &counters);
    assert_int_equal(counters.udp, 2);
    aksu_dns_stop(&dw.dns, dw.two.now);
    aksu_counters(dw.two.net[CLIENT], &counters);
    assert_int_equal(counters.udp, 0);
    assert_int_equal(dw.dns.state, AKSU_DNS_IDLE);
    aksu_dns_work(&dw.dns, dw.two.now);
    dw.server[0].silent = false;
    dw.server[0].cut = BY_UDP;
    aksu_dns_ask(&dw.dns, "www.test", true, false, dw.two.now);
    move(&dw.two);
    dns_serve_udp(0);
    move(&dw.two);
    aksu_dns_work(&dw.dns, dw.two.now);
    aksu_counters(dw.two.net[CLIENT], &counters);
    assert_int_equal(counters.connections, 1);
    aksu_dns_stop(&dw.dns, dw.two.now);
    move(&dw.two);
    aksu_counters(dw.two.net[CLIENT], &counters);
    assert_int_equal(counters.connections, 0);
}

static void servers_that_change_meanwhile(void **state)
{
    (void)state;
    ZONE(simple);
    dw.server[0].silent = dw.server[1].silent = true;
    aksu_dns_servers(&dw.dns, dw.address, 2);
    aksu_dns_ask(&dw.dns, "www.test", true, false, dw.two.now);
    aksu_time start = dw.two.now;
    dw.two.now += AKSU_SECONDS(1);
    dns_settle();
    aksu_dns_servers(&dw.dns, &dw.address[2], 1);
    assert_int_equal(dns_wait(start), AKSU_SECONDS(2));
    ANSWERED("1.2.3.4");
    aksu_dns_servers(&dw.dns, dw.address, 2);
    aksu_dns_ask(&dw.dns, "www.test", true, false, dw.two.now);
    start = dw.two.now;
    aksu_dns_servers(&dw.dns, NULL, 0);
    assert_int_equal(dns_wait(start), AKSU_SECONDS(1));
    dns_failed(AKSU_TIMED_OUT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dns_setup, dns_teardown)
    const struct CMUnitTest tests[] = {
        TEST(addresses_of_a_name), TEST(which_family_first), TEST(ids_and_ports_are_random),
        TEST(aliases), TEST(mapped_addresses_are_not_ipv6),
        TEST(no_more_answers_than_there_is_room_for), TEST(one_family_is_not_waited_for_for_ever),
        TEST(local_answers), TEST(the_longest_names), TEST(what_belongs_to_the_resolver),
        TEST(giving_up_and_asking_anew), TEST(servers_that_change_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
