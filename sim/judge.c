/* judge.c - what holds after every step, whatever the network does: RFC 9293 3.4 (SND.UNA is not
 * above SND.NXT), RFC 9293 3.8.6 (nothing is sent above the peer's window, and the own one is
 * not taken back), no connection that waits for nothing, and the memory budget. That octets are
 * right is seen in app.c. Called by step.c, and for every event of every stack. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>


#include "sim/calls.h"

static const aksu_time STILL_MOST = AKSU_SECONDS(10);   /* to find a next hop takes less */

void sim_judge_violation(struct aksu_sim *w, const struct aksu_sim_end *end, const char *format,
                         ...)
{
    char what[256], where[128] = "";
    if (w->violated)
        return;                             /* the first one is the cause */
    w->violated = true;
    w->where = end;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    if (end != NULL)
        (void)snprintf(where, sizeof where, "flow %u (%s:%u to %s:%u), at %s, ", end->flow->number,
                       end->flow->end[0].host->name, end->flow->port,
                       end->flow->end[1].host->name, SIM_PORT_SERVER, end->host->name);
    (void)snprintf(w->why, sizeof w->why, "%s%llu.%09llu s: %s.%s%s", where,
                   (unsigned long long)(w->now / AKSU_SECONDS(1)),
                   (unsigned long long)(w->now % AKSU_SECONDS(1)), what,
                   w->replay != NULL ? " Again: " : "", w->replay != NULL ? w->replay : "");
}

/* --- segments --- */

static void went_out(struct aksu_sim_end *e, const struct aksu_event_segment_out *s)
{
    struct aksu_sim *w = e->flow->world;
    struct sim_windows_fault fault = sim_windows_out(&e->watch.windows, s);
    if (fault.unknown)
        sim_judge_violation(w, e, "sends text before it knows a window");
    if (fault.above > (s->len == 1 ? 1 : 0))    /* a window probe: RFC 9293 3.8.6.1 */
        sim_judge_violation(w, e, "sends %ld octets above the window (seq %lu, length %lu)",
                            (long)fault.above, (unsigned long)s->seq, (unsigned long)s->len);
    if (fault.back > 0)
        sim_judge_violation(w, e, "takes back %ld octets of its window (ack %lu, wnd %lu)",
                            (long)fault.back, (unsigned long)s->ack, (unsigned long)s->wnd);
}

/* --- events --- */

/* Events of timers and loss name the connection by its index only: segments say whose it is. */
static void learn(struct aksu_sim_node *n, struct aksu_sim_end *e, uint32_t conn)
{
    struct sim_numbers *m = conn & AKSU_HALF_OPEN ? &n->by_half_open : &n->by_conn;
    conn &= ~AKSU_HALF_OPEN;
    if (conn >= m->room) {
        uint32_t room = conn + 1 > 2 * m->room ? conn + 1 : 2 * m->room;
        struct aksu_sim_end **more = realloc((void *)m->end, room * sizeof(void *));
        if (more == NULL)
            return;
        for (uint32_t i = m->room; i < room; i++)
            more[i] = NULL;
        m->end = more;
        m->room = room;
    }
    m->end[conn] = e;
}

static void by_index(const struct aksu_sim_node *n, const struct aksu_event *event)
{
    const struct sim_numbers *m =
        event->conn & AKSU_HALF_OPEN ? &n->by_half_open : &n->by_conn;
    uint32_t at = event->conn & ~AKSU_HALF_OPEN;
    struct aksu_sim_end *e = at < m->room ? m->end[at] : NULL;
    if (e == NULL || event->conn == 0)
        return;
    if (event->kind == AKSU_EV_retransmit)
        e->watch.retransmissions++;
    else if (event->kind == AKSU_EV_timer && strcmp(event->timer.name, "RETRANSMISSION") == 0)
        e->watch.timeouts++;
    sim_pipe_event(e, event);
}

static void of_segment(struct aksu_sim_node *n, const struct aksu_event *event)
{
    const struct aksu_event_segment_in *s = &event->segment_in;     /* both have the same fields */
    struct aksu_sim_end *e = sim_end_of(n, &s->local, &s->remote);
    if (e == NULL)
        return;
    sim_flow_touch(e);
    learn(n, e, event->conn);
    if (event->kind == AKSU_EV_segment_out) {
        went_out(e, &event->segment_out);
        sim_pipe_out(&e->pipe, &event->segment_out);
    } else {
        sim_windows_in(&e->watch.windows, s);
        sim_pipe_in(&e->pipe, s);
    }
}

void sim_judge_put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct aksu_sim_node *n =
        (struct aksu_sim_node *)(void *)((char *)sink - offsetof(struct aksu_sim_node, sink));
    if (n->user_sink != NULL)
        n->user_sink->put(n->user_sink, event);
    if (event->kind == AKSU_EV_segment_out || event->kind == AKSU_EV_segment_in)
        of_segment(n, event);
    else
        by_index(n, event);
}

/* --- after a step --- */

/* Something of ours must still reach the peer: RFC 9293 3.8.1, 3.8.6.1. */
static bool owes(const struct aksu_info *i)
{
    switch (i->state) {
    case AKSU_TCP_SYN_SENT: case AKSU_TCP_FIN_WAIT_1: case AKSU_TCP_CLOSING: case AKSU_TCP_LAST_ACK:
        return true;
    case AKSU_TCP_SYN_RECEIVED:
        return !i->held;
    case AKSU_TCP_ESTABLISHED: case AKSU_TCP_CLOSE_WAIT:
        return i->send_queued > 0 || i->snd_nxt != i->snd_una;
    case AKSU_TCP_CLOSED: case AKSU_TCP_LISTEN: case AKSU_TCP_FIN_WAIT_2: case AKSU_TCP_TIME_WAIT:
    case AKSU_TCP_STATE_COUNT:
        return false;
    }
    return false;
}

void sim_judge_info(struct aksu_sim_end *e, const struct aksu_info *i)
{
    struct aksu_sim *w = e->flow->world;
    if (sim_ahead(i->snd_nxt, i->snd_una) < 0)
        sim_judge_violation(w, e, "SND.UNA %lu is above SND.NXT %lu", (unsigned long)i->snd_una,
                            (unsigned long)i->snd_nxt);
    if (i->state != AKSU_TCP_CLOSED && i->send_unacked > i->send_queued + 2)
        sim_judge_violation(w, e, "%lu octets unacknowledged, %lu queued",
                            (unsigned long)i->send_unacked, (unsigned long)i->send_queued);
    if (i->octets_in < e->received)
        sim_judge_violation(w, e, "%llu octets received, %llu arrived",
                            (unsigned long long)e->received, (unsigned long long)i->octets_in);
    if (!owes(i) || i->timer != NULL || i->segments_out == 0)
        e->still_since = 0;
    else if (e->still_since == 0)
        e->still_since = w->now;
    /* The next hop may have to be found first, which takes some seconds. */
    if (e->still_since != 0 && (w->now - e->still_since > STILL_MOST
                                || aksu_next_timeout(e->host->net) == AKSU_NEVER))
        sim_judge_violation(w, e, "%s with %lu octets queued and %lu in flight waits for no timer",
                            aksu_tcp_state_name(i->state), (unsigned long)i->send_queued,
                            (unsigned long)i->send_unacked);
    sim_pipe_judge(e, i);
    if (i->timer_at < aksu_next_timeout(e->host->net))
        sim_judge_violation(w, e, "the stack sleeps longer than the timer %s", i->timer);
}

static void judge_end(struct aksu_sim_end *e)
{
    struct aksu_info i;
    sim_pipe_apply(&e->pipe);
    if (e->live && aksu_status(e->host->net, e->conn, &i) == AKSU_OK)
        sim_judge_info(e, &i);
}

void sim_judge_step(struct aksu_sim *w, const struct aksu_sim_node *host)
{
    while (w->touched != NULL) {
        struct aksu_sim_end *e = w->touched;
        w->touched = e->next_touched;
        e->touched = false;
        judge_end(e);
    }
    if (host == NULL || host->net == NULL)
        return;
    struct aksu_counters c;
    aksu_counters(host->net, &c);
    if (c.memory_used > c.memory_limit)
        sim_judge_violation(w, NULL, "%s uses %llu octets of %llu", host->name,
                        (unsigned long long)c.memory_used, (unsigned long long)c.memory_limit);
}
