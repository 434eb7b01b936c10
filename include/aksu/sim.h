/* sim.h - simulated networks in virtual time: hosts (a stack each), routers, cables made of two
 * one-way paths (path.h), and applications whose octets are known, so that each one that arrives is
 * compared. The same seed gives the same bytes at the same times. What must always hold is checked
 * after every step. Memory is allocated when something is made (a world, a node, a cable, a flow),
 * and by the paths for frames under way (none left: a violation); freed all together. */
#ifndef AKSU_SIM_H
#define AKSU_SIM_H

#include "aksu/path.h"
#include "aksu/socket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct aksu_sim;                /* a world */
struct aksu_sim_node;           /* a host or a router */
struct aksu_sim_cable;          /* between two nodes; way 0 leads from the first to the second */
struct aksu_sim_end;            /* one end of a flow, with the application behind it */

struct aksu_sim_config {
    uint64_t seed;
    aksu_time start;            /* what the clock shows at first [1 s] */
    bool unchecked;             /* for benchmarks: no invariants, and lengths instead of octets */
    bool digest;                /* keep aksu_sim_counts.digest */
    const char *replay;         /* the command that runs this world again, for why; borrowed */
};
AKSU_API struct aksu_sim *aksu_sim_new(const struct aksu_sim_config *config);  /* NULL: memory */
AKSU_API void aksu_sim_free(struct aksu_sim *world);
/* After a call that returned NULL, or a violation: a sentence, and where it was (or NULL). */
AKSU_API const char *aksu_sim_why(const struct aksu_sim *world);
AKSU_API struct aksu_sim_end *aksu_sim_where(const struct aksu_sim *world);
AKSU_API aksu_time aksu_sim_now(const struct aksu_sim *world);

/* It has one device, and the addresses 10.0.x.y and fd00::x:y of its number. All may be 0. */
struct aksu_sim_host {
    const char *name;           /* for sentences, borrowed ["host N"] */
    struct aksu_config stack;   /* its seed is drawn from the world's; `sink` gets the events too */
    uint32_t mtu;               /* [1500] */
    bool ethernet;              /* with link headers and ARP: on a cable to another such host */
    bool checksums;             /* computed and verified; else only that of what a path damages */
    bool no_tso;                /* no segments that are larger than the MSS */
    bool whole;                 /* those stay one on the way, also in queues and losses: faster */
    bool prompt;                /* users are told, and answer, before an ACK leaves by itself */
};
AKSU_API struct aksu_sim_node *aksu_sim_host(struct aksu_sim *world,
                                             const struct aksu_sim_host *how);
/* Sends IP packets on to the cable that leads to their destination, as they are (no TTL). */
AKSU_API struct aksu_sim_node *aksu_sim_router(struct aksu_sim *world);
AKSU_API struct aksu *aksu_sim_stack(struct aksu_sim_node *host);       /* NULL: a router */
AKSU_API void aksu_sim_address(const struct aksu_sim_node *host, bool v6, struct aksu_ip *out);

/* What a cable does each way, path.h; without nodes frames arrive at once. A host has one cable, a
 * router any number. NULL: why. */
struct aksu_sim_way {
    const struct aksu_path_node *nodes;
    unsigned count;
};
AKSU_API struct aksu_sim_cable *aksu_sim_cable(struct aksu_sim *world, struct aksu_sim_node *a,
                                               struct aksu_sim_node *b,
                                               const struct aksu_sim_way ways[2]);
/* To turn knobs (aksu_path_set) and read counts; never put or get here. */
AKSU_API struct aksu_path *aksu_sim_path(struct aksu_sim_cable *cable, unsigned way);

/* A liar: sees each frame (use no_tso) before it enters the path, may change it, up to `room`
 * octets, and returns the new length; 0: it does not enter. TCP checksums need no care. */
typedef uint32_t aksu_sim_rewrite(void *context, uint8_t *frame, uint32_t length, uint32_t room,
                                  aksu_time now);
AKSU_API void aksu_sim_tamper(struct aksu_sim_cable *cable, unsigned way, aksu_sim_rewrite *rewrite,
                              void *context);
/* A frame that nobody sent enters the path; the rewriter does not see it, and may call this. */
AKSU_API void aksu_sim_inject(struct aksu_sim_cable *cable, unsigned way, const uint8_t *frame,
                              uint32_t length);

/* An application is called whenever something became possible (edge-triggered), or at the time that
 * it asked for. Ready-made ones, or one's own from the calls below. All close when both streams
 * have ended. */
typedef void aksu_sim_act(struct aksu_sim_end *end);
struct aksu_sim_app {
    aksu_sim_act *act;          /* [aksu_sim_bulk] */
    uint64_t octets;            /* to send in all; UINT64_MAX: without end */
    uint32_t request, response; /* octets of each */
    aksu_time pause;            /* before the next request or burst */
    uint32_t gulp;              /* reads at most so much at a time [all there is] ... */
    aksu_time gulp_pause;       /* ... and then nothing for so long */
    void *context;              /* of one's own */
};
AKSU_API aksu_sim_act aksu_sim_bulk;        /* `octets` as soon as there is room */
AKSU_API aksu_sim_act aksu_sim_request;     /* `request` octets, waits for `response`, and again */
AKSU_API aksu_sim_act aksu_sim_respond;     /* `response` octets for `request` that came */
AKSU_API aksu_sim_act aksu_sim_on_off;      /* `request` octets, `pause`, and again */

/* A connection from app[0] to app[1], who listens on port 80. The end that opens it; the other is
 * aksu_sim_peer. NULL: why. */
struct aksu_sim_flow {
    struct aksu_sim_node *host[2];
    struct aksu_sim_app app[2];
    aksu_time at;               /* when; in the past: now */
    bool v6;
};
AKSU_API struct aksu_sim_end *aksu_sim_flow(struct aksu_sim *world,
                                            const struct aksu_sim_flow *how);
AKSU_API struct aksu_sim_end *aksu_sim_peer(struct aksu_sim_end *end);

/* For applications. Octets that were taken, or have come and were right. */
AKSU_API uint64_t aksu_sim_send(struct aksu_sim_end *end, uint64_t most);
AKSU_API uint64_t aksu_sim_receive(struct aksu_sim_end *end, uint64_t most);
AKSU_API void aksu_sim_shutdown(struct aksu_sim_end *end);
AKSU_API void aksu_sim_close(struct aksu_sim_end *end);     /* the handle is given back */
AKSU_API void aksu_sim_abort(struct aksu_sim_end *end);
AKSU_API void aksu_sim_wake(struct aksu_sim_end *end, aksu_time at);    /* or before */
AKSU_API const struct aksu_sim_app *aksu_sim_app(const struct aksu_sim_end *end);

struct aksu_sim_report {
    struct aksu_sim_node *host;
    struct aksu_endpoint local;
    aksu_conn conn;             /* while opened and not closed */
    bool opened, connected, shut, peer_closed, closed, failed;
    enum aksu_status reason;    /* of failed */
    uint64_t sent, received;    /* octets taken from and given to the application */
    aksu_time opened_at, connected_at, received_at, closed_at;      /* AKSU_NEVER */
    uint64_t segments, timeouts, retransmissions;   /* the last two: 0 in an unchecked world */
};
AKSU_API void aksu_sim_report(const struct aksu_sim_end *end, struct aksu_sim_report *out);

/* A call at a time, and readiness that belongs to no flow. */
typedef void aksu_sim_call(void *context, aksu_time now);
AKSU_API bool aksu_sim_at(struct aksu_sim *world, aksu_time at, aksu_sim_call *call, void *context);
typedef void aksu_sim_told(void *context, const struct aksu_ready *ready, aksu_time now);
AKSU_API void aksu_sim_ready(struct aksu_sim_node *host, aksu_sim_told *told, void *context);

enum aksu_sim_state { AKSU_SIM_RUNNING, AKSU_SIM_ENDED /* every flow has */,
                      AKSU_SIM_QUIET /* nothing will ever happen */, AKSU_SIM_VIOLATION };
/* When the next thing happens; that thing, with all that follows at once; until `until`. */
AKSU_API aksu_time aksu_sim_next(struct aksu_sim *world);
AKSU_API enum aksu_sim_state aksu_sim_step(struct aksu_sim *world);
AKSU_API enum aksu_sim_state aksu_sim_run(struct aksu_sim *world, aksu_time until);
/* Until every flow is closed at both ends, or failed; `until` at the latest. */
AKSU_API enum aksu_sim_state aksu_sim_finish(struct aksu_sim *world, aksu_time until);

struct aksu_sim_counts {
    uint64_t steps, segments;   /* frames that left hosts, in pieces of at most the MTU */
    uint64_t digest;            /* of every octet that left a host, and when */
};
AKSU_API void aksu_sim_counts(const struct aksu_sim *world, struct aksu_sim_counts *out);

#ifdef __cplusplus
}
#endif
#endif
