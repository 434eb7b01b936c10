/* icmp.h - what an ICMP error says about a segment, by its type and code. icmp.c has the names,
 * conn_icmp.c what it does to a connection. Called by packet.c, tracker.c and the reports. */
#ifndef TRACE_ICMP_H
#define TRACE_ICMP_H

#include "trace/conn.h"
#include "trace/packet.h"

/* RFC 792, RFC 4443 2.1 */
enum { TRACE_V4_UNREACHABLE = 3, TRACE_V4_QUENCH = 4, TRACE_V4_REDIRECT = 5,
       TRACE_V4_EXCEEDED = 11, TRACE_V4_PARAMETER = 12,
       TRACE_V6_UNREACHABLE = 1, TRACE_V6_TOO_BIG = 2, TRACE_V6_EXCEEDED = 3,
       TRACE_V6_PARAMETER = 4, TRACE_V6 = 256 };

const char *trace_icmp_name(bool v6, uint8_t type, uint8_t code);
const char *trace_icmp_word(bool v6, uint8_t type, uint8_t code);  /* in at most 9 columns */
bool trace_icmp_is_mtu(bool v6, uint8_t type, uint8_t code);
bool trace_icmp_is_hard(bool v6, uint8_t type, uint8_t code);   /* ends what is being opened */
bool trace_icmp_is_verdict(bool v6, uint8_t type, uint8_t code); /* the segment did not arrive */

/* conn_icmp.c: an error about a segment that `side` has sent. */
void trace_conn_icmp(struct trace_conn *c, unsigned side, const struct trace_icmp *m);
/* A segment of `side` comes after an error that should have ended it: it goes on. */
void trace_conn_revive(struct trace_conn *c, unsigned side, const struct trace_segment *s);
/* The side whose segment got an error that was the last that was seen, or -1. */
int trace_icmp_last(const struct trace_conn *c);

#endif
