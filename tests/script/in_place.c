/* in_place.c - SEND and RECEIVE without a copy, text beside holes, segments for devices that
 * cut, and what STATUS counts (RFC 9293 3.9.1.2, 3.9.1.3, 3.9.1.6). */
#include <string.h>

#include "tests/script/script.h"

static size_t fill(uint32_t most)
{
    struct aksu_space space[8];
    size_t done = 0;
    ptrdiff_t n = tcp_reserve(&w.tcp, space, 8, w.now);
    check(n > 0 && n <= 8);
    for (ptrdiff_t i = 0; i < n; i++)
        for (size_t k = 0; k < space[i].length && done < most; k++, done++)
            space[i].data[k] = pattern(w.sent_text + (uint32_t)done);
    return done;
}

SCRIPT(send_in_place)                               /* RFC 9293 3.9.1.2 */
{
    given(ESTABLISHED);
    size_t n = fill(1500);
    check_eq(n, 1500);
    quiet();                                        /* nothing before it is committed */
    w.sent_text = 1000;
    check_eq(tcp_commit(&w.tcp, 1000, 0, w.now), AKSU_OK);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    user_send(1000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    user_close();
    (void)discard();
    struct aksu_space space;
    check_eq(tcp_reserve(&w.tcp, &space, 1, w.now), -(ptrdiff_t)AKSU_CLOSING);
}

SCRIPT(send_in_place_without_room)                  /* RFC 9293 3.9.1.2 */
{
    config.send_buffer = 4096;
    given(ESTABLISHED, .wnd = 1000);
    user_send(4096);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    struct aksu_space space;
    check_eq(tcp_reserve(&w.tcp, &space, 1, w.now), -(ptrdiff_t)AKSU_WOULD_BLOCK);
    in (ACK, .seq = 1, .ack = 1001, .wnd = ZERO);
    (void)discard();
    for (unsigned i = 0; i < 2; i++) {
        in (ACK, .seq = 1, .ack = SND_NXT, .wnd = 1000);
        (void)discard();
    }
    ready_has(AKSU_WRITABLE);
    check(fill(10) == 10);
}

SCRIPT(receive_in_place)                            /* RFC 9293 3.9.1.3 */
{
    given(ESTABLISHED);
    struct aksu_slice slice[8];
    check_eq(tcp_peek(&w.tcp, slice, 8), -(ptrdiff_t)AKSU_WOULD_BLOCK);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 10000);
    out(ACK, .seq = 1, .ack = 10002);
    for (uint32_t read = 0; read < 10000;) {
        ptrdiff_t n = tcp_peek(&w.tcp, slice, 8);
        check(n > 0 && n <= 8);
        uint32_t at = read;
        for (ptrdiff_t i = 0; i < n; i++)
            for (size_t k = 0; k < slice[i].length; k++, at++)
                check(slice[i].data[k] == pattern(at));
        check_eq(at, 10000);
        check_eq(tcp_consume(&w.tcp, 777 < 10000 - read ? 777 : 10000 - read, w.now), AKSU_OK);
        read += 777 < 10000 - read ? 777 : 10000 - read;
    }
    (void)acks(2);
    check_eq(tcp_peek(&w.tcp, slice, 8), 0);
    check(tcp_consume(&w.tcp, 1, w.now) != AKSU_OK);
}

/* What lies beyond a hole stays where it is while text before the hole is read. */
SCRIPT(reading_beside_a_hole)                       /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 9001, .ack = 1, .len = 9000);
    out(ACK, .seq = 1, .ack = 1);
    for (uint32_t i = 0; i < 8; i++) {
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        out(ACK, .seq = 1, .ack = 1001 + 1000 * i);
        user_receive(1000);
        (void)acks(1);
        page_ref page = pool_take(&w.pool);         /* a page given back too early is taken */
        memset(pool_page(&w.pool, page), 0xee, POOL_PAGE);
        pool_give(&w.pool, page);
    }
    in (PSH|ACK, .seq = 8001, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 18001);
    user_receive(10000);
    (void)acks(1);
    check_eq(w.pool.in_use, 0);
}

SCRIPT(segments_for_a_device_that_cuts)             /* RFC 9293 3.7.1 [MUST-16] */
{
    struct tcp_segment seg;
    config.initial_window = 40;
    config.send_buffer = 200000;
    given(ESTABLISHED, .wnd = 65000);
    w.tcp.gso = true;
    user_send(100500);
    uint32_t at = 0, segments = 0;
    while (tcp_next_segment(&w.tcp, &seg, w.now)) {
        check_eq(seg.seq.n, w.iss.n + 1 + at);
        check(seg.text_len <= 1000 || seg.gso_size == 1000);
        check(seg.text_len % 1000 == 0);
        check(seg.text_len <= 65495 && seg.parts <= TCP_TEXT_PARTS);
        for (unsigned i = 0; i < seg.parts; i++)
            for (size_t k = 0; k < seg.text[i].length; k++, at++)
                check(seg.text[i].data[k] == pattern(at));
        segments++;
    }
    check_eq(at, 40000);                            /* cwnd */
    check(segments <= 2);
    w.nxt = 40001;
    in (ACK, .seq = 1, .ack = 1001);
    w.tcp.gso = false;
    check_eq(drain().octets, 2000);
}

SCRIPT(what_status_counts)                          /* RFC 9293 3.9.1.6 */
{
    given(ESTABLISHED);
    struct aksu_info before = script_status();
    user_send(2000);
    check_eq(drain().octets, 2000);
    in (PSH|ACK, .seq = 1, .ack = 1001, .len = 300);
    struct aksu_info info = script_status();
    check_eq(info.segments_out - before.segments_out, 2);
    check_eq(info.segments_in - before.segments_in, 1);
    check_eq(info.octets_out, 1000);
    check_eq(info.octets_in, 300);
    check_eq(info.send_queued, 1000);
    check_eq(info.send_unacked, 1000);
    check_eq(info.receive_queued, 300);
    check_eq(info.retransmits, 0);
    acked(301);
    after(tcp_next_timeout(&w.tcp) - w.now);
    out(PSH|ACK, .seq = 1001, .ack = 301, .len = 1000);
    check_eq(script_status().retransmits, 1);
    check_eq(script_status().octets_out, 1000);
}
