/* stack.h - one stack: everything it owns, in one region (struct aksu at its start, the hash
 * tables, then the pool). Frames in, frames out, time. Nothing is allocated after stack_init.
 * Called by socket/. */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include "ip/icmp_out.h"
#include "ip/input.h"
#include "ip/path_mtu.h"
#include "ip/ports.h"
#include "neighbor/neighbor.h"
#include "stack/conn.h"
#include "stack/echo.h"
#include "stack/listener.h"
#include "stack/pending.h"
#include "stack/syn_cache.h"
#include "stack/time_wait.h"
#include "udp/udp.h"

enum { DEVICE_SELF = 255, STACK_LEAST = 256 << 10 };
enum { STACK_HEADER_MOST = 14 + IP_OUT_HEADER_MOST + 60 };

struct device {
    uint8_t mac[6];
    bool ethernet, checksum, tso;
    uint32_t mtu, mtu_v6;       /* mtu_v6: as a router advertises it, not more than mtu */
    char name[16];
};

/* The last next hop that was resolved: whole bursts go to one. Forgotten when the cache has news,
 * and after a while, so that the cache sees who is in use. */
struct known_hop {
    struct aksu_ip ip;
    aksu_time until;
    uint32_t device;
    uint8_t mac[6];
};

/* An address of ours that the link has not been told of as often as it must be. */
struct announcement {
    struct aksu_ip ip;
    aksu_time at;                           /* of the next; NEVER: it is owed now */
    uint8_t device, sent;
};

/* Who has something to send; a bit may be set without need, never missing. */
enum { OWES_PACKET = 1, OWES_NEIGHBOR = 2, OWES_UDP = 4, OWES_TCP = 8, OWES_SYN = 16 };

struct aksu {
    /* What every frame touches stands together. */
    uint32_t owes;
    uint32_t route_version;
    uint8_t ttl;
    bool fragments;                         /* reassembly may have a deadline */
    uint32_t doubted;                       /* neighbours that a connection could confirm */
    struct conn_queue turns, parked;        /* through turn_next */
    struct conn_queue ready;                /* through link */
    slab_ref udp_ready_first, udp_ready_last;
    struct conn_table table;
    struct slab conns;
    struct pool pool;
    uint32_t devices, gateways;
    uint32_t generation, max_connections;
    struct pending pending;
    struct emitter events;
    struct tcp_env tcp;
    struct known_hop hop;
    struct slab ranges;
    struct route_table routes;
    struct device device[ROUTE_DEVICES];    /* device index - 1 */
    struct listener_table listeners;
    struct wheel wheel;
    struct time_wait_table time_wait;
    struct syn_cache syn_cache;
    uint32_t half_open, max_half_open;      /* records and connections of all listeners */
    struct conn last_syn;                   /* of the last SYN: its TCB, and the way to its peer */
    slab_ref last_syn_of;                   /* the record that it stands for; 0: none */

    /* What the last frame out borrows. */
    struct tcp_segment segment;
    uint8_t header[STACK_HEADER_MOST];
    uint8_t udp_header[8];
    struct ip_cutter cutter;
    aksu_udp cutting;                       /* whose datagram; index 0: none */
    struct route_result way;                /* of that datagram */
    uint8_t way_mac[6];
    struct ip_piece piece;

    struct neighbor_cache neighbors;
    struct udp udp;
    struct path_mtu_table path_mtu;
    struct reassembly reassembly;
    struct ip_ids ids;
    struct icmp_limit icmp_limit;
    struct ports ports;
    struct aksu_ip gateway[ROUTE_ROUTES];

    uint32_t announcements;
    struct announcement announcement[ROUTE_ADDRESSES];
    struct echo echo;
    uint8_t syn_cookies, backlog_full;      /* enum aksu_syn_cookies, aksu_backlog_full */
    aksu_time cookies_until;                /* until then a cookie of ours may come back */
    struct sipkey autoconf_key;
    aksu_time autoconf_due;                 /* NEVER: nothing to do */
    page_ref autoconf;                      /* struct autoconf; 0: never asked for */

    size_t size;                            /* of the region */
    void *mapped;                           /* by socket/: to be given back */
    size_t mapped_size;
};

/* A reference that is in use. */
static inline struct conn *conn_at(const struct aksu *net, slab_ref ref)
{
    return slab_at(&net->conns, ref);
}

/* What max_connections limits. */
static inline uint32_t stack_connections(const struct aksu *net)
{
    return net->conns.in_use + net->syn_cache.slab.in_use;
}

/* Lays a stack over `memory` (64-octet aligned; `zeroed`: known to be all zero, so that nothing
 * needs to be touched). NULL: too small. The stack is at `memory`. */
struct aksu *stack_init(void *memory, size_t size, bool zeroed, const struct aksu_config *config,
                        aksu_time now);

static inline uint64_t stack_memory_left(const struct aksu *net)        /* octets */
{
    return (uint64_t)pool_left(&net->pool) * POOL_PAGE;
}
static inline struct device *stack_device(struct aksu *net, uint32_t index)     /* NULL: none */
{
    return index - 1u < net->devices ? &net->device[index - 1] : NULL;
}

#endif
