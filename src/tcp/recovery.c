/* recovery.c - carries out what loss detection found (loss.h) with the window that congestion
 * control allows (cc.h): RFC 5681 3.2, RFC 6582 3.2, RFC 3042 2. Called by ack.c and
 * event_timeouts.c. */
#include "tcp/core.h"

static void tell(struct tcp *t, const char *why, aksu_time now)
{
    TCP_EMIT(t, now, cwnd, .cwnd = t->cc.cwnd,
             .ssthresh = t->cc.ssthresh == UINT32_MAX ? 0 : t->cc.ssthresh,
             .in_flight = in_flight(t), .why = why);
}

/* The one segment at SND.UNA goes out again, whatever cwnd says. */
static void resend_first(struct tcp *t)
{
    seq_t end = seq_add(t->snd.una, t->snd_mss);
    t->snd.resend = t->snd.una;
    t->snd.resend_end = seq_min(end, t->snd.nxt);
    t->timing = false;                          /* RFC 6298 3: it may be the one being timed */
    t->may_send = true;
}

static void grow(struct tcp *t, uint32_t acked, uint32_t flight, aksu_time now)
{
    struct cc_ack a = { .acked = acked, .in_flight = flight, .smss = t->snd_mss,
                        .srtt_us = t->srtt_us, .now = now };
    /* RFC 5681 3.1 grows cwnd when it was in use: here, when at least half of it was in flight in
     * slow start, all but a segment of it afterwards. */
    uint32_t in_use = t->cc.cwnd < t->cc.ssthresh ? t->cc.cwnd / 2
                    : t->cc.cwnd - (t->cc.cwnd < t->snd_mss ? t->cc.cwnd : t->snd_mss);
    a.app_limited = flight < in_use;
    t->cc.ops->on_ack(&t->cc, &a);
}

/* RFC 6582 3.2 (3): deflate by what was acknowledged, add one segment for the retransmission. */
static void deflate(struct tcp *t, uint32_t acked)
{
    t->cc.cwnd = t->cc.cwnd > acked ? t->cc.cwnd - acked : 0;
    if (acked >= t->snd_mss)
        t->cc.cwnd += t->snd_mss;
    if (t->cc.cwnd < t->snd_mss)
        t->cc.cwnd = t->snd_mss;
}

/* RFC 5681 3.2 (2): what limited transmit sent beyond cwnd does not count. */
static uint32_t without_limited_transmit(const struct tcp *t, uint32_t flight)
{
    uint32_t most = (uint32_t)t->limited_transmit * t->snd_mss;
    uint32_t beyond = flight > t->cc.cwnd ? flight - t->cc.cwnd : 0;
    return flight - (beyond < most ? beyond : most);
}

void recovery_on_ack(struct tcp *t, seq_t una_before, uint32_t acked, bool duplicate,
                     uint32_t flight, aksu_time now)
{
    struct loss_ack a = { .una = una_before, .nxt = t->snd.nxt,
                          .ack = duplicate ? una_before : t->snd.una, .duplicate = duplicate };
    if (!duplicate)
        t->limited_transmit = 0;

    switch (t->loss.ops->on_ack(&t->loss, &a)) {
    case LOSS_NONE:
        if (acked > 0)
            grow(t, acked, flight, now);
        break;
    case LOSS_LIMITED_TRANSMIT:
        t->limited_transmit = (uint8_t)t->loss.dup_acks;
        t->may_send = true;
        break;
    case LOSS_ENTER:
        t->cc.ops->on_loss(&t->cc, without_limited_transmit(t, flight), t->snd_mss, now);
        t->limited_transmit = 0;
        t->cc.cwnd += 3u * t->snd_mss;          /* RFC 5681 3.2 (3): three have left the network */
        resend_first(t);
        tell(t, "fast retransmit", now);
        break;
    case LOSS_DUPLICATE:
        t->cc.cwnd += t->snd_mss;               /* RFC 5681 3.2 (4) */
        t->may_send = true;
        break;
    case LOSS_PARTIAL:
        deflate(t, acked);
        resend_first(t);
        tell(t, "partial acknowledgment", now);
        break;
    case LOSS_RECOVERED: {
        uint32_t now_in_flight = in_flight(t) > t->snd_mss ? in_flight(t) : t->snd_mss;
        uint32_t cautious = now_in_flight + t->snd_mss;         /* RFC 6582 3.2 (3), first choice */
        t->cc.cwnd = cautious < t->cc.ssthresh ? cautious : t->cc.ssthresh;
        tell(t, "recovered", now);
        break;
    }
    }
}

/* Everything outstanding goes out again, as far as the windows allow; what was being recovered
 * is part of it. */
void recovery_resend_all(struct tcp *t)
{
    t->loss.ops->on_rto(&t->loss, t->snd.nxt);
    t->limited_transmit = 0;
    t->timing = false;
    t->snd.resend = t->snd.una;
    t->snd.resend_end = t->snd.nxt;
    t->may_send = true;
}

/* Everything from SND.UNA on goes out again, as slow start allows: RFC 5681 3.1, RFC 6298 5.4. */
void recovery_on_rto(struct tcp *t, aksu_time now)
{
    t->cc.ops->on_rto(&t->cc, in_flight(t), t->snd_mss, t->resends > 1, now);
    recovery_resend_all(t);
    tell(t, "retransmission timeout", now);
}
