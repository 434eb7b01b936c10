/* hostile_sender.c - a peer that lies to the sender: SACK of what it does not have, crumbs,
 * acknowledgments cut small or sent ahead of time (RFC 5681 3.1, RFC 6675 4, RFC 8985 6). Nothing
 * breaks, nothing is freed early, and work and memory have a bound. A segment is 1000 octets. */
#include "tests/script/script.h"

static const struct loss_ops *const detectors[] = { &loss_rack, &loss_sack };

#define each_detector (unsigned kind = 0; kind < 2 && (w.env.loss = detectors[kind]); kind++)

static void give_flight(int line, uint32_t n, uint32_t more)
{
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000,
                                                   .rtt = MS(50) });
    script_send(line, 1000 * n + more, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
}

/* Everything from SND.UNA on arrives now, in the end. */
static void finish(int line, uint32_t end)
{
    for (unsigned turns = 0; turns < 300 && w.una < end; turns++) {
        uint32_t got = w.una;
        struct tcp_segment seg;
        while (world_pull(line, &seg)) {
            uint32_t seq = seg.seq.n - w.iss.n;
            if (!is_before(got, seq) && is_before(got, seq + seg.text_len))
                got = seq + seg.text_len;
        }
        if (got != w.una) {
            script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = got });
            continue;
        }
        w.now = tcp_next_timeout(&w.tcp);
        tcp_timeouts(&w.tcp, w.now);
    }
    script_check_eq(line, w.una, end, "everything arrives in the end");
}

/* Blocks that are empty, upside down, of what was acknowledged or never sent, and overlap. */
SCRIPT(blocks_that_cannot_be)                       /* RFC 6675 4, RFC 2018 5 */
{
    for each_detector {
        give_flight(__LINE__, 8, 0);
        in (ACK, .seq = 1, .ack = 1001);
        static const uint32_t blocks[][2] = {
            { 9001, 9501 }, { 8001, 8002 }, { 5001, 5001 }, { 5001, 4001 }, { 1, 1001 },
            { 0x80000001u, 0x80001001u }, { 2001, 0x80000000u }, { 8001, 0x7fffffffu },
            { 0xfffff000u, 1 }, { 2001, 9001 },
        };
        for (unsigned i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
            in (ACK, .seq = 1, .ack = 1001, .sack = { { 1001, 1001 },
                                                      { blocks[i][0], blocks[i][1] } });
            check_eq(script_status().sacked, 0);
            check_eq(discard(), 0);
        }
        in (ACK, .seq = 1, .ack = 1001, .sack = { { 4001, 6001 }, { 5001, 7001 }, { 4001, 5001 },
                                                  { 1, 5001 } });
        check(script_status().sacked <= 6000);
        finish(__LINE__, 8001);
    }
}

/* The whole flight but the first octets is SACKed, and then it was not so. */
SCRIPT(a_peer_that_takes_it_back)                   /* RFC 2018 8, RFC 6675 5.1 */
{
    for each_detector {
        give_flight(__LINE__, 20, 20000);
        in (ACK, .seq = 1, .ack = 1, .sack = { { 2, 20001 } });
        check_eq(script_status().send_queued, 40000);
        finish(__LINE__, 40001);
    }
}

/* One octet here, one octet there: each makes a run, up to a limit, and costs a bounded time. */
SCRIPT(crumbs)                                      /* RFC 6675 4, RFC 8985 6.2 */
{
    for each_detector {
        give_flight(__LINE__, 60, 0);
        uint32_t most = 0;
        for (uint32_t at = 3; at < 60000; at += 8) {
            script_batch(__LINE__, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1,
                .sack = { { at, at + 1 }, { at + 2, at + 3 }, { at + 4, at + 5 },
                          { at + 6, at + 7 } } });
            if (at % 1024 == 3)
                (void)discard();
            if (w.tcp.out->queue.count > most)
                most = w.tcp.out->queue.count;
        }
        check(most > 1000 && most <= SENT_CRUMBS);
        check(w.pool.in_use < 400);
        (void)discard();
        finish(__LINE__, 60001);
    }
}

/* The same in an order that makes each search long. */
SCRIPT(crumbs_far_apart)                            /* RFC 6675 4 */
{
    for each_detector {
        give_flight(__LINE__, 60, 0);
        for (uint32_t i = 0; i < 4000; i++) {
            uint32_t at = 3 + i * 7919 % 59990;
            uint32_t away = 3 + (i * 7919 + 30000) % 59990;
            script_batch(__LINE__, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1,
                .sack = { { at, at + 1 }, { away, away + 1 } } });
        }
        check(w.tcp.out->queue.count <= SENT_CRUMBS);
        (void)discard();
        finish(__LINE__, 60001);
    }
}

/* RFC 5681 3.1: an acknowledgment for each octet opens the window by what was acknowledged, not by
 * a segment each. */
SCRIPT(an_ack_for_each_octet)                       /* RFC 5681 3.1, R5681-3.1-g, R5681-3.1-i */
{
    for each_detector {
        give_flight(__LINE__, 4, 40000);
        for (uint32_t i = 1; i <= 1000; i++) {
            in (ACK, .seq = 1, .ack = 1 + i);
            (void)drain();
        }
        check(script_status().cwnd <= 5000);
        give_flight(__LINE__, 10, 50000);
        w.tcp.out->cc.ssthresh = 10000;             /* congestion avoidance */
        for (uint32_t i = 1; i <= 1000; i++) {
            in (ACK, .seq = 1, .ack = 1 + 10 * i);
            (void)drain();
        }
        check(script_status().cwnd <= 11000);
    }
}

/* It acknowledges what left this moment, before it can have arrived: that is its own loss. What it
 * has not been sent it cannot acknowledge. */
SCRIPT(acknowledged_too_early)                      /* RFC 9293 3.10.7.4 fifth [MAY-12] */
{
    for each_detector {
        give_flight(__LINE__, 4, 50000);
        for (unsigned i = 0; i < 20 && SND_NXT < 54001; i++) {
            uint32_t before = script_status().cwnd, all = SND_NXT - SND_UNA;
            in (ACK, .seq = 1, .ack = SND_NXT);
            check(script_status().cwnd <= before + all);
            (void)drain();
        }
        uint32_t una = SND_UNA, cwnd = script_status().cwnd;
        in (ACK, .seq = 1, .ack = SND_NXT + 1000);
        dropped("RFC 9293 3.10.7.4 fifth");
        (void)acks(1);
        check_eq(SND_UNA, una);
        check_eq(script_status().cwnd, cwnd);
        if (SND_UNA != SND_NXT)
            in (ACK, .seq = 1, .ack = SND_NXT);
        (void)drain();
    }
}

/* A duplicate costs nothing, and a thousand cost nothing more: without SACK the window is inflated
 * by one segment each, but the peer's window bounds what may leave. */
SCRIPT(a_thousand_duplicates)                       /* RFC 5681 3.2, R5681-3.2-h */
{
    config.initial_window = 10;
    given(ESTABLISHED, .wnd = 20000);
    user_send(60000);
    check_eq(drain().segments, 10);
    for (unsigned i = 0; i < 1000; i++) {
        in (ACK, .seq = 1, .ack = 1);
        (void)discard();
    }
    check_eq(script_status().retransmits, 1);
    check_eq(SND_NXT, 20001);                       /* the window */
    in (ACK, .seq = 1, .ack = 20001);
    check(script_status().cwnd <= 10000);
    (void)drain();
}

/* Reports of duplicates do not stack up: patience is bounded, and so is what they undo. */
SCRIPT(a_thousand_reports_of_duplicates)            /* RFC 8985 3.3.2, RFC 3708 2 */
{
    give_flight(__LINE__, 10, 50000);
    after(MS(50));
    in (ACK, .seq = 1, .ack = 1, .sack = { { 1001, 5001 } });
    (void)discard();
    uint32_t before = 10000;
    for (unsigned i = 0; i < 1000; i++) {
        script_batch(__LINE__, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1001,
                                               .sack = { { 1, 1001 } } });
        (void)discard();
    }
    check(event_count(undo) <= 1);
    check(script_status().cwnd <= before + 2000);
    check(tcp_next_timeout(&w.tcp) - w.now < SECONDS(3));
    finish(__LINE__, 60001);
}

/* All is marked lost, a report takes it back, and the next acknowledgment has it marked again: a
 * few times in a round trip, not with every acknowledgment. */
SCRIPT(undone_again_and_again)                      /* RFC 3708 2, RFC 8985 6.2 */
{
    for each_detector {
        give_flight(__LINE__, 40, 0);
        after(MS(50));
        for (unsigned i = 0; i < 60; i++) {
            if (i % 6 == 5) {                       /* 100 ms in all, two round trips */
                w.now += MS(10);
                tcp_timeouts(&w.tcp, w.now);
                (void)discard();
            }
            in (ACK, .seq = 1, .ack = 1, .sack = { { 30001, 40001 } });
            (void)discard();
            in (ACK, .seq = 1, .ack = 1, .sack = { { 30001, 40001 }, { 30001, 40001 } });
            (void)discard();
        }
        check(event_count(undo) >= 1 && event_count(undo) <= 9);     /* of 21 */
        finish(__LINE__, 40001);
    }
}

/* Segments of 48 octets less options, and a SACK option in each: never less than some text. */
SCRIPT(a_tiny_mss)                                  /* RFC 9293 3.7.1 [MUST-16] */
{
    for each_detector {
        given(ESTABLISHED, .sack = true, .timestamps = true, .mss = 48, .wnd = 20000);
        for (uint32_t i = 1; i <= 8; i++) {         /* holes: three blocks on each segment */
            in (PSH|ACK, .seq = 1 + 20 * i, .ack = 1, .len = 10);
            (void)discard();
        }
        user_send(2000);
        (void)discard();
        in (ACK, .seq = 181, .ack = 1, .sack = { { 100, 101 }, { 120, 121 } });
        finish(__LINE__, 2001);
    }
}
