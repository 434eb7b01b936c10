/* gro.h - a segment that is kept back while the frames that came with it are looked at, and the
 * others that were made one with it. Between gro.c and tcp_input.c. */
#ifndef STACK_GRO_H
#define STACK_GRO_H

#include "stack/half_open.h"

struct arriving {
    struct tcp_tuple tuple;
    uint64_t hash;
    bool told;                      /* the event segment_in has been said */
    slab_ref ao;                    /* a first SYN: the MKT whose MAC it has; 0: no TCP-AO */
    const uint8_t *header;          /* of TCP; borrowed */
    struct tcp_segment seg;
};

struct run {
    struct arriving a;
    bool held;                      /* there is one */
    bool growing;                   /* it may be continued */
    bool v4;
    uint8_t link_length, ip_length, tcp_length;
    const uint8_t *head;            /* of its first frame, with all headers */
    uint32_t size;                  /* text of each of its segments but the last */
};

/* gro.c: the frame's segment is the first of a run, kept. False: it cannot be. */
bool gro_begin(struct run *r, const struct ip_packet *p, const struct arriving *a);
/* tcp_input.c: whose segment is it? */
void stack_tcp_arrives(struct aksu *net, struct arriving *a, aksu_time now);
/* Says segment_in, once. */
void stack_segment_in_event(struct aksu *net, uint32_t conn, struct arriving *a,
                            enum aksu_tcp_state state, aksu_time now);

/* ao.c: does TCP-AO let this segment of a connection in, or that of nobody's? */
bool stack_ao_lets_in(struct aksu *net, struct conn *c, struct arriving *a, aksu_time now);
bool stack_ao_lets_in_stranger(struct aksu *net, struct arriving *a, aksu_time now);
/* The connection of a SYN with a good MAC has TCP-AO too. False: no memory. */
bool stack_ao_begin(struct conn *c, const struct arriving *a, aksu_time now);
/* The answer to such a SYN that nobody waits for. */
void stack_ao_refuse(struct aksu *net, const struct arriving *syn, struct tcp_segment *rst,
                     aksu_time now);


/* listen_input.c: a segment for a listener. `old`: a connection in TIME-WAIT that is to be
 * reopened by the SYN, or NULL. */
void stack_listen_state(struct aksu *net, struct listener *l, struct arriving *a, aksu_time now);
void stack_syn_to_listener(struct aksu *net, struct listener *l, struct arriving *a,
                           const struct time_wait *old, aksu_time now);
/* Beyond what is in reserve; if not, *why, and an event that says the answer. */
bool stack_enough_memory(struct aksu *net, const char *answer, const char **why, aksu_time now);

/* The last ACK of a handshake, and as many wait to be accepted as may. True: the peer was told. */
bool stack_accept_overflow(struct aksu *net, uint32_t conn, struct arriving *a, aksu_time now);
/* The same of a half-open one with a TCB; false: the segment is none such, or there is room. */
bool stack_conn_overflow(struct aksu *net, struct conn *c, const struct arriving *a, aksu_time now);

/* syn_cookies.c */
void stack_answer_by_cookie(struct aksu *net, struct arriving *a, const struct route_result *way,
                            aksu_time now);
/* The SYN has a record after all: an answer by cookie that it had before stays good. */
void stack_follow_cookie(struct aksu *net, struct tcp *t, struct arriving *a, aksu_time now);
/* An ACK without a connection is the answer to one: *syn is what it was for. */
bool stack_cookie_comes_back(struct aksu *net, struct listener *l, struct arriving *a,
                             struct tcp_segment *syn, aksu_time now);

#endif
