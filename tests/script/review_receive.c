/* review_receive.c - the receive side where rules meet: window updates at the limit of the field
 * or of memory, ACKs of text out of order that is no longer, and the user timeout in LISTEN. */
#include "tests/script/script.h"

/* Text until the window is closed; `read`: the user reads each segment at once. How much waits. */
static uint32_t fill_window(bool read)
{
    while (RCV_WND > 0) {
        uint32_t n = RCV_WND < 1000 ? RCV_WND : 1000, at = RCV_NXT;
        in (PSH|ACK, .seq = at, .ack = SND_UNA, .len = n);
        acked(at + n);
        if (read) {
            user_receive(n);
            (void)acks(1);
        }
    }
    return script_status().receive_queued;
}

/* --- buffers that the window field cannot describe --- */

/* The window before the update is closed: without it nothing comes any more. */
SCRIPT(a_large_buffer_without_window_scale)         /* RFC 9293 3.8.6.2.2 [MUST-39] */
{
    config.receive_buffer = 262144;
    given(ESTABLISHED);
    uint32_t waits = fill_window(false);
    check(waits > 262144 - MSS_PEER);
    user_receive(waits);                            /* all at once */
    out(ACK, .seq = 1, .ack = 1 + waits, .wnd = 65535);

    waits = fill_window(false);
    user_receive(200000);
    out(ACK, .seq = 1, .ack = RCV_NXT, .wnd = 65535);
    user_receive(waits - 200000);
    quiet();                                        /* the field cannot say more */
    in (PSH|ACK, .seq = RCV_NXT, .ack = 1, .len = 1000);
    acked(RCV_NXT + 1000);
    check_eq(RCV_WND, 65535);
}

SCRIPT(a_buffer_that_grew)                          /* RFC 9293 3.8.6.2.2 [MUST-39] */
{
    config.receive_buffer = 65536;
    given(ESTABLISHED, .wscale = SHIFT(7), .wnd = 2560);
    check_eq(w.our_shift, 1);                       /* what the SYN said holds */
    user_set(RECEIVE_BUFFER, 1 << 20);
    uint32_t waits = fill_window(false);
    check(waits > (1u << 20) - MSS_PEER);
    user_receive(waits);
    out(ACK, .seq = 1, .ack = 1 + waits, .wnd = 131070);
}

/* An update that says nothing new is not sent. */
SCRIPT(no_update_of_a_window_at_its_limit)          /* RFC 9293 3.8.6.2.2 */
{
    config.receive_buffer = 262144;
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    acked(1001);
    check_eq(RCV_WND, 65535);
    user_receive(1000);
    quiet();
}

/* --- closed for want of memory --- */

/* The pool is as large as ever, but what others may need is kept from us. */
static void memory_is_short(bool is)
{
    w.env.reserve_pages = is ? w.pool.count + 1 : 0;
}

SCRIPT(a_window_closed_for_want_of_memory_reopens)  /* RFC 9293 3.8.6.1 [MAY-8] */
{
    given(ESTABLISHED);
    memory_is_short(true);
    check_eq(fill_window(true), 0);
    after(SECONDS(10));
    quiet();
    memory_is_short(false);
    after(MS(50));
    out(ACK, .seq = 1, .ack = RCV_NXT, .wnd = 32768);
    after(SECONDS(100));
    quiet();
    check_eq(tcp_next_timeout(&w.tcp), NEVER);
}

/* The user reads before the ACK that is owed goes out. */
SCRIPT(reading_faster_than_acks_go_out)             /* RFC 9293 3.8.6.1 [MAY-8] */
{
    given(ESTABLISHED);
    memory_is_short(true);
    for (uint32_t at = 1; RCV_WND >= 2000; at += 2000) {
        batch(PSH|ACK, .seq = at, .ack = 1, .len = 1000);
        batch(PSH|ACK, .seq = at + 1000, .ack = 1, .len = 1000);
        user_receive(2000);
        out(ACK, .seq = 1, .ack = at + 2000);
    }
    check(RCV_WND < MSS_PEER);                      /* too small for the peer to use */
    after(SECONDS(10));
    quiet();
    memory_is_short(false);
    after(MS(50));
    out(ACK, .seq = 1, .ack = RCV_NXT, .wnd = 32768);
}

SCRIPT(memory_for_a_connection_that_has_ended)      /* RFC 9293 3.8.6.1 [MAY-8] */
{
    given(ESTABLISHED);
    memory_is_short(true);
    (void)fill_window(true);
    user_abort();
    any_reset();
    memory_is_short(false);
    after(SECONDS(10));
    quiet();

    given(ESTABLISHED);
    memory_is_short(true);
    (void)fill_window(true);
    in (FIN|ACK, .seq = RCV_NXT, .ack = 1);         /* after which no window is needed */
    (void)acks(1);
    memory_is_short(false);
    after(SECONDS(10));
    quiet();
}

/* --- text out of order, and the hole filled, before anything is sent --- */

SCRIPT(a_hole_filled_at_once)                       /* RFC 5681 4.2, 3.2 */
{
    given(ESTABLISHED, .sack = true);
    for (uint32_t i = 1; i <= 5; i++)
        batch(PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
    batch(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 6001);
    quiet();                                        /* five more would look like a loss */
    after(SECONDS(1));
    quiet();
}

SCRIPT(a_part_of_a_hole_filled_at_once)             /* RFC 5681 4.2 */
{
    given(ESTABLISHED, .sack = true);
    for (uint32_t i = 2; i <= 5; i++)
        batch(PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
    batch(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 1001, .sack = { { 2001, 6001 } });
    quiet();
    batch(PSH|ACK, .seq = 6001, .ack = 1, .len = 1000);
    batch(PSH|ACK, .seq = 7001, .ack = 1, .len = 1000);
    check_eq(discard(), 2);                         /* while the hole is there: one each */
    in (PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 8001);
}

/* A peer that says more after its end than before: nothing lies beyond a FIN. */
SCRIPT(text_across_a_fin_that_waits)                /* RFC 9293 3.10.7.4 [SHLD-31] */
{
    given(ESTABLISHED);
    in (FIN|ACK, .seq = 1001, .ack = 1);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 3000);
    state(CLOSE_WAIT);
    check_eq(script_status().octets_in, 1000);
    out(ACK, .seq = 1, .ack = 1002);
}

/* --- the user timeout of a passive OPEN --- */

SCRIPT(the_user_timeout_in_listen)                  /* RFC 9293 3.10.8 */
{
    for (unsigned before = 0; before < 2; before++) {
        given(CLOSED);
        if (before)
            user_set(USER_TIMEOUT, 5000);
        user_open_passive();
        state(LISTEN);
        if (!before)
            user_set(USER_TIMEOUT, 5000);
        covers("TO-1");
        after(SECONDS(5) - 1);
        state(LISTEN);
        ready_lacks(AKSU_FAILED);
        after(1);
        state(CLOSED);
        reason(USER_TIMEOUT);
        ready_has(AKSU_FAILED);
        quiet();
        in (SYN, .seq = 0, .mss = 1000);            /* nobody listens any more */
        out(RST|ACK, .seq = 0, .ack = 1);
    }
}
