/* time_wait.c - TIME-WAIT records: RFC 9293 3.6.1 [MUST-13], 3.10.8. Called by the stack. */
#include "base/check.h"
#include "stack/conn.h"
#include "stack/time_wait.h"

enum { SLOT_MASK = TIME_WAIT_SLOTS - 1, SLOTS_PER_LIFE = 128 };

static struct time_wait *record_at(const struct time_wait_table *t, slab_ref ref)
{
    return slab_at(&t->slab, ref);
}

static uint32_t tick_of(aksu_time time)
{
    return (uint32_t)(time >> TIME_WAIT_TICK_SHIFT);
}

void time_wait_init(struct time_wait_table *t, struct pool *pool,
                    const struct time_wait_config *config, aksu_time now)
{
    *t = (struct time_wait_table){
        .head = config->head,
        .mask = config->mask,
        .most = config->most,
        .key = config->key,
        .two_msl = 2 * config->msl,
        .slot_shift = TIME_WAIT_TICK_SHIFT,
    };
    slab_init(&t->slab, pool, sizeof(struct time_wait), config->slab_number);
    while (t->two_msl / SLOTS_PER_LIFE >> t->slot_shift != 0)
        t->slot_shift++;
    t->at = now >> t->slot_shift;
}

aksu_time time_wait_until(const struct time_wait *r, aksu_time now)
{
    int32_t left = (int32_t)(r->expiry - tick_of(now));
    uint64_t tick = (now >> TIME_WAIT_TICK_SHIFT) + (uint64_t)(int64_t)left;
    return tick << TIME_WAIT_TICK_SHIFT;
}

/* A second after the last segment: our clock of timestamps is ahead for certain, and what the peer
 * has sent since TS.Recent is old (RFC 7323 5.3). */
bool time_wait_can_open(const struct time_wait_table *t, const struct time_wait *r, aksu_time now)
{
    return r->tcp.ts_on && time_wait_until(r, now) + SECONDS(1) <= now + t->two_msl;
}

static void fifo_append(struct time_wait_table *t, struct time_wait_fifo *fifo, slab_ref ref)
{
    record_at(t, ref)->slot_next = 0;
    if (fifo->first == 0)
        fifo->first = ref;
    else
        record_at(t, fifo->last)->slot_next = ref;
    fifo->last = ref;
}

static slab_ref fifo_take(struct time_wait_table *t, struct time_wait_fifo *fifo)
{
    slab_ref ref = fifo->first;
    if (ref != 0)
        fifo->first = record_at(t, ref)->slot_next;
    return ref;
}

static void enter_slot(struct time_wait_table *t, slab_ref ref, aksu_time now)
{
    uint64_t slot = time_wait_until(record_at(t, ref), now) >> t->slot_shift & SLOT_MASK;
    t->occupied[slot / 64] |= (uint64_t)1 << slot % 64;
    fifo_append(t, &t->slot[slot], ref);
}

/* The first slot from `at` on that holds something; false: all are empty. */
static bool next_slot(const struct time_wait_table *t, uint64_t *out)
{
    unsigned start = (unsigned)(t->at & SLOT_MASK);
    for (unsigned i = 0; i <= TIME_WAIT_SLOTS / 64; i++) {
        unsigned word = (start / 64 + i) % (TIME_WAIT_SLOTS / 64);
        uint64_t bits = t->occupied[word];
        if (i == 0)
            bits &= UINT64_MAX << start % 64;
        if (bits != 0) {
            unsigned slot = word * 64 + (unsigned)__builtin_ctzll(bits);
            *out = t->at + ((slot - start) & SLOT_MASK);
            return true;
        }
    }
    return false;
}

static void mark_empty(struct time_wait_table *t, unsigned slot)
{
    t->occupied[slot / 64] &= ~((uint64_t)1 << slot % 64);
}

/* The slot's records become the due ones. */
static void open_slot(struct time_wait_table *t, uint64_t number)
{
    unsigned slot = (unsigned)(number & SLOT_MASK);
    t->due = t->slot[slot];
    t->slot[slot] = (struct time_wait_fifo){ 0, 0 };
    mark_empty(t, slot);
}

struct time_wait *time_wait_lookup(const struct time_wait_table *t, const struct tcp_tuple *tuple,
                                   uint64_t hash)
{
    slab_ref ref = t->head[hash & t->mask];
    while (ref != 0) {
        struct time_wait *r = record_at(t, ref);
        if (memcmp(&r->tcp.tuple, tuple, sizeof *tuple) == 0)
            return r;
        ref = r->hash_next;
    }
    return NULL;
}

void time_wait_remove(struct time_wait_table *t, struct time_wait *r)
{
    slab_ref *link = &t->head[conn_hash(&t->key, &r->tcp.tuple) & t->mask];
    while (*link != 0 && record_at(t, *link) != r)
        link = &record_at(t, *link)->hash_next;
    if (*link == 0)
        bug("a TIME-WAIT record that is removed is in the table");
    *link = r->hash_next;
    r->tcp.tuple.local_port = 0;
    t->count--;
}

/* The list whose first record is the oldest; NULL: there is none. */
static struct time_wait_fifo *oldest_fifo(struct time_wait_table *t)
{
    uint64_t slot;
    if (t->due.first != 0)
        return &t->due;
    return next_slot(t, &slot) ? &t->slot[slot & SLOT_MASK] : NULL;
}

/* The oldest record leaves for a newer one. False: there is none. */
static bool drop_oldest(struct time_wait_table *t, struct tcp_tuple *dropped)
{
    struct time_wait_fifo *fifo = oldest_fifo(t);
    if (fifo == NULL)
        return false;
    slab_ref ref = fifo_take(t, fifo);
    if (fifo->first == 0 && fifo != &t->due)
        mark_empty(t, (unsigned)(fifo - t->slot));
    struct time_wait *r = record_at(t, ref);
    if (r->tcp.tuple.local_port != 0) {
        *dropped = r->tcp.tuple;
        time_wait_remove(t, r);
    }
    slab_give(&t->slab, ref);
    return true;
}

bool time_wait_add(struct time_wait_table *t, const struct tcp_time_wait *tcp, uint64_t hash,
                   struct tcp_tuple *dropped, aksu_time now)
{
    dropped->local_port = 0;
    if (t->slab.in_use >= t->most)
        drop_oldest(t, dropped);
    slab_ref ref = slab_take(&t->slab);
    if (ref == 0 && dropped->local_port == 0 && drop_oldest(t, dropped))
        ref = slab_take(&t->slab);
    if (ref == 0)
        return false;

    struct time_wait *r = record_at(t, ref);
    r->tcp = *tcp;
    r->hash_next = t->head[hash & t->mask];
    t->head[hash & t->mask] = ref;
    t->count++;
    time_wait_restart(t, r, now);
    enter_slot(t, ref, now);
    return true;
}

void time_wait_restart(struct time_wait_table *t, struct time_wait *r, aksu_time now)
{
    r->expiry = tick_of(now + t->two_msl) + 1;
}

/* Takes from the due records until one was alive and its time is over. */
static bool take_due(struct time_wait_table *t, struct tcp_tuple *out, aksu_time now)
{
    for (slab_ref ref; (ref = fifo_take(t, &t->due)) != 0;) {
        struct time_wait *r = record_at(t, ref);
        bool alive = r->tcp.tuple.local_port != 0;
        if (alive && time_wait_until(r, now) > now) {
            enter_slot(t, ref, now);
            continue;
        }
        if (alive) {
            *out = r->tcp.tuple;
            time_wait_remove(t, r);
        }
        slab_give(&t->slab, ref);
        if (alive)
            return true;
    }
    return false;
}

bool time_wait_expired(struct time_wait_table *t, struct tcp_tuple *out, aksu_time now)
{
    uint64_t current = now >> t->slot_shift, slot;
    while (!take_due(t, out, now)) {
        if (!next_slot(t, &slot) || slot >= current) {
            t->at = current > t->at ? current : t->at;
            return false;
        }
        open_slot(t, slot);
        t->at = slot + 1;
    }
    return true;
}

aksu_time time_wait_next_timeout(const struct time_wait_table *t)
{
    uint64_t slot;
    if (t->slab.in_use == 0)
        return NEVER;
    if (t->due.first != 0)
        return t->at << t->slot_shift;
    return next_slot(t, &slot) ? (slot + 1) << t->slot_shift : NEVER;
}
