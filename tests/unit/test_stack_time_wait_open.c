/* test_stack_time_wait_open.c - our own OPEN takes a pair that is in TIME-WAIT, by timestamp. */
#include "ip/ports.h"
#include "stack_help.h"

#include "base/seq.h"

static uint32_t records(struct two *w)
{
    struct aksu_counters c;
    aksu_counters(w->net[CLIENT], &c);
    return c.time_wait;
}

/* So much that the sequence numbers are ahead of the clock that a new ISS is taken from. */
static void a_megabyte(struct two *w, const aksu_conn both[2])
{
    static uint8_t text[16384];
    for (unsigned received = 0, sent = 0; received < 1 << 20;) {
        ptrdiff_t n = 0;
        if (sent < 1 << 20)
            n = aksu_send(w->net[CLIENT], both[CLIENT], text, sizeof text, 0, w->now);
        sent += n > 0 ? (unsigned)n : 0;
        move(w);
        while ((n = aksu_receive(w->net[SERVER], both[SERVER], text, sizeof text, w->now)) > 0)
            received += (unsigned)n;
        wait_for(w, AKSU_US(100));
    }
    wait_for(w, AKSU_MS(100));
}

/* The client has closed a connection from the first ephemeral port, and all others were used. */
static void only_the_port_in_time_wait_is_next(struct two *w, bool timestamps,
                                               struct aksu_info *info, aksu_listener *l)
{
    struct link_options options = { .config = { { .no_port_randomization = true },
                                                { .no_timestamps = !timestamps } } };
    struct aksu_open how = { .remote = { ip_text("10.0.0.2"), 81 } };
    aksu_conn c, both[2];
    two_init(w, &options);
    *l = listen_on(w, SERVER, 80, false);
    connect_pair(w, *l, 80, both);
    a_megabyte(w, both);
    assert_int_equal(aksu_status(w->net[CLIENT], both[CLIENT], info), AKSU_OK);
    aksu_close(w->net[CLIENT], both[CLIENT], w->now);
    move(w);
    aksu_close(w->net[SERVER], both[SERVER], w->now);
    move(w);
    assert_int_equal(records(w), 1);
    assert_int_equal(info->local.port, PORTS_FIRST);
    for (unsigned i = 1; i < PORTS_COUNT; i++) {
        assert_int_equal(aksu_open(w->net[CLIENT], &how, &c, w->now), AKSU_OK);
        aksu_abort(w->net[CLIENT], c, w->now);
        aksu_close(w->net[CLIENT], c, w->now);
    }
    move(w);
}

static struct aksu_info opened(struct two *w, aksu_conn *c)
{
    struct aksu_info info;
    *c = open_to(w, 80);
    assert_int_equal(aksu_status(w->net[CLIENT], *c, &info), AKSU_OK);
    return info;
}

static void our_open_takes_a_pair_in_time_wait(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info before, info;
    aksu_listener l;
    aksu_conn c, server;
    only_the_port_in_time_wait_is_next(&w, true, &before, &l);
    w.now += AKSU_SECONDS(2);
    info = opened(&w, &c);
    assert_int_equal(info.local.port, PORTS_FIRST);
    assert_true(seq_gt(seq_of(info.snd_una), seq_of(before.snd_nxt + 1)));
    assert_int_equal(records(&w), 1);            /* it may fail yet */
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_ESTABLISHED);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &server, w.now), AKSU_OK);
    assert_int_equal(records(&w), 0);
    two_fini(&w);
}

static void an_open_that_fails_leaves_the_record(void **state)
{
    (void)state;
    struct two w;
    struct aksu_info before;
    aksu_listener l;
    aksu_conn c;
    only_the_port_in_time_wait_is_next(&w, true, &before, &l);
    aksu_close_listener(w.net[SERVER], l, w.now);
    w.now += AKSU_SECONDS(2);
    assert_int_equal(opened(&w, &c).local.port, PORTS_FIRST);
    move(&w);
    assert_int_equal(state_of(w.net[CLIENT], c), AKSU_TCP_CLOSED);
    aksu_close(w.net[CLIENT], c, w.now);
    assert_int_equal(records(&w), 1);
    wait_for(&w, AKSU_SECONDS(63));
    assert_int_equal(records(&w), 0);
    two_fini(&w);
}

/* Within the second, and without timestamps, nothing tells the two connections apart. */
static void without_a_newer_timestamp_the_pair_is_in_use(void **state)
{
    (void)state;
    for (int timestamps = 0; timestamps < 2; timestamps++) {
        struct two w;
        struct aksu_info before;
        aksu_listener l;
        aksu_conn c;
        only_the_port_in_time_wait_is_next(&w, timestamps, &before, &l);
        w.now += timestamps ? AKSU_MS(900) : AKSU_SECONDS(2);
        assert_int_equal(opened(&w, &c).local.port, PORTS_FIRST + 1);
        two_fini(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_open_takes_a_pair_in_time_wait),
        cmocka_unit_test(an_open_that_fails_leaves_the_record),
        cmocka_unit_test(without_a_newer_timestamp_the_pair_is_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
