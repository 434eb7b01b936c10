/* test_event_ladder_stacks.c - two real stacks on a pair, both drawn in one ladder: every segment
 * that one sends is recognised when the other receives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "aksu/device.h"
#include "aksu/socket.h"
#include "event_feed.h"

#include <string.h>

enum { CLIENT, SERVER, AMOUNT = 300000 };

static struct kept_text kept;
static _Alignas(16) char memory[AKSU_LADDER_MEMORY];

struct world {
    struct aksu_pair pair;
    struct aksu_ladder *ladder;
    aksu_listener listener;
    aksu_conn client, server;
    aksu_time now;
    size_t sent, got;
};

static void make_stack(struct world *w, unsigned side, const char *name, const char *address)
{
    const struct aksu_config config = { .seed = { (uint8_t)(side + 1) },
                                        .sink = aksu_ladder_side(w->ladder, side, name) };
    const struct aksu_device_config device = { .name = "pair", .mtu = 1500 };

    w->pair.net[side] = aksu_new(&config, w->now);
    assert_non_null(w->pair.net[side]);
    assert_int_equal(aksu_attach(w->pair.net[side], &device, &w->pair.device[side]), AKSU_OK);
    assert_int_equal(aksu_address_add(w->pair.net[side], w->pair.device[side], address), AKSU_OK);
}

static void step(struct world *w)
{
    w->now += AKSU_MS(1);
    for (unsigned side = 0; side < 2; side++)
        aksu_timeouts(w->pair.net[side], w->now);
    aksu_pair_move(&w->pair, 1000, w->now);
}

static void connect_both(struct world *w)
{
    struct aksu_listen listen = { .local = { .port = 80 } };
    struct aksu_open open = { .remote = { .port = 80 } };

    assert_true(aksu_ip_parse("10.0.0.1", &open.remote.ip));
    assert_int_equal(aksu_listen(w->pair.net[SERVER], &listen, &w->listener, w->now), AKSU_OK);
    assert_int_equal(aksu_open(w->pair.net[CLIENT], &open, &w->client, w->now), AKSU_OK);
    aksu_pair_move(&w->pair, 1000, w->now);
    assert_int_equal(aksu_accept(w->pair.net[SERVER], w->listener, &w->server, w->now), AKSU_OK);
}

static void transfer(struct world *w)
{
    static const char text[10000];
    static char room[100000];

    for (int i = 0; i < 10000 && w->got < AMOUNT; i++) {
        size_t length = AMOUNT - w->sent < sizeof text ? AMOUNT - w->sent : sizeof text;
        ptrdiff_t n = aksu_send(w->pair.net[CLIENT], w->client, text, length, 0, w->now);

        w->sent += n > 0 ? (size_t)n : 0;
        step(w);
        n = aksu_receive(w->pair.net[SERVER], w->server, room, sizeof room, w->now);
        w->got += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(w->got, AMOUNT);
}

static bool drawn(const char *text)
{
    return strstr(kept.text, text) != NULL;
}

static void draws_two_real_stacks(void **state)
{
    (void)state;
    const struct aksu_ladder_config config = { .writer = kept_writer(&kept), .memory = memory,
                                               .memory_length = sizeof memory };
    struct world w = { .now = AKSU_SECONDS(1000) };

    w.ladder = aksu_ladder_init(&config);
    make_stack(&w, CLIENT, "client", "10.0.0.2/24");
    make_stack(&w, SERVER, "server", "10.0.0.1/24");
    connect_both(&w);
    transfer(&w);
    assert_int_equal(aksu_close(w.pair.net[CLIENT], w.client, w.now), AKSU_OK);
    step(&w);
    assert_int_equal(aksu_close(w.pair.net[SERVER], w.server, w.now), AKSU_OK);
    step(&w);
    for (int i = 0; i < 70; i++, w.now += AKSU_SECONDS(1))
        step(&w);
    aksu_ladder_finish(w.ladder);
    for (unsigned side = 0; side < 2; side++)
        aksu_free(w.pair.net[side]);

    assert_true(drawn("SYN-SENT |-- SYN seq 0 "));
    assert_true(drawn("ESTABLISHED |<-"));
    assert_true(drawn(">| ESTABLISHED\n"));
    assert_true(drawn(">| CLOSE-WAIT\n"));
    assert_true(drawn("TIME-WAIT |<-"));
    assert_true(drawn("TIME-WAIT over: 2 MSL"));
    assert_true(drawn("segments, 300,000 octets; server: "));
    assert_false(drawn("lost"));
    assert_false(drawn("not sent by the other end"));
    assert_false(drawn("duplicate"));
    assert_false(drawn("not drawn"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(draws_two_real_stacks) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
