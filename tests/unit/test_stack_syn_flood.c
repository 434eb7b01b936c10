/* test_stack_syn_flood.c - what a flood of SYNs costs everybody else: memory, connections, the
 * answers that wait (RFC 4987 3). */
#include "flood_help.h"

/* sandialabs/wiretap 16: 88,000 SYNs with a budget of 16 MiB. Established flows go on, memory is
 * bounded, and who really wants to connect can: R4987-3.2-a, R4987-3.5-a. */
static void acceptance_flood(void **state)             /* RFC 4987 3.2 */
{
    (void)state;
    struct flood f;
    aksu_listener l;
    static uint8_t text[65536];
    struct link_options o = { .config = { [SERVER].memory_limit = 16 << 20 } };
    struct two w = flooded(&f, &o, 128, &l);
    struct aksu *server = w.net[SERVER];
    aksu_conn bulk = open_to(&w, 80), sink, c[40], got;
    move(&w);
    assert_int_equal(aksu_accept(server, l, &sink, w.now), AKSU_OK);
    uint64_t used = counters_of(server).memory_used, sent = 0, received = 0;
    for (unsigned round = 0; round < 40; round++) {
        flood(&w, &f, 88000 / 40);
        ptrdiff_t n = aksu_send(w.net[CLIENT], bulk, text, sizeof text, 0, w.now);
        sent += n > 0 ? (uint64_t)n : 0;
        c[round] = open_to(&w, 80);
        wait_for(&w, AKSU_MS(50));
        while ((n = aksu_receive(server, sink, text, sizeof text, w.now)) > 0)
            received += (uint64_t)n;
        assert_int_equal(state_of(w.net[CLIENT], c[round]), AKSU_TCP_ESTABLISHED);
        assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
    }
    assert_int_equal(sent, 40 * sizeof text);
    assert_int_equal(received, sent);
    assert_int_equal(info_of(w.net[CLIENT], bulk).retransmits, 0);
    assert_true(counters_of(server).memory_used < used + (1 << 20));
    assert_true(counters_of(server).connections <= 128 + 41);
    assert_true(counted(server, AKSU_EV_syn_cookie_sent) >= 88000 - 128);
    two_fini(&w);
}

/* DESIGN of budgets: what is established moves on with the pages in reserve. */
static void the_reserve_is_kept(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < 3; mode++) {
        struct link_options o = { .config = { [SERVER] = {
            .memory_limit = 1 << 20, .max_connections = 2000,
            .syn_cookies = (enum aksu_syn_cookies)mode } } };
        struct two w = routed(&o);
        struct aksu *server = w.net[SERVER];
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        aksu_conn got;
        struct tcp_segment seg;
        unsigned n = 0;
        for (uint32_t i = 0; i < 5000; i++) {
            forged(&w, 70000 + i, CTL_SYN, 0, 0);
            if (!answered(&w, &seg))
                break;
            forged(&w, 70000 + i, CTL_ACK | CTL_PSH, seg.seq.n + 1, 40);
            assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
            while (answered(&w, &seg))
                continue;
            n++;
        }
        assert_true(n > 100 && n < 5000);
        assert_true(pool_left(&server->pool) + 2 >= server->tcp.reserve_pages);
        two_fini(&w);
    }
}

/* Cookies that were promised in better times. */
static void the_reserve_is_kept_when_all_come_back(void **state)
{
    (void)state;
    enum { N = 1000 };
    static uint32_t isn[N];
    struct link_options o = { .config = { [SERVER] = {
        .memory_limit = 1 << 20, .max_connections = 2000,
        .syn_cookies = AKSU_SYN_COOKIES_ALWAYS } } };
    struct two w = routed(&o);
    struct aksu *server = w.net[SERVER];
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    aksu_conn got;
    struct tcp_segment seg;
    unsigned accepted = 0;
    for (uint32_t i = 0; i < N; i++) {
        forged(&w, 70000 + i, CTL_SYN, 0, 0);
        assert_true(answered(&w, &seg));
        isn[i] = seg.seq.n;
    }
    for (uint32_t i = 0; i < N; i++) {
        forged(&w, 70000 + i, CTL_ACK | CTL_PSH, isn[i] + 1, 40);
        accepted += aksu_accept(server, l, &got, w.now) == AKSU_OK;
        while (answered(&w, &seg))
            continue;
    }
    assert_true(accepted > 100 && accepted < N);
    assert_true(pool_left(&server->pool) + 2 >= server->tcp.reserve_pages);
    two_fini(&w);
}

static void nothing_is_promised_without_a_record(void **state)
{
    (void)state;
    struct link_options o = { .config = { [SERVER] = { .max_connections = 2,
                                              .syn_cookies = AKSU_SYN_COOKIES_ALWAYS } } };
    struct two w = routed(&o);
    listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < 3; i++) {
        aksu_conn c = open_to(&w, 80);
        move(&w);
        assert_int_equal(state_of(w.net[CLIENT], c),
                         i < 2 ? AKSU_TCP_ESTABLISHED : AKSU_TCP_SYN_SENT);
    }
    two_fini(&w);
}

/* The table of connections is full before the backlog is: who is there comes in by cookie, which
 * needs no record, or in place of the oldest that does not answer; and when all are established
 * nothing is promised. */
static void connections_run_out_first(void **state)
{
    (void)state;
    struct flood f = { 1 };
    struct link_options o = { .config = { [SERVER].max_connections = 8 } };
    struct two w = routed(&o);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    aksu_conn c[10], got;
    flood(&w, &f, 20);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_sent), 12);
    for (unsigned i = 0; i < 10; i++) {
        c[i] = open_to(&w, 80);
        wait_for(&w, i < 4 ? 0 : AKSU_SECONDS(4));
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_sent), i < 5 ? 13 + i : 17);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now),
                         i < 8 ? AKSU_OK : AKSU_WOULD_BLOCK);
        assert_int_equal(state_of(w.net[CLIENT], c[i]),
                         i < 8 ? AKSU_TCP_ESTABLISHED : AKSU_TCP_SYN_SENT);
    }
    assert_int_equal(counters_of(w.net[SERVER]).connections, 8);
    two_fini(&w);
}

/* Half-open ones that are dead are no reason for a cookie: without timestamps it loses SACK. */
static void the_dead_make_room(void **state)
{
    (void)state;
    struct flood f;
    aksu_listener l;
    aksu_conn got;
    struct link_options o = { .config = { [CLIENT].no_timestamps = true } };
    struct two w = flooded(&f, &o, 128, &l);
    wait_for(&w, AKSU_SECONDS(4));
    aksu_conn c = open_to(&w, 80);
    wait_for(&w, AKSU_SECONDS(1));
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_true(info_of(w.net[SERVER], got).sack && info_of(w.net[SERVER], got).snd_wscale > 0);
    two_fini(&w);
}

static void forged_neighbour(struct two *w, uint8_t host)
{
    uint8_t octets[14 + IPV4_HEADER + TCP_HEADER] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };
    struct writer out = writer_of(octets + 14, sizeof octets - 14);
    struct tcp_segment seg = { .source_port = 2000, .destination_port = 80, .seq = { host },
                               .ctl = CTL_SYN, .wnd = 60000 };
    struct ip_out ip = { .source = ip_text("10.0.0.0"), .destination = ip_text("10.0.0.2"),
                         .protocol = IP_PROTOCOL_TCP, .ttl = 64, .dont_fragment = true };
    ip.source.octet[15] = host;
    ip_build(&out, &ip, TCP_HEADER);
    wire_tcp_build(&out, &ip.source, &ip.destination, &seg, false);
    struct aksu_frame f = { .parts = 1, .length = 14 + (uint32_t)writer_length(&out) };
    f.part[0] = (struct aksu_slice){ octets, f.length };
    aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &f, w->now);
}

/* Answers to neighbours that are not there fill nothing that others need. */
static void neighbours_that_are_not_there(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    aksu_listener l;
    struct link_options o = { .ethernet = true };
    two_init(&w, &o);
    struct aksu_listen how = { .local = { .port = 80 }, .backlog = 4 };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    connect_pair(&w, l, 80, c);                 /* the client's MAC is known */
    for (uint8_t host = 10; host < 200; host++) {
        forged_neighbour(&w, host);
        move(&w);
    }
    aksu_conn late = open_to(&w, 80);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], late), AKSU_TCP_ESTABLISHED);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_good), 1);
    two_fini(&w);
}

/* What is counted as sent was sent, also when more arrive at once than can be answered. */
static void a_batch_of_syns(void **state)
{
    (void)state;
    struct tcp_segment seg;
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_ALWAYS } };
    struct two w = routed(&o);
    unsigned answers = 0;
    listen_on(&w, SERVER, 80, false);
    for (uint32_t i = 0; i < 100; i++)
        forged(&w, 70000 + i, CTL_SYN, 0, 0);
    while (answered(&w, &seg))
        answers++;
    assert_true(answers >= 64);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_sent), answers);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_refused), 100 - answers);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acceptance_flood),
        cmocka_unit_test(the_reserve_is_kept),
        cmocka_unit_test(the_reserve_is_kept_when_all_come_back),
        cmocka_unit_test(nothing_is_promised_without_a_record),
        cmocka_unit_test(connections_run_out_first),
        cmocka_unit_test(the_dead_make_room),
        cmocka_unit_test(neighbours_that_are_not_there),
        cmocka_unit_test(a_batch_of_syns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
