/* test_stack_frames.c - what is not TCP proper: neighbours, ping, UDP, ICMP errors, frames that
 * nobody wants, and packets of a stack to itself. */
#include "stack_help.h"

#include "ip/output.h"
#include "stack/stack.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static const struct link_options ethernet = { .ethernet = true };

static aksu_udp udp_at(struct two *w, unsigned side, uint16_t port)
{
    aksu_udp u;
    struct aksu_udp_open how = { .local = { .port = port }, .cookie = 5 };
    assert_int_equal(aksu_udp_open(w->net[side], &how, &u), AKSU_OK);
    return u;
}

static void one_datagram(struct two *w, size_t length)
{
    static uint8_t text[65507], got[65507];
    struct aksu_endpoint to = { ip_of(w, SERVER), 53 }, from;
    struct aksu_ready r;
    aksu_udp client = udp_at(w, CLIENT, 0), server = udp_at(w, SERVER, 53);
    for (size_t i = 0; i < length; i++)
        text[i] = (uint8_t)(i * 7 + i / 251);
    assert_int_equal(aksu_udp_send(w->net[CLIENT], client, &to, text, length, w->now), AKSU_OK);
    move(w);
    assert_true(aksu_next_ready(w->net[SERVER], &r));
    assert_int_equal(r.what, AKSU_DATAGRAM);
    assert_int_equal(r.cookie, 5);
    assert_int_equal(r.udp.index, server.index);
    assert_int_equal(aksu_udp_receive(w->net[SERVER], server, &from, got, sizeof got), length);
    assert_memory_equal(text, got, length);
    assert_int_equal(aksu_udp_send(w->net[SERVER], server, &from, "ok", 2, w->now), AKSU_OK);
    move(w);
    assert_int_equal(aksu_udp_receive(w->net[CLIENT], client, &from, got, sizeof got), 2);
    assert_int_equal(from.port, 53);
    assert_int_equal(aksu_udp_close(w->net[CLIENT], client), AKSU_OK);
    assert_int_equal(aksu_udp_close(w->net[CLIENT], client), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_udp_close(w->net[SERVER], server), AKSU_OK);
}

static void datagrams_of_every_length(void **state)
{
    (void)state;
    static const size_t length[] = { 0, 1, 1472, 1473, 5000, 20000, 60000 };
    for (unsigned kind = 0; kind < 4; kind++) {
        struct two w;
        two_init(&w, &(struct link_options){ .v6 = kind & 1, .ethernet = kind & 2 });
        for (size_t i = 0; i < sizeof length / sizeof length[0]; i++)
            one_datagram(&w, length[i]);
        two_fini(&w);
    }
}

static void a_datagram_in_pieces_stops_with_its_endpoint(void **state)
{
    (void)state;
    struct two w;
    static uint8_t text[20000];
    struct aksu_frame f;
    two_init(&w, NULL);
    aksu_udp u = udp_at(&w, CLIENT, 0), other = udp_at(&w, CLIENT, 9);
    struct aksu_endpoint to = { ip_of(&w, SERVER), 53 };
    assert_int_equal(aksu_udp_send(w.net[CLIENT], u, &to, text, sizeof text, w.now), AKSU_OK);
    assert_int_equal(aksu_udp_send(w.net[CLIENT], other, &to, text, 10, w.now), AKSU_OK);
    assert_true(take_frame(&w, CLIENT, &f));
    assert_true(take_frame(&w, CLIENT, &f));
    assert_int_equal(aksu_udp_close(w.net[CLIENT], u), AKSU_OK);
    assert_true(take_frame(&w, CLIENT, &f));
    assert_int_equal(f.length, 20 + 8 + 10);
    assert_false(take_frame(&w, CLIENT, &f));
    two_fini(&w);
}

static void a_closed_udp_port_is_unreachable(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        char text[4];
        struct aksu_ready r;
        two_init(&w, &(struct link_options){ .v6 = v6, .ethernet = true });
        aksu_udp u;
        struct aksu_udp_open how = { .remote = { ip_of(&w, SERVER), 53 } };
        assert_int_equal(aksu_udp_open(w.net[CLIENT], &how, &u), AKSU_OK);
        assert_int_equal(aksu_udp_send(w.net[CLIENT], u, NULL, "x", 1, w.now), AKSU_OK);
        move(&w);
        assert_true(aksu_next_ready(w.net[CLIENT], &r));
        assert_int_equal(r.what, AKSU_DATAGRAM);
        assert_int_equal(aksu_udp_receive(w.net[CLIENT], u, NULL, text, 4), -AKSU_UNREACHABLE_PORT);
        assert_int_equal(aksu_udp_receive(w.net[CLIENT], u, NULL, text, 4), -AKSU_WOULD_BLOCK);
        assert_int_equal(aksu_udp_close(w.net[CLIENT], u), AKSU_OK);
        assert_false(aksu_next_ready(w.net[CLIENT], &r));
        two_fini(&w);
    }
}

/* --- frames made by hand --- */

static void give(struct two *w, unsigned side, uint8_t *octets, size_t length)
{
    struct aksu_frame f = { .parts = 1, .length = (uint32_t)length };
    f.part[0] = (struct aksu_slice){ octets, length };
    aksu_frame_in(w->net[side], w->pair.device[side], &f, w->now);
}

static size_t ping(struct two *w, uint8_t *to, size_t room, size_t length)
{
    uint8_t body[3000] = { 1, 2, 3 };
    struct icmp_message m = { .kind = ICMP_ECHO_REQUEST, .echo_identifier = 7, .echo_sequence = 9,
                              .body = body, .body_length = length };
    struct ip_out ip = { .source = ip_of(w, CLIENT), .destination = ip_of(w, SERVER), .ttl = 64,
                         .protocol = w->v6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP };
    struct writer out = writer_of(to, room);
    ip_build(&out, &ip, (uint32_t)(8 + length));
    if (w->v6)
        wire_icmpv6_build(&out, &ip.source, &ip.destination, &m);
    else
        wire_icmpv4_build(&out, &m);
    assert_false(out.bad);
    return writer_length(&out);
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (size_t length = 0; length <= 1400; length += 700) {
            struct two w;
            uint8_t octets[2000];
            struct aksu_frame f;
            two_init(&w, &(struct link_options){ .v6 = v6 });
            size_t sent = ping(&w, octets, sizeof octets, length);
            give(&w, SERVER, octets, sent);
            assert_true(take_frame(&w, SERVER, &f));
            assert_int_equal(f.length, sent);
            const uint8_t *icmp = f.part[0].data + (v6 ? 40 : 20);
            assert_int_equal(icmp[0], v6 ? 129 : 0);
            assert_int_equal(icmp[5], 7);
            assert_int_equal(icmp[7], 9);
            if (length > 3)
                assert_memory_equal(icmp + 8, "\1\2\3", 3);
            assert_false(take_frame(&w, SERVER, &f));
            two_fini(&w);
        }
    }
}

/* What arrives in pieces is put together at `to`; octets. */
static size_t take_pieces(struct two *w, uint8_t *to, size_t room)
{
    struct aksu_frame f;
    size_t total = 0;
    while (take_frame(w, SERVER, &f)) {
        const uint8_t *h = f.part[0].data;
        size_t header = w->v6 ? IPV6_HEADER + IPV6_FRAGMENT_HEADER : IPV4_HEADER;
        size_t at = w->v6 ? load_be16(h + IPV6_HEADER + 2) & 0xfff8u
                          : (load_be16(h + 6) & 0x1fffu) * 8u;
        assert_int_equal(f.parts, 1);
        assert_true(f.length <= 1500 && at + f.length - header <= room);
        memcpy(to + at, h + header, f.length - header);
        total += f.length - header;
    }
    return total;
}

static void a_long_ping_is_answered(void **state)
{
    (void)state;
    static const size_t length[] = { 1500, 4000, 4100, 20000, 60000 };
    static uint8_t body[60000], message[60008], got[60008], frame[1500];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < 2 * sizeof length / sizeof length[0]; i++) {
        struct two w;
        two_init(&w, &(struct link_options){ .v6 = i & 1 });
        struct icmp_message m = { .kind = ICMP_ECHO_REQUEST, .body = body,
                                  .body_length = length[i / 2] };
        struct ip_out ip = { .source = ip_of(&w, CLIENT), .destination = ip_of(&w, SERVER),
                             .ttl = 64, .identification = 5,
                             .protocol = w.v6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP };
        struct writer out = writer_of(message, sizeof message);
        if (w.v6)
            wire_icmpv6_build(&out, &ip.source, &ip.destination, &m);
        else
            wire_icmpv4_build(&out, &m);
        struct aksu_slice whole = { message, writer_length(&out) };
        struct ip_cutter cutter;
        struct ip_piece piece;
        assert_int_equal(ip_cut(&cutter, &ip, &whole, 1, sizeof frame), AKSU_OK);
        while (ip_next_piece(&cutter, &piece)) {
            memcpy(frame, piece.header, piece.header_length);
            memcpy(frame + piece.header_length, piece.part[0].data, piece.length);
            give(&w, SERVER, frame, piece.header_length + piece.length);
        }
        assert_int_equal(take_pieces(&w, got, sizeof got), whole.length);
        assert_int_equal(got[0], w.v6 ? 129 : 0);
        assert_memory_equal(got + 8, body, length[i / 2]);
        struct checksum c = w.v6 ? checksum_pseudo(&ip.destination, &ip.source, ip.protocol,
                                                   (uint32_t)whole.length)
                                 : (struct checksum){ 0 };
        checksum_add(&c, got, whole.length);
        assert_int_equal(checksum_finish(&c), 0);
        two_fini(&w);
    }
}

static void answers_are_few_at_a_time(void **state)
{
    (void)state;
    struct two w;
    uint8_t octets[2000];
    struct aksu_frame f;
    struct aksu_counters c;
    two_init(&w, NULL);
    aksu_counters(w.net[SERVER], &c);
    uint64_t before = c.memory_used;
    for (unsigned i = 0; i < 1000; i++)
        give(&w, SERVER, octets, ping(&w, octets, sizeof octets, 100));
    unsigned answers = 0;
    while (take_frame(&w, SERVER, &f))
        answers++;
    assert_int_equal(answers, PENDING_MOST);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_frame_dropped), 1000 - PENDING_MOST);
    aksu_counters(w.net[SERVER], &c);
    assert_int_equal(c.memory_used, before);
    assert_true(c.memory_most - before >= PENDING_MOST * POOL_PAGE);
    two_fini(&w);
}

static void an_unknown_protocol_is_unreachable(void **state)
{
    (void)state;
    struct two w;
    uint8_t octets[64] = { 0 };
    struct aksu_frame f;
    two_init(&w, NULL);
    struct ip_out ip = { .source = ip_of(&w, CLIENT), .destination = ip_of(&w, SERVER), .ttl = 64,
                         .protocol = 200 };
    struct writer out = writer_of(octets, sizeof octets);
    ip_build(&out, &ip, 20);
    give(&w, SERVER, octets, 40);
    assert_true(take_frame(&w, SERVER, &f));
    assert_int_equal(f.part[0].data[20], 3);            /* unreachable, protocol */
    assert_int_equal(f.part[0].data[21], 2);
    two_fini(&w);
}

/* Any octets at all: counted, nothing else. */
static void frames_of_garbage_do_no_harm(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        struct two w;
        uint64_t seed = 1 + kind;
        struct aksu_frame f;
        two_init(&w, &(struct link_options){ .ethernet = kind });
        listen_on(&w, SERVER, 80, false);
        for (unsigned i = 0; i < 20000; i++) {
            uint8_t good[2000];
            size_t length = chance_below(&seed, 200);
            if (i % 2 == 0) {
                w.v6 = i % 4 == 0;
                length = ping(&w, good, sizeof good, length);
                good[chance_below(&seed, (uint32_t)length)] ^=
                    (uint8_t)(1 + chance_below(&seed, 255));
                good[chance_below(&seed, 20)] = (uint8_t)chance(&seed);
            } else {
                chance_fill(&seed, good, length);
            }
            uint8_t *octets = exact_copy(good, length);
            give(&w, SERVER, octets, length);
            free(octets);
            while (take_frame(&w, SERVER, &f))
                ;
        }
        aksu_frame_in(w.net[0], (aksu_device){ 0 }, &f, w.now);
        aksu_frame_in(w.net[0], (aksu_device){ 99 }, &f, w.now);
        f.parts = 0;
        aksu_frame_in(w.net[0], w.pair.device[0], &f, w.now);
        f.parts = AKSU_FRAME_PARTS + 1;
        aksu_frame_in(w.net[0], w.pair.device[0], &f, w.now);
        two_fini(&w);
    }
}

/* --- neighbours --- */

static void frames_find_their_station(void **state)
{
    (void)state;
    struct two w;
    struct aksu_frame f;
    aksu_conn c[2];
    two_init(&w, &ethernet);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    aksu_conn early = open_to(&w, 80);
    assert_true(take_frame(&w, CLIENT, &f));            /* who has 10.0.0.2? */
    assert_int_equal(f.part[0].data[0], 0xff);
    assert_int_equal(load_be16(f.part[0].data + 12), 0x0806);
    assert_false(take_frame(&w, CLIENT, &f));           /* the SYN waits */
    wait_for(&w, AKSU_SECONDS(2));
    assert_int_equal(state_of(w.net[CLIENT], early), AKSU_TCP_ESTABLISHED);
    connect_pair(&w, l, 80, c);
    assert_true(counted(w.net[CLIENT], AKSU_EV_neighbor) > 0);
    two_fini(&w);
}

static void a_silent_next_hop_fails_the_open(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        struct aksu_info info;
        aksu_conn c;
        two_init(&w, &(struct link_options){ .ethernet = true, .v6 = v6 });
        struct aksu_open how = { .remote = { ip_text(v6 ? "fd00::77" : "10.0.0.77"), 80 } };
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
        wait_for(&w, AKSU_SECONDS(10));
        assert_int_equal(aksu_status(w.net[CLIENT], c, &info), AKSU_OK);
        assert_int_equal(info.state, AKSU_TCP_SYN_SENT);
        assert_int_equal(info.soft_error, AKSU_UNREACHABLE_HOST);
        wait_for(&w, AKSU_SECONDS(200));
        assert_true(ready_bits(w.net[CLIENT], c) & AKSU_FAILED);
        (void)aksu_status(w.net[CLIENT], c, &info);
        assert_true(info.reason == AKSU_UNREACHABLE_HOST || info.reason == AKSU_TIMED_OUT);
        assert_int_equal(aksu_close(w.net[CLIENT], c, w.now), AKSU_OK);
        aksu_udp u = udp_at(&w, CLIENT, 0);
        assert_int_equal(aksu_udp_send(w.net[CLIENT], u, &how.remote, "x", 1, w.now), AKSU_OK);
        wait_for(&w, AKSU_SECONDS(10));
        char text[4];
        assert_int_equal(aksu_udp_receive(w.net[CLIENT], u, NULL, text, 4), -AKSU_UNREACHABLE_HOST);
        two_fini(&w);
    }
}

/* Those who wait for a silent neighbour do not hold up the others. */
static void others_send_while_one_waits(void **state)
{
    (void)state;
    struct two w;
    aksu_conn silent, c[2];
    two_init(&w, &ethernet);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    struct aksu_open how = { .remote = { ip_text("10.0.0.77"), 80 } };
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &silent, w.now), AKSU_OK);
    connect_pair(&w, l, 80, c);
    assert_int_equal(state_of(w.net[CLIENT], silent), AKSU_TCP_SYN_SENT);
    for (unsigned i = 0; i < 25; i++)
        assert_int_equal(aksu_abort(w.net[CLIENT], (aksu_conn){ silent.index, silent.generation },
                         w.now), i == 0 ? AKSU_OK : AKSU_DOES_NOT_EXIST);
    wait_for(&w, AKSU_SECONDS(300));
    two_fini(&w);
}

/* --- to itself --- */

static void a_stack_talks_to_itself(void **state)
{
    (void)state;
    static const char *const own[] = { "10.0.0.1", "fd00::1", "127.0.0.1", "::1" };
    for (unsigned i = 0; i < 8; i++) {
        struct two w;
        aksu_conn c, s;
        struct aksu_frame f;
        static char text[100000], got[100000];
        two_init(&w, &(struct link_options){ .ethernet = i >= 4 });
        aksu_listener l = listen_on(&w, CLIENT, 80, false);
        struct aksu_open how = { .remote = { ip_text(own[i % 4]), 80 } };
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
        assert_false(take_frame(&w, CLIENT, &f));
        assert_int_equal(aksu_accept(w.net[CLIENT], l, &s, w.now), AKSU_OK);
        assert_int_equal(aksu_send(w.net[CLIENT], c, text, sizeof text, 0, w.now), sizeof text);
        size_t n = 0;
        for (unsigned turns = 0; turns < 1000 && n < sizeof got; turns++) {
            wait_for(&w, AKSU_MS(1));
            ptrdiff_t more = aksu_receive(w.net[CLIENT], s, got + n, sizeof got - n, w.now);
            n += more > 0 ? (size_t)more : 0;
        }
        assert_int_equal(n, sizeof got);
        two_fini(&w);
    }
}

/* RFC 9293 3.5 Figure 7: a connection to its own socket is a simultaneous open. */
static void a_connection_to_its_own_socket(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c;
    char text[8];
    two_init(&w, NULL);
    struct aksu_open how = { .remote = { ip_text("10.0.0.1"), 5000 }, .local = { .port = 5000 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    wait_for(&w, AKSU_MS(1));
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    assert_int_equal(aksu_send(w.net[CLIENT], c, "self", 4, 0, w.now), 4);
    wait_for(&w, AKSU_MS(1));
    assert_int_equal(aksu_receive(w.net[CLIENT], c, text, 8, w.now), 4);
    aksu_close(w.net[CLIENT], c, w.now);
    wait_for(&w, AKSU_SECONDS(200));
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_of_every_length),
        cmocka_unit_test(a_datagram_in_pieces_stops_with_its_endpoint),
        cmocka_unit_test(a_closed_udp_port_is_unreachable),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(a_long_ping_is_answered),
        cmocka_unit_test(answers_are_few_at_a_time),
        cmocka_unit_test(an_unknown_protocol_is_unreachable),
        cmocka_unit_test(frames_of_garbage_do_no_harm),
        cmocka_unit_test(frames_find_their_station),
        cmocka_unit_test(a_silent_next_hop_fails_the_open),
        cmocka_unit_test(others_send_while_one_waits),
        cmocka_unit_test(a_stack_talks_to_itself),
        cmocka_unit_test(a_connection_to_its_own_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
