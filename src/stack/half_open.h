/* half_open.h - what happens to half-open connections without a TCB (syn_cache.h). Called by the
 * files of stack/. */
#ifndef STACK_HALF_OPEN_H
#define STACK_HALF_OPEN_H

#include "stack/calls.h"

struct arriving;

/* tcp_output.c */
/* Where the connection's segments go; and net->segment as a frame to there. False: there is none,
 * it was lost, or it is for ourselves. */
enum neighbor_answer stack_conn_way(struct aksu *net, struct conn *c, uint8_t mac[6],
                                    aksu_time now);
bool stack_conn_frame(struct aksu *net, struct conn *c, enum neighbor_answer way,
                      const uint8_t mac[6], struct aksu_frame *out, aksu_time now);

/* fast_open.c: is the text of this SYN taken? Then, and else too, for `c` that has taken the SYN:
 * its text, and what the SYN,ACK says; one that is pending no more leaves its listener. */
bool stack_fast_open_takes(const struct aksu *net, struct listener *l, const struct arriving *a,
                           aksu_time now);
void stack_fast_open(struct aksu *net, struct listener *l, struct conn *c,
                     const struct tcp_segment *syn, aksu_time now);
void stack_fast_open_progress(struct aksu *net, struct conn *c, aksu_time now);

/* settle.c: a passive OPEN that goes back to LISTEN is one that failed. */
void stack_end_in_listen(struct tcp *t, aksu_time now);

/* No other ACK ends SYN-RECEIVED (RFC 9293 3.10.7.4 fifth). */
static inline bool ends_handshake(const struct tcp_segment *seg, seq_t iss)
{
    return (seg->ctl & (CTL_ACK | CTL_SYN | CTL_RST)) == CTL_ACK
        && seq_eq(seg->ack, seq_add(iss, 1));
}

/* half_open.c */
/* `t` has taken a SYN, and `r` was made for it: its SYN,ACK is owed. */
void stack_half_open_begin(struct aksu *net, struct listener *l, struct syn_record *r,
                           const struct tcp *t);
/* Another SYN has come: what the TCB of the last one knows goes into its record. */
void stack_half_open_keep(struct aksu *net);
void stack_half_open_arrives(struct aksu *net, struct syn_record *r, struct arriving *a,
                             aksu_time now);
/* In events, and as a connection's: with the bit AKSU_HALF_OPEN. */
uint32_t stack_half_open_number(const struct aksu *net, const struct syn_record *r);
bool stack_half_open_error(struct aksu *net, struct syn_record *r, const struct tcp_tuple *tuple,
                           const struct icmp_error *e, aksu_time now);
void stack_half_open_timeouts(struct aksu *net, struct listener *l, aksu_time now);
void stack_half_open_unpark(struct aksu *net);
bool stack_half_open_out(struct aksu *net, struct aksu_frame *out, aksu_time now);
/* There is one whose SYN,ACK was repeated `times` or more; it goes without a word. */
bool stack_half_open_is_old(const struct aksu *net, const struct listener *l, unsigned times);
bool stack_half_open_replace(struct aksu *net, struct listener *l, unsigned times, aksu_time now);
void stack_half_open_close(struct aksu *net, struct listener *l, aksu_time now);

#endif
