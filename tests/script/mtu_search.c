/* mtu_search.c - the search for the path's MTU as a whole, when it may go on, and what a router
 * says of it (RFC 4821 7, 10.1, RFC 1191 6, RFC 8201 5, RFC 5927 7.2). */
#include "tests/script/path.h"

#include <string.h>

/* The largest, then common sizes, until it is not worth it any more; then none. */
SCRIPT(the_search)                          /* RFC 4821 7.1, 7.3: R4821-7.1-a, R4821-7.3-a */
{
    static const struct { uint32_t limit, found; } paths[] = {
        { 1360, 1360 }, { 1380, 1380 }, { 1400, 1400 }, { 1432, 1420 }, { 1440, 1440 },
        { 1452, 1452 }, { 1240, 1240 }, { 1100, 1080 }, { BASE, BASE },
    };
    for (unsigned k = 0; k < sizeof paths / sizeof paths[0]; k++) {
        path_black_hole(__LINE__, true, false);
        path.limit = paths[k].limit;
        w.tcp.out->cc.ssthresh = 10 * BASE;         /* text enough for all of it */
        uint32_t probes = 0;
        for (unsigned i = 0; i < 3000 && !w.tcp.mtu_found; i++) {
            uint32_t low = w.tcp.mtu, high = w.tcp.mtu_most;
            uint32_t before = path.probes;
            if (script_status().send_queued < 100000 && path.una < STREAM - 210000)
                user_send(50000);
            (void)path_turn(__LINE__);
            if (path.probes == before)
                continue;
            probes++;
            check(path.last_probe + 20 > low && path.last_probe + 20 <= high);
            (void)path_turn(__LINE__);
            (void)path_turn(__LINE__);
            w.tcp.out->mtu.not_before = w.now;      /* nobody has to wait here */
        }
        check(w.tcp.mtu_found);
        check(probes <= 7);
        check(mss() >= paths[k].found - 32 && mss() <= paths[k].limit);
        check_eq(w.tcp.mtu_most, w.tcp.mtu);
        w.tcp.out->mtu.not_before = w.now;
        uint32_t before = path.probes;
        for (unsigned i = 0; i < 10; i++)
            (void)path_turn(__LINE__);
        check_eq(path.probes, before);
    }
    (void)discard();
}

/* The owner says that ten minutes are over. Nothing is sent again, the next size is a probe. */
SCRIPT(and_once_more)                               /* RFC 4821 7.3, RFC 1191 6.3, R1191-6.3-a */
{
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    w.tcp.mtu_most = w.tcp.mtu;                     /* converged there */
    for (unsigned i = 0; i < 8; i++)
        (void)path_turn(__LINE__);
    check_eq(path.probes, 0);
    uint32_t again = script_status().retransmits;
    tcp_set_mtu(&w.tcp, 1480);
    check_eq(mss(), BASE);
    check(path_until_probe(__LINE__, 10));
    check_eq(mss(), FULL);
    check_eq(script_status().retransmits, again);
    (void)discard();
}

SCRIPT(a_route_that_carries_more)                   /* RFC 1191 6.3, R1191-6.3-a */
{
    path_begin(__LINE__, true, false);
    tcp_set_mtu(&w.tcp, 1004);
    check_eq(mss(), BASE);
    user_send(30000);
    (void)drain();
    tcp_set_mtu(&w.tcp, 1480);                      /* nobody had said that it is a black hole */
    check_eq(mss(), FULL);
    quiet();
    in (ACK, .seq = 1, .ack = 1 + BASE);
    (void)drain();
    check_eq(script_status().retransmits, 0);
    (void)discard();
}

/* Not without text for it and for those behind it, not with a small window, not while something
 * is lost, and one at a time. */
SCRIPT(when_no_probe_leaves)                        /* RFC 4821 7.4, R4821-7.4-a */
{
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    while (script_status().send_queued > 4000)
        (void)path_turn(__LINE__);
    uint32_t before = path.probes;
    w.tcp.mtu = 1004;                               /* as if none had left yet */
    w.tcp.mtu_most = 1480;
    tcp_set_mtu(&w.tcp, 1480);
    while (script_status().send_queued > 0)
        (void)path_turn(__LINE__);
    for (unsigned i = 0; i < 20; i++) {             /* too little at a time */
        user_send(FULL + 2 * BASE);
        (void)path_turn(__LINE__);
        (void)path_turn(__LINE__);
    }
    check_eq(path.probes, before);
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    path.lose_from = path.una + 8 * BASE;           /* something is missing */
    path.lose_to = path.lose_from + 1;
    for (unsigned i = 0; i < 900 && path.probes == 0; i++) {
        bool missing = w.tcp.out->queue.lost + w.tcp.out->queue.sacked > 0;
        struct tcp_segment seg;
        if (missing && world_pull(__LINE__, &seg)) {
            check(seg.text_len <= BASE);
            path_deliver(__LINE__, seg.seq.n - w.iss.n - 1, seg.text_len);
        } else {
            (void)path_turn(__LINE__);
        }
    }
    check(path.probes > 0);
    (void)discard();
}

/* The last segments, so nothing behind it tells: a timeout, which counts. */
SCRIPT(a_probe_and_a_timeout)                       /* RFC 4821 7.6.3 */
{
    path_black_hole(__LINE__, true, false);
    uint32_t left = path_probe(__LINE__);
    (void)discard();
    if (SND_UNA < left)
        in (ACK, .seq = 1, .ack = left);
    (void)discard();
    uint32_t segments = script_status().cwnd / BASE;
    after(tcp_next_timeout(&w.tcp) - w.now);
    check_eq(script_status().cwnd, BASE);
    check_eq(w.tcp.mtu_most, FULL + 20 - 1);
    check(w.tcp.out->mtu.not_before >= w.now + 5 * segments * MS(RTT) / 2);
    (void)discard();
}

/* A size that arrived once and then makes a timeout was wrong. */
SCRIPT(too_large_after_all)                         /* RFC 4821 7.8, R4821-7.8-a */
{
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    check(path_until_probe(__LINE__, 60));
    check_eq(mss(), FULL);
    path.limit = BASE;
    uint64_t before = event_count(timer);
    while (event_count(timer) == before)
        (void)path_turn(__LINE__);
    check_eq(mss(), BASE);
    check(w.tcp.mtu_most < FULL + 20);
    uint32_t una = path.una;
    for (unsigned i = 0; i < 8; i++)
        (void)path_turn(__LINE__);
    check(path.una > una + 10000);
    (void)discard();
}

/* ... unless others of that size had arrived: then it was an ordinary loss. */
SCRIPT(not_too_large)                               /* RFC 4821 7.8, R4821-7.8-a */
{
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    check(path_until_probe(__LINE__, 60));
    for (unsigned i = 0; i < 3; i++)
        (void)path_turn(__LINE__);
    path.limit = BASE;
    uint64_t before = event_count(timer);
    while (event_count(timer) < before + 3)
        (void)path_turn(__LINE__);
    check_eq(mss(), FULL);
    path.limit = FULL;
    (void)path_turn(__LINE__);
    (void)path_turn(__LINE__);
    check_eq(mss(), FULL);
    check_eq(w.tcp.mtu_most, FULL + 20);
    (void)discard();
}

SCRIPT(not_more_than_three_segments)                /* RFC 4821 10.1, R4821-10.1-a */
{
    path_black_hole(__LINE__, true, false);
    tcp_set_mtu(&w.tcp, 120);                       /* then the route carries more again */
    check_eq(mss(), 100);
    tcp_set_mtu(&w.tcp, FULL + 20);
    path.limit = FULL;
    while (mss() < FULL && path.una < 290000) {
        uint32_t before = path.probes, now = mss();
        (void)path_turn(__LINE__);
        if (path.probes != before)
            check(path.last_probe <= 3 * now);
    }
    check_eq(mss(), FULL);
    (void)discard();
}

SCRIPT(upward_from_the_beginning)                   /* RFC 4821 7.2, R4821-7.2-a */
{
    config.mtu_probing = AKSU_MTU_PROBING_ALWAYS;
    for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
        path_begin(__LINE__, true, ipv6);
        check_eq(mss(), ipv6 ? 1220 : BASE);
        check_eq(w.our_mss, ipv6 ? 1440 : FULL);    /* what we take is another matter */
        user_send(200000);
        struct tcp_segment seg;
        check(world_pull(__LINE__, &seg));
        check(seg.text_len <= (ipv6 ? 1220 : BASE));
        path_deliver(__LINE__, 0, seg.text_len);
        for (unsigned i = 0; i < 20; i++)
            (void)path_turn(__LINE__);
        check_eq(mss(), ipv6 ? 1440 : FULL);
        check_eq(script_status().retransmits, 0);
    }
    (void)discard();
}

/* What the peer takes bounds the search, whatever the path carries. */
SCRIPT(never_more_than_the_peer_takes)              /* RFC 8201 5.4, R8201-5.4-a */
{
    config.mtu_probing = AKSU_MTU_PROBING_ALWAYS;
    config.send_buffer = 500000;
    memset(&path, 0, sizeof path);
    path.limit = FULL;
    given(ESTABLISHED, .sack = true, .mss = 1200, .wnd = 65000, .rtt = MS(RTT));
    user_send(100000);
    for (unsigned i = 0; i < 30; i++)
        (void)path_turn(__LINE__);
    check_eq(mss(), 1200);
    check_eq(path.largest, 1200);
    check(!w.tcp.mtu_found);                        /* of the path it says nothing */
    (void)discard();
}

/* --- what a router says --- */

#define too_big(mtu_, at) tcp_too_big(&w.tcp, (mtu_), seq_add(w.iss, (at)), w.now)

/* One message for each of ten segments: everything leaves once more, once, in a window that is
 * smaller as the segments are. RFC 1191 6.4, R1191-6.4-a */
SCRIPT(ten_messages)                                /* RFC 5681 3.1, R5681-3.1-d */
{
    path_begin(__LINE__, true, false);
    user_send(14600);
    check_eq(drain().segments, 10);
    uint32_t cwnd = script_status().cwnd, again = 0;
    for (uint32_t i = 0; i < 10; i++) {
        check_eq(too_big(980, 1 + FULL * i), i == 0);
        struct tcp_segment seg;
        while (world_pull(__LINE__, &seg)) {
            check(seg.text_len <= 960);
            again += seg.text_len;
        }
    }
    check_eq(mss(), 960);
    check_eq(script_status().cwnd, cwnd / FULL * 960);
    check(again <= 14600);
    check_eq(ssthresh(), 0);                        /* no congestion */
    (void)discard();
}

/* About a probe: no congestion either, and the text leaves at once. */
SCRIPT(a_message_about_a_probe)                     /* RFC 8201 5.4, R8201-5.4-b */
{
    path_black_hole(__LINE__, true, false);
    uint32_t left = path_probe(__LINE__);
    uint32_t cwnd = script_status().cwnd, threshold = ssthresh();
    uint32_t again = script_status().retransmits;
    uint64_t lost = event_count(lost);
    check(!too_big(1200, left - 1));                /* another segment */
    check(!too_big(1480, left));
    check_eq(event_count(lost), lost);
    check(too_big(1200, left));
    check_eq(event_count(lost), lost + 1);
    check_eq(w.tcp.mtu_most, 1200);
    check_eq(mss(), BASE);
    check_eq(script_status().cwnd, cwnd);
    check_eq(ssthresh(), threshold);
    (void)discard();
    check_eq(script_status().retransmits, again + 2);
    (void)discard();
}

/* Something larger has arrived, so the message is not believed before a timeout says so, too. */
SCRIPT(a_message_against_the_evidence)              /* RFC 5927 7.2, R5927-7.2-a */
{
    path_begin(__LINE__, true, false);
    user_send(300000);
    (void)path_turn(__LINE__);
    w.tcp.out->cc.ssthresh = 20 * FULL;
    for (unsigned i = 0; i < 3; i++)
        (void)path_turn(__LINE__);
    (void)drain();
    uint32_t una = SND_UNA;
    check(!too_big(980, una));
    check_eq(mss(), FULL);
    in (ACK, .seq = 1, .ack = una + 2 * FULL);      /* it was wrong, */
    (void)drain();
    in (ACK, .seq = 1, .ack = SND_NXT);
    (void)drain();
    after(tcp_next_timeout(&w.tcp) - w.now);
    (void)discard();
    check_eq(mss(), FULL);                          /* ... and is forgotten */
    in (ACK, .seq = 1, .ack = SND_NXT);
    (void)drain();
    check(!too_big(980, SND_UNA));
    after(tcp_next_timeout(&w.tcp) - w.now);
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check_eq(seg.text_len, 960);
    check(w.tcp.mtu_found);
    (void)discard();
}

/* Nothing so large was sent. */
SCRIPT(a_message_about_nothing)                     /* RFC 5927 7.2, R5927-7.2-a */
{
    path_begin(__LINE__, true, false);
    user_send(500);
    (void)drain();
    check(!too_big(600, 1));
    check(!too_big(520, 1));
    check_eq(mss(), FULL);
    check(too_big(519, 1));
    check_eq(mss(), 499);
    (void)discard();
}

/* A smaller one while a probe is out: the probe's text leaves in small segments, and when those
 * arrive that says nothing of the probe's size. */
SCRIPT(a_message_while_a_probe_is_out)              /* RFC 8201 5.4, R8201-5.4-b */
{
    path_black_hole(__LINE__, true, false);
    uint32_t left = path_probe(__LINE__);
    w.tcp.out->mtu.acked = 0;
    check(too_big(596, left + 1));
    check_eq(mss(), 576);
    path.limit = 576;
    for (unsigned i = 0; i < 4; i++)
        (void)path_turn(__LINE__);
    check_eq(mss(), 576);
    check_eq(w.tcp.mtu_most, 596);
    (void)discard();
}

/* The peer's window closes over a probe, and what was in it leaves again in small segments. */
SCRIPT(a_closed_window_while_a_probe_is_out)        /* RFC 4821 7.6.1, R4821-7.6-a */
{
    path_black_hole(__LINE__, true, false);
    (void)path_probe(__LINE__);
    (void)drain();
    uint32_t una = SND_UNA;
    in (ACK, .seq = 1, .ack = una, .wnd = ZERO);
    after(MS(100));
    in (ACK, .seq = 1, .ack = una, .wnd = 16000);
    struct tcp_segment seg;
    while (world_pull(__LINE__, &seg))
        check(seg.text_len <= BASE);
    in (ACK, .seq = 1, .ack = SND_NXT);
    check_eq(mss(), BASE);
    (void)discard();
}

/* A router that had no answer for a while explains nothing once text has arrived again. */
SCRIPT(an_old_soft_error_and_a_black_hole)          /* RFC 4821 7.7, R4821-7.7-a */
{
    path_begin(__LINE__, true, false);
    user_send(400000);
    check(drain().segments > 0);
    check(tcp_icmp_error(&w.tcp, AKSU_UNREACHABLE_HOST, false, w.tcp.snd.una, w.now));
    in (ACK, .seq = 1, .ack = SND_NXT);
    path.una = SND_UNA - 1;
    path.limit = BASE;
    for (unsigned i = 0; i < 20 && !w.tcp.black_hole; i++)
        (void)path_turn(__LINE__);
    check(w.tcp.black_hole);
    (void)discard();
}

/* With a small MSS of the peer's, segments are small: a message about large ones is about nothing
 * that was sent, whatever the path's MTU is thought to be. */
SCRIPT(a_message_about_more_than_the_mss)           /* RFC 5927 7.2, R5927-7.2-a */
{
    given(ESTABLISHED, .sack = true, .mss = 536, .wnd = 65000, .rtt = MS(RTT));
    user_send(5000);
    check(drain().segments > 0);
    check(!too_big(1400, 1));
    check(!too_big(560, 1));
    check_eq(script_status().retransmits, 0);
    (void)discard();
}

/* What has arrived is remembered over a pause. */
SCRIPT(the_evidence_outlives_a_pause)               /* RFC 5927 7.2, R5927-7.2-a */
{
    path_begin(__LINE__, true, false);
    user_send(20 * FULL);
    for (unsigned i = 0; i < 4; i++)
        (void)path_turn(__LINE__);
    check_eq(SND_UNA, SND_NXT);
    after(MS(600));
    check(w.tcp.out == NULL);
    user_send(4 * FULL);
    uint32_t una = SND_UNA;
    check(drain().segments > 0);
    check(!too_big(980, una));
    check_eq(mss(), FULL);
    (void)discard();
}

/* A router's word about a segment far from all that is known: it is not searched for in all that is
 * outstanding, and counts as being about a segment of full size. */
SCRIPT(a_message_about_the_middle)                  /* RFC 5927 7.2 */
{
    config.initial_window = 60;
    given(ESTABLISHED, .sack = true, .wnd = 65000, .rtt = MS(50));
    user_set(NODELAY, 1);
    for (unsigned i = 0; i < 2 * SENT_STEPS + 200; i++) {
        w.now += US(1);
        user_send(10);
        check_eq(discard(), 1);
    }
    check_eq(w.tcp.out->queue.count, 2 * SENT_STEPS + 200);
    check(!too_big(600, 10 * 100 + 1));                       /* it was smaller */
    check(too_big(600, 10 * (SENT_STEPS + 100) + 1));
    (void)discard();
}
