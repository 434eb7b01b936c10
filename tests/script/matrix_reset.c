/* matrix_reset.c - SEGMENT ARRIVES, second and fourth: RST and SYN where there is a connection
 * (RFC 9293 3.10.7.4 second and fourth, RFC 5961 3.2, 4.2, RFC 1337 3). */
#include "tests/script/script.h"

/* SYN-RECEIVED to LAST-ACK. */
static const enum aksu_tcp_state alive[] = { TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_FIN_WAIT_1,
    TCP_FIN_WAIT_2, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK };
static const enum aksu_tcp_state challenged[] = { TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK };

/* What a RST that counts does in each state. */
static void was_reset(int line, enum aksu_tcp_state st)
{
    if (st == TCP_SYN_RECEIVED) {
        script_state(line, 1u << TCP_LISTEN | 1u << TCP_CLOSED);
        script_ready(line, 0, AKSU_FAILED);         /* "the user need not be informed" */
    } else {
        script_state(line, 1u << TCP_CLOSED);
        if (st != TCP_CLOSING && st != TCP_LAST_ACK && st != TCP_TIME_WAIT) {
            script_ready(line, AKSU_FAILED, AKSU_FAILED);
            script_reason(line, AKSU_RESET);
        }
    }
    script_after(line, SECONDS(1000));
    script_quiet(line);
}

SCRIPT(a_reset_at_rcv_nxt_counts)                   /* RFC 9293 3.10.7.4 second, 3.5.3 */
{
    for each(st, alive) {
        given_in(st);
        covers("RST-2");
        in (RST, .seq = RCV_NXT);
        was_reset(__LINE__, st);
    }
    config.rfc1337 = false;
    given(TIME_WAIT);
    covers("RST-2");
    in (RST, .seq = RCV_NXT);
    was_reset(__LINE__, TCP_TIME_WAIT);
}

SCRIPT(a_reset_does_not_end_time_wait)              /* RFC 1337 3 */
{
    given(TIME_WAIT);
    covers("RST-2");
    in (RST, .seq = RCV_NXT);
    in (RST|ACK, .seq = RCV_NXT, .ack = SND_NXT);
    quiet();
    state(TIME_WAIT);
    in (FIN|ACK, .seq = 1, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
}

SCRIPT(a_reset_of_an_active_open_is_a_refusal)      /* RFC 9293 3.5 [MUST-11], 3.10.7.4 second */
{
    given(SYN_RECEIVED, .crossed = true);
    user_send(100);
    covers("RST-2");
    in (RST, .seq = 1);
    state(CLOSED);
    reason(REFUSED);
    ready_has(AKSU_FAILED);
    after(SECONDS(1000));
    quiet();
}

/* The child is gone without a word, and the listener goes on. */
SCRIPT(a_reset_of_a_passive_open_returns_to_listen) /* RFC 9293 3.5 [MUST-11], 3.10.7.4 second */
{
    given(SYN_RECEIVED, .bound = true);
    in (RST, .seq = 1);
    state(LISTEN);
    ready(0);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
}

/* R5961-3.2-a, R5961-3.2-d, R5961-3.2-g */
SCRIPT(a_reset_elsewhere_in_the_window_is_challenged)   /* RFC 5961 3.2 */
{
    for each(st, segment_states) {
        if (st == TCP_TIME_WAIT)
            config.rfc1337 = false;
        given_in(st);
        covers("RST-3");
        in (RST, .seq = RCV_NXT + 1);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        dropped("RFC 5961 3.2");
        in (RST, .seq = RCV_NXT + RCV_WND - 1);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        state_is(st);
        ready(0);
        in (RST, .seq = RCV_NXT);                   /* what an honest peer then says */
        was_reset(__LINE__, st);
    }
}

SCRIPT(any_reset_in_the_window_without_rfc_5961)    /* RFC 9293 3.10.7.4 second */
{
    config.rfc5961 = config.rfc1337 = false;
    for each(st, segment_states)
        for (uint32_t i = 0; i < 2; i++) {
            given_in(st);
            covers("RST-4");
            in (RST, .seq = i ? RCV_NXT + RCV_WND - 1 : RCV_NXT + 1);
            was_reset(__LINE__, st);
        }
}

SCRIPT(only_the_sequence_number_of_a_reset_counts)  /* RFC 9293 3.5.3 [SHLD-2] */
{
    config.rfc1337 = false;
    for each(st, segment_states) {
        static const unsigned with[] = { RST|PSH, RST|FIN, RST|SYN, RST|ACK|PSH, RST|ACK|URG,
                                         RST|SYN|ACK|FIN|PSH };
        for (size_t i = 0; i < 6; i++) {
            given_in(st);
            covers("RST-5");
            in (with[i], .seq = RCV_NXT, .ack = SND_NXT + 5000, .len = with[i] & PSH ? 20 : 0);
            was_reset(__LINE__, st);
        }
    }
}

SCRIPT(a_reset_at_a_closed_window)                  /* RFC 9293 3.4 [MUST-66] */
{
    config.rfc1337 = false;
    for each(st, segment_states) {
        given_closed_window(st);
        covers("RST-6");
        in (RST, .seq = RCV_NXT);
        was_reset(__LINE__, st);
    }
}

/* R5961-4.2-a, R5961-4.2-b */
SCRIPT(a_syn_on_a_connection_is_challenged)         /* RFC 5961 4.2, RFC 9293 3.10.7.4 fourth */
{
    for each(st, challenged) {
        given_in(st);
        covers("SYN-1");
        in (SYN, .seq = RCV_NXT);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        dropped("RFC 5961 4.2");
        in (SYN|ACK, .seq = RCV_NXT + 1, .ack = SND_NXT);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (SYN|PSH, .seq = RCV_NXT, .len = 10);    /* its text goes with it */
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        covers("SYN-1b");
        in (SYN, .seq = RCV_NXT - 1);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (SYN, .seq = RCV_NXT + RCV_WND + 1);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        in (SYN|ACK, .seq = RCV_NXT - 1000, .ack = SND_UNA);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        state_is(st);
        ready(0);
    }
}

SCRIPT(a_syn_in_syn_received)                       /* RFC 9293 3.10.7.4 fourth */
{
    given(SYN_RECEIVED);
    covers("SYN-1");
    in (SYN, .seq = 1);
    state_one_of(LISTEN, CLOSED);
    after(SECONDS(1000));
    quiet();
    ready(0);

    given(SYN_RECEIVED, .crossed = true);
    covers("SYN-1");
    in (SYN, .seq = 1);
    state(SYN_RECEIVED);
    out(ACK, .seq = 1, .ack = 1);
}

/* The SYN again: our SYN,ACK was lost (A7: its repetition or an ACK is a good answer). */
SCRIPT(the_syn_again_in_syn_received)               /* RFC 9293 3.10.7.4 first, A.2 */
{
    struct tcp_segment seg;
    given(SYN_RECEIVED);
    covers("SYN-1b SYN-3");
    in (SYN, .seq = 0, .mss = 1000);
    check(world_pull(__LINE__, &seg));
    check(seg.ctl == (SYN|ACK) || seg.ctl == ACK);
    state(SYN_RECEIVED);
    in (SYN, .seq = 100000);                        /* another, far outside */
    out(ACK, .seq = 1, .ack = 1);
    state(SYN_RECEIVED);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(the_syn_ack_of_a_crossing_open)              /* RFC 9293 3.5 [MUST-10], A.2 */
{
    given(SYN_RECEIVED, .crossed = true);
    covers("SYN-4");
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    acks(1);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(a_syn_on_a_connection_without_rfc_5961)      /* RFC 9293 3.10.7.4 fourth */
{
    config.rfc5961 = false;
    for each(st, challenged)
        for (int ack = 0; ack < 2; ack++) {
            given_in(st);
            covers("SYN-2");
            in (ack ? SYN|ACK : SYN, .seq = RCV_NXT, .ack = ack ? SND_NXT : 0);
            state(CLOSED);
            reason(RESET);
            if (ack)
                out(RST, .seq = SND_NXT);
            else
                out(RST|ACK, .seq = 0, .ack = RCV_NXT + 1);
            quiet();

            given_in(st);
            covers("SYN-3");
            in (ack ? SYN|ACK : SYN, .seq = RCV_NXT - 1, .ack = ack ? SND_NXT : 0);
            out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
            state_is(st);
        }
    given(SYN_RECEIVED);
    covers("SYN-2");
    in (SYN, .seq = 1);
    state_one_of(LISTEN, CLOSED);
    quiet();
    given(SYN_RECEIVED, .crossed = true);
    covers("SYN-2");
    in (SYN, .seq = 1);
    state(CLOSED);
    any_reset();
    given(SYN_RECEIVED);
    covers("SYN-3");
    in (SYN, .seq = 100000);
    out(ACK, .seq = 1, .ack = 1);
    state(SYN_RECEIVED);
}

SCRIPT(a_syn_ack_in_time_wait)                      /* RFC 5961 4.2, RFC 9293 3.10.7.4 fourth */
{
    given(TIME_WAIT);
    covers("SYN-1");
    in (SYN|ACK, .seq = 2, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    covers("SYN-1b");
    in (SYN|ACK, .seq = 1, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    state(TIME_WAIT);

    config.rfc5961 = false;
    given(TIME_WAIT);
    covers("SYN-3");
    in (SYN|ACK, .seq = 1, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    state(TIME_WAIT);
    covers("SYN-2");
    in (SYN|ACK, .seq = 2, .ack = 2);
    state(CLOSED);
    any_reset();
}
