/* path_inner.h - what the files of a path share: a frame under way, the queues that hold frames, a
 * node with its state, the packet inside a frame. The interface is aksu/path.h. */
#ifndef SIM_PATH_INNER_H
#define SIM_PATH_INNER_H

#include "aksu/path.h"

enum { PATH_ETHERNET = 14, PATH_CLASSES = 18 };

/* A frame under way. Its memory comes from malloc once and is used again for others of its size. */
struct flight {
    struct flight *next;
    struct flight *made;        /* all that were ever made, for path_store_fini */
    aksu_time at;               /* when it is due; in a RATE node: when it came */
    uint64_t turn;              /* of those due at the same time the lower one goes first */
    uint64_t entry;             /* in which order it entered the path */
    uint32_t length;
    uint16_t gso_size;
    uint8_t class;
    bool partial;
    uint8_t octets[];
};

struct flight_list {
    struct flight *first, **last;
};

struct path_store {
    struct flight *unused[PATH_CLASSES], *made;
    bool starved;               /* there was no memory for a frame, once */
};

/* Those that wait for their time: a list as long as times come in order, a heap for the others. */
struct path_queue {
    struct flight_list line;
    aksu_time line_end;         /* when its last one is due */
    struct flight **heap;
    uint32_t heaped, heap_room;
};

struct path_codel {
    aksu_time first_above, drop_next;
    uint32_t count, last_count;
    uint32_t longest;           /* the longest frame so far: MAXPACKET */
    bool dropping;
};

struct path_node {
    struct aksu_path_node is;   /* arrays are copies of our own */
    aksu_time due;              /* when the next frame leaves it; AKSU_NEVER */
    aksu_time ahead;            /* what a frame that leaves it needs at least until somebody is to
                                   know: to the end, or to the next MTU node that tells */
    uint64_t dice;
    uint64_t passed;            /* LOSE_DATA, LOSE_IF: how many were counted */
    bool bad;                   /* BURSTS */
    struct path_queue queue;    /* DELAY, REORDER */
    aksu_time last_out;         /* DELAY in order */
    struct flight_list waiting; /* RATE */
    struct flight *sending;     /* leaves at `due` */
    uint64_t fraction;          /* of a nanosecond, in parts of the rate */
    uint32_t waiting_octets, waiting_frames;
    struct path_codel codel;
};

struct aksu_path {
    unsigned count, flags;
    aksu_time now;              /* everything due until then has happened */
    aksu_time due;              /* the earliest of all nodes */
    uint64_t entries, turns;
    uint64_t newest_out;        /* the highest entry number that has come out */
    struct path_store store;
    struct flight_list out, lent, replies, lent_replies;
    uint32_t reply_count;
    struct aksu_path_counts counts;
    struct path_node node[];
};

/* Where things stand in a frame. */
struct path_packet {
    uint8_t *ip;
    uint32_t length;            /* of what follows the link's header */
    uint8_t version;            /* 4, 6; 0: no IP packet */
    uint8_t protocol;           /* 0: not the first fragment, or unknown */
    uint8_t *transport;         /* with protocol */
    uint32_t transport_length;
};

/* path_store.c */
struct flight *flight_new(struct path_store *s, uint32_t length);   /* NULL: no memory */
struct flight *flight_copy(struct path_store *s, const struct flight *f);
void flight_free(struct path_store *s, struct flight *f);
void flight_append(struct flight_list *l, struct flight *f);
struct flight *flight_take(struct flight_list *l);                  /* NULL: it is empty */
void flight_free_all(struct path_store *s, struct flight_list *l);
void path_store_fini(struct path_store *s);
bool path_queue_put(struct path_queue *q, struct flight *f);        /* by `at` and `turn` */
struct flight *path_queue_take(struct path_queue *q);
aksu_time path_queue_due(const struct path_queue *q);               /* AKSU_NEVER */

/* path_node.c: true: the frame goes on. Else it was freed or kept. */
bool path_node_enter(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time at);
/* The frame that leaves the node at its `due`. */
struct flight *path_node_leave(struct aksu_path *p, struct path_node *n);
bool path_chance(struct path_node *n, uint64_t chance);
uint32_t path_dice(struct path_node *n, uint32_t below);
void path_drop(struct aksu_path *p, struct flight *f, uint64_t *counter);

/* path_rate.c */
void path_rate_enter(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time at);
struct flight *path_rate_leave(struct aksu_path *p, struct path_node *n);
/* path_codel.c: the next frame to send; NULL: none is left. */
struct flight *path_codel_take(struct aksu_path *p, struct path_node *n, aksu_time at);
struct flight *path_waiting_take(struct path_node *n);

/* path_packet.c */
struct path_packet path_packet_of(const struct aksu_path *p, uint8_t *octets, uint32_t length);
uint32_t path_packet_text(const struct path_packet *k);  /* octets of TCP text; 0: no TCP */
bool path_mark(const struct aksu_path *p, struct flight *f);        /* false: not ECN-capable */
void path_complete(const struct aksu_path *p, struct flight *f);
uint32_t path_sum(uint32_t sum, const uint8_t *octets, uint32_t length);
uint16_t path_fold(uint32_t sum);
/* path_reply.c */
void path_tell(struct aksu_path *p, const struct path_node *n, struct flight *f);
/* path_cut.c: a large segment, its headers as far as the text. */
struct path_large {
    const struct aksu_frame *frame;
    struct path_packet k;       /* in octets[] */
    uint32_t headers, text, sequence;
    uint32_t addresses;         /* the sum of the pseudo header without the length */
    uint8_t octets[256];
};
/* False: this is no TCP segment. */
bool path_large_look(const struct aksu_path *p, struct path_large *l,
                     const struct aksu_frame *frame);
/* The `number`th piece, counted from 0; NULL: no memory. */
struct flight *path_large_piece(struct aksu_path *p, const struct path_large *l, uint32_t number);
void path_gather(uint8_t *to, const struct aksu_frame *frame, uint32_t from, uint32_t length);

static inline uint16_t path_be16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}

static inline void path_put_be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

#endif
