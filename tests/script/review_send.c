/* review_send.c - the send side where rules meet: SND.UNA at ISS again, bare segments beside a
 * refused probe, orphans, echoes of a first transmission, recovery in a small window, urgent data
 * on a device that cuts, the end of a connection with text queued. */
#include "tests/script/script.h"

/* --- SND.UNA = ISS, 4 GiB after the SYN (RFC 9293 3.4) --- */

/* SEND of what lies in the buffer, at most `most`. */
static uint32_t commit(uint64_t most)
{
    struct aksu_space space[128];
    uint64_t n = 0;
    ptrdiff_t parts = tcp_reserve(&w.tcp, space, 128, w.now);
    for (ptrdiff_t i = 0; i < parts; i++)
        n += space[i].length;
    n = n < most ? n : most;
    check(n > 0);
    check_eq(tcp_commit(&w.tcp, n, 0, w.now), AKSU_OK);
    return (uint32_t)n;
}

/* Sends and acknowledges `octets` whose value does not matter, in large segments. */
static void transfer(uint64_t octets)
{
    struct tcp_segment seg;
    uint32_t una = w.una;
    w.tcp.gso = true;                               /* as the owner of such a device sets it */
    while (octets > 0) {
        uint32_t n = commit(octets);
        for (uint32_t end = una + n; una != end;) {
            while (tcp_next_segment(&w.tcp, &seg, w.now))
                una = seq_add(seg.seq, seg.text_len).n - w.iss.n;
            struct tcp_segment ack = { .source_port = w.tuple.remote_port,
                .destination_port = w.tuple.local_port, .seq = seq_add(w.irs, 1),
                .ack = seq_add(w.iss, una), .ctl = ACK, .wnd = 0xffff };
            tcp_segment_arrives(&w.tcp, &ack, w.now);
        }
        octets -= n;
    }
    w.tcp.gso = false;
    w.una = w.nxt = una;
    w.sent_text = una - 1;
    w.peer_edge = una + (0xffffu << w.peer_shift);
}

/* All but the last `short_of` of the 2^32 - 1 octets after which SND.UNA is ISS. */
static void give_sent(int line, uint32_t short_of)
{
    config.send_buffer = 1u << 20;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .wscale = SHIFT(5), .mss = 1460,
                                                   .wnd = 0xffffu << 5 });
    user_set(NODELAY, 1);
    transfer(UINT32_MAX - (uint64_t)short_of);
    script_check_eq(line, w.iss.n - w.tcp.snd.una.n, short_of, "ISS - SND.UNA");
}

SCRIPT(text_after_snd_una_met_iss)                  /* RFC 9293 3.4 */
{
    give_sent(__LINE__, 0);
    user_send(1000);
    out(PSH|ACK, .seq = 0, .ack = 1, .len = 1000);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 0, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1000);
    check_eq(script_status().send_queued, 0);
    user_close();
    out(FIN|ACK, .seq = 1000, .ack = 1);
}

SCRIPT(an_ack_of_iss)                               /* RFC 9293 3.4 */
{
    give_sent(__LINE__, 500);
    uint32_t at = SND_NXT;
    user_send(500);
    out(PSH|ACK, .seq = at, .ack = 1, .len = 500);
    user_send(1000);
    out(PSH|ACK, .seq = 0, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 0);
    check_eq(script_status().send_queued, 1000);
    after(SECONDS(1));
    out(PSH|ACK, .seq = 0, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 1000);
    check_eq(script_status().send_queued, 0);
    after(SECONDS(1000));
    state(ESTABLISHED);
}

SCRIPT(a_window_that_closes_at_iss)                 /* RFC 9293 3.8.6.1 [MUST-36] */
{
    give_sent(__LINE__, 0);
    in (ACK, .seq = 1, .ack = 0, .wnd = ZERO);
    user_send(1000);
    after(SECONDS(1));
    out(ACK, .seq = 0, .ack = 1, .len = 1);
    in (ACK, .seq = 1, .ack = 0, .wnd = 32000);
    out(ACK, .seq = 0, .ack = 1, .len = 1);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 999);
}

/* --- a window probe that was refused leaves SND.NXT beyond the peer's window --- */

static void give_refused_probe(int line)
{
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .wnd = 2000 });
    user_set(NODELAY, 1);
    script_send(line, 5000, 0);
    script_check_eq(line, script_drain(line).octets, 2000, "octets up to the edge");
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 2001, .wnd = ZERO });
    script_after(line, SECONDS(1));
    script_out(line, &(struct line){ .ctl = ACK, .seq = 2001, .ack = 1, .len = 1 });
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 2001, .wnd = ZERO });
}

/* The peer takes segments without text at RCV.NXT only: RFC 9293 3.4, Table 6. */
SCRIPT(an_ack_beside_a_refused_probe)               /* RFC 9293 3.10.7.4 first */
{
    give_refused_probe(__LINE__);
    for (uint32_t i = 0; i < 10; i++) {             /* the other direction flows */
        in (ACK,     .seq = 1 + 2000 * i, .ack = 2001, .len = 1000, .wnd = ZERO);
        (void)acks(0);
        in (PSH|ACK, .seq = 1001 + 2000 * i, .ack = 2001, .len = 1000, .wnd = ZERO);
        out(ACK, .seq = 2001, .ack = 2001 + 2000 * i);
        user_receive(2000);
    }
    in (PSH|ACK, .seq = 30001, .ack = 2001, .len = 1000, .wnd = ZERO);
    out(ACK, .seq = 2001, .ack = 20001);            /* the same for an ACK of text out of order */
    in (ACK, .seq = 20001, .ack = 2002, .wnd = 10000);
    check(discard() > 0);                           /* the probe was taken after all */
    in (PSH|ACK, .seq = 20001, .ack = SND_NXT, .len = 1000, .wnd = 10000);
    out(ACK, .seq = 5001, .ack = 21001);
}

SCRIPT(a_reset_beside_a_refused_probe)              /* RFC 9293 3.10.5, RFC 5961 3.2 */
{
    give_refused_probe(__LINE__);
    user_abort();
    out(RST|ACK, .seq = 2001, .ack = 1);
    give_refused_probe(__LINE__);
    user_release();
    in (PSH|ACK, .seq = 1, .ack = 2001, .len = 100, .wnd = ZERO);
    out(RST|ACK, .seq = 2001, .ack = 1);            /* RFC 9293 3.6.1 [SHLD-3] */
    state(CLOSED);
}

/* --- a closed window that nobody waits for --- */

/* Answers every probe with a closed window; how many came before the connection ended. */
static unsigned answered_probes(int line, unsigned most)
{
    unsigned probes = 0;
    while (w.tcp.state == TCP_FIN_WAIT_1 && probes < most) {
        script_after(line, tcp_next_timeout(&w.tcp) - w.now);
        if (w.tcp.state != TCP_FIN_WAIT_1)
            break;
        script_out(line, &(struct line){ .ctl = ACK, .seq = 1001, .ack = 1, .len = 1 });
        script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1001, .wnd = ZERO });
        probes++;
    }
    return probes;
}

static void give_queued_at_closed_window(int line)
{
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .wnd = 1000 });
    script_send(line, 3000, 0);
    script_out(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1, .len = 1000 });
    script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1001, .wnd = ZERO });
}

SCRIPT(a_closed_window_that_nobody_waits_for)       /* RFC 9293 3.8.6.1 [MUST-37] */
{
    give_queued_at_closed_window(__LINE__);
    user_release();
    check_eq(answered_probes(__LINE__, 100), 8);
    state(CLOSED);
    out(RST|ACK, .seq = 1001, .ack = 1);
    check_eq(w.pool.in_use, 0);

    config.orphan_probes = 3;
    give_queued_at_closed_window(__LINE__);
    user_release();
    check_eq(answered_probes(__LINE__, 100), 3);
    state(CLOSED);
    out(RST|ACK, .seq = 1001, .ack = 1);

    give_queued_at_closed_window(__LINE__);         /* CLOSE, but the user still holds it */
    user_close();
    check_eq(answered_probes(__LINE__, 100), 100);
    state(FIN_WAIT_1);
}

/* A window that opens at times is not one that stays closed. */
SCRIPT(a_slow_peer_gets_what_a_gone_user_sent)      /* RFC 9293 3.8.6.1 [MUST-36] */
{
    config.send_buffer = 20000;
    given(ESTABLISHED, .wnd = 1000);
    user_send(20000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    user_release();
    for (uint32_t k = 1; k < 20; k++) {
        in (ACK, .seq = 1, .ack = 1 + 1000 * k, .wnd = ZERO);
        for (unsigned i = 0; i < 5; i++) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            out(ACK, .seq = 1 + 1000 * k, .ack = 1, .len = 1);
            in (ACK, .seq = 1, .ack = 1 + 1000 * k, .wnd = ZERO);
        }
        in (ACK, .seq = 1, .ack = 1 + 1000 * k, .wnd = 1000);
        struct tcp_segment seg;
        while (SND_NXT < 1001 + 1000 * k || w.tcp.may_send)
            if (!world_pull(__LINE__, &seg))
                break;
        check_eq(SND_NXT, 1001 + 1000 * k);
    }
    state(FIN_WAIT_1);
}

/* --- the echo of a first transmission whose ACK was lost --- */

SCRIPT(an_echo_of_the_first_transmission)           /* RFC 6298 3, RFC 7323 4.1 */
{
    config.rto_min = MS(200);
    given(ESTABLISHED, .timestamps = true, .rtt = MS(10));
    uint32_t rto = script_status().rto_us;
    check(rto <= 300000);
    user_send(500);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 500);
    uint32_t first = w.our_ts_val;
    for (unsigned i = 0; i < 5; i++) {              /* each of their ACKs is lost */
        after(tcp_next_timeout(&w.tcp) - w.now);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 500);
    }
    after(MS(10));
    in (ACK, .seq = 1, .ack = 501, .ts_ecr = first);
    check_eq(script_status().rto_us, rto);
    check_eq(event_count(ambiguous_rtt), 1);
    user_send(500);                                 /* and what is new is timed again */
    out(PSH|ACK, .seq = 501, .ack = 1, .len = 500);
    after(MS(10));
    in (ACK, .seq = 1, .ack = 1001);
    check(script_status().rto_us <= rto);
}

SCRIPT(an_echo_of_the_last_transmission)            /* RFC 7323 4.1 */
{
    config.rto_min = MS(200);
    given(ESTABLISHED, .timestamps = true, .rtt = MS(10));
    uint32_t srtt = script_status().srtt_us;
    user_send(500);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 500);
    after(tcp_next_timeout(&w.tcp) - w.now);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 500);
    after(MS(50));
    in (ACK, .seq = 1, .ack = 501);
    check(script_status().srtt_us > srtt);
    check_eq(event_count(ambiguous_rtt), 0);
}

/* --- what is sent again stays inside cwnd and SND.WND (RFC 5681 2, RFC 9293 3.8.6) --- */

static void give_recovery(int line)
{
    config.initial_window = 20;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .mss = 1460, .wnd = 60000 });
    script_send(line, 60000, 0);
    (void)script_drain(line);
    for (unsigned i = 0; i < 3; i++) {
        script_in(line, &(struct line){ .ctl = ACK, .seq = 1, .ack = 1 });
        (void)script_discard(line);
    }
    script_check_eq(line, script_status().retransmits, 1, "fast retransmit");
    config.initial_window = 10;
}

/* What is owed now ends here; each segment fits the path. */
static uint32_t reach_of_resend(uint32_t *first)
{
    struct tcp_segment seg;
    uint32_t end = 0, n = 0;
    while (world_pull(__LINE__, &seg)) {
        end = seg.seq.n + seg.text_len - w.iss.n;
        if (n++ == 0 && first)
            *first = seg.text_len;
    }
    return end;
}

SCRIPT(a_smaller_path_in_recovery_and_a_small_window)   /* RFC 9293 3.8.6 [SHLD-16] */
{
    give_recovery(__LINE__);
    in (ACK, .seq = 1, .ack = 1, .wnd = 3000);
    (void)discard();
    check(tcp_too_big(&w.tcp, 1000, seq_add(w.iss, 1), w.now));
    uint32_t end = reach_of_resend(NULL);
    check(end > 1 && end <= 3001);                  /* 29200 octets are outstanding */
}

SCRIPT(a_smaller_path_in_recovery_obeys_cwnd)       /* RFC 5681 2 */
{
    give_recovery(__LINE__);
    uint32_t cwnd = script_status().cwnd;
    check(cwnd < SND_NXT - SND_UNA);
    check(tcp_too_big(&w.tcp, 1000, seq_add(w.iss, 1), w.now));
    uint32_t end = reach_of_resend(NULL);
    check(end > 1 && end <= 1 + cwnd);
}

SCRIPT(a_window_that_opens_a_little_in_recovery)    /* RFC 9293 3.8.6.1 [MUST-36] */
{
    give_recovery(__LINE__);
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    (void)discard();
    in (ACK, .seq = 1, .ack = 1, .wnd = 4000);
    uint32_t end = reach_of_resend(NULL), first = 0;
    check(end > 1 && end <= 4001);
    in (ACK, .seq = 1, .ack = 1, .wnd = ZERO);
    (void)discard();
    in (ACK, .seq = 1, .ack = 1, .wnd = 700);       /* not even one segment */
    end = reach_of_resend(&first);
    check_eq(first, 700);
    check_eq(end, 701);
}

/* --- urgent data on a device that cuts --- */

SCRIPT(urgent_data_is_cut_here)                     /* RFC 9293 3.8.5 [MUST-30] */
{
    given(ESTABLISHED);
    w.tcp.gso = true;
    user_send_urgent(5000);
    for (uint32_t i = 0; i < 5; i++)
        out(URG|ACK | (i == 4 ? PSH : 0), .seq = 1 + 1000 * i, .ack = 1, .len = 1000,
            .urgent = (uint16_t)(5000 - 1000 * i));
    in (ACK, .seq = 1, .ack = 5001);
    user_send(5000);                                /* it cuts again */
    struct tcp_segment seg;
    check(tcp_next_segment(&w.tcp, &seg, w.now));
    check_eq(seg.gso_size, 1000);
    check_eq(seg.text_len, 5000);
    check_eq(seg.ctl & URG, 0);
}

/* --- the end with text queued --- */

SCRIPT(a_reset_at_the_end_frees_the_text)           /* RFC 9293 3.10.7.4 second */
{
    given(CLOSE_WAIT);
    user_send(5000);
    check_eq(drain().octets, 5000);
    user_close();
    (void)discard();
    state(LAST_ACK);
    check(w.pool.in_use > 0);
    in (RST, .seq = RCV_NXT);
    state(CLOSED);
    check_eq(w.pool.in_use, 0);

    given(ESTABLISHED);
    user_send(5000);
    check_eq(drain().octets, 5000);
    user_close();
    (void)discard();
    in (FIN|ACK, .seq = 1, .ack = 1);
    (void)discard();
    state(CLOSING);
    check(w.pool.in_use > 0);
    in (RST, .seq = RCV_NXT);
    state(CLOSED);
    check_eq(w.pool.in_use, 0);
}

SCRIPT(r2_can_be_counted)                           /* RFC 9293 3.8.3 [MUST-21] */
{
    static const int64_t good[] = { 1, 2, 15, 200, UINT32_MAX };
    static const int64_t bad[] = { 0, -1, 201, 255, 256, 65536, UINT32_MAX - 1ll, 1ll << 32 };
    given(ESTABLISHED);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        user_set(R2, good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        user_set(R2, bad[i]);
        expect(INVALID);
    }
}

SCRIPT(as_many_probes_as_r2_says)                   /* RFC 9293 3.8.3 [MUST-20] */
{
    config.rto_max = SECONDS(2);
    give_queued_at_closed_window(__LINE__);
    user_set(R2, 200);
    unsigned probes = 0;
    while (w.tcp.state == TCP_ESTABLISHED && probes < 1000) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        probes += discard();
    }
    check_eq(probes, 200);
    reason(TIMED_OUT);
    config.rto_max = SECONDS(120);
}
