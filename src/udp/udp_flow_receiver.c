/* udp_flow_receiver.c - the receiving end of a paced flow: what has arrived, and the feedback that
 * says so, at a bounded rate. Called by the application (aksu/flow.h). */
#include "base/seq.h"
#include "base/time.h"
#include "wire/flow.h"

enum {
    REMEMBERED = 32 * FLOW_WORDS,       /* sequence numbers below the highest one */
    BATCH = 64,                         /* so many datagrams are reported at once, and ... */
    LEAST_US = 500,                     /* ... else no two feedbacks are closer than this */
    MOST_US = 100000                    /* whatever the sender wants */
};

static bool has(const struct aksu_flow_receiver *r, uint32_t sequence)
{
    return (r->arrived[sequence % REMEMBERED / 32] >> sequence % 32 & 1) != 0;
}

static void put(struct aksu_flow_receiver *r, uint32_t sequence, bool arrived)
{
    uint32_t *word = &r->arrived[sequence % REMEMBERED / 32];
    uint32_t bit = (uint32_t)1 << sequence % 32;
    *word = arrived ? *word | bit : *word & ~bit;
}

/* RFC 3550 6.4.1: the difference of two transit times, whatever the clocks show. */
static void note_transit(struct aksu_flow_receiver *r, uint32_t sent_us, aksu_time now, bool first)
{
    uint32_t transit = (uint32_t)(now / US(1)) - sent_us;
    int32_t change = (int32_t)(transit - r->transit_us);
    int64_t size = change < 0 ? -(int64_t)change : change;
    r->transit_us = transit;
    if (!first)
        r->jitter_us = (uint32_t)((int64_t)r->jitter_us + (size - (int64_t)r->jitter_us) / 16);
}

/* False: it was there before, or it is too old to know. */
static bool note_arrival(struct aksu_flow_receiver *r, uint32_t sequence, aksu_time now)
{
    if (!r->begun) {
        r->begun = true;
        r->highest = sequence;
        r->highest_at = now;
        r->wanted = sequence;
    } else if (seq_gt(seq_of(sequence), seq_of(r->highest))) {
        uint32_t ahead = sequence - r->highest;
        for (uint32_t i = 1; i < ahead && i < REMEMBERED; i++)
            put(r, sequence - i, false);
        r->highest = sequence;
        r->highest_at = now;
    } else if (r->highest - sequence >= REMEMBERED || has(r, sequence)) {
        return false;
    }
    put(r, sequence, true);
    return true;
}

/* The first one that is not reported yet starts the wait. A probe, or a batch, ends it. */
static void owe(struct aksu_flow_receiver *r, uint32_t within_us, aksu_time now)
{
    aksu_time least = r->reported_at + US(LEAST_US);
    uint32_t within = within_us < MOST_US ? within_us : MOST_US;
    aksu_time due = now + US(within);
    if (r->waiting == 0)
        r->due = AKSU_NEVER;
    r->waiting++;
    if (r->reported_at != 0 && due < least)
        due = least;
    if (r->waiting >= BATCH)
        due = now;
    r->due = time_min(r->due, due);
}

enum aksu_status aksu_flow_take(struct aksu_flow_receiver *r, const void *datagram, size_t length,
                                bool ce, aksu_time now, struct aksu_flow_datagram *out)
{
    struct flow_header h;
    if (!wire_flow_parse(datagram, length, &h))
        return AKSU_INVALID;
    if (r->begun && h.token != r->token)
        return AKSU_DOES_NOT_EXIST;
    bool first = !r->begun;
    r->token = h.token;
    *out = (struct aksu_flow_datagram){ (const uint8_t *)datagram + AKSU_FLOW_HEADER,
                                        (uint32_t)(length - AKSU_FLOW_HEADER), h.sequence,
                                        h.sent_us };
    if (!note_arrival(r, h.sequence, now)) {
        r->duplicates++;
        return AKSU_ALREADY_EXISTS;
    }
    if (seq_gt(seq_of(h.wanted), seq_of(r->wanted)) && seq_le(seq_of(h.wanted), seq_of(r->highest)))
        r->wanted = h.wanted;
    note_transit(r, h.sent_us, now, first);
    r->datagrams++;
    r->octets += out->length;
    r->ce += ce;
    owe(r, h.within_us, now);
    return AKSU_OK;
}

aksu_time aksu_flow_feedback_time(const struct aksu_flow_receiver *r)
{
    return r->waiting > 0 ? r->due : AKSU_NEVER;
}

size_t aksu_flow_report(struct aksu_flow_receiver *r, uint8_t out[AKSU_FLOW_FEEDBACK_MOST],
                        aksu_time now)
{
    if (r->waiting == 0 || now < r->due)
        return 0;
    aksu_time delay = (now - r->highest_at) / US(1);
    struct flow_feedback fb = { .token = r->token, .highest = r->highest, .ce = r->ce,
                                .delay_us = delay < UINT32_MAX ? (uint32_t)delay : UINT32_MAX };
    uint32_t below = r->highest - r->wanted;
    if (below >= REMEMBERED)
        below = REMEMBERED - 1;
    for (uint32_t i = 0; i < below; i++)
        fb.arrived[i / 32] |= (uint32_t)has(r, r->highest - 1 - i) << i % 32;
    fb.words = (below + 31) / 32;
    r->waiting = 0;
    r->reported_at = now;
    return wire_flow_feedback_build(out, &fb);
}
