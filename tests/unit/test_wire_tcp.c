/* test_wire_tcp.c - the TCP header (RFC 9293 3.1), its checksum over slices, and damage to it. */
#include "help.h"

#include "base/ip_addr.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

static const struct aksu_ip v4_here = { { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } };
static const struct aksu_ip v4_there = { { [10] = 0xff, [11] = 0xff, 203, 0, 113, 9 } };
static const struct aksu_ip v6_here = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
static const struct aksu_ip v6_there = { { 0x20, 0x01, 0x0d, 0xb8, [14] = 1 } };

/* A SYN put together by hand from the figure of RFC 9293 3.1; the checksum by paper and pencil:
 * RFC 9293 3.1 [MUST-2]. */
static void a_header_by_hand(void **state)
{
    (void)state;
    static const uint8_t octets[] = {
        0x12, 0x34, 0x00, 0x50,  0xaa, 0xbb, 0xcc, 0xdd,  0x00, 0x00, 0x00, 0x00,
        0x60, 0x02, 0xff, 0xff,  0x00, 0x00, 0x00, 0x00,  0x02, 0x04, 0x05, 0xb4,
    };
    struct tcp_segment seg = { .source_port = 0x1234, .destination_port = 80,
                               .seq = { 0xaabbccdd }, .ctl = CTL_SYN, .wnd = 65535,
                               .options = { .has = HAS_MSS, .mss = 1460 } };
    uint8_t built[TCP_HEADER_MOST];
    struct writer w = writer_of(built, sizeof built);
    wire_tcp_build(&w, &v4_here, &v4_there, &seg, false);
    assert_int_equal(writer_length(&w), sizeof octets);
    /* c000+0201+cb00+7109+0006+0018 + 1234+0050+aabb+ccdd+6002+ffff+0204+05b4 = 4effd -> f001 */
    assert_int_equal(load_be16(built + 16), (uint16_t)~0xf001);
    store_be16(built + 16, 0);
    assert_memory_equal(built, octets, sizeof octets);
    assert_int_equal(seg_len(&seg), 1);
}

/* All of the segment's text in one block. */
static size_t gather(const struct tcp_segment *seg, uint8_t *to)
{
    size_t length = 0;
    for (unsigned i = 0; i < seg->parts; i++) {
        memcpy(to + length, seg->text[i].data, seg->text[i].length);
        length += seg->text[i].length;
    }
    assert_int_equal(length, seg->text_len);
    return length;
}

static struct tcp_segment random_segment(uint64_t *seed, const uint8_t *text)
{
    struct tcp_segment seg = {
        .source_port = (uint16_t)chance(seed), .destination_port = (uint16_t)chance(seed),
        .seq = { chance(seed) }, .ack = { chance(seed) }, .wnd = chance(seed) & 0xffff,
        .urgent_pointer = (uint16_t)chance(seed), .ctl = (uint8_t)chance(seed),
    };
    if (chance(seed) & 1) {
        seg.options.has = HAS_TIMESTAMPS;
        seg.options.ts_val = chance(seed);
        seg.options.ts_ecr = chance(seed);
    }
    if (chance(seed) & 1) {
        seg.options.has |= HAS_SACK;
        seg.options.sack_count = 1;
        seg.options.sack[0] = (struct sack_block){ seq_of(chance(seed)), seq_of(chance(seed)) };
    }
    unsigned parts = chance_below(seed, 5);
    for (unsigned i = 0; i < parts; i++) {
        size_t length = 1 + chance_below(seed, 300);
        seg.text[seg.parts++] = (struct aksu_slice){ text, length };
        seg.text_len += (uint32_t)length;
        text += length;
    }
    return seg;
}

static void check_same(const struct tcp_segment *a, const struct tcp_segment *b)
{
    uint8_t text_a[2048], text_b[2048];
    assert_int_equal(a->source_port, b->source_port);
    assert_int_equal(a->destination_port, b->destination_port);
    assert_int_equal(a->seq.n, b->seq.n);
    assert_int_equal(a->ack.n, b->ack.n);
    assert_int_equal(a->wnd, b->wnd);
    assert_int_equal(a->urgent_pointer, b->urgent_pointer);
    assert_int_equal(a->ctl, b->ctl);
    assert_int_equal(a->options.has, b->options.has);
    assert_int_equal(a->options.ts_val, b->options.ts_val);
    assert_int_equal(a->options.ts_ecr, b->options.ts_ecr);
    assert_int_equal(a->options.sack_count, b->options.sack_count);
    assert_int_equal(a->text_len, b->text_len);
    assert_int_equal(gather(a, text_a), gather(b, text_b));
    assert_memory_equal(text_a, text_b, a->text_len);
}

/* Built with its text in slices, parsed from a block that is cut at random places. */
static void build_then_parse_is_identity(void **state)
{
    (void)state;
    uint64_t seed = 1;
    uint8_t text[1500], octets[2048];
    chance_fill(&seed, text, sizeof text);
    for (unsigned round = 0; round < 20000; round++) {
        const struct aksu_ip *here = round & 1 ? &v4_here : &v6_here;
        const struct aksu_ip *there = round & 1 ? &v4_there : &v6_there;
        struct tcp_segment in = random_segment(&seed, text), out;
        memset(&out, 0xa5, sizeof out);
        struct writer w = writer_of(octets, sizeof octets);
        wire_tcp_build(&w, here, there, &in, false);
        size_t header = writer_length(&w), length = header + gather(&in, octets + header);

        size_t first = header + chance_below(&seed, (uint32_t)(length - header) + 1);
        size_t second = first + chance_below(&seed, (uint32_t)(length - first) + 1);
        uint8_t *a = exact_copy(octets, first), *b = exact_copy(octets + first, second - first);
        uint8_t *c = exact_copy(octets + second, length - second);
        struct aksu_slice rest[2] = { { b, second - first }, { c, length - second } };
        assert_int_equal(wire_tcp_parse(a, first, rest, 2, here, there, false, &out), TCP_GOOD);
        check_same(&in, &out);
        assert_int_equal(out.gso_size, 0);

        a[chance_below(&seed, (uint32_t)header)] ^= (uint8_t)(1 + chance_below(&seed, 255));
        enum tcp_fault fault = wire_tcp_parse(a, first, rest, 2, here, there, false, &out);
        assert_true(fault == TCP_CHECKSUM || fault == TCP_DATA_OFFSET);
        free(a);
        free(b);
        free(c);
    }
}

/* RFC 9293 3.1 [MUST-3] */
static void a_wrong_address_is_a_wrong_checksum(void **state)
{
    (void)state;
    struct tcp_segment seg = { .source_port = 1, .ctl = CTL_ACK }, out;
    uint8_t octets[TCP_HEADER];
    struct writer w = writer_of(octets, sizeof octets);
    wire_tcp_build(&w, &v6_here, &v6_there, &seg, false);
    assert_int_equal(wire_tcp_parse(octets, 20, NULL, 0, &v6_here, &v6_there, false, &out),
                     TCP_GOOD);
    assert_int_equal(wire_tcp_parse(octets, 20, NULL, 0, &v6_here, &v6_here, false, &out),
                     TCP_CHECKSUM);
    assert_int_equal(wire_tcp_parse(octets, 20, NULL, 0, &v6_here, &v6_here, true, &out), TCP_GOOD);
}

/* What a device with checksum offload gets: adding up the rest and complementing completes it. */
static void a_partial_checksum_can_be_completed(void **state)
{
    (void)state;
    uint64_t seed = 2;
    uint8_t text[1500], whole[2048], partial[2048];
    chance_fill(&seed, text, sizeof text);
    for (unsigned round = 0; round < 1000; round++) {
        struct tcp_segment in = random_segment(&seed, text);
        struct writer w = writer_of(whole, sizeof whole), v = writer_of(partial, sizeof partial);
        wire_tcp_build(&w, &v4_here, &v4_there, &in, false);
        wire_tcp_build(&v, &v4_here, &v4_there, &in, true);
        size_t header = writer_length(&v), length = header + gather(&in, partial + header);
        struct checksum c = { 0, false };
        checksum_add(&c, partial, length);
        store_be16(partial + 16, checksum_finish(&c));
        assert_memory_equal(partial, whole, header);
    }
}

static void bad_data_offsets(void **state)
{
    (void)state;
    struct tcp_segment out;
    for (unsigned words = 0; words < 16; words++) {
        for (size_t length = 0; length < 64; length++) {
            uint8_t octets[64] = { [12] = (uint8_t)(words << 4) };
            uint8_t *copy = exact_copy(octets, length);
            enum tcp_fault fault = wire_tcp_parse(copy, length, NULL, 0, &v4_here, &v4_there, true,
                                                  &out);
            enum tcp_fault expected = length < 20 ? TCP_TRUNCATED
                                    : words < 5 || words * 4 > length ? TCP_DATA_OFFSET : TCP_GOOD;
            assert_int_equal(fault, expected);
            if (fault == TCP_GOOD)
                assert_int_equal(out.text_len, length - words * 4);
            free(copy);
        }
    }
}

static bool parse_one(const uint8_t *data, size_t length, bool verified)
{
    struct tcp_segment out;
    if (wire_tcp_parse(data, length, NULL, 0, &v6_here, &v6_there, verified, &out) != TCP_GOOD)
        return false;
    assert_true(out.parts <= 1);
    if (out.parts == 1)
        assert_true(out.text[0].data + out.text[0].length == data + length);
    assert_true(out.text_len <= length - TCP_HEADER);
    return true;
}

static bool parse_verified(const uint8_t *data, size_t length)
{
    return parse_one(data, length, true);
}

static bool parse_summed(const uint8_t *data, size_t length)
{
    return parse_one(data, length, false);
}

static void truncations_and_mutations(void **state)
{
    (void)state;
    uint64_t seed = 3;
    unsigned shorter = 0;
    uint8_t text[1500], octets[2048];
    chance_fill(&seed, text, sizeof text);
    for (unsigned round = 0; round < 80; round++) {
        struct tcp_segment in = random_segment(&seed, text);
        struct writer w = writer_of(octets, sizeof octets);
        wire_tcp_build(&w, &v6_here, &v6_there, &in, false);
        size_t header = writer_length(&w), length = header + gather(&in, octets + header);
        assert_true(parse_exactly(parse_summed, octets, length));
        shorter += good_truncations(parse_summed, octets, length);
        assert_int_equal(good_truncations(parse_verified, octets, length), length - header);
        /* a mutation that changed nothing, or not the sum: one in 65536 */
        assert_true(good_mutations(parse_summed, octets, length, 1250, round) < 30);
        assert_true(good_mutations(parse_verified, octets, length, 1250, round) > 300);
    }
    assert_true(shorter < 10);      /* of some 50,000, for the same reason */
}

static void too_many_slices(void)
{
    static const uint8_t octets[21] = { [12] = 5 << 4 };
    struct aksu_slice rest[TCP_TEXT_PARTS];
    struct tcp_segment out;
    for (unsigned i = 0; i < TCP_TEXT_PARTS; i++)
        rest[i] = (struct aksu_slice){ octets, 1 };
    wire_tcp_parse(octets, 21, rest, TCP_TEXT_PARTS, &v4_here, &v4_there, true, &out);
}

static void more_slices_than_parts_are_a_bug(void **state)
{
    (void)state;
    assert_true(is_bug(too_many_slices));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_by_hand),
        cmocka_unit_test(build_then_parse_is_identity),
        cmocka_unit_test(a_wrong_address_is_a_wrong_checksum),
        cmocka_unit_test(a_partial_checksum_can_be_completed),
        cmocka_unit_test(bad_data_offsets),
        cmocka_unit_test(truncations_and_mutations),
        cmocka_unit_test(more_slices_than_parts_are_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
