/* test_stack_path.c - what the path does to connections: a smaller MTU, ICMP errors that are
 * believed or not, routes that change or are not there. */
#include "stack_help.h"

#include "stack/calls.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* Hands the client an ICMP error about the frame `f` that it has sent. */
static void icmp_about(struct two *w, const struct aksu_frame *f, const struct icmp_message *what)
{
    uint8_t octets[600];
    struct icmp_message m = *what;
    struct ip_out ip = { .source = ip_of(w, SERVER), .destination = ip_of(w, CLIENT), .ttl = 64,
                         .protocol = w->v6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP };
    struct writer out = writer_of(octets, sizeof octets);
    m.body = f->part[0].data;
    m.body_length = w->v6 ? 40 + 8 : 20 + 8;
    ip_build(&out, &ip, (uint32_t)(8 + m.body_length));
    if (w->v6)
        wire_icmpv6_build(&out, &ip.source, &ip.destination, &m);
    else
        wire_icmpv4_build(&out, &m);
    assert_false(out.bad);
    struct aksu_frame in = { .parts = 1, .length = (uint32_t)writer_length(&out) };
    in.part[0] = (struct aksu_slice){ octets, writer_length(&out) };
    aksu_frame_in(w->net[CLIENT], w->pair.device[CLIENT], &in, w->now);
}

static struct aksu_info info_of(struct aksu *net, aksu_conn c)
{
    struct aksu_info info;
    (void)aksu_status(net, c, &info);
    return info;
}

/* A full segment of the client is outstanding and in *f. */
static void send_full(struct two *w, aksu_conn c[2], bool v6, struct aksu_frame *f)
{
    static uint8_t text[20000];
    two_init(w, &(struct link_options){ .v6 = v6 });
    aksu_listener l = listen_on(w, SERVER, 80, false);
    connect_pair(w, l, 80, c);
    assert_int_equal(aksu_send(w->net[CLIENT], c[CLIENT], text, sizeof text, 0, w->now),
                     sizeof text);
    assert_true(take_frame(w, CLIENT, f));
    assert_int_equal(f->length, 1500);
}

/* RFC 1191 6.4, RFC 8201 5.4. */
static void a_smaller_path_mtu_is_learned(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        aksu_conn c[2];
        struct aksu_frame f;
        send_full(&w, c, v6, &f);
        uint32_t mss = info_of(w.net[CLIENT], c[CLIENT]).snd_mss;
        icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .code = v6 ? 0 : 4,
                                                   .mtu = 1300 });
        assert_int_equal(info_of(w.net[CLIENT], c[CLIENT]).snd_mss, mss - 200);
        assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 1);
        while (take_frame(&w, CLIENT, &f))
            assert_true(f.length <= 1300);

        aksu_conn later = open_to(&w, 80);          /* the next one knows it from the start */
        wait_for(&w, AKSU_SECONDS(3));
        assert_int_equal(info_of(w.net[CLIENT], later).snd_mss, mss - 200);
        two_fini(&w);
    }
}

/* The largest of the frames that the client sends for 20,000 octets more. */
static uint32_t largest_of(struct two *w, aksu_conn c)
{
    static uint8_t text[20000];
    uint32_t largest = 0;
    struct aksu_frame f;
    assert_int_equal(aksu_send(w->net[CLIENT], c, text, sizeof text, 0, w->now), sizeof text);
    for (unsigned i = 0; i < 100; i++) {
        while (take_frame(w, CLIENT, &f)) {
            largest = f.length > largest ? f.length : largest;
            aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &f, w->now);
        }
        wait_for(w, AKSU_MS(1));
    }
    return largest;
}

static void read_all(struct two *w, aksu_conn c)
{
    static uint8_t text[20000];
    while (aksu_receive(w->net[SERVER], c, text, sizeof text, w->now) > 0)
        continue;
}

/* Another connection to the same destination, and one to another on the same network. */
static void everybody_on_the_path_learns_it(void **state)   /* RFC 8201 5.2, R4821-5.2-a */
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        aksu_conn c[2], d[2];
        struct aksu_frame f;
        static uint8_t text[20000];
        two_init(&w, &(struct link_options){ .v6 = v6 });
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        connect_pair(&w, l, 80, d);
        connect_pair(&w, l, 80, c);
        assert_true(aksu_send(w.net[CLIENT], c[CLIENT], text, sizeof text, 0, w.now) > 0);
        assert_true(take_frame(&w, CLIENT, &f));
        icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .code = v6 ? 0 : 4,
                                                   .mtu = 1300 });
        wait_for(&w, AKSU_SECONDS(1));
        assert_int_equal(largest_of(&w, d[CLIENT]), 1300);
        const struct aksu_ip near = ip_text(v6 ? "fd00::3" : "10.0.0.3");
        assert_int_equal(path_mtu_get(&w.net[CLIENT]->path_mtu, &near, 1500, w.now), 1500);
        two_fini(&w);
    }
}

/* A datagram was too large: connections send less at a time, too. */
static void a_datagram_tells_connections(void **state)      /* RFC 8201 5.2, R8201-5.2-a */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    aksu_udp u;
    struct aksu_frame f, quoted = { .parts = 1 };
    static uint8_t text[1400], octets[1500];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    assert_int_equal(aksu_udp_open(w.net[CLIENT], &(struct aksu_udp_open){ .queue = 0 }, &u),
                     AKSU_OK);
    const struct aksu_endpoint to = { ip_of(&w, SERVER), 9 };
    assert_int_equal(aksu_udp_send(w.net[CLIENT], u, &to, text, sizeof text, w.now), AKSU_OK);
    assert_true(take_frame(&w, CLIENT, &f));
    for (uint32_t i = 0; i < f.parts; i++) {
        memcpy(octets + quoted.length, f.part[i].data, f.part[i].length);
        quoted.length += (uint32_t)f.part[i].length;
    }
    quoted.part[0] = (struct aksu_slice){ octets, quoted.length };
    icmp_about(&w, &quoted, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .code = 4,
                                                    .mtu = 1300 });
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 1);
    assert_int_equal(largest_of(&w, c[CLIENT]), 1300);
    two_fini(&w);
}

/* Nothing larger for ten minutes, then it is tried again; nothing is sent again for that. */
static void it_is_tried_again_after_ten_minutes(void **state)   /* RFC 1191 3, 6.3, RFC 8201 4 */
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        aksu_conn c[2];
        struct aksu_frame f;
        static uint8_t text[20000];
        two_init(&w, &(struct link_options){ .v6 = v6 });
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        connect_pair(&w, l, 80, c);
        assert_true(aksu_send(w.net[CLIENT], c[CLIENT], text, sizeof text, 0, w.now) > 0);
        assert_true(take_frame(&w, CLIENT, &f));
        icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .code = v6 ? 0 : 4,
                                                   .mtu = 1300 });
        aksu_time learnt = w.now;
        wait_for(&w, AKSU_SECONDS(2));
        for (unsigned minute = 1; minute < 10; minute++) {
            wait_for(&w, learnt + minute * AKSU_SECONDS(60) - w.now);
            read_all(&w, c[SERVER]);
            assert_int_equal(largest_of(&w, c[CLIENT]), 1300);
        }
        uint32_t again = info_of(w.net[CLIENT], c[CLIENT]).retransmits;
        wait_for(&w, learnt + AKSU_SECONDS(601) - w.now);
        read_all(&w, c[SERVER]);
        assert_int_equal(largest_of(&w, c[CLIENT]), 1500);
        assert_int_equal(info_of(w.net[CLIENT], c[CLIENT]).retransmits, again);
        two_fini(&w);
    }
}

/* What is larger than `most` vanishes, until the sender knows what the path carries. */
static uint32_t found_by_probes(struct two *w, const aksu_conn *c, uint32_t most)
{
    static uint8_t text[20000];
    const struct aksu_ip to = ip_of(w, SERVER);
    struct aksu_frame f;
    uint32_t found = 1500;
    for (unsigned i = 0; i < 60000 && found == 1500; i++) {
        (void)aksu_send(w->net[CLIENT], c[CLIENT], text, sizeof text, 0, w->now);
        w->now += AKSU_MS(1);
        for (unsigned from = 0; from < 2; from++) {
            aksu_timeouts(w->net[from], w->now);
            while (take_frame(w, from, &f))
                if (f.length <= most)
                    aksu_frame_in(w->net[!from], w->pair.device[!from], &f, w->now);
        }
        read_all(w, c[SERVER]);
        found = path_mtu_get(&w->net[CLIENT]->path_mtu, &to, 1500, w->now);
    }
    return found;
}

/* What one connection finds out another one need not. */
static void what_probes_find_is_kept(void **state)      /* RFC 4821 5.2, R4821-5.2-a */
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        aksu_conn c[2], d[2];
        two_init(&w, &(struct link_options){ .v6 = v6 });
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        connect_pair(&w, l, 80, d);
        connect_pair(&w, l, 80, c);
        uint32_t found = found_by_probes(&w, c, 1400);
        assert_in_range(found, 1400 - 32, 1400);
        assert_int_equal(largest_of(&w, d[CLIENT]), found);
        two_fini(&w);
    }
}

/* RFC 8201 4: IPv6 carries 1280 octets everywhere. */
static void a_path_below_the_least_of_ipv6_is_not_believed(void **state)
{
    (void)state;
    static const uint32_t mtu[] = { 1279, 600, 88, 60, 40, 1, 0 };
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    send_full(&w, c, true, &f);
    uint32_t mss = info_of(w.net[CLIENT], c[CLIENT]).snd_mss;
    for (size_t i = 0; i < sizeof mtu / sizeof mtu[0]; i++) {
        icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .mtu = mtu[i] });
        assert_int_equal(info_of(w.net[CLIENT], c[CLIENT]).snd_mss, mss);
    }
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 0);
    icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .mtu = 1280 });
    assert_int_equal(info_of(w.net[CLIENT], c[CLIENT]).snd_mss, mss - 220);
    two_fini(&w);
}

/* IPv4 promises 68 only, but who says so wants many small packets: 552 is the least. */
static void a_tiny_path_of_ipv4_counts_as_552(void **state)
{
    (void)state;
    static const uint32_t mtu[] = { 551, 296, 68, 48, 20 };
    for (size_t i = 0; i < sizeof mtu / sizeof mtu[0]; i++) {
        struct two w;
        aksu_conn c[2];
        struct aksu_frame f;
        send_full(&w, c, false, &f);
        uint32_t mss = info_of(w.net[CLIENT], c[CLIENT]).snd_mss;
        icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_TOO_BIG, .code = 4,
                                                   .mtu = mtu[i] });
        assert_int_equal(info_of(w.net[CLIENT], c[CLIENT]).snd_mss, mss - (1500 - 552));
        unsigned frames = 0;
        while (take_frame(&w, CLIENT, &f)) {
            assert_true(f.length <= 552);
            frames += f.length == 552;
        }
        assert_true(frames > 1);
        two_fini(&w);
    }
}

/* RFC 5927 4.1: only what quotes an outstanding segment is believed. */
static void a_forged_path_mtu_is_not_believed(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    uint8_t quoted[64];
    send_full(&w, c, false, &f);
    uint32_t mss = info_of(w.net[CLIENT], c[CLIENT]).snd_mss;
    struct icmp_message too_big = { .kind = ICMP_TOO_BIG, .code = 4, .mtu = 600 };
    memcpy(quoted, f.part[0].data, 52);
    struct aksu_frame forged = { .parts = 1, .length = 52, .part = { { quoted, 52 } } };
    store_be32(quoted + 24, load_be32(quoted + 24) + 1000000);      /* its sequence number */
    icmp_about(&w, &forged, &too_big);
    store_be32(quoted + 24, load_be32(quoted + 24) - 1000000);
    store_be16(quoted + 20, 9);                                     /* its port */
    icmp_about(&w, &forged, &too_big);
    assert_int_equal(info_of(w.net[CLIENT], c[CLIENT]).snd_mss, mss);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 0);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_icmp_in), 2);
    two_fini(&w);
}

/* RFC 9293 3.9.2.2 [MUST-56], and RFC 5927 5 for the hard ones of a synchronized connection. */
static void errors_are_soft_once_synchronized(void **state)
{
    (void)state;
    static const uint8_t code[] = { 0, 1, 2, 3, 5, 13 };
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    send_full(&w, c, false, &f);
    for (size_t i = 0; i < sizeof code; i++) {
        icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_UNREACHABLE, .code = code[i] });
        struct aksu_info info = info_of(w.net[CLIENT], c[CLIENT]);
        assert_int_equal(info.state, AKSU_TCP_ESTABLISHED);
        assert_true(info.soft_error != AKSU_OK);
    }
    assert_true(ready_bits(w.net[CLIENT], c[CLIENT]) & AKSU_SOFT_ERROR);
    two_fini(&w);
}

static void a_hard_error_ends_an_open(void **state)
{
    (void)state;
    struct two w;
    struct aksu_frame f;
    two_init(&w, NULL);
    aksu_conn c = open_to(&w, 80);
    assert_true(take_frame(&w, CLIENT, &f));
    /* RFC 9293 3.9.2.2 [MUST-55] */
    icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_SOURCE_QUENCH });
    assert_int_equal(info_of(w.net[CLIENT], c).soft_error, AKSU_OK);
    icmp_about(&w, &f, &(struct icmp_message){ .kind = ICMP_UNREACHABLE, .code = 3 });
    assert_true(ready_bits(w.net[CLIENT], c) & AKSU_FAILED);
    assert_int_equal(info_of(w.net[CLIENT], c).reason, AKSU_REFUSED);
    two_fini(&w);
}

static void without_a_route_nothing_opens(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c;
    two_init(&w, NULL);
    static const struct { const char *to; enum aksu_status want; } bad[] = {
        { "198.51.100.1", AKSU_UNREACHABLE_NET }, { "2001:db8::1", AKSU_UNREACHABLE_NET },
        { "0.0.0.0", AKSU_REMOTE_UNSPECIFIED }, { "::", AKSU_REMOTE_UNSPECIFIED },
        { "224.0.0.1", AKSU_REMOTE_UNSPECIFIED }, { "ff02::1", AKSU_REMOTE_UNSPECIFIED },
        { "255.255.255.255", AKSU_REMOTE_UNSPECIFIED }, { "10.0.0.255", AKSU_REMOTE_UNSPECIFIED } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct aksu_open how = { .remote = { ip_text(bad[i].to), 80 } };
        if (aksu_open(w.net[CLIENT], &how, &c, w.now) != bad[i].want)
            fail_msg("%s", bad[i].to);
    }
    struct aksu_open how = { .remote = { ip_text("10.0.0.2"), 0 } };
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_REMOTE_UNSPECIFIED);
    how.remote.port = 80;
    how.local.ip = ip_text("10.0.0.9");
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ADDRESS_UNAVAILABLE);
    how.local.ip = ip_text("fd00::1");
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_ADDRESS_UNAVAILABLE);
    two_fini(&w);
}

/* A new, more specific route over another device: the connection's next segment takes it. */
static void a_connection_follows_its_route(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    aksu_device second;
    struct aksu_frame f;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    assert_int_equal(aksu_attach(w.net[CLIENT], &(struct aksu_device_config){.mtu = 1000}, &second),
                     AKSU_OK);
    assert_int_equal(aksu_route_add(w.net[CLIENT], second, "10.0.0.2/32", NULL), AKSU_OK);
    static uint8_t text[5000];
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], text, sizeof text, 0, w.now), sizeof text);
    unsigned frames = 0;
    while (take_frame(&w, CLIENT, &f)) {
        assert_int_equal(f.device.index, second.index);
        assert_true(f.length <= 1000);
        aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
        frames++;
    }
    assert_int_equal(frames, 5);             /* the rest waits: Nagle */
    wait_for(&w, AKSU_SECONDS(1));
    size_t n = 0;
    ptrdiff_t more;
    while ((more = aksu_receive(w.net[SERVER], c[SERVER], text, sizeof text, w.now)) > 0)
        n += (size_t)more;
    assert_int_equal(n, sizeof text);
    two_fini(&w);
}

/* What is reset before it was accepted is not offered. */
static void a_reset_before_accept(void **state)
{
    (void)state;
    struct two w;
    aksu_conn got;
    struct aksu_ready r;
    struct aksu_counters counters;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    aksu_conn first = open_to(&w, 80);
    move(&w);
    assert_int_equal(aksu_abort(w.net[CLIENT], first, w.now), AKSU_OK);
    move(&w);
    assert_false(aksu_next_ready(w.net[SERVER], &r));
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_WOULD_BLOCK);
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.connections, 0);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_smaller_path_mtu_is_learned),
        cmocka_unit_test(everybody_on_the_path_learns_it),
        cmocka_unit_test(a_datagram_tells_connections),
        cmocka_unit_test(it_is_tried_again_after_ten_minutes),
        cmocka_unit_test(what_probes_find_is_kept),
        cmocka_unit_test(a_path_below_the_least_of_ipv6_is_not_believed),
        cmocka_unit_test(a_tiny_path_of_ipv4_counts_as_552),
        cmocka_unit_test(a_forged_path_mtu_is_not_believed),
        cmocka_unit_test(errors_are_soft_once_synchronized),
        cmocka_unit_test(a_hard_error_ends_an_open),
        cmocka_unit_test(without_a_route_nothing_opens),
        cmocka_unit_test(a_connection_follows_its_route),
        cmocka_unit_test(a_reset_before_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
