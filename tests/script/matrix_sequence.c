/* matrix_sequence.c - SEGMENT ARRIVES, first: the sequence number, in SYN-RECEIVED and all later
 * states (RFC 9293 3.10.7.4 first, 3.4). */
#include "tests/script/script.h"

SCRIPT(an_old_timestamp_is_refused)                 /* RFC 7323 5.3 */
{
    for each(st, segment_states) {
        given_in(st, .timestamps = true, .passive = true, .ts_val = 5000);
        covers("SEQ-0");
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_NXT, .len = 10, .ts_val = 4999);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT, .ts_ecr = 5000);
        state_is(st);
        ready(0);
    }
}

SCRIPT(a_missing_timestamp_is_silently_dropped)     /* RFC 7323 3.2 */
{
    for each(st, segment_states) {
        given_in(st, .timestamps = true, .passive = true);
        covers("SEQ-0b");
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_NXT, .len = 10, .no_ts = true);
        quiet();
        state_is(st);
        ready(0);
        in (ACK, .seq = RCV_NXT, .ack = SND_NXT);
        dropped("");
    }
}

/* R5961-3.2-b */
SCRIPT(a_reset_outside_the_window_is_dropped)       /* RFC 9293 3.10.7.4 first, RFC 5961 3.2 */
{
    for (int strict = 0; strict < 2; strict++)
        for each(st, segment_states) {
            config.rfc5961 = strict;
            given_in(st);
            covers("SEQ-1 RST-1");
            in (RST, .seq = RCV_NXT - 1);
            dropped("3.10.7.4 first");
            in (RST, .seq = RCV_NXT + (RCV_WND ? RCV_WND : 1));
            in (RST|ACK, .seq = RCV_NXT + 100000, .ack = SND_NXT);
            in (RST|SYN, .seq = RCV_NXT - 1);
            quiet();
            state_is(st);
            ready(0);
        }
}

SCRIPT(what_is_outside_the_window_is_acknowledged)  /* RFC 9293 3.10.7.4 first, 3.5.2 */
{
    for each(st, segment_states) {
        given_in(st);
        covers("SEQ-2 TXT-6");
        in (PSH|ACK, .seq = RCV_NXT - 1, .ack = SND_NXT, .len = 1);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (PSH|ACK, .seq = RCV_NXT - 500, .ack = SND_NXT, .len = 500);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (PSH|ACK, .seq = RCV_NXT + RCV_WND + 1, .ack = SND_NXT, .len = 10);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (ACK, .seq = RCV_NXT - 1, .ack = SND_NXT);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (FIN|ACK, .seq = RCV_NXT + RCV_WND + 1, .ack = SND_NXT);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        state_is(st);
        ready(0);
    }
}

/* Text is refused, but the ACK in it counts: RFC 9293 3.4 [MUST-66]. */
SCRIPT(a_closed_window_still_takes_acks)            /* RFC 9293 3.8.6.1 */
{
    for each(st, segment_states) {
        given_closed_window(st);
        if (st == TCP_ESTABLISHED || st == TCP_CLOSE_WAIT) {
            user_send(10);
            out(PSH|ACK, .seq = 1, .ack = RCV_NXT, .len = 10);
        }
        covers("SEQ-3");
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_NXT, .len = 1);
        if (st == TCP_LAST_ACK) {
            state(CLOSED);
            quiet();
            continue;
        }
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT, .wnd = ZERO);
        check_eq(script_status().snd_una, script_status().snd_nxt);
        check_eq(script_status().rcv_nxt, w.irs.n + RCV_NXT);
        if (st == TCP_SYN_RECEIVED)
            state(ESTABLISHED);
        if (st == TCP_FIN_WAIT_1)
            state(FIN_WAIT_2);
        if (st == TCP_CLOSING)
            state(TIME_WAIT);
    }
}

SCRIPT(the_old_part_is_trimmed)                     /* RFC 9293 3.10.7.4 first */
{
    for each(st, reading) {
        given_in(st);
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 5);
        acked(6);
        covers("SEQ-4");
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 15);
        acked(16);
        check_eq(event_count(memory), 0);
        user_receive(15);
        user_receive(1);
        expect(WOULD_BLOCK);
    }
    given(SYN_RECEIVED);
    covers("SEQ-4");
    in (PSH|ACK, .seq = 0, .ack = 1, .len = 11);    /* its first octet stands where the SYN was */
    state(ESTABLISHED);
    acked(11);
    check_eq(script_status().receive_queued, 10);
}

SCRIPT(the_rest_of_an_old_segment_goes_on)          /* RFC 9293 3.10.7.4 first */
{
    static const struct { enum aksu_tcp_state from, to; } moves[] = {
        { TCP_CLOSE_WAIT, TCP_CLOSE_WAIT }, { TCP_CLOSING, TCP_TIME_WAIT },
        { TCP_LAST_ACK, TCP_CLOSED }, { TCP_TIME_WAIT, TCP_TIME_WAIT } };
    for (size_t i = 0; i < 4; i++) {
        given_in(moves[i].from);
        if (moves[i].from == TCP_CLOSE_WAIT) {
            user_send(10);
            out(PSH|ACK, .seq = 1, .ack = 2, .len = 10);
        }
        covers("SEQ-4");
        in (PSH|ACK, .seq = RCV_NXT - 1, .ack = SND_NXT, .len = 5);
        acks(1);
        state_is(moves[i].to);
        check_eq(SND_UNA, SND_NXT);
        check_eq(script_status().snd_una, w.iss.n + SND_NXT);
        check_eq(script_status().rcv_nxt, w.irs.n + RCV_NXT);
    }
}

SCRIPT(what_is_beyond_the_window_is_trimmed)        /* RFC 9293 3.10.7.4 first */
{
    for each(st, reading) {
        config.receive_buffer = 4096;
        given_in(st);
        covers("SEQ-5");
        in (FIN|PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 5000);
        acked(4097);
        state_is(st);
        user_receive(4096);
        acked(4097);
    }
    given(SYN_RECEIVED);
    covers("SEQ-5");
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 5000);
    state(ESTABLISHED);
    acked(4097);
}

SCRIPT(beyond_the_window_and_after_the_fin)         /* RFC 9293 3.10.7.4 first */
{
    static const struct { enum aksu_tcp_state from, to; } moves[] = {
        { TCP_CLOSE_WAIT, TCP_CLOSE_WAIT }, { TCP_CLOSING, TCP_TIME_WAIT },
        { TCP_LAST_ACK, TCP_CLOSED }, { TCP_TIME_WAIT, TCP_TIME_WAIT } };
    config.receive_buffer = 4096;
    for (size_t i = 0; i < 4; i++) {
        given_in(moves[i].from);
        covers("SEQ-5");
        in (FIN|PSH|ACK, .seq = RCV_NXT, .ack = SND_NXT, .len = 5000);
        acks(1);
        state_is(moves[i].to);
        check_eq(script_status().rcv_nxt, w.irs.n + RCV_NXT);
    }
}

SCRIPT(what_is_early_is_held)                       /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    for each(st, reading) {
        given_in(st);
        covers("SEQ-6 TXT-5");
        in (PSH|ACK, .seq = 11, .ack = SND_UNA, .len = 10);
        out(ACK, .seq = SND_NXT, .ack = 1);         /* RFC 9293 3.10.7.4 first [MAY-13] */
        user_receive(1);
        expect(WOULD_BLOCK);
        covers("TXT-4");
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 10);
        out(ACK, .seq = SND_NXT, .ack = 21);        /* at once: RFC 5681 4.2 */
        user_receive(20);
        check_eq(script_status().octets_in, 20);
    }
}

SCRIPT(what_is_early_in_syn_received)               /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    given(SYN_RECEIVED);
    covers("SEQ-6 TXT-5 TXT-4");
    in (PSH|ACK, .seq = 11, .ack = 1, .len = 10);
    state_one_of(SYN_RECEIVED, ESTABLISHED);        /* its ACK may count now or in its turn */
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    state(ESTABLISHED);
    out(ACK, .seq = 1, .ack = 21);
    user_receive(20);
}

SCRIPT(what_is_early_and_after_the_fin)             /* RFC 9293 3.10.7.4 first */
{
    for each(st, after_fin) {
        given_in(st);
        covers("SEQ-6");
        in (PSH|ACK, .seq = RCV_NXT + 5, .ack = SND_UNA, .len = 10);
        acks(1);
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_UNA, .len = 5);
        acks(1);
        state_is(st);
        check_eq(script_status().rcv_nxt, w.irs.n + 2);
        check_eq(script_status().receive_queued, 0);
    }
}

SCRIPT(segments_are_processed_before_acks_are_sent) /* RFC 9293 3.10.7.4 first [MUST-58] */
{
    for each(st, reading) {
        given_in(st);
        covers("SEQ-7");
        for (uint32_t i = 0; i < 8; i++)
            batch(PSH|ACK, .seq = 1 + 1000 * i, .ack = SND_UNA, .len = 1000);
        out(ACK, .seq = SND_NXT, .ack = 8001);      /* RFC 9293 3.10.7.4 first [MUST-59] */
        quiet();
    }
    given(SYN_RECEIVED);
    covers("SEQ-7");
    batch(ACK, .seq = 1, .ack = 1);
    batch(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    batch(FIN|PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 2002);
    state(CLOSE_WAIT);
}

SCRIPT(segments_after_the_fin_are_processed_before_acks)    /* RFC 9293 3.10.7.4 first [MUST-59] */
{
    for each(st, after_fin) {
        given_in(st);
        covers("SEQ-7");
        batch(FIN|ACK, .seq = 1, .ack = SND_UNA);
        batch(FIN|ACK, .seq = 1, .ack = SND_UNA);
        out(ACK, .seq = SND_NXT, .ack = 2);
        acks(1);
        state_is(st);
    }
    given(LAST_ACK);
    batch(FIN|ACK, .seq = 1, .ack = 1);
    batch(ACK, .seq = 2, .ack = 2);
    state(CLOSED);
    quiet();
}

/* RFC 9293 3.4: the four cases of the test, at every edge. */
SCRIPT(the_acceptability_test)
{
    static const uint32_t lengths[] = { 0, 1, 10 };
    for (size_t i = 0; i < 3; i++)
        for (int32_t at = -11; at <= 4108; at += at == 12 ? 4072 : 1) {
            config.receive_buffer = 4096;
            given(ESTABLISHED);
            uint32_t n = lengths[i];
            int32_t last = at + (n ? (int32_t)n - 1 : 0);
            bool good = (at >= 0 && at < 4096) || (n && last >= 0 && last < 4096);
            in (ACK, .seq = 1 + (uint32_t)at, .ack = 1, .len = n);
            if (good) {
                dropped("");
                acks(n ? 1 : 0);
                check_eq(script_status().rcv_nxt - w.irs.n,
                         at <= 0 && n ? 1 + (uint32_t)(at + (int32_t)n) : 1);
                if (at <= 0 && n)
                    acked(1 + (uint32_t)(at + (int32_t)n));
            } else {
                dropped("3.10.7.4 first");
                out(ACK, .seq = 1, .ack = 1);
            }
        }
}
