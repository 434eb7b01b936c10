/* closing.c - the ways a connection ends (RFC 9293 3.6): lost FINs, half-close, users who go
 * away. */
#include "tests/script/script.h"

SCRIPT(passive_close_survives_a_lost_fin)           /* RFC 9293 3.6, RFC 6298 5.4, 5.5, 5.6 */
{
    given(ESTABLISHED);
    in (FIN|ACK, .seq = 1, .ack = 1);
    out(ACK,     .seq = 1, .ack = 2);
    state(CLOSE_WAIT);

    user_close();
    out(FIN|ACK, .seq = 1, .ack = 2);
    state(LAST_ACK);

    after(MS(999));     quiet();
    after(MS(1));       out(FIN|ACK, .seq = 1, .ack = 2);
    after(SECONDS(2));  out(FIN|ACK, .seq = 1, .ack = 2);
    in (ACK, .seq = 2, .ack = 2);
    state(CLOSED);
}

SCRIPT(our_last_ack_is_lost)                        /* RFC 9293 3.6, 3.10.7.4 eighth */
{
    given(TIME_WAIT);
    after(SECONDS(30));
    in (FIN|ACK, .seq = 1, .ack = 2);
    out(ACK,     .seq = 2, .ack = 2);
    after(SECONDS(59));
    state(TIME_WAIT);                               /* 2 MSL from the last one */
    after(SECONDS(1));
    state(CLOSED);
}

SCRIPT(the_ack_of_our_fin_is_lost)                  /* RFC 9293 3.6 */
{
    given(FIN_WAIT_1);
    after(SECONDS(1));
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (FIN|ACK, .seq = 1, .ack = 2);               /* the peer's close brings it */
    state(TIME_WAIT);
    out(ACK, .seq = 2, .ack = 2);
}

SCRIPT(half_close)                                  /* RFC 9293 3.6 */
{
    given(FIN_WAIT_2);
    for (uint32_t i = 0; i < 300; i++) {
        in (PSH|ACK, .seq = 1 + 1000 * i, .ack = 2, .len = 1000);
        acked(1001 + 1000 * i);
        user_receive(1000);
        (void)acks(1);
    }
    state(FIN_WAIT_2);
    in (FIN|PSH|ACK, .seq = 300001, .ack = 2, .len = 10);
    out(ACK, .seq = 2, .ack = 300012);
    state(TIME_WAIT);
    user_receive(10);
    user_receive(0);
    expect_count(0);

    given(CLOSE_WAIT);                              /* and the other way round */
    for (uint32_t i = 0; i < 100; i++) {
        user_send(1000);
        out(PSH|ACK, .seq = 1 + 1000 * i, .ack = 2, .len = 1000);
        in (ACK, .seq = 2, .ack = 1001 + 1000 * i);
    }
    state(CLOSE_WAIT);
}

SCRIPT(the_user_learns_how_the_peer_ended)          /* RFC 9293 3.6 [MUST-12] */
{
    given(ESTABLISHED);
    in (FIN|ACK, .seq = 1, .ack = 1);
    out(ACK, .seq = 1, .ack = 2);
    ready_has(AKSU_PEER_CLOSED);
    ready_lacks(AKSU_FAILED);
    user_receive(0);
    expect_count(0);
    given(ESTABLISHED);
    in (RST, .seq = 1);
    ready_has(AKSU_FAILED);
    user_receive(0);
    expect(RESET);
    user_send(10);
    expect(RESET);
    given(SYN_SENT);
    in (RST|ACK, .seq = 0, .ack = 1);
    ready_has(AKSU_FAILED);
    user_send(10);
    expect(REFUSED);
}

SCRIPT(text_before_a_reset_is_not_kept)             /* RFC 9293 3.10.7.4 second */
{
    given(ESTABLISHED);
    in (PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    acked(101);
    in (RST, .seq = 101);
    state(CLOSED);
    user_receive(100);
    expect(RESET);                                  /* "all segment queues should be flushed" */
}

SCRIPT(text_of_a_closed_sender_arrives)             /* RFC 9293 3.6 */
{
    config.initial_window = 200;
    given(ESTABLISHED, .wnd = 60000);
    user_send(50000);
    user_close();
    check_eq(drain().octets, 50000);
    check_eq(w.fin, 50001);
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    in (ACK, .seq = 1, .ack = 50001);               /* the FIN was lost */
    state(FIN_WAIT_1);
    (void)discard();
    after(tcp_next_timeout(&w.tcp) - w.now);
    (void)discard();
    in (ACK, .seq = 1, .ack = 50002);
    state(FIN_WAIT_2);
}

SCRIPT(release_closes_both_ways)                    /* RFC 9293 3.6.1 [MAY-1] */
{
    given(ESTABLISHED);
    user_release();
    out(FIN|ACK, .seq = 1, .ack = 1);
    in (ACK, .seq = 1, .ack = 2);
    in (FIN|ACK, .seq = 1, .ack = 2);
    out(ACK, .seq = 2, .ack = 2);
    state(TIME_WAIT);
    after(SECONDS(60));
    state(CLOSED);

    given(CLOSE_WAIT);
    user_release();
    out(FIN|ACK, .seq = 1, .ack = 2);
    in (ACK, .seq = 2, .ack = 2);
    state(CLOSED);
}

/* The peer is still where its ACK says: a RST behind the FIN would only be challenged. */
SCRIPT(text_for_nobody_after_a_fin_in_vain)         /* RFC 9293 3.6.1 [SHLD-3], RFC 5961 3.2 */
{
    for (unsigned timeouts = 0; timeouts < 2; timeouts++) {
        given(ESTABLISHED);
        user_release();
        out(FIN|ACK, .seq = 1, .ack = 1);
        if (timeouts > 0) {
            after(SECONDS(1));
            out(FIN|ACK, .seq = 1, .ack = 1);
        }
        in (PSH|ACK, .seq = 1, .ack = 1, .len = 10);
        if (timeouts > 0)
            out(RST, .seq = 1);
        else
            out(RST|ACK, .seq = 2, .ack = 1);
        state(CLOSED);
    }
}

SCRIPT(release_in_every_state)                      /* RFC 9293 3.6.1 */
{
    static const struct { enum aksu_tcp_state from, to; } moves[] = {
        { TCP_CLOSED, TCP_CLOSED }, { TCP_LISTEN, TCP_CLOSED }, { TCP_SYN_SENT, TCP_CLOSED },
        { TCP_SYN_RECEIVED, TCP_FIN_WAIT_1 }, { TCP_FIN_WAIT_1, TCP_FIN_WAIT_1 },
        { TCP_FIN_WAIT_2, TCP_FIN_WAIT_2 }, { TCP_CLOSING, TCP_CLOSING },
        { TCP_LAST_ACK, TCP_LAST_ACK }, { TCP_TIME_WAIT, TCP_TIME_WAIT } };
    for (size_t i = 0; i < 9; i++) {
        given_in(moves[i].from);
        user_release();
        expect(OK);
        state_is(moves[i].to);
        check(discard() == (moves[i].from == TCP_SYN_RECEIVED));
    }
    given(FIN_WAIT_2);                              /* nobody holds it now: A12 */
    user_release();
    after(SECONDS(60));
    state(CLOSED);
}

SCRIPT(release_in_time_wait_gives_the_text_back)    /* RFC 9293 3.6.1 */
{
    given(FIN_WAIT_2);
    in (FIN|PSH|ACK, .seq = 1, .ack = 2, .len = 100);
    out(ACK, .seq = 2, .ack = 102);
    state(TIME_WAIT);
    user_release();
    quiet();
    state(TIME_WAIT);
    check_eq(w.pool.in_use, 0);
}

SCRIPT(linger_ends_with_a_reset)                    /* RFC 9293 3.10.5 */
{
    given(ESTABLISHED, .wnd = 1000);
    user_set(LINGER_MS, 5000);
    user_send(3000);
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    user_release();
    after(SECONDS(1));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    after(SECONDS(2));
    out(ACK, .seq = 1, .ack = 1, .len = 1000);
    after(SECONDS(2));
    state(CLOSED);
    out(RST|ACK, .seq = 1001, .ack = 1);

    given(ESTABLISHED);                             /* in time: no reset */
    user_set(LINGER_MS, 5000);
    user_send(100);
    user_release();
    out(FIN|PSH|ACK, .seq = 1, .ack = 1, .len = 100);
    in (ACK, .seq = 1, .ack = 102);
    state(FIN_WAIT_2);
    in (FIN|ACK, .seq = 1, .ack = 102);
    out(ACK, .seq = 102, .ack = 2);
    after(SECONDS(59));
    state(TIME_WAIT);

    given(ESTABLISHED);                             /* 0: at once */
    user_set(LINGER_MS, 0);
    user_release();
    out(RST|ACK, .seq = 1, .ack = 1);
    state(CLOSED);
}
