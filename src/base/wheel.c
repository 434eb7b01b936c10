/* wheel.c - timers in eight levels of 64 slots. A node stands in the level of the highest digit
 * (base 64) in which its tick differs from the wheel's, in the slot of that digit; when the wheel's
 * tick enters a slot above level 0, the slot's nodes move down. So everything in a slot is later
 * than everything in the slots before it and in the levels below, and a list stays in arming order.
 * Called by the stack. */
#include "base/bytes.h"
#include "base/wheel.h"

enum { DIGIT = 6, MASK = WHEEL_SLOTS - 1 };

struct place {
    unsigned level, slot;
};

void wheel_init(struct wheel *w, aksu_time now)
{
    memset(w, 0, sizeof *w);
    w->tick = now >> WHEEL_TICK_SHIFT;
    w->due_tail = &w->due;
}

/* Where a node with `deadline` stands, as long as the wheel's tick is what it is. */
static struct place place_of(const struct wheel *w, aksu_time deadline)
{
    uint64_t tick = deadline >> WHEEL_TICK_SHIFT;
    if (tick <= w->tick)
        return (struct place){ 0, (unsigned)(w->tick & MASK) };
    unsigned level = (63u - (unsigned)__builtin_clzll(tick ^ w->tick)) / DIGIT;
    return (struct place){ level, (unsigned)(tick >> level * DIGIT & MASK) };
}

static void mark_empty(struct wheel *w, struct place at)
{
    w->occupied[at.level] &= ~((uint64_t)1 << at.slot);
    if (w->occupied[at.level] == 0)
        w->levels &= ~(1u << at.level);
}

static void append(struct wheel *w, struct wheel_node *n, struct place at)
{
    uint64_t bit = (uint64_t)1 << at.slot;
    n->link = &w->slot[at.level][at.slot];
    if (w->occupied[at.level] & bit)
        n->link = w->tail[at.level][at.slot];
    w->occupied[at.level] |= bit;
    w->levels |= 1u << at.level;
    w->tail[at.level][at.slot] = &n->next;
    n->next = NULL;
    *n->link = n;
}

void wheel_arm(struct wheel *w, struct wheel_node *n, aksu_time deadline)
{
    bool known = w->next_known && deadline <= w->next;
    wheel_disarm(w, n);
    if (deadline == NEVER)
        return;
    n->deadline = deadline;
    w->next_known |= known;             /* earlier than all others, wherever it stood before */
    w->next = time_min(w->next, deadline);
    append(w, n, place_of(w, deadline));
}

void wheel_disarm(struct wheel *w, struct wheel_node *n)
{
    if (!wheel_armed(n))
        return;
    w->next_known = false;
    *n->link = n->next;
    if (n->next != NULL) {
        n->next->link = n->link;
    } else if (w->due_tail == &n->next) {
        w->due_tail = n->link;
    } else {
        struct place at = place_of(w, n->deadline);
        w->tail[at.level][at.slot] = n->link;
        if (w->slot[at.level][at.slot] == NULL)
            mark_empty(w, at);
    }
    n->link = NULL;
}

/* Takes the whole list out of a slot; its first node's link is left to the caller. */
static struct wheel_node *empty_slot(struct wheel *w, struct place at)
{
    struct wheel_node *first = w->slot[at.level][at.slot];
    w->slot[at.level][at.slot] = NULL;
    mark_empty(w, at);
    return first;
}

/* Moves what is due of the current slot behind the due list: all of it when its tick has passed. */
static void collect(struct wheel *w, aksu_time now)
{
    struct place at = { 0, (unsigned)(w->tick & MASK) };
    struct wheel_node *n = w->slot[0][at.slot];
    if (n == NULL)
        return;
    if (w->tick < now >> WHEEL_TICK_SHIFT) {
        struct wheel_node **tail = w->tail[0][at.slot];
        *w->due_tail = empty_slot(w, at);
        n->link = w->due_tail;
        w->due_tail = tail;
        return;
    }
    for (struct wheel_node *next; n != NULL; n = next) {
        next = n->next;
        if (n->deadline > now)
            continue;
        wheel_disarm(w, n);
        n->link = w->due_tail;
        n->next = NULL;
        *n->link = n;
        w->due_tail = &n->next;
    }
}

/* The first occupied slot after the current one: on the lowest level that has one. */
static bool next_slot(const struct wheel *w, struct place *out)
{
    for (uint32_t levels = w->levels; levels != 0; levels &= levels - 1) {
        unsigned level = (unsigned)__builtin_ctz(levels);
        uint64_t passed = ((uint64_t)2 << (w->tick >> level * DIGIT & MASK)) - 1;
        uint64_t later = w->occupied[level] & ~passed;
        if (later != 0) {
            *out = (struct place){ level, (unsigned)__builtin_ctzll(later) };
            return true;
        }
    }
    return false;
}

/* The first tick of a slot: the wheel's digits above it, its own number, zeros below. */
static uint64_t slot_tick(const struct wheel *w, struct place at)
{
    unsigned shift = at.level * DIGIT;
    return ((w->tick >> shift & ~(uint64_t)MASK) | at.slot) << shift;
}

/* Moves the wheel to the next occupied slot, or to tick `until` when that comes first. */
static void advance(struct wheel *w, uint64_t until)
{
    struct place at;
    if (!next_slot(w, &at) || slot_tick(w, at) > until) {
        w->tick = until;
        return;
    }
    w->tick = slot_tick(w, at);
    if (at.level == 0)
        return;
    for (struct wheel_node *next, *n = empty_slot(w, at); n != NULL; n = next) {
        next = n->next;
        append(w, n, place_of(w, n->deadline));
    }
}

static aksu_time earliest(const struct wheel_node *n)
{
    aksu_time deadline = NEVER;
    for (; n != NULL; n = n->next)
        deadline = time_min(deadline, n->deadline);
    return deadline;
}

static aksu_time work_out_next(const struct wheel *w)
{
    aksu_time now = earliest(w->due);
    now = time_min(now, earliest(w->slot[0][w->tick & MASK]));
    struct place at;
    if (now != NEVER || !next_slot(w, &at))
        return now;

    /* A long list on a high level is looked through only when its time has nearly come. */
    uint64_t tick = slot_tick(w, at);
    if (tick - w->tick <= WHEEL_SLOTS)
        return earliest(w->slot[at.level][at.slot]);
    return tick << WHEEL_TICK_SHIFT;
}

aksu_time wheel_next(const struct wheel *w)
{
    return w->next_known ? w->next : work_out_next(w);
}

struct wheel_node *wheel_expired(struct wheel *w, aksu_time now)
{
    uint64_t until = now >> WHEEL_TICK_SHIFT;
    if (w->due == NULL)
        collect(w, now);
    while (w->due == NULL) {
        if (w->tick >= until) {
            w->next = work_out_next(w);
            w->next_known = true;
            return NULL;
        }
        advance(w, until);
        collect(w, now);
    }
    struct wheel_node *n = w->due;
    wheel_disarm(w, n);
    return n;
}
