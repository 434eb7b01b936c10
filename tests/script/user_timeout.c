/* user_timeout.c - the user timeout option (RFC 5482): what both ends suggest to each other. */
#include "tests/script/script.h"
#include "tcp/user_timeout.h"

#define SUGGESTS(text) OPTIONS("\x1c\x04" text)     /* kind 28, length 4 */
#define FIVE_MINUTES SUGGESTS("\x80\x05")
#define TEN_MINUTES SUGGESTS("\x02\x58")            /* 600 s */

/* The next segment, and the option as it stands on the wire; 0: it has none. */
static uint16_t said(int line, struct tcp_segment *seg)
{
    script_check(line, world_pull(line, seg), "a segment");
    if (!(seg->options.has & HAS_USER_TIMEOUT))
        return 0;
    return (uint16_t)(seg->options.user_timeout | (seg->options.user_timeout_minutes ? 0x8000 : 0));
}

static void says(int line, unsigned ctl, uint16_t wanted)
{
    struct tcp_segment seg;
    script_check_eq(line, said(line, &seg), wanted, "the option");
    script_check_eq(line, seg.ctl, ctl, "the control bits");
}

/* ESTABLISHED with the option on, whose first segment has been said. */
static void with_option(int line, int64_t seconds)
{
    struct tcp_segment seg;
    given(ESTABLISHED);
    user_set(USER_TIMEOUT_OPTION, seconds);
    user_send(10);
    script_check(line, said(line, &seg) != 0, "the option");
    in (ACK, .seq = 1, .ack = 11);
}

static uint32_t in_force(void)
{
    return script_status().user_timeout_ms;
}

/* R5482-3-c: who has not enabled it hears nothing and says nothing. */
SCRIPT(without_it_the_option_means_nothing)         /* RFC 5482 3, 4.1 */
{
    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    out(SYN|ACK, .seq = 0, .ack = 1, .has = HAS_MSS);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10, FIVE_MINUTES);
    acked(11);
    state(ESTABLISHED);
    check_eq(in_force(), 0);
    check_eq(event_count(user_timeout), 0);
}

/* R5482-3.1-b: min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)); R5482-3-d, R5482-3.1-c: the
 * limits. */
SCRIPT(both_ends_and_the_limits_decide)             /* RFC 5482 3, 3.1 */
{
    static const struct { int64_t ours; const char *theirs; uint32_t ms; } table[] = {
        { 200, "\x1c\x04\x01\x2c", 300000 },        /* 300 s */
        { 400, "\x1c\x04\x01\x2c", 400000 },
        { 60, "\x1c\x04\x00\x01", 100000 },         /* the lower limit */
        { 99, "\x1c\x04\x00\x63", 100000 }, { 101, "\x1c\x04\x00\x63", 101000 },
        { 200, "\x1c\x04\xff\xff", 3600000 },       /* 22 days: the upper one */
        { 1966020, "\x1c\x04\x00\x01", 3600000 },
        { 200, "\x1c\x04\x80\x05", 300000 },        /* five minutes */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        with_option(__LINE__, table[i].ours);
        in (ACK, .seq = 1, .ack = 11, .raw = table[i].theirs, .raw_length = 4);
        check_eq(in_force(), table[i].ms);
        check_eq(event_count(user_timeout), 1);
    }
}

/* R5482-3.4-a: 0 is reserved. */
SCRIPT(a_timeout_of_nothing_is_ignored)             /* RFC 5482 3.4 */
{
    with_option(__LINE__, 200);
    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\0\0"));
    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\x80\0"));
    check_eq(in_force(), 0);
    check_eq(event_count(user_timeout), 0);
    quiet();
}

/* R5482-3-b: on the SYN, each time that it goes out, on the first segment after it, and no more. */
SCRIPT(it_is_said_on_the_syn_and_behind_it)         /* RFC 5482 3 */
{
    config.user_timeout_option = 120;
    given(CLOSED);
    user_open_active();
    says(__LINE__, SYN, 120);
    after(SECONDS(1));
    says(__LINE__, SYN, 120);
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    says(__LINE__, ACK, 120);
    user_send(10);
    out(PSH|ACK, .seq = 1, .ack = 1, .len = 10, .has = 0);
    in (ACK, .seq = 1, .ack = 11);

    given(LISTEN);
    in (SYN, .seq = 0, .mss = 1000);
    says(__LINE__, SYN|ACK, 120);
    in (ACK, .seq = 1, .ack = 1);
    user_send(10);
    says(__LINE__, PSH|ACK, 120);
    in (ACK, .seq = 1, .ack = 11);
    user_send(10);
    out(PSH|ACK, .seq = 11, .ack = 1, .len = 10, .has = 0);
}

/* R5482-3-b: and whenever another user timeout begins to hold, once. */
SCRIPT(a_new_timeout_is_said_again)                 /* RFC 5482 3 */
{
    with_option(__LINE__, 200);
    for (unsigned i = 0; i < 3; i++) {
        in (PSH|ACK, .seq = 1 + 10 * i, .ack = 11, .len = 10, TEN_MINUTES);
        after(config.delayed_ack);
        if (i == 0)
            says(__LINE__, ACK, 200);
        else
            out(ACK, .seq = 11, .ack = 11 + 10 * i);
    }
    user_set(USER_TIMEOUT_OPTION, 700);
    check_eq(in_force(), 700000);
    user_send(10);
    says(__LINE__, PSH|ACK, 700);
}

/* R5482-3-a, R5482-3.1-a: the user's own timeout is not changed, and the user is told all the same;
 * it is what is said when nothing else was given. */
SCRIPT(what_the_user_wants_stays)                   /* RFC 5482 3, 3.1 */
{
    given(ESTABLISHED);
    user_set(USER_TIMEOUT, 60000);
    user_set(USER_TIMEOUT_OPTION, 0);
    user_send(10);
    says(__LINE__, PSH|ACK, 60);
    in (ACK, .seq = 1, .ack = 11, TEN_MINUTES);
    check_eq(in_force(), 60000);
    check_eq(event_count(user_timeout), 1);
    quiet();
    user_set(USER_TIMEOUT_CHANGEABLE, 1);
    in (ACK, .seq = 1, .ack = 11, TEN_MINUTES);
    check_eq(in_force(), 600000);
    user_set(USER_TIMEOUT_CHANGEABLE, 0);
    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\x03\x20"));
    check_eq(in_force(), 600000);
    user_set(USER_TIMEOUT_OPTION, -1);              /* off: nothing is heard any more */
    user_set(USER_TIMEOUT_CHANGEABLE, 1);
    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\x03\x20"));
    check_eq(in_force(), 600000);
    user_set(USER_TIMEOUT_OPTION, 1966021);
    expect(INVALID);
    user_set(USER_TIMEOUT_OPTION, -2);
    expect(INVALID);
    user_set(USER_TIMEOUT_CHANGEABLE, 2);
    expect(INVALID);
    user_set(USER_TIMEOUT, -1);
    expect(INVALID);
    (void)discard();
}

/* R5482-3.3-b: a SYN,ACK is repeated as long as without it, whatever the SYN said; what it said
 * holds from ESTABLISHED on. */
SCRIPT(the_handshake_has_its_own_limits)            /* RFC 5482 3.3 */
{
    config.user_timeout_option = 120;
    given(LISTEN);
    in (SYN, .seq = 0, OPTIONS("\x02\x04\x03\xe8\x1c\x04\x02\x58"));
    says(__LINE__, SYN|ACK, 120);
    check_eq(in_force(), 0);
    for (aksu_time rto = SECONDS(1), all = 0; all + rto < SECONDS(180); all += rto, rto *= 2) {
        after(rto);
        says(__LINE__, SYN|ACK, 120);
    }
    state(SYN_RECEIVED);
    in (ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
    check_eq(in_force(), 600000);
    given(LISTEN);
    in (SYN, .seq = 0, OPTIONS("\x02\x04\x03\xe8\x1c\x04\x02\x58"));
    says(__LINE__, SYN|ACK, 120);
    for (unsigned i = 0; i < 20 && w.tcp.state == TCP_SYN_RECEIVED; i++) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        (void)discard();
    }
    state(LISTEN);
    check(w.now - w.start < SECONDS(400));
}

/* R5482-3.1-c: never below the RTO in force. */
SCRIPT(the_timeout_is_above_the_rto)                /* RFC 5482 3.1 */
{
    config.user_timeout_least_ms = 1000;
    config.user_timeout_most_ms = 2000;
    with_option(__LINE__, 1);
    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\0\x01"));
    aksu_time from = w.now, rto = 0;
    user_send(100);
    while (w.tcp.state == TCP_ESTABLISHED) {
        struct aksu_info info = script_status();
        (void)discard();
        rto = US((uint64_t)info.rto_us << info.backoff);
        check(MS((uint64_t)info.user_timeout_ms) > rto);
        after(tcp_next_timeout(&w.tcp) - w.now);
    }
    reason(USER_TIMEOUT);
    check(rto >= SECONDS(2) && w.now - from > rto);
    (void)discard();
}

/* What was adopted decides when to give up, and R2 does not. */
SCRIPT(the_adopted_timeout_ends_the_connection)     /* RFC 5482 3.1, RFC 9293 3.8.3 [MUST-21] */
{
    with_option(__LINE__, 200);
    user_set(R2, 3);
    in (ACK, .seq = 1, .ack = 11, TEN_MINUTES);
    aksu_time from = w.now;
    user_send(100);
    while (w.tcp.state == TCP_ESTABLISHED) {
        (void)discard();
        after(tcp_next_timeout(&w.tcp) - w.now);
    }
    reason(USER_TIMEOUT);
    check(w.now - from >= SECONDS(600) && w.now - from < SECONDS(601));
    (void)discard();
}

/* R5482-3.1-c: the limits hold whatever the peer suggests in between, and nobody waits longer than
 * R2 for what nobody holds any more. */
SCRIPT(a_peer_that_changes_its_mind_gains_nothing)  /* RFC 5482 3.1 */
{
    for (unsigned orphan = 0; orphan < 2; orphan++) {
        with_option(__LINE__, 200);
        user_set(R2, orphan ? 3 : 15);
        in (ACK, .seq = 1, .ack = 11, SUGGESTS("\x00\xc8"));
        (void)discard();
        aksu_time from = w.now, said = from;
        unsigned turns = 0;
        user_send(100);
        if (orphan)
            user_release();
        while (w.tcp.state != TCP_CLOSED && turns < 200) {
            (void)discard();
            if (w.now >= said + SECONDS(90)) {
                said = w.now;
                if (turns++ % 2)
                    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\x00\xc8"));
                else
                    in (ACK, .seq = 1, .ack = 11, SUGGESTS("\x01\x2c"));
                (void)discard();
            }
            aksu_time next = tcp_next_timeout(&w.tcp);
            after(next < said + SECONDS(90) ? next - w.now : said + SECONDS(90) - w.now);
        }
        if (orphan)
            reason(TIMED_OUT);
        else
            reason(USER_TIMEOUT);
        check(w.now - from <= SECONDS(orphan ? 30 : 301));
        (void)discard();
    }
}

/* A peer that answers probes may keep its window closed for longer than it once said. */
SCRIPT(a_closed_window_is_no_silence)               /* RFC 9293 3.8.6.1 [MUST-37] */
{
    with_option(__LINE__, 200);
    in (ACK, .seq = 1, .ack = 11, .wnd = ZERO, SUGGESTS("\x01\x2c"));
    user_send(100);
    (void)discard();
    for (aksu_time from = w.now; w.now - from < SECONDS(3000);) {
        after(tcp_next_timeout(&w.tcp) - w.now);
        if (discard() > 0)
            in (ACK, .seq = 1, .ack = 11, .wnd = ZERO);
        state(ESTABLISHED);
    }
    for (unsigned i = 0; i < 100 && w.tcp.state == TCP_ESTABLISHED; i++) {
        after(tcp_next_timeout(&w.tcp) - w.now);    /* and now it is silent */
        (void)discard();
    }
    reason(USER_TIMEOUT);
}

/* R5482-4.2-a */
SCRIPT(keepalives_come_after_the_user_timeout)      /* RFC 5482 4.2 */
{
    with_option(__LINE__, 200);
    user_set(KEEPALIVE_IDLE, 60000);
    user_set(KEEPALIVE, 1);
    in (ACK, .seq = 1, .ack = 11, TEN_MINUTES);
    (void)discard();
    after(SECONDS(600));
    quiet();
    after(MS(1));
    out(ACK, .seq = 10, .ack = 1);
}

/* It takes its place from the text: RFC 9293 3.7.1 [MUST-16]. R5482-3.2-a: and when the segment
 * is lost, nothing else is. */
SCRIPT(it_takes_part_of_the_segment)                /* RFC 5482 3.2, RFC 6691 2 */
{
    struct tcp_segment seg;
    given(ESTABLISHED);
    user_set(USER_TIMEOUT_OPTION, 200);
    user_send(2000);
    check_eq(said(__LINE__, &seg), 200);
    check_eq(seg.text_len, MSS_PEER - 4);
    check(world_pull(__LINE__, &seg));
    check_eq(seg.text_len, MSS_PEER);
    (void)discard();
    after(SECONDS(1));                              /* all of it was lost */
    (void)discard();
    in (ACK, .seq = 1, .ack = 1997);
    out(PSH|ACK, .seq = 1997, .ack = 1, .len = 4);
    state(ESTABLISHED);
}

/* R5482-3.3-a: how a value goes over the wire. */
SCRIPT(seconds_or_minutes)                          /* RFC 5482 3.3 */
{
    check_eq(user_timeout_coded(120), 0x0078);
    check_eq(user_timeout_coded(32767), 0x7fff);
    check_eq(user_timeout_coded(32768), 0x8000 | 547);
    check_eq(user_timeout_coded(60 * 32767), 0xffff);
    check_eq(user_timeout_coded(UINT32_MAX), 0xffff);
    with_option(__LINE__, 100);
    in (ACK, .seq = 1, .ack = 11, FIVE_MINUTES);
    check_eq(in_force(), 300000);
    user_set(USER_TIMEOUT_OPTION, 36000);
    user_send(1);
    says(__LINE__, PSH|ACK, 0x8000 | 600);
}
