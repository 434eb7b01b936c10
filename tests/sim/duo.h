/* duo.h - two stacks joined by a link that loses, repeats, delays, reorders and damages frames
 * as a seed says, and applications at both ends whose octets are known in advance. What must
 * always hold is checked at every step (judge.c). */
#ifndef SIM_DUO_H
#define SIM_DUO_H

#include "aksu/socket.h"
#include "tests/sim/sim.h"

enum { FLOWS_MOST = 300, FLIGHT_MOST = 1 << 16, PORT_FIRST = 20000, PORT_SERVER = 80 };

/* Chances are in 65536. */
struct faults {
    uint32_t loss, repeat, damage;
    aksu_time delay, jitter;            /* with jitter frames overtake each other */
    bool cut;                           /* nothing arrives */
};

enum flow_end {                         /* what a side does when it has sent all it has */
    END_CLOSE_AT_EOF,                   /* half-close, and close when the peer's stream has ended */
    END_SHUTDOWN_AFTER_PEER,            /* half-close only after the peer's stream has ended */
    END_ABORT                           /* ABORT in the middle */
};

struct flow_side {
    aksu_conn conn;
    bool live, opened, connected, shut, eof, closed, failed;
    enum flow_end end;
    enum aksu_status reason;
    uint64_t want, sent, got;           /* octets of our stream, and of the peer's that arrived */
    uint64_t abort_at;
    /* a slow reader reads `gulp` octets every `pause`; 0: at once */
    aksu_time wake, pause;
    uint32_t gulp;
    struct dice dice;
};

struct judged {                         /* what one side's segments said, see judge.c */
    uint32_t conn;                      /* as in the events; 0: not known */
    enum aksu_tcp_state state;
    bool has_out, has_in, scale_out_known, scale_in_known;
    uint8_t scale_out, scale_in;
    uint32_t edge_out, edge_in;
};

struct flow {
    struct flow_side side[2];
    struct judged judged[2];
};

struct flight {
    aksu_time at;
    uint64_t order;
    uint32_t length;
    uint8_t to;
    bool partial;
    uint8_t *octets;
};

struct duo;
struct duo_sink {
    struct aksu_sink sink;
    struct duo *duo;
    unsigned side;
};

struct duo {
    struct aksu *net[2];
    aksu_device device[2];
    aksu_listener listener;
    struct duo_sink sink[2];
    struct faults faults[2];            /* of what side i sends */
    aksu_time now;
    struct dice dice;
    bool ethernet, v6, offload, checked;
    uint64_t baseline[2];               /* octets used with no connection */

    struct flow flow[FLOWS_MOST];
    unsigned flows;
    struct flight *flight;              /* a heap by (at, order) */
    size_t flights;
    uint64_t order, steps;
    uint64_t digest;                    /* of every octet that was sent, and when */
    struct duo *next;
};

/* Everything that a seed can choose. */
struct duo_config {
    uint64_t seed;
    size_t memory;
    uint32_t mtu, send_buffer, receive_buffer, max_connections;
    bool v6, ethernet, offload, no_sack, no_timestamps, no_window_scale;
};
struct duo *duo_new(const struct duo_config *config);
struct duo_config duo_random_config(struct dice *d, uint64_t seed);
struct faults duo_random_faults(struct dice *d);
void duo_free_all(void);

/* A connection of `octets[0]` from the client and `octets[1]` from the server. */
struct flow *duo_flow(struct duo *w, uint64_t octets0, uint64_t octets1);
void duo_open(struct duo *w, struct flow *f, unsigned side);        /* side 1: simultaneous open */
/* Runs until every flow has ended on both sides and all is quiet; fails when it cannot. */
void duo_run(struct duo *w);
/* Runs until `until`. */
void duo_run_for(struct duo *w, aksu_time for_);
/* One step: the next thing that happens. False: nothing ever will. */
bool duo_step(struct duo *w);
/* All is given back: no connection, no TIME-WAIT record after 2 MSL, no page. */
void duo_expect_clean(struct duo *w);
bool duo_ended(const struct duo *w);

/* Events of all worlds since the program began: that the links were bad enough. */
extern uint64_t duo_total[AKSU_EV_COUNT];

/* link.c */
void link_send(struct duo *w, unsigned from, const struct aksu_frame *frame);
/* what is due; false: nothing was */
bool link_deliver(struct duo *w);
aksu_time link_next(const struct duo *w);
void link_clear(struct duo *w);

/* app.c */
void app_ready(struct duo *w, unsigned side, const struct aksu_ready *ready);
void app_wake(struct duo *w);
aksu_time app_next(const struct duo *w);

/* judge.c */
void judge_event(struct duo *w, unsigned side, const struct aksu_event *e);
void judge_step(struct duo *w);

#endif
