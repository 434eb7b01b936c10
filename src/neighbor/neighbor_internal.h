/* neighbor_internal.h - what the cache (neighbor.c) keeps for the packets in (neighbor_in.c). */
#ifndef NEIGHBOR_NEIGHBOR_INTERNAL_H
#define NEIGHBOR_NEIGHBOR_INTERNAL_H

#include "neighbor/neighbor.h"

struct neighbor_entry *neighbor_find(struct neighbor_cache *n, uint32_t device,
                                     const struct aksu_ip *ip);
/* A new entry, STALE, without a MAC address. `gleaned`: nobody here has asked for it, so only
 * entries that were never used may give way. NULL: no room. */
struct neighbor_entry *neighbor_make(struct neighbor_cache *n, uint32_t device,
                                     const struct aksu_ip *ip, bool gleaned);
/* The only writer of the state: sets its timer and what is owed, and makes it news. */
void neighbor_enter(struct neighbor_cache *n, struct neighbor_entry *e, enum neighbor_state state,
                    aksu_time now);

#endif
