/* test_ip_input.c - which packets are taken, and why others are not (RFC 1122 3.2.1, RFC 8200 3,
 * 4). */
#include "ip_help.h"

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

static void a_good_packet(void **state)
{
    (void)state;
    struct packet p;
    struct ip_packet out;
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 17, 100);
    h.tos = 0xb9;
    h.ttl = 0;                      /* RFC 1122 3.2.1.7: not ours to judge */
    put_v4(&p, &h, text);
    p.length += 6;                  /* padding of the link */
    assert_int_equal(arrives(&host, &p, &out, 0), IP_DELIVER);
    assert_true(ip_eq(&out.source, &h.source) && ip_eq(&out.destination, &h.destination));
    assert_int_equal(out.protocol, 17);
    assert_int_equal(out.tos, 0xb9);
    assert_int_equal(out.ttl, 0);
    assert_int_equal(out.device, 1);
    assert_int_equal(out.length, 100);
    assert_int_equal(out.parts, 1);
    assert_ptr_equal(out.payload[0].data, p.octet + 20);
    assert_int_equal(out.payload[0].length, 100);
    assert_ptr_equal(out.header, p.octet);
    assert_int_equal(out.header_length, 20);
    assert_false(out.group || out.link_broadcast || out.reassembled || out.checksum_verified);

    struct ipv6_header g = v6_header("fe80::9", "2001:db8::2", 6, 77);
    g.traffic_class = 0x5a;
    put_v6(&p, &g, text);
    p.length += 30;
    assert_int_equal(arrives(&host, &p, &out, 0), IP_DELIVER);
    assert_int_equal(out.protocol, 6);
    assert_int_equal(out.tos, 0x5a);
    assert_int_equal(out.header_length, 40);
    assert_int_equal(out.length, 77);
    assert_memory_equal(out.payload[0].data, text, 77);
}

/* Every way to cut the same packet into three parts gives the same payload. */
static void in_several_parts(void **state)
{
    (void)state;
    struct packet p;
    struct ip_packet out;
    uint8_t whole[100];
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 17, 90);
        struct ipv6_header g = v6_header("fe80::9", "2001:db8::2", 17, 90);
        if (v6)
            put_v6(&p, &g, text);
        else
            put_v4(&p, &h, text);
        size_t header = p.length - 90;
        p.length += 5;              /* padding in the last part */
        for (size_t a = 1; a < p.length; a++) {
            for (size_t b = a; b <= p.length; b += 7) {
                uint8_t *first = exact_copy(p.octet, a), *second = exact_copy(p.octet + a, b - a);
                struct aksu_slice part[] = { { first, a }, { second, b - a },
                                             { p.octet + b, p.length - b } };
                struct ip_arrival in = { .device = 1, .part = part, .parts = 3,
                                         .checksum_verified = true };
                enum ip_verdict verdict = ip_input(&host.routes, &host.reassembly, &in, &out, 0);
                assert_int_equal(verdict, a < header ? IP_DROP : IP_DELIVER);
                if (verdict == IP_DELIVER) {
                    assert_int_equal(out.length, 90);
                    assert_true(out.checksum_verified && out.payload[0].length > 0);
                    gather(&out, whole);
                    assert_memory_equal(whole, text, 90);
                }
                free(first);
                free(second);
            }
        }
    }
}

static void assert_why(const struct packet *p, bool link_broadcast, const char *why)
{
    struct ip_packet out;
    struct aksu_slice part = { p->octet, p->length };
    struct ip_arrival in = { .device = 1, .part = &part, .parts = 1,
                             .link_broadcast = link_broadcast };
    enum ip_verdict verdict = ip_input(&host.routes, &host.reassembly, &in, &out, 0);
    if (why == NULL) {
        assert_int_equal(verdict, IP_DELIVER);
        return;
    }
    assert_int_equal(verdict, IP_DROP);
    assert_string_equal(out.why, why);
}

static void addresses_v4(void **state)
{
    (void)state;
    static const struct {
        const char *source, *destination;
        bool link_broadcast;
        const char *why;
    } cases[] = {
        { "10.0.0.9", "10.0.0.3", false, "not for us" },
        { "10.0.0.9", "10.0.0.2", true, "link broadcast to a unicast address" },
        { "10.0.0.9", "10.0.0.255", true, NULL },
        { "10.0.0.9", "255.255.255.255", true, NULL },
        { "10.0.0.9", "224.0.0.1", true, NULL },
        { "10.0.0.9", "224.0.0.5", true, "group we are not in" },
        { "10.0.0.9", "127.0.0.1", false, "destination is a loopback address" },
        { "10.0.0.9", "0.0.0.0", false, "not for us" },
        { "224.0.0.1", "10.0.0.2", false, "source is a multicast address" },
        { "255.255.255.255", "10.0.0.2", false, "source is a broadcast address" },
        { "10.0.0.255", "10.0.0.2", false, "source is a broadcast address" },
        { "127.0.0.1", "10.0.0.2", false, "source is a loopback address" },
        { "0.0.0.0", "10.0.0.2", false, "source is unspecified" },
        { "10.0.0.2", "10.0.0.2", false, "source is an address of ours" },
    };
    struct packet p;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ipv4_header h = v4_header(cases[i].source, cases[i].destination, 17, 8);
        put_v4(&p, &h, text);
        assert_why(&p, cases[i].link_broadcast, cases[i].why);
    }
}

static void addresses_v6(void **state)
{
    (void)state;
    static const struct {
        const char *source, *destination, *why;
    } cases[] = {
        { "fe80::9", "fe80::2", NULL },
        { "fe80::9", "2001:db8::3", "not for us" },
        { "fe80::9", "ff02::1", NULL },
        { "fe80::9", "ff02::1:ff00:2", NULL },
        { "fe80::9", "ff02::1:ff00:3", "group we are not in" },
        { "fe80::9", "::1", "destination is a loopback address" },
        { "::1", "fe80::2", "source is a loopback address" },
        { "ff02::1", "fe80::2", "source is a multicast address" },
        { "::", "fe80::2", "source is unspecified" },
        { "::", "ff02::1:ff00:2", NULL },       /* duplicate address detection */
        { "fe80::2", "ff02::1", "source is an address of ours" },
        { "::ffff:10.0.0.9", "::ffff:10.0.0.2", "IPv4-mapped address in an IPv6 packet" },
        { "fe80::9", "::ffff:10.0.0.2", "IPv4-mapped address in an IPv6 packet" },
    };
    struct packet p;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ipv6_header h = v6_header(cases[i].source, cases[i].destination, 17, 8);
        put_v6(&p, &h, text);
        assert_why(&p, false, cases[i].why);
    }
}

static void our_own_packets_come_back(void **state)
{
    (void)state;
    struct packet p;
    struct ip_packet out;
    static const char *const pairs[][2] = {
        { "127.0.0.1", "127.0.0.1" }, { "10.0.0.2", "10.0.0.2" }, { "::1", "::1" },
        { "fe80::2", "2001:db8::2" },
    };
    for (unsigned i = 0; i < 4; i++) {
        put_packet(&p, pairs[i][0], pairs[i][1], 17, 8, text);
        struct aksu_slice part = { p.octet, p.length };
        struct ip_arrival in = { .device = 1, .part = &part, .parts = 1, .loopback = true };
        assert_int_equal(ip_input(&host.routes, &host.reassembly, &in, &out, 0), IP_DELIVER);
        in.loopback = false;
        assert_int_equal(ip_input(&host.routes, &host.reassembly, &in, &out, 0), IP_DROP);
    }
}

static void gateways_take_any_address(void **state)
{
    (void)state;
    struct packet p;
    struct ipv4_header h = v4_header("10.0.0.9", "8.8.8.8", 17, 8);
    put_v4(&p, &h, text);
    assert_why(&p, false, "not for us");
    route_accept_any(&host.routes, 1, true);
    assert_why(&p, false, NULL);
    h = v4_header("10.0.0.9", "224.0.0.5", 17, 8);
    put_v4(&p, &h, text);
    assert_why(&p, false, "group we are not in");
}

static void options_v4(void **state)
{
    (void)state;
    /* ignored: RFC 9293 3.9.2 [MUST-50]; source route; impossible length */
    static const uint8_t ignored[8] = { 1, 0x44, 4, 5, 0, 0, 99, 1 },
                         routed[8] = { 1, 131, 7, 4, 1, 2, 3, 4 }, bad[8] = { 7, 9, 4, 0 };
    struct packet p;
    struct ip_packet out;
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 6, 30);
    h.options_length = 8;
    h.total_length = 58;
    h.options = ignored;
    put_v4(&p, &h, text);
    assert_int_equal(arrives(&host, &p, &out, 0), IP_DELIVER);
    assert_int_equal(out.header_length, 28);
    assert_int_equal(out.length, 30);
    assert_memory_equal(out.payload[0].data, text, 30);
    h.options = routed;
    put_v4(&p, &h, text);
    assert_why(&p, false, "source route");
    h.options = bad;
    put_v4(&p, &h, text);
    assert_int_equal(arrives(&host, &p, &out, 0), IP_PARAMETER_PROBLEM);
    assert_int_equal(out.problem_pointer, 20);
    h.destination = ip_of("10.0.0.3");          /* not ours: no ICMP about it */
    put_v4(&p, &h, text);
    assert_why(&p, false, "not for us");
}

static void lengths_and_checksums(void **state)
{
    (void)state;
    struct packet p;
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 6, 30);
    put_v4(&p, &h, text);
    p.octet[8] ^= 1;
    assert_why(&p, false, "IPv4 header checksum");
    p.octet[8] ^= 1;
    p.length--;
    assert_why(&p, false, "IPv4 total length");
    p.length = 19;
    assert_why(&p, false, "IPv4 header truncated");
    p.length = 0;
    assert_why(&p, false, "empty frame");
    p.octet[0] = 0x55;
    p.length = 50;
    assert_why(&p, false, "IP version");
    p.octet[0] = 0x44;
    assert_why(&p, false, "IPv4 header length");

    struct ipv6_header g = v6_header("fe80::9", "fe80::2", 6, 30);
    put_v6(&p, &g, text);
    p.length--;
    assert_why(&p, false, "IPv6 payload length");
    p.length = 39;
    assert_why(&p, false, "IPv6 headers truncated");
}

static void extension_headers(void **state)
{
    (void)state;
    struct packet p;
    struct ip_packet out;
    uint8_t chain[40] = { 60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0 };
    struct ipv6_header h = v6_header("fe80::9", "fe80::2", 0, 40);
    memcpy(chain + 16, text, 24);
    put_v6(&p, &h, chain);
    assert_int_equal(arrives(&host, &p, &out, 0), IP_DELIVER);
    assert_int_equal(out.protocol, 17);
    assert_int_equal(out.header_length, 56);
    assert_int_equal(out.length, 24);
    assert_memory_equal(out.payload[0].data, text, 24);

    p.octet[48] = 253;              /* unknown protocol after the second header */
    assert_int_equal(arrives(&host, &p, &out, 0), IP_PARAMETER_PROBLEM);
    assert_int_equal(out.problem_code, 1);
    assert_int_equal(out.problem_pointer, 48);
    assert_int_equal(out.header_length + out.length, 80);   /* all of it can be quoted */
    p.octet[48] = 59;
    assert_why(&p, false, "no next header");
    p.octet[48] = 17;
    p.octet[50] = 0x80 | 0x1e;      /* an option that asks for an answer even to a group */
    assert_int_equal(arrives(&host, &p, &out, 0), IP_PARAMETER_PROBLEM);
    assert_int_equal(out.problem_code, 2);
    assert_int_equal(out.problem_pointer, 50);
    assert_true(out.problem_even_multicast);
    p.octet[50] = 0x40 | 0x1e;
    assert_why(&p, false, "IPv6 option that asks to be discarded");
    p.octet[50] = 0x1e;
    assert_int_equal(arrives(&host, &p, &out, 0), IP_DELIVER);
}

/* Whatever arrives: the payload lies in the packet or in the pool and its lengths add up. */
static bool holds(const uint8_t *data, size_t length)
{
    static aksu_time now;
    struct ip_packet out;
    uint64_t seed = (uint64_t)now;
    size_t cut = length > 1 ? 1 + chance_below(&seed, (uint32_t)length) : length;
    uint8_t *first = exact_copy(data, cut);
    struct aksu_slice part[2] = { { first, cut }, { data + cut, length - cut } };
    struct ip_arrival in = { .device = 1, .part = part, .parts = cut < length ? 2 : 1 };
    now += 1000000;
    enum ip_verdict verdict = ip_input(&host.routes, &host.reassembly, &in, &out, now);
    assert_true(host.reassembly.pages <= 34);
    if (verdict == IP_DROP)
        assert_non_null(out.why);
    if (verdict == IP_DELIVER || verdict == IP_PARAMETER_PROBLEM) {
        uint8_t copy[2048];
        size_t sum = 0;
        for (uint32_t i = 0; i < out.parts; i++)
            sum += out.payload[i].length;
        assert_int_equal(sum, out.length);
        assert_true(out.reassembled || out.header_length + out.length <= length);
        if (out.length <= sizeof copy)
            gather(&out, copy);
        assert_true(out.header_length >= 20 && out.header[0] >> 4 >= 4);
    }
    while (reassembly_expired(&host.reassembly, &out, now)) {
    }
    free(first);
    return verdict == IP_DELIVER;
}

static void truncations_and_mutations(void **state)
{
    (void)state;
    struct packet p;
    uint8_t chain[120] = { 44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 1, 2, 3, 4 };
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 17, 96);
    put_v4(&p, &h, text);
    assert_int_equal(good_truncations(holds, p.octet, p.length), 0);
    assert_true(good_mutations(holds, p.octet, p.length, 20000, 1) > 1000);
    h.more_fragments = true;
    put_v4(&p, &h, text);
    assert_int_equal(good_truncations(holds, p.octet, p.length), 0);
    good_mutations(holds, p.octet, p.length, 20000, 2);

    struct ipv6_header g = v6_header("fe80::9", "fe80::2", 0, 120);
    put_v6(&p, &g, chain);
    assert_int_equal(good_truncations(holds, p.octet, p.length), 0);
    good_mutations(holds, p.octet, p.length, 40000, 3);
    p.octet[51] = 0;                /* an atomic fragment */
    assert_true(good_mutations(holds, p.octet, p.length, 40000, 4) > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(in_several_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_v4, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_v6, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_packets_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(gateways_take_any_address, setup, teardown),
        cmocka_unit_test_setup_teardown(options_v4, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_and_checksums, setup, teardown),
        cmocka_unit_test_setup_teardown(extension_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(truncations_and_mutations, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
