/* link.c - the link between the two stacks: frames on their way, and what happens to them there. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "tests/sim/duo.h"
#include "wire/ethernet.h"

static bool before(const struct flight *a, const struct flight *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct flight *a, struct flight *b)
{
    struct flight t = *a;
    *a = *b;
    *b = t;
}

static void push(struct duo *w, struct flight f)
{
    expect(w->flights < FLIGHT_MOST, "%zu frames are under way", w->flights);
    size_t i = w->flights++;
    w->flight[i] = f;
    for (; i > 0 && before(&w->flight[i], &w->flight[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&w->flight[i], &w->flight[(i - 1) / 2]);
}

static struct flight pop(struct duo *w)
{
    struct flight top = w->flight[0];
    w->flight[0] = w->flight[--w->flights];
    for (size_t i = 0, child; (child = 2 * i + 1) < w->flights; i = child) {
        if (child + 1 < w->flights && before(&w->flight[child + 1], &w->flight[child]))
            child++;
        if (!before(&w->flight[child], &w->flight[i]))
            break;
        swap(&w->flight[child], &w->flight[i]);
    }
    return top;
}

static struct flight copy_of(struct duo *w, unsigned from, const struct aksu_frame *frame)
{
    const struct faults *f = &w->faults[from];
    struct flight out = { .at = w->now + f->delay, .order = w->order++, .length = frame->length,
                          .to = (uint8_t)(1 - from), .partial = frame->checksum_partial,
                          .octets = malloc(frame->length) };
    if (f->jitter > 0)
        out.at += dice_u64(&w->dice) % f->jitter;
    size_t at = 0;
    for (uint32_t i = 0; i < frame->parts; i++) {
        expect(at + frame->part[i].length <= frame->length, "the parts are longer than the frame");
        memcpy(out.octets + at, frame->part[i].data, frame->part[i].length);
        at += frame->part[i].length;
    }
    expect(at == frame->length, "the parts have %zu octets, the frame %u", at, frame->length);
    return out;
}

/* One bit. A frame check sequence protects a real link's own header, and ARP has no other. */
static bool damage(struct duo *w, struct flight *f)
{
    uint32_t header = w->ethernet ? ETHERNET_HEADER : 0;
    if (f->partial)
        return false;
    if (header > 0 && load_be16(f->octets + 12) == ETHERTYPE_ARP)
        return false;
    uint32_t bit = dice(&w->dice, (f->length - header) * 8);
    f->octets[header + bit / 8] ^= (uint8_t)(1u << bit % 8);
    return true;
}

static void digest(struct duo *w, const struct aksu_frame *frame)
{
    uint64_t h = w->digest ^ w->now;
    for (uint32_t i = 0; i < frame->parts; i++)
        for (size_t n = 0; n < frame->part[i].length; n++)
            h = (h ^ frame->part[i].data[n]) * 0x100000001b3u;
    w->digest = h;
}

void link_send(struct duo *w, unsigned from, const struct aksu_frame *frame)
{
    const struct faults *f = &w->faults[from];
    digest(w, frame);
    for (unsigned copies = chance(&w->dice, f->repeat) ? 2 : 1; copies > 0; copies--) {
        if (f->cut || chance(&w->dice, f->loss))
            continue;
        struct flight flight = copy_of(w, from, frame);
        if (chance(&w->dice, f->damage) && !damage(w, &flight)) {
            free(flight.octets);
            continue;
        }
        push(w, flight);
    }
}

/* In one piece or in several: the stack must not care where the text is cut. */
static void deliver(struct duo *w, const struct flight *f)
{
    struct aksu_frame frame = { .parts = 1, .length = f->length, .checksum_partial = f->partial };
    uint32_t first = f->length, headers = (w->ethernet ? 14 : 0) + 40 + 60;
    if (f->length > headers + 8 && chance(&w->dice, 8192)) {
        first = headers + dice(&w->dice, f->length - headers);
        frame.parts = 2;
        frame.part[1] = (struct aksu_slice){ f->octets + first, f->length - first };
    }
    frame.device = w->device[f->to];
    frame.part[0] = (struct aksu_slice){ f->octets, first };
    aksu_frame_in(w->net[f->to], w->device[f->to], &frame, w->now);
}

bool link_deliver(struct duo *w)
{
    if (w->flights == 0 || w->flight[0].at > w->now)
        return false;
    struct flight f = pop(w);
    deliver(w, &f);
    free(f.octets);
    return true;
}

aksu_time link_next(const struct duo *w)
{
    return w->flights > 0 ? w->flight[0].at : AKSU_NEVER;
}

void link_clear(struct duo *w)
{
    while (w->flights > 0)
        free(w->flight[--w->flights].octets);
}
