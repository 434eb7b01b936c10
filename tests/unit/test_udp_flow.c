/* test_udp_flow.c - a paced flow of datagrams between a sender and a receiver (aksu/flow.h): what
 * it makes of loss, reordering, duplicates, lost feedback and silence, that it wraps, and that it
 * paces exactly. */
#include "flow_help.h"

#include "udp/udp_flow.h"

#define MBIT 125000u

static struct pair p;
static const char *const names[] = { "reno", "cubic", "bbr" };

static void within(uint64_t value, uint64_t wanted, unsigned percent)
{
    assert_in_range(value, wanted - wanted * percent / 100, wanted + wanted * percent / 100);
}

/* RFC 8085 3.1: the path is filled, and not more than filled, whatever the congestion control. */
static void it_fills_the_path(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        pair_init(&p, names[i], MS(20), 20 * MBIT, 100000);
        pair_run(&p, SECONDS(3));
        uint64_t before = p.taken_text, lost = p.there.lost, entered = p.there.entered;
        pair_run(&p, SECONDS(10));
        uint64_t rate = (p.taken_text - before) / 10;
        assert_in_range(rate, 20 * MBIT * 80 / 100, 20 * MBIT);
        /* what is lost is a few in a hundred at most */
        assert_true((p.there.lost - lost) * 50 < p.there.entered - entered);
        struct aksu_flow_info info = pair_info(&p);
        assert_string_equal(info.congestion_control, names[i]);
        within(info.min_rtt_us, 40480, 2);
        assert_int_equal(info.timeouts, 0);
        assert_int_equal(info.refused, 0);
        pair_free(&p);
    }
}

/* Every octet's fate is known at the end: delivered or lost, and nothing is under way. */
static void the_books_balance(void **state)
{
    (void)state;
    pair_init(&p, "cubic", MS(10), 0, 0);
    p.there.loss = 1000;
    p.there.repeat = 1000;
    p.there.late = 3000;
    p.there.late_by = MS(7);
    p.back.loss = 6000;
    p.back.late = 6000;
    p.back.late_by = MS(15);
    pair_run(&p, SECONDS(5));
    p.full = false;
    pair_run(&p, SECONDS(20));
    struct aksu_flow_info info = pair_info(&p);
    assert_int_equal(info.in_flight, 0);
    assert_int_equal(info.sent, info.delivered + info.lost - info.late);
    /* what the sender believes is what the receiver has */
    assert_int_equal(info.delivered, p.receiver.octets + p.receiver.datagrams * AKSU_FLOW_HEADER);
    assert_true(info.lost > 0 && info.late > 0 && p.receiver.duplicates > 0);
    assert_int_equal(aksu_flow_next_timeout(p.flow), AKSU_NEVER);
    assert_int_equal(aksu_flow_feedback_time(&p.receiver), AKSU_NEVER);
    pair_free(&p);
}

/* RFC 5681 3.2: all that is lost in one flight is one event; the next flight is another. */
static void one_response_per_flight(void **state)
{
    (void)state;
    pair_init(&p, "reno", MS(20), 0, 0);
    pair_run(&p, MS(150));
    p.there.lose_from = p.there.entered + 3;
    p.there.lose_upto = p.there.entered + 9;
    pair_run(&p, MS(90));
    struct aksu_flow_info info = pair_info(&p);
    assert_int_equal(info.congestion_events, 1);
    assert_int_equal(info.lost, 6 * DATAGRAM);
    assert_true(info.cwnd <= p.flow->cc.ssthresh + 2 * DATAGRAM);
    p.there.lose_from = p.there.entered + 3;
    p.there.lose_upto = p.there.entered + 4;
    pair_run(&p, MS(90));
    assert_int_equal(pair_info(&p).congestion_events, 2);
    pair_free(&p);
}

/* RFC 8985 6.2: two overtakers are nothing, three make a loss; when that was wrong the response is
 * taken back and the next time more patience is shown. */
static void reordering(void **state)
{
    (void)state;
    pair_init(&p, "reno", MS(20), 0, 0);
    pair_run(&p, MS(150));
    uint32_t before = pair_info(&p).cwnd;
    p.there.late = 65536;
    p.there.late_by = MS(2);
    uint8_t octet[DATAGRAM] = { 0 };
    assert_int_equal(pair_info(&p).congestion_events, 0);
    p.full = false;
    pair_run(&p, MS(100));
    /* one is late by 12 ms, twenty follow it */
    p.there.late_by = MS(12);
    assert_int_equal(aksu_flow_send(p.flow, octet, DATAGRAM, p.now), AKSU_OK);
    uint32_t late = aksu_flow_last(p.flow);
    way_enter(&p, &p.there, octet, DATAGRAM);
    p.there.late = 0;
    for (int i = 0; i < 20; i++) {
        aksu_time at = aksu_flow_send_time(p.flow, DATAGRAM, p.now);
        pair_run(&p, at - p.now);
        assert_true(pair_send(&p, DATAGRAM));
    }
    pair_run(&p, MS(50) - (p.now - p.last_send));
    assert_int_equal(aksu_flow_fate(p.flow, late), AKSU_FLOW_LOST);
    assert_int_equal(pair_info(&p).congestion_events, 1);
    pair_run(&p, MS(100));
    assert_int_equal(aksu_flow_fate(p.flow, late), AKSU_FLOW_DELIVERED);
    struct aksu_flow_info info = pair_info(&p);
    assert_true(info.cwnd >= before);               /* taken back */
    assert_int_equal(info.late, DATAGRAM);
    /* the same again: patience */
    p.there.late = 65536;
    assert_true(pair_send(&p, DATAGRAM));
    late = aksu_flow_last(p.flow);
    p.there.late = 0;
    for (int i = 0; i < 20; i++) {
        aksu_time at = aksu_flow_send_time(p.flow, DATAGRAM, p.now);
        pair_run(&p, at - p.now);
        assert_true(pair_send(&p, DATAGRAM));
    }
    pair_run(&p, MS(200));
    assert_int_equal(aksu_flow_fate(p.flow, late), AKSU_FLOW_DELIVERED);
    assert_int_equal(pair_info(&p).congestion_events, 1);
    pair_free(&p);
}

/* Steady reordering by less than a quarter of the round trip costs no rate in the end. */
static void steady_reordering(void **state)
{
    (void)state;
    pair_init(&p, "cubic", MS(20), 20 * MBIT, 100000);
    p.there.late = 3000;
    p.there.late_by = MS(8);
    pair_run(&p, SECONDS(4));
    uint64_t before = p.taken_text;
    pair_run(&p, SECONDS(6));
    assert_true(p.taken_text - before > 6 * 20 * MBIT * 90ull / 100);
    pair_free(&p);
}

/* Every other feedback is lost: the next one tells all. What was taken for lost in a longer silence
 * turns out to have come. */
static void lost_feedback(void **state)
{
    (void)state;
    pair_init(&p, "bbr", MS(20), 10 * MBIT, 200000);
    p.back.loss = 65536 / 2;
    pair_run(&p, SECONDS(10));
    struct aksu_flow_info info = pair_info(&p);
    assert_true(info.delivered > 10 * MBIT * 5ull);
    assert_true(info.lost - info.late <= p.there.lost * DATAGRAM + 20 * DATAGRAM);
    assert_true(p.back.lost > p.back.entered * 2 / 5);
    pair_free(&p);
}

/* The last feedback is lost: an empty datagram asks again (RFC 8985 7), and no time-out comes. */
static void the_tail_is_probed(void **state)
{
    (void)state;
    pair_init(&p, "cubic", MS(20), 0, 0);
    pair_run(&p, MS(500));
    p.full = false;
    uint32_t cwnd = pair_info(&p).cwnd;
    p.back.cut = true;
    pair_run(&p, MS(60));
    p.back.cut = false;
    assert_true(pair_info(&p).in_flight > 0);
    pair_run(&p, SECONDS(1));
    struct aksu_flow_info info = pair_info(&p);
    assert_int_equal(info.probes, 1);
    assert_int_equal(info.timeouts, 0);
    assert_int_equal(info.in_flight, 0);
    assert_int_equal(info.lost, 0);
    assert_true(info.cwnd >= cwnd);
    pair_free(&p);
}

/* RFC 6298 5.5: silence leaves one datagram per time-out, each twice as late; the path that is back
 * is used again. */
static void silence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        pair_init(&p, names[i], MS(20), 20 * MBIT, 100000);
        pair_run(&p, SECONDS(3));
        p.there.cut = true;
        pair_run(&p, SECONDS(1));
        struct aksu_flow_info info = pair_info(&p);
        assert_true(info.timeouts >= 1);
        assert_int_equal(info.cwnd, DATAGRAM);
        uint64_t entered = p.there.entered;
        pair_run(&p, SECONDS(10));
        assert_in_range(p.there.entered - entered, 2, 8);
        p.there.cut = false;
        pair_run(&p, SECONDS(12));
        uint64_t before = p.taken_text;
        pair_run(&p, SECONDS(3));
        assert_true((p.taken_text - before) / 3 > 20 * MBIT / 2);
        pair_free(&p);
    }
}

/* A way back that stood still for a second: all arrives late, and the collapse is taken back. */
static void a_silence_that_was_none(void **state)
{
    (void)state;
    pair_init(&p, "cubic", MS(20), 0, 0);
    pair_run(&p, MS(300));
    p.full = false;
    pair_run(&p, MS(100));
    uint32_t before = pair_info(&p).cwnd;
    p.there.late = 65536;
    p.there.late_by = MS(700);
    p.length = 100;
    for (int i = 0; i < 5; i++) {
        pair_run(&p, aksu_flow_send_time(p.flow, 100, p.now) - p.now);
        assert_true(pair_send(&p, 100));
    }
    pair_run(&p, MS(500));
    assert_true(pair_info(&p).timeouts >= 1);
    assert_int_equal(pair_info(&p).cwnd, DATAGRAM);
    p.there.late = 0;
    pair_run(&p, SECONDS(2));
    assert_true(pair_info(&p).cwnd >= before);
    assert_int_equal(pair_info(&p).in_flight, 0);
    pair_free(&p);
}

/* RFC 3168 5: marks are congestion, once per round trip. */
static void marks(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        pair_init(&p, names[i], MS(20), 0, 0);
        pair_run(&p, MS(150));
        uint32_t before = pair_info(&p).cwnd;
        p.there.mark = true;
        pair_run(&p, MS(41));
        p.there.mark = false;
        pair_run(&p, MS(80));
        struct aksu_flow_info info = pair_info(&p);
        assert_in_range(info.congestion_events, 1, 3);
        assert_true(p.receiver.ce > 5);
        assert_int_equal(info.lost, 0);
        if (i < 2)
            assert_true(p.flow->cc.ssthresh < UINT32_MAX && info.cwnd < 3 * before);
        else
            assert_true(info.cwnd < 4 * before);
        pair_free(&p);
    }
}

/* The gaps are those of the rate, to the nanosecond; nothing is lost to rounding. */
static void pacing_is_exact(void **state)
{
    (void)state;
    static const uint64_t rate[] = { 1001, 99991, 1234567, 33333333 };
    for (unsigned i = 0; i < 4; i++) {
        struct aksu_flow_config config = { .congestion_control = "cubic", .rate_most = rate[i],
                                           .rtt = US(50), .datagram = 1000, .seed = { 4 } };
        pair_init_config(&p, &config, US(10));
        p.full = true;
        p.length = 1000;
        pair_run(&p, SECONDS(3));
        p.least_gap = AKSU_NEVER;
        uint64_t sent = pair_info(&p).sent;
        aksu_time begin = p.last_send;
        pair_run(&p, SECONDS(20));
        sent = pair_info(&p).sent - sent;
        double expected = (double)sent * 1e9 / (double)rate[i];
        double off = (double)(p.last_send - begin) - expected;
        assert_true(off > -2 && off < 2);
        assert_in_range(p.least_gap, 1000 * SECONDS(1) / rate[i], 1000 * SECONDS(1) / rate[i] + 1);
        pair_free(&p);
    }
}

/* A caller whose timer is coarse still gets the rate; one who slept gets a millisecond's worth and
 * no burst. */
static void late_callers(void **state)
{
    (void)state;
    struct aksu_flow_config config = { .congestion_control = "cubic", .rate_most = 10 * MBIT,
                                       .rtt = MS(1), .seed = { 4 } };
    uint8_t octet[DATAGRAM];
    pair_init_config(&p, &config, US(100));
    pair_run(&p, 1);
    p.full = true;
    pair_run(&p, SECONDS(1));
    p.full = false;
    uint64_t sent = pair_info(&p).sent;
    for (int i = 0; i < 1000; i++) {
        pair_run(&p, MS(1));
        while (pair_send(&p, DATAGRAM))
            continue;
    }
    within(pair_info(&p).sent - sent, 10 * MBIT, 1);
    pair_run(&p, SECONDS(1));
    int burst = 0;
    while (aksu_flow_send_time(p.flow, DATAGRAM, p.now) <= p.now) {
        assert_int_equal(aksu_flow_send(p.flow, octet, DATAGRAM, p.now), AKSU_OK);
        burst++;
    }
    assert_in_range(burst, 1, 1 + 10 * MBIT / 1000 / DATAGRAM + 1);
    pair_free(&p);
}

/* Sequence numbers go round, in the header, the bitmap and the records. */
static void sequence_numbers_wrap(void **state)
{
    (void)state;
    static const uint32_t from[] = { UINT32_MAX - 1500, UINT32_MAX, 0x7fffffff - 1500, 1 };
    for (unsigned i = 0; i < 4; i++) {
        struct aksu_flow_config config = { .congestion_control = "cubic", .seed = { 9 },
                                           .first_sequence = from[i] };
        pair_init_config(&p, &config, MS(5));
        p.there.rate = 20 * MBIT;
        p.there.room = 30000;
        p.there.loss = 300;
        p.there.late = 1000;
        p.there.late_by = MS(2);
        p.full = true;
        pair_run(&p, SECONDS(4));
        p.full = false;
        pair_run(&p, SECONDS(2));
        struct aksu_flow_info info = pair_info(&p);
        assert_true(aksu_flow_last(p.flow) - from[i] > 3000);
        assert_int_equal(info.in_flight, 0);
        assert_int_equal(info.timeouts, 0);
        assert_int_equal(info.delivered,
                         p.receiver.octets + p.receiver.datagrams * AKSU_FLOW_HEADER);
        assert_int_equal(info.refused, 0);
        pair_free(&p);
    }
}

/* Half a circle of sequence numbers later old feedback is still old. */
static void old_feedback_stays_old(void **state)
{
    (void)state;
    pair_init(&p, "cubic", MS(1), 0, 0);
    pair_run(&p, MS(100));
    uint8_t old[AKSU_FLOW_FEEDBACK_MOST];
    struct flow_feedback fb = { .token = p.flow->token, .highest = p.receiver.highest };
    size_t length = wire_flow_feedback_build(old, &fb);
    pair_run(&p, SECONDS(4));
    assert_true(p.flow->next.n - fb.highest > p.flow->records);
    struct aksu_flow_info before = pair_info(&p);
    assert_int_equal(aksu_flow_feedback(p.flow, old, length, p.now), AKSU_OK);
    struct aksu_flow_info after = pair_info(&p);
    assert_memory_equal(&before, &after, sizeof before);
    pair_free(&p);
}

/* RFC 7661 4.1: an application below the rate does not make the window grow, and is not told that
 * its own pace is the path's. */
static void an_application_at_its_pace(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct aksu_flow_config config = { .congestion_control = names[i], .seed = { 9 } };
        pair_init_config(&p, &config, MS(20));
        p.every = MS(20);
        p.length = 200;
        pair_run(&p, SECONDS(20));
        struct aksu_flow_info info = pair_info(&p);
        assert_int_equal(info.lost, 0);
        assert_int_equal(info.timeouts, 0);
        assert_in_range(info.sent, 990 * 200, 1001 * 200);
        assert_true(info.cwnd <= 20 * DATAGRAM);
        assert_true(info.rate > 3 * 200 * 50);
        pair_free(&p);
    }
}

/* Feedback is bounded: at a high rate one for 64 datagrams, at a low one not more often than the
 * sender asked. */
static void feedback_is_bounded(void **state)
{
    (void)state;
    pair_init(&p, "cubic", US(100), 100 * MBIT, 60000);
    pair_run(&p, SECONDS(2));
    uint64_t per_second = p.back.entered / 2;
    assert_true(per_second <= 2000);
    pair_free(&p);
    pair_init(&p, "cubic", MS(40), 50 * MBIT, 400000);
    pair_run(&p, SECONDS(4));
    assert_true(p.back.entered <= 4 * 155 + p.there.entered / 64);
    assert_true(p.back.entered >= 4 * 50);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fills_the_path),
        cmocka_unit_test(the_books_balance),
        cmocka_unit_test(one_response_per_flight),
        cmocka_unit_test(reordering),
        cmocka_unit_test(steady_reordering),
        cmocka_unit_test(lost_feedback),
        cmocka_unit_test(the_tail_is_probed),
        cmocka_unit_test(silence),
        cmocka_unit_test(a_silence_that_was_none),
        cmocka_unit_test(marks),
        cmocka_unit_test(pacing_is_exact),
        cmocka_unit_test(late_callers),
        cmocka_unit_test(sequence_numbers_wrap),
        cmocka_unit_test(old_feedback_stays_old),
        cmocka_unit_test(an_application_at_its_pace),
        cmocka_unit_test(feedback_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
