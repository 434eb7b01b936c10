/* ecn.c - explicit congestion notification: what SYNs agree on, and the receiver that echoes marks
 * (RFC 3168 6.1.1, 6.1.3 to 6.1.6). Which segments may carry ECT, CWR and ECE at all is checked of
 * every segment of every script (invariants.c). */
#include "tests/script/script.h"

static const unsigned combinations[4] = { 0, ECE, CWR, ECE | CWR };
static const uint8_t wishes[3] = { AKSU_ECN_ACCEPT, AKSU_ECN_ASK, AKSU_ECN_OFF };

static void open_and_ask(void)
{
    config.ecn = AKSU_ECN_ASK;
    given(CLOSED);
    user_open_active();
    out(SYN|ECE|CWR, .seq = 0);
}

/* ECT says that ECN was agreed. */
static void text_goes_out(int line, bool with_ect)
{
    user_send(10);
    script_out(line, &(struct line){ .ctl = PSH | ACK, .seq = 1, .ack = 1, .len = 10,
                                     .ecn = with_ect ? ECT : 0 });
    script_check_eq(line, script_status().ecn, with_ect, "STATUS says what was agreed");
}

SCRIPT(ecn_is_accepted_and_not_asked_for)           /* RFC 3168 6.1.1 */
{
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, false);
    given(LISTEN);
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, true);
}

/* Whatever bits a SYN has, the connection comes about. */
SCRIPT(a_syn_with_any_bits)                         /* RFC 3168 6.1.1 */
{
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 4; k++) {
            bool agreed = combinations[k] == (ECE | CWR) && wishes[i] != AKSU_ECN_OFF;
            config.ecn = wishes[i];
            given(LISTEN);
            in (SYN|combinations[k], .seq = 0, .mss = 1000);
            out(SYN|ACK|(agreed ? ECE : 0u), .seq = 0, .ack = 1);
            in (ACK, .seq = 1, .ack = 1);
            state(ESTABLISHED);
            text_goes_out(__LINE__, agreed);
        }
    }
}

/* Only ECE alone agrees: both bits are what a peer says that reflects what it does not know. */
SCRIPT(a_syn_ack_with_any_bits)                     /* RFC 3168 6.1.1, 6.1.1.2 */
{
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 4; k++) {
            bool asks = wishes[i] == AKSU_ECN_ASK;
            config.ecn = wishes[i];
            given(CLOSED);
            user_open_active();
            out(SYN|(asks ? ECE | CWR : 0u), .seq = 0);
            in (SYN|ACK|combinations[k], .seq = 0, .ack = 1, .mss = 1000);
            out(ACK, .seq = 1, .ack = 1);
            state(ESTABLISHED);
            text_goes_out(__LINE__, asks && combinations[k] == ECE);
        }
    }
}

SCRIPT(an_unanswered_syn_asks_no_more)              /* RFC 3168 6.1.1.1 */
{
    open_and_ask();
    after(SECONDS(1));
    out(SYN, .seq = 0);
    after(SECONDS(2));
    out(SYN, .seq = 0);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, false);
}

/* The peer may have got the first SYN and mean that one: marks are heeded, ECT is not sent. */
SCRIPT(a_late_agreement_binds_the_receiver_only)    /* RFC 3168 6.1.1, 6.1.1.1 */
{
    open_and_ask();
    after(SECONDS(1));
    out(SYN, .seq = 0);
    in (SYN|ACK|ECE, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, false);
    in (PSH|ACK, .seq = 1, .ack = 11, .len = 100, .ecn = CE);
    out(ACK|ECE, .seq = 11, .ack = 101);
    uint32_t before = script_status().cwnd;
    user_send(10);
    out(PSH|ACK|ECE, .seq = 11, .ack = 101, .len = 10);
    in (ACK|ECE, .seq = 101, .ack = 21);            /* who sends no ECT hears no echo */
    check(script_status().cwnd >= before);
    user_receive(100);
}

/* The same in the other order: the peer's second SYN takes back what its first one asked. */
SCRIPT(a_second_syn_without_ecn)                    /* RFC 3168 6.1.1.1 */
{
    given(LISTEN);
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, false);
    given(LISTEN);                                  /* and not the other way round */
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, false);
}

SCRIPT(a_repeated_syn_ack_agrees_again)             /* RFC 3168 6.1.1 */
{
    given(LISTEN);
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    after(SECONDS(1));
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, true);
}

/* A refusal is one: it is not asked again without ECN. */
SCRIPT(a_reset_answers_a_syn_that_asks)             /* RFC 3168 6.1.1.1 */
{
    open_and_ask();
    in (RST|ACK, .seq = 0, .ack = 1);
    state(CLOSED);
    reason(REFUSED);
    quiet();
}

SCRIPT(ecn_when_both_open_at_once)                  /* RFC 3168 6.1.1 */
{
    open_and_ask();
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    in (SYN|ACK|ECE, .seq = 0, .ack = 1, .mss = 1000);
    state(ESTABLISHED);
    text_goes_out(__LINE__, true);
    open_and_ask();                                 /* the peer does not ask */
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    text_goes_out(__LINE__, false);
    open_and_ask();                                 /* asks, and does not agree */
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK|ECE, .seq = 0, .ack = 1);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    text_goes_out(__LINE__, false);
    config.ecn = AKSU_ECN_ACCEPT;                   /* we do not ask */
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0);
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    text_goes_out(__LINE__, false);
}

/* What a SYN says of ECN changes nothing about how it is treated. */
SCRIPT(an_ecn_syn_in_every_state)                   /* RFC 3168 6.1.1, RFC 5961 4.2 */
{
    for each(st, synchronized) {
        if (st == TCP_TIME_WAIT)
            continue;
        for (unsigned i = 1; i < 4; i++) {
            given_in(st);
            uint32_t nxt = SND_NXT, acks_to = RCV_NXT;
            in (SYN|combinations[i], .seq = RCV_NXT + 5);
            out(ACK, .seq = nxt, .ack = acks_to);
            dropped("RFC 5961 4.2");
            state_is(st);
        }
    }
    given(TIME_WAIT, .ecn = true);
    in (SYN|ECE|CWR, .seq = 1000, .mss = 1000);
    check(w.tcp.reopen);                            /* RFC 6191 2 */
    w.tcp.reopen = false;
    in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
    check(!w.tcp.reopen);
    out(ACK, .seq = 2, .ack = 2);
    given(SYN_RECEIVED);
    in (SYN|ECE|CWR|ACK, .seq = RCV_NXT, .ack = 1);
    state(LISTEN);
}

SCRIPT(ecn_by_option)                               /* RFC 3168 6.1.1 */
{
    given(CLOSED);
    user_set(ECN, AKSU_ECN_ASK);
    user_set(ECN, AKSU_ECN_OFF + 1);
    expect(INVALID);
    user_set(ECN, -1);
    expect(INVALID);
    user_open_active();
    user_set(ECN, AKSU_ECN_OFF);                    /* the SYN has not left yet */
    user_set(ECN, AKSU_ECN_ASK);
    out(SYN|ECE|CWR, .seq = 0);
    user_set(ECN, AKSU_ECN_OFF);
    expect(ILLEGAL);
    in (SYN|ACK|ECE, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    user_set(ECN, AKSU_ECN_OFF);
    expect(ILLEGAL);
    text_goes_out(__LINE__, true);
}

SCRIPT(ecn_of_a_held_syn)                           /* RFC 3168 6.1.1 */
{
    for (unsigned off = 0; off < 2; off++) {
        given(LISTEN);
        in (SYN|ECE|CWR, .seq = 0, .mss = 1000);
        tcp_hold(&w.tcp);
        quiet();
        user_set(ECN, off ? AKSU_ECN_OFF : AKSU_ECN_ACCEPT);
        user_complete();
        out(SYN|ACK|(off ? 0u : ECE), .seq = 0, .ack = 1);
        user_set(ECN, AKSU_ECN_OFF);
        expect(ILLEGAL);
        in (ACK, .seq = 1, .ack = 1);
        text_goes_out(__LINE__, !off);
    }
}

/* --- the receiver --- */

SCRIPT(ece_until_cwr)                               /* RFC 3168 6.1.3 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100, .ecn = ECT);
    acked(101);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 201);             /* at once: that is news */
    in (PSH|ACK, .seq = 201, .ack = 1, .len = 100, .ecn = ECT);
    quiet();
    after(MS(40));
    out(ACK|ECE, .seq = 1, .ack = 301);             /* of what is not marked too */
    in (PSH|ACK, .seq = 301, .ack = 1, .len = 100, .ecn = CE);
    quiet();
    after(MS(40));
    out(ACK|ECE, .seq = 1, .ack = 401);
    in (PSH|ACK|CWR, .seq = 401, .ack = 1, .len = 100, .ecn = ECT);
    out(ACK, .seq = 1, .ack = 501);
    in (PSH|ACK, .seq = 501, .ack = 1, .len = 100, .ecn = ECT);
    acked(601);
    check_eq(event_count(marked), 2);
    user_receive(600);
}

SCRIPT(cwr_that_is_marked_itself)                   /* RFC 3168 6.1.3 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 101);
    in (PSH|ACK|CWR, .seq = 101, .ack = 1, .len = 100, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 201);
    in (PSH|ACK|CWR, .seq = 201, .ack = 1, .len = 100, .ecn = ECT);
    out(ACK, .seq = 1, .ack = 301);
    user_receive(300);
}

SCRIPT(a_delayed_ack_tells_of_any_mark)             /* RFC 3168 6.1.3 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (ACK, .seq = 1, .ack = 1, .len = 1000, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 1001);
    in (ACK|CWR, .seq = 1001, .ack = 1, .len = 1000, .ecn = ECT);
    out(ACK, .seq = 1, .ack = 2001);
    in (ACK, .seq = 2001, .ack = 1, .len = 1000, .ecn = ECT);
    quiet();
    batch(ACK, .seq = 3001, .ack = 1, .len = 1000, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 4001);
    user_receive(4000);
}

SCRIPT(a_peer_that_never_says_cwr)                  /* RFC 3168 6.1.3 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 11);
    for (uint32_t i = 1; i < 40; i++) {
        in (PSH|ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10, .ecn = i & 1 ? ECT : 0);
        after(MS(40));
        out(ACK|ECE, .seq = 1, .ack = 11 + 10 * i);
    }
    user_receive(400);
}

/* Text, what is sent again, FIN, an answer to a keep-alive: all of them are ACKs. A RST is not. */
SCRIPT(ece_on_every_kind_of_ack)                    /* RFC 3168 6.1.3 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 11);
    in (ACK, .seq = 10, .ack = 1);                  /* a keep-alive */
    out(ACK|ECE, .seq = 1, .ack = 11);
    user_send(10);
    out(PSH|ACK|ECE, .seq = 1, .ack = 11, .len = 10, .ecn = ECT);
    after(SECONDS(1));
    out(ACK|ECE, .seq = 1, .ack = 11, .len = 10);
    in (ACK, .seq = 11, .ack = 11);
    user_receive(10);
    user_close();
    out(FIN|ACK|ECE, .seq = 11, .ack = 11);
    in (ACK, .seq = 11, .ack = 12);
    user_abort();
    any_reset();
}

SCRIPT(time_wait_echoes_nothing)                    /* RFC 3168 6.1.1 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 11);
    user_receive(10);
    user_close();
    out(FIN|ACK|ECE, .seq = 1, .ack = 11);
    in (ACK, .seq = 11, .ack = 2);
    in (FIN|ACK, .seq = 11, .ack = 2);
    state(TIME_WAIT);
    out(ACK, .seq = 2, .ack = 12);
}

/* One shape each: no text, outside the window, already here, a SYN. */
SCRIPT(marks_that_do_not_count)                     /* RFC 3168 6.1.3 to 6.1.5 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (ACK, .seq = 1, .ack = 1, .ecn = CE);
    in (PSH|ACK, .seq = 1 + RCV_WND, .ack = 1, .len = 10, .ecn = CE);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ecn = ECT);
    acked(11);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ecn = CE);
    out(ACK, .seq = 1, .ack = 11);
    in (SYN|ACK, .seq = 11, .ack = 1, .len = 10, .ecn = CE);
    out(ACK, .seq = 1, .ack = 11);
    check_eq(event_count(marked), 0);
    user_receive(10);
    given(CLOSE_WAIT, .passive = true, .ecn = true);
    in (PSH|ACK|CWR, .seq = RCV_NXT, .ack = 1, .len = 10, .ecn = CE);    /* text behind the FIN */
    (void)acks(1);
    check_eq(event_count(marked), 0);
}

SCRIPT(a_mark_beyond_a_hole)                        /* RFC 3168 6.1.5 */
{
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 1);
    quiet();
    in (PSH|ACK, .seq = 51, .ack = 1, .len = 100, .ecn = CE);   /* partly old, still the window's */
    out(ACK|ECE, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK|ECE, .seq = 1, .ack = 201);
    user_receive(200);
}

/* The sequence number of a probe cannot be guessed: it counts although the window is closed. */
SCRIPT(a_mark_on_a_window_probe)                    /* RFC 3168 6.1.6 */
{
    config.receive_buffer = 4096;
    given(ESTABLISHED, .passive = true, .ecn = true);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 4096, .ecn = ECT);
    acked(4097);
    check_eq(RCV_WND, 0);
    in (ACK, .seq = 4097, .ack = 1, .len = 1, .ecn = CE);
    out(ACK|ECE, .seq = 1, .ack = 4097, .wnd = ZERO);
    in (ACK, .seq = 4098, .ack = 1, .len = 1, .ecn = CE);       /* but no other */
    out(ACK|ECE, .seq = 1, .ack = 4097);
    check_eq(event_count(marked), 1);
    user_receive(4096);
    check_eq(discard(), 1);                         /* the window opens */
}

SCRIPT(marks_without_ecn)                           /* RFC 3168 6.1.1 */
{
    static const struct given how[] = { { .line = __LINE__ }, { .line = __LINE__, .passive = true },
                                        { .line = __LINE__, .crossed = true } };
    for (unsigned i = 0; i < 3; i++) {
        script_given(TCP_ESTABLISHED, &how[i]);
        in (PSH|ACK|CWR, .seq = 1, .ack = 1, .len = 10, .ecn = CE);
        quiet();                                    /* not even at once */
        after(MS(40));
        out(ACK, .seq = 1, .ack = 11);
        user_receive(10);
        user_send(5000);
        (void)drain();
        uint32_t before = script_status().cwnd;
        in (ACK|ECE, .seq = 11, .ack = 1001);
        in (ACK|ECE, .seq = 11, .ack = 5001);
        check(script_status().cwnd >= before);
        user_send(10);
        out(PSH|ACK, .seq = 5001, .ack = 11, .len = 10);        /* without CWR */
        check_eq(event_count(marked), 0);
    }
}
