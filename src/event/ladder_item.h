/* ladder_item.h - one thing that happened to a connection, as the ladder keeps it. */
#ifndef EVENT_LADDER_ITEM_H
#define EVENT_LADDER_ITEM_H

#include "aksu/sink.h"

#define NO_ITEM UINT32_MAX

enum ladder_kind {
    LADDER_FREE,
    LADDER_SEGMENT,             /* sent at `at`, arrived at `other_at`; AKSU_NEVER: not seen */
    LADDER_ARRIVAL,             /* the same segment at the receiver, later: sent at `other_at` */
    LADDER_STATE,               /* a change without a segment */
    LADDER_CALL,
    LADDER_NOTE,                /* any other event, as it was */
    LADDER_FOLD,                /* a run of plain segments, until `other_at` */
};

/* What was sent. */
enum ladder_sort {
    LADDER_TCP,
    LADDER_UDP,
    LADDER_ICMP,
};

/* In the order of the header; only what is drawn. Of a datagram `len`; its sum is `seq`. */
struct ladder_segment {
    uint32_t seq, ack, wnd, len, ts_val;
    uint16_t has, mss, up;
    uint8_t ctl, wscale;
    struct aksu_sacks sack;
};

struct ladder_message {         /* ICMP, an error */
    struct aksu_ip from;
    uint32_t mtu;
    uint8_t type, code;
    bool third;                 /* from neither end: a router */
};

struct ladder_fold {
    uint64_t octets[2];         /* by the side that sent */
    uint32_t segments[2];       /* with text */
    uint32_t acks[2];           /* without */
    uint32_t lost[2], again[2]; /* of both */
    uint32_t calls[2];          /* SEND */
    uint32_t others;            /* notes, and segments from nowhere */
};

/* The events that are drawn as notes; the event's own struct. */
union ladder_note {
    struct aksu_event_dropped dropped;
    struct aksu_event_signal signal;
    struct aksu_event_negotiated negotiated;
    struct aksu_event_urgent urgent;
    struct aksu_event_challenge_ack challenge_ack;
    struct aksu_event_soft_error soft_error;
    struct aksu_event_timer timer;
    struct aksu_event_needless needless;    /* seq relative to the SYN */
    struct aksu_event_zero_window zero_window;
    struct aksu_event_syn_answered syn_answered;
    const char *verdict;        /* of icmp_in and udp_dropped */
    struct aksu_event_path_mtu path_mtu;
    struct aksu_event_memory memory;
    struct aksu_event_cwnd cwnd;
    struct aksu_event_syn_refused syn_refused;
    struct aksu_event_time_wait_over time_wait_over;
    struct aksu_event_note text;
};

struct ladder_item {
    aksu_time at, other_at;
    const char *why;            /* SEGMENT: the reason for the retransmission, or NULL */
    uint32_t next;
    uint8_t kind;               /* enum ladder_kind */
    uint8_t sort;               /* SEGMENT, ARRIVAL: enum ladder_sort */
    uint8_t side;               /* of the sender, or where the event happened */
    uint8_t label[2];           /* the state that each side entered here, + 1; 0: none */
    uint8_t event;              /* NOTE: enum aksu_event_kind */
    bool under_way;             /* it has not arrived yet, but will */
    bool nowhere;               /* arrived, but the other side did not send it ... */
    bool again;                 /* ... or had sent it only once */
    bool damaged;               /* a datagram, on its way */
    union {
        struct ladder_segment segment;
        struct ladder_message message;
        struct aksu_event_call call;
        union ladder_note note;
        struct ladder_fold fold;
    };
};

/* `arrival` is about the segment `sent`. */
bool ladder_is_arrival_of(const struct ladder_item *arrival, const struct ladder_item *sent);

#endif
