/* challenge_ack.c - the ACK that asks a peer to prove itself, and its throttle (RFC 5961 3.2, 4.2,
 * 5.2, 7). The throttle is each connection's own: a shared counter would tell an attacker about
 * other connections. */
#include "tcp/core.h"

void tcp_challenge_ack(struct tcp *t, aksu_time now)
{
    uint16_t second = (uint16_t)(now / SECONDS(1));
    if (second != t->challenge_second) {
        t->challenge_second = second;
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
