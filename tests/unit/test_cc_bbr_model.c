/* test_cc_bbr_model.c - parts of BBR's model of the path, from states made by hand
 * (draft-ietf-ccwg-bbr-06). */
#include "help.h"

#include "tcp/cc_bbr.h"

/* BBR 5.5.10.2: what counts was lost in one round trip, and not since a round began: 1.6 % in one
 * round and 0.9 % early in the next are too much, but not when that round is almost over. */
static void loss_counts_across_rounds(void **state)
{
    struct bbr b = { .peak = 100000, .peak_before = 100000, .delivered_before = 100000,
                     .lost_before = 1600, .round_lost = 900 };
    (void)state;
    b.round_delivered = 10000;
    assert_true(bbr_too_much_lost(&b));
    b.round_delivered = 90000;
    assert_false(bbr_too_much_lost(&b));
    b.round_delivered = 200000;
    assert_false(bbr_too_much_lost(&b));
    b.round_delivered = 10000;                  /* a round that delivers less, at its end */
    assert_false(bbr_too_much_lost_in_round(&b));
    b.round_lost = 2100;
    assert_true(bbr_too_much_lost(&b) && bbr_too_much_lost_in_round(&b));
    b = (struct bbr){ .peak = 100000, .round_lost = 2100 };     /* the first round */
    assert_true(bbr_too_much_lost(&b));
}

/* A round's losses are known in the next one, and forgotten in the one after. */
static void a_round_is_remembered_once(void **state)
{
    struct cc c = { .ops = &cc_bbr, .smss = 1000, .initial_window = 10000, .cwnd = 100000,
                    .ssthresh = UINT32_MAX };
    (void)state;
    cc_bbr.init(&c, SECONDS(1));
    for (unsigned n = 1; n <= 3; n++) {
        struct cc_ack ack = { .now = SECONDS(1) + MS(100) * n, .acked = 50000,
                              .lost = n == 1 ? 2000 : 0, .in_flight = 50000, .rtt_us = 100000,
                              .srtt_us = 100000, .min_rtt_us = 100000, .delivery_rate = 500000,
                              .round = true };
        struct bbr b;
        cc_bbr.on_ack(&c, &ack);
        memcpy(&b, c.state, sizeof b);
        assert_int_equal(b.lost_before, n == 1 ? 2000 : 0);
        assert_int_equal(b.round_lost, 0);
        assert_int_equal(bbr_too_much_lost(&b), n == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_counts_across_rounds),
        cmocka_unit_test(a_round_is_remembered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
