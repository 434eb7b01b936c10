/* syn_cookie.c - SYN cookies (RFC 4987 3.6, appendix A). The ISN is a keyed hash of the connection
 * and of the time, and the peer's MSS beside it; with timestamps, TSval has the other options in
 * its lowest bits. Called by stack/syn_cookies.c. */
#include "base/ip_addr.h"
#include "tcp/core.h"

/* The ISN: when it was made, in periods modulo 4; the MSS, as an index; the hash. */
enum { HASH_BITS = 24, AT_MSS = 24, AT_PERIOD = 30, AGE_MOST = 1 };
/* So far may the clock of another stack be ahead. */
enum { AHEAD_MS = 1000 };
/* The lowest bits of TSval, and what says that there are timestamps at all. */
enum { NO_SCALE = 15, KEPT_SACK = 16, KEPT_ECN = 32, KEPT_BITS = 63, WITH_TIMESTAMPS = 64 };

/* An MSS is rounded down to one of these. What tunnels make of an Ethernet, from 1200 to 1460
 * octets, loses 12 at most. */
static const uint16_t MSS[64] = {
    48, 64, 88, 128, 192, 216, 256, 384, 488, 512, 536, 600,
    700, 800, 900, 984, 1024, 1100, 1160, 1180, 1200, 1208, 1212, 1220,
    1228, 1240, 1252, 1260, 1268, 1280, 1288, 1300, 1308, 1320, 1328, 1340,
    1348, 1360, 1368, 1372, 1380, 1388, 1392, 1400, 1408, 1412, 1420, 1424,
    1428, 1432, 1436, 1440, 1444, 1448, 1452, 1456, 1460, 1960, 4036, 8860,
    8940, 8960, 16344, 65475,
};

static uint32_t index_of(uint16_t mss)
{
    uint32_t at = 0;
    for (uint32_t step = 32; step > 0; step /= 2)
        if (MSS[at + step] <= mss)
            at += step;
    return at;
}

void cookie_share(struct cookie_keys *keys, const struct sipkey *key, aksu_time now)
{
    if (!keys->shared)
        keys->clock = *key;
    keys->shared = true;
    if (keys->key.k0 == key->k0 && keys->key.k1 == key->k1)
        return;
    keys->before = keys->key;
    keys->key = *key;
    keys->before_until = time_after(now, SECONDS(2 * COOKIE_SECONDS));
}

static uint32_t period_of(aksu_time now)
{
    return (uint32_t)(now / SECONDS(COOKIE_SECONDS));
}

/* Of numbers, so that instances on different machines make the same of it. `kept`: the index of the
 * MSS, and the options. */
static uint32_t hash(const struct sipkey *key, const struct tcp_tuple *tuple, seq_t irs,
                     uint32_t period, uint32_t kept)
{
    uint64_t first = (uint64_t)irs.n << 32 | (uint32_t)tuple->local_port << 16
                   | tuple->remote_port;
    uint64_t rest = (uint64_t)period << 16 | (kept >> AT_MSS << 8) | (kept & UINT8_MAX);
    if (ip_is_v4(&tuple->remote_ip)) {
        uint64_t addresses = (uint64_t)load_be32(ip_v4(&tuple->local_ip)) << 32
                           | load_be32(ip_v4(&tuple->remote_ip));
        return (uint32_t)siphash24_23(key, first, addresses, rest) & ((1u << HASH_BITS) - 1);
    }
    uint8_t octets[48];
    struct writer w = writer_of(octets, sizeof octets);
    write_be32(&w, (uint32_t)(first >> 32));
    write_be32(&w, (uint32_t)first);
    write_be32(&w, (uint32_t)(rest >> 32));
    write_be32(&w, (uint32_t)rest);
    memcpy(octets + 16, tuple->local_ip.octet, 16);
    memcpy(octets + 32, tuple->remote_ip.octet, 16);
    return (uint32_t)siphash24(key, octets, sizeof octets) & ((1u << HASH_BITS) - 1);
}

/* What the SYN says and the timestamp will keep. Without timestamps there is no place for it, and
 * it is not agreed on. */
static uint32_t options_of(const struct tcp_config *c, const struct tcp_segment *syn)
{
    const struct tcp_options *o = &syn->options;
    if (!c->timestamps || !(o->has & HAS_TIMESTAMPS))
        return 0;
    uint32_t kept = WITH_TIMESTAMPS | NO_SCALE;
    if (c->window_scale && (o->has & HAS_WINDOW_SCALE))
        kept = WITH_TIMESTAMPS | (o->window_scale < NO_SCALE ? o->window_scale : NO_SCALE - 1u);
    if (c->sack && (o->has & HAS_SACK_PERMITTED))
        kept |= KEPT_SACK;
    if (c->ecn != AKSU_ECN_OFF && ecn_is_setup(syn))
        kept |= KEPT_ECN;
    return kept;
}

static uint16_t mss_of(const struct tcp_tuple *tuple, const struct tcp_segment *syn)
{
    uint16_t unsaid = ip_is_v4(&tuple->remote_ip) ? 536 : 1220;     /* RFC 9293 3.7.1 [MUST-15] */
    uint16_t mss = syn->options.has & HAS_MSS ? syn->options.mss : unsaid;
    return mss < MSS[0] ? MSS[0] : mss;
}

/* Not later than the clock of the connection: its next TSval must not be less (RFC 7323 4.1). */
static uint32_t ts_val_of(const struct tcp_env *env, const struct tcp_tuple *tuple, uint32_t kept,
                          aksu_time now)
{
    uint32_t clock = (uint32_t)(now / MS(1)) + tcp_timestamp_offset(env, tuple);
    uint32_t val = (clock & ~(uint32_t)KEPT_BITS) | (kept & KEPT_BITS);
    return (int32_t)(val - clock) > 0 ? val - (KEPT_BITS + 1) : val;
}

static void answer_options(const struct tcp_env *env, const struct tcp_tuple *tuple,
                           const struct tcp_segment *syn, uint32_t kept, struct tcp_options *out,
                           aksu_time now)
{
    if (!(kept & WITH_TIMESTAMPS))
        return;
    out->has |= HAS_TIMESTAMPS;
    out->ts_val = ts_val_of(env, tuple, kept, now);
    out->ts_ecr = syn->options.ts_val;
    if (kept & KEPT_SACK)
        out->has |= HAS_SACK_PERMITTED;
    if ((kept & NO_SCALE) != NO_SCALE) {
        out->has |= HAS_WINDOW_SCALE;
        out->window_scale = tcp_shift_for(&env->config, env->config.receive_buffer);
    }
}

static seq_t isn_of(const struct tcp_env *env, const struct tcp_tuple *tuple,
                    const struct tcp_segment *syn, uint32_t kept, aksu_time now)
{
    uint32_t period = period_of(now), at_mss = index_of(mss_of(tuple, syn)) << AT_MSS;
    return seq_of(hash(&env->cookies.key, tuple, syn->seq, period, at_mss | kept)
                  | at_mss | period << AT_PERIOD);
}

void cookie_answer(const struct tcp_env *env, const struct tcp_tuple *tuple,
                   const struct tcp_segment *syn, uint16_t mtu, struct tcp_segment *reply,
                   aksu_time now)
{
    uint32_t kept = options_of(&env->config, syn);
    uint32_t wnd = env->config.receive_buffer;
    reply->source_port = syn->destination_port;
    reply->destination_port = syn->source_port;
    reply->seq = isn_of(env, tuple, syn, kept, now);
    reply->ack = seq_add(syn->seq, 1);
    reply->ctl = (uint8_t)(CTL_SYN | CTL_ACK | (kept & KEPT_ECN ? CTL_ECE : 0));
    reply->wnd = wnd < UINT16_MAX ? wnd : UINT16_MAX;       /* RFC 7323 2.2: never scaled */
    reply->urgent_pointer = 0;
    reply->ecn = ECN_NOT_ECT;
    reply->gso_size = 0;
    reply->text_len = reply->parts = 0;
    reply->options.has = HAS_MSS;
    reply->options.mss = (uint16_t)(mtu - TCP_HEADER);      /* RFC 9293 3.7.1 [MUST-14] */
    reply->options.sack_count = 0;
    answer_options(env, tuple, syn, kept, &reply->options, now);
}

static void syn_of(const struct tcp_segment *ack, uint32_t isn, uint32_t kept,
                   struct tcp_segment *syn)
{
    syn->source_port = ack->source_port;
    syn->destination_port = ack->destination_port;
    syn->seq = seq_sub(ack->seq, 1);
    syn->ack = seq_of(0);
    syn->ctl = (uint8_t)(CTL_SYN | (kept & KEPT_ECN ? CTL_ECE | CTL_CWR : 0));
    syn->wnd = ack->wnd;                        /* that of the ACK comes next, and replaces it */
    syn->urgent_pointer = 0;
    syn->ecn = ECN_NOT_ECT;
    syn->gso_size = 0;
    syn->text_len = syn->parts = 0;
    syn->options.has = HAS_MSS;
    syn->options.mss = MSS[isn >> AT_MSS & 63];
    syn->options.sack_count = 0;
    if (!(kept & WITH_TIMESTAMPS))
        return;
    syn->options.has |= HAS_TIMESTAMPS;
    syn->options.ts_val = ack->options.ts_val;
    syn->options.ts_ecr = ack->options.ts_ecr;
    if (kept & KEPT_SACK)
        syn->options.has |= HAS_SACK_PERMITTED;
    if ((kept & NO_SCALE) != NO_SCALE) {
        syn->options.has |= HAS_WINDOW_SCALE;
        syn->options.window_scale = kept & NO_SCALE;
    }
}

bool cookie_check(const struct tcp_env *env, const struct tcp_tuple *tuple,
                  const struct tcp_segment *ack, struct tcp_segment *syn, aksu_time now)
{
    if ((ack->ctl & (CTL_ACK | CTL_SYN | CTL_RST)) != CTL_ACK)
        return false;
    uint32_t isn = seq_sub(ack->ack, 1).n, newest = period_of(now + MS(AHEAD_MS)), kept = 0;
    uint32_t made = newest - ((newest - (isn >> AT_PERIOD)) & 3);
    if ((int32_t)(period_of(now) - made) > AGE_MOST)
        return false;
    if (env->config.timestamps && (ack->options.has & HAS_TIMESTAMPS))
        kept = WITH_TIMESTAMPS | (ack->options.ts_ecr & KEPT_BITS);
    const struct cookie_keys *keys = &env->cookies;
    uint32_t at_mss = isn & 63u << AT_MSS, seen = isn & ((1u << HASH_BITS) - 1);
    seq_t irs = seq_sub(ack->seq, 1);
    /* Compared as numbers: how long it takes says nothing of how much was right. */
    bool good = hash(&keys->key, tuple, irs, made, at_mss | kept) == seen;
    if (!good && now < keys->before_until)
        good = hash(&keys->before, tuple, irs, made, at_mss | kept) == seen;
    if (good)
        syn_of(ack, isn, kept, syn);
    return good;
}

void cookie_open(struct tcp *t, const struct tcp_tuple *tuple, const struct tcp_segment *syn,
                 seq_t iss, aksu_time now)
{
    struct tcp_segment sent;
    (void)tcp_open_passive(t, tuple, now);
    tcp_segment_arrives(t, syn, now);
    tcp_iss_is(t, iss);
    if (!tcp_next_segment(t, &sent, now))
        bug("the SYN,ACK that the cookie was in");
    t->timing = false;                          /* when it left is not known */
    if (!t->ts_on)
        return;
    /* A stack that was told of another key first has another clock: ours goes on from that. */
    uint32_t since = tcp_ts_clock(t, now) - syn->options.ts_ecr;
    if (since > 2 * COOKIE_SECONDS * 1000 + AHEAD_MS)
        t->ts_offset = syn->options.ts_ecr + KEPT_BITS + 1 - (uint32_t)(now / MS(1));
}

void cookie_keep_isn(struct tcp *t, const struct tcp_segment *syn, aksu_time now)
{
    tcp_iss_is(t, isn_of(t->env, &t->tuple, syn, options_of(&t->env->config, syn), now));
}
