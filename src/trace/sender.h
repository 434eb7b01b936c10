/* sender.h - an end as the sender of text: which of its segments repeat something and why
 * (sender.c), and what the other end's segments say about them (receiver.c). Called by conn.c. */
#ifndef TRACE_SENDER_H
#define TRACE_SENDER_H

#include "trace/conn.h"
#include "trace/packet.h"

/* What this segment of `side` is; before it is counted. */
enum trace_kind trace_sender_judge(const struct trace_conn *c, unsigned side,
                                   const struct trace_segment *s);
/* Counts it, and remembers what of it matters to later ones. */
void trace_sender_sent(struct trace_conn *c, unsigned side, const struct trace_segment *s,
                       enum trace_kind kind);
/* The name of the timer that made it, as the stack's event has it, and of the retransmission's
 * reason. NULL: none. */
const char *trace_kind_timer(enum trace_kind kind);
const char *trace_kind_why(enum trace_kind kind);
bool trace_kind_is_again(enum trace_kind kind);

/* receiver.c. A segment of the other end arrives at `side`: what it says about the text that
 * `side` has sent. */
void trace_receiver_acked(struct trace_conn *c, unsigned side, const struct trace_segment *s);

#endif
