/* test_stack_syn_cache.c - half-open connections as records (RFC 4987 3.4, 3.5): what one costs,
 * that it behaves as a TCB in SYN-RECEIVED does, and the two queues of a listener. */
#include "flood_help.h"

#include <stdio.h>

static struct two server_with(const struct link_options *o, uint32_t backlog, uint32_t syn_backlog,
                              aksu_listener *l)
{
    struct two w = routed(o);
    struct aksu_listen how = { .local = { .port = 80 }, .backlog = backlog,
                               .syn_backlog = syn_backlog };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, l, w.now), AKSU_OK);
    return w;
}

/* RFC 6298 2.2: a peer that answers at once, as a kernel does while a frame is handed to it, has a
 * round trip of no time; the record keeps its times in coarser units than the clock has. */
static void an_answer_at_once_is_no_long_round_trip(void **state)
{
    (void)state;
    for (unsigned odd = 0; odd < 130; odd++) {
        struct two w;
        aksu_conn got;
        two_init(&w, NULL);
        w.now += odd;
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        (void)open_to(&w, 80);
        (void)open_to(&w, 80);
        move(&w);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
            assert_true(info_of(w.net[SERVER], got).srtt_us < 1000);
        }
        two_fini(&w);
    }
}

/* The ISN of the SYN,ACK. */
static uint32_t half_open(struct two *w, uint32_t host)
{
    struct tcp_segment seg;
    forged(w, host, CTL_SYN, 0, 0);
    assert_true(answered(w, &seg));
    assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    assert_int_equal(seg.ack.n, host + 1);
    return seg.seq.n;
}

static bool acceptable(struct two *w, aksu_listener l)
{
    aksu_conn c;
    return aksu_accept(w->net[SERVER], l, &c, w->now) == AKSU_OK;
}

static void silent(struct two *w)
{
    struct tcp_segment seg;
    assert_false(answered(w, &seg));
}

/* RFC 4987 3.5: 64 octets each, and no place among what is to be accepted. */
static void one_costs_64_octets(void **state)
{
    (void)state;
    enum { N = 6400 };
    aksu_listener l;
    struct two w = server_with(NULL, 128, N, &l);
    struct aksu *server = w.net[SERVER];
    uint64_t before = counters_of(server).memory_used;
    for (uint32_t i = 0; i < N; i++)
        half_open(&w, 70000 + i);
    assert_true(counters_of(server).memory_used - before <= N * 64 + POOL_PAGE);
    assert_int_equal(counters_of(server).half_open, N);
    assert_int_equal(counters_of(server).connections, N);
    assert_int_equal(server->conns.in_use, 0);
    wait_for(&w, AKSU_SECONDS(400));
    assert_int_equal(counters_of(server).memory_used, before);
    assert_int_equal(counters_of(server).half_open, 0);
    two_fini(&w);
}

/* RFC 4987 4, RFC 6298 5.5, RFC 9293 3.8.3 [MUST-23]: the same SYN,ACK after 1, 2, 4 s ...; three
 * minutes later it is over. */
static void the_syn_ack_is_repeated(void **state)
{
    (void)state;
    aksu_listener l;
    struct tcp_segment seg;
    struct two w = server_with(NULL, 4, 0, &l);
    struct aksu *server = w.net[SERVER];
    aksu_time began = w.now, at[12];
    uint32_t isn = half_open(&w, 70000);
    unsigned n = 0;
    while (counters_of(server).half_open != 0) {
        w.now = aksu_next_timeout(server);
        assert_true(w.now < began + AKSU_SECONDS(400));
        aksu_timeouts(server, w.now);
        while (answered(&w, &seg)) {
            assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
            assert_int_equal(seg.seq.n, isn);
            at[n++] = w.now - began;
        }
    }
    assert_int_equal(n, 7);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(at[i] / AKSU_MS(1), ((1u << (i + 1)) - 1) * 1000);
    assert_true(w.now - began >= AKSU_SECONDS(180) && w.now - began < AKSU_SECONDS(181));
    assert_int_equal(counted(server, AKSU_EV_deleted), 1);
    two_fini(&w);
}

/* All that was agreed, and the round trip. */
/* So that what is known of the one before is in its record only. */
/* RFC 9293 3.8.3 [MUST-23]: R2 is over when the SYN,ACK would be repeated once more, whatever the
 * clock said when the SYN came: the record keeps that in coarser units. */
static void the_last_moment_of_r2_sends_nothing(void **state)
{
    (void)state;
    const struct link_options o = { .config[SERVER].syn_r2 = AKSU_SECONDS(7) };
    for (unsigned odd = 0; odd < 5000; odd += 499) {
        aksu_listener l;
        struct tcp_segment seg;
        struct two w = server_with(&o, 4, 0, &l);
        w.now += odd;
        aksu_time began = w.now;
        unsigned n = 0;
        (void)half_open(&w, 70000);
        while (counters_of(w.net[SERVER]).half_open != 0 && w.now < began + AKSU_SECONDS(9)) {
            w.now = aksu_next_timeout(w.net[SERVER]);
            aksu_timeouts(w.net[SERVER], w.now);
            while (answered(&w, &seg))
                n++;
        }
        assert_int_equal(n, 2);                         /* after 1 and 3 s */
        assert_true(w.now - began >= AKSU_SECONDS(7));
        assert_true(w.now - began < AKSU_SECONDS(7) + AKSU_US(10));
        two_fini(&w);
    }
}

static void another_syn(struct two *w)
{
    struct aksu_frame f;
    (void)open_to(w, 80);
    assert_true(take_frame(w, CLIENT, &f));
    aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &f, w->now);
}

static void a_record_keeps_what_was_agreed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        struct link_options o = { .v6 = i & 1, .ethernet = (i & 2) != 0, .mtu = 1400 };
        o.config[CLIENT].no_timestamps = i >> 2 & 1;
        o.config[CLIENT].ecn = i & 4 ? AKSU_ECN_ACCEPT : AKSU_ECN_ASK;
        struct two w;
        aksu_conn got;
        struct aksu_frame f;
        static uint8_t copy[256];
        two_init(&w, &o);
        aksu_listener l = listen_on(&w, SERVER, 80, false);
        aksu_conn c = open_to(&w, 80);
        move(&w);                                       /* who is at which station */
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        c = open_to(&w, 80);
        assert_true(take_frame(&w, CLIENT, &f));
        aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
        assert_true(take_frame(&w, SERVER, &f));
        memcpy(copy, f.part[0].data, f.length);
        f.part[0].data = copy;
        if (i & 8)
            another_syn(&w);
        w.now += AKSU_MS(50);
        aksu_frame_in(w.net[CLIENT], w.pair.device[CLIENT], &f, w.now);
        move(&w);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        struct aksu_info a = info_of(w.net[CLIENT], c), b = info_of(w.net[SERVER], got);
        assert_int_equal(b.state, AKSU_TCP_ESTABLISHED);
        assert_int_equal(b.snd_mss, a.snd_mss);
        assert_true(b.snd_wscale == a.rcv_wscale && b.rcv_wscale == a.snd_wscale);
        assert_true(b.snd_wscale > 0 && b.sack && b.timestamps == a.timestamps);
        assert_true(b.timestamps == !(i & 4) && b.ecn == !(i & 4) && a.ecn == b.ecn);
        assert_int_equal(b.srtt_us, 50000);
        assert_true(b.iss == a.irs && b.irs == a.iss && b.snd_wnd == a.rcv_wnd);
        assert_int_equal(b.rcv_wnd, a.snd_wnd);
        uint8_t octet = 1;                              /* PAWS sees the clock of the SYN,ACK */
        assert_int_equal(aksu_send(w.net[SERVER], got, &octet, 1, 0, w.now), 1);
        move(&w);
        assert_int_equal(aksu_receive(w.net[CLIENT], c, &octet, 1, w.now), 1);
        two_fini(&w);
    }
}

/* RFC 9293 3.10.7.4 in SYN-RECEIVED, from a record: nothing of it takes a connection. */
static void the_rules_of_syn_received(void **state)
{
    (void)state;
    aksu_listener l;
    struct tcp_segment seg;
    struct two w = server_with(NULL, 4, 0, &l);
    struct aksu *server = w.net[SERVER];
    uint32_t isn = half_open(&w, 70000);
    forged(&w, 70000, CTL_SYN, 0, 0);                   /* first: the SYN again */
    assert_true(answered(&w, &seg));
    assert_true(seg.ctl == (CTL_SYN | CTL_ACK) && seg.seq.n == isn);
    forged(&w, 70000, CTL_ACK, isn + 2, 0);             /* fifth: ACK of something never sent */
    assert_true(answered(&w, &seg));
    assert_true(seg.ctl == CTL_RST && seg.seq.n == isn + 2);
    for (unsigned i = 0; i < 20; i++) {                 /* RFC 5961 3.2, 7 */
        forged_at(&w, 70000, CTL_RST, 70100, 0, 0);
        assert_int_equal(answered(&w, &seg), i < 10);
        assert_true(i >= 10 || (seg.ctl == CTL_ACK && seg.seq.n == isn + 1));
    }
    forged_at(&w, 70000, CTL_RST, 69000, 0, 0);         /* first: outside the window */
    silent(&w);
    assert_int_equal(counters_of(server).half_open, 1);
    assert_int_equal(server->conns.in_use, 0);
    forged(&w, 70000, CTL_RST, 0, 0);                   /* second: back to LISTEN */
    assert_int_equal(counters_of(server).half_open, 0);
    half_open(&w, 70000);
    forged_at(&w, 70000, CTL_SYN, 70100, 0, 0);         /* fourth: another SYN */
    assert_int_equal(counters_of(server).half_open, 0);
    isn = half_open(&w, 70000);
    forged_at(&w, 70000, CTL_ACK, 69000, isn + 1, 0);   /* first: an old one with the right ACK */
    assert_int_equal(server->conns.in_use, 0);
    assert_int_equal(counters_of(server).half_open, 1);
    while (answered(&w, &seg))
        assert_int_equal(seg.ctl, CTL_ACK);
    forged(&w, 70000, CTL_ACK | CTL_PSH, isn + 1, 10);
    aksu_conn got;
    assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
    assert_int_equal(info_of(server, got).receive_queued, 10);
    assert_int_equal(counters_of(server).half_open, 0);
    isn = half_open(&w, 70001);                         /* what it took is given back, unlisted */
    forged_at(&w, 70001, CTL_ACK, 69000, isn + 1, 0);
    uint32_t cursor = 0;
    assert_true(aksu_next_connection(server, &cursor, &got));
    assert_false(aksu_next_connection(server, &cursor, &got));
    two_fini(&w);
}

/* The last ACK finds no room: SYN,ACK and ACK come again until there is some. */
static void the_accept_queue_is_a_limit(void **state)
{
    (void)state;
    aksu_listener l;
    struct tcp_segment seg;
    struct two w = server_with(NULL, 2, 8, &l);
    struct aksu *server = w.net[SERVER];
    uint32_t isn[3];
    for (uint32_t i = 0; i < 3; i++)
        isn[i] = half_open(&w, 70000 + i);
    for (uint32_t i = 0; i < 3; i++)
        forged(&w, 70000 + i, CTL_ACK, isn[i] + 1, 0);
    silent(&w);
    assert_int_equal(counted(server, AKSU_EV_accept_overflow), 1);
    assert_int_equal(counters_of(server).half_open, 1);
    forged(&w, 70004, CTL_SYN, 0, 0);                   /* no more is promised */
    silent(&w);
    assert_int_equal(counted(server, AKSU_EV_accept_queue_full), 1);
    w.now += AKSU_SECONDS(1);
    aksu_timeouts(server, w.now);
    assert_true(answered(&w, &seg));
    assert_true(seg.ctl == (CTL_SYN | CTL_ACK) && seg.seq.n == isn[2]);
    assert_true(acceptable(&w, l));
    forged(&w, 70002, CTL_ACK, isn[2] + 1, 0);
    assert_true(acceptable(&w, l) && acceptable(&w, l) && !acceptable(&w, l));
    two_fini(&w);
}

static void one_way(struct two *w, unsigned from)
{
    struct aksu_frame f;
    while (take_frame(w, from, &f))
        aksu_frame_in(w->net[1 - from], w->pair.device[1 - from], &f, w->now);
}

/* SYNs that need whole connections from the start (here: they suggest a user timeout), and the
 * SYN,ACKs. */
static void whole_half_open(struct two *w, aksu_conn c[2])
{
    for (unsigned i = 0; i < 2; i++)
        c[i] = open_to(w, 80);
    one_way(w, CLIENT);
    one_way(w, SERVER);
    assert_int_equal(w->net[SERVER]->conns.in_use, 2);
}

/* ... and others take the places meanwhile: records, and what was answered by cookie. */
static void whole_connections_wait_too(void **state)
{
    (void)state;
    enum { DROPPED, RESET, GIVES_UP };
    for (unsigned way = DROPPED; way <= GIVES_UP; way++) {
        aksu_listener l;
        aksu_conn c[2];
        bool reset = way == RESET;
        struct link_options o = { .config = { { .user_timeout_option = 60 },
            { .user_timeout_option = 60,
              .backlog_full = reset ? AKSU_BACKLOG_FULL_RESET : AKSU_BACKLOG_FULL_DROP } } };
        struct two w = server_with(&o, 2, 8, &l);
        struct aksu *server = w.net[SERVER];
        whole_half_open(&w, c);
        for (uint32_t i = 0; i < 2; i++)
            forged(&w, 70000 + i, CTL_ACK, half_open(&w, 70000 + i) + 1, 0);
        assert_int_equal(counted(server, AKSU_EV_accept_overflow), 0);
        move(&w);
        assert_int_equal(counted(server, AKSU_EV_accept_overflow), 2);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(state_of(w.net[CLIENT], c[i]),
                             reset ? AKSU_TCP_CLOSED : AKSU_TCP_ESTABLISHED);
            if (way == GIVES_UP)
                assert_int_equal(aksu_abort(w.net[CLIENT], c[i], w.now), AKSU_OK);
        }
        move(&w);
        assert_int_equal(counters_of(server).half_open, way == DROPPED ? 2 : 0);
        assert_true(acceptable(&w, l) && acceptable(&w, l) && !acceptable(&w, l));
        wait_for(&w, AKSU_SECONDS(2));              /* SYN,ACK and ACK come again */
        assert_int_equal(acceptable(&w, l) && acceptable(&w, l), way == DROPPED);
        two_fini(&w);
    }
}

/* enum aksu_backlog_full: who finds a queue full is told. */
static void overflow_can_be_a_reset(void **state)
{
    (void)state;
    aksu_listener l;
    struct tcp_segment seg;
    struct link_options o = { .config = { [SERVER] = { .syn_cookies = AKSU_SYN_COOKIES_NEVER,
                                              .backlog_full = AKSU_BACKLOG_FULL_RESET } } };
    struct two w = server_with(&o, 1, 2, &l);
    struct aksu *server = w.net[SERVER];
    uint32_t a = half_open(&w, 70000), b = half_open(&w, 70001);
    forged(&w, 70002, CTL_SYN, 0, 0);
    assert_true(answered(&w, &seg));
    assert_true(seg.ctl == (CTL_RST | CTL_ACK) && seg.ack.n == 70003);
    assert_int_equal(counted(server, AKSU_EV_syn_queue_full), 1);
    forged(&w, 70000, CTL_ACK, a + 1, 0);
    forged(&w, 70001, CTL_ACK, b + 1, 0);
    assert_true(answered(&w, &seg));
    assert_true(seg.ctl == CTL_RST && seg.seq.n == b + 1);
    assert_int_equal(counted(server, AKSU_EV_accept_overflow), 1);
    assert_int_equal(counters_of(server).half_open, 0);
    forged(&w, 70003, CTL_SYN, 0, 0);
    assert_true(answered(&w, &seg));
    assert_int_equal(seg.ctl, CTL_RST | CTL_ACK);
    assert_int_equal(counted(server, AKSU_EV_accept_queue_full), 1);
    assert_true(acceptable(&w, l) && !acceptable(&w, l));
    two_fini(&w);
}

/* RFC 4987 3.7: beyond max_half_open of the stack cookies come first, then the oldest goes. */
static void the_stack_has_a_limit_too(void **state)
{
    (void)state;
    aksu_listener l;
    struct tcp_segment seg;
    struct link_options o = { .config = { [SERVER].max_half_open = 4 } };
    struct two w = server_with(&o, 100, 0, &l);
    struct aksu *server = w.net[SERVER];
    uint32_t first = half_open(&w, 70000);
    for (uint32_t i = 1; i < 8; i++)
        half_open(&w, 70000 + i);
    assert_int_equal(counters_of(server).half_open, 4);
    assert_int_equal(counted(server, AKSU_EV_syn_cookie_sent), 4);
    for (unsigned i = 0; i < 4; i++) {
        w.now += AKSU_SECONDS(1);
        aksu_timeouts(server, w.now);
        while (answered(&w, &seg))
            continue;
    }
    half_open(&w, 70008);
    assert_int_equal(counted(server, AKSU_EV_half_open_replaced), 1);
    forged(&w, 70000, CTL_ACK, first + 1, 0);           /* it was the first */
    assert_true(answered(&w, &seg));
    assert_int_equal(seg.ctl, CTL_RST);
    assert_int_equal(counters_of(server).half_open, 4);
    two_fini(&w);
}

/* More local sockets at a time than a listener has gates: the others are connections. */
static void of_many_local_addresses(void **state)
{
    (void)state;
    enum { N = 12 };
    struct two w;
    aksu_conn c[N];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    struct aksu_frame f;
    for (unsigned i = 0; i < N; i++) {
        char text[24];
        snprintf(text, sizeof text, "10.0.0.%u/24", 10 + i);
        assert_int_equal(aksu_address_add(w.net[SERVER], w.pair.device[SERVER], text), AKSU_OK);
        struct aksu_open how = { .remote = { ip_text("10.0.0.2"), 80 } };
        how.remote.ip.octet[15] = (uint8_t)(10 + i);
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c[i], w.now), AKSU_OK);
    }
    while (take_frame(&w, CLIENT, &f))
        aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
    assert_int_equal(counters_of(w.net[SERVER]).half_open, N);
    assert_int_equal(w.net[SERVER]->conns.in_use, N - SYN_GATES);
    move(&w);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(state_of(w.net[CLIENT], c[i]), AKSU_TCP_ESTABLISHED);
        assert_true(acceptable(&w, l));
    }
    assert_int_equal(counters_of(w.net[SERVER]).half_open, 0);
    two_fini(&w);
}

/* RFC 9293 3.10.4: LISTEN ends, and what it had begun; the peer is told. */
static void a_listener_is_closed(void **state)
{
    (void)state;
    aksu_listener l;
    struct tcp_segment seg;
    struct two w = server_with(NULL, 8, 0, &l);
    struct aksu *server = w.net[SERVER];
    uint64_t before = counters_of(server).memory_used;
    uint32_t isn = half_open(&w, 70000);
    forged(&w, 70001, CTL_SYN, 0, 0);                   /* its SYN,ACK is owed */
    assert_int_equal(aksu_close_listener(server, l, w.now), AKSU_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(answered(&w, &seg));
        assert_int_equal(seg.ctl & CTL_RST, CTL_RST);
        assert_true(i > 0 || seg.seq.n == isn + 1);
    }
    silent(&w);
    assert_int_equal(counters_of(server).connections, 0);
    assert_int_equal(counters_of(server).half_open, 0);
    assert_int_equal(counters_of(server).listeners, 0);
    assert_true(counters_of(server).memory_used < before);
    assert_int_equal(aksu_next_timeout(server), AKSU_NEVER);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_at_once_is_no_long_round_trip),
        cmocka_unit_test(one_costs_64_octets),
        cmocka_unit_test(the_syn_ack_is_repeated),
        cmocka_unit_test(the_last_moment_of_r2_sends_nothing),
        cmocka_unit_test(a_record_keeps_what_was_agreed),
        cmocka_unit_test(the_rules_of_syn_received),
        cmocka_unit_test(the_accept_queue_is_a_limit),
        cmocka_unit_test(whole_connections_wait_too),
        cmocka_unit_test(overflow_can_be_a_reset),
        cmocka_unit_test(the_stack_has_a_limit_too),
        cmocka_unit_test(of_many_local_addresses),
        cmocka_unit_test(a_listener_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
