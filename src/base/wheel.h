/* wheel.h - one deadline per node in a hierarchical timer wheel: arm, disarm and expire are O(1).
 * A tick is 2^16 ns (65.5 us); 8 levels of 64 slots cover 2^64 ns. Nodes live inside objects that
 * never move, nor does the wheel; they are linked by pointers into the one region. Equal ticks
 * expire in the order in which they were armed. `now` never goes back. Called by the stack. */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/time.h"

/* A zeroed node is not armed. */
struct wheel_node {
    struct wheel_node *next, **link;    /* link: what points here; NULL when not armed */
    aksu_time deadline;                 /* exact, as armed */
};

enum { WHEEL_LEVELS = 8, WHEEL_SLOTS = 64, WHEEL_TICK_SHIFT = 16 };

struct wheel {
    uint64_t tick;                      /* what is due before this tick has left the slots */
    uint64_t occupied[WHEEL_LEVELS];    /* a bit per slot */
    uint32_t levels;                    /* a bit per level that has something */
    struct wheel_node *slot[WHEEL_LEVELS][WHEEL_SLOTS];
    struct wheel_node **tail[WHEEL_LEVELS][WHEEL_SLOTS];
    struct wheel_node *due, **due_tail; /* expired, not yet handed out */
    aksu_time next;                     /* what wheel_next says, when it is known */
    bool next_known;                    /* nothing was disarmed since it was worked out */
};

void wheel_init(struct wheel *w, aksu_time now);
/* (Re)arms. A deadline in the past is due at once. NEVER disarms. */
void wheel_arm(struct wheel *w, struct wheel_node *n, aksu_time deadline);
void wheel_disarm(struct wheel *w, struct wheel_node *n);
static inline bool wheel_armed(const struct wheel_node *n) { return n->link != NULL; }
/* The next node with deadline <= now, disarmed; NULL when there is none. Never early. Call until
 * NULL: it also advances the wheel to `now`. */
struct wheel_node *wheel_expired(struct wheel *w, aksu_time now);
/* A time not later than the earliest deadline, later than the last `now` unless something is due;
 * exact for deadlines within 4 ms (64 ticks) of the wheel's time; NEVER when nothing is armed.
 * Calling wheel_expired then may give nothing: ask again. */
aksu_time wheel_next(const struct wheel *w);

#endif
