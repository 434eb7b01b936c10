/* recovery_prr.c - proportional rate reduction: how much each acknowledgment lets out during fast
 * recovery (RFC 6937 3, with the slow-start reduction bound only while the recovery makes
 * progress, as RFC 9937 6.2 has it). Called by recovery.c. */
#include "tcp/core.h"

/* `outstanding`: SND.NXT - SND.UNA before this acknowledgment. What was SACKed earlier is not
 * delivered during recovery. */
void prr_begin(struct sender *o, const struct news *n, uint32_t outstanding)
{
    uint32_t sacked_before = o->queue.sacked - n->sacked;
    o->prr_delivered = o->prr_out = 0;
    o->recover_fs = outstanding > sacked_before ? outstanding - sacked_before : 1;
}

void prr_on_ack(struct sender *o, const struct news *n)
{
    uint32_t pipe = sent_pipe(&o->queue), ssthresh = o->cc.ssthresh, smss = o->cc.smss;
    bool safe = seq_gt(n->loss.ack, n->loss.una) && o->queue.lost <= n->lost_before;
    int64_t sndcnt;
    o->prr_delivered += n->delivered;
    if (pipe > ssthresh) {
        uint64_t share = (uint64_t)o->prr_delivered * ssthresh;
        sndcnt = (int64_t)((share + o->recover_fs - 1) / o->recover_fs) - o->prr_out;
    } else {
        sndcnt = (int64_t)o->prr_delivered - o->prr_out;
        if (sndcnt < n->delivered)
            sndcnt = n->delivered;
        if (safe)
            sndcnt += smss;
        if (sndcnt > (int64_t)ssthresh - pipe)
            sndcnt = (int64_t)ssthresh - pipe;
    }
    if (o->prr_out == 0 && sndcnt < smss)
        sndcnt = smss;                          /* the fast retransmit itself */
    o->cc.cwnd = pipe + (uint32_t)(sndcnt > 0 ? sndcnt : 0);
}
