/* rate.c - how fast what was sent arrives, when a round trip ends, and the smallest round trip
 * (draft-cheng-iccrg-delivery-rate-estimation 3; RFC 8985 6.2 step 1). Called by output.c and
 * recovery.c. */
#include "tcp/core.h"

enum { HALF_WINDOW_MS = 5000 };

static uint32_t us_of(aksu_time t)
{
    return (uint32_t)(t / US(1));
}

/* From nothing, and what is in flight counts as if it had left with a rate taken at `now`: another
 * algorithm may have sent it, which did not ask for rates. */
void rate_begin(struct sender *o, seq_t nxt, aksu_time now)
{
    o->rate = (struct rate){ .delivered_us = us_of(now), .first_us = us_of(now), .round_seq = nxt };
    for (struct sent_run *s = o->queue.first; s != NULL; s = s->next) {
        s->delivered = 0;
        s->delivered_us = us_of(now);
        s->first_us = us_of(s->at);
        s->app_limited = false;
    }
}

void rate_sent(struct sender *o, struct sent_run *s, bool first, aksu_time now)
{
    struct rate *r = &o->rate;
    if (!o->cc.ops->wants_rate)
        return;
    if (first)
        r->first_us = r->delivered_us = us_of(now);
    s->delivered = r->delivered;
    s->delivered_us = r->delivered_us;
    s->first_us = r->first_us;
    s->app_limited = r->app_limited;
}

/* The application has nothing to send, and the window would let it. For those that want rates. */
void rate_app_limited(struct sender *o)
{
    if (o->rate.app_limited)
        return;
    o->rate.app_limited = true;
    o->rate.app_limited_until = o->rate.delivered + sent_pipe(&o->queue);
}

static void keep_prior(struct sender *o, const struct sent_run *s, struct news *n)
{
    struct rate *r = &o->rate;
    n->prior_delivered = s->delivered;
    n->prior_us = s->delivered_us;
    n->send_us = us_of(s->at) - s->first_us;
    n->prior_app_limited = s->app_limited;
    r->first_us = us_of(s->at);
}

void rate_delivered(struct sender *o, const struct sent_run *s, uint32_t octets, struct news *n)
{
    bool newest = n->newest_at == 0 || sent_after(s->at, s->right, n->newest_at, n->newest_end);
    if (newest) {
        n->newest_at = s->at;
        n->newest_end = s->right;
        n->rtt_us = s->times == 0 ? us_of(n->loss.now - s->at) : 0;
    }
    if (!o->cc.ops->wants_rate)
        return;
    o->rate.delivered += octets;
    o->rate.delivered_us = us_of(n->loss.now);
    if (newest)
        keep_prior(o, s, n);
}

/* Without rate samples a round trip ends when what was sent at its beginning is acknowledged. */
static bool round_ends(struct sender *o, const struct news *n)
{
    if (seq_lt(n->loss.ack, o->rate.round_seq))
        return false;
    o->rate.round_seq = n->loss.nxt;
    return true;
}

/* After the whole acknowledgment. */
void rate_sample(struct sender *o, const struct news *n, struct cc_ack *out)
{
    struct rate *r = &o->rate;
    if (!o->cc.ops->wants_rate) {
        out->round = round_ends(o, n);
        return;
    }
    if (r->app_limited && (int32_t)(r->delivered - r->app_limited_until) > 0)
        r->app_limited = false;
    if (n->newest_at == 0)
        return;
    if ((int32_t)(n->prior_delivered - r->round_end) >= 0) {
        r->round_end = r->delivered;
        out->round = true;
    }
    uint32_t ack_us = r->delivered_us - n->prior_us;
    uint32_t interval = n->send_us > ack_us ? n->send_us : ack_us;
    if (interval == 0 || interval < o->min_rtt.us / 2)      /* ACKs that came compressed */
        return;
    out->delivery_rate = (uint64_t)(r->delivered - n->prior_delivered) * 1000000 / interval;
    out->rate_app_limited = n->prior_app_limited;
}

void min_rtt_sample(struct min_rtt *m, uint32_t rtt_us, aksu_time now)
{
    uint32_t now_ms = (uint32_t)(now / MS(1));
    if (now_ms - m->half_began_ms >= HALF_WINDOW_MS) {
        m->us = m->next_us;
        m->next_us = UINT32_MAX;
        m->half_began_ms = now_ms;
    }
    if (rtt_us < m->next_us)
        m->next_us = rtt_us;
    if (rtt_us < m->us)
        m->us = rtt_us;
}
