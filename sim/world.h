/* world.h - what a simulated network is made of. Shared by the files of sim/ only. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <string.h>

#include "aksu/sim.h"
#include "sim/windows.h"

enum { SIM_WHY = 640, SIM_FRAME_MOST = 65536 + 64, SIM_PORT_SERVER = 80, SIM_PORT_FIRST = 20000,
       SIM_PORTS = 40000, SIM_NODES_MOST = 65000 };

/* Something that happens at a time: entries of the world's queue (queue.c). */
enum due_kind { DUE_HOST, DUE_WAY, DUE_END, DUE_CALL };
struct due {
    aksu_time at;                   /* AKSU_NEVER: not in the queue */
    uint32_t order;                 /* among equal times */
    uint32_t place;
    enum due_kind kind;
};

struct way {                        /* one direction of a cable; `due` first */
    struct due due;
    struct aksu_path *path;
    struct aksu_sim_node *from, *to;
    struct way *next;               /* of those that leave the same node */
    bool replies;                   /* it has a node that may answer */
    aksu_sim_rewrite *rewrite;
    void *context;
    uint8_t *scratch;               /* a frame for the rewriter */
};

struct aksu_sim_cable {
    struct aksu_sim *world;
    struct way way[2];
    struct aksu_sim_cable *next;
};

struct aksu_sim_node {              /* `due` first */
    struct due due;
    struct aksu_sim *world;
    uint32_t index;                 /* from 1: its address */
    struct way *ways;
    /* a router */
    struct way **toward;            /* by index of the destination */
    /* a host */
    struct aksu *net;               /* NULL: a router */
    aksu_device device;
    bool ethernet, whole, prompt, listening;
    uint32_t mtu;
    char name[24];
    struct aksu_sink sink;
    struct aksu_sink *user_sink;
    aksu_sim_told *told;
    void *context;
    struct flow **client;           /* flows opened here: local port SIM_PORT_FIRST + i */
    uint32_t clients, clients_room;
    struct sim_numbers {            /* by what the events call it */
        struct aksu_sim_end **end;
        uint32_t room;
    } by_conn, by_half_open;
};

/* What the segments of one end have said so far (judge.c). */
struct watch {
    struct sim_windows windows;
    uint64_t timeouts, retransmissions;
};

struct sim_block {
    uint32_t left, right;
};

/* Every octet that was sent and is not acknowledged (judge_pipe.c). */
enum { SIM_KNOWN = 8 };
struct sim_pipe {
    bool on, again, pending, sack_in, sack_out;
    bool doubt;                     /* until `doubt_until` is acknowledged */
    uint32_t doubt_until;
    uint32_t una, nxt;              /* as the events say */
    uint32_t sacked, lost;
    uint8_t *octet;                 /* its state, a ring of `room` */
    uint32_t room;
    struct sim_block known[SIM_KNOWN];      /* SACKed, all of it */
    unsigned known_next;
    uint32_t ack;                   /* of the segment that arrived last, until it is known */
    struct aksu_sacks sacks;        /* whether it was dropped */
};

struct aksu_sim_end {               /* `due` first */
    struct due due;
    struct flow *flow;
    uint8_t side;
    bool live, opened, connected, shut, fin_told, eof, closed, failed, aborted, touched;
    enum aksu_status reason;
    struct aksu_sim_node *host;
    aksu_conn conn;
    struct aksu_sim_app app;
    uint64_t sent, received, segments;
    uint64_t base;                  /* of the pattern that it sends */
    uint64_t budget;                /* octets that an application may have sent by now */
    aksu_time still_since;          /* it owes something and waits for no timer; 0: it does not */
    aksu_time read_at, write_at, opened_at, connected_at, received_at, closed_at;
    struct watch watch;
    struct sim_pipe pipe;
    struct aksu_sim_end *next_touched;
};

struct flow {
    struct aksu_sim_end end[2];
    struct aksu_sim *world;
    uint32_t number;
    uint16_t port;                  /* of end[0] */
    bool v6, ended;
};

struct call {                       /* `due` first */
    struct due due;
    aksu_sim_call *call;
    void *context;
    struct call *next;
};

struct aksu_sim {
    uint64_t seed_state;
    aksu_time now;
    bool unchecked, wants_digest, violated, routed;
    const char *replay;
    struct aksu_sim_node **node;    /* [index - 1] */
    uint32_t nodes, nodes_room;
    struct aksu_sim_cable *cables;
    struct flow **flow;
    uint32_t flows, flows_room, flows_open;
    struct due **queue;
    uint32_t queued, queue_room, made;
    uint64_t same_time;             /* steps since the clock moved */
    struct call *calls;
    struct aksu_sim_end *touched;
    struct aksu_sim_counts counts;
    const struct aksu_sim_end *where;
    char why[SIM_WHY];
};

#endif
