/* options.c - the options of SYN segments and of all others: MSS (RFC 9293 3.1, 3.7.1,
 * RFC 6691 2), window scale (RFC 7323 2), and options that make no sense. */
#include <string.h>

#include "tests/script/script.h"

SCRIPT(the_three_basic_options)                     /* RFC 9293 3.1 [MUST-4] */
{
    given(LISTEN);
    in (SYN, .seq = 0, OPTIONS("\x01\x01\x02\x04\x03\xe8\x00\x00"));
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    user_send(1000);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 1000);
}

SCRIPT(an_unknown_option_is_stepped_over)           /* RFC 9293 3.1 [MUST-6] */
{
    given(LISTEN);
    in (SYN, .seq = 0, OPTIONS("\xc8\x06" "abcd" "\x02\x04\x03\xe8\x00\x00"));
    out(SYN|ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    user_send(1500);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
}

SCRIPT(options_on_any_segment)                      /* RFC 9293 3.1 [MUST-5] */
{
    static const char mixed[] = "\x01\xfd\x04xy\x08\x0a" "abcd" "efgh\x01";
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .raw = mixed, .raw_length = 16);
    acked(11);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 11, .len = 10);
    in (ACK, .seq = 11, .ack = 11, .raw = mixed, .raw_length = 16);
    check_eq(script_status().send_queued, 0);
    in (FIN|ACK, .seq = 11, .ack = 11, .raw = mixed, .raw_length = 16);
    out(ACK, .seq = 11, .ack = 12);
    state(CLOSE_WAIT);
    in (RST, .seq = 12, .raw = mixed, .raw_length = 16);
    state(CLOSED);
}

/* Such an option ends the parsing, the segment counts (A19). */
SCRIPT(options_with_an_impossible_length)           /* RFC 9293 3.1 [MUST-7] */
{
    for (unsigned kind = 2; kind < 256; kind++) {
        static const uint8_t lengths[] = { 0, 1, 9, 255 };
        for (size_t i = 0; i < 4; i++) {
            char raw[8] = { (char)kind, (char)lengths[i], 4, 1, 2, 3, 4, 5 };
            given(LISTEN);
            in (SYN, .seq = 0, .raw = raw, .raw_length = 8);
            out(SYN|ACK, .seq = 0, .ack = 1);
            in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .raw = raw, .raw_length = 8);
            state(ESTABLISHED);
            acked(11);
        }
    }
}

SCRIPT(options_at_any_offset)                       /* RFC 9293 3.2 [MUST-64] */
{
    given(LISTEN);
    in (SYN, .seq = 0, OPTIONS("\x01\x02\x04\x03\xe8\x01\x04\x02"));
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS | HAS_SACK_PERMITTED);
    check_eq(w.peer_mss, 1000);
    for (size_t offset = 0; offset < 4; offset++) {
        given(ESTABLISHED, .timestamps = true, .ts_val = 0x01020300);
        char raw[16];
        memset(raw, OPTION_NOP, sizeof raw);
        memcpy(raw + offset, "\x08\x0a\x01\x02\x03\x04\0\0\0\0", 10);
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .raw = raw, .raw_length = 16);
        after(MS(40));
        out(ACK, .seq = 1, .ack = 11, .ts_ecr = 0x01020304);
    }
}

/* What the harness looks for in every segment, through a whole connection with retransmissions. */
SCRIPT(options_of_a_whole_connection)               /* RFC 9293 3.2 [MUST-65], 3.1 [MUST-68] */
{
    w.env.loss = &loss_sack;                        /* no probe before the timeout */
    for (int more = 0; more < 2; more++) {
        given(ESTABLISHED, .timestamps = more, .sack = more, .wscale = more ? SHIFT(3) : 0,
              .wnd = 16000);
        user_send(2000);
        out(ACK,     .seq = 1, .ack = 1, .len = more ? 988 : 1000);
        (void)drain();
        after(SECONDS(1));
        out(ACK, .seq = 1, .ack = 1, .len = more ? 988 : 1000);
        in (PSH|ACK, .seq = 500, .ack = SND_NXT, .len = 10);
        if (more)
            out(ACK, .seq = SND_NXT, .ack = 1, .sack = { { 500, 510 } });
        else
            out(ACK, .seq = SND_NXT, .ack = 1);
        (void)drain();
        user_close();
        (void)drain();
        state(FIN_WAIT_1);
        after(MS(10));
        user_abort();
        any_reset();
    }
}

SCRIPT(every_syn_carries_the_mss)                   /* RFC 9293 3.7.1 [MUST-14], 3.7.1 [SHLD-5] */
{
    static const struct { bool ipv6; uint16_t mtu, mss; } paths[] = {
        { false, 1480, 1460 }, { true, 1460, 1440 }, { false, 556, 536 }, { false, 8980, 8960 },
        { true, 1240, 1220 } };
    for (size_t i = 0; i < 5; i++) {
        given(SYN_SENT, .ipv6 = paths[i].ipv6, .mtu = paths[i].mtu);
        check_eq(w.our_mss, paths[i].mss);          /* RFC 9293 3.7.1 [MUST-67] */
        after(SECONDS(1));
        out(SYN, .seq = 0, .mss = paths[i].mss);
        given(SYN_RECEIVED, .ipv6 = paths[i].ipv6, .mtu = paths[i].mtu, .timestamps = true);
        check_eq(w.our_mss, paths[i].mss);         /* options are the sender's matter: RFC 6691 2 */
        after(SECONDS(1));
        out(SYN|ACK, .seq = 0, .ack = 1, .mss = paths[i].mss);
    }
}

SCRIPT(without_an_mss_option)                       /* RFC 9293 3.7.1 [MUST-15] */
{
    given(ESTABLISHED, .no_mss = true);
    user_send(5000);
    out(ACK, .seq = 1, .ack = 1, .len = 536);
    check(drain().octets > 0);
    given(ESTABLISHED, .no_mss = true, .ipv6 = true);
    user_send(5000);
    out(ACK, .seq = 1, .ack = 1, .len = 1220);
    check(drain().octets > 0);
    given(ESTABLISHED, .no_mss = true, .passive = true);
    user_send(600);
    out(ACK, .seq = 1, .ack = 1, .len = 536);
}

SCRIPT(the_effective_mss)                           /* RFC 9293 3.7.1 [MUST-16] */
{
    static const struct { uint16_t peer, mtu; bool ts; uint32_t text; } cases[] = {
        { 1460, 1380, true, 1348 },     /* an MTU of 1400 */
        { 1000, 1480, true, 988 },
        { 1460, 1480, false, 1460 },
        { 9000, 1480, false, 1460 },
        { 700, 1480, false, 700 },
        { 700, 600, false, 580 },
    };
    for (size_t i = 0; i < 6; i++) {
        given(ESTABLISHED, .mss = cases[i].peer, .mtu = cases[i].mtu, .timestamps = cases[i].ts);
        check_eq(script_status().snd_mss, cases[i].text);
        user_send(5000);
        out(ACK, .seq = 1, .ack = 1, .len = cases[i].text);
        (void)drain();
    }
}

/* The user's is announced, and holds for what we send. */
SCRIPT(a_given_mss)                                 /* RFC 9293 3.7.1 [MUST-14], 3.7.1 [MUST-16] */
{
    static const struct { uint16_t given, announced, peer, ours; } rows[] = {
        { 1100, 1100, 1460, 1100 }, { 1100, 1100, 1000, 1000 }, { 9000, 1460, 1400, 1400 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        config.timestamps = false;
        given(CLOSED);
        user_open_active();
        user_set(MAX_SEGMENT, rows[i].given);
        out(SYN, .seq = 0, .mss = rows[i].announced);
        user_set(MAX_SEGMENT, 500);
        expect(ILLEGAL);
        w.peer_mss = rows[i].peer;
        in (SYN|ACK, .seq = 0, .ack = 1, .mss = rows[i].peer);
        out(ACK, .seq = 1, .ack = 1);
        check_eq(script_status().snd_mss, rows[i].ours);
        check_eq(script_status().rcv_mss, rows[i].announced);
    }
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1300);
    tcp_hold(&w.tcp);
    user_set(MAX_SEGMENT, 87);
    expect(INVALID);
    user_set(MAX_SEGMENT, 1100);
    user_complete();
    out(SYN|ACK, .seq = 0, .ack = 1, .mss = 1100);
    in (ACK, .seq = 1, .ack = 1);
    check_eq(script_status().snd_mss, 1100);
}

SCRIPT(a_tiny_mss_does_no_harm)                     /* RFC 9293 3.7.1 */
{
    for (uint16_t mss = 1; mss < 40; mss++) {
        given(SYN_SENT, .mtu = 1480);
        in (SYN|ACK, .seq = 0, .ack = 1, .mss = mss);
        out(ACK, .seq = 1, .ack = 1);
        check(script_status().snd_mss >= 1);
        w.peer_mss = 1460;                          /* a floor is allowed to the sender */
        user_send(1000);
        check(drain().octets > 0);
    }
}

SCRIPT(window_scale_is_offered_always)              /* RFC 7323 2.2 */
{
    given(SYN_SENT);
    check(w.our_ws);
    check_eq(w.our_shift, 0);
    config.receive_buffer = 1u << 20;
    given(SYN_SENT);
    check_eq(w.our_shift, 5);
    config.receive_buffer = 4u << 20;
    given(SYN_SENT);
    check(w.our_shift <= 14 && (4u << 20) >> w.our_shift <= 65535);
    config.window_scale = false;
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0, .wnd = 65535, .has = HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS);
}

SCRIPT(window_scale_needs_both)                     /* RFC 7323 2.2 */
{
    config.receive_buffer = 1u << 20;
    given(ESTABLISHED);                             /* we offered, the peer did not */
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 30000);
    check_eq(script_status().snd_wnd, 30000);
    check_eq(script_status().snd_wscale, 0);
    check_eq(script_status().rcv_wscale, 0);
    after(MS(40));
    out(ACK, .seq = 1, .ack = 11, .wnd = 65535);
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS);
}

SCRIPT(windows_are_scaled_both_ways)                /* RFC 7323 2.3 */
{
    for (int passive = 0; passive < 2; passive++) {
        config.receive_buffer = 1u << 20;
        given(ESTABLISHED, .wscale = SHIFT(4), .passive = passive, .wnd = 1600);
        check_eq(script_status().snd_wscale, 4);
        check_eq(script_status().rcv_wscale, 5);
        in (ACK, .seq = 1, .ack = 1, .wnd = 1600);  /* 100 << 4 */
        check_eq(script_status().snd_wnd, 1600);
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 1000, .wnd = 1600);
        acked(1001);
        check(w.edge - 1 >= (1u << 20) - 32);
        in (RST, .seq = 1002);                      /* also on a challenge ACK */
        out(ACK, .seq = 1, .ack = 1001);
        user_close();
        out(FIN|ACK, .seq = 1, .ack = 1001);
    }
}

SCRIPT(the_window_of_a_syn_is_not_scaled)           /* RFC 7323 2.2 */
{
    config.receive_buffer = 1u << 20;
    given(CLOSED);
    user_open_active();
    out(SYN, .seq = 0, .wnd = 65535);
    in (SYN|ACK, .seq = 0, .ack = 1, .wnd = 1000, .wscale = SHIFT(7), .mss = 1000);
    check_eq(script_status().snd_wnd, 1000);
    out(ACK, .seq = 1, .ack = 1);
}

SCRIPT(a_shift_above_14_is_taken_as_14)             /* RFC 7323 2.3, RFC 9293 3.1 [REC-1] */
{
    static const uint8_t shifts[] = { 14, 15, 255 };
    for (size_t i = 0; i < 3; i++) {
        given(ESTABLISHED, .wscale = SHIFT(shifts[i]), .wnd = 16384);
        in (ACK, .seq = 1, .ack = 1, .wnd = 65535u << 14);
        check_eq(script_status().snd_wnd, 1073725440);
    }
}

SCRIPT(window_scale_without_syn_is_ignored)         /* RFC 7323 2.2 */
{
    given(ESTABLISHED, .wscale = SHIFT(2));
    in (ACK, .seq = 1, .ack = 1, .wnd = 4000, OPTIONS("\x03\x03\x0a\x00"));
    check_eq(script_status().snd_wnd, 4000);
    check_eq(script_status().snd_wscale, 2);
    given(ESTABLISHED);
    in (ACK, .seq = 1, .ack = 1, .wnd = 4000, OPTIONS("\x03\x03\x0a\x00"));
    check_eq(script_status().snd_wnd, 4000);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, OPTIONS("\x02\x04\x00\x64"));    /* an MSS */
    acked(11);
    check_eq(script_status().snd_mss, 1000);
}
