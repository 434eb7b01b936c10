/* mtu_probe.c - the search for the path's MTU by the text itself (RFC 4821 7, 10.1): what to do
 * when large segments vanish in silence, probes of larger ones, and whether an ICMP message about
 * it is believed (RFC 5927 7.2). Sizes are those of tcp.mtu: octets of TCP header and text. Called
 * by output.c, recovery*.c, event_icmp.c and event_timeouts.c. */
#include "base/ip_addr.h"
#include "tcp/core.h"

/* BASE: works nearly everywhere, RFC 4821 7.2; of the IP packet, as LEAST is: what every host takes
 * (RFC 9293 3.7.1 [MUST-15]); less is only for a router to say. CLOSE: nearer than this nothing is
 * searched for. AFTER: full segments that make a fast retransmit of a lost probe possible,
 * RFC 4821 7.4. RISE: a probe is at most so many segments, RFC 4821 10.1. */
enum { BASE_V4 = 1024, BASE_V6 = 1280, LEAST_V4 = 576, CLOSE = 32, AFTER = 3, RISE = 3,
       UNPROVEN = 2, PROVEN = 4 };

static uint32_t ip_header(const struct tcp *t)
{
    return ip_is_v4(&t->tuple.remote_ip) ? 20 : 40;
}

static uint16_t base(const struct tcp *t)
{
    return (uint16_t)(ip_is_v4(&t->tuple.remote_ip) ? BASE_V4 - 20 : BASE_V6 - 40);
}

static void tell(const struct tcp *t, uint16_t mtu, const char *what, aksu_time now)
{
    TCP_EMIT(t, now, mtu_search, .mtu = mtu + ip_header(t), .what = what);
}

/* RFC 4821 7.1 (search_high): the path's owner, and the peer, take no more. */
static uint16_t most(const struct tcp *t)
{
    uint32_t peer = (uint32_t)t->peer_mss + TCP_HEADER;
    return peer < t->mtu_most ? (uint16_t)peer : t->mtu_most;
}

/* RFC 5681 3.1: fewer octets when each segment has fewer, and RFC 4821 4: not more when they have
 * more. */
void mtu_apply(struct tcp *t, uint16_t mtu)
{
    uint32_t before = t->snd_mss;
    t->mtu = mtu;
    tcp_update_mss(t);
    struct sender *o = t->out;
    if (o == NULL) {
        t->mtu_proven = t->mtu_proven && t->snd_mss <= before;
        return;
    }
    if (t->snd_mss > before)
        o->mtu.raised_at = t->snd.nxt;
    if (t->snd_mss < before)
        o->cc.cwnd = (uint32_t)((uint64_t)o->cc.cwnd * t->snd_mss / before);
    if (o->cc.cwnd < t->snd_mss)
        o->cc.cwnd = t->snd_mss;
    o->cc.smss = t->snd_mss;
}

/* --- the search --- */

/* Packets that are common on paths, by what carries them. RFC 4821 7.3 */
static const uint16_t common[] = { 576, 1006, 1280, 1400, 1420, 1440, 1460, 1480, 1492, 1500, 2002,
                                   4352, 9000, 17914, 32000 };

/* The one in the middle of those in (low, high]; 0: there is none. */
static uint32_t common_between(uint32_t low, uint32_t high)
{
    uint32_t first = 0, last = sizeof common / sizeof common[0];
    while (first < last && common[first] <= low)
        first++;
    while (last > first && common[last - 1] > high)
        last--;
    return first < last ? common[(first + last) / 2] : 0;
}

static bool search_is_over(const struct tcp *t)
{
    return most(t) < t->mtu + CLOSE;
}

/* The largest first: what seemed a black hole may have been a cut, and what was learnt long ago may
 * have changed. */
static uint16_t next_size(const struct tcp *t)
{
    uint32_t high = most(t), rise = RISE * (uint32_t)t->snd_mss + tcp_overhead(t), size = high;
    if (t->out->mtu.halving) {
        uint32_t header = ip_header(t);
        size = common_between(t->mtu + header, high + header);
        size = size != 0 ? size - header : (t->mtu + high + 1u) / 2;
    }
    return (uint16_t)(size < rise ? size : rise);
}

/* RFC 4821 7.3: converged. The owner keeps it, and says when it is time to search again. */
static void conclude(struct tcp *t, aksu_time now)
{
    if (!search_is_over(t))
        return;
    if (most(t) == t->mtu_most) {               /* the peer's limit says nothing of the path */
        t->mtu_most = t->mtu;
        t->mtu_found = true;
    }
    t->out->mtu.halving = false;
    tell(t, t->mtu, "found", now);
}

/* RFC 4821 7.6.2: as many round trips as cwnd has segments, which is longer than from one loss to
 * the next. */
static aksu_time pause(const struct tcp *t, uint32_t times)
{
    uint64_t rounds = t->out->cc.cwnd / t->snd_mss + 1;
    uint64_t us = rounds * times * (t->srtt_us != 0 ? t->srtt_us : 1000000);
    return US(us);
}

/* RFC 4821 7.6.2, 7.6.3 */
static void failed(struct tcp *t, uint32_t times, aksu_time now)
{
    struct mtu_search *m = &t->out->mtu;
    tell(t, m->size, "probe lost", now);
    t->mtu_most = (uint16_t)(m->size - 1);
    m->size = 0;
    m->halving = true;
    m->not_before = time_after(now, pause(t, times));
    conclude(t, now);
}

void mtu_search_begin(struct tcp *t, aksu_time now)
{
    struct mtu_search *m = &t->out->mtu;
    m->raised_at = t->snd.nxt;
    m->acked = t->mtu_proven ? t->mtu : 0;
    if (t->octets_out > 0)                      /* what was learnt before it was idle may be lost */
        m->not_before = time_after(now, pause(t, 1));
}

/* A connection begins. RFC 4821 7.2 */
void mtu_search_open(struct tcp *t)
{
    if (t->env->config.mtu_probing == AKSU_MTU_PROBING_ALWAYS && t->mtu > base(t))
        mtu_apply(t, base(t));
}

/* RFC 4821 7.4, and RFC 6582 3.2 (2): without SACK no fast retransmit tells of what begins where
 * the last recovery ended. */
static bool loss_would_show(const struct tcp *t)
{
    const struct loss *l = &t->out->loss;
    return l->ops->sack || !l->recover_valid || seq_gt(t->snd.nxt, l->recover);
}

/* RFC 4821 7.4. How much text the next segment has, when it is a probe; MTU_PROBE_WAITS: it will
 * be one as soon as the window allows, so nothing smaller may use that; 0: it is none. */
uint32_t mtu_probe_length(struct tcp *t, uint32_t queued, uint32_t limit, aksu_time now)
{
    struct sender *o = t->out;
    const struct mtu_search *m = &o->mtu;
    if (t->octets_out == 0 || search_is_over(t) || o->mtu_probing || now < m->not_before
        || o->recovery != RECOVERY_NONE || (o->queue.lost | o->queue.sacked) != 0 || o->tlp_owed
        || t->urgent_out || limit != t->snd_mss || !loss_would_show(t))
        return 0;
    uint32_t length = next_size(t) - tcp_overhead(t), all = length + AFTER * limit;
    uint32_t flight = in_flight(t);
    if (queued < all || o->cc.cwnd < all || t->snd.wnd < all)
        return 0;
    if (window_sendable(t) >= length && t->snd.wnd - flight >= all)
        return length;
    /* Acknowledgments end the wait, and it takes no large part of the window. */
    if (flight < 2 * limit || t->snd.wnd < 2 * all)
        return 0;
    o->cwnd_used = true;
    o->cwnd_used_to = t->snd.nxt;
    return MTU_PROBE_WAITS;
}

/* `length` octets leave at SND.NXT as a probe. */
void mtu_probe_sent(struct tcp *t, uint32_t length, aksu_time now)
{
    struct mtu_search *m = &t->out->mtu;
    m->size = (uint16_t)(length + tcp_overhead(t));
    m->left = t->snd.nxt;
    m->right = seq_add(t->snd.nxt, length);
    t->out->mtu_probing = true;
    tell(t, m->size, "probe", now);
}

/* RFC 4821 7.6.1 */
static void succeeded(struct tcp *t, aksu_time now)
{
    struct mtu_search *m = &t->out->mtu;
    m->before = t->mtu;
    uint16_t size = m->size;
    m->size = 0;
    mtu_apply(t, size);
    tell(t, size, "probe arrived", now);
    conclude(t, now);
}

/* After every acknowledgment while there is a probe, or what is left of one. */
void mtu_probe_on_ack(struct tcp *t, aksu_time now)
{
    const struct mtu_search *m = &t->out->mtu;
    if (seq_lt(t->snd.una, m->right))
        return;
    t->out->mtu_probing = false;
    if (m->size != 0)
        succeeded(t, now);
}

/* RFC 4821 7.6.4: others are lost as well. It is tried again. */
void mtu_probe_forget(struct sender *o)
{
    o->mtu.size = 0;
    o->mtu_probing = false;
}

/* All that is lost lies in the probe. */
static bool only_probe_is_lost(struct sender *o)
{
    const struct mtu_search *m = &o->mtu;
    uint32_t inside = 0;
    const struct sent_run *s = sent_first_lost(&o->queue);
    if (s == NULL || seq_lt(s->left, m->left))
        return false;
    for (; s != NULL && seq_le(s->right, m->right); s = s->next)
        inside += s->state == SENT_LOST ? sent_length(s) : 0;
    return inside == o->queue.lost;
}

/* Something is lost, outside of recovery. True: nothing but the probe, and that is no congestion
 * (RFC 4821 7.6.2, 4). Its text leaves again in segments of the old size. */
bool mtu_probe_explains(struct tcp *t, const struct news *n)
{
    if (!t->out->mtu_probing || n->loss.retransmission_lost || !only_probe_is_lost(t->out))
        return false;
    if (t->out->mtu.size != 0)
        failed(t, 1, n->loss.now);
    t->out->resend_why = RESEND_PROBE;
    t->may_send = true;
    return true;
}

/* Fast recovery begins, without SACK: it cannot be told whether others are lost, RFC 4821 7.6.3. */
void mtu_probe_lost_in_recovery(struct tcp *t, aksu_time now)
{
    const struct mtu_search *m = &t->out->mtu;
    if (m->size != 0 && seq_eq(t->snd.una, m->left))
        failed(t, 5, now);
    mtu_probe_forget(t->out);
}

/* --- silence --- */

static void fall(struct tcp *t, uint16_t to, const char *why, aksu_time now)
{
    struct mtu_search *m = &t->out->mtu;
    m->before = 0;
    mtu_apply(t, to);
    tell(t, to, why, now);
}

/* RFC 5927 7.2: a timeout says what a router had said (MAXSEGRTO is 1), and what it said is still
 * about something outstanding. */
static bool honour_claim(struct tcp *t)
{
    struct mtu_search *m = &t->out->mtu;
    uint16_t mtu = m->claimed;
    m->claimed = 0;
    if (mtu == 0 || mtu >= t->mtu || seq_lt(m->claimed_seq, t->snd.una)
        || seq_ge(m->claimed_seq, t->snd.nxt))
        return false;
    t->mtu_most = m->acked = mtu;
    t->mtu_found = true;
    m->silent = 0;
    mtu_apply(t, mtu);
    return true;
}

/* Segments of this size have arrived, not only a probe. */
static bool is_proven(const struct tcp *t)
{
    return t->out->mtu.acked == t->mtu;
}

/* IPv6 carries 1280 octets everywhere: RFC 4821 7.7, RFC 8201 4. */
static uint16_t least(const struct tcp *t)
{
    return ip_is_v4(&t->tuple.remote_ip) ? LEAST_V4 - 20 : base(t);
}

/* What is tried first when segments of `full` octets get no answer. */
static uint16_t smaller(const struct tcp *t, uint16_t full)
{
    return full > base(t) ? base(t) : least(t);
}

/* RFC 4821 7.7, without a reason that a message gave. Where segments of this size have arrived all
 * R1 retransmissions must have been lost, or a link that loses one packet in ten would seem to be
 * a black hole now and then. Silence alone is no proof: a cable may be out. So what is smaller
 * takes turns with what was in force, and what arrives decides. */
static uint16_t size_to_try(const struct tcp *t, uint16_t full)
{
    uint32_t enough = t->out->mtu.acked == full ? PROVEN : UNPROVEN;
    if (t->resends < enough || t->soft_now)
        return full;
    switch ((t->resends - enough) % 4) {
    case 0:
        return smaller(t, full);
    case 2:
        return least(t);
    }
    return full;
}

/* Nothing is answered; the first that is outstanding was `segment` octets. */
static void try_another(struct tcp *t, uint32_t segment, aksu_time now)
{
    struct mtu_search *m = &t->out->mtu;
    uint16_t full = m->silent != 0 ? m->silent : t->mtu, to = size_to_try(t, full);
    if (to > full || (m->silent == 0 && segment <= smaller(t, full)))
        to = full;
    if (to == t->mtu)
        return;
    m->silent = full;
    fall(t, to, to < full ? "no answer: smaller" : "no answer: as before", now);
}

/* Of what was tried the smallest that explains so many acknowledged octets has arrived. */
static uint16_t size_that_arrived(const struct tcp *t, uint32_t acked)
{
    uint32_t segment = acked + tcp_overhead(t);
    if (segment <= least(t))
        return least(t);
    return segment <= base(t) ? base(t) : UINT16_MAX;
}

/* RFC 4821 7.7. After a timeout so many octets are acknowledged: it was a black hole when only a
 * smaller segment has arrived; or it was none, and all is as before. */
void mtu_silence_ends(struct tcp *t, uint32_t acked, aksu_time now)
{
    uint16_t full = t->out->mtu.silent, arrived = size_that_arrived(t, acked);
    t->out->mtu.silent = 0;
    if (arrived < full) {
        t->black_hole = true;
        fall(t, arrived, "black hole", now);
    } else if (t->mtu != full) {
        fall(t, full, "no black hole", now);
    }
}

/* The retransmission timer has expired, t->resends times for the first segment. */
void mtu_probe_on_rto(struct tcp *t, aksu_time now)
{
    struct sender *o = t->out;
    if (o == NULL || o->queue.first == NULL)
        return;
    struct mtu_search *m = &o->mtu;
    uint32_t text = sent_length(o->queue.first);
    uint32_t segment = (text < t->snd_mss ? text : t->snd_mss) + tcp_overhead(t);
    if (m->size != 0 && seq_eq(t->snd.una, m->left))
        failed(t, 5, now);
    mtu_probe_forget(o);
    if (honour_claim(t))
        return;
    if (m->before != 0 && segment > m->before && !is_proven(t)) {      /* RFC 4821 7.8 */
        t->mtu_most = (uint16_t)(t->mtu - 1);
        m->halving = true;
        m->not_before = time_after(now, pause(t, 5));
        fall(t, m->before, "too large after all", now);
        return;
    }
    if (t->env->config.mtu_probing != AKSU_MTU_PROBING_OFF)
        try_another(t, segment, now);
}

/* --- what a router says --- */

/* The probe's text leaves again at once. */
static void lose_probe(struct tcp *t, aksu_time now)
{
    struct sent_queue *q = &t->out->queue;
    const struct mtu_search *m = &t->out->mtu;
    uint32_t steps = SENT_STEPS;
    struct sent_run *s = sent_find(q, m->left, &steps);
    if (s == NULL || (seq_lt(s->left, m->left) && !sent_split(q, s, m->left)))
        return;
    if (seq_lt(s->left, m->left))
        s = s->next;
    if (s->state != SENT_WAITING || (seq_gt(s->right, m->right) && !sent_split(q, s, m->right)))
        return;
    recovery_mark_lost(t, s, now);
    t->out->resend_why = RESEND_PROBE;
    t->may_send = true;
}

/* RFC 8201 5.4, RFC 4821 7.6.2: of the probe, no more than a failure of it. */
static bool is_about_probe(const struct tcp *t, uint16_t mtu, seq_t seq)
{
    const struct sender *o = t->out;
    return mtu >= t->mtu && o != NULL && mtu < o->mtu.size && seq_ge(seq, o->mtu.left)
        && seq_lt(seq, o->mtu.right);
}

/* The segment that begins at `seq` has at most so many octets. */
static uint32_t size_at(const struct tcp *t, seq_t seq)
{
    uint32_t steps = SENT_STEPS;
    const struct sent_run *s = t->out != NULL ? sent_find(&t->out->queue, seq, &steps) : NULL;
    if (s == NULL)
        return t->mtu;                          /* no text, or the search took too long */
    uint32_t text = (uint32_t)seq_diff(s->right, seq);
    return (text < t->snd_mss ? text : t->snd_mss) + tcp_overhead(t);
}

/* RFC 5927 7.2: not when what was sent is not larger; and when something larger has arrived, only
 * if a timeout says so too. */
bool mtu_claim(struct tcp *t, uint16_t mtu, seq_t seq, aksu_time now)
{
    struct sender *o = t->out;
    if (is_about_probe(t, mtu, seq)) {
        o->mtu.size = (uint16_t)(mtu + 1);
        failed(t, 1, now);
        lose_probe(t, now);
        return true;
    }
    if (mtu >= t->mtu || mtu >= size_at(t, seq))
        return false;
    if (o != NULL && mtu < o->mtu.acked && t->resends == 0) {
        o->mtu.claimed = mtu;
        o->mtu.claimed_seq = seq;
        return false;
    }
    t->mtu_most = mtu;
    if (o != NULL)
        o->mtu.silent = 0;                      /* that explains it */
    mtu_apply(t, mtu);
    /* Lost to their size, not to congestion: the same octets again, smaller. */
    recovery_resend(t, true, RESEND_TOO_BIG, now);
    return true;
}
