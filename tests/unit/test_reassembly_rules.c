/* test_reassembly_rules.c - single fragments that break a rule, and headers that come together:
 * lengths, ICMP pointers, atomic fragments, ECN (RFC 791 3.2, RFC 8200 4.5, RFC 3168 5.3). */
#include "ip_help.h"

static struct host host;
static uint8_t text[3000];

static int setup(void **state)
{
    (void)state;
    uint64_t seed = 5;
    chance_fill(&seed, text, sizeof text);
    host_init(&host, 40, 34);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    host_fini(&host);
    assert_int_equal(host.pool.in_use, 0);
    return 0;
}

static enum ip_verdict fragment_v4(uint32_t offset, bool more, size_t length, uint8_t tos,
                                   struct ip_packet *out)
{
    struct packet p;
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 17, length);
    h.fragment_offset = (uint16_t)offset;
    h.more_fragments = more;
    h.identification = 77;
    h.tos = tos;
    put_v4(&p, &h, text);
    return arrives(&host, &p, out, 0);
}

/* `before`: octets of hop-by-hop header in front of the fragment header. */
static enum ip_verdict fragment_v6(uint32_t before, uint32_t offset, bool more, uint8_t next,
                                   size_t length, uint8_t tos, struct ip_packet *out)
{
    struct packet p;
    uint8_t payload[3000] = { 44, 0, 1, 4 };
    struct ipv6_header h = v6_header("fe80::9", "fe80::2", before ? 0 : 44, before + 8 + length);
    h.traffic_class = tos;
    if (before)
        payload[1] = (uint8_t)(before / 8 - 1);
    for (uint32_t i = 2; i + 1 < before; i += 2)
        payload[i] = 1;             /* PadN without data */
    uint8_t *fragment = payload + before;
    memset(fragment, 0, 8);
    fragment[0] = next;
    store_be16(fragment + 2, (uint16_t)(offset | more));
    store_be32(fragment + 4, 99);
    memcpy(fragment + 8, text, length);
    put_v6(&p, &h, payload);
    return arrives(&host, &p, out, 0);
}

static void lengths_v4(void **state)
{
    (void)state;
    struct ip_packet p;
    assert_int_equal(fragment_v4(0, true, 20, 0, &p), IP_DROP);
    assert_string_equal(p.why, "fragment length");
    assert_int_equal(fragment_v4(65528, false, 8, 0, &p), IP_DROP);     /* the ping of death */
    assert_string_equal(p.why, "fragment beyond 65535 octets");
    assert_int_equal(fragment_v4(65512, false, 3, 0, &p), IP_HELD);     /* 20 + 65515: at most */
    assert_int_equal(fragment_v4(65512, false, 4, 0, &p), IP_DROP);
    assert_int_equal(fragment_v4(8, true, 0, 0, &p), IP_DROP);
    assert_string_equal(p.why, "fragment without data");
    assert_int_equal(host.reassembly.pages, 1);
}

static void lengths_v6(void **state)
{
    (void)state;
    struct ip_packet p;
    assert_int_equal(fragment_v6(0, 0, true, 17, 20, 0, &p), IP_PARAMETER_PROBLEM);
    assert_int_equal(p.problem_code, 0);
    assert_int_equal(p.problem_pointer, 4);             /* Payload Length */
    assert_int_equal(fragment_v6(8, 65528, false, 17, 8, 0, &p), IP_PARAMETER_PROBLEM);
    assert_int_equal(p.problem_code, 0);
    assert_int_equal(p.problem_pointer, 50);            /* Fragment Offset */
    assert_int_equal(fragment_v6(0, 65528, false, 17, 7, 0, &p), IP_HELD);
    assert_int_equal(fragment_v6(0, 8, true, 17, 0, 0, &p), IP_DROP);
    /* the first fragment needs all headers, upper layer included */
    static const struct { uint8_t next; size_t length; bool enough; } first[] = {
        { 17, 8, true }, { 6, 16, false }, { 6, 24, true }, { 58, 8, true }, { 60, 8, false },
    };
    for (unsigned i = 0; i < 5; i++) {
        reassembly_clear(&host.reassembly);
        enum ip_verdict verdict = fragment_v6(0, 0, true, first[i].next, first[i].length, 0, &p);
        assert_int_equal(verdict, first[i].enough ? IP_HELD : IP_PARAMETER_PROBLEM);
        if (!first[i].enough) {
            assert_int_equal(p.problem_code, 3);
            assert_int_equal(p.problem_pointer, 0);
        }
    }
}

static void atomic_fragments_stand_alone(void **state)
{
    (void)state;
    struct ip_packet p;
    assert_int_equal(fragment_v6(0, 0, true, 17, 800, 0, &p), IP_HELD);
    assert_int_equal(fragment_v6(0, 0, false, 17, 100, 0, &p), IP_DELIVER);     /* same number */
    assert_false(p.reassembled);
    assert_int_equal(p.length, 100);
    assert_int_equal(fragment_v6(0, 800, false, 17, 100, 0, &p), IP_DELIVER);
    assert_true(p.reassembled);
    assert_int_equal(p.length, 900);
}

static void headers_before_the_fragment_stay(void **state)
{
    (void)state;
    struct ip_packet p;
    /* the second fragment has other headers and another Next Header: those of the first count */
    assert_int_equal(fragment_v6(0, 800, false, 6, 100, 0, &p), IP_HELD);
    assert_int_equal(fragment_v6(16, 0, true, 17, 800, 0, &p), IP_DELIVER);
    assert_int_equal(p.protocol, 17);
    assert_int_equal(p.header_length, 56);
    assert_int_equal(p.header[6], 0);
    assert_int_equal(p.header[40], 17);
    assert_int_equal(load_be16(p.header + 4), 16 + 900);
    assert_int_equal(p.length, 900);
    assert_memory_equal(p.payload[0].data, text, 800);
    assert_int_equal(fragment_v6(88, 0, true, 17, 800, 0, &p), IP_DROP);
    assert_string_equal(p.why, "headers too long to reassemble");
    assert_int_equal(fragment_v6(80, 0, true, 17, 800, 0, &p), IP_HELD);
}

static void a_datagram_is_whole_with_its_header_too(void **state)
{
    (void)state;
    struct ip_packet p;
    struct packet big;
    uint8_t options[40];
    memset(options, 1, sizeof options);
    /* the last fragment has no options; with those of the first the datagram is too long */
    for (uint32_t at = 1480; at < 65512 - 1480; at += 1480)
        assert_int_equal(fragment_v4(at, true, 1480, 0, &p), IP_HELD);
    assert_int_equal(fragment_v4(65120, false, 395, 0, &p), IP_HELD);
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.2", 17, 1480);
    h.identification = 77;
    h.more_fragments = true;
    h.options = options;
    h.options_length = 40;
    h.total_length = 60 + 1480;
    put_v4(&big, &h, text);
    assert_int_equal(arrives(&host, &big, &p, 0), IP_DROP);
    assert_string_equal(p.why, "longer than a datagram can be");
    assert_int_equal(host.reassembly.pages, 0);
}

static void a_fragment_within_a_fragment(void **state)
{
    (void)state;
    struct ip_packet p;
    static const uint8_t inner[8] = { 17, 0, 0, 1, 0, 0, 0, 7 };
    memcpy(text, inner, 8);
    assert_int_equal(fragment_v6(0, 0, true, 44, 800, 0, &p), IP_HELD);
    assert_int_equal(fragment_v6(0, 800, false, 44, 96, 0, &p), IP_DROP);
    assert_string_equal(p.why, "fragment within a fragment");
    reassembly_release(&host.reassembly);
    assert_int_equal(host.pool.in_use, 0);
}

/* RFC 3168 5.3: what becomes of two codepoints; 9: dropped */
static void congestion_marks(void **state)
{
    (void)state;
    static const uint8_t table[4][4] = { { 0, 0, 0, 9 }, { 1, 1, 1, 3 }, { 2, 2, 2, 3 },
                                         { 9, 3, 3, 3 } };
    struct ip_packet p;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (uint8_t a = 0; a < 4; a++) {
            for (uint8_t b = 0; b < 4; b++) {
                enum ip_verdict verdict;
                if (v6) {
                    assert_int_equal(fragment_v6(0, 0, true, 17, 80, 0xa8 | a, &p), IP_HELD);
                    verdict = fragment_v6(0, 80, false, 17, 80, 0xa8 | b, &p);
                } else {
                    assert_int_equal(fragment_v4(0, true, 80, 0xa8 | a, &p), IP_HELD);
                    verdict = fragment_v4(80, false, 80, 0xa8 | b, &p);
                }
                assert_int_equal(verdict, table[a][b] == 9 ? IP_DROP : IP_DELIVER);
                if (verdict == IP_DELIVER)
                    assert_int_equal(p.tos, 0xa8 | table[a][b]);
                else
                    assert_string_equal(p.why, "fragments with and without ECN");
            }
        }
    }
}

static void group_and_link_are_remembered(void **state)
{
    (void)state;
    struct packet p;
    struct ip_packet out;
    struct ipv4_header h = v4_header("10.0.0.9", "10.0.0.255", 17, 80);
    h.more_fragments = true;
    put_v4(&p, &h, text);
    struct aksu_slice part = { p.octet, p.length };
    struct ip_arrival in = { .device = 1, .part = &part, .parts = 1, .link_broadcast = true };
    assert_int_equal(ip_input(&host.routes, &host.reassembly, &in, &out, 0), IP_HELD);
    assert_true(reassembly_expired(&host.reassembly, &out, AKSU_SECONDS(31)));
    assert_true(out.group && out.link_broadcast);   /* so that nobody sends ICMP about it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lengths_v4, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_v6, setup, teardown),
        cmocka_unit_test_setup_teardown(atomic_fragments_stand_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(headers_before_the_fragment_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_datagram_is_whole_with_its_header_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fragment_within_a_fragment, setup, teardown),
        cmocka_unit_test_setup_teardown(congestion_marks, setup, teardown),
        cmocka_unit_test_setup_teardown(group_and_link_are_remembered, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
