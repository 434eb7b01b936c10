/* path_node.c - what each kind of node does to a frame. Called by path.c. */
#include <string.h>

#include "sim/path_inner.h"

/* A sequence of 64-bit numbers with a period of 2^64: a counter whose bits are mixed. */
static uint64_t dice(struct path_node *n)
{
    uint64_t v = n->dice += UINT64_C(0x9e3779b97f4a7c15);
    v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
    v = (v ^ v >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return v ^ v >> 32;
}

/* Asked once for each frame, whatever the chance: other knobs do not change who is hit. */
bool path_chance(struct path_node *n, uint64_t chance)
{
    return dice(n) >> 32 < chance;
}

uint32_t path_dice(struct path_node *n, uint32_t below)
{
    return (uint32_t)((dice(n) >> 32) * below >> 32);
}

void path_drop(struct aksu_path *p, struct flight *f, uint64_t *counter)
{
    ++*counter;
    p->counts.frames--;
    flight_free(&p->store, f);
}

static bool lose_if(struct aksu_path *p, struct flight *f, bool lost)
{
    if (lost)
        path_drop(p, f, &p->counts.lost);
    return !lost;
}

static bool burst(struct path_node *n)
{
    if (path_chance(n, n->bad ? n->is.to_good : n->is.to_bad))
        n->bad = !n->bad;
    return path_chance(n, n->bad ? n->is.chance_bad : n->is.chance);
}

static bool is_nth_data(const struct aksu_path *p, struct path_node *n, struct flight *f)
{
    struct path_packet k = path_packet_of(p, f->octets, f->length);
    if (path_packet_text(&k) == 0)
        return false;
    n->passed++;
    for (uint32_t i = 0; i < n->is.nths; i++) {
        if (n->is.nth[i] == n->passed)
            return true;
    }
    return false;
}

static void hold(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time until)
{
    f->at = until;
    f->turn = p->turns++;
    if (path_queue_put(&n->queue, f)) {
        n->due = path_queue_due(&n->queue);
    } else {
        p->store.starved = true;
        path_drop(p, f, &p->counts.queue_dropped);
    }
}

static void delay(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time at)
{
    aksu_time until = at + n->is.delay;
    if (n->is.jitter > 0) {
        /* The dice have 32 bits; coarser steps for what is longer than four seconds. */
        unsigned shift = 0;
        while (n->is.jitter >> shift >= UINT32_MAX / 2)
            shift++;
        uint32_t steps = (uint32_t)(n->is.jitter >> shift) * 2 + 1;
        until = until - n->is.jitter + ((aksu_time)path_dice(n, steps) << shift);
    }
    if (n->is.in_order && until < n->last_out)
        until = n->last_out;
    n->last_out = until;
    hold(p, n, f, until);
}

/* Where a checksum cannot be computed, of large segments, the receiver would not notice: they are
 * lost. */
static bool corrupt(struct aksu_path *p, struct path_node *n, struct flight *f)
{
    struct path_packet k = path_packet_of(p, f->octets, f->length);
    if (k.version == 0)
        return true;
    path_complete(p, f);
    if (f->partial)
        return lose_if(p, f, true);
    uint32_t bit = path_dice(n, k.length * 8);
    k.ip[bit / 8] ^= (uint8_t)(1u << bit % 8);
    p->counts.corrupted++;
    return true;
}

/* Of a large segment: the length of the frames that it will be cut into. */
static uint32_t piece_length(const struct path_packet *k, const struct flight *f)
{
    uint32_t text = path_packet_text(k);
    return text > f->gso_size ? f->length - text + f->gso_size : f->length;
}

static bool fits(struct aksu_path *p, const struct path_node *n, struct flight *f)
{
    uint32_t link = p->flags & AKSU_PATH_BARE_IP ? 0 : PATH_ETHERNET;
    uint32_t most = link + n->is.mtu;
    if (f->gso_size == 0 && f->length <= most)
        return true;
    struct path_packet k = path_packet_of(p, f->octets, f->length);
    if (k.version == 0 || (f->gso_size > 0 && piece_length(&k, f) <= most))
        return true;
    if (n->is.tell)
        path_tell(p, n, f);
    path_drop(p, f, &p->counts.too_big);
    return false;
}

static bool is_cut(const struct path_node *n, aksu_time at)
{
    for (uint32_t i = 0; i < n->is.cuts; i++) {
        if (at >= n->is.cut[i].from && at < n->is.cut[i].until)
            return true;
    }
    return false;
}

static bool pass_cut(struct aksu_path *p, const struct path_node *n, struct flight *f, aksu_time at)
{
    bool cut = is_cut(n, at);
    if (cut)
        path_drop(p, f, &p->counts.cut);
    return !cut;
}

static bool reorder(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time at)
{
    bool held = path_chance(n, n->is.chance);
    if (held)
        hold(p, n, f, at + n->is.delay);
    return !held;
}

bool path_node_enter(struct aksu_path *p, struct path_node *n, struct flight *f, aksu_time at)
{
    switch (n->is.kind) {
    case AKSU_PATH_DELAY:
        delay(p, n, f, at);
        return false;
    case AKSU_PATH_RATE:
        path_rate_enter(p, n, f, at);
        return false;
    case AKSU_PATH_LOSS:
        return lose_if(p, f, path_chance(n, n->is.chance));
    case AKSU_PATH_BURSTS:
        return lose_if(p, f, burst(n));
    case AKSU_PATH_LOSE_DATA:
        return lose_if(p, f, is_nth_data(p, n, f));
    case AKSU_PATH_LOSE_IF:
        return lose_if(p, f, n->is.lose_if(n->is.context, f->octets, f->length, n->passed++));
    case AKSU_PATH_REORDER:
        return reorder(p, n, f, at);
    case AKSU_PATH_CORRUPT:
        return !path_chance(n, n->is.chance) || corrupt(p, n, f);
    case AKSU_PATH_MTU:
        return fits(p, n, f);
    case AKSU_PATH_MARK:
        if (path_chance(n, n->is.chance))
            p->counts.marked += path_mark(p, f);
        return true;
    case AKSU_PATH_CUT:
        return pass_cut(p, n, f, at);
    case AKSU_PATH_DUPLICATE:
        break;                      /* path.c: it takes the rest of the way twice */
    }
    return true;
}

struct flight *path_node_leave(struct aksu_path *p, struct path_node *n)
{
    if (n->is.kind == AKSU_PATH_RATE)
        return path_rate_leave(p, n);
    struct flight *f = path_queue_take(&n->queue);
    n->due = path_queue_due(&n->queue);
    return f;
}
