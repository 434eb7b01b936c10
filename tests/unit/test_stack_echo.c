/* test_stack_echo.c - echo requests of the stack, their replies, and ICMP errors about them
 * (RFC 792, RFC 1122 3.2.2, RFC 4443 3, 4). */
#include "stack_help.h"

#include "aksu/ip.h"
#include "stack/stack.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static bool echo_ready(struct aksu *net)
{
    struct aksu_ready r;
    bool ready = false;
    while (aksu_next_ready(net, &r))
        ready = ready || r.what == AKSU_ECHO;
    return ready;
}

static enum aksu_status request(struct two *w, struct aksu_ip to, uint16_t sequence, size_t length)
{
    static uint8_t text[1401];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i + sequence);
    return aksu_echo_send(w->net[CLIENT], &to, 77, sequence, text, length, 0, w->now);
}

static void a_request_is_answered(void **state)
{
    (void)state;
    static const size_t length[] = { 0, 1, 31, 32, 33, 1400 };
    for (unsigned kind = 0; kind < 4; kind++) {
        struct two w;
        struct aksu_echo e;
        two_init(&w, &(struct link_options){ .v6 = kind & 1, .ethernet = kind & 2 });
        struct aksu_ip peer = ip_of(&w, SERVER);
        for (uint16_t i = 0; i < sizeof length / sizeof length[0]; i++) {
            assert_int_equal(request(&w, peer, i, length[i]), AKSU_OK);
            assert_false(aksu_echo_receive(w.net[CLIENT], &e));
            wait_for(&w, AKSU_MS(10));
            assert_true(echo_ready(w.net[CLIENT]));
            assert_false(echo_ready(w.net[CLIENT]));
            assert_true(aksu_echo_receive(w.net[CLIENT], &e));
            assert_false(aksu_echo_receive(w.net[CLIENT], &e));
            assert_int_equal(e.status, AKSU_OK);
            assert_int_equal(e.type, w.v6 ? 129 : 0);
            assert_int_equal(e.ttl, 64);
            assert_int_equal(e.identifier, 77);
            assert_int_equal(e.sequence, i);
            assert_int_equal(e.length, length[i]);
            assert_memory_equal(&e.from, &peer, sizeof peer);
            assert_true(e.at > 0 && e.at <= w.now);
            for (unsigned n = 0; n < 32; n++)
                assert_int_equal(e.text[n], n < length[i] ? (uint8_t)(n + i) : 0);
        }
        two_fini(&w);
    }
}

static void a_stack_answers_itself(void **state)
{
    (void)state;
    static const char *const own[] = { "127.0.0.1", "::1", "10.0.0.1", "fd00::1" };
    struct two w;
    struct aksu_echo e;
    struct aksu_frame f;
    two_init(&w, &(struct link_options){ .ethernet = true });
    for (uint16_t i = 0; i < 4; i++) {
        struct aksu_ip to = ip_text(own[i]);
        assert_int_equal(request(&w, to, i, 10), AKSU_OK);
        assert_false(take_frame(&w, CLIENT, &f));
        assert_true(aksu_echo_receive(w.net[CLIENT], &e));
        assert_int_equal(e.sequence, i);
        assert_memory_equal(&e.from, &to, sizeof to);
    }
    two_fini(&w);
}

static void what_cannot_be_sent(void **state)
{
    (void)state;
    static const char *const nowhere[] = { "192.0.2.1", "2001:db8::1", "0.0.0.0", "::",
                                           "255.255.255.255", "10.0.0.255", "224.0.0.1",
                                           "ff02::1" };
    struct two w;
    two_init(&w, NULL);
    assert_int_equal(request(&w, ip_of(&w, SERVER), 0, 1401), AKSU_TOO_LONG);
    for (unsigned i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        assert_int_equal(request(&w, ip_text(nowhere[i]), 0, 1), AKSU_UNREACHABLE_NET);
    for (uint16_t i = 0; i < PENDING_MOST; i++)
        assert_int_equal(request(&w, ip_of(&w, SERVER), i, 1), AKSU_OK);
    assert_int_equal(request(&w, ip_of(&w, SERVER), 0, 1), AKSU_NO_RESOURCES);
    two_fini(&w);
}

static void the_hop_limit_is_as_asked(void **state)
{
    (void)state;
    struct two w;
    struct aksu_frame f;
    two_init(&w, NULL);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        w.v6 = v6;
        struct aksu_ip to = ip_of(&w, SERVER);
        assert_int_equal(aksu_echo_send(w.net[CLIENT], &to, 1, 1, NULL, 0, 3, w.now), AKSU_OK);
        assert_true(take_frame(&w, CLIENT, &f));
        assert_int_equal(f.part[0].data[v6 ? 7 : 8], 3);
    }
    two_fini(&w);
}

/* The oldest gives way, and nothing is held when all has been read. */
static void a_queue_of_64(void **state)
{
    (void)state;
    struct two w;
    struct aksu_echo e;
    struct aksu_counters before, after;
    two_init(&w, NULL);
    aksu_counters(w.net[CLIENT], &before);
    for (uint16_t i = 0; i < 100; i++) {
        assert_int_equal(request(&w, ip_of(&w, SERVER), i, 1), AKSU_OK);
        move(&w);
    }
    for (uint16_t i = 36; i < 100; i++) {
        assert_true(aksu_echo_receive(w.net[CLIENT], &e));
        assert_int_equal(e.sequence, i);
    }
    assert_false(aksu_echo_receive(w.net[CLIENT], &e));
    aksu_counters(w.net[CLIENT], &after);
    assert_int_equal(before.memory_used, after.memory_used);
    assert_false(echo_ready(w.net[CLIENT]));            /* all read before it was told */
    two_fini(&w);
}

static void without_memory_replies_are_lost(void **state)
{
    (void)state;
    struct two w;
    struct aksu_echo e;
    struct aksu_frame f;
    uint8_t octets[100];
    two_init(&w, NULL);
    assert_int_equal(request(&w, ip_of(&w, SERVER), 1, 10), AKSU_OK);
    assert_true(take_frame(&w, CLIENT, &f));
    memcpy(octets, f.part[0].data, f.length);
    f.part[0].data = octets;
    aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
    while (pool_take(&w.net[CLIENT]->pool) != 0)
        ;
    move(&w);
    assert_false(aksu_echo_receive(w.net[CLIENT], &e));
    assert_false(echo_ready(w.net[CLIENT]));
    two_fini(&w);
}

static void nobody_who_did_not_ask_is_told(void **state)
{
    (void)state;
    struct two w;
    struct aksu_echo e;
    struct aksu_frame f;
    uint8_t octets[100];
    two_init(&w, NULL);
    assert_int_equal(request(&w, ip_of(&w, SERVER), 1, 10), AKSU_OK);
    move(&w);
    /* the reply again, but to the other side */
    assert_true(aksu_echo_receive(w.net[CLIENT], &e));
    struct ip_out ip = { .source = ip_of(&w, CLIENT), .destination = ip_of(&w, SERVER), .ttl = 9,
                         .protocol = IP_PROTOCOL_ICMP };
    struct writer out = writer_of(octets, sizeof octets);
    ip_build(&out, &ip, 8);
    wire_icmpv4_build(&out, &(struct icmp_message){ .kind = ICMP_ECHO_REPLY });
    f = (struct aksu_frame){ .parts = 1, .length = 28 };
    f.part[0] = (struct aksu_slice){ octets, 28 };
    aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
    assert_false(aksu_echo_receive(w.net[SERVER], &e));
    assert_false(echo_ready(w.net[SERVER]));
    two_fini(&w);
}

/* --- errors --- */

struct trouble {
    enum icmp_kind kind;
    uint8_t code;
    enum aksu_status status[2];     /* IPv4, IPv6 */
};

/* A router at .9 says something about the request that the client has sent. */
static void complain(struct two *w, const struct trouble *t, const uint8_t *quoted, size_t length)
{
    uint8_t octets[2000];
    struct ip_out ip = { .source = ip_text(w->v6 ? "fd00::9" : "10.0.0.9"),
                         .destination = ip_of(w, CLIENT), .ttl = 55,
                         .protocol = w->v6 ? IP_PROTOCOL_ICMPV6 : IP_PROTOCOL_ICMP };
    struct icmp_message m = { .kind = t->kind, .code = t->code, .mtu = 1300, .body = quoted,
                              .body_length = length };
    struct writer out = writer_of(octets, sizeof octets);
    ip_build(&out, &ip, (uint32_t)(8 + length));
    if (w->v6)
        wire_icmpv6_build(&out, &ip.source, &ip.destination, &m);
    else
        wire_icmpv4_build(&out, &m);
    struct aksu_frame f = { .parts = 1, .length = (uint32_t)writer_length(&out) };
    f.part[0] = (struct aksu_slice){ octets, f.length };
    aksu_frame_in(w->net[CLIENT], w->pair.device[CLIENT], &f, w->now);
}

static void errors_are_told(void **state)
{
    (void)state;
    static const struct trouble all[] = {
        { ICMP_UNREACHABLE, 0, { AKSU_UNREACHABLE_NET, AKSU_UNREACHABLE_NET } },
        { ICMP_UNREACHABLE, 1, { AKSU_UNREACHABLE_HOST, AKSU_PROHIBITED } },
        { ICMP_TIME_EXCEEDED, 0, { AKSU_UNREACHABLE_HOST, AKSU_UNREACHABLE_HOST } },
        { ICMP_TOO_BIG, 0, { AKSU_TOO_LONG, AKSU_TOO_LONG } },
    };
    for (unsigned i = 0; i < 8; i++) {
        struct two w;
        struct aksu_frame f;
        struct aksu_echo e;
        uint8_t quoted[200];
        const struct trouble *t = &all[i / 2];
        two_init(&w, &(struct link_options){ .v6 = i & 1 });
        struct aksu_ip router = ip_text(w.v6 ? "fd00::9" : "10.0.0.9"), to = ip_of(&w, SERVER);
        assert_int_equal(request(&w, to, 321, 100), AKSU_OK);
        assert_true(take_frame(&w, CLIENT, &f));
        memcpy(quoted, f.part[0].data, f.length);
        complain(&w, t, quoted, w.v6 ? 48 : 28);        /* no more than must be */
        assert_true(echo_ready(w.net[CLIENT]));
        assert_true(aksu_echo_receive(w.net[CLIENT], &e));
        assert_int_equal(e.status, t->status[w.v6]);
        assert_int_equal(e.identifier, 77);
        assert_int_equal(e.sequence, 321);
        assert_int_equal(e.code, t->kind == ICMP_TOO_BIG && !w.v6 ? 4 : t->code);
        assert_int_equal(e.ttl, 55);
        assert_memory_equal(&e.from, &router, sizeof router);
        assert_memory_equal(&e.to, &to, sizeof to);

        complain(&w, t, quoted, w.v6 ? 47 : 27);        /* too short */
        uint8_t *icmp = quoted + (w.v6 ? 40 : 20);
        icmp[0] ^= 1;                                   /* no request */
        complain(&w, t, quoted, 60);
        icmp[0] ^= 1;
        quoted[w.v6 ? 23 : 15] ^= 8;                    /* from somebody else */
        complain(&w, t, quoted, 60);
        assert_false(aksu_echo_receive(w.net[CLIENT], &e));
        two_fini(&w);
    }
}

/* What is too long for the path says so for everybody, when it can be true. */
static void a_request_that_was_too_big(void **state)    /* RFC 1191 3, RFC 8201 4, 5.2 */
{
    (void)state;
    static const struct trouble too_big = { ICMP_TOO_BIG, 0, { AKSU_TOO_LONG, AKSU_TOO_LONG } };
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        struct aksu_frame f;
        uint8_t quoted[200];
        two_init(&w, &(struct link_options){ .v6 = v6 });
        struct aksu_ip to = ip_of(&w, SERVER);
        uint8_t *icmp = quoted + (v6 ? 40 : 20);
        assert_int_equal(request(&w, to, 320, 1400), AKSU_OK);
        while (take_frame(&w, CLIENT, &f))
            memcpy(quoted, f.part[0].data, 60);
        icmp[5] ^= 1;                                   /* another's */
        complain(&w, &too_big, quoted, 60);
        icmp[5] ^= 1;
        icmp[6] ^= 0x40;                                /* long ago */
        complain(&w, &too_big, quoted, 60);
        icmp[6] ^= 0x40;
        assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 0);
        complain(&w, &too_big, quoted, 60);             /* 1300 */
        assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 1);
        assert_int_equal(path_mtu_get(&w.net[CLIENT]->path_mtu, &to, 1500, w.now), 1300);
        two_fini(&w);

        two_init(&w, &(struct link_options){ .v6 = v6 });
        assert_int_equal(request(&w, to, 320, 1000), AKSU_OK);
        while (take_frame(&w, CLIENT, &f))
            memcpy(quoted, f.part[0].data, 60);
        complain(&w, &too_big, quoted, 60);             /* it was not */
        assert_int_equal(counted(w.net[CLIENT], AKSU_EV_path_mtu), 0);
        two_fini(&w);
    }
}

/* RFC 4861 7.2.2: also of IPv4, and once for each request, even when it was cut. */
static void a_next_hop_that_does_not_answer(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct two w;
        struct aksu_echo e;
        two_init(&w, &(struct link_options){ .v6 = v6, .ethernet = true, .mtu = 1300 });
        struct aksu_ip own = ip_of(&w, CLIENT), to = ip_text(v6 ? "fd00::77" : "10.0.0.77");
        for (uint16_t i = 0; i < 2; i++) {
            assert_int_equal(request(&w, to, i, 1400), AKSU_OK);
            wait_for(&w, i == 0 ? AKSU_MS(2900) : 0);   /* asked for three times, 1 s apart */
            assert_int_equal(echo_ready(w.net[CLIENT]), i);
            wait_for(&w, AKSU_MS(200));
            assert_int_equal(echo_ready(w.net[CLIENT]), !i);
            assert_true(aksu_echo_receive(w.net[CLIENT], &e));
            assert_int_equal(e.status, AKSU_UNREACHABLE_HOST);
            assert_int_equal(e.type, v6 ? 1 : 3);
            assert_int_equal(e.code, v6 ? 3 : 1);
            assert_int_equal(e.identifier, 77);
            assert_int_equal(e.sequence, i);
            assert_int_equal(e.at, w.now - (i ? AKSU_MS(200) : AKSU_MS(100)));
            assert_memory_equal(&e.from, &own, sizeof own);
            assert_memory_equal(&e.to, &to, sizeof to);
            assert_false(aksu_echo_receive(w.net[CLIENT], &e));
        }
        two_fini(&w);
    }
}

static void errors_are_not_told_before_a_request(void **state)
{
    (void)state;
    struct two w;
    struct aksu_frame f;
    struct aksu_echo e;
    uint8_t quoted[200];
    two_init(&w, NULL);
    assert_int_equal(request(&w, ip_of(&w, SERVER), 1, 10), AKSU_OK);
    assert_true(take_frame(&w, CLIENT, &f));
    memcpy(quoted, f.part[0].data, f.length);
    w.net[CLIENT]->echo.used = false;
    complain(&w, &(struct trouble){ .kind = ICMP_TIME_EXCEEDED }, quoted, 38);
    assert_false(aksu_echo_receive(w.net[CLIENT], &e));
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(a_stack_answers_itself),
        cmocka_unit_test(what_cannot_be_sent),
        cmocka_unit_test(the_hop_limit_is_as_asked),
        cmocka_unit_test(a_queue_of_64),
        cmocka_unit_test(without_memory_replies_are_lost),
        cmocka_unit_test(nobody_who_did_not_ask_is_told),
        cmocka_unit_test(errors_are_told),
        cmocka_unit_test(a_request_that_was_too_big),
        cmocka_unit_test(a_next_hop_that_does_not_answer),
        cmocka_unit_test(errors_are_not_told_before_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
