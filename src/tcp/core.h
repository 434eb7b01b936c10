/* core.h - what the files of tcp/ call of each other. Owners of TCBs include tcp.h. */
#ifndef TCP_CORE_H
#define TCP_CORE_H

#include "base/check.h"
#include "tcp/tcp.h"

enum step { STEP_NEXT, STEP_DONE };
enum { MEMORY_RETRY_MS = 50 };
typedef enum step step_fn(struct tcp *t, const struct tcp_segment *seg, aksu_time now);

#define TCP_EMIT(t, now, name, ...) EMIT((t)->env->events, (t)->conn, (now), name, __VA_ARGS__)

/* state.c */
void tcp_enter(struct tcp *t, enum aksu_tcp_state to, aksu_time now); /* sole writer of the state */
/* "enter the CLOSED state, delete the TCB": flushes queues, tells the user. */
void tcp_fail(struct tcp *t, enum aksu_status reason, const char *what, aksu_time now);
void tcp_fail_with_text(struct tcp *t, enum aksu_status reason, const char *what, aksu_time now);
void tcp_flush(struct tcp *t);
enum step tcp_drop(struct tcp *t, const char *rule, const char *why, aksu_time now);
bool tcp_synchronized(const struct tcp *t);                 /* RFC 9293 3.5.2 group 3 */
enum aksu_status tcp_gone(const struct tcp *t);             /* what a call on CLOSED answers */

/* event_open.c, event_receive.c, event_timeouts.c */
void tcp_select_iss(struct tcp *t, aksu_time now);
seq_t tcp_user_position(const struct tcp *t);
const char *tcp_next_timer(const struct tcp *t, aksu_time *at);     /* NULL, NEVER: none */
void tcp_arm_user_timeout(struct tcp *t, aksu_time now);
void tcp_established(struct tcp *t, aksu_time now);         /* segment_arrives: common entry */
void tcp_begin_windows(struct tcp *t, bool syn_was_lost, aksu_time now);
void tcp_process_queued(struct tcp *t, aksu_time now);      /* what came with a crossing SYN */

/* sequence space */
static inline seq_t send_first(const struct tcp *t)    /* sequence number of send ring position 0 */
{
    return t->syn_acked ? t->snd.una : seq_add(t->iss, 1);
}
static inline seq_t send_end(const struct tcp *t)           /* ... behind the last octet queued */
{
    return seq_add(send_first(t), t->send.length);
}
static inline uint32_t rcv_wnd(const struct tcp *t)      /* RCV.WND: what the peer may still send */
{
    int32_t left = seq_diff(t->rcv.edge, t->rcv.nxt);
    return left > 0 ? (uint32_t)left : 0;
}
static inline uint32_t in_flight(const struct tcp *t)
{
    return (uint32_t)seq_diff(t->snd.nxt, t->snd.una);
}
/* Text that was never sent, and SND.WND lets some of it out. */
static inline bool has_new_text(const struct tcp *t)
{
    return seq_gt(send_end(t), t->snd.nxt) && in_flight(t) < t->snd.wnd;
}

/* segment_steps.c: RFC 9293 3.10.7.4, one function per step */
step_fn first_check_sequence_number, second_check_rst, third_check_security, fourth_check_syn,
        fifth_check_ack, sixth_check_urg, seventh_process_text, eighth_check_fin;

/* ack.c: what a good ACK does to the send side */
enum step tcp_process_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now);

/* paws.c, challenge_ack.c, isn.c, options.c */
bool paws_old(const struct tcp *t, const struct tcp_segment *seg);
bool paws_refuses(const struct tcp *t, const struct tcp_segment *seg, aksu_time now);
void paws_remember(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
void tcp_challenge_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
void tcp_challenged_before(struct tcp *t, aksu_time now);     /* a record knows how often */
uint16_t tcp_challenge_turn(const struct tcp *t, aksu_time now);   /* which interval it is */
seq_t tcp_isn(const struct tcp_env *env, const struct tcp_tuple *tuple, uint32_t *ts_offset,
              aksu_time now);
void tcp_iss_is(struct tcp *t, seq_t iss);                 /* in SYN-RECEIVED, before it is sent */
uint32_t tcp_timestamp_offset(const struct tcp_env *env, const struct tcp_tuple *tuple);
uint32_t tcp_own_timestamp_offset(const struct tcp_env *env, const struct tcp_tuple *tuple);
void tcp_negotiate(struct tcp *t, const struct tcp_segment *syn, aksu_time now);
void tcp_own_syn_options(struct tcp *t, struct tcp_options *out, aksu_time now);
void tcp_own_options(struct tcp *t, struct tcp_options *out, aksu_time now);
void tcp_prepare_options(struct tcp *t);                    /* before the SYN goes out */
uint8_t tcp_shift_for(const struct tcp_config *c, uint32_t buffer);
enum aksu_status tcp_set_max_segment(struct tcp *t, int64_t value);
void tcp_update_mss(struct tcp *t);
/* What a segment with text has besides it. RFC 7323 3.2: timestamps, and their padding, on all. */
static inline uint32_t tcp_overhead(const struct tcp *t)
{
    return TCP_HEADER + (t->ts_on ? 12u : 0u) + (t->ao != 0 ? (unsigned)AO_OPTION : 0u);
}
uint32_t tcp_ts_clock(const struct tcp *t, aksu_time now);

/* ecn.c: RFC 3168 6.1 */
bool ecn_is_setup(const struct tcp_segment *syn);           /* ECN-setup SYN, or SYN,ACK */
uint8_t ecn_of_syn(struct tcp *t);              /* ECE, CWR of the SYN or SYN,ACK that leaves now */
void ecn_negotiate(struct tcp *t, const struct tcp_segment *syn);
void ecn_syn_again(struct tcp *t, const struct tcp_segment *syn);
enum aksu_status ecn_set(struct tcp *t, int64_t value);
void ecn_of_new_text(struct tcp *t, struct tcp_segment *out);
void ecn_arrives(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
bool tcp_owes_more(const struct tcp *t);                    /* output.c */

/* rto.c */
void rto_init(struct tcp *t);
void rto_sample(struct tcp *t, uint32_t sample_us, aksu_time now);
aksu_time rto_now(const struct tcp *t);                     /* with backoff */
void rto_start(struct tcp *t, aksu_time now);
void rto_choose(struct tcp *t);
void rto_on_ack(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
void rto_restart(struct tcp *t, aksu_time now);

/* window.c */
uint32_t tcp_syn_window(const struct tcp *t);
uint32_t window_to_advertise(struct tcp *t, aksu_time now); /* octets, not scaled */
bool window_update_due(const struct tcp *t);
bool window_starved(const struct tcp *t);
void tcp_say_memory(const struct tcp *t, const char *answer, aksu_time now);
seq_t tcp_acceptable_seq(const struct tcp *t);
uint32_t window_sendable(const struct tcp *t);      /* what SND.WND and cwnd allow beyond SND.NXT */
uint32_t window_of_cwnd(const struct tcp *t);               /* ... what cwnd allows */
void window_persist(struct tcp *t, aksu_time now);          /* (dis)arm probing */
void window_override(struct tcp *t, aksu_time now);

/* reassembly.c */
void reassembly_hold(struct tcp *t, const struct tcp_segment *seg, seq_t seq, uint32_t skip,
                     uint32_t length, aksu_time now);
uint32_t reassembly_write(struct tcp *t, const struct tcp_segment *seg, uint32_t skip,
                          uint32_t at, uint32_t length);
void reassembly_hold_fin(struct tcp *t);
void reassembly_deliver(struct tcp *t, seq_t from);
/* True: this ACK has something to say beside its number. */
static inline bool reassembly_reports(const struct tcp *t)
{
    return t->sack_on && (t->holes != 0 || t->rcv.dsack_length != 0);
}
unsigned reassembly_blocks(const struct tcp *t);            /* SACK blocks of the next ACK */
/* Apart from its rare caller's few registers. */
void reassembly_sacks(struct tcp *t, struct tcp_options *out) __attribute__((noinline, cold));
/* Text [left, right) that was here before has come again; true when the next ACK will say so. */
bool reassembly_came_again(struct tcp *t, seq_t left, seq_t right);
void reassembly_free(struct tcp *t);
uint32_t reassembly_reach(const struct tcp *t);            /* octets beyond RCV.NXT that are held */
/* A hole begins at `seq` or contains it, and TS.Recent of a window ago. */
bool reassembly_awaits(const struct tcp *t, seq_t seq, uint32_t *ts_floor);

/* buffers.c */
void buffers_begin(struct tcp *t, aksu_time now);           /* ESTABLISHED */
void buffers_time(struct tcp *t, const struct tcp_segment *seg, aksu_time now);
void buffers_taken(struct tcp *t, aksu_time now);           /* by RECEIVE */
uint32_t buffers_send(const struct tcp *t);                 /* octets that SEND may queue */
void sender_status(const struct tcp *t, struct aksu_info *out);     /* sender.c */
#include "tcp/recovery.h"
#endif
