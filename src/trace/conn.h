/* conn.h - what is known of a connection from the packets seen between its ends: the state of each
 * end, what it sent, what was acknowledged, and how it ended. Filled in by tracker.c, conn.c,
 * sender.c and receiver.c; read by the reports. */
#ifndef TRACE_CONN_H
#define TRACE_CONN_H

#include "aksu/event.h"
#include "base/seq.h"

/* A packet that a capture on several devices has twice comes within this. */
#define TRACE_COPY AKSU_MS(2)
enum { TRACE_TIMED = 8, TRACE_HOLES = 4, TRACE_AGAIN = 8 };

/* What a segment is that repeats something, or asks whether somebody is there. */
enum trace_kind {
    TRACE_PLAIN,
    TRACE_SYN_AGAIN,
    TRACE_FAST,                     /* duplicate ACKs or SACK blocks said that it was lost */
    TRACE_RTO,                      /* nothing did, or much later: a timer ran out */
    TRACE_LOSS_PROBE,               /* the tail, before that: RFC 8985 7 */
    TRACE_NEEDLESS,                 /* its acknowledgment was seen before it */
    TRACE_KEEP_ALIVE,
    TRACE_WINDOW_PROBE,             /* the receiver's window is zero */
    TRACE_OUT_OF_ORDER,             /* overtaken, and seen for the first time */
    TRACE_KINDS
};

/* Octets not seen yet, although later ones were. */
struct trace_hole {
    seq_t left, right;
    aksu_time at;                   /* when the later ones were seen, with this timestamp */
    uint32_t ts_val;
};

/* Octets that were sent more than once. */
struct trace_again {
    seq_t left, right;
    uint32_t ts_val;                /* of the first repetition */
    bool timestamps, first_unacked, spurious;
};

/* The last ICMP error about a segment of an end. */
struct trace_told {
    aksu_time at;
    struct aksu_ip from;
    seq_t seq;
    uint32_t mtu;
    uint8_t type, code;
    bool taken;                     /* it says that a segment did not arrive, of one outstanding */
};

struct trace_rtt {
    uint64_t sum, count;            /* nanoseconds */
    aksu_time least, most;
};

/* One end, as the sender of what it sent. */
struct trace_end {
    struct aksu_endpoint at;
    uint8_t state;                  /* enum aksu_tcp_state */
    bool opened;                    /* the event was told */
    bool numbered;                  /* snd_nxt is known */
    bool una_known;                 /* and snd_una: by its SYN, or an ACK; else a guess */
    bool isn_known;
    bool fin_sent, fin_arrived, fin_acked;
    bool sacked;                    /* sack_high is above snd_una */
    bool in_timeout;                /* timeout_high is above snd_una */
    bool window_known, scale_known, timestamps;
    bool identified, syn_ack_sent;
    seq_t iss, fin, snd_una, snd_nxt;       /* fin: the number after it */
    seq_t sack_high, timeout_high;
    uint32_t wnd;                   /* the last one it advertised, scaled */
    uint32_t wnd_field;
    uint32_t ts_val;                /* the last one it sent */
    uint32_t last_seq, last_ack;
    uint16_t has, mss;              /* of its SYN */
    uint16_t identification;        /* of its last packet */
    uint8_t scale, last_ctl;
    uint8_t holes, agains, timed;
    uint32_t dupacks;
    uint32_t unanswered;            /* repetitions and questions since the other end was heard */
    aksu_time last_at;              /* it sent, or its text was acknowledged: */
    aksu_time heard_at;
    uint64_t segments, octets;      /* octets of text, each counted once */
    uint64_t missed;                /* acknowledged, but never seen */
    uint64_t kind[TRACE_KINDS];     /* segments of each */
    uint64_t spurious;              /* repetitions found needless later: by D-SACK, timestamps */
    uint64_t damaged, copies, zero_windows, dup_acks_seen;
    uint64_t icmps;                 /* errors about its segments, and the last of them: */
    struct trace_told told;
    uint32_t path_mtu;              /* the least that one has named; 0: none */
    struct trace_rtt rtt;           /* from the place of the capture to the other end and back */
    aksu_time srtt, rttvar;
    struct { seq_t end; aksu_time at; } sent[TRACE_TIMED];
    struct trace_hole hole[TRACE_HOLES];
    struct trace_again again[TRACE_AGAIN];
};

enum trace_end_cause {
    TRACE_GOES_ON,                  /* when the capture ends, or its last packet was seen */
    TRACE_CLOSED, TRACE_RESET, TRACE_REFUSED,
    TRACE_ICMP_ERROR,               /* hard, about a SYN: RFC 9293 3.9.2.2 [SHLD-26] */
    TRACE_REPLACED,                 /* the same pair opened anew, this one was not over */
};

struct trace_key {                  /* the lower address and port first */
    struct aksu_ip ip[2];
    uint16_t port[2];
};

struct trace_conn {
    struct trace_key key;
    struct trace_conn *chain;               /* in the table */
    struct trace_conn *older, *newer;       /* in the order of the last packets */
    uint64_t bucket;
    uint32_t number;                /* from 1 */
    bool itself;                    /* both ends are one socket, end[0]: trace_other() */
    bool over;                      /* neither end sends more */
    bool syn_seen, syn_ack_seen;    /* the beginning */
    bool agreed;                    /* both SYNs were seen and the handshake was completed */
    bool asks_ecn, takes_ecn;
    uint8_t cause, by;              /* enum trace_end_cause, and which end did it; of
                                       TRACE_ICMP_ERROR who was told */
    uint8_t told_last;              /* side + 1: it was told so since anything else was seen */
    uint8_t first_fin;              /* side + 1; 0: no FIN was seen */
    aksu_time first, last;
    aksu_time syn_at, syn_ack_at;
    aksu_time handshake, to_server; /* AKSU_NEVER: not measured */
    aksu_time opening;              /* last SYN to ACK, a round trip perhaps; or AKSU_NEVER */
    struct trace_end end[2];        /* the client, the server */
    struct aksu_sink *sink[2];      /* NULL: nobody looks */
    void *user;
};

/* Who receives what `side` sends. A socket may be connected to itself: a simultaneous open with one
 * end (RFC 9293 3.5). */
static inline unsigned trace_other(const struct trace_conn *c, unsigned side)
{
    return c->itself ? side : 1 - side;
}

#endif
