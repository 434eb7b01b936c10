/* tlp.c - the tail loss probe: what is sent instead of waiting for a timeout when the end of a
 * flight is lost (RFC 8985 7). A segment is 1000 octets. */
#include "tests/script/script.h"

/* `n` segments leave, after a handshake of `rtt`. */
static void give_flight(int line, uint32_t n, aksu_time rtt)
{
    config.initial_window = n > 4 ? n : 4;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = true, .wnd = 65000,
                                                   .rtt = rtt });
    script_send(line, 1000 * n, 0);
    script_check_eq(line, script_drain(line).segments, n, "segments of the first flight");
}

SCRIPT(the_last_segment_is_lost)                    /* RFC 8985 7.2, R8985-7.2-a */
{
    give_flight(__LINE__, 4, MS(100));
    after(MS(100));
    in (ACK, .seq = 1, .ack = 3001);                /* arms it anew */
    after(MS(250) - 1);                             /* one in flight: 2 SRTT + 50 ms */
    quiet();
    after(1);
    out(PSH|ACK, .seq = 3001, .ack = 1, .len = 1000);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 4001);
    check_eq(event_count(timer), 1);
}

SCRIPT(how_long_until_the_probe)                    /* RFC 8985 7.2, R8985-7.2-b */
{
    give_flight(__LINE__, 5, MS(100));
    check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(200));
    give_flight(__LINE__, 1, MS(100));
    check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(250));
    give_flight(__LINE__, 5, MS(450));              /* RTO = 450 + 4 * 225 ms */
    check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(900));
    config.rto_max = MS(250);
    give_flight(__LINE__, 1, MS(100));
    check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(250));
}

/* The RTO would be sooner than the probe: the probe takes its place, and it follows. */
SCRIPT(the_probe_in_place_of_the_timeout)           /* RFC 8985 7.2, R8985-7.2-b */
{
    config.rto_max = MS(240);
    give_flight(__LINE__, 1, MS(100));
    after(MS(240));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(script_status().cwnd, 4000);           /* it was no timeout */
    after(MS(240));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(script_status().cwnd, 1000);
}

SCRIPT(new_text_arms_it_again)                      /* RFC 8985 7.2, R8985-7.2-a */
{
    give_flight(__LINE__, 2, MS(100));
    after(MS(150));
    user_send(1000);
    out(PSH|ACK, .seq = 2001, .ack = 1, .len = 1000);
    check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(200));
}

/* Not while something is SACKed, and not in recovery: there the other timers do. */
SCRIPT(no_probe_while_something_is_missing)         /* RFC 8985 7.2, R8985-7.2-a */
{
    give_flight(__LINE__, 4, MS(100));
    after(MS(100));
    in (ACK, .seq = 1, .ack = 1, .sack = { { 2001, 3001 } });
    check_eq(tcp_next_timeout(&w.tcp) - w.now, MS(25));
    after(MS(25));                                  /* both below are lost */
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check(w.tcp.waits_for == WAIT_RTO);
    (void)discard();
    aksu_time rto = tcp_next_timeout(&w.tcp);
    check(rto - w.now > MS(800));
    after(rto - w.now);
    check(script_status().cwnd == 1000);            /* that was a timeout */
    (void)discard();
}

/* The probe is answered by nothing: what follows is the RTO, at its own time. */
SCRIPT(one_probe_and_then_the_timeout)              /* RFC 8985 7.3, R8985-7.3-c, R8985-7.3-a */
{
    give_flight(__LINE__, 2, MS(100));
    after(MS(200));
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    check_eq(script_status().cwnd, 4000);
    check_eq(tcp_next_timeout(&w.tcp) - w.now, SECONDS(1));
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    check_eq(script_status().cwnd, 1000);
    after(SECONDS(2));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);      /* and the next timeout */
}

/* After a probe the next one waits for a round trip that was measured. */
SCRIPT(no_second_probe_without_a_sample)            /* RFC 8985 7.3, R8985-7.3-a */
{
    give_flight(__LINE__, 1, MS(100));
    after(MS(250));
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 1001);                /* ambiguous: no sample */
    user_send(1000);
    out(PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    check_eq(tcp_next_timeout(&w.tcp) - w.now, SECONDS(1));
    check(w.tcp.waits_for == WAIT_RTO);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 2001);                /* that is one */
    user_send(1000);
    out(PSH|ACK, .seq = 2001, .ack = 1, .len = 1000);
    check(w.tcp.waits_for == WAIT_LOSS_PROBE);
}

/* With more to send the probe is new, one segment beyond cwnd. */
SCRIPT(the_probe_is_new_text)                       /* RFC 8985 7.3, R8985-7.3-b */
{
    give_flight(__LINE__, 4, MS(100));
    user_send(5000);
    quiet();                                        /* cwnd is used up */
    after(MS(200));
    out(ACK, .seq = 4001, .ack = 1, .len = 1000);
    quiet();
    check_eq(script_status().in_flight, 5000);
    check_eq(script_status().retransmits, 0);
}

/* The peer's window does not let new text out: the last segment again. */
SCRIPT(the_probe_when_the_window_is_full)           /* RFC 8985 7.3, R8985-7.3-b */
{
    given(ESTABLISHED, .sack = true, .wnd = 3000, .rtt = MS(100));
    user_send(9000);
    check_eq(drain().segments, 3);
    after(MS(200));
    out(ACK, .seq = 2001, .ack = 1, .len = 1000);
}

SCRIPT(the_probe_is_a_fin)                          /* RFC 8985 7.3 */
{
    give_flight(__LINE__, 2, MS(100));
    after(MS(10));
    user_close();
    out(FIN|ACK, .seq = 2001, .ack = 1);
    after(MS(200));                                 /* with text, which the peer can SACK */
    out(FIN|PSH|ACK, .seq = 1001, .ack = 1, .len = 1000);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 2002);
    state(FIN_WAIT_2);
}

/* Nobody but the probe tells of the loss that it repaired. */
SCRIPT(the_probe_repairs_a_loss)                    /* RFC 8985 7.4.2, R8985-7.4.2-a */
{
    config.initial_window = 10;
    give_flight(__LINE__, 10, MS(100));
    after(MS(100));
    in (ACK, .seq = 1, .ack = 9001);
    after(MS(250));
    out(PSH|ACK, .seq = 9001, .ack = 1, .len = 1000);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 10001);               /* may be of either */
    user_send(1000);
    out(PSH|ACK, .seq = 10001, .ack = 1, .len = 1000);
    check(script_status().ssthresh == 0 || script_status().ssthresh > 1u << 29);
    after(MS(100));
    uint32_t before = script_status().cwnd;
    in (ACK, .seq = 1, .ack = 11001);               /* beyond TLP.end_seq, and no duplicate */
    check(script_status().cwnd < before);
    check(script_status().ssthresh < before);
}

/* Both copies arrived: nothing was lost. */
SCRIPT(the_probe_was_not_needed)                    /* RFC 8985 7.4.2, R8985-7.4.2-a */
{
    for (unsigned dsack = 0; dsack < 2; dsack++) {
        give_flight(__LINE__, 10, MS(100));
        after(MS(100));
        in (ACK, .seq = 1, .ack = 9001);
        after(MS(250));
        out(PSH|ACK, .seq = 9001, .ack = 1, .len = 1000);
        in (ACK, .seq = 1, .ack = 10001);
        user_send(1000);
        out(PSH|ACK, .seq = 10001, .ack = 1, .len = 1000);
        after(MS(100));
        if (dsack)                                  /* RFC 2883 4 */
            in (ACK, .seq = 1, .ack = 10001, .sack = { { 9001, 10001 } });
        else                                        /* a peer that does not know it */
            in (ACK, .seq = 1, .ack = 10001);
        uint32_t before = script_status().cwnd;
        in (ACK, .seq = 1, .ack = 11001);
        check(script_status().cwnd >= before);
        check_eq(event_count(undo), 0);
    }
}

/* A probe of new text that arrives says nothing, and one that shows a hole starts recovery. */
SCRIPT(the_probe_shows_a_hole)                      /* RFC 8985 7.4 */
{
    give_flight(__LINE__, 4, MS(100));
    user_send(1000);
    after(MS(200));
    out(PSH|ACK, .seq = 4001, .ack = 1, .len = 1000);
    after(MS(100));
    in (ACK, .seq = 1, .ack = 3001, .sack = { { 4001, 5001 } });
    out(ACK, .seq = 3001, .ack = 1, .len = 1000);   /* it is older than any reordering */
    after(MS(100));
    in (ACK, .seq = 1, .ack = 5001);
    check_eq(event_count(timer), 1);                /* LOSS PROBE */
    check(script_status().ssthresh < 4000);
}
