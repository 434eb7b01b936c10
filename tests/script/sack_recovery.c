/* sack_recovery.c - recovery by SACK and a threshold (RFC 6675 4, 5), and what a sender makes of
 * SACK in general (RFC 2018 5, 8, RFC 2883 5). A segment is 1000 octets. */
#include "tests/script/script.h"

#define LOSS (&w.tcp.out->loss)
#define QUEUE (&w.tcp.out->queue)

/* `n` segments outstanding, `more` octets queued behind them; the detector of RFC 6675. */
static void give_flight(int line, uint32_t n, uint32_t more)
{
    w.env.loss = &loss_sack;
    config.initial_window = n;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000 });
    script_send(line, 1000 * n + more, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
}

static void sacked(int line, uint32_t ack, uint32_t left, uint32_t right)
{
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = ack,
                                    .sack = { { left, right } } });
}

static uint32_t ssthresh(void)
{
    uint32_t s = script_status().ssthresh;
    return s > 1u << 29 ? 0 : s;
}

/* Positions of what leaves now, in order; how many. */
static unsigned leaves(int line, uint32_t *at, unsigned most)
{
    struct tcp_segment seg;
    unsigned n = 0;
    while (world_pull(line, &seg)) {
        script_check(line, seg.text_len > 0 && n < most, "text, and not too many");
        at[n++] = seg.seq.n - w.iss.n;
    }
    return n;
}

/* The exact number of octets makes the difference. */
SCRIPT(more_than_two_segments_above)                /* RFC 6675 4, R6675-4-b */
{
    give_flight(__LINE__, 6, 0);
    sacked(__LINE__, 1, 1001, 3001);
    quiet();
    check_eq(event_count(lost), 0);
    sacked(__LINE__, 1, 1001, 3002);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(event_count(lost), 1);
}

SCRIPT(three_blocks_above)                          /* RFC 6675 4, 5: R6675-4-b, R6675-5-c */
{
    give_flight(__LINE__, 9, 0);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 5001, 5101 }, { 3001, 3101 }, { 1001, 1101 } });
    out(ACK, .seq = 1, .ack = 1, .len = 1000);      /* one ACK is enough */
    check(ssthresh() > 0);
    (void)discard();
}

/* Small segments: neither octets nor blocks, but three ACKs with news. */
SCRIPT(three_acknowledgments_with_news)             /* RFC 6675 5 */
{
    give_flight(__LINE__, 6, 0);
    sacked(__LINE__, 1, 1001, 1101);
    sacked(__LINE__, 1, 1001, 1201);
    quiet();
    sacked(__LINE__, 1, 1001, 1301);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

/* The same SACK again is no news, and nothing may leave for it. */
SCRIPT(duplicates_without_news)                 /* RFC 6675 5, RFC 3042 2, R3042-2-c, R5681-3.2-e */
{
    give_flight(__LINE__, 6, 20000);
    sacked(__LINE__, 1, 1001, 2001);
    check_eq(drain().segments, 1);                  /* limited transmit, R6675-5-d */
    check_eq(script_status().cwnd, 6000);
    for (unsigned i = 0; i < 10; i++)
        sacked(__LINE__, 1, 1001, 2001);
    quiet();
    for (unsigned i = 0; i < 10; i++)
        in (ACK, .seq = 1, .ack = 1);
    quiet();
    check_eq(ssthresh(), 0);                        /* R2018-5.1-a */
    check_eq(script_status().cwnd, 6000);
    sacked(__LINE__, 1, 1001, 3001);
    check_eq(drain().segments, 1);
    check_eq(script_status().cwnd, 6000);
}

/* News count whatever else the segment carries. */
SCRIPT(news_on_segments_with_text)                  /* RFC 6675 2, 5, R6675-5-b */
{
    give_flight(__LINE__, 6, 0);
    in (ACK, .seq = 1, .ack = 1, .len = 10, .sack = { { 1001, 1101 } });
    in (ACK, .seq = 11, .ack = 1, .len = 10, .wnd = 64000, .sack = { { 1001, 1201 } });
    (void)acks(2);
    check_eq(event_count(lost), 0);
    in (ACK, .seq = 21, .ack = 1, .len = 10, .wnd = 63000, .sack = { { 1001, 1301 } });
    check_eq(event_count(lost), 1);
    (void)discard();
    user_receive(30);
}

SCRIPT(a_cumulative_ack_starts_to_count_anew)       /* RFC 6675 5, R6675-5-a */
{
    give_flight(__LINE__, 6, 0);
    sacked(__LINE__, 1, 2001, 2101);
    sacked(__LINE__, 1, 2001, 2201);
    check_eq(LOSS->dup_acks, 2);
    check_eq(script_status().sacked, 200);          /* what it said is kept */
    in (ACK, .seq = 1, .ack = 1001);
    check_eq(LOSS->dup_acks, 0);
    sacked(__LINE__, 1001, 2001, 2301);
    sacked(__LINE__, 1001, 2001, 2401);
    quiet();
    sacked(__LINE__, 1001, 2001, 2501);
    out(ACK, .seq = 1001, .ack = 1, .len = 1000);
}

/* The lowest hole first, then the next one: never what was SACKed, never the same twice. */
SCRIPT(holes_in_their_order)                        /* RFC 6675 4, R6675-4-d, R2018-5-a */
{
    uint32_t at[4];
    unsigned n = 0;
    give_flight(__LINE__, 10, 0);                   /* 1 and 4 are lost */
    for (uint32_t i = 2; i <= 10; i++) {
        if (i < 4)
            sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        else if (i > 4)
            in (ACK, .seq = 1, .ack = 1, .sack = { { 4001, 1 + 1000 * i }, { 1001, 3001 } });
        n += leaves(__LINE__, at + n, 4 - n);
    }
    check(n == 2 && at[0] == 1 && at[1] == 3001);
    in (ACK, .seq = 1, .ack = 3001, .sack = { { 4001, 10001 } });
    in (ACK, .seq = 1, .ack = 10001);
    check_eq(script_status().retransmits, 2);
    check_eq(event_count(timer), 0);
}

SCRIPT(new_text_when_nothing_is_lost)               /* RFC 6675 4, R6675-4-e */
{
    give_flight(__LINE__, 20, 30000);
    uint32_t at[8];
    unsigned again = 0, fresh = 0;
    for (uint32_t i = 2; i <= 20; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        unsigned n = leaves(__LINE__, at, 8);
        for (unsigned k = 0; k < n; k++)
            *(at[k] == 1 ? &again : &fresh) += 1;
    }
    check_eq(again, 1);
    check(fresh >= 8 && fresh <= 11);
    in (ACK, .seq = 1, .ack = 20001);
    (void)drain();
}

/* Nothing new to send: the hole that has too little evidence is better than nothing. */
SCRIPT(a_hole_with_little_evidence)                 /* RFC 6675 4, R6675-4-f */
{
    give_flight(__LINE__, 10, 0);                   /* 1 and 9 are lost */
    uint32_t at[8];
    for (uint32_t i = 2; i <= 8; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        check_eq(leaves(__LINE__, at, 8), i == 4);
    }
    check_eq(event_count(lost), 1);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 9001, 10001 }, { 1001, 8001 } });
    out(ACK, .seq = 8001, .ack = 1, .len = 1000);
    check_eq(event_count(lost), 1);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 8001, 10001 }, { 1001, 8001 } });
    in (ACK, .seq = 1, .ack = 10001);
    check_eq(script_status().retransmits, 2);
    check_eq(event_count(timer), 0);
}

SCRIPT(with_new_text_it_waits)                      /* RFC 6675 4, R6675-4-f, R6675-4-e */
{
    give_flight(__LINE__, 10, 10000);
    uint32_t at[8];
    for (uint32_t i = 2; i <= 8; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)leaves(__LINE__, at, 8);
    }
    in (ACK, .seq = 1, .ack = 1, .sack = { { 9001, 10001 }, { 1001, 8001 } });
    unsigned n = leaves(__LINE__, at, 8);
    for (unsigned i = 0; i < n; i++)
        check(at[i] > 10000);
    check_eq(script_status().retransmits, 1);
    (void)discard();
}

/* The end of the flight is lost as well: the last segment, once in a recovery. */
SCRIPT(one_rescue)                                  /* RFC 6675 4, R6675-4-g */
{
    give_flight(__LINE__, 12, 0);                   /* 1, 10, 11 and 12 are lost */
    uint32_t at[8];
    for (uint32_t i = 2; i <= 9; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        check_eq(leaves(__LINE__, at, 8), i == 4);  /* not yet: HighACK is below RescueRxt */
    }
    in (ACK, .seq = 1, .ack = 9001);
    out(PSH|ACK, .seq = 11001, .ack = 1, .len = 1000);
    quiet();
    check_eq(script_status().in_flight, 3000);
    sacked(__LINE__, 9001, 11001, 12001);           /* the rescue has arrived: two holes */
    check(leaves(__LINE__, at, 8) >= 1 && at[0] == 9001);
    in (ACK, .seq = 1, .ack = 10001, .sack = { { 11001, 12001 } });
    (void)leaves(__LINE__, at, 8);
    in (ACK, .seq = 1, .ack = 12001);
    check_eq(script_status().retransmits, 4);
    check_eq(event_count(timer), 0);
}

SCRIPT(no_second_rescue)                            /* RFC 6675 4, R6675-4-g */
{
    give_flight(__LINE__, 12, 0);
    uint32_t at[8];
    for (uint32_t i = 2; i <= 6; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)leaves(__LINE__, at, 8);
    }
    in (ACK, .seq = 1, .ack = 7001);
    out(PSH|ACK, .seq = 11001, .ack = 1, .len = 1000);
    for (uint32_t i = 8; i <= 9; i++) {             /* RescueRxt is RecoveryPoint now */
        in (ACK, .seq = 1, .ack = 1 + 1000 * i);
        quiet();
    }
    after(SECONDS(1));
    out(ACK, .seq = 9001, .ack = 1, .len = 1000);   /* the rescue was lost, too */
}

/* The rescue did not move HighRxt: it is lost by the same rule as others, when what the peer SACKs
 * of new text lies above it. */
SCRIPT(a_rescue_can_be_lost)                        /* RFC 6675 4, R6675-4-g */
{
    give_flight(__LINE__, 12, 0);
    uint32_t at[8];
    for (uint32_t i = 2; i <= 6; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)leaves(__LINE__, at, 8);
    }
    in (ACK, .seq = 1, .ack = 7001);
    out(PSH|ACK, .seq = 11001, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 11001);
    user_send(5000);
    unsigned fresh = leaves(__LINE__, at, 8);
    check(fresh >= 3 && at[0] == 12001);
    sacked(__LINE__, 11001, 12001, 15001);
    check(leaves(__LINE__, at, 8) >= 1 && at[0] == 11001);
}

/* Too much is in the network still, and nothing is lost. */
SCRIPT(nothing_leaves_above_the_window)             /* RFC 6675 4, R6675-4-h */
{
    give_flight(__LINE__, 20, 20000);
    uint32_t at[8];
    sacked(__LINE__, 1, 1001, 4001);
    check(leaves(__LINE__, at, 8) >= 1 && at[0] == 1);
    check(script_status().in_flight > ssthresh());
    in (ACK, .seq = 1, .ack = 1, .sack = { { 1001, 4001 } });
    quiet();
    check(script_status().in_flight >= script_status().cwnd
          || script_status().cwnd - script_status().in_flight < 1000);
}

/* RecoveryPoint, ssthresh, and the first hole; limited transmit does not count. */
SCRIPT(how_recovery_begins)                         /* RFC 6675 5, R6675-5-e, R5681-3.2-f */
{
    give_flight(__LINE__, 10, 20000);
    sacked(__LINE__, 1, 1001, 2001);
    check_eq(drain().segments, 1);
    sacked(__LINE__, 1, 1001, 3001);
    check_eq(drain().segments, 1);
    sacked(__LINE__, 1, 1001, 4001);
    check_eq(ssthresh(), 5000);                     /* of 10 outstanding, not of 12 */
    check_eq(w.tcp.out->recover.n, w.iss.n + 12001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    (void)drain();
    for (uint32_t i = 5; i <= 12; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)drain();
        check_eq(ssthresh(), 5000);                 /* once */
    }
}

/* What lies above RecoveryPoint stays known when recovery ends. */
SCRIPT(the_scoreboard_outlives_recovery)            /* RFC 6675 5, R6675-5-f */
{
    give_flight(__LINE__, 10, 20000);
    for (uint32_t i = 2; i <= 10; i++) {
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)discard();
    }
    uint32_t point = w.tcp.out->recover.n - w.iss.n;
    check(SND_NXT >= point + 2000);
    in (ACK, .seq = 1, .ack = point, .sack = { { point + 1000, point + 2000 } });
    check_eq(script_status().sacked, 1000);
    check(script_status().recovery[0] != 'r');
    check_eq(script_status().cwnd, ssthresh());     /* R6937-4-a */
    (void)discard();
}

/* Random losses and answers: what is in the network never exceeds cwnd, but for the one segment
 * that is sent at once, and everything arrives. */
SCRIPT(pipe_stays_within_cwnd)                      /* RFC 6675 5, R6675-5-g */
{
    uint32_t dice = 99;
    for (unsigned run = 0; run < 12; run++) {
        bool has[40] = { false };
        uint32_t at[40], una = 0, newest = 0;
        give_flight(__LINE__, 10, 30000);
        for (unsigned i = 0; i < 10; i++)
            at[i] = 1 + 1000 * i;
        for (unsigned n = 10, turns = 0; una < 40 && turns < 400; turns++) {
            for (unsigned i = 0; i < n; i++) {
                dice = dice * 1103515245 + 12345;
                if ((dice >> 16) % 5 == 0)
                    continue;                       /* lost */
                newest = (at[i] - 1) / 1000;
                has[newest] = true;
                while (una < 40 && has[una])
                    una++;
                uint32_t left = newest, right = newest;
                while (left > 0 && has[left - 1])
                    left--;
                while (right < 40 && has[right])
                    right++;
                script_batch(__LINE__, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1 + 1000 * una,
                    .sack = { { left > una ? 1 + 1000 * left : 0,
                                left > una ? 1 + 1000 * right : 0 } } });
            }
            n = leaves(__LINE__, at, 40);
            check(w.tcp.out->queue.first == NULL
                  || script_status().in_flight <= script_status().cwnd + 1000);
            if (n == 0 && una < 40) {
                w.now = tcp_next_timeout(&w.tcp);
                tcp_timeouts(&w.tcp, w.now);
                n = leaves(__LINE__, at, 40);
            }
        }
        check_eq(una, 40);
    }
}

SCRIPT(a_timeout_in_recovery)                       /* RFC 6675 5.1, R6675-5.1-a */
{
    give_flight(__LINE__, 12, 0);
    sacked(__LINE__, 1, 1001, 4001);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    uint32_t before = ssthresh();
    for (uint32_t i = 5; i <= 9; i++) {            /* below RecoveryPoint: no recovery of its own */
        sacked(__LINE__, 1, 1001, 1 + 1000 * i);
        (void)discard();
    }
    check_eq(ssthresh(), before);
    check(script_status().recovery[0] == 'l');
    in (ACK, .seq = 1, .ack = 12001);
    check(script_status().recovery[0] == 'o');
}

SCRIPT(a_timeout_and_what_is_sacked_after_it)       /* RFC 6675 5.1, R6675-5.1-b */
{
    give_flight(__LINE__, 10, 0);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001, .sack = { { 2001, 9001 } });
    uint32_t at[8];
    unsigned n = leaves(__LINE__, at, 8);
    check(n >= 1 && n <= 2 && at[0] == 1001 && (n == 1 || at[1] == 9001));
    in (ACK, .seq = 1, .ack = 9001);
    (void)leaves(__LINE__, at, 8);
    in (ACK, .seq = 1, .ack = 10001);
    check(script_status().retransmits <= 3);
}

/* Octets are given back when they are acknowledged, not when they are SACKed. */
SCRIPT(sacked_octets_are_kept)                    /* RFC 6675 4, R6675-4-a, RFC 2018 8, R2018-8-d */
{
    give_flight(__LINE__, 6, 0);
    sacked(__LINE__, 1, 1001, 6001);
    check_eq(script_status().send_queued, 6000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);                /* the peer has thrown the rest away */
    for (uint32_t i = 2; i <= 6; i++) {
        if (i == 2)
            after(tcp_next_timeout(&w.tcp) - w.now);
        (void)discard();
        in (ACK, .seq = 1, .ack = 1 + 1000 * i);
    }
    check_eq(SND_UNA, 6001);
    check_eq(script_status().retransmits, 6);
}

/* The peer reneges: after a timeout what it had SACKed may be sent again. */
SCRIPT(a_timeout_and_a_peer_that_reneged)           /* RFC 2018 5, R2018-5-b, R2018-5.1-b */
{
    for (unsigned rack = 0; rack < 2; rack++) {
        give_flight(__LINE__, 8, 0);
        w.env.loss = rack ? &loss_rack : &loss_sack;
        sacked(__LINE__, 1, 1001, 3001);
        after(SECONDS(1));
        (void)discard();
        check_eq(SND_UNA, 1);
        in (ACK, .seq = 1, .ack = 1001);            /* only what was sent again */
        for (unsigned turns = 0; turns < 20 && SND_UNA < 8001; turns++) {
            uint32_t end = SND_UNA;
            struct tcp_segment seg;
            while (world_pull(__LINE__, &seg))
                if (seg.seq.n == w.iss.n + end)
                    end += seg.text_len;
            if (end > SND_UNA)
                in (ACK, .seq = 1, .ack = end);
            else
                after(tcp_next_timeout(&w.tcp) - w.now);
        }
        check_eq(SND_UNA, 8001);
    }
}

/* Even the first that is outstanding was SACKed: a timeout sends it all the same. */
SCRIPT(a_timeout_sends_the_first_whatever_was_sacked)       /* RFC 2018 5, R2018-5-c */
{
    give_flight(__LINE__, 4, 0);
    sacked(__LINE__, 1, 1, 1001);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 4001);
}

/* The first block is compared with the ACK of the same segment. */
SCRIPT(duplicates_are_told_by_their_own_ack)        /* RFC 2883 5, R2883-5-a */
{
    give_flight(__LINE__, 6, 0);
    in (ACK, .seq = 1, .ack = 4501);
    sacked(__LINE__, 3001, 3501, 4001);             /* older, and late: no duplicate */
    check_eq(event_count(duplicate_reported), 0);
    sacked(__LINE__, 4501, 3501, 4001);
    check_eq(event_count(duplicate_reported), 1);
}

SCRIPT(duplicates_inside_the_second_block)          /* RFC 2883 5, R2883-5-b */
{
    give_flight(__LINE__, 6, 0);
    in (ACK, .seq = 1, .ack = 4001, .sack = { { 5001, 5501 }, { 4501, 5501 } });
    check_eq(event_count(duplicate_reported), 1);
    check_eq(script_status().sacked, 1000);         /* and the second one counts */
    in (ACK, .seq = 1, .ack = 4001, .sack = { { 5501, 5601 }, { 4501, 5501 } });
    check_eq(event_count(duplicate_reported), 1);   /* beside it is not inside */
}

SCRIPT(reports_of_duplicates_do_no_harm)            /* RFC 2883 5, R2883-5-c */
{
    give_flight(__LINE__, 6, 20000);
    in (ACK, .seq = 1, .ack = 3001);
    (void)drain();
    uint32_t before = script_status().cwnd;
    for (uint32_t i = 0; i < 20; i++) {
        sacked(__LINE__, 3001, 1 + 100 * i, 101 + 100 * i);
        (void)drain();
    }
    check_eq(script_status().retransmits, 0);
    check_eq(script_status().sacked, 0);
    check(script_status().cwnd >= before);
}
