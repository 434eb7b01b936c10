/* test_udp_flow_lies.c - peers of a paced flow that lie, and octets that mean nothing: no promise
 * is broken, no work without bound, nobody gains by it (aksu/flow.h, docs/flow.md). */
#include "flow_help.h"

#include "udp/udp_flow.h"

#define MBIT 125000u

static struct pair p;

static size_t build(uint8_t out[AKSU_FLOW_FEEDBACK_MOST], uint32_t highest, uint32_t words)
{
    struct flow_feedback fb = { .token = p.flow->token, .highest = highest, .words = words };
    memset(fb.arrived, 0xff, sizeof fb.arrived);
    return wire_flow_feedback_build(out, &fb);
}

/* Build then parse is identity, and every truncation is refused. */
static void formats(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (int i = 0; i < 2000; i++) {
        uint8_t octet[AKSU_FLOW_FEEDBACK_MOST + 1];
        struct flow_header h = { chance(&seed), chance(&seed), chance(&seed), chance(&seed),
                                 chance_below(&seed, 65536) * FLOW_WITHIN_UNIT }, back;
        wire_flow_build(octet, &h);
        assert_true(wire_flow_parse(octet, AKSU_FLOW_HEADER, &back));
        assert_memory_equal(&h, &back, sizeof h);
        assert_int_equal(aksu_flow_kind(octet, AKSU_FLOW_HEADER), AKSU_FLOW_DATA);
        struct flow_feedback fb = { chance(&seed), chance(&seed), chance(&seed), chance(&seed),
                                    chance_below(&seed, FLOW_WORDS + 1), { 0 } }, other;
        for (uint32_t w = 0; w < fb.words; w++)
            fb.arrived[w] = chance(&seed);
        size_t n = wire_flow_feedback_build(octet, &fb);
        memset(&other, 0, sizeof other);
        assert_true(wire_flow_feedback_parse(octet, n, &other));
        assert_memory_equal(&fb, &other, sizeof fb);
        for (size_t cut = 0; cut < n; cut++)
            assert_false(wire_flow_feedback_parse(octet, cut, &other));
        assert_false(wire_flow_feedback_parse(octet, n + 1, &other));
    }
    uint8_t octet[AKSU_FLOW_HEADER] = { 0x21 };
    assert_int_equal(aksu_flow_kind(octet, sizeof octet), AKSU_FLOW_OTHER);     /* version 2 */
    octet[0] = 0x13;
    assert_int_equal(aksu_flow_kind(octet, sizeof octet), AKSU_FLOW_OTHER);
    octet[0] = 0x11;
    assert_int_equal(aksu_flow_kind(octet, sizeof octet - 1), AKSU_FLOW_OTHER);
}

static void arguments(void **state)
{
    (void)state;
    _Alignas(16) static uint8_t memory[65536];
    struct aksu_flow *f;
    struct aksu_flow_config c = { .congestion_control = "vegas" };
    uint8_t octet[2000] = { 0 };
    assert_int_equal(aksu_flow_init(memory, sizeof memory, &c, 0, &f), AKSU_INVALID);
    c = (struct aksu_flow_config){ .datagram = 63 };
    assert_int_equal(aksu_flow_init(memory, sizeof memory, &c, 0, &f), AKSU_INVALID);
    c.datagram = 65508;
    assert_int_equal(aksu_flow_init(memory, sizeof memory, &c, 0, &f), AKSU_INVALID);
    c.datagram = 0;
    assert_int_equal(aksu_flow_init(memory + 1, sizeof memory - 1, &c, 0, &f), AKSU_INVALID);
    assert_int_equal(aksu_flow_init(memory, aksu_flow_size(16) - 1, &c, 0, &f),
                     AKSU_NO_RESOURCES);
    assert_int_equal(aksu_flow_init(memory, aksu_flow_size(100), &c, 0, &f), AKSU_OK);
    assert_int_equal(f->records, 128);
    assert_int_equal(aksu_flow_send(f, octet, 19, 0), AKSU_INVALID);
    assert_int_equal(aksu_flow_send(f, octet, 1201, 0), AKSU_TOO_LONG);
    assert_int_equal(aksu_flow_send(f, octet, 1200, 0), AKSU_OK);
    assert_int_equal(aksu_flow_send(f, octet, 1200, 0), AKSU_WOULD_BLOCK);      /* pacing */
    assert_int_equal(aksu_flow_fate(f, aksu_flow_last(f) + 1), AKSU_FLOW_UNKNOWN);
    assert_int_equal(aksu_flow_fate(f, aksu_flow_last(f)), AKSU_FLOW_UNDER_WAY);
    assert_int_equal(aksu_flow_next_timeout(f), SECONDS(1));
}

/* What was never sent cannot have arrived: the whole feedback is refused, and such a peer gets one
 * datagram. */
static void acknowledging_what_was_never_sent(void **state)
{
    (void)state;
    uint8_t octet[AKSU_FLOW_FEEDBACK_MOST];
    pair_init(&p, "cubic", MS(20), 0, 0);
    pair_run(&p, MS(30));
    struct aksu_flow_info before = pair_info(&p);
    uint32_t last = aksu_flow_last(p.flow);
    static const uint32_t ahead[] = { 1, 2, 1000, 0x7fffffff, 0x80000000, 0xffff0000 };
    for (unsigned i = 0; i < 6; i++) {
        size_t n = build(octet, last + ahead[i], 0);
        assert_int_equal(aksu_flow_feedback(p.flow, octet, n, p.now), AKSU_INVALID);
    }
    /* below the first one */
    size_t n = build(octet, last, FLOW_WORDS);
    assert_int_equal(aksu_flow_feedback(p.flow, octet, n, p.now), AKSU_INVALID);
    struct aksu_flow_info after = pair_info(&p);
    assert_int_equal(after.refused, 7);
    assert_int_equal(after.cwnd, DATAGRAM);
    assert_true(after.delivered == before.delivered && after.in_flight == before.in_flight
                && after.lost == before.lost && after.srtt_us == before.srtt_us);
    /* of another flow */
    n = build(octet, last, 0);
    octet[7] ^= 1;
    assert_int_equal(aksu_flow_feedback(p.flow, octet, n, p.now), AKSU_DOES_NOT_EXIST);
    pair_free(&p);
}

/* A receiver who always says that all has arrived stumbles over the numbers that are left out; for
 * what it refuses to say truly it gets next to nothing. */
static void optimism(void **state)
{
    (void)state;
    uint8_t octet[AKSU_FLOW_FEEDBACK_MOST];
    pair_init(&p, "cubic", MS(20), 20 * MBIT, 50000);
    aksu_time end = p.now + SECONDS(20);
    while (p.now < end) {
        p.receiver.waiting = 0;                         /* the honest one is silent */
        pair_run(&p, MS(5));
        uint32_t seen = p.receiver.begun ? p.receiver.highest : p.flow->first.n;
        uint32_t words = (seen - p.flow->first.n) / 32;
        size_t n = build(octet, seen, words < FLOW_WORDS ? words : FLOW_WORDS);
        (void)aksu_flow_feedback(p.flow, octet, n, p.now);
    }
    struct aksu_flow_info info = pair_info(&p);
    assert_true(info.refused > 100);
    assert_true(info.sent < 20 * MBIT * 20ull / 50);
    pair_free(&p);
}

/* A receiver who says that it waited long makes the round trip look short: by a third in the long
 * run, never by more than two thirds. */
static void a_delay_that_was_none(void **state)
{
    (void)state;
    uint8_t octet[AKSU_FLOW_FEEDBACK_MOST];
    pair_init(&p, "bbr", MS(20), 0, 0);
    p.back.cut = true;                                  /* the honest one is not heard */
    for (int i = 0; i < 400; i++) {
        pair_run(&p, MS(5));
        if (!p.receiver.begun || aksu_flow_last(p.flow) == p.receiver.highest)
            continue;
        struct flow_feedback fb = { .token = p.flow->token, .highest = p.receiver.highest,
                                    .delay_us = i % 2 ? UINT32_MAX : 19990 };
        size_t n = wire_flow_feedback_build(octet, &fb);
        assert_int_equal(aksu_flow_feedback(p.flow, octet, n, p.now), AKSU_OK);
    }
    struct aksu_flow_info info = pair_info(&p);
    assert_true(info.min_rtt_us >= 6600 && info.srtt_us >= 13000);
    pair_free(&p);
}

/* Marks that go back, or jump, are one event at most. */
static void marks_that_go_back(void **state)
{
    (void)state;
    uint8_t octet[AKSU_FLOW_FEEDBACK_MOST];
    pair_init(&p, "cubic", MS(20), 0, 0);
    pair_run(&p, MS(200));
    static const uint32_t ce[] = { 5, 4, 3, 0x80000000, 0xffffffff, 5, 5 };
    for (unsigned i = 0; i < 7; i++) {
        struct flow_feedback fb = { .token = p.flow->token, .highest = p.receiver.highest,
                                    .ce = ce[i] };
        size_t n = wire_flow_feedback_build(octet, &fb);
        assert_int_equal(aksu_flow_feedback(p.flow, octet, n, p.now), AKSU_OK);
    }
    assert_int_equal(pair_info(&p).congestion_events, 1);
    pair_free(&p);
}

/* Octets that were damaged in all ways, to both ends, while a flow runs. Honest feedback goes on to
 * be understood. */
static void damage(void **state)
{
    (void)state;
    uint64_t seed = 3;
    pair_init(&p, "bbr", MS(20), 20 * MBIT, 50000);
    for (int i = 0; i < 4000; i++) {
        uint8_t octet[AKSU_FLOW_FEEDBACK_MOST];
        struct aksu_flow_datagram d;
        pair_run(&p, US(500));
        size_t n = build(octet, p.receiver.highest, chance_below(&seed, 5));
        for (unsigned k = 1 + chance_below(&seed, 3); k > 0; k--)
            octet[chance_below(&seed, 32)] = (uint8_t)chance(&seed);
        uint8_t *copy = exact_copy(octet, n);
        (void)aksu_flow_feedback(p.flow, copy, n, p.now);
        free(copy);
        struct flow_header h = { p.flow->token, p.receiver.highest + chance_below(&seed, 3),
                                 chance(&seed), chance(&seed), chance_below(&seed, 100) };
        wire_flow_build(octet, &h);
        octet[chance_below(&seed, 8)] = (uint8_t)chance(&seed);
        copy = exact_copy(octet, AKSU_FLOW_HEADER);
        struct aksu_flow_receiver other = p.receiver;
        (void)aksu_flow_take(&other, copy, AKSU_FLOW_HEADER, false, p.now, &d);
        free(copy);
    }
    assert_true(pair_info(&p).refused > 1000);
    assert_true(pair_info(&p).delivered > 100000);
    pair_free(&p);
}

/* A receiver that is told of sequence numbers far away, of another flow, and of nothing. */
static void receivers(void **state)
{
    (void)state;
    struct aksu_flow_receiver r = { 0 };
    struct aksu_flow_datagram d;
    uint8_t octet[AKSU_FLOW_FEEDBACK_MOST], data[40] = { 0 };
    struct flow_feedback fb;
    assert_int_equal(aksu_flow_feedback_time(&r), AKSU_NEVER);
    assert_int_equal(aksu_flow_report(&r, octet, SECONDS(9)), 0);
    struct flow_header h = { .token = 7, .sequence = 100, .wanted = 100, .within_us = 10000 };
    wire_flow_build(data, &h);
    assert_int_equal(aksu_flow_take(&r, data, sizeof data, false, SECONDS(9), &d), AKSU_OK);
    assert_int_equal(d.length, 20);
    assert_ptr_equal(d.data, data + 20);
    assert_int_equal(aksu_flow_take(&r, data, sizeof data, false, SECONDS(9), &d),
                     AKSU_ALREADY_EXISTS);
    assert_int_equal(aksu_flow_feedback_time(&r), SECONDS(9) + MS(10));
    assert_int_equal(aksu_flow_report(&r, octet, SECONDS(9) + MS(9)), 0);
    h.token = 8;
    wire_flow_build(data, &h);
    assert_int_equal(aksu_flow_take(&r, data, sizeof data, true, SECONDS(9), &d),
                     AKSU_DOES_NOT_EXIST);
    assert_int_equal(r.ce, 0);
    h.token = 7;
    static const uint32_t jump[] = { 102, 101, 5000, 4990, 905, 904, 0x70000000,
                                     0x70000000 - 4095 };
    static const enum aksu_status answer[] = { AKSU_OK, AKSU_OK, AKSU_OK, AKSU_OK, AKSU_OK,
                                               AKSU_ALREADY_EXISTS /* too old to know */,
                                               AKSU_OK, AKSU_OK };
    for (unsigned i = 0; i < 8; i++) {
        h.sequence = jump[i];
        wire_flow_build(data, &h);
        assert_int_equal(aksu_flow_take(&r, data, sizeof data, true, SECONDS(9), &d), answer[i]);
        assert_int_equal(aksu_flow_take(&r, data, sizeof data, true, SECONDS(9), &d),
                         AKSU_ALREADY_EXISTS);
    }
    assert_int_equal(r.ce, 7);
    size_t n = aksu_flow_report(&r, octet, SECONDS(9) + MS(20));
    assert_int_equal(n, AKSU_FLOW_FEEDBACK_MOST);
    assert_true(wire_flow_feedback_parse(octet, n, &fb));
    assert_int_equal(fb.highest, 0x70000000);
    assert_int_equal(fb.delay_us, 20000);
    for (uint32_t i = 0; i < 4095; i++)
        assert_int_equal(fb.arrived[i / 32] >> i % 32 & 1, i == 4094);
    assert_int_equal(aksu_flow_feedback_time(&r), AKSU_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(arguments),
        cmocka_unit_test(acknowledging_what_was_never_sent),
        cmocka_unit_test(optimism),
        cmocka_unit_test(a_delay_that_was_none),
        cmocka_unit_test(marks_that_go_back),
        cmocka_unit_test(damage),
        cmocka_unit_test(receivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
