/* matrix_calls.c - SEND, RECEIVE and CLOSE in every state (RFC 9293 3.10.2, 3.10.3, 3.10.4). */
#include "tests/script/script.h"

static const enum aksu_tcp_state sending[] = { TCP_ESTABLISHED, TCP_CLOSE_WAIT };

SCRIPT(send_without_a_connection)                   /* RFC 9293 3.10.2 */
{
    given(CLOSED);
    covers("SD-1");
    user_send(10);
    expect(DOES_NOT_EXIST);
    state(CLOSED);
    quiet();
}

SCRIPT(send_on_a_bound_listener_opens)              /* RFC 9293 3.10.2 */
{
    given(LISTEN, .bound = true);
    covers("SD-2");
    user_send(100);
    expect_count(100);
    state(SYN_SENT);
    out(SYN);
    in (SYN|ACK, .ack = 1, .mss = 1000);
    check_eq(drain().octets, 100);
}

SCRIPT(send_on_an_unbound_listener)                 /* RFC 9293 3.10.2 */
{
    given(LISTEN);
    covers("SD-3");
    user_send(100);
    expect(REMOTE_UNSPECIFIED);
    state(LISTEN);
    quiet();
}

SCRIPT(send_before_established_is_queued)           /* RFC 9293 3.10.2 */
{
    config.send_buffer = 8192;
    given(SYN_SENT);
    covers("SD-4");
    user_send(3000);
    expect_count(3000);
    quiet();
    user_send(10000);
    expect_count(5192);
    user_send(1);
    expect(WOULD_BLOCK);
    in (SYN|ACK, .ack = 1, .mss = 1024);
    check_eq(drain().octets, 8192);
    state(ESTABLISHED);

    given(SYN_RECEIVED);
    covers("SD-4");
    user_send(3000);
    expect_count(3000);
    quiet();
    in (ACK, .seq = 1, .ack = 1);
    check_eq(drain().octets, 3000);
    state(ESTABLISHED);
}

SCRIPT(send_cuts_text_into_segments)                /* RFC 9293 3.10.2, 3.9.1.2 [MUST-61] */
{
    for each(st, sending) {
        given_in(st);
        covers("SD-5");
        uint32_t ack = RCV_NXT;
        user_set(NODELAY, 1);
        user_send(2500);
        expect_count(2500);
        out(ACK,     .seq = 1,    .ack = ack, .len = 1000);
        out(ACK,     .seq = 1001, .ack = ack, .len = 1000);
        out(PSH|ACK, .seq = 2001, .ack = ack, .len = 500);
        in (ACK, .seq = ack, .ack = 2501);
        ready_has(AKSU_SENT);
        state_is(st);
    }
}

SCRIPT(send_takes_what_there_is_room_for)           /* RFC 9293 3.10.2 */
{
    for each(st, sending) {
        config.send_buffer = 8192;
        given_in(st, .wnd = 3000);
        covers("SD-5");
        user_send(9000);
        expect_count(8192);
        user_send(1);
        expect(WOULD_BLOCK);
        check_eq(drain().octets, 3000);
        in (ACK, .seq = RCV_NXT, .ack = 3001, .wnd = ZERO);
        ready_has(AKSU_WRITABLE);
        user_send(1000);
        expect_count(1000);
    }
}

SCRIPT(send_urgent_marks_its_end)                   /* RFC 9293 3.10.2, 3.8.5 [MUST-62] */
{
    for each(st, sending) {
        given_in(st);
        covers("SD-6");
        user_send_urgent(3);
        out(PSH|URG|ACK, .seq = 1, .ack = RCV_NXT, .len = 3, .urgent = 3);
        in (ACK, .seq = RCV_NXT, .ack = 4);
        user_send(10);
        out(PSH|ACK, .seq = 4, .ack = RCV_NXT, .len = 10);
    }
}

SCRIPT(send_after_close)                            /* RFC 9293 3.10.2 */
{
    static const enum aksu_tcp_state over[] = { TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSING,
        TCP_LAST_ACK, TCP_TIME_WAIT };
    for each(st, over) {
        given_in(st);
        covers("SD-7");
        user_send(10);
        expect(CLOSING);
        state_is(st);
        quiet();
    }
}

SCRIPT(receive_without_a_connection)                /* RFC 9293 3.10.3 */
{
    given(CLOSED);
    covers("RC-1");
    user_receive(10);
    expect(DOES_NOT_EXIST);
}

SCRIPT(receive_before_established)                  /* RFC 9293 3.10.3 */
{
    static const enum aksu_tcp_state early[] = { TCP_LISTEN, TCP_SYN_SENT, TCP_SYN_RECEIVED };
    for each(st, early) {
        given_in(st);
        covers("RC-2");
        user_receive(10);
        expect_one_of(WOULD_BLOCK, NOT_CONNECTED);
        state_is(st);
        quiet();
    }
}

SCRIPT(receive_gives_text_in_order)                 /* RFC 9293 3.10.3 */
{
    for each(st, reading) {
        given_in(st);
        covers("RC-4");
        user_receive(10);
        expect(WOULD_BLOCK);
        covers("RC-3");
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 100);
        ready_has(AKSU_READABLE);
        acked(101);
        user_receive(60);
        user_receive(40);
        user_receive(10);
        expect(WOULD_BLOCK);
    }
}

SCRIPT(receive_opens_the_window)                    /* RFC 9293 3.10.3, 3.8.6.2.2 */
{
    for each(st, reading) {
        config.receive_buffer = 4096;
        given_in(st);
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 4096);
        acked(4097);
        check_eq(RCV_WND, 0);
        covers("RC-8");
        user_receive(4096);
        out(ACK, .seq = SND_NXT, .ack = 4097, .wnd = 4096);
    }
}

SCRIPT(receive_after_the_peers_fin)                 /* RFC 9293 3.10.3 */
{
    given(ESTABLISHED);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    ready_has(AKSU_READABLE | AKSU_PEER_CLOSED);
    covers("RC-5");
    user_receive(100);
    covers("RC-6");
    user_receive(0);
    expect_count(0);
    state(CLOSE_WAIT);
}

SCRIPT(receive_at_the_end_gives_the_rest)           /* RFC 9293 3.10.3 */
{
    given(FIN_WAIT_1);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 2, .ack = 102);
    state(CLOSING);
    covers("RC-7");
    user_receive(60);
    in (ACK, .seq = 102, .ack = 2);
    state(TIME_WAIT);
    covers("RC-7");
    user_receive(40);
    user_receive(0);
    expect_count(0);

    given(ESTABLISHED);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102);
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 102);
    state(LAST_ACK);
    covers("RC-7");
    user_receive(100);
    user_receive(0);
    expect_count(0);
}

SCRIPT(close_without_a_connection)                  /* RFC 9293 3.10.4 */
{
    given(CLOSED);
    covers("CL-1");
    user_close();
    expect(DOES_NOT_EXIST);
    quiet();
}

SCRIPT(close_before_an_answer)                      /* RFC 9293 3.10.4 */
{
    given(LISTEN);
    covers("CL-2");
    user_close();
    state(CLOSED);
    quiet();
    given(SYN_SENT);
    user_send(100);
    covers("CL-3");
    user_close();
    state(CLOSED);
    after(SECONDS(10));
    quiet();
}

SCRIPT(close_in_syn_received)                       /* RFC 9293 3.10.4 */
{
    given(SYN_RECEIVED);
    covers("CL-4");
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 1);
    state(FIN_WAIT_1);
    in (ACK, .seq = 1, .ack = 2);
    state(FIN_WAIT_2);
}

SCRIPT(close_in_syn_received_waits_for_queued_text) /* RFC 9293 3.10.4 */
{
    given(SYN_RECEIVED);
    user_send(100);
    covers("CL-5");
    user_close();
    quiet();
    in (ACK, .seq = 1, .ack = 1);
    check_eq(drain().octets, 100);
    check_eq(w.fin, 101);
    state(FIN_WAIT_1);
    in (ACK, .seq = 1, .ack = 102);
    state(FIN_WAIT_2);
}

SCRIPT(close_sends_fin_after_the_text)              /* RFC 9293 3.10.4 */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(1500);
    covers("CL-6");
    user_close();
    state(FIN_WAIT_1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);
    out(FIN|PSH|ACK, .seq = 1001, .ack = 1, .len = 500);
    in (ACK, .seq = 1, .ack = 1502);
    state(FIN_WAIT_2);
}

SCRIPT(close_again_sends_no_second_fin)             /* RFC 9293 3.10.4 */
{
    static const enum aksu_tcp_state waits[] = { TCP_FIN_WAIT_1, TCP_FIN_WAIT_2 };
    for each(st, waits) {
        given_in(st);
        covers("CL-7");
        user_close();
        expect_one_of(CLOSING, OK);
        state_is(st);
        quiet();
    }
}

SCRIPT(close_in_close_wait)                         /* RFC 9293 3.10.4 */
{
    given(CLOSE_WAIT, .wnd = 1000);
    user_send(1500);
    covers("CL-8");
    user_close();
    state_one_of(CLOSE_WAIT, LAST_ACK);
    out(ACK, .seq = 1, .ack = 2, .len = 1000);
    in (ACK, .seq = 2, .ack = 1001);
    out(FIN|PSH|ACK, .seq = 1001, .ack = 2, .len = 500);
    state(LAST_ACK);
    in (ACK, .seq = 2, .ack = 1502);
    state(CLOSED);
}

SCRIPT(close_at_the_end)                            /* RFC 9293 3.10.4 */
{
    static const enum aksu_tcp_state ends[] = { TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT };
    for each(st, ends) {
        given_in(st);
        covers("CL-9");
        user_close();
        expect(CLOSING);
        state_is(st);
        quiet();
    }
}

SCRIPT(release_with_unread_text_resets)             /* RFC 9293 3.6.1 [SHLD-3] */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    acked(101);
    covers("CL-10");
    user_release();
    out(RST|ACK, .seq = 1, .ack = 101);
    state(CLOSED);

    given(ESTABLISHED);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    covers("CL-10");
    user_release();
    out(RST|ACK, .seq = 1, .ack = 102);
    state(CLOSED);
}
