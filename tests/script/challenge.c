/* challenge.c - challenge ACKs: what RFC 5961 3.2, 4.2, 5.2 answers blind attacks with, and its
 * throttle (7). */
#include "tests/script/script.h"

static unsigned attack(int line, unsigned n)
{
    unsigned answers = 0;
    for (unsigned i = 0; i < n; i++) {
        script_in(line, &(struct line){ .ctl = RST, .seq = RCV_NXT + 1 + i });
        answers += script_acks(line, 1);
    }
    return answers;
}

/* R5961-7-a */
SCRIPT(challenge_acks_are_limited)                  /* RFC 5961 7 */
{
    static const uint32_t limits[] = { 10, 3 };
    for (size_t i = 0; i < 2; i++) {
        config.challenge_acks = limits[i];
        given(ESTABLISHED);
        after(SECONDS(1) - (w.now % SECONDS(1)));   /* whatever the interval begins with */
        check_eq(attack(__LINE__, 500), limits[i]);
        state(ESTABLISHED);
        after(SECONDS(1));
        check_eq(attack(__LINE__, 500), limits[i]);
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);        /* the connection goes on */
        acked(11);
        user_receive(10);
    }
}

/* R5961-7-b */
SCRIPT(the_interval_is_tunable)                     /* RFC 5961 7 */
{
    static const aksu_time intervals[] = { SECONDS(5), MS(100) };
    for (size_t i = 0; i < 2; i++) {
        config.challenge_acks = 3;
        config.challenge_interval = intervals[i];
        given(ESTABLISHED);
        after(intervals[i] - w.now % intervals[i]);
        check_eq(attack(__LINE__, 100), 3);
        after(intervals[i] - MS(1));
        check_eq(attack(__LINE__, 100), 0);
        after(MS(1));
        check_eq(attack(__LINE__, 100), 3);
    }
}

SCRIPT(the_limit_is_each_connections_own)           /* RFC 5961 7 */
{
    given(ESTABLISHED);
    check(attack(__LINE__, 100) <= 20);
    given(ESTABLISHED);
    check(attack(__LINE__, 1) == 1);
}

/* Each ACK of ours makes the peer say the same again: an ACK of what was never sent, or of what was
 * acknowledged long ago, or one that stands before the window. Whatever the round trip is, that
 * comes to an end; what has text, or is a RST, is another matter. */
SCRIPT(no_dialogue_of_empty_segments)               /* RFC 5961 5.2, 7: R5961-7-a */
{
    static const struct line said_again[] = {
        { .ctl = ACK, .seq = 1, .ack = 50 }, { .ctl = ACK, .seq = 1, .ack = 1 - 30000u },
        { .ctl = ACK, .seq = 0, .ack = 1 },
    };
    static const aksu_time trips[] = { MS(1), MS(150), MS(499) };
    for (unsigned i = 0; i < 9; i++) {
        given(ESTABLISHED);
        unsigned answers = 1;
        for (unsigned n = 0; n < 10 && answers == 1; n++) {
            script_in(__LINE__, &said_again[i / 3]);
            answers = acks(1);
            check_eq(answers, n == 0);
            after(trips[i % 3]);
        }
        after(MS(500) - trips[i % 3]);              /* one that probes has its answer then */
        script_in(__LINE__, &said_again[i / 3]);
        check_eq(acks(1), 1);
        in (RST, .seq = 2);
        check_eq(acks(1), 1);
        in (PSH|ACK, .seq = 1, .ack = 2, .len = 10);
        check_eq(acks(1), 1);
    }
}

/* The record of TIME-WAIT does not know when it was, but that it was. */
SCRIPT(no_dialogue_with_a_record)                   /* RFC 5961 7 */
{
    given(TIME_WAIT);
    after(SECONDS(1) - w.now % SECONDS(1));
    unsigned answers = 0;
    for (unsigned n = 0; n < 20; n++) {
        struct tcp_time_wait record;
        in (ACK, .seq = 0, .ack = SND_NXT);
        answers += acks(1);
        after(MS(150));
        tcp_time_wait_compact(&w.tcp, &record);
        aksu_time over = w.tcp.deadline[TIMER_TIME_WAIT];
        tcp_time_wait_expand(&w.tcp, &w.env, &record, w.now);
        w.tcp.deadline[TIMER_TIME_WAIT] = over;
    }
    check_eq(answers, 3);
}

/* R5961-3.2-e, R5961-4.2-c, R5961-5.2-c */
SCRIPT(what_is_dropped_changes_nothing)             /* RFC 5961 3.2, 4.2, 5.2 */
{
    given(ESTABLISHED);
    struct aksu_info before = script_status();
    in (RST, .seq = 2, .wnd = 99);
    out(ACK, .seq = 1, .ack = 1);
    in (SYN|PSH|ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 99);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1 - 30000u, .len = 10, .wnd = 99);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 2, .len = 10, .wnd = 99);
    out(ACK, .seq = 1, .ack = 1);
    struct aksu_info after_ = script_status();
    check_eq(before.snd_wnd, after_.snd_wnd);
    check_eq(before.rcv_nxt, after_.rcv_nxt);
    check_eq(after_.receive_queued, 0);
    ready(0);
}

/* R5961-4.2-d */
SCRIPT(a_peer_that_restarted)                       /* RFC 5961 4.2 */
{
    given(ESTABLISHED);
    in (SYN, .seq = 500000, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    in (RST, .seq = 1);
    state(CLOSED);
    reason(RESET);
    in (SYN, .seq = 500000, .mss = 1000);           /* no TCB: the listener would take it */
    out(RST|ACK, .seq = 0, .ack = 500001);
}

/* R5961-3.2-c */
SCRIPT(a_reset_with_a_delayed_ack_pending)          /* RFC 5961 3.2 */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    in (RST, .seq = 11);
    state(CLOSED);
    quiet();
}
