/* frto.c - was the timeout spurious? F-RTO with SACK and without (RFC 5682 2.1, 3.1): new text
 * after the first acknowledgment, and the second one tells. A segment is 1000 octets. */
#include "tests/script/script.h"

/* `n` segments outstanding, `more` octets queued, and a timeout: the first one has left again. No
 * loss probe comes before it (RFC 6675). */
static void give_timeout(int line, bool sack, uint32_t n, uint32_t more)
{
    w.env.loss = &loss_sack;
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = sack, .wnd = 65000 });
    script_send(line, 1000 * n + more, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
    script_after(line, SECONDS(1));
    script_out(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1, .len = 1000 });
    script_check_eq(line, script_status().cwnd, 1000, "one segment");
}

/* An acknowledgment; true: the two segments that follow are new. */
static bool two_new(int line, uint32_t ack)
{
    uint32_t from = w.nxt;
    struct tcp_segment seg;
    bool fresh = true;
    unsigned n = 0;
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = ack });
    for (; world_pull(line, &seg); n++)
        fresh = fresh && !is_before(seg.seq.n - w.iss.n, from);
    return fresh && n == 2;
}

#define each_kind(sack) (unsigned sack = 0; sack < 2; sack++)

/* A spike of delay: the acknowledgments of the first transmissions come after the timeout. */
SCRIPT(a_spike_of_delay)                           /* RFC 5682 2.1, 3.1: R5682-2.1-d, R5682-2.1-e */
{
    for each_kind(sack) {
        give_timeout(__LINE__, sack, 10, 30000);
        check(two_new(__LINE__, 1001));
        check_eq(event_count(undo), 0);             /* not proved yet */
        in (ACK, .seq = 1, .ack = 2001);
        check_eq(event_count(undo), 1);
        check(script_status().cwnd >= 10000);
        check(script_status().ssthresh == 0 || script_status().ssthresh > 1u << 29);
        (void)drain();                              /* only what is new */
        for (uint32_t i = 3; i <= 10; i++) {
            in (ACK, .seq = 1, .ack = 1 + 1000 * i);
            (void)drain();
        }
        check_eq(script_status().retransmits, 1);
        /* `recover` is SND.UNA: three duplicates mean a loss again */
        for (uint32_t i = 0; i < 3; i++) {
            if (sack)
                in (ACK, .seq = 1, .ack = 10001, .sack = { { 11001, 12001 + 1000 * i } });
            else
                in (ACK, .seq = 1, .ack = 10001);
            (void)discard();
        }
        check_eq(script_status().retransmits, 2);
    }
}

SCRIPT(a_spike_of_delay_after_a_probe)              /* RFC 5682 3.1, RFC 8985 7.3 */
{
    given(ESTABLISHED, .sack = true, .wnd = 65000, .rtt = MS(100));
    user_send(40000);
    check_eq(drain().segments, 10);
    after(MS(200));
    out(ACK, .seq = 10001, .ack = 1, .len = 1000);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check(two_new(__LINE__, 1001));
    in (ACK, .seq = 1, .ack = 2001);
    check_eq(event_count(undo), 1);
    (void)drain();
    in (ACK, .seq = 1, .ack = SND_NXT);
    (void)drain();
    check_eq(script_status().retransmits, 1);
}

SCRIPT(a_loss_that_was_real)                        /* RFC 5682 2.1, 3.1: R5682-2.1-e */
{
    for each_kind(sack) {                           /* 1 and 3 are lost */
        give_timeout(__LINE__, sack, 10, 30000);
        check(two_new(__LINE__, 2001));
        if (sack)
            in (ACK, .seq = 1, .ack = 2001, .sack = { { 10001, 11001 } });
        else
            in (ACK, .seq = 1, .ack = 2001);
        check_eq(event_count(undo), 0);
        check(script_status().cwnd <= 3000);
        out(ACK, .seq = 2001, .ack = 1, .len = 1000);
        (void)discard();
        check_eq(script_status().ssthresh, 5000);
    }
}

/* The retransmission is what was missing, and everything before the timeout had arrived: no news
 * of what was sent once. */
SCRIPT(the_first_one_covers_everything)             /* RFC 5682 2.1, 3.1: R5682-2.1-c */
{
    for each_kind(sack) {
        give_timeout(__LINE__, sack, 10, 30000);
        in (ACK, .seq = 1, .ack = 10001);
        check_eq(event_count(undo), 0);
        check(script_status().cwnd <= 2000);
        check_eq(drain().segments, 2);
        in (ACK, .seq = 1, .ack = 11001);
        check_eq(event_count(undo), 0);
        (void)drain();
    }
}

SCRIPT(the_first_one_is_a_duplicate)                /* RFC 5682 2.1, R5682-2.1-c */
{
    give_timeout(__LINE__, false, 10, 30000);
    in (ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);   /* as after any timeout */
    in (ACK, .seq = 1, .ack = 1001);
    (void)discard();
    check_eq(SND_NXT, 10001);
    in (ACK, .seq = 1, .ack = 2001);
    check_eq(event_count(undo), 0);
    (void)discard();
}

/* With SACK the cumulative one is waited for. */
SCRIPT(duplicates_come_first)                       /* RFC 5682 3.1, R5682-3.1-a */
{
    give_timeout(__LINE__, true, 10, 30000);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 1001, 2001 } });
    check_eq(event_count(undo), 0);                 /* 1 was lost, perhaps */
    (void)discard();
    check(two_new(__LINE__, 2001));
    in (ACK, .seq = 1, .ack = 2001, .sack = { { 3001, 4001 } });
    check_eq(event_count(undo), 1);                 /* of before the timeout */
    (void)discard();
}

/* An acknowledgment of a part of what left again proves nothing. */
SCRIPT(a_part_of_the_retransmission)                /* RFC 5682 2.1, R5682-2.1-c */
{
    for each_kind(sack) {
        give_timeout(__LINE__, sack, 10, 30000);
        in (ACK, .seq = 1, .ack = 501);
        (void)discard();
        check_eq(SND_NXT, 10001);                   /* nothing new */
        in (ACK, .seq = 1, .ack = 1001);
        (void)discard();
        in (ACK, .seq = 1, .ack = 2001);
        (void)discard();
        check_eq(event_count(undo), 0);
    }
}

SCRIPT(what_was_sent_later_proves_nothing)          /* RFC 5682 3.1 */
{
    give_timeout(__LINE__, true, 10, 30000);
    check(two_new(__LINE__, 1001));
    in (ACK, .seq = 1, .ack = 1001, .sack = { { 10001, 11001 }, { 2001, 3001 } });
    check_eq(event_count(undo), 0);
    check(script_status().cwnd <= 3000);
    (void)discard();
}

SCRIPT(nothing_new_to_send)                         /* RFC 5682 2.1, 3.1: R5682-2.1-d */
{
    for each_kind(sack) {
        for (unsigned window = 0; window < 2; window++) {
            config.initial_window = 10;
            w.env.loss = &loss_sack;
            given(ESTABLISHED, .sack = sack, .wnd = 10000);
            user_send(window ? 30000 : 10000);      /* no text, or no window */
            check_eq(drain().segments, 10);
            after(SECONDS(1));
            out(ACK, .seq = 1, .ack = 1, .len = 1000);
            in (ACK, .seq = 1, .ack = 1001, .wnd = 9000);
            out(ACK, .seq = 1001, .ack = 1, .len = 1000);
            (void)discard();
            in (ACK, .seq = 1, .ack = 2001, .wnd = 8000);
            check_eq(event_count(undo), 0);
            (void)discard();
        }
    }
}

/* Twice for the same segment: from the beginning. */
SCRIPT(two_timeouts_in_a_row)                       /* RFC 5682 2.1, R5682-2.1-a */
{
    for each_kind(sack) {
        give_timeout(__LINE__, sack, 10, 30000);
        after(SECONDS(2));
        out(ACK, .seq = 1, .ack = 1, .len = 1000);
        check(two_new(__LINE__, 1001));
        in (ACK, .seq = 1, .ack = 2001);
        check_eq(event_count(undo), 1);
        check(script_status().cwnd >= 10000);
        (void)drain();
    }
}

/* A timeout for another segment while the first one is being repaired: the plain way. */
SCRIPT(a_timeout_during_the_recovery_of_another)    /* RFC 5682 2.1, R5682-2.1-b */
{
    for each_kind(sack) {
        give_timeout(__LINE__, sack, 10, 30000);
        check(two_new(__LINE__, 1001));
        after(tcp_next_timeout(&w.tcp) - w.now);
        out(ACK, .seq = 1001, .ack = 1, .len = 1000);
        in (ACK, .seq = 1, .ack = 2001);
        out(ACK, .seq = 2001, .ack = 1, .len = 1000);
        (void)discard();
        in (ACK, .seq = 1, .ack = 3001);
        check_eq(event_count(undo), 0);
        (void)discard();
    }
}

SCRIPT(a_timeout_in_fast_recovery)                  /* RFC 5682 2.1, 3.1: R5682-2.1-f */
{
    for each_kind(sack) {
        config.initial_window = 10;
        given(ESTABLISHED, .sack = sack, .wnd = 65000);
        user_send(40000);
        check_eq(drain().segments, 10);
        for (uint32_t i = 2; i <= 4; i++) {
            if (sack)
                in (ACK, .seq = 1, .ack = 1, .sack = { { 1001, 1 + 1000 * i } });
            else
                in (ACK, .seq = 1, .ack = 1);
            (void)discard();
        }
        check_eq(script_status().retransmits, 1);
        after(SECONDS(1));
        (void)discard();
        uint32_t from = SND_NXT;
        in (ACK, .seq = 1, .ack = 5001);
        struct tcp_segment seg;
        check(world_pull(__LINE__, &seg));
        check(is_before(seg.seq.n - w.iss.n, from));    /* nothing new first */
        (void)discard();
        in (ACK, .seq = 1, .ack = 6001);
        check_eq(event_count(undo), 0);
        (void)discard();
    }
}

/* Neither new data nor a duplicate: as if it had not come. */
SCRIPT(a_window_update_between_the_two)             /* RFC 5682 2.1, R5682-2.1-g */
{
    for each_kind(sack) {
        give_timeout(__LINE__, sack, 10, 30000);
        in (ACK, .seq = 1, .ack = 1, .wnd = 60000);
        quiet();
        check(two_new(__LINE__, 1001));
        in (ACK, .seq = 1, .ack = 1001, .wnd = 61000);
        quiet();
        in (ACK, .seq = 1, .ack = 2001);
        check_eq(event_count(undo), 1);
        (void)drain();
    }
}

/* The answer is that of Eifel: the window of before, and no more of a burst than cwnd allows. */
SCRIPT(what_a_spurious_timeout_leaves)              /* RFC 5682 4, R5682-4-a, RFC 4015 3.2 */
{
    give_timeout(__LINE__, true, 10, 30000);
    check(two_new(__LINE__, 1001));
    in (ACK, .seq = 1, .ack = 2001);
    check_eq(event_count(undo), 1);
    (void)drain();
    check(SND_NXT - SND_UNA <= script_status().cwnd);
    check(script_status().cwnd <= 12000);
}
