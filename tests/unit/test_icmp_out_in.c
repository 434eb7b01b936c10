/* test_icmp_out_in.c - ICMP errors about our packets: what they mean, and what they quote however
 * short (RFC 1122 3.2.2, 4.2.3.9, RFC 9293 3.9.2.2, RFC 4443 3, RFC 1191 4, 5). */
#include "ip_help.h"

#include "ip/icmp_in.h"

enum { SOFT = ICMP_ERROR_SOFT, HARD = ICMP_ERROR_HARD, MTU = ICMP_ERROR_MTU,
       NONE = ICMP_ERROR_IGNORE };

/* A quoted packet of ours: the first 8 octets of its transport header are ports and a number. */
static size_t quoted(uint8_t *to, bool v6, uint8_t protocol)
{
    static struct packet p;
    uint8_t payload[60] = { 0x12, 0x34, 0x00, 0x50, 0xfe, 0xdc, 0xba, 0x98, 1, 2, 3 };
    put_packet(&p, v6 ? "fe80::2" : "10.0.0.2", v6 ? "fe80::9" : "10.0.0.9", protocol, 60, payload);
    memcpy(to, p.octet, p.length);
    return p.length;
}

static struct icmp_message message(const uint8_t *body, size_t length, bool v6, uint8_t type,
                                   uint8_t code)
{
    static uint8_t wire[400];
    struct icmp_message m = { .kind = ICMP_OTHER, .type = type, .code = code, .body = body,
                              .body_length = length }, out;
    struct aksu_ip a = ip_of("fe80::9"), b = ip_of("fe80::2");
    struct writer w = writer_of(wire, sizeof wire);
    if (v6)
        wire_icmpv6_build(&w, &a, &b, &m);
    else
        wire_icmpv4_build(&w, &m);
    struct reader r = reader_of(wire, writer_length(&w));
    assert_int_equal(v6 ? wire_icmpv6_parse(&r, &a, &b, 255, &out) : wire_icmpv4_parse(&r, &out),
                     ICMP_GOOD);
    return out;
}

static void assert_meaning(bool v6, uint8_t type, uint8_t code, int kind, enum aksu_status status)
{
    uint8_t body[200];
    size_t length = quoted(body, v6, 6);
    struct icmp_message m = message(body, length, v6, type, code);
    struct icmp_error e;
    assert_true(icmp_error_parse(&m, v6, &e));
    if ((int)e.kind != kind || e.status != status)
        fail_msg("v%d type %u code %u: %d %d", v6 ? 6 : 4, type, code, (int)e.kind, (int)e.status);
    assert_int_equal(e.type, type);
    assert_int_equal(e.code, code);
}

/* RFC 9293 3.9.2.2 [MUST-55]: Source Quench is nothing.
 * RFC 9293 3.9.2.2 [MUST-56]: these are soft. */
static void soft_and_hard(void **state)
{
    (void)state;
    static const struct { uint8_t code; int kind; enum aksu_status status; } v4[] = {
        { 0, SOFT, AKSU_UNREACHABLE_NET }, { 1, SOFT, AKSU_UNREACHABLE_HOST },
        { 2, HARD, AKSU_UNREACHABLE_PORT }, { 3, HARD, AKSU_UNREACHABLE_PORT },
        { 4, MTU, AKSU_OK }, { 5, SOFT, AKSU_UNREACHABLE_HOST }, { 6, SOFT, AKSU_UNREACHABLE_NET },
        { 7, SOFT, AKSU_UNREACHABLE_HOST }, { 8, SOFT, AKSU_UNREACHABLE_HOST },
        { 9, HARD, AKSU_PROHIBITED }, { 10, HARD, AKSU_PROHIBITED },
        { 11, SOFT, AKSU_UNREACHABLE_NET }, { 12, SOFT, AKSU_UNREACHABLE_HOST },
        { 13, HARD, AKSU_PROHIBITED }, { 14, NONE, AKSU_OK }, { 255, NONE, AKSU_OK },
    }, v6[] = {
        { 0, SOFT, AKSU_UNREACHABLE_NET }, { 1, HARD, AKSU_PROHIBITED },
        { 2, SOFT, AKSU_UNREACHABLE_NET }, { 3, SOFT, AKSU_UNREACHABLE_HOST },
        { 4, HARD, AKSU_UNREACHABLE_PORT }, { 5, HARD, AKSU_PROHIBITED },
        { 6, HARD, AKSU_PROHIBITED }, { 7, NONE, AKSU_OK },
    };
    for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++)
        assert_meaning(false, 3, v4[i].code, v4[i].kind, v4[i].status);
    for (size_t i = 0; i < sizeof v6 / sizeof v6[0]; i++)
        assert_meaning(true, 1, v6[i].code, v6[i].kind, v6[i].status);
    for (uint8_t code = 0; code < 2; code++) {
        assert_meaning(false, 11, code, SOFT, AKSU_UNREACHABLE_HOST);
        assert_meaning(true, 3, code, SOFT, AKSU_UNREACHABLE_HOST);
        assert_meaning(false, 12, code, SOFT, AKSU_UNREACHABLE_HOST);
    }
    assert_meaning(false, 4, 0, NONE, AKSU_OK);
    assert_meaning(true, 4, 0, SOFT, AKSU_UNREACHABLE_HOST);
    assert_meaning(true, 4, 1, SOFT, AKSU_UNREACHABLE_PORT);
    assert_meaning(true, 4, 2, SOFT, AKSU_UNREACHABLE_HOST);
    assert_meaning(true, 2, 0, MTU, AKSU_OK);
}

static void messages_that_are_no_errors(void **state)
{
    (void)state;
    uint8_t body[200];
    struct icmp_error e;
    static const uint8_t v4[] = { 0, 5, 8, 13, 40 }, v6[] = { 100, 128, 129, 200 };
    size_t length = quoted(body, false, 6);
    for (size_t i = 0; i < sizeof v4; i++) {
        struct icmp_message m = message(body, length, false, v4[i], 0);
        assert_false(icmp_error_parse(&m, false, &e));
    }
    length = quoted(body, true, 6);
    for (size_t i = 0; i < sizeof v6; i++) {
        struct icmp_message m = message(body, length, true, v6[i], 0);
        assert_false(icmp_error_parse(&m, true, &e));
    }
}

/* Eight octets of transport header are enough, seven are not (RFC 792). */
static void quotes_cut_short(void **state)
{
    (void)state;
    static const uint8_t protocols[] = { 6, 17 };
    uint8_t body[200];
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (unsigned i = 0; i < 2; i++) {
            size_t length = quoted(body, v6, protocols[i]), header = v6 ? 40 : 20;
            for (size_t n = 0; n <= length; n++) {
                uint8_t *copy = exact_copy(body, n);
                struct icmp_message m = message(body, n, v6, v6 ? 1 : 3, v6 ? 4 : 3);
                struct icmp_error e;
                m.body = copy;
                bool good = icmp_error_parse(&m, v6, &e);
                assert_int_equal(good, n >= header + 8);
                if (good) {
                    struct aksu_endpoint local = endpoint_of(v6 ? "fe80::2" : "10.0.0.2", 0x1234);
                    struct aksu_endpoint remote = endpoint_of(v6 ? "fe80::9" : "10.0.0.9", 80);
                    assert_true(ip_eq(&e.local.ip, &local.ip) && e.local.port == local.port);
                    assert_true(ip_eq(&e.remote.ip, &remote.ip) && e.remote.port == remote.port);
                    assert_int_equal(e.protocol, protocols[i]);
                    assert_int_equal(e.has_seq, i == 0);
                    if (i == 0)
                        assert_true(e.seq.n == 0xfedcba98);
                }
                free(copy);
            }
        }
    }
}

static void quoted_headers(void **state)
{
    (void)state;
    uint8_t body[300];
    struct icmp_error e;
    size_t length = quoted(body, false, 1);
    struct icmp_message m = message(body, 20, false, 3, 1);
    assert_true(icmp_error_parse(&m, false, &e));       /* no ports: none needed */
    assert_int_equal(e.local.port, 0);

    length = quoted(body, false, 6);
    body[10] ^= 0xff;                                   /* a checksum that a router left stale */
    m = message(body, length, false, 3, 1);
    assert_true(icmp_error_parse(&m, false, &e));
    body[7] = 1;                                        /* a later fragment has no ports */
    m = message(body, length, false, 3, 1);
    assert_false(icmp_error_parse(&m, false, &e));
    body[7] = 0;
    body[6] = 0x20;                                     /* the first one has */
    m = message(body, length, false, 3, 1);
    assert_true(icmp_error_parse(&m, false, &e));
    body[0] = 0x47;                                     /* eight octets of options */
    m = message(body, length, false, 3, 1);
    assert_true(icmp_error_parse(&m, false, &e));
    assert_int_equal(e.local.port, 0x0102);
    body[0] = 0x44;
    m = message(body, length, false, 3, 1);
    assert_false(icmp_error_parse(&m, false, &e));
    body[0] = 0x65;
    m = message(body, length, false, 3, 1);
    assert_false(icmp_error_parse(&m, false, &e));
}

static void quoted_extension_headers(void **state)
{
    (void)state;
    uint8_t body[300];
    struct icmp_error e;
    quoted(body, true, 44);                 /* a fragment of ours, the first */
    static const uint8_t fragment[8] = { 17, 0, 0, 1, 0, 0, 0, 9 };
    memcpy(body + 40, fragment, 8);
    body[4] = 5;                            /* a payload far longer than what is quoted */
    body[5] = 0;
    static const uint8_t udp[8] = { 0x30, 0x39, 0x00, 0x35, 0, 99, 0, 0 };
    memcpy(body + 48, udp, 8);
    struct icmp_message m = message(body, 56, true, 1, 4);
    assert_true(icmp_error_parse(&m, true, &e));
    assert_int_equal(e.protocol, 17);
    assert_int_equal(e.local.port, 12345);
    assert_int_equal(e.remote.port, 53);
    assert_false(e.has_seq);
    body[43] = 9;                           /* not the first */
    m = message(body, 56, true, 1, 4);
    assert_false(icmp_error_parse(&m, true, &e));
    m = message(body, 47, true, 1, 4);
    assert_false(icmp_error_parse(&m, true, &e));
}

static void mtus(void **state)
{
    (void)state;
    uint8_t body[200];
    struct icmp_error e;
    size_t length = quoted(body, false, 6);
    struct icmp_message m = message(body, length, false, 3, 4);
    m.mtu = 1400;
    assert_true(icmp_error_parse(&m, false, &e));
    assert_int_equal(e.mtu, 1400);
    m.mtu = 0;                              /* RFC 1191 5: a router that does not say */
    store_be16(body + 2, 1500);
    m.body = body;
    assert_true(icmp_error_parse(&m, false, &e));
    assert_int_equal(e.mtu, 1492);
    length = quoted(body, true, 6);
    m = message(body, length, true, 2, 0);
    m.mtu = 1300;
    assert_true(icmp_error_parse(&m, true, &e));
    assert_int_equal(e.mtu, 1300);
}

static bool v6_now;

static bool survives(const uint8_t *data, size_t length)
{
    struct icmp_message m = { .kind = ICMP_UNREACHABLE, .type = 3, .code = 3, .body = data,
                              .body_length = length };
    struct icmp_error e;
    return icmp_error_parse(&m, v6_now, &e);
}

static void mutations(void **state)
{
    (void)state;
    uint8_t body[200];
    for (unsigned v6 = 0; v6 < 2; v6++) {
        v6_now = v6;
        size_t length = quoted(body, v6, 6);
        assert_true(good_mutations(survives, body, length, 50000, 1) > 10000);
        quoted(body, v6, v6 ? 0 : 17);
        good_mutations(survives, body, length, 50000, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soft_and_hard),
        cmocka_unit_test(messages_that_are_no_errors),
        cmocka_unit_test(quotes_cut_short),
        cmocka_unit_test(quoted_headers),
        cmocka_unit_test(quoted_extension_headers),
        cmocka_unit_test(mtus),
        cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
