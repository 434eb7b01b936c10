/* config.h - what a stack is made with. Included by stack.h. */
#ifndef AKSU_CONFIG_H
#define AKSU_CONFIG_H

#include "aksu/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every field may be 0: then the default in brackets holds. */
struct aksu_config {
    size_t memory_limit;        /* octets of everything this stack may ever own [64 MiB] */
    void *memory;             /* the caller's region of memory_limit octets, or NULL: mapped here */
    uint8_t seed[16];           /* all randomness; from the system's generator in production. All
                                   zero is a seed like any other (repeatable runs) */
    struct aksu_sink *sink;     /* events go here; must outlive the stack [none] */
    uint32_t max_connections;   /* [as many as fit in a half of the memory, at most 2^20] */
    uint32_t max_half_open;     /* of all listeners [max_connections, at most 2^16] */
    uint32_t max_time_wait;     /* TIME-WAIT records [max_connections] */
    aksu_time msl;              /* RFC 9293 3.4.1; TIME-WAIT lasts twice this [30 s] */
    aksu_time rto_initial, rto_min, rto_max;    /* RFC 6298 [1 s, 200 ms, 120 s] */
    aksu_time syn_r2;           /* how long a SYN is repeated, RFC 9293 3.8.3 [180 s] */
    uint32_t data_r2;           /* retransmissions of one segment before giving up [15] */
    uint32_t data_r1;           /* ... before the network layer and the user are told [3] */
    aksu_time delayed_ack;      /* less than 500 ms, RFC 9293 3.8.6.3 [40 ms] */
    aksu_time fin_wait_2;       /* limit for connections that nobody holds any more [60 s] */
    uint32_t orphan_probes;     /* of a closed window, by one that nobody holds; 1..255 [8] */
    uint32_t initial_window;    /* segments, RFC 6928 [10] */
    uint32_t slow_start_limit;  /* segments that one ACK may add to cwnd in slow start when nothing
                                   is paced, RFC 9406 4.3 (L), at most 65535 [8] */
    aksu_time peer_ack_delay;   /* for which a peer may hold an ACK back, at most 1 s: a loss probe
                                   waits for it, RFC 8985 7.2 (TLP.max_ack_delay) [50 ms] */
    uint32_t send_buffer, receive_buffer;   /* octets per connection, 4096..64 MiB [256 KiB] */
    uint32_t send_buffer_most;      /* the send buffer grows with cwnd up to this, the receive */
    uint32_t receive_buffer_most;   /* buffer with what the user takes in a round trip; not beyond
                                       a quarter of the free memory [16 MiB less 4096 octets, or a
                                       quarter of memory_limit] */
    uint32_t challenge_acks;    /* per connection and challenge_interval, RFC 5961 7 [10] */
    aksu_time challenge_interval;       /* [1 s] */
    const char *congestion_control;     /* "cubic", "reno", "bbr" [cubic]; RFC 9438, RFC 5681 */
    const char *loss_detection;         /* with SACK: "rack", "sack" [rack]; RFC 8985, RFC 6675 */
    aksu_time reordering_window;        /* RACK waits at least so long for what is late, on a link
                                           that repeats frames; SRTT at most, RFC 8985 6.2 [0] */
    uint8_t ttl;                /* [64] */
    enum aksu_ecn ecn;          /* [accept, do not ask] */
    bool no_timestamps, no_sack, no_window_scale;   /* not offered, not accepted */
    bool no_dsack;              /* text that came twice is not reported, RFC 2883 */
    bool no_quick_acks;         /* a full segment at the start waits for the second one too */
    bool quick_short_acks;      /* at the start short ones wait no more, until one is answered */
    bool tolerate_no_timestamps;    /* although agreed: RFC 7323 3.2 would drop the segment */
    bool reset_keeps_text;      /* what came before a RST can still be received, as on Linux;
                                   RFC 9293 3.10.7.4 flushes it */
    bool empty_window_probes;   /* a probe of a closed window is an ACK below SND.UNA, as on
                                   Linux; RFC 9293 3.8.6.1 would have an octet of text in it */
    bool no_challenge_acks;     /* what RFC 5961, or RFC 9293 3.10.7.4, would answer with an ACK and
                                   drop is dropped without a word */
    bool no_rfc5961;            /* RST and SYN as RFC 9293 3.10.7.4 without the RFC 5961 checks */
    bool no_rfc1337;            /* a RST in TIME-WAIT deletes the record */
    bool no_pacing;             /* what cwnd allows leaves at once (but for "bbr") */
    uint32_t user_timeout_option;       /* seconds: the option is sent with this and heard, for all
                                           connections; 0: only by AKSU_OPTION_..., RFC 5482 */
    aksu_time user_timeout_least, user_timeout_most;    /* of what is adopted [100 s, 1 h] */
    enum aksu_mtu_probing mtu_probing;  /* [AKSU_MTU_PROBING_BLACK_HOLE]; RFC 4821 */
    enum aksu_syn_cookies syn_cookies;  /* [AKSU_SYN_COOKIES_WHEN_FULL]; RFC 4987 */
    enum aksu_backlog_full backlog_full;    /* [AKSU_BACKLOG_FULL_DROP] */
    bool no_port_randomization; /* ephemeral ports in order (tests) */
};

#ifdef __cplusplus
}
#endif
#endif
