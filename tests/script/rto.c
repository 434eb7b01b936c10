/* rto.c - the retransmission timer: samples, Karn, backoff, when it runs (RFC 6298). */
#include "tests/script/script.h"

SCRIPT(the_first_sample)                            /* RFC 6298 2.2, RFC 9293 3.8.1 [MUST-18] */
{
    config.rto_min = MS(200);
    for (int passive = 0; passive < 2; passive++) {
        given(ESTABLISHED, .rtt = MS(200), .passive = passive);
        struct aksu_info info = script_status();
        check_eq(info.srtt_us, 200000);
        check_eq(info.rttvar_us, 100000);
        check_eq(info.rto_us, 600000);
    }
}

SCRIPT(later_samples)                               /* RFC 6298 2.3 */
{
    config.rto_min = MS(200);
    given(ESTABLISHED, .rtt = MS(200));
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(MS(400));
    in (ACK, .seq = 1, .ack = 101);
    struct aksu_info info = script_status();
    check_eq(info.srtt_us, 225000);
    check_eq(info.rttvar_us, 125000);
    check_eq(info.rto_us, 725000);
    user_send(100);
    out(PSH|ACK, .seq = 101, .ack = 1, .len = 100);
    after(MS(724));
    quiet();
    after(MS(1));
    out(PSH|ACK, .seq = 101, .ack = 1, .len = 100);
}

/* A reference in whole microseconds, over many samples (RFC 9293 3.8.1 [MUST-18]). */
SCRIPT(a_series_of_samples)                         /* RFC 6298 2.3 */
{
    uint64_t srtt = 100000, var = 50000;
    config.rto_min = MS(1);
    given(ESTABLISHED, .rtt = MS(100));
    for (uint32_t i = 0; i < 50; i++) {
        uint64_t r = 60000 + i * 7919 % 80000;
        user_send(100);
        out(PSH|ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
        after(US(r));
        in (ACK, .seq = 1, .ack = 101 + 100 * i);
        var = (3 * var + (srtt > r ? srtt - r : r - srtt)) / 4;
        srtt = (7 * srtt + r) / 8;
        struct aksu_info info = script_status();
        check(info.srtt_us + 50 > srtt && info.srtt_us < srtt + 50);
        check(info.rttvar_us + 50 > var && info.rttvar_us < var + 50);
        check_eq(info.rto_us, info.srtt_us + 4 * info.rttvar_us);
    }
    check(event_count(rtt) >= 50);                  /* RFC 6298 3: one for each round trip */
}

SCRIPT(the_floor_of_the_rto)                        /* RFC 6298 2.4 */
{
    static const aksu_time floors[] = { SECONDS(1), MS(200) };
    for (size_t i = 0; i < 2; i++) {
        config.rto_min = floors[i];
        given(ESTABLISHED, .rtt = MS(1));
        user_send(100);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
        /* below a second it stands on top of the round trip */
        aksu_time rto = floors[i] < SECONDS(1) ? floors[i] + MS(1) : floors[i];
        after(rto - 1);
        quiet();
        after(1);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    }
}

SCRIPT(a_steady_round_trip_keeps_a_margin)          /* RFC 6298 4 */
{
    config.rto_min = MS(1);
    given(ESTABLISHED, .rtt = MS(50));
    for (uint32_t i = 0; i < 100; i++) {
        user_send(10);
        out(PSH|ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
        after(MS(50));
        in (ACK, .seq = 1, .ack = 11 + 10 * i);
        check(script_status().rto_us > script_status().srtt_us);
    }
}

SCRIPT(no_sample_of_what_was_sent_twice)            /* RFC 6298 3, RFC 9293 3.8.1 [MUST-18] */
{
    given(ESTABLISHED, .rtt = MS(100));
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    uint64_t samples = event_count(rtt);
    after(MS(5));
    in (ACK, .seq = 1, .ack = 101, .ts_val = 9, .ts_ecr = 5);   /* that nobody agreed to */
    check_eq(event_count(rtt), samples);
    check_eq(script_status().srtt_us, 100000);
}

SCRIPT(no_sample_of_what_met_a_closed_window)       /* RFC 6298 3 */
{
    given(ESTABLISHED, .rtt = MS(100));
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    after(MS(500));
    in (ACK, .seq = 1, .ack = 1, .wnd = 5000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(MS(10));
    in (ACK, .seq = 1, .ack = 101, .wnd = 5000);
    check_eq(script_status().srtt_us, 100000);
}

SCRIPT(no_sample_of_a_syn_that_was_sent_twice)      /* RFC 6298 3 */
{
    given(SYN_SENT);
    after(SECONDS(1));
    out(SYN, .seq = 0);
    after(MS(5));
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    check_eq(script_status().srtt_us, 0);
}

/* However often the peer has it repeated: the ACK may be of any of them. */
SCRIPT(no_sample_of_a_syn_ack_that_was_asked_for_again)     /* RFC 6298 3 */
{
    for (unsigned times = 1; times < 5; times++) {
        given(LISTEN);
        in (SYN, .seq = 0, .mss = 1000);
        out(SYN|ACK, .seq = 0, .ack = 1);
        for (unsigned i = 0; i < times; i++) {
            after(MS(50));
            in (SYN, .seq = 0, .mss = 1000);
            out(SYN|ACK, .seq = 0, .ack = 1);
        }
        after(MS(5));
        in (ACK, .seq = 1, .ack = 1);
        state(ESTABLISHED);
        check_eq(script_status().srtt_us, 0);
    }
}

/* The echo tells which of the two was acknowledged. */
SCRIPT(timestamps_solve_karns_problem)              /* RFC 6298 3, RFC 7323 4.1 */
{
    given(ESTABLISHED, .rtt = MS(100), .timestamps = true);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(MS(300));
    in (ACK, .seq = 1, .ack = 101);                 /* echoes the second */
    check_eq(script_status().srtt_us, 125000);
}

SCRIPT(only_an_ack_of_something_new_is_a_sample)    /* RFC 7323 4.1 */
{
    given(ESTABLISHED, .rtt = MS(100), .timestamps = true);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    uint64_t samples = event_count(rtt);
    after(MS(500));
    in (ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    check_eq(event_count(rtt), samples);
    acked(11);
}

SCRIPT(the_timer_is_started_once)                   /* RFC 6298 5.1 */
{
    given(ESTABLISHED);
    user_set(NODELAY, 1);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(MS(500));
    user_send(50);
    out(PSH|ACK, .seq = 101, .ack = 1, .len = 50);
    after(MS(499));
    quiet();
    after(MS(1));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 150);
}

SCRIPT(an_ack_of_something_new_restarts_the_timer)  /* RFC 6298 5.3 */
{
    given(ESTABLISHED);
    user_send(2000);
    check_eq(drain().segments, 2);
    after(MS(900));
    in (ACK, .seq = 1, .ack = 1001);
    uint32_t rto = script_status().rto_us;
    after(US(rto) - 1);
    quiet();
    after(1);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
}

SCRIPT(the_earliest_segment_alone_is_sent_again)    /* RFC 6298 5.4 */
{
    given(ESTABLISHED);
    user_send(3000);
    check_eq(drain().segments, 3);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    quiet();
    after(SECONDS(2));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

SCRIPT(the_backoff_ends_with_a_sample)              /* RFC 6298 5 */
{
    given(ESTABLISHED);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    after(SECONDS(2));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);                /* no sample: Karn */
    user_send(1000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    after(SECONDS(4) - 1);                          /* still backed off */
    quiet();
    after(1);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 2001);
    user_send(1000);
    out(PSH|ACK, .seq = 2001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 3001);                /* a sample */
    user_send(1000);
    out(PSH|ACK, .seq = 3001, .ack = 1, .len = 1000);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 3001, .ack = 1, .len = 1000);
}

SCRIPT(after_a_lost_syn_the_rto_is_3_seconds)       /* RFC 6298 5.7, RFC 5681 3.1 */
{
    given(SYN_SENT);
    after(SECONDS(1));
    out(SYN, .seq = 0);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    user_send(5000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);      /* the initial window is one segment */
    quiet();
    after(SECONDS(3) - 1);
    quiet();
    after(1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

SCRIPT(after_a_lost_syn_ack_the_rto_is_3_seconds)   /* RFC 6298 5.7, RFC 5681 3.1 */
{
    given(SYN_RECEIVED);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    user_send(5000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    quiet();
    after(SECONDS(3) - 1);
    quiet();
    after(1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

SCRIPT(the_cap_of_the_rto)                          /* RFC 6298 2.5 */
{
    config.rto_max = SECONDS(60);
    given(ESTABLISHED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    for (uint64_t gap = 1, i = 0; i < 10; i++, gap = gap * 2 > 60 ? 60 : gap * 2) {
        after(SECONDS(gap) - 1);
        quiet();
        after(1);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    }
}

SCRIPT(retransmission_for_ever)                     /* RFC 9293 3.8.3 [MUST-21] */
{
    given(ESTABLISHED);
    user_set(R2, UINT32_MAX);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    for (uint64_t gap = 1, i = 0; i < 60; i++, gap = gap * 2 > 120 ? 120 : gap * 2) {
        after(SECONDS(gap));
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    }
    state(ESTABLISHED);
    check(w.now - w.start > SECONDS(3600));
    in (ACK, .seq = 1, .ack = 101);
    check_eq(script_status().send_queued, 0);
}

SCRIPT(r2_of_one_connection)                        /* RFC 9293 3.8.3 [MUST-21] */
{
    given(ESTABLISHED);
    user_set(R2, 2);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(SECONDS(2));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    after(SECONDS(4));
    state(CLOSED);
    reason(TIMED_OUT);
    struct tcp_segment seg;
    if (world_pull(__LINE__, &seg))
        check(seg.ctl & RST);
}
