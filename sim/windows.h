/* windows.h - both windows of one end, as its segments tell of them (RFC 9293 3.4, 3.8.6; RFC 7323
 * 2.2): what the simulator and the explorer hold a sender to. Called by judge.c and
 * explore_judge.c. */
#ifndef SIM_WINDOWS_H
#define SIM_WINDOWS_H

#include "aksu/event.h"

/* By how much sequence number `a` is ahead of `b`. */
static inline int32_t sim_ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* No padding: the explorer compares it octet by octet. */
struct sim_windows {
    uint32_t iss;
    uint32_t edge_out, edge_in;     /* the right edge of the own window, and of the peer's */
    uint32_t top;                   /* behind the highest octet that was sent */
    uint8_t has_iss, has_out, has_in, has_top, scale_out_known, scale_in_known;
    uint8_t scale_out, scale_in;
};

/* What is wrong with a segment that leaves; all 0: nothing. In octets. */
struct sim_windows_fault {
    bool unknown;                   /* text, and no window of the peer's is known */
    int32_t above;                  /* text above the peer's window */
    int32_t back;                   /* of the own window, taken back */
};
struct sim_windows_fault sim_windows_out(struct sim_windows *w,
                                         const struct aksu_event_segment_out *s);
void sim_windows_in(struct sim_windows *w, const struct aksu_event_segment_in *s);

#endif
