/* test_cc_hystart.c - HyStart++ (RFC 9406), through CUBIC: when slow start gives way to
 * Conservative Slow Start, when that was jitter, and what the receiver's way of acknowledging
 * changes. */
#include "help.h"

#include "cc_help.h"

enum { SMSS = 1448 };

static void start(struct flow *f, uint32_t rtt_us, uint32_t per_ack)
{
    flow_begin(f, &cc_cubic, SMSS, rtt_us);
    f->per_ack = per_ack;
}

static void rounds(struct flow *f, int n)
{
    while (n-- > 0)
        flow_round(f);
}

/* How many hundredths cwnd grows by in a round. */
static unsigned growth(struct flow *f)
{
    uint32_t before = f->cc.cwnd;
    flow_round(f);
    return (f->cc.cwnd - before) / (before / 100);
}

/* A constant round-trip time leaves slow start alone. RFC 9406 4.2 */
static void slow_start_doubles(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 20000, 2);
    rounds(&f, 10);
    assert_int_equal(flow_segments(&f), 10 << 10);
    assert_int_equal(f.cc.ssthresh, UINT32_MAX);
}

/* RFC 9406 4.2, 4.3: the threshold is an eighth of the round-trip time, within 4 and 16 ms. */
static void the_threshold_is_an_eighth(void **state)
{
    (void)state;
    static const struct { uint32_t rtt_us, more; } cases[] = {
        { 1000, 4000 }, { 31992, 4000 }, { 40000, 5000 }, { 100000, 12500 },
        { 128000, 16000 }, { 400000, 16000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (uint32_t less = 0; less < 2; less++) {
            struct flow f;
            start(&f, cases[i].rtt_us, 2);
            rounds(&f, 3);
            f.rtt_us += cases[i].more - less;
            flow_round(&f);
            f.rtt_us -= less ? 2 : 0;       /* nor does the next round reach it */
            unsigned grown = growth(&f);
            if (less)
                assert_true(grown > 95);
            else
                assert_true(grown > 22 && grown < 27);      /* a quarter */
        }
    }
}

/* RFC 9406 4.2, 4.3: five rounds, the first of them in part; then ssthresh is cwnd. */
static void conservative_slow_start_lasts_five_rounds(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 2);
    rounds(&f, 4);
    f.rtt_us = 60000;
    for (int i = 0; i < 4; i++) {
        flow_round(&f);
        assert_int_equal(f.cc.ssthresh, UINT32_MAX);
    }
    flow_round(&f);
    assert_int_equal(f.cc.ssthresh, f.cc.cwnd);
    uint32_t before = f.cc.cwnd;
    flow_round(&f);                             /* congestion avoidance */
    assert_true(f.cc.cwnd > before && f.cc.cwnd < before + 2 * SMSS);
}

/* RFC 9406 4.2: the round-trip time falls again: it was jitter, slow start resumes. */
static void jitter_is_forgiven(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 2);
    rounds(&f, 4);
    f.rtt_us = 60000;
    rounds(&f, 3);
    f.rtt_us = 59999;
    flow_round(&f);
    assert_true(growth(&f) > 95);
    assert_int_equal(f.cc.ssthresh, UINT32_MAX);

    f.rtt_us = 70000;                           /* and the five rounds begin again */
    for (int i = 0; i < 4; i++)
        flow_round(&f);
    assert_int_equal(f.cc.ssthresh, UINT32_MAX);
    flow_round(&f);
    assert_int_equal(f.cc.ssthresh, f.cc.cwnd);
}

static void feed(struct flow *f, uint32_t rtt_us, uint32_t octets, bool round)
{
    f->rtt_us = rtt_us;
    f->now += MS(1);
    flow_ack(f, octets, round);
}

/* RFC 9406 4.2: seven samples prove nothing, however late. */
static void eight_samples_are_needed(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 1);
    rounds(&f, 1);
    for (int i = 0; i < 7; i++)
        feed(&f, 90000, SMSS, false);
    uint32_t before = f.cc.cwnd;
    feed(&f, 90000, SMSS, false);               /* the eighth still grows in slow start */
    assert_int_equal(f.cc.cwnd, before + SMSS);
    before = f.cc.cwnd;
    feed(&f, 90000, SMSS, false);
    assert_int_equal(f.cc.cwnd, before + SMSS / 4);
}

/* One small sample among the eight is enough to go on. */
static void the_smallest_sample_counts(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 1);
    rounds(&f, 1);
    for (int i = 0; i < 20; i++)
        feed(&f, i == 3 ? 50000 : 90000, SMSS, i == 19);
    assert_int_equal(flow_segments(&f), 40);
    f.rtt_us = 50000;
    assert_true(growth(&f) > 95);
}

/* A receiver that answers sixteen segments at once gives one sample for them; that is judged. */
static void a_batch_stands_for_its_segments(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 16);
    rounds(&f, 3);
    feed(&f, 70000, 15 * SMSS, false);
    uint32_t before = f.cc.cwnd;
    feed(&f, 70000, SMSS, false);
    assert_int_equal(f.cc.cwnd, before + SMSS);
    before = f.cc.cwnd;
    feed(&f, 70000, 16 * SMSS, false);
    assert_int_equal(f.cc.cwnd, before + 4 * SMSS);
    feed(&f, 50000, 16 * SMSS, false);          /* another batch came in time: jitter */
    before = f.cc.cwnd;
    feed(&f, 70000, 16 * SMSS, true);
    assert_int_equal(f.cc.cwnd, before + 16 * SMSS);
}

static void acknowledgments_without_a_sample_do_not_count(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 1);
    rounds(&f, 2);
    for (int i = 0; i < 40; i++)
        feed(&f, 0, SMSS, i == 39);
    for (int i = 0; i < 8; i++)                 /* nothing to compare with in the round before */
        feed(&f, 90000, SMSS, false);
    uint32_t before = f.cc.cwnd;
    feed(&f, 90000, SMSS, false);
    assert_int_equal(f.cc.cwnd, before + SMSS);
}

/* RFC 9406 4.2, 4.3: L is eight segments for each acknowledgment, unless the sender is paced. */
static void bursts_are_limited_without_pacing(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 42);
    rounds(&f, 3);
    f.cc.paced = false;
    uint32_t before = f.cc.cwnd;
    feed(&f, 50000, 42 * SMSS, false);
    assert_int_equal(f.cc.cwnd, before + 8 * SMSS);
    f.cc.slow_start_limit = 20;
    before = f.cc.cwnd;
    feed(&f, 50000, 42 * SMSS, false);
    assert_int_equal(f.cc.cwnd, before + 20 * SMSS);
    f.cc.paced = true;
    before = f.cc.cwnd;
    feed(&f, 50000, 42 * SMSS, false);
    assert_int_equal(f.cc.cwnd, before + 42 * SMSS);
}

/* Loss ends slow start as it always did: ssthresh is set, and HyStart++ is over for good
 * (RFC 9406 4.2). */
static void loss_ends_it(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 2);
    rounds(&f, 4);
    flow_lose(&f);
    f.cc.ops->on_rto(&f.cc, f.cc.cwnd, false, f.now);
    uint32_t ssthresh = f.cc.ssthresh;
    for (int i = 0; f.cc.cwnd < ssthresh; i++) {
        assert_true(i < 12);            /* a growing delay does not slow the second one down */
        f.rtt_us += 20000;
        flow_round(&f);
        assert_int_equal(f.cc.ssthresh, ssthresh);
    }
}

/* What the application holds back neither ends slow start nor uses up the rounds. */
static void an_application_that_pauses_does_not_end_it(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 50000, 2);
    rounds(&f, 3);
    f.app_limited = true;
    f.rtt_us = 80000;
    rounds(&f, 20);
    f.app_limited = false;
    assert_true(growth(&f) > 95);
    assert_int_equal(f.cc.ssthresh, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_start_doubles),
        cmocka_unit_test(the_threshold_is_an_eighth),
        cmocka_unit_test(conservative_slow_start_lasts_five_rounds),
        cmocka_unit_test(jitter_is_forgiven),
        cmocka_unit_test(eight_samples_are_needed),
        cmocka_unit_test(the_smallest_sample_counts),
        cmocka_unit_test(a_batch_stands_for_its_segments),
        cmocka_unit_test(acknowledgments_without_a_sample_do_not_count),
        cmocka_unit_test(bursts_are_limited_without_pacing),
        cmocka_unit_test(loss_ends_it),
        cmocka_unit_test(an_application_that_pauses_does_not_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
