/* sack.c - selective acknowledgments as a receiver says them (RFC 2018 3, 4, 8). */
#include "tests/script/script.h"

SCRIPT(sack_is_offered_on_syns_only)                /* RFC 2018 2 */
{
    given(SYN_SENT);
    check(w.our_sack);
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000, .sack_ok = true);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS | HAS_SACK_PERMITTED);
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS);
    config.sack = false;
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000, .sack_ok = true);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS);
}

SCRIPT(no_sack_without_permission)                  /* RFC 2018 4 */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 301, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1);
}

/* Every segment with new text beyond a hole is answered at once, the newest block first. */
SCRIPT(the_newest_block_comes_first)                /* RFC 2018 4 */
{
    given(ESTABLISHED, .sack = true);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 201 } });
    in (PSH|ACK, .seq = 201, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 301 } });
    in (PSH|ACK, .seq = 501, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 501, 601 }, { 101, 301 } });
    in (PSH|ACK, .seq = 301, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 401 }, { 501, 601 } });
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 401, .sack = { { 501, 601 } });
    in (PSH|ACK, .seq = 401, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 601);
    user_receive(600);
}

/* The example of RFC 2018 7, case 3, and its end. */
SCRIPT(the_blocks_reported_last_are_repeated)       /* RFC 2018 4, 7 */
{
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 1, .ack = 1, .len = 500);       /* 5000 in the RFC */
    acked(501);
    in (ACK, .seq = 1001, .ack = 1, .len = 500);    /* 6000 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 1001, 1501 } });
    in (ACK, .seq = 2001, .ack = 1, .len = 500);    /* 7000 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 2001, 2501 }, { 1001, 1501 } });
    in (ACK, .seq = 3001, .ack = 1, .len = 500);    /* 8000 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 3001, 3501 }, { 2001, 2501 }, { 1001, 1501 } });
    in (ACK, .seq = 1501, .ack = 1, .len = 500);    /* 6500 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 1001, 2501 }, { 3001, 3501 } });
    in (ACK, .seq = 501, .ack = 1, .len = 500);     /* 5500 */
    out(ACK, .seq = 1, .ack = 2501, .sack = { { 3001, 3501 } });
}

/* Not the highest, not the lowest: those that were first in the last options. */
SCRIPT(each_block_is_reported_three_times)          /* RFC 2018 4 */
{
    static const uint32_t at[] = { 4001, 1001, 6001, 2001, 5001, 3001, 7001 };
    given(ESTABLISHED, .sack = true, .timestamps = true);
    struct tcp_segment seg;
    for (unsigned i = 0; i < 7; i++) {
        in (ACK, .seq = at[i], .ack = 1, .len = 100);
        check(world_pull(__LINE__, &seg));
        check_eq(seg.options.sack_count, i < 2 ? i + 1 : 3);
        for (unsigned k = 0; k < seg.options.sack_count; k++)
            check_eq(seg.options.sack[k].left.n, w.irs.n + at[i - k]);
    }
    in (ACK, .seq = 6101, .ack = 1, .len = 100);    /* what grows is the newest again */
    out(ACK, .seq = 1, .ack = 1, .sack = { { 6001, 6201 }, { 7001, 7101 }, { 3001, 3101 } });
    in (ACK, .seq = 3101, .ack = 1, .len = 4000);   /* three become one; the others are told */
    out(ACK, .seq = 1, .ack = 1, .sack = { { 4001, 4101 }, { 3001, 7101 }, { 2001, 2101 } });
    in (ACK, .seq = 101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 201 }, { 3001, 7101 }, { 2001, 2101 } });
    in (ACK, .seq = 2101, .ack = 1, .len = 900);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 2001, 7101 }, { 101, 201 }, { 1001, 1101 } });
}

/* What has become part of another block takes no place among those that are told again. */
SCRIPT(a_block_that_swallows_others)                /* RFC 2018 4 */
{
    static const uint32_t at[] = { 9001, 8001, 101, 3001, 3201 };
    given(ESTABLISHED, .sack = true);
    for (unsigned i = 0; i < 5; i++) {
        in (ACK, .seq = at[i], .ack = 1, .len = 100);
        (void)acks(1);
    }
    in (ACK, .seq = 3101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1,
        .sack = { { 3001, 3301 }, { 101, 201 }, { 8001, 8101 }, { 9001, 9101 } });
}

/* An ACK that no segment of the peer's has asked for, and our text, say it too. */
SCRIPT(every_ack_beside_a_hole_has_sack)            /* RFC 2018 4 */
{
    config.receive_buffer = 4096;
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 1, .ack = 1, .len = 3000);
    acked(3001);
    in (ACK, .seq = 3501, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 3001, .sack = { { 3501, 4001 } });
    user_receive(3000);
    out(ACK, .seq = 1, .ack = 3001, .wnd = 4096, .sack = { { 3501, 4001 } });
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 3001, .len = 10, .sack = { { 3501, 4001 } });
}

SCRIPT(as_many_blocks_as_fit)                       /* RFC 2018 3, 4 */
{
    for (uint32_t ts = 0; ts < 2; ts++) {
        given(ESTABLISHED, .sack = true, .timestamps = ts);
        struct tcp_segment seg;
        for (uint32_t i = 1; i <= 6; i++) {
            in (PSH|ACK, .seq = 1 + 200 * i, .ack = 1, .len = 100);
            check(world_pull(__LINE__, &seg));
            uint32_t most = ts ? 3 : 4;
            check_eq(seg.options.sack_count, i < most ? i : most);
            check_eq(seg.options.sack[0].left.n, w.irs.n + 1 + 200 * i);
            check_eq(seg.options.sack[0].right.n, w.irs.n + 101 + 200 * i);
        }
    }
}

/* Also on segments with text, whose text makes room for the option. */
SCRIPT(sack_on_segments_with_text)                  /* RFC 2018 4 */
{
    given(ESTABLISHED, .sack = true, .timestamps = true);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 201 } });
    user_send(1000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000 - 12 - 12, .sack = { { 101, 201 } });
    in (ACK, .seq = 1, .ack = SND_NXT);
    out(PSH|ACK, .seq = 977, .ack = 1, .len = 24, .sack = { { 101, 201 } });
}

SCRIPT(text_that_was_reported_is_kept)              /* RFC 2018 8 */
{
    given(ESTABLISHED, .sack = true);
    for (uint32_t i = 20; i > 0; i--) {             /* from the far end */
        in (PSH|ACK, .seq = 1 + 100 * i, .ack = 1, .len = 100);
        out(ACK, .seq = 1, .ack = 1, .sack = { { 1 + 100 * i, 2101 } });
    }
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 2101);
    user_receive(2100);
}

/* More islands than may be remembered: what is not kept was never reported, and comes again. */
SCRIPT(more_holes_than_memory_for_them)             /* RFC 2018 8 */
{
    enum { ISLANDS = RANGES_MOST + 60 };
    config.receive_buffer = 200000;
    given(ESTABLISHED, .sack = true, .wscale = SHIFT(0));
    for (uint32_t i = 1; i <= ISLANDS; i++) {
        in (PSH|ACK, .seq = 1 + 20 * i, .ack = 1, .len = 10);
        acks(1);
        check_eq(event_count(memory), i > RANGES_MOST ? i - RANGES_MOST : 0);
    }
    for (uint32_t i = 0; i <= ISLANDS; i++) {       /* everything again, in order */
        in (PSH|ACK, .seq = 1 + 20 * i, .ack = 1, .len = 20);
        (void)acks(1);
    }
    acked(1 + 20 * (ISLANDS + 1));
    user_receive(20 * (ISLANDS + 1));
}

/* Slow start went too far: what did arrive is kept, and only the rest has to come again. */
SCRIPT(every_second_segment_of_a_large_window)      /* RFC 2018 8 */
{
    enum { SEGMENTS = 3000, LENGTH = 1000 };
    config.receive_buffer = 4u << 20;
    given(ESTABLISHED, .sack = true, .wscale = SHIFT(0));
    in (ACK, .seq = 1, .ack = 1, .len = LENGTH);
    acked(1 + LENGTH);
    for (uint32_t i = 2; i < SEGMENTS; i += 2) {
        in (ACK, .seq = 1 + LENGTH * i, .ack = 1, .len = LENGTH);
        check(acks(1) == 1);
    }
    check_eq(event_count(memory), 0);
    for (uint32_t i = 1; i < SEGMENTS; i += 2) {
        in (ACK, .seq = 1 + LENGTH * i, .ack = 1, .len = LENGTH);
        acked(1 + LENGTH * (i + 2 < SEGMENTS ? i + 2 : SEGMENTS));
        if (i % 128 == 1) {
            user_receive(LENGTH);                   /* beside what is held */
            (void)acks(1);
        }
    }
    check_eq(w.slab.in_use, 0);
    for (uint32_t left = SEGMENTS - SEGMENTS / 128 - 1, n; left > 0; left -= n) {
        n = left < 1000 ? left : 1000;
        user_receive(LENGTH * n);
        (void)acks(1);
    }
}

/* Single octets anywhere in a large window: what they take is bounded, and so is each search. */
SCRIPT(octets_anywhere_in_the_window)               /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    enum { WINDOW = 4 << 20, SEGMENTS = 3 * RANGES_MOST };
    config.receive_buffer = WINDOW;
    given(ESTABLISHED, .sack = true, .wscale = SHIFT(0));
    uint32_t at = 1, highest = 0;
    in (ACK, .seq = WINDOW, .ack = 1, .len = 1);    /* so that the peer may have sent it all */
    (void)acks(1);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        at = at * 1664525u + 1013904223u;
        in (ACK, .seq = 2 + (at >> 8) % (WINDOW - 2), .ack = 1, .len = 1);
        check(acks(1) == 1);
        highest = w.pool.in_use > highest ? w.pool.in_use : highest;
    }
    check(event_count(memory) > 1000);
    check(highest <= WINDOW / POOL_PAGE + 2 + 1 + 2 * RANGES_MOST / 384 + 2);
}

/* A sender whose last text was lost hears that the FIN is there. */
SCRIPT(a_fin_beyond_a_hole_is_reported)             /* RFC 2018 4, RFC 9293 3.10.7.4 [SHLD-31] */
{
    given(ESTABLISHED, .sack = true);
    in (FIN|ACK, .seq = 101, .ack = 1);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 102 } });
    in (ACK, .seq = 51, .ack = 1, .len = 50);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 51, 102 } });
    in (FIN|ACK, .seq = 51, .ack = 1, .len = 50);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 51, 102 }, { 51, 102 } });
    in (ACK, .seq = 1, .ack = 1, .len = 40);
    out(ACK, .seq = 1, .ack = 41, .sack = { { 51, 102 } });
    user_receive(40);
    in (ACK, .seq = 41, .ack = 1, .len = 10);
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    user_receive(60);
    given(ESTABLISHED, .sack = true);
    in (FIN|ACK, .seq = 101, .ack = 1);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 102 } });
    in (ACK, .seq = 102, .ack = 1, .len = 50);      /* there is nothing behind a FIN */
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 152 } });
    in (ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    user_receive(100);
    check_eq(tcp_receive(&w.tcp, &(uint8_t){ 0 }, 1, w.now), 0);
    check_eq(w.slab.in_use, 0);
}

/* A peer that ends its text here, and there, and there: the first of its FINs counts. The others
 * are no text: octets that nobody sent are never handed to the user. */
SCRIPT(fins_of_which_only_one_can_be_true)          /* RFC 9293 3.10.7.4 [SHLD-31] */
{
    given(ESTABLISHED, .sack = true);
    in (FIN|ACK, .seq = 101, .ack = 1);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 102 } });
    in (FIN|ACK, .seq = 201, .ack = 1);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 102 } });
    in (FIN|PSH|ACK, .seq = 102, .ack = 1, .len = 99);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 201 } });
    check_eq(event_count(dropped), 2);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    user_receive(100);
    check_eq(tcp_receive(&w.tcp, &(uint8_t){ 0 }, 1, w.now), 0);

    given(ESTABLISHED, .sack = true);
    for (uint32_t at = 9001; at > 101; at -= 100) {     /* over pages that were never there */
        in (FIN|ACK, .seq = at, .ack = 1);
        out(ACK, .seq = 1, .ack = 1, .sack = { { 9001, 9002 } });
    }
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);           /* one that is next is taken */
    out(ACK, .seq = 1, .ack = 102);
    state(CLOSE_WAIT);
    user_receive(100);
    check_eq(w.slab.in_use, 0);
}

SCRIPT(overlapping_text_beyond_a_hole)              /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    given(ESTABLISHED, .sack = true);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 201 } });
    in (PSH|ACK, .seq = 151, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 151, 201 }, { 101, 251 } });
    in (PSH|ACK, .seq = 51, .ack = 1, .len = 300);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 251 }, { 51, 351 } });
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 400);   /* fills it and goes beyond */
    out(ACK, .seq = 1, .ack = 401, .sack = { { 51, 351 } });
    user_receive(400);
}

/* The sender keeps everything until it is acknowledged cumulatively: the peer may renege. */
SCRIPT(a_peer_that_reneges)                         /* RFC 2018 5, 8 */
{
    given(ESTABLISHED, .sack = true);
    user_send(3000);
    check_eq(drain().octets, 3000);
    in (ACK, .seq = 1, .ack = 1, .sack = { { 1, 3001 } });      /* even the left edge */
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);
    for (unsigned i = 0; SND_UNA < 3001 && i < 10; i++) {
        struct tcp_segment seg;
        uint32_t end = 0;
        while (world_pull(__LINE__, &seg)) {
            check(seg.text_len > 0);
            end = seg.seq.n + seg.text_len - w.iss.n;
        }
        if (end > SND_UNA)
            in (ACK, .seq = 1, .ack = end);
        else
            after(SECONDS(4));
    }
    check_eq(SND_UNA, 3001);
}
