/* env.h - what all connections of one stack share: configuration, memory, keys, and the algorithms
 * behind the seams. Filled in by the owner before the first tcp_init(). */
#ifndef TCP_ENV_H
#define TCP_ENV_H

#include "base/pool.h"
#include "base/ranges.h"
#include "base/siphash.h"
#include "event/emit.h"
#include "tcp/ao.h"
#include "tcp/fast_open.h"
#include "tcp/sender.h"
#include "tcp/syn_cookie.h"

/* Defaults are filled in by the stack; the fields are those of struct aksu_config. */
struct tcp_config {
    aksu_time msl, rto_initial, rto_min, rto_max, syn_r2, delayed_ack, fin_wait_2;
    aksu_time challenge_interval;
    uint32_t data_r1, data_r2, initial_window, send_buffer, receive_buffer, challenge_acks;
    uint32_t send_buffer_most, receive_buffer_most;     /* less than the buffer: it stays */
    aksu_time peer_ack_delay;
    uint32_t reordering_window_us;
    uint16_t slow_start_limit;                  /* 0: that of cc_window.c */
    uint8_t quick_acks, orphan_probes;
    bool timestamps, sack, window_scale;        /* offered and accepted */
    bool dsack;                                 /* duplicates are reported: RFC 2883 4 */
    bool rfc5961, rfc1337;
    uint32_t user_timeout_least_ms, user_timeout_most_ms;   /* RFC 5482 3.1 */
    uint16_t user_timeout_option;   /* as it is sent; 0: not enabled */
    bool quick_short;                           /* ACKs, as long as none was answered with text */
    bool empty_window_probes;
    bool tolerate_no_timestamps, reset_keeps_text;
    uint8_t ecn;                    /* enum aksu_ecn */
    uint8_t mtu_probing;            /* enum aksu_mtu_probing */
    bool pacing;                    /* also for algorithms that do not pace themselves */
};

/* Text out of order that a connection holds. */
struct tcp_held {
    struct ranges ranges;
    seq_t reported[4];              /* an octet of each block that was a first SACK block, the last
                                       one first, RFC 2018 4 */
    uint8_t reports;
    /* TS.Recent when the left edge was last at the mark or beyond, and by how much it was less a
     * window before that: see paws.c. */
    uint16_t ts_back;
    uint32_t ts_then;
    seq_t ts_mark;
};
_Static_assert(sizeof(struct tcp_held) <= 256, "sixteen on a page");

/* One per stack, shared by its connections. */
struct tcp_env {
    struct pool *pool;              /* pages of the rings */
    struct slab *reassembly;        /* objects of sizeof(struct tcp_held) */
    struct emitter *events;
    struct tcp_config config;
    struct sipkey isn_key;          /* of timestamp offsets too */
    struct cookie_keys cookies;
    struct ao_env ao;
    struct fast_open fast_open;
    struct senders senders;
    const struct cc_ops *cc;
    const struct loss_ops *loss;    /* with SACK; without it is NewReno */
    uint32_t reserve_pages;         /* when fewer pages are left, windows stop growing */
};

#endif
