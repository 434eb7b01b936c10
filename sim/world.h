/* world.h - what a simulated network is made of. Shared by the files of sim/ only. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <string.h>

#include "aksu/sim.h"

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
    bool ethernet, listening;
    uint32_t mtu;
    char name[24];
    struct aksu_sink sink;
    struct aksu_sink *user_sink;
    aksu_sim_told *told;
    void *context;
    struct flow **client;           /* flows opened here: local port SIM_PORT_FIRST + i */
    uint32_t clients, clients_room;
    struct aksu_sim_end **by_conn;  /* by index of the connection's handle */
    uint32_t by_conn_room;
};

/* What the segments of one end have said so far (judge.c). */
struct watch {
    bool has_out, has_in, scale_out_known, scale_in_known;
    uint8_t scale_out, scale_in;
    uint32_t edge_out, edge_in;     /* of the own window, and of the peer's */
    uint32_t top;                   /* behind the highest octet that was sent */
    bool has_top;
    uint64_t timeouts, retransmissions;
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
    aksu_time read_at, write_at, opened_at, connected_at, received_at, closed_at;
    struct watch watch;
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

/* Written out, so that compilers make one instruction of each. */
static inline uint64_t sim_load_word(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24
        | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48
        | (uint64_t)p[7] << 56;
}

static inline void sim_store_word(uint8_t *p, uint64_t word)
{
    p[0] = (uint8_t)word;
    p[1] = (uint8_t)(word >> 8);
    p[2] = (uint8_t)(word >> 16);
    p[3] = (uint8_t)(word >> 24);
    p[4] = (uint8_t)(word >> 32);
    p[5] = (uint8_t)(word >> 40);
    p[6] = (uint8_t)(word >> 48);
    p[7] = (uint8_t)(word >> 56);
}

/* --- world.c --- */

/* False, with the sentence set; for calls that cannot be carried out. */
bool sim_refuse(struct aksu_sim *w, const char *sentence);
uint64_t sim_random(struct aksu_sim *w);
/* The array with room for one element behind `count`. NULL: no memory, and it stays as it is. */
void *sim_room(void *array, uint32_t count, uint32_t *room, size_t size);

/* --- queue.c --- */

/* A place in the queue for a new entry; false: no memory. */
bool sim_queue_admit(struct aksu_sim *w, struct due *d, enum due_kind kind);
void sim_queue_set(struct aksu_sim *w, struct due *d, aksu_time at);

/* --- cable.c --- */

/* Out of a host, or on from a router. */
void sim_way_put(struct way *way, const struct aksu_frame *frame);
/* What is due comes out at the other end: one frame. */
void sim_way_deliver(struct way *way);
bool sim_route(struct aksu_sim *w);

/* --- step.c --- */

/* Everything that a host and its applications want to do now. */
void sim_settle(struct aksu_sim_node *host);

/* --- flow.c --- */

void sim_flow_ready(struct aksu_sim_node *host, const struct aksu_ready *ready);
/* Its time has come: it is opened, or its application woken. */
void sim_flow_due(struct aksu_sim_end *end);
void sim_flow_failed(struct aksu_sim_end *end, enum aksu_status reason);
void sim_flow_touch(struct aksu_sim_end *end);
/* The end of a flow that a segment of this host belongs to; NULL: of no flow. */
struct aksu_sim_end *sim_end_of(struct aksu_sim_node *host, const struct aksu_endpoint *local,
                                const struct aksu_endpoint *remote);

/* --- judge.c --- */

void sim_judge_put(struct aksu_sink *sink, const struct aksu_event *event);
/* After a step: every end that it touched, and the budget of the host. */
void sim_judge_step(struct aksu_sim *w, const struct aksu_sim_node *host);
/* The run is over, with a sentence; `end` may be NULL. */
void sim_judge_violation(struct aksu_sim *w, const struct aksu_sim_end *end, const char *format,
                         ...)
    __attribute__((format(printf, 3, 4)));

#endif
