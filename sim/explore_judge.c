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

static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* --- segments --- */

/* RFC 7323 2.2: both SYNs must have it; a SYN's own window is not scaled. */
static uint8_t shift(const struct explore_watch *j, uint8_t scale, bool syn)
{
    return !syn && j->scale_out_known && j->scale_in_known ? scale : 0;
}

/* A SYN of its own with another ISS begins another connection. */
static void syn_out(struct explore_watch *j, const struct aksu_event_segment_out *s)
{
    if (!j->has_iss || j->iss != s->seq)
        *j = (struct explore_watch){ .iss = s->seq, .has_iss = 1,
            .has_in = j->has_in, .edge_in = j->edge_in,     /* of the SYN that it answers */
            .scale_in = j->scale_in, .scale_in_known = j->scale_in_known };
    j->scale_out_known = (s->has & AKSU_HAS_WINDOW_SCALE) != 0;
    j->scale_out = s->wscale > 14 ? 14 : s->wscale;
}

static void went_out(struct explore_end *e, const struct aksu_event_segment_out *s)
{
    struct explore_watch *j = &e->app.watch;
    bool syn = (s->ctl & AKSU_SYN) != 0;
    if (s->ctl & AKSU_RST)
        return;
    if (syn)
        syn_out(j, s);
    uint32_t end = s->seq + s->len + syn + ((s->ctl & AKSU_FIN) != 0);
    if (!j->has_top || ahead(end, j->top) > 0)
        j->top = end;
    j->has_top = 1;
    if (s->len > 0 && (!j->has_in || ahead(s->seq + s->len, j->edge_in) > 0))
        explore_violation(e->x, e, "text above the window of the peer is sent");
    if (!(s->ctl & AKSU_ACK))
        return;
    uint8_t by = shift(j, j->scale_out, syn);
    uint32_t edge = s->ack + (s->wnd << by);
    int32_t back = ahead(j->edge_out, edge);
    if (j->has_out && !syn && back >= 1 << by)
        explore_violation(e->x, e, "%d octets of its window are taken back", (int)back);
    if (!j->has_out || back < 0)
        j->edge_out = edge;
    j->has_out = 1;
}

static void came_in(struct explore_end *e, const struct aksu_event_segment_in *s)
{
    struct explore_watch *j = &e->app.watch;
    bool syn = (s->ctl & AKSU_SYN) != 0;
    if (s->ctl & AKSU_RST)
        return;
    if (syn) {
        j->scale_in_known = (s->has & AKSU_HAS_WINDOW_SCALE) != 0;
        j->scale_in = s->wscale > 14 ? 14 : s->wscale;
    }
    if (!(s->ctl & AKSU_ACK) || !j->has_top || ahead(s->ack, j->top) > 0)
        return;                         /* of what was never sent: it says nothing */
    uint32_t edge = s->ack + (s->wnd << shift(j, j->scale_in, syn));
    if (!j->has_in || ahead(edge, j->edge_in) > 0)
        j->edge_in = edge;
    j->has_in = 1;
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
        came_in(e, &event->segment_in);
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
    if (ahead(i.snd_nxt, i.snd_una) < 0)
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
        && ahead(s->una - s->iss, peer->rcv_nxt - peer->irs) > 0)
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
