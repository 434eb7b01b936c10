/* test_acceptance_many.c - smoltcp-rs/smoltcp 934, asterinas/asterinas 1561: 40,000 sockets that
 * only lie there. What a segment costs among them is in docs/measurements.md, in instructions;
 * here is why: it is found with as few looks as among ten, and nobody asks the idle ones
 * anything. */
#include "stack_help.h"

#include "stack/stack.h"

enum { MANY = 40000 };

struct looks {
    uint32_t connections, all, most;
};

/* How many connections each one's lookup compares with, itself included. */
static struct looks looks_of(const struct aksu *net)
{
    struct looks l = { 0, 0, 0 };
    for (uint32_t i = 0; i <= net->table.mask; i++) {
        uint32_t depth = 0;
        for (slab_ref ref = net->table.head[i]; ref != 0; ref = conn_at(net, ref)->hash_next) {
            l.connections++;
            l.all += ++depth;
        }
        l.most = depth > l.most ? depth : l.most;
    }
    return l;
}

static void acceptance_many(void **state)
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    char text[8];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    for (unsigned i = 0; i < MANY; i++)
        connect_pair(&w, l, 80, c);
    wait_for(&w, AKSU_SECONDS(5));                  /* what the handshakes had armed runs out */
    for (unsigned i = 0; i < 2; i++) {
        struct looks k = looks_of(w.net[i]);
        assert_int_equal(k.connections, MANY);
        assert_true(k.all <= MANY * 3 / 2);         /* one and a half on average */
        assert_true(k.most <= 12);
        assert_true(aksu_next_timeout(w.net[i]) == AKSU_NEVER);
    }
    /* The one that speaks: nobody else has a turn, and none becomes ready. */
    struct aksu_ready r;
    for (unsigned i = 0; i < 2; i++)
        while (aksu_next_ready(w.net[i], &r))
            continue;
    const uint64_t before = counted(w.net[SERVER], AKSU_EV_segment_in);
    assert_int_equal(aksu_send(w.net[CLIENT], c[CLIENT], "hello", 5, 0, w.now), 5);
    assert_int_equal(move(&w), 1);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_segment_in), before + 1);
    assert_true(aksu_next_ready(w.net[SERVER], &r));
    assert_int_equal(r.conn.index, c[SERVER].index);
    assert_false(aksu_next_ready(w.net[SERVER], &r));
    assert_int_equal(aksu_receive(w.net[SERVER], c[SERVER], text, 8, w.now), 5);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(acceptance_many) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
