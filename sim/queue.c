/* queue.c - what happens next: a heap of everything that has a time. Equal times happen in the
 * order in which their owners were made, so that a run depends on nothing else. */
#include "sim/calls.h"

static bool before(const struct due *a, const struct due *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct aksu_sim *w, uint32_t place, struct due *d)
{
    w->queue[place] = d;
    d->place = place;
}

static void rise(struct aksu_sim *w, struct due *d)
{
    uint32_t i = d->place;
    for (; i > 0 && before(d, w->queue[(i - 1) / 2]); i = (i - 1) / 2)
        put(w, i, w->queue[(i - 1) / 2]);
    put(w, i, d);
}

static void sink(struct aksu_sim *w, struct due *d)
{
    uint32_t i = d->place;
    for (uint32_t child; (child = 2 * i + 1) < w->queued; i = child) {
        if (child + 1 < w->queued && before(w->queue[child + 1], w->queue[child]))
            child++;
        if (!before(w->queue[child], d))
            break;
        put(w, i, w->queue[child]);
    }
    put(w, i, d);
}

bool sim_queue_admit(struct aksu_sim *w, struct due *d, enum due_kind kind)
{
    struct due **room = sim_room((void *)w->queue, w->queued, &w->queue_room);
    if (room == NULL)
        return false;
    w->queue = room;
    *d = (struct due){ .at = AKSU_NEVER, .order = w->made++, .kind = kind };
    put(w, w->queued++, d);
    rise(w, d);
    return true;
}

void sim_queue_set(struct aksu_sim *w, struct due *d, aksu_time at)
{
    aksu_time was = d->at;
    if (at == was)
        return;
    d->at = at;
    if (at < was)
        rise(w, d);
    else
        sink(w, d);
}
