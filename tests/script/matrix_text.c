/* matrix_text.c - SEGMENT ARRIVES, sixth to eighth: URG, text and FIN (RFC 9293 3.10.7.4). */
#include "tests/script/script.h"

/* SYN-RECEIVED is promoted by the ACK of the same segment. */
static const enum aksu_tcp_state urgent_states[] = { TCP_SYN_RECEIVED, TCP_ESTABLISHED,
    TCP_FIN_WAIT_1, TCP_FIN_WAIT_2 };

/* What the peer's ACK says in a segment that must not change the state by it. */
static uint32_t ack_in(enum aksu_tcp_state st)
{
    return st == TCP_SYN_RECEIVED ? 1 : SND_UNA;
}

SCRIPT(without_urg_the_pointer_means_nothing)       /* RFC 9293 3.10.7.4 sixth */
{
    for each(st, segment_states) {
        given_in(st);
        covers("URG-1");
        in (ACK, .seq = RCV_NXT, .ack = ack_in(st), .urgent = 100);
        ready_lacks(AKSU_URGENT);
        quiet();
    }
}

SCRIPT(the_user_hears_of_urgent_text)               /* RFC 9293 3.8.5 [MUST-32] */
{
    for each(st, urgent_states) {
        given_in(st);
        covers("URG-2");
        in (URG|ACK, .seq = 1, .ack = ack_in(st), .urgent = 10);
        ready_has(AKSU_URGENT);
        check(script_status().urgent_pending);      /* RFC 9293 3.8.5 [MUST-33] */
        check_eq(script_status().urgent_left, 10);
        script_covers(st, "URG-3");
        in (URG|ACK, .seq = 1, .ack = SND_UNA, .wnd = 10000, .urgent = 20);
        ready_has(AKSU_URGENT);
        in (URG|ACK, .seq = 1, .ack = SND_UNA, .wnd = 11000, .urgent = 20);
        ready_lacks(AKSU_URGENT);
        in (PSH|URG|ACK, .seq = 1, .ack = SND_UNA, .len = 20, .urgent = 15);
        ready_lacks(AKSU_URGENT);
        acked(21);
        user_receive(19);
        check(script_status().urgent_pending);
        user_receive(1);
        check(!script_status().urgent_pending);
    }
}

SCRIPT(an_urgent_pointer_into_the_past)             /* RFC 9293 3.10.7.4 sixth */
{
    for each(st, reading) {
        given_in(st);
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 100);
        acked(101);
        user_receive(100);
        covers("URG-4");
        in (URG|PSH|ACK, .seq = 51, .ack = SND_UNA, .len = 60, .urgent = 50);
        ready_lacks(AKSU_URGENT);
        check(!script_status().urgent_pending);
        acked(111);
    }
    given(SYN_RECEIVED);
    covers("URG-4");
    in (URG|PSH|ACK, .seq = 1, .ack = 1, .len = 10, .urgent = 0);
    ready_lacks(AKSU_URGENT);
    acked(11);
}

SCRIPT(urg_at_a_closed_window)                      /* RFC 9293 3.4 [MUST-66] */
{
    for each(st, segment_states) {
        given_closed_window(st);
        bool heard = st <= TCP_FIN_WAIT_2;
        covers("URG-5");
        in (URG|ACK, .seq = RCV_NXT, .ack = ack_in(st), .urgent = 10);
        ready_has(heard ? AKSU_URGENT : 0);
        ready_lacks(AKSU_URGENT);
        in (URG|PSH|ACK, .seq = RCV_NXT, .ack = ack_in(st), .len = 1, .urgent = 20);
        out(ACK, .seq = SND_NXT, .ack = RCV_NXT, .wnd = ZERO);
        if (heard)
            ready_has(AKSU_URGENT);
        ready_lacks(AKSU_URGENT);
    }
}

SCRIPT(urg_after_the_fin)                           /* RFC 9293 3.10.7.4 sixth */
{
    for each(st, after_fin) {
        given_in(st);
        covers("URG-2 URG-3 URG-4");
        in (URG|ACK, .seq = RCV_NXT, .ack = SND_UNA, .urgent = 10);
        acks(1);
        in (URG|ACK, .seq = RCV_NXT, .ack = SND_UNA, .wnd = 10000, .urgent = 20);
        acks(1);
        in (URG|ACK, .seq = RCV_NXT, .ack = SND_UNA, .wnd = 11000, .urgent = 0);
        acks(1);
        ready(0);
        check(!script_status().urgent_pending);
        state_is(st);
    }
}

SCRIPT(an_ack_alone_is_not_acknowledged)            /* RFC 9293 3.10.7.4 seventh */
{
    for each(st, segment_states) {
        given_in(st);
        covers("TXT-1");
        in (ACK, .seq = RCV_NXT, .ack = ack_in(st));
        in (ACK, .seq = RCV_NXT, .ack = ack_in(st), .wnd = 1000);
        after(MS(500));
        if (st != TCP_FIN_WAIT_1 && st != TCP_CLOSING && st != TCP_LAST_ACK)
            quiet();
        ready_lacks(AKSU_READABLE);
    }
}

SCRIPT(text_in_order_is_delivered)                /* RFC 9293 3.10.7.4 seventh, 3.8.6.3 [MUST-40] */
{
    for each(st, urgent_states) {
        given_in(st);
        covers("TXT-2");
        in (PSH|ACK, .seq = 1, .ack = ack_in(st), .len = 100);
        ready_has(AKSU_READABLE);
        acked(101);
        check_eq(w.edge, 1 + config.receive_buffer);        /* the right edge stays */
        in (PSH|ACK, .seq = 101, .ack = ack_in(st), .len = 100);
        acked(201);
        user_receive(200);
    }
}

SCRIPT(text_with_room_for_a_part)                   /* RFC 9293 3.10.7.4 seventh */
{
    config.receive_buffer = 4096;
    for each(st, urgent_states) {
        given_in(st);
        covers("TXT-3");
        in (PSH|ACK, .seq = 1, .ack = ack_in(st), .len = 5000);
        acked(4097);
        user_receive(4096);
        acked(4097);
        in (PSH|ACK, .seq = 4097, .ack = ack_in(st), .len = 904);
        acked(5001);
        user_receive(904);
    }
}

SCRIPT(text_again_is_acknowledged_and_dropped)      /* RFC 9293 3.10.7.4 seventh */
{
    for each(st, urgent_states) {
        given_in(st);
        in (PSH|ACK, .seq = 1, .ack = ack_in(st), .len = 100);
        acked(101);
        script_covers(st, "TXT-6");
        in (PSH|ACK, .seq = 1, .ack = ack_in(st), .len = 100);
        out(ACK, .seq = SND_NXT, .ack = 101);
        user_receive(100);
        user_receive(1);
        expect(WOULD_BLOCK);
    }
}

SCRIPT(text_after_the_fin_is_ignored)               /* RFC 9293 3.10.7.4 seventh */
{
    for each(st, after_fin) {
        static const struct { uint32_t at, len; } kinds[] = {
            { 0, 10 }, { 0, 40000 }, { 5, 10 }, { (uint32_t)-1, 10 } };
        given_in(st);
        covers("TXT-2 TXT-3 TXT-4 TXT-5 FIN-8");
        for (size_t i = 0; i < 4; i++) {
            in (PSH|ACK, .seq = RCV_NXT + kinds[i].at, .ack = SND_UNA, .len = kinds[i].len);
            acks(1);
            in (FIN|PSH|ACK, .seq = RCV_NXT + kinds[i].at, .ack = SND_UNA, .len = kinds[i].len);
            acks(1);
        }
        check_eq(script_status().rcv_nxt, w.irs.n + 2);
        check_eq(script_status().receive_queued, 0);
        state_is(st);
        ready_lacks(AKSU_READABLE);
    }
}

SCRIPT(text_that_nobody_will_read)                  /* RFC 9293 3.6.1 [SHLD-3] */
{
    static const enum aksu_tcp_state waits[] = { TCP_FIN_WAIT_1, TCP_FIN_WAIT_2 };
    for each(st, waits) {
        given(ESTABLISHED);
        user_release();
        out(FIN|ACK, .seq = 1, .ack = 1);
        if (st == TCP_FIN_WAIT_2)
            in (ACK, .seq = 1, .ack = 2);
        state_is(st);
        covers("TXT-7");
        in (PSH|ACK, .seq = 1, .ack = SND_UNA, .len = 10);
        state(CLOSED);
        struct tcp_segment seg;
        check(world_pull(__LINE__, &seg));
        check(seg.ctl & RST);
        check_eq(seg.seq.n, w.iss.n + 2);
        quiet();
    }
}

SCRIPT(a_fin_in_order)                              /* RFC 9293 3.10.7.4 eighth */
{
    static const struct { enum aksu_tcp_state from; bool acks_ours; enum aksu_tcp_state to;
                          const char *row; } fins[] = {
        { TCP_SYN_RECEIVED, true, TCP_CLOSE_WAIT, "FIN-1" },
        { TCP_ESTABLISHED, true, TCP_CLOSE_WAIT, "FIN-1" },
        { TCP_FIN_WAIT_1, true, TCP_TIME_WAIT, "FIN-2" },
        { TCP_FIN_WAIT_1, false, TCP_CLOSING, "FIN-3" },
        { TCP_FIN_WAIT_2, true, TCP_TIME_WAIT, "FIN-4" } };
    for (size_t i = 0; i < 5; i++)
        for (uint32_t len = 0; len <= 10; len += 10) {
            given_in(fins[i].from);
            covers(fins[i].row);
            in (FIN|ACK, .seq = 1, .ack = fins[i].acks_ours ? SND_NXT : SND_UNA, .len = len);
            state_is(fins[i].to);
            out(ACK, .seq = SND_NXT, .ack = len + 2);
            ready_has(AKSU_PEER_CLOSED);            /* RFC 9293 3.6 [MUST-12] */
            check(script_status().peer_closed);
            check_eq(script_status().receive_queued, len);
        }
}

SCRIPT(a_fin_again)                                 /* RFC 9293 3.10.7.4 eighth */
{
    for each(st, after_fin) {
        given_in(st);
        if (st == TCP_TIME_WAIT)
            covers("FIN-6 TW-7");
        else
            covers("FIN-5");
        in (FIN|ACK, .seq = 1, .ack = SND_UNA);
        out(ACK, .seq = SND_NXT, .ack = 2);
        state_is(st);
        ready(0);
    }
}

SCRIPT(a_fin_beyond_a_hole_waits)                   /* RFC 9293 3.10.7.4 eighth [SHLD-31] */
{
    static const struct { enum aksu_tcp_state from, to; } fins[] = {
        { TCP_SYN_RECEIVED, TCP_CLOSE_WAIT }, { TCP_ESTABLISHED, TCP_CLOSE_WAIT },
        { TCP_FIN_WAIT_1, TCP_CLOSING }, { TCP_FIN_WAIT_2, TCP_TIME_WAIT } };
    for (size_t i = 0; i < 4; i++)
        for (uint32_t len = 0; len <= 10; len += 10) {
            given_in(fins[i].from);
            uint32_t ack = ack_in(fins[i].from);
            covers("FIN-7");
            in (FIN|ACK, .seq = 11, .ack = ack, .len = len);
            out(ACK, .seq = SND_NXT, .ack = 1);
            if (fins[i].from == TCP_SYN_RECEIVED)
                state_one_of(SYN_RECEIVED, ESTABLISHED);
            else
                state_is(fins[i].from);
            ready_lacks(AKSU_PEER_CLOSED);
            in (PSH|ACK, .seq = 1, .ack = ack, .len = 10);
            state_is(fins[i].to);
            out(ACK, .seq = SND_NXT, .ack = 12 + len);
            ready_has(AKSU_READABLE | AKSU_PEER_CLOSED);
            check_eq(script_status().receive_queued, 10 + len);
        }
}

SCRIPT(text_beyond_the_fin_is_outside_the_stream)   /* RFC 9293 3.10.7.4 eighth */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 22, .ack = 1, .len = 10);
    out(ACK, .seq = 1, .ack = 1);
    in (FIN|PSH|ACK, .seq = 11, .ack = 1, .len = 10);
    out(ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    state(CLOSE_WAIT);
    out(ACK, .seq = 1, .ack = 22);
    user_receive(20);
    user_receive(0);
    expect_count(0);
}
