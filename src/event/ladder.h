/* ladder.h - what the ladder keeps. Events become items of a connection (ladder.c), runs of plain
 * segments are folded (ladder_store.c), and a finished connection is drawn (ladder_draw.c). */
#ifndef EVENT_LADDER_H
#define EVENT_LADDER_H

#include "event/ladder_item.h"

struct ladder_end {
    struct aksu_endpoint at;
    uint32_t conn;              /* the stack's index, while `live` */
    bool opened, live;          /* there has been a record; there is one */
    bool time_wait;
    bool isn_known;
    uint8_t shift;              /* of the windows that it advertises: RFC 7323 2.2 */
    uint32_t isn;
    uint8_t state, first_state; /* + 1; 0: unknown */
    uint32_t last_item;         /* of the segment that this side sent or received last */
    uint32_t in_flight;         /* no segment of this side before this item is awaited */
    aksu_time delay;            /* of the last segment of this side that arrived */
    const char *again_why;      /* a retransmission of again_seq was announced */
    uint32_t again_seq;
};

struct ladder_connection {
    bool used, addressed;       /* the endpoints are known */
    bool datagrams;             /* UDP between two endpoints, no connection */
    uint32_t number;            /* in order of appearance, from 1 */
    uint32_t order;             /* the same, flows of datagrams and connections together */
    uint32_t head, tail;
    uint32_t cut;               /* behind this item nothing has happened yet; or NO_ITEM */
    uint32_t omitted;           /* events for which there was no memory */
    aksu_time first, last;      /* events */
    struct aksu_event_negotiated agreed;        /* what was noted last */
    struct ladder_end end[2];
};

struct ladder_side {
    struct aksu_sink sink;
    struct aksu_ladder *ladder;
    const char *host;
    uint8_t side;
    bool present;               /* has a stack */
    uint32_t last;              /* connection of the last segment that arrived, or NO_ITEM */
};

struct aksu_ladder {
    struct aksu_ladder_config config;
    struct ladder_side side[2];
    struct ladder_connection *connection;
    struct ladder_item *item;
    uint32_t connections, items;        /* lengths of the tables */
    uint32_t free_item, free_count;
    uint32_t fold_again;        /* compact when so many items have been refused or come free */
    uint32_t shown, flows;      /* connections, flows of datagrams that got a number */
    uint32_t not_shown;         /* events of connections beyond the table */
    bool ahead;                 /* what comes now has not happened yet ... */
    uint32_t ahead_order;       /* ... nor what connections behind this one are about */
    aksu_time looked;           /* when finished connections were last looked for */
};

/* Find. NULL: there is none. */
bool ladder_joins(const struct ladder_connection *c, unsigned side,
                  const struct aksu_endpoint *local, const struct aksu_endpoint *remote);
struct ladder_connection *ladder_by_record(struct aksu_ladder *l, unsigned side, uint32_t conn);
struct ladder_connection *ladder_by_pair(struct aksu_ladder *l, unsigned side,
    const struct aksu_endpoint *local, const struct aksu_endpoint *remote);
/* The connection that an event with both endpoints belongs to, made when there is none; NULL when
 * there is no room. */
struct ladder_connection *ladder_connection_of(struct ladder_side *s, const struct aksu_event *e,
    const struct aksu_endpoint *local, const struct aksu_endpoint *remote);
/* A flow of datagrams. */
struct ladder_connection *ladder_flow_by_pair(struct aksu_ladder *l, unsigned side,
    const struct aksu_endpoint *local, const struct aksu_endpoint *remote);
void ladder_set_addresses(struct ladder_connection *c, unsigned side,
                          const struct aksu_endpoint *local, const struct aksu_endpoint *remote);
struct ladder_item *ladder_append_for(struct ladder_side *s, struct ladder_connection *c,
                                      const struct aksu_event *e, enum ladder_kind kind);

/* Segments. */
void ladder_segment_in(struct ladder_side *s, const struct aksu_event *e);
void ladder_segment_out(struct ladder_side *s, const struct aksu_event *e);
/* What `sender` has sent, is awaited, and looks as what arrived; NULL: nothing. */
struct ladder_item *ladder_awaited(struct aksu_ladder *l, struct ladder_connection *c,
                                   unsigned sender, const struct ladder_item *got, aksu_time now);
/* It was sent by a stack that we see: one arrow, and NULL; or the arrival of one sent earlier. */
struct ladder_item *ladder_arrives(struct ladder_side *s, const struct aksu_event *e,
                                   struct ladder_connection *c, struct ladder_item *sent);
/* Nobody whom we see has sent it; `third`: nor should have. NULL: no memory. */
struct ladder_item *ladder_appears(struct ladder_side *s, const struct aksu_event *e,
                                   struct ladder_connection *c, const struct ladder_item *got,
                                   bool third);
/* Datagrams and ICMP. */
void ladder_udp_in(struct ladder_side *s, const struct aksu_event *e);
void ladder_udp_out(struct ladder_side *s, const struct aksu_event *e);
void ladder_udp_dropped(struct ladder_side *s, const struct aksu_event *e);
void ladder_icmp_in(struct ladder_side *s, const struct aksu_event *e);
void ladder_icmp_out(struct ladder_side *s, const struct aksu_event *e);

/* Store. An item for `c`, linked at its end; NULL: there was no memory, the event is counted. */
struct ladder_item *ladder_append(struct aksu_ladder *l, struct ladder_connection *c, aksu_time at);
void ladder_free_item(struct aksu_ladder *l, uint32_t index);
/* A new connection, or flow of datagrams; NULL: the table is full of live ones. */
struct ladder_connection *ladder_new_connection(struct aksu_ladder *l, bool datagrams,
                                                aksu_time at);
/* Draws `c` and frees it. */
void ladder_print(struct aksu_ladder *l, struct ladder_connection *c);
/* Nothing more is to be expected of `c` a while after its last event. */
bool ladder_is_over(const struct ladder_connection *c, aksu_time now);

/* Fold. Every run of more than `most` plain segments becomes a sum, but for the first half of
 * them. A deep fold takes everything that moves no state, also what was lost by `now`. */
struct ladder_folding {
    uint32_t most;
    bool deep;
    aksu_time now;
};
enum { LADDER_DEEP = 100, LADDER_LONG = 400 };  /* a deep fold's `most`; items of a long diagram */
void ladder_fold_runs(struct aksu_ladder *l, struct ladder_connection *c,
                      const struct ladder_folding *how);
void ladder_add_to_fold(struct ladder_fold *f, const struct ladder_item *item);

/* Draw. */
void ladder_draw(struct aksu_ladder *l, struct ladder_connection *c);
void ladder_draw_rest(struct aksu_ladder *l);       /* what was not shown, as a number */

/* Takes away what has not happened yet. */
void ladder_cut_ahead(struct aksu_ladder *l);

static inline uint32_t ladder_index(const struct aksu_ladder *l, const struct ladder_item *item)
{
    return (uint32_t)(item - l->item);
}

#endif
