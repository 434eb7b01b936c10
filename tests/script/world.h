/* world.h - what a script acts on: one TCB with its owner and a peer who is the script, and what
 * the wire has shown so far. The verbs are in script.h. */
#ifndef SCRIPT_WORLD_H
#define SCRIPT_WORLD_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "tcp/tcp.h"

/* One line of a script: a segment. Fields left out are checked (out) or taken (in) as script.h
 * and the notes here say. */
struct line {
    unsigned ctl;
    uint32_t seq, ack;          /* ack matters when ctl has ACK */
    uint32_t len;               /* octets of text */
    uint32_t wnd;               /* octets; in: the peer's usual window; out: any */
    uint16_t urgent;            /* the urgent pointer field */
    uint8_t ecn;                /* of the IP header */
    uint16_t mss;               /* on a SYN; in: none; out: any */
    int wscale;                 /* SHIFT(n); on a SYN; in: none; out: any */
    bool sack_ok;               /* on a SYN; out: must be there */
    uint32_t ts_val, ts_ecr;    /* in: as negotiated, from the peer's clock; out: any */
    bool no_ts;                 /* in: without timestamps although negotiated */
    uint16_t has;               /* out: exactly these options, HAS_* */
    struct { uint32_t left, right; } sack[SACK_MOST];   /* out: exactly these (none: none) */
    const char *raw;            /* in: the options, octet by octet, a multiple of 4 */
    size_t raw_length;
};

struct given {
    int line;
    bool passive;               /* came from LISTEN; default: from an active OPEN */
    bool crossed;               /* SYN-RECEIVED from SYN-SENT: both opened at once */
    bool timestamps, sack, ipv6, no_mss, bound /* passive OPEN for this peer only */;
    bool ecn;                   /* the peer asks for it, or agrees */
    int wscale;                 /* SHIFT(n) of the peer */
    uint16_t mss, mtu;          /* of the peer's SYN; of our path */
    uint32_t wnd;               /* the peer's usual window, octets */
    aksu_time rtt;              /* of the handshake */
    uint32_t ts_val;            /* of the peer's SYN */
};

struct script_entry {
    const char *name, *file;
    void (*body)(void);
    struct script_entry *next;
};

struct history {
    char text[256][200];
    unsigned count;
};

/* What the peer may say or has said, and what we have shown. Positions count from the ISNs. */
struct world {
    struct tcp tcp;
    struct tcp_env env;
    struct pool pool;
    struct slab slab;
    struct emitter events;
    struct aksu_sink sink;
    struct tcp_tuple tuple;
    uint16_t mtu;
    bool live;                  /* tcp is initialised */

    aksu_time start, now;
    seq_t iss, irs;             /* what this run wants */
    bool iss_seen;

    /* our side of the wire */
    uint32_t una, nxt;          /* highest acknowledged by a good ACK; end of what was sent */
    uint32_t acked, edge;       /* last ACK number sent; right edge last advertised */
    uint32_t fin;               /* position of our FIN, 0: not sent */
    uint32_t sent_text;         /* octets the user has queued */
    uint32_t read_text;         /* octets the user has read */
    bool our_ts, our_ws, our_sack, peer_ts, peer_ws, peer_sack;
    uint8_t our_shift, peer_shift;
    uint16_t our_mss, peer_mss;
    uint32_t our_ts_val;        /* the last one */
    bool our_ecn, peer_ecn, our_no_ecn, peer_no_ecn;    /* SYNs that did, and that did not */

    /* the peer's */
    uint32_t in_high;           /* end of the highest sequence number the peer has sent */
    uint32_t peer_edge;         /* highest right edge it ever advertised */
    bool peer_closed;           /* its window is 0 */
    uint32_t window;            /* its usual one */
    uint32_t ts_base;           /* its timestamp clock at `start`; 1 per ms */
    uint32_t ts_sent[64];       /* TSvals it has sent, a ring */
    unsigned ts_count;
    bool last_in_rst, synchronized;
    bool reply_owed;            /* the RST of a TCB that does not exist */
    bool direct;                /* CLOSED: ask the TCB, not tcp_closed_state() */
    struct tcp_segment reply;

    /* answers waiting to be looked at */
    bool call_pending;
    ptrdiff_t call_answer;
    int call_line;
    char call_name[40];
    char rule[80];              /* of the drop of the last segment in, "" for none */
    enum aksu_tcp_state was;    /* as the events say */

    const struct script_entry *script;
    struct history history;
    jmp_buf escape;
    bool verbose;
};

extern struct world w;

void script_register(struct script_entry *entry);
/* Ends the script at this pair of ISNs, with the history. */
_Noreturn void script_fail(int line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void history_add(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A segment as one line of text; `sent`: ours. */
void segment_text(char *to, size_t room, const struct tcp_segment *seg, bool sent);

void world_share(void);         /* with a child of this process: restart.h */
void world_reset(const struct given *how);
void world_done(int line);
bool wire_trip(int line, const struct tcp_segment *seg, bool sent, const struct line *raw,
               struct tcp_segment *back);
uint16_t naive_checksum(const struct aksu_ip *from, const struct aksu_ip *to, const uint8_t *packet,
                        size_t length);
void invariants_out(int line, const struct tcp_segment *seg);
void invariants_in(const struct tcp_segment *seg);
/* The next segment that is owed, after the wire and the invariants have seen it. */
bool world_pull(int line, struct tcp_segment *seg);
void world_settle(int line);    /* a call whose answer nobody asked for must have been ok */

/* The octet at offset k of either stream. */
static inline uint8_t pattern(uint32_t k)
{
    return (uint8_t)(k * 31u + (k >> 8) * 17u + (k >> 16) * 101u + 7u);
}

static inline bool is_before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }

void cells_begin(void);         /* a script starts */
void cells_commit(void);        /* ... and has passed at every pair */
/* Prints the cells that lack a row; how many. */
unsigned cells_report(const char *table, bool list);

extern const struct cc_ops steady_cc;   /* its window stays; state[0]: octets it hears are lost */

#endif
