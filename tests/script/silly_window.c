/* silly_window.c - when it is worth sending, and worth advertising: Nagle (RFC 9293 3.7.4),
 * silly window avoidance on both sides (3.8.6.2), PUSH (3.9.1.2), delayed ACKs (3.8.6.3). */
#include "tests/script/script.h"

SCRIPT(nagle)                                       /* RFC 9293 3.7.4 [SHLD-7] */
{
    given(ESTABLISHED);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);    /* at once: RFC 9293 3.9.1.2 [MUST-60] */
    for (unsigned i = 0; i < 4; i++)
        user_send(10);
    quiet();
    in (ACK, .seq = 1, .ack = 11);
    out(PSH|ACK, .seq = 11, .ack = 1, .len = 40);
}

SCRIPT(nagle_lets_full_segments_go)                 /* RFC 9293 3.7.4 [SHLD-7] */
{
    given(ESTABLISHED);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    user_send(999);
    quiet();
    user_send(2);
    out(ACK, .seq = 11, .ack = 1, .len = 1000);
    quiet();
    in (ACK, .seq = 1, .ack = 1011);
    out(PSH|ACK, .seq = 1011, .ack = 1, .len = 1);
}

SCRIPT(nagle_turned_off)                            /* RFC 9293 3.7.4 [MUST-17] */
{
    given(ESTABLISHED);
    user_set(NODELAY, 1);
    for (uint32_t i = 0; i < 5; i++) {
        user_send(10);
        out(PSH|ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
    }
    given(ESTABLISHED);                             /* another connection is as before */
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    user_send(10);
    quiet();
    user_set(NODELAY, 1);                           /* in the middle of it */
    out(PSH|ACK, .seq = 11, .ack = 1, .len = 10);
}

SCRIPT(nagle_and_close)                             /* RFC 9293 3.7.4 */
{
    given(ESTABLISHED);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    user_send(10);
    quiet();
    user_close();                                   /* nothing will be added: no reason to wait */
    out(FIN|PSH|ACK, .seq = 11, .ack = 1, .len = 10);
}

SCRIPT(push_ends_what_was_queued)                   /* RFC 9293 3.9.1.2 [MUST-61] */
{
    given(ESTABLISHED, .mss = 1460);
    user_set(NODELAY, 1);
    user_send(5000);
    out(ACK,     .seq = 1,    .ack = 1, .len = 1460);
    out(ACK,     .seq = 1461, .ack = 1, .len = 1460);
    out(ACK,     .seq = 2921, .ack = 1, .len = 1460);
    out(PSH|ACK, .seq = 4381, .ack = 1, .len = 620);
}

SCRIPT(pushed_sends_are_merged)                     /* RFC 9293 3.9.1.2 [SHLD-27] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    for (unsigned i = 0; i < 10; i++)
        user_send(100);
    quiet();
    in (ACK, .seq = 1, .ack = 1001, .wnd = 5000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
}

SCRIPT(segments_are_as_large_as_they_can)           /* RFC 9293 3.9.1.2 [SHLD-28] */
{
    given(ESTABLISHED, .wnd = 60000);
    for (unsigned i = 0; i < 50; i++)
        user_send(777);
    uint32_t segments = 0;
    for (;;) {
        struct drained d = drain();
        check(d.octets == 1000 * d.segments || SND_NXT == 1 + 50 * 777);
        segments += d.segments;
        if (SND_NXT == 1 + 50 * 777)
            break;
        in (ACK, .seq = 1, .ack = SND_NXT);
    }
    check_eq(segments, 39);
}

SCRIPT(more_is_to_come)                            /* RFC 9293 3.9.1.2 [MAY-15], 3.9.1.2 [MAY-16] */
{
    given(ESTABLISHED);
    user_send_more(300);
    quiet();
    user_send_more(900);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);
    if (tcp_next_timeout(&w.tcp) != NEVER)          /* it may be sent after a while */
        after(tcp_next_timeout(&w.tcp) - w.now);
    (void)discard();
    in (ACK, .seq = 1, .ack = SND_NXT);
    user_send(1);
    check_eq(drain().octets, 1201 + 1 - SND_UNA);
}

SCRIPT(a_send_of_nothing_lets_go_of_what_was_held_back)     /* RFC 9293 3.9.1.2 [MAY-16] */
{
    given(ESTABLISHED);
    user_send_more(300);
    quiet();
    user_send_more(0);
    quiet();
    user_send(0);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 300);
    user_send(0);
    quiet();
}

/* RFC 9293 3.8.6.2.1: ten octets of window are not worth a segment until the override. */
SCRIPT(the_sender_avoids_silly_windows)             /* RFC 9293 3.8.6.2.1 [MUST-38] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(20000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = 10);
    quiet();
    after(MS(99));
    quiet();
    in (ACK, .seq = 1, .ack = 1001, .wnd = 20);
    quiet();
    aksu_time due = tcp_next_timeout(&w.tcp);
    check(due >= w.start + MS(100) && due <= w.start + SECONDS(1) + MS(99));
    after(due - w.now);
    out(ACK, .seq = 1001, .ack = 1, .len = 20);
    in (ACK, .seq = 1, .ack = 1021, .wnd = 499);
    quiet();
    in (ACK, .seq = 1, .ack = 1021, .wnd = 500);    /* a half of the largest window */
    out(ACK, .seq = 1021, .ack = 1, .len = 500);
    in (ACK, .seq = 1, .ack = 1521, .wnd = 1000);   /* a full segment */
    out(ACK, .seq = 1521, .ack = 1, .len = 1000);
}

/* The timer of the override does not outlive what it was for. */
SCRIPT(the_override_is_forgotten)                   /* RFC 9293 3.8.6.2.1, 3.7.4 [SHLD-7] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(2000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = 10);
    after(MS(50));
    in (ACK, .seq = 1, .ack = 1001, .wnd = 2000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    user_send(10);                                  /* Nagle holds it */
    after(MS(940));
    quiet();
    in (ACK, .seq = 1, .ack = 2001);
    out(PSH|ACK, .seq = 2001, .ack = 1, .len = 10);
}

SCRIPT(the_receiver_avoids_silly_windows)           /* RFC 9293 3.8.6.2.2 [MUST-39] */
{
    config.receive_buffer = 4096;
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 4096);
    acked(4097);
    check_eq(RCV_WND, 0);
    for (unsigned i = 0; i < 999; i++)
        user_receive(1);
    quiet();
    in (ACK, .seq = 4097, .ack = 1, .len = 1);      /* nor is it said when asked */
    out(ACK, .seq = 1, .ack = 4097, .wnd = ZERO);
    user_receive(1);
    out(ACK, .seq = 1, .ack = 4097, .wnd = 1000);
}

/* The right edge stays where it was, though the buffer is made smaller. */
SCRIPT(the_receiver_does_not_shrink_its_window)     /* RFC 9293 3.8.6 [SHLD-14] */
{
    given(ESTABLISHED);
    user_set(RECEIVE_BUFFER, 4096);
    for (uint32_t i = 0; i < 32; i++) {
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        acked(1001 + 1000 * i);
        check(w.edge == 32769 || (w.edge > 32769 && w.edge <= 1001 + 1000 * i + 4096));
        user_receive(1000);
    }
    check(RCV_WND > 0 && RCV_WND <= 4096);
}

SCRIPT(acks_are_delayed)                         /* RFC 9293 3.8.6.3 [SHLD-18], 3.8.6.3 [MUST-40] */
{
    static const aksu_time delays[] = { MS(40), MS(200), MS(499) };
    for (size_t i = 0; i < 3; i++) {
        config.delayed_ack = delays[i];
        given(ESTABLISHED);
        for (uint32_t k = 0; k < 20; k += 2) {      /* past the start of the connection */
            in (PSH|ACK, .seq = 1 + 1000 * k, .ack = 1, .len = 1000);
            (void)acks(1);
            in (PSH|ACK, .seq = 1001 + 1000 * k, .ack = 1, .len = 1000);
            acked(2001 + 1000 * k);
        }
        in (PSH|ACK, .seq = 20001, .ack = 1, .len = 1000);
        after(delays[i] - 1);
        quiet();
        after(1);
        out(ACK, .seq = 1, .ack = 21001);
    }
}

SCRIPT(every_second_full_segment)                   /* RFC 9293 3.8.6.3 [SHLD-19] */
{
    given(ESTABLISHED);
    unsigned count = 0;
    for (uint32_t i = 0; i < 30; i++) {
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        count += acks(1);                           /* not more than one each: RFC 5681 4.2 */
        check(1001 + 1000 * i - RCV_NXT < 2000);
    }
    check(count >= 15 && count <= 20);
    acked(30001);
    user_receive(30000);
    (void)acks(1);
    for (uint32_t i = 0; i < 100; i++) {            /* and small ones */
        in (PSH|ACK, .seq = 30001 + 100 * i, .ack = 1, .len = 100);
        (void)acks(1);
        check(30101 + 100 * i - RCV_NXT < 2000);
    }
    acked(40001);
}

/* The peer's path became narrow: what was a full segment does not come any more. */
SCRIPT(full_segments_become_smaller)                /* RFC 5681 4.2 */
{
    given(ESTABLISHED, .mss = 1460, .wnd = 10000);
    in (ACK, .seq = 1, .ack = 1, .len = 1460);
    in (ACK, .seq = 1461, .ack = 1, .len = 1460);
    (void)drain();
    uint32_t seq = 2921;
    for (unsigned i = 0; i < 4; i++, seq += 1004) {
        in (ACK, .seq = seq, .ack = 1, .len = 1004);
        if (i % 2 == 0)
            quiet();
        else
            out(ACK, .seq = 1, .ack = seq + 1004);
    }
    for (unsigned i = 0; i < 2; i++, seq += 500) {  /* no link makes them so small */
        in (ACK, .seq = seq, .ack = 1, .len = 500);
        quiet();
    }
    (void)discard();
}

SCRIPT(text_carries_the_ack)                        /* RFC 9293 3.8.6.3 */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    quiet();
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 101, .len = 10);
    in (ACK, .seq = 101, .ack = 11);
    after(MS(500));
    quiet();
}

SCRIPT(one_ack_for_each_segment_at_most)            /* RFC 5681 4.2, 3.2 */
{
    given(ESTABLISHED);
    for (uint32_t i = 1; i <= 3; i++) {             /* beyond a hole: one each, at once */
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        out(ACK, .seq = 1, .ack = 1);
    }
    for (uint32_t i = 4; i <= 6; i++)
        batch(PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
    check_eq(acks(3), 3);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 500);   /* a part of the hole */
    out(ACK, .seq = 1, .ack = 501);
    in (PSH|ACK, .seq = 501, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 7001);
}
