/* test_cc_curve.c - the window function of CUBIC in integers, against long double. */
#include "help.h"

#include "tcp/cc_curve.h"

static const uint32_t segment_sizes[] = { 1, 48, 536, 1448, 9000, 65535 };
enum { SIZES = sizeof segment_sizes / sizeof segment_sizes[0], MIB = 1 << 20 };

/* Newton's iteration: the tests link no mathematics library. */
static long double root3(long double n)
{
    long double x = n > 1 ? n : 1;
    for (int i = 0; i < 200; i++)
        x = (2 * x + n / (x * x)) / 3;
    return n > 0 ? x : 0;
}

static long double seconds(uint32_t ticks)
{
    return (long double)ticks / CC_CURVE_SECOND;
}

static long double distance(long double a, long double b)
{
    return a > b ? a - b : b - a;
}

static void the_cube_root_is_exact(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (uint64_t n = 1; n < 2642245; n = n < 3000 ? n + 1 : n + 1 + chance_below(&seed, 900)) {
        assert_int_equal(cc_cube_root(n * n * n), n);
        assert_int_equal(cc_cube_root(n * n * n - 1), n - 1);
    }
    assert_int_equal(cc_cube_root(0), 0);
    assert_int_equal(cc_cube_root(UINT64_MAX), 2642245);
}

static void ticks_are_exact_and_saturate(void **state)
{
    (void)state;
    assert_int_equal(cc_curve_ticks(0), 0);
    assert_int_equal(cc_curve_ticks(15258), 0);                 /* 2^-16 s are 15258.8 ns */
    assert_int_equal(cc_curve_ticks(15259), 1);
    assert_int_equal(cc_curve_ticks(SECONDS(1)), CC_CURVE_SECOND);
    assert_int_equal(cc_curve_ticks(SECONDS(1) - 1), CC_CURVE_SECOND - 1);
    assert_int_equal(cc_curve_ticks(SECONDS(1023)), 1023 * CC_CURVE_SECOND);
    assert_int_equal(cc_curve_ticks(SECONDS(1024)), CC_CURVE_FAR);
    assert_int_equal(cc_curve_ticks(SECONDS(1024) - 1), CC_CURVE_FAR - 1);
    assert_int_equal(cc_curve_ticks(NEVER), CC_CURVE_FAR);
}

/* RFC 9438 4.2: K is the cube root of (W_max - cwnd_epoch) / C, so that W_cubic(0) is
 * cwnd_epoch. */
static void k_brings_the_curve_to_w_max(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 30000; i++) {
        uint32_t smss = segment_sizes[1 + chance_below(&seed, SIZES - 1)];
        uint32_t below = chance(&seed) >> chance_below(&seed, 32);
        uint32_t k = cc_curve_k(below, smss);
        long double want = root3((long double)below / smss / 0.4L);
        assert_true(distance(seconds(k), want) <= 2.0L / CC_CURVE_SECOND + want / 500000);
        if (below > 16 * MIB)
            continue;
        uint32_t w_max = below + smss + chance_below(&seed, 16 * MIB);
        uint32_t start = cc_curve_window(w_max, k, 0, smss);
        /* With 48 octets 16 MiB are 350,000 segments, and K is 96 s: there it is one of them. */
        assert_true(distance(start, w_max - below) <= (smss == 48 ? 48 : smss / 16 + 2));
        assert_int_equal(cc_curve_window(w_max, k, k, smss), w_max);
    }
    assert_int_equal(cc_curve_k(0, 1448), 0);
}

/* RFC 9438 4.2: W_cubic(t) = C (t - K)^3 + W_max, to a hundredth of a segment. */
static void the_window_is_that_of_the_closed_form(void **state)
{
    (void)state;
    uint64_t seed = 3;
    int beyond = 0;
    for (int i = 0; i < 100000; i++) {
        uint32_t smss = segment_sizes[chance_below(&seed, SIZES)];
        uint32_t w_max = chance_below(&seed, 16 * MIB);
        uint32_t k = chance_below(&seed, 60 * CC_CURVE_SECOND);
        uint32_t t = chance(&seed) >> (6 + chance_below(&seed, 20));
        long double d = seconds(t) - seconds(k);
        long double want = w_max + 0.4L * smss * d * d * d;
        uint32_t got = cc_curve_window(w_max, k, t, smss);
        if (want < 0) {
            assert_true(got <= smss / 100 + 1);
        } else if (want >= UINT32_MAX) {
            assert_true(got >= UINT32_MAX - smss);
            beyond++;
        } else {
            long double climb = distance(want, w_max);
            assert_true(distance(got, want) <= 1 + smss * 0.01L + climb * 1e-6L);
        }
    }
    assert_true(beyond > 100);
}

static void the_window_never_falls_with_time(void **state)
{
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        uint32_t before = 0;
        for (uint32_t t = 0; t < 2u * CC_CURVE_FAR; t += t / 64 + 1) {
            uint32_t now = cc_curve_window(16 * MIB, cc_curve_k(5 * MIB, segment_sizes[i]), t,
                                           segment_sizes[i]);
            assert_true(now >= before);
            before = now;
        }
    }
}

static void nothing_is_divided_by_zero(void **state)
{
    (void)state;
    assert_int_equal(cc_curve_k(1000, 0), cc_curve_k(1000, 1));
    assert_int_equal(cc_curve_window(1000, 5, 500000, 0), cc_curve_window(1000, 5, 500000, 1));
    assert_int_equal(cc_curve_k(UINT32_MAX, UINT32_MAX), cc_curve_k(UINT32_MAX, 65535));
    assert_int_equal(cc_curve_window(0, CC_CURVE_FAR, 0, 65535), 0);
    assert_int_equal(cc_curve_window(UINT32_MAX, 0, UINT32_MAX, 65535), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cube_root_is_exact),
        cmocka_unit_test(ticks_are_exact_and_saturate),
        cmocka_unit_test(k_brings_the_curve_to_w_max),
        cmocka_unit_test(the_window_is_that_of_the_closed_form),
        cmocka_unit_test(the_window_never_falls_with_time),
        cmocka_unit_test(nothing_is_divided_by_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
