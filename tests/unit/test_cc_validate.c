/* test_cc_validate.c - congestion window validation (RFC 7661), through Reno and CUBIC: what
 * becomes of a window that was not in use. */
#include "help.h"

#include "cc_help.h"

/* cwnd is 100 segments and was in use; then `per_round` octets a round trip for `rounds` of
 * them. */
static void rest(struct flow *f, const struct cc_ops *ops, uint32_t per_round, int rounds)
{
    flow_begin(f, ops, 1000, 100000);
    flow_reach(f, 100);
    for (int i = 0; i < 5; i++)
        flow_ack(f, 1, true);
    f->cc.cwnd = 100000;
    f->app_limited = true;
    for (int i = 0; i < rounds; i++) {
        f->now += MS(100);
        flow_ack(f, per_round, true);
    }
    f->app_limited = false;
}

/* RFC 7661 4.4, R7661-4.4-a: the window is kept, and does not grow. */
static void a_window_that_is_not_in_use_is_kept(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_cubic, 2000, 2960);           /* not quite five minutes */
    assert_int_equal(f.cc.cwnd, 100000);
    f.now += SECONDS(3);
    f.cc.ops->after_idle(&f.cc, SECONDS(3), f.now);
    assert_int_equal(f.cc.cwnd, 100000);
}

/* RFC 7661 4.4.3: after five minutes half of it, and ssthresh remembers; again after five more. */
static void after_five_minutes_it_is_halved(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_reno, 2000, 3011);
    assert_int_equal(f.cc.cwnd, 50000);
    assert_int_equal(f.cc.ssthresh, 100000);
    f.cc.ssthresh = 20000;
    f.now += SECONDS(300);
    f.cc.ops->after_idle(&f.cc, SECONDS(300), f.now);
    assert_int_equal(f.cc.cwnd, 25000);
    assert_int_equal(f.cc.ssthresh, 37500);
    f.now += SECONDS(1000000);
    f.cc.ops->after_idle(&f.cc, SECONDS(1000000), f.now);
    assert_int_equal(f.cc.cwnd, 10000);         /* the initial window */
}

/* An owner may give back the state of an idle sender and keep cwnd alone: it is as old as the
 * pause. */
static void a_window_from_before_the_state_is_not_validated(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 100000);
    f.cc.cwnd = f.cc.ssthresh = 80000;
    f.cc.ops->after_idle(&f.cc, SECONDS(2), f.now);
    assert_int_equal(f.cc.cwnd, 80000);
    f.cc.ops->on_congestion(&f.cc, 20000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 14000);

    flow_begin(&f, &cc_cubic, 1000, 100000);
    f.cc.cwnd = f.cc.ssthresh = 80000;
    f.cc.ops->after_idle(&f.cc, SECONDS(700), f.now);
    assert_int_equal(f.cc.cwnd, 20000);
}

/* RFC 7661 4.2, 4.3: it was in use until the pause has been a sampling period, a second. */
static void a_short_pause_does_not_age_it(void **state)
{
    (void)state;
    for (unsigned ms = 400; ms <= 1400; ms += 1000) {
        struct flow f;
        flow_begin(&f, &cc_cubic, 1000, 100000);
        f.cc.cwnd = f.cc.ssthresh = 80000;
        f.now += SECONDS(10);
        f.cc.ops->after_idle(&f.cc, MS(ms), f.now);
        f.cc.ops->on_congestion(&f.cc, 20000, false, f.now);
        assert_int_equal(f.cc.ssthresh, ms < 1000 ? 56000 : 14000);
    }
}

/* RFC 5681 4.1, R5681-4.1-a; RFC 7661 4.4.2: without pacing what is kept would leave as a burst. */
static void without_pacing_it_is_the_restart_window(void **state)
{
    (void)state;
    static const struct cc_ops *const all[] = { &cc_reno, &cc_cubic };
    for (int i = 0; i < 2; i++) {
        struct flow f;
        rest(&f, all[i], 2000, 3);
        f.cc.paced = false;
        f.now += SECONDS(2);
        all[i]->after_idle(&f.cc, SECONDS(2), f.now);
        assert_int_equal(f.cc.cwnd, 10000);
        f.cc.cwnd = 3000;
        all[i]->after_idle(&f.cc, SECONDS(2), f.now);
        assert_int_equal(f.cc.cwnd, 3000);
    }
}

/* RFC 7661 4.4.1: congestion finds a window that was not validated: what counts is what was
 * sent, now or in a round trip of the last second. */
static void congestion_counts_what_was_sent(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_reno, 30000, 40);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 15000);

    rest(&f, &cc_cubic, 30000, 40);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 21000);

    rest(&f, &cc_cubic, 30000, 40);            /* more in flight than pipeACK */
    f.cc.ops->on_congestion(&f.cc, 50000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 35000);

    rest(&f, &cc_cubic, 30000, 40);            /* but not more than cwnd */
    f.cc.ops->on_congestion(&f.cc, 500000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 70000);
}

/* RFC 7661 4.2: samples older than the sampling period, a second, do not count. */
static void old_samples_do_not_count(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_cubic, 30000, 40);
    f.app_limited = true;
    for (int i = 0; i < 11; i++) {
        f.now += MS(100);
        flow_ack(&f, 10000, true);
    }
    f.cc.ops->on_congestion(&f.cc, 1000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 7000);

    rest(&f, &cc_cubic, 30000, 40);
    f.now += SECONDS(2);
    f.cc.ops->on_congestion(&f.cc, 10000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 7000);
}

/* RFC 7661 4.3: in use within the last second: validated. Then CUBIC takes cwnd (RFC 9438 4.6),
 * Reno FlightSize (RFC 5681 3.1). */
static void a_validated_window_is_taken_whole(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_cubic, 30000, 9);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 70000);
    rest(&f, &cc_reno, 30000, 9);
    f.cc.ops->on_congestion(&f.cc, 80000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 40000);

    rest(&f, &cc_cubic, 30000, 40);            /* and validated again when it is in use again */
    flow_ack(&f, 1000, true);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    assert_true(f.cc.ssthresh >= 70000);
}

/* RFC 7661 4.2: three round trips when they are longer than a second. */
static void long_round_trips_have_a_longer_period(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 2000000);
    flow_reach(&f, 100);
    flow_ack(&f, 0, true);                      /* or all of it would count as the last round's */
    f.app_limited = true;
    f.now += SECONDS(5);
    flow_ack(&f, 20000, true);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 70000);
}

/* RFC 7661 4.4.1: at the end of recovery what was lost is taken off. */
static void what_was_lost_is_taken_off(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_cubic, 30000, 40);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    struct cc_ack a = { .now = f.now, .acked = 1000, .lost = 4000, .recovering = true };
    f.cc.ops->on_ack(&f.cc, &a);
    a.lost = 6000;
    f.cc.ops->on_ack(&f.cc, &a);
    f.cc.ops->on_recovered(&f.cc, f.now);
    assert_int_equal(f.cc.ssthresh, 14000);
    assert_int_equal(f.cc.cwnd, 14000);
    f.cc.cwnd = 50000;
    f.cc.ops->on_recovered(&f.cc, f.now);       /* once */
    assert_int_equal(f.cc.cwnd, 50000);

    rest(&f, &cc_reno, 30000, 40);
    f.cc.ops->on_congestion(&f.cc, 8000, false, f.now);
    a.lost = 100000;
    f.cc.ops->on_ack(&f.cc, &a);
    f.cc.ops->on_recovered(&f.cc, f.now);
    assert_int_equal(f.cc.ssthresh, 2000);

    flow_begin(&f, &cc_cubic, 1000, 100000);    /* a validated window has paid already */
    flow_reach(&f, 100);
    f.cc.ops->on_congestion(&f.cc, 100000, false, f.now);
    f.cc.ops->on_ack(&f.cc, &a);
    f.cc.ops->on_recovered(&f.cc, f.now);
    assert_int_equal(f.cc.ssthresh, 70000);
}

/* RFC 7661 4.4, RFC 5681 3.1: a timeout counts what is in flight. */
static void a_timeout_counts_what_is_in_flight(void **state)
{
    (void)state;
    struct flow f;
    rest(&f, &cc_cubic, 30000, 40);
    f.cc.ops->on_rto(&f.cc, 10000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 7000);
    rest(&f, &cc_cubic, 30000, 40);
    f.cc.ops->on_rto(&f.cc, 1000000, false, f.now);
    assert_int_equal(f.cc.ssthresh, 70000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_that_is_not_in_use_is_kept),
        cmocka_unit_test(after_five_minutes_it_is_halved),
        cmocka_unit_test(a_window_from_before_the_state_is_not_validated),
        cmocka_unit_test(a_short_pause_does_not_age_it),
        cmocka_unit_test(without_pacing_it_is_the_restart_window),
        cmocka_unit_test(congestion_counts_what_was_sent),
        cmocka_unit_test(old_samples_do_not_count),
        cmocka_unit_test(a_validated_window_is_taken_whole),
        cmocka_unit_test(long_round_trips_have_a_longer_period),
        cmocka_unit_test(what_was_lost_is_taken_off),
        cmocka_unit_test(a_timeout_counts_what_is_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
