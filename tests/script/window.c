/* window.c - the send window: its width, shrinking, closing, and probing it (RFC 9293 3.8.6,
 * 3.8.6.1). */
#include "tests/script/script.h"

SCRIPT(windows_above_32767_are_large)               /* RFC 9293 3.1 [MUST-1] */
{
    config.initial_window = 100;
    config.send_buffer = 100000;
    given(ESTABLISHED, .wnd = 65535, .mss = 771);   /* 85 segments fill it */
    user_set(NODELAY, 1);
    user_send(65536);
    check_eq(drain().octets, 65535);
    in (ACK, .seq = 1, .ack = 65536, .wnd = 65535);
    out(PSH|ACK, .seq = 65536, .ack = 1, .len = 1);
}

/* RFC 9293 3.8.6 [MUST-34]: the right edge moves left over what is in flight. */
SCRIPT(a_peer_that_shrinks_its_window)              /* RFC 9293 3.8.6 [SHLD-15], 3.8.6 [SHLD-16] */
{
    given(ESTABLISHED, .wnd = 8000);
    user_send(20000);
    check_eq(drain().octets, 8000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = 2000);
    quiet();                                        /* no new text, nor 4 billion octets of it */
    after(SECONDS(1));
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 2001, .wnd = 2000);
    check(discard() <= 2);                      /* what was sent, at most: RFC 9293 3.8.6 [MAY-7] */
    check_eq(SND_NXT, 8001);
    in (ACK, .seq = 1, .ack = 8001, .wnd = 2000);
    check_eq(drain().octets, 2000);
    in (ACK, .seq = 1, .ack = 10001, .wnd = 20000);
    check(drain().octets > 0);
}

SCRIPT(a_shrunken_window_does_not_kill)             /* RFC 9293 3.8.6 [SHLD-17] */
{
    given(ESTABLISHED, .wnd = 4000);
    user_send(4000);
    check_eq(drain().octets, 4000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    for (unsigned i = 0; i < 100; i++) {            /* more than an hour of answered probes */
        aksu_time next = tcp_next_timeout(&w.tcp);
        check(next != NEVER);
        after(next - w.now);
        check(discard() >= 1);
        in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    }
    check(w.now - w.start > SECONDS(3600));
    state(ESTABLISHED);
    in (ACK, .seq = 1, .ack = 1001, .wnd = 4000);
    check(discard() >= 1);
}

/* The congestion window is reduced when text leaves after the pause, not while it cannot; with
 * probes that have an octet of text and without. */
SCRIPT(the_window_opens_after_a_pause)              /* RFC 5681 4.1 */
{
    for (unsigned empty = 0; empty < 2; empty++) {
        config.empty_window_probes = empty;
        given(ESTABLISHED, .sack = true, .wnd = 65000, .rtt = MS(100));
        user_send(10000);
        check_eq(drain().segments, 10);
        in (ACK, .seq = 1, .ack = 10001, .wnd = ZERO);
        uint32_t before = script_status().cwnd;
        check(before > 10000);
        user_send(20000);
        for (unsigned i = 0; i < 3; i++) {
            after(w.tcp.deadline[TIMER_PERSIST] - w.now);
            check_eq(discard(), 1);
            check_eq(script_status().cwnd, before);
            in (ACK, .seq = 1, .ack = 10001, .wnd = ZERO);
        }
        in (ACK, .seq = 1, .ack = empty ? 10001 : 10002, .wnd = 65000);
        check_eq(drain().segments, 10);
        check_eq(script_status().cwnd, 10000);
    }
}

SCRIPT(a_window_that_shrinks_to_zero_is_probed)     /* RFC 9293 3.8.6 [MUST-35] */
{
    given(ESTABLISHED, .wnd = 10000);
    user_send(3000);
    check_eq(drain().octets, 3000);
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    after(SECONDS(1) - 1);
    quiet();
    after(1);
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check(seg.text_len >= 1);
    check_eq(seg.seq.n, w.iss.n + 1);
}

SCRIPT(the_gaps_between_probes)                  /* RFC 9293 3.8.6.1 [SHLD-29], 3.8.6.1 [SHLD-30] */
{
    config.rto_max = SECONDS(60);
    given(ESTABLISHED, .wnd = 1000);
    user_send(3000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    for (uint64_t gap = 1, i = 0; i < 9; i++, gap = gap * 2 > 60 ? 60 : gap * 2) {
        after(SECONDS(gap) - 1);
        quiet();
        after(1);
        out(ACK, .seq = 1001, .ack = 1, .len = 1);
    }
}

/* The same when every probe is answered: the answers do not make the gaps short again. */
SCRIPT(the_gaps_between_answered_probes)            /* RFC 9293 3.8.6.1 [SHLD-30] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(3000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    for (uint64_t gap = 1; gap <= 64; gap *= 2) {
        after(SECONDS(gap) - 1);
        quiet();
        after(1);
        out(ACK, .seq = 1001, .ack = 1, .len = 1);
        in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    }
}

SCRIPT(answered_probes_never_end_a_connection)      /* RFC 9293 3.8.6.1 [MUST-37] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(3000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    while (w.now - w.start < SECONDS(24 * 3600)) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        out(ACK, .seq = 1001, .ack = 1, .len = 1);
        in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    }
    state(ESTABLISHED);
    in (ACK, .seq = 1, .ack = 1001, .wnd = 5000);   /* RFC 9293 3.8.6.1 [MUST-36] */
    check(discard() >= 1);
    in (ACK, .seq = 1, .ack = SND_NXT, .wnd = 5000);
    (void)discard();
    in (ACK, .seq = 1, .ack = 3001, .wnd = 5000);
    check_eq(script_status().send_queued, 0);
}

/* The update got lost; the answer to the next probe tells. */
SCRIPT(a_lost_window_update)                        /* RFC 9293 3.8.6.1 [MUST-36] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_set(NODELAY, 1);
    user_send(3000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    after(SECONDS(1));
    out(ACK, .seq = 1001, .ack = 1, .len = 1);
    in (ACK, .seq = 1, .ack = 1002, .wnd = 5000);   /* the octet was taken */
    out(ACK,     .seq = 1002, .ack = 1, .len = 1000);
    out(PSH|ACK, .seq = 2002, .ack = 1, .len = 999);
    in (ACK, .seq = 1, .ack = 3001);
    after(SECONDS(100));
    quiet();
}

SCRIPT(probes_that_nobody_answers)                  /* RFC 9293 3.8.3 [MUST-20] */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(3000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    unsigned probes = 0;
    while (w.tcp.state == TCP_ESTABLISHED && probes < 100) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        probes += discard();
    }
    state(CLOSED);
    reason(TIMED_OUT);
    check(w.now - w.start >= SECONDS(100));
}

/* Only a FIN waits: it is the probe. */
SCRIPT(a_fin_at_a_closed_window)                    /* RFC 9293 3.8.6.1 */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    user_close();
    if (!discard()) {
        after(SECONDS(1));
        out(FIN|ACK, .seq = 1001, .ack = 1);
    }
    in (ACK, .seq = 1, .ack = 1002, .wnd = ZERO);
    state(FIN_WAIT_2);
}

/* RFC 7323 2.4: the right edge comes back by less than the grain of the scale. */
SCRIPT(a_window_rounded_down)                       /* RFC 7323 2.4 */
{
    given(ESTABLISHED, .wscale = SHIFT(7), .wnd = 1280, .mss = 640);
    user_send(5000);
    out(ACK, .seq = 1,   .ack = 1, .len = 640);
    out(ACK, .seq = 641, .ack = 1, .len = 640);
    in (ACK, .seq = 1, .ack = 11, .wnd = 1152);     /* the edge: 1281, then 1163 */
    quiet();
    in (ACK, .seq = 1, .ack = 1281, .wnd = 1280);
    check_eq(drain().octets, 1280);
}

SCRIPT(windows_of_any_width_that_closes_by_itself)  /* RFC 9293 3.8.6.1 [MAY-8] */
{
    config.receive_buffer = 4096;
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 4096);
    acked(4097);
    for (unsigned i = 0; i < 60; i++) {             /* an hour of probes, each answered */
        after(SECONDS(60));
        in (ACK, .seq = 4097, .ack = 1, .len = 1);
        out(ACK, .seq = 1, .ack = 4097, .wnd = ZERO);
    }
    state(ESTABLISHED);
    user_receive(4096);
    out(ACK, .seq = 1, .ack = 4097, .wnd = 4096);
}

/* The field has no place for the last octets of a window that the text was sent in. What
 * acknowledges the peer's text stands behind all of ours, or the peer would take it for old and
 * hear nothing. */
SCRIPT(an_acknowledgment_in_a_window_rounded_down)  /* RFC 7323 2.4, R7323-2.4-e; RFC 9293 A.2 */
{
    given(ESTABLISHED, .wscale = SHIFT(8), .wnd = 1024);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 301, .wnd = 512);     /* 724 */
    in (PSH|ACK, .seq = 1, .ack = 301, .len = 100, .wnd = 512);
    after(MS(40));
    out(ACK, .seq = 1001, .ack = 101);
    (void)discard();
}

/* But one octet that a closed window has refused is not part of what the peer awaits. */
SCRIPT(an_acknowledgment_at_a_closed_window)        /* RFC 9293 3.8.6.1, RFC 9293 A.2 */
{
    given(ESTABLISHED, .wscale = SHIFT(8), .wnd = 1024);
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    user_send(1000);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1);         /* a probe */
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100, .wnd = ZERO);
    after(MS(40));
    out(ACK, .seq = 1, .ack = 101);
    (void)discard();
}
