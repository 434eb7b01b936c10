/* syn_cache.h - half-open connections of listeners as records of 64 octets (RFC 4987 3.4): found by
 * the tuple with a keyed hash, and in order of their timers. Called by listen_input.c and
 * half_open.c.
 *
 * All that were repeated equally often wait equally long: a listener has a FIFO for each number of
 * repetitions, and one timer for the first of all. What owes a SYN,ACK is in a FIFO of the stack.
 * Local socket and listener are the same for many: a gate is both. */
#ifndef STACK_SYN_CACHE_H
#define STACK_SYN_CACHE_H

#include "base/pool.h"
#include "tcp/tcp.h"

/* Local sockets of one listener that have half-open connections at a time. */
enum { SYN_GATE_BITS = 3, SYN_GATES = 1 << SYN_GATE_BITS };
struct syn_record {
    struct aksu_ip remote_ip;
    uint32_t gate;                  /* the listener's reference, and which one of it */
    slab_ref hash_next;
    slab_ref next, prev;            /* in its queue */
    struct tcp_syn tcp;
};
_Static_assert(sizeof(struct syn_record) <= 64, "a half-open connection takes at most 64 octets");

struct syn_gate {
    struct aksu_ip local_ip;
    uint16_t local_port;
    uint32_t count;                 /* records; 0: it may be that of another local socket */
};

struct syn_queue {
    slab_ref first, last;
};

struct syn_cache {
    struct slab slab;
    const struct slab *listeners;
    slab_ref *head;
    uint32_t mask;
    struct syn_queue owed, parked;
};

struct listener;

static inline struct syn_record *syn_record_at(const struct syn_cache *t, slab_ref ref)
{
    return slab_at(&t->slab, ref);
}
static inline slab_ref syn_record_ref(const struct syn_cache *t, const struct syn_record *r)
{
    return slab_ref_of(&t->slab, r);
}

/* `head`: `mask` + 1 (a power of two) zeroed references. */
void syn_cache_init(struct syn_cache *t, struct pool *pool, slab_ref *head, uint32_t mask,
                    uint8_t slab_number, const struct slab *listeners);
struct syn_record *syn_cache_lookup(const struct syn_cache *t, const struct tcp_tuple *tuple,
                                    uint64_t hash);
void syn_cache_tuple(const struct syn_cache *t, const struct syn_record *r, struct tcp_tuple *out);
/* The gate of this listener and local socket; 0: as many others are in use. */
uint32_t syn_cache_gate(struct listener *l, const struct tcp_tuple *tuple);
struct listener *syn_cache_listener(const struct syn_cache *t, const struct syn_record *r);
/* Found from now on, in no queue; NULL: no memory. */
struct syn_record *syn_cache_add(struct syn_cache *t, uint32_t gate, const struct tcp_tuple *tuple,
                                 uint64_t hash);
/* Not while it is in a queue. */
void syn_cache_remove(struct syn_cache *t, struct syn_record *r, uint64_t hash);

void syn_queue_append(struct syn_cache *t, struct syn_queue *q, struct syn_record *r);
void syn_queue_remove(struct syn_cache *t, struct syn_queue *q, struct syn_record *r);

#endif
