/* loss.h - the seam of loss detection: what was acknowledged goes in, what to retransmit comes out.
 * How much may be sent is the congestion window's business (cc.h). Called by tcp/recovery.c. */
#ifndef TCP_LOSS_H
#define TCP_LOSS_H

#include "base/seq.h"
#include "base/time.h"

struct loss_ops;

struct loss {
    const struct loss_ops *ops;
    seq_t recover;              /* RFC 6582 3.2: SND.NXT when recovery began */
    uint16_t dup_acks;          /* in a row */
    bool recovering;            /* fast recovery */
    bool recover_valid;         /* `recover` is meaningful */
};

struct loss_ack {
    seq_t una;                  /* SND.UNA before this segment */
    seq_t nxt;                  /* SND.NXT */
    seq_t ack;                  /* SEG.ACK */
    bool duplicate;             /* by the definition of RFC 5681 2 */
};

/* What to do about it. */
enum loss_verdict {
    LOSS_NONE,
    LOSS_LIMITED_TRANSMIT,      /* 1st or 2nd duplicate: one new segment may go (RFC 3042 2) */
    LOSS_ENTER,                 /* fast retransmit of the segment at SND.UNA; recovery begins */
    LOSS_DUPLICATE,             /* one more segment has left the network: cwnd grows by SMSS */
    LOSS_PARTIAL,               /* partial acknowledgment: retransmit at the new SND.UNA */
    LOSS_RECOVERED              /* full acknowledgment: recovery ends */
};

struct loss_ops {
    const char *name;
    void (*init)(struct loss *l, seq_t iss);
    enum loss_verdict (*on_ack)(struct loss *l, const struct loss_ack *ack);
    void (*on_rto)(struct loss *l, seq_t nxt);
};

extern const struct loss_ops loss_newreno;      /* RFC 6582 3.2, RFC 3042 2 */

#endif
