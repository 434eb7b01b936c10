/* explore_table.c - records that are kept once each and named by their numbers, found again by a
 * hash of their keys. Called by explore*.c. */
#include <stdlib.h>
#include <string.h>

#include "sim/explore_table.h"

enum { SLOTS_FIRST = 1 << 12, ROOM_FIRST = 1 << 10 };

bool explore_set_init(struct explore_set *s, size_t size, size_t key)
{
    *s = (struct explore_set){ .size = size, .key = key, .room = ROOM_FIRST,
                               .mask = SLOTS_FIRST - 1 };
    s->record = malloc(ROOM_FIRST * size);
    s->slot = calloc(SLOTS_FIRST, sizeof *s->slot);
    return s->record != NULL && s->slot != NULL;
}

void explore_set_free(struct explore_set *s)
{
    free(s->record);
    free(s->slot);
}

size_t explore_set_memory(const struct explore_set *s)
{
    return s->room * s->size + ((size_t)s->mask + 1) * sizeof *s->slot;
}

/* Keys are multiples of 4 octets. */
static uint32_t hash_of(const void *key, size_t length)
{
    const uint8_t *at = key;
    uint64_t h = length;
    for (; length > 0; at += 4, length -= 4) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    return (uint32_t)(h ^ h >> 29);
}

/* Where it is, or where it would be. */
static uint32_t place_of(const struct explore_set *s, const void *key)
{
    uint32_t i = hash_of(key, s->key) & s->mask;
    while (s->slot[i] != 0 && memcmp(explore_set_at(s, s->slot[i] - 1), key, s->key) != 0)
        i = (i + 1) & s->mask;
    return i;
}

uint32_t explore_set_find(const struct explore_set *s, const void *key)
{
    return s->slot[place_of(s, key)] - 1;           /* 0 becomes NONE */
}

static bool more_slots(struct explore_set *s)
{
    uint32_t *old = s->slot;
    uint32_t *slot = calloc(2 * ((size_t)s->mask + 1), sizeof *slot);
    if (slot == NULL)
        return false;
    s->slot = slot;
    s->mask = 2 * s->mask + 1;
    free(old);
    for (uint32_t n = 0; n < s->count; n++) {
        uint32_t i = hash_of(explore_set_at(s, n), s->key) & s->mask;
        while (slot[i] != 0)
            i = (i + 1) & s->mask;
        slot[i] = n + 1;
    }
    return true;
}

static bool more_records(struct explore_set *s)
{
    uint32_t room = s->room + s->room / 2;
    uint8_t *record = realloc(s->record, room * s->size);
    if (record == NULL)
        return false;
    s->record = record;
    s->room = room;
    return true;
}

uint32_t explore_set_put(struct explore_set *s, const void *record, bool *fresh)
{
    uint32_t i = place_of(s, record);
    *fresh = s->slot[i] == 0;
    if (!*fresh)
        return s->slot[i] - 1;
    if (s->count == s->room && !more_records(s))
        return EXPLORE_NONE;
    if (s->count > s->mask / 3 * 2) {
        if (!more_slots(s))
            return EXPLORE_NONE;
        i = place_of(s, record);
    }
    memcpy(explore_set_at(s, s->count), record, s->size);
    s->slot[i] = ++s->count;
    return s->count - 1;
}
