/* test_sim_path_faults.c - what a path loses, holds back, repeats and damages. */
#include "path_help.h"

#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum { COUNT = 100000 };

static struct came came;

static void run_one(const struct aksu_path_node *node, struct aksu_path_counts *counts)
{
    struct aksu_path *p = path_of(node, 1, 11);
    run_numbers(p, &came, COUNT, 60, AKSU_US(100));
    assert_balanced(p);
    *counts = counts_of(p);
    aksu_path_free(p);
}

static void loss_hits_its_share(void **state)
{
    (void)state;
    static const unsigned per_mille[] = { 0, 1, 10, 30, 500, 1000 };
    struct aksu_path_counts c;
    for (unsigned i = 0; i < 6; i++) {
        struct aksu_path_node node = { .kind = AKSU_PATH_LOSS,
                                       .chance = AKSU_PATH_CHANCE(per_mille[i], 1000) };
        run_one(&node, &c);
        assert_share(c.lost, COUNT, node.chance);
        assert_int_equal(came.count, COUNT - c.lost);
    }
    assert_int_equal(c.lost, COUNT);
}

/* Each on its own: one behind a lost one is lost as often as any other. */
static void losses_do_not_know_of_each_other(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(1, 10) };
    struct aksu_path_counts c;
    uint64_t after = 0;
    run_one(&node, &c);
    for (uint32_t i = 1; i < came.count; i++)
        after += came.number[i] - came.number[i - 1] > 2 ? came.number[i] - came.number[i - 1] - 2
                                                         : 0;
    assert_share(after, c.lost, node.chance);
}

/* Good lasts 100 frames, bad 5: 1/21 of all frames are met in bad, where all are lost. */
static void bursts_have_their_length(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_BURSTS, .to_bad = AKSU_PATH_CHANCE(1, 100),
                                   .to_good = AKSU_PATH_CHANCE(1, 5),
                                   .chance_bad = AKSU_PATH_ALWAYS };
    struct aksu_path_counts c;
    uint64_t bursts = 0;
    run_one(&node, &c);
    for (uint32_t i = 1; i < came.count; i++)
        bursts += came.number[i] != came.number[i - 1] + 1;
    assert_in_range(c.lost, COUNT * 10 / 210 - 450, COUNT * 10 / 210 + 450);
    assert_in_range(bursts, COUNT / 105 - 160, COUNT / 105 + 160);
    assert_in_range(c.lost * 10 / bursts, 46, 54);

    node.chance = AKSU_PATH_CHANCE(1, 50);          /* some in good, half of those in bad */
    node.chance_bad = AKSU_PATH_CHANCE(1, 2);
    run_one(&node, &c);
    assert_in_range(c.lost, COUNT * 100 / 2386 - 400, COUNT * 100 / 2386 + 400);
}

/* --- segments --- */

static size_t segment_v4(uint8_t *octets, uint32_t text, uint8_t ctl, bool partial)
{
    static const uint8_t letters[2000] = { 'a', 'b', 'c' };
    struct aksu_ip source, destination;
    assert_true(aksu_ip_parse("192.0.2.1", &source));
    assert_true(aksu_ip_parse("198.51.100.7", &destination));
    struct writer w = writer_of(octets, 2048);
    struct tcp_segment seg = { .source_port = 1, .destination_port = 2, .seq = { 5 }, .ctl = ctl,
                               .wnd = 7, .text_len = text, .parts = 1 };
    struct ipv4_header h = { .source = source, .destination = destination, .ttl = 64,
                             .protocol = IP_PROTOCOL_TCP, .total_length = (uint16_t)(40 + text) };
    seg.text[0] = (struct aksu_slice){ letters, text };
    wire_ipv4_build(&w, &h);
    wire_tcp_build(&w, &source, &destination, &seg, partial);
    memcpy(write_space(&w, text), letters, text);
    return writer_length(&w);
}

static void put_octets(struct aksu_path *p, const uint8_t *octets, size_t length, bool partial,
                       aksu_time now)
{
    struct aksu_frame f = { .parts = 1, .length = (uint32_t)length, .checksum_partial = partial };
    f.part[0] = (struct aksu_slice){ octets, length };
    assert_true(aksu_path_put(p, &f, now));
}

static void the_nth_data_segment_is_lost(void **state)
{
    (void)state;
    static const uint64_t nth[] = { 4, 2, 4 };
    uint8_t data[2048], ack[2048], fin[2048];
    size_t data_length = segment_v4(data, 100, CTL_ACK, false);
    size_t ack_length = segment_v4(ack, 0, CTL_ACK, false);
    size_t fin_length = segment_v4(fin, 0, CTL_ACK | CTL_FIN, false);
    struct aksu_path_node node = { .kind = AKSU_PATH_LOSE_DATA, .nth = nth, .nths = 3 };
    struct aksu_path *p = path_of(&node, 1, 1);
    struct aksu_frame f;
    for (unsigned i = 1; i <= 6; i++) {
        put_octets(p, ack, ack_length, false, 0);
        assert_true(aksu_path_get(p, &f, 0));
        put_octets(p, fin, fin_length, false, 0);
        assert_true(aksu_path_get(p, &f, 0));
        put_number(p, 1, 60, 0);
        assert_true(aksu_path_get(p, &f, 0));
        put_octets(p, data, data_length, false, 0);
        assert_int_equal(aksu_path_get(p, &f, 0), i != 2 && i != 4);
    }
    static const uint64_t later[] = { 7 };
    node.nth = later;
    node.nths = 1;
    assert_true(aksu_path_set(p, 0, &node, 0));     /* the count goes on */
    put_octets(p, data, data_length, false, 0);
    assert_false(aksu_path_get(p, &f, 0));
    assert_int_equal(counts_of(p).lost, 3);
    aksu_path_free(p);
}

/* IPv6 with extension headers, and a fragment that is not the first. */
static void data_is_found_behind_extension_headers(void **state)
{
    (void)state;
    static const uint64_t nth[] = { 1, 2, 3 };
    uint8_t octets[200] = { 0x60, [6] = 0, [40] = 44, [48] = 6, [56 + 12] = 0x50 };
    struct aksu_path_node node = { .kind = AKSU_PATH_LOSE_DATA, .nth = nth, .nths = 3 };
    struct aksu_path *p = path_of(&node, 1, 1);
    struct aksu_frame f;
    store_be16(octets + 4, 8 + 8 + 20 + 1);
    put_octets(p, octets, 40 + 8 + 8 + 20 + 1, false, 0);
    assert_false(aksu_path_get(p, &f, 0));
    octets[51] = 8;
    put_octets(p, octets, 40 + 8 + 8 + 20 + 1, false, 0);
    assert_true(aksu_path_get(p, &f, 0));
    octets[51] = 0;
    store_be16(octets + 4, 8 + 8 + 20);             /* the last octet is no part of the packet */
    put_octets(p, octets, 40 + 8 + 8 + 20 + 1, false, 0);
    assert_true(aksu_path_get(p, &f, 0));
    aksu_path_free(p);
}

static bool every_third(void *context, const uint8_t *frame, uint32_t length, uint64_t passed)
{
    assert_int_equal(length, 60);
    assert_int_equal(load_be32(frame), passed);
    ++*(unsigned *)context;
    return passed % 3 == 2;
}

static void a_predicate_decides(void **state)
{
    (void)state;
    unsigned asked = 0;
    struct aksu_path_node node = { .kind = AKSU_PATH_LOSE_IF, .lose_if = every_third,
                                   .context = &asked };
    struct aksu_path *p = path_of(&node, 1, 1);
    run_numbers(p, &came, 30, 60, 1);
    assert_int_equal(asked, 30);
    assert_int_equal(came.count, 20);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(came.number[i], i / 2 * 3 + i % 2);
    aksu_path_free(p);
}

/* --- order, copies, damage, cuts --- */

static void held_frames_come_late_by_the_delay(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(1, 50),
                                   .delay = AKSU_MS(2) };
    struct aksu_path_counts c;
    uint64_t late = 0;
    run_one(&node, &c);
    assert_int_equal(came.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        aksu_time took = came.at[i] - came.number[i] * AKSU_US(100);
        assert_true(took == 0 || took == AKSU_MS(2));
        late += took > 0;
    }
    assert_share(late, COUNT, node.chance);
    assert_int_equal(c.reordered, late);
}

static void copies_follow_their_original(void **state)
{
    (void)state;
    struct aksu_path_node nodes[] = {
        { .kind = AKSU_PATH_DUPLICATE, .chance = AKSU_PATH_CHANCE(1, 1000) },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(1) },
    };
    struct aksu_path *p = path_of(nodes, 2, 2);
    uint64_t twice = 0;
    run_numbers(p, &came, COUNT, 60, AKSU_US(1));
    for (uint32_t i = 1; i < came.count; i++) {
        assert_true(came.number[i] - came.number[i - 1] <= 1);
        twice += came.number[i] == came.number[i - 1];
    }
    assert_int_equal(twice, counts_of(p).duplicated);
    assert_int_equal(came.count, COUNT + twice);
    assert_int_equal(counts_of(p).reordered, 0);
    assert_share(twice, COUNT, nodes[0].chance);
    assert_balanced(p);
    aksu_path_free(p);
}

/* One bit each, every bit some time, and the receiver notices each of them. */
static void corruption_turns_one_bit_that_is_noticed(void **state)
{
    (void)state;
    for (unsigned partial = 0; partial < 2; partial++) {
        uint8_t good[2048], sent[2048], hit[60] = { 0 };
        size_t length = segment_v4(good, 20, CTL_ACK, false);
        assert_int_equal(segment_v4(sent, 20, CTL_ACK, partial), length);
        assert_int_equal(memcmp(good, sent, length) == 0, !partial);
        struct aksu_path_node node = { .kind = AKSU_PATH_CORRUPT, .chance = AKSU_PATH_ALWAYS };
        struct aksu_path *p = path_of(&node, 1, 4);
        for (unsigned i = 0; i < 10000; i++) {
            struct aksu_frame f;
            unsigned bits = 0;
            put_octets(p, sent, length, partial, 0);
            assert_true(aksu_path_get(p, &f, 0));
            assert_int_equal(f.length, length);
            assert_false(f.checksum_partial);
            for (size_t n = 0; n < length; n++) {
                bits += (unsigned)__builtin_popcount(f.part[0].data[n] ^ good[n]);
                hit[n] |= (uint8_t)(f.part[0].data[n] ^ good[n]);
            }
            assert_int_equal(bits, 1);
            struct ipv4_header h;
            struct tcp_segment seg;
            struct reader r = reader_of(f.part[0].data, length);
            assert_true(wire_ipv4_parse(&r, &h) != IPV4_GOOD
                        || wire_tcp_parse(r.at, reader_left(&r), NULL, 0, &h.source,
                                          &h.destination, false, &seg) != TCP_GOOD);
        }
        for (size_t n = 0; n < length; n++)
            assert_int_equal(hit[n], 0xff);
        assert_int_equal(counts_of(p).corrupted, 10000);
        aksu_path_free(p);
    }
}

/* The link's header has a checksum of its own on a real link, and ARP has no other. */
static void corruption_leaves_the_link_alone(void **state)
{
    (void)state;
    uint8_t frame[2048] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 }, arp[42] = { [12] = 8, 6 };
    size_t length = 14 + segment_v4(frame + 14, 1, CTL_ACK, false);
    struct aksu_path_node node = { .kind = AKSU_PATH_CORRUPT, .chance = AKSU_PATH_ALWAYS };
    struct aksu_path *p = aksu_path_new(&node, 1, 4, 0);
    struct aksu_frame f;
    for (unsigned i = 0; i < 1000; i++) {
        put_octets(p, frame, length, false, 0);
        assert_true(aksu_path_get(p, &f, 0));
        assert_memory_equal(f.part[0].data, frame, 14);
        assert_memory_not_equal(f.part[0].data, frame, length);
        put_octets(p, arp, sizeof arp, false, 0);
        assert_true(aksu_path_get(p, &f, 0));
        assert_memory_equal(f.part[0].data, arp, sizeof arp);
    }
    assert_int_equal(counts_of(p).corrupted, 1000);
    aksu_path_free(p);
}

static void nothing_passes_a_cut(void **state)
{
    (void)state;
    static const struct aksu_path_cut cut[] = { { AKSU_MS(30), AKSU_MS(40) },
                                                { AKSU_MS(10), AKSU_MS(20) } };
    struct aksu_path_node nodes[] = { { .kind = AKSU_PATH_CUT, .cut = cut, .cuts = 2 },
                                      { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(5) } };
    struct aksu_path *p = path_of(nodes, 2, 1);
    uint32_t n = 0;
    run_numbers(p, &came, 50, 60, AKSU_MS(1));
    for (uint32_t i = 0; i < 50; i++) {
        if (i / 10 % 2 == 0)
            assert_int_equal(came.number[n++], i);
    }
    assert_int_equal(came.count, n);
    assert_int_equal(counts_of(p).cut, 20);
    assert_balanced(p);
    aksu_path_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_hits_its_share),
        cmocka_unit_test(losses_do_not_know_of_each_other),
        cmocka_unit_test(bursts_have_their_length),
        cmocka_unit_test(the_nth_data_segment_is_lost),
        cmocka_unit_test(data_is_found_behind_extension_headers),
        cmocka_unit_test(a_predicate_decides),
        cmocka_unit_test(held_frames_come_late_by_the_delay),
        cmocka_unit_test(copies_follow_their_original),
        cmocka_unit_test(corruption_turns_one_bit_that_is_noticed),
        cmocka_unit_test(corruption_leaves_the_link_alone),
        cmocka_unit_test(nothing_passes_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
