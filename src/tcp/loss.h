/* loss.h - the seam of loss detection: what was acknowledged goes in; runs of the scoreboard that
 * are deemed lost, and a verdict, come out. How much may be sent is the congestion window's
 * business (cc.h). Called by tcp/recovery*.c. */
#ifndef TCP_LOSS_H
#define TCP_LOSS_H

#include "tcp/sent_queue.h"

struct loss_ops;

struct loss {
    const struct loss_ops *ops;
    seq_t recover;              /* RFC 6582 3.2, RFC 6675 2 (RecoveryPoint): SND.NXT when recovery
                                   began */
    uint16_t dup_acks;          /* in a row; with SACK: those that brought something new */
    bool recovering;            /* fast recovery without SACK */
    bool recover_valid;         /* `recover` is meaningful */
    seq_t marked;               /* RFC 6675: what lies before it has been judged */
    seq_t rescue_from;          /* ... RescueRxt: SND.UNA must be beyond it; valid unless rescued */
    seq_t rescued_left;         /* ... where the rescue retransmission began, when `rescued` */
    bool rescued;

    /* RFC 8985 5.3 */
    aksu_time xmit_at;          /* RACK.xmit_ts; 0: nothing was delivered yet */
    seq_t end_seq, fack;        /* RACK.end_seq, RACK.fack */
    seq_t dsack_round;
    uint32_t rtt_us;            /* RACK.rtt */
    uint32_t segs_sacked;       /* RACK.segs_sacked */
    uint32_t reordering;        /* octets: how far behind RACK.fack something came, at most */
    uint32_t reo_wnd_least_us;  /* the owner's wish; set after init */
    uint8_t reo_wnd_mult, reo_wnd_persist;
    bool reordering_seen, dsack_round_valid;
};

/* What one acknowledgment, or the expiry of the reordering timer, says. */
struct loss_ack {
    aksu_time now;
    seq_t una;                  /* SND.UNA before this segment */
    seq_t nxt;                  /* SND.NXT */
    seq_t ack;                  /* SEG.ACK */
    uint32_t smss, srtt_us, min_rtt_us;     /* min_rtt_us UINT32_MAX: not known yet */
    uint32_t ts_ecr, ts_offset; /* the echo, when `has_echo`, and what our clock adds to ms */
    bool has_echo;
    bool duplicate;             /* by the definition of RFC 5681 2 */
    bool cumulative;            /* what is being delivered is acknowledged, not only SACKed */
    bool new_sack;              /* something was SACKed for the first time */
    bool dsack;                 /* it carries a DSACK, RFC 2883 4 */
    bool recovering;            /* fast or RTO recovery is under way */

    /* Told of every run that is marked; NULL: nobody. */
    void (*tell)(struct loss_ack *a, const struct sent_run *s);

    /* answers */
    bool retransmission_lost;   /* what was deemed lost had been sent again */
    aksu_time look_again;       /* the reordering timer; NEVER: none */
};

/* `s` waits, and is deemed lost now. */
static inline void loss_mark(struct sent_queue *q, struct sent_run *s, struct loss_ack *a)
{
    if (s->times > 0)
        a->retransmission_lost = true;
    sent_mark_lost(q, s);
    if (a->tell != NULL)
        a->tell(a, s);
}

/* What to do about it. */
enum loss_verdict {
    LOSS_NONE,
    LOSS_LIMITED_TRANSMIT,      /* 1st or 2nd duplicate: one new segment may go (RFC 3042 2) */
    LOSS_ENTER,                 /* something is lost: recovery begins, if it has not */
    LOSS_DUPLICATE,             /* one more segment has left the network: cwnd grows by SMSS */
    LOSS_PARTIAL,               /* partial acknowledgment: retransmit at the new SND.UNA */
    LOSS_RECOVERED              /* full acknowledgment: recovery ends */
};

struct loss_ops {
    const char *name;
    bool sack;                  /* works with SACK only; the others: without */
    void (*init)(struct loss *l, seq_t iss);
    /* `s` is about to be marked or removed as delivered; NULL: not asked for. */
    void (*on_delivered)(struct loss *l, const struct sent_run *s, const struct loss_ack *a);
    /* After all of an acknowledgment is in the scoreboard. */
    enum loss_verdict (*on_ack)(struct loss *l, struct sent_queue *q, struct loss_ack *a);
    /* The retransmission timer expired: marks what must be sent again. */
    void (*on_rto)(struct loss *l, struct sent_queue *q, struct loss_ack *a);
    /* In fast recovery nothing is lost and nothing new may be sent: a run of at most `smss` that
     * may leave all the same; NULL: none. NULL: not asked for. */
    struct sent_run *(*last_resort)(struct loss *l, struct sent_queue *q, uint32_t smss);
    /* Fast or RTO recovery is over; NULL: not asked for. */
    void (*on_recovered)(struct loss *l);
};

extern const struct loss_ops loss_newreno;      /* RFC 6582 3.2, RFC 3042 2 */
extern const struct loss_ops loss_sack;         /* RFC 6675 4 */
extern const struct loss_ops loss_rack;         /* RFC 8985 6 */

/* By name: "rack", "sack"; NULL: no such detector. */
const struct loss_ops *loss_find(const char *name);

#endif
