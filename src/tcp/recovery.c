/* recovery.c - what an acknowledgment or a timeout means for what was sent: fast recovery with SACK
 * (RFC 6675 5, RFC 8985 6), RTO recovery (RFC 5681 3.1, RFC 6298 5), and what congestion control
 * is told (cc.h). Called by ack.c and event_timeouts.c. */
#include "tcp/core.h"

enum { CC_HEARS_MS = 10 };

void recovery_tell(struct tcp *t, const char *why, aksu_time now)
{
    uint32_t ssthresh = tcp_ssthresh(t);
    TCP_EMIT(t, now, cwnd, .cwnd = tcp_cwnd(t), .ssthresh = ssthresh == UINT32_MAX ? 0 : ssthresh,
             .in_flight = in_flight(t), .why = why);
}

uint32_t tcp_pipe(const struct tcp *t)
{
    return t->out != NULL ? sent_pipe(&t->out->queue) : 0;
}

static void tell_lost(struct loss_ack *a, const struct sent_run *s)
{
    const struct news *n = (const struct news *)a;
    TCP_EMIT(n->t, a->now, lost, .seq = s->left.n, .len = sent_length(s));
}

/* Field by field: this is done for every acknowledgment, and the rest is set before it is read. */
static void begin_news(struct news *n, struct tcp *t, aksu_time now)
{
    const struct sender *o = t->out;
    n->loss.now = now;
    n->loss.una = n->loss.ack = t->snd.una;
    n->loss.nxt = t->snd.nxt;
    n->loss.smss = t->snd_mss;
    n->loss.srtt_us = t->srtt_us;
    n->loss.min_rtt_us = o->min_rtt.us;
    n->loss.has_echo = n->loss.duplicate = n->loss.new_sack = n->loss.dsack = n->echo = false;
    n->loss.recovering = o->recovery != RECOVERY_NONE;
    n->loss.tell = tell_lost;
    n->loss.retransmission_lost = false;
    n->original_arrived = n->later_arrived = n->again_arrived = false;
    n->loss.look_again = NEVER;
    n->t = t;
    n->delivered = n->sacked = n->rtt_us = 0;
    n->lost_before = o->queue.lost;
    n->newest_at = 0;
}

/* RFC 7661 4.1, RFC 5681 3.1: cwnd grows only when it was what held text back, in the flight that
 * is being acknowledged; in slow start, when at least half of it was used. */
static bool window_unused(struct sender *o, seq_t una_before, uint32_t pipe_before)
{
    if (o->cwnd_used && seq_le(una_before, o->cwnd_used_to))
        return false;
    o->cwnd_used = false;
    if (o->cc.cwnd < o->cc.ssthresh)
        return o->flight_most <= o->cc.cwnd / 2 && pipe_before <= o->cc.cwnd / 2;
    return pipe_before < o->cc.cwnd - (o->cc.cwnd < o->cc.smss ? o->cc.cwnd : o->cc.smss);
}

/* The most that was under way of the flight that is being acknowledged. */
static void note_flight(struct sender *o, seq_t una_before, seq_t nxt, uint32_t pipe_before)
{
    if (seq_lt(una_before, o->flight_end) && pipe_before <= o->flight_most)
        return;
    o->flight_most = pipe_before;
    o->flight_end = nxt;
}

/* RFC 5681 3.1, RFC 3042 2: what lies beyond a hole does not open the window, unless such holes are
 * known to come from reordering. */
static bool only_sacked(const struct sender *o, const struct news *n)
{
    return seq_le(n->loss.ack, n->loss.una) && !o->loss.reordering_seen;
}

void recovery_grow(struct tcp *t, struct news *n, uint32_t pipe_before)
{
    struct sender *o = t->out;
    note_flight(o, n->loss.una, n->loss.nxt, pipe_before);
    struct cc_ack a = {
        .now = n->loss.now, .acked = n->delivered, .in_flight = sent_pipe(&o->queue),
        .lost = o->queue.lost > n->lost_before ? o->queue.lost - n->lost_before : 0,
        .rtt_us = n->rtt_us, .srtt_us = t->srtt_us,
        .min_rtt_us = o->min_rtt.us == UINT32_MAX ? 0 : o->min_rtt.us,
        .recovering = o->recovery == RECOVERY_FAST
                   || (only_sacked(o, n) && !o->cc.ops->own_recovery),
        .app_limited = window_unused(o, n->loss.una, pipe_before),
    };
    uint32_t before = o->cc.cwnd;
    o->cc.smss = t->snd_mss;
    if (n->delivered >= t->snd_mss && seq_gt(n->loss.ack, o->mtu.raised_at))
        o->mtu.acked = t->mtu;                  /* RFC 5927 7.2: maxsizeacked */
    rate_sample(o, n, &a);
    o->cc.ops->on_ack(&o->cc, &a);
    o->cc_told_at = n->loss.now;
    /* RFC 3168 6.1.2: no growth; but after a timeout CWR waits for all that goes out again, and
     * the echo with it. */
    if (n->echo && o->recovery == RECOVERY_NONE && o->queue.lost == 0 && o->cc.cwnd > before)
        o->cc.cwnd = before;
    pace_set(t);
}

/* RFC 5681 3.1: FlightSize, without what limited transmit has added. */
uint32_t recovery_flight_size(const struct sender *o, const struct news *n)
{
    uint32_t flight = o->queue.octets + n->delivered - n->sacked;
    return flight < o->cc.cwnd ? flight : o->cc.cwnd;
}

static void set_recovery_point(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    uint32_t outstanding = o->queue.octets + (uint32_t)seq_diff(n->loss.ack, n->loss.una);
    o->recover = t->snd.nxt;                    /* RFC 6675 5 (4.1): RecoveryPoint = HighData */
    prr_begin(o, n, outstanding);
}

static void reduce(struct tcp *t, const struct news *n, const char *why)
{
    struct sender *o = t->out;
    o->cc.ops->on_congestion(&o->cc, recovery_flight_size(o, n), false, n->loss.now);
    o->reduced_at = n->loss.now;
    ecn_reduced(t);
    set_recovery_point(t, n);
    recovery_tell(t, why, n->loss.now);
}

static void enter_fast(struct tcp *t, const struct news *n)
{
    struct sender *o = t->out;
    o->recovery = RECOVERY_FAST;
    tlp_forget(o);                              /* RFC 8985 7.1 */
    mtu_probe_forget(o);                        /* RFC 4821 7.6.4 */
    undo_begin(t);
    o->resend_now = true;                       /* RFC 6675 5 (4.3) */
    if (!ecn_reduced_for(o, sent_first_lost(&o->queue)->left)) {
        reduce(t, n, "fast retransmit");
        return;
    }
    set_recovery_point(t, n);
    recovery_tell(t, "fast retransmit, reduced for a mark before", n->loss.now);
}

static void leave(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    bool fast = o->recovery == RECOVERY_FAST;
    o->recovery = RECOVERY_NONE;
    o->recover = t->snd.nxt;                    /* until then a DSACK may tell that it was none */
    o->frto = o->new_first = o->resend_now = false;
    if (fast && !o->cc.ops->own_recovery)
        o->cc.cwnd = o->cc.ssthresh;            /* RFC 6937 4 */
    if (o->cc.ops->on_recovered != NULL)
        o->cc.ops->on_recovered(&o->cc, now);
    if (o->loss.ops->on_recovered != NULL)
        o->loss.ops->on_recovered(&o->loss);
    recovery_tell(t, "recovered", now);
}

/* RFC 8985 9.3, RFC 5681 4.3: a retransmission that is lost is congestion once more, but one
 * that left before the last reduction is part of what that was for. */
static bool lost_once_more(const struct sender *o, const struct news *n)
{
    return n->loss.retransmission_lost
        && n->loss.now - o->reduced_at >= US(o->loss.rtt_us != 0 ? o->loss.rtt_us : 1);
}

static void fast_recovery(struct tcp *t, struct news *n)
{
    struct sender *o = t->out;
    if (seq_ge(n->loss.ack, o->recover)) {      /* RFC 6675 5 (A) */
        leave(t, n->loss.now);
        if (o->queue.lost > 0)
            enter_fast(t, n);
    } else if (lost_once_more(o, n)) {
        reduce(t, n, "a retransmission is lost");
    }
}

static void by_state(struct tcp *t, struct news *n)
{
    struct sender *o = t->out;
    switch ((enum recovery)o->recovery) {
    case RECOVERY_NONE:
        if (o->queue.lost > 0 && !mtu_probe_explains(t, n))
            enter_fast(t, n);
        else if (seq_ge(n->loss.ack, o->recover))
            undo_is_late(o, n);
        break;
    case RECOVERY_FAST:
        fast_recovery(t, n);
        break;
    case RECOVERY_RTO:
        frto_on_ack(t, n);
        if (seq_ge(n->loss.ack, o->recover))    /* RFC 6675 5.1 */
            leave(t, n->loss.now);
        break;
    }
}

/* RFC 8985 8: something was SACKed or is lost, so no probe but RACK's timer or the RTO. */
static void choose_timer(struct tcp *t, aksu_time look_again)
{
    struct sender *o = t->out;
    o->look_again = look_again;
    bool armed = t->deadline[TIMER_RETRANSMISSION] != NEVER && !t->closed_window;
    if (armed && (t->waits_for != WAIT_LOSS_PROBE || o->queue.sacked > 0 || o->queue.lost > 0))
        rto_choose(t);
}

static void on_scoreboard(struct tcp *t, struct news *n, uint32_t pipe_before)
{
    struct sender *o = t->out;
    (void)o->loss.ops->on_ack(&o->loss, &o->queue, &n->loss);
    if (o->mtu_probing)
        mtu_probe_on_ack(t, n->loss.now);
    if (!undo_check(t, n))
        by_state(t, n);
    tlp_on_ack(t, n);
    if (n->delivered > 0 || (o->cc.ops->own_recovery && o->queue.lost > n->lost_before))
        recovery_grow(t, n, pipe_before);
    if (n->echo)
        ecn_on_echo(t, n);
    if (o->recovery == RECOVERY_FAST && !o->cc.ops->own_recovery)
        prr_on_ack(o, n);
    choose_timer(t, n->loss.look_again);
}

/* Nothing is SACKed, lost, probed for or in doubt, so the acknowledgment of what came in order can
 * show no loss; and nothing is said of marks. */
static bool is_plain(const struct sender *o, const struct tcp_segment *seg, bool duplicate)
{
    return !duplicate && !(seg->options.has & HAS_SACK) && o->recovery == RECOVERY_NONE
        && !(seg->ctl & CTL_ECE) && !o->reduced
        && o->queue.sacked == 0 && o->queue.lost == 0 && o->loss.ops->sack && !o->tlp_out
        && !o->undo_possible && !o->undo_by_dsack && !o->mtu_probing && o->look_again == NEVER;
}

/* Of the news only what the acknowledgment itself says. */
static void on_plain_ack(struct tcp *t, struct news *n, uint32_t pipe_before)
{
    struct sender *o = t->out;
    scoreboard_acknowledge_plain(o, n);
    if (n->rtt_us != 0)
        o->tlp_rtt_taken = true;
    recovery_grow(t, n, pipe_before);
}

/* A question and its answer: one segment was all that was out, it has arrived, and cwnd was not in
 * use. Nothing is left that could be lost, and cwnd must not grow (RFC 5681 3.1). Not a full one:
 * it shows what size the path carries (RFC 5927 7.2). */
static bool is_small_talk(struct sender *o, seq_t una_before, seq_t ack, uint32_t smss)
{
    const struct sent_run *s = o->queue.first;
    return s != NULL && s->next == NULL && s->times == 0 && seq_le(s->right, ack)
        && sent_length(s) < smss && !o->cc.ops->wants_rate
        && window_unused(o, una_before, sent_length(s));
}

/* Congestion control is told now and then, for the sake of its clocks (RFC 7661 4.4). */
static void on_small_talk(struct sender *o, aksu_time now)
{
    uint32_t rtt_us = (uint32_t)((now - o->queue.first->at) / US(1));
    sent_remove_first(&o->queue);
    o->loss.rtt_us = rtt_us;                    /* RFC 8985 6.2 step 2 */
    if (rtt_us != 0) {
        o->tlp_rtt_taken = true;
        min_rtt_sample(&o->min_rtt, rtt_us, now);
    }
}

void recovery_on_ack(struct tcp *t, const struct tcp_segment *seg, seq_t una_before,
                     bool duplicate, aksu_time now)
{
    struct sender *o = t->out;
    bool plain = is_plain(o, seg, duplicate);
    if (plain && now - o->cc_told_at < MS(CC_HEARS_MS)
        && is_small_talk(o, una_before, t->snd.una, t->snd_mss)) {
        on_small_talk(o, now);
        return;
    }
    uint32_t pipe_before = sent_pipe(&o->queue);
    struct news n;
    begin_news(&n, t, now);
    n.loss.una = una_before;
    n.loss.duplicate = duplicate;
    n.echo = seg->ctl & CTL_ECE && ecn_echoes(t, seg, una_before);
    if (t->ts_on && (seg->options.has & HAS_TIMESTAMPS)) {
        n.loss.has_echo = true;
        n.loss.ts_ecr = seg->options.ts_ecr;
        n.loss.ts_offset = t->ts_offset;
    }
    if (plain) {
        on_plain_ack(t, &n, pipe_before);
        return;
    }
    if (o->mtu.silent != 0 && seq_gt(t->snd.una, una_before))
        mtu_silence_ends(t, (uint32_t)seq_diff(t->snd.una, una_before), now);
    scoreboard_update(t, seg, &n);
    if (o->loss.ops->sack)
        on_scoreboard(t, &n, pipe_before);
    else
        newreno_on_ack(t, &n, pipe_before);
    if (o->reduced)
        ecn_reduction_acked(o, n.loss.ack);
    if (tcp_owes_more(t))
        t->may_send = true;
}

void recovery_on_echo(struct tcp *t, aksu_time now)
{
    if (t->out == NULL || t->out->queue.first == NULL)
        return;
    struct news n;
    begin_news(&n, t, now);
    n.echo = true;
    ecn_on_echo(t, &n);
}

void recovery_mark_lost(struct tcp *t, struct sent_run *s, aksu_time now)
{
    struct news n;
    begin_news(&n, t, now);
    loss_mark(&t->out->queue, s, &n.loss);
}

void recovery_on_reordering_timer(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    struct news n;
    begin_news(&n, t, now);
    o->look_again = NEVER;
    t->deadline[TIMER_RETRANSMISSION] = o->rto_at;
    t->waits_for = WAIT_RTO;
    if (o->rto_at <= now)
        rto_start(t, now);
    on_scoreboard(t, &n, sent_pipe(&o->queue));
    t->may_send = true;
}

bool recovery_last_resort(struct tcp *t)
{
    struct sender *o = t->out;
    if (o == NULL || !recovery_may_resort(o) || o->cc.ops->own_recovery || has_new_text(t)
        || o->queue.first == NULL || window_of_cwnd(t) < t->snd_mss)
        return false;
    struct sent_run *s = o->loss.ops->last_resort(&o->loss, &o->queue, t->snd_mss);
    if (s == NULL)
        return false;
    /* Two copies are in the network then (RFC 6675 5 C.4), of which the scoreboard counts one. */
    o->cc.cwnd -= sent_length(s);
    sent_mark_lost(&o->queue, s);
    return true;
}

/* RFC 2018 8: the peer has thrown away what it had SACKed when the first that is outstanding
 * is SACKed and yet not acknowledged. */
static void check_reneging(struct sender *o)
{
    if (o->queue.first->state == SENT_SACKED) {
        sent_forget_sacks(&o->queue);
        o->loss.segs_sacked = 0;
    }
}

/* RFC 5681 3.1, RFC 6298 5.4, RFC 8985 6.3. */
void recovery_on_rto(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    if (o == NULL || o->queue.first == NULL)
        return;
    struct news n;
    begin_news(&n, t, now);
    bool again = t->resends > 1;
    frto_begin(t, again);
    if (o->recovery == RECOVERY_NONE)
        undo_begin(t);
    else if (o->recovery == RECOVERY_FAST)
        o->undo_possible = false;
    check_reneging(o);
    o->cc.ops->on_rto(&o->cc, o->queue.octets, again, now);
    o->loss.ops->on_rto(&o->loss, &o->queue, &n.loss);
    o->recovery = o->loss.ops->sack ? RECOVERY_RTO : RECOVERY_NONE;
    o->recover = t->snd.nxt;
    o->reduced_at = now;
    ecn_reduced(t);
    o->resend_now = true;
    o->resend_why = RESEND_TIMEOUT;
    o->limited_transmit = 0;
    tlp_forget(o);
    t->timing = false;
    t->may_send = true;
    pace_set(t);
    recovery_tell(t, "retransmission timeout", now);
}

/* The last one met this congestion by its own means. Where the window is led to ssthresh, at the
 * end of a recovery (RFC 6937 4) or after a mark, there must be one; and of its window only what
 * was in use is one that congestion has met. */
void recovery_taken_over(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    struct news n;
    begin_news(&n, t, now);
    switch ((enum recovery)o->recovery) {
    case RECOVERY_NONE:
        if (o->reduced)
            o->cc.ssthresh = o->cc.cwnd;
        break;
    case RECOVERY_FAST:
        o->cc.cwnd = recovery_flight_size(o, &n);
        reduce(t, &n, "congestion control was changed");
        break;
    case RECOVERY_RTO:
        o->cc.ops->on_rto(&o->cc, o->queue.octets, false, now);
        break;
    }
}

/* What is outstanding goes out again, as far as the windows allow, and no fault of the network: the
 * window was closed, the path's MTU is smaller, or the peer took no text with the SYN. With SACK
 * and not `all`, the first tells of the others. */
void recovery_resend(struct tcp *t, bool all, enum resend_why why, aksu_time now)
{
    struct sender *o = t->out;
    if (o == NULL)
        return;
    struct news n;
    begin_news(&n, t, now);
    for (struct sent_run *s = o->queue.first; s != NULL; s = s->next) {
        if (s->state == SENT_WAITING)
            loss_mark(&o->queue, s, &n.loss);
        if (!all && o->loss.ops->sack)
            break;
    }
    if (!o->loss.ops->sack)
        o->loss.ops->on_rto(&o->loss, &o->queue, &n.loss);
    o->recovery = o->loss.ops->sack && o->queue.lost > 0 ? RECOVERY_RTO : RECOVERY_NONE;
    o->recover = t->snd.nxt;
    o->frto = o->new_first = o->undo_possible = false;
    o->limited_transmit = 0;
    o->resend_why = (uint8_t)why;
    tlp_forget(o);
    mtu_probe_forget(o);                        /* its text may leave in small segments */
    t->timing = false;
    t->may_send = true;
}
