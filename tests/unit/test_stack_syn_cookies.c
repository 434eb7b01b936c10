/* test_stack_syn_cookies.c - listeners that answer SYNs by cookie (RFC 4987): when they do, and
 * what a connection has that was completed by one. What a flood costs: test_stack_syn_flood.c. */
#include "flood_help.h"

#include "tcp/core.h"

/* What an ordinary handshake agrees on, and one by cookie. */
static void same_agreement(const struct aksu_config *client, uint32_t mtu, bool v6)
{
    struct aksu_info end[2][2];
    for (unsigned by_cookie = 0; by_cookie < 2; by_cookie++) {
        struct two w;
        aksu_listener l;
        aksu_conn c[2];
        struct link_options o = { .mtu = mtu, .v6 = v6 };
        o.config[CLIENT] = *client;
        o.config[SERVER].syn_cookies = by_cookie ? AKSU_SYN_COOKIES_ALWAYS
                                                 : AKSU_SYN_COOKIES_NEVER;
        two_init(&w, &o);
        l = listen_on(&w, SERVER, 80, false);
        connect_pair(&w, l, 80, c);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_good), by_cookie);
        for (unsigned i = 0; i < 2; i++)
            end[by_cookie][i] = info_of(w.net[i], c[i]);
        two_fini(&w);
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct aksu_info *a = &end[0][i], *b = &end[1][i];
        assert_int_equal(a->snd_mss, b->snd_mss);
        assert_int_equal(a->rcv_mss, b->rcv_mss);
        assert_int_equal(a->timestamps, b->timestamps);
        if (!a->timestamps)
            continue;                           /* the rest has no place to be kept */
        assert_int_equal(a->snd_wscale, b->snd_wscale);
        assert_int_equal(a->rcv_wscale, b->rcv_wscale);
        assert_int_equal(a->sack, b->sack);
        assert_int_equal(a->ecn, b->ecn);
        assert_int_equal(a->rcv_wnd, b->rcv_wnd);
    }
}

static void a_connection_keeps_all_its_options(void **state)    /* RFC 4987 3.6, R4987-3.6-a */
{
    (void)state;
    static const uint32_t mtu[] = { 576, 1280, 1420, 1492, 1500, 9000 };
    for (unsigned m = 0; m < 6; m++) {
        for (unsigned bits = 0; bits < 16; bits++) {
            struct aksu_config client = { .no_timestamps = bits & 1, .no_sack = bits & 2,
                                          .no_window_scale = bits & 4,
                                          .ecn = bits & 8 ? AKSU_ECN_ASK : AKSU_ECN_ACCEPT };
            same_agreement(&client, mtu[m], false);
            if (mtu[m] >= 1280)
                same_agreement(&client, mtu[m], true);
        }
    }
}

/* The cache of half-open connections comes first, cookies when it overflows: R4987-3.7-a,
 * R4987-4-a. */
static void cookies_come_when_the_backlog_is_full(void **state) /* RFC 4987 3.7 */
{
    (void)state;
    struct flood f;
    aksu_listener l;
    aksu_conn got, c;
    struct two w = flooded(&f, NULL, 8, &l);
    struct aksu *server = w.net[SERVER];
    flood(&w, &f, 100);
    assert_int_equal(counted(server, AKSU_EV_syn_cookie_sent), 100);
    assert_int_equal(counters_of(server).connections, 8);
    c = open_to(&w, 80);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    assert_int_equal(counted(server, AKSU_EV_syn_cookie_good), 1);
    assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
    assert_true(info_of(server, got).sack && info_of(server, got).timestamps);
    assert_true(info_of(server, got).snd_wscale > 0);
    assert_int_equal(info_of(server, got).srtt_us, 0);      /* nobody knows when it left */
    assert_int_equal(aksu_send(w.net[CLIENT], c, "hello", 5, 0, w.now), 5);
    assert_int_equal(aksu_send(server, got, "world", 5, 0, w.now), 5);
    move(&w);
    char text[8];
    assert_int_equal(aksu_receive(server, got, text, 8, w.now), 5);
    assert_int_equal(aksu_receive(w.net[CLIENT], c, text, 8, w.now), 5);
    two_fini(&w);
}

static void never_means_never(void **state)
{
    (void)state;
    struct flood f;
    aksu_listener l;
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_NEVER } };
    struct two w = flooded(&f, &o, 8, &l);
    flood(&w, &f, 100);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_sent), 0);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_queue_full), 100);
    two_fini(&w);
}

/* Text on a SYN is neither kept nor acknowledged: R4987-3.6-b. */
static void text_on_the_syn_is_left(void **state)               /* RFC 4987 3.6 */
{
    (void)state;
    struct flood f;
    aksu_listener l;
    struct tcp_segment seg;
    struct two w = flooded(&f, NULL, 1, &l);
    forged(&w, 70000, CTL_SYN, 0, 40);
    assert_true(answered(&w, &seg));
    assert_int_equal(seg.ack.n, 70001);
    two_fini(&w);
}

/* The ACK may be lost: what comes first has text, and is taken with it. */
static void the_first_text_completes_it(void **state)
{
    (void)state;
    struct flood f;
    aksu_listener l;
    aksu_conn got;
    struct tcp_segment seg;
    char text[64];
    struct two w = flooded(&f, NULL, 1, &l);
    forged(&w, 70000, CTL_SYN, 0, 0);
    assert_true(answered(&w, &seg));
    forged(&w, 70000, CTL_ACK | CTL_PSH, seg.seq.n + 1, 40);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_int_equal(aksu_receive(w.net[SERVER], got, text, 64, w.now), 40);
    two_fini(&w);
}

/* RFC 9293 3.10.7.2 second holds for every ACK that is no answer to a cookie; and while none was
 * sent of late, none is looked at. */
static void a_guess_is_reset(void **state)
{
    (void)state;
    struct flood f;
    aksu_listener l;
    struct tcp_segment seg;
    struct two w = flooded(&f, NULL, 1, &l);
    forged(&w, 70000, CTL_ACK, 4711, 0);
    assert_true(answered(&w, &seg));
    assert_int_equal(seg.ctl, CTL_RST);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_bad), 0);
    flood(&w, &f, 1);
    forged(&w, 70000, CTL_ACK, 4711, 0);
    assert_true(answered(&w, &seg));
    assert_int_equal(seg.ctl, CTL_RST);
    assert_int_equal(seg.seq.n, 4711);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_bad), 1);
    wait_for(&w, AKSU_SECONDS(2 * COOKIE_SECONDS));
    forged(&w, 70000, CTL_ACK, 4711, 0);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_bad), 1);
    two_fini(&w);
}

/* Who has accepted nothing promises nothing more; and what came back too late for that is not
 * reset: the peer repeats its text until there is room. */
static void accepting_is_a_limit_too(void **state)
{
    (void)state;
    struct flood f;
    aksu_listener l;
    aksu_conn got;
    struct tcp_segment seg[4], none;
    struct two w = flooded(&f, NULL, 2, &l);
    struct aksu *server = w.net[SERVER];
    for (uint32_t i = 0; i < 3; i++) {
        forged(&w, 70000 + i, CTL_SYN, 0, 0);
        assert_true(answered(&w, &seg[i]));
    }
    for (uint32_t i = 0; i < 3; i++)
        forged(&w, 70000 + i, CTL_ACK | CTL_PSH, seg[i].seq.n + 1, i == 2 ? 10 : 0);
    assert_int_equal(counters_of(server).connections, 2 + 2);
    w.now += AKSU_SECONDS(2);
    aksu_timeouts(server, w.now);
    while (answered(&w, &none))
        assert_true(none.ctl & CTL_SYN);        /* those of the flood, once more */
    forged(&w, 70003, CTL_SYN, 0, 0);
    assert_false(answered(&w, &none));
    assert_int_equal(counted(server, AKSU_EV_accept_queue_full), 1);
    assert_int_equal(counters_of(server).connections, 2 + 2);       /* nobody went for nothing */
    assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
    forged(&w, 70002, CTL_ACK | CTL_PSH, seg[2].seq.n + 1, 10);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
    assert_int_equal(info_of(server, got).receive_queued, 10);
    two_fini(&w);
}

/* What the application wants to decide is never decided without it. */
static void a_held_syn_is_not_answered(void **state)
{
    (void)state;
    struct tcp_segment seg;
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_ALWAYS } };
    struct two w = routed(&o);
    listen_on(&w, SERVER, 80, true);
    forged(&w, 70000, CTL_SYN, 0, 0);
    assert_false(answered(&w, &seg));
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_held), 1);
    two_fini(&w);
}

/* Several stacks behind one address, with one key and one clock: one answers the SYN, another gets
 * the ACK. */
static void share_a_key(uint8_t seed, bool another_first)
{
    struct two w;
    static const uint8_t key[17] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    struct link_options o = { .config = { [SERVER].syn_cookies = AKSU_SYN_COOKIES_ALWAYS } };
    two_init(&w, &o);
    struct aksu_config apart = { .seed = { seed }, .syn_cookies = AKSU_SYN_COOKIES_ALWAYS };
    struct aksu *second = aksu_new(&apart, w.now);
    aksu_device device;
    assert_non_null(second);
    assert_int_equal(aksu_attach(second, &(struct aksu_device_config){ .name = "pair" }, &device),
                     AKSU_OK);
    assert_int_equal(aksu_address_add(second, device, "10.0.0.2/24"), AKSU_OK);
    struct aksu_listen how = { .local = { .port = 80 } };
    aksu_listener l, l2;
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    assert_int_equal(aksu_listen(second, &how, &l2, w.now), AKSU_OK);
    aksu_set_syn_cookie_key(w.net[SERVER], key, w.now);
    if (another_first)
        aksu_set_syn_cookie_key(second, key + 1, w.now);
    aksu_set_syn_cookie_key(second, key, w.now);

    aksu_conn c = open_to(&w, 80), got;
    struct aksu_frame f;
    assert_true(take_frame(&w, CLIENT, &f));
    aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
    assert_true(take_frame(&w, SERVER, &f));
    aksu_frame_in(w.net[CLIENT], w.pair.device[CLIENT], &f, w.now);
    aksu_free(w.net[SERVER]);                   /* from now on the other one hears the client */
    w.net[SERVER] = w.pair.net[SERVER] = second;
    w.pair.device[SERVER] = device;
    move(&w);
    assert_int_equal(aksu_accept(second, l2, &got, w.now), AKSU_OK);
    assert_true(info_of(second, got).timestamps);
    wait_for(&w, AKSU_SECONDS(1));
    assert_int_equal(aksu_send(second, got, "hello", 5, 0, w.now), 5);
    move(&w);
    char text[8];
    assert_int_equal(aksu_receive(w.net[CLIENT], c, text, 8, w.now), 5);   /* RFC 7323 5: no PAWS */

    if (another_first) {
        two_fini(&w);
        return;
    }
    aksu_close(second, got, w.now);             /* TIME-WAIT is here, and the last ACK is lost */
    move(&w);
    aksu_close(w.net[CLIENT], c, w.now);
    assert_true(take_frame(&w, CLIENT, &f));
    aksu_frame_in(second, device, &f, w.now);
    while (take_frame(&w, SERVER, &f))
        continue;
    wait_for(&w, AKSU_SECONDS(20));
    assert_int_equal(counters_of(w.net[CLIENT]).connections, 0);
    two_fini(&w);
}

/* The offsets of their timestamps are of the key that each was given first; some are behind. */
static void stacks_share_a_key(void **state)
{
    (void)state;
    for (uint8_t seed = 90; seed < 106; seed++)
        for (unsigned another_first = 0; another_first < 2; another_first++)
            share_a_key(seed, another_first);
}

/* Room appears before the answer to the cookie does: the SYN that came again has a record then, and
 * both are the same to the peer. */
static void a_repeated_syn_gets_the_same_isn(void **state)
{
    (void)state;
    struct flood f;
    aksu_listener l;
    aksu_conn got;
    struct tcp_segment a, b;
    struct two w = flooded(&f, NULL, 1, &l);
    forged(&w, 70000, CTL_SYN, 0, 0);
    assert_true(answered(&w, &a));
    forged(&w, 1, CTL_RST, 0, 0);               /* the half-open one goes */
    assert_int_equal(counters_of(w.net[SERVER]).connections, 0);
    forged(&w, 70000, CTL_SYN, 0, 0);
    assert_true(answered(&w, &b));
    assert_int_equal(counters_of(w.net[SERVER]).connections, 1);
    assert_int_equal(a.seq.n, b.seq.n);
    forged(&w, 70000, CTL_ACK, a.seq.n + 1, 0);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_keeps_all_its_options),
        cmocka_unit_test(cookies_come_when_the_backlog_is_full),
        cmocka_unit_test(never_means_never),
        cmocka_unit_test(text_on_the_syn_is_left),
        cmocka_unit_test(the_first_text_completes_it),
        cmocka_unit_test(a_guess_is_reset),
        cmocka_unit_test(accepting_is_a_limit_too),
        cmocka_unit_test(a_held_syn_is_not_answered),
        cmocka_unit_test(stacks_share_a_key),
        cmocka_unit_test(a_repeated_syn_gets_the_same_isn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
