/* test_host_dns_servers.c - the resolver and servers that lie, fail, cut or are silent (RFC 1035
 * 7.2; RFC 5452 9.1; RFC 6891 7; RFC 7766 5). */
#include "dns_help.h"

#include "host/dns_answer.h"

static const struct dns_row simple[] = { { "www.test", DNS_TYPE_A, "1.2.3.4" } };
static const struct dns_row both[] = { { "www.test", DNS_TYPE_A, "1.2.3.4" },
                                   { "www.test", DNS_TYPE_A, "1.2.3.5" },
                                   { "www.test", DNS_TYPE_AAAA, "2001:db8::1" } };

/* --- lies: each with a wrong address that must not be taken --- */

static void poison(uint8_t *m, const size_t *length)
{
    memset(m + *length - 4, 6, 4);
}
static void wrong_id(uint8_t *m, size_t *n) { poison(m, n); m[0] ^= 1; }
static void wrong_id_low(uint8_t *m, size_t *n) { poison(m, n); m[1] ^= 1; }
static void wrong_name(uint8_t *m, size_t *n) { poison(m, n); m[13] = 'v'; }
static void wrong_type(uint8_t *m, size_t *n) { poison(m, n); m[23] = 2; }
static void wrong_class(uint8_t *m, size_t *n) { poison(m, n); m[25] = 3; }
static void a_query(uint8_t *m, size_t *n) { poison(m, n); m[2] = 1; }
static void wrong_opcode(uint8_t *m, size_t *n) { poison(m, n); m[2] = 0x91; }
static void no_question(uint8_t *m, size_t *n) { poison(m, n); m[5] = 0; }
static void two_questions(uint8_t *m, size_t *n) { poison(m, n); m[5] = 2; }
static void looping_question(uint8_t *m, size_t *n) { poison(m, n); m[12] = 0xc0; m[13] = 12; }
static void header_alone(uint8_t *m, size_t *n) { (void)m; *n = 12; }
static void not_even_a_header(uint8_t *m, size_t *n) { (void)m; *n = 5; }
static void nothing(uint8_t *m, size_t *n) { (void)m; *n = 0; }

static void forged_answers_are_not_taken(void **state)
{
    (void)state;
    static void (*const lies[])(uint8_t *, size_t *) = {
        wrong_id, wrong_id_low, wrong_name, wrong_type, wrong_class, a_query, wrong_opcode,
        no_question, two_questions, looping_question, header_alone, not_even_a_header, nothing };
    ZONE(simple);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        dw.server[0].lie = lies[i];
        assert_int_equal(dns_resolve("www.test", true, false), 0);
        ANSWERED("1.2.3.4");
    }
    dw.server[0].lie = wrong_id;             /* and if the truth never comes: nothing */
    dw.server[0].only_lies = true;
    assert_int_equal(dns_resolve("www.test", true, false), AKSU_SECONDS(15));
    dns_failed(AKSU_TIMED_OUT);
}

static void answers_from_elsewhere_are_not_taken(void **state)
{
    (void)state;
    ZONE(simple);
    dw.server[0].answers_from.port = 5353;
    assert_int_equal(dns_resolve("www.test", true, false), AKSU_SECONDS(15));
    dns_failed(AKSU_TIMED_OUT);
}

static void looping_record(uint8_t *m, size_t *n) { (void)n; m[26] = 0xc0; m[27] = 26; }
static void long_record(uint8_t *m, size_t *n) { m[*n - 5] = 5; }
static void one_record_too_few(uint8_t *m, size_t *n) { (void)n; m[7]++; }
static void cut_off(uint8_t *m, size_t *n) { (void)m; --*n; }

/* From the server that was asked, but nothing can be made of it: the next one. */
static void broken_answers(void **state)
{
    (void)state;
    static void (*const lies[])(uint8_t *, size_t *) = { looping_record, long_record,
                                                         one_record_too_few, cut_off };
    ZONE(simple);
    dw.server[0].only_lies = true;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        dw.server[0].lie = lies[i];
        aksu_dns_servers(&dw.dns, dw.address, 1);
        assert_int_equal(dns_resolve("www.test", true, false), 0);
        dns_failed(AKSU_REFUSED);
        aksu_dns_servers(&dw.dns, dw.address, 2);
        assert_int_equal(dns_resolve("www.test", true, false), 0);
        ANSWERED("1.2.3.4");
    }
}

/* --- one server after the other --- */

static void nobody_answers(void **state)
{
    (void)state;
    static const unsigned seconds[] = { 0, 1, 3, 7 };
    dw.server[0].silent = dw.server[1].silent = dw.server[2].silent = true;
    assert_int_equal(dns_resolve("www.test", true, false), AKSU_SECONDS(15));
    dns_failed(AKSU_TIMED_OUT);
    assert_int_equal(dw.queries, 4);
    aksu_time start = dw.query[0].at;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(dw.query[i].at - start, AKSU_SECONDS(seconds[i]));
        for (unsigned k = 0; k < i; k++) {
            assert_int_not_equal(dw.query[i].query.id, dw.query[k].query.id);
            assert_int_not_equal(dw.query[i].from.port, dw.query[k].from.port);
        }
    }
    static const unsigned later[] = { 0, 1, 2, 3, 5, 7, 9, 13 };
    dw.queries = 0;
    aksu_dns_servers(&dw.dns, dw.address, 3);
    assert_int_equal(dns_resolve("www.test", true, false), AKSU_SECONDS(15));
    assert_int_equal(dw.queries, 8);
    start = dw.query[0].at;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(dw.query[i].at - start, AKSU_SECONDS(later[i]));
        assert_int_equal(dw.query[i].server, i % 3);
    }
}

static void the_second_server_answers(void **state)
{
    (void)state;
    ZONE(simple);
    dw.server[0].silent = true;
    for (unsigned second = 1; second <= 2; second++) {          /* over IPv4, over IPv6 */
        struct aksu_ip servers[2] = { dw.address[0], dw.address[second] };
        aksu_dns_servers(&dw.dns, servers, 2);
        assert_int_equal(dns_resolve("www.test", true, false), AKSU_SECONDS(1));
        ANSWERED("1.2.3.4");
    }
    static const uint8_t failures[] = { DNS_SERVER_FAILURE, DNS_REFUSED, DNS_NOT_IMPLEMENTED, 9 };
    dw.server[0].silent = false;
    for (size_t i = 0; i < sizeof failures; i++) {              /* at once */
        dw.server[0].rcode = failures[i];
        assert_int_equal(dns_resolve("www.test", true, false), 0);
        ANSWERED("1.2.3.4");
    }
    dw.server[1].rcode = dw.server[2].rcode = DNS_SERVER_FAILURE;
    dw.queries = 0;
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    dns_failed(AKSU_REFUSED);
    assert_int_equal(dw.queries, 2);
    dw.server[2].rcode = 0;
    dw.server[2].silent = true;              /* one has failed, the other alone is asked again */
    dw.queries = 0;
    assert_int_equal(dns_resolve("www.test", true, false), AKSU_SECONDS(15));
    dns_failed(AKSU_REFUSED);
    assert_int_equal(dw.queries, 1 + 4);
}

static void a_referral_is_no_answer(void **state)
{
    (void)state;
    dw.server[0].no_recursion = true;
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    dns_failed(AKSU_REFUSED);
    ZONE(simple);
    dns_resolve("www.test", true, false);
    ANSWERED("1.2.3.4");
}

static void no_such_name(void **state)
{
    (void)state;
    dw.server[0].rcode = DNS_NAME_ERROR;
    aksu_dns_servers(&dw.dns, dw.address, 2);
    assert_int_equal(dns_resolve("www.test", true, true), 0);
    dns_failed(AKSU_DOES_NOT_EXIST);
    for (uint32_t i = 0; i < dw.queries; i++)
        assert_int_equal(dw.query[i].server, 0);
}

/* A port where nobody listens: ICMP says so, and the next server is asked at once. */
static void port_unreachable(void **state)
{
    (void)state;
    ZONE(simple);
    aksu_udp_close(dw.two.net[SERVER], dw.server[0].udp);
    aksu_dns_servers(&dw.dns, dw.address, 2);
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    ANSWERED("1.2.3.4");
    aksu_dns_servers(&dw.dns, dw.address, 1);
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    dns_failed(AKSU_UNREACHABLE_PORT);
    struct aksu_ip far = ip_text("99.0.0.1"), servers[2] = { far, dw.address[1] };
    aksu_dns_servers(&dw.dns, servers, 2);
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    ANSWERED("1.2.3.4");
    aksu_dns_servers(&dw.dns, servers, 1);
    dns_resolve("www.test", true, true);
    dns_failed(AKSU_UNREACHABLE_NET);
}

/* --- EDNS0 and TCP --- */

static void a_server_without_edns(void **state)
{
    (void)state;
    ZONE(simple);
    static const uint8_t words[] = { DNS_FORMAT_ERROR, DNS_NOT_IMPLEMENTED };
    for (unsigned i = 0; i < 2; i++) {
        dw.server[0].rcode_of_edns = words[i];
        dw.queries = 0;
        assert_int_equal(dns_resolve("www.test", true, false), 0);
        ANSWERED("1.2.3.4");
        assert_int_equal(dw.queries, 2);
        assert_true(dw.query[0].query.edns && !dw.query[1].query.edns);
    }
    dw.server[0].rcode = dw.server[0].rcode_of_edns = DNS_FORMAT_ERROR;
    dw.server[0].bare = true;
    dw.queries = 0;
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    dns_failed(AKSU_REFUSED);
    assert_int_equal(dw.queries, 2);
}

static void truncated_answers(void **state)
{
    (void)state;
    ZONE(both);
    dw.server[0].cut = BY_UDP;
    assert_int_equal(dns_resolve("www.test", true, true), 0);
    assert_int_equal(dw.dns.answers, 3);
    assert_int_equal(dw.queries, 4);
    unsigned by_tcp = 0;
    for (unsigned i = 0; i < 4; i++)
        by_tcp += dw.query[i].by == BY_TCP;
    assert_int_equal(by_tcp, 2);
    dw.server[0].fill = 150;                 /* 3.6 KiB */
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    ANSWERED("1.2.3.4", "1.2.3.5");
    dw.server[0].fill = 2000;                /* more than we keep: what was kept counts */
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    assert_int_equal(dw.dns.state, AKSU_DNS_DONE);
    assert_int_equal(dw.dns.answers, 0);
}

static void truncated_and_no_tcp(void **state)
{
    (void)state;
    ZONE(simple);
    aksu_dns_servers(&dw.dns, dw.address, 2);
    dw.server[0].cut = BY_UDP | BY_TCP;
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    ANSWERED("1.2.3.4");
    dw.server[0].cut = BY_UDP;
    dw.server[0].header_only_end = true;
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    ANSWERED("1.2.3.4");
    dw.server[0].header_only_end = false;
    dw.server[0].lie = wrong_id;
    assert_int_equal(dns_resolve("www.test", true, false), 0);
    ANSWERED("1.2.3.4");
    dw.server[0].lie = NULL;
    aksu_close_listener(dw.two.net[SERVER], dw.server[0].listener, dw.two.now);
    assert_int_equal(dns_resolve("www.test", true, false), 0);      /* RST */
    ANSWERED("1.2.3.4");
}

static void tcp_that_says_nothing(void **state)
{
    (void)state;
    ZONE(simple);
    aksu_dns_servers(&dw.dns, dw.address, 2);
    dw.server[0].cut = BY_UDP;
    aksu_dns_ask(&dw.dns, "www.test", true, false, dw.two.now);
    move(&dw.two);
    dns_serve_udp(0);
    dw.server[0].silent = true;              /* accepts, and is silent */
    assert_int_equal(dns_wait(dw.two.now), AKSU_SECONDS(5));
    ANSWERED("1.2.3.4");
}

/* --- anything --- */

static bool judged(const uint8_t *data, size_t length)
{
    struct dns_query asked = { .id = 0xabcd, .type = DNS_TYPE_A, .edns = true };
    struct aksu_ip ip[4];
    assert_true(wire_dns_name_parse("www.test", &asked.name));
    enum dns_verdict verdict = host_dns_judge(&asked, data, length, length % 2 == 0);
    uint32_t count = host_dns_addresses(&asked, data, length, ip, 4);
    assert_in_range(count, 0, 4);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(ip[i].octet[10], 0xff);
    return verdict == DNS_ANSWERED && count > 0;
}

static void mutated_answers(void **state)
{
    (void)state;
    static const uint8_t answer[] = "\xab\xcd\x81\x80\0\1\0\3\0\0\0\0"
        "\3www\4test\0\0\1\0\1" "\xc0\x0c\0\5\0\1\0\0\1\0\0\4\1a\xc0\x10"
        "\xc0\x26\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3"
        "\1A\xc0\x10\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\4";
    assert_true(parse_exactly(judged, answer, sizeof answer - 1));
    assert_in_range(good_mutations(judged, answer, sizeof answer - 1, 100000, 5), 1000, 90000);
}

static uint64_t chaos;

static void mutate(uint8_t *message, size_t *length)
{
    for (unsigned n = 1 + chance_below(&chaos, 3); n > 0; n--)
        message[chance_below(&chaos, (uint32_t)*length)] = (uint8_t)chance(&chaos);
    if (chance_below(&chaos, 8) == 0)
        *length = chance_below(&chaos, (uint32_t)*length);
}

/* Whatever comes, by UDP and by TCP: the question ends, and in time. */
static void mutated_servers(void **state)
{
    (void)state;
    unsigned found = 0;
    ZONE(both);
    aksu_dns_servers(&dw.dns, dw.address, 2);
    dw.server[0].lie = dw.server[1].lie = mutate;
    for (unsigned i = 0; i < 3000; i++) {
        dw.queries = 0;
        dw.server[0].cut = i % 3 == 0 ? BY_UDP : 0;
        dw.server[0].only_lies = dw.server[1].only_lies = i % 2 == 0;
        dns_resolve("www.test", true, true);
        found += dw.dns.state == AKSU_DNS_DONE && dw.dns.answers > 0;
    }
    assert_in_range(found, 1500, 3000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dns_setup, dns_teardown)
    const struct CMUnitTest tests[] = {
        TEST(forged_answers_are_not_taken), TEST(answers_from_elsewhere_are_not_taken),
        TEST(broken_answers), TEST(nobody_answers), TEST(the_second_server_answers),
        TEST(a_referral_is_no_answer), TEST(no_such_name), TEST(port_unreachable),
        TEST(a_server_without_edns), TEST(truncated_answers), TEST(truncated_and_no_tcp),
        TEST(tcp_that_says_nothing),
        TEST(mutated_answers), TEST(mutated_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
