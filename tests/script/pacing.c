/* pacing.c - text leaves no faster than cwnd makes of a round trip (RFC 9406 4.3; RFC 7661 4.4.2
 * counts on it), but no burst that timers could not tell from a steady flow is held back. A segment
 * is 1000 octets. */
#include "tests/script/script.h"

/* `n` segments have left and are acknowledged after `rtt`: now there is a pace. */
static void paced(int line, uint32_t n, aksu_time rtt)
{
    config.pacing = true;
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000,
                                                   .rtt = rtt });
    script_send(line, 1000 * n, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
    script_after(line, rtt);
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1 + 1000 * n });
}

/* How long `octets` take at the present pace. */
static aksu_time takes(uint32_t octets)
{
    return octets * SECONDS(1) / script_status().pacing_rate;
}

SCRIPT(in_slow_start_at_twice_the_window_of_a_round_trip)      /* RFC 9406 4.3 */
{
    paced(__LINE__, 10, MS(100));
    check_eq(script_status().pacing_rate, 2ull * script_status().cwnd * 10);
}

SCRIPT(one_segment_at_a_time)                       /* RFC 9406 4.3 */
{
    paced(__LINE__, 10, MS(100));
    user_send(10000);
    out(ACK, .seq = 10001, .ack = 1, .len = 1000);
    quiet();
    aksu_time next = takes(1000) - takes(1000) / 2;
    check_eq(tcp_next_timeout(&w.tcp) - w.now, next);       /* it came late, by more than half */
    after(next);
    out(ACK, .seq = 11001, .ack = 1, .len = 1000);
    for (uint32_t i = 2; i < 9; i++) {
        after(takes(1000));
        out(ACK, .seq = 10001 + 1000 * i, .ack = 1, .len = 1000);
        quiet();
    }
    after(takes(1000));
    out(PSH|ACK, .seq = 19001, .ack = 1, .len = 1000);
}

/* A 64th of the round trip, here 312 us, may leave together: a timer for each segment costs more
 * than so small a burst does harm. */
SCRIPT(a_burst_too_short_for_timers)                /* RFC 9406 4.3 */
{
    paced(__LINE__, 12, MS(20));
    check(takes(1000) / 2 < US(312) && takes(1000) > US(312));
    user_send(3000);
    out(ACK, .seq = 12001, .ack = 1, .len = 1000);
    out(ACK, .seq = 13001, .ack = 1, .len = 1000);
    quiet();
}

SCRIPT(round_trips_shorter_than_timers_are_exact)   /* RFC 9406 4.3 */
{
    paced(__LINE__, 10, US(499));
    check_eq(script_status().pacing_rate, 0);
    user_send(10000);
    check_eq(drain().octets, 10000);
    paced(__LINE__, 10, US(500));
    check(script_status().pacing_rate != 0);
}

/* What the device cuts is a millisecond of the pace, and two segments at least, so that their
 * acknowledgment is not delayed. */
SCRIPT(a_large_segment_is_a_piece_of_the_pace)      /* RFC 9406 4.3 */
{
    struct tcp_segment seg;
    paced(__LINE__, 10, MS(100));
    w.tcp.gso = true;                               /* as the owner of such a device sets it */
    check(takes(1000) > MS(1));
    user_send(10000);
    check(tcp_next_segment(&w.tcp, &seg, w.now));
    check_eq(seg.text_len, 2000);
    check(!tcp_next_segment(&w.tcp, &seg, w.now));
    w.tcp.gso = false;
}
