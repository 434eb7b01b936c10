/* summary.h - what became of each connection of a run, from the events of both stacks: handshake,
 * round trips, octets, retransmissions, the cause of the end. loop.c opens and prints it. */
#ifndef RUN_SUMMARY_H
#define RUN_SUMMARY_H

#include <stdio.h>

#include "aksu/path.h"
#include "aksu/sink.h"

struct run_summary_conn;
struct run_summary;

struct run_summary_side {
    struct aksu_sink sink;
    struct run_summary *summary;
};

enum { RUN_SUMMARY_BUCKETS = 256 };

struct run_summary {
    struct run_summary_side guest, world;
    struct run_summary_conn *first, **last;             /* in the order in which they were opened */
    struct run_summary_conn *bucket[2][RUN_SUMMARY_BUCKETS];    /* by the index of each stack */
    bool two;                                           /* the other side is ours, too */
    unsigned count;
    unsigned forgotten;                                 /* connections there was no room for */
};

/* It must not be moved afterwards. */
void run_summary_init(struct run_summary *s, bool two);
void run_summary_fini(struct run_summary *s);
/* Lines of at most 80 columns. `path`: from the program, to the program. */
void run_summary_print(const struct run_summary *s, struct aksu_path *const path[2], uint64_t seed,
                       FILE *out);

#endif
