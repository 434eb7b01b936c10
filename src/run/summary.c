/* summary.c - collects the events of the connections that the program has opened. The stack of the
 * other side adds what it had to send again; its connections are known by their addresses. */
#include "run/summary.h"

#include <stdlib.h>
#include <string.h>

#include "run/summary_conn.h"

enum { MOST = 10000, GUEST = 0, WORLD = 1 };

static struct run_summary_conn **bucket_of(struct run_summary *s, unsigned side, uint32_t index)
{
    return &s->bucket[side][index / 8 % RUN_SUMMARY_BUCKETS];
}

static struct run_summary_conn *find(struct run_summary *s, unsigned side, uint32_t index)
{
    struct run_summary_conn *c = *bucket_of(s, side, index);

    while (c && c->index[side] != index)
        c = c->chain[side];
    return c;
}

static void leave(struct run_summary *s, unsigned side, struct run_summary_conn *gone)
{
    struct run_summary_conn **place = bucket_of(s, side, gone->index[side]);

    while (*place && *place != gone)
        place = &(*place)->chain[side];
    if (*place)
        *place = gone->chain[side];
}

static void enter(struct run_summary *s, unsigned side, struct run_summary_conn *c, uint32_t index)
{
    struct run_summary_conn *older = find(s, side, index);
    struct run_summary_conn **place = bucket_of(s, side, index);

    if (older)
        leave(s, side, older);          /* the record has become another connection's */
    c->index[side] = index;
    c->chain[side] = *place;
    *place = c;
}

static void opened(struct run_summary *s, const struct aksu_event *e)
{
    struct run_summary_conn *c = s->count < MOST ? calloc(1, sizeof *c) : NULL;

    if (!c) {
        s->forgotten++;
        return;
    }
    c->local = e->opened.local;
    c->remote = e->opened.remote;
    c->begun = e->at;
    *s->last = c;
    s->last = &c->next;
    s->count++;
    enter(s, GUEST, c, e->conn);
}

static bool same(const struct aksu_endpoint *a, const struct aksu_endpoint *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

/* The newest one of these addresses. */
static void opened_there(struct run_summary *s, const struct aksu_event *e)
{
    struct run_summary_conn *found = NULL;

    for (unsigned i = 0; i < RUN_SUMMARY_BUCKETS; i++) {
        for (struct run_summary_conn *c = s->bucket[GUEST][i]; c; c = c->chain[GUEST]) {
            if (same(&c->local, &e->opened.remote) && same(&c->remote, &e->opened.local))
                found = c;
        }
    }
    if (found)
        enter(s, WORLD, found, e->conn);
}

/* The record has another number from now on. */
static void completed_there(struct run_summary *s, const struct aksu_event *e)
{
    struct run_summary_conn *c = find(s, WORLD, e->completed.half_open);

    if (c) {
        leave(s, WORLD, c);
        enter(s, WORLD, c, e->conn);
    }
}

static void guest_event(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct run_summary *s = ((struct run_summary_side *)(void *)sink)->summary;

    if (e->conn == 0)
        return;
    if (e->kind == AKSU_EV_opened && e->opened.active) {
        opened(s, e);
        return;
    }
    struct run_summary_conn *c = find(s, GUEST, e->conn);
    if (!c)
        return;
    run_summary_conn_event(c, e);
    if (e->kind == AKSU_EV_deleted)
        leave(s, GUEST, c);
}

static void world_event(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct run_summary *s = ((struct run_summary_side *)(void *)sink)->summary;

    if (e->conn == 0)
        return;
    if (e->kind == AKSU_EV_opened) {
        opened_there(s, e);
        return;
    }
    if (e->kind == AKSU_EV_completed) {
        completed_there(s, e);
        return;
    }
    struct run_summary_conn *c = find(s, WORLD, e->conn);
    if (c && e->kind == AKSU_EV_retransmit)
        c->again[1] += run_summary_segments(c, e->retransmit.len);
    if (c && e->kind == AKSU_EV_deleted)
        leave(s, WORLD, c);
}

void run_summary_init(struct run_summary *s, bool two)
{
    *s = (struct run_summary){ .guest = { { guest_event }, s }, .two = two };
    s->world = (struct run_summary_side){ { world_event }, s };
    s->last = &s->first;
}

void run_summary_fini(struct run_summary *s)
{
    while (s->first) {
        struct run_summary_conn *c = s->first;
        s->first = c->next;
        free(c);
    }
}
