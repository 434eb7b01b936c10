/* test_sim_world.c - simulated networks as programs see them: what can be made and what is refused,
 * the clock, routers, applications, and what is reported. */
#include "help.h"

#include "aksu/sim.h"
#include "aksu/udp.h"

static struct aksu_sim *new_world(uint64_t seed)
{
    struct aksu_sim *w = aksu_sim_new(&(struct aksu_sim_config){ .seed = seed, .digest = true });
    assert_non_null(w);
    return w;
}

static const struct aksu_path_node DELAY = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) };
static const struct aksu_sim_way DELAYS[2] = { { &DELAY, 1 }, { &DELAY, 1 } };

struct pair {
    struct aksu_sim *world;
    struct aksu_sim_node *host[2];
    struct aksu_sim_cable *cable;
};

static struct pair new_pair(uint64_t seed)
{
    struct pair p = { .world = new_world(seed) };
    for (unsigned i = 0; i < 2; i++) {
        p.host[i] = aksu_sim_host(p.world, NULL);
        assert_non_null(p.host[i]);
    }
    p.cable = aksu_sim_cable(p.world, p.host[0], p.host[1], DELAYS);
    assert_non_null(p.cable);
    return p;
}

static struct aksu_sim_end *flow_of(struct pair *p, struct aksu_sim_app a, struct aksu_sim_app b)
{
    struct aksu_sim_flow how = { .host = { p->host[0], p->host[1] }, .app = { a, b } };
    struct aksu_sim_end *end = aksu_sim_flow(p->world, &how);
    assert_non_null(end);
    return end;
}

static struct aksu_sim_report report_of(const struct aksu_sim_end *end)
{
    struct aksu_sim_report r;
    aksu_sim_report(end, &r);
    return r;
}

/* --- what is refused --- */

static void cables_that_cannot_be(void **state)
{
    (void)state;
    struct aksu_sim *w = new_world(1);
    struct aksu_sim_node *a = aksu_sim_host(w, NULL), *b = aksu_sim_host(w, NULL);
    struct aksu_sim_node *c = aksu_sim_host(w, NULL);
    struct aksu_sim_node *e = aksu_sim_host(w, &(struct aksu_sim_host){ .ethernet = true });
    const struct aksu_path_node wrong = { .kind = AKSU_PATH_RATE, .rate = 0 };
    const struct aksu_sim_way bad[2] = { { &DELAY, 1 }, { &wrong, 1 } };
    assert_null(aksu_sim_cable(w, a, a, DELAYS));
    assert_string_equal(aksu_sim_why(w), "a cable leads from one node to another");
    assert_null(aksu_sim_cable(w, a, e, DELAYS));
    assert_non_null(strstr(aksu_sim_why(w), "`ethernet`"));
    assert_null(aksu_sim_cable(w, a, b, bad));
    assert_non_null(strstr(aksu_sim_why(w), "out of range"));
    assert_non_null(aksu_sim_cable(w, a, b, DELAYS));
    assert_null(aksu_sim_cable(w, a, c, DELAYS));
    assert_string_equal(aksu_sim_why(w), "a host has one cable: put a router between");
    assert_int_equal(aksu_sim_run(w, AKSU_SECONDS(5)), AKSU_SIM_QUIET);
    aksu_sim_free(w);
}

static void hosts_and_flows_that_cannot_be(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_node *router = aksu_sim_router(p.world);
    struct aksu_sim_flow to_router = { .host = { p.host[0], router } };
    struct aksu_sim_flow to_self = { .host = { p.host[0], p.host[0] } };
    assert_null(aksu_sim_flow(p.world, &to_router));
    assert_string_equal(aksu_sim_why(p.world), "a router has no applications");
    assert_null(aksu_sim_flow(p.world, &to_self));
    assert_null(aksu_sim_host(p.world, &(struct aksu_sim_host){ .mtu = 12 }));
    assert_string_equal(aksu_sim_why(p.world), "the MTU of a host is 68 to 65535 octets");
    assert_null(aksu_sim_host(p.world, &(struct aksu_sim_host){ .stack.memory_limit = 100 }));
    assert_non_null(strstr(aksu_sim_why(p.world), "memory_limit"));
    assert_null(aksu_sim_stack(router));
    aksu_sim_free(p.world);
    aksu_sim_free(NULL);
}

/* --- the clock --- */

static void count_up(void *context, aksu_time now)
{
    aksu_time *at = context;
    at[0] = now;
    at[1]++;
}

static void calls_come_at_their_time(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    aksu_time called[2] = { 0, 0 };
    assert_int_equal(aksu_sim_now(p.world), AKSU_SECONDS(1));
    assert_true(aksu_sim_at(p.world, AKSU_SECONDS(3), count_up, called));
    assert_int_equal(aksu_sim_next(p.world), AKSU_SECONDS(3));
    assert_int_equal(aksu_sim_run(p.world, AKSU_SECONDS(2)), AKSU_SIM_RUNNING);
    assert_int_equal(aksu_sim_now(p.world), AKSU_SECONDS(2));
    assert_int_equal(called[1], 0);
    assert_int_equal(aksu_sim_step(p.world), AKSU_SIM_QUIET);
    assert_int_equal(called[0], AKSU_SECONDS(3));
    assert_int_equal(called[1], 1);
    assert_int_equal(aksu_sim_run(p.world, AKSU_SECONDS(9)), AKSU_SIM_QUIET);
    assert_int_equal(aksu_sim_now(p.world), AKSU_SECONDS(9));
    aksu_sim_free(p.world);
}

static void pull_the_cable(void *context, aksu_time now)
{
    struct pair *p = context;
    const struct aksu_path_node far = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(500) };
    assert_true(aksu_path_set(aksu_sim_path(p->cable, 0), 0, &far, now));
}

static void knobs_turn_while_it_runs(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_app one = { .octets = 1 };
    struct aksu_sim_flow late = { .host = { p.host[0], p.host[1] }, .at = AKSU_SECONDS(5) };
    struct aksu_sim_end *first = flow_of(&p, one, one), *second = aksu_sim_flow(p.world, &late);
    assert_true(aksu_sim_at(p.world, AKSU_SECONDS(4), pull_the_cable, &p));
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_sim_report a = report_of(first), b = report_of(second);
    assert_int_equal(a.connected_at - a.opened_at, AKSU_MS(20));
    assert_int_equal(b.opened_at, AKSU_SECONDS(5));
    assert_int_equal(b.connected_at - b.opened_at, AKSU_MS(510));
    aksu_sim_free(p.world);
}

/* --- applications --- */

static void bulk_and_its_report(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_end *end = flow_of(&p, (struct aksu_sim_app){ .octets = 100000 },
                                       (struct aksu_sim_app){ .octets = 777 });
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_sim_report a = report_of(end), b = report_of(aksu_sim_peer(end));
    assert_ptr_equal(aksu_sim_peer(aksu_sim_peer(end)), end);
    assert_int_equal(a.sent, 100000);
    assert_int_equal(b.received, 100000);
    assert_int_equal(b.sent, 777);
    assert_int_equal(a.received, 777);
    assert_true(a.closed && b.closed && !a.failed && !b.failed && a.peer_closed && b.shut);
    assert_int_equal(a.retransmissions + b.retransmissions + a.timeouts + b.timeouts, 0);
    assert_true(a.segments > 2);
    assert_int_equal(a.local.port, 20000);
    assert_int_equal(b.local.port, 80);
    struct aksu_sim_counts c;
    aksu_sim_counts(p.world, &c);
    assert_in_range(c.segments, 100000 / 1448, 200);
    aksu_sim_free(p.world);
}

/* Ten questions with their answers are eleven round trips, with the handshake, and nine pauses. */
static void questions_and_answers(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_app ask = { .act = aksu_sim_request, .octets = 1000, .request = 100,
                                .response = 200, .pause = AKSU_MS(7) };
    struct aksu_sim_app answer = { .act = aksu_sim_respond, .octets = UINT64_MAX, .request = 100,
                                   .response = 200 };
    struct aksu_sim_end *end = flow_of(&p, ask, answer);
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_sim_report a = report_of(end);
    assert_int_equal(a.sent, 1000);
    assert_int_equal(a.received, 2000);
    assert_int_equal(a.received_at - a.opened_at, 11 * AKSU_MS(20) + 9 * AKSU_MS(7));
    aksu_sim_free(p.world);
}

static void bursts_and_pauses(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_app bursts = { .act = aksu_sim_on_off, .octets = 5000, .request = 1000,
                                   .pause = AKSU_MS(300) };
    struct aksu_sim_end *end = flow_of(&p, bursts, (struct aksu_sim_app){ .octets = 0 });
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_sim_report a = report_of(end), b = report_of(aksu_sim_peer(end));
    assert_int_equal(b.received_at - a.connected_at, 4 * AKSU_MS(300) + AKSU_MS(10));
    aksu_sim_free(p.world);
}

static void a_slow_reader_takes_his_time(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_app slow = { .gulp = 1000, .gulp_pause = AKSU_MS(50) };
    struct aksu_sim_end *end = flow_of(&p, (struct aksu_sim_app){ .octets = 20000 }, slow);
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_sim_report a = report_of(end), b = report_of(aksu_sim_peer(end));
    assert_int_equal(b.received, 20000);
    assert_in_range(b.received_at - a.opened_at, 19 * AKSU_MS(50), 22 * AKSU_MS(50));
    aksu_sim_free(p.world);
}

static void give_up_half_way(struct aksu_sim_end *end)
{
    (void)aksu_sim_receive(end, UINT64_MAX);
    if (report_of(end).received >= 30000)
        aksu_sim_abort(end);
}

static void an_application_of_ones_own(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu_sim_end *end = flow_of(&p, (struct aksu_sim_app){ .octets = UINT64_MAX },
                                       (struct aksu_sim_app){ .act = give_up_half_way });
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_sim_report a = report_of(end), b = report_of(aksu_sim_peer(end));
    assert_true(a.failed && a.closed && b.closed && !b.failed);
    assert_int_equal(a.reason, AKSU_RESET);
    assert_in_range(b.received, 30000, 200000);
    aksu_sim_free(p.world);
}

/* --- routers --- */

/* Three hosts at each end of one cable: all reach each other, over IPv4 and IPv6. */
static void routers_find_the_way(void **state)
{
    (void)state;
    struct aksu_sim *w = new_world(7);
    struct aksu_sim_node *host[6], *router[2] = { aksu_sim_router(w), aksu_sim_router(w) };
    struct aksu_sim_end *end[6][6] = { { NULL } };
    assert_non_null(aksu_sim_cable(w, router[0], router[1], DELAYS));
    for (unsigned i = 0; i < 6; i++) {
        host[i] = aksu_sim_host(w, NULL);
        assert_non_null(aksu_sim_cable(w, router[i % 2], host[i], DELAYS));
    }
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned k = 0; k < 6; k++) {
            struct aksu_sim_flow how = { .host = { host[i], host[k] }, .v6 = (i + k) % 3 == 0,
                                         .app = { { .octets = 5000 }, { .octets = 100 } } };
            if (i != k)
                assert_non_null(end[i][k] = aksu_sim_flow(w, &how));
        }
    }
    assert_int_equal(aksu_sim_finish(w, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    for (unsigned i = 0; i < 6; i++) {
        for (unsigned k = 0; k < 6; k++) {
            if (i == k)
                continue;
            struct aksu_sim_report r = report_of(end[i][k]);
            assert_int_equal(r.received, 100);
            assert_int_equal(r.connected_at - r.opened_at, AKSU_MS(i % 2 == k % 2 ? 40 : 60));
        }
    }
    aksu_sim_free(w);
}

/* A path that tells that a packet was too big tells the sender, also from behind a router. */
static void too_big_comes_back(void **state)
{
    (void)state;
    struct aksu_sim *w = new_world(3);
    struct aksu_sim_node *a = aksu_sim_host(w, NULL), *b = aksu_sim_host(w, NULL);
    struct aksu_sim_node *router = aksu_sim_router(w);
    const struct aksu_path_node narrow[2] = {
        { .kind = AKSU_PATH_MTU, .mtu = 1300, .tell = true }, DELAY };
    const struct aksu_sim_way ways[2] = { { narrow, 2 }, { &DELAY, 1 } };
    assert_non_null(aksu_sim_cable(w, a, router, DELAYS));
    assert_non_null(aksu_sim_cable(w, router, b, ways));
    struct aksu_sim_flow how = { .host = { a, b }, .app = { { .octets = 50000 } } };
    struct aksu_sim_end *end = aksu_sim_flow(w, &how);
    assert_int_equal(aksu_sim_finish(w, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    struct aksu_counters c;
    aksu_counters(aksu_sim_stack(a), &c);
    assert_in_range(c.event[AKSU_EV_icmp_in], 1, 40);
    assert_int_equal(report_of(aksu_sim_peer(end)).received, 50000);
    aksu_sim_free(w);
}

/* --- determinism, and what belongs to no flow --- */

static uint64_t digest_of(uint64_t seed)
{
    struct pair p = new_pair(seed);
    struct aksu_sim_counts c;
    (void)flow_of(&p, (struct aksu_sim_app){ .octets = 30000 },
                  (struct aksu_sim_app){ .octets = 500 });
    assert_int_equal(aksu_sim_finish(p.world, AKSU_SECONDS(60)), AKSU_SIM_ENDED);
    aksu_sim_counts(p.world, &c);
    aksu_sim_free(p.world);
    return c.digest;
}

static void the_seed_decides(void **state)
{
    (void)state;
    assert_true(digest_of(1) == digest_of(1));
    assert_true(digest_of(1) != digest_of(2));
}

static void echo(void *context, const struct aksu_ready *ready, aksu_time now)
{
    struct aksu *net = context;
    struct aksu_endpoint from;
    char text[100];
    ptrdiff_t n = aksu_udp_receive(net, ready->udp, &from, text, sizeof text);
    assert_int_equal(ready->what, AKSU_DATAGRAM);
    assert_int_equal(aksu_udp_send(net, ready->udp, &from, text, (size_t)n, now), AKSU_OK);
}

static void datagrams_are_the_programs_business(void **state)
{
    (void)state;
    struct pair p = new_pair(1);
    struct aksu *net[2] = { aksu_sim_stack(p.host[0]), aksu_sim_stack(p.host[1]) };
    struct aksu_udp_open how = { .local.port = 5000 };
    struct aksu_endpoint to = { .port = 5000 };
    aksu_udp udp[2];
    char text[100];
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(aksu_udp_open(net[i], &how, &udp[i]), AKSU_OK);
    aksu_sim_ready(p.host[1], echo, net[1]);
    aksu_sim_address(p.host[1], false, &to.ip);
    assert_int_equal(aksu_udp_send(net[0], udp[0], &to, "hello", 5, aksu_sim_now(p.world)),
                     AKSU_OK);
    assert_int_equal(aksu_sim_run(p.world, AKSU_SECONDS(1) + AKSU_MS(20)), AKSU_SIM_QUIET);
    assert_int_equal(aksu_udp_receive(net[0], udp[0], &to, text, sizeof text), 5);
    assert_memory_equal(text, "hello", 5);
    aksu_sim_free(p.world);
}

/* Frames that enter the way of 1 MB. */
static uint64_t frames_of_a_megabyte(bool whole)
{
    struct pair p = { .world = new_world(3) };
    for (unsigned i = 0; i < 2; i++)
        p.host[i] = aksu_sim_host(p.world, &(struct aksu_sim_host){ .whole = whole });
    p.cable = aksu_sim_cable(p.world, p.host[0], p.host[1], DELAYS);
    struct aksu_sim_end *end = flow_of(&p, (struct aksu_sim_app){ .octets = 1000000 },
                                       (struct aksu_sim_app){ .octets = 0 });
    assert_int_equal(aksu_sim_run(p.world, AKSU_SECONDS(300)), AKSU_SIM_ENDED);
    assert_int_equal(report_of(end).sent, 1000000);
    struct aksu_path_counts counts;
    aksu_path_counts(aksu_sim_path(p.cable, 0), &counts);
    aksu_sim_free(p.world);
    return counts.in;
}

static void large_segments_stay_whole(void **state)
{
    (void)state;
    uint64_t pieces = frames_of_a_megabyte(false), wholes = frames_of_a_megabyte(true);
    assert_true(pieces >= 1000000 / 1460);
    assert_true(wholes < pieces / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cables_that_cannot_be),
        cmocka_unit_test(hosts_and_flows_that_cannot_be),
        cmocka_unit_test(calls_come_at_their_time),
        cmocka_unit_test(knobs_turn_while_it_runs),
        cmocka_unit_test(bulk_and_its_report),
        cmocka_unit_test(questions_and_answers),
        cmocka_unit_test(bursts_and_pauses),
        cmocka_unit_test(a_slow_reader_takes_his_time),
        cmocka_unit_test(an_application_of_ones_own),
        cmocka_unit_test(routers_find_the_way),
        cmocka_unit_test(too_big_comes_back),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(datagrams_are_the_programs_business),
        cmocka_unit_test(large_segments_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
