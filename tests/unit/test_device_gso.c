/* test_device_gso.c - large segments cut into those that go on the wire: octet by octet what the
 * stack itself sends to a device that cannot cut, and the rules for what the stack does not do. */
#include "stack_help.h"

#include "device/gso.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum { ROUNDS = 40, WRITE = 30000, FLIGHT = 4 << 20 };

/* Frames of one flight, each after its length. */
struct flight {
    size_t length;
    unsigned frames, large;
    uint8_t octets[FLIGHT];
};

static void record(struct flight *f, const struct aksu_frame *frame)
{
    assert_true(f->length + 4 + frame->length <= sizeof f->octets);
    memcpy(f->octets + f->length, &frame->length, 4);
    f->length += 4;
    for (uint32_t i = 0; i < frame->parts; i++) {
        memcpy(f->octets + f->length, frame->part[i].data, frame->part[i].length);
        f->length += frame->part[i].length;
    }
    f->frames++;
}

/* A copy in one part, so that every octet is inside a slice that a sanitizer watches. */
static void record_pieces(struct flight *f, const struct aksu_frame *frame, bool ethernet)
{
    struct gso_cutter cutter;
    struct aksu_frame piece;
    f->large += frame->gso_size != 0;
    assert_true(gso_begin(&cutter, frame, ethernet, 0));
    while (gso_next(&cutter, &piece)) {
        assert_int_equal(piece.gso_size, 0);
        assert_false(piece.checksum_partial);
        record(f, &piece);
    }
}

static void take_flight(struct two *w, struct flight *f, bool ethernet)
{
    struct aksu_frame frame;
    f->length = f->frames = f->large = 0;
    while (take_frame(w, CLIENT, &frame)) {
        if (frame.gso_size != 0 || frame.checksum_partial)
            record_pieces(f, &frame, ethernet);
        else
            record(f, &frame);
    }
}

static void deliver(struct two *w, const struct flight *f)
{
    for (size_t at = 0; at < f->length;) {
        struct aksu_frame frame = { .parts = 1 };
        memcpy(&frame.length, f->octets + at, 4);
        frame.part[0] = (struct aksu_slice){ f->octets + at + 4, frame.length };
        aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &frame, w->now);
        at += 4u + frame.length;
    }
}

static void answers(struct two *w)
{
    struct aksu_frame frame;
    while (take_frame(w, SERVER, &frame))
        aksu_frame_in(w->net[CLIENT], w->pair.device[CLIENT], &frame, w->now);
}

static size_t drain(struct two *w, aksu_conn conn)
{
    static uint8_t text[1 << 20];
    size_t all = 0;
    ptrdiff_t n;
    while ((n = aksu_receive(w->net[SERVER], conn, text, sizeof text, w->now)) > 0)
        all += (size_t)n;
    return all;
}

/* Two worlds that differ in what the client's device can do; the same octets leave in both. Without
 * Nagle's rule, which sees one segment where there are several. */
static void transfer_in_both(bool v6, bool ethernet, uint32_t mtu)
{
    static struct flight flight[2];
    static uint8_t text[WRITE];
    struct two w[2];
    aksu_conn conn[2][2];
    unsigned large = 0;
    size_t sent = 0, got = 0;
    uint64_t seed = 5;
    chance_fill(&seed, text, sizeof text);
    for (unsigned k = 0; k < 2; k++) {
        two_init(&w[k], &(struct link_options){ .v6 = v6, .ethernet = ethernet, .mtu = mtu,
                                                .offload = k == 0 ? AKSU_OFFLOAD_TSO : 0 });
        connect_pair(&w[k], listen_on(&w[k], SERVER, 80, false), 80, conn[k]);
        assert_int_equal(aksu_set(w[k].net[CLIENT], conn[k][CLIENT], AKSU_OPTION_NODELAY, 1,
                                  w[k].now), AKSU_OK);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t length = 1 + chance_below(&seed, WRITE);
        for (unsigned k = 0; k < 2; k++) {
            if (round < ROUNDS - 4)
                assert_int_equal(aksu_send(w[k].net[CLIENT], conn[k][CLIENT], text, length, 0,
                                           w[k].now), length);
            else if (round == ROUNDS - 4)
                assert_int_equal(aksu_shutdown(w[k].net[CLIENT], conn[k][CLIENT], w[k].now),
                                 AKSU_OK);
            take_flight(&w[k], &flight[k], ethernet);
        }
        sent += round < ROUNDS - 4 ? length : 0;
        large += flight[0].large;
        assert_int_equal(flight[0].frames, flight[1].frames);
        assert_int_equal(flight[0].length, flight[1].length);
        assert_memory_equal(flight[0].octets, flight[1].octets, flight[0].length);
        for (unsigned k = 0; k < 2; k++) {
            deliver(&w[k], &flight[k]);
            got += drain(&w[k], conn[k][SERVER]);
            answers(&w[k]);
        }
    }
    assert_int_equal(got, 2 * sent);
    assert_true(large > 10);
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(state_of(w[k].net[SERVER], conn[k][SERVER]), AKSU_TCP_CLOSE_WAIT);
        assert_int_equal(counted(w[k].net[SERVER], AKSU_EV_frame_dropped), 0);
        two_fini(&w[k]);
    }
}

static void pieces_are_what_the_stack_itself_sends(void **state)
{
    (void)state;
    static const uint32_t mtu[] = { 576, 1280, 1500, 9000 };
    for (unsigned kind = 0; kind < 4; kind++)
        for (unsigned k = kind & 1; k < 4; k++)
            transfer_in_both(kind & 1, kind & 2, mtu[k]);
}

/* --- a segment made by hand --- */

enum { TEXT = 10007, SIZE = 1000 };
struct large {
    struct aksu_frame frame;
    size_t ip;
    uint8_t head[GSO_HEADERS], text[TEXT];
};

/* With options in both headers, an Ethernet header, odd slices, and every control bit that text may
 * have. */
static void make_large(struct large *l, bool dont_fragment)
{
    static const uint8_t option[4] = { 1, 1, 1, 0 };
    uint64_t seed = 3;
    struct aksu_ip source = ip_text("192.0.2.1"), destination = ip_text("198.51.100.7");
    struct writer w = writer_of(l->head, sizeof l->head);
    chance_fill(&seed, write_space(&w, 14), 14);
    l->ip = 14;
    struct tcp_segment seg = { .source_port = 1, .destination_port = 2, .seq = { 0xfffffc00 },
                               .ack = { 77 }, .wnd = 5, .ctl = CTL_ACK | CTL_FIN | CTL_PSH | CTL_CWR
                               | CTL_ECE, .text_len = TEXT,
                               .options = { .has = HAS_TIMESTAMPS, .ts_val = 9, .ts_ecr = 8 } };
    struct ipv4_header h = { .source = source, .destination = destination, .ttl = 64, .tos = 2,
                             .protocol = IP_PROTOCOL_TCP, .dont_fragment = dont_fragment,
                             .identification = 0xfffe, .options = option, .options_length = 4,
                             .total_length = 24 + 32 + TEXT };
    wire_ipv4_build(&w, &h);
    chance_fill(&seed, l->text, TEXT);
    wire_tcp_build(&w, &source, &destination, &seg, true);
    l->frame = (struct aksu_frame){ .gso_size = SIZE, .checksum_partial = true };
    l->frame.part[l->frame.parts++] = (struct aksu_slice){ l->head, writer_length(&w) };
    for (size_t at = 0, n = 0; at < TEXT; at += n) {
        n = l->frame.parts == 15 ? TEXT - at : 1 + chance_below(&seed, 1500);
        n = n < TEXT - at ? n : TEXT - at;
        l->frame.part[l->frame.parts++] = (struct aksu_slice){ l->text + at, n };
    }
    l->frame.length = (uint32_t)(writer_length(&w) + TEXT);
}

/* Parses one piece as the receiver would, and compares it with what it must be. */
static void check_piece(const struct large *l, const struct aksu_frame *piece, unsigned n,
                        bool dont_fragment)
{
    uint32_t at = n * SIZE, length = TEXT - at < SIZE ? TEXT - at : SIZE;
    bool last = at + length == TEXT;
    uint8_t octets[GSO_HEADERS + SIZE];
    size_t used = 0;
    for (uint32_t i = 0; i < piece->parts; i++) {
        memcpy(octets + used, piece->part[i].data, piece->part[i].length);
        used += piece->part[i].length;
    }
    assert_int_equal(used, piece->length);
    assert_int_equal(used, 14 + 24 + 32 + length);
    assert_memory_equal(octets, l->head, 14);
    struct reader r = reader_of(octets + 14, used - 14);
    struct ipv4_header h;
    struct tcp_segment seg;
    assert_int_equal(wire_ipv4_parse(&r, &h), IPV4_GOOD);
    assert_int_equal(h.total_length, used - 14);
    assert_int_equal(h.identification, dont_fragment ? 0xfffe : (uint16_t)(0xfffe + n));
    assert_int_equal(h.options_length, 4);
    assert_int_equal(h.tos, 2);
    assert_int_equal(wire_tcp_parse(r.at, reader_left(&r), NULL, 0, &h.source, &h.destination,
                                    false, &seg), TCP_GOOD);
    assert_int_equal(seg.seq.n, (uint32_t)(0xfffffc00 + at));
    assert_int_equal(seg.ack.n, 77);
    assert_int_equal(seg.ctl, CTL_ACK | CTL_ECE | (n == 0 ? CTL_CWR : 0)     /* RFC 3168 6.1.2 */
                              | (last ? CTL_FIN | CTL_PSH : 0));
    assert_int_equal(seg.options.ts_val, 9);
    assert_int_equal(seg.text_len, length);
    assert_memory_equal(seg.text[0].data, l->text + at, length);
}

static void each_piece_is_a_good_segment(void **state)
{
    (void)state;
    static struct large l;
    struct gso_cutter cutter;
    struct aksu_frame piece;
    for (unsigned dont_fragment = 0; dont_fragment < 2; dont_fragment++) {
        make_large(&l, dont_fragment);
        for (unsigned first = 0; first <= TEXT / SIZE; first++) {
            unsigned n = first;
            assert_true(gso_begin(&cutter, &l.frame, true, first * SIZE));
            for (; gso_next(&cutter, &piece); n++)
                check_piece(&l, &piece, n, dont_fragment);
            assert_int_equal(n, TEXT / SIZE + 1);
        }
    }
}

static void what_is_no_segment_is_refused(void **state)
{
    (void)state;
    static struct large l;
    struct gso_cutter cutter;
    make_large(&l, true);
    assert_true(gso_begin(&cutter, &l.frame, true, 0));
    assert_false(gso_begin(&cutter, &l.frame, false, 0));
    assert_false(gso_begin(&cutter, &l.frame, true, TEXT + 1));
    size_t whole = l.frame.part[0].length;
    for (size_t n = 0; n < whole; n++) {
        uint8_t *head = exact_copy(l.head, n);
        struct aksu_frame f = l.frame;
        f.part[0] = (struct aksu_slice){ head, n };
        assert_false(gso_begin(&cutter, &f, true, 0));
        free(head);
    }
    l.head[l.ip + 9] = IP_PROTOCOL_UDP;
    assert_false(gso_begin(&cutter, &l.frame, true, 0));
    l.head[l.ip + 9] = IP_PROTOCOL_TCP;
    l.head[l.ip] = 0x44;
    assert_false(gso_begin(&cutter, &l.frame, true, 0));
    l.head[l.ip] = 0x56;
    assert_false(gso_begin(&cutter, &l.frame, true, 0));
    l.frame.parts = 0;
    assert_false(gso_begin(&cutter, &l.frame, true, 0));
}

/* --- what users have missed --- */

/* Text and TCP options of the longest piece: both count (RFC 6691 2). */
static uint32_t longest_of(const struct aksu_frame *frame, uint32_t ip_header)
{
    struct gso_cutter cutter;
    struct aksu_frame piece;
    uint32_t longest = 0;
    assert_true(gso_begin(&cutter, frame, false, 0));
    while (gso_next(&cutter, &piece))
        if (piece.length - ip_header - TCP_HEADER > longest)
            longest = piece.length - ip_header - TCP_HEADER;
    return longest;
}

/* The server's segments to a client that has said how large they may be: some of them are lost, and
 * go out again. */
static void sends_to(uint16_t mss, bool v6)
{
    struct two w;
    struct aksu_frame f;
    aksu_conn c[2];
    static uint8_t text[100000];
    unsigned large = 0, frames = 0;
    const uint32_t ip_header = v6 ? IPV6_HEADER : IPV4_HEADER;
    struct link_options o = { .v6 = v6, .offload = AKSU_OFFLOAD_TSO };
    two_init(&w, &o);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    c[CLIENT] = open_to(&w, 80);
    assert_int_equal(aksu_set(w.net[CLIENT], c[CLIENT], AKSU_OPTION_MAX_SEGMENT, mss, w.now),
                     AKSU_OK);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    for (unsigned round = 0; round < 200; round++) {
        (void)aksu_send(w.net[SERVER], c[SERVER], text, sizeof text, 0, w.now);
        while (take_frame(&w, SERVER, &f)) {
            large += f.gso_size != 0;
            assert_true(longest_of(&f, ip_header) <= mss);
            if (frames++ % 16 != 9)
                aksu_frame_in(w.net[CLIENT], w.pair.device[CLIENT], &f, w.now);
        }
        while (take_frame(&w, CLIENT, &f))
            aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
        (void)aksu_receive(w.net[CLIENT], c[CLIENT], text, sizeof text, w.now);
        w.now += AKSU_MS(50);
        for (unsigned i = 0; i < 2; i++)
            aksu_timeouts(w.net[i], w.now);
    }
    assert_true(large > 20 && frames > 200);
    assert_true(counted(w.net[SERVER], AKSU_EV_retransmit) > 20);
    two_fini(&w);
}

/* tailscale/tailscale 20026: with large segments handed to the device, nothing on the wire is
 * larger than the MSS that was agreed. */
static void acceptance_mss(void **state)                /* RFC 9293 3.7.1 [MUST-16], RFC 6691 2 */
{
    (void)state;
    static const uint16_t mss[] = { 200, 536, 1000, 1220, 1400, 1440 };
    for (size_t i = 0; i < sizeof mss / sizeof mss[0]; i++)
        for (unsigned v6 = 0; v6 < 2; v6++)
            sends_to(mss[i], v6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_what_the_stack_itself_sends),
        cmocka_unit_test(each_piece_is_a_good_segment),
        cmocka_unit_test(what_is_no_segment_is_refused),
        cmocka_unit_test(acceptance_mss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
