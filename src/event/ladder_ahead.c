/* ladder_ahead.c - a look into the middle: what comes later is not drawn, but tells which of the
 * segments that are under way will arrive, and which are lost. */
#include "event/ladder.h"

void aksu_ladder_ahead(struct aksu_ladder *ladder)
{
    ladder->ahead = true;
    ladder->ahead_order = ladder->shown + ladder->flows;
    for (uint32_t i = 0; i < ladder->connections; i++) {
        struct ladder_connection *c = &ladder->connection[i];

        /* An item that is never drawn: nothing that comes behind it is joined to one that is. */
        if (!c->used || ladder->free_item == NO_ITEM || !ladder_append(ladder, c, c->last))
            continue;
        ladder->item[c->tail].kind = LADDER_FREE;
        c->cut = c->tail;
    }
}

/* The segment of an arrival behind the cut, if it stands before it. */
static void is_under_way(struct aksu_ladder *l, const struct ladder_connection *c,
                         const struct ladder_item *arrival)
{
    for (uint32_t i = c->head; i != c->cut; i = l->item[i].next) {
        if (!ladder_is_arrival_of(arrival, &l->item[i]))
            continue;
        l->item[i].other_at = AKSU_NEVER;
        l->item[i].under_way = true;
        return;
    }
}

static void cut(struct aksu_ladder *l, struct ladder_connection *c)
{
    uint32_t i = l->item[c->cut].next, next;

    for (; i != NO_ITEM; i = next) {
        next = l->item[i].next;
        is_under_way(l, c, &l->item[i]);
        ladder_free_item(l, i);
    }
    l->item[c->cut].next = NO_ITEM;
    c->tail = c->cut;
}

void ladder_cut_ahead(struct aksu_ladder *l)
{
    for (uint32_t i = 0; i < l->connections && l->ahead; i++) {
        struct ladder_connection *c = &l->connection[i];

        if (c->used && c->cut != NO_ITEM)
            cut(l, c);
        else
            c->used = c->used && c->order <= l->ahead_order;
    }
}
