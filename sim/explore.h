/* explore.h - what the explorer is made of. A state of both is small: which state each end is in,
 * which frames are under way, the time, and what the network may still do. The states of an end,
 * and the frames, are kept once each; what an end does in a state when a frame comes or a timer
 * runs out is asked of the real code once. Shared by sim/explore*.c only. */
#ifndef SIM_EXPLORE_H
#define SIM_EXPLORE_H

#include <string.h>

#include "aksu/explore.h"
#include "aksu/snapshot.h"
#include "sim/explore_table.h"
#include "sim/windows.h"

enum { EXPLORE_FRAME_MOST = 160, EXPLORE_FLYING_MOST = 23, EXPLORE_WHY = 320,
       EXPLORE_ROUNDS = 2 };

/* A frame under way. */
struct explore_frame {
    aksu_time born;
    uint32_t length;
    uint32_t to;                    /* which end */
    uint8_t octets[EXPLORE_FRAME_MOST];
};

/* Frames by their numbers, in rising order; one may be there more than once. */
struct explore_net {
    uint32_t count;
    uint32_t frame[EXPLORE_FLYING_MOST];
};

/* An end as the explorer sees it: its application, and what is remembered to judge it. No
 * padding: it is compared octet by octet. */
struct explore_app {
    aksu_conn conn;
    aksu_listener listener;
    uint8_t has_conn, connected, shut, eof, closed, round, opened, time_waits;
    uint8_t sent[EXPLORE_ROUNDS], received[EXPLORE_ROUNDS];
    uint8_t spare[4];
    struct sim_windows watch;
};

/* A state of one end: what tells it from others, then what is known of it. */
struct explore_state {
    uint64_t digest[2];
    struct explore_app app;
    uint64_t side;

    aksu_time next;                 /* aksu_next_timeout */
    size_t at;                      /* the snapshot: where, and how it differs from the first */
    uint32_t pieces, size;
    uint32_t iss, una, irs, rcv_nxt;
    uint32_t connections, time_wait;
    bool live;                      /* the four numbers are known */
};

/* What an end does: in this state, this frame (NONE: a timeout), at this time. */
struct explore_known {
    uint32_t state, frame, time;
    uint32_t to, sent;              /* its state then; the frames that leave, a number of a net */
    uint32_t silent;                /* nothing happened but time */
};

/* A state of all. */
struct explore_node {
    uint32_t state[2], net, time;
    uint8_t losses, duplicates, timeouts, spare;    /* that may still be */
    uint32_t parent, action;
};

enum explore_kind { EXPLORE_DELIVER, EXPLORE_LOSE, EXPLORE_REPEAT /* delivered, and a copy stays */,
                    EXPLORE_TIMEOUT };
static inline uint32_t explore_action(enum explore_kind kind, uint32_t about)
{
    return (uint32_t)kind << 30 | about;
}

struct explore_end {
    struct aksu_explore *x;
    uint32_t side;
    struct aksu *net;
    aksu_device device;
    struct aksu_ip ip[2];           /* its own, the peer's */
    struct aksu_sink sink;
    struct aksu_sink *also;
    struct explore_app app;
    uint32_t loaded;                /* the state that it is in; NONE: none that is kept */
    uint32_t events;
    uint8_t *first;                 /* the first snapshot, with zeros behind it */
    uint8_t *copy;
    aksu_time now;
};

struct aksu_explore {
    struct aksu_explore_config config;
    struct explore_end end[2];
    struct explore_set frames, nets, times, states, known, nodes;
    uint8_t *pieces;                /* of all snapshots */
    size_t pieces_used, pieces_room;
    uint32_t *straight;             /* by node: the next one when nothing goes wrong */
    uint32_t straight_room;
    uint32_t at, layer_end, depth;
    uint64_t edges, ends, calls;
    aksu_time lifetime;             /* of a frame */
    bool started, failed /* no memory */, violated, again /* ask the real code */;
    uint32_t bad_parent, bad_action;    /* NONE: the node itself */
    char why[EXPLORE_WHY];
};

/* explore_host.c */
bool explore_ends_init(struct aksu_explore *x);
void explore_ends_free(struct aksu_explore *x);
/* The state in which nothing was done yet, and OPEN; false: no memory, or a violation. */
bool explore_start(struct aksu_explore *x, struct explore_node *out);
/* NULL: no memory, or a violation. */
const struct explore_known *explore_ask(struct aksu_explore *x, uint32_t state, uint32_t frame,
                                        aksu_time now);
static inline struct explore_state *explore_state_at(const struct aksu_explore *x, uint32_t number)
{
    return explore_set_at(&x->states, number);
}

/* explore_app.c */
void explore_app_open(struct explore_end *e);
void explore_app_act(struct explore_end *e);
bool explore_app_over(const struct aksu_explore *x, const struct explore_app *a, uint32_t side);
uint32_t explore_app_octets(const struct aksu_explore *x);
bool explore_closes_first(const struct aksu_explore *x, uint32_t side);
uint32_t explore_rounds(const struct aksu_explore *x);

/* explore_judge.c */
void explore_violation(struct aksu_explore *x, const struct explore_end *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void explore_judge_put(struct aksu_sink *sink, const struct aksu_event *event);
void explore_judge_end(struct explore_end *e);
void explore_judge_node(struct aksu_explore *x, const struct explore_node *n);

#endif
