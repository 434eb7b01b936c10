/* trail.h - the states that a host went through. For scenarios, beside stage.h. */
#ifndef LAB_TRAIL_H
#define LAB_TRAIL_H

#include "lab/stage.h"

enum { LAB_TRAIL = 12 };

/* The states that connections of `host` entered, in order, the first LAB_TRAIL of them. */
unsigned lab_trail(const struct lab *lab, const struct lab_host *host,
                   enum aksu_tcp_state out[LAB_TRAIL]);
/* It ends with these `count` states in this order. */
bool lab_trail_ends(const struct lab *lab, const struct lab_host *host,
                    const enum aksu_tcp_state *states, unsigned count);
/* "FIN-WAIT-1, FIN-WAIT-2, ...": from the state at `from` (0: the first) on. */
const char *lab_trail_text(struct lab *lab, const struct lab_host *host, unsigned from);
/* How many connections of `host` entered the state. */
unsigned lab_entries(const struct lab *lab, const struct lab_host *host,
                     enum aksu_tcp_state state);

/* A failure that a user was told: the nth signal of this status at `host`; NULL: none. */
const struct lab_said *lab_signal(const struct lab *lab, const struct lab_host *host,
                                  enum aksu_status status, unsigned nth);

#endif
