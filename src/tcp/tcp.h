/* tcp.h - the TCP core as its owners see it (RFC 9293 3.10): events in, segments out, no clock, no
 * socket, no packet. Called by stack/ and by the script tests.
 *
 * The owner keeps struct tcp in memory that does not move, calls one of the events, then drains
 * tcp_next_segment() until false, arms its timer with tcp_next_timeout(), and reads `state` and
 * `notify`. A TCB that has gone to CLOSED may still owe a RST: drain before deleting; then
 * tcp_fini(). */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include "aksu/socket.h"
#include "tcp/tcb.h"

/* A TCB in CLOSED. `conn` names it in events; mtu: octets of TCP header + text that IP carries. */
void tcp_init(struct tcp *t, struct tcp_env *env, uint32_t conn, uint16_t mtu);
/* Gives back every page. */
void tcp_fini(struct tcp *t);

/* --- RFC 9293 3.10.1 to 3.10.6: user calls --- */

/* Active OPEN from CLOSED or LISTEN. `tuple` complete. */
enum aksu_status tcp_open_active(struct tcp *t, const struct tcp_tuple *tuple, aksu_time now);
/* After it, before the SYN leaves: it may carry what SEND has queued by then, and the cookie of the
 * server, or asks for one (RFC 7413 4.2). `no_cookie`: text without either. With a cookie the SYN
 * waits for the first SEND, but not longer than `wait`. ILLEGAL: too late. */
enum aksu_status tcp_fast_open(struct tcp *t, bool no_cookie, aksu_time wait, aksu_time now);
/* There is text, or the time is over. */
void tcp_fast_open_go(struct tcp *t, aksu_time now);
/* Passive OPEN from CLOSED: remote (and local address) may be unspecified; then the owner completes
 * t->tuple's addresses before the SYN arrives (segments carry ports only). */
enum aksu_status tcp_open_passive(struct tcp *t, const struct tcp_tuple *tuple, aksu_time now);
/* Octets taken, or -status. In LISTEN with a known remote socket SEND opens actively. */
ptrdiff_t tcp_send(struct tcp *t, const uint8_t *data, size_t length, unsigned flags,
                   aksu_time now);
ptrdiff_t tcp_reserve(struct tcp *t, struct aksu_space *out, unsigned most, aksu_time now);
enum aksu_status tcp_commit(struct tcp *t, size_t length, unsigned flags, aksu_time now);
/* Octets, 0 at the end of the stream, or -status. */
ptrdiff_t tcp_receive(struct tcp *t, uint8_t *to, size_t room, aksu_time now);
ptrdiff_t tcp_peek(const struct tcp *t, struct aksu_slice *out, unsigned most);
enum aksu_status tcp_consume(struct tcp *t, size_t length, aksu_time now);
/* CLOSE as half-close: the user may still RECEIVE. */
enum aksu_status tcp_close(struct tcp *t, aksu_time now);
/* CLOSE by a user who will neither send nor receive any more: sets `released`; unread text makes it
 * an ABORT (RFC 9293 3.6.1). Allowed in every state. */
enum aksu_status tcp_release(struct tcp *t, aksu_time now);
enum aksu_status tcp_abort(struct tcp *t, aksu_time now);
void tcp_abandon(struct tcp *t, aksu_time now);      /* the same, but no user called */
enum aksu_status tcp_status(const struct tcp *t, struct aksu_info *out);
enum aksu_status tcp_set(struct tcp *t, enum aksu_option option, int64_t value, aksu_time now);

/* Another algorithm from now on. */
void tcp_set_congestion_control(struct tcp *t, const struct cc_ops *ops, aksu_time now);

/* --- 3.10.7: SEGMENT ARRIVES --- */

/* `seg` is borrowed; its checksum has been verified. */
void tcp_segment_arrives(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
/* 3.10.7.1, no TCB: false when nothing is to be sent, else *reply is the RST. Pure. */
bool tcp_closed_state(const struct tcp_segment *seg, struct tcp_segment *reply);
/* 3.10.7.2 without a TCB: what a listener does with the segment before it makes a record. */
enum tcp_listen_verdict { LISTEN_DROP, LISTEN_RST /* *reply */, LISTEN_SYN };
enum tcp_listen_verdict tcp_listen_check(const struct tcp_segment *seg, struct tcp_segment *reply);
/* RFC 7413 4.2.2, before the SYN,ACK leaves: the text of the SYN is taken, the user may SEND. */
void tcp_fast_open_accept(struct tcp *t, const struct tcp_segment *syn, aksu_time now);
/* The SYN,ACK will have a cookie. */
void tcp_fast_open_grant(struct tcp *t, bool experiment, aksu_time now);
/* The SYN waits for the application: no SYN,ACK until tcp_complete. tcp_refuse leaves a RST owed
 * and the TCB in CLOSED. */
void tcp_hold(struct tcp *t);
enum aksu_status tcp_complete(struct tcp *t, aksu_time now);
enum aksu_status tcp_refuse(struct tcp *t, aksu_time now);

/* --- 3.10.8: TIMEOUTS --- */

void tcp_timeouts(struct tcp *t, aksu_time now);
aksu_time tcp_next_timeout(const struct tcp *t);

/* --- 3.9.2.2: ICMP --- */

/* `seq`: the quoted sequence number, checked against what is outstanding (RFC 5927 4.1). `hard` as
 * RFC 1122 4.2.3.9 says. True when the error concerned this connection. */
bool tcp_icmp_error(struct tcp *t, enum aksu_status status, bool hard, seq_t seq, aksu_time now);
/* A smaller path MTU (RFC 1191 6.4): mtu as in tcp_init. `seq` as above. */
bool tcp_too_big(struct tcp *t, uint16_t mtu, seq_t seq, aksu_time now);
/* The mtu of the route changed or became known; no retransmission. */
void tcp_set_mtu(struct tcp *t, uint16_t mtu);

/* --- what is owed --- */

/* The next segment to send; false when there is none now. Text is borrowed until the next call on
 * t. */
bool tcp_next_segment(struct tcp *t, struct tcp_segment *out, aksu_time now);

/* --- TIME-WAIT as a compact record (stack/time_wait.h keeps them) --- */

struct tcp_time_wait {              /* everything that TIME-WAIT needs to answer */
    struct tcp_tuple tuple;
    seq_t snd_nxt, rcv_nxt;
    uint32_t ts_recent;
    uint16_t rcv_wnd;
    bool keys_gone : 1;             /* of its TCP-AO: no answer could have a MAC, it gives none */
    uint8_t challenges : 7;
    bool ts_on : 1;
    uint8_t rcv_wscale : 4;
    uint8_t challenge_turn : 3;     /* modulo 8 */
};
void tcp_time_wait_compact(const struct tcp *t, struct tcp_time_wait *out);
/* A TCB in TIME-WAIT again, for one segment: then tcp_next_segment, and compact. */
void tcp_time_wait_expand(struct tcp *t, struct tcp_env *env, const struct tcp_time_wait *in,
                          aksu_time now);

/* --- a half-open connection of a listener as a compact record (stack/syn_cache.h) --- */

enum { TCP_SYN_STAGES = 21 };       /* those that were repeated as often wait equally long */

/* The queue that the owner keeps it in. */
enum tcp_syn_queue { SYN_WAITS /* for its ACK */, SYN_OWED /* a SYN,ACK */,
                     SYN_PARKED /* ... and the next hop is not known yet */ };

struct tcp_syn {                    /* SYN-RECEIVED after a passive OPEN */
    seq_t iss, irs;
    uint32_t ts_recent;
    uint32_t due, started;          /* the retransmission timer; the SYN: see syn_cache.c */
    uint16_t peer_mss, announced_mss, wnd;
    uint16_t remote_port;           /* the owner's, as `reopens` */
    uint32_t resends : 6, challenges : 6, challenge_turn : 3 /* modulo 8 */, snd_wscale : 4;
    uint32_t sent : 1, timing : 1, ts_on : 1, sack_on : 1, wscale_on : 1, ecn_on : 1;
    uint32_t opened : 1;            /* more than the window of the SYN,ACK was advertised */
    uint32_t shared_clock : 1;      /* cookie_keys.shared was set when the SYN came */
    uint32_t queue : 2 /* enum tcp_syn_queue */, reopens : 1;
    uint32_t fo_grants : 1, fo_variant : 1;     /* the SYN,ACK has a Fast Open cookie */
};
void tcp_syn_compact(const struct tcp *t, struct tcp_syn *out);
/* The part of it that its owner looks at, while the TCB is still there: ISS, timer, repetitions. */
void tcp_syn_await(const struct tcp *t, struct tcp_syn *out);
/* A TCB in SYN-RECEIVED again, in events known as `conn`. It holds no page. */
void tcp_syn_expand(struct tcp *t, struct tcp_env *env, uint32_t conn,
                    const struct tcp_tuple *tuple, const struct tcp_syn *in, aksu_time now);
/* When the retransmission timer runs out. */
aksu_time tcp_syn_due(const struct tcp_env *env, const struct tcp_syn *in, aksu_time now);
static inline unsigned tcp_syn_stage(const struct tcp_syn *in)
{
    return in->resends < TCP_SYN_STAGES ? in->resends : TCP_SYN_STAGES - 1u;
}

/* The ISS for a connection that reopens it is above every sequence number used. */
void tcp_iss_after(struct tcp *t, seq_t snd_nxt);

#endif
