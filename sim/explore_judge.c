/* explore_judge.c - what must hold in every state: at one end, whatever the other does (RFC 9293
 * 3.4, 3.8.6: SND.UNA is not above SND.NXT, nothing is sent above the peer's window, the own one is
 * not taken back, nothing is owed that no timer will bring), TIME-WAIT only at an end that closed
 * first (RFC 9293 3.3.2), and of both together: nothing is acknowledged or received that the other
 * end has not received or sent, and both finish. Called by explore_host.c and explore.c. */
#include <stdarg.h>
#include <stdio.h>

#include "sim/explore.h"

void explore_violation(struct aksu_explore *x, const struct explore_end *e, const char *format, ...)
{
    char what[EXPLORE_WHY - 16];
    va_list ap;
    if (x->violated)
        return;                         /* the first one is the cause */
    x->violated = true;
    va_start(ap, format);
    (void)vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    (void)snprintf(x->why, sizeof x->why, "%s%s%s", e == NULL ? "" : e->side == 0 ? "a" : "b",
                   e == NULL ? "" : ": ", what);
}

static void went_out(struct explore_end *e, const struct aksu_event_segment_out *s)
{
    struct sim_windows_fault fault = sim_windows_out(&e->app.watch, s);
    if (fault.unknown || fault.above > 0)
        explore_violation(e->x, e, "text above the window of the peer is sent");
    if (fault.back > 0)
        explore_violation(e->x, e, "%d octets of its window are taken back", (int)fault.back);
}

static void state(struct explore_end *e, const struct aksu_event_state *s)
{
    if (s->to != AKSU_TCP_TIME_WAIT)
        return;
    e->app.time_waits++;
    if (!explore_closes_first(e->x, e->side))
        explore_violation(e->x, e, "TIME-WAIT, although the other end closed first");
}

void explore_judge_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct explore_end *e =
        (struct explore_end *)(void *)((char *)sink - offsetof(struct explore_end, sink));
    if (e->also != NULL)
        e->also->put(e->also, event);
    e->events++;
    if (event->kind == AKSU_EV_segment_out)
        went_out(e, &event->segment_out);
    else if (event->kind == AKSU_EV_segment_in)
        sim_windows_in(&e->app.watch, &event->segment_in);
    else if (event->kind == AKSU_EV_state)
        state(e, &event->state);
}

/* --- one end, after a step --- */

/* Something of ours must still reach the peer: RFC 9293 3.8.1, 3.8.6.1. */
static bool owes(const struct aksu_info *i)
{
    switch (i->state) {
    case AKSU_TCP_SYN_SENT: case AKSU_TCP_SYN_RECEIVED: case AKSU_TCP_FIN_WAIT_1:
    case AKSU_TCP_CLOSING: case AKSU_TCP_LAST_ACK:
        return true;
    case AKSU_TCP_ESTABLISHED: case AKSU_TCP_CLOSE_WAIT:
        return i->send_queued > 0 || i->snd_nxt != i->snd_una;
    case AKSU_TCP_CLOSED: case AKSU_TCP_LISTEN: case AKSU_TCP_FIN_WAIT_2: case AKSU_TCP_TIME_WAIT:
    case AKSU_TCP_STATE_COUNT:
        return false;
    }
    return false;
}

void explore_judge_end(struct explore_end *e)
{
    struct aksu_info i;
    struct aksu_counters c;
    aksu_counters(e->net, &c);
    if (c.memory_used > c.memory_limit)
        explore_violation(e->x, e, "it uses %llu octets of %llu",
                          (unsigned long long)c.memory_used, (unsigned long long)c.memory_limit);
    if (!e->app.has_conn || aksu_status(e->net, e->app.conn, &i) != AKSU_OK)
        return;
    if (sim_ahead(i.snd_nxt, i.snd_una) < 0)
        explore_violation(e->x, e, "SND.UNA %u is above SND.NXT %u", i.snd_una - i.iss,
                          i.snd_nxt - i.iss);
    if (i.octets_in < e->app.received[e->app.round])
        explore_violation(e->x, e, "more octets received than have come");
    if (owes(&i) && i.timer == NULL)
        explore_violation(e->x, e, "%s with %u octets queued and %u in flight waits for no timer",
                          aksu_tcp_state_name(i.state), i.send_queued, i.send_unacked);
    if (i.timer_at < aksu_next_timeout(e->net))
        explore_violation(e->x, e, "the stack sleeps longer than the timer %s", i.timer);
}

/* --- both --- */

static void judge_pair(struct aksu_explore *x, const struct explore_state *s,
                       const struct explore_state *peer)
{
    const struct explore_end *e = &x->end[s->side];
    for (unsigned i = 0; i < EXPLORE_ROUNDS; i++)
        if (s->app.received[i] > peer->app.sent[i])
            explore_violation(x, e, "%u octets received, %u were sent", s->app.received[i],
                              peer->app.sent[i]);
    if (s->live && peer->live && s->iss == peer->irs
        && sim_ahead(s->una - s->iss, peer->rcv_nxt - peer->irs) > 0)
        explore_violation(x, e, "%u is acknowledged, the peer has received up to %u",
                          s->una - s->iss, peer->rcv_nxt - peer->irs);
}

/* Nothing will ever happen any more. */
static void judge_end_of_all(struct aksu_explore *x, const struct explore_state *s[2])
{
    unsigned waited = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (!explore_app_over(x, &s[i]->app, i)) {
            explore_violation(x, &x->end[i], "stuck: nothing is under way, no timer runs, and its "
                              "connection is not over (%u octets of %u received)",
                              s[i]->app.received[s[i]->app.round], (unsigned)x->config.octets);
            return;
        }
        if (s[i]->connections != 0 || s[i]->time_wait != 0)
            explore_violation(x, &x->end[i], "a connection is left for ever");
        waited += s[i]->app.time_waits;
    }
    if (waited < explore_rounds(x))
        explore_violation(x, NULL, "neither end was in TIME-WAIT");
    x->ends++;
}

void explore_judge_node(struct aksu_explore *x, const struct explore_node *n)
{
    const struct explore_state *s[2] = { explore_state_at(x, n->state[0]),
                                         explore_state_at(x, n->state[1]) };
    const struct explore_net *net = explore_set_at(&x->nets, n->net);
    judge_pair(x, s[0], s[1]);
    judge_pair(x, s[1], s[0]);
    if (net->count == 0 && s[0]->next == AKSU_NEVER && s[1]->next == AKSU_NEVER)
        judge_end_of_all(x, s);
}
