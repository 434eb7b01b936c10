/* bench.h - what the parts of the benchmark share. Two stacks in one process and one thread,
 * joined by the in-memory pair; the CPU time of everything that both do is measured, the clock
 * of the stacks is virtual. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdio.h>

#include "aksu/device.h"
#include "aksu/socket.h"

enum { SEGMENT_TEXT = 1448, REQUEST_TEXT = 64, MTU = 1500, OTHERS_MOST = 8, REPEAT_MOST = 101 };

struct settings {
    bool ethernet;
    bool bulk, grown, conn, rr, many, records, memory, floors;
    uint32_t operations;                /* per measurement; 0: each its own default */
    uint32_t others[OTHERS_MOST];
    unsigned others_count;
    uint32_t kept[OTHERS_MOST];         /* TIME-WAIT records */
    unsigned kept_count;
    unsigned repeat;
};

/* --- two stacks --- */

/* Which sockets the connections of conn_run are between, one after the other. */
struct pairs {
    uint32_t server_ports;              /* from WORLD_PORT on */
    uint32_t given;                     /* so many pairs in turn; 0: the client chooses its port */
    bool server_closes;                 /* first, and keeps the records */
};

struct world {
    struct aksu *net[2];                /* 0 opens, 1 listens */
    struct aksu_pair pair;
    aksu_listener listener;             /* port WORLD_PORT of net[1] */
    aksu_conn end[2];                   /* of bulk and round trip; has buffers of BUFFER */
    aksu_conn grown[2];                 /* one more, whose buffers grow by themselves */
    aksu_time now;
    struct pairs pairs;
    uint32_t opened;                    /* by conn_run */
    uint32_t others;
    aksu_conn *other;                   /* their client ends */
    double ack_ratio;                   /* segments with text per ACK in the last bulk transfer */
};
enum { WORLD_PORT = 80, PORTS = 60000, BUFFER = 256 << 10 };

/* Ends the program with a message when it cannot be made. */
struct world *world_new(uint32_t others, bool ethernet);
/* For the measurement of memory: room for so many connections and TIME-WAIT records, and none of
 * them. */
struct world *world_empty(uint32_t connections, uint32_t records, bool ethernet);
/* Nothing but room for so many records, and a listener on every port. */
struct world *world_of_records(uint32_t records, aksu_time msl, struct pairs pairs, bool ethernet);
void world_free(struct world *w);
/* Frames both ways until there is none, then timers; `later`: how far the clock goes on. */
void world_step(struct world *w, aksu_time later);
/* `count` more connections that stay as they are; their client ends go to `out` unless it is
 * NULL. */
void world_connect(struct world *w, uint32_t count, aksu_conn *out);
_Noreturn void give_up(const char *what, long status);

/* --- what is measured: CPU nanoseconds per operation --- */

double bulk_run(struct world *w, const aksu_conn end[2], uint32_t segments);
enum { CONNECTION_LIFE_US = 5000 };     /* of the stacks' clock, one after the other */
double conn_run(struct world *w, uint32_t connections);
double round_trip_run(struct world *w, uint32_t count);
/* Each round trip on another one of the first `among` of the connections that stand around, drawn
 * by lot. */
double round_trip_among_run(struct world *w, uint32_t count, uint32_t among);
double memcpy_run(uint32_t count);
double checksum_run(uint32_t count);
double cpu_seconds(void);

struct memory_result {
    double idle, idle_all;              /* octets per connection: pages alone; with tables */
    double time_wait, time_wait_all;
    uint32_t count;
};
struct memory_result memory_run(uint32_t count, bool ethernet);

/* What a connection costs while TIME-WAIT records are kept, and what they weigh. */
struct results;
void records_run(struct results *r);

/* --- results --- */

struct row {
    const char *name, *unit;
    int digits;                         /* behind the point, in the table */
    unsigned count[OTHERS_MOST];        /* samples */
    double sample[OTHERS_MOST][REPEAT_MOST];
};
enum row_id {
    ROW_BULK, ROW_GROWN, ROW_CONN, ROW_RR, ROW_RR_FEW, ROW_RR_ALL, ROW_ACK_RATIO,
    ROW_MEMCPY, ROW_CHECKSUM,
    ROW_KEPT_NEW, ROW_KEPT_OUT, ROW_KEPT_IN, ROW_KEPT_WEIGHT, ROW_COUNT
};

struct results {
    struct settings settings;
    struct row row[ROW_COUNT];
    bool has_memory;
    struct memory_result memory;
    char command[256];
    const char *mark;                   /* of the lines between which a page has the results */
};
void results_add(struct results *r, enum row_id row, unsigned column, double value);
void results_print(struct results *r, FILE *to);        /* a table for people, and for Markdown */
void results_json(struct results *r, FILE *to);
/* Rewrites what stands between the two marks of `path`; false, with a message, when it cannot. */
bool results_document(struct results *r, const char *path);
void machine_print(FILE *to, const char *line_start);

#endif
