/* socket.h - the user calls of RFC 9293 3.9.1: OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS under
 * their own names, and what sockets need beside them. A call that cannot be carried out says why
 * and changes nothing. Every call that takes a handle answers DOES_NOT_EXIST when it is stale;
 * what is listed at a call comes in addition. */
#ifndef AKSU_SOCKET_H
#define AKSU_SOCKET_H

#include "aksu/options.h"

#ifdef __cplusplus
extern "C" {
#endif

/* OPEN, active (RFC 9293 3.9.1.1). The handle is live at once; AKSU_CONNECTED or AKSU_FAILED
 * follows. REMOTE_UNSPECIFIED, ADDRESS_UNAVAILABLE, ALREADY_EXISTS, UNREACHABLE_NET,
 * NO_RESOURCES. */
struct aksu_open {
    struct aksu_endpoint remote;
    struct aksu_endpoint local;    /* unspecified address: by route; port 0: ephemeral (RFC 6056) */
    uint64_t cookie;                /* comes back in aksu_ready */
    bool fast_open, fast_open_no_cookie;    /* fast_open.h */
    aksu_time fast_open_wait;       /* with a cookie: so long the SYN waits for aksu_send */
};
AKSU_API enum aksu_status aksu_open(struct aksu *net, const struct aksu_open *how, aksu_conn *out,
                                    aksu_time now);

/* OPEN, passive. ALREADY_EXISTS (port taken), ADDRESS_UNAVAILABLE, NO_RESOURCES. */
struct aksu_listen {
    struct aksu_endpoint local;     /* unspecified address: any of ours; port 0: any port */
    struct aksu_endpoint remote;    /* unspecified: anybody; else only this peer may connect */
    uint32_t backlog;               /* established, to be accepted [128] */
    uint32_t syn_backlog;           /* half-open; more are answered by cookie [backlog] */
    bool hold_syn;                  /* tell of each SYN before it is answered */
    bool fast_open_no_cookie;       /* fast_open.h, with `fast_open`. Not with hold_syn */
    uint32_t fast_open;             /* connections before the end of their handshake; 0: off */
    uint64_t cookie;
};
AKSU_API enum aksu_status aksu_listen(struct aksu *net, const struct aksu_listen *how,
                                      aksu_listener *out, aksu_time now);
/* The oldest established connection. WOULD_BLOCK: none. */
AKSU_API enum aksu_status aksu_accept(struct aksu *net, aksu_listener listener, aksu_conn *out,
                                      aksu_time now);
/* No more connections; those not yet accepted are aborted. */
AKSU_API enum aksu_status aksu_close_listener(struct aksu *net, aksu_listener l, aksu_time now);
/* 16 octets [of the seed]: stacks with one key from the start, one clock (within 1 s), one config
 * take each other's SYN cookies. Those of the key before are good for two more minutes. */
AKSU_API void aksu_set_syn_cookie_key(struct aksu *net, const uint8_t *key, aksu_time now);

/* The four answers to a held SYN; ILLEGAL when the connection is not held. After complete the
 * connection is the caller's (no accept); after the others it does not exist. */
AKSU_API enum aksu_status aksu_complete(struct aksu *net, aksu_conn conn, aksu_time now);
AKSU_API enum aksu_status aksu_refuse(struct aksu *net, aksu_conn conn, aksu_time now);
/* ICMP unreachable of this code (IPv4 codes, RFC 792; translated for IPv6 as RFC 7915 4.2 does). */
AKSU_API enum aksu_status aksu_unreachable(struct aksu *net, aksu_conn conn, uint8_t code,
                                           aksu_time now);
AKSU_API enum aksu_status aksu_ignore(struct aksu *net, aksu_conn conn, aksu_time now);

/* SEND (RFC 9293 3.9.1.2): copies what there is room for. Returns octets taken, or -status:
 * WOULD_BLOCK (no room), CLOSING, DOES_NOT_EXIST or the reason why the connection failed. */
enum { AKSU_URGENT_DATA = 1,    /* the last octet ends urgent data; legacy, RFC 6093 */
       AKSU_MORE = 2 };         /* no PUSH, no partial segment yet; ended by a SEND of 0 octets */
AKSU_API ptrdiff_t aksu_send(struct aksu *net, aksu_conn conn, const void *data, size_t length,
                             unsigned flags, aksu_time now);
/* SEND in place: room in up to `most` pieces (returned count, or -status), 256 KiB at most, to be
 * filled and then committed, before any other call on this stack. */
AKSU_API ptrdiff_t aksu_reserve(struct aksu *net, aksu_conn conn, struct aksu_space *out,
                                unsigned most, aksu_time now);
/* INVALID: more than was reserved; else as aksu_send. */
AKSU_API enum aksu_status aksu_commit(struct aksu *net, aksu_conn conn, size_t length,
                                      unsigned flags, aksu_time now);

/* RECEIVE (3.9.1.3): octets copied, 0 after the peer's FIN, or -status (WOULD_BLOCK: none now). */
AKSU_API ptrdiff_t aksu_receive(struct aksu *net, aksu_conn conn, void *data, size_t room,
                                aksu_time now);
/* RECEIVE in place: the text that is there in up to `most` borrowed pieces (returned count; 0
 * after the peer's FIN, or -status), valid until the next call on this stack; then consume what
 * was used. */
AKSU_API ptrdiff_t aksu_peek(struct aksu *net, aksu_conn conn, struct aksu_slice *out,
                             unsigned most);
/* INVALID: more than there is. */
AKSU_API enum aksu_status aksu_consume(struct aksu *net, aksu_conn conn, size_t length,
                                       aksu_time now);

/* CLOSE (3.9.1.4): no more will be sent; FIN follows the last octet. Receiving goes on
 * (half-close). CLOSING: it was closed before; or the reason why the connection failed. */
AKSU_API enum aksu_status aksu_shutdown(struct aksu *net, aksu_conn conn, aksu_time now);
/* CLOSE, and the handle is given back. With text unread the peer gets RST:
 * RFC 9293 3.6.1 [SHLD-3]. Works on a failed connection too: every handle ends with aksu_close or
 * aksu_abort. */
AKSU_API enum aksu_status aksu_close(struct aksu *net, aksu_conn conn, aksu_time now);
/* ABORT (3.9.1.5): RST, everything queued is discarded, the handle is given back. */
AKSU_API enum aksu_status aksu_abort(struct aksu *net, aksu_conn conn, aksu_time now);

/* STATUS (3.9.1.6). OK also for a connection that has failed: `reason` says why. */
struct aksu_info {
    enum aksu_tcp_state state;
    enum aksu_status reason;            /* why it failed; OK while it lives */
    enum aksu_status soft_error;        /* the last one (RFC 5461); OK: none */
    struct aksu_endpoint local, remote;
    uint32_t snd_una, snd_nxt, snd_wnd, iss, rcv_nxt, rcv_wnd, irs;     /* Table 2, Table 3 */
    uint32_t send_queued, send_unacked, send_room, receive_queued;      /* octets */
    uint32_t send_buffer, receive_buffer;   /* octets; as large as they are now */
    uint32_t snd_mss, rcv_mss, cwnd, ssthresh;                          /* octets */
    uint32_t srtt_us, rttvar_us, rto_us;
    uint8_t snd_wscale, rcv_wscale;
    bool timestamps, sack, ecn, urgent_pending, peer_closed, held;  /* the first three: agreed */
    uint32_t user_timeout_ms;           /* in force: the user's, or by RFC 5482; 0: none */
    bool active;                        /* from an active OPEN */
    bool fast_open;                     /* text on the SYN was taken, theirs or ours */
    uint32_t urgent_left;               /* octets up to the urgent pointer */
    uint64_t octets_in, octets_out;     /* text, each octet once */
    uint32_t segments_in, segments_out, retransmits, backoff;
    const char *congestion_control;     /* "cubic", "reno", "bbr" */
    const char *recovery;               /* "open", "disorder" (something is SACKed), "recovery"
                                           (fast), "loss" (after a retransmission timeout) */
    uint32_t in_flight, sacked, lost;   /* octets: pipe (RFC 6675 4); not in it are those that are
                                           SACKed, or deemed lost and not sent again */
    uint32_t resent;                    /* octets sent again that wait for their ACK */
    uint32_t reordering;                /* octets: how far behind others some came late at most */
    uint32_t min_rtt_us;                /* of the last 10 s or so; 0: not known */
    uint64_t pacing_rate;               /* octets per second; 0: not paced */
    const char *timer;                  /* which one runs out next, as in the event `timer`; "IDLE":
                                           when memory for sending is given back; NULL: none */
    aksu_time timer_at;                 /* AKSU_NEVER: none */
};
AKSU_API enum aksu_status aksu_status(const struct aksu *net, aksu_conn conn,
                                      struct aksu_info *out);
/* All connections whose handle was not given back, one after the other: *cursor is 0 before the
 * first call. False: no more. Those opened or gone meanwhile may or may not be among them. What is
 * left of one after aksu_close, half-open ones of listeners, and TIME-WAIT records have no handle:
 * aksu_counters counts them. */
AKSU_API bool aksu_next_connection(const struct aksu *net, uint32_t *cursor, aksu_conn *out);

#ifdef __cplusplus
}
#endif
#endif
