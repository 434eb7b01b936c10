/* matrix_timeouts.c - TIMEOUTS in every state (RFC 9293 3.10.8, 3.8.3, 3.6.1; RFC 6298 5). */
#include "tests/script/script.h"

static const enum aksu_tcp_state unacknowledged[] = { TCP_ESTABLISHED, TCP_CLOSE_WAIT,
    TCP_FIN_WAIT_1, TCP_CLOSING, TCP_LAST_ACK };

/* A state in which something that was sent is not acknowledged: the text or the FIN at SND.UNA. */
static void give_unacknowledged(int line, enum aksu_tcp_state st)
{
    script_given(st, &(struct given){ .line = line });
    if (st == TCP_ESTABLISHED || st == TCP_CLOSE_WAIT) {
        user_send(1000);
        out(PSH|ACK, .seq = 1, .ack = RCV_NXT, .len = 1000);
    }
}

static void out_again(int line, enum aksu_tcp_state st)
{
    bool text = st == TCP_ESTABLISHED || st == TCP_CLOSE_WAIT;
    script_out(line, &(struct line){ .ctl = text ? PSH|ACK : FIN|ACK, .seq = 1, .ack = RCV_NXT,
                                     .len = text ? 1000 : 0 });
}

SCRIPT(the_user_timeout_aborts)                     /* RFC 9293 3.10.8, 3.8.3 [MUST-21] */
{
    static const enum aksu_tcp_state opening[] = { TCP_SYN_SENT, TCP_SYN_RECEIVED };
    for each(st, opening) {
        given(CLOSED);
        user_set(USER_TIMEOUT, 5000);
        if (st == TCP_SYN_SENT)
            user_open_active();
        else
            user_open_passive();
        if (st == TCP_SYN_RECEIVED)
            in (SYN, .seq = 0, .mss = 1000);
        out(st == TCP_SYN_SENT ? SYN : SYN|ACK, .seq = 0, .ack = 1);
        state_is(st);
        after(SECONDS(1));
        out(st == TCP_SYN_SENT ? SYN : SYN|ACK, .seq = 0, .ack = 1);
        after(SECONDS(2));
        out(st == TCP_SYN_SENT ? SYN : SYN|ACK, .seq = 0, .ack = 1);
        state_is(st);
        covers("TO-1");
        after(SECONDS(2));
        state(CLOSED);
        reason(USER_TIMEOUT);
        ready_has(AKSU_FAILED);
        while (acks(0)) { }
    }
    for each(st, unacknowledged) {
        give_unacknowledged(__LINE__, st);
        user_set(USER_TIMEOUT, 5000);
        after(SECONDS(1));
        out_again(__LINE__, st);
        after(SECONDS(2));
        out_again(__LINE__, st);
        state_is(st);
        covers("TO-1");
        after(SECONDS(2));
        state(CLOSED);
        reason(USER_TIMEOUT);
        ready_has(AKSU_FAILED);
        check_eq(script_status().send_queued, 0);
        struct tcp_segment seg;                     /* a RST is optional */
        if (world_pull(__LINE__, &seg))
            check(seg.ctl & RST);
    }
}

/* Where everything is acknowledged the user timeout of RFC 5482 3 has nothing to time. */
SCRIPT(the_user_timeout_waits_for_something_unacknowledged)
{
    given(FIN_WAIT_2);
    user_set(USER_TIMEOUT, 5000);
    after(SECONDS(3600));
    state(FIN_WAIT_2);
    given(LISTEN);
    user_set(USER_TIMEOUT, 5000);
    after(SECONDS(4));
    state(LISTEN);
    given(TIME_WAIT);
    user_set(USER_TIMEOUT, 5000);
    after(SECONDS(59));
    state(TIME_WAIT);
    given(ESTABLISHED);
    user_set(USER_TIMEOUT, 5000);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    in (ACK, .seq = 1, .ack = 101);
    after(SECONDS(3600));
    state(ESTABLISHED);
}

SCRIPT(a_syn_is_repeated)                           /* RFC 9293 3.8.3 [MUST-23], RFC 6298 5.5 */
{
    static const uint32_t at[] = { 1, 2, 4, 8, 16, 32, 64 };    /* 127 s in all */
    given(SYN_SENT);
    covers("TO-2");
    for (size_t i = 0; i < 7; i++) {
        after(SECONDS(at[i]));
        out(SYN, .seq = 0, .mss = 1460);
    }
    after(SECONDS(180 - 127) - MS(1));
    quiet();
    state(SYN_SENT);
    covers("TO-2");
    after(MS(1));                                   /* config.syn_r2 */
    state(CLOSED);
    reason(TIMED_OUT);
    ready_has(AKSU_FAILED);                         /* RFC 9293 3.8.3 [MUST-22] */
    quiet();
}

SCRIPT(a_syn_ack_is_repeated)                       /* RFC 9293 3.10.8 */
{
    for (int crossed = 0; crossed < 2; crossed++) {
        given(SYN_RECEIVED, .crossed = crossed);
        covers("TO-3");
        if (!crossed)
            after(SECONDS(1));
        for (unsigned i = 0; i < 2; i++) {          /* after a crossing the SYN's timer goes on */
            if (crossed)
                after(SECONDS(1u << i));
            else if (i)
                after(SECONDS(2));
            out(SYN|ACK, .seq = 0, .ack = 1);
        }
        state(SYN_RECEIVED);
        in (ACK, .seq = 1, .ack = 1);
        state(ESTABLISHED);
        after(SECONDS(100));
        quiet();
    }
}

SCRIPT(a_syn_ack_is_given_up)                       /* RFC 9293 3.10.8, 3.8.3 */
{
    for (int crossed = 0; crossed < 2; crossed++) {
        given(SYN_RECEIVED, .crossed = crossed);
        covers("TO-3");
        struct tcp_segment seg;
        for (aksu_time end = w.now + SECONDS(400); w.now < end;) {
            aksu_time next = tcp_next_timeout(&w.tcp);
            if (next == NEVER)
                break;
            w.now = next;
            tcp_timeouts(&w.tcp, w.now);
            while (world_pull(__LINE__, &seg))
                check_eq(seg.ctl & SYN, SYN);
        }
        check(w.now - w.start >= SECONDS(180));     /* RFC 9293 3.8.3 [MUST-23] */
        if (crossed) {
            state(CLOSED);
            reason(TIMED_OUT);
            ready_has(AKSU_FAILED);
        } else {
            state_one_of(LISTEN, CLOSED);
            ready_lacks(AKSU_FAILED | AKSU_CONNECTED);
        }
    }
}

SCRIPT(the_head_of_the_queue_is_sent_again)         /* RFC 9293 3.10.8, RFC 6298 5.4, 5.5, 5.6 */
{
    for each(st, unacknowledged) {
        give_unacknowledged(__LINE__, st);
        covers("TO-4");
        after(MS(999));
        quiet();
        after(MS(1));
        out_again(__LINE__, st);
        after(MS(1999));
        quiet();
        after(MS(1));
        out_again(__LINE__, st);
        check_eq(script_status().cwnd, 1000);
        state_is(st);
        in (ACK, .seq = RCV_NXT, .ack = SND_NXT);
        if (st != TCP_CLOSING) {
            after(SECONDS(100));
            quiet();
        }
    }
}

/* R1 tells, R2 ends: RFC 9293 3.8.3 [MUST-20]. */
SCRIPT(a_dead_peer_is_given_up)                     /* RFC 9293 3.8.3 [SHLD-9], 3.8.3 [SHLD-11] */
{
    for each(st, unacknowledged) {
        give_unacknowledged(__LINE__, st);
        (void)script_status();
        w.tcp.notify = 0;
        uint64_t rto = 1;
        for (unsigned i = 0; i < 15; i++) {
            after(SECONDS(rto));
            out_again(__LINE__, st);
            rto = rto * 2 > 120 ? 120 : rto * 2;
            if (i < 3)                              /* RFC 9293 3.8.3 [SHLD-10] */
                ready_lacks(AKSU_SOFT_ERROR);
            if (i == 3)
                ready_has(AKSU_SOFT_ERROR);
            if (i > 3)                              /* once */
                ready_lacks(AKSU_SOFT_ERROR);
        }
        state_is(st);
        covers("TO-4");
        after(SECONDS(rto));
        state(CLOSED);
        reason(TIMED_OUT);
        ready_has(AKSU_FAILED);
        check(w.now - w.start > SECONDS(100));
        struct tcp_segment seg;                     /* a RST is optional */
        if (world_pull(__LINE__, &seg))
            check(seg.ctl & RST);
        after(SECONDS(1000));
        quiet();
    }
}

SCRIPT(r1_is_reported_for_each_trouble)             /* RFC 9293 3.8.3 [SHLD-9] */
{
    given(ESTABLISHED);
    for (uint32_t i = 0; i < 2; i++) {
        user_send(100);
        out(PSH|ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
        for (unsigned n = 0; n < 4; n++) {
            ready_lacks(AKSU_SOFT_ERROR);
            after(tcp_next_timeout(&w.tcp) - w.now);
            out(PSH|ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
        }
        ready_has(AKSU_SOFT_ERROR);
        in (ACK, .seq = 1, .ack = 101 + 100 * i);
    }
}

SCRIPT(the_user_timeout_of_a_fin)                   /* RFC 9293 3.10.8, 3.8.3 [MUST-21] */
{
    given(ESTABLISHED);
    user_set(USER_TIMEOUT, 5000);
    after(SECONDS(100));
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 1);
    after(SECONDS(1));
    out(FIN|ACK, .seq = 1, .ack = 1);
    after(SECONDS(2));
    out(FIN|ACK, .seq = 1, .ack = 1);
    after(SECONDS(2) - 1);
    state(FIN_WAIT_1);
    after(1);
    state(CLOSED);
    reason(USER_TIMEOUT);
    (void)discard();
}

SCRIPT(no_retransmission_where_nothing_waits)       /* RFC 9293 3.10.8 */
{
    static const enum aksu_tcp_state still[] = { TCP_CLOSED, TCP_LISTEN, TCP_FIN_WAIT_2 };
    for each(st, still) {
        given_in(st);
        covers("TO-5");
        after(SECONDS(3600));
        quiet();
        state_is(st);
    }
    given(TIME_WAIT);
    covers("TO-5");
    after(SECONDS(60) - 1);
    quiet();
    state(TIME_WAIT);
}

SCRIPT(time_wait_lasts_two_msl)                     /* RFC 9293 3.6.1 [MUST-13], 3.10.8 */
{
    static const aksu_time msl[] = { SECONDS(30), SECONDS(120) };
    for (size_t i = 0; i < 2; i++) {
        config.msl = msl[i];
        given(TIME_WAIT);
        covers("TO-6");
        after(2 * msl[i] - 1);
        state(TIME_WAIT);
        in (FIN|ACK, .seq = 1, .ack = 2);           /* which restarts it */
        out(ACK, .seq = 2, .ack = 2);
        after(2 * msl[i] - 1);
        state(TIME_WAIT);
        after(1);
        state(CLOSED);
        quiet();
        in (FIN|ACK, .seq = 1, .ack = 2);
        out(RST, .seq = 2);
    }
}

SCRIPT(a_fin_wait_2_that_nobody_holds)              /* RFC 9293 3.6.1 */
{
    given(ESTABLISHED);
    user_release();
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 2);
    state(FIN_WAIT_2);
    covers("TO-10");
    after(SECONDS(60) - 1);
    state(FIN_WAIT_2);
    after(1);
    state(CLOSED);
    quiet();
    given(FIN_WAIT_2);                              /* held: no limit */
    after(SECONDS(86400));
    state(FIN_WAIT_2);
}
