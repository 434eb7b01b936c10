/* path.h - a bad network for one run, as the user described it: the nodes of aksu/path.h, the same
 * in both directions. net.c puts them between the program's stack and the other side. */
#ifndef RUN_PATH_H
#define RUN_PATH_H

#include "aksu/path.h"

enum { RUN_CUTS = 16, RUN_PATH_NODES = 12, RUN_PATH_CUT_NODE = 0 };

/* Chances are in parts of 2^32; what is 0 does not happen. */
struct run_path {
    bool wanted;                /* anything was asked for */
    uint64_t seed;
    aksu_time delay, jitter;    /* each way */
    uint64_t rate;              /* bits per second; 0: no limit */
    uint64_t queue;             /* octets; 0: see run_path_queue */
    bool codel;
    uint64_t loss;
    uint64_t burst_loss;        /* in bursts of so many frames on average */
    uint64_t burst_length;
    uint64_t reorder;
    aksu_time reorder_by;
    uint64_t duplicate, corrupt, mark;
    unsigned cuts;
    struct aksu_path_cut cut[RUN_CUTS];     /* since the program's start */
};

/* The nodes, in their order; how many. The first is that of the cuts, which has none yet. */
unsigned run_path_nodes(const struct run_path *p, struct aksu_path_node out[RUN_PATH_NODES]);
/* The program starts: from now on the cuts have their time. */
void run_path_start(const struct run_path *p, struct aksu_path *path, aksu_time now);
/* Octets that may wait for the rate: as much as is asked for, or as passes in a round trip of the
 * delays, in 50 ms at least. */
uint32_t run_path_queue(const struct run_path *p);
/* How long a frame can be under way at most. */
aksu_time run_path_longest(const struct run_path *p);

#endif
