/* memory.c - the budget has defined answers: windows stop growing, then text out of order is
 * dropped, then text in order is refused as if lost; each is counted.
 * RFC 9293 3.8.6.1 [MAY-8] lets a window stay closed. */
#include "tests/script/script.h"

/* Takes pages from the pool, as other connections would, until `left` remain. */
static page_ref hog(uint32_t left)
{
    page_ref first = 0;
    while (pool_left(&w.pool) > left) {
        page_ref page = pool_take(&w.pool);
        if (!page)
            break;
        *(page_ref *)(void *)pool_page(&w.pool, page) = first;
        first = page;
    }
    return first;
}

static void give_back(page_ref first)
{
    while (first) {
        page_ref next = *(page_ref *)(void *)pool_page(&w.pool, first);
        pool_give(&w.pool, first);
        first = next;
    }
}

SCRIPT(windows_stop_growing)                        /* RFC 9293 3.8.6 [SHLD-14] */
{
    w.env.reserve_pages = 16;
    given(ESTABLISHED);
    page_ref others = hog(10);
    for (uint32_t i = 0; i < 20; i++) {
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        (void)acks(1);
        user_receive(1000);
        (void)acks(1);
        check(w.edge <= 32769);                     /* what was promised holds, no more */
    }
    acked(20001);
    check_eq(event_count(memory), 1);               /* it is said once, when it begins */
    give_back(others);
    for (uint32_t i = 20; i < 24; i++) {
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 1, .len = 1000);
        (void)acks(1);
        user_receive(1000);
        (void)acks(1);
    }
    check(w.edge > 32769);
    others = hog(10);
    in (PSH|ACK, .seq = 24001, .ack = 1, .len = 1000);
    (void)acks(1);
    user_receive(1000);
    acked(25001);
    check_eq(event_count(memory), 2);               /* and again, when it begins again */
    give_back(others);
    w.env.reserve_pages = 0;
}

SCRIPT(text_out_of_order_is_dropped_first)          /* RFC 9293 3.10.7.4 first [SHLD-31] */
{
    w.env.reserve_pages = 16;
    given(ESTABLISHED, .sack = true);
    page_ref others = hog(10);
    in (PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 1);                   /* nothing kept, nothing reported: RFC 2018 8 */
    check_eq(event_count(memory), 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 1000);  /* in order it is still taken */
    acked(1001);
    in (PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    acked(2001);
    user_receive(2000);
    (void)acks(1);
    give_back(others);
    w.env.reserve_pages = 0;
}

SCRIPT(text_in_order_is_refused_as_if_lost)         /* RFC 9293 3.10.7.4 seventh */
{
    given(ESTABLISHED);
    page_ref others = hog(0);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 1);
    ready_lacks(AKSU_READABLE);
    check(event_count(memory) >= 1);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 1000);      /* nor may the FIN overtake it */
    (void)acks(1);
    state(ESTABLISHED);
    check_eq(RCV_NXT, 1);
    give_back(others);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 1002);
    state(CLOSE_WAIT);
    user_receive(1000);
}

SCRIPT(send_without_memory)                         /* RFC 9293 3.10.2 */
{
    given(ESTABLISHED);
    page_ref others = hog(0);
    user_send(1000);
    expect(WOULD_BLOCK);
    quiet();
    give_back(others);
    user_send(1000);
    expect_count(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1001);
    check_eq(w.tcp.send.pages, 0);                  /* idle it holds no buffer */
}

SCRIPT(the_user_learns_that_there_is_memory_again)  /* RFC 9293 3.10.2 */
{
    w.env.reserve_pages = 16;
    given(ESTABLISHED);
    page_ref others = hog(10);
    for (unsigned i = 0; i < 3; i++) {
        user_send(1000);
        expect(WOULD_BLOCK);
        check_eq(event_count(memory), 1);           /* it is said once, when it begins */
    }
    after(SECONDS(10));
    ready_lacks(AKSU_WRITABLE);
    give_back(others);
    after(SECONDS(10));
    ready_has(AKSU_WRITABLE);
    after(SECONDS(10));
    ready_lacks(AKSU_WRITABLE);                     /* once */
    w.env.reserve_pages = 0;
}

SCRIPT(an_idle_connection_holds_no_pages)           /* RFC 9293 3.3.1 */
{
    given(ESTABLISHED);
    check_eq(w.pool.in_use, 0);
    check(sizeof(struct tcp) <= 512);
    in (PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 1);
    check(w.pool.in_use > 0);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    out(ACK, .seq = 1, .ack = 2001);
    user_receive(2000);
    check_eq(w.pool.in_use, 0);
    check_eq(w.slab.in_use, 0);
}

SCRIPT(a_refused_send_takes_no_page)                /* RFC 9293 3.8.6.1 [MAY-8] */
{
    w.env.reserve_pages = 16;
    given(ESTABLISHED);
    page_ref others = hog(10);
    static const uint8_t text[100];
    check_eq(tcp_send(&w.tcp, text, sizeof text, 0, w.now), -(int)AKSU_WOULD_BLOCK);
    check_eq(pool_left(&w.pool), 10);               /* what is kept is for those that have text */
    give_back(others);
}
