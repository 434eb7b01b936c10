/* test_cc_reno.c - Reno alone (RFC 5681 3.1): slow start, congestion avoidance, loss, timeouts,
 * marks (RFC 8511), mistakes. */
#include "help.h"

#include "cc_help.h"

static void start(struct flow *f, uint32_t per_ack)
{
    flow_begin(f, &cc_reno, 1000, 100000);
    f->per_ack = per_ack;
}

/* RFC 5681 3.1, RFC 3465 2.2: cwnd doubles in a round trip, however few the acknowledgments. */
static void slow_start_counts_octets(void **state)
{
    (void)state;
    static const uint32_t per_ack[] = { 1, 2, 16, 42, 1000 };
    for (int i = 0; i < 5; i++) {
        struct flow f;
        start(&f, per_ack[i]);
        for (int n = 0; n < 8; n++)
            flow_round(&f);
        assert_int_equal(f.cc.cwnd, 2560000);
        assert_int_equal(f.cc.ssthresh, UINT32_MAX);
    }
}

/* RFC 5681 3.1, R5681-3.1-g: ten acknowledgments for one segment add one segment. */
static void acknowledgments_that_are_divided_gain_nothing(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    for (int i = 0; i < 10; i++)
        flow_ack(&f, 100, false);
    assert_int_equal(f.cc.cwnd, 11000);
    f.cc.ssthresh = f.cc.cwnd;
    for (int i = 0; i < 1100; i++)              /* R5681-3.1-i: a window in tiny pieces */
        flow_ack(&f, 10, false);
    assert_int_equal(f.cc.cwnd, 12000);
}

/* RFC 3465 2.3: after a timeout an acknowledgment may stand for text that arrived before it; it
 * adds what the loss window sent. RFC 9406 4.3: without pacing, eight segments at most. */
static void one_acknowledgment_adds_no_more_than_the_window(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    for (int n = 0; n < 6; n++)
        flow_round(&f);
    f.cc.ops->on_rto(&f.cc, f.cc.cwnd, false, f.now);
    flow_ack(&f, 200000, false);
    assert_int_equal(f.cc.cwnd, 2000);
    flow_ack(&f, 200000, false);
    assert_int_equal(f.cc.cwnd, 4000);
    f.cc.paced = false;
    flow_ack(&f, 200000, false);
    flow_ack(&f, 200000, false);
    flow_ack(&f, 200000, false);
    assert_int_equal(f.cc.cwnd, 24000);
}

/* RFC 5681 3.1, R5681-3.1-h: one segment for each window that was acknowledged. */
static void congestion_avoidance_adds_a_segment_per_round_trip(void **state)
{
    (void)state;
    static const uint32_t per_ack[] = { 1, 2, 16, 1000 };
    for (int i = 0; i < 4; i++) {
        struct flow f;
        start(&f, per_ack[i]);
        flow_reach(&f, 20);
        for (uint32_t n = 20; n < 200; n++) {
            assert_int_equal(f.cc.cwnd, n * 1000);
            flow_round(&f);
        }
    }
}

/* RFC 5681 3.1: what is acknowledged beyond ssthresh belongs to congestion avoidance. */
static void an_acknowledgment_may_span_the_threshold(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    f.cc.ssthresh = 12000;
    flow_ack(&f, 10000, false);                 /* two for slow start, eight are left */
    assert_int_equal(f.cc.cwnd, 12000);
    flow_ack(&f, 3000, false);
    assert_int_equal(f.cc.cwnd, 12000);
    flow_ack(&f, 1000, false);
    assert_int_equal(f.cc.cwnd, 13000);
}

/* RFC 5681 3.1: nothing grows that is not in use, or while recovery leads. */
static void what_is_not_in_use_does_not_grow(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    f.app_limited = true;
    flow_ack(&f, 9000, true);
    assert_int_equal(f.cc.cwnd, 10000);
    f.app_limited = false;
    f.cc.ops->on_congestion(&f.cc, 10000, false, f.now);
    struct cc_ack a = { .now = f.now, .acked = 5000, .recovering = true };
    f.cc.ops->on_ack(&f.cc, &a);
    assert_int_equal(f.cc.cwnd, 5000);
}

/* RFC 5681 3.1, R5681-3.1-f: half of FlightSize, not below two segments. */
static void loss_halves_what_was_in_flight(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    flow_reach(&f, 100);
    f.cc.ops->on_congestion(&f.cc, 90000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 45000);
    assert_int_equal(f.cc.cwnd, 45000);
    f.cc.ops->on_congestion(&f.cc, 3000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 2000);
    assert_int_equal(f.cc.cwnd, 2000);
}

/* The closed form between two losses: W/2 + t/RTT. RFC 5681 3.1 */
static void the_saw_has_its_teeth(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 2);
    flow_reach(&f, 80);
    for (int tooth = 0; tooth < 4; tooth++) {
        flow_lose(&f);
        assert_int_equal(f.cc.cwnd, 40000);
        aksu_time begin = f.now;
        while (f.cc.cwnd < 80000) {
            long double want = 40 + (long double)(f.now - begin) / 1e8L;
            long double apart = f.cc.cwnd / 1000.0L - want;
            assert_true(apart < 0.01L && apart > -1);
            flow_round(&f);
        }
    }
}

/* RFC 5681 3.1, R5681-3.1-k, R5681-3.1-l, R5681-3.1-m: FlightSize, not cwnd; held when the same
 * segment times out again; cwnd is one segment. */
static void a_timeout_leaves_one_segment(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    flow_reach(&f, 100);
    f.cc.ops->on_rto(&f.cc, 60000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 30000);
    assert_int_equal(f.cc.cwnd, 1000);
    f.cc.ops->on_rto(&f.cc, 1000, true, f.now);
    assert_int_equal(f.cc.ssthresh, 30000);
    assert_int_equal(f.cc.cwnd, 1000);
    f.cc.ops->on_rto(&f.cc, 4000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 2000);
}

/* RFC 8511 3, R8511-3-a: 0.8 for a mark; RFC 3168 6.1.2: down to one segment. */
static void marks_leave_more(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    flow_reach(&f, 100);
    f.cc.ops->on_congestion(&f.cc, 100000, true, f.now);
    assert_int_equal(f.cc.ssthresh, 80000);
    assert_int_equal(f.cc.cwnd, 80000);
    for (int i = 0; i < 30; i++)
        f.cc.ops->on_congestion(&f.cc, f.cc.cwnd, true, f.now);
    assert_int_equal(f.cc.ssthresh, 2000);
    assert_int_equal(f.cc.cwnd, 1000);
}

/* RFC 4015 3.2: what was done by mistake is undone, once, and takes nothing away. */
static void a_mistake_is_undone(void **state)
{
    (void)state;
    struct flow f;
    start(&f, 1);
    flow_reach(&f, 100);
    f.cc.ops->undo(&f.cc, f.now);               /* there is nothing to undo */
    assert_int_equal(f.cc.cwnd, 100000);
    f.cc.ops->on_congestion(&f.cc, 100000, false, f.now);
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, 100000);
    assert_int_equal(f.cc.ssthresh, 100000);
    f.cc.ops->on_rto(&f.cc, 100000, false, f.now);
    f.cc.ops->on_rto(&f.cc, 1000, true, f.now);
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, 100000);
    assert_int_equal(f.cc.ssthresh, 100000);
    f.cc.cwnd = 20000;
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, 20000);

    f.cc.ops->on_congestion(&f.cc, 20000, false, f.now);
    f.cc.cwnd = 30000;
    f.cc.ops->undo(&f.cc, f.now);
    assert_int_equal(f.cc.cwnd, 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_start_counts_octets),
        cmocka_unit_test(acknowledgments_that_are_divided_gain_nothing),
        cmocka_unit_test(one_acknowledgment_adds_no_more_than_the_window),
        cmocka_unit_test(congestion_avoidance_adds_a_segment_per_round_trip),
        cmocka_unit_test(an_acknowledgment_may_span_the_threshold),
        cmocka_unit_test(what_is_not_in_use_does_not_grow),
        cmocka_unit_test(loss_halves_what_was_in_flight),
        cmocka_unit_test(the_saw_has_its_teeth),
        cmocka_unit_test(a_timeout_leaves_one_segment),
        cmocka_unit_test(marks_leave_more),
        cmocka_unit_test(a_mistake_is_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
