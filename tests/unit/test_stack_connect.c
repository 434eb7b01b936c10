/* test_stack_connect.c - whole connections between two stacks: handshake, text both ways, every
 * way to end, over both IP versions, with and without Ethernet. */
#include "stack_help.h"

#include <string.h>

struct flow {
    struct aksu *net;
    aksu_conn conn;
    uint64_t sent, received;
    uint32_t in, out;           /* generators of the text */
};

static uint8_t next_octet(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint8_t)(*state >> 24);
}

static void pump_out(struct flow *f, uint64_t total, aksu_time now)
{
    uint8_t text[5000];
    while (f->sent < total) {
        uint32_t state = f->out;
        size_t n = total - f->sent < sizeof text ? (size_t)(total - f->sent) : sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = next_octet(&state);
        ptrdiff_t took = aksu_send(f->net, f->conn, text, n, 0, now);
        if (took == -AKSU_WOULD_BLOCK)
            return;
        assert_true(took > 0);
        for (ptrdiff_t i = 0; i < took; i++)
            (void)next_octet(&f->out);
        f->sent += (uint64_t)took;
    }
}

static void pump_in(struct flow *f, aksu_time now)
{
    uint8_t text[7001];
    ptrdiff_t n;
    while ((n = aksu_receive(f->net, f->conn, text, sizeof text, now)) > 0) {
        for (ptrdiff_t i = 0; i < n; i++)
            assert_int_equal(text[i], next_octet(&f->in));
        f->received += (uint64_t)n;
    }
    assert_int_equal(n, -AKSU_WOULD_BLOCK);
}

static void bulk(const struct link_options *options, uint64_t total)
{
    struct two w;
    aksu_conn c[2];
    two_init(&w, options);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    struct flow f[2];
    for (uint32_t i = 0; i < 2; i++)
        f[i] = (struct flow){ .net = w.net[i], .conn = c[i], .out = i, .in = 1 - i };
    for (unsigned rounds = 0; f[0].received < total || f[1].received < total; rounds++) {
        assert_true(rounds < 1000000);
        for (unsigned i = 0; i < 2; i++)
            pump_out(&f[i], total, w.now);
        wait_for(&w, AKSU_US(100));
        for (unsigned i = 0; i < 2; i++)
            pump_in(&f[i], w.now);
    }
    assert_int_equal(counted(w.net[0], AKSU_EV_retransmit), 0);
    assert_int_equal(counted(w.net[1], AKSU_EV_retransmit), 0);
    two_fini(&w);
}

static void ten_megabytes_each_way(void **state)
{
    (void)state;
    bulk(NULL, 10 << 20);
}

static void use(struct flow *f, const char *name, aksu_time now)
{
    struct aksu_info info;
    assert_int_equal(aksu_set_congestion_control(f->net, f->conn, name, now), AKSU_OK);
    assert_int_equal(aksu_status(f->net, f->conn, &info), AKSU_OK);
    assert_string_equal(info.congestion_control, name);
    assert_true(info.cwnd > 0 && info.cwnd <= 1u << 30);
}

/* Each change meets text in flight, and every pair of them comes. */
static void another_algorithm_under_way(void **state)
{
    (void)state;
    static const char *const names[] = { "bbr", "cubic", "reno", "bbr", "reno", "cubic" };
    struct two w;
    aksu_conn c[2];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    struct flow from = { .net = w.net[CLIENT], .conn = c[CLIENT] };
    struct flow to = { .net = w.net[SERVER], .conn = c[SERVER] };
    for (unsigned rounds = 0; to.received < 4 << 20; rounds++) {
        assert_true(rounds < 100000);
        pump_out(&from, 4 << 20, w.now);
        use(&from, names[rounds % 6], w.now);
        wait_for(&w, AKSU_US(100));
        pump_in(&to, w.now);
    }
    assert_int_equal(aksu_set_congestion_control(from.net, from.conn, "vegas", w.now),
                     AKSU_INVALID);
    aksu_abort(from.net, from.conn, w.now);
    assert_int_equal(aksu_set_congestion_control(from.net, from.conn, "reno", w.now),
                     AKSU_DOES_NOT_EXIST);
    assert_int_equal(counted(w.net[CLIENT], AKSU_EV_retransmit), 0);
    two_fini(&w);
}

static void text_over_ipv6(void **state)
{
    (void)state;
    bulk(&(struct link_options){ .v6 = true }, 1 << 20);
}

static void text_over_ethernet(void **state)
{
    (void)state;
    bulk(&(struct link_options){ .ethernet = true }, 1 << 20);
    bulk(&(struct link_options){ .ethernet = true, .v6 = true }, 1 << 20);
}

static void text_with_offload(void **state)
{
    (void)state;
    bulk(&(struct link_options){ .offload = AKSU_OFFLOAD_CHECKSUM }, 1 << 20);
    bulk(&(struct link_options){ .offload = AKSU_OFFLOAD_TSO, .v6 = true }, 8 << 20);
    bulk(&(struct link_options){ .offload = AKSU_OFFLOAD_TSO, .ethernet = true }, 8 << 20);
}

static void text_over_any_mtu(void **state)
{
    (void)state;
    bulk(&(struct link_options){ .mtu = 576 }, 1 << 18);
    bulk(&(struct link_options){ .mtu = 9000 }, 4 << 20);
    bulk(&(struct link_options){ .mtu = 65535 }, 4 << 20);
    bulk(&(struct link_options){ .mtu = 68 }, 1 << 14);
}

static void the_client_is_told_connected(void **state)
{
    (void)state;
    struct two w;
    two_init(&w, NULL);
    listen_on(&w, SERVER, 80, false);
    aksu_conn c = open_to(&w, 80);
    struct aksu_ready r;
    assert_false(aksu_next_ready(w.net[CLIENT], &r));
    move(&w);
    assert_true(aksu_next_ready(w.net[CLIENT], &r));
    assert_true(r.what & AKSU_CONNECTED);
    assert_int_equal(r.cookie, 11);
    assert_int_equal(r.conn.index, c.index);
    assert_false(aksu_next_ready(w.net[CLIENT], &r));
    assert_true(aksu_next_ready(w.net[SERVER], &r));
    assert_int_equal(r.what, AKSU_ACCEPTABLE);
    assert_int_equal(r.cookie, 77);
    two_fini(&w);
}

static void a_closed_port_refuses(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        struct aksu_info info;
        two_init(&w, &(struct link_options){ .v6 = v6, .ethernet = true });
        aksu_conn c = open_to(&w, 80);
        wait_for(&w, AKSU_MS(1));
        assert_true(ready_bits(w.net[CLIENT], c) & AKSU_FAILED);
        assert_int_equal(aksu_status(w.net[CLIENT], c, &info), AKSU_OK);
        assert_int_equal(info.reason, AKSU_REFUSED);
        assert_int_equal(aksu_close(w.net[CLIENT], c, w.now), AKSU_OK);
        assert_int_equal(aksu_status(w.net[CLIENT], c, &info), AKSU_DOES_NOT_EXIST);
        two_fini(&w);
    }
}

static void counts(struct aksu *net, uint32_t connections, uint32_t time_wait)
{
    struct aksu_counters c;
    aksu_counters(net, &c);
    assert_int_equal(c.connections, connections);
    assert_int_equal(c.time_wait, time_wait);
}

static void both_close_and_time_wait_is_a_record(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    char text[8];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    struct aksu_counters before, after;
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "ping", 4, 0, w.now), 4);
    assert_int_equal(aksu_close(w.net[CLIENT], c[CLIENT], w.now), AKSU_OK);
    assert_int_equal(aksu_close(w.net[CLIENT], c[CLIENT], w.now), AKSU_DOES_NOT_EXIST);
    move(&w);
    uint32_t bits = ready_bits(w.net[SERVER], c[SERVER]);
    assert_true((bits & AKSU_READABLE) && (bits & AKSU_PEER_CLOSED));
    assert_int_equal(aksu_receive(w.net[SERVER], c[SERVER], text, sizeof text, w.now), 4);
    assert_int_equal(aksu_receive(w.net[SERVER], c[SERVER], text, sizeof text, w.now), 0);
    assert_int_equal(aksu_close(w.net[SERVER], c[SERVER], w.now), AKSU_OK);
    move(&w);
    counts(w.net[SERVER], 0, 0);
    counts(w.net[CLIENT], 0, 1);
    aksu_counters(w.net[CLIENT], &before);
    wait_for(&w, AKSU_SECONDS(59));
    counts(w.net[CLIENT], 0, 1);
    wait_for(&w, AKSU_SECONDS(3));
    counts(w.net[CLIENT], 0, 0);
    aksu_counters(w.net[CLIENT], &after);
    assert_true(after.memory_used < before.memory_used);
    assert_int_equal(aksu_next_timeout(w.net[CLIENT]), AKSU_NEVER);
    two_fini(&w);
}

static void abort_resets_the_peer(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_info info;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    assert_int_equal(aksu_abort(w.net[CLIENT], c[CLIENT], w.now), AKSU_OK);
    move(&w);
    counts(w.net[CLIENT], 0, 0);
    assert_true(ready_bits(w.net[SERVER], c[SERVER]) & AKSU_FAILED);
    assert_int_equal(aksu_status(w.net[SERVER], c[SERVER], &info), AKSU_OK);
    assert_int_equal(info.reason, AKSU_RESET);
    assert_int_equal(aksu_send(w.net[SERVER], c[SERVER], "x", 1, 0, w.now), -AKSU_RESET);
    assert_int_equal(aksu_abort(w.net[SERVER], c[SERVER], w.now), AKSU_OK);
    counts(w.net[SERVER], 0, 0);
    two_fini(&w);
}

/* The server does not read, so the client probes its window; the server's text must flow: the
 * client's ACKs stand where the server takes them (RFC 9293 3.4). */
static void a_blocked_direction_does_not_stop_the_other(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_info info;
    enum { TOTAL = 1000000 };
    two_init(&w, &(struct link_options){ .config[SERVER].receive_buffer = 16384 });
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    struct flow to = { .net = w.net[CLIENT], .conn = c[CLIENT], .out = 1, .in = 2 };
    struct flow from = { .net = w.net[SERVER], .conn = c[SERVER], .out = 2, .in = 1 };
    pump_out(&to, 64 * 1024, w.now);
    wait_for(&w, AKSU_SECONDS(2));                  /* the first probes were refused */
    for (unsigned i = 0; i < 50 && to.received < TOTAL; i++) {
        pump_out(&from, TOTAL, w.now);
        wait_for(&w, AKSU_MS(10));
        pump_in(&to, w.now);
    }
    assert_int_equal(to.received, TOTAL);
    assert_int_equal(aksu_status(w.net[SERVER], c[SERVER], &info), AKSU_OK);
    assert_int_equal(info.retransmits, 0);
    assert_int_equal(info.state, AKSU_TCP_ESTABLISHED);
    two_fini(&w);
}

static void a_thousand_connections(void **state)
{
    (void)state;
    struct two w;
    static aksu_conn c[1000][2];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < 1000; i++)
        connect_pair(&w, l, 80, c[i]);
    counts(w.net[CLIENT], 1000, 0);
    counts(w.net[SERVER], 1000, 0);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(aksu_send(w.net[CLIENT], c[i][CLIENT], &i, sizeof i, 0, w.now), sizeof i);
    move(&w);
    for (unsigned i = 0; i < 1000; i++) {
        unsigned got = 0;
        assert_int_equal(aksu_receive(w.net[SERVER], c[i][SERVER], &got, sizeof got, w.now),
                         sizeof got);
        assert_int_equal(got, i);
        aksu_close(w.net[SERVER], c[i][SERVER], w.now);
    }
    move(&w);
    for (unsigned i = 0; i < 1000; i++)
        aksu_close(w.net[CLIENT], c[i][CLIENT], w.now);
    move(&w);
    counts(w.net[CLIENT], 0, 0);
    counts(w.net[SERVER], 0, 1000);
    wait_for(&w, AKSU_SECONDS(62));
    counts(w.net[SERVER], 0, 0);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_megabytes_each_way),
        cmocka_unit_test(another_algorithm_under_way),
        cmocka_unit_test(text_over_ipv6),
        cmocka_unit_test(text_over_ethernet),
        cmocka_unit_test(text_with_offload),
        cmocka_unit_test(text_over_any_mtu),
        cmocka_unit_test(the_client_is_told_connected),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(both_close_and_time_wait_is_a_record),
        cmocka_unit_test(abort_resets_the_peer),
        cmocka_unit_test(a_blocked_direction_does_not_stop_the_other),
        cmocka_unit_test(a_thousand_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
