/* fast_open_server.c - TCP Fast Open of a server (RFC 7413 4.2.2): text of a SYN that is taken, and
 * what goes before the handshake ends. Cookies, limits and the two ends together:
 * tests/unit/test_stack_fast_open.c. */
#include "tests/script/script.h"

/* The owner has found the cookie good. */
static void take_text(uint32_t n)
{
    static uint8_t text[2000];
    struct tcp_segment syn = { .text_len = n, .parts = 1, .text = { { text, n } } };
    for (uint32_t i = 0; i < n; i++)
        text[i] = pattern(i);
    tcp_fast_open_accept(&w.tcp, &syn, w.now);
}

static void given_opened(uint32_t n)
{
    given(LISTEN);
    in (SYN, .seq = 0, .len = n, .mss = 1000);
    take_text(n);
    out(SYN|ACK, .seq = 0, .ack = 1 + n);
    state(SYN_RECEIVED);
}

/* R7413-4.2.2-b: the text is there, and an answer may go, before the handshake ends. */
SCRIPT(text_of_a_syn_is_taken)              /* RFC 7413 4.2.2 */
{
    given_opened(100);
    ready(AKSU_READABLE | AKSU_WRITABLE);
    user_receive(100);
    user_send(50);
    out(PSH|ACK, .seq = 1, .ack = 101, .len = 50);
    check(script_status().fast_open);
    in (ACK, .seq = 101, .ack = 51);
    state(ESTABLISHED);
    ready_has(AKSU_CONNECTED | AKSU_SENT);
    check(script_status().srtt_us > 0);
}

SCRIPT(text_of_a_syn_is_left_otherwise)     /* RFC 7413 4.2, R7413-4.2-a */
{
    given(LISTEN);
    in (SYN, .seq = 0, .len = 100, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    ready(0);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    acked(101);
    user_receive(100);
}

/* R7413-4.2.2-d: no more than the initial window, nor than the SYN's own window. */
SCRIPT(an_answer_before_the_handshake_ends) /* RFC 7413 4.2.2, RFC 5681 3.1 */
{
    given_opened(100);
    user_send(30000);
    check_eq(drain().octets, 10000);
    in (ACK, .seq = 101, .ack = 1);
    state(ESTABLISHED);
    in (ACK, .seq = 101, .ack = 10001);
    check(drain().octets > 10000);
    given(LISTEN);
    in (SYN, .seq = 0, .len = 100, .mss = 1000, .wnd = 3000);
    take_text(100);
    out(SYN|ACK, .seq = 0, .ack = 101);
    user_send(30000);
    check_eq(drain().octets, 3000);
}

/* R7413-4.2.2-e: it acknowledges the text, and has no cookie any more; what was sent waits. */
SCRIPT(an_opened_syn_ack_that_gets_lost)    /* RFC 7413 4.2.2 */
{
    given(LISTEN);
    in (SYN, .seq = 0, .len = 100, .mss = 1000);
    take_text(100);
    tcp_fast_open_grant(&w.tcp, false, w.now);
    out(SYN|ACK, .seq = 0, .ack = 101, .has = HAS_MSS | HAS_FAST_OPEN);
    user_send(2000);
    check_eq(drain().octets, 2000);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 101, .has = HAS_MSS);
    in (ACK, .seq = 101, .ack = 1);
    state(ESTABLISHED);
    after(SECONDS(3));
    check(discard() > 0);
    in (ACK, .seq = 101, .ack = 2001);
    check_eq(script_status().octets_out, 2000);
}

SCRIPT(a_cookie_is_granted_once)            /* RFC 7413 4.2.1, R7413-4.2.1-b */
{
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    tcp_fast_open_grant(&w.tcp, false, w.now);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS | HAS_FAST_OPEN);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS);
}

/* The same SYN, whole or in part inside what is now the window, is a SYN that comes again. */
SCRIPT(a_syn_with_text_that_comes_again)    /* RFC 7413 4.2.2, RFC 9293 3.10.7.4 first */
{
    given_opened(100);
    in (SYN, .seq = 0, .len = 100, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 101);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 101);
    user_receive(100);
    given(LISTEN);
    in (SYN, .seq = 0, .len = 100, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (SYN, .seq = 0, .len = 100, .mss = 1000);    /* its text was not taken */
    out(SYN|ACK, .seq = 0, .ack = 1);
    state(SYN_RECEIVED);
}

/* What the user may have read of does not go back to LISTEN, and can still be read. */
SCRIPT(a_reset_of_what_was_opened)          /* RFC 7413 5.1, RFC 9293 3.10.7.4 second */
{
    given_opened(100);
    in (RST, .seq = 101);
    state(CLOSED);
    reason(RESET);
    ready_has(AKSU_FAILED);
    user_receive(100);
    given_opened(100);
    in (SYN, .seq = 200, .mss = 1000);
    state(CLOSED);
    reason(RESET);
}

SCRIPT(nobody_acknowledges_what_was_opened) /* RFC 9293 3.8.3 [MUST-23] */
{
    config.syn_r2 = SECONDS(2);
    given_opened(100);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 101);
    after(SECONDS(1));
    state(CLOSED);
    reason(TIMED_OUT);
    user_receive(100);
}

SCRIPT(what_was_opened_is_closed)           /* RFC 7413 4.2.2, RFC 9293 3.10.4 */
{
    given_opened(100);
    user_receive(100);
    user_send(50);
    user_close();
    state(FIN_WAIT_1);
    out(FIN|PSH|ACK, .seq = 1, .ack = 101, .len = 50);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 101);         /* still not acknowledged */
    in (FIN|ACK, .seq = 101, .ack = 52);
    acked(102);
    state(TIME_WAIT);
}

SCRIPT(the_peer_closes_before_its_ack)      /* RFC 7413 4.2.2, RFC 9293 3.10.7.4 eighth */
{
    given_opened(100);
    in (FIN|ACK, .seq = 101, .ack = 1);
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    user_receive(100);
}

SCRIPT(a_small_buffer_takes_a_part)         /* RFC 7413 4.2.2, RFC 9293 3.8.6 */
{
    config.receive_buffer = 4096;
    given(LISTEN);
    w.tcp.receive_buffer = 60;
    in (SYN, .seq = 0, .len = 100, .mss = 1000);
    take_text(100);
    out(SYN|ACK, .seq = 0, .ack = 61, .wnd = ZERO);
    user_receive(60);
    config.receive_buffer = 32768;
}
