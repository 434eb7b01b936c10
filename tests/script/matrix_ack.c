/* matrix_ack.c - SEGMENT ARRIVES, fifth: the ACK field (RFC 9293 3.10.7.4 fifth, RFC 5961 5.2). */
#include "tests/script/script.h"

static const enum aksu_tcp_state windowed[] = { TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK };

static bool takes_text(enum aksu_tcp_state st)
{
    return st == TCP_ESTABLISHED || st == TCP_FIN_WAIT_1 || st == TCP_FIN_WAIT_2;
}

SCRIPT(without_the_ack_bit_nothing_happens)         /* RFC 9293 3.10.7.4 fifth */
{
    for each(st, segment_states) {
        given_in(st);
        covers("ACK-1");
        in (0, .seq = RCV_NXT);
        dropped("3.10.7.4 fifth");
        in (PSH, .seq = RCV_NXT, .len = 10);
        in (FIN, .seq = RCV_NXT);
        in (FIN|PSH|URG, .seq = RCV_NXT, .len = 10, .urgent = 5);
        quiet();
        state_is(st);
        ready(0);
    }
}

/* R5961-5.2-b, R5961-5.2-e */
SCRIPT(an_ack_from_long_ago_is_challenged)      /* RFC 5961 5.2, RFC 9293 3.10.7.4 fifth [MAY-12] */
{
    for each(st, segment_states) {
        struct tcp_segment seg;
        given_in(st);
        covers("ACK-2");
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_UNA - WINDOW_PEER - 1, .len = 10);
        if (st == TCP_SYN_RECEIVED) {               /* a RST is as good an answer there (A1) */
            check(world_pull(__LINE__, &seg));
            check(seg.ctl == ACK || seg.ctl == RST);
        } else {
            out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
            dropped("RFC 5961 5.2");
        }
        in (FIN|ACK, .seq = RCV_NXT, .ack = SND_UNA - WINDOW_PEER - 1);
        if (st == TCP_SYN_RECEIVED)
            check(world_pull(__LINE__, &seg));
        else
            out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        state_is(st);
        ready(0);
    }
}

/* MAX.SND.WND is the largest window ever seen, not the present one: R5961-5.2-a, R5961-5.2-d. */
SCRIPT(the_oldest_ack_that_is_accepted)             /* RFC 5961 5.2 */
{
    for each(st, reading) {
        given_in(st, .wnd = 10000);
        in (ACK, .seq = 1, .ack = SND_UNA, .wnd = 500);
        in (PSH|ACK, .seq = 1, .ack = SND_UNA - 10000, .wnd = 500, .len = 10);
        dropped("");
        acked(11);
        in (PSH|ACK, .seq = 11, .ack = SND_UNA - 10001, .wnd = 500, .len = 10);
        out(ACK, .seq = SND_NXT, .ack = 11);
    }
    given(ESTABLISHED, .wscale = SHIFT(7), .wnd = 128000);      /* scaled, of course */
    in (PSH|ACK, .seq = 1, .ack = 1 - 128000u, .len = 10);
    dropped("");
    acked(11);
    config.rfc5961 = false;
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1 - WINDOW_PEER - 1, .len = 10);
    dropped("");
    acked(11);
}

SCRIPT(an_ack_of_what_was_never_sent)               /* RFC 9293 3.10.7.4 fifth */
{
    for each(st, segment_states) {
        given_in(st);
        covers("ACK-3");
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_NXT + 1, .len = 10);
        if (st == TCP_SYN_RECEIVED)
            out(RST, .seq = SND_NXT + 1);
        else
            out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        dropped("fifth");
        in (FIN|ACK, .seq = RCV_NXT, .ack = SND_NXT + 100000);
        if (st == TCP_SYN_RECEIVED)
            out(RST, .seq = SND_NXT + 100000);
        else
            out(ACK, .seq = SND_NXT, .ack = RCV_NXT);
        state_is(st);
        ready(0);
    }
}

SCRIPT(an_old_ack_does_not_stop_a_segment)          /* RFC 9293 3.10.7.4 fifth */
{
    for each(st, windowed) {
        given_in(st);
        covers("ACK-4");
        in (PSH|ACK, .seq = RCV_NXT, .ack = SND_UNA - 1, .len = 10);
        check_eq(script_status().snd_una, w.iss.n + SND_UNA);
        if (takes_text(st)) {
            dropped("");
            acked(11);
            user_receive(10);
        } else {
            acks(1);
        }
        state_is(st);
    }
    given(TIME_WAIT);
    covers("ACK-4");
    in (ACK, .seq = 2, .ack = 1);
    quiet();
    state(TIME_WAIT);
    given(SYN_RECEIVED);
    covers("ACK-4");
    in (ACK, .seq = 1, .ack = 0);
    out(RST, .seq = 0);
    state(SYN_RECEIVED);
}

SCRIPT(a_good_ack_in_syn_received)                  /* RFC 9293 3.10.7.4 fifth */
{
    given(SYN_RECEIVED);
    user_send(3000);
    covers("ACK-5");
    in (ACK, .seq = 1, .ack = 1, .wnd = 2000);
    state(ESTABLISHED);
    ready_has(AKSU_CONNECTED);
    check_eq(drain().octets, 2000);
    struct aksu_info info = script_status();
    check_eq(info.snd_wnd, 2000);
    check_eq(info.snd_una, w.iss.n + 1);
}

SCRIPT(a_good_ack_frees_text)                       /* RFC 9293 3.10.7.4 fifth */
{
    static const enum aksu_tcp_state sending[] = { TCP_ESTABLISHED, TCP_CLOSE_WAIT };
    for each(st, sending) {
        given_in(st);
        user_send(2000);
        out(ACK,     .seq = 1,    .ack = RCV_NXT, .len = 1000);
        out(PSH|ACK, .seq = 1001, .ack = RCV_NXT, .len = 1000);
        covers("ACK-5");
        in (ACK, .seq = RCV_NXT, .ack = 1001);
        check_eq(script_status().send_queued, 1000);
        ready_lacks(AKSU_SENT);
        in (ACK, .seq = RCV_NXT, .ack = 2001);
        check_eq(script_status().send_queued, 0);
        ready_has(AKSU_SENT);
        state_is(st);
        after(SECONDS(100));                        /* RFC 6298 5.2 */
        quiet();
    }
}

/* An ACK of text ahead of the FIN is no ACK of the FIN. */
SCRIPT(a_good_ack_of_text_and_then_of_the_fin)      /* RFC 9293 3.10.7.4 fifth */
{
    given(ESTABLISHED);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    user_close();
    out(FIN|ACK, .seq = 1001, .ack = 1);
    covers("ACK-5");
    in (ACK, .seq = 1, .ack = 1001);
    state(FIN_WAIT_1);
    covers("ACK-5");
    in (ACK, .seq = 1, .ack = 1002);
    state(FIN_WAIT_2);
    ready_has(AKSU_SENT);

    given(CLOSE_WAIT);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 2, .len = 1000);
    user_close();
    out(FIN|ACK, .seq = 1001, .ack = 2);
    state(LAST_ACK);
    covers("ACK-5");
    in (ACK, .seq = 2, .ack = 1001);
    state(LAST_ACK);
    in (ACK, .seq = 2, .ack = 1002);
    state(CLOSED);
    quiet();

    given(ESTABLISHED);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    user_close();
    out(FIN|ACK, .seq = 1001, .ack = 1);
    in (FIN|ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 1002, .ack = 2);
    state(CLOSING);
    covers("ACK-5");
    in (ACK, .seq = 2, .ack = 1001);
    state(CLOSING);
    in (ACK, .seq = 2, .ack = 1002);
    state(TIME_WAIT);
    quiet();
}

SCRIPT(nothing_new_to_acknowledge_in_fin_wait_2)    /* RFC 9293 3.10.7.4 fifth */
{
    given(FIN_WAIT_1);
    in (ACK, .seq = 1, .ack = 2);
    state(FIN_WAIT_2);
    covers("ACK-5 ACK-8");
    ready_has(AKSU_SENT);
    in (ACK, .seq = 1, .ack = 2);
    after(SECONDS(1000));                           /* the retransmission timer is off */
    quiet();
    state(FIN_WAIT_2);
    check_eq(tcp_status(&w.tcp, &(struct aksu_info){ .iss = 0 }), AKSU_OK);
}

SCRIPT(the_window_is_taken_from_newer_segments)     /* RFC 9293 3.8.6, 3.10.7.4 fifth */
{
    for each(st, windowed) {
        given_in(st);
        covers("ACK-6");
        in (ACK, .seq = RCV_NXT, .ack = SND_UNA, .wnd = 5000);
        check_eq(script_status().snd_wnd, 5000);
        in (ACK, .seq = RCV_NXT, .ack = SND_UNA, .wnd = 30000);
        check_eq(script_status().snd_wnd, 30000);
        covers("ACK-7");
        in (ACK, .seq = RCV_NXT, .ack = SND_UNA - 1, .wnd = 700);
        check_eq(script_status().snd_wnd, 30000);
        state_is(st);
    }
}

/* SEG.SEQ older than SND.WL1: it was sent before the one that it follows. */
SCRIPT(the_window_of_an_overtaken_segment)          /* RFC 9293 3.8.6 */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 10, .wnd = 5000);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100, .wnd = 9000);
    out(ACK, .seq = 1, .ack = 111);
    check_eq(script_status().snd_wnd, 5000);
    in (ACK, .seq = 111, .ack = 1, .wnd = 6000);
    check_eq(script_status().snd_wnd, 6000);
}

/* Text, or text and a FIN, waits at a closed window: the probes of 3.8.6.1. */
SCRIPT(a_window_that_closes_starts_probing)      /* RFC 9293 3.8.6.1 [MUST-36], 3.8.6.1 [SHLD-29] */
{
    static const enum aksu_tcp_state waits[] = { TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_CLOSE_WAIT,
        TCP_CLOSING, TCP_LAST_ACK };
    for each(st, waits) {
        bool theirs = st == TCP_CLOSE_WAIT || st == TCP_LAST_ACK;
        given_in(theirs ? TCP_CLOSE_WAIT : TCP_ESTABLISHED, .wnd = 1000);
        user_set(NODELAY, 1);
        user_send(3000);
        out(ACK, .seq = 1, .ack = RCV_NXT, .len = 1000);
        if (st != TCP_ESTABLISHED && st != TCP_CLOSE_WAIT)
            user_close();
        if (st == TCP_CLOSING) {
            in (FIN|ACK, .seq = 1, .ack = 1);
            out(ACK, .seq = 1001, .ack = 2);
        }
        if (w.tcp.state == st)                      /* LAST-ACK may begin when the FIN leaves */
            covers("ACK-9 TO-7");
        in (ACK, .seq = RCV_NXT, .ack = 1001, .wnd = ZERO);
        after(MS(999));
        quiet();
        after(MS(1));
        out(ACK, .seq = 1001, .ack = RCV_NXT, .len = 1);
        in (ACK, .seq = RCV_NXT, .ack = 1001, .wnd = ZERO);
        after(SECONDS(2));
        out(ACK, .seq = 1001, .ack = RCV_NXT, .len = 1);
        in (ACK, .seq = RCV_NXT, .ack = 1002, .wnd = 10000);
        check_eq(drain().octets, 1999);
        in (ACK, .seq = RCV_NXT, .ack = SND_NXT);
    }
}

SCRIPT(time_wait_does_not_answer_a_good_ack)        /* RFC 9293 3.10.7.4 fifth */
{
    given(TIME_WAIT);
    covers("TW-9");
    in (ACK, .seq = 2, .ack = 2);
    in (ACK, .seq = 2, .ack = 2, .wnd = 100);
    quiet();
    state(TIME_WAIT);
}

/* RFC 9293 3.10.7.4 fifth: "acknowledge it"; but for what answers our own ACK, or two ends in
 * TIME-WAIT would not come to rest. */
SCRIPT(time_wait_answers_what_is_not_where_it_stands)   /* RFC 9293 3.10.7.4 fifth */
{
    given(TIME_WAIT);
    after(SECONDS(1));
    covers("TW-9");
    in (ACK, .seq = 3, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    in (FIN|ACK, .seq = 3, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    in (PSH|ACK, .seq = 2, .ack = 2, .len = 10);
    out(ACK, .seq = 2, .ack = 2);
    in (ACK, .seq = 2, .ack = 2);
    quiet();
    state(TIME_WAIT);
    check_eq(tcp_next_timeout(&w.tcp), w.now + SECONDS(59));    /* no FIN of this connection */
}
