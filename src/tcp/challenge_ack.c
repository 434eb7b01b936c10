/* challenge_ack.c - the ACK that asks a peer to prove itself, and its throttle (RFC 5961 3.2, 4.2,
 * 5.2, 7). The throttle is each connection's own: a shared counter would tell an attacker about
 * other connections. */
#include "tcp/core.h"

/* Our ACK may be as wrong for the peer as its was for us, and be answered in turn. On a path whose
 * round trip is longer than a share of the interval the throttle would never end that: a segment
 * that has nothing to be acknowledged is answered no more often than this. */
enum { BARE_MS = 500 };

uint16_t tcp_challenge_turn(const struct tcp *t, aksu_time now)
{
    return (uint16_t)(now / t->env->config.challenge_interval);
}

static bool is_bare(const struct tcp_segment *seg)
{
    return seg->text_len == 0 && !(seg->ctl & (CTL_SYN | CTL_FIN | CTL_RST));
}

/* RFC 5961 5.2 (note): two ends that believe different things could go on for ever. */
static bool would_go_on(const struct tcp *t, uint32_t now_ms)
{
    return t->bare_answered_ms != 0 && now_ms - t->bare_answered_ms < BARE_MS;
}

static void bare_is_answered(struct tcp *t, uint32_t now_ms)
{
    t->bare_answered_ms = now_ms != 0 ? now_ms : 1;
}

void tcp_challenge_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now)
{
    uint32_t now_ms = (uint32_t)(now / MS(1));
    bool bare = is_bare(seg);
    uint16_t turn = tcp_challenge_turn(t, now);
    if (turn != t->challenge_turn) {
        t->challenge_turn = turn;
        t->challenges = 0;
    }
    bool send = t->challenges < t->env->config.challenge_acks && !(bare && would_go_on(t, now_ms));
    if (send) {
        t->challenges++;
        if (bare)
            bare_is_answered(t, now_ms);
        t->ack_owed = ACK_NOW;
        t->may_send = true;
    }
    TCP_EMIT(t, now, challenge_ack, .sent = send);
}

/* But not what was answered: it may have been bare. */
void tcp_challenged_before(struct tcp *t, aksu_time now)
{
    if (t->challenges > 0)
        bare_is_answered(t, (uint32_t)(now / MS(1)));
}
