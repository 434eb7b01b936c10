/* stack.h - one stack: a region of memory, frames in, frames out, time. No threads, no globals,
 * no callbacks needed, no call blocks. Several stacks may live in one process; one stack must be
 * used by one thread at a time. */
#ifndef AKSU_STACK_H
#define AKSU_STACK_H

#include "aksu/config.h"

#ifdef __cplusplus
extern "C" {
#endif

struct aksu;

/* A new stack, or NULL: no memory, memory_limit below 256 KiB (and 64 octets for a region of the
 * caller's), too small for the tables of max_connections, `memory` given without memory_limit, or
 * a name that no algorithm has. Free it with aksu_free; a region of the caller's stays his. */
AKSU_API struct aksu *aksu_new(const struct aksu_config *config, aksu_time now);
AKSU_API void aksu_free(struct aksu *net);

/* A device is where frames come from and go to. With a MAC address they are Ethernet II frames and
 * neighbours are resolved (RFC 826, RFC 4861); without, bare IP packets. */
enum { AKSU_OFFLOAD_CHECKSUM = 1,   /* the device completes TCP checksums and vouches for them */
       AKSU_OFFLOAD_TSO = 2 };      /* it cuts TCP segments, CWR in the first; implies CHECKSUM */
struct aksu_device_config {
    const char *name;        /* for messages; borrowed for the call, the first 15 octets are kept */
    uint8_t mac[6];             /* all zero: no Ethernet header */
    uint32_t mtu;               /* of the IP packet, 68..65535 [1500] */
    uint32_t offload;
    bool carries_loopback;      /* a link in memory: loopback addresses, and our own as a source,
                                   may arrive over it. Never for a link to a network */
};
/* INVALID (mtu, a group MAC address), NO_RESOURCES (more than 63 devices). */
AKSU_API enum aksu_status aksu_attach(struct aksu *net, const struct aksu_device_config *config,
                                      aksu_device *out);

/* Addresses and routes; `text` as "10.0.0.2/24" or "2001:db8::2/64". A connected route comes with
 * the address; without "/N" it is a single host. A device with a MAC address tells everybody on its
 * link of a new address, twice within 2 s (RFC 5227 2.3, RFC 4861 7.2.6). aksu_route_add: `prefix`
 * as "0.0.0.0/0", gateway NULL for on-link. INVALID (text, device, an address that no host can
 * have), ALREADY_EXISTS (the same address on the same device), NO_RESOURCES (more than 16 addresses
 * or 32 routes). */
AKSU_API enum aksu_status aksu_address_add(struct aksu *net, aksu_device device, const char *text);
AKSU_API enum aksu_status aksu_route_add(struct aksu *net, aksu_device device, const char *prefix,
                                         const char *gateway);
/* From now on packets to any address are ours: for gateways. INVALID (device). */
AKSU_API enum aksu_status aksu_accept_any(struct aksu *net, aksu_device device, bool on);

/* A frame in up to AKSU_FRAME_PARTS pieces. In: part[0] must hold all headers; borrowed for the
 * call. Out: borrowed until the next call on this stack. */
enum { AKSU_FRAME_PARTS = 19 };
struct aksu_frame {
    aksu_device device;
    uint32_t parts;
    uint32_t length;            /* of all parts */
    uint16_t gso_size;          /* with TSO: out, cut the TCP text into pieces of this; in, it was
                                   such pieces; 0: as it is */
    bool checksum_partial;      /* out, with CHECKSUM: the TCP checksum field holds the pseudo
                                   header's sum; in: it has been verified (or never left memory) */
    struct aksu_slice part[AKSU_FRAME_PARTS];
};

/* One frame arrives. Anything may be in it: what is malformed is counted and an event, nothing
 * else. */
AKSU_API void aksu_frame_in(struct aksu *net, aksu_device device, const struct aksu_frame *frame,
                            aksu_time now);
/* Frames that arrived together, in their order. Segments of one connection that follow each other
 * are processed as one (GRO), with one ACK: what an interface hands over as a batch. */
AKSU_API void aksu_frames_in(struct aksu *net, aksu_device device, const struct aksu_frame *frames,
                             uint32_t count, aksu_time now);
/* The next frame to transmit; false when there is none. Call until false after each batch of
 * aksu_frame_in, aksu_timeouts or user calls. */
AKSU_API bool aksu_frame_out(struct aksu *net, struct aksu_frame *out, aksu_time now);

/* When aksu_timeouts should be called next: not later than the earliest deadline, AKSU_NEVER when
 * there is none. Calling earlier or later does no harm. */
AKSU_API aksu_time aksu_next_timeout(const struct aksu *net);
AKSU_API void aksu_timeouts(struct aksu *net, aksu_time now);

/* What became possible since it was last said (edge-triggered). */
enum { AKSU_SYN_HELD = 1,       /* answer with aksu_complete, _refuse, _unreachable or _ignore */
       AKSU_ACCEPTABLE = 2,     /* the listener has a connection: aksu_accept */
       AKSU_CONNECTED = 4,      /* ESTABLISHED */
       AKSU_READABLE = 8,       /* text to receive */
       AKSU_WRITABLE = 16,      /* room to send again after a short count */
       AKSU_PEER_CLOSED = 32,   /* all text up to the peer's FIN can be received, then 0 */
       AKSU_SENT = 64,          /* everything sent, and our FIN if there is one, was acknowledged */
       AKSU_FAILED = 128,       /* the connection is gone; aksu_status() says why */
       AKSU_URGENT = 256, AKSU_SOFT_ERROR = 512, AKSU_DATAGRAM = 1024,
       AKSU_ECHO = 2048         /* aksu_echo_receive has something (ip.h) */ };
struct aksu_ready {
    uint32_t what;              /* bits */
    aksu_conn conn;             /* for SYN_HELD and all that concern a connection */
    aksu_listener listener;     /* for ACCEPTABLE, and for SYN_HELD the one that held it */
    aksu_udp udp;               /* for DATAGRAM */
    uint64_t cookie;            /* what the application gave with the object */
};
AKSU_API bool aksu_next_ready(struct aksu *net, struct aksu_ready *out);

/* Counters since the stack was made: one per event kind, and the budget. */
struct aksu_counters {
    uint64_t event[AKSU_EV_COUNT];      /* counted whether or not there is a sink */
    uint64_t memory_limit, memory_used, memory_most;    /* octets */
    uint32_t connections, time_wait, listeners, udp;
    uint32_t half_open;                 /* of listeners; they are among the connections */
};
AKSU_API void aksu_counters(const struct aksu *net, struct aksu_counters *out);

#ifdef __cplusplus
}
#endif
#endif
