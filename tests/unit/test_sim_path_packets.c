/* test_sim_path_packets.c - what a path does because of the packet in a frame: large segments are
 * cut, packets that are too long are answered, ECN-capable ones are marked. */
#include "stack_help.h"

#include "device/complete.h"
#include "device/gso.h"
#include "path_help.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* --- what the stack hands out --- */

static uint32_t octets_of(const struct aksu_frame *f, uint8_t *to)
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < f->parts; i++) {
        memcpy(to + length, f->part[i].data, f->part[i].length);
        length += (uint32_t)f->part[i].length;
    }
    assert_int_equal(length, f->length);
    return length;
}

/* What comes out of the path, its checksums completed, is what the cutter of the devices makes. */
static unsigned compare_pieces(const struct aksu_frame *frame, bool ethernet)
{
    struct aksu_path *p = aksu_path_new(NULL, 0, 1, ethernet ? 0 : AKSU_PATH_BARE_IP);
    struct gso_cutter cutter;
    struct aksu_frame expected, piece;
    unsigned pieces = 0;
    assert_true(aksu_path_put(p, frame, 0));
    assert_true(gso_begin(&cutter, frame, ethernet, 0));
    for (; gso_next(&cutter, &expected); pieces++) {
        uint8_t want[2048], got[2048];
        assert_true(aksu_path_get(p, &piece, 0));
        assert_int_equal(piece.gso_size, 0);
        assert_int_equal(piece.checksum_partial, frame->checksum_partial);
        assert_int_equal(octets_of(&piece, got), octets_of(&expected, want));
        if (piece.checksum_partial)
            device_complete_checksum(got, piece.length, ethernet);
        assert_memory_equal(got, want, piece.length);
    }
    assert_false(aksu_path_get(p, &piece, 0));
    assert_int_equal(counts_of(p).in, pieces);
    aksu_path_free(p);
    return pieces;
}

/* Large segments of a stack, over a path with faults to another one that verifies checksums. */
static void large_segments_are_cut(void **state)
{
    (void)state;
    static uint8_t text[100000];
    uint64_t seed = 8;
    chance_fill(&seed, text, sizeof text);
    for (unsigned kind = 0; kind < 4; kind++) {
        bool v6 = kind & 1, ethernet = kind & 2;
        struct two w;
        aksu_conn conn[2];
        struct aksu_frame f;
        unsigned large = 0, pieces = 0;
        two_init(&w, &(struct link_options){ .v6 = v6, .ethernet = ethernet,
                                             .offload = AKSU_OFFLOAD_TSO });
        connect_pair(&w, listen_on(&w, SERVER, 80, false), 80, conn);
        for (unsigned round = 0; round < 20; round++) {
            assert_true(aksu_send(w.net[CLIENT], conn[CLIENT], text, 1 + chance_below(&seed, 99999),
                                  0, w.now) > 0);
            while (take_frame(&w, CLIENT, &f)) {
                static uint8_t sink[1 << 20];
                large += f.gso_size > 0;
                pieces += compare_pieces(&f, ethernet);
                aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
                aksu_receive(w.net[SERVER], conn[SERVER], sink, sizeof sink, w.now);
                while (take_frame(&w, SERVER, &f))
                    aksu_frame_in(w.net[CLIENT], w.pair.device[CLIENT], &f, w.now);
            }
        }
        assert_true(large > 20 && pieces > 5 * large);
        two_fini(&w);
    }
}

static void whole_segments_stay_whole(void **state)
{
    (void)state;
    static uint8_t octets[40 + 10000] = { 0x45, 0, (10040 >> 8), (10040 & 255), [9] = 6,
                                          [32] = 0x50 };
    struct aksu_frame f = { .parts = 1, .length = sizeof octets, .gso_size = 1000,
                            .checksum_partial = true, .part = { { octets, sizeof octets } } }, out;
    struct aksu_path_node nodes[] = { { .kind = AKSU_PATH_MTU, .mtu = 1040 },
                                      { .kind = AKSU_PATH_CORRUPT } };
    struct aksu_path *p = aksu_path_new(nodes, 2, 1, AKSU_PATH_BARE_IP | AKSU_PATH_WHOLE);
    assert_true(aksu_path_put(p, &f, 0));
    assert_true(aksu_path_get(p, &out, 0));
    assert_int_equal(out.gso_size, 1000);
    assert_int_equal(out.length, sizeof octets);
    assert_memory_equal(out.part[0].data, octets, sizeof octets);
    nodes[0].mtu = 1039;                /* its pieces would be too long */
    assert_true(aksu_path_set(p, 0, &nodes[0], 0));
    assert_true(aksu_path_put(p, &f, 0));
    assert_false(aksu_path_get(p, &out, 0));
    assert_int_equal(counts_of(p).too_big, 1);
    nodes[0].mtu = 1500;                /* damage would not be noticed: it is lost */
    nodes[1].chance = AKSU_PATH_ALWAYS;
    assert_true(aksu_path_set(p, 0, &nodes[0], 0) && aksu_path_set(p, 1, &nodes[1], 0));
    assert_true(aksu_path_put(p, &f, 0));
    assert_false(aksu_path_get(p, &out, 0));
    assert_int_equal(counts_of(p).lost, 1);
    aksu_path_free(p);
}

/* A large segment that is none, or not of TCP, passes as it is; nothing is read behind its end. */
static void what_is_no_segment_is_not_cut(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned flags = 0; flags < 2; flags++) {
        struct aksu_path *p = aksu_path_new(NULL, 0, 1, flags);
        for (unsigned i = 0; i < 20000; i++) {
            uint32_t length = chance_below(&seed, 400), split = chance_below(&seed, length + 1);
            uint8_t octets[400], *a, *b;
            chance_fill(&seed, octets, length);
            if (length > 14 + 33) {     /* nearly a segment */
                uint8_t *ip = octets + (flags ? 0 : 14);
                store_be16(octets + 12, i % 2 && !flags ? 0x86dd : load_be16(octets + 12));
                ip[0] = i % 2 ? 0x60 : (uint8_t)(0x40 | (ip[0] & 15));
                ip[i % 2 ? 6 : 9] = 6;
            }
            a = exact_copy(octets, split);
            b = exact_copy(octets + split, length - split);
            struct aksu_frame f = { .parts = 2, .length = length, .gso_size = 1,
                                    .part = { { a, split }, { b, length - split } } }, out;
            assert_true(aksu_path_put(p, &f, 0));
            while (aksu_path_get(p, &out, 0))
                assert_true(out.length <= length);
            free(a);
            free(b);
        }
        assert_true(counts_of(p).in > 20000);
        aksu_path_free(p);
    }
}

/* --- too long --- */

static uint32_t packet_v4(uint8_t *octets, uint32_t length, uint8_t protocol, const char *to)
{
    struct ipv4_header h = { .source = ip_text("192.0.2.1"), .destination = ip_text(to), .ttl = 9,
                             .protocol = protocol, .total_length = (uint16_t)length, .tos = 2,
                             .dont_fragment = true };
    struct writer w = writer_of(octets, 2048);
    memset(octets, 8, length);
    wire_ipv4_build(&w, &h);
    return length;
}

static uint32_t packet_v6(uint8_t *octets, uint32_t length, uint8_t protocol, const char *to)
{
    struct ipv6_header h = { .source = ip_text("2001:db8::1"), .destination = ip_text(to),
                             .hop_limit = 9, .next_header = protocol, .traffic_class = 1,
                             .payload_length = (uint16_t)(length - 40) };
    struct writer w = writer_of(octets, 2048);
    memset(octets, 200, length);
    wire_ipv6_build(&w, &h);
    return length;
}

static bool passes(struct aksu_path *p, const uint8_t *octets, uint32_t length)
{
    struct aksu_frame f = { .parts = 1, .length = length, .part = { { octets, length } } }, out;
    assert_true(aksu_path_put(p, &f, 0));
    return aksu_path_get(p, &out, 0);
}

static void black_holes_say_nothing(void **state)
{
    (void)state;
    uint8_t octets[2048];
    struct aksu_frame reply;
    struct aksu_path_node node = { .kind = AKSU_PATH_MTU, .mtu = 1280 };
    struct aksu_path *p = path_of(&node, 1, 1);
    assert_true(passes(p, octets, packet_v4(octets, 1280, 6, "198.51.100.7")));
    assert_false(passes(p, octets, packet_v4(octets, 1281, 6, "198.51.100.7")));
    assert_true(passes(p, octets, packet_v6(octets, 1280, 6, "2001:db8::2")));
    assert_false(passes(p, octets, packet_v6(octets, 1281, 6, "2001:db8::2")));
    assert_false(aksu_path_reply(p, &reply));
    assert_int_equal(counts_of(p).too_big, 2);
    assert_balanced(p);
    aksu_path_free(p);
}

static void check_v4(const struct aksu_frame *reply, const uint8_t *about, const char *from)
{
    struct reader r = reader_of(reply->part[0].data, reply->length);
    struct ipv4_header h;
    struct icmp_message m;
    struct aksu_ip router = ip_text(from), to = ip_text("192.0.2.1");
    assert_int_equal(wire_ipv4_parse(&r, &h), IPV4_GOOD);
    assert_int_equal(h.total_length, 576);
    assert_memory_equal(&h.source, &router, sizeof router);
    assert_memory_equal(&h.destination, &to, sizeof to);
    assert_int_equal(wire_icmpv4_parse(&r, &m), ICMP_GOOD);
    assert_int_equal(m.kind, ICMP_TOO_BIG);
    assert_int_equal(m.mtu, 1280);
    assert_int_equal(m.body_length, 548);
    assert_memory_equal(m.body, about, 548);
}

static void check_v6(const struct aksu_frame *reply, const uint8_t *about, const char *from)
{
    struct reader r = reader_of(reply->part[0].data, reply->length);
    struct ipv6_header h;
    struct icmp_message m;
    struct aksu_ip router = ip_text(from), to = ip_text("2001:db8::1");
    assert_int_equal(wire_ipv6_parse(&r, &h), IPV6_GOOD);
    assert_int_equal(h.payload_length, 1240);
    assert_memory_equal(&h.source, &router, sizeof router);
    assert_memory_equal(&h.destination, &to, sizeof to);
    assert_int_equal(wire_icmpv6_parse(&r, &h.source, &h.destination, h.hop_limit, &m), ICMP_GOOD);
    assert_int_equal(m.kind, ICMP_TOO_BIG);
    assert_int_equal(m.mtu, 1280);
    assert_int_equal(m.body_length, 1232);
    assert_memory_equal(m.body, about, 1232);
}

static void routers_say_what_fits(void **state)
{
    (void)state;
    uint8_t v4[2048], v6[2048], frame[2048] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
    struct aksu_frame reply;
    for (unsigned named = 0; named < 2; named++) {
        struct aksu_path_node node = { .kind = AKSU_PATH_MTU, .mtu = 1280, .tell = true };
        node.router = named ? ip_text("203.0.113.9") : node.router;
        struct aksu_path *p = path_of(&node, 1, 1);
        assert_false(passes(p, v4, packet_v4(v4, 1400, 6, "198.51.100.7")));
        assert_false(passes(p, v6, packet_v6(v6, 1400, 6, "2001:db8::2")));
        assert_int_equal(aksu_path_next(p), 0);
        assert_true(aksu_path_reply(p, &reply));
        check_v4(&reply, v4, named ? "203.0.113.9" : "198.51.100.7");
        node.router = named ? ip_text("2001:db8:ffff::1") : node.router;
        assert_true(aksu_path_set(p, 0, &node, 0));
        assert_true(aksu_path_reply(p, &reply));
        check_v6(&reply, v6, "2001:db8::2");
        assert_false(passes(p, v6, 1400));
        assert_true(aksu_path_reply(p, &reply));
        check_v6(&reply, v6, named ? "2001:db8:ffff::1" : "2001:db8::2");
        assert_false(aksu_path_reply(p, &reply));
        assert_int_equal(aksu_path_next(p), AKSU_NEVER);
        aksu_path_free(p);
    }
    /* In an Ethernet frame it goes back to where the packet came from. */
    struct aksu_path_node node = { .kind = AKSU_PATH_MTU, .mtu = 1280, .tell = true };
    struct aksu_path *p = aksu_path_new(&node, 1, 1, 0);
    memcpy(frame + 14, v4, 1400);
    assert_false(passes(p, frame, 1414));
    assert_true(aksu_path_reply(p, &reply));
    assert_int_equal(reply.length, 14 + 576);
    assert_memory_equal(reply.part[0].data, frame + 6, 6);
    assert_memory_equal(reply.part[0].data + 6, frame, 6);
    assert_int_equal(load_be16(reply.part[0].data + 12), 0x0800);
    aksu_path_free(p);
}

/* RFC 1122 3.2.2, RFC 4443 2.4: none about an ICMP error, a group, a fragment behind the first. */
static void not_everything_is_answered(void **state)
{
    (void)state;
    uint8_t octets[2048];
    struct aksu_frame reply;
    struct aksu_path_node node = { .kind = AKSU_PATH_MTU, .mtu = 1280, .tell = true };
    struct aksu_path *p = path_of(&node, 1, 1);
    uint32_t length = packet_v4(octets, 1400, IP_PROTOCOL_ICMP, "198.51.100.7");
    octets[20] = 3;
    assert_false(passes(p, octets, length));
    assert_false(passes(p, octets, packet_v4(octets, 1400, 17, "224.0.0.5")));
    length = packet_v4(octets, 1400, 17, "198.51.100.7");
    octets[7] = 1;
    assert_false(passes(p, octets, length));
    length = packet_v6(octets, 1400, IP_PROTOCOL_ICMPV6, "2001:db8::2");
    octets[40] = 2;
    assert_false(passes(p, octets, length));
    assert_false(passes(p, octets, packet_v6(octets, 1400, 17, "ff02::1")));
    assert_false(aksu_path_reply(p, &reply));
    length = packet_v4(octets, 1400, IP_PROTOCOL_ICMP, "198.51.100.7");
    octets[20] = 8;                     /* an echo is no error */
    assert_false(passes(p, octets, length));
    assert_true(aksu_path_reply(p, &reply));
    octets[40] = 128;
    for (unsigned i = 0; i < 10000; i++)    /* nobody fetches them: bounded */
        assert_false(passes(p, octets, length));
    unsigned replies = 0;
    while (aksu_path_reply(p, &reply))
        replies++;
    assert_in_range(replies, 64, 1024);
    aksu_path_free(p);
}

/* The narrow link is behind the delay: its message is there when the packet is, not before. */
static void a_message_has_its_time(void **state)
{
    (void)state;
    uint8_t octets[2048];
    struct aksu_frame out, reply;
    struct aksu_path_node nodes[] = { { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(5) },
                                      { .kind = AKSU_PATH_MTU, .mtu = 1280, .tell = true },
                                      { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(7) } };
    struct aksu_path *p = path_of(nodes, 3, 1);
    passes(p, octets, packet_v4(octets, 1400, 6, "198.51.100.7"));
    assert_int_equal(aksu_path_next(p), AKSU_MS(5));
    assert_false(aksu_path_reply(p, &reply));
    assert_false(aksu_path_get(p, &out, AKSU_MS(5)));
    assert_true(aksu_path_reply(p, &reply));
    passes(p, octets, packet_v4(octets, 1200, 6, "198.51.100.7"));
    assert_false(aksu_path_get(p, &out, AKSU_MS(17) - 1));
    assert_true(aksu_path_get(p, &out, AKSU_MS(17)));
    aksu_path_free(p);
}

/* --- marks --- */

static void only_capable_packets_are_marked(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_MARK, .chance = AKSU_PATH_ALWAYS };
    struct aksu_path *p = path_of(&node, 1, 1);
    for (unsigned tos = 0; tos < 256; tos++) {
        unsigned expected = tos & 3 ? tos | 3 : tos;
        uint8_t octets[2048];
        struct aksu_frame f = { .parts = 1 }, out;
        struct ipv4_header h = { .tos = (uint8_t)tos, .ttl = 1, .total_length = 60 };
        struct writer w = writer_of(octets, sizeof octets);
        memset(octets, 0, 100);
        wire_ipv4_build(&w, &h);
        f.length = 60;
        f.part[0] = (struct aksu_slice){ octets, 60 };
        for (unsigned bad = 0; bad < 2; bad++) {    /* a wrong checksum is not put right */
            octets[10] ^= (uint8_t)bad;
            assert_true(aksu_path_put(p, &f, 0) && aksu_path_get(p, &out, 0));
            struct reader r = reader_of(out.part[0].data, 60);
            assert_int_equal(wire_ipv4_parse(&r, &h), bad ? IPV4_CHECKSUM : IPV4_GOOD);
            assert_int_equal(out.part[0].data[1], expected);
        }
        struct ipv6_header h6 = { .traffic_class = (uint8_t)tos, .payload_length = 20 };
        w = writer_of(octets, sizeof octets);
        wire_ipv6_build(&w, &h6);
        assert_true(aksu_path_put(p, &f, 0) && aksu_path_get(p, &out, 0));
        struct reader r = reader_of(out.part[0].data, 60);
        assert_int_equal(wire_ipv6_parse(&r, &h6), IPV6_GOOD);
        assert_int_equal(h6.traffic_class, expected);
    }
    assert_int_equal(counts_of(p).marked, 3 * 128);
    aksu_path_free(p);
}

/* CoDel marks where it would have dropped, and drops what cannot be marked. */
static void codel_marks_what_it_can(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE, .rate = 8000000, .codel = true,
                                   .codel_marks = true };
    for (unsigned capable = 0; capable < 2; capable++) {
        uint8_t octets[2048];
        uint32_t length = packet_v4(octets, 1000, 6, "198.51.100.7");
        struct aksu_frame f = { .parts = 1, .length = length, .part = { { octets, length } } };
        struct aksu_path *p = path_of(&node, 1, 1);
        if (!capable) {
            octets[1] = 0;
            store_be16(octets + 10, (uint16_t)(load_be16(octets + 10) + 2));
        }
        for (unsigned i = 0; i < 2000; i++) {
            struct aksu_frame out;
            assert_true(aksu_path_put(p, &f, i * AKSU_US(500)));
            aksu_path_get(p, &out, i * AKSU_US(500));
        }
        struct aksu_path_counts c = counts_of(p);
        assert_int_equal(capable ? c.queue_dropped : c.marked, 0);
        assert_in_range(capable ? c.marked : c.queue_dropped, 15, 30);
        aksu_path_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_segments_are_cut),
        cmocka_unit_test(whole_segments_stay_whole),
        cmocka_unit_test(what_is_no_segment_is_not_cut),
        cmocka_unit_test(black_holes_say_nothing),
        cmocka_unit_test(routers_say_what_fits),
        cmocka_unit_test(not_everything_is_answered),
        cmocka_unit_test(a_message_has_its_time),
        cmocka_unit_test(only_capable_packets_are_marked),
        cmocka_unit_test(codel_marks_what_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
