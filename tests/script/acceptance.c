/* acceptance.c - what users of other stacks have missed, where one connection shows it. The
 * others are acceptance_... in tests/unit and tests/sim. */
#include "tests/script/script.h"

/* google/nsjail 280, 321: a guest that acknowledges what was never sent, with text and with a
 * FIN. */
static void acknowledges_too_much(enum aksu_tcp_state st)
{
    static const uint32_t beyond[] = { 1, 2, 1000, 65536, 1u << 30 };
    struct tcp_segment seg;
    given_in(st);
    const uint32_t una = script_status().snd_una, next = RCV_NXT;
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        in (PSH|ACK, .seq = next, .ack = SND_NXT + beyond[i], .len = 100);
        if (st == TCP_SYN_RECEIVED) {
            check(world_pull(__LINE__, &seg));
            check(seg.ctl == ACK || seg.ctl == RST);
        } else {
            out(ACK, .seq = SND_NXT, .ack = next);
        }
        in (FIN|ACK, .seq = next, .ack = SND_NXT + beyond[i]);
        (void)discard();
        state_is(st);
        check_eq(script_status().snd_una, una);
        check_eq(script_status().receive_queued, 0);
    }
    ready(0);
}

/* Text before there is a connection, and SYN,ACKs of another one. */
static void answers_a_syn_wrongly(void)
{
    static const uint32_t wrong[] = { 0, 2, 3, 1000, 1u << 31, UINT32_MAX };
    given(SYN_SENT);
    in (PSH, .seq = 1, .len = 500);
    in (FIN|PSH, .seq = 1, .len = 500);
    quiet();
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 500);
    quiet();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        in (SYN|ACK, .seq = 0, .ack = wrong[i]);
        out(RST, .seq = wrong[i]);
        in (PSH|ACK, .seq = 1, .ack = wrong[i], .len = 500);
        out(RST, .seq = wrong[i]);
        state(SYN_SENT);
    }
    check_eq(script_status().receive_queued, 0);
    ready(0);
    in (SYN|ACK, .seq = 0, .ack = 1);
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

static void speaks_to_nobody(enum aksu_tcp_state st)
{
    given_in(st);
    in (PSH|ACK, .seq = 1, .ack = 4711, .len = 500);
    out(RST, .seq = 4711);
    in (SYN|ACK, .seq = 0, .ack = 4711);
    out(RST, .seq = 4711);
    in (FIN|ACK, .seq = 1, .ack = 4711);
    out(RST, .seq = 4711);
    state_is(st);
}

/* RFC 9293 3.10.7.1, 3.10.7.2, 3.10.7.3, 3.10.7.4 fifth, RFC 5961 5.2 */
SCRIPT(acceptance_hostile_guest)
{
    for each(st, segment_states) {
        acknowledges_too_much(st);
    }
    answers_a_syn_wrongly();
    speaks_to_nobody(TCP_LISTEN);
    speaks_to_nobody(TCP_CLOSED);
}

/* google/gvisor 7075, xjasonlyu/tun2socks 95: a SYN with the bits of ECN is a SYN. */
SCRIPT(acceptance_ecn_syn)                          /* RFC 3168 6.1.1 */
{
    static const uint8_t wish[] = { AKSU_ECN_OFF, AKSU_ECN_ACCEPT, AKSU_ECN_ASK };
    static const unsigned bits[] = { ECE | CWR, ECE, CWR };
    for (size_t i = 0; i < 9; i++) {
        const unsigned said = bits[i / 3];
        const bool agreed = said == (ECE | CWR) && wish[i % 3] != AKSU_ECN_OFF;
        config.ecn = wish[i % 3];
        given(LISTEN);
        in (SYN|said, .seq = 0, .mss = 1000);
        out(SYN|ACK|(agreed ? ECE : 0u), .seq = 0, .ack = 1);
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
        state(ESTABLISHED);
        acked(11);
        user_receive(10);
        check_eq(script_status().ecn, agreed);
    }
}

/* google/gvisor 11536: segments without the agreed timestamps are dropped in silence, as the rule
 * says, and the connection lives: what has them is taken, and so is a RST. */
SCRIPT(acceptance_timestamp_less_ack)               /* RFC 7323 3.2 */
{
    given(ESTABLISHED, .timestamps = true);
    user_send(100);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    for (uint32_t i = 0; i < 100; i++)
        in (ACK, .seq = 1, .ack = 101, .no_ts = true);
    quiet();
    state(ESTABLISHED);
    check_eq(script_status().send_unacked, 100);
    in (ACK, .seq = 1, .ack = 101);
    check_eq(script_status().send_unacked, 0);
    in (PSH|ACK, .seq = 1, .ack = 101, .len = 10);
    acked(11);
    user_receive(10);
    in (RST, .seq = 11, .no_ts = true);
    state(CLOSED);
}

/* arcboxlabs/arcbox 479, ibigbug/clash-rs 1070: the same SYN gets the same SYN,ACK, and no second
 * record. */
SCRIPT(acceptance_duplicate_syn)                    /* RFC 9293 3.10.7.4 fourth */
{
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000, .wscale = SHIFT(5), .sack_ok = true);
    out(SYN|ACK, .seq = 0, .ack = 1, .sack_ok = true);
    for (unsigned i = 0; i < 5; i++) {
        after(MS(100));
        in (SYN, .seq = 0, .mss = 1000, .wscale = SHIFT(5), .sack_ok = true);
        out(SYN|ACK, .seq = 0, .ack = 1, .sack_ok = true);
        state(SYN_RECEIVED);
    }
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    check(script_status().sack);
    check_eq(script_status().snd_wscale, 5);
}
