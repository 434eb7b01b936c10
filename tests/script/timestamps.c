/* timestamps.c - the timestamps option: agreement, what is echoed, PAWS (RFC 7323 3, 4, 5). */
#include "tests/script/script.h"

SCRIPT(timestamps_are_offered)                      /* RFC 7323 3.2 */
{
    given(CLOSED);
    user_open_active();
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check(seg.options.has & HAS_TIMESTAMPS);
    check_eq(seg.options.ts_ecr, 0);
    config.timestamps = false;
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0, .has = HAS_MSS | HAS_SACK_PERMITTED | HAS_WINDOW_SCALE);
}

SCRIPT(timestamps_answer_timestamps)                /* RFC 7323 3.2 */
{
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000, .ts_val = 4711);
    out(SYN|ACK, .seq = 0, .ack = 1, .ts_ecr = 4711, .has = HAS_MSS | HAS_TIMESTAMPS);
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS);
}

/* TSecr without ACK means nothing: no sample may come of it. */
SCRIPT(tsecr_of_a_syn_is_ignored)                   /* RFC 7323 3.2 */
{
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000, .ts_val = 1, .ts_ecr = 0xdeadbeef);
    out(SYN|ACK, .seq = 0, .ack = 1);
    check_eq(script_status().srtt_us, 0);
    check_eq(event_count(rtt), 0);
}

SCRIPT(every_segment_carries_timestamps)            /* RFC 7323 3.2 */
{
    given(ESTABLISHED, .timestamps = true, .wnd = 1000);
    user_set(KEEPALIVE, 1);
    user_set(KEEPALIVE_IDLE, 10000);
    after(SECONDS(10));
    out(ACK, .seq = 0, .ack = 1, .has = HAS_TIMESTAMPS);            /* a keep-alive */
    in (ACK, .seq = 1, .ack = 1);
    in (RST, .seq = 2);
    out(ACK, .seq = 1, .ack = 1, .has = HAS_TIMESTAMPS);            /* a challenge ACK */
    user_send(2000);
    out(ACK, .seq = 1, .ack = 1, .len = 988, .has = HAS_TIMESTAMPS);
    in (ACK, .seq = 1, .ack = 989, .wnd = ZERO);
    after(SECONDS(1));
    out(ACK, .seq = 989, .ack = 1, .len = 1, .has = HAS_TIMESTAMPS);    /* a window probe */
    in (ACK, .seq = 1, .ack = 990, .wnd = 20000);
    check(drain().octets > 0);
    in (ACK, .seq = 1, .ack = SND_NXT);
    user_close();
    (void)drain();
    in (FIN|ACK, .seq = 1, .ack = SND_NXT);
    out(ACK, .seq = SND_NXT, .ack = 2, .has = HAS_TIMESTAMPS);
    in (FIN|ACK, .seq = 1, .ack = SND_NXT);
    out(ACK, .seq = SND_NXT, .ack = 2, .has = HAS_TIMESTAMPS);      /* TIME-WAIT */
    state(TIME_WAIT);
}

SCRIPT(a_reset_carries_timestamps)                  /* RFC 7323 3.2, 5.2 */
{
    given(ESTABLISHED, .timestamps = true);
    user_abort();
    out(RST|ACK, .seq = 1, .ack = 1, .has = HAS_TIMESTAMPS);
    in (ACK, .seq = 1, .ack = 1, .ts_val = 77);     /* and one from where nothing is */
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check_eq(seg.ctl, RST);
    check_eq(seg.options.has, HAS_TIMESTAMPS);
    check_eq(seg.options.ts_val, 0);
    check_eq(seg.options.ts_ecr, 77);
}

SCRIPT(missing_timestamps_do_not_end_a_connection)  /* RFC 7323 3.2 */
{
    given(ESTABLISHED, .timestamps = true);
    for (uint32_t i = 0; i < 100; i++)
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .no_ts = true);
    quiet();
    state(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    acked(11);
    in (RST, .seq = 11, .no_ts = true);             /* a RST needs none */
    state(CLOSED);
}

SCRIPT(timestamps_not_agreed_are_ignored)           /* RFC 7323 3.2 */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 99, .ts_ecr = 5);
    acked(11);
    in (PSH|ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = 98, .ts_ecr = 5);
    acked(21);
    user_receive(20);
}

SCRIPT(the_timestamp_clock)                         /* RFC 7323 4.1, 5.4 */
{
    given(ESTABLISHED, .timestamps = true);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    uint32_t first = w.our_ts_val;
    in (ACK, .seq = 1, .ack = 11);
    after(SECONDS(10));
    user_send(10);
    out(PSH|ACK, .seq = 11, .ack = 1, .len = 10);
    uint32_t passed = w.our_ts_val - first;         /* a tick of 1 ms to 1 s */
    check(passed >= 10 && passed <= 10000);
}

SCRIPT(timestamps_differ_between_connections)       /* RFC 7323 7 */
{
    struct tcp other;
    struct tcp_segment seg;
    given(SYN_SENT);
    w.was = TCP_CLOSED;
    struct tcp_tuple tuple = w.tuple;
    tuple.remote_port++;
    tcp_init(&other, &w.env, 2, w.mtu);
    check_eq(tcp_open_active(&other, &tuple, w.now), AKSU_OK);
    check(tcp_next_segment(&other, &seg, w.now));
    check(seg.options.has & HAS_TIMESTAMPS && seg.options.ts_val != w.our_ts_val);
    tcp_fini(&other);
    w.was = TCP_SYN_SENT;
}

SCRIPT(a_delayed_ack_echoes_the_earliest)           /* RFC 7323 4.3 */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    in (PSH|ACK, .seq = 1,   .ack = 1, .len = 100, .ts_val = 1001);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100, .ts_val = 1002);
    after(MS(40));
    out(ACK, .seq = 1, .ack = 201, .ts_ecr = 1001);
}

SCRIPT(what_acks_around_a_hole_echo)                /* RFC 7323 4.3 */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100, .ts_val = 1001);
    after(MS(40));
    out(ACK, .seq = 1, .ack = 101, .ts_ecr = 1001);
    in (PSH|ACK, .seq = 201, .ack = 1, .len = 100, .ts_val = 1003);
    out(ACK, .seq = 1, .ack = 101, .ts_ecr = 1001);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 100, .ts_val = 1002);
    out(ACK, .seq = 1, .ack = 301, .ts_ecr = 1002);
    user_receive(300);                              /* the held one is not judged again: 5.3 */
}

SCRIPT(what_updates_ts_recent)                      /* RFC 7323 4.3, 5.2 */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    in (PSH|ACK, .seq = 90000, .ack = 1, .len = 10, .ts_val = 900000);  /* outside the window */
    out(ACK, .seq = 1, .ack = 1, .ts_ecr = 1000);
    in (RST, .seq = 2, .ts_val = 900000);                               /* a RST */
    out(ACK, .seq = 1, .ack = 1, .ts_ecr = 1000);
    in (PSH|ACK, .seq = 101, .ack = 1, .len = 10, .ts_val = 900000);    /* beyond Last.ACK.sent */
    out(ACK, .seq = 1, .ack = 1, .ts_ecr = 1000);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 1000);        /* as old: good */
    out(ACK, .seq = 1, .ack = 11, .ts_ecr = 1000);
}

/* Who knows the ports but not the numbers could else stop the flow with one large timestamp. */
SCRIPT(a_refused_ack_leaves_ts_recent)              /* RFC 5961 5.2, RFC 9293 3.10.7.4 fifth */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 100, .wnd = 1000);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100, .ts_ecr = 100);
    in (ACK, .seq = 1, .ack = 101, .ts_val = 101);
    in (FIN|ACK, .seq = 1, .ack = 9999, .ts_val = 200000);          /* never sent */
    out(ACK, .seq = 101, .ack = 1, .ts_ecr = 101);
    in (PSH|ACK, .seq = 1, .ack = (uint32_t)-50000, .len = 10, .ts_val = 200000);   /* too old */
    out(ACK, .seq = 101, .ack = 1, .ts_ecr = 101);
    in (PSH, .seq = 1, .len = 10, .ts_val = 200000);                /* no ACK at all */
    in (SYN, .seq = 1, .ts_val = 200000);
    out(ACK, .seq = 101, .ack = 1, .ts_ecr = 101);
    in (PSH|ACK, .seq = 1, .ack = 101, .len = 10, .ts_val = 102);
    user_receive(10);
    after(MS(40));
    out(ACK, .seq = 101, .ack = 11, .ts_ecr = 102);
}

SCRIPT(paws_comes_before_the_sequence_check)        /* RFC 7323 5.3 */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 999);
    dropped("RFC 7323 5");
    out(ACK, .seq = 1, .ack = 1, .ts_ecr = 1000);
    in (PSH|ACK, .seq = 90000, .ack = 1, .len = 10, .ts_val = 999);
    dropped("RFC 7323 5");
    out(ACK, .seq = 1, .ack = 1);
    in (FIN|ACK, .seq = 1, .ack = 1, .ts_val = 1000 - 0x7fffffffu);
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    ready_lacks(AKSU_READABLE | AKSU_PEER_CLOSED);
}

/* Of what left at 1000 the first segment is lost and the third late; the first is sent again at
 * 1020. */
SCRIPT(text_that_was_overtaken_is_not_old)          /* RFC 7323 5.3 */
{
    given(ESTABLISHED, .timestamps = true, .sack = true, .ts_val = 1000);
    in (ACK, .seq = 101, .ack = 1, .len = 100, .ts_val = 1000);
    (void)discard();
    in (ACK, .seq = 301, .ack = 1, .len = 100, .ts_val = 1000);
    (void)discard();
    in (ACK, .seq = 1, .ack = 1, .len = 100, .ts_val = 1020);
    out(ACK, .seq = 1, .ack = 201, .ts_ecr = 1020, .sack = { { 301, 401 } });
    in (ACK, .seq = 201, .ack = 1, .len = 100, .ts_val = 999);      /* of before the hole */
    dropped("RFC 7323 5");
    out(ACK, .seq = 1, .ack = 201, .ts_ecr = 1020, .sack = { { 301, 401 } });
    in (ACK, .seq = 401, .ack = 1, .len = 100, .ts_val = 1000);     /* no hole waits for it */
    dropped("RFC 7323 5");
    out(ACK, .seq = 1, .ack = 201, .ts_ecr = 1020, .sack = { { 301, 401 } });
    in (ACK, .seq = 201, .ack = 1, .ts_val = 1000);                 /* no text */
    dropped("RFC 7323 5");
    out(ACK, .seq = 1, .ack = 201, .ts_ecr = 1020, .sack = { { 301, 401 } });
    in (ACK, .seq = 201, .ack = 1, .len = 100, .ts_val = 1000);
    out(ACK, .seq = 1, .ack = 401, .ts_ecr = 1020);                 /* TS.Recent stays */
    in (ACK, .seq = 401, .ack = 1, .len = 100, .ts_val = 1019);     /* no hole is left */
    dropped("RFC 7323 5");
    out(ACK, .seq = 1, .ack = 401, .ts_ecr = 1020);
}

/* Holes never end, but what was overtaken a window or two ago is old: it may have wrapped around.
 * */
SCRIPT(what_was_overtaken_gets_old)                 /* RFC 7323 5.3 */
{
    enum { WINDOW = 8192, STEP = 1000, STEPS = 16 };
    config.receive_buffer = WINDOW;
    given(ESTABLISHED, .timestamps = true, .sack = true, .ts_val = 1000);
    uint32_t at = 1, ts = 1000;
    in (ACK, .seq = at + STEP, .ack = 1, .len = STEP, .ts_val = ts);
    (void)discard();
    for (unsigned n = 0; n < STEPS; n++, at += 2 * STEP) {
        in (ACK, .seq = at + 3 * STEP, .ack = 1, .len = STEP, .ts_val = ts);
        (void)discard();
        in (ACK, .seq = at, .ack = 1, .len = STEP, .ts_val = ++ts);
        (void)discard();
        user_receive(2 * STEP);
    }
    in (ACK, .seq = at, .ack = 1, .len = STEP, .ts_val = ts - STEPS / 2 - 4);
    dropped("RFC 7323 5");
    (void)discard();
    in (ACK, .seq = at, .ack = 1, .len = STEP, .ts_val = ts - 1);
    out(ACK, .seq = 1, .ack = at + 2 * STEP, .ts_ecr = ts);
}

SCRIPT(a_reset_is_not_subject_to_paws)              /* RFC 7323 5.2 */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    in (RST, .seq = 1, .ts_val = 1, .ts_ecr = 12345);
    state(CLOSED);
    reason(RESET);
}

SCRIPT(timestamps_wrap_around)                      /* RFC 7323 5.2 */
{
    static const uint32_t around[] = { 0x7fffffffu, 0xffffffffu, 0x60000000u };
    for (size_t i = 0; i < 3; i++) {
        given(ESTABLISHED, .timestamps = true, .ts_val = around[i]);
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = around[i] + 2);
        dropped("");
        after(MS(40));
        out(ACK, .seq = 1, .ack = 11, .ts_ecr = around[i] + 2);
        in (PSH|ACK, .seq = 11, .ack = 1, .len = 10, .ts_val = around[i]);
        dropped("RFC 7323");
        out(ACK, .seq = 1, .ack = 11);
    }
}

SCRIPT(ts_recent_is_forgotten_after_24_days)        /* RFC 7323 5.5 */
{
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    after(SECONDS(24u * 86400 - 3600));
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 999);
    dropped("RFC 7323");
    out(ACK, .seq = 1, .ack = 1);
    given(ESTABLISHED, .timestamps = true, .ts_val = 1000);
    after(SECONDS(24u * 86400 + 3600));
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .ts_val = 999);
    dropped("");
    after(MS(40));
    out(ACK, .seq = 1, .ack = 11, .ts_ecr = 999);
}
