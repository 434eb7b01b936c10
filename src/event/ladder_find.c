/* ladder_find.c - which connection of the ladder an event belongs to: by the stack's record, or by
 * the endpoints, of which a later incarnation hides an earlier one. */
#include "event/ladder.h"

#include <string.h>

static bool same_end(const struct aksu_endpoint *a, const struct aksu_endpoint *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

static bool joins(const struct ladder_connection *c, unsigned side,
                  const struct aksu_endpoint *local, const struct aksu_endpoint *remote)
{
    return c->used && c->addressed && same_end(&c->end[side].at, local) &&
           same_end(&c->end[1 - side].at, remote);
}

bool ladder_joins(const struct ladder_connection *c, unsigned side,
                  const struct aksu_endpoint *local, const struct aksu_endpoint *remote)
{
    return !c->datagrams && joins(c, side, local, remote);
}

struct ladder_connection *ladder_by_record(struct aksu_ladder *l, unsigned side, uint32_t conn)
{
    for (uint32_t i = 0; i < l->connections && conn != 0; i++) {
        struct ladder_connection *c = &l->connection[i];

        if (c->used && c->end[side].live && c->end[side].conn == conn)
            return c;
    }
    return NULL;
}

struct ladder_connection *ladder_by_pair(struct aksu_ladder *l, unsigned side,
                                         const struct aksu_endpoint *local,
                                         const struct aksu_endpoint *remote)
{
    struct ladder_connection *newest = NULL;

    for (uint32_t i = 0; i < l->connections; i++) {
        struct ladder_connection *c = &l->connection[i];

        if (ladder_joins(c, side, local, remote) && (!newest || c->number > newest->number))
            newest = c;
    }
    return newest;
}

struct ladder_connection *ladder_flow_by_pair(struct aksu_ladder *l, unsigned side,
                                              const struct aksu_endpoint *local,
                                              const struct aksu_endpoint *remote)
{
    for (uint32_t i = 0; i < l->connections; i++) {
        if (l->connection[i].datagrams && joins(&l->connection[i], side, local, remote))
            return &l->connection[i];
    }
    return NULL;
}

void ladder_set_addresses(struct ladder_connection *c, unsigned side,
                          const struct aksu_endpoint *local, const struct aksu_endpoint *remote)
{
    c->end[side].at = *local;
    c->end[1 - side].at = *remote;
    c->addressed = true;
}

struct ladder_connection *ladder_connection_of(struct ladder_side *s, const struct aksu_event *e,
                                               const struct aksu_endpoint *local,
                                               const struct aksu_endpoint *remote)
{
    struct ladder_connection *c = ladder_by_record(s->ladder, s->side, e->conn);

    if (c && !c->addressed)
        ladder_set_addresses(c, s->side, local, remote);
    if (!c || !ladder_joins(c, s->side, local, remote))
        c = ladder_by_pair(s->ladder, s->side, local, remote);
    if (!c) {
        c = ladder_new_connection(s->ladder, false, e->at);
        if (c)
            ladder_set_addresses(c, s->side, local, remote);
    }
    return c;
}

struct ladder_item *ladder_append_for(struct ladder_side *s, struct ladder_connection *c,
                                      const struct aksu_event *e, enum ladder_kind kind)
{
    struct ladder_item *item = ladder_append(s->ladder, c, e->at);

    if (item) {
        item->kind = (uint8_t)kind;
        item->side = s->side;
    }
    return item;
}
