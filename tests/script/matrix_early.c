/* matrix_early.c - SEGMENT ARRIVES in CLOSED, LISTEN and SYN-SENT (RFC 9293 3.10.7.1 to
 * 3.10.7.3). */
#include "tests/script/script.h"

SCRIPT(closed_ignores_resets)                       /* RFC 9293 3.10.7.1, 3.5.2 */
{
    given(CLOSED);
    covers("CD-1");
    in (RST, .seq = 7);
    in (RST|ACK, .seq = 7, .ack = 9);
    in (RST|SYN, .seq = 7);
    in (RST|ACK|FIN|PSH, .seq = 7, .ack = 9, .len = 10);
    quiet();
}

SCRIPT(closed_resets_what_has_no_ack)               /* RFC 9293 3.10.7.1 */
{
    given(CLOSED);
    covers("CD-2 FIN-0");
    in (SYN, .seq = 5);
    out(RST|ACK, .seq = 0, .ack = 6);
    in (SYN|FIN|URG, .seq = 5, .len = 10, .urgent = 3);
    out(RST|ACK, .seq = 0, .ack = 17);
    in (0, .seq = 5);
    out(RST|ACK, .seq = 0, .ack = 5);
    in (FIN, .seq = 5);
    out(RST|ACK, .seq = 0, .ack = 6);
    in (PSH, .seq = 5, .len = 100);
    out(RST|ACK, .seq = 0, .ack = 105);
}

SCRIPT(closed_resets_what_has_an_ack)               /* RFC 9293 3.10.7.1 */
{
    given(CLOSED);
    covers("CD-3 FIN-0");
    in (ACK, .seq = 5, .ack = 77);
    out(RST, .seq = 77);
    in (SYN|ACK, .seq = 5, .ack = 77);
    out(RST, .seq = 77);
    in (FIN|PSH|URG|ACK, .seq = 5, .ack = 78, .len = 10, .urgent = 2);
    out(RST, .seq = 78);
}

/* A TCB in CLOSED that its owner still has answers as if there were none. */
SCRIPT(a_closed_tcb_answers_the_same)               /* RFC 9293 3.10.7.1 */
{
    given(ESTABLISHED);
    user_abort();
    out(RST|ACK, .seq = 1, .ack = 1);
    w.direct = true;
    in (RST|ACK, .seq = 7, .ack = 9);
    quiet();
    in (SYN|FIN, .seq = 5, .len = 10);
    out(RST|ACK, .seq = 0, .ack = 17);
    in (FIN|PSH|ACK, .seq = 5, .ack = 77, .len = 10);
    out(RST, .seq = 77);
    state(CLOSED);
}

SCRIPT(listen_ignores_resets)                       /* RFC 9293 3.10.7.2 */
{
    given(LISTEN);
    covers("LI-1");
    in (RST, .seq = 0);
    in (RST|ACK, .seq = 0, .ack = 1);
    in (RST|SYN, .seq = 0);
    in (RST|SYN|ACK|FIN, .seq = 0, .ack = 1);
    quiet();
    state(LISTEN);
}

SCRIPT(listen_resets_acknowledgments)               /* RFC 9293 3.10.7.2 */
{
    given(LISTEN);
    covers("LI-2");
    in (ACK, .seq = 5, .ack = 77);
    out(RST, .seq = 77);
    in (SYN|ACK, .seq = 5, .ack = 78);
    out(RST, .seq = 78);
    in (FIN|PSH|ACK, .seq = 5, .ack = 79, .len = 10);
    out(RST, .seq = 79);
    state(LISTEN);
    in (SYN, .mss = 1000);
    out(SYN|ACK, .ack = 1);
}

SCRIPT(listen_answers_a_syn)                        /* RFC 9293 3.10.7.2 */
{
    given(LISTEN);
    covers("LI-4");
    in (SYN, .seq = 0, .mss = 1000);
    state(SYN_RECEIVED);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS, .mss = 1460);
    struct aksu_info info = script_status();
    check_eq(info.irs, w.irs.n);
    check_eq(info.rcv_nxt, w.irs.n + 1);
    check_eq(info.snd_una, w.iss.n);
    check_eq(info.snd_nxt, w.iss.n + 1);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    ready_has(AKSU_CONNECTED);
}

/* Text, URG and FIN beside the SYN may be kept or dropped (A6): sent again, they arrive once. */
SCRIPT(listen_and_a_syn_with_text)                  /* RFC 9293 3.10.7.2, 3.5 */
{
    given(LISTEN);
    covers("LI-4 FIN-0");
    in (SYN|FIN|URG, .seq = 0, .mss = 1000, .len = 10, .urgent = 5);
    state(SYN_RECEIVED);
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check_eq(seg.ctl, SYN|ACK);
    check(RCV_NXT == 1 || RCV_NXT == 11 || RCV_NXT == 12);
    user_receive(1);
    expect_one_of(WOULD_BLOCK, NOT_CONNECTED);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    acked(12);
    state(CLOSE_WAIT);
    user_receive(10);
    user_receive(0);
    expect_count(0);
}

SCRIPT(listen_drops_what_is_no_syn)                 /* RFC 9293 3.10.7.2 */
{
    given(LISTEN);
    covers("LI-5 FIN-0");
    in (0, .seq = 5);
    in (FIN, .seq = 5);
    in (URG, .seq = 5, .urgent = 1);
    in (PSH, .seq = 5, .len = 100);
    in (FIN|URG|PSH, .seq = 5, .len = 100, .urgent = 9);
    quiet();
    state(LISTEN);
}

/* What a listener without a TCB decides is what a TCB in LISTEN does. */
SCRIPT(listen_check_agrees_with_listen)             /* RFC 9293 3.10.7.2 */
{
    for (unsigned ctl = 0; ctl < 64; ctl++) {
        struct tcp_segment seg = { .source_port = 7000, .destination_port = 5000,
            .seq = seq_add(w.irs, 0), .ack = seq_add(w.iss, ctl & ACK ? 9 : 0),
            .ctl = (uint8_t)ctl }, reply;
        enum tcp_listen_verdict verdict = tcp_listen_check(&seg, &reply);
        given(LISTEN);
        in (ctl, .seq = 0, .ack = ctl & ACK ? 9 : 0);
        if (ctl & RST)
            check_eq(verdict, LISTEN_DROP);
        else if (ctl & ACK)
            check_eq(verdict, LISTEN_RST);
        else
            check_eq(verdict, ctl & SYN ? LISTEN_SYN : LISTEN_DROP);
        if (verdict == LISTEN_RST) {
            check_eq(reply.ctl, RST);
            check_eq(reply.seq.n, w.iss.n + 9);
            out(RST, .seq = 9);
        }
        if (verdict == LISTEN_SYN)
            out(SYN|ACK, .ack = RCV_NXT ? RCV_NXT : 1);
        else
            state(LISTEN);
    }
}

/* R5961-3.2-f */
SCRIPT(syn_sent_and_a_bad_ack_with_rst)             /* RFC 9293 3.10.7.3 first */
{
    given(SYN_SENT);
    covers("SS-1");
    in (RST|ACK, .seq = 0, .ack = 0);
    in (RST|ACK, .seq = 0, .ack = 2);
    in (RST|ACK, .seq = 0, .ack = (uint32_t)-1);
    in (RST|SYN|ACK, .seq = 0, .ack = 2);
    quiet();
    state(SYN_SENT);
}

SCRIPT(syn_sent_and_a_bad_ack)                      /* RFC 9293 3.10.7.3 first */
{
    given(SYN_SENT);
    covers("SS-2");
    in (SYN|ACK, .seq = 0, .ack = 0, .mss = 1000);
    out(RST, .seq = 0);
    in (SYN|ACK, .seq = 0, .ack = 2, .mss = 1000);
    out(RST, .seq = 2);
    in (ACK, .seq = 0, .ack = (uint32_t)-1);
    out(RST, .seq = (uint32_t)-1);
    in (FIN|PSH|ACK, .seq = 0, .ack = 5000, .len = 10);
    out(RST, .seq = 5000);
    state(SYN_SENT);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(syn_sent_and_a_good_reset)                   /* RFC 9293 3.10.7.3 second */
{
    given(SYN_SENT);
    user_send(100);
    covers("SS-3 SS-4");
    in (RST|ACK, .seq = 4711, .ack = 1);            /* SEG.SEQ decides nothing here (A5) */
    state(CLOSED);
    reason(REFUSED);
    ready_has(AKSU_FAILED);
    after(SECONDS(10));
    quiet();
}

SCRIPT(syn_sent_and_a_reset_without_ack)            /* RFC 9293 3.10.7.3 second */
{
    given(SYN_SENT);
    covers("SS-5");
    in (RST, .seq = 0);
    in (RST|SYN, .seq = 0);
    in (RST|FIN, .seq = 1);
    quiet();
    state(SYN_SENT);
}

SCRIPT(syn_sent_to_established)                     /* RFC 9293 3.10.7.3 fourth */
{
    given(SYN_SENT);
    covers("SS-3 SS-7");
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000, .wnd = 5000);
    state(ESTABLISHED);
    ready_has(AKSU_CONNECTED);
    out(ACK, .seq = 1, .ack = 1);
    struct aksu_info info = script_status();
    check_eq(info.irs, w.irs.n);
    check_eq(info.rcv_nxt, w.irs.n + 1);
    check_eq(info.snd_una, w.iss.n + 1);
    check_eq(info.snd_wnd, 5000);
    check_eq(info.snd_mss, 1000);
}

/* RFC 1122 4.2.2.20 (c): the window of the SYN,ACK holds at once (A2). */
SCRIPT(the_window_of_a_syn_ack_is_used)
{
    given(SYN_SENT);
    user_send(5000);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 500, .wnd = 1000);
    check_eq(drain().octets, 1000);
    state(ESTABLISHED);
}

SCRIPT(syn_sent_goes_on_with_text_urg_and_fin)      /* RFC 9293 3.10.7.3 fourth */
{
    given(SYN_SENT);
    covers("SS-8");
    in (SYN|ACK|PSH|URG, .seq = 0, .ack = 1, .mss = 1000, .len = 10, .urgent = 11);
    state(ESTABLISHED);
    acked(11);
    ready_has(AKSU_CONNECTED | AKSU_READABLE | AKSU_URGENT);
    user_receive(10);

    given(SYN_SENT);
    covers("SS-8 FIN-0");
    in (SYN|FIN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    state(CLOSE_WAIT);
    out(ACK, .seq = 1, .ack = 2);
}

SCRIPT(syn_sent_and_a_crossing_syn)                 /* RFC 9293 3.10.7.3 fourth, 3.5 [MUST-10] */
{
    given(SYN_SENT);
    covers("SS-9");
    in (SYN, .seq = 0, .mss = 1000, .wnd = 4000);
    state(SYN_RECEIVED);
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(syn_sent_and_a_crossing_syn_with_more)       /* RFC 9293 3.10.7.3 fourth */
{
    given(SYN_SENT);
    covers("SS-9");
    in (SYN|FIN|URG, .seq = 0, .mss = 1000, .len = 10, .urgent = 11);
    state(SYN_RECEIVED);
    struct tcp_segment seg;
    check(world_pull(__LINE__, &seg));
    check_eq(seg.ctl, SYN|ACK);
    user_receive(1);
    expect_one_of(WOULD_BLOCK, NOT_CONNECTED);
    in (FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    acked(12);
    state(CLOSE_WAIT);
    user_receive(10);
}

SCRIPT(syn_sent_drops_what_is_neither)              /* RFC 9293 3.10.7.3 fifth */
{
    given(SYN_SENT);
    covers("SS-3 SS-10 FIN-0");
    in (ACK, .seq = 1, .ack = 1);
    in (FIN|ACK, .seq = 1, .ack = 1);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    in (URG|ACK, .seq = 1, .ack = 1, .urgent = 4);
    in (0, .seq = 1);
    in (FIN, .seq = 1);
    in (PSH|URG, .seq = 1, .len = 100, .urgent = 4);
    quiet();
    state(SYN_SENT);
    ready(0);
}
