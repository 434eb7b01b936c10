/* test_stack_fast_open.c - TCP Fast Open through the public calls (RFC 7413): two stacks that get
 * and use a cookie, whose cookies are good, how many may be pending, and who is told what. What one
 * TCB does: tests/script/fast_open.c. */
#include "stack_help.h"

#include "aksu/fast_open.h"
#include "stack/stack.h"
#include "wire/ipv4.h"

static aksu_listener listen_fast(struct two *w, uint32_t pending, bool no_cookie)
{
    aksu_listener l;
    struct aksu_listen how = { .local = { .port = 80 }, .fast_open = pending,
                               .fast_open_no_cookie = no_cookie };
    assert_int_equal(aksu_listen(w->net[SERVER], &how, &l, w->now), AKSU_OK);
    return l;
}

static struct aksu_open fast_to(const struct two *w)
{
    return (struct aksu_open){ .remote = { ip_of(w, SERVER), 80 }, .fast_open = true };
}

/* Opened with text, not yet moved. */
static aksu_conn open_fast(struct two *w, const char *text)
{
    aksu_conn c;
    struct aksu_open how = fast_to(w);
    assert_int_equal(aksu_open(w->net[CLIENT], &how, &c, w->now), AKSU_OK);
    if (text[0] != 0)
        assert_int_equal(aksu_send(w->net[CLIENT], c, text, strlen(text), 0, w->now),
                         strlen(text));
    return c;
}

static ptrdiff_t room(const struct two *w)
{
    struct aksu_open how = fast_to(w);
    return aksu_fast_open_room(w->net[CLIENT], &how, w->now);
}

/* The next segment of one side as it left; false: none. Nobody else has it. */
static bool segment_of(struct two *w, unsigned side, struct tcp_segment *out)
{
    static uint8_t whole[2048];
    struct aksu_frame f;
    if (!take_frame(w, side, &f))
        return false;
    struct writer to = writer_of(whole, sizeof whole);
    for (uint32_t i = 0; i < f.parts; i++) {
        uint8_t *at = write_space(&to, f.part[i].length);
        assert_non_null(at);
        memcpy(at, f.part[i].data, f.part[i].length);
    }
    struct aksu_ip source = ip_of(w, side), destination = ip_of(w, !side);
    assert_int_equal(wire_tcp_parse(whole + IPV4_HEADER, f.length - IPV4_HEADER, NULL, 0, &source,
                                    &destination, false, out), TCP_GOOD);
    return true;
}

static void get_cookie(struct two *w, aksu_listener l)
{
    aksu_conn got, c = open_fast(w, "");
    move(w);
    assert_int_equal(aksu_accept(w->net[SERVER], l, &got, w->now), AKSU_OK);
    aksu_abort(w->net[CLIENT], c, w->now);
    move(w);
    aksu_close(w->net[SERVER], got, w->now);
    assert_true(room(w) > 0);
}

/* What went wrong has turned it off at the client. */
static void try_again(struct two *w)
{
    struct tcp_tuple t = { .local_ip = ip_of(w, CLIENT), .remote_ip = ip_of(w, SERVER) };
    struct fast_open_peer *off = fast_open_find(&w->net[CLIENT]->tcp, &t, 80);
    assert_non_null(off);
    assert_int_equal(room(w), 0);
    off->off_until = 0;
}

static void assert_text(struct aksu *net, aksu_conn c, const char *text, aksu_time now)
{
    char got[64];
    assert_int_equal(aksu_receive(net, c, got, sizeof got, now), strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static bool is_fast(struct aksu *net, aksu_conn c)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(net, c, &info), AKSU_OK);
    return info.fast_open;
}

/* R7413-4.2.2-b, R7413-4.1.3-a: one round trip for a question and its answer. */
static void text_comes_before_the_handshake_ends(void **state)  /* RFC 7413 4.2.2 */
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        aksu_conn got;
        two_init(&w, &(struct link_options){ .v6 = v6 });
        struct aksu *client = w.net[CLIENT], *server = w.net[SERVER];
        aksu_listener l = listen_fast(&w, 10, false);
        assert_int_equal(room(&w), 0);
        get_cookie(&w, l);
        assert_int_equal(room(&w), 1420 - (v6 ? 20 : 0));
        assert_int_equal(counted(server, AKSU_EV_fast_open_granted), 1);
        aksu_conn c = open_fast(&w, "question");
        assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);     /* the SYN alone */
        assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
        assert_int_equal(state_of(server, got), AKSU_TCP_SYN_RECEIVED);
        assert_text(server, got, "question", w.now);
        assert_int_equal(aksu_send(server, got, "answer", 6, 0, w.now), 6);
        assert_int_equal(aksu_pair_move(&w.pair, 2, w.now), 2);     /* SYN,ACK and the answer */
        assert_int_equal(state_of(server, got), AKSU_TCP_SYN_RECEIVED);
        assert_text(client, c, "answer", w.now);
        move(&w);
        assert_int_equal(state_of(server, got), AKSU_TCP_ESTABLISHED);
        assert_true(ready_bits(server, got) & AKSU_CONNECTED);
        assert_true(is_fast(client, c) && is_fast(server, got));
        assert_int_equal(counted(server, AKSU_EV_fast_open_taken), 1);
        two_fini(&w);
    }
}

/* R7413-4.2-a, R7413-2-a: neither a cookie nor text. */
static void it_is_off_by_default(void **state)                  /* RFC 7413 4.2 */
{
    (void)state;
    struct two w;
    struct tcp_segment seg;
    two_init(&w, NULL);
    listen_on(&w, SERVER, 80, false);
    (void)open_fast(&w, "question");
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    assert_true(segment_of(&w, SERVER, &seg));
    assert_false(seg.options.has & HAS_FAST_OPEN);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_fast_open_granted), 0);
    two_fini(&w);
}

static struct tcp_tuple tuple_of(const char *client, const char *server)
{
    return (struct tcp_tuple){ .local_ip = ip_text(server), .remote_ip = ip_text(client),
                               .local_port = 80, .remote_port = 1024 };
}

static enum fast_open_says says(const struct fast_open *f, const struct tcp_tuple *tuple,
                                const uint8_t *cookie, unsigned length, aksu_time now)
{
    struct tcp_options o = { .has = HAS_FAST_OPEN, .fast_open = cookie,
                             .fast_open_length = (uint8_t)length };
    return fast_open_says(f, tuple, &o, now);
}

/* R7413-4.1.2-a: whose cookies are good, and how long. */
static void cookies_are_macs_of_addresses(void **state)         /* RFC 7413 4.1.2 */
{
    (void)state;
    struct fast_open f = { .secret = { 1, 2 } };
    struct tcp_tuple a = tuple_of("10.0.0.1", "10.0.0.2"), b = tuple_of("10.0.0.3", "10.0.0.2");
    aksu_time day = AKSU_SECONDS(24 * 3600), half = day / 2;
    uint8_t cookie[8], other[8];
    fast_open_cookie(&f, &a, cookie, day);
    assert_int_equal(says(&f, &a, cookie, 8, day), FAST_OPEN_VALID);
    a.remote_port = 5;                          /* the addresses count, not the ports */
    assert_int_equal(says(&f, &a, cookie, 8, day + half - 1), FAST_OPEN_VALID);
    assert_int_equal(says(&f, &a, cookie, 8, day + half), FAST_OPEN_OLD);
    assert_int_equal(says(&f, &a, cookie, 8, day + 2 * half - 1), FAST_OPEN_OLD);
    assert_int_equal(says(&f, &a, cookie, 8, day + 2 * half), FAST_OPEN_INVALID);
    assert_int_equal(says(&f, &b, cookie, 8, day), FAST_OPEN_INVALID);
    fast_open_cookie(&f, &b, other, day);
    assert_memory_not_equal(cookie, other, 8);
    for (unsigned i = 0; i < 64; i++) {
        memcpy(other, cookie, 8);
        other[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(says(&f, &a, other, 8, day), FAST_OPEN_INVALID);
    }
    assert_int_equal(says(&f, &a, cookie, 6, day), FAST_OPEN_INVALID);
    assert_int_equal(says(&f, &a, cookie, 0, day), FAST_OPEN_REQUEST);
}

/* What Linux makes of the key a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4. */
static void cookies_are_linuxs(void **state)                    /* RFC 7413 4.1.2 */
{
    (void)state;
    static const uint8_t v4[8] = { 0x30, 0x21, 0xb9, 0xd8, 0x89, 0x01, 0x7e, 0xeb };
    static const uint8_t v6[8] = { 0xc1, 0xd1, 0xe9, 0x74, 0x2a, 0x47, 0xa9, 0xbc };
    struct sipkey key = { 0xb2b2b2b2a1a1a1a1u, 0xd4d4d4d4c3c3c3c3u };
    struct fast_open f = { .given = false };
    uint8_t cookie[8];
    fast_open_share(&f, &key, NULL);
    struct tcp_tuple four = tuple_of("192.0.2.1", "192.168.0.1");
    fast_open_cookie(&f, &four, cookie, 0);
    assert_memory_equal(cookie, v4, 8);
    struct tcp_tuple six = tuple_of("fd3d:fa7b:d17d::1", "fd3d:0a0b:17d6::1");
    fast_open_cookie(&f, &six, cookie, 0);
    assert_memory_equal(cookie, v6, 8);
}

/* R7413-4.1.2-a: the key before is good when it is given, and its cookies are replaced. */
static void keys_are_given_and_changed(void **state)            /* RFC 7413 4.1.2 */
{
    (void)state;
    static const uint8_t key[3][16] = { "first key 012345", "other key 012345",
                                        "third key 012345" };
    for (unsigned grace = 0; grace < 2; grace++) {
        struct two w;
        aksu_conn got;
        struct tcp_segment seg;
        two_init(&w, NULL);
        aksu_listener l = listen_fast(&w, 10, false);
        aksu_set_fast_open_key(w.net[SERVER], key[0], NULL);
        get_cookie(&w, l);
        aksu_set_fast_open_key(w.net[SERVER], key[1], grace ? key[0] : key[2]);
        aksu_conn c = open_fast(&w, "question");
        assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now),
                         grace ? AKSU_OK : AKSU_WOULD_BLOCK);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_fast_open_refused), !grace);
        assert_int_equal(counted(w.net[SERVER], AKSU_EV_fast_open_granted), 2);
        move(&w);
        if (!grace)
            assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        assert_text(w.net[SERVER], got, "question", w.now);     /* R7413-4.2.2-c: once, anyhow */
        assert_int_equal(is_fast(w.net[CLIENT], c), grace);
        (void)open_fast(&w, "next");            /* with the new one: R7413-4.1.3-a */
        assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        assert_true(segment_of(&w, SERVER, &seg));
        assert_false(seg.options.has & HAS_FAST_OPEN);
        two_fini(&w);
    }
}

/* R7413-4.2-b: beyond the limit all goes as without Fast Open, until one is no longer pending. */
static void no_more_than_the_limit_are_pending(void **state)    /* RFC 7413 4.2 */
{
    (void)state;
    struct two w;
    aksu_conn got[4];
    struct tcp_segment seg;
    two_init(&w, NULL);
    struct aksu *server = w.net[SERVER];
    aksu_listener l = listen_fast(&w, 2, false);
    get_cookie(&w, l);
    for (unsigned i = 0; i < 3; i++) {
        (void)open_fast(&w, "question");
        assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
        assert_true(segment_of(&w, SERVER, &seg));      /* the SYN,ACK never arrives */
        assert_int_equal(aksu_accept(server, l, &got[i], w.now),
                         i < 2 ? AKSU_OK : AKSU_WOULD_BLOCK);
        assert_false(seg.options.has & HAS_FAST_OPEN);
    }
    assert_int_equal(counted(server, AKSU_EV_fast_open_refused), 1);
    wait_for(&w, AKSU_SECONDS(4));              /* SYNs and SYN,ACKs go again */
    assert_int_equal(state_of(server, got[0]), AKSU_TCP_ESTABLISHED);
    while (aksu_accept(server, l, &got[3], w.now) == AKSU_OK)
        assert_text(server, got[3], "question", w.now);
    if (room(&w) == 0)                          /* whatever came last of those that answered */
        try_again(&w);
    (void)open_fast(&w, "last");
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    assert_int_equal(aksu_accept(server, l, &got[3], w.now), AKSU_OK);
    two_fini(&w);
}

/* The user has done with it while the SYN waits for text, or for its answer: all of it arrives. */
static void a_close_follows_the_text(void **state)              /* RFC 7413 4.2.2 */
{
    (void)state;
    for (unsigned moved = 0; moved < 2; moved++) {
        struct two w;
        aksu_conn c, got;
        two_init(&w, NULL);
        aksu_listener l = listen_fast(&w, 10, false);
        get_cookie(&w, l);
        struct aksu_open how = fast_to(&w);
        how.fast_open_wait = AKSU_MS(5);
        assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
        assert_int_equal(aksu_send(w.net[CLIENT], c, "question", 8, 0, w.now), 8);
        if (moved)
            assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
        assert_int_equal(aksu_shutdown(w.net[CLIENT], c, w.now), AKSU_OK);
        assert_int_equal(aksu_shutdown(w.net[CLIENT], c, w.now), AKSU_CLOSING);
        move(&w);
        assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
        assert_text(w.net[SERVER], got, "question", w.now);
        assert_int_equal(state_of(w.net[SERVER], got), AKSU_TCP_CLOSE_WAIT);
        assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_FIN_WAIT_2);
        two_fini(&w);
    }
}

/* R7413-5.1-a. The closing of one that was accepted does not free its place either. */
static void resets_count_for_a_while(void **state)              /* RFC 7413 5.1 */
{
    (void)state;
    struct two w;
    aksu_conn got, c;
    two_init(&w, NULL);
    struct aksu *server = w.net[SERVER];
    aksu_listener l = listen_fast(&w, 1, false);
    get_cookie(&w, l);
    c = open_fast(&w, "question");
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    aksu_abort(w.net[CLIENT], c, w.now);
    move(&w);                                   /* the SYN,ACK is answered by a RST */
    assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_WOULD_BLOCK);
    static const struct { unsigned seconds; bool taken; } later[] = { { 0, false }, { 59, false },
                                                                      { 61, true } };
    for (unsigned i = 0; i < 3; i++) {
        wait_for(&w, AKSU_SECONDS(later[i].seconds));
        c = open_fast(&w, "question");
        assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
        assert_int_equal(aksu_accept(server, l, &got, w.now),
                         later[i].taken ? AKSU_OK : AKSU_WOULD_BLOCK);
        move(&w);
        if (later[i].taken)
            break;
        assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
        try_again(&w);
    }
    two_fini(&w);
}

/* Whatever the user does with one that is pending, the listener's counts come out right. */
static void pending_ones_come_to_an_end(void **state)           /* RFC 7413 4.2 */
{
    (void)state;
    for (unsigned way = 0; way < 6; way++) {
        struct two w;
        aksu_conn got;
        two_init(&w, NULL);
        struct aksu *server = w.net[SERVER];
        aksu_listener l = listen_fast(&w, 3, false);
        get_cookie(&w, l);
        const struct listener *counts = listener_find(&server->listeners, l);
        aksu_conn c = open_fast(&w, "question");
        assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
        assert_int_equal(counts->fast_open_pending, 1);
        assert_int_equal(counts->pending, 1);
        if (way > 0)
            assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
        assert_int_equal(counts->pending, 1);   /* half-open still */
        assert_int_equal(counts->waiting, way == 0);
        if (way == 2)
            aksu_abort(server, got, w.now);
        if (way >= 3)
            assert_text(server, got, "question", w.now);
        if (way == 3 || way == 4)
            aksu_close(server, got, w.now);
        if (way == 3 || way == 4)
            assert_int_equal(counts->fast_open_pending, 1);     /* FIN-WAIT-1, not acknowledged */
        if (way == 4)
            aksu_abort(w.net[CLIENT], c, w.now);
        if (way == 5)
            aksu_close_listener(server, l, w.now);
        move(&w);
        if (way < 5) {
            assert_int_equal(counts->fast_open_pending, 0);
            assert_int_equal(counts->pending, way == 0);
        } else {
            assert_int_equal(state_of(server, got), AKSU_TCP_ESTABLISHED);
        }
        if (way == 0)
            assert_int_equal(aksu_accept(server, l, &got, w.now), AKSU_OK);
        two_fini(&w);
    }
}

static void a_listener_closes_with_one_pending(void **state)    /* RFC 9293 3.10.4 */
{
    (void)state;
    struct two w;
    struct tcp_segment seg;
    two_init(&w, NULL);
    aksu_listener l = listen_fast(&w, 3, false);
    get_cookie(&w, l);
    (void)open_fast(&w, "question");
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    assert_true(segment_of(&w, SERVER, &seg));
    assert_int_equal(aksu_close_listener(w.net[SERVER], l, w.now), AKSU_OK);
    assert_true(segment_of(&w, SERVER, &seg));
    assert_int_equal(seg.ctl, CTL_RST | CTL_ACK);
    assert_false(segment_of(&w, SERVER, &seg));
    two_fini(&w);
}

static void a_laboratory_needs_no_cookie(void **state)          /* RFC 7413 7.3 */
{
    (void)state;
    struct two w;
    aksu_conn got, c;
    struct tcp_segment seg;
    two_init(&w, NULL);
    aksu_listener l = listen_fast(&w, 3, true);
    struct aksu_open how = fast_to(&w);
    how.fast_open_no_cookie = true;
    assert_int_equal(aksu_fast_open_room(w.net[CLIENT], &how, w.now), 1420);
    assert_int_equal(aksu_open(w.net[CLIENT], &how, &c, w.now), AKSU_OK);
    assert_int_equal(aksu_send(w.net[CLIENT], c, "question", 8, 0, w.now), 8);
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_text(w.net[SERVER], got, "question", w.now);
    assert_true(segment_of(&w, SERVER, &seg));
    assert_false(seg.options.has & HAS_FAST_OPEN);
    two_fini(&w);
}

/* One that holds SYNs for the application takes no text from them. */
static void held_syns_are_not_opened(void **state)              /* RFC 7413 4.2 */
{
    (void)state;
    struct two w;
    aksu_listener l;
    struct aksu_listen how = { .local = { .port = 80 }, .fast_open = 5, .hold_syn = true,
                               .fast_open_no_cookie = true };
    two_init(&w, NULL);
    assert_int_equal(aksu_listen(w.net[SERVER], &how, &l, w.now), AKSU_OK);
    (void)open_fast(&w, "question");
    move(&w);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_fast_open_granted), 0);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_held), 1);
    two_fini(&w);
}

/* The table of a client is of 64; the one that was used longest ago makes room. */
static void a_client_keeps_so_many_cookies(void **state)        /* RFC 7413 4.1.3 */
{
    (void)state;
    struct two w;
    two_init(&w, NULL);
    struct tcp_env *env = &w.net[CLIENT]->tcp;
    struct tcp_tuple t = { .local_ip = ip_text("10.0.0.1"), .remote_ip = ip_text("10.0.0.0") };
    for (unsigned i = 0; i < 100; i++) {
        t.remote_ip.octet[15] = (uint8_t)i;
        fast_open_have(env, &t, 0)->length = 8;
        t.remote_ip.octet[15] = 0;
        assert_int_equal(fast_open_have(env, &t, 0)->length, 8);    /* it is used all the time */
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < 100; i++) {
        t.remote_ip.octet[15] = (uint8_t)i;
        kept += fast_open_find(env, &t, 0) != NULL;
    }
    assert_int_equal(kept, FAST_OPEN_PEERS);
    assert_non_null(fast_open_find(env, &t, 0));
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_comes_before_the_handshake_ends),
        cmocka_unit_test(it_is_off_by_default),
        cmocka_unit_test(cookies_are_macs_of_addresses),
        cmocka_unit_test(cookies_are_linuxs),
        cmocka_unit_test(keys_are_given_and_changed),
        cmocka_unit_test(no_more_than_the_limit_are_pending),
        cmocka_unit_test(a_close_follows_the_text),
        cmocka_unit_test(resets_count_for_a_while),
        cmocka_unit_test(pending_ones_come_to_an_end),
        cmocka_unit_test(a_listener_closes_with_one_pending),
        cmocka_unit_test(a_laboratory_needs_no_cookie),
        cmocka_unit_test(held_syns_are_not_opened),
        cmocka_unit_test(a_client_keeps_so_many_cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
