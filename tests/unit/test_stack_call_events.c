/* test_stack_call_events.c - the events of user calls (RFC 9293 3.10): each before what it does,
 * and none for what no user called. */
#include "stack_help.h"

#include <string.h>

enum { MOST = 16 };

struct heard {
    struct aksu_sink sink;      /* first */
    const char *call[MOST];     /* NULL: not a call, but a state */
    enum aksu_tcp_state to[MOST];
    unsigned count;
};

static void hear(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct heard *h = (struct heard *)sink;
    assert_true(h->count < MOST);
    if (event->kind == AKSU_EV_call)
        h->call[h->count++] = event->call.name;
    if (event->kind == AKSU_EV_state)
        h->to[h->count++] = event->state.to;
}

static void two_heard(struct two *w, struct heard heard[2])
{
    struct link_options o = { .config = { { .sink = &heard[0].sink },
                                          { .sink = &heard[1].sink } } };
    heard[0].sink.put = heard[1].sink.put = hear;
    two_init(w, &o);
}

static void is_call(const struct heard *h, unsigned i, const char *name)
{
    assert_true(i < h->count && h->call[i] != NULL);
    assert_string_equal(h->call[i], name);
}

static void is_state(const struct heard *h, unsigned i, enum aksu_tcp_state to)
{
    assert_true(i < h->count && h->call[i] == NULL);
    assert_int_equal(h->to[i], to);
}

static void a_call_comes_before_what_it_does(void **state)      /* RFC 9293 3.10.4, 3.10.5 */
{
    (void)state;
    struct heard heard[2] = { 0 };
    struct two w;
    aksu_conn got;
    two_heard(&w, heard);
    aksu_listener l = listen_on(&w, SERVER, 80, false);
    aksu_conn c = open_to(&w, 80);
    move(&w);
    assert_int_equal(aksu_accept(w.net[SERVER], l, &got, w.now), AKSU_OK);
    assert_int_equal(aksu_shutdown(w.net[CLIENT], c, w.now), AKSU_OK);
    assert_int_equal(aksu_abort(w.net[CLIENT], c, w.now), AKSU_OK);
    is_call(&heard[CLIENT], 0, "OPEN active");
    is_state(&heard[CLIENT], 1, AKSU_TCP_SYN_SENT);
    is_state(&heard[CLIENT], 2, AKSU_TCP_ESTABLISHED);
    is_call(&heard[CLIENT], 3, "CLOSE");
    is_state(&heard[CLIENT], 4, AKSU_TCP_FIN_WAIT_1);
    is_call(&heard[CLIENT], 5, "ABORT");
    is_state(&heard[CLIENT], 6, AKSU_TCP_CLOSED);
    two_fini(&w);
}

/* The peer resets what is half-open. */
static void nobody_called(void **state)     /* RFC 9293 3.10.7.4 second */
{
    (void)state;
    struct heard heard[2] = { 0 };
    struct two w;
    two_heard(&w, heard);
    (void)listen_on(&w, SERVER, 80, false);
    aksu_conn c = open_to(&w, 80);
    assert_int_equal(aksu_pair_move(&w.pair, 1, w.now), 1);
    assert_int_equal(aksu_abort(w.net[CLIENT], c, w.now), AKSU_OK);
    move(&w);
    is_state(&heard[SERVER], heard[SERVER].count - 2, AKSU_TCP_LISTEN);
    is_state(&heard[SERVER], heard[SERVER].count - 1, AKSU_TCP_CLOSED);
    for (unsigned i = 0; i < heard[SERVER].count; i++)
        assert_true(heard[SERVER].call[i] == NULL || strcmp(heard[SERVER].call[i], "ABORT") != 0);
    two_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_comes_before_what_it_does),
        cmocka_unit_test(nobody_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
