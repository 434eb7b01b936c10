/* test_stack_raw.c - segments made by hand: port 0, a flood of SYNs, and what arrives before the
 * stack or the application has had its turn. */
#include "stack_help.h"

#include "stack/stack.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* Hands a segment without text to the server as if the client had sent it. */
static void raw(struct two *w, uint16_t from, uint16_t to, uint8_t ctl, uint32_t seq, uint32_t ack)
{
    uint8_t octets[IPV6_HEADER + TCP_HEADER];
    struct writer out = writer_of(octets, sizeof octets);
    struct tcp_segment seg = { .source_port = from, .destination_port = to, .seq = { seq },
                               .ack = { ack }, .ctl = ctl, .wnd = 60000 };
    struct ip_out ip = { .source = ip_of(w, CLIENT), .destination = ip_of(w, SERVER),
                         .protocol = IP_PROTOCOL_TCP, .ttl = 64, .dont_fragment = true };
    ip_build(&out, &ip, TCP_HEADER);
    wire_tcp_build(&out, &ip.source, &ip.destination, &seg, false);
    assert_false(out.bad);
    struct aksu_frame f = { .parts = 1, .length = (uint32_t)writer_length(&out) };
    f.part[0] = (struct aksu_slice){ octets, writer_length(&out) };
    aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &f, w->now);
}

/* The segment that the server sends now; false: none. */
static bool answer(struct two *w, struct tcp_segment *out)
{
    static uint8_t copy[2048];
    struct aksu_frame f;
    size_t header = w->v6 ? IPV6_HEADER : IPV4_HEADER;
    if (!take_frame(w, SERVER, &f))
        return false;
    assert_int_equal(f.parts, 1);
    memcpy(copy, f.part[0].data, f.length);
    struct aksu_ip source = ip_of(w, SERVER), destination = ip_of(w, CLIENT);
    assert_int_equal(wire_tcp_parse(copy + header, f.length - header, NULL, 0, &source,
                                    &destination, false, out), TCP_GOOD);
    return true;
}

static uint32_t connections(struct two *w)
{
    struct aksu_counters c;
    aksu_counters(w->net[SERVER], &c);
    return c.connections;
}

/* The client end is made by hand; the server's sequence number after the SYN. */
static uint32_t establish(struct two *w, uint16_t from, uint16_t to)
{
    struct tcp_segment seg;
    raw(w, from, to, CTL_SYN, 100, 0);
    assert_true(answer(w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    raw(w, from, to, CTL_ACK, 101, seg.seq.n + 1);
    assert_false(answer(w, &seg));
    return seg.seq.n + 1;
}

/* RFC 6335 6: no service and no client has port 0; not even who listens at every port. */
static void port_0_is_nobodys(void **state)
{
    (void)state;
    static const uint16_t ports[][2] = { { 3000, 0 }, { 0, 80 }, { 0, 0 } };
    static const uint8_t flags[] = { CTL_SYN, CTL_ACK, CTL_FIN | CTL_ACK, CTL_RST, CTL_ACK };
    for (unsigned kind = 0; kind < 4; kind++) {
        struct two w;
        uint64_t sent = 0;
        struct tcp_segment seg;
        struct aksu_counters c;
        two_init(&w, &(struct link_options){ .v6 = kind & 1 });
        if (kind & 2)
            listen_on(&w, SERVER, 0, false);
        for (unsigned i = 0; i < 10; i++)
            for (size_t p = 0; p < 3; p++)
                for (size_t k = 0; k < sizeof flags; k++, sent++) {
                    uint16_t from = (uint16_t)(ports[p][0] ? ports[p][0] + i : 0);
                    raw(&w, from, ports[p][1], flags[k], 100 + (k > 0), 1000);
                    assert_false(answer(&w, &seg));
                }
        aksu_counters(w.net[SERVER], &c);
        assert_int_equal(c.connections, 0);
        assert_int_equal(c.time_wait, 0);
        assert_int_equal(c.event[AKSU_EV_frame_dropped], sent);
        if (kind & 2)
            establish(&w, 3000, 4711);          /* any other port is heard */
        two_fini(&w);
    }
}

/* --- several segments before anything goes out --- */

static void a_held_syn_that_is_reset_at_once(void **state)
{
    (void)state;
    struct two w;
    struct tcp_segment seg;
    struct aksu_ready r;
    two_init(&w, NULL);
    listen_on(&w, SERVER, 80, true);
    for (unsigned i = 0; i < 300; i++) {        /* more than a backlog */
        raw(&w, 3000, 80, CTL_SYN, 100, 0);
        raw(&w, 3000, 80, CTL_RST, 101, 0);
        assert_false(answer(&w, &seg));
        assert_false(aksu_next_ready(w.net[SERVER], &r));
        assert_int_equal(connections(&w), 0);
    }
    raw(&w, 3000, 80, CTL_SYN, 100, 0);         /* the next one is held */
    assert_true(aksu_next_ready(w.net[SERVER], &r));
    assert_int_equal(r.what, AKSU_SYN_HELD);
    assert_int_equal(aksu_complete(w.net[SERVER], r.conn, w.now), AKSU_OK);
    assert_true(answer(&w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    two_fini(&w);
}

static void a_syn_right_behind_a_reset(void **state)
{
    (void)state;
    struct two w;
    aksu_conn old, new;
    struct aksu_info info;
    struct tcp_segment seg;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    establish(&w, 3000, 80);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &old, w.now), AKSU_OK);
    raw(&w, 3000, 80, CTL_RST, 101, 0);
    raw(&w, 3000, 80, CTL_SYN, 999999, 0);
    assert_true(answer(&w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    assert_int_equal(seg.ack.n, 1000000);
    raw(&w, 3000, 80, CTL_ACK, 1000000, seg.seq.n + 1);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &new, w.now), AKSU_OK);
    assert_int_equal(state_of(w.net[SERVER], new), AKSU_TCP_ESTABLISHED);
    (void)aksu_status(w.net[SERVER], old, &info);
    assert_int_equal(info.reason, AKSU_RESET);
    assert_int_equal(aksu_close(w.net[SERVER], old, w.now), AKSU_OK);
    assert_int_equal(connections(&w), 1);
    two_fini(&w);
}

/* The RST of an ABORT waits for its turn while the peer opens anew. */
static void a_syn_before_our_reset_went_out(void **state)
{
    (void)state;
    struct two w;
    aksu_conn old;
    struct tcp_segment seg;
    unsigned resets = 0, syns = 0;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    uint32_t nxt = establish(&w, 3000, 80);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &old, w.now), AKSU_OK);
    assert_int_equal(aksu_abort(w.net[SERVER], old, w.now), AKSU_OK);
    raw(&w, 3000, 80, CTL_SYN, 999999, 0);
    while (answer(&w, &seg)) {
        if (seg.ctl & CTL_RST) {
            assert_int_equal(seg.seq.n, nxt);
            resets++;
        } else {
            assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
            assert_int_equal(seg.ack.n, 1000000);
            syns++;
        }
    }
    assert_int_equal(resets, 1);
    assert_int_equal(syns, 1);
    assert_int_equal(connections(&w), 1);
    two_fini(&w);
}

/* --- more SYNs than the backlog takes --- */

/* A second without an answer from anybody: every SYN,ACK is repeated. */
static void a_second_of_silence(struct two *w)
{
    struct tcp_segment seg;
    w->now += AKSU_MS(1100);
    aksu_timeouts(w->net[SERVER], w->now);
    while (answer(w, &seg))
        assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
}

static void a_flood_of_syns_does_not_deafen(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2], got;
    struct tcp_segment seg;
    unsigned answered = 0;
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_NEVER } };
    two_init(&w, &o);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    aksu_conn waiting = open_to(&w, 80);
    move(&w);
    for (unsigned i = 0; i < 1000; i++) {
        raw(&w, (uint16_t)(3000 + i), 80, CTL_SYN, 100 + i, 0);
        if (!answer(&w, &seg))
            continue;
        assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
        assert_false(answer(&w, &seg));         /* nobody is reset for it */
        answered++;
    }
    assert_int_equal(answered, 128);
    a_second_of_silence(&w);
    assert_true(connections(&w) <= 2 + 128);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_int_equal(state_of(w.net[SERVER], got), AKSU_TCP_ESTABLISHED);
    assert_int_equal(state_of(w.net[CLIENT], waiting), AKSU_TCP_ESTABLISHED);
    connect_pair(&w, l, 80, c);                 /* with the backlog full */
    two_fini(&w);
}

/* It is the oldest that makes room. */
static void the_youngest_stay(void **state)
{
    (void)state;
    struct two w;
    struct tcp_segment seg[5], after;
    aksu_listener l;
    aksu_conn got;
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_NEVER } };
    two_init(&w, &o);
    struct aksu_listen how = { .local = { .port = 80 }, .backlog = 3 };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    for (unsigned i = 0; i < 5; i++) {
        if (i == 3)
            a_second_of_silence(&w);
        raw(&w, (uint16_t)(3000 + i), 80, CTL_SYN, 100, 0);
        assert_true(answer(&w, &seg[i]));
    }
    assert_int_equal(connections(&w), 3);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_half_open_replaced), 2);
    for (unsigned i = 0; i < 5; i++) {
        raw(&w, (uint16_t)(3000 + i), 80, CTL_ACK, 101, seg[i].seq.n + 1);
        bool reset = answer(&w, &after);
        assert_int_equal(reset, i < 2);         /* RFC 9293 3.10.7.2 second */
    }
    for (unsigned i = 2; i < 5; i++) {
        struct aksu_info info;
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        assert_int_equal(aksu_status(w.net[SERVER], got, &info), AKSU_OK);
        assert_int_equal(info.remote.port, 3000 + i);
    }
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_is_nobodys),
        cmocka_unit_test(a_held_syn_that_is_reset_at_once),
        cmocka_unit_test(a_syn_right_behind_a_reset),
        cmocka_unit_test(a_syn_before_our_reset_went_out),
        cmocka_unit_test(a_flood_of_syns_does_not_deafen),
        cmocka_unit_test(the_youngest_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
