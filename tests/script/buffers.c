/* buffers.c - buffers that grow: the window is ahead of a peer in slow start, the send buffer of
 * cwnd; and when they must not. (RFC 7323 2.1 says what a window has to hold.) */
#include "tests/script/script.h"

enum { TEXT = 1448, IW = 10, MOST = (16 << 20) - POOL_PAGE,
       LESS = (2 << 20) - POOL_PAGE, READS = 8 };

#define RTT MS(100)
#define SEGMENT_AT_A_GIGABIT US(12)

static void growing(void)
{
    config.receive_buffer = 256 << 10;
    config.receive_buffer_most = MOST;
    config.quick_acks = 16;
}

/* A peer whose window is doubled in each round trip: after each of our ACKs it must find room for
 * all that its cwnd then allows. */
static void doubling_peer(bool timestamps, uint32_t most)
{
    uint32_t sent = 0, unread = 0;
    growing();
    config.receive_buffer_most = most;
    given(ESTABLISHED, .rtt = RTT, .timestamps = timestamps, .wscale = SHIFT(0), .mss = 1460);
    for (uint32_t flight = IW; sent < most; flight = flight < 8600 ? flight * 2 : 8600) {
        aksu_time round = w.now;
        uint32_t echo = w.our_ts_val;
        for (uint32_t i = 0; i < flight; i++, sent += TEXT, unread += TEXT) {
            batch(ACK, .seq = 1 + sent, .ack = 1, .len = TEXT, .ts_ecr = timestamps ? echo : 0);
            if (i % READS == READS - 1) {
                user_receive(unread);
                unread = 0;
            }
            if (acks(1) == 0)
                continue;
            uint32_t cwnd = RCV_NXT - 1 + IW * TEXT;
            check(RCV_WND + 256 >= (cwnd < most - READS * TEXT ? cwnd : most - READS * TEXT));
            after(SEGMENT_AT_A_GIGABIT);
        }
        if (w.now - round < RTT)
            after(RTT - (w.now - round));
        (void)acks(1);
    }
    check_eq(script_status().receive_buffer, most);
    user_receive(unread);
    (void)acks(1);
}

SCRIPT(the_window_is_ahead_of_slow_start)           /* RFC 7323 2.1 */
{
    doubling_peer(false, MOST);
    doubling_peer(true, LESS);
}

/* The shift says what is to come, the window of the SYN does not. */
SCRIPT(the_shift_is_that_of_the_largest_window)     /* RFC 7323 2.1, 2.3 */
{
    growing();
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0, .wnd = 65535, .wscale = SHIFT(8));
    config.receive_buffer = 4096;
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0, .wnd = 4096, .wscale = SHIFT(8));
    config.receive_buffer_most = (64 << 20) - POOL_PAGE;
    given(SYN_SENT);
    check_eq(w.our_shift, 10);
    config.receive_buffer = 4u << 20;               /* larger than what it may grow to */
    config.receive_buffer_most = 4096;
    given(SYN_SENT);
    check_eq(w.our_shift, 7);
}

/* As much as fits the window that the last round trip has told of, `rounds` times. The user reads
 * `gulp` octets at a time, after `every` rounds. */
static uint32_t sent_so_far;

static void begin(void)
{
    growing();
    config.receive_buffer_most = LESS;
    given(ESTABLISHED, .rtt = RTT, .wscale = SHIFT(0), .mss = 1460);
    after(RTT);                                     /* until our ACK has its answer */
    sent_so_far = 0;
}

static void full_windows(unsigned rounds, unsigned every, uint32_t gulp)
{
    for (unsigned i = 1; i <= rounds; i++) {
        uint32_t edge = w.edge;
        while (sent_so_far + TEXT <= edge - 1) {
            batch(ACK, .seq = 1 + sent_so_far, .ack = 1, .len = TEXT);
            sent_so_far += TEXT;
        }
        (void)acks(1);
        if (i % every == 0) {
            for (uint32_t left; (left = script_status().receive_queued) > 0;) {
                user_receive(left < gulp ? left : gulp);
                (void)acks(1);
            }
        }
        after(RTT);
        (void)acks(1);
    }
}

SCRIPT(a_reader_that_keeps_up_gets_a_larger_window) /* RFC 7323 2.1 */
{
    begin();
    full_windows(5, 1, 65536);
    check(script_status().receive_buffer >= 1u << 20);
    full_windows(2, 1, 65536);
    check(script_status().receive_buffer == LESS);
}

/* It finds the buffer full whenever it comes, and that is not for want of a larger one. */
SCRIPT(a_slow_reader_gets_no_larger_buffer)         /* RFC 7323 2.1 */
{
    static const uint32_t gulp[] = { 4096, 65536, 1 << 20 };
    for (unsigned i = 0; i < 3; i++) {
        begin();
        full_windows(60, 10, gulp[i]);
        check_eq(script_status().receive_buffer, config.receive_buffer);
    }
    /* A few octets at a time, all the time. */
    begin();
    for (unsigned i = 0; i < 3000; i++) {
        while (sent_so_far + TEXT <= w.edge - 1) {
            batch(ACK, .seq = 1 + sent_so_far, .ack = 1, .len = TEXT);
            sent_so_far += TEXT;
        }
        (void)acks(1);
        user_receive(1000);
        (void)acks(1);
        after(MS(10));
        (void)acks(1);
    }
    check_eq(script_status().receive_buffer, config.receive_buffer);
}

SCRIPT(a_given_size_does_not_grow)                  /* RFC 9293 3.8.6 */
{
    begin();
    user_set(RECEIVE_BUFFER, 300000);
    full_windows(9, 1, 65536);
    check_eq(script_status().receive_buffer, 300000);
    check_eq(tcp_set(&w.tcp, AKSU_OPTION_RECEIVE_BUFFER, 4095, w.now), AKSU_INVALID);
    check_eq(tcp_set(&w.tcp, AKSU_OPTION_RECEIVE_BUFFER, 64 << 20, w.now), AKSU_INVALID);
    user_set(RECEIVE_BUFFER, 4096);                 /* the window that was given stays */
    in (ACK, .seq = 1 + sent_so_far, .ack = 1, .len = TEXT);
    (void)acks(1);
}

/* Neither timestamps nor a round trip of the handshake: a window takes at least one. */
SCRIPT(the_time_of_a_window_is_a_round_trip)        /* RFC 7323 2.1, RFC 6298 3 */
{
    growing();
    config.receive_buffer_most = LESS;
    given(SYN_RECEIVED, .passive = true, .wscale = SHIFT(0), .mss = 1460);
    after(SECONDS(1));
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    check_eq(script_status().srtt_us, 0);
    sent_so_far = 0;
    full_windows(8, 1, 65536);
    check_eq(script_status().receive_buffer, LESS);
}

/* Takes pages, as other connections would, until `left` remain. Given back when `left` is all. */
static void hog(uint32_t left)
{
    static page_ref taken[1 << 15];
    static uint32_t count;
    while (pool_left(&w.pool) > left) {
        check(count < 1 << 15);
        taken[count++] = pool_take(&w.pool);
    }
    while (count > 0 && pool_left(&w.pool) < left)
        pool_give(&w.pool, taken[--count]);
    count = left == UINT32_MAX ? 0 : count;
}

SCRIPT(a_quarter_of_what_is_free)                   /* RFC 7323 2.1 */
{
    begin();
    hog(1024);
    full_windows(8, 1, 65536);
    uint32_t buffer = script_status().receive_buffer;
    check(buffer > 900u << 10 && buffer <= 1u << 20);
    hog(UINT32_MAX);
    w.env.reserve_pages = 1025;                     /* short of memory: not at all */
    begin();
    hog(1024);
    full_windows(8, 1, 65536);
    check_eq(script_status().receive_buffer, config.receive_buffer);
    hog(UINT32_MAX);
    w.env.reserve_pages = 0;
}

/* --- the send buffer --- */

static void sending(uint32_t window)
{
    config.send_buffer = 64 << 10;
    config.send_buffer_most = 1 << 20;
    given(ESTABLISHED, .rtt = RTT, .wscale = SHIFT(7), .wnd = window);
}

static uint32_t send_all(void)
{
    uint32_t before = w.sent_text, room = script_status().send_room;
    for (uint32_t left; (left = script_status().send_room) > 0;)
        user_send(left < 65536 ? left : 65536);
    check_eq(w.sent_text - before, room);
    user_send(1);                                   /* to be told when there is room again */
    expect(WOULD_BLOCK);
    return w.sent_text - before;
}

SCRIPT(the_send_buffer_follows_cwnd)                /* RFC 5681 3.1 */
{
    sending(4 << 20);
    check_eq(script_status().send_buffer, 65536);
    check_eq(send_all(), 65536);
    for (unsigned round = 0; round < 12; round++) {
        (void)discard();
        after(RTT);
        (void)discard();
        uint32_t end = SND_NXT;
        uint32_t cwnd = script_status().cwnd, ready = w.sent_text - (end - 1);
        check(ready >= (cwnd < (1 << 20) / 4 ? cwnd : 0));      /* another window is there */
        for (uint32_t ack = SND_UNA + 2000; ack <= end; ack += 2000) {
            in (ACK, .seq = 1, .ack = ack);
            (void)discard();
            struct aksu_info info = script_status();
            uint32_t most = info.cwnd * 3 < 1u << 20 ? info.cwnd * 3 : 1u << 20;
            check_eq(info.send_buffer, most > 65536 ? most : 65536);
            bool told = w.tcp.notify & AKSU_WRITABLE;
            check(told || info.send_queued > info.send_buffer / 4 * 3);
            if (told) {
                w.tcp.notify = 0;
                check(send_all() >= info.send_buffer / 4);
                (void)discard();
            }
        }
    }
    check_eq(script_status().send_buffer, 1 << 20);
}

/* It stays until what lies before it has arrived; meanwhile the window is for other text. */
SCRIPT(what_is_sacked_takes_no_room)                /* RFC 2018 8 */
{
    config.initial_window = 40;
    config.send_buffer_most = 1 << 20;
    given(ESTABLISHED, .rtt = RTT, .sack = true, .wscale = SHIFT(7), .wnd = 4 << 20);
    check_eq(send_all(), 120000);
    tcp_set_congestion_control(&w.tcp, &steady_cc, w.now);
    check_eq(discard(), 40);
    after(RTT);
    w.tcp.notify = 0;
    for (uint32_t right = 3001; right <= 40001; right += 1000) {
        in (ACK, .seq = 1, .ack = 1, .sack = { { 2001, right } });
        (void)discard();
        struct aksu_info info = script_status();
        check_eq(info.sacked, right - 2001);
        check_eq(info.send_buffer, 120000 + info.sacked);
    }
    ready_lacks(AKSU_WRITABLE);                     /* not a quarter yet: 38000 of 158000 */
    in (ACK, .seq = 1, .ack = 1, .sack = { { 2001, 43001 } });
    ready_has(AKSU_WRITABLE);
    check_eq(send_all(), 41000);
    (void)discard();
}

/* In place: what is not filled goes back, however much room there is. */
SCRIPT(a_reservation_has_its_limit)                 /* RFC 9293 3.9.1.2 */
{
    struct aksu_space space[4];
    sending(4 << 20);
    user_set(SEND_BUFFER, 4 << 20);
    size_t octets = 0;
    ptrdiff_t n = tcp_reserve(&w.tcp, space, 4, w.now);
    for (ptrdiff_t i = 0; i < n; i++)
        octets += space[i].length;
    check_eq(octets, 256 << 10);
    check(w.pool.in_use <= 66);
    check_eq(tcp_commit(&w.tcp, 0, 0, w.now), AKSU_OK);
    check_eq(w.pool.in_use, 0);
}

SCRIPT(the_send_buffer_does_not_exceed_the_window)  /* RFC 9293 3.8.6 */
{
    sending(40064);
    (void)send_all();
    for (unsigned round = 0; round < 20; round++) {
        (void)discard();
        after(RTT);
        (void)discard();
        in (ACK, .seq = 1, .ack = SND_NXT);
        (void)discard();
        (void)send_all();
        check(script_status().send_buffer <= 3 * 40064);
    }
}

SCRIPT(a_given_send_buffer_stays)                   /* RFC 9293 3.9.1.2 */
{
    sending(4 << 20);
    user_set(SEND_BUFFER, 100000);
    check_eq(send_all(), 100000);
    for (unsigned round = 0; round < 10; round++) {
        (void)discard();
        after(RTT);
        (void)discard();
        for (uint32_t ack = SND_UNA + 1000, end = SND_NXT; ack <= end; ack += 1000) {
            in (ACK, .seq = 1, .ack = ack);
            (void)discard();
        }
        (void)send_all();
    }
    check(script_status().cwnd > 100000 / 3);
    check_eq(script_status().send_buffer, 100000);
    check_eq(script_status().send_queued, 100000);
    (void)discard();
}

/* --- the first ACKs --- */

SCRIPT(the_first_full_segments_are_acknowledged_one_by_one)     /* RFC 5681 4.2 */
{
    config.quick_acks = 16;
    given(ESTABLISHED, .mss = 1460);
    uint32_t at = 1;
    for (unsigned i = 0; i < 16; i++, at += TEXT) {
        in (ACK, .seq = at, .ack = 1, .len = TEXT);
        out(ACK, .seq = 1, .ack = at + TEXT);
    }
    in (ACK, .seq = at, .ack = 1, .len = TEXT);
    quiet();
    in (ACK, .seq = at + TEXT, .ack = 1, .len = TEXT);
    out(ACK, .seq = 1, .ack = at + 2 * TEXT);
    at += 2 * TEXT;
    user_receive(at - 1);
    (void)acks(1);
    after(script_status().rto_us * US(1));          /* not idle yet */
    in (ACK, .seq = at, .ack = 1, .len = TEXT);
    quiet();
    acked(at + TEXT);
    after(script_status().rto_us * US(1) + 1);      /* it begins again */
    in (ACK, .seq = at + TEXT, .ack = 1, .len = TEXT);
    out(ACK, .seq = 1, .ack = at + 2 * TEXT);
}

SCRIPT(small_segments_wait_from_the_start)          /* RFC 9293 3.8.6.3 [SHLD-18] */
{
    config.quick_acks = 16;
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    quiet();
    after(MS(40));
    out(ACK, .seq = 1, .ack = 101);
    config.quick_acks = 0;
    given(ESTABLISHED);
    in (ACK, .seq = 1, .ack = 1, .len = 1000);
    quiet();
    acked(1001);
}
