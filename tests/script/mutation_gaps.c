/* mutation_gaps.c - rules that can be broken without any other script noticing; found by
 * tools/mutate. */
#include "tests/script/script.h"

SCRIPT(an_empty_segment_beside_a_closed_window)     /* RFC 9293 3.4, 3.10.7.4 first */
{
    given_closed_window(TCP_ESTABLISHED);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = RCV_NXT, .len = 10);
    in (ACK, .seq = RCV_NXT + 1, .ack = 11);
    out(ACK, .seq = 11, .ack = RCV_NXT, .wnd = ZERO);
    dropped("RFC 9293 3.10.7.4 first");
    after(MS(500));
    in (ACK, .seq = RCV_NXT - 1, .ack = 11);
    out(ACK, .seq = 11, .ack = RCV_NXT, .wnd = ZERO);
    check_eq(script_status().snd_una, w.iss.n + 1);
    in (ACK, .seq = RCV_NXT, .ack = 11);
    check_eq(script_status().snd_una, w.iss.n + 11);
}

/* Two ends that answer each other's empty segments must come to rest. */
SCRIPT(old_empty_segments_are_answered_so_often)    /* RFC 9293 3.10.7.4 first, RFC 5961 7 */
{
    unsigned answers = 0;
    config.challenge_acks = 3;
    config.challenge_interval = SECONDS(10);
    given(ESTABLISHED);
    after(SECONDS(10) - w.now % SECONDS(10));
    for (unsigned i = 0; i < 19; i++) {
        in (ACK, .seq = 0, .ack = 1);
        answers += acks(1);
        after(MS(500));
    }
    check_eq(answers, 3);
}

SCRIPT(a_crossing_syn_ack_ends_the_handshake)       /* RFC 9293 3.5 [MUST-10] */
{
    given(SYN_RECEIVED, .crossed = true, .wscale = SHIFT(3), .wnd = 4000);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000, .wscale = SHIFT(3), .wnd = 4000);
    state(ESTABLISHED);
    (void)acks(1);
    check_eq(script_status().snd_wnd, 4000);        /* RFC 7323 2.2: no window of a SYN is scaled */
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
}

SCRIPT(a_reset_at_the_end_is_told)                  /* RFC 9293 3.6 [MUST-12] */
{
    static const enum aksu_tcp_state at_the_end[] = { TCP_CLOSING, TCP_LAST_ACK };
    for each(st, at_the_end) {
        given_in(st);
        in (RST, .seq = RCV_NXT);
        state(CLOSED);
        reason(RESET);
        ready_has(AKSU_FAILED);
    }
}

/* Sent again and therefore late by its number, but the first to acknowledge so much. */
SCRIPT(the_window_beside_a_higher_ack)              /* RFC 9293 3.8.6, 3.10.7.4 fifth */
{
    given(ESTABLISHED);
    user_send(3000);
    check_eq(drain().octets, 3000);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100, .wnd = 10000);
    (void)acks(1);
    in (PSH|ACK, .seq = 1, .ack = 1001, .len = 50, .wnd = 9000);
    (void)acks(1);
    check_eq(script_status().snd_wnd, 9000);
    in (PSH|ACK, .seq = 51, .ack = 1001, .len = 50, .wnd = 5000);    /* before what said 9000 */
    (void)acks(1);
    check_eq(script_status().snd_wnd, 9000);
    in (ACK, .seq = 201, .ack = 1001, .wnd = 5000);
    check_eq(script_status().snd_wnd, 5000);
}

SCRIPT(the_window_of_a_late_segment)                /* RFC 9293 3.10.7.4 fifth */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 6000);
    in (PSH|ACK, .seq = 111, .ack = 1, .len = 10, .wnd = 5000);
    (void)acks(1);
    in (PSH|ACK, .seq = 11, .ack = 1, .len = 10, .wnd = 9000);
    (void)acks(1);
    check_eq(script_status().snd_wnd, 5000);
}

SCRIPT(send_after_a_close_that_waits)               /* RFC 9293 3.10.2, 3.10.4 */
{
    given(SYN_RECEIVED);
    user_send(10);
    user_close();
    user_send(10);
    expect(CLOSING);
    in (ACK, .seq = 1, .ack = 1);
    out(FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    state(FIN_WAIT_1);
}

SCRIPT(progress_postpones_the_user_timeout)         /* RFC 5482 2, RFC 9293 3.10.8 */
{
    given(ESTABLISHED);
    user_set(USER_TIMEOUT, 5000);
    user_send(2000);
    check_eq(drain().octets, 2000);
    after(MS(900));
    in (ACK, .seq = 1, .ack = 1001);
    aksu_time progress = w.now;
    while (w.tcp.state == TCP_ESTABLISHED) {
        check(tcp_next_timeout(&w.tcp) <= progress + SECONDS(5));
        after(tcp_next_timeout(&w.tcp) - w.now);
        (void)discard();
    }
    check_eq(w.now, progress + SECONDS(5));
    reason(USER_TIMEOUT);
}

/* The owner may have to wait for the next hop: the timer does not wait for it. */
SCRIPT(the_timer_runs_while_nothing_is_pulled)      /* RFC 6298 5.6, RFC 9293 3.8.3 [MUST-20] */
{
    given(ESTABLISHED);
    user_set(R2, 4);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    for (unsigned i = 0; i < 20 && w.tcp.state == TCP_ESTABLISHED; i++) {
        check(tcp_next_timeout(&w.tcp) != NEVER);
        w.now = tcp_next_timeout(&w.tcp);
        tcp_timeouts(&w.tcp, w.now);
    }
    state(CLOSED);
    reason(TIMED_OUT);
    (void)discard();
}

SCRIPT(r2_counts_for_one_segment)                   /* RFC 9293 3.8.3 [MUST-20] */
{
    given(ESTABLISHED);
    user_set(R2, 3);
    for (uint32_t i = 0; i < 4; i++) {
        user_send(10);
        out(PSH|ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
        for (unsigned lost = 0; lost < 2; lost++) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            out(PSH|ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
        }
        in (ACK, .seq = 1, .ack = 11 + 10 * i);
        state(ESTABLISHED);
    }
}

SCRIPT(a_fin_waits_for_its_place_in_the_window)     /* RFC 9293 3.8.6, 3.4 */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(1000);
    user_close();
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    quiet();
    in (ACK, .seq = 1, .ack = 1001);
    out(FIN|ACK, .seq = 1001, .ack = 1);
}

SCRIPT(a_tiny_mss_is_not_obeyed)                    /* RFC 9293 3.7.1 */
{
    given(ESTABLISHED, .mss = 1);
    check_eq(script_status().snd_mss, 48);          /* or we would send headers only */
}

SCRIPT(time_wait_turns_off_the_other_timers)        /* RFC 9293 3.10.7.4 eighth */
{
    given(ESTABLISHED);
    user_set(KEEPALIVE, 1);
    user_set(KEEPALIVE_IDLE, 10000);
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (FIN|ACK, .seq = 1, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    state(TIME_WAIT);
    check_eq(tcp_next_timeout(&w.tcp), w.now + SECONDS(60));
}

SCRIPT(closed_has_no_timers)                        /* RFC 9293 3.10.8 */
{
    given(ESTABLISHED);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    in (RST, .seq = 1);
    state(CLOSED);
    check_eq(tcp_next_timeout(&w.tcp), NEVER);
}

SCRIPT(ssthresh_is_at_least_two_segments)           /* RFC 5681 3.1 */
{
    given(ESTABLISHED);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    check_eq(script_status().ssthresh, 2000);
}

SCRIPT(duplicates_count_in_a_row)                   /* RFC 5681 3.2 */
{
    given(ESTABLISHED);
    user_send(6000);
    check_eq(drain().octets, 6000);
    in (ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 1001);
    in (ACK, .seq = 1, .ack = 1001);
    in (ACK, .seq = 1, .ack = 1001);
    quiet();                                        /* twice two are not three */
    in (ACK, .seq = 1, .ack = 1001);
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);
}

SCRIPT(acks_of_nothing_outstanding_are_no_duplicates)   /* RFC 5681 2 */
{
    given(ESTABLISHED);
    uint32_t before = script_status().cwnd;
    for (unsigned i = 0; i < 5; i++)
        in (ACK, .seq = 1, .ack = 1);
    check_eq(script_status().cwnd, before);
    quiet();
}

SCRIPT(isns_of_ipv6_connections)                    /* RFC 9293 3.4.1 [SHLD-1] */
{
    given(CLOSED, .ipv6 = true);
    uint32_t isn[3];
    for (uint16_t i = 0; i < 3; i++) {
        struct tcp_tuple tuple = w.tuple;
        tuple.local_port = (uint16_t)(tuple.local_port + (i == 1));
        tuple.remote_port = (uint16_t)(tuple.remote_port + (i == 2));
        check_eq(tcp_open_active(&w.tcp, &tuple, w.now), AKSU_OK);
        isn[i] = script_status().iss;
        check_eq(tcp_abort(&w.tcp, w.now), AKSU_OK);
    }
    check(isn[0] != isn[1] && isn[0] != isn[2] && isn[1] != isn[2]);
}
