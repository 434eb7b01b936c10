/* choices.c - what a stack is made with (config.h) where other stacks have chosen otherwise: window
 * probes, short ACKs, slow start without pacing, the reordering window, the peer's delayed ACK. A
 * segment is 1000 octets. */
#include "tests/script/script.h"

static uint32_t cwnd(void)
{
    return script_status().cwnd;
}

static void until_the_probe(int line)
{
    script_after(line, w.tcp.deadline[TIMER_PERSIST] - w.now);
}

/* An ACK that the peer must answer, for it lies below its window. */
SCRIPT(window_probes_without_text)                  /* RFC 9293 3.8.6.1 [MUST-36], 3.10.7.4 first */
{
    config.empty_window_probes = true;
    given(ESTABLISHED, .wnd = 5000, .rtt = MS(100));
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    user_send(500);
    quiet();
    for (unsigned i = 0; i < 5; i++) {
        until_the_probe(__LINE__);
        out(ACK, .seq = 1000, .ack = 1);
        check_eq(script_status().in_flight, 0);
        in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    }
    in (ACK, .seq = 1, .ack = 1001, .wnd = 5000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 500);
}

/* What was sent before the window closed is what probes it, in any case. */
SCRIPT(a_probe_of_what_is_outstanding_has_text)     /* RFC 9293 3.8.6 [MUST-35] */
{
    config.empty_window_probes = true;
    given(ESTABLISHED, .wnd = 5000, .rtt = MS(100));
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    until_the_probe(__LINE__);
    out(ACK, .seq = 1, .ack = 1, .len = 1);
}

/* Short text is acknowledged at once, until the connection has become a conversation. */
SCRIPT(the_first_short_text_is_acknowledged_at_once)    /* RFC 9293 3.8.6.3 [SHLD-18] */
{
    config.quick_short = true;
    config.quick_acks = 16;
    given(ESTABLISHED);
    user_send(500);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 500);
    in (ACK, .seq = 1, .ack = 501);
    in (PSH|ACK, .seq = 1, .ack = 501, .len = 143);
    out(ACK, .seq = 501, .ack = 144);
    user_send(100);
    out(PSH|ACK, .seq = 501, .ack = 144, .len = 100);
    in (PSH|ACK, .seq = 144, .ack = 601, .len = 100);
    quiet();
    after(MS(40));
    out(ACK, .seq = 601, .ack = 244);
}

SCRIPT(how_much_an_ack_opens_the_window)            /* RFC 9406 4.3, RFC 3465 2.2 */
{
    static const uint16_t limits[] = { 0, 1, 12 };
    for (size_t i = 0; i < 3; i++) {
        config.slow_start_limit = limits[i];
        config.initial_window = 20;
        given(ESTABLISHED, .sack = true, .wnd = 65000);
        user_send(60000);
        check_eq(drain().segments, 20);
        in (ACK, .seq = 1, .ack = 15001);
        check_eq(cwnd(), 20000 + 1000u * (limits[i] != 0 ? limits[i] : 8));
        (void)discard();
    }
}

static aksu_time patience(int line, unsigned sacked)
{
    config.initial_window = 10;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000,
                                                   .rtt = MS(100) });
    script_send(line, 1000 * (1 + sacked), 0);
    script_check_eq(line, script_drain(line).segments, 1 + sacked, "segments");
    script_after(line, MS(100));
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1,
                                    .sack = { { 1001, 1001 + 1000 * sacked } } });
    aksu_time waits = event_count(lost) > 0 ? 0 : tcp_next_timeout(&w.tcp) - w.now;
    (void)script_discard(line);
    return waits;
}

/* Not beyond the round trip, and not at all when three have arrived. */
SCRIPT(a_link_that_repeats_frames)                  /* RFC 8985 6.2, R8985-6.2-e */
{
    check_eq(patience(__LINE__, 1), MS(25));
    config.reordering_window_us = 10000;
    check_eq(patience(__LINE__, 1), MS(25));
    config.reordering_window_us = 40000;
    check_eq(patience(__LINE__, 1), MS(40));
    check_eq(patience(__LINE__, 3), 0);
    config.reordering_window_us = 300000;
    check_eq(patience(__LINE__, 1), MS(100));
}

/* One segment alone: the probe waits for as long as the peer may hold its ACK back. */
SCRIPT(a_peer_that_is_slow_to_acknowledge)          /* RFC 8985 7.2, R8985-7.2-b */
{
    static const unsigned delays[] = { 0, 50, 200 };
    for (size_t i = 0; i < 3; i++) {
        config.peer_ack_delay = MS(delays[i]);
        given(ESTABLISHED, .sack = true, .wnd = 65000, .rtt = MS(100));
        user_send(1000);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
        check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(200 + delays[i]));
    }
}

SCRIPT(nothing_is_challenged)                       /* RFC 5961 7, 5.2 */
{
    config.challenge_acks = 0;
    given(ESTABLISHED);
    in (ACK, .seq = 1, .ack = 5001);
    in (RST, .seq = 2);
    in (SYN, .seq = 1);
    quiet();
    state(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    acked(11);
}
