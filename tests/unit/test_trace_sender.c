/* test_trace_sender.c - which segments repeat something, and why: every kind, each where it could
 * be taken for another one; round trips; what is found needless later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace_help.h"

#include <string.h>

enum { F = CTL_FIN, S = CTL_SYN, A = CTL_ACK, MSS = 1000 };

static struct talk talk;

/* Segment `n` of the client, of 1000 octets. */
static void text(unsigned ms, uint32_t n)
{
    talk_says(&talk, ms, 0, (struct talk_segment){ .ctl = A, .seq = 1 + n * MSS, .ack = 1,
                                                   .len = MSS });
}

/* The server has the first `n`, and those from..to-1 too. */
static void ack(unsigned ms, uint32_t n, uint32_t from, uint32_t to)
{
    struct talk_segment s = { .ctl = A, .seq = 1, .ack = 1 + n * MSS };

    if (to > 0) {
        s.sack[0][0] = 1 + from * MSS;
        s.sack[0][1] = 1 + to * MSS;
    }
    talk_says(&talk, ms, 1, s);
}

static const struct trace_end *client(void)
{
    return &talk_conn(&talk)->end[0];
}

static int fresh(void **state)
{
    (void)state;
    talk_begin(&talk, 4);
    talk_handshake(&talk);
    return 0;
}

static int done(void **state)
{
    (void)state;
    talk_end(&talk);
    return 0;
}

/* Of all kinds this one, so often, and no other. */
static void assert_only(enum trace_kind kind, uint64_t count)
{
    for (int i = 1; i < TRACE_KINDS; i++)
        assert_int_equal(client()->kind[i], i == (int)kind ? count : 0);
}

static void three_duplicate_acks_are_a_fast_retransmission(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        text(1, i);
    ack(30, 1, 0, 0);
    for (int i = 0; i < 3; i++)
        ack(1, 1, 0, 0);
    text(2, 1);
    assert_only(TRACE_FAST, 1);
    assert_int_equal(client()->dup_acks_seen, 3);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_retransmit, "fast"), 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_timer, NULL), 0);
}

static void two_duplicate_acks_are_none(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        text(1, i);
    ack(30, 1, 0, 0);
    ack(1, 1, 0, 0);
    ack(1, 1, 0, 0);
    text(2, 1);
    assert_only(TRACE_RTO, 1);
}

static void sack_blocks_above_it_are_as_good(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        text(1, i);
    ack(30, 1, 2, 6);
    text(2, 1);
    assert_only(TRACE_FAST, 1);
}

static void long_after_the_acks_a_timer_ran_out(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        text(1, i);
    ack(30, 1, 2, 6);
    text(250, 1);
    assert_only(TRACE_RTO, 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_timer, "RETRANSMISSION"), 1);
    text(1, 2);                                 /* all goes out again: the timer ran out once */
    text(1, 3);
    assert_only(TRACE_RTO, 3);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_timer, NULL), 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_retransmit, "RTO"), 3);
}

static void nothing_but_silence_is_a_timeout(void **state)
{
    (void)state;
    text(1, 0);
    text(300, 0);
    text(600, 0);
    assert_only(TRACE_RTO, 2);
    assert_int_equal(client()->unanswered, 2);
    assert_int_equal(client()->octets, MSS);
}

static void the_tail_alone_is_a_loss_probe(void **state)
{
    (void)state;
    text(1, 0);
    text(1, 1);
    text(80, 1);
    assert_only(TRACE_LOSS_PROBE, 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_timer, "LOSS PROBE"), 1);
}

static void what_was_acknowledged_is_needless(void **state)
{
    (void)state;
    text(1, 0);
    ack(30, 1, 0, 0);
    text(5, 0);
    assert_only(TRACE_NEEDLESS, 1);
}

static void a_keep_alive_with_and_without_its_octet(void **state)
{
    (void)state;
    text(1, 0);
    ack(30, 1, 0, 0);
    for (uint32_t len = 0; len < 2; len++) {
        talk_says(&talk, 75000, 0, (struct talk_segment){ .ctl = A, .seq = MSS, .ack = 1,
                                                          .len = len });
        ack(30, 1, 0, 0);
    }
    assert_only(TRACE_KEEP_ALIVE, 2);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_timer, "KEEP-ALIVE"), 2);
    assert_int_equal(client()->octets, MSS);
    assert_int_equal(client()->dup_acks_seen, 0);
}

static void one_octet_that_waits_for_its_ack_is_no_keep_alive(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        talk_says(&talk, 300, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1, .len = 1 });
    assert_only(TRACE_RTO, 1);
}

static void window_probes_of_both_manners(void **state)
{
    (void)state;
    text(1, 0);
    talk_says(&talk, 30, 1, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 + MSS,
                                                   .closed = true });
    talk_says(&talk, 300, 0, (struct talk_segment){ .ctl = A, .seq = MSS, .ack = 1 });
    assert_only(TRACE_WINDOW_PROBE, 1);         /* nothing, from before SND.UNA */
    for (int i = 0; i < 2; i++)                 /* the next octet, again and again */
        talk_says(&talk, 600, 0, (struct talk_segment){ .ctl = A, .seq = 1 + MSS, .ack = 1,
                                                        .len = 1 });
    assert_only(TRACE_WINDOW_PROBE, 3);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_timer, "PERSIST"), 3);
    assert_int_equal(talk_conn(&talk)->end[1].zero_windows, 1);
}

static void what_was_overtaken_is_out_of_order(void **state)
{
    (void)state;
    text(1, 0);
    text(1, 2);
    text(1, 1);
    assert_only(TRACE_OUT_OF_ORDER, 1);
    assert_int_equal(client()->octets, 3 * MSS);
}

static void what_was_lost_before_the_capture_is_a_retransmission(void **state)
{
    (void)state;
    text(1, 0);
    text(1, 2);
    text(1, 3);
    ack(20, 1, 2, 4);
    text(2, 1);
    assert_only(TRACE_FAST, 1);
    assert_int_equal(client()->octets, 4 * MSS);
}

static void timestamps_tell_what_was_overtaken(void **state)
{
    (void)state;
    static const struct talk_segment s[] = {
        { .ctl = A, .seq = 1, .ack = 1, .len = MSS, .ts = 100 },
        { .ctl = A, .seq = 1 + 2 * MSS, .ack = 1, .len = MSS, .ts = 102 },
        { .ctl = A, .seq = 1 + MSS, .ack = 1, .len = MSS, .ts = 101 },
    };

    for (int i = 0; i < 3; i++)
        talk_says(&talk, 40, 0, s[i]);          /* later than without them */
    assert_only(TRACE_OUT_OF_ORDER, 1);
}

static void acknowledged_but_never_seen(void **state)
{
    (void)state;
    text(1, 0);
    text(1, 2);
    ack(20, 3, 0, 0);
    ack(20, 5, 0, 0);
    assert_only(TRACE_PLAIN, 0);
    assert_int_equal(client()->missed, 3 * MSS);
}

static void what_was_sent_before_the_capture_began_is_repeated(void **state)
{
    done(state);
    talk_begin(&talk, 4);
    text(1, 7);
    ack(1, 5, 7, 8);                            /* what is missing was never seen */
    text(1, 5);
    text(1, 6);
    assert_only(TRACE_FAST, 2);
    ack(1, 8, 0, 0);
    text(1, 6);
    assert_int_equal(client()->kind[TRACE_NEEDLESS], 1);
}

static void a_round_trip_tells_what_was_overtaken(void **state)
{
    (void)state;
    for (unsigned ms = 1; ms <= 4; ms += 3) {
        done(state);
        talk_begin(&talk, 4);                   /* no handshake */
        text(1, 0);
        text(1, 1);
        ack(6, 2, 0, 0);                        /* a round trip of 6 ms */
        text(1, 3);
        ack(0, 2, 3, 4);
        text(ms, 2);
        assert_only(ms == 1 ? TRACE_OUT_OF_ORDER : TRACE_FAST, 1);
    }
}

/* RFC 6298 3: a repeated SYN gives no round trip; here it is still the only thing that says how
 * soon a repetition can come, since the capture is beside the receiver. */
static void a_repeated_handshake_tells_what_was_overtaken(void **state)
{
    (void)state;
    for (unsigned ms = 1; ms <= 3; ms += 2) {
        done(state);
        talk_begin(&talk, 4);
        talk_says(&talk, 0, 0, (struct talk_segment){ .ctl = S });
        talk_says(&talk, 1000, 0, (struct talk_segment){ .ctl = S });
        talk_says(&talk, 0, 1, (struct talk_segment){ .ctl = S | A, .ack = 1 });
        talk_says(&talk, 4, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 });
        text(1, 0);
        ack(0, 1, 0, 0);
        text(1, 2);
        ack(0, 1, 2, 3);
        text(ms, 1);
        assert_int_equal(client()->kind[TRACE_OUT_OF_ORDER], ms == 1);
        assert_int_equal(client()->kind[TRACE_FAST], ms == 3);
    }
}

static void sack_blocks_tell_what_was_sent_before_the_capture_began(void **state)
{
    done(state);
    talk_begin(&talk, 4);
    ack(1, 5, 6, 8);
    text(1, 5);
    assert_only(TRACE_FAST, 1);
}

static void a_dsack_says_that_it_was_needless(void **state)
{
    (void)state;
    text(1, 0);
    text(300, 0);
    ack(5, 1, 0, 0);
    assert_int_equal(client()->spurious, 0);
    ack(5, 1, 0, 1);
    assert_int_equal(client()->spurious, 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_duplicate_reported, NULL), 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_needless, "D-SACK"), 1);
    ack(5, 1, 0, 1);                            /* said again, of the same one */
    assert_int_equal(client()->spurious, 1);
    assert_int_equal(talk_told(&talk, 0, AKSU_EV_needless, NULL), 1);
}

static void an_old_echo_says_that_it_was_needless(void **state)
{
    for (uint32_t echo = 100; echo <= 400; echo += 300) {
        talk_says(&talk, 1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1, .len = MSS,
                                                      .ts = 100 });
        talk_says(&talk, 300, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1,
                                                        .len = MSS, .ts = 400 });
        talk_says(&talk, 5, 1, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1 + MSS,
                                                      .ts = 9, .echo = echo });
        assert_int_equal(client()->spurious, echo == 100);
        assert_int_equal(talk_told(&talk, 0, AKSU_EV_needless, "timestamps"), echo == 100);
        done(state);
        fresh(state);
    }
}

static void round_trips_of_text_that_was_sent_once(void **state)
{
    (void)state;
    text(1, 0);
    ack(30, 1, 0, 0);
    text(1, 1);
    text(10, 2);
    ack(40, 3, 0, 0);                           /* of the later one */
    text(1, 3);
    text(300, 3);
    ack(7, 4, 0, 0);                            /* nobody knows of which */
    assert_int_equal(client()->rtt.count, 2);
    assert_int_equal(client()->rtt.least, AKSU_MS(30));
    assert_int_equal(client()->rtt.most, AKSU_MS(40));
    assert_int_equal(client()->rtt.sum, AKSU_MS(70));
}

static void coalesced_segments_and_their_parts(void **state)
{
    (void)state;
    talk_says(&talk, 1, 0, (struct talk_segment){ .ctl = A, .seq = 1, .ack = 1, .len = 1400 });
    text(300, 0);                               /* a part of it, repeated */
    talk_says(&talk, 1, 0, (struct talk_segment){ .ctl = A, .seq = 1 + MSS, .ack = 1,
                                                  .len = 1000 });   /* the rest, and new text */
    assert_only(TRACE_RTO, 2);
    assert_int_equal(client()->octets, 2000);
}

static void a_fin_is_repeated_like_text(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        talk_says(&talk, 300, 0, (struct talk_segment){ .ctl = F | A, .seq = 1, .ack = 1 });
    assert_only(TRACE_RTO, 1);
}

static void a_copy_of_a_packet_counts_once(void **state)
{
    (void)state;
    talk.identification = 77;
    text(1, 0);
    text(1, 0);
    assert_int_equal(client()->copies, 1);
    talk.identification = 78;
    text(1, 0);
    assert_int_equal(client()->copies, 1);
    assert_only(TRACE_RTO, 1);
}

static void a_damaged_segment_does_not_arrive(void **state)
{
    (void)state;
    talk.damaged = true;
    text(1, 0);
    assert_int_equal(client()->damaged, 1);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_dropped, NULL), 1);
    assert_int_equal(talk_told(&talk, 1, AKSU_EV_segment_in, NULL), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    const struct CMUnitTest tests[] = {
        TEST(three_duplicate_acks_are_a_fast_retransmission), TEST(two_duplicate_acks_are_none),
        TEST(sack_blocks_above_it_are_as_good), TEST(long_after_the_acks_a_timer_ran_out),
        TEST(nothing_but_silence_is_a_timeout), TEST(the_tail_alone_is_a_loss_probe),
        TEST(what_was_acknowledged_is_needless), TEST(a_keep_alive_with_and_without_its_octet),
        TEST(one_octet_that_waits_for_its_ack_is_no_keep_alive),
        TEST(window_probes_of_both_manners), TEST(what_was_overtaken_is_out_of_order),
        TEST(what_was_lost_before_the_capture_is_a_retransmission),
        TEST(timestamps_tell_what_was_overtaken), TEST(acknowledged_but_never_seen),
        TEST(what_was_sent_before_the_capture_began_is_repeated),
        TEST(a_round_trip_tells_what_was_overtaken),
        TEST(a_repeated_handshake_tells_what_was_overtaken),
        TEST(sack_blocks_tell_what_was_sent_before_the_capture_began),
        TEST(a_dsack_says_that_it_was_needless), TEST(an_old_echo_says_that_it_was_needless),
        TEST(round_trips_of_text_that_was_sent_once), TEST(coalesced_segments_and_their_parts),
        TEST(a_fin_is_repeated_like_text), TEST(a_copy_of_a_packet_counts_once),
        TEST(a_damaged_segment_does_not_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
