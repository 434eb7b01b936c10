/* test_cc_cubic_pauses.c - CUBIC when the application pauses, while loss recovery leads cwnd, when
 * congestion turns out to be a mistake (RFC 9438 4.9), and whatever an owner may say. */
#include "help.h"

#include "cc_help.h"

static void start(struct flow *f, uint32_t segments)
{
    flow_begin(f, &cc_cubic, 1448, 100000);
    flow_reach(f, segments);
    flow_lose(f);
    for (int i = 0; i < 20; i++)
        flow_round(f);
}

static void same_from_now_on(struct flow *a, struct flow *b)
{
    for (int i = 0; i < 200; i++) {
        assert_int_equal(a->cc.cwnd, b->cc.cwnd);
        assert_int_equal(a->cc.ssthresh, b->cc.ssthresh);
        flow_round(a);
        flow_round(b);
    }
    flow_lose(a);
    flow_lose(b);
    flow_run(a, a->now + SECONDS(5));
    flow_run(b, b->now + SECONDS(5));
    assert_int_equal(a->cc.cwnd, b->cc.cwnd);
}

/* RFC 9438 4.2, 5.8, R8312-5.8-a: t stands still while the application is the limit. */
static void limited_time_does_not_count(void **state)
{
    (void)state;
    struct flow busy, paused;
    start(&busy, 1000);
    start(&paused, 1000);
    uint32_t before = paused.cc.cwnd;
    paused.app_limited = true;
    for (int i = 0; i < 600; i++) {
        paused.now += MS(100);
        flow_ack(&paused, 1448, true);
        assert_int_equal(paused.cc.cwnd, before);
    }
    paused.app_limited = false;
    same_from_now_on(&busy, &paused);
}

/* RFC 9438 4.2, 5.8, R8312-5.8-a: an idle minute is no minute of growth. */
static void idle_time_does_not_count(void **state)
{
    (void)state;
    struct flow busy, paused;
    start(&busy, 1000);
    start(&paused, 1000);
    paused.now += SECONDS(60);
    paused.cc.ops->after_idle(&paused.cc, SECONDS(60), paused.now);
    same_from_now_on(&busy, &paused);

    paused.now += SECONDS(60);          /* idle for longer than the stage lasts */
    paused.cc.ops->after_idle(&paused.cc, SECONDS(600), paused.now);
    uint32_t before = paused.cc.cwnd;
    flow_round(&paused);
    assert_true(paused.cc.cwnd < before + before / 10);
}

static void nothing_grows_during_recovery(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1000);
    f.cc.ops->on_congestion(&f.cc, f.cc.cwnd, false, f.now);
    uint32_t window = f.cc.cwnd;
    struct cc_ack a = { .now = f.now, .acked = 100000, .rtt_us = 1000, .srtt_us = 100000,
                        .round = true, .recovering = true };
    for (int i = 0; i < 100; i++) {
        a.now += MS(10);
        f.cc.ops->on_ack(&f.cc, &a);
        assert_int_equal(f.cc.cwnd, window);
    }
}

/* RFC 5681 4.3, R5681-4.3-c: a retransmission that is lost lowers twice; what the owner made of
 * cwnd on the way does not count. */
static void loss_during_recovery_starts_from_ssthresh(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 100000);
    flow_reach(&f, 100);
    f.cc.ops->on_congestion(&f.cc, 100000, false, f.now);
    f.cc.cwnd = 20000;                          /* RFC 6937 2 */
    f.cc.ops->on_congestion(&f.cc, 20000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 49000);
    f.cc.cwnd = 5000;
    f.cc.ops->on_rto(&f.cc, 5000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 34300);
    assert_int_equal(f.cc.cwnd, 1000);
}

/* RFC 9438 4.9.2: as if it had not happened. */
static void a_mistaken_loss_is_undone(void **state)
{
    (void)state;
    struct flow calm, misled;
    start(&calm, 1000);
    start(&misled, 1000);
    misled.cc.ops->on_congestion(&misled.cc, misled.cc.cwnd, false, misled.now);
    assert_true(misled.cc.cwnd < calm.cc.cwnd);
    misled.cc.ops->undo(&misled.cc, misled.now);
    same_from_now_on(&calm, &misled);
}

/* RFC 9438 4.9.1, RFC 4015 3.2: a timeout as well, repeated or not. */
static void a_mistaken_timeout_is_undone(void **state)
{
    (void)state;
    struct flow calm, misled;
    start(&calm, 1000);
    start(&misled, 1000);
    misled.cc.ops->on_rto(&misled.cc, misled.cc.cwnd, false, misled.now);
    misled.cc.ops->on_rto(&misled.cc, misled.cc.cwnd, true, misled.now);
    misled.cc.ops->undo(&misled.cc, misled.now);
    same_from_now_on(&calm, &misled);
}

static void a_mistake_in_the_first_slow_start_is_undone(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1448, 100000);
    flow_round(&f);
    flow_round(&f);
    f.cc.ops->on_congestion(&f.cc, f.cc.cwnd, false, f.now);
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(flow_segments(&f), 40);
    assert_int_equal(f.cc.ssthresh, UINT32_MAX);
    struct cc_ack late = { .now = f.now, .acked = 1448, .recovering = true };
    f.cc.ops->on_ack(&f.cc, &late);
    f.cc.ops->on_congestion(&f.cc, f.cc.cwnd, false, f.now);    /* this time in earnest */
    assert_int_equal(f.cc.ssthresh, 40 * 1448 / 10 * 7);
    f.cc.ops->undo(&f.cc, f.now);
    flow_round(&f);
    assert_int_equal(flow_segments(&f), 80);
}

/* RFC 6937 3: the owner leads cwnd down, and had not begun to when the mistake was found. */
static void a_mistake_is_undone_before_cwnd_comes_down(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1448, 100000);
    flow_round(&f);
    flow_round(&f);
    uint32_t cwnd = f.cc.cwnd;
    f.cc.ops->on_congestion(&f.cc, cwnd, false, f.now);
    f.cc.cwnd = cwnd;
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, cwnd);
    assert_int_equal(f.cc.ssthresh, UINT32_MAX);
    flow_round(&f);
    assert_int_equal(f.cc.cwnd, 2 * cwnd);
}

/* RFC 9438 4.9.2: not when cwnd is above cwnd_prior by then; and each mistake is undone once. */
static void what_has_grown_since_is_kept(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 100);
    uint32_t prior = f.cc.cwnd;
    flow_lose(&f);
    uint32_t ssthresh = f.cc.ssthresh;
    while (f.cc.cwnd < prior)
        flow_round(&f);
    uint32_t cwnd = f.cc.cwnd;
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, cwnd);
    assert_int_equal(f.cc.ssthresh, ssthresh);

    flow_lose(&f);
    f.cc.ops->undo(&f.cc, f.now);
    f.cc.cwnd = 20000;
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, 20000);
}

static aksu_time some_time(uint64_t *seed)
{
    switch (chance_below(seed, 6)) {
    case 0: return 0;
    case 1: return chance_below(seed, 1000);
    case 2: return SECONDS((aksu_time)chance(seed));
    default: return MS((aksu_time)chance_below(seed, 3000));
    }
}

static void step(struct flow *f, uint64_t *seed)
{
    struct cc *c = &f->cc;
    const struct cc_ops *ops = c->ops;
    uint32_t before = c->cwnd, flight = chance_below(seed, 2) ? c->cwnd : chance(seed) >> 3;
    f->now += some_time(seed);
    uint32_t what = chance_below(seed, 40);
    if (what == 0) {
        ops->on_congestion(c, flight, chance_below(seed, 2), f->now);
        assert_true(c->ssthresh >= 2 * c->smss);
    } else if (what == 1) {
        ops->on_rto(c, flight, chance_below(seed, 2), f->now);
        assert_int_equal(c->cwnd, c->smss);
    } else if (what == 2) {
        ops->undo(c, f->now);
        assert_true(c->cwnd >= before);
    } else if (what == 3) {
        ops->after_idle(c, some_time(seed), f->now);
        assert_true(c->cwnd <= before);
    } else if (what == 4) {
        if (ops->on_recovered)
            ops->on_recovered(c, f->now);
    } else {
        struct cc_ack a = {
            .now = f->now, .acked = chance(seed) >> chance_below(seed, 32), .in_flight = flight,
            .lost = chance_below(seed, 8) ? 0 : chance(seed),
            .rtt_us = chance(seed) >> chance_below(seed, 32),
            .srtt_us = chance(seed) >> chance_below(seed, 32),
            .round = chance_below(seed, 3) == 0, .app_limited = chance_below(seed, 4) == 0,
            .recovering = chance_below(seed, 8) == 0,
        };
        ops->on_ack(c, &a);
        if (a.recovering || a.app_limited)
            assert_true(c->cwnd <= before);
        else
            assert_true(c->cwnd - before <= (ops == &cc_reno ? a.acked + c->smss : a.acked));
    }
    assert_true(c->cwnd >= c->smss && c->cwnd <= 1 << 30);
}

/* Whatever it is told, in whatever order and at whatever time: no overflow, no division by zero, no
 * window that nobody could use. The sanitizers look on. */
static void nothing_is_too_much(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 48, 536, 1448, 9000, 65495 };
    uint64_t seed = 4;
    for (int i = 0; i < 4000; i++) {
        struct flow f;
        flow_begin(&f, i % 2 ? &cc_cubic : &cc_reno, sizes[chance_below(&seed, 5)], 0);
        f.cc.paced = chance_below(&seed, 2);
        if (chance_below(&seed, 2))
            f.cc.ssthresh = 2 * f.cc.smss + chance_below(&seed, 1 << 26);
        for (int n = 0; n < 200; n++)
            step(&f, &seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limited_time_does_not_count),
        cmocka_unit_test(idle_time_does_not_count),
        cmocka_unit_test(nothing_grows_during_recovery),
        cmocka_unit_test(loss_during_recovery_starts_from_ssthresh),
        cmocka_unit_test(a_mistaken_loss_is_undone),
        cmocka_unit_test(a_mistaken_timeout_is_undone),
        cmocka_unit_test(a_mistake_in_the_first_slow_start_is_undone),
        cmocka_unit_test(a_mistake_is_undone_before_cwnd_comes_down),
        cmocka_unit_test(what_has_grown_since_is_kept),
        cmocka_unit_test(nothing_is_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
