/* udp.h - UDP endpoints (RFC 768, RFC 1122 4.1, RFC 8200 8.1). Endpoints are slab objects, found
 * by keyed hashes; their queues are rings of pool pages, bounded in octets. Pull, do not push:
 * datagrams to send wait in the endpoint until the stack asks. No events are emitted here; the
 * stack does it from the verdicts. A datagram to a group or a broadcast address goes to the one
 * endpoint that matches best. */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include "aksu/types.h"
#include "base/pool.h"
#include "base/ring.h"
#include "ip/icmp_in.h"
#include "ip/packet.h"
#include "ip/ports.h"

enum { UDP_BUCKETS = 1024, UDP_TEXT_MOST = 65507, UDP_RECORD = 40 /* per queued datagram */,
       UDP_QUEUE_LEAST = 2048, UDP_QUEUE_DEFAULT = 65536, UDP_QUEUE_MOST = 1 << 20,
       UDP_SEND_QUEUE = 2 * 65536, UDP_OUT_PARTS = 18 };

struct udp_endpoint {
    slab_ref self, next;            /* next in its hash chain */
    uint32_t generation;            /* 0: closed */
    uint32_t queue;                 /* octets of records + text that may wait */
    struct aksu_endpoint local, remote;     /* unspecified: any */
    uint64_t cookie;
    struct ring receive, send;
    slab_ref send_next, send_prev;  /* in the list of those with datagrams to send, or parked */
    uint32_t device;                /* only through this one; 0: any */
    uint8_t place;                  /* which list: 0 none, 1 sending, 2 parked */
    bool any_port;
    bool exact;                     /* in the table of four-tuples */
    enum aksu_status error;         /* told once */
    uint32_t dropped;               /* datagrams that did not fit */
    slab_ref ready_next, ready_prev;        /* the stack's list of endpoints to tell of; 0: end */
    bool ready;
};

struct udp {
    struct pool *pool;
    struct slab slab;
    struct sipkey key;
    struct ports ports;
    struct prng random;
    uint32_t generation, count, most;
    slab_ref catch_all;             /* the endpoint with any_port */
    struct udp_list {
        slab_ref first, last;
    } sending, parked;
    slab_ref exact[UDP_BUCKETS];    /* by four-tuple: local and remote address known */
    slab_ref port[UDP_BUCKETS];     /* by local port */
};

/* `most` endpoints at once. slab_number: the slab's number in the pool (base/pool.h). */
void udp_init(struct udp *u, struct pool *pool, uint8_t slab_number, uint32_t most,
              const uint8_t seed[16], bool ports_in_order);

struct udp_open {
    struct aksu_endpoint local;     /* port 0: ephemeral. The caller has checked the address
                                       and, with a remote, filled it in (route_lookup) */
    struct aksu_endpoint remote;    /* unspecified: anybody */
    uint32_t queue;                 /* [UDP_QUEUE_DEFAULT]; cut to UDP_QUEUE_LEAST.._MOST */
    uint64_t cookie;
    uint32_t device;                /* only datagrams that arrive there are taken; 0: any */
    bool any_port;                  /* takes what no other endpoint takes, whatever the port: for
                                       gateways; local must be unspecified; at most one */
};
/* ALREADY_EXISTS: an endpoint has the same local and remote pair and device (unspecified counts as
 * a value), or no ephemeral port is free. NO_RESOURCES: memory or `most`. INVALID: families differ,
 * remote port 0. */
enum aksu_status udp_open(struct udp *u, const struct udp_open *how, aksu_udp *out);
enum aksu_status udp_close(struct udp *u, aksu_udp handle);        /* DOES_NOT_EXIST */
/* The endpoint of a handle; NULL when it is gone. Read only, until the next udp call. */
const struct udp_endpoint *udp_find(const struct udp *u, aksu_udp handle);

enum udp_verdict {
    UDP_QUEUED,             /* `to` has a datagram; emit udp_in; readiness AKSU_DATAGRAM */
    UDP_DROPPED,            /* why: malformed, or no room (the endpoint's `dropped` counts) */
    UDP_NOBODY              /* port unreachable is due (RFC 1122 4.1.3.1), unless p->early */
};
struct udp_result {
    enum udp_verdict verdict;
    const char *why;                /* constant text for udp_dropped, or for frame_dropped when not
                                       `addressed`; NULL when queued */
    aksu_udp to;
    uint64_t cookie;
    bool addressed;                         /* these are known, be they damaged: */
    struct aksu_endpoint local, remote;     /* as in the datagram */
    uint32_t length;                        /* of the text */
};
struct udp_result udp_input(struct udp *u, const struct ip_packet *p);
/* An ICMP error about a datagram: kept for the next udp_receive or udp_send of its endpoint (RFC
 * 1122 4.1.3.3). True, and the endpoint in *to, when there is one. The kind MTU is not told: the
 * next datagram is cut smaller. IGNORE changes nothing, and is false. */
bool udp_icmp(struct udp *u, const struct icmp_error *e, aksu_udp *to, uint64_t *cookie);
/* A local failure for one endpoint (the next hop does not answer): same channel. */
void udp_fail(struct udp *u, aksu_udp handle, enum aksu_status status);

/* Queues one datagram. `from` NULL: the endpoint's own (address unspecified: the stack chooses by
 * route; any_port endpoints must give it whole). `to` NULL: the remote of the endpoint. OK,
 * TOO_LONG, REMOTE_UNSPECIFIED, INVALID (families differ, `from` missing), NO_RESOURCES (queue or
 * pool full), DOES_NOT_EXIST, or, with a fixed remote, the ICMP error that was waiting (told once;
 * nothing is queued). */
enum aksu_status udp_send(struct udp *u, aksu_udp handle, const struct aksu_endpoint *from,
                          const struct aksu_endpoint *to, const void *data, size_t length);
/* Octets of the oldest datagram, cut to `room`, or -status: WOULD_BLOCK, DOES_NOT_EXIST, an ICMP
 * error. `from` and `to` (where it was sent: RFC 1122 4.1.3.5) may be NULL. */
ptrdiff_t udp_receive(struct udp *u, aksu_udp handle, struct aksu_endpoint *from,
                      struct aksu_endpoint *to, void *data, size_t room);

/* The datagram at the head of the endpoint whose turn it is. */
struct udp_datagram {
    aksu_udp from;
    struct aksu_endpoint local, remote;     /* local.ip may be unspecified: route_lookup */
    uint32_t device;                        /* through which it must go; 0: any */
    uint32_t length;                        /* of the text */
    uint32_t parts;
    struct aksu_slice text[UDP_OUT_PARTS];  /* borrowed until the next udp call */
};
bool udp_next_datagram(const struct udp *u, struct udp_datagram *out);
/* Then one of: it was sent (or given up): the next one, another endpoint's turn; */
void udp_datagram_done(struct udp *u);
/* or its next hop is not known yet: its endpoint waits until udp_unpark. */
void udp_datagram_park(struct udp *u);
void udp_unpark(struct udp *u);             /* on every neighbour news: all parked ones try again */

/* The 8 octets of header for datagram d, checksum over d->text; local.ip must be
 * filled in. A zero checksum is sent as ffff (RFC 768). */
void udp_header_build(uint8_t to[8], const struct udp_datagram *d);

#endif
