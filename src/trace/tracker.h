/* tracker.h - infers the connections of a capture and what their ends do: each segment that is
 * seen was sent by one end and is taken to have reached the other. Told as the typed events of
 * both ends (aksu/event.h), for the ladder and the JSON lines, and kept as numbers (conn.h).
 * Called by aksu trace. */
#ifndef TRACE_TRACKER_H
#define TRACE_TRACKER_H

#include "base/siphash.h"
#include "trace/conn.h"
#include "trace/packet.h"

struct tracker_config {
    uint32_t connections;           /* at a time; then the one that was over longest, else the one
                                       silent longest, is given up. At least 1 */
    bool verify;                    /* look at checksums */
    aksu_time linger;               /* what is over is given up so long after its last packet;
                                       AKSU_NEVER: only for room */
    struct sipkey key;              /* of the table's hash */
    void *user;
    /* A connection begins: they may set its sinks and user. It is given up: the last chance to
     * look at it. Either may be NULL. */
    void (*begins)(void *user, struct trace_conn *c);
    void (*ends)(void *user, struct trace_conn *c);
};

struct trace_list {
    struct trace_conn *oldest, *newest;
};

struct tracker {
    struct tracker_config config;
    struct trace_conn *conn;        /* the table */
    struct trace_conn **bucket;
    struct trace_conn *unused;      /* by `chain` */
    struct trace_conn *recent;      /* of the last segment */
    uint32_t buckets, used, begun;
    struct trace_list live, over;
    struct trace_fragments fragments;
    uint64_t packets, count[TRACE_VERDICTS];
    uint64_t strangers;             /* ICMP errors about no connection that is followed */
    uint64_t given_up;              /* for room, before they were over */
};

/* False: there is no memory. */
bool tracker_init(struct tracker *t, const struct tracker_config *config);
/* Packets in the order of the capture; `at` never goes back. */
void tracker_packet(struct tracker *t, const struct trace_packet *p);
/* Gives up all connections, in order of their numbers. */
void tracker_finish(struct tracker *t);
void tracker_fini(struct tracker *t);

/* conn.c: a segment of this connection, sent by `side`. */
void trace_conn_begin(struct trace_conn *c, const struct trace_segment *s, unsigned side);
void trace_conn_segment(struct trace_conn *c, unsigned side, const struct trace_segment *s);
/* The pair of a connection is used for another one. */
void trace_conn_replace(struct trace_conn *c, aksu_time at);

#endif
