/* ecn_sender.c - the sender with ECN: ECT on what is new, one reduction for a window of data
 * whether some of it was marked or lost, CWR once for each (RFC 3168 6.1.2), and a peer that
 * misbehaves. How far the window is reduced is the algorithm's business. */
#include "tests/script/script.h"

enum { MSS = 1000 };

static uint32_t cwnd(void)
{
    return script_status().cwnd;
}

static uint32_t threshold(void)
{
    return script_status().ssthresh;
}

static void given_ecn(int line, bool sack)
{
    config.ecn = AKSU_ECN_ASK;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .ecn = true, .sack = sack,
                                                   .rtt = MS(100), .wnd = 60000 });
    user_set(NODELAY, 1);
}

/* Everything that is owed: how many segments of text, which of them say CWR. */
static struct sent { unsigned segments, again, cwr; uint32_t cwr_at; } send_all(void)
{
    struct sent all = { 0, 0, 0, 0 };
    struct tcp_segment seg;
    world_settle(__LINE__);
    for (uint32_t from = w.nxt; world_pull(__LINE__, &seg); from = w.nxt) {
        bool again = is_before(seg.seq.n - w.iss.n, from);
        all.segments += seg.text_len > 0;
        all.again += again;
        if (seg.ctl & CWR) {
            all.cwr++;
            all.cwr_at = seg.seq.n - w.iss.n;
        }
    }
    return all;
}

/* Time passes, with all that the timers send. */
static struct sent wait(aksu_time delay)
{
    struct sent all = { 0, 0, 0, 0 };
    for (aksu_time end = w.now + delay; w.now < end;) {
        aksu_time next = tcp_next_timeout(&w.tcp);
        after((next < end ? next : end) - w.now);
        struct sent more = send_all();
        all.segments += more.segments;
        all.again += more.again;
        all.cwr += more.cwr;
        all.cwr_at += more.cwr_at;
    }
    return all;
}

/* `n` segments outstanding of a long queue, cwnd as large. */
static void given_flight(int line, uint32_t n, bool sack)
{
    config.initial_window = n;
    given_ecn(line, sack);
    user_send(60000);
    check_eq(send_all().segments, n);
    check_eq(SND_NXT, 1 + MSS * n);
    after(MS(100));
}

SCRIPT(ect_on_new_text_only)    /* RFC 3168 5, 6.1.2, 6.1.4, 6.1.5, RFC 8311 4.2 */
{
    given_ecn(__LINE__, false);
    user_send(1500);
    out(ACK, .seq = 1, .ack = 1, .len = MSS, .ecn = ECT);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 500, .ecn = ECT);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = MSS);       /* again */
    in (PSH|ACK, .seq = 1, .ack = 1501, .len = 10);
    acked(11);                                      /* nothing but an ACK */
    user_send(10);
    user_close();
    out(FIN|PSH|CWR|ACK, .seq = 1501, .ack = 11, .len = 10, .ecn = ECT);
    after(SECONDS(2));
    out(FIN|PSH|ACK, .seq = 1501, .ack = 11, .len = 10);
    user_receive(10);
    given_ecn(__LINE__, false);
    user_close();
    out(FIN|ACK, .seq = 1, .ack = 1);               /* no text */
}

SCRIPT(window_probes_without_ect_and_cwr)           /* RFC 3168 6.1.6 */
{
    given_flight(__LINE__, 4, false);
    in (ACK|ECE, .seq = 1, .ack = 4001, .wnd = ZERO);
    quiet();                                        /* CWR is owed */
    after(SECONDS(1));
    out(ACK, .seq = 4001, .ack = 1, .len = 1);
    after(SECONDS(2));
    out(ACK, .seq = 4001, .ack = 1, .len = 1);
    in (ACK, .seq = 1, .ack = 4002, .wnd = 60000);
    struct sent s = send_all();
    check(s.segments > 0 && s.cwr == 1 && s.cwr_at == 4002);
}

SCRIPT(ece_reduces_once_a_window)                   /* RFC 3168 5, 6.1.2 */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        given_flight(__LINE__, 10, sack);
        in (ACK|ECE, .seq = 1, .ack = 1001);
        uint32_t reduced = cwnd();
        check(reduced < 10 * MSS && reduced >= 4 * MSS && threshold() == reduced);
        struct sent s = send_all();
        for (uint32_t i = 2; i <= 10; i++) {        /* of the same window */
            in (ACK|ECE, .seq = 1, .ack = 1 + MSS * i);
            check_eq(cwnd(), reduced);
            struct sent more = send_all();
            s.segments += more.segments;
            s.cwr += more.cwr;
            s.cwr_at += more.cwr_at;
        }
        check_eq(s.cwr, 1);                         /* on the first that is new */
        check_eq(s.cwr_at, 1 + MSS * 10);
        check(s.segments > 0 && s.segments <= reduced / MSS);
        in (ACK|ECE, .seq = 1, .ack = 11001);       /* CWR has arrived: a mark of after it */
        check(cwnd() < reduced);
        check_eq(script_status().retransmits, 0);
        (void)send_all();
    }
}

/* Marks stop: the window grows again, and nothing else says CWR. */
SCRIPT(the_window_grows_without_echo)               /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 10, true);
    uint32_t most = 0;
    unsigned cwr = 0;
    in (ACK|ECE, .seq = 1, .ack = 1001);
    for (unsigned i = 0; i < 30; i++) {
        cwr += send_all().cwr;
        in (ACK, .seq = 1, .ack = SND_NXT);
        most = cwnd() > most ? cwnd() : most;
    }
    check_eq(cwr, 1);
    check(most > threshold() + MSS);
}

SCRIPT(no_growth_on_an_echo)                        /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 4, true);                /* slow start */
    in (ACK|ECE, .seq = 1, .ack = 2001);
    uint32_t reduced = cwnd();
    (void)send_all();
    for (uint32_t i = 3; i <= 4; i++) {
        in (ACK|ECE, .seq = 1, .ack = 1 + MSS * i);
        check_eq(cwnd(), reduced);
        (void)send_all();
    }
}

/* An ACK that says nothing but ECE: a duplicate, with SACK, with text, with a new window. */
SCRIPT(echoes_of_every_shape)                       /* RFC 3168 6.1.2 */
{
    for (unsigned shape = 0; shape < 4; shape++) {
        given_flight(__LINE__, 10, true);
        switch (shape) {
        case 0:
            in (ACK|ECE, .seq = 1, .ack = 1);
            break;
        case 1:
            in (ACK|ECE, .seq = 1, .ack = 1, .sack = { { 1001, 2001 } });
            break;
        case 2:
            in (PSH|ACK|ECE, .seq = 1, .ack = 1, .len = 10);
            user_receive(10);
            break;
        default:
            in (ACK|ECE, .seq = 1, .ack = 1, .wnd = 50000);
        }
        check(cwnd() < 10 * MSS);
        check_eq(script_status().retransmits, 0);
        (void)send_all();
    }
}

/* What is older than SND.UNA says, or a SYN,ACK, is no news. */
SCRIPT(echoes_that_do_not_count)                    /* RFC 3168 6.1.1, 6.1.2 */
{
    given_flight(__LINE__, 10, true);
    check_eq(cwnd(), 10 * MSS);                     /* after a SYN,ACK with ECE */
    in (ACK, .seq = 1, .ack = 2001);
    (void)send_all();
    uint32_t before = cwnd();
    in (ACK|ECE, .seq = 1, .ack = 1001);
    check_eq(cwnd(), before);
    in (ACK|ECE, .seq = 1, .ack = SND_NXT + 1);     /* nor what was never sent */
    out(ACK, .seq = SND_NXT, .ack = 1);
    in (SYN|ACK|ECE, .seq = 0, .ack = 1);
    check_eq(discard(), 1);
    check_eq(cwnd(), before);
    given_ecn(__LINE__, true);
    before = cwnd();
    in (ACK|ECE, .seq = 1, .ack = 1);               /* nothing is out */
    check_eq(cwnd(), before);
}

SCRIPT(a_mark_and_then_a_loss)                      /* RFC 3168 6.1.2 */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        given_flight(__LINE__, 10, sack);
        in (ACK|ECE, .seq = 1, .ack = 1001);
        uint32_t reduced = threshold();
        struct sent s = send_all();
        for (uint32_t i = 3; i <= 6; i++) {         /* the second segment is lost */
            if (sack)
                in (ACK|ECE, .seq = 1, .ack = 1001, .sack = { { 2001, 1 + MSS * i } });
            else
                in (ACK|ECE, .seq = 1, .ack = 1001);
            struct sent more = send_all();
            s.again += more.again;
            s.cwr += more.cwr;
        }
        check_eq(s.again, 1);
        check_eq(threshold(), reduced);             /* not once more */
        in (ACK|ECE, .seq = 1, .ack = 10001);
        s.cwr += send_all().cwr;
        check_eq(s.cwr, 1);
        check_eq(threshold(), reduced);
        check(cwnd() <= reduced);
    }
}

SCRIPT(a_loss_and_then_a_mark)                      /* RFC 3168 6.1.2 */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        given_flight(__LINE__, 10, sack);
        unsigned again = 0, cwr = 0;
        for (uint32_t i = 2; i <= 5; i++) {         /* the first segment is lost */
            if (sack)
                in (ACK, .seq = 1, .ack = 1, .sack = { { 1001, 1 + MSS * i } });
            else
                in (ACK, .seq = 1, .ack = 1);
            struct sent s = send_all();
            again += s.again;
            cwr += s.cwr;
        }
        uint32_t reduced = threshold();
        check(again == 1 && reduced < 10 * MSS);
        for (uint32_t i = 6; i <= 10; i++) {
            if (sack)
                in (ACK|ECE, .seq = 1, .ack = 1, .sack = { { 1001, 1 + MSS * i } });
            else
                in (ACK|ECE, .seq = 1, .ack = 1);
            cwr += send_all().cwr;
        }
        check_eq(threshold(), reduced);
        in (ACK|ECE, .seq = 1, .ack = 10001);
        cwr += send_all().cwr;
        check_eq(threshold(), reduced);
        check(cwnd() <= reduced);
        check_eq(cwr, 1);                           /* for the reduction by fast retransmit */
    }
}

SCRIPT(cwr_after_a_timeout)                         /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 4, false);
    after(MS(900));
    out(ACK, .seq = 1, .ack = 1, .len = MSS);       /* what goes again does not say it */
    unsigned cwr = 0;
    uint32_t at = 0;
    for (unsigned i = 0; i < 20 && SND_UNA < 8001; i++) {
        in (ACK, .seq = 1, .ack = SND_NXT < 4001 + MSS ? SND_UNA + MSS : SND_NXT);
        struct sent s = send_all();
        cwr += s.cwr;
        at += s.cwr_at;
    }
    check_eq(cwr, 1);
    check_eq(at, 4001);
}

/* After a timeout the echo of before goes on until CWR gets through, behind all that is sent
 * again: slow start does not wait for it. */
SCRIPT(slow_start_after_a_timeout_with_echoes)      /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 10, true);
    in (ACK|ECE, .seq = 1, .ack = 1001);
    (void)send_all();
    check(wait(MS(1700)).again > 0);
    uint32_t reduced = threshold(), before = cwnd();
    check_eq(before, MSS);
    in (ACK|ECE, .seq = 1, .ack = 2001);
    check(cwnd() > before);
    check_eq(threshold(), reduced);
    (void)send_all();
}

SCRIPT(the_segment_with_cwr_is_lost)                /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 10, true);
    in (ACK|ECE, .seq = 1, .ack = 10001);
    uint32_t reduced = threshold();
    struct sent s = send_all();
    check(s.cwr == 1 && s.cwr_at == 10001 && s.segments >= 4);
    unsigned again = 0, cwr = 0;
    for (uint32_t i = 2; i <= 4; i++) {
        in (ACK|ECE, .seq = 1, .ack = 10001, .sack = { { 11001, 10001 + MSS * i } });
        s = send_all();
        again += s.again;
        cwr += s.cwr;
    }
    check_eq(again, 1);
    check(threshold() < reduced);                   /* a new window of data */
    in (ACK|ECE, .seq = 1, .ack = SND_NXT);
    cwr += send_all().cwr;
    check_eq(cwr, 1);
}

/* "If any retransmitted packets are dropped, [...] a new instance of congestion". */
SCRIPT(a_mark_and_a_retransmission_that_is_lost)    /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 20, true);
    in (ACK|ECE, .seq = 1, .ack = 1001);
    uint32_t reduced = threshold();
    unsigned again = send_all().again;
    for (uint32_t i = 3; i <= 8; i++) {
        in (ACK, .seq = 1, .ack = 1001, .sack = { { 2001, 1 + MSS * i } });
        again += send_all().again;
    }
    check_eq(again, 1);
    check_eq(threshold(), reduced);
    after(MS(150));
    for (uint32_t i = 9; i <= 20; i++) {            /* sent before the retransmission */
        in (ACK, .seq = 1, .ack = 1001, .sack = { { 2001, 1 + MSS * i } });
        again += send_all().again;
    }
    uint32_t end = SND_NXT;                         /* and what was sent after it */
    after(MS(150));
    in (ACK, .seq = 1, .ack = 1001, .sack = { { 2001, end } });
    again += send_all().again;
    after(MS(200));
    again += send_all().again;
    check(again >= 2);
    check(threshold() < reduced);
}

SCRIPT(one_segment_and_an_echo_wait_for_the_timer)  /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 1, false);
    in (ACK|ECE, .seq = 1, .ack = 1001);
    check_eq(cwnd(), MSS);
    quiet();                                        /* although nothing is out */
    after(MS(998));                                 /* pacing may be 1 ms early */
    quiet();
    after(MS(2));
    out(ACK|CWR, .seq = 1001, .ack = 1, .len = MSS, .ecn = ECT);
    in (ACK, .seq = 1, .ack = 2001);                /* and on it goes, at once */
    check(send_all().segments > 0);
}

/* Something is still out: the timer begins anew, and no loss probe comes before it. */
SCRIPT(one_segment_and_a_duplicate_echo)            /* RFC 3168 6.1.2 */
{
    given_flight(__LINE__, 1, true);
    after(MS(100));
    in (ACK|ECE, .seq = 1, .ack = 1);
    check_eq(cwnd(), MSS);
    after(MS(998));                                 /* pacing may be 1 ms early */
    quiet();
    after(MS(2));
    out(ACK, .seq = 1, .ack = 1, .len = MSS);
}

/* A FIN without text waits too, and then leaves. */
SCRIPT(one_segment_an_echo_and_a_close)             /* RFC 3168 6.1.2 */
{
    config.initial_window = 1;
    given_ecn(__LINE__, true);
    user_send(1000);
    check_eq(send_all().segments, 1);
    after(MS(100));
    in (ACK|ECE, .seq = 1, .ack = 1001);
    user_close();
    after(MS(998));                                 /* pacing may be 1 ms early */
    quiet();
    after(MS(2));
    out(FIN|ACK, .seq = 1001, .ack = 1);
}

/* The wait outlives what is kept only while something is sent. */
SCRIPT(an_echo_and_then_silence)                    /* RFC 3168 6.1.2 */
{
    for (uint32_t text = 0; text < 2; text++) {
        config.initial_window = 1;
        given_ecn(__LINE__, true);
        user_send(1000);
        check_eq(send_all().segments, 1);
        after(MS(100));
        in (ACK|ECE, .seq = 1, .ack = 1001);
        after(text ? MS(700) : SECONDS(5));
        user_send(1000);
        if (text) {
            after(MS(298));
            quiet();
            after(MS(2));
        }
        out(PSH|ACK|CWR, .seq = 1001, .ack = 1, .len = MSS, .ecn = ECT);
        uint32_t before = cwnd();
        in (ACK|ECE, .seq = 1, .ack = 1001);        /* the old echo: CWR is still under way */
        check_eq(cwnd(), before);
        check(w.tcp.out->pace_at <= w.now);
        in (ACK, .seq = 1, .ack = 2001);
    }
}

/* RFC 4015 3.2 (9): nothing was lost, but something was marked. */
SCRIPT(undo_leaves_what_a_mark_reduced)             /* RFC 4015 3.2, RFC 3168 6.1.2 */
{
    for (unsigned echo = 0; echo < 3; echo++) {     /* none; of this ACK; of one before */
        config.initial_window = 10;
        config.ecn = AKSU_ECN_ASK;
        given(ESTABLISHED, .ecn = true, .sack = true, .timestamps = true, .rtt = MS(100),
              .wnd = 60000);
        user_send(60000);
        (void)send_all();
        uint32_t early = w.our_ts_val, before = cwnd();
        unsigned first = echo == 2 ? ECE : 0, last = echo == 1 ? ECE : 0;
        after(MS(100));
        for (uint32_t i = 2; i <= 5; i++) {
            in (ACK|first, .seq = 1, .ack = 1, .sack = { { 989, 1 + 988 * i } });
            (void)send_all();
        }
        (void)wait(MS(30));
        check(threshold() < before && script_status().retransmits == 1);
        uint32_t reduced = threshold();
        in (ACK|last, .seq = 1, .ack = 4941, .ts_ecr = early);      /* the original arrived */
        check_eq(event_count(undo), 1);
        check(echo != 0 || cwnd() >= before);
        check(echo == 0 || (cwnd() <= reduced && threshold() == reduced));
        check_eq(script_status().in_flight, SND_NXT - 4941);
        (void)send_all();
    }
}

/* Taken back before CWR has left: an echo that comes now is news. */
SCRIPT(undo_takes_cwr_back)                         /* RFC 4015 3.2, RFC 3168 6.1.2 */
{
    config.initial_window = 4;
    config.ecn = AKSU_ECN_ASK;
    given(ESTABLISHED, .ecn = true, .sack = true, .timestamps = true, .rtt = MS(100), .wnd = 60000);
    user_send(4 * 988);
    (void)send_all();
    uint32_t early = w.our_ts_val;
    (void)wait(SECONDS(2));                         /* every ACK is late */
    check(cwnd() == 988);
    in (ACK, .seq = 1, .ack = 989, .ts_ecr = early);
    in (ACK, .seq = 1, .ack = 1977, .ts_ecr = early);
    (void)send_all();
    check(event_count(undo) == 1);
    uint32_t before = cwnd();
    check(before > 2 * 988);
    user_send(988);
    check_eq(send_all().cwr, 0);
    in (ACK|ECE, .seq = 1, .ack = 2965);
    check(cwnd() < before);
}

SCRIPT(a_peer_that_always_echoes)                   /* RFC 3168 6.1.2 */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        given_flight(__LINE__, 10, sack);
        unsigned cwr = 0;
        for (unsigned i = 0; i < 200 && SND_UNA < 60001; i++) {
            in (ACK|ECE, .seq = 1, .ack = SND_NXT);
            check(cwnd() >= MSS);
            cwr += send_all().cwr;
            if (SND_NXT == SND_UNA)
                cwr += wait(SECONDS(1)).cwr;
        }
        check_eq(SND_UNA, 60001);
        check(cwr > 10 && cwnd() <= 2 * MSS);
        check_eq(script_status().retransmits, 0);
    }
}
