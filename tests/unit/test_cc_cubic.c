/* test_cc_cubic.c - CUBIC alone (RFC 9438): the curve that cwnd follows, the Reno-friendly
 * region, and what congestion, timeouts and marks do to it. Applications that pause, recovery
 * and mistakes are in test_cc_cubic_pauses.c. */
#include "help.h"

#include "cc_help.h"

static long double distance(long double a, long double b)
{
    return a > b ? a - b : b - a;
}

static long double root3(long double n)
{
    long double x = n > 1 ? n : 1;
    for (int i = 0; i < 200; i++)
        x = (2 * x + n / (x * x)) / 3;
    return n > 0 ? x : 0;
}


/* RFC 9438 4.2 to 4.5 to the letter, one acknowledgment at a time, in segments and seconds. */
struct model {
    long double cwnd, w_max, prior, w_est, k;
    aksu_time epoch;
};

static long double w_cubic(const struct model *m, long double t)
{
    return 0.4L * (t - m->k) * (t - m->k) * (t - m->k) + m->w_max;
}

static void model_begin(struct model *m, const struct flow *f, uint32_t w_max, uint32_t prior)
{
    long double smss = f->cc.smss;
    *m = (struct model){ .cwnd = f->cc.cwnd / smss, .w_max = w_max / smss, .prior = prior / smss };
    m->w_est = m->cwnd;
    m->k = root3((m->w_max - m->cwnd) / 0.4L);
}

static void model_ack(struct model *m, const struct flow *f, uint32_t octets)
{
    long double segments = (long double)octets / f->cc.smss;
    if (m->epoch == 0)
        m->epoch = f->now;                      /* the stage begins with its first acknowledgment */
    long double t = (long double)(f->now - m->epoch) / 1e9L, rtt = f->rtt_us / 1e6L;
    m->w_est += (m->w_est < m->prior ? 9 / 17.0L : 1) * segments / m->cwnd;
    if (w_cubic(m, t) < m->w_est) {
        m->cwnd = m->w_est > m->cwnd ? m->w_est : m->cwnd;
        return;
    }
    long double target = w_cubic(m, t + rtt);
    if (target > 1.5L * m->cwnd)
        target = 1.5L * m->cwnd;
    if (target > m->cwnd)
        m->cwnd += (target - m->cwnd) / m->cwnd * segments;
}

/* Runs flow and model side by side; returns how far they were apart at most, in segments. */
static long double against_model(struct flow *f, struct model *m, aksu_time duration)
{
    long double worst = 0;
    aksu_time until = f->now + duration, begin = f->now;
    uint32_t acked = 0, window = f->cc.cwnd, octets = f->per_ack * f->cc.smss;
    for (unsigned n = 0; f->now < until; n++) {
        acked += octets;
        f->now = begin + US((aksu_time)f->rtt_us) * acked / window;
        model_ack(m, f, octets);
        flow_ack(f, octets, acked >= window);
        if (acked >= window) {
            acked = 0;
            begin = f->now;
            window = f->cc.cwnd;
        }
        long double apart = distance((long double)f->cc.cwnd / f->cc.smss, m->cwnd);
        worst = apart > worst ? apart : worst;
    }
    return worst;
}

/* RFC 9438 4.1.1, 4.2, 4.4, 4.5: C 0.4; concave up to W_max, convex behind it. */
static void cwnd_follows_the_curve(void **state)
{
    (void)state;
    static const struct { uint32_t smss, segments, rtt_us, per_ack; } cases[] = {
        { 1448, 1000, 100000, 2 }, { 1448, 11000, 300000, 2 }, { 9000, 1800, 50000, 1 },
        { 48, 8000, 200000, 16 }, { 1448, 8600, 100000, 42 }, { 536, 400, 300000, 2 },
        { 1448, 100, 2000000, 2 }, { 1448, 300, 10000000, 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flow f;
        struct model m;
        flow_begin(&f, &cc_cubic, cases[i].smss, cases[i].rtt_us);
        f.per_ack = cases[i].per_ack;
        flow_reach(&f, cases[i].segments);
        flow_lose(&f);
        uint32_t w_max = cases[i].segments * cases[i].smss;
        assert_int_equal(f.cc.cwnd, w_max / 10 * 7);
        model_begin(&m, &f, w_max, w_max);
        aksu_time plateau = f.now + (aksu_time)(root3(cases[i].segments * 0.75L) * 1e9L);
        long double worst = against_model(&f, &m, plateau - f.now);
        if (cases[i].rtt_us < SECONDS(1) / US(1))       /* at the plateau it is W_max */
            assert_true(distance(f.cc.cwnd, w_max) < w_max / 50 + cases[i].smss);
        assert_true(worst <= (cases[i].smss == 48 ? 0.25L : 0.1L));   /* an octet is 0.02 of 48 */
        assert_true(against_model(&f, &m, SECONDS(30)) <= 0.1L + cases[i].segments / 5000.0L);
        assert_true(f.cc.cwnd > w_max + w_max / 2);
    }
}

/* RFC 9438 4.2: in a round trip cwnd never grows by more than half. */
static void the_target_is_bounded(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1448, 1000000);
    flow_reach(&f, 20);
    flow_lose(&f);
    flow_round(&f);
    bool steep = false;
    for (int i = 0; i < 40; i++) {
        uint32_t before = f.cc.cwnd;
        f.now += SECONDS(30);           /* acknowledgments that came very late */
        flow_round(&f);
        assert_true(f.cc.cwnd >= before);
        assert_true(f.cc.cwnd <= before / 100 * 165 + 1448);    /* e^0.5 */
        steep |= f.cc.cwnd > before / 5 * 7;
    }
    assert_true(steep);
    assert_int_equal(f.cc.cwnd, 1 << 30);
}

/* RFC 9438 4.3: alpha is 9/17 until W_est has reached cwnd_prior, then 1. */
static void short_round_trips_are_reno_friendly(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1448, 1000);
    flow_reach(&f, 100);
    flow_lose(&f);
    assert_int_equal(flow_segments(&f), 70);
    for (int i = 0; i < 51; i++)
        flow_round(&f);
    assert_true(distance(f.cc.cwnd, (70 + 51 * 9 / 17.0L) * 1448) < 1448);
    for (int i = 0; i < 10; i++)
        flow_round(&f);
    assert_true(f.cc.cwnd >= 100 * 1448);
    uint32_t before = f.cc.cwnd;
    for (int i = 0; i < 20; i++)
        flow_round(&f);
    assert_true(distance(f.cc.cwnd - before, 20 * 1448) < 1448);
}

/* However many segments an acknowledgment stands for, W_est and the curve are the same. */
static void stretched_acknowledgments_cost_nothing(void **state)
{
    (void)state;
    struct flow one, many;
    flow_begin(&one, &cc_cubic, 1448, 20000);
    flow_begin(&many, &cc_cubic, 1448, 20000);
    one.per_ack = 1;
    many.per_ack = 42;
    flow_reach(&one, 500);
    flow_reach(&many, 500);
    flow_lose(&one);
    flow_lose(&many);
    for (int i = 0; i < 2000; i++) {
        flow_round(&one);
        flow_round(&many);
        assert_true(distance(one.cc.cwnd, many.cc.cwnd) < one.cc.cwnd / 100 + 1448);
    }
}

/* RFC 9438 4.6: by 0.7, not below two segments. */
static void congestion_leaves_seven_tenths(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 50000);
    flow_reach(&f, 100);
    f.cc.ops->on_congestion(&f.cc, 100000, false, f.now);
    assert_int_equal(f.cc.cwnd, 70000);
    assert_int_equal(f.cc.ssthresh, 70000);
    for (int i = 0; i < 20; i++)
        flow_lose(&f);
    assert_int_equal(f.cc.cwnd, 2000);
    assert_int_equal(f.cc.ssthresh, 2000);
}

/* RFC 9438 4.7: the second loss comes below W_max: the plateau is at 0.85 of cwnd. */
static void convergence_is_fast(void **state)
{
    (void)state;
    struct flow f;
    struct model m;
    flow_begin(&f, &cc_cubic, 1448, 100000);
    flow_reach(&f, 1000);
    flow_lose(&f);
    flow_round(&f);
    uint32_t prior = f.cc.cwnd;
    flow_lose(&f);
    model_begin(&m, &f, (uint32_t)(prior * 0.85L), prior);
    assert_true(against_model(&f, &m, SECONDS(30)) <= 0.1L);

    flow_lose(&f);                              /* above: no further reduction */
    prior = (uint32_t)(f.cc.cwnd / 0.7L);
    model_begin(&m, &f, prior, prior);
    assert_true(against_model(&f, &m, SECONDS(12)) <= 0.5L);
}

/* RFC 8511 3.1: a mark costs less than a loss. */
static void marks_leave_more(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 50000);
    flow_reach(&f, 100);
    f.cc.ops->on_congestion(&f.cc, 100000, true, f.now);
    assert_int_equal(f.cc.cwnd, 85000);
    assert_int_equal(f.cc.ssthresh, 85000);
}

/* RFC 9438 4.6: marks go on until cwnd is one segment; ssthresh stays at two. */
static void marks_lead_down_to_one_segment(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 50000);
    flow_reach(&f, 4);
    for (int i = 0; i < 20; i++)
        f.cc.ops->on_congestion(&f.cc, f.cc.cwnd, true, f.now);
    assert_int_equal(f.cc.cwnd, 1000);
    assert_int_equal(f.cc.ssthresh, 2000);
}

/* RFC 9438 4.8, R8312-4.8-a: cwnd is one segment, ssthresh 0.7 of what it was; then K is 0. */
static void a_timeout_begins_at_the_plateau(void **state)
{
    (void)state;
    struct flow f;
    struct model m;
    flow_begin(&f, &cc_cubic, 1000, 100000);
    flow_reach(&f, 1000);
    f.cc.ops->on_rto(&f.cc, 1000000, false, f.now);
    assert_int_equal(f.cc.cwnd, 1000);
    assert_int_equal(f.cc.ssthresh, 700000);
    f.cc.ops->on_rto(&f.cc, 1000, true, f.now);
    assert_int_equal(f.cc.cwnd, 1000);
    assert_int_equal(f.cc.ssthresh, 700000);
    for (int rounds = 0; f.cc.cwnd < 350000; rounds++) {
        assert_true(rounds < 9);                /* slow start doubles, RFC 9438 4.10 */
        flow_round(&f);
    }
    flow_ack(&f, 700000 - f.cc.cwnd, true);
    assert_int_equal(f.cc.cwnd, 700000);
    model_begin(&m, &f, 700000, 1000000);
    assert_true(against_model(&f, &m, SECONDS(20)) <= 0.1L);
}

/* RFC 9438 4.10: slow start that ended without loss; alpha is 1 from the start. */
static void a_stage_after_slow_start_is_convex(void **state)
{
    (void)state;
    struct flow f;
    struct model m;
    flow_begin(&f, &cc_cubic, 1448, 100000);
    flow_reach(&f, 300);
    model_begin(&m, &f, f.cc.cwnd, f.cc.cwnd);
    assert_true(against_model(&f, &m, SECONDS(20)) <= 0.1L);
}

/* RFC 5681 3.1: what is acknowledged beyond ssthresh belongs to congestion avoidance. */
static void an_acknowledgment_may_span_the_threshold(void **state)
{
    (void)state;
    struct flow f;
    flow_begin(&f, &cc_cubic, 1000, 100000);
    f.cc.ssthresh = 12000;
    flow_ack(&f, 8000, true);
    assert_true(f.cc.cwnd >= 12000 && f.cc.cwnd < 13000);
}

static void it_is_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(cc_find("reno"), &cc_reno);
    assert_ptr_equal(cc_find("cubic"), &cc_cubic);
    assert_null(cc_find("cubi"));
    assert_null(cc_find("cubicc"));
    assert_null(cc_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cwnd_follows_the_curve),
        cmocka_unit_test(the_target_is_bounded),
        cmocka_unit_test(short_round_trips_are_reno_friendly),
        cmocka_unit_test(stretched_acknowledgments_cost_nothing),
        cmocka_unit_test(congestion_leaves_seven_tenths),
        cmocka_unit_test(convergence_is_fast),
        cmocka_unit_test(marks_leave_more),
        cmocka_unit_test(marks_lead_down_to_one_segment),
        cmocka_unit_test(a_timeout_begins_at_the_plateau),
        cmocka_unit_test(a_stage_after_slow_start_is_convex),
        cmocka_unit_test(an_acknowledgment_may_span_the_threshold),
        cmocka_unit_test(it_is_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
