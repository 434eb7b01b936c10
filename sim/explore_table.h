/* explore_table.h - things that are kept once each, and named by their numbers. Shared by
 * sim/explore*.c only. */
#ifndef SIM_EXPLORE_TABLE_H
#define SIM_EXPLORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPLORE_NONE UINT32_MAX

/* Records of one size, and a hash table of their numbers; their first `key` octets tell them
 * apart. */
struct explore_set {
    uint8_t *record;
    size_t size, key;
    uint32_t count, room;
    uint32_t *slot;                 /* 1 + number; 0: free */
    uint32_t mask;
};
bool explore_set_init(struct explore_set *s, size_t size, size_t key);
void explore_set_free(struct explore_set *s);
/* The number of this record, which is put in if there is none with this key (*fresh); NONE: no
 * memory. Records move when one is put in. */
uint32_t explore_set_put(struct explore_set *s, const void *record, bool *fresh);
/* NONE: there is none. */
uint32_t explore_set_find(const struct explore_set *s, const void *key);
size_t explore_set_memory(const struct explore_set *s);
static inline void *explore_set_at(const struct explore_set *s, uint32_t number)
{
    return s->record + (size_t)number * s->size;
}

#endif
