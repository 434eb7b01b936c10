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

/* More islands than can be remembered: what is not kept is not reported, and comes again. */
SCRIPT(more_holes_than_memory_for_them)             /* RFC 2018 8 */
{
    enum { ISLANDS = 60 };
    given(ESTABLISHED, .sack = true);
    for (uint32_t i = 1; i <= ISLANDS; i++) {
        in (PSH|ACK, .seq = 1 + 20 * i, .ack = 1, .len = 10);
        acks(1);
    }
    for (uint32_t i = 0; i <= ISLANDS; i++) {       /* everything again, in order */
        in (PSH|ACK, .seq = 1 + 20 * i, .ack = 1, .len = 20);
        (void)acks(1);
    }
    acked(1 + 20 * (ISLANDS + 1));
    user_receive(20 * (ISLANDS + 1));
}

SCRIPT(overlapping_text_beyond_a_hole)              /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    given(ESTABLISHED, .sack = true);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 201 } });
    in (PSH|ACK, .seq = 151, .ack = 1, .len = 100);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 101, 251 } });
    in (PSH|ACK, .seq = 51, .ack = 1, .len = 300);
    out(ACK, .seq = 1, .ack = 1, .sack = { { 51, 351 } });
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 400);   /* fills it and goes beyond */
    out(ACK, .seq = 1, .ack = 401);
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
