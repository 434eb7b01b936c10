/* matrix_open.c - OPEN, STATUS and ABORT in every state (RFC 9293 3.10.1, 3.10.5, 3.10.6). */
#include "tests/script/script.h"

static const enum aksu_tcp_state opened[] = {
    TCP_SYN_SENT, TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT };
static const enum aksu_tcp_state every[] = {
    TCP_LISTEN, TCP_SYN_SENT, TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT };

SCRIPT(open_passive_makes_a_listener)               /* RFC 9293 3.10.1 */
{
    given(CLOSED);
    covers("OP-4");
    user_open_passive();
    expect(OK);
    state(LISTEN);
    quiet();
    given(LISTEN, .bound = true);
    state(LISTEN);
    quiet();
}

SCRIPT(open_active_sends_a_syn)                     /* RFC 9293 3.10.1, 3.5 */
{
    given(CLOSED);
    covers("OP-7");
    user_open_active();
    expect(OK);
    state(SYN_SENT);
    struct aksu_info info = script_status();
    check_eq(info.snd_una, w.iss.n);
    check_eq(info.iss, w.iss.n);
    out(SYN, .seq = 0, .mss = 1460, .sack_ok = true,
        .has = HAS_MSS | HAS_WINDOW_SCALE | HAS_SACK_PERMITTED | HAS_TIMESTAMPS);
    check_eq(script_status().snd_nxt, w.iss.n + 1);
}

SCRIPT(open_towards_nobody)                         /* RFC 9293 3.9.1.1 [MUST-46], 3.10.1 */
{
    static const char *const nobody[] = { "0.0.0.0", "::", "255.255.255.255", "224.0.0.1",
                                          "ff02::1" };
    static const enum aksu_tcp_state from[] = { TCP_CLOSED, TCP_LISTEN };
    for each(st, from)
        for (size_t i = 0; i < 5; i++) {
            given_in(st);
            struct tcp_tuple tuple = w.tuple;
            check(aksu_ip_parse(nobody[i], &tuple.remote_ip));
            covers(i > 1 ? "OP-6" : st == TCP_CLOSED ? "OP-5" : "OP-9");
            check_eq(tcp_open_active(&w.tcp, &tuple, w.now), AKSU_REMOTE_UNSPECIFIED);
            state_is(st);
            quiet();
        }
}

SCRIPT(open_of_a_connection_that_exists)            /* RFC 9293 3.10.1 */
{
    for each(st, opened) {
        given_in(st);
        covers("OP-11");
        user_open_active();
        expect(ALREADY_EXISTS);
        user_open_passive();
        expect(ALREADY_EXISTS);
        state_is(st);
        quiet();
    }
}

SCRIPT(second_passive_open_leaves_the_listener)     /* RFC 9293 3.9.1.1 [MUST-41] */
{
    given(LISTEN);
    covers("OP-10");
    user_open_passive();
    expect(ALREADY_EXISTS);
    state(LISTEN);
    in (SYN, .mss = 1000);
    out(SYN|ACK, .ack = 1);
}

SCRIPT(active_open_of_a_listener)                   /* RFC 9293 3.10.1 */
{
    given(LISTEN);
    covers("OP-8");
    user_open_active();
    expect(OK);
    state(SYN_SENT);
    out(SYN, .mss = 1460);
    in (SYN|ACK, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    state(ESTABLISHED);
}

SCRIPT(abort_of_what_does_not_exist)                /* RFC 9293 3.10.5 */
{
    given(CLOSED);
    covers("AB-1");
    user_abort();
    expect(DOES_NOT_EXIST);
    state(CLOSED);
    quiet();
}

SCRIPT(abort_of_a_listener_is_silent)               /* RFC 9293 3.10.5 */
{
    given(LISTEN);
    covers("AB-2");
    user_abort();
    expect(OK);
    state(CLOSED);
    quiet();
}

SCRIPT(abort_before_an_answer_is_silent)            /* RFC 9293 3.10.5 */
{
    given(SYN_SENT);
    user_send(100);
    covers("AB-3");
    user_abort();
    expect(OK);
    state(CLOSED);
    reason(ABORTED);
    after(SECONDS(10));
    quiet();
}

SCRIPT(abort_resets_the_peer)                       /* RFC 9293 3.10.5 */
{
    static const enum aksu_tcp_state resets[] = { TCP_SYN_RECEIVED, TCP_ESTABLISHED,
        TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT };
    for each(st, resets) {
        given_in(st);
        covers("AB-4");
        user_abort();
        expect(OK);
        state(CLOSED);
        reason(ABORTED);
        out(RST|ACK, .seq = SND_NXT, .ack = RCV_NXT);
        after(SECONDS(10));
        quiet();
    }
}

SCRIPT(abort_flushes_what_was_queued)               /* RFC 9293 3.10.5 */
{
    given(ESTABLISHED, .wnd = 1000);
    user_send(5000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    covers("AB-4");
    user_abort();
    out(RST|ACK, .seq = 1001, .ack = 1);
    state(CLOSED);
    check_eq(script_status().send_queued, 0);
    after(SECONDS(100));
    quiet();
}

SCRIPT(abort_at_the_end_is_silent)                  /* RFC 9293 3.10.5 */
{
    static const enum aksu_tcp_state ends[] = { TCP_CLOSING, TCP_LAST_ACK, TCP_TIME_WAIT };
    for each(st, ends) {
        given_in(st);
        covers("AB-5");
        user_abort();
        expect(OK);
        state(CLOSED);
        after(SECONDS(300));
        quiet();
    }
}

SCRIPT(status_of_what_does_not_exist)               /* RFC 9293 3.10.6 */
{
    struct aksu_info info;
    given(CLOSED);
    covers("ST-1");
    check_eq(tcp_status(&w.tcp, &info), AKSU_DOES_NOT_EXIST);
}

SCRIPT(status_tells_the_state_and_the_variables)    /* RFC 9293 3.10.6, 3.9.1.6 */
{
    for each(st, every) {
        given_in(st);
        covers("ST-2");
        struct aksu_info info;
        check_eq(tcp_status(&w.tcp, &info), AKSU_OK);
        check_eq(info.state, st);
        check_eq(info.local.port, 5000);
        if (st == TCP_LISTEN)
            continue;
        check_eq(info.remote.port, 7000);
        check_eq(info.iss, w.iss.n);
        check_eq(info.snd_una, w.iss.n + SND_UNA);
        check_eq(info.snd_nxt, w.iss.n + SND_NXT);
        if (st == TCP_SYN_SENT)
            continue;
        check_eq(info.irs, w.irs.n);
        check_eq(info.rcv_nxt, w.irs.n + RCV_NXT);
        check_eq(info.peer_closed, st == TCP_CLOSE_WAIT || st >= TCP_CLOSING);
    }
}
