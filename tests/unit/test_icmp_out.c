/* test_icmp_out.c - ICMP that this stack sends: when not to, what is quoted, the rate, echo (RFC
 * 1122 3.2.2, RFC 4443 2.4, 4.2). */
#include "ip_help.h"

#include "base/time.h"
#include "ip/icmp_out.h"

static struct host host;
static uint8_t text[64000];

static int setup(void **state)
{
    (void)state;
    uint64_t seed = 3;
    chance_fill(&seed, text, sizeof text);
    host_init(&host, 40, 34);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_fini(&host);
    return 0;
}

struct sent {
    struct ip_out ip;
    uint8_t octet[ICMP_OUT_MOST];
    size_t length;
    struct icmp_message m;
};

/* The error about a packet, parsed again when there is one. */
static bool error_about(const struct ip_packet *p, enum icmp_kind kind, uint8_t code,
                        struct sent *s)
{
    struct icmp_limit limit;
    icmp_limit_init(&limit, 1, 1, 0);
    struct icmp_error_out what = { .kind = kind, .code = code, .pointer = p->problem_pointer };
    s->length = icmp_error_build(&limit, &host.routes, p, &what, &s->ip, s->octet,
                                 sizeof s->octet, 0);
    assert_int_equal(limit.tokens, s->length == 0);     /* what is not sent costs nothing */
    if (s->length == 0)
        return false;
    struct reader r = reader_of(s->octet, s->length);
    enum icmp_fault fault = ip_is_v4(&s->ip.source)
                                ? wire_icmpv4_parse(&r, &s->m)
                                : wire_icmpv6_parse(&r, &s->ip.source, &s->ip.destination, 64,
                                                    &s->m);
    assert_int_equal(fault, ICMP_GOOD);
    return true;
}

/* A packet as ip_input would deliver it, without its checks. */
static struct ip_packet packet_of(struct packet *p, const char *source, const char *destination,
                                  uint8_t protocol, size_t length)
{
    struct ip_packet out = { .source = ip_of(source), .destination = ip_of(destination),
                             .device = 1, .protocol = protocol, .ttl = 64, .header = p->octet,
                             .length = (uint32_t)length, .parts = 1 };
    put_packet(p, source, destination, protocol, length, text);
    out.header_length = (uint32_t)(p->length - length);
    out.payload[0] = (struct aksu_slice){ p->octet + out.header_length, length };
    out.group = ip_is_multicast(&out.destination)
             || route_is_broadcast(&host.routes, 1, &out.destination);
    return out;
}

static void the_packet_is_quoted(void **state)
{
    (void)state;
    struct packet p;
    struct sent s;
    static const struct { const char *source, *destination; size_t most; } cases[] = {
        { "10.0.0.9", "10.0.0.2", 576 - 20 - 8 }, { "fe80::9", "fe80::2", 1280 - 40 - 8 },
        { "2001:db8::9", "2001:db8::2", 1280 - 40 - 8 },
    };
    for (size_t i = 0; i < 3; i++) {
        for (size_t length = 8; length < 3000; length += 61) {
            struct ip_packet about = packet_of(&p, cases[i].source, cases[i].destination, 17,
                                               length);
            /* in two slices */
            about.parts = 2;
            about.payload[1] = (struct aksu_slice){ about.payload[0].data + 5, length - 5 };
            about.payload[0].length = 5;
            assert_true(error_about(&about, ICMP_UNREACHABLE, ICMP_CODE_PORT, &s));
            size_t quoted = p.length < cases[i].most ? p.length : cases[i].most;
            assert_int_equal(s.m.body_length, quoted);
            assert_memory_equal(s.m.body, p.octet, quoted);
            assert_true(ip_eq(&s.ip.source, &about.destination));
            assert_true(ip_eq(&s.ip.destination, &about.source));
            assert_int_equal(s.ip.protocol, i == 0 ? 1 : 58);
            assert_true(s.ip.dont_fragment && s.ip.ttl == 64);
            assert_int_equal(s.m.kind, ICMP_UNREACHABLE);
            assert_int_equal(s.m.code, i == 0 ? 3 : 4);
        }
    }
}

static void when_to_be_silent(void **state)
{
    (void)state;
    static const struct { const char *source, *destination; bool sent; } cases[] = {
        { "10.0.0.9", "10.0.0.2", true }, { "10.0.0.9", "10.0.0.255", false },
        { "10.0.0.9", "255.255.255.255", false }, { "10.0.0.9", "224.0.0.1", false },
        { "0.0.0.0", "10.0.0.2", false }, { "224.0.0.1", "10.0.0.2", false },
        { "10.0.0.255", "10.0.0.2", false }, { "255.255.255.255", "10.0.0.2", false },
        { "127.0.0.1", "10.0.0.2", false }, { "240.1.2.3", "10.0.0.2", false },
        { "192.0.2.1", "10.0.0.2", false },     /* no route back */
        { "fe80::9", "fe80::2", true }, { "fe80::9", "ff02::1", false },
        { "::", "fe80::2", false }, { "ff02::1", "fe80::2", false }, { "::1", "fe80::2", false },
    };
    struct packet p;
    struct sent s;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ip_packet about = packet_of(&p, cases[i].source, cases[i].destination, 17, 20);
        assert_int_equal(error_about(&about, ICMP_UNREACHABLE, ICMP_CODE_PORT, &s), cases[i].sent);
        about.link_broadcast = true;
        assert_false(error_about(&about, ICMP_UNREACHABLE, ICMP_CODE_PORT, &s));
    }
    assert_int_equal(route_add(&host.routes, 1, "0.0.0.0/0", "10.0.0.1"), AKSU_OK);
    struct ip_packet routed = packet_of(&p, "192.0.2.1", "10.0.0.2", 17, 20);
    assert_true(error_about(&routed, ICMP_UNREACHABLE, ICMP_CODE_PORT, &s));
    routed = packet_of(&p, "240.1.2.3", "10.0.0.2", 17, 20);    /* class E */
    assert_false(error_about(&routed, ICMP_UNREACHABLE, ICMP_CODE_PORT, &s));
    /* RFC 4443 2.4, second exception: from our own address, though the packet went to a group */
    struct ip_packet about = packet_of(&p, "fe80::9", "ff02::1", 59, 20);
    about.problem_even_multicast = true;
    about.problem_pointer = 48;
    assert_false(error_about(&about, ICMP_UNREACHABLE, ICMP_CODE_PORT, &s));
    assert_true(error_about(&about, ICMP_PARAMETER_PROBLEM, 2, &s));
    struct aksu_ip ours = ip_of("fe80::2");
    assert_true(ip_eq(&s.ip.source, &ours));
    assert_int_equal(s.m.pointer, 48);
    assert_int_equal(s.m.code, 2);
}

static void never_about_icmp_errors(void **state)
{
    (void)state;
    struct packet p;
    struct sent s;
    for (unsigned type = 0; type < 256; type++) {
        bool query = type == 0 || type == 8 || (type >= 13 && type <= 18);
        text[0] = (uint8_t)type;
        struct ip_packet about = packet_of(&p, "10.0.0.9", "10.0.0.2", 1, 20);
        assert_int_equal(error_about(&about, ICMP_TIME_EXCEEDED, 1, &s), query);
        about = packet_of(&p, "fe80::9", "fe80::2", 58, 20);
        assert_int_equal(error_about(&about, ICMP_TIME_EXCEEDED, 1, &s),
                         type >= 128 && type != 137);
        about = packet_of(&p, "fe80::9", "fe80::2", 1, 20);     /* no ICMP over IPv6 */
        assert_true(error_about(&about, ICMP_TIME_EXCEEDED, 1, &s));
    }
    struct ip_packet about = packet_of(&p, "10.0.0.9", "10.0.0.2", 1, 0);
    assert_false(error_about(&about, ICMP_TIME_EXCEEDED, 1, &s));
}

static void codes_in_version_6(void **state)
{
    (void)state;
    /* RFC 7915 4.2; 99: no message */
    static const uint8_t type[17] = { 1, 1, 4, 1, 99, 1, 1, 1, 1, 1, 1, 1, 1, 1, 99, 1, 99 };
    static const uint8_t code[17] = { 0, 0, 1, 4, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0 };
    struct packet p;
    struct sent s;
    for (uint8_t i = 0; i < 17; i++) {
        struct ip_packet about = packet_of(&p, "fe80::9", "fe80::2", 17, 20);
        bool sent = error_about(&about, ICMP_UNREACHABLE, i, &s);
        assert_int_equal(sent, type[i] != 99);
        if (sent) {
            assert_int_equal(s.octet[0], type[i]);
            assert_int_equal(s.octet[1], code[i]);
            assert_int_equal(load_be32(s.octet + 4), i == 2 ? 6 : 0);
        }
        about = packet_of(&p, "10.0.0.9", "10.0.0.2", 17, 20);
        assert_true(error_about(&about, ICMP_UNREACHABLE, i, &s));
        assert_int_equal(s.octet[1], i);
    }
}

static unsigned sent_at(struct icmp_limit *limit, aksu_time now, unsigned tries)
{
    struct packet p;
    struct ip_packet about = packet_of(&p, "10.0.0.9", "10.0.0.2", 17, 20);
    struct icmp_error_out what = { .kind = ICMP_UNREACHABLE, .code = 3 };
    struct ip_out ip;
    uint8_t to[ICMP_OUT_MOST];
    unsigned sent = 0;
    for (unsigned i = 0; i < tries; i++)
        sent += icmp_error_build(limit, &host.routes, &about, &what, &ip, to, sizeof to, now) > 0;
    return sent;
}

static void the_rate_is_limited(void **state)
{
    (void)state;
    struct icmp_limit limit;
    aksu_time start = SECONDS(7);
    icmp_limit_init(&limit, 10, 5, start);
    assert_int_equal(sent_at(&limit, start, 100), 5);           /* the burst */
    assert_int_equal(sent_at(&limit, start + MS(99), 10), 0);
    assert_int_equal(sent_at(&limit, start + MS(100), 10), 1);
    assert_int_equal(sent_at(&limit, start + MS(350), 10), 2);
    assert_int_equal(sent_at(&limit, start + MS(400), 10), 1);  /* the remainder was kept */
    assert_int_equal(sent_at(&limit, SECONDS(1000000), 100), 5);
    assert_int_equal(sent_at(&limit, AKSU_NEVER - 1, 100), 5);
    unsigned sum = 0;
    icmp_limit_init(&limit, 10, 5, 0);
    for (unsigned i = 0; i < 1000; i++)                         /* ten seconds */
        sum += sent_at(&limit, MS(10) * i, 3);
    assert_in_range(sum, 100, 105);
    icmp_limit_init(&limit, 0, 0, 0);
    assert_int_equal(sent_at(&limit, SECONDS(100), 10), 0);
}

static void too_little_room(void **state)
{
    (void)state;
    struct packet p;
    struct icmp_limit limit;
    icmp_limit_init(&limit, 100, 100, 0);
    struct ip_packet about = packet_of(&p, "10.0.0.9", "10.0.0.2", 17, 20);
    struct icmp_error_out what = { .kind = ICMP_UNREACHABLE, .code = 3 };
    struct ip_out ip;
    for (size_t room = 0; room < 60; room++) {
        uint8_t *to = malloc(room + 1);
        size_t length = icmp_error_build(&limit, &host.routes, &about, &what, &ip, to, room, 0);
        assert_int_equal(length, room < 48 ? 0 : 48);
        free(to);
    }
}

static struct ip_packet echo_request(struct packet *p, const char *source, const char *destination,
                                     size_t data, const uint8_t *body)
{
    static uint8_t message[64000];
    struct aksu_ip from = ip_of(source), to = ip_of(destination);
    struct icmp_message m = { .kind = ICMP_ECHO_REQUEST, .echo_identifier = 0x1234,
                              .echo_sequence = 0x5678, .body = body, .body_length = data };
    struct writer w = writer_of(message, sizeof message);
    if (ip_is_v4(&from))
        wire_icmpv4_build(&w, &m);
    else
        wire_icmpv6_build(&w, &from, &to, &m);
    struct ip_packet out = packet_of(p, source, destination, ip_is_v4(&from) ? 1 : 58,
                                     writer_length(&w));
    memcpy(p->octet + out.header_length, message, writer_length(&w));
    return out;
}

/* The reply in one piece. */
static size_t reply(const struct ip_packet *p, struct ip_out *ip, uint8_t *to, size_t room)
{
    uint8_t head[ICMP_ECHO_HEAD];
    struct aksu_slice part[ICMP_ECHO_PARTS];
    size_t length = 0;
    uint32_t parts = icmp_echo_reply(&host.routes, p, ip, head, part);
    assert_true(parts <= ICMP_ECHO_PARTS);
    for (uint32_t i = 0; i < parts; i++) {
        assert_true(part[i].length <= room - length);
        memcpy(to + length, part[i].data, part[i].length);
        length += part[i].length;
    }
    return length;
}

static void echoes(void **state)
{
    (void)state;
    static struct packet p;
    static uint8_t to[64000];
    struct ip_out ip;
    static const char *const pairs[][2] = { { "10.0.0.9", "10.0.0.2" }, { "fe80::9", "fe80::2" },
                                            { "fe80::9", "ff02::1" } };
    for (unsigned i = 0; i < 3; i++) {
        for (size_t data = 0; data < 63000; data = data * 3 + 1) {
            struct ip_packet q = echo_request(&p, pairs[i][0], pairs[i][1], data, text);
            q.tos = 0xbb;
            if (q.length > 40) {        /* an odd first slice */
                q.parts = 2;
                q.payload[1] = (struct aksu_slice){ q.payload[0].data + 11, q.length - 11 };
                q.payload[0].length = 11;
            }
            size_t length = reply(&q, &ip, to, sizeof to);
            assert_int_equal(length, q.length);
            struct aksu_ip ours = ip_of(i == 0 ? "10.0.0.2" : "fe80::2");
            assert_true(ip_eq(&ip.source, &ours) && ip_eq(&ip.destination, &q.source));
            assert_int_equal(ip.tos, 0xb8);
            struct reader r = reader_of(to, length);
            struct icmp_message m;
            assert_int_equal(i == 0 ? wire_icmpv4_parse(&r, &m)
                                    : wire_icmpv6_parse(&r, &ip.source, &ip.destination, 64, &m),
                             ICMP_GOOD);
            assert_int_equal(m.kind, ICMP_ECHO_REPLY);
            assert_int_equal(m.echo_identifier, 0x1234);
            assert_int_equal(m.echo_sequence, 0x5678);
            assert_int_equal(m.body_length, data);
            assert_memory_equal(m.body, text, data);
        }
    }
}

static void what_is_not_echoed(void **state)
{
    (void)state;
    static struct packet p;
    uint8_t to[200];
    struct ip_out ip;
    struct ip_packet q = echo_request(&p, "10.0.0.9", "10.0.0.2", 50, text);
    for (size_t i = 0; i < 58; i++) {       /* any octet wrong: the checksum says so */
        p.octet[20 + i] ^= 0x10;
        assert_int_equal(reply(&q, &ip, to, sizeof to), 0);
        p.octet[20 + i] ^= 0x10;
    }
    assert_int_equal(reply(&q, &ip, to, sizeof to), 58);
    q.link_broadcast = true;
    assert_int_equal(reply(&q, &ip, to, sizeof to), 0);
    q = echo_request(&p, "10.0.0.9", "10.0.0.255", 50, text);   /* RFC 1122 3.2.2.6 */
    assert_int_equal(reply(&q, &ip, to, sizeof to), 0);
    q = echo_request(&p, "::", "ff02::1", 50, text);
    assert_int_equal(reply(&q, &ip, to, sizeof to), 0);
    q = echo_request(&p, "fe80::9", "fe80::2", 50, text);
    q.length = 7;
    q.payload[0].length = 7;
    assert_int_equal(reply(&q, &ip, to, sizeof to), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_packet_is_quoted, setup, teardown),
        cmocka_unit_test_setup_teardown(when_to_be_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(never_about_icmp_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(codes_in_version_6, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rate_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(too_little_room, setup, teardown),
        cmocka_unit_test_setup_teardown(echoes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_echoed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
