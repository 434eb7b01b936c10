/* tell.h - the events of a connection. Nothing is made of them when nobody looks. */
#ifndef TRACE_TELL_H
#define TRACE_TELL_H

#include "trace/conn.h"
#include "trace/packet.h"

#define TELL(c_, side_, now_, name_, ...)                                                         \
    do {                                                                                          \
        struct aksu_sink *tell_to = (c_)->sink[side_];                                            \
        if (__builtin_expect(tell_to != NULL, 0))                                                 \
            tell_to->put(tell_to, &(struct aksu_event){ .at = (now_), .conn = (c_)->number,       \
                .kind = AKSU_EV_##name_, .name_ = { __VA_ARGS__ } });                             \
    } while (0)

/* The state of an end; nothing else changes it once it has begun. */
void trace_enter(struct trace_conn *c, unsigned side, enum aksu_tcp_state to, aksu_time at);
/* segment_out of `side`, or segment_in of the other one. */
void trace_tell_segment(const struct trace_conn *c, unsigned side, bool out,
                        const struct trace_segment *s);
/* What both SYNs agreed on, for each end. */
void trace_tell_agreed(const struct trace_conn *c, unsigned side, aksu_time at);
/* The MSS in use: RFC 9293 3.7.1, less the options that every segment has. */
uint16_t trace_mss_of(const struct trace_conn *c, unsigned sender);
/* Of an option's bit (AKSU_HAS_*): both SYNs have it. */
bool trace_both_have(const struct trace_conn *c, unsigned option);
bool trace_uses_ecn(const struct trace_conn *c);

#endif
