/* recovery.h - what the files of the sender call of each other: what an acknowledgment says, rate
 * samples, recovery, undo, the loss probe. Included via core.h. */
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "tcp/sender.h"

/* What one acknowledgment says about what was sent. */
struct news {
    struct loss_ack loss;           /* first: loss detection is given this */
    struct tcp *t;
    uint32_t delivered;             /* octets acknowledged, or SACKed for the first time */
    uint32_t sacked;                /* ... of them SACKed */
    uint32_t lost_before;           /* octets in the scoreboard's state `lost` before */
    bool original_arrived;          /* something of before RTO recovery, sent once (RFC 5682 3.1) */
    bool later_arrived;             /* something that was sent after it began */
    bool again_arrived;             /* something that was sent again */
    bool echo;                      /* ECE on a connection that sends ECT (RFC 3168 6.1.2) */
    seq_t dsack_left, dsack_right;  /* when loss.dsack */
    bool dsack_copy;                /* each segment of a burst that a device cut has the block */

    /* of the segment that was sent last; newest_at 0: nothing was delivered */
    aksu_time newest_at;
    seq_t newest_end;
    uint32_t rtt_us;
    /* ... set only when an algorithm wants rates */
    uint32_t prior_delivered, prior_us, send_us;
    bool prior_app_limited;
};

/* rate.c */
void rate_begin(struct sender *o, seq_t nxt, aksu_time now);
void rate_sent(struct sender *o, struct sent_run *s, bool first, aksu_time now);
void rate_app_limited(struct sender *o);
void rate_delivered(struct sender *o, const struct sent_run *s, uint32_t octets, struct news *n);
void rate_sample(struct sender *o, const struct news *n, struct cc_ack *out);
void min_rtt_sample(struct min_rtt *m, uint32_t rtt_us, aksu_time now);

/* scoreboard.c: an acknowledgment into the scoreboard */
void scoreboard_acknowledge(struct sender *o, struct news *n);
void scoreboard_acknowledge_plain(struct sender *o, struct news *n);
void scoreboard_update(struct tcp *t, const struct tcp_segment *seg, struct news *n);

/* recovery.c, recovery_newreno.c, recovery_prr.c */
void recovery_on_ack(struct tcp *t, const struct tcp_segment *seg, seq_t una_before,
                     bool duplicate, aksu_time now);
void recovery_on_echo(struct tcp *t, aksu_time now);        /* of a segment that says only that */
void recovery_on_rto(struct tcp *t, aksu_time now);
void recovery_on_reordering_timer(struct tcp *t, aksu_time now);
/* One that waits is lost, without a word to congestion control; it is told of. */
void recovery_mark_lost(struct tcp *t, struct sent_run *s, aksu_time now);
void recovery_resend(struct tcp *t, bool all, enum resend_why why, aksu_time now);
/* Congestion control begins anew, after one that kept no ssthresh. */
void recovery_taken_over(struct tcp *t, aksu_time now);
/* RFC 6675 4 (NextSeg 3, 4): true: it is marked, for want of anything else to send. */
bool recovery_last_resort(struct tcp *t);
static inline bool recovery_may_resort(const struct sender *o)
{
    return o->recovery == RECOVERY_FAST && o->loss.ops->last_resort != NULL;
}
void recovery_tell(struct tcp *t, const char *why, aksu_time now);
void newreno_on_ack(struct tcp *t, struct news *n, uint32_t pipe_before);
void recovery_grow(struct tcp *t, struct news *n, uint32_t pipe_before);
void prr_begin(struct sender *o, const struct news *n, uint32_t outstanding);
void prr_on_ack(struct sender *o, const struct news *n);
uint32_t tcp_pipe(const struct tcp *t);                     /* RFC 6675 4 */
uint32_t recovery_flight_size(const struct sender *o, const struct news *n);    /* RFC 5681 3.1 */

/* ecn.c: RFC 3168 6.1.2 */
bool ecn_echoes(const struct tcp *t, const struct tcp_segment *seg, seq_t una_before);
void ecn_on_echo(struct tcp *t, const struct news *n);
void ecn_reduced(struct tcp *t);
bool ecn_reduced_for(const struct sender *o, seq_t lost);
void ecn_reduction_acked(struct sender *o, seq_t ack);
void ecn_withdraw(struct tcp *t);
void ecn_resume(struct tcp *t);
bool ecn_waits(const struct sender *o, aksu_time at);       /* nothing may leave before then */

/* undo.c: recovery that was a mistake (RFC 5682 3.1, RFC 3522 3.2, RFC 3708 2) */
void undo_begin(struct tcp *t);
void undo_is_late(struct sender *o, const struct news *n);
void undo_sent_again(struct tcp *t, const struct sent_run *s, aksu_time now);
bool undo_check(struct tcp *t, const struct news *n);      /* true: it was, and is over */
void frto_begin(struct tcp *t, bool again);
void frto_on_ack(struct tcp *t, const struct news *n);

/* mtu_probe.c: RFC 4821 7, RFC 5927 7.2 */
#define MTU_PROBE_WAITS UINT32_MAX
void mtu_apply(struct tcp *t, uint16_t mtu);
bool mtu_claim(struct tcp *t, uint16_t mtu, seq_t seq, aksu_time now);
void mtu_search_open(struct tcp *t);
void mtu_search_begin(struct tcp *t, aksu_time now);
uint32_t mtu_probe_length(struct tcp *t, uint32_t queued, uint32_t limit, aksu_time now);
void mtu_probe_sent(struct tcp *t, uint32_t length, aksu_time now);
void mtu_probe_on_ack(struct tcp *t, aksu_time now);
bool mtu_probe_explains(struct tcp *t, const struct news *n);
void mtu_probe_forget(struct sender *o);
void mtu_probe_lost_in_recovery(struct tcp *t, aksu_time now);
void mtu_silence_ends(struct tcp *t, uint32_t acked, aksu_time now);
void mtu_probe_on_rto(struct tcp *t, aksu_time now);

/* pace.c */
void pace_set(struct tcp *t);                   /* after cwnd or the round trip has changed */
bool pace_lets(struct tcp *t, aksu_time now);
void pace_sent(struct sender *o, uint32_t length, aksu_time now);
uint32_t pace_piece(uint64_t rate, uint32_t limit, uint32_t most);

/* tail_loss_probe.c: RFC 8985 7 */
void tlp_arm(struct tcp *t, aksu_time now);                 /* a probe before the RTO */
void tlp_timeout(struct tcp *t, aksu_time now);
void tlp_on_ack(struct tcp *t, const struct news *n);
void tlp_forget(struct sender *o);

#endif
