/* rack.c - loss detection by time (RFC 8985 4, 6): what is lost when something that was sent later
 * has arrived, the reordering window, and its timer. A segment is 1000 octets. */
#include "tests/script/script.h"

#define RACK (&w.tcp.out->loss)

/* `n` segments outstanding for `rtt`, the same as the handshake took. */
static void give_flight(int line, uint32_t n, aksu_time rtt)
{
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000,
                                                   .rtt = rtt });
    script_send(line, 1000 * n, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
    script_after(line, rtt);
}

static void sacked(int line, uint32_t ack, uint32_t left, uint32_t right)
{
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = ack,
                                    .sack = { { left, right } } });
}

static void all_acked(int line)
{
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = w.nxt });
}

/* Two segments, the first is lost: how long after the SACK of the second it is sent again. */
static aksu_time patience(int line)
{
    uint32_t una = w.nxt;
    script_send(line, 2000, 0);
    script_check_eq(line, script_drain(line).segments, 2, "two segments");
    script_after(line, MS(100));
    sacked(line, una, una + 1000, una + 2000);
    aksu_time waits = tcp_next_timeout(&w.tcp) - w.now;
    script_after(line, waits);
    script_out(line, &(struct line){ .ctl = ACK, .seq = una, .ack = 1, .len = 1000 });
    script_after(line, MS(100));
    all_acked(line);
    script_check_eq(line, w.una, w.nxt, "everything is acknowledged");
    return waits;
}

/* The peer got one segment twice, and says so. */
static void duplicate_reported(int line)
{
    uint32_t una = w.nxt;
    script_send(line, 1000, 0);
    script_check_eq(line, script_drain(line).segments, 1, "one segment");
    script_after(line, MS(100));
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = w.nxt,
                                    .sack = { { una, una + 1000 } } });
}

SCRIPT(not_without_sack)                            /* RFC 8985 4, R8985-4-a */
{
    given(ESTABLISHED, .wnd = 65000, .rtt = MS(100));
    user_send(4000);
    check_eq(drain().segments, 4);
    check(w.tcp.out->loss.ops == &loss_newreno);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    check_eq(event_count(lost), 0);
    after(MS(700));                                 /* no probe, no reordering timer */
    quiet();
    in (ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

/* How far behind others something came that was sent once. */
SCRIPT(the_degree_of_reordering)                    /* RFC 8985 6.2 */
{
    give_flight(__LINE__, 10, MS(100));
    sacked(__LINE__, 1, 7001, 8001);
    check_eq(script_status().reordering, 0);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 5001, 6001 }, { 7001, 8001 } });
    check_eq(script_status().reordering, 3000);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 6001, 7001 }, { 7001, 8001 }, { 5001, 6001 } });
    check_eq(script_status().reordering, 3000);
    after(MS(25));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    after(MS(100));
    sacked(__LINE__, 1001, 5001, 8001);             /* that was sent again: it says nothing */
    check_eq(script_status().reordering, 3000);
    (void)discard();
    in (ACK, .seq = 1, .ack = 2001, .sack = { { 5001, 8001 } });
    check_eq(script_status().reordering, 3000);
    (void)discard();
}

/* Every transmission of every segment has its time, finer than a quarter of the round trip. */
SCRIPT(when_each_was_sent)                          /* RFC 8985 4, R8985-4-b */
{
    given(ESTABLISHED, .sack = true, .wnd = 65000, .rtt = MS(1));
    aksu_time at[3];
    for (unsigned i = 0; i < 3; i++) {
        user_send(1000);
        check_eq(drain().segments, 1);
        at[i] = w.now;
        after(US(10));
    }
    struct sent_run *s = w.tcp.out->queue.first;
    for (unsigned i = 0; s != NULL; s = s->next, i++)
        check_eq(s->at, at[i]);
    check(at[1] - at[0] < MS(1) / 4);
    after(tcp_next_timeout(&w.tcp) - w.now);        /* the loss probe: the last one again */
    check_eq(discard(), 1);
    check_eq(w.tcp.out->queue.last->at, w.now);
    check_eq(w.tcp.out->queue.first->at, at[0]);
}

/* Nothing was ever reordered: the third segment that is SACKed is enough. */
SCRIPT(three_are_enough)                            /* RFC 8985 3.3.2, R8985-3.3.2-a */
{
    give_flight(__LINE__, 5, MS(100));
    sacked(__LINE__, 1, 1001, 2001);
    sacked(__LINE__, 1, 1001, 3001);
    quiet();
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(event_count(lost), 1);
}

SCRIPT(in_recovery_no_more_patience)                /* RFC 8985 3.3.2, R8985-3.3.2-a */
{
    give_flight(__LINE__, 8, MS(100));
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 5001, 6001 }, { 1001, 4001 } });
    check_eq(event_count(lost), 2);                 /* one above the second hole, at once */
    (void)discard();
}

/* One SACK above a hole, then silence: a quarter of the smallest round trip, not the RTO. */
SCRIPT(a_quarter_of_the_round_trip)                 /* RFC 8985 6.2, R8985-6.2-f, R8985-6.2-e */
{
    give_flight(__LINE__, 2, MS(100));
    sacked(__LINE__, 1, 1001, 2001);
    after(MS(25) - 1);
    quiet();
    check_eq(event_count(lost), 0);
    after(1);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(event_count(lost), 1);
}

/* Congestion control hears of losses when the timer finds them too, and nothing arrives. */
SCRIPT(what_the_timer_finds_is_told)                /* RFC 8985 6.2, R8985-6.2-f */
{
    give_flight(__LINE__, 4, MS(100));
    tcp_set_congestion_control(&w.tcp, &steady_cc, w.now);
    sacked(__LINE__, 1, 3001, 4001);
    after(MS(25));
    check_eq(event_count(lost), 1);                 /* the three left at one moment */
    check_eq(discard(), 3);
    check_eq(w.tcp.out->cc.state[0], 3000);
}

SCRIPT(the_ack_comes_before_the_reordering_timer)   /* RFC 8985 6.2, R8985-6.2-f */
{
    give_flight(__LINE__, 2, MS(100));
    sacked(__LINE__, 1, 1001, 2001);
    after(MS(20));
    in (ACK, .seq = 1, .ack = 2001);
    after(SECONDS(20));
    quiet();
    check_eq(script_status().retransmits, 0);
    check(script_status().cwnd > 2000);             /* slow start: nothing was lost */
}

SCRIPT(a_duplicate_makes_it_more_patient)           /* RFC 8985 3.3.2, R8985-3.3.2-b */
{
    give_flight(__LINE__, 2, MS(100));
    all_acked(__LINE__);
    check_eq(patience(__LINE__), MS(25));
    for (unsigned i = 1; i <= 3; i++)
        duplicate_reported(__LINE__);
    check_eq(patience(__LINE__), MS(100));          /* 4 quarters */
}

/* Two of one round trip count once. */
SCRIPT(once_per_round_trip)                         /* RFC 8985 6.2, R8985-3.3.2-b */
{
    give_flight(__LINE__, 8, MS(100));
    for (uint32_t i = 1; i <= 4; i++)
        sacked(__LINE__, 1 + 1000 * i, 1, 1001);
    all_acked(__LINE__);
    check_eq(patience(__LINE__), MS(50));
}

SCRIPT(patience_has_an_end)                         /* RFC 8985 3.3.2, R8985-3.3.2-c */
{
    give_flight(__LINE__, 2, MS(100));
    all_acked(__LINE__);
    for (unsigned i = 0; i < 300; i++)
        duplicate_reported(__LINE__);
    check_eq(patience(__LINE__), US(script_status().srtt_us));
    check_eq(script_status().srtt_us, 100000);
}

SCRIPT(patience_goes_after_sixteen_recoveries)      /* RFC 8985 6.2, R8985-6.2-d */
{
    give_flight(__LINE__, 2, MS(100));
    all_acked(__LINE__);
    duplicate_reported(__LINE__);
    for (unsigned i = 0; i < 16; i++)
        check_eq(patience(__LINE__), MS(50));
    check_eq(patience(__LINE__), MS(25));
}

/* The smallest round trip is that of the last ten seconds or so. */
SCRIPT(the_path_becomes_longer)                     /* RFC 8985 6.2, R8985-6.2-a */
{
    w.env.loss = &loss_sack;                        /* no probe comes between */
    give_flight(__LINE__, 1, MS(10));
    all_acked(__LINE__);
    check_eq(script_status().min_rtt_us, 10000);
    aksu_time since = w.now;
    while (w.now - since < SECONDS(11)) {
        user_send(1000);
        check_eq(drain().segments, 1);
        if (w.now - since > SECONDS(1) && w.now - since < SECONDS(4))
            check_eq(script_status().min_rtt_us, 10000);
        after(MS(100));
        all_acked(__LINE__);
    }
    check_eq(script_status().min_rtt_us, 100000);
}

/* An answer that came too early is the answer to the first transmission. */
SCRIPT(an_answer_that_is_too_early)                 /* RFC 8985 6.2, R8985-6.2-b */
{
    give_flight(__LINE__, 6, MS(100));
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    aksu_time sent_again = w.now;
    after(MS(5));
    in (ACK, .seq = 1, .ack = 4001);
    check_eq(RACK->rtt_us, 100000);
    check(RACK->xmit_at < sent_again);
    after(MS(5));
    in (ACK, .seq = 1, .ack = 6001);                /* and what was sent before is not lost */
    check_eq(script_status().retransmits, 1);
}

SCRIPT(an_echo_that_is_too_old)                     /* RFC 8985 6.2, R8985-6.2-b */
{
    config.initial_window = 6;
    given(ESTABLISHED, .sack = true, .timestamps = true, .wnd = 65000, .rtt = MS(100));
    user_send(6 * 988);
    check_eq(drain().segments, 6);
    uint32_t first = w.our_ts_val;
    after(MS(100));
    sacked(__LINE__, 1, 989, 1 + 4 * 988);
    out(ACK, .seq = 1, .ack = 1, .len = 988);
    aksu_time sent_again = w.now;
    after(MS(150));                                 /* longer than a round trip */
    in (ACK, .seq = 1, .ack = 1 + 4 * 988, .ts_ecr = first);
    check(RACK->xmit_at < sent_again);
    in (ACK, .seq = 1, .ack = SND_NXT);
}

/* The second of three arrives after the third. From then on three that are SACKed prove nothing. */
SCRIPT(reordering_is_learnt)                        /* RFC 8985 6.2, R8985-6.2-c */
{
    give_flight(__LINE__, 8, MS(100));
    sacked(__LINE__, 1001, 2001, 3001);
    check(!RACK->reordering_seen);
    in (ACK, .seq = 1, .ack = 3001);
    check(RACK->reordering_seen);
    sacked(__LINE__, 3001, 4001, 8001);             /* four at once */
    quiet();
    check_eq(event_count(lost), 0);
    after(MS(25));
    out(ACK, .seq = 3001, .ack = 1, .len = 1000);
}

/* What arrives in one acknowledgment, in whatever order the blocks stand, is no reordering. */
SCRIPT(blocks_in_any_order)                         /* RFC 8985 6.2, R8985-6.2-c */
{
    give_flight(__LINE__, 9, MS(100));
    in (ACK, .seq = 1, .ack = 1001, .sack = { { 6001, 7001 }, { 4001, 5001 }, { 2001, 3001 } });
    check(!RACK->reordering_seen);
    (void)discard();
}

/* The retransmission is lost too. What is SACKed of what was sent after it tells. */
SCRIPT(a_lost_retransmission)                       /* RFC 8985 6.2, R8985-6.2-e */
{
    give_flight(__LINE__, 10, MS(100));
    user_send(20000);
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    uint32_t before = SND_NXT;
    for (uint32_t i = 5; i <= 10; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)drain();
    }
    check(SND_NXT > before);                        /* something new left after it */
    after(MS(100));
    quiet();
    sacked(__LINE__, 1, 1001, before + 1000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    (void)drain();
    check_eq(event_count(lost), 2);
    check_eq(event_count(timer), 0);                /* neither the RTO nor the reordering timer */
}

/* What left right before the timeout has had no time to be acknowledged. */
SCRIPT(a_timeout_does_not_mean_all_of_it)           /* RFC 8985 6.3, R8985-6.3-a */
{
    give_flight(__LINE__, 1, MS(100));
    user_set(NODELAY, 1);
    after(MS(150));                                 /* 2 SRTT + 50 ms in all */
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);  /* the loss probe */
    after(MS(990));
    in (ACK, .seq = 1, .ack = 1, .wnd = 64000);     /* nothing but news of the window */
    w.tcp.out->cc.cwnd = 3000;
    user_send(1000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    after(tcp_next_timeout(&w.tcp) - w.now);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(script_status().lost, 0);              /* the other one waits */
    after(MS(90));
    sacked(__LINE__, 1, 1001, 2001);
    quiet();
    after(MS(10));
    in (ACK, .seq = 1, .ack = 2001);
    check_eq(script_status().retransmits, 2);
}

/* What is in doubt is still so when the segment before it is acknowledged, and the round trip of
 * that one counts. By hand: a retransmission of what lies before both, sent 50 ms after them, has
 * arrived. */
SCRIPT(a_plain_ack_does_not_stop_the_reordering_timer)      /* RFC 8985 6.2 step 5 */
{
    give_flight(__LINE__, 2, MS(100));
    RACK->xmit_at = w.now - MS(50);
    w.tcp.out->look_again = w.now + MS(60);
    in (ACK, .seq = 1, .ack = 1001);
    after(MS(24));
    quiet();
    after(MS(1));
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    check_eq(event_count(lost), 1);
}

/* Also that of a question and its answer, which congestion control need not hear of. */
SCRIPT(each_acknowledgment_gives_a_round_trip)      /* RFC 8985 6.2 step 2 */
{
    give_flight(__LINE__, 1, MS(100));
    in (ACK, .seq = 1, .ack = 1001);
    check_eq(RACK->rtt_us, 100000);
    user_send(10);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 10);
    after(MS(3));
    in (ACK, .seq = 1, .ack = 1011);
    check_eq(RACK->rtt_us, 3000);
}

/* One deadline serves them all, so that two of them cannot run; and none while a closed window is
 * probed. */
SCRIPT(one_timer_at_a_time)                         /* RFC 8985 8, R8985-8-a */
{
    give_flight(__LINE__, 4, MS(100));
    uint32_t dice = 12345;
    for (unsigned i = 0; i < 400; i++) {
        dice = dice * 1103515245 + 12345;
        uint32_t what = dice >> 16 & 7, una = SND_UNA, flight = SND_NXT - una;
        if (what == 0)
            user_send(2000);
        else if (what == 1 && flight > 0)
            in (ACK, .seq = 1, .ack = una + (flight > 1000 ? 1000 : flight));
        else if (what == 2 && flight > 1000)
            sacked(__LINE__, una, una + flight - 1000, una + flight);
        else if (what == 3)
            in (ACK, .seq = 1, .ack = una, .wnd = ZERO);
        else if (what == 4)
            in (ACK, .seq = 1, .ack = una, .wnd = 60000);
        else
            w.now += MS(what * what);
        tcp_timeouts(&w.tcp, w.now);
        (void)discard();
        bool persist = w.tcp.deadline[TIMER_PERSIST] != NEVER && w.tcp.closed_window;
        bool others = w.tcp.deadline[TIMER_RETRANSMISSION] != NEVER;
        check(!(persist && others));
        check(others || w.tcp.waits_for == WAIT_RTO || persist);
        check(w.tcp.closed_window || others || SND_UNA == SND_NXT);
    }
}

/* One engine for each connection, chosen when it begins to send. */
SCRIPT(rack_or_the_threshold)                       /* RFC 8985 9.2, R8985-9.2-a */
{
    give_flight(__LINE__, 5, MS(100));
    check(RACK->ops == &loss_rack);
    sacked(__LINE__, 1, 2001, 5001);                /* lost by either rule, */
    check_eq(event_count(lost), 1);
    (void)discard();
    w.env.loss = &loss_sack;
    give_flight(__LINE__, 2, MS(100));
    check(RACK->ops == &loss_sack);
    sacked(__LINE__, 1, 1001, 2001);
    after(MS(800));                                 /* ... but this by time only */
    quiet();
    check_eq(event_count(lost), 0);
}

/* Fifty are lost at once: they leave as the reduced window allows, not in a burst. */
SCRIPT(fifty_lost_at_once)                          /* RFC 8985 9.3, R8985-9.3-a */
{
    give_flight(__LINE__, 60, MS(100));
    sacked(__LINE__, 1, 50001, 53001);
    check(script_status().lost >= 49000);
    unsigned burst = discard();
    check(burst >= 1 && burst <= 4);
    check_eq(script_status().ssthresh, 30000);
    for (uint32_t i = 54; i <= 60; i++) {
        sacked(__LINE__, 1, 50001, 1 + 1000 * i);
        burst = discard();
        check(burst <= 2);
        check(script_status().in_flight <= 30000);
    }
    /* one of those that were sent again is lost again: a reduction of its own */
    after(MS(100));
    uint32_t again = SND_UNA;
    in (ACK, .seq = 1, .ack = again, .sack = { { 1001, 5001 }, { 50001, 60001 } });
    check(script_status().ssthresh < 30000);
    (void)discard();
}
