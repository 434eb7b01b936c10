/* keepalive.c - keep-alives (RFC 9293 3.8.4). */
#include "tests/script/script.h"

SCRIPT(keepalives_are_off)                          /* RFC 9293 3.8.4 [MUST-25] */
{
    given(ESTABLISHED);
    after(SECONDS(7 * 86400));
    quiet();
    state(ESTABLISHED);
}

SCRIPT(the_defaults_of_keepalives)                  /* RFC 9293 3.8.4 [MUST-28], 3.8.4 [SHLD-12] */
{
    given(ESTABLISHED);
    user_set(KEEPALIVE, 1);
    after(SECONDS(7200) - 1);
    quiet();
    after(1);
    covers("TO-9");
    out(ACK, .seq = 0, .ack = 1);
    for (unsigned i = 1; i < 9; i++) {
        after(SECONDS(75));
        out(ACK, .seq = 0, .ack = 1);
    }
    state(ESTABLISHED);
    after(SECONDS(75));
    state(CLOSED);
    reason(TIMED_OUT);
    ready_has(AKSU_FAILED);
    (void)discard();
}

SCRIPT(keepalives_for_one_connection)               /* RFC 9293 3.8.4 [MUST-24], 3.8.4 [MUST-27] */
{
    given(ESTABLISHED);
    user_set(KEEPALIVE_IDLE, 30000);
    after(SECONDS(40));
    quiet();                                        /* set, but not on */
    user_set(KEEPALIVE, 1);
    after(tcp_next_timeout(&w.tcp) - w.now);
    check(w.now - w.start <= SECONDS(70));
    out(ACK, .seq = 0, .ack = 1);
    in (ACK, .seq = 1, .ack = 1);
    user_set(KEEPALIVE, 0);
    after(SECONDS(86400));
    quiet();
}

SCRIPT(keepalives_asked_for_before_there_is_a_connection)   /* RFC 9293 3.8.4 [MUST-24] */
{
    given(SYN_SENT);
    user_set(KEEPALIVE_IDLE, 10000);
    user_set(KEEPALIVE, 1);
    after(MS(500));
    in (SYN|ACK, .seq = 0, .ack = 1, .mss = 1000);
    out(ACK, .seq = 1, .ack = 1);
    after(SECONDS(10) - 1);
    quiet();
    after(1);
    out(ACK, .seq = 0, .ack = 1);
}

SCRIPT(one_lost_probe_proves_nothing)               /* RFC 9293 3.8.4 [MUST-29] */
{
    given(ESTABLISHED);
    user_set(KEEPALIVE_IDLE, 10000);
    user_set(KEEPALIVE_INTERVAL, 2000);
    user_set(KEEPALIVE_COUNT, 3);
    user_set(KEEPALIVE, 1);
    for (unsigned round = 0; round < 3; round++) {
        after(SECONDS(10));
        out(ACK, .seq = 0, .ack = 1);
        after(SECONDS(2));
        out(ACK, .seq = 0, .ack = 1);
        after(SECONDS(2));
        out(ACK, .seq = 0, .ack = 1);
        in (ACK, .seq = 1, .ack = 1);               /* the last one is answered */
        state(ESTABLISHED);
    }
    after(SECONDS(10));
    out(ACK, .seq = 0, .ack = 1);
    in (RST, .seq = 1);                             /* or the peer knows nothing of it */
    state(CLOSED);
    reason(RESET);
}

SCRIPT(keepalives_only_when_idle)                   /* RFC 9293 3.8.4 [MUST-26] */
{
    given(ESTABLISHED);
    user_set(KEEPALIVE_IDLE, 10000);
    user_set(KEEPALIVE, 1);
    after(SECONDS(9));
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
    acked(11);
    aksu_time from = w.start + SECONDS(9);
    after(from + SECONDS(10) - w.now - 1);
    quiet();
    after(1);
    out(ACK, .seq = 0, .ack = 11);
    in (ACK, .seq = 11, .ack = 1);
    after(SECONDS(9));
    in (ACK, .seq = 11, .ack = 1);
    after(SECONDS(10) - 1);
    quiet();
    after(1);
    out(ACK, .seq = 0, .ack = 11);
    in (ACK, .seq = 11, .ack = 1);

    user_send(100);                                 /* something unacknowledged: no probes */
    out(PSH|ACK, .seq = 1, .ack = 11, .len = 100);
    for (uint64_t gap = 1; gap <= 32; gap *= 2) {
        after(SECONDS(gap));
        out(PSH|ACK, .seq = 1, .ack = 11, .len = 100);
    }
}

SCRIPT(keepalives_in_the_closing_states)            /* RFC 9293 3.8.4 */
{
    given(CLOSE_WAIT);
    user_set(KEEPALIVE_IDLE, 10000);
    user_set(KEEPALIVE, 1);
    after(SECONDS(10));
    out(ACK, .seq = 0, .ack = 2);
    in (ACK, .seq = 2, .ack = 1);
    state(CLOSE_WAIT);
    given(TIME_WAIT);
    user_set(KEEPALIVE_IDLE, 10000);
    user_set(KEEPALIVE, 1);
    after(SECONDS(59));
    quiet();
    state(TIME_WAIT);
}

SCRIPT(a_keepalive_of_the_peer_is_answered)         /* RFC 9293 3.8.4 [MAY-6] */
{
    given(ESTABLISHED);
    in (ACK, .seq = 0, .ack = 1);
    out(ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 0, .ack = 1, .len = 1);         /* with an octet of garbage */
    out(ACK, .seq = 1, .ack = 1);
    ready_lacks(AKSU_READABLE);
}

SCRIPT(settings_out_of_range)                       /* RFC 9293 3.8.4 [MUST-27] */
{
    given(ESTABLISHED);
    user_set(KEEPALIVE_COUNT, 0);
    expect(INVALID);
    user_set(KEEPALIVE_IDLE, -1);
    expect(INVALID);
    user_set(KEEPALIVE, 2);
    expect(INVALID);
    user_set(NODELAY, 7);
    expect(INVALID);
    user_set(R2, 0);
    expect(INVALID);
    user_set(DSCP, 64);
    expect(INVALID);
    user_set(TTL, 0);
    expect(INVALID);
    user_set(USER_TIMEOUT, -1);
    expect(INVALID);
    user_set(RECEIVE_BUFFER, 1);
    expect(INVALID);
    check_eq(w.tcp.ttl, 64);
    user_set(DSCP, 46);                             /* RFC 9293 3.9.1.9 [MUST-48] */
    expect(OK);
    user_set(TTL, 5);                               /* RFC 9293 3.9.2 [MUST-49] */
    expect(OK);
    check_eq(w.tcp.dscp, 46);
    check_eq(w.tcp.ttl, 5);
}
