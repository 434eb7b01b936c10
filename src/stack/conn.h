/* conn.h - a connection as the stack keeps it: the TCB, its timer, and its place in the queues;
 * and the table that finds it by its tuple with a keyed hash. At most 512 octets each; an idle
 * one holds nothing else. Called by the files of stack/ and by socket/. */
#ifndef STACK_CONN_H
#define STACK_CONN_H

#include "base/wheel.h"
#include "tcp/tcp.h"

/* Where a connection waits for its turn to send. */
enum conn_turn { TURN_NONE, TURN_QUEUED, TURN_PARKED /* its next hop is not known yet */ };

/* The list that `link` is in: at most one. */
enum conn_list { LIST_NONE, LIST_READY, LIST_HALF_OPEN, LIST_ACCEPT };

struct conn_link {
    slab_ref next, prev;
};

struct conn {
    slab_ref hash_next;             /* beside the tuple: a search looks at both */
    uint32_t generation;            /* 0: free */
    struct tcp tcp;                 /* tcp.conn is the reference of this object */
    struct wheel_node timer;
    uint64_t cookie;
    slab_ref turn_next;
    struct conn_link link;
    slab_ref listener;              /* that still counts it in its backlog; 0: none */
    uint32_t tuple_hash;            /* the lower half, for both tables */
    uint32_t route_version;         /* of the stack's routes when the next three were looked up */
    uint16_t confirmed;             /* when the next hop was last confirmed */
    uint8_t device;                 /* DEVICE_SELF: an address of ours */
    uint8_t gateway;                /* 1 + index into the stack's gateways; 0: on-link */
    uint8_t turn, list;             /* enum conn_turn, enum conn_list */
    uint8_t burst;                  /* segments sent in this turn */
    bool held : 1;                  /* its listener asks the application for each SYN */
    bool gone : 1;                  /* the handle was given back, or nobody ever had one */
    bool hashed : 1;
    bool reopens : 1;               /* a TIME-WAIT record of the same tuple waits for ESTABLISHED */
    bool ethernet : 1;              /* the device's stations have addresses */
    bool partial : 1;               /* the device completes checksums */
    bool suspected : 1;             /* the neighbour was told that R1 was reached */
    bool fast_open_pending : 1;     /* its listener counts it as such: RFC 7413 4.2 */
};
_Static_assert(sizeof(struct conn) <= 512, "an idle connection takes at most 512 octets");

struct conn_queue {
    slab_ref first, last;
};

struct conn_table {
    slab_ref *head;
    uint32_t mask;
    slab_ref last;                  /* whom the last segment was for; 0: nobody */
    struct sipkey key;
};

struct aksu;

/* The hash of both tables. */
uint64_t conn_hash(const struct sipkey *key, const struct tcp_tuple *tuple);
struct conn *conn_lookup(const struct aksu *net, const struct tcp_tuple *tuple, uint64_t hash);
/* For a handle; NULL when it is stale. */
struct conn *conn_find(const struct aksu *net, aksu_conn handle);
aksu_conn conn_handle(const struct conn *c);
/* One after the other: the first whose reference is greater than `after` and whose handle was not
 * given back; NULL: no more. */
const struct conn *conn_next(const struct aksu *net, slab_ref after);

/* A TCB in CLOSED, in no table. NULL: *why says which limit. */
struct conn *conn_new(struct aksu *net, const char **why);
/* A record with everything but the TCB; NULL: no memory. slab_give(&net->conns, *out) undoes it. */
struct conn *conn_take(struct aksu *net, slab_ref *out);
void conn_insert(struct aksu *net, struct conn *c, const struct tcp_tuple *tuple, uint64_t hash);
void conn_unhash(struct aksu *net, struct conn *c);
/* Not while it is queued or parked. */
void conn_delete(struct aksu *net, struct conn *c, aksu_time now);

/* `list` of conn, through `link`. */
void conn_list_append(struct aksu *net, struct conn_queue *q, struct conn *c, enum conn_list list);
void conn_list_remove(struct aksu *net, struct conn_queue *q, struct conn *c);

#endif
