/* isn.c - initial sequence numbers (RFC 9293 3.4.1, RFC 6528 3). */
#include "tests/script/script.h"

static uint32_t isn_of(const struct tcp_tuple *tuple, aksu_time now)
{
    struct tcp t;
    struct aksu_info info = script_status();
    enum aksu_tcp_state was = w.was;
    aksu_time at = w.now;
    w.was = TCP_CLOSED;
    w.now = now;
    tcp_init(&t, &w.env, 9, w.mtu);
    (void)tcp_open_active(&t, tuple, now);
    (void)tcp_status(&t, &info);
    tcp_fini(&t);
    w.was = was;
    w.now = at;
    return info.iss;
}

SCRIPT(the_isn_clock_ticks_every_4_us)              /* RFC 9293 3.4.1 [MUST-8] */
{
    given(CLOSED);
    uint32_t first = isn_of(&w.tuple, w.now);
    check_eq((uint32_t)(isn_of(&w.tuple, w.now + US(4)) - first), 1);
    check_eq((uint32_t)(isn_of(&w.tuple, w.now + SECONDS(1)) - first), 250000);
    check_eq((uint32_t)(isn_of(&w.tuple, w.now + SECONDS(3600)) - first), 900000000);
    check_eq(isn_of(&w.tuple, w.now), first);       /* a frozen clock: the same */
}

/* R6528-3-a */
SCRIPT(isns_of_different_connections)               /* RFC 9293 3.4.1 [SHLD-1], 3.4.1 [MUST-9] */
{
    given(CLOSED);
    uint32_t base = isn_of(&w.tuple, w.now);
    struct tcp_tuple other[5] = { w.tuple, w.tuple, w.tuple, w.tuple, w.tuple };
    other[0].local_port++;
    other[1].remote_port++;
    other[2].local_ip.octet[15]++;
    other[3].remote_ip.octet[15]++;
    uint32_t seen[5] = { base, 0, 0, 0, 0 };
    for (size_t i = 0; i < 4; i++) {
        seen[i + 1] = isn_of(&other[i], w.now);
        for (size_t k = 0; k <= i; k++)             /* nor near each other */
            check((uint32_t)(seen[i + 1] - seen[k] + 65536) > 131072);
    }
    w.env.isn_key.k0 ^= 1;
    check((uint32_t)(isn_of(&w.tuple, w.now) - base + 65536) > 131072);
    w.env.isn_key.k0 ^= 1;
}

/* Neighbouring ports: no bit of the difference stands still, as a weak mixture would let it. */
SCRIPT(isns_do_not_correlate)                       /* RFC 9293 3.4.1 [SHLD-1] */
{
    enum { N = 2000 };
    given(CLOSED);
    unsigned ones[32] = { 0 };
    struct tcp_tuple tuple = w.tuple;
    uint32_t last = isn_of(&tuple, w.now);
    for (unsigned i = 0; i < N; i++) {
        tuple.remote_port++;
        uint32_t isn = isn_of(&tuple, w.now);
        for (unsigned bit = 0; bit < 32; bit++)
            ones[bit] += (isn - last) >> bit & 1u;
        last = isn;
    }
    for (unsigned bit = 0; bit < 32; bit++)
        check(ones[bit] > N / 2 - N / 10 && ones[bit] < N / 2 + N / 10);
}

SCRIPT(ipv6_from_open_to_close)                     /* RFC 9293 3.1 */
{
    for (int passive = 0; passive < 2; passive++) {
        given(ESTABLISHED, .ipv6 = true, .passive = passive, .mss = 1440, .timestamps = true);
        user_send(1428);
        out(PSH|ACK, .seq = 1, .ack = 1, .len = 1428);
        in (PSH|ACK, .seq = 1, .ack = 1429, .len = 101);    /* an odd number */
        acked(102);
        user_receive(101);
        user_close();
        out(FIN|ACK, .seq = 1429, .ack = 102);
        in (FIN|ACK, .seq = 102, .ack = 1430);
        out(ACK, .seq = 1430, .ack = 103);
        state(TIME_WAIT);
    }
}
