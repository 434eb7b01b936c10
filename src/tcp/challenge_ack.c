/* challenge_ack.c - the ACK that asks a peer to prove itself, and its throttle (RFC 5961 3.2, 4.2,
 * 5.2, 7). The throttle is each connection's own: a shared counter would tell an attacker about
 * other connections. */
#include "tcp/core.h"

uint16_t tcp_challenge_turn(const struct tcp *t, aksu_time now)
{
    return (uint16_t)(now / t->env->config.challenge_interval);
}

void tcp_challenge_ack(struct tcp *t, aksu_time now)
{
    uint16_t turn = tcp_challenge_turn(t, now);
    if (turn != t->challenge_turn) {
        t->challenge_turn = turn;
        t->challenges = 0;
    }
    bool send = t->challenges < t->env->config.challenge_acks;
    if (send) {
        t->challenges++;
        t->ack_owed = ACK_NOW;
        t->may_send = true;
    }
    TCP_EMIT(t, now, challenge_ack, .sent = send);
}
