/* congestion.c - slow start, congestion avoidance, fast retransmit and recovery (RFC 5681, RFC
 * 6582, RFC 3042) with Reno and NewReno; RFC 9293 3.8.2 [MUST-19]. A segment is 1000 octets. */
#include "tests/script/script.h"

static uint32_t cwnd(void)
{
    return script_status().cwnd;
}

/* `n` segments outstanding of a long queue, cwnd as large. */
static void give_flight(int line, uint32_t n)
{
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .wnd = 65000 });
    script_send(line, 60000, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
}

static void dup_acks(int line, uint32_t ack, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = ack });
}

static void two_duplicates(int line)
{
    for (unsigned i = 0; i < 2; i++) {
        dup_acks(line, 1, 1);
        script_check_eq(line, script_drain(line).segments, 1, "RFC 3042: one new segment each");
    }
}

SCRIPT(the_initial_window)                          /* RFC 5681 3.1, RFC 6928 2 */
{
    for (int passive = 0; passive < 2; passive++) {
        given(ESTABLISHED, .wnd = 65000, .passive = passive);
        check_eq(cwnd(), 10000);                    /* the handshake added nothing */
        user_send(60000);
        check_eq(drain().octets, 10000);
        config.initial_window = 3;
        given(ESTABLISHED, .wnd = 65000, .passive = passive);
        user_send(60000);
        check_eq(drain().octets, 3000);
        config.initial_window = 10;
    }
}

SCRIPT(slow_start)                                  /* RFC 5681 3.1, RFC 9293 3.8.2 [MUST-19] */
{
    give_flight(__LINE__, 2);
    check(script_status().ssthresh > 1u << 29);
    for (uint32_t i = 1; i <= 2; i++) {
        in (ACK, .seq = 1, .ack = 1 + 1000 * i);
        check_eq(cwnd(), 2000 + 1000 * i);
        check_eq(drain().octets, 2000);
    }
    for (uint32_t i = 3; i <= 6; i++) {             /* the next round trip: from 4 to 8 */
        in (ACK, .seq = 1, .ack = 1 + 1000 * i);
        (void)drain();
    }
    check_eq(cwnd(), 8000);
}

/* What duplicates had told of opens the window no more than what was SACKed. */
SCRIPT(reordering_without_sack)                     /* RFC 3042 2, RFC 5681 3.1 */
{
    give_flight(__LINE__, 10);
    two_duplicates(__LINE__);
    check_eq(cwnd(), 10000);
    in (ACK, .seq = 1, .ack = 3001);                /* three, and two of them had arrived before */
    check_eq(cwnd(), 11000);
    check_eq(drain().segments, 2);
    in (ACK, .seq = 1, .ack = 5001);
    check_eq(cwnd(), 13000);
    (void)drain();
}

/* Many ACKs for one segment must not open the window by more than SMSS. */
SCRIPT(divided_acks_gain_nothing)                   /* RFC 5681 3.1 */
{
    give_flight(__LINE__, 4);
    for (uint32_t i = 1; i <= 10; i++) {
        in (ACK, .seq = 1, .ack = 1 + 100 * i);
        (void)drain();
    }
    check(cwnd() <= 5000);
}

/* One ACK for many segments opens it by at most SMSS per ACK (L = SMSS). */
SCRIPT(a_stretch_ack)                               /* RFC 5681 3.1 */
{
    give_flight(__LINE__, 10);
    in (ACK, .seq = 1, .ack = 8001);
    check(cwnd() <= 18000 && cwnd() >= 11000);
    (void)drain();
}

/* Puts the connection into congestion avoidance with cwnd = ssthresh = 5 segments, nothing lost. */
static void give_avoidance(int line)
{
    give_flight(line, 10);
    dup_acks(line, 1, 1);
    (void)script_drain(line);
    dup_acks(line, 1, 1);
    (void)script_drain(line);
    dup_acks(line, 1, 1);
    script_out(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1, .len = 1000 });
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = w.nxt });
    (void)script_drain(line);
}

SCRIPT(congestion_avoidance)                        /* RFC 5681 3.1 */
{
    give_avoidance(__LINE__);
    while (cwnd() < 5000) {                       /* slow start up to ssthresh, if it began below */
        in (ACK, .seq = 1, .ack = SND_UNA + 1000);
        (void)drain();
    }
    for (unsigned round = 0; round < 4; round++) {
        uint32_t before = cwnd(), end = SND_NXT;
        while (is_before(SND_UNA, end)) {
            in (ACK, .seq = 1, .ack = SND_UNA + 1000);
            (void)drain();
        }
        check(cwnd() <= before + 1000);             /* never more than SMSS in a round trip */
        check(cwnd() >= before + 500);
    }
}

SCRIPT(divided_acks_in_congestion_avoidance)        /* RFC 5681 3.1 */
{
    give_avoidance(__LINE__);
    while (cwnd() < 5000) {
        in (ACK, .seq = 1, .ack = SND_UNA + 1000);
        (void)drain();
    }
    uint32_t before = cwnd(), end = SND_NXT;
    while (is_before(SND_UNA, end)) {
        in (ACK, .seq = 1, .ack = SND_UNA + 50);
        (void)drain();
    }
    check(cwnd() <= before + 1000);
}

SCRIPT(the_window_does_not_grow_unused)             /* RFC 5681 3.1 */
{
    given(ESTABLISHED);
    for (uint32_t i = 0; i < 20; i++) {             /* one segment at a time */
        user_send(1000);
        out(PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        in (ACK, .seq = 1, .ack = 1001 + 1000 * i);
    }
    check(cwnd() <= 11000);
}

/* The flight counts as it left: what is not yet acknowledged of it gets less with each ACK. */
SCRIPT(all_acks_of_a_flight_that_filled_the_window_open_it)     /* RFC 5681 3.1, RFC 7661 4.1 */
{
    static const struct { uint32_t flight, most; } rows[] = {
        { 10, 20 }, { 9, 18 }, { 6, 12 }, { 5, 10 }, { 2, 10 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        given(ESTABLISHED, .wnd = 60000);
        user_set(NODELAY, 1);
        user_send(rows[i].flight * 1000);
        check_eq(drain().segments, rows[i].flight);
        check_eq(cwnd(), 10000);
        for (uint32_t acked = 0; acked < rows[i].flight; acked++) {
            after(MS(1));
            in (ACK, .seq = 1, .ack = SND_UNA + 1000, .wnd = 60000);
        }
        check_eq(cwnd(), rows[i].most * 1000);
    }
}

/* A question that is more than half of a window of one segment has used it. */
SCRIPT(a_window_of_one_segment_opens)               /* RFC 5681 3.1 */
{
    config.initial_window = 1;
    w.env.loss = &loss_rack;
    for (uint32_t length = 500; length <= 501; length++) {
        given(ESTABLISHED, .sack = true);
        user_send(length);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = length);
        after(MS(1));
        in (ACK, .seq = 1, .ack = 1 + length);
        check_eq(cwnd(), length == 500 ? 1000 : 1501);
    }
}

SCRIPT(a_timeout)                                   /* RFC 5681 3.1 */
{
    give_flight(__LINE__, 10);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);      /* one segment until an ACK comes */
    check_eq(cwnd(), 1000);
    check_eq(script_status().ssthresh, 5000);
    after(SECONDS(2));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(cwnd(), 1000);
    check_eq(script_status().ssthresh, 5000);       /* once for the same segment */
}

SCRIPT(a_timeout_uses_the_flight_not_cwnd)          /* RFC 5681 3.1 */
{
    config.initial_window = 40;
    given(ESTABLISHED, .wnd = 65000);
    user_send(4000);
    check_eq(drain().segments, 4);
    check_eq(cwnd(), 40000);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(script_status().ssthresh, 2000);       /* 2 SMSS */
}

/* After a timeout everything that was outstanding goes out again in slow start. */
SCRIPT(slow_start_after_a_timeout)                  /* RFC 5681 3.1 */
{
    config.initial_window = 8;
    given(ESTABLISHED, .wnd = 65000);
    user_send(8000);
    check_eq(drain().segments, 8);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);
    check_eq(cwnd(), 2000);
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);
    out(ACK, .seq = 2001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 2001);
    out(ACK, .seq = 3001, .ack = 1, .len = 1000);
    out(ACK, .seq = 4001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 8001);                /* the rest had arrived: nothing of it again */
    user_send(1000);
    out(PSH|ACK, .seq = 8001, .ack = 1, .len = 1000);
}

SCRIPT(limited_transmit)                            /* RFC 3042 2, RFC 5681 3.2 */
{
    give_flight(__LINE__, 3);
    in (ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 3001, .ack = 1, .len = 1000);
    check_eq(cwnd(), 3000);
    in (ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 4001, .ack = 1, .len = 1000);
    check_eq(cwnd(), 3000);
    in (ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

SCRIPT(fast_retransmit_and_recovery)                /* RFC 5681 3.2 */
{
    give_flight(__LINE__, 10);
    dup_acks(__LINE__, 1, 1);
    out(ACK, .seq = 10001, .ack = 1, .len = 1000);
    dup_acks(__LINE__, 1, 1);
    out(ACK, .seq = 11001, .ack = 1, .len = 1000);
    check_eq(script_status().ssthresh > 1u << 29, true);
    dup_acks(__LINE__, 1, 1);
    check_eq(script_status().ssthresh, 5000);       /* the two of limited transmit do not count */
    check_eq(cwnd(), 8000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    for (uint32_t i = 1; i <= 4; i++) {
        dup_acks(__LINE__, 1, 1);
        check_eq(cwnd(), 8000 + 1000 * i);
        quiet();
    }
    dup_acks(__LINE__, 1, 1);                       /* 13 segments, 12 are outstanding */
    out(ACK, .seq = 12001, .ack = 1, .len = 1000);
    dup_acks(__LINE__, 1, 1);
    out(ACK, .seq = 13001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 12001);               /* all that was outstanding: RFC 6582 3.2 (3) */
    check(cwnd() <= 5000 && cwnd() >= 3000);
    (void)drain();
}

SCRIPT(two_duplicates_are_not_enough)               /* RFC 5681 3.2 */
{
    give_flight(__LINE__, 10);
    two_duplicates(__LINE__);
    check_eq(w.events.count[AKSU_EV_retransmit], 0);
    in (ACK, .seq = 1, .ack = 1001);
    (void)drain();
    check_eq(w.events.count[AKSU_EV_retransmit], 0);
}

/* Each lacks one condition: text, a new window, nothing outstanding. */
SCRIPT(what_is_not_a_duplicate)                     /* RFC 5681 2 */
{
    give_flight(__LINE__, 10);
    for (uint32_t i = 0; i < 5; i++) {
        in (PSH|ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
        (void)acks(1);
    }
    acked(51);
    for (uint32_t i = 0; i < 5; i++)
        in (ACK, .seq = 51, .ack = 1, .wnd = 60000 + i);
    check_eq(script_status().retransmits, 0);
    (void)drain();
    check_eq(SND_NXT, 10001);
    given(ESTABLISHED);
    for (uint32_t i = 0; i < 5; i++)
        in (ACK, .seq = 1, .ack = 1);
    quiet();
}

SCRIPT(partial_acknowledgments)                     /* RFC 6582 3.2 */
{
    give_flight(__LINE__, 10);                      /* segments 1, 5 and 8 are lost */
    two_duplicates(__LINE__);
    dup_acks(__LINE__, 1, 1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    after(MS(700));
    uint32_t before = cwnd();
    in (ACK, .seq = 1, .ack = 4001);
    out(ACK, .seq = 4001, .ack = 1, .len = 1000);
    check_eq(cwnd(), before - 4000 + 1000);
    after(MS(700));                                 /* the timer was restarted */
    quiet();
    before = cwnd();
    in (ACK, .seq = 1, .ack = 7001);
    check(cwnd() + 2000 <= before || cwnd() <= 2000);
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check_eq(seg.seq.n, w.iss.n + 7001);
    (void)drain();
    in (ACK, .seq = 1, .ack = 12001);
    check(cwnd() <= 5000);
    check_eq(script_status().retransmits, 3);
    (void)drain();
}

/* RFC 6582 3.2 (4) and (2): below `recover` duplicates start nothing. */
SCRIPT(duplicates_after_a_timeout)
{
    give_flight(__LINE__, 10);
    in (ACK, .seq = 1, .ack = 1001);
    (void)drain();
    after(SECONDS(1));
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 2001);
    check_eq(discard(), 2);                         /* two go again: slow start */
    uint32_t threshold = script_status().ssthresh;
    for (unsigned i = 0; i < 5; i++) {
        in (ACK, .seq = 1, .ack = 2001);
        (void)discard();
    }
    check_eq(script_status().ssthresh, threshold);
}

/* RFC 6582 3.2 (1): the first loss right after the handshake. */
SCRIPT(the_first_segment_is_lost)
{
    give_flight(__LINE__, 4);
    two_duplicates(__LINE__);
    dup_acks(__LINE__, 1, 1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = SND_NXT);
    (void)drain();
    check(script_status().ssthresh == 2000);
}

SCRIPT(a_lost_retransmission_waits_for_the_timer)   /* RFC 5681 4.3 */
{
    give_flight(__LINE__, 10);
    two_duplicates(__LINE__);
    dup_acks(__LINE__, 1, 1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    uint32_t threshold = script_status().ssthresh;
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(cwnd(), 1000);                         /* reduced again */
    check(script_status().ssthresh <= threshold + 1000);
}

SCRIPT(restart_after_idle)                          /* RFC 5681 4.1 */
{
    give_flight(__LINE__, 10);
    for (unsigned i = 0; i < 40 && SND_UNA < 60001; i++) {
        in (ACK, .seq = 1, .ack = SND_NXT);
        (void)drain();
    }
    check_eq(SND_UNA, 60001);
    check(cwnd() > 10000);
    after(SECONDS(10));
    user_send(60000);
    check(drain().octets <= 10000);
}

SCRIPT(no_restart_while_busy)                       /* RFC 5681 4.1 */
{
    give_flight(__LINE__, 10);
    for (unsigned i = 0; i < 40; i++) {             /* everything acknowledged, again and again */
        uint32_t before = cwnd();
        after(MS(100));
        in (ACK, .seq = 1, .ack = SND_NXT);
        user_send(cwnd() > 20000 ? 20000 : cwnd());
        (void)discard();
        check(cwnd() >= before);
    }
}

/* R5681-2-a: never beyond the highest ACK + min(cwnd, window). */
SCRIPT(never_more_than_the_smaller_window)          /* RFC 5681 2 */
{
    config.initial_window = 4;
    given(ESTABLISHED, .wnd = 2500);
    user_set(NODELAY, 1);
    user_send(60000);
    check(drain().octets <= 2500);
    in (ACK, .seq = 1, .ack = 1001, .wnd = 60000);
    (void)drain();
    check(SND_NXT - SND_UNA <= 5000);
}

/* What was noted 2 GiB ago would lie ahead again. */
SCRIPT(numbers_that_come_round)                     /* RFC 6582 6, R6582-6-a */
{
    w.env.loss = &loss_sack;
    given(ESTABLISHED, .sack = true, .wnd = 60000);
    user_send(2000);
    check_eq(drain().octets, 2000);
    struct sender *o = w.tcp.out;
    o->cwnd_used = o->undo_by_dsack = true;
    o->cwnd_used_to = o->undo_to = o->recover = w.tcp.snd.una;
    in (ACK, .seq = 1, .ack = 1001);
    in (ACK, .seq = 1, .ack = 2001);
    check(!o->cwnd_used && !o->undo_by_dsack);

    o->loss.marked = seq_add(w.tcp.snd.nxt, 1u << 30);
    user_send(8000);
    check_eq(drain().octets, 8000);
    in (ACK, .seq = 1, .ack = 2001, .sack = { { 6001, 10001 } });
    check_eq(o->queue.lost + script_status().retransmits * 1000 >= 4000, 1);
    (void)discard();
}

SCRIPT(no_duplicates_of_nothing)                    /* RFC 5681 2 */
{
    given(ESTABLISHED, .wnd = 60000);
    user_send(1000);
    check_eq(drain().octets, 1000);
    in (ACK, .seq = 1, .ack = 1001);
    uint32_t before = cwnd();
    for (unsigned i = 0; i < 5; i++)
        in (ACK, .seq = 1, .ack = 1001);
    check_eq(cwnd(), before);
    user_send(20000);
    check(drain().octets <= before);
}
