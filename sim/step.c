/* step.c - the clock: the next thing that happens, and what follows from it at once. Called by
 * programs through aksu/sim.h. */
#include "sim/calls.h"

/* Frames at one instant, and steps without the clock moving, after which something is broken. */
enum { INSTANT_MOST = 1000000 };

static bool tell(struct aksu_sim_node *host)
{
    struct aksu_ready ready;
    bool told = false;
    while (aksu_next_ready(host->net, &ready)) {
        sim_flow_ready(host, &ready);
        told = true;
    }
    return told;
}

void sim_settle(struct aksu_sim_node *host)
{
    struct aksu_sim *w = host->world;
    struct aksu_frame frame;
    uint32_t frames = 0;
    bool more = true;
    while (more) {
        more = host->prompt && tell(host);
        while (aksu_frame_out(host->net, &frame, w->now)) {
            if (host->ways != NULL)
                sim_way_put(host->ways, &frame);
            if (++frames > INSTANT_MOST) {
                sim_judge_violation(w, NULL, "%s never stops sending", host->name);
                return;
            }
        }
        more |= tell(host);
    }
    sim_queue_set(w, &host->due, aksu_next_timeout(host->net));
}

/* What the program may have done since the last step, with a stack or a path. */
static bool sync(struct aksu_sim *w)
{
    if (!w->routed && !sim_route(w)) {
        sim_judge_violation(w, NULL, "no memory for the tables of a router");
        return false;
    }
    for (uint32_t i = 0; i < w->nodes; i++)
        if (w->node[i]->net != NULL)
            sim_settle(w->node[i]);
    for (struct aksu_sim_cable *c = w->cables; c != NULL; c = c->next)
        for (unsigned i = 0; i < 2; i++)
            if (c->way[i].path != NULL)
                sim_queue_set(w, &c->way[i].due, aksu_path_next(c->way[i].path));
    return !w->violated;
}

/* What is due; the host that it concerns, or NULL. */
static struct aksu_sim_node *happen(struct aksu_sim *w, struct due *d)
{
    switch (d->kind) {
    case DUE_HOST: {
        struct aksu_sim_node *host = (struct aksu_sim_node *)d;
        aksu_timeouts(host->net, w->now);
        return host;
    }
    case DUE_WAY: {
        struct way *way = (struct way *)d;
        sim_way_deliver(way);
        return way->to;
    }
    case DUE_END: {
        struct aksu_sim_end *end = (struct aksu_sim_end *)d;
        sim_queue_set(w, d, AKSU_NEVER);
        sim_flow_due(end);
        return end->host;
    }
    case DUE_CALL: {
        struct call *call = (struct call *)d;
        sim_queue_set(w, d, AKSU_NEVER);
        call->call(call->context, w->now);
        (void)sync(w);
        return NULL;
    }
    }
    return NULL;
}

static aksu_time next(const struct aksu_sim *w)
{
    return w->queued > 0 ? w->queue[0]->at : AKSU_NEVER;
}

/* False: the run is over. */
static bool step(struct aksu_sim *w)
{
    struct due *d = w->queue[0];
    if (d->at > w->now) {
        w->now = d->at;
        w->same_time = 0;
    } else if (++w->same_time > INSTANT_MOST) {
        sim_judge_violation(w, NULL, "time stands still: something is always due");
    }
    w->counts.steps++;
    struct aksu_sim_node *host = happen(w, d);
    if (host != NULL && host->net != NULL)
        sim_settle(host);
    if (!w->unchecked)
        sim_judge_step(w, host);
    return !w->violated;
}

static enum aksu_sim_state state_of(const struct aksu_sim *w)
{
    return w->violated ? AKSU_SIM_VIOLATION
        : w->flows > 0 && w->flows_open == 0 ? AKSU_SIM_ENDED
        : next(w) == AKSU_NEVER ? AKSU_SIM_QUIET : AKSU_SIM_RUNNING;
}

aksu_time aksu_sim_next(struct aksu_sim *w)
{
    return !w->violated && sync(w) ? next(w) : AKSU_NEVER;
}

enum aksu_sim_state aksu_sim_step(struct aksu_sim *w)
{
    if (aksu_sim_next(w) != AKSU_NEVER)
        (void)step(w);
    return state_of(w);
}

enum aksu_sim_state aksu_sim_run(struct aksu_sim *w, aksu_time until)
{
    bool on = !w->violated && sync(w);
    while (on && next(w) <= until && next(w) != AKSU_NEVER)
        on = step(w);
    if (on && until != AKSU_NEVER && until > w->now)
        w->now = until;
    return state_of(w);
}

enum aksu_sim_state aksu_sim_finish(struct aksu_sim *w, aksu_time until)
{
    bool on = !w->violated && sync(w);
    while (on && w->flows_open > 0 && next(w) <= until && next(w) != AKSU_NEVER)
        on = step(w);
    return state_of(w);
}
