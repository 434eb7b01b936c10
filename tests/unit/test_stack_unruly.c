/* test_stack_unruly.c - what frames from a device that does as it likes must not do: super-frames
 * in many parts, batches beside the window, routers that come and go (RFC 4861 6.3.6, 7.2.5). */
#include "alone_help.h"
#include "gro_help.h"

#include <stdio.h>

/* --- batches --- */

/* The text may begin in the first part: then there are as many slices as parts. */
static void a_frame_has_19_parts(void **state)
{
    (void)state;
    for (unsigned batch = 0; batch < 2; batch++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape shape = { .slices = AKSU_FRAME_PARTS };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        put(&s, &b, &f, 0, 2 * SIZE, &shape);
        put(&s, &b, &f, 2 * SIZE, SIZE, NULL);
        struct aksu_slice *part = b.frame[0].part;
        part[0].length += 10;
        part[1] = (struct aksu_slice){ part[1].data + 10, part[1].length - 10 };
        if (batch)
            give_batch(&s, &b);
        else
            give_singly(&s, &b);
        assert_int_equal(s.heard.dropped, 0);
        assert_int_equal(read_stream(&s, &f, 0), 3 * SIZE);
        scene_fini(&s);
    }
}

/* RFC 9293 3.4: one of them lies in the window, whatever the others do. */
static void a_run_may_reach_over_both_edges(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct scene s;
        struct batch b = { 0 };
        scene_init(&s, v6, false);
        struct flow f = scene_flow(&s);
        uint32_t window = server_info(&s, &f).rcv_wnd, at = 0;
        for (; window > 2 * SIZE; at += SIZE) {         /* nobody reads */
            put(&s, &b, &f, at, SIZE, NULL);
            give_singly(&s, &b);
            drain(&s);
            window = server_info(&s, &f).rcv_wnd;
        }
        assert_int_not_equal(window, 0);
        for (uint32_t i = 0; i < 8; i++)
            put(&s, &b, &f, at - SIZE + i * SIZE, SIZE, NULL);
        give_batch(&s, &b);
        assert_int_equal(read_stream(&s, &f, 0), at + window);
        scene_fini(&s);
    }
}

/* RFC 9293 3.4: neither its first nor its last octet is in the window. */
static void one_segment_may_not(void **state)
{
    (void)state;
    struct scene s;
    struct batch b = { 0 };
    scene_init(&s, false, false);
    struct flow f = scene_flow(&s);
    uint32_t window = server_info(&s, &f).rcv_wnd, at = 0;
    for (; window > SIZE; at += SIZE) {
        put(&s, &b, &f, at, SIZE, NULL);
        give_singly(&s, &b);
        drain(&s);
        window = server_info(&s, &f).rcv_wnd;
    }
    assert_int_not_equal(window, 0);
    put(&s, &b, &f, at - SIZE, 3 * SIZE, NULL);
    give_batch(&s, &b);
    assert_int_equal(read_stream(&s, &f, 0), at);
    scene_fini(&s);
}

/* RFC 9293 3.8.4: an old octet is answered, also when something else came with it. */
static void a_keep_alive_in_a_batch_is_answered(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 3; more++) {
        struct scene s;
        struct batch b = { 0 };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        put(&s, &b, &f, 0, SIZE, NULL);
        give_batch(&s, &b);
        wait_for(&s.w, AKSU_MS(500));
        put(&s, &b, &f, SIZE - 1, 1, NULL);
        for (unsigned i = 0; i < more; i++)
            put(&s, &b, &f, SIZE + i, 1, NULL);
        give_batch(&s, &b);
        drain(&s);
        if (more == 0)
            assert_int_equal(s.heard.out, 1);
        wait_for(&s.w, AKSU_MS(500));
        assert_int_equal(s.heard.sent[s.heard.out - 1].ack, f.info.snd_nxt + SIZE + more);
        assert_int_equal(read_stream(&s, &f, 0), SIZE + more);
        scene_fini(&s);
    }
}

/* The connection goes in the middle of a batch, and another one with its ports comes. */
static void a_batch_outlives_its_connection(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct scene s;
        struct batch b = { 0 };
        struct shape rst = { .ctl = CTL_RST }, syn = { .ctl = CTL_SYN, .no_ack = true, .ts = 9 };
        scene_init(&s, false, false);
        struct flow f = scene_flow(&s);
        if (how == 1)
            (void)aksu_close(s.w.net[SERVER], f.conn[SERVER], s.w.now);
        if (how == 2)
            (void)aksu_abort(s.w.net[SERVER], f.conn[SERVER], s.w.now);
        put(&s, &b, &f, 0, SIZE, NULL);
        put(&s, &b, &f, SIZE, SIZE, NULL);
        put(&s, &b, &f, 2 * SIZE, 0, &rst);
        put(&s, &b, &f, 2 * SIZE, SIZE, NULL);
        put(&s, &b, &f, 3 * SIZE, SIZE, NULL);
        put(&s, &b, &f, 90000, 0, &syn);
        put(&s, &b, &f, 90001, SIZE, NULL);
        put(&s, &b, &f, 91001, SIZE, NULL);
        give_batch(&s, &b);
        drain(&s);
        wait_for(&s.w, AKSU_SECONDS(3));
        scene_fini(&s);
    }
}

/* --- routers --- */

static void give_router(struct alone *w, const char *source, uint32_t lifetime, uint8_t mac)
{
    struct advert ra;
    advert_init(&ra, lifetime);
    ra.source = source;
    if (mac != 0)
        advert_link_address(&ra, mac);
    advert_give(w, &ra);
}

/* RFC 4861 6.3.6: while nobody knows whether it answers, one that does is preferred. */
static void a_silent_router_stays_silent_while_it_is_asked(void **state)
{
    (void)state;
    struct alone w;
    alone_start(&w);
    alone_add(&w, 0, "2001:db8::5/64");
    give_router(&w, "fe80::a1", 9000, 0);
    give_router(&w, "fe80::a2", 9000, 2);
    alone_reachable(&w, "2620::1");
    assert_true(alone_asks_for(&w, "fe80::a1"));
    alone_wait(&w, AKSU_SECONDS(4));
    alone_forget(&w);
    alone_reachable(&w, "2620::1");
    assert_non_null(alone_sent(&w, 128, 0, NULL));
    assert_int_equal(alone_sent(&w, 128, 0, NULL)->octet[5], 2);
    alone_wait(&w, AKSU_SECONDS(30));
    give_router(&w, "fe80::a2", 9000, 2);       /* it is still there */
    alone_reachable(&w, "fe80::a1");            /* itself, not through it */
    alone_wait(&w, AKSU_MS(100));
    alone_forget(&w);
    alone_reachable(&w, "2620::1");
    assert_non_null(alone_sent(&w, 128, 0, NULL));
    alone_fini(&w);
}

/* RFC 4861 7.2.5: "do not update the entry in any other way". */
static void what_must_not_override_ends_no_router(void **state)
{
    (void)state;
    struct alone w;
    alone_start(&w);
    alone_add(&w, 0, "2001:db8::5/64");
    give_router(&w, "fe80::1", 9000, 1);
    struct icmp_message m = { .kind = ICMP_NEIGHBOR_ADVERTISEMENT, .router = true,
                              .solicited = true, .override = true,
                              .target = ip_of_text("fe80::1") };
    struct aksu_address own;
    char text[AKSU_IP_TEXT];
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "fe80::", &own));
    aksu_ip_format(&own.ip, text);
    alone_icmp(&w, 0, 1, "fe80::1", text, 255, &m);     /* it is reachable */
    m = (struct icmp_message){ .kind = ICMP_NEIGHBOR_ADVERTISEMENT, .has_link_address = true,
                               .link_address = { 2, 0, 0, 0, 99, 66 },
                               .target = ip_of_text("fe80::1") };
    alone_icmp(&w, 0, 66, "fe80::66", "ff02::1", 255, &m);
    assert_false(alone_logged(&w, "no router any more"));
    alone_forget(&w);
    assert_true(alone_reachable(&w, "2620::1"));
    assert_int_equal(alone_sent(&w, 128, 0, NULL)->octet[5], 1);
    alone_fini(&w);
}

/* A flood takes no more memory, and what was there stays. */
static void a_flood_of_advertisements(void **state)
{
    (void)state;
    struct alone w;
    struct aksu_counters before, after;
    uint64_t seed = 5;
    alone_start(&w);
    advertise(&w, "2001:db8:1::", ON_LINK | AUTONOMOUS, 7200, 3600);
    alone_wait(&w, AKSU_SECONDS(5));
    aksu_counters(w.net, &before);
    for (unsigned i = 0; i < 3000; i++) {
        struct advert ra;
        char text[64];
        advert_init(&ra, chance_below(&seed, 3) * chance_below(&seed, 9000));
        snprintf(text, sizeof text, "fe80::%x", 1 + chance_below(&seed, 60000));
        ra.source = text;
        char prefix[64] = "";
        for (unsigned n = chance_below(&seed, 6); n > 0; n--) {
            snprintf(prefix, sizeof prefix, "2001:%x:%x::", chance_below(&seed, 9),
                     chance_below(&seed, 60000));
            advert_prefix(&ra, prefix, (uint8_t)(chance_below(&seed, 2) ? 64
                              : chance_below(&seed, 129)), (uint8_t)(64 * chance_below(&seed, 4)),
                          chance_below(&seed, 3) * chance_below(&seed, 900),
                          chance_below(&seed, 300));
        }
        advert_resolver(&ra, prefix[0] == '2' ? "2001:db8::53" : "fe80::53",
                        chance_below(&seed, 100));
        advert_mtu(&ra, chance_below(&seed, 2000));
        advert_link_address(&ra, (uint8_t)chance_below(&seed, 200));
        advert_give(&w, &ra);
        alone_forget(&w);
        alone_wait(&w, AKSU_MS(chance_below(&seed, 100)));
        alone_forget(&w);
    }
    struct aksu_address a;
    assert_true(address_of(&w, AKSU_ADDRESS_PREFERRED, "2001:db8:1:", &a));
    alone_wait(&w, AKSU_SECONDS(20));
    aksu_counters(w.net, &after);
    assert_int_equal(after.memory_used, before.memory_used);
    for (unsigned i = 0; i < 20; i++) {
        alone_wait(&w, AKSU_SECONDS(800));
        alone_forget(&w);
    }
    assert_true(alone_reachable(&w, "fe80::77"));
    assert_false(alone_reachable(&w, "2620::1"));
    alone_fini(&w);
}

/* --- devices --- */

static void the_last_device(void **state)
{
    (void)state;
    struct aksu_config config = { 0 };
    struct aksu *net = aksu_new(&config, 0);
    aksu_device d = { 0 };
    unsigned n = 0;
    struct aksu_device_config c = { .mac = { 2, 1 }, .carries_loopback = true };
    while (n < 100 && aksu_attach(net, &c, &d) == AKSU_OK)
        n++;
    assert_int_equal(n, 63);
    assert_int_equal(aksu_autoconfigure(net, d, 0), AKSU_OK);
    assert_int_equal(aksu_autoconfigure(net, (aksu_device){ n + 1 }, 0), AKSU_INVALID);
    aksu_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_may_reach_over_both_edges),
        cmocka_unit_test(one_segment_may_not),
        cmocka_unit_test(a_keep_alive_in_a_batch_is_answered),
        cmocka_unit_test(a_batch_outlives_its_connection),
        cmocka_unit_test(a_silent_router_stays_silent_while_it_is_asked),
        cmocka_unit_test(what_must_not_override_ends_no_router),
        cmocka_unit_test(a_flood_of_advertisements),
        cmocka_unit_test(the_last_device),
        cmocka_unit_test(a_frame_has_19_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
