/* flow.c - connections between applications: opened at their time, found again when they are
 * accepted, told of what became possible, and over at some time. Called by step.c, and by programs
 * through aksu/sim.h. */
#include <stdlib.h>

#include "sim/calls.h"

/* Cookies of flows; those of the program's own connections are others. */
static const uint64_t COOKIE = UINT64_C(0x73696d) << 40;

/* --- making one --- */

static bool listen(struct aksu_sim_node *host)
{
    struct aksu_listen how = { .local.port = SIM_PORT_SERVER, .backlog = 4096, .cookie = COOKIE };
    aksu_listener listener;
    if (!host->listening)
        host->listening = aksu_listen(host->net, &how, &listener, host->world->now) == AKSU_OK;
    return host->listening;
}

static void init_end(struct flow *f, unsigned side, const struct aksu_sim_flow *how)
{
    struct aksu_sim_end *e = &f->end[side];
    e->flow = f;
    e->side = (uint8_t)side;
    e->host = how->host[side];
    e->app = how->app[side];
    if (e->app.act == NULL)
        e->app.act = aksu_sim_bulk;
    e->base = (f->number * 2 + side + 1) * UINT64_C(0xd1342543de82ef95);
    e->read_at = e->write_at = e->opened_at = e->connected_at = AKSU_NEVER;
    e->received_at = e->closed_at = AKSU_NEVER;
}

static struct flow *new_flow(struct aksu_sim *w, const struct aksu_sim_flow *how)
{
    struct aksu_sim_node *client = how->host[0];
    struct flow **all = sim_room((void *)w->flow, w->flows, &w->flows_room);
    w->flow = all != NULL ? all : w->flow;
    struct flow **own = sim_room((void *)client->client, client->clients, &client->clients_room);
    client->client = own != NULL ? own : client->client;
    struct flow *f = calloc(1, sizeof *f);
    if (f == NULL || all == NULL || own == NULL || !sim_queue_admit(w, &f->end[0].due, DUE_END)) {
        free(f);
        return NULL;
    }
    f->world = w;
    f->number = w->flows;
    f->port = (uint16_t)(SIM_PORT_FIRST + client->clients);
    f->v6 = how->v6;
    w->flow[w->flows++] = f;
    client->client[client->clients++] = f;
    w->flows_open++;
    for (unsigned side = 0; side < 2; side++)
        init_end(f, side, how);
    return sim_queue_admit(w, &f->end[1].due, DUE_END) ? f : NULL;
}

struct aksu_sim_end *aksu_sim_flow(struct aksu_sim *w, const struct aksu_sim_flow *how)
{
    const char *wrong = how->host[0] == how->host[1] ? "a flow has two hosts"
        : how->host[0]->net == NULL || how->host[1]->net == NULL ? "a router has no applications"
        : how->host[0]->clients >= SIM_PORTS ? "a host opens at most 40000 flows"
        : !listen(how->host[1]) ? "port 80 of the second host is taken, or it has no memory" : NULL;
    struct flow *f = wrong == NULL ? new_flow(w, how) : NULL;
    if (f == NULL) {
        sim_refuse(w, wrong != NULL ? wrong : "no memory for a flow");
        return NULL;
    }
    if (how->at > w->now)
        sim_queue_set(w, &f->end[0].due, how->at);
    else
        sim_flow_due(&f->end[0]);
    return &f->end[0];
}

struct aksu_sim_end *aksu_sim_peer(struct aksu_sim_end *end)
{
    return &end->flow->end[1 - end->side];
}

const struct aksu_sim_app *aksu_sim_app(const struct aksu_sim_end *end)
{
    return &end->app;
}

/* --- its end --- */

void sim_flow_touch(struct aksu_sim_end *end)
{
    if (end->touched)
        return;
    struct aksu_sim *w = end->flow->world;
    end->touched = true;
    end->next_touched = w->touched;
    w->touched = end;
}

static void check_ended(struct flow *f)
{
    const struct aksu_sim_end *e = f->end;
    bool left = e[0].failed || e[0].aborted;
    bool over = (e[0].closed || e[0].failed) && (e[1].closed || (!e[1].opened && left));
    if (over && !f->ended) {
        f->ended = true;
        f->world->flows_open--;
    }
}

static void over(struct aksu_sim_end *end)
{
    end->live = false;
    end->closed = true;
    end->closed_at = end->flow->world->now;
    sim_queue_set(end->flow->world, &end->due, AKSU_NEVER);
    check_ended(end->flow);
}

/* What is known of the connection for the last time. */
static void last_look(struct aksu_sim_end *end)
{
    struct aksu_info i;
    if (aksu_status(end->host->net, end->conn, &i) == AKSU_OK)
        end->segments = i.segments_out;
}

void aksu_sim_close(struct aksu_sim_end *end)
{
    if (!end->live)
        return;
    last_look(end);
    (void)aksu_close(end->host->net, end->conn, end->flow->world->now);
    over(end);
}

void aksu_sim_abort(struct aksu_sim_end *end)
{
    if (!end->live)
        return;
    last_look(end);
    (void)aksu_abort(end->host->net, end->conn, end->flow->world->now);
    end->aborted = true;
    over(end);
}

void sim_flow_failed(struct aksu_sim_end *end, enum aksu_status reason)
{
    end->failed = true;
    end->reason = reason;
    if (end->live)
        aksu_sim_close(end);
    else
        over(end);
}

void aksu_sim_report(const struct aksu_sim_end *end, struct aksu_sim_report *out)
{
    struct aksu_info i;
    *out = (struct aksu_sim_report){
        .host = end->host, .conn = end->conn, .opened = end->opened, .connected = end->connected,
        .shut = end->shut, .peer_closed = end->eof, .closed = end->closed, .failed = end->failed,
        .reason = end->reason, .sent = end->sent, .received = end->received,
        .opened_at = end->opened_at, .connected_at = end->connected_at,
        .received_at = end->received_at, .closed_at = end->closed_at,
        .segments = end->segments, .timeouts = end->watch.timeouts,
        .retransmissions = end->watch.retransmissions,
    };
    aksu_sim_address(end->host, end->flow->v6, &out->local.ip);
    out->local.port = end->side == 0 ? end->flow->port : (uint16_t)SIM_PORT_SERVER;
    if (end->live && aksu_status(end->host->net, end->conn, &i) == AKSU_OK)
        out->segments = i.segments_out;
}

/* --- what happens to it --- */

static void opened(struct aksu_sim_end *end)
{
    end->live = end->opened = true;
    end->opened_at = end->flow->world->now;
    sim_flow_touch(end);
}

static void open_now(struct aksu_sim_end *end)
{
    struct flow *f = end->flow;
    struct aksu_open how = { .cookie = COOKIE | f->number * 2u, .local.port = f->port,
                             .remote.port = SIM_PORT_SERVER };
    aksu_sim_address(end[1].host, f->v6, &how.remote.ip);
    enum aksu_status status = aksu_open(end->host->net, &how, &end->conn, f->world->now);
    if (status == AKSU_OK)
        opened(end);
    else
        sim_flow_failed(end, status);
}

static void act(struct aksu_sim_end *end)
{
    sim_flow_touch(end);
    if (end->live && end->connected)
        end->app.act(end);
}

void sim_flow_due(struct aksu_sim_end *end)
{
    if (end->side == 0 && !end->opened && !end->closed)
        open_now(end);
    else
        act(end);
}

void aksu_sim_wake(struct aksu_sim_end *end, aksu_time at)
{
    if (end->live && at < end->due.at)
        sim_queue_set(end->flow->world, &end->due, at);
}

/* Whose connection it is: the client's address is its number, its port that of its flow. */
static struct flow *flow_of(const struct aksu_sim *w, const struct aksu_endpoint *client)
{
    uint32_t node = (uint32_t)client->ip.octet[client->ip.octet[0] == 0xfd ? 13 : 14] << 8
        | client->ip.octet[15];
    uint32_t number = (uint32_t)client->port - SIM_PORT_FIRST;
    if (node == 0 || node > w->nodes || client->port < SIM_PORT_FIRST
        || number >= w->node[node - 1]->clients)
        return NULL;
    return w->node[node - 1]->client[number];
}

static void accept_all(struct aksu_sim_node *host, aksu_listener listener)
{
    struct aksu_sim *w = host->world;
    struct aksu_info i;
    aksu_conn conn;
    while (aksu_accept(host->net, listener, &conn, w->now) == AKSU_OK) {
        struct flow *f = aksu_status(host->net, conn, &i) == AKSU_OK ? flow_of(w, &i.remote) : NULL;
        if (f == NULL || f->end[1].host != host || f->end[1].opened) {
            sim_judge_violation(w, NULL, "%s accepts a connection that nobody opened", host->name);
            return;
        }
        struct aksu_sim_end *end = &f->end[1];
        end->conn = conn;
        (void)aksu_set_cookie(host->net, conn, COOKIE | (f->number * 2u + 1u));
        opened(end);
        end->connected = true;
        end->connected_at = w->now;
        act(end);
    }
}

static void ready_of(struct aksu_sim_end *end, const struct aksu_ready *ready)
{
    struct aksu_info i;
    if (!end->live) {
        sim_judge_violation(end->flow->world, end, "readiness of a handle that was given back");
        return;
    }
    if (ready->what & AKSU_CONNECTED) {
        end->connected = true;
        end->connected_at = end->flow->world->now;
    }
    if (ready->what & AKSU_PEER_CLOSED)
        end->fin_told = true;
    if (ready->what & AKSU_FAILED) {
        enum aksu_status status = aksu_status(end->host->net, end->conn, &i);
        if (status != AKSU_OK || i.state != AKSU_TCP_CLOSED || i.reason == AKSU_OK)
            sim_judge_violation(end->flow->world, end, "FAILED without a reason");
        sim_flow_failed(end, i.reason);
        return;
    }
    act(end);
}

void sim_flow_ready(struct aksu_sim_node *host, const struct aksu_ready *ready)
{
    struct aksu_sim *w = host->world;
    uint64_t number = ready->cookie & ~COOKIE;
    if ((ready->cookie & COOKIE) != COOKIE || number / 2 >= w->flows + 1u) {
        if (host->told != NULL)
            host->told(host->context, ready, w->now);
    } else if (ready->what & AKSU_ACCEPTABLE) {
        accept_all(host, ready->listener);
    } else if (number / 2 < w->flows) {
        ready_of(&w->flow[number / 2]->end[number & 1u], ready);
    }
}

struct aksu_sim_end *sim_end_of(struct aksu_sim_node *host, const struct aksu_endpoint *local,
                                const struct aksu_endpoint *remote)
{
    bool server = local->port == SIM_PORT_SERVER;
    struct flow *f = flow_of(host->world, server ? remote : local);
    if (f == NULL || (server ? local : remote)->port != SIM_PORT_SERVER
        || f->end[server].host != host)
        return NULL;
    return &f->end[server];
}

/* --- calls of the program --- */

bool aksu_sim_at(struct aksu_sim *w, aksu_time at, aksu_sim_call *call, void *context)
{
    struct call *c = calloc(1, sizeof *c);
    if (c == NULL || !sim_queue_admit(w, &c->due, DUE_CALL)) {
        free(c);
        return sim_refuse(w, "no memory for a call");
    }
    c->call = call;
    c->context = context;
    c->next = w->calls;
    w->calls = c;
    sim_queue_set(w, &c->due, at);
    return true;
}
