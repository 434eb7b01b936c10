/* options.h - settings of one connection. Included by socket.h, and its rules for calls hold. */
#ifndef AKSU_OPTIONS_H
#define AKSU_OPTIONS_H

#include "aksu/stack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Per-connection settings; before or after it is established. INVALID: out of range. */
enum aksu_option {
    AKSU_OPTION_NODELAY,        /* 0/1: no Nagle (RFC 9293 3.7.4 [MUST-17]) */
    AKSU_OPTION_KEEPALIVE,      /* 0/1 [MUST-24] [0] */
    AKSU_OPTION_KEEPALIVE_IDLE, AKSU_OPTION_KEEPALIVE_INTERVAL,     /* ms [2 h, 75 s] */
    AKSU_OPTION_KEEPALIVE_COUNT,                                    /* probes [9] */
    AKSU_OPTION_USER_TIMEOUT,   /* ms; 0: none (R2 holds) [MUST-21] */
    AKSU_OPTION_R2,             /* retransmissions, 1..200; UINT32_MAX: never give up [MUST-21] */
    AKSU_OPTION_LINGER_MS, /* abort this long after aksu_close unless all is acknowledged; -1 off */
    AKSU_OPTION_DSCP, AKSU_OPTION_TTL,              /* 0..63 [MUST-48], 1..255 [MUST-49] */
    AKSU_OPTION_SOFT_ERRORS,    /* 0: do not report them [SHLD-20] */
    /* Octets, 4096..64 MiB less 4096: from then on of this size, it does not grow by itself. */
    AKSU_OPTION_SEND_BUFFER, AKSU_OPTION_RECEIVE_BUFFER,
    AKSU_OPTION_ECN, AKSU_OPTION_MAX_SEGMENT, /* enum aksu_ecn, 88..65535; ILLEGAL after the SYN */
    /* RFC 5482. Seconds that the peer is told to have patience, up to 1966020, 0: the user timeout
     * or 5 min; -1: off. When it is on, the greater of both ends' is the user timeout, within the
     * config's limits, and R2 does not count; unless the user has set one (CHANGEABLE is 0). */
    AKSU_OPTION_USER_TIMEOUT_OPTION, AKSU_OPTION_USER_TIMEOUT_CHANGEABLE
};
AKSU_API enum aksu_status aksu_set(struct aksu *net, aksu_conn conn, enum aksu_option option,
                                   int64_t value, aksu_time now);
/* "cubic", "reno" or "bbr" for what is sent from now on, and for the rest of a recovery that is
 * under way; the window stays, or after "bbr" is reduced for it. INVALID: no such algorithm. */
AKSU_API enum aksu_status aksu_set_congestion_control(struct aksu *net, aksu_conn conn,
                                                      const char *name, aksu_time now);
AKSU_API enum aksu_status aksu_set_cookie(struct aksu *net, aksu_conn conn, uint64_t cookie);

#ifdef __cplusplus
}
#endif
#endif
