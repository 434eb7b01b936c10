/* undo.c - recovery that was a mistake, told by the timestamp echo (RFC 3522 3.2) or by DSACK
 * (RFC 3708 2, RFC 2883 5): the window is what it was (RFC 4015 3.2). A segment is 1000 octets. */
#include "tests/script/script.h"

enum { TS = 12 };

static uint32_t ssthresh(void)
{
    uint32_t s = script_status().ssthresh;
    return s > 1u << 29 ? 0 : s;
}

/* Ten segments of `smss` outstanding for 100 ms; more is queued. */
static void give_flight(int line, bool sack, bool timestamps)
{
    config.initial_window = 10;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = sack, .rtt = MS(100),
        .timestamps = timestamps, .mss = timestamps ? 1000 + TS : 1000, .wnd = 65000 });
    script_send(line, 10000, 0);
    script_check_eq(line, script_drain(line).segments, 10, "segments of the first flight");
    script_after(line, MS(100));
}

static void sacked(int line, uint32_t ack, uint32_t left, uint32_t right)
{
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = ack,
                                    .sack = { { left, right } } });
}

/* The third arrives after six others: fast retransmit, and then its own echo. */
SCRIPT(the_echo_of_the_first_transmission)          /* RFC 3522 3.2, RFC 4015 3.2 */
{
    give_flight(__LINE__, true, true);
    uint32_t first = w.our_ts_val;
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(ssthresh(), 5000);
    after(MS(20));
    in (ACK, .seq = 1, .ack = 5001, .ts_ecr = first);
    check_eq(event_count(undo), 1);
    check(script_status().cwnd >= 10000);
    check_eq(ssthresh(), 0);
    in (ACK, .seq = 1, .ack = 10001);
    check_eq(script_status().retransmits, 1);
}

SCRIPT(the_echo_of_the_retransmission)              /* RFC 3522 3.2 */
{
    give_flight(__LINE__, true, true);
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    uint32_t again = w.our_ts_val;
    after(MS(100));
    sacked(__LINE__, 1, 1001, 10001);
    in (ACK, .seq = 1, .ack = 10001, .ts_ecr = again);
    check_eq(event_count(undo), 0);
    check_eq(ssthresh(), 5000);
}

/* Two timeouts: an echo of the first retransmission is older than the second one, and yet no echo
 * of the first transmission. */
SCRIPT(the_echo_of_the_first_retransmission)        /* RFC 3522 3.2 */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        config.initial_window = 10;
        w.env.loss = &loss_sack;
        given(ESTABLISHED, .sack = sack, .timestamps = true, .mss = 1000 + TS, .wnd = 65000);
        user_send(10000);
        check_eq(drain().segments, 10);
        after(SECONDS(1));
        out(ACK, .seq = 1, .ack = 1, .len = 1000);
        uint32_t first_again = w.our_ts_val;
        after(SECONDS(2));
        out(ACK, .seq = 1, .ack = 1, .len = 1000);
        in (ACK, .seq = 1, .ack = 1001, .ts_ecr = first_again);
        check_eq(event_count(undo), 0);
        (void)discard();
        in (ACK, .seq = 1, .ack = 10001);
        check_eq(event_count(undo), 0);
    }
}

/* What the recovery before sent again arrives with an echo that is older than all that this one
 * sends again, and yet no echo of a first transmission. */
SCRIPT(the_echo_of_the_recovery_before)             /* RFC 3522 3.2 */
{
    config.initial_window = 20;
    given(ESTABLISHED, .sack = true, .timestamps = true, .rtt = MS(100), .mss = 1000 + TS,
          .wnd = 65000);
    tcp_set_congestion_control(&w.tcp, &steady_cc, w.now);
    user_send(10000);
    check_eq(drain().segments, 10);
    after(MS(100));
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    after(MS(1));
    user_send(8000);                                /* beyond the point where recovery ends */
    check_eq(drain().segments, 8);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 9001, .ts_ecr = w.our_ts_val, .sack = { { 11001, 13001 } });
    out(ACK, .seq = 9001, .ack = 1, .len = 1000);
    out(ACK, .seq = 10001, .ack = 1, .len = 1000);
    uint32_t again = w.our_ts_val;
    after(MS(100));
    in (ACK, .seq = 1, .ack = 10001, .ts_ecr = again,
        .sack = { { 15001, 18001 }, { 11001, 13001 } });
    check_eq(discard(), 2);                         /* the next recovery has begun */
    check(w.our_ts_val > again);
    after(MS(1));
    in (ACK, .seq = 1, .ack = 13001, .ts_ecr = again, .sack = { { 15001, 18001 } });
    check_eq(event_count(undo), 0);
    (void)discard();
}

SCRIPT(an_echo_after_a_timeout)                     /* RFC 3522 3.2, RFC 4015 3.2 */
{
    give_flight(__LINE__, true, true);
    uint32_t first = w.our_ts_val;
    after(tcp_next_timeout(&w.tcp) - w.now);        /* the loss probe */
    (void)discard();
    after(tcp_next_timeout(&w.tcp) - w.now);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(script_status().cwnd, 1000);
    in (ACK, .seq = 1, .ack = 2001, .ts_ecr = first);
    check_eq(event_count(undo), 1);
    check(script_status().cwnd >= 10000);
    (void)drain();
    in (ACK, .seq = 1, .ack = 10001);
    check_eq(script_status().retransmits, 2);
}

/* Everything that was sent again arrived twice. */
SCRIPT(reported_twice)                              /* RFC 3708 2, RFC 2883 5, RFC 4015 3.2 */
{
    give_flight(__LINE__, true, false);
    sacked(__LINE__, 1, 2001, 5001);                /* 1 and 2 come late */
    (void)discard();
    sacked(__LINE__, 1, 2001, 7001);
    (void)discard();
    check_eq(script_status().retransmits, 2);
    check_eq(ssthresh(), 5000);
    in (ACK, .seq = 1, .ack = 7001);
    sacked(__LINE__, 7001, 1, 1001);
    check_eq(event_count(undo), 0);                 /* half of it */
    sacked(__LINE__, 7001, 1001, 2001);
    check_eq(event_count(undo), 1);
    check(script_status().cwnd >= 10000);
    check_eq(ssthresh(), 0);
    in (ACK, .seq = 1, .ack = 10001);
}

/* A report about something else, or about what was never sent, undoes nothing. */
SCRIPT(reports_about_something_else)                /* RFC 3708 2, RFC 2883 5 */
{
    give_flight(__LINE__, true, false);
    in (ACK, .seq = 1, .ack = 1001);
    sacked(__LINE__, 1001, 2001, 5001);
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);
    uint32_t before = ssthresh();
    sacked(__LINE__, 5001, 1, 1001);                /* of before this recovery */
    in (ACK, .seq = 1, .ack = 5001, .sack = { { 20001, 21001 } });
    check_eq(event_count(undo), 0);
    check_eq(ssthresh(), before);
    in (ACK, .seq = 1, .ack = 10001);
    check_eq(event_count(undo), 0);
}

/* 1 was lost, 2 was late: both were sent again. The peer has text to send, and a device cuts it
 * into segments that have one report each, the same: of 1 nobody has said anything. */
SCRIPT(a_report_on_each_segment_of_a_burst)         /* RFC 3708 2, RFC 2883 4 */
{
    give_flight(__LINE__, true, false);
    sacked(__LINE__, 1, 2001, 5001);
    (void)discard();
    sacked(__LINE__, 1, 2001, 7001);
    (void)discard();
    check_eq(script_status().retransmits, 2);
    check_eq(event_count(undo), 0);
    for (uint32_t seq = 1; seq < 3001; seq += 1000) {
        in (ACK, .seq = seq, .ack = 10001, .len = 1000, .sack = { { 1001, 2001 } });
        (void)discard();
        check_eq(event_count(undo), 0);
    }
    in (ACK, .seq = 3001, .ack = 10001, .sack = { { 1, 1001 } });
    check_eq(event_count(undo), 0);                 /* everything was acknowledged: too late */
}

/* What was undone is not undone twice, and the next loss counts. */
SCRIPT(once)                                        /* RFC 4015 3.2 */
{
    give_flight(__LINE__, true, false);
    user_send(40000);
    sacked(__LINE__, 1, 1001, 4001);
    (void)discard();
    in (ACK, .seq = 1, .ack = 5001);
    (void)discard();
    sacked(__LINE__, 5001, 1, 1001);
    check_eq(event_count(undo), 1);
    (void)discard();
    sacked(__LINE__, 5001, 1, 1001);
    check_eq(event_count(undo), 1);
    (void)discard();
    after(MS(100));
    uint32_t una = SND_UNA, before = script_status().cwnd;
    sacked(__LINE__, una, una + 1000, una + 5000);
    (void)discard();
    check_eq(ssthresh(), 0);                        /* it may come late again ... */
    after(tcp_next_timeout(&w.tcp) - w.now);        /* ... but not that late */
    check(ssthresh() > 0 && ssthresh() < before);
    (void)discard();
}
