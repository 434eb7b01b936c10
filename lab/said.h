/* said.h - what the stacks of an act have said up to now, for scenarios (stage.h includes it). */
#ifndef LAB_SAID_H
#define LAB_SAID_H

#include "aksu/event.h"

struct lab;
struct lab_host;

/* In order. */
struct lab_said {
    aksu_time at;               /* since the act began */
    const struct lab_host *host;
    struct aksu_event event;
    bool drawn;                 /* in the ladder */
    bool between;               /* those that the ladder is of, drawn or not */
};
unsigned lab_said_count(const struct lab *lab);
const struct lab_said *lab_said(const struct lab *lab, unsigned index);
/* The nth event of this kind (from 0) that `host` said (NULL: any); NULL: there is none. */
const struct lab_said *lab_event(const struct lab *lab, const struct lab_host *host,
                                 enum aksu_event_kind kind, unsigned nth);
unsigned lab_events(const struct lab *lab, const struct lab_host *host, enum aksu_event_kind kind);
/* The nth segment that `host` sent whose flags within `mask` are `ctl`. */
const struct lab_said *lab_segment(const struct lab *lab, const struct lab_host *host, uint8_t mask,
                                   uint8_t ctl, unsigned nth);
unsigned lab_segments(const struct lab *lab, const struct lab_host *host, uint8_t mask,
                      uint8_t ctl);
/* When `host` first entered the state; AKSU_NEVER: it did not. */
aksu_time lab_entered(const struct lab *lab, const struct lab_host *host,
                      enum aksu_tcp_state state);

#endif
