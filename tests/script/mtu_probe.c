/* mtu_probe.c - large segments that vanish in silence, and probes of larger ones (RFC 4821 7). */
#include "tests/script/path.h"

#include <string.h>

/* --- silence --- */

/* It may be their size, or a cable: smaller ones take turns with what was in force. */
SCRIPT(silence_lets_smaller_segments_try)           /* RFC 4821 7.7, R4821-7.7-a */
{
    static const uint32_t sizes[] = { FULL, BASE, FULL, LEAST, FULL, BASE, FULL, LEAST, FULL };
    path_begin(__LINE__, true, false);
    user_send(14600);
    check_eq(drain().segments, 10);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        out(ACK, .seq = 1, .ack = 1, .len = sizes[i]);
        check_eq(mss(), sizes[i]);
        check_eq(script_status().cwnd, sizes[i]);   /* one segment */
        check(!w.tcp.black_hole);                   /* nothing shows that there is one */
    }
    (void)discard();
}

/* Such segments have arrived: all R1 retransmissions are lost before something smaller is tried,
 * and when one of them is not, nothing was. */
SCRIPT(silence_after_full_segments)                 /* RFC 4821 7.7, R4821-7.7-a */
{
    static const uint32_t sizes[] = { FULL, FULL, FULL, BASE, FULL, LEAST };
    for (unsigned ends = 3; ends <= 6; ends++) {
        path_begin(__LINE__, true, false);
        user_send(14600);
        (void)path_turn(__LINE__);
        user_send(2920);
        check_eq(drain().segments, 2);
        for (unsigned i = 0; i < ends; i++) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            if (w.tcp.resends == 0)                 /* that was a loss probe */
                after(drain().segments != 0 ? tcp_next_timeout(&w.tcp) - w.now : 0);
            out(ACK, .seq = 14601, .ack = 1, .len = sizes[i]);
        }
        in (ACK, .seq = 1, .ack = 14601 + sizes[ends - 1]);
        check_eq(w.tcp.black_hole, sizes[ends - 1] != FULL);
        check_eq(mss(), sizes[ends - 1]);
    }
    (void)discard();
}

/* The cable is back after so many timeouts. What was in force is in force again, at once or as soon
 * as a probe may leave. */
SCRIPT(a_pulled_cable)                              /* RFC 4821 7.7, 7.6.1: R4821-7.7-a */
{
    for (unsigned timeouts = 1; timeouts <= 12; timeouts++) {
        path_begin(__LINE__, true, false);
        user_send(200000);
        path.limit = 0;
        while (w.tcp.resends < timeouts)
            (void)path_turn(__LINE__);
        path.limit = FULL;
        (void)path_turn(__LINE__);
        check(path.una > 0);
        check_eq(w.tcp.black_hole, timeouts % 2 == 0);
        check_eq(mss(), timeouts % 2 != 0 ? FULL : timeouts % 4 == 2 ? BASE : LEAST);
        if (timeouts % 2 == 0)
            check(path_until_probe(__LINE__, 10));
        check_eq(mss(), FULL);
        check_eq(path.probes, timeouts % 2 == 0);
        check_eq(w.tcp.mtu_most, FULL + 20);
    }
    (void)discard();
}

/* What an acknowledgment adds tells which size has arrived, whatever was tried last. */
SCRIPT(the_size_that_arrived)                       /* RFC 4821 7.7, R4821-7.7-a */
{
    static const struct { uint32_t timeouts, acked, mss; } cases[] = {
        { 2, 3 * FULL, FULL },                      /* the first ones were late, not lost */
        { 2, FULL, FULL },
        { 3, BASE, BASE },                          /* the ACK of it was lost */
        { 4, BASE, BASE }, { 5, BASE, BASE }, { 5, LEAST, LEAST }, { 4, BASE + 1, FULL },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        path_begin(__LINE__, true, false);
        user_send(14600);
        check_eq(drain().segments, 10);
        while (w.tcp.resends < cases[i].timeouts) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            (void)discard();
        }
        in (ACK, .seq = 1, .ack = 1 + cases[i].acked);
        check_eq(mss(), cases[i].mss);
        check_eq(w.tcp.black_hole, cases[i].mss != FULL);
        (void)discard();
    }
}

/* Ten full segments, and nothing comes back. */
static void silent_for_two_timeouts(void)
{
    path_begin(__LINE__, true, false);
    user_send(14600);
    check_eq(drain().segments, 10);
    after(tcp_next_timeout(&w.tcp) - w.now);
    out(ACK, .seq = 1, .ack = 1, .len = FULL);
    after(tcp_next_timeout(&w.tcp) - w.now);
}

/* Meanwhile the owner looks at the route again, which says what it said, or less. */
SCRIPT(a_route_while_nothing_arrives)               /* RFC 4821 7.7, R4821-7.7-a */
{
    static const struct { uint16_t mtu; uint32_t tried, mss; } routes[] = {
        { FULL + 20, BASE, FULL }, { BASE + 120, BASE, BASE + 100 }, { LEAST - 80, LEAST - 100,
          LEAST - 100 },
    };
    for (unsigned i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        silent_for_two_timeouts();
        tcp_set_mtu(&w.tcp, routes[i].mtu);
        out(ACK, .seq = 1, .ack = 1, .len = routes[i].tried);
        after(tcp_next_timeout(&w.tcp) - w.now);
        out(ACK, .seq = 1, .ack = 1, .len = routes[i].mss);
        in (ACK, .seq = 1, .ack = 1 + routes[i].mss);
        check_eq(mss(), routes[i].mss);
        check(!w.tcp.black_hole || i == 2);
        (void)discard();
    }
}

/* A router gives a reason after all. */
SCRIPT(silence_that_is_explained)                   /* RFC 4821 7.7, R4821-7.7-a */
{
    for (unsigned kind = 0; kind < 2; kind++) {
        silent_for_two_timeouts();
        out(ACK, .seq = 1, .ack = 1, .len = BASE);
        if (kind == 0)
            check(tcp_icmp_error(&w.tcp, AKSU_UNREACHABLE_HOST, false, w.tcp.snd.una, w.now));
        else
            check(tcp_too_big(&w.tcp, 920, w.tcp.snd.una, w.now));
        (void)discard();
        while (w.tcp.resends < 4) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            (void)discard();
            check_eq(mss(), kind == 0 ? FULL : w.tcp.resends < 4 ? 900 : LEAST);
        }
    }
    (void)discard();
}

SCRIPT(ipv6_carries_1280)                           /* RFC 4821 7.7, RFC 8201 4 */
{
    path_begin(__LINE__, true, true);
    user_send(14400);
    check_eq(drain().segments, 10);
    for (unsigned i = 0; i < 8; i++) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        out(ACK, .seq = 1, .ack = 1, .len = i % 2 == 0 ? 1440 : 1220);
    }
    (void)discard();
}

/* It goes on with the smaller ones, and congestion control had its share: slow start. */
SCRIPT(after_a_black_hole)                          /* RFC 4821 7.7, 4, R4821-4-a */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        path_black_hole(__LINE__, sack, false);
        check(ssthresh() > 0);
        uint64_t timeouts = event_count(timer);
        while (path.probes == 0)
            (void)path_turn(__LINE__);
        check(path.una > 10000);
        check_eq(event_count(timer), timeouts);
        check_eq(mss(), BASE);
    }
    (void)discard();
}

/* A small segment was not lost to its size, a reason was given, or it is not wanted. */
SCRIPT(no_black_hole)                               /* RFC 4821 7.7 */
{
    for (unsigned kind = 0; kind < 3; kind++) {
        path_begin(__LINE__, true, false);
        if (kind == 2)
            config.mtu_probing = AKSU_MTU_PROBING_OFF;
        user_set(NODELAY, 1);
        user_send(kind == 0 ? 900 : 14600);
        (void)drain();
        if (kind == 1)
            check(tcp_icmp_error(&w.tcp, AKSU_UNREACHABLE_NET, false, seq_add(w.iss, 1), w.now));
        for (unsigned i = 0; i < 5; i++) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            (void)discard();
            check_eq(mss(), FULL);
        }
        check(!w.tcp.black_hole);
    }
    (void)discard();
}

/* --- probes --- */

/* The path was cut and is whole again: one probe, as large as it was before. */
SCRIPT(a_probe_that_arrives)                        /* RFC 4821 7.6.1, 4: R4821-7.6-a, R4821-4-b */
{
    for (unsigned sack = 0; sack < 2; sack++) {
        path_black_hole(__LINE__, sack, false);
        path.limit = FULL;
        path.largest = 0;
        check(path_until_probe(__LINE__, 60));
        check_eq(path.last_probe, FULL);
        check_eq(path.probes, 1);
        check_eq(mss(), FULL);
        check(w.tcp.mtu_found);
        check_eq(script_status().retransmits, event_count(retransmit));
        uint32_t again = script_status().retransmits;
        for (unsigned i = 0; i < 5; i++)
            (void)path_turn(__LINE__);
        check_eq(script_status().retransmits, again);
        check_eq(path.probes, 1);
    }
    (void)discard();
}

/* The window in octets is what it was, so it is fewer segments. */
SCRIPT(larger_segments_are_fewer)                   /* RFC 4821 4, R4821-4-b */
{
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    (void)path_probe(__LINE__);
    uint32_t before = script_status().cwnd, end = SND_NXT;
    w.tcp.out->cc.ssthresh = before;
    path.una = end - 1;
    memset(path.here, true, path.una);
    batch(ACK, .seq = 1, .ack = end);
    check_eq(mss(), FULL);
    check(script_status().cwnd <= before + FULL);
    (void)discard();
}

/* Only the probe is lost: it was too large, and nothing else is wrong. */
SCRIPT(a_probe_that_is_lost)                        /* RFC 4821 7.6.2, R4821-7.6-a, R4821-4-a */
{
    const struct loss_ops *both[] = { &loss_sack, &loss_rack };
    for (unsigned kind = 0; kind < 2; kind++) {
        path_black_hole(__LINE__, true, false);
        w.tcp.out->loss.ops = both[kind];
        check(path_until_probe(__LINE__, 60));
        check_eq(path.last_probe, FULL);
        uint32_t cwnd = script_status().cwnd, threshold = ssthresh();
        uint32_t again = script_status().retransmits;
        uint64_t timers = event_count(timer);
        check_eq(mss(), BASE);
        for (unsigned i = 0; i < 4; i++)
            (void)path_turn(__LINE__);
        check_eq(script_status().retransmits, again + 2);       /* in segments of the old size */
        check(script_status().cwnd >= cwnd);
        check_eq(ssthresh(), threshold);
        check_eq(w.tcp.mtu_most, FULL + 20 - 1);
        check_eq(mss(), BASE);
        check(event_count(timer) <= timers + 1);
    }
    (void)discard();
}

/* No second one before as many round trips have passed as cwnd has segments. */
SCRIPT(a_pause_after_a_failure)                     /* RFC 4821 7.6.2, R4821-7.6-b */
{
    path_black_hole(__LINE__, true, false);
    check(path_until_probe(__LINE__, 60));
    aksu_time first = w.now;
    uint32_t segments = script_status().cwnd / mss();
    check(path_until_probe(__LINE__, 400));
    check(w.now - first >= segments * MS(RTT));
    check(path.last_probe < FULL);
    (void)discard();
}

/* The probe and something else: it may have been congestion, so that is what it counts as, and
 * the same size is tried again. */
SCRIPT(a_probe_that_is_lost_with_others)            /* RFC 4821 7.6.4, R4821-7.6-c, R4821-4-a */
{
    path_black_hole(__LINE__, true, false);
    w.tcp.out->cc.ssthresh = 20 * BASE;
    (void)path_probe(__LINE__);
    uint32_t size = w.tcp.out->mtu.size, high = w.tcp.mtu_most, before = ssthresh();
    struct tcp_segment seg;
    unsigned behind = 0;
    for (; behind < 12 && world_pull(__LINE__, &seg); behind++)
        if (behind > 0)                             /* the first one behind it is lost as well */
            path_deliver(__LINE__, seg.seq.n - w.iss.n - 1, seg.text_len);
    check(behind > 4);
    check(ssthresh() < before);
    check_eq(w.tcp.mtu_most, high);
    (void)path_probe(__LINE__);                     /* no later than others would */
    check_eq(w.tcp.out->mtu.size, size);
    (void)discard();
}

/* Each acknowledgment opens one small segment of window: nothing leaves until it is enough. */
SCRIPT(the_window_is_saved_for_a_probe)             /* RFC 4821 7.4 */
{
    path_black_hole(__LINE__, true, false);
    path.limit = FULL;
    w.tcp.mtu_most = w.tcp.mtu;                     /* not yet */
    while (script_status().cwnd < 10 * BASE)
        (void)path_turn(__LINE__);
    w.tcp.out->cc.ssthresh = script_status().cwnd;
    uint32_t again = script_status().retransmits, from = path.una;
    struct tcp_segment seg;
    while (world_pull(__LINE__, &seg))              /* the window is full */
        continue;
    tcp_set_mtu(&w.tcp, 1480);
    path_deliver(__LINE__, from, BASE);
    quiet();
    path_deliver(__LINE__, from + BASE, BASE);
    check(world_pull(__LINE__, &seg));
    check_eq(seg.text_len, FULL);
    uint32_t at = seg.seq.n - w.iss.n - 1;
    memset(path.here + from, true, at - from);
    path_deliver(__LINE__, at, FULL);
    check_eq(mss(), FULL);
    check_eq(script_status().retransmits, again);
    (void)discard();
}

/* Without SACK nobody can tell what else is lost: it counts, and the size is too large all the
 * same. */
SCRIPT(a_lost_probe_without_sack)                   /* RFC 4821 7.6.3 */
{
    path_black_hole(__LINE__, false, false);
    uint32_t left = path_probe(__LINE__);
    check(left > w.tcp.out->loss.recover.n - w.iss.n);      /* RFC 6582 3.2 (2) */
    uint64_t before = event_count(timer);
    for (unsigned i = 0; i < 4; i++)
        (void)path_turn(__LINE__);
    check_eq(event_count(timer), before);
    check_eq(w.tcp.mtu_most, FULL + 20 - 1);
    check(w.tcp.out->mtu.not_before > w.now);
    (void)discard();
}

/* A probe whose loss nothing behind it would show is not worth a timeout. */
SCRIPT(no_probe_without_text_behind_it)             /* RFC 4821 7.4, R4821-7.4-a */
{
    config.mtu_probing = AKSU_MTU_PROBING_ALWAYS;
    path_begin(__LINE__, true, false);
    user_send(BASE);
    (void)path_turn(__LINE__);
    user_send(FULL + 2 * BASE);
    (void)path_turn(__LINE__);
    check_eq(path.probes, 0);
    (void)path_turn(__LINE__);
    user_send(FULL + 3 * BASE);
    (void)path_turn(__LINE__);
    check_eq(path.probes, 1);
    (void)discard();
}
