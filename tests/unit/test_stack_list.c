/* test_stack_list.c - what one sees of a stack from outside: all its connections, and the timer of
 * each that runs out next. */
#include "stack_help.h"

enum { MANY = 300 };

/* How many there are; every handle is live, and comes once. */
static unsigned listed(const struct aksu *net)
{
    static aksu_conn seen[4 * MANY];
    struct aksu_info info;
    uint32_t cursor = 0;
    unsigned n = 0;
    while (aksu_next_connection(net, &cursor, &seen[n])) {
        assert_int_equal(aksu_status(net, seen[n], &info), AKSU_OK);
        for (unsigned i = 0; i < n; i++)
            assert_int_not_equal(seen[i].index, seen[n].index);
        n++;
    }
    assert_false(aksu_next_connection(net, &cursor, &seen[n]));
    return n;
}

static bool is_listed(const struct aksu *net, aksu_conn conn)
{
    uint32_t cursor = 0;
    aksu_conn c;
    while (aksu_next_connection(net, &cursor, &c))
        if (c.index == conn.index && c.generation == conn.generation)
            return true;
    return false;
}

static void all_connections_are_listed(void **state)
{
    (void)state;
    struct two w;
    static aksu_conn c[MANY][2];
    two_init(&w, NULL);
    assert_int_equal(listed(w.net[CLIENT]), 0);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    assert_int_equal(listed(w.net[SERVER]), 0);
    for (unsigned i = 0; i < MANY; i++) {
        connect_pair(&w, l, 80, c[i]);
        assert_int_equal(listed(w.net[CLIENT]), i + 1);
    }
    assert_int_equal(listed(w.net[SERVER]), MANY);
    open_to(&w, 80);                            /* half-open, and not accepted yet */
    assert_int_equal(listed(w.net[CLIENT]), MANY + 1);
    move(&w);
    assert_int_equal(listed(w.net[SERVER]), MANY + 1);

    unsigned left = MANY + 1;
    for (unsigned i = 0; i < MANY; i += i % 5 == 0 ? 1 : 3, left--) {
        assert_int_equal(aksu_abort(w.net[CLIENT], c[i][CLIENT], w.now), AKSU_OK);
        move(&w);
        assert_false(is_listed(w.net[CLIENT], c[i][CLIENT]));
        assert_true(is_listed(w.net[SERVER], c[i][SERVER]));    /* failed, but held */
    }
    assert_int_equal(listed(w.net[CLIENT]), left);
    assert_int_equal(listed(w.net[SERVER]), MANY + 1);
    two_fini(&w);
}

/* A handle that was given back, and a TIME-WAIT record. */
static void what_has_no_handle_is_not_listed(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_counters counters;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    assert_int_equal(aksu_close(w.net[CLIENT], c[CLIENT], w.now), AKSU_OK);
    assert_int_equal(listed(w.net[CLIENT]), 0);
    move(&w);
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.connections, 1);  /* FIN-WAIT-2 */
    assert_int_equal(aksu_close(w.net[SERVER], c[SERVER], w.now), AKSU_OK);
    move(&w);
    aksu_counters(w.net[CLIENT], &counters);
    assert_int_equal(counters.time_wait, 1);
    assert_int_equal(listed(w.net[CLIENT]), 0);
    two_fini(&w);
}

/* A SYN that nobody can answer leaves nothing behind. */
static void what_was_deleted_is_not_listed(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    uint8_t octets[200];
    two_init(&w, &(struct link_options){ .v6 = true });
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    connect_pair(&w, l, 80, c);
    open_to(&w, 80);
    assert_true(take_frame(&w, CLIENT, &f));
    memcpy(octets, f.part[0].data, f.length);
    struct aksu_ip stranger = ip_text("2001:db8::9");
    memcpy(octets + 8, &stranger, 16);
    f = (struct aksu_frame){ .parts = 1, .length = f.length, .checksum_partial = true,
                             .part[0] = { octets, f.length } };
    aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_refused), 1);
    assert_int_equal(listed(w.net[SERVER]), 1);
    two_fini(&w);
}

static struct aksu_info info_of(const struct two *w, unsigned side, aksu_conn c)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(w->net[side], c, &info), AKSU_OK);
    return info;
}

/* What the event `timer` said last. */
struct watch {
    struct aksu_sink sink;
    const char *name;
    aksu_time at;
};

static void put_event(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct watch *watch = (struct watch *)sink;
    if (e->kind == AKSU_EV_timer) {
        watch->name = e->timer.name;
        watch->at = e->at;
    }
}

/* It is the one that then expires, at that time. */
static void expires(struct two *w, struct watch *watch, aksu_conn c, const char *name)
{
    struct aksu_info info = info_of(w, CLIENT, c);
    assert_non_null(info.timer);
    assert_string_equal(info.timer, name);
    assert_true(info.timer_at > w->now && info.timer_at != AKSU_NEVER);
    watch->name = NULL;
    while (watch->name == NULL) {
        w->now = aksu_next_timeout(w->net[CLIENT]);
        assert_true(w->now != AKSU_NEVER);
        aksu_timeouts(w->net[CLIENT], w->now);
    }
    assert_string_equal(watch->name, name);
    assert_true(watch->at == info.timer_at);
}

static void the_next_timer_is_told(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    struct aksu_frame f;
    struct watch watch = { { put_event }, NULL, 0 };
    struct link_options o = { .v6 = false };
    o.config[CLIENT].sink = &watch.sink;
    two_init(&w, &o);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    c[CLIENT] = open_to(&w, 80);
    assert_true(take_frame(&w, CLIENT, &f));
    assert_string_equal(info_of(&w, CLIENT, c[CLIENT]).timer, "RETRANSMISSION");
    aksu_frame_in(w.net[SERVER], w.pair.device[SERVER], &f, w.now);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &c[SERVER], w.now), AKSU_OK);
    assert_null(info_of(&w, CLIENT, c[CLIENT]).timer);
    assert_true(info_of(&w, CLIENT, c[CLIENT]).timer_at == AKSU_NEVER);

    assert_int_equal(aksu_set(w.net[CLIENT], c[CLIENT], AKSU_OPTION_KEEPALIVE, 1, w.now), AKSU_OK);
    assert_string_equal(info_of(&w, CLIENT, c[CLIENT]).timer, "KEEP-ALIVE");
    assert_int_equal(aksu_send(w.net[SERVER], c[SERVER], "x", 1, 0, w.now), 1);
    move(&w);
    expires(&w, &watch, c[CLIENT], "DELAYED ACK");
    move(&w);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "x", 1, 0, w.now), 1);
    assert_true(take_frame(&w, CLIENT, &f));
    while (take_frame(&w, CLIENT, &f))
        ;
    expires(&w, &watch, c[CLIENT], "LOSS PROBE");
    while (take_frame(&w, CLIENT, &f))
        ;
    expires(&w, &watch, c[CLIENT], "RETRANSMISSION");
    while (take_frame(&w, CLIENT, &f))
        ;
    assert_int_equal(aksu_set(w.net[CLIENT], c[CLIENT], AKSU_OPTION_USER_TIMEOUT, 5, w.now),
                     AKSU_OK);
    expires(&w, &watch, c[CLIENT], "USER");
    assert_null(info_of(&w, CLIENT, c[CLIENT]).timer);          /* it has failed */
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_connections_are_listed),
        cmocka_unit_test(what_has_no_handle_is_not_listed),
        cmocka_unit_test(what_was_deleted_is_not_listed),
        cmocka_unit_test(the_next_timer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
