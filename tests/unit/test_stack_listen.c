/* test_stack_listen.c - listeners: held SYNs and their four answers, accept-any, backlog, which
 * listener, closing, stale handles. */
#include "stack_help.h"

/* The held SYN of `l`; the application is told exactly once. */
static aksu_conn held_syn(struct two *w, aksu_listener l)
{
    struct aksu_ready r, more;
    assert_true(aksu_next_ready(w->net[SERVER], &r));
    assert_int_equal(r.what, AKSU_SYN_HELD);
    assert_int_equal(r.cookie, 77);
    assert_int_equal(r.listener.index, l.index);
    assert_int_equal(r.listener.generation, l.generation);
    assert_false(aksu_next_ready(w->net[SERVER], &more));
    return r.conn;
}

static aksu_conn open_held(struct two *w, bool v6, aksu_listener *l, aksu_conn *held)
{
    two_init(w, &(struct link_options){ .v6 = v6 });
    *l = listen_on(w, SERVER, 80, true);
    aksu_conn c = open_to(w, 80);
    move(w);
    *held = held_syn(w, *l);
    assert_int_equal(counted(w->net[SERVER], AKSU_EV_segment_out), 0);
    return c;
}

static enum aksu_status reason_of(struct aksu *net, aksu_conn c)
{
    struct aksu_info info;
    (void)aksu_status(net, c, &info);
    return info.reason;
}

static void gone(struct two *w, aksu_conn held)
{
    struct aksu_counters c;
    struct aksu_info info;
    assert_int_equal(aksu_status(w->net[SERVER], held, &info), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_complete(w->net[SERVER], held, w->now), AKSU_DOES_NOT_EXIST);
    move(w);
    aksu_counters(w->net[SERVER], &c);
    assert_int_equal(c.connections, 0);
}

static void a_held_syn_is_completed(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        aksu_listener l;
        aksu_conn held, c = open_held(&w, v6, &l, &held), none;
        struct aksu_info info;
        assert_int_equal(aksu_status(w.net[SERVER], held, &info), AKSU_OK);
        assert_true(info.held);
        wait_for(&w, AKSU_SECONDS(10));     /* the SYN comes again, and is not told again */
        struct aksu_ready r;
        assert_false(aksu_next_ready(w.net[SERVER], &r));
        assert_int_equal(aksu_complete(w.net[SERVER], held, w.now), AKSU_OK);
        assert_int_equal(aksu_complete(w.net[SERVER], held, w.now), AKSU_ILLEGAL);
        move(&w);
        assert_true(ready_bits(w.net[CLIENT], c) & AKSU_CONNECTED);
        assert_true(ready_bits(w.net[SERVER], held) & AKSU_CONNECTED);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &none, w.now), AKSU_WOULD_BLOCK);
        assert_int_equal(aksu_send(w.net[SERVER], held, "hi", 2, 0, w.now), 2);
        move(&w);
        char text[4];
        assert_int_equal(aksu_receive(w.net[CLIENT], c, text, 4, w.now), 2);
        two_fini(&w);
    }
}

static void a_held_syn_is_refused(void **state)
{
    (void)state;
    struct two w;
    aksu_listener l;
    aksu_conn held, c = open_held(&w, false, &l, &held);
    assert_int_equal(aksu_refuse(w.net[SERVER], held, w.now), AKSU_OK);
    gone(&w, held);
    assert_int_equal(reason_of(w.net[CLIENT], c), AKSU_REFUSED);
    two_fini(&w);
}

static void a_held_syn_is_unreachable(void **state)
{
    (void)state;
    static const enum aksu_status want[2][4] = {
        { AKSU_UNREACHABLE_NET, AKSU_UNREACHABLE_HOST, AKSU_REFUSED, AKSU_PROHIBITED },
        { AKSU_UNREACHABLE_NET, AKSU_UNREACHABLE_NET, AKSU_REFUSED, AKSU_PROHIBITED } };
    static const uint8_t code[] = { 0, 1, 3, 13 };
    for (unsigned v6 = 0; v6 < 2; v6++) {
        for (unsigned i = 0; i < 4; i++) {
            struct two w;
            aksu_listener l;
            aksu_conn held, c = open_held(&w, v6, &l, &held);
            assert_int_equal(aksu_unreachable(w.net[SERVER], held, 4, w.now), AKSU_INVALID);
            assert_int_equal(aksu_unreachable(w.net[SERVER], held, code[i], w.now), AKSU_OK);
            gone(&w, held);
            assert_int_equal(counted(w.net[CLIENT], AKSU_EV_icmp_in), 1);
            struct aksu_info info;
            assert_int_equal(aksu_status(w.net[CLIENT], c, &info), AKSU_OK);
            enum aksu_status got = info.reason != AKSU_OK ? info.reason : info.soft_error;
            if (got != want[v6][i])
                fail_msg("code %u over %s: %s", code[i], v6 ? "IPv6" : "IPv4",
                         aksu_status_text(got));
            two_fini(&w);
        }
    }
}

static void a_held_syn_is_ignored(void **state)
{
    (void)state;
    struct two w;
    aksu_listener l;
    aksu_conn held, c = open_held(&w, false, &l, &held);
    assert_int_equal(aksu_ignore(w.net[SERVER], held, w.now), AKSU_OK);
    gone(&w, held);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_segment_out), 0);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_SYN_SENT);
    for (unsigned i = 0; i < 200; i++) {
        struct aksu_ready r;
        wait_for(&w, AKSU_SECONDS(1));
        while (aksu_next_ready(w.net[SERVER], &r))
            assert_int_equal(aksu_ignore(w.net[SERVER], r.conn, w.now), AKSU_OK);
    }
    assert_int_equal(reason_of(w.net[CLIENT], c), AKSU_TIMED_OUT);
    two_fini(&w);
}

static void a_held_syn_that_is_reset_fails(void **state)
{
    (void)state;
    struct two w;
    aksu_listener l;
    aksu_conn held, c = open_held(&w, false, &l, &held);
    struct aksu_info info;
    assert_int_equal(aksu_status(w.net[CLIENT], c, &info), AKSU_OK);
    assert_int_equal(aksu_abort(w.net[CLIENT], c, w.now), AKSU_OK);
    move(&w);                               /* ABORT in SYN-SENT sends nothing */
    assert_int_equal(state_of(w.net[SERVER], held), AKSU_TCP_SYN_RECEIVED);
    assert_int_equal(aksu_complete(w.net[SERVER], held, w.now), AKSU_OK);
    move(&w);                               /* the SYN,ACK is answered with RST */
    assert_true(ready_bits(w.net[SERVER], held) & AKSU_FAILED);
    assert_int_equal(reason_of(w.net[SERVER], held), AKSU_RESET);
    assert_int_equal(aksu_close(w.net[SERVER], held, w.now), AKSU_OK);
    gone(&w, held);
    two_fini(&w);
}

/* A guest whose default route leads to a gateway that takes everything. */
static void gateway(struct two *w, bool ethernet, bool carries_loopback)
{
    two_init(w, &(struct link_options){ .ethernet = ethernet,
                                        .carries_loopback = carries_loopback });
    for (unsigned v6 = 0; v6 < 2; v6++) {
        const char *prefix = v6 ? "::/0" : "0.0.0.0/0", *via = v6 ? "fd00::2" : "10.0.0.2";
        assert_int_equal(aksu_route_add(w->net[CLIENT], w->pair.device[CLIENT], prefix,
                                        ethernet ? via : NULL), AKSU_OK);
    }
    assert_int_equal(aksu_accept_any(w->net[SERVER], w->pair.device[SERVER], true), AKSU_OK);
    struct aksu_listen any = { .hold_syn = true, .cookie = 77 };
    aksu_listener l;
    assert_int_equal(aksu_listen(w->net[SERVER], &any, &l, w->now), AKSU_OK);
}

static void through_gateway(struct two *w, const char *remote)
{
    aksu_conn c;
    struct aksu_open how = { .remote = { ip_text(remote), 4711 } };
    assert_int_equal(aksu_open(w->net[CLIENT], &how, &c, w->now), AKSU_OK);
    move(w);
    struct aksu_ready r;
    assert_true(aksu_next_ready(w->net[SERVER], &r));
    assert_int_equal(r.what, AKSU_SYN_HELD);
    struct aksu_info info;
    assert_int_equal(aksu_status(w->net[SERVER], r.conn, &info), AKSU_OK);
    assert_memory_equal(&info.local.ip, &how.remote.ip, sizeof info.local.ip);
    assert_int_equal(info.local.port, 4711);
    assert_int_equal(aksu_complete(w->net[SERVER], r.conn, w->now), AKSU_OK);
    move(w);
    assert_int_equal(state_of(w->net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    assert_int_equal(aksu_send(w->net[CLIENT], c, "abc", 3, 0, w->now), 3);
    assert_int_equal(aksu_send(w->net[SERVER], r.conn, "defg", 4, 0, w->now), 4);
    move(w);
    char text[8];
    assert_int_equal(aksu_receive(w->net[CLIENT], c, text, 8, w->now), 4);
    assert_int_equal(aksu_receive(w->net[SERVER], r.conn, text, 8, w->now), 3);
    while (aksu_next_ready(w->net[SERVER], &r))
        assert_false(r.what & AKSU_SYN_HELD);
}

static void a_gateway_accepts_any_address(void **state)
{
    (void)state;
    static const char *const remote[] = { "198.51.100.7", "2001:db8::7" };
    for (unsigned ethernet = 0; ethernet < 2; ethernet++) {
        struct two w;
        gateway(&w, ethernet, false);
        for (unsigned i = 0; i < 2; i++)
            through_gateway(&w, remote[i]);
        two_fini(&w);
    }
}

static void loopback_addresses_work_over_a_link_that_carries_them(void **state)
{
    (void)state;
    for (unsigned ethernet = 0; ethernet < 2; ethernet++) {
        struct two w;
        gateway(&w, ethernet, true);
        through_gateway(&w, "127.0.0.1");
        through_gateway(&w, "127.3.2.1");
        through_gateway(&w, "::1");
        two_fini(&w);
    }
}

/* What waits for aksu_accept is not dropped: one more SYN gets no answer until there is room. */
static void the_backlog_is_a_limit(void **state)
{
    (void)state;
    struct two w;
    aksu_listener l;
    aksu_conn c[4], got;
    two_init(&w, NULL);
    struct aksu_listen how = { .local = { .port = 80 }, .backlog = 3 };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_ALREADY_EXISTS);
    for (unsigned i = 0; i < 4; i++) {
        c[i] = open_to(&w, 80);
        move(&w);
    }
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(state_of(w.net[CLIENT], c[i]), AKSU_TCP_ESTABLISHED);
    assert_int_equal(state_of(w.net[CLIENT], c[3]), AKSU_TCP_SYN_SENT);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_accept_queue_full), 1);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    wait_for(&w, AKSU_SECONDS(2));
    assert_int_equal(state_of(w.net[CLIENT], c[3]), AKSU_TCP_ESTABLISHED);
    two_fini(&w);
}

/* Who has just been answered may still answer: the one SYN too many is asked again. */
static void a_full_backlog_gives_time_to_answer(void **state)
{
    (void)state;
    struct two w;
    aksu_listener l;
    aksu_conn c[4], got;
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_NEVER } };
    two_init(&w, &o);
    struct aksu_listen how = { .local = { .port = 80 }, .backlog = 3 };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    for (unsigned i = 0; i < 4; i++)
        c[i] = open_to(&w, 80);
    struct aksu_frame syn;
    while (take_frame(&w, CLIENT, &syn))            /* all arrive before one is answered */
        aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &syn, w.now);
    move(&w);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(state_of(w.net[CLIENT], c[i]), AKSU_TCP_ESTABLISHED);
    assert_int_equal(state_of(w.net[CLIENT], c[3]), AKSU_TCP_SYN_SENT);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_queue_full), 1);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    wait_for(&w, AKSU_SECONDS(2));
    assert_int_equal(state_of(w.net[CLIENT], c[3]), AKSU_TCP_ESTABLISHED);
    two_fini(&w);
}

static void connections_are_accepted_in_order(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[5], got;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < 5; i++) {
        c[i] = open_to(&w, 80);
        move(&w);
    }
    for (unsigned i = 0; i < 5; i++) {
        struct aksu_info client, server;
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        assert_int_equal(aksu_status(w.net[SERVER], got, &server), AKSU_OK);
        assert_int_equal(aksu_status(w.net[CLIENT], c[i], &client), AKSU_OK);
        assert_int_equal(server.remote.port, client.local.port);
    }
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_WOULD_BLOCK);
    two_fini(&w);
}

static void closing_a_listener_aborts_what_waits(void **state)
{
    (void)state;
    struct two w;
    aksu_conn accepted[2], got;
    struct aksu_counters counters;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, accepted);
    aksu_conn waiting = open_to(&w, 80);
    move(&w);
    aksu_conn half_open = open_to(&w, 80);
    struct aksu_frame frame;
    assert_true(take_frame(&w, CLIENT, &frame)); /* the SYN arrives, its answer is still to come */
    aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &frame, w.now);
    assert_int_equal(aksu_close_listener(w.net[SERVER], l, w.now), AKSU_OK);
    assert_int_equal(aksu_close_listener(w.net[SERVER], l, w.now), AKSU_DOES_NOT_EXIST);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_DOES_NOT_EXIST);
    move(&w);
    assert_int_equal(reason_of(w.net[CLIENT], waiting), AKSU_RESET);
    assert_int_equal(state_of(w.net[CLIENT], accepted[CLIENT]), AKSU_TCP_ESTABLISHED);
    wait_for(&w, AKSU_SECONDS(4));
    assert_int_equal(reason_of(w.net[CLIENT], half_open), AKSU_REFUSED);
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.connections, 1);
    assert_int_equal(counters.listeners, 0);
    two_fini(&w);
}

static void a_held_syn_outlives_its_listener(void **state)
{
    (void)state;
    struct two w;
    aksu_listener l;
    struct aksu_counters counters;
    aksu_conn held, c = open_held(&w, false, &l, &held);
    assert_int_equal(aksu_close_listener(w.net[SERVER], l, w.now), AKSU_OK);
    assert_int_equal(aksu_complete(w.net[SERVER], held, w.now), AKSU_OK);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    aksu_counters(w.net[SERVER], &counters);
    assert_int_equal(counters.listeners, 0);
    two_fini(&w);
}

/* RFC 9293 3.9.1.1: an exact port before any, a given peer before anybody. */
static void the_best_listener_is_found(void **state)
{
    (void)state;
    struct two w;
    two_init(&w, NULL);
    struct aksu_listen how[] = {
        { .cookie = 1 },
        { .local = { .port = 80 }, .cookie = 2 },
        { .local = { ip_text("10.0.0.2"), 80 }, .cookie = 3 },
        { .local = { .port = 80 }, .remote = { .ip = ip_text("10.0.0.9") }, .cookie = 4 },
        { .local = { .port = 81 }, .remote = { .ip = ip_text("10.0.0.1") }, .cookie = 5 },
    };
    static const struct { uint16_t port; uint64_t cookie; bool v6; } want[] = {
        { 80, 3, false }, { 80, 2, true }, { 81, 5, false }, { 81, 1, true }, { 82, 1, false } };
    aksu_listener l;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(aksu_listen(w.net[SERVER], &how[i], &l, w.now), AKSU_OK);
    struct aksu_listen foreign = { .local = { ip_text("10.9.9.9"), 80 } };
    assert_int_equal(aksu_listen(w.net[SERVER], &foreign, &l, w.now), AKSU_ADDRESS_UNAVAILABLE);
    for (unsigned i = 0; i < 5; i++) {
        struct aksu_ready r;
        w.v6 = want[i].v6;
        open_to(&w, want[i].port);
        move(&w);
        assert_true(aksu_next_ready(w.net[SERVER], &r));
        assert_int_equal(r.cookie, want[i].cookie);
    }
    two_fini(&w);
}

static void stale_handles_name_nothing(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2], again[2];
    struct aksu_info info;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    aksu_abort(w.net[CLIENT], c[CLIENT], w.now);
    move(&w);
    aksu_abort(w.net[SERVER], c[SERVER], w.now);
    connect_pair(&w, l, 80, again);
    assert_int_equal(again[CLIENT].index, c[CLIENT].index);     /* the same memory */
    aksu_conn bad[] = { c[CLIENT], { 0, 0 }, { 0, 1 }, { UINT32_MAX, 1 }, { 1 << 20, 1 },
                        { again[CLIENT].index, 0 }, { l.index, l.generation },
                        { again[CLIENT].index + 1, again[CLIENT].generation } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct aksu_slice slice;
        struct aksu_space space;
        struct aksu *net = w.net[CLIENT];
        assert_int_equal(aksu_status(net, bad[i], &info), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_send(net, bad[i], "x", 1, 0, w.now), -AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_receive(net, bad[i], &info, 1, w.now), -AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_peek(net, bad[i], &slice, 1), -AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_consume(net, bad[i], 0, w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_reserve(net, bad[i], &space, 1, w.now), -AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_commit(net, bad[i], 0, 0, w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_shutdown(net, bad[i], w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_close(net, bad[i], w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_abort(net, bad[i], w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_set(net, bad[i], AKSU_OPTION_NODELAY, 1, w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_set_cookie(net, bad[i], 1), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_refuse(net, bad[i], w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_ignore(net, bad[i], w.now), AKSU_DOES_NOT_EXIST);
        assert_int_equal(aksu_unreachable(net, bad[i], 1, w.now), AKSU_DOES_NOT_EXIST);
    }
    assert_int_equal(aksu_refuse(w.net[CLIENT], again[CLIENT], w.now), AKSU_ILLEGAL);
    assert_int_equal(state_of(w.net[CLIENT], again[CLIENT]), AKSU_TCP_ESTABLISHED);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_syn_is_completed),
        cmocka_unit_test(a_held_syn_is_refused),
        cmocka_unit_test(a_held_syn_is_unreachable),
        cmocka_unit_test(a_held_syn_is_ignored),
        cmocka_unit_test(a_held_syn_that_is_reset_fails),
        cmocka_unit_test(a_gateway_accepts_any_address),
        cmocka_unit_test(loopback_addresses_work_over_a_link_that_carries_them),
        cmocka_unit_test(the_backlog_is_a_limit),
        cmocka_unit_test(a_full_backlog_gives_time_to_answer),
        cmocka_unit_test(connections_are_accepted_in_order),
        cmocka_unit_test(closing_a_listener_aborts_what_waits),
        cmocka_unit_test(a_held_syn_outlives_its_listener),
        cmocka_unit_test(the_best_listener_is_found),
        cmocka_unit_test(stale_handles_name_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
