/* dsack.c - text that comes twice, as a receiver reports it (RFC 2883 4). The numbers are those of
 * the examples of the RFC. */
#include "tests/script/script.h"

/* 4000 octets have arrived and are acknowledged. */
static void four_thousand(void)
{
    given(ESTABLISHED, .sack = true);
    for (uint32_t at = 0; at < 4000; at += 500)
        batch(ACK, .seq = at + 1, .ack = 1, .len = 500);
    (void)discard();
    check_eq(RCV_NXT, 4001);
}

SCRIPT(a_whole_segment_again)                       /* RFC 2883 4, 4.1.1 */
{
    four_thousand();
    in (ACK, .seq = 3001, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 3001, 3501 } });
    in (ACK, .seq = 3501, .ack = 1, .len = 500);    /* up to RCV.NXT */
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 3501, 4001 } });
}

SCRIPT(a_duplicate_is_reported_once)                /* RFC 2883 4 */
{
    four_thousand();
    in (ACK, .seq = 3001, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 3001, 3501 } });
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 4001, .len = 10);
    in (ACK, .seq = 4501, .ack = 11, .len = 500);
    out(ACK, .seq = 11, .ack = 4001, .sack = { { 4501, 5001 } });
    in (ACK, .seq = 3001, .ack = 11, .len = 500);   /* twice: twice */
    out(ACK, .seq = 11, .ack = 4001, .sack = { { 3001, 3501 }, { 4501, 5001 } });
}

SCRIPT(a_duplicate_below_beside_a_hole)             /* RFC 2883 4.1.2 */
{
    four_thousand();
    in (ACK, .seq = 4501, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 4501, 5001 } });
    in (ACK, .seq = 3001, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 3001, 3501 }, { 4501, 5001 } });
}

SCRIPT(a_duplicate_out_of_order)                    /* RFC 2883 4, 4.1.3 */
{
    four_thousand();
    in (ACK, .seq = 4501, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 4501, 5001 } });
    in (ACK, .seq = 5001, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 4501, 5501 } });
    in (ACK, .seq = 5001, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 5001, 5501 }, { 4501, 5501 } });
    in (ACK, .seq = 6001, .ack = 1, .len = 500);    /* the whole block is the second, always */
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 6001, 6501 }, { 4501, 5501 } });
    in (ACK, .seq = 4501, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 4501, 4601 }, { 4501, 5501 }, { 6001, 6501 } });
}

/* Read together: the first one is reported, and the second block is the one around it. */
SCRIPT(two_duplicates_out_of_order_before_one_ack)  /* RFC 2883 4 */
{
    four_thousand();
    in (ACK, .seq = 4501, .ack = 1, .len = 500);
    batch(ACK, .seq = 5501, .ack = 1, .len = 500);
    (void)discard();
    in (ACK, .seq = 4601, .ack = 1, .len = 100);
    batch(ACK, .seq = 5601, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 4601, 4701 }, { 4501, 5001 }, { 5501, 6001 } });
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 5501, 6001 }, { 4501, 5001 } });
}

SCRIPT(part_of_a_segment_again)                     /* RFC 2883 4, 4.2.1 */
{
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 501, .ack = 1, .len = 500);     /* 500 and 1000 are the RFC's 1000 and 1500 */
    out(ACK, .seq = 1, .ack = 1, .sack = { { 501, 1001 } });
    in (ACK, .seq = 1, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 1001);
    in (ACK, .seq = 1501, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 1001, .sack = { { 1501, 2001 } });
    in (ACK, .seq = 501, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 2001, .sack = { { 501, 1001 } });
    in (ACK, .seq = 1001, .ack = 1, .len = 1500);   /* the old part in front, no hole: at once */
    out(ACK, .seq = 1, .ack = 2501, .sack = { { 1001, 2001 } });
    in (ACK, .seq = 2501, .ack = 1, .len = 100);    /* nothing came twice: this one may wait */
    quiet();
    acked(2601);
}

SCRIPT(two_parts_again_below_the_ack)               /* RFC 2883 4.2, 4.2.2 */
{
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 1, .ack = 1, .len = 500);
    acked(501);
    in (ACK, .seq = 2501, .ack = 1, .len = 500);    /* 3000 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 2501, 3001 } });
    in (ACK, .seq = 501, .ack = 1, .len = 500);     /* 1000 */
    out(ACK, .seq = 1, .ack = 1001, .sack = { { 2501, 3001 } });
    in (ACK, .seq = 1501, .ack = 1, .len = 500);    /* 2000 */
    out(ACK, .seq = 1, .ack = 1001, .sack = { { 1501, 2001 }, { 2501, 3001 } });
    in (ACK, .seq = 501, .ack = 1, .len = 1500);
    out(ACK, .seq = 1, .ack = 2001, .sack = { { 501, 1001 }, { 2501, 3001 } });
}

SCRIPT(two_parts_again_above_the_ack)               /* RFC 2883 4.2, 4.2.3 */
{
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 1, .ack = 1, .len = 500);
    acked(501);
    in (ACK, .seq = 3001, .ack = 1, .len = 500);    /* 3500 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 3001, 3501 } });
    in (ACK, .seq = 1001, .ack = 1, .len = 500);    /* 1500 */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 1001, 1501 }, { 3001, 3501 } });
    in (ACK, .seq = 2001, .ack = 1, .len = 500);    /* 2500 in the text, 2000 in the table */
    out(ACK, .seq = 1, .ack = 501, .sack = { { 2001, 2501 }, { 1001, 1501 }, { 3001, 3501 } });
    in (ACK, .seq = 1001, .ack = 1, .len = 1500);
    out(ACK, .seq = 1, .ack = 501, .sack = { { 1001, 1501 }, { 1001, 2501 }, { 3001, 3501 } });
}

/* Text at RCV.NXT that runs into what was held. */
SCRIPT(the_rest_of_a_segment_again)                 /* RFC 2883 4 */
{
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 501, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 501, 1001 } });
    in (ACK, .seq = 1, .ack = 1, .len = 700);
    out(ACK, .seq = 1, .ack = 1001, .sack = { { 501, 701 } });
}

/* What a sender repeats in a row, read as one batch, is one sequence. */
SCRIPT(duplicates_in_a_row_are_one)                 /* RFC 2883 4 */
{
    four_thousand();
    in (ACK, .seq = 1001, .ack = 1, .len = 500);
    batch(ACK, .seq = 1501, .ack = 1, .len = 500);
    batch(ACK, .seq = 3001, .ack = 1, .len = 500);  /* not in the row: the first is reported */
    out(ACK, .seq = 1, .ack = 4001, .sack = { { 1001, 2001 } });
}

SCRIPT(a_fin_again)                                 /* RFC 2883 4 */
{
    given(ESTABLISHED, .sack = true);
    in (FIN|ACK, .seq = 1, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 502);
    in (FIN|ACK, .seq = 1, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 502, .sack = { { 1, 502 } });
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 1, .ack = 1, .len = 500);
    acked(501);
    in (FIN|ACK, .seq = 1, .ack = 1, .len = 500);   /* the text is old, the FIN is new */
    out(ACK, .seq = 1, .ack = 502, .sack = { { 1, 501 } });
    state(CLOSE_WAIT);
}

/* What lies behind a FIN is no text, but before it some of it has come again. */
SCRIPT(part_of_a_segment_again_and_more_than_a_fin) /* RFC 2883 4, RFC 9293 3.10.7.4 seventh */
{
    given(ESTABLISHED, .sack = true);
    in (FIN|ACK, .seq = 1, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102);
    in (ACK, .seq = 51, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 102, .sack = { { 51, 102 } });
    in (ACK, .seq = 102, .ack = 1, .len = 100);
    quiet();
    user_receive(100);
    state(CLOSE_WAIT);
}

SCRIPT(a_duplicate_at_a_closed_window)              /* RFC 2883 4 */
{
    config.receive_buffer = 4096;
    given(ESTABLISHED, .sack = true);
    in (ACK, .seq = 1, .ack = 1, .len = 4096);
    acked(4097);
    in (ACK, .seq = 3001, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4097, .wnd = ZERO, .sack = { { 3001, 3501 } });
    in (ACK, .seq = 4097, .ack = 1, .len = 1);      /* a probe is no duplicate */
    out(ACK, .seq = 1, .ack = 4097, .wnd = ZERO);
}

SCRIPT(beyond_the_window_is_no_duplicate)           /* RFC 2883 4 */
{
    four_thousand();
    in (ACK, .seq = 4001 + 32768, .ack = 1, .len = 500);
    out(ACK, .seq = 1, .ack = 4001);
}

SCRIPT(a_duplicate_with_an_old_timestamp)           /* RFC 2883 4.3 */
{
    given(ESTABLISHED, .sack = true, .timestamps = true);
    uint32_t first = w.ts_base;
    after(MS(100));
    in (ACK, .seq = 1, .ack = 1, .len = 500);
    acked(501);
    in (ACK, .seq = 1, .ack = 1, .len = 500, .ts_val = first - 1);
    out(ACK, .seq = 1, .ack = 501, .sack = { { 1, 501 } });
    in (ACK, .seq = 501, .ack = 1, .len = 500, .ts_val = first - 1);
    dropped("RFC 7323 5.3");
    out(ACK, .seq = 1, .ack = 501);
}

/* The block takes its part of the text of our next segment. */
SCRIPT(a_duplicate_beside_our_text)                 /* RFC 2883 4 */
{
    four_thousand();
    in (ACK, .seq = 3001, .ack = 1, .len = 500);
    user_send(1000);
    out(ACK, .seq = 1, .ack = 4001, .len = 1000 - 12, .sack = { { 3001, 3501 } });
    in (ACK, .seq = 4001, .ack = 989);
    out(PSH|ACK, .seq = 989, .ack = 4001, .len = 12);
}

SCRIPT(blocks_leave_room_for_the_duplicate)         /* RFC 2883 4, RFC 2018 3 */
{
    for (uint32_t ts = 0; ts < 2; ts++) {
        given(ESTABLISHED, .sack = true, .timestamps = ts);
        struct tcp_segment seg;
        for (uint32_t at = 1001; at <= 9001; at += 1000)
            batch(ACK, .seq = at, .ack = 1, .len = 100);
        (void)discard();
        in (ACK, .seq = 5001, .ack = 1, .len = 50);
        check(world_pull(__LINE__, &seg));
        check_eq(seg.options.sack_count, ts ? 3 : 4);
        check_eq(seg.options.sack[0].right.n, w.irs.n + 5051);
        check_eq(seg.options.sack[1].left.n, w.irs.n + 5001);
        check_eq(seg.options.sack[1].right.n, w.irs.n + 5101);
        check_eq(seg.options.sack[2].left.n, w.irs.n + 9001);
    }
}

SCRIPT(duplicates_are_not_reported_unasked)         /* RFC 2018 4, RFC 2883 4 */
{
    for (int how = 0; how < 2; how++) {
        config.dsack = how == 1;
        given(ESTABLISHED, .sack = how == 0);
        in (ACK, .seq = 1, .ack = 1, .len = 500);
        acked(501);
        in (ACK, .seq = 1, .ack = 1, .len = 500);
        out(ACK, .seq = 1, .ack = 501);
        in (ACK, .seq = 1001, .ack = 1, .len = 500);
        (void)discard();
        in (ACK, .seq = 1, .ack = 1, .len = 600);   /* partly old: no reason to hurry */
        (void)discard();
        in (ACK, .seq = 501, .ack = 1, .len = 600);
        acked(1501);
        in (ACK, .seq = 1401, .ack = 1, .len = 200);
        quiet();
        acked(1601);
    }
}
