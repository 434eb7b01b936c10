/* summary_conn.h - one connection of a summary. */
#ifndef RUN_SUMMARY_CONN_H
#define RUN_SUMMARY_CONN_H

#include "aksu/event.h"

/* One way of the stream, as the other end's acknowledgements tell. */
struct run_summary_way {
    uint32_t next;              /* the first octet that is not acknowledged */
    uint32_t most;              /* behind the last one that was sent */
    uint32_t fin;               /* where the FIN stands */
    bool known, has_fin;
    uint64_t octets;
};

struct run_summary_conn {
    struct run_summary_conn *next, *chain[2];
    uint32_t index[2];          /* in the program's stack and the other one */
    struct aksu_endpoint local, remote;
    aksu_time begun;
    aksu_time took;             /* the handshake; 0: it was never over */
    uint32_t srtt_us, least_us; /* 0: never measured */
    uint32_t again[2];          /* segments sent again by the program's stack, by the other */
    uint16_t mss;
    struct run_summary_way way[2];      /* from the program, to the program */
    enum aksu_tcp_state state;
    bool ended, peer_first;     /* ... the other side closed first */
    enum aksu_status reason;
};

void run_summary_conn_event(struct run_summary_conn *c, const struct aksu_event *e);
/* How many segments carry so many octets. */
uint32_t run_summary_segments(const struct run_summary_conn *c, uint32_t octets);

#endif
