/* test_stack_ao_later.c - keys for TCP-AO that are added when there are connections already. */
#include "ao_help.h"

/* The key came when the old connection was in TIME-WAIT, still held: a SYN without a MAC opens
 * nothing in its place. */
static void a_key_that_came_later_guards_too(void **state)      /* RFC 5925 7.5 */
{
    (void)state;
    struct two w;
    aksu_conn c[2];
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, true);
    c[CLIENT] = open_to(&w, 80);
    move(&w);
    struct aksu_ready r;
    while (aksu_next_ready(w.net[SERVER], &r))
        if (r.what & AKSU_SYN_HELD)
            c[SERVER] = r.conn;
    assert_int_equal(aksu_complete(w.net[SERVER], c[SERVER], w.now), AKSU_OK);
    move(&w);
    aksu_shutdown(w.net[SERVER], c[SERVER], w.now);
    move(&w);
    struct aksu_info client = ao_info(w.net[CLIENT], c[CLIENT]);
    aksu_shutdown(w.net[CLIENT], c[CLIENT], w.now);
    move(&w);
    assert_int_equal(state_of(w.net[SERVER], c[SERVER]), AKSU_TCP_TIME_WAIT);
    ao_setup(w.net[SERVER]);
    struct aksu_mkt mkt = ao_mkt(SERVER, AKSU_AO_SHA1, CLIENT_ID, SERVER_ID);
    (void)ao_give(w.net[SERVER], &mkt);
    ao_forge(&w, CLIENT, &client, CTL_SYN, 1000000, 0);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_missing), 1);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_held), 1);
    assert_int_equal(state_of(w.net[SERVER], c[SERVER]), AKSU_TCP_TIME_WAIT);
    (void)l;
    two_fini(&w);
}

/* A connection is with or without TCP-AO from its SYN on, whatever is added in the handshake. */
static void a_key_in_a_handshake_is_for_the_next(void **state)  /* RFC 5925 3.1 */
{
    (void)state;
    struct two w;
    aksu_conn got;
    two_init(&w, NULL);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    (void)open_to(&w, 80);
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    ao_setup(w.net[SERVER]);
    struct aksu_mkt mkt = ao_mkt(SERVER, AKSU_AO_SHA1, CLIENT_ID, SERVER_ID);
    (void)ao_give(w.net[SERVER], &mkt);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    (void)open_to(&w, 80);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_WOULD_BLOCK);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_ao_missing), 1);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_came_later_guards_too),
        cmocka_unit_test(a_key_in_a_handshake_is_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
