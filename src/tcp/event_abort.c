/* event_abort.c - the ABORT call (RFC 9293 3.10.5), and the same end when no user asked for it. */
#include "tcp/core.h"

static void owe_reset(struct tcp *t)
{
    t->rst_owed = t->rst_has_ack = true;
    t->may_send = true;
    t->rst_seq = tcp_acceptable_seq(t);
}

void tcp_abandon(struct tcp *t, aksu_time now)
{
    bool tell_peer = false;

    switch ((enum aksu_tcp_state)t->state) {
    case TCP_CLOSED:
        return;
    case TCP_SYN_RECEIVED: case TCP_ESTABLISHED: case TCP_FIN_WAIT_1: case TCP_FIN_WAIT_2:
    case TCP_CLOSE_WAIT:
        tell_peer = true;
        break;
    case TCP_LISTEN: case TCP_SYN_SENT: case TCP_CLOSING: case TCP_LAST_ACK: case TCP_TIME_WAIT:
        break;
    case AKSU_TCP_STATE_COUNT:
        bug("the state is one of the eleven");
    }
    bool unanswered = t->held;
    tcp_flush(t);
    t->reason = AKSU_ABORTED;
    tcp_enter(t, TCP_CLOSED, now);
    if (tell_peer)
        owe_reset(t);
    if (unanswered)
        t->rst_seq = seq_of(0);                /* our ISS was never sent: answer as a closed port */
}

enum aksu_status tcp_abort(struct tcp *t, aksu_time now)
{
    enum aksu_status status = t->state == TCP_CLOSED ? tcp_gone(t) : AKSU_OK;
    TCP_EMIT(t, now, call, .name = "ABORT", .status = status);
    tcp_abandon(t, now);
    return status;
}
