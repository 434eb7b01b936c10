/* cc_switch.c - congestion control is changed while text is in flight, or while some of it is being
 * repaired (cc.h, RFC 6937 4, RFC 5681 3.1); and no text leaves without what rates are made of. A
 * segment is 1000 octets. */
#include "tests/script/script.h"

enum { FLIGHT = 10 };

static const struct cc_ops *const leading[] = { &cc_reno, &cc_cubic };

/* Two that only hear, with and without rates: state[0] counts rounds, state[1] has the largest
 * rate. */
static void hear(struct cc *c, const struct cc_ack *ack)
{
    c->state[0] += ack->round;
    if (ack->delivery_rate > c->state[1])
        c->state[1] = ack->delivery_rate;
}

static struct cc_ops hearing(bool wants_rate)
{
    struct cc_ops ops = steady_cc;
    ops.name = "hearing";
    ops.on_ack = hear;
    ops.wants_rate = wants_rate;
    return ops;
}

static void change_to(const struct cc_ops *ops)
{
    tcp_set_congestion_control(&w.tcp, ops, w.now);
}

/* Ten segments of `ops` that left 50 ms ago; more is queued. */
static void give_flight(int line, const struct cc_ops *ops, bool sack, bool ecn)
{
    config.initial_window = FLIGHT;
    script_given(TCP_ESTABLISHED, &(struct given){ .line = line, .sack = sack, .wnd = 65000,
                                                   .rtt = MS(50), .ecn = ecn });
    change_to(ops);
    script_send(line, 1000 * FLIGHT, 0);
    script_check_eq(line, script_drain(line).segments, FLIGHT, "segments of the first flight");
    script_after(line, MS(50));
}

static uint64_t heard(unsigned k)
{
    return w.tcp.out->cc.state[k];
}

/* What is lost is sent again and arrives; then cwnd is where the new one has led it. */
SCRIPT(from_bbr_in_fast_recovery)                   /* RFC 6937 4, RFC 5681 3.1 */
{
    for (unsigned i = 0; i < 2; i++) {
        give_flight(__LINE__, &cc_bbr, true, false);
        in (ACK, .seq = 1, .ack = 1, .sack = { { 1001, 6001 } });
        (void)discard();
        check(w.tcp.out->recovery == RECOVERY_FAST);
        change_to(leading[i]);
        check(script_status().ssthresh >= 2000 && script_status().ssthresh <= 8000);
        after(MS(50));
        user_send(20000);
        (void)discard();
        in (ACK, .seq = 1, .ack = SND_NXT);
        check(w.tcp.out->recovery == RECOVERY_NONE);
        check(script_status().cwnd <= script_status().ssthresh + 1000);
        (void)discard();
    }
}

SCRIPT(from_bbr_in_fast_recovery_without_sack)      /* RFC 5681 3.2, RFC 6582 3.2 */
{
    for (unsigned i = 0; i < 2; i++) {
        give_flight(__LINE__, &cc_bbr, false, false);
        for (unsigned k = 0; k < 3; k++)
            in (ACK, .seq = 1, .ack = 1);
        (void)discard();
        change_to(leading[i]);
        check(script_status().ssthresh >= 2000 && script_status().ssthresh <= 8000);
        in (ACK, .seq = 1, .ack = SND_NXT);
        check(script_status().cwnd <= 8000);
        (void)discard();
    }
}

/* The loss is of a window that was reduced for a mark: it is no reason to reduce it again. */
SCRIPT(from_bbr_after_a_mark)                       /* RFC 3168 6.1.2, RFC 6937 4 */
{
    for (unsigned i = 0; i < 2; i++) {
        config.ecn = AKSU_ECN_ASK;
        give_flight(__LINE__, &cc_bbr, true, true);
        in (ECE|ACK, .seq = 1, .ack = 1001);
        (void)discard();
        change_to(leading[i]);
        in (ECE|ACK, .seq = 1, .ack = 1001, .sack = { { 2001, 6001 } });
        (void)discard();
        check(w.tcp.out->recovery == RECOVERY_FAST);
        after(MS(50));
        in (ACK, .seq = 1, .ack = SND_NXT);
        check(script_status().cwnd <= 12000);
        (void)discard();
    }
}

SCRIPT(from_bbr_after_a_timeout)                    /* RFC 5681 3.1 */
{
    for (unsigned i = 0; i < 2; i++) {
        give_flight(__LINE__, &cc_bbr, true, false);
        while (w.tcp.out->recovery != RECOVERY_RTO) {
            after(tcp_next_timeout(&w.tcp) - w.now);
            (void)discard();
        }
        change_to(leading[i]);
        check_eq(script_status().cwnd, 1000);
        check(script_status().ssthresh >= 2000 && script_status().ssthresh <= 8000);
        in (ACK, .seq = 1, .ack = SND_NXT);
        (void)discard();
    }
}

/* What left before is a rate from the change on: 10000 octets in 25 ms. */
SCRIPT(rates_begin_at_the_change)                   /* RFC 9293 3.8.2 [MUST-19] */
{
    const struct cc_ops rates = hearing(true);
    give_flight(__LINE__, &cc_reno, true, false);
    change_to(&rates);
    after(MS(15));
    for (uint32_t i = 1; i <= FLIGHT; i++) {
        after(MS(1));
        in (ACK, .seq = 1, .ack = 1 + 1000 * i);
    }
    check_eq(heard(0), 1);
    check(heard(1) >= 300000 && heard(1) <= 400000);
    change_to(&cc_reno);
}

/* A round trip ends when what was sent before the change has arrived, not before. */
SCRIPT(rounds_begin_at_the_change)                  /* RFC 9293 3.8.2 [MUST-19] */
{
    const struct cc_ops rounds = hearing(false);
    give_flight(__LINE__, &cc_bbr, true, false);
    change_to(&rounds);
    for (uint32_t i = 1; i < FLIGHT; i++) {
        after(MS(1));
        in (ACK, .seq = 1, .ack = 1 + 1000 * i);
    }
    check_eq(heard(0), 0);
    after(MS(20));
    in (ACK, .seq = 1, .ack = 1 + 1000 * FLIGHT);
    check_eq(heard(0), 1);
    change_to(&cc_reno);
}

/* The octet of a probe is text like any other: its arrival ends a round. */
SCRIPT(a_probe_carries_a_rate)                      /* RFC 9293 3.8.6.1 [MUST-36] */
{
    const struct cc_ops rates = hearing(true);
    give_flight(__LINE__, &rates, true, false);
    in (ACK, .seq = 1, .ack = 10001, .wnd = ZERO);
    check_eq(heard(0), 1);
    user_send(1000);
    after(SECONDS(1));
    out(ACK, .seq = 10001, .ack = 1, .len = 1);
    after(MS(50));
    in (ACK, .seq = 1, .ack = 10002, .wnd = ZERO);
    check_eq(heard(0), 2);
    change_to(&cc_reno);
}
