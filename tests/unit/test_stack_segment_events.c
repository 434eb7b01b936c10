/* test_stack_segment_events.c - what the event of an arriving segment says: the state in which the
 * segment finds the connection, from LISTEN to TIME-WAIT (RFC 9293 3.3.2). */
#include "stack_help.h"

enum { MOST = 32 };

struct heard {
    struct aksu_sink sink;      /* first */
    enum aksu_tcp_state met[MOST];
    unsigned count;
};

static void hear(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct heard *h = (struct heard *)sink;
    if (event->kind == AKSU_EV_segment_in && h->count < MOST)
        h->met[h->count++] = event->segment_in.state;
}

static void met(const struct heard *h, unsigned count, const enum aksu_tcp_state *states)
{
    assert_int_equal(h->count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(h->met[i], states[i]);
}

static void a_segment_finds_the_connection_in_a_state(void **state)
{
    (void)state;
    static const enum aksu_tcp_state client[] = { AKSU_TCP_SYN_SENT, AKSU_TCP_FIN_WAIT_1,
                                                  AKSU_TCP_FIN_WAIT_2 };
    static const enum aksu_tcp_state server[] = { AKSU_TCP_LISTEN, AKSU_TCP_SYN_RECEIVED,
                                                  AKSU_TCP_ESTABLISHED, AKSU_TCP_LAST_ACK,
                                                  AKSU_TCP_CLOSED };
    struct heard heard[2] = { { .sink.put = hear }, { .sink.put = hear } };
    struct link_options o = { .config = { { .sink = &heard[0].sink },
                                          { .sink = &heard[1].sink } } };
    struct two w;
    aksu_conn got;
    two_init(&w, &o);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    aksu_conn c = open_to(&w, 80);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_int_equal(aksu_close(w.net[CLIENT], c, w.now), AKSU_OK);
    move(&w);
    assert_int_equal(aksu_close(w.net[SERVER], got, w.now), AKSU_OK);
    move(&w);
    met(&heard[CLIENT], 3, client);
    (void)open_to(&w, 81);                              /* nobody listens there */
    move(&w);
    met(&heard[SERVER], 5, server);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_finds_the_connection_in_a_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
