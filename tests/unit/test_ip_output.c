/* test_ip_output.c - headers, identifications and cutting (RFC 791 3.1, 3.2, RFC 8200 3, 4.5). */
#include "ip_help.h"

static uint8_t text[66000];

static struct ip_out out_of(bool v6)
{
    return (struct ip_out){
        .source = ip_of(v6 ? "fe80::9" : "10.0.0.9"),
        .destination = ip_of(v6 ? "fe80::2" : "10.0.0.2"),
        .protocol = 17, .ttl = 33, .tos = 0xb9, .identification = 0xabcd1234,
    };
}

static void the_headers_say_what_was_asked(void **state)
{
    (void)state;
    uint8_t octet[200] = { 0 };
    struct writer w = writer_of(octet, sizeof octet);
    struct ip_out out = out_of(false);
    out.dont_fragment = true;
    ip_build(&w, &out, 100);
    assert_false(w.bad);
    assert_int_equal(writer_length(&w), 20);
    struct reader r = reader_of(octet, 120);
    struct ipv4_header h;
    assert_int_equal(wire_ipv4_parse(&r, &h), IPV4_GOOD);
    assert_true(ip_eq(&h.source, &out.source) && ip_eq(&h.destination, &out.destination));
    assert_int_equal(h.total_length, 120);
    assert_int_equal(h.identification, 0x1234);
    assert_int_equal(h.ttl, 33);
    assert_int_equal(h.tos, 0xb9);
    assert_int_equal(h.protocol, 17);
    assert_true(h.dont_fragment && !h.more_fragments && h.fragment_offset == 0);

    w = writer_of(octet, sizeof octet);
    out = out_of(true);
    ip_build(&w, &out, 100);
    assert_int_equal(writer_length(&w), 40);
    r = reader_of(octet, 140);
    struct ipv6_header g;
    assert_int_equal(wire_ipv6_parse(&r, &g), IPV6_GOOD);
    assert_true(ip_eq(&g.source, &out.source) && ip_eq(&g.destination, &out.destination));
    assert_int_equal(g.payload_length, 100);
    assert_int_equal(g.traffic_class, 0xb9);
    assert_int_equal(g.hop_limit, 33);
    assert_int_equal(g.next_header, 17);
}

static bool builds(bool v6, uint32_t length, size_t room)
{
    uint8_t octet[64];
    struct writer w = writer_of(octet, room);
    struct ip_out out = out_of(v6);
    ip_build(&w, &out, length);
    return !w.bad;
}

static void two_families(void)
{
    uint8_t octet[64];
    struct writer w = writer_of(octet, sizeof octet);
    struct ip_out out = out_of(false);
    out.source = ip_of("fe80::1");
    ip_build(&w, &out, 10);
}

static void limits_of_the_headers(void **state)
{
    (void)state;
    assert_true(builds(false, 65515, 20) && !builds(false, 65516, 20) && !builds(false, 8, 19));
    assert_true(builds(true, 65535, 40) && !builds(true, 65536, 40) && !builds(true, 8, 39));
    assert_true(is_bug(two_families));
}

/* Sizes, offsets and flags of all pieces against the rules, for many lengths and MTUs. */
static void pieces_follow_the_rules(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned round = 0; round < 3000; round++) {
        bool v6 = round % 2;
        uint32_t mtu = (v6 ? 56 : 28) + chance_below(&seed, 3000), at = 0, count = 0;
        uint32_t length = chance_below(&seed, 20000), header = v6 ? 40 : 20;
        struct ip_out out = out_of(v6);
        struct ip_cutter c;
        struct ip_piece piece;
        struct aksu_slice part = { text, length };
        assert_int_equal(ip_cut(&c, &out, &part, 1, mtu), AKSU_OK);
        while (ip_next_piece(&c, &piece)) {
            bool whole = header + length <= mtu, more = at + piece.length < length;
            assert_true(piece.header_length + piece.length <= mtu);
            assert_int_equal(piece.header_length, v6 && !whole ? 48 : header);
            if (more)                       /* as much as fits, in units of 8 */
                assert_int_equal(piece.length, (mtu - piece.header_length) & ~7u);
            uint16_t field = load_be16(piece.header + (v6 ? 42 : 6));
            if (v6 && !whole) {
                assert_int_equal(field, at | more);
                assert_int_equal(load_be32(piece.header + 44), 0xabcd1234);
                assert_int_equal(piece.header[6], 44);
                assert_int_equal(piece.header[40], 17);
                assert_int_equal(load_be16(piece.header + 4), 8 + piece.length);
            } else if (!v6) {
                assert_int_equal(field, at / 8 | (more ? 0x2000 : 0));
                assert_int_equal(load_be16(piece.header + 2), 20 + piece.length);
                assert_int_equal(checksum_words(piece.header, 20), 0xffff);
            }
            assert_true(piece.parts <= 1 && (piece.length == 0 || piece.part[0].data == text + at));
            at += piece.length;
            count++;
        }
        assert_int_equal(at, length);
        assert_true(count >= 1);
        assert_false(ip_next_piece(&c, &piece));
    }
}

static void what_cannot_be_cut(void **state)
{
    (void)state;
    struct ip_cutter c;
    struct ip_out v4 = out_of(false), v6 = out_of(true);
    struct aksu_slice part[AKSU_FRAME_PARTS] = { { text, 65516 } };
    assert_int_equal(ip_cut(&c, &v4, part, 1, 1500), AKSU_TOO_LONG);
    assert_int_equal(ip_cut(&c, &v6, part, 1, 1500), AKSU_OK);
    part[0].length = 65536;
    assert_int_equal(ip_cut(&c, &v6, part, 1, 1500), AKSU_TOO_LONG);
    part[0].length = 1481;
    v4.dont_fragment = true;
    assert_int_equal(ip_cut(&c, &v4, part, 1, 1500), AKSU_TOO_LONG);
    part[0].length = 1480;
    assert_int_equal(ip_cut(&c, &v4, part, 1, 1500), AKSU_OK);
    v4.dont_fragment = false;
    assert_int_equal(ip_cut(&c, &v4, part, 1, 27), AKSU_TOO_LONG);
    assert_int_equal(ip_cut(&c, &v6, part, 1, 55), AKSU_TOO_LONG);
    assert_int_equal(ip_cut(&c, &v6, part, AKSU_FRAME_PARTS, 1500), AKSU_INVALID);
}

static void identifications(void **state)
{
    (void)state;
    static uint8_t seen[8192];
    static struct ip_ids ids, other;
    struct aksu_ip a = ip_of("10.0.0.2"), b = ip_of("10.0.0.9"), c = ip_of("10.0.0.10");
    ip_ids_init(&ids, &(struct sipkey){ 1, 2 });
    ip_ids_init(&other, &(struct sipkey){ 1, 3 });
    uint32_t first = ip_identification(&ids, &a, &b, 17);
    assert_int_not_equal(first, ip_identification(&ids, &a, &c, 17));
    assert_int_not_equal(first, ip_identification(&ids, &a, &b, 6));
    assert_int_not_equal(first, ip_identification(&other, &a, &b, 17));
    /* to one destination none comes twice in 65536 */
    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t id = (uint16_t)ip_identification(&ids, &a, &b, 17);
        assert_false(seen[id / 8] >> id % 8 & 1);
        seen[id / 8] |= (uint8_t)(1u << id % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_say_what_was_asked),
        cmocka_unit_test(limits_of_the_headers),
        cmocka_unit_test(pieces_follow_the_rules),
        cmocka_unit_test(what_cannot_be_cut),
        cmocka_unit_test(identifications),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
