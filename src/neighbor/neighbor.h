/* neighbor.h - who has this IP address on the link: ARP (RFC 826) and neighbour discovery (RFC
 * 4861 7) as one state machine with the states of RFC 4861 7.3.2. A fixed table; entries in use
 * are never pushed out by a flood. Sans-I/O: packets in as parsed values, packets owed are pulled;
 * no events are emitted here: neighbor_next_news tells the stack what changed (event neighbor,
 * parked senders). Duplicate address detection and router discovery are the stack's. */
#ifndef NEIGHBOR_NEIGHBOR_H
#define NEIGHBOR_NEIGHBOR_H

#include "base/ip_addr.h"
#include "base/siphash.h"
#include "base/time.h"
#include "wire/arp.h"
#include "wire/icmp.h"

enum { NEIGHBOR_MOST = 256, NEIGHBOR_BUCKETS = 256, NEIGHBOR_REPLIES = 32,
       NEIGHBOR_SOLICITS = 3 };     /* MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT: RFC 4861 10 */
#define NEIGHBOR_RETRANS AKSU_SECONDS(1)    /* RETRANS_TIMER */
#define NEIGHBOR_DELAY_FIRST AKSU_SECONDS(5)    /* DELAY_FIRST_PROBE_TIME */
#define NEIGHBOR_FAILED_HOLD AKSU_SECONDS(3)    /* after a failure nobody is asked for so long */

enum neighbor_state {
    NEIGHBOR_FREE, NEIGHBOR_INCOMPLETE, NEIGHBOR_REACHABLE, NEIGHBOR_STALE, NEIGHBOR_DELAY,
    NEIGHBOR_PROBE, NEIGHBOR_FAILED, NEIGHBOR_STATE_COUNT
};
const char *neighbor_state_name(enum neighbor_state state);     /* "REACHABLE"; FREE: "gone" */

struct neighbor_entry {
    struct aksu_ip ip, source;          /* source: ours, for the solicitations */
    uint8_t mac[6];
    uint8_t state;                      /* enum neighbor_state */
    uint8_t solicits;                   /* sent in this state */
    uint8_t owed, news;                 /* a solicitation is owed; a change is untold */
    bool router;                        /* the IsRouter flag */
    uint32_t device;
    aksu_time until;                    /* of the state; NEVER: no timer */
    aksu_time used;                     /* last resolve */
    uint16_t next;                      /* in its bucket: 1 + index; 0 none */
};

struct neighbor_reply {                 /* an answer owed */
    struct aksu_ip target, to;          /* target: ours */
    uint8_t mac[6];
    uint32_t device;
    bool solicited;
};

struct neighbor_cache {                 /* about 22 KiB */
    struct sipkey key;
    aksu_time reachable_time;           /* 30 s times 0.5..1.5: RFC 4861 6.3.2 */
    aksu_time deadline;                 /* not later than the earliest `until` */
    uint32_t count, owed, news;         /* entries; with owed; with news */
    bool wakes;                         /* one is not INCOMPLETE any more: for the owner */
    uint32_t doubted;                   /* entries that neighbor_confirm would help */
    uint32_t owed_at, news_at;          /* where the round robin goes on */
    uint32_t reply_first, replies;
    uint16_t last;                      /* found last: asked for again by every packet of a flow */
    uint16_t bucket[NEIGHBOR_BUCKETS];
    struct neighbor_entry entry[NEIGHBOR_MOST];
    struct neighbor_reply reply[NEIGHBOR_REPLIES];
};

void neighbor_init(struct neighbor_cache *n, const struct sipkey *key);

/* KNOWN: send to mac. PENDING: a solicitation is owed or out; ask again when neighbor_next_news
 * says so. UNREACHABLE: nobody answers: host unreachable, a soft error. FULL: no room, as if lost.
 * `source`: an address of ours on that device, for the solicitation (the packet's own source if it
 * is one, else route_lookup's choice). Multicast groups and the limited broadcast address are
 * mapped at once (RFC 2464 7); a subnet's broadcast address is the caller's
 * (route_result.broadcast). */
enum neighbor_answer { NEIGHBOR_KNOWN, NEIGHBOR_PENDING, NEIGHBOR_UNREACHABLE, NEIGHBOR_FULL };
enum neighbor_answer neighbor_resolve(struct neighbor_cache *n, uint32_t device,
                                      const struct aksu_ip *ip, const struct aksu_ip *source,
                                      uint8_t mac[6], aksu_time now);

/* Upper layers: forward progress with this next hop (RFC 4861 7.3.1), and the opposite, negative
 * advice: ask at once (RFC 9293 3.8.3 [MUST-20]). */
void neighbor_confirm(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *ip,
                      aksu_time now);
void neighbor_suspect(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *ip,
                      aksu_time now);

/* `source` is no address of ours any more: what was asked for from it is forgotten. */
void neighbor_forget(struct neighbor_cache *n, const struct aksu_ip *source);

/* An ARP packet arrives. target_is_ours: route_is_own of its target_ip (on any device);
 * sender_is_ours: of its sender_ip (an address conflict: ignored). NULL: taken; else why it was
 * not. */
const char *neighbor_arp(struct neighbor_cache *n, uint32_t device, const struct arp_packet *in,
                         bool target_is_ours, bool sender_is_ours, aksu_time now);
/* A neighbour solicitation or advertisement arrives (checked by wire_icmpv6_parse, RFC 4861 7.1).
 * */
const char *neighbor_nd(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *source,
                        const struct aksu_ip *destination, const struct icmp_message *in,
                        bool target_is_ours, aksu_time now);

/* A router advertisement arrives (checked the same way): its source link-layer address.
 * RFC 4861 6.3.4 */
void neighbor_router(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *source,
                     const struct icmp_message *in, aksu_time now);

/* The next packet owed, as a value. */
struct neighbor_packet {
    uint32_t device;
    bool reply;                         /* ARP reply / advertisement; else request / solicitation */
    bool solicited;                     /* advertisement: S flag */
    struct aksu_ip target;              /* who is asked for, or (reply) our address */
    struct aksu_ip source, destination; /* of the IPv6 packet; source also the ARP sender's address,
                                           destination of an ARP reply: whom it is for */
    uint8_t mac[6];                     /* link-layer destination */
};
bool neighbor_next_packet(struct neighbor_cache *n, struct neighbor_packet *out, aksu_time now);
/* The whole Ethernet frame for it, from our address `mac`. Returns its length; 0: no room. */
enum { NEIGHBOR_FRAME_MOST = 14 + 40 + 32 };
size_t neighbor_build(const struct neighbor_packet *p, const uint8_t mac[6], uint8_t *to,
                      size_t room);

/* What changed since it was last said, one entry per call; only the newest state of each. */
struct neighbor_news {
    struct aksu_ip ip;
    uint32_t device;
    enum neighbor_state state;
};
bool neighbor_next_news(struct neighbor_cache *n, struct neighbor_news *out);

aksu_time neighbor_next_timeout(const struct neighbor_cache *n);   /* or NEVER; may be early */
void neighbor_timeouts(struct neighbor_cache *n, aksu_time now);

#endif
