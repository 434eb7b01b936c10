/* listener.h - passive OPENs without a TCB of their own (RFC 9293 3.10.1, 3.10.7.2): which one a
 * SYN is for, its backlog, and the connections that wait to be accepted. Called by the stack and
 * by socket/. */
#ifndef STACK_LISTENER_H
#define STACK_LISTENER_H

#include "aksu/socket.h"
#include "stack/conn.h"
#include "stack/syn_cache.h"

enum { LISTENER_BUCKETS = 256, LISTENER_BACKLOG = 128 };

struct listener {
    slab_ref self, next;                    /* next in its bucket */
    uint32_t generation;                    /* 0: free */
    bool local_any, remote_any, hold_syn, ready;
    bool fast_open_no_cookie;
    struct aksu_endpoint local, remote;     /* local.port 0: any port */
    uint64_t cookie;
    uint32_t backlog, syn_backlog;
    uint32_t pending;                       /* records and connections that are not accepted yet */
    uint32_t records;                       /* ... half-open as records of syn_cache.h */
    uint32_t waiting;                       /* ... to be accepted; the rest: half-open, with TCB */
    struct conn_queue half_open, accept;
    struct syn_queue stage[TCP_SYN_STAGES]; /* records by how often their SYN,ACK was repeated */
    uint32_t stages;                        /* a bit for each that has something */
    struct wheel_node timer;                /* of the first that is due */
    struct syn_gate gate[SYN_GATES];
    uint32_t fast_open;                     /* how many may be pending, RFC 7413 4.2; 0: off */
    uint32_t fast_open_pending;             /* PendingFastOpenRequests ... */
    uint32_t fast_open_resets[2];           /* ... and those reset lately: RFC 7413 5.1 */
    aksu_time resets_from;                  /* of the first of both periods, the present one */
    slab_ref ready_next, ready_prev;
};

struct listener_table {
    struct slab slab;
    uint32_t generation;
    slab_ref ready_first, ready_last;       /* those to be told as acceptable */
    slab_ref bucket[LISTENER_BUCKETS];      /* by port */
};

void listener_init(struct listener_table *t, struct pool *pool, uint8_t slab_number);
enum aksu_status listener_add(struct listener_table *t, const struct aksu_listen *how,
                              struct listener **out);
/* No SYN finds it any more. Its memory is given back when the last held SYN has left it. */
void listener_remove(struct listener_table *t, struct listener *l);
/* A connection no longer counts against the backlog. */
void listener_left(struct listener_table *t, struct listener *l);
/* For a handle; NULL when it is stale. */
struct listener *listener_find(const struct listener_table *t, aksu_listener handle);
static inline struct listener *listener_at(const struct listener_table *t, slab_ref ref)
{
    return slab_at(&t->slab, ref);
}
static inline aksu_listener listener_handle(const struct listener *l)
{
    return (aksu_listener){ l->self, l->generation };
}
static inline uint32_t listener_half_open(const struct listener *l)
{
    return l->pending - l->waiting;
}
/* Whom a SYN is for: an exact port before any, a given remote socket before anybody, a given local
 * address before any; NULL: nobody. */
struct listener *listener_lookup(const struct listener_table *t, const struct tcp_tuple *tuple);

/* Some listener has exactly this port. */
bool listener_has_port(const struct listener_table *t, uint16_t port);

/* The listener is told as acceptable once (edge-triggered). */
void listener_ready(struct listener_table *t, struct listener *l);
struct listener *listener_next_ready(struct listener_table *t);     /* NULL: none */

#endif
