/* sender.h - what a connection keeps while it sends: the scoreboard, loss detection and recovery,
 * congestion control, rate samples, pacing. Taken when text leaves, given back SENDER_IDLE_MS after
 * all was acknowledged; then the TCB keeps cwnd and ssthresh. Called by output.c,
 * recovery*.c, rate.c, tail_loss_probe.c, undo.c and ecn.c. */
#ifndef TCP_SENDER_H
#define TCP_SENDER_H

#include "tcp/cc.h"
#include "tcp/loss.h"

struct tcp;

enum { SENDER_IDLE_MS = 500 };

enum recovery {
    RECOVERY_NONE,                  /* nothing is being repaired */
    RECOVERY_FAST,                  /* RFC 6675 5, RFC 6937 3 */
    RECOVERY_RTO                    /* RFC 5681 3.1, until what was outstanding is acknowledged */
};

/* Delivery rate (draft-cheng-iccrg-delivery-rate-estimation 3); microseconds modulo 2^32. */
struct rate {
    uint32_t delivered;             /* octets that have arrived, modulo 2^32 */
    uint32_t delivered_us, first_us;
    uint32_t app_limited_until;     /* a value of `delivered` + pipe; valid when app_limited */
    uint32_t round_end;             /* a value of `delivered` */
    seq_t round_seq;                /* the same without rate samples: SND.NXT when it began */
    bool app_limited;
};

/* The smallest round trip of the last 10 s or so: two halves of a window. */
struct min_rtt {
    uint32_t us, next_us;           /* UINT32_MAX: none */
    uint32_t half_began_ms;
};

/* mtu_probe.c: the search for the path's MTU; octets of TCP header and text. */
struct mtu_search {
    uint16_t size;                  /* of the probe that is out; 0: none, or it was lost */
    uint16_t before;                /* the MTU until the last probe arrived; 0: in no doubt */
    uint16_t acked;                 /* the largest segment that has arrived (RFC 5927 7.2) */
    uint16_t silent;                /* the MTU before what is smaller was tried; 0: it was not */
    uint16_t claimed;               /* what a router said and is not yet believed; 0: nothing */
    bool halving;                   /* a probe was lost: not the largest first */
    seq_t left, right;              /* the probe's text */
    seq_t claimed_seq;
    seq_t raised_at;                /* SND.NXT then */
    aksu_time not_before;           /* the next probe */
};

/* Why what is marked as lost leaves again, outside of fast recovery. */
enum resend_why { RESEND_TIMEOUT, RESEND_WINDOW, RESEND_TOO_BIG, RESEND_PROBE, RESEND_NOT_TAKEN };

struct sender {
    struct sent_queue queue;
    struct loss loss;
    struct cc cc;
    struct rate rate;
    struct min_rtt min_rtt;
    struct mtu_search mtu;

    uint8_t recovery;               /* enum recovery */
    uint8_t resend_why;             /* enum resend_why */
    bool frto : 1;                  /* RFC 5682 3: the timeout may have been spurious */
    bool new_first : 1;             /* RFC 5682 3.1 (2b): new text before what is marked lost */
    bool undo_possible : 1;
    bool undo_by_dsack : 1;         /* something was sent again that could be told by DSACK */
    bool resend_now : 1;            /* the first that is lost, whatever cwnd says */
    bool tlp_out : 1;               /* RFC 8985 7.1: TLP.end_seq is set */
    bool tlp_is_retrans : 1, tlp_rtt_taken : 1, tlp_owed : 1;
    bool mtu_probing : 1;           /* a probe is out, or its text is being sent again */
    bool cwnd_used : 1;             /* cwnd held text back, up to cwnd_used_to */
    bool reduced : 1;               /* with ECN: nothing sent since the last reduction, that is
                                       beyond `recover`, has been acknowledged */
    bool echoed : 1;                /* ... and the peer echoes congestion meanwhile */
    uint8_t limited_transmit;       /* segments beyond cwnd, RFC 3042 2; without SACK */

    seq_t recover;                  /* RFC 6675 2 (RecoveryPoint); with ECN of any reduction */
    seq_t undo_from;                /* SND.UNA when recovery began */
    seq_t undo_to;                  /* the end of all that was sent again */
    uint32_t undo_left;             /* octets sent again and not reported twice */
    seq_t dsack_left, dsack_right;  /* the newest report ... */
    seq_t dsack_ack;                /* ... and SEG.ACK of the segment that it came with */
    uint32_t undo_ts;               /* our timestamp clock when the first of them left */
    aksu_time undone_at;            /* since when `undone` octets were lost and then were not */
    uint32_t undone;
    uint32_t prr_delivered, prr_out, recover_fs;    /* RFC 6937 3 */
    aksu_time reduced_at;           /* when the window was last reduced */
    aksu_time cc_told_at;           /* when congestion control last heard of an acknowledgment */
    seq_t tlp_end;
    seq_t cwnd_used_to;
    uint32_t flight_most;           /* octets under way at most, of the flight up to flight_end */
    seq_t flight_end;
    aksu_time pace_at;              /* text may not leave before */
    uint64_t pace_rate;             /* octets per second; 0: not paced */
    aksu_time rto_at;               /* when the RTO is, whatever comes before it */
    aksu_time armed_at;             /* when the loss probe was armed for more than one segment */
    aksu_time look_again;           /* when RACK's reordering window has passed; NEVER: nothing */
};

/* The sender of `t`, made now if need be; NULL: no memory. */
struct sender *sender_have(struct tcp *t, aksu_time now);
void sender_free(struct tcp *t);
const char *sender_resend_why(const struct sender *o);  /* as the event `retransmit` says it */
bool sender_is_idle(const struct tcp *t);               /* it is kept for a while */
void sender_timeout(struct tcp *t, aksu_time now);      /* TIMER_SENDER */
uint32_t tcp_cwnd(const struct tcp *t);
uint32_t tcp_ssthresh(const struct tcp *t);

/* Where a stack has them from: objects of struct sender, and of struct sent_run. */
struct senders {
    struct slab slab, sent;
};

#endif
