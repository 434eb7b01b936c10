/* listen.c - S22: sockets, ports and who owns what: a listener, the four-tuples of its connections
 * (RFC 9293 3.3.1), ephemeral ports (RFC 6056), and the queue of those that wait to be accepted. */
#include <stdio.h>
#include <string.h>

#include "lab/stage.h"

enum { PORT = 80, CLOSED_PORT = 81, SAME_PORT = 40000, CONNECTIONS = 5, EPHEMERAL = 1024,
       CALLERS = 4, EVERY_MS = 100, LATE_MS = 2000, END_MS = 9000 };

static const struct lab_knob knobs[] = {
    { "delay", LAB_MS, 10, 0, EVERY_MS / 3 - 1, W_knob_delay },
    { "backlog", LAB_COUNT, 2, 1, CALLERS, W_listen_knob },
};

struct net {
    struct lab_host *anna, *ben, *server;
};

static struct net set_up(struct lab *lab)
{
    struct net n;
    n.anna = lab_host(lab, "anna", NULL);
    n.server = lab_host(lab, "server", NULL);
    n.ben = lab_host(lab, "ben", NULL);
    struct lab_host *router = lab_router(lab);
    lab_cable(lab, n.anna, router, NULL);
    lab_cable(lab, n.ben, router, NULL);
    lab_cable(lab, router, n.server, &(struct lab_link){ .near = true });
    return n;
}

static struct aksu_endpoint local_of(struct lab_end *end)
{
    struct aksu_info info;
    return lab_status(end, &info) ? info.local : (struct aksu_endpoint){ 0 };
}

static struct aksu_endpoint remote_of(struct lab_end *end)
{
    struct aksu_info info;
    return lab_status(end, &info) ? info.remote : (struct aksu_endpoint){ 0 };
}

static bool same(const struct aksu_endpoint *a, const struct aksu_endpoint *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

/* --- many connections, one port --- */

static struct lab_end *call(struct lab *lab, struct lab_host *from, const struct net *n,
                            uint16_t own_port, const char *words)
{
    struct lab_end *end = lab_open(lab, from, n->server, PORT,
                                   &(struct aksu_open){ .local.port = own_port });
    lab_tell(end, words);
    return end;
}

/* The server's end of what `end` has opened. */
static struct lab_end *peer_of(struct lab_listener *listener, struct lab_end *end)
{
    struct aksu_endpoint own = local_of(end), remote;
    unsigned i = 0;
    do
        remote = remote_of(lab_accepted(listener, i));
    while (!same(&own, &remote) && ++i < listener->accepted);
    return lab_accepted(listener, i);
}

static void show_tuples(struct lab *lab, struct lab_listener *listener)
{
    static const enum lab_words heads[] = { W_listen_head_remote, W_listen_head_local,
                                            W_listen_head_heard };
    char remote[AKSU_ENDPOINT_TEXT], local[AKSU_ENDPOINT_TEXT];
    lab_table(lab, W_listen_table, 3, heads);
    for (unsigned i = 0; i < listener->accepted; i++) {
        struct lab_end *end = lab_accepted(listener, i);
        struct aksu_endpoint r = remote_of(end), l = local_of(end);
        (void)aksu_endpoint_text(&r, remote);
        (void)aksu_endpoint_text(&l, local);
        const char *cells[] = { remote, local, end->heard };
        lab_row(lab, cells);
    }
}

static void many(struct lab *lab)
{
    static const char *const words[CONNECTIONS] = { "a1", "a2", "b1", "a3", "b2" };
    struct net n = set_up(lab);
    struct lab_listener *listener = lab_listen(lab, n.server,
                                               &(struct aksu_listen){ .local.port = PORT });
    listener->words = true;
    struct lab_end *end[CONNECTIONS];
    struct lab_host *from[CONNECTIONS] = { n.anna, n.anna, n.ben, n.anna, n.ben };
    for (unsigned i = 0; i < CONNECTIONS; i++)
        end[i] = call(lab, from[i], &n, i < 3 ? 0 : SAME_PORT, words[i]);
    lab_run(lab, AKSU_SECONDS(1));
    show_tuples(lab, listener);
    bool port = true, differ = true, each = true, range = true;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct lab_end *peer = peer_of(listener, end[i]);
        struct aksu_endpoint own = local_of(end[i]);
        port &= local_of(peer).port == PORT;
        each &= strcmp(peer->heard, words[i]) == 0;
        range &= own.port >= EPHEMERAL;
        for (unsigned k = 0; k < i; k++) {
            struct aksu_endpoint other = local_of(end[k]);
            differ &= !same(&own, &other);
        }
    }
    lab_check(lab, listener->accepted == CONNECTIONS && port, W_listen_check_port);
    lab_check(lab, differ, W_listen_check_differ);
    lab_check(lab, each, W_listen_check_each);
    lab_check(lab, range && local_of(end[0]).port != local_of(end[1]).port,
              W_listen_check_ephemeral);
    lab_check(lab, local_of(end[3]).port == local_of(end[4]).port, W_listen_check_same_port);
}

/* --- who owns what --- */

static enum aksu_status listen_again(struct lab *lab, const struct net *n)
{
    aksu_listener other;
    return aksu_listen(n->server->net, &(struct aksu_listen){ .local.port = PORT }, &other,
                       aksu_sim_now(lab_world(lab)));
}

static void owners(struct lab *lab)
{
    struct net n = set_up(lab);
    struct lab_listener *all = lab_listen(lab, n.server,
                                          &(struct aksu_listen){ .local.port = PORT });
    struct lab_listener *bens = lab_listen(lab, n.server, &(struct aksu_listen){
        .local.port = PORT, .remote.ip = lab_address(n.ben) });
    all->words = bens->words = true;
    enum aksu_status taken = listen_again(lab, &n);
    struct lab_end *anna = call(lab, n.anna, &n, SAME_PORT, "anna");
    struct lab_end *twice = call(lab, n.anna, &n, SAME_PORT, "again");
    struct lab_end *ben = call(lab, n.ben, &n, 0, "ben");
    struct lab_end *closed = lab_open(lab, n.anna, n.server, CLOSED_PORT, NULL);
    lab_run(lab, AKSU_SECONDS(1));
    bool split = all->accepted == 1 && bens->accepted == 1
        && strcmp(lab_accepted(all, 0)->heard, "anna") == 0
        && strcmp(lab_accepted(bens, 0)->heard, "ben") == 0;
    lab_note(lab_accepted(all, 0), W_listen_note_closed);
    (void)aksu_close_listener(n.server->net, all->listener, aksu_sim_now(lab_world(lab)));
    struct lab_end *late = call(lab, n.anna, &n, 0, "late");
    lab_tell(anna, " goes on");
    lab_run(lab, AKSU_SECONDS(2));
    lab_check(lab, taken == AKSU_ALREADY_EXISTS, W_listen_check_taken);
    lab_check(lab, split && ben->connected, W_listen_check_split);
    lab_check(lab, twice->failed && twice->reason == AKSU_ALREADY_EXISTS
              && twice->failed_at == 0, W_listen_check_twice);
    lab_check(lab, closed->failed && closed->reason == AKSU_REFUSED, W_listen_check_nobody);
    lab_check(lab, late->failed && late->reason == AKSU_REFUSED, W_listen_check_late);
    lab_check(lab, strcmp(lab_accepted(all, 0)->heard, "anna goes on") == 0 && !anna->failed,
              W_listen_check_lives);
}

/* --- the accept queue --- */

struct queue {
    struct net net;
    struct lab_listener *listener;
    struct lab_end *end[CALLERS];
    unsigned count;
};

static void next(struct lab *lab, void *context)
{
    struct queue *q = context;
    char words[8];
    (void)snprintf(words, sizeof words, "n%u", q->count + 1);
    q->end[q->count++] = call(lab, q->net.anna, &q->net, 0, words);
}

static void accept_them(struct lab *lab, void *context)
{
    struct queue *q = context;
    (void)lab;
    lab_note(q->end[CALLERS - 1], W_listen_note_accept);
    lab_accept(q->listener);
}

static void show_queue(struct lab *lab, const struct queue *q)
{
    static const enum lab_words heads[] = {
        W_listen_head_connection, W_listen_head_opened, W_listen_head_connected,
        W_listen_head_accepted, W_listen_head_heard };
    lab_table(lab, W_listen_table_queue, 5, heads);
    for (unsigned i = 0; i < CALLERS; i++) {
        struct lab_end *peer = lab_accepted(q->listener, i);
        const char *cells[] = {
            lab_number(lab, i + 1), lab_ms(lab, q->end[i]->opened_at),
            lab_ms(lab, q->end[i]->connected_at), lab_ms(lab, peer->connected_at), peer->heard };
        lab_row(lab, cells);
    }
}

static void backlog(struct lab *lab)
{
    struct queue q = { 0 };
    unsigned room = (unsigned)lab_value(lab, "backlog");
    q.net = set_up(lab);
    q.listener = lab_listen(lab, q.net.server, &(struct aksu_listen){
        .local.port = PORT, .backlog = room });
    q.listener->waits = q.listener->words = true;
    for (unsigned i = 0; i < CALLERS; i++)
        lab_at(lab, AKSU_MS(EVERY_MS * (uint64_t)i), next, &q);
    lab_at(lab, AKSU_MS(LATE_MS), accept_them, &q);
    lab_run(lab, AKSU_MS(END_MS));
    if (q.count < CALLERS)
        return;
    show_queue(lab, &q);
    bool early = true, waited = true, all = true;
    for (unsigned i = 0; i < CALLERS; i++) {
        const struct lab_end *peer = lab_accepted(q.listener, i);
        if (i < room) {
            early &= q.end[i]->connected_at == q.end[i]->opened_at + 2 * lab_delay(lab);
            early &= peer->connected_at == AKSU_MS(LATE_MS);
        } else {
            waited &= q.end[i]->connected_at >= AKSU_MS(LATE_MS);
        }
        all &= peer->received == 2 && peer->heard[0] == 'n';
    }
    lab_check(lab, early, W_listen_check_early);
    lab_check(lab, waited, W_listen_check_waited);
    if (lab_plain(lab))
        lab_check(lab, lab_events(lab, q.net.server, AKSU_EV_accept_queue_full) == 4
                  && lab_segments(lab, q.net.anna, AKSU_SYN, AKSU_SYN) == 8,
                  W_listen_check_dropped);
    lab_check(lab, all && q.listener->accepted == CALLERS, W_listen_check_all);
}

static const struct lab_act acts[] = {
    { W_listen_many_title, W_listen_many_text, many, NULL },
    { W_listen_owners_title, W_listen_owners_text, owners, NULL },
    { W_listen_backlog_title, W_listen_backlog_text, backlog, NULL },
};

const struct lab_scenario lab_listen_ports = {
    .id = "S22", .name = "listen", .title = W_listen_title, .text = W_listen_text,
    .knobs = knobs, .knob_count = sizeof knobs / sizeof knobs[0],
    .acts = acts, .act_count = sizeof acts / sizeof acts[0],
    .tells = { [2] = "backlog" },
};
