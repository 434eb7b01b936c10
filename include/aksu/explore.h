/* explore.h - every run that two stacks can have: they connect, transfer a few octets and close,
 * while the network between them delivers in any order, loses, duplicates and holds back. Each
 * moment that can come is a state; it is looked at once, however many ways lead to it, and in each
 * must hold what sim.h checks, and: an octet of one connection never comes out of another, both
 * ends finish, and TIME-WAIT is at the end that closed first (or at both). States are taken in
 * order of their distance from the start, so the way to the first violation is one of the shortest.
 * The code that runs is the real one, put back with aksu_restore. Memory is allocated as states are
 * found; freed all together. One thread at a time. */
#ifndef AKSU_EXPLORE_H
#define AKSU_EXPLORE_H

#include "aksu/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `a` opens, `b` listens. Both send their octets once they are connected. */
enum aksu_explore_scenario {
    AKSU_EXPLORE_CLOSE,                 /* a closes first, b when it has seen that */
    AKSU_EXPLORE_SERVER_CLOSE,          /* b closes first */
    AKSU_EXPLORE_HALF_CLOSE,            /* a closes first, b sends only then */
    AKSU_EXPLORE_SIMULTANEOUS_CLOSE,    /* both close at once */
    AKSU_EXPLORE_SIMULTANEOUS_OPEN,     /* both open, nobody listens; a closes first */
    AKSU_EXPLORE_AGAIN,                 /* b closes first; a opens the same pair of sockets again,
                                           while b is in TIME-WAIT */
    AKSU_EXPLORE_SCENARIOS
};
AKSU_API const char *aksu_explore_name(enum aksu_explore_scenario scenario);    /* "half-close" */
AKSU_API const char *aksu_explore_sentence(enum aksu_explore_scenario scenario);

enum { AKSU_EXPLORE_OCTETS_MOST = 8 };
#define AKSU_EXPLORE_STATES_MOST 1000000000u

struct aksu_explore_config {
    enum aksu_explore_scenario scenario;
    uint32_t octets;            /* that each end sends, one in each segment; at most 8 */
    /* In one run at most so many frames are lost, arrive and stay under way to arrive again, and so
     * many timers run out while a frame is under way or out of their order; at most 15 each.
     * Order is free; a frame lives for one MSL. */
    uint32_t losses, duplicates, timeouts;
    uint32_t depth;             /* steps from the start; behind them each run only goes on to its
                                   end, everything arrives [no bound] */
    uint64_t states;            /* then it stops, AKSU_EXPLORE_STATES_MOST at most [10^7] */
    uint64_t seed;
    struct aksu_config stack;   /* of both; sizes, seed, memory and sink are the explorer's */
    aksu_sim_rewrite *rewrite;  /* a liar between the two, or NULL: the same frame at the same time
                                   must always come out the same */
    void *context;
};
struct aksu_explore;
AKSU_API struct aksu_explore *aksu_explore_new(const struct aksu_explore_config *config);
AKSU_API void aksu_explore_free(struct aksu_explore *x);

enum aksu_explore_state {
    AKSU_EXPLORE_RUNNING,       /* there is more */
    AKSU_EXPLORE_EXHAUSTED,     /* every state was looked at */
    AKSU_EXPLORE_BOUND,         /* config.states were */
    AKSU_EXPLORE_VIOLATION,
    AKSU_EXPLORE_NO_MEMORY
};
/* Looks at `more` further states, or fewer. */
AKSU_API enum aksu_explore_state aksu_explore_run(struct aksu_explore *x, uint64_t more);

struct aksu_explore_counts {
    uint64_t states, edges;     /* found; steps from one to another that were taken */
    uint64_t ends;              /* states in which all is over */
    uint32_t depth;             /* of the deepest state that was looked at */
    uint32_t stack_states;      /* different states of one end */
    uint64_t calls;             /* steps of the real code; all others are known by them */
    uint64_t memory;            /* octets */
};
AKSU_API void aksu_explore_counts(const struct aksu_explore *x, struct aksu_explore_counts *out);

/* After a violation: a sentence; how many steps lead to it; and these steps once more, told to the
 * sinks of `a` and `b` (sink.h: a ladder), which may be NULL. */
AKSU_API const char *aksu_explore_why(const struct aksu_explore *x);
AKSU_API uint32_t aksu_explore_steps(const struct aksu_explore *x);
AKSU_API void aksu_explore_replay(struct aksu_explore *x, struct aksu_sink *const sink[2]);

#ifdef __cplusplus
}
#endif
#endif
