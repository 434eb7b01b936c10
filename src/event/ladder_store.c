/* ladder_store.c - the ladder's memory: a table of connections and a pool of items, both the
 * caller's. When the pool is empty, runs of data are folded, then finished connections are
 * printed, and what still does not fit is counted. */
#include "event/ladder.h"

#include <stdalign.h>
#include <string.h>

/* A segment may still be under way when its connection is gone; a link is not slower than this. */
#define LINGER AKSU_SECONDS(4)
/* Datagrams that follow each other within this time are one flow: there is no end to be seen. */
#define FLOW_LINGER AKSU_SECONDS(30)

struct aksu_ladder *aksu_ladder_init(const struct aksu_ladder_config *config)
{
    size_t skip = (0 - (uintptr_t)config->memory) % alignof(max_align_t);
    struct aksu_ladder *l;

    if (config->memory == NULL || config->memory_length < 16384)
        return NULL;
    l = (struct aksu_ladder *)(void *)((char *)config->memory + skip);
    *l = (struct aksu_ladder){ .config = *config, .free_item = NO_ITEM,
                              .shown = config->numbered };

    size_t left = config->memory_length - skip - sizeof *l;
    l->connections = (uint32_t)(left / 4096 < 256 ? left / 4096 : 256);
    l->connection = (struct ladder_connection *)(void *)(l + 1);
    left -= l->connections * sizeof *l->connection;
    memset(l->connection, 0, l->connections * sizeof *l->connection);
    l->item = (struct ladder_item *)(void *)(l->connection + l->connections);
    l->items = (uint32_t)(left / sizeof *l->item < NO_ITEM ? left / sizeof *l->item : NO_ITEM - 1);
    for (uint32_t i = l->items; i-- > 0; l->free_item = i)
        l->item[i] = (struct ladder_item){ .next = l->free_item, .kind = LADDER_FREE };
    l->free_count = l->items;
    if (l->config.fold == 0)
        l->config.fold = 6;
    for (uint8_t i = 0; i < 2; i++)
        l->side[i] = (struct ladder_side){ .ladder = l, .host = "peer", .side = i,
                                           .last = NO_ITEM };
    return l;
}

void ladder_free_item(struct aksu_ladder *l, uint32_t index)
{
    l->item[index] = (struct ladder_item){ .next = l->free_item, .kind = LADDER_FREE };
    l->free_item = index;
    l->free_count++;
}

bool ladder_is_over(const struct ladder_connection *c, aksu_time now)
{
    for (int side = 0; side < 2; side++) {
        if (c->end[side].live || c->end[side].time_wait)
            return false;
    }
    return now > c->last && now - c->last >= (c->datagrams ? FLOW_LINGER : LINGER);
}

void ladder_print(struct aksu_ladder *l, struct ladder_connection *c)
{
    uint32_t index = (uint32_t)(c - l->connection);

    ladder_draw(l, c);
    for (uint32_t i = c->head, next; i != NO_ITEM; i = next) {
        next = l->item[i].next;
        ladder_free_item(l, i);
    }
    c->used = false;
    for (int side = 0; side < 2; side++) {
        if (l->side[side].last == index)
            l->side[side].last = NO_ITEM;
    }
}

/* Finished connections other than `except`, that may be printed before their time to make room. */
static void print_some(struct aksu_ladder *l, const struct ladder_connection *except)
{
    for (uint32_t i = 0; i < l->connections && !l->config.at_end; i++) {
        struct ladder_connection *c = &l->connection[i];

        if (c->used && c != except && !c->end[0].live && !c->end[1].live)
            ladder_print(l, c);
    }
}

static void fold_all(struct aksu_ladder *l, bool deep, aksu_time now)
{
    struct ladder_folding how = { .most = l->config.fold < 64 ? l->config.fold : 64, .deep = deep,
                                  .now = now };

    if (deep)
        how.most = LADDER_DEEP;
    for (uint32_t i = 0; i < l->connections; i++) {
        if (l->connection[i].used)
            ladder_fold_runs(l, &l->connection[i], &how);
    }
}

/* True when there is an item again. After a vain attempt so many events must be refused before the
 * next one that an event costs a constant on average. */
static bool make_room(struct aksu_ladder *l, const struct ladder_connection *except, aksu_time now)
{
    uint32_t enough = l->items / 8;

    if (l->fold_again > 0) {
        l->fold_again--;
        return false;
    }
    fold_all(l, false, now);
    if (l->free_count < enough)
        print_some(l, except);
    if (l->free_count < enough)
        fold_all(l, true, now);
    if (l->free_count < enough)
        l->fold_again = enough;
    return l->free_count > 0;
}

struct ladder_item *ladder_append(struct aksu_ladder *l, struct ladder_connection *c, aksu_time at)
{
    if (l->free_item == NO_ITEM && !make_room(l, c, at)) {
        c->omitted++;
        return NULL;
    }
    uint32_t index = l->free_item;
    struct ladder_item *item = &l->item[index];

    l->free_item = item->next;
    l->free_count--;
    *item = (struct ladder_item){ .at = at, .other_at = at, .next = NO_ITEM };
    if (c->tail != NO_ITEM)
        l->item[c->tail].next = index;
    else
        c->head = index;
    c->tail = index;
    return item;
}

struct ladder_connection *ladder_new_connection(struct aksu_ladder *l, bool datagrams,
                                                aksu_time at)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        for (uint32_t i = 0; i < l->connections; i++) {
            struct ladder_connection *c = &l->connection[i];

            if (c->used)
                continue;
            *c = (struct ladder_connection){ .used = true, .datagrams = datagrams,
                .number = datagrams ? ++l->flows : ++l->shown, .head = NO_ITEM, .tail = NO_ITEM,
                .cut = NO_ITEM, .first = at, .last = at };
            c->order = l->shown + l->flows;
            for (int side = 0; side < 2; side++)
                c->end[side].last_item = c->end[side].in_flight = NO_ITEM;
            return c;
        }
        print_some(l, NULL);
    }
    l->not_shown++;
    return NULL;
}
