/* gro_help.h - batches of segments made by hand, for a connection that two stacks have opened: what
 * the tests of receive offload share. */
#ifndef TESTS_GRO_HELP_H
#define TESTS_GRO_HELP_H

#include "stack_help.h"

#include "ip/output.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

enum { SIZE = 1000, FRAMES_MOST = 64, HEARD_MOST = 256 };

/* What the server says of segments. */
struct heard {
    struct aksu_sink sink;
    unsigned in, out, dropped;
    struct aksu_event_segment_in segment[HEARD_MOST], sent[HEARD_MOST];
};

struct flow {
    aksu_conn conn[2];
    struct aksu_info info;          /* of the client, when the connection was new */
    uint32_t ts;                    /* of the client's last segment */
};

struct scene {
    struct two w;
    bool ethernet;
    struct heard heard;
    aksu_listener listener;
};

/* How a segment differs from the others of its connection. */
struct shape {
    uint8_t ctl;                    /* xor */
    uint8_t tos, ttl, nops;         /* tos, ttl: xor; nops: option octets behind the timestamps,
                                       4 each */
    uint32_t ack, wnd, ts;          /* added */
    uint16_t gso;
    uint16_t port;                  /* added to the client's */
    bool damaged, ip_damaged, ip_options, verified, more_fragments, no_ack;
    unsigned slices;                /* of the frame; 0: one */
    unsigned padding;               /* octets behind the packet */
    unsigned missing;               /* octets that the IP header promises */
    uint8_t mac;                    /* xor, the last octet of the source's */
};

struct batch {
    unsigned count;
    struct aksu_frame frame[FRAMES_MOST];
    uint8_t *octets[FRAMES_MOST];
};

void scene_init(struct scene *s, bool v6, bool ethernet);
void scene_fini(struct scene *s);
struct flow scene_flow(struct scene *s);
/* The stream of every flow: octet n. */
uint8_t stream_octet(uint32_t n);

/* Text [at, at + length) of the flow's stream. NULL: as all others. */
void put(struct scene *s, struct batch *b, const struct flow *f, uint32_t at, uint32_t length,
         const struct shape *shape);
/* Hands all of it to the server, together or one by one, and forgets it. heard begins anew. */
void give_batch(struct scene *s, struct batch *b);
void give_singly(struct scene *s, struct batch *b);
void batch_clear(struct batch *b);
/* The server sends what it has to. */
void drain(struct scene *s);
/* Checks that the server can read exactly the stream from `at`; how far it got. */
uint32_t read_stream(struct scene *s, const struct flow *f, uint32_t at);
struct aksu_info server_info(const struct scene *s, const struct flow *f);

#endif
