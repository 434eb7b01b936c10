/* tcp_options.c - TCP options to a value and back (RFC 9293 3.1, RFC 7323 2.2, 3.2, RFC 2018 2, 3,
 * RFC 7413 4.1.1, 9, RFC 5482 3, RFC 5925 2.2). Called by the TCP header's parse and build. */
#include "base/check.h"
#include "wire/tcp_options.h"

/* nop, nop, timestamps, 10: what nearly every segment carries (RFC 7323 appendix A). */
static const uint32_t NOP_NOP_TIMESTAMPS = 0x0101080a;

/* mss, then these with the timestamps, then nop, wscale: what most SYNs carry. */
static const uint32_t SACK_TIMESTAMPS = 0x0402080a, NOP_SCALE = 0x010303;
enum { USUAL_SYN = HAS_MSS | HAS_SACK_PERMITTED | HAS_TIMESTAMPS | HAS_WINDOW_SCALE,
       USUAL_SYN_LENGTH = 20 };

enum { OPTIONS_MOST = 40, USER_TIMEOUT_MOST = 0x7fff };

static void timestamps(const uint8_t *data, struct tcp_options *out)
{
    out->has |= HAS_TIMESTAMPS;
    out->ts_val = load_be32(data);
    out->ts_ecr = load_be32(data + 4);
}

static bool sack_blocks(const uint8_t *data, size_t length, struct tcp_options *out)
{
    if (length == 0 || length % 8 != 0 || length > SACK_MOST * 8)
        return false;
    out->has |= HAS_SACK;
    out->sack_count = (uint8_t)(length / 8);
    for (unsigned i = 0; i < out->sack_count; i++) {
        out->sack[i].left = seq_of(load_be32(data + 8 * i));
        out->sack[i].right = seq_of(load_be32(data + 8 * i + 4));
    }
    return true;
}

static bool fast_open(const uint8_t *data, size_t length, struct tcp_options *out)
{
    /* RFC 7413 4.1.1: an even number, 4 to 16 octets, or none */
    if (length != 0 && (length < 4 || length > FAST_OPEN_COOKIE_MOST || length % 2 != 0))
        return false;
    out->has |= HAS_FAST_OPEN;
    out->fast_open_length = (uint8_t)length;
    out->fast_open = length > 0 ? data : NULL;
    out->fast_open_experiment = false;
    return true;
}

/* RFC 7413 9: implementations from before its number still use it. */
static bool experiment(const uint8_t *data, size_t length, struct tcp_options *out)
{
    if (length < 2 || load_be16(data) != EXPERIMENT_FAST_OPEN
        || !fast_open(data + 2, length - 2, out))
        return false;
    out->fast_open_experiment = true;
    return true;
}

/* RFC 5925 2.2: one of them, not beside the older MD5 option, with both IDs. */
static bool authentication(uint8_t kind, const uint8_t *data, size_t length,
                           struct tcp_options *out)
{
    bool again = out->has & (kind == OPTION_AO ? HAS_AO | HAS_MD5 : HAS_AO);
    out->has |= kind == OPTION_AO ? HAS_AO : HAS_MD5;
    if (again || (kind == OPTION_AO && length < 2))
        out->has |= HAS_AO_FAULT;
    if (kind != OPTION_AO)
        return false;
    if (length >= 2) {
        out->ao_key_id = data[0];
        out->ao_next_id = data[1];
        out->ao_length = (uint8_t)(2 + length);
    }
    return true;
}

/* RFC 9293 3.1 [MUST-4]. One option with `length` octets of data. False: unknown, or a length that
 * it cannot have. */
static bool one_option(uint8_t kind, const uint8_t *data, size_t length, struct tcp_options *out)
{
    switch (kind) {
    case OPTION_MSS:
        if (length != 2)
            return false;
        out->has |= HAS_MSS;
        out->mss = load_be16(data);
        return true;
    case OPTION_WINDOW_SCALE:
        if (length != 1)
            return false;
        out->has |= HAS_WINDOW_SCALE;
        out->window_scale = data[0];
        return true;
    case OPTION_SACK_PERMITTED:
        if (length != 0)
            return false;
        out->has |= HAS_SACK_PERMITTED;
        return true;
    case OPTION_SACK:
        return sack_blocks(data, length, out);
    case OPTION_TIMESTAMPS:
        if (length != 8)
            return false;
        timestamps(data, out);
        return true;
    case OPTION_USER_TIMEOUT:
        if (length != 2)
            return false;
        out->has |= HAS_USER_TIMEOUT;
        out->user_timeout_minutes = data[0] >> 7;
        out->user_timeout = load_be16(data) & USER_TIMEOUT_MOST;
        return true;
    case OPTION_FAST_OPEN:
        return fast_open(data, length, out);
    case OPTION_AO: case OPTION_MD5:
        return authentication(kind, data, length, out);
    case OPTION_EXPERIMENT:
        return experiment(data, length, out);
    default:
        return false;
    }
}

/* Octet by octet from `at`: RFC 9293 3.2 [MUST-64]. RFC 9293 3.1 [MUST-6], 3.1 [MUST-68]: what is
 * unknown is passed over by its length. The comment in the loop is for tests/proof. */
static void walk(const uint8_t *at, size_t length, struct tcp_options *out)
{
    size_t i = 0;
    while (i < length && at[i] != OPTION_END) {
        //@ dynamic_split i;
        if (at[i] == OPTION_NOP) {
            i++;
            continue;
        }
        size_t left = length - i;
        if (left < 2 || at[i + 1] < 2 || at[i + 1] > left) {
            /* RFC 9293 3.1 [MUST-7] */
            out->has |= HAS_FAULT;
            if (at[i] == OPTION_AO)
                out->has |= HAS_AO_FAULT;       /* RFC 5925 2.2: the length is invalid */
            return;
        }
        size_t size = at[i + 1];
        if (!one_option(at[i], at + i + 2, size - 2, out))
            out->has |= HAS_UNKNOWN;
        i += size;
    }
}

/* The same of the usual SYN, each field looked at once. False: it is another one. */
static bool usual_syn(const uint8_t *data, struct tcp_options *out)
{
    uint32_t mss = load_be32(data), scale = load_be32(data + 16);
    if (mss >> 16 != (OPTION_MSS << 8 | 4) || load_be32(data + 4) != SACK_TIMESTAMPS
        || scale >> 8 != NOP_SCALE)
        return false;
    timestamps(data + 8, out);
    out->has = USUAL_SYN;
    out->mss = (uint16_t)mss;
    out->window_scale = (uint8_t)scale;
    return true;
}

void wire_tcp_options_parse(const uint8_t *data, size_t length, struct tcp_options *out)
{
    out->has = 0;
    out->mss = 0;
    out->window_scale = 0;
    out->sack_count = 0;
    out->fast_open_length = 0;
    out->fast_open_experiment = false;
    out->user_timeout_minutes = false;
    out->user_timeout = 0;
    out->ts_val = out->ts_ecr = 0;
    out->fast_open = NULL;
    out->ao_key_id = out->ao_next_id = out->ao_length = 0;
    if (length >= 12 && load_be32(data) == NOP_NOP_TIMESTAMPS) {
        timestamps(data + 4, out);
        if (length > 12)
            walk(data + 12, length - 12, out);
    } else if (length != USUAL_SYN_LENGTH || !usual_syn(data, out)) {
        walk(data, length, out);
    }
}

size_t wire_tcp_ao_at(const uint8_t *header)
{
    size_t at = 20, end = (size_t)(header[12] >> 4) * 4;
    while (at + AO_OPTION <= end && header[at] != OPTION_END && header[at] != OPTION_AO)
        at += header[at] == OPTION_NOP ? 1 : header[at + 1];
    return at + AO_OPTION <= end && header[at] == OPTION_AO ? at : 0;
}

/* Which options go out, and their octets before the final padding. */
struct plan {
    uint16_t has;
    uint8_t length, sacks;
};

static void include(struct plan *plan, uint16_t wanted, uint16_t option, unsigned octets)
{
    if ((wanted & option) == 0 || plan->length + octets > OPTIONS_MOST)
        return;
    plan->has |= option;
    plan->length = (uint8_t)(plan->length + octets);
}

/* NOPs behind it fill its last word. */
static unsigned fast_open_octets(const struct tcp_options *in)
{
    return (2u + in->fast_open_length + (in->fast_open_experiment ? 2u : 0) + 3u) & ~3u;
}

static struct plan plan_for(const struct tcp_options *in)
{
    struct plan plan = { 0 };
    include(&plan, in->has, HAS_AO, AO_OPTION);     /* without it all is for nothing */
    include(&plan, in->has, HAS_MSS, 4);
    include(&plan, in->has, HAS_SACK_PERMITTED, in->has & HAS_TIMESTAMPS ? 2 : 4);
    include(&plan, in->has, HAS_TIMESTAMPS, in->has & HAS_SACK_PERMITTED ? 10 : 12);
    include(&plan, in->has, HAS_WINDOW_SCALE, 4);
    if (in->has & HAS_FAST_OPEN)                /* else its fields are not set */
        include(&plan, in->has, HAS_FAST_OPEN, fast_open_octets(in));
    include(&plan, in->has, HAS_USER_TIMEOUT, 4);
    if ((in->has & HAS_SACK) != 0 && plan.length + 12 <= OPTIONS_MOST) {
        unsigned room = (OPTIONS_MOST - 4u - plan.length) / 8;
        plan.sacks = (uint8_t)(in->sack_count < room ? in->sack_count : room);
        if (plan.sacks > 0)
            include(&plan, in->has, HAS_SACK, 4u + 8u * plan.sacks);
    }
    return plan;
}

size_t wire_tcp_options_length(const struct tcp_options *in)
{
    if (in->has == HAS_TIMESTAMPS)
        return 12;
    if (in->has == USUAL_SYN)
        return USUAL_SYN_LENGTH;
    return plan_for(in).length;
}

static void build_timestamps(struct writer *w, const struct tcp_options *in)
{
    write_be32(w, in->ts_val);
    write_be32(w, in->ts_ecr);
}

/* RFC 2018 3: kind 5, 8 * n + 2 octets, the blocks in the order given. */
static void build_sack(struct writer *w, const struct tcp_options *in, unsigned count)
{
    write_be16(w, OPTION_NOP << 8 | OPTION_NOP);
    write_u8(w, OPTION_SACK);
    write_u8(w, (uint8_t)(2 + 8 * count));
    for (unsigned i = 0; i < count; i++) {
        write_be32(w, in->sack[i].left.n);
        write_be32(w, in->sack[i].right.n);
    }
}

static void build_fast_open(struct writer *w, const struct tcp_options *in)
{
    unsigned head = in->fast_open_experiment ? 4 : 2, octets = head + in->fast_open_length;
    write_u8(w, in->fast_open_experiment ? OPTION_EXPERIMENT : OPTION_FAST_OPEN);
    write_u8(w, (uint8_t)octets);
    if (in->fast_open_experiment)
        write_be16(w, EXPERIMENT_FAST_OPEN);
    uint8_t *cookie = write_space(w, in->fast_open_length);
    if (cookie != NULL && in->fast_open_length > 0)
        memcpy(cookie, in->fast_open, in->fast_open_length);
    for (; octets % 4 != 0; octets++)
        write_u8(w, OPTION_NOP);
}

/* RFC 5925 2.2, with room for the MAC. */
static void build_ao(struct writer *w, const struct tcp_options *in)
{
    write_be16(w, OPTION_AO << 8 | AO_OPTION);
    write_u8(w, in->ao_key_id);
    write_u8(w, in->ao_next_id);
    uint8_t *mac = write_space(w, AO_MAC);
    if (mac != NULL)
        memset(mac, 0, AO_MAC);
}

static void build_planned(struct writer *w, const struct tcp_options *in, struct plan plan)
{
    if (plan.has & HAS_MSS)
        write_be32(w, (uint32_t)OPTION_MSS << 24 | 4u << 16 | in->mss);
    /* They fill whole words together; one alone begins with NOPs, as all others do. */
    uint16_t either = plan.has & (HAS_SACK_PERMITTED | HAS_TIMESTAMPS);
    if (either == HAS_SACK_PERMITTED || either == HAS_TIMESTAMPS)
        write_be16(w, OPTION_NOP << 8 | OPTION_NOP);
    if (plan.has & HAS_SACK_PERMITTED)
        write_be16(w, OPTION_SACK_PERMITTED << 8 | 2);
    if (plan.has & HAS_TIMESTAMPS) {
        write_be16(w, OPTION_TIMESTAMPS << 8 | 10);
        build_timestamps(w, in);
    }
    if (plan.has & HAS_WINDOW_SCALE)
        write_be32(w, (uint32_t)OPTION_NOP << 24 | (uint32_t)OPTION_WINDOW_SCALE << 16 | 3u << 8
                          | in->window_scale);
    if (plan.has & HAS_AO)
        build_ao(w, in);
    if (plan.has & HAS_FAST_OPEN)
        build_fast_open(w, in);
    if (plan.has & HAS_USER_TIMEOUT) {
        write_be16(w, OPTION_USER_TIMEOUT << 8 | 4);
        write_be16(w, (uint16_t)((uint32_t)in->user_timeout_minutes << 15
                                 | (in->user_timeout & USER_TIMEOUT_MOST)));
    }
    if (plan.has & HAS_SACK)
        build_sack(w, in, plan.sacks);
}

static uint64_t sum_of_words(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < length; i += 4)
        sum += load_be32(data + i);
    return sum;
}

static uint64_t build_usual_syn(struct writer *w, const struct tcp_options *in)
{
    uint32_t mss = (uint32_t)OPTION_MSS << 24 | 4u << 16 | in->mss;
    uint32_t scale = NOP_SCALE << 8 | in->window_scale;
    uint8_t *p = write_space(w, USUAL_SYN_LENGTH);
    if (p == NULL)
        return 0;
    store_be32(p, mss);
    store_be32(p + 4, SACK_TIMESTAMPS);
    store_be32(p + 8, in->ts_val);
    store_be32(p + 12, in->ts_ecr);
    store_be32(p + 16, scale);
    return (uint64_t)mss + SACK_TIMESTAMPS + in->ts_val + in->ts_ecr + scale;
}

uint64_t wire_tcp_options_build(struct writer *w, const struct tcp_options *in)
{
    if (in->has == HAS_TIMESTAMPS) {
        uint8_t *p = write_space(w, 12);
        if (p == NULL)
            return 0;
        store_be32(p, NOP_NOP_TIMESTAMPS);
        store_be32(p + 4, in->ts_val);
        store_be32(p + 8, in->ts_ecr);
        return (uint64_t)NOP_NOP_TIMESTAMPS + in->ts_val + in->ts_ecr;
    }
    if (in->has == USUAL_SYN)
        return build_usual_syn(w, in);
    if (((in->has & HAS_SACK) && in->sack_count > SACK_MOST)
        || ((in->has & HAS_FAST_OPEN) && in->fast_open_length > FAST_OPEN_COOKIE_MOST))
        bug("tcp options: counts within their arrays");
    struct plan plan = plan_for(in);
    size_t from = writer_length(w);
    build_planned(w, in, plan);
    /* RFC 9293 3.1 [MUST-69]: each has filled its words, no End of Option List is needed */
    return w->bad ? 0 : sum_of_words(w->start + from, writer_length(w) - from);
}
