/* figures.c - the figures of RFC 9293 3.5 and 3.6, seen from both ends, and segments with odd
 * combinations of flags. */
#include "tests/script/script.h"

SCRIPT(figure_6_basic_handshake)                    /* RFC 9293 3.5 */
{
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);   /* the ACK took no sequence number */
    state(ESTABLISHED);

    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    state(ESTABLISHED);
    acked(101);
}

SCRIPT(figure_7_simultaneous_open)                  /* RFC 9293 3.5 [MUST-10] */
{
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0);
    in (SYN, .seq = 0, .mss = 1000);
    state(SYN_RECEIVED);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    acks(1);
    in (ACK, .seq = 1, .ack = 1);                   /* the peer's answer to our SYN,ACK */
    state(ESTABLISHED);
    ready_has(AKSU_CONNECTED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
}

SCRIPT(figure_8_old_duplicate_syn)                  /* RFC 9293 3.5 */
{
    given(LISTEN);
    in (SYN, .seq = (uint32_t)-10, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = (uint32_t)-9);
    in (RST, .seq = (uint32_t)-9);
    state(LISTEN);
    ready(0);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);

    given(SYN_SENT);                                /* the other side */
    in (SYN|ACK, .seq = 5000, .ack = (uint32_t)-9, .mss = 1000);
    out(RST, .seq = (uint32_t)-9);
    state(SYN_SENT);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(figure_9_half_open_connection)               /* RFC 9293 3.5.1 */
{
    given(ESTABLISHED);                             /* the live side */
    in (SYN, .seq = 90000, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    in (RST, .seq = 1);
    state(CLOSED);
    reason(RESET);

    given(SYN_SENT);                                /* the side that crashed */
    in (ACK, .seq = 300, .ack = 100);
    out(RST, .seq = 100);
    state(SYN_SENT);
    after(SECONDS(1));
    out(SYN, .seq = 0);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(figure_10_active_side_finds_it_half_open)    /* RFC 9293 3.5.1 */
{
    given(ESTABLISHED);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    in (RST, .seq = 1);
    state(CLOSED);
    reason(RESET);
    ready_has(AKSU_FAILED);

    given(CLOSED);
    in (PSH|ACK, .seq = 300, .ack = 100, .len = 10);
    out(RST, .seq = 100);
}

SCRIPT(figure_11_old_syn_between_two_listeners)     /* RFC 9293 3.5.1 */
{
    given(LISTEN);                                  /* the one that gets the old SYN */
    in (SYN, .seq = 7000, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 7001);
    in (RST, .seq = 7001);
    state(LISTEN);

    given(LISTEN);                                  /* the one that gets the SYN,ACK */
    in (SYN|ACK, .seq = 0, .ack = 7001, .mss = 1000);
    out(RST, .seq = 7001);
    state(LISTEN);
}

SCRIPT(figure_12_normal_close)                      /* RFC 9293 3.6 */
{
    given(ESTABLISHED);
    user_close();
    state(FIN_WAIT_1);
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 2);
    state(FIN_WAIT_2);
    in (FIN|ACK, .seq = 1, .ack = 2);
    state(TIME_WAIT);
    out(ACK, .seq = 2, .ack = 2);
    after(SECONDS(60));
    state(CLOSED);

    given(ESTABLISHED);
    in (FIN|ACK, .seq = 1, .ack = 1);
    state(CLOSE_WAIT);
    out(ACK, .seq = 1, .ack = 2);
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 2);
    state(LAST_ACK);
    in (ACK, .seq = 2, .ack = 2);
    state(CLOSED);
}

SCRIPT(figure_13_simultaneous_close)                /* RFC 9293 3.6 */
{
    given(ESTABLISHED);
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (FIN|ACK, .seq = 1, .ack = 1);
    state(CLOSING);
    out(ACK, .seq = 2, .ack = 2);
    in (ACK, .seq = 2, .ack = 2);
    state(TIME_WAIT);
    after(SECONDS(60));
    state(CLOSED);
}

SCRIPT(figure_5_note_2_straight_to_time_wait)       /* RFC 9293 3.3.2 */
{
    given(FIN_WAIT_1);
    in (FIN|ACK, .seq = 1, .ack = 2);
    state(TIME_WAIT);
    out(ACK, .seq = 2, .ack = 2);
}

/* CX-1 to CX-4: see listen_ignores_resets and its neighbours. Here the rest. */
SCRIPT(odd_flags_in_syn_sent)                       /* RFC 9293 3.10.7.3 */
{
    given(SYN_SENT);                                /* CX-5 */
    in (SYN|FIN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    state(CLOSE_WAIT);
    out(ACK, .seq = 1, .ack = 2);
    given(SYN_SENT);                                /* CX-6 */
    in (SYN|RST|ACK, .seq = 0, .ack = 1);
    state(CLOSED);
    reason(REFUSED);
    given(SYN_SENT);                                /* CX-7 */
    in (SYN|RST, .seq = 0);
    state(SYN_SENT);
    in (SYN|ACK, .seq = 0, .ack = 0, .mss = 1000);  /* CX-8 */
    out(RST, .seq = 0);
    state(SYN_SENT);
}

SCRIPT(odd_flags_in_established)                    /* RFC 9293 3.10.7.4 */
{
    given(ESTABLISHED);
    in (SYN|FIN, .seq = 1);                         /* CX-9 */
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    in (PSH, .seq = 1, .len = 10);                  /* CX-11 */
    quiet();
    in (FIN|PSH|ACK, .seq = 1, .ack = 2, .len = 10);    /* CX-12 */
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    in (RST|SYN, .seq = 1);                         /* CX-10 */
    state(CLOSED);
    quiet();
}

SCRIPT(odd_flags_while_closing)                     /* RFC 9293 3.10.7.4 */
{
    given(CLOSE_WAIT);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 2, .len = 100);
    in (PSH|ACK, .seq = 2, .ack = 101, .len = 10);  /* CX-13 */
    acks(1);
    check_eq(script_status().send_queued, 0);
    check_eq(script_status().receive_queued, 0);
    given(LAST_ACK);
    in (PSH|ACK, .seq = 2, .ack = 2, .len = 10);    /* CX-14 */
    state(CLOSED);
    quiet();
    given(CLOSING);
    in (FIN|ACK, .seq = 1, .ack = 1);               /* CX-15 */
    out(ACK, .seq = 2, .ack = 2);
    state(CLOSING);
    given(FIN_WAIT_1);
    in (FIN|PSH|ACK, .seq = 1, .ack = 2, .len = 10);    /* CX-16 */
    out(ACK, .seq = 2, .ack = 12);
    state(TIME_WAIT);
    user_receive(10);
    given(TIME_WAIT);
    in (RST, .seq = 2);                             /* CX-17, RFC 1337 3 */
    state(TIME_WAIT);
}

SCRIPT(odd_flags_in_syn_received)                   /* RFC 9293 3.10.7.4 */
{
    struct tcp_segment seg;
    given(SYN_RECEIVED);
    in (ACK, .seq = 1, .ack = 0);                   /* CX-18 */
    out(RST, .seq = 0);
    state(SYN_RECEIVED);
    in (SYN, .seq = 0, .mss = 1000);                /* CX-20 */
    check(world_pull(__LINE__, &seg));
    state(SYN_RECEIVED);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 10);    /* CX-19 */
    out(ACK, .seq = 1, .ack = 12);
    state(CLOSE_WAIT);
}
