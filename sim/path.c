/* path.c - see aksu/path.h. What is due happens in the order of time, whenever somebody asks: the
 * nodes see their frames at the right moments although nobody wakes up for each of them. */
#include <stdlib.h>
#include <string.h>

#include "sim/path_inner.h"

static const uint64_t RATE_MOST = 1000000000000;
static const aksu_time LONGEST = AKSU_SECONDS(1000000);     /* sums of some do not overflow */
static const aksu_time TARGET = AKSU_MS(5), INTERVAL = AKSU_MS(100);    /* RFC 8289 5.3 */

static bool is_chance(uint64_t chance)
{
    return chance <= AKSU_PATH_ALWAYS;
}

static bool is_good(const struct aksu_path_node *n)
{
    switch (n->kind) {
    case AKSU_PATH_DELAY:
        return n->delay <= LONGEST && n->jitter <= n->delay;
    case AKSU_PATH_RATE:
        return n->rate > 0 && n->rate <= RATE_MOST && n->target <= LONGEST
               && n->interval <= LONGEST / 16;
    case AKSU_PATH_BURSTS:
        return is_chance(n->chance) && is_chance(n->chance_bad) && is_chance(n->to_bad)
               && is_chance(n->to_good);
    case AKSU_PATH_LOSE_DATA:
        return n->nths == 0 || n->nth;
    case AKSU_PATH_LOSE_IF:
        return n->lose_if != NULL;
    case AKSU_PATH_REORDER:
        return is_chance(n->chance) && n->delay <= LONGEST;
    case AKSU_PATH_LOSS:
    case AKSU_PATH_DUPLICATE:
    case AKSU_PATH_CORRUPT:
    case AKSU_PATH_MARK:
        return is_chance(n->chance);
    case AKSU_PATH_MTU:
        return n->mtu >= 68 && n->mtu <= 65535;
    case AKSU_PATH_CUT:
        return n->cuts == 0 || n->cut;
    }
    return false;
}

/* A copy of an array; NULL for none. */
static void *copy_of(const void *from, size_t size, bool *failed)
{
    void *to = size > 0 ? malloc(size) : NULL;
    if (to)
        memcpy(to, from, size);
    *failed = *failed || (size > 0 && !to);
    return to;
}

static void free_values(struct aksu_path_node *v)
{
    free((void *)v->nth);
    free((void *)v->cut);
    v->nth = NULL;
    v->cut = NULL;
}

static bool copy_values(struct aksu_path_node *to, const struct aksu_path_node *from)
{
    bool data = from->kind == AKSU_PATH_LOSE_DATA, cut = from->kind == AKSU_PATH_CUT;
    bool failed = false;
    *to = *from;
    to->nth = copy_of(from->nth, data ? from->nths * sizeof *from->nth : 0, &failed);
    to->cut = copy_of(from->cut, cut ? from->cuts * sizeof *from->cut : 0, &failed);
    to->target = from->target > 0 ? from->target : TARGET;
    to->interval = from->interval > 0 ? from->interval : INTERVAL;
    if (failed)
        free_values(to);
    return !failed;
}

/* See path_node.ahead. A frame may leave a REORDER node at once. */
static void look_ahead(struct aksu_path *p)
{
    aksu_time ahead = 0;
    for (unsigned i = p->count; i-- > 0;) {
        const struct aksu_path_node *n = &p->node[i].is;
        p->node[i].ahead = ahead;
        if (n->kind == AKSU_PATH_DELAY)
            ahead += n->delay - n->jitter;
        else if (n->kind == AKSU_PATH_MTU && n->tell)
            ahead = 0;
    }
}

static void set_due(struct aksu_path *p)
{
    p->due = AKSU_NEVER;
    for (unsigned i = 0; i < p->count; i++)
        p->due = p->node[i].due < p->due ? p->node[i].due : p->due;
}

struct aksu_path *aksu_path_new(const struct aksu_path_node *nodes, unsigned count, uint64_t seed,
                                unsigned flags)
{
    for (unsigned i = 0; i < count; i++) {
        if (count > AKSU_PATH_NODES || !is_good(&nodes[i]))
            return NULL;
    }
    struct aksu_path *p = calloc(1, sizeof *p + count * sizeof p->node[0]);
    if (!p)
        return NULL;
    p->flags = flags;
    p->due = AKSU_NEVER;
    for (; p->count < count; p->count++) {
        struct path_node *n = &p->node[p->count];
        if (!copy_values(&n->is, &nodes[p->count])) {
            aksu_path_free(p);
            return NULL;
        }
        n->due = AKSU_NEVER;
        n->dice = seed + (p->count + 1) * UINT64_C(0xbf58476d1ce4e5b9);
    }
    look_ahead(p);
    return p;
}

void aksu_path_free(struct aksu_path *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < p->count; i++) {
        free_values(&p->node[i].is);
        free(p->node[i].queue.heap);
    }
    path_store_fini(&p->store);
    free(p);
}

/* From node `i` on, as far as it comes at once. */
static void pass(struct aksu_path *p, unsigned i, struct flight *f, aksu_time at)
{
    for (; i < p->count; i++) {
        struct path_node *n = &p->node[i];
        if (n->is.kind == AKSU_PATH_DUPLICATE && path_chance(n, n->is.chance)) {
            struct flight *copy = flight_copy(&p->store, f);
            if (!copy)
                continue;
            p->counts.duplicated++;
            p->counts.frames++;
            pass(p, i + 1, f, at);
            f = copy;
        } else if (!path_node_enter(p, n, f, at)) {
            return;
        }
    }
    p->counts.reordered += f->entry < p->newest_out;
    p->newest_out = f->entry > p->newest_out ? f->entry : p->newest_out;
    flight_append(&p->out, f);
}

/* Of nodes that are due at the same time the last one goes first: it makes room. */
static void advance(struct aksu_path *p, aksu_time now)
{
    while (p->due <= now) {
        unsigned i = p->count - 1;
        while (p->node[i].due != p->due)
            i--;
        aksu_time at = p->due;
        pass(p, i + 1, path_node_leave(p, &p->node[i]), at);
        set_due(p);
    }
    p->now = now > p->now ? now : p->now;
}

static bool enter(struct aksu_path *p, struct flight *f)
{
    p->counts.in++;
    if (!f) {
        p->counts.queue_dropped++;
        return false;
    }
    p->counts.octets_in += f->length;
    p->counts.frames++;
    f->entry = ++p->entries;
    pass(p, 0, f, p->now);
    return true;
}

static struct flight *whole(struct aksu_path *p, const struct aksu_frame *frame)
{
    struct flight *f = flight_new(&p->store, frame->length);
    if (f) {
        path_gather(f->octets, frame, 0, frame->length);
        f->partial = frame->checksum_partial;
        f->gso_size = frame->gso_size;
    }
    return f;
}

bool aksu_path_put(struct aksu_path *p, const struct aksu_frame *frame, aksu_time now)
{
    struct path_large l;
    bool all = true;
    advance(p, now);
    if (frame->gso_size > 0 && !(p->flags & AKSU_PATH_WHOLE) && path_large_look(p, &l, frame)) {
        uint32_t pieces = l.text > 0 ? (l.text - 1) / frame->gso_size + 1 : 1;
        for (uint32_t i = 0; i < pieces; i++)
            all = enter(p, path_large_piece(p, &l, i)) && all;
    } else {
        all = enter(p, whole(p, frame));
    }
    set_due(p);
    flight_free_all(&p->store, &p->lent);
    return all;
}

static void lend(struct flight_list *lent, struct flight *f, struct aksu_frame *out)
{
    flight_append(lent, f);
    out->device = (aksu_device){ 0 };
    out->parts = 1;
    out->length = f->length;
    out->gso_size = f->gso_size;
    out->checksum_partial = f->partial;
    out->part[0] = (struct aksu_slice){ f->octets, f->length };
}

unsigned aksu_path_take(struct aksu_path *p, struct aksu_frame *out, unsigned most, aksu_time now)
{
    unsigned n = 0;
    flight_free_all(&p->store, &p->lent);
    advance(p, now);
    for (; n < most && p->out.first; n++) {
        struct flight *f = flight_take(&p->out);
        p->counts.out++;
        p->counts.octets_out += f->length;
        p->counts.frames--;
        lend(&p->lent, f, &out[n]);
    }
    return n;
}

bool aksu_path_get(struct aksu_path *p, struct aksu_frame *out, aksu_time now)
{
    return aksu_path_take(p, out, 1, now) == 1;
}

bool aksu_path_reply(struct aksu_path *p, struct aksu_frame *out)
{
    struct flight *f = flight_take(&p->replies);
    flight_free_all(&p->store, &p->lent_replies);
    if (!f)
        return false;
    p->reply_count--;
    lend(&p->lent_replies, f, out);
    return true;
}

aksu_time aksu_path_next(const struct aksu_path *p)
{
    aksu_time next = AKSU_NEVER;
    if (p->out.first || p->replies.first)
        return p->now;
    for (unsigned i = 0; i < p->count; i++) {
        const struct path_node *n = &p->node[i];
        if (n->due != AKSU_NEVER && n->due + n->ahead < next)
            next = n->due + n->ahead;
    }
    return next;
}

bool aksu_path_set(struct aksu_path *p, unsigned node, const struct aksu_path_node *values,
                   aksu_time now)
{
    struct aksu_path_node copy;
    if (node >= p->count || values->kind != p->node[node].is.kind || !is_good(values)
        || !copy_values(&copy, values))
        return false;
    flight_free_all(&p->store, &p->lent);
    advance(p, now);
    free_values(&p->node[node].is);
    p->node[node].is = copy;
    look_ahead(p);
    return true;
}

void aksu_path_counts(const struct aksu_path *p, struct aksu_path_counts *out)
{
    *out = p->counts;
    for (unsigned i = 0; i < p->count; i++) {
        const struct path_node *n = &p->node[i];
        out->queued_octets += n->waiting_octets + (n->sending ? n->sending->length : 0);
        out->queued_frames += n->waiting_frames + (n->sending != NULL);
    }
}
