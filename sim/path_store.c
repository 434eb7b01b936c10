/* path_store.c - memory for frames under way, used again and again, and the queue of those that
 * wait for their time. Called by the other files of a path. */
#include <stdlib.h>
#include <string.h>

#include "sim/path_inner.h"

enum { STEP = 256, STEPS = 9 };     /* room for 256, 512 ... 2304 octets; then powers of two */

static unsigned class_of(uint32_t length)
{
    if (length <= STEP * STEPS)
        return length == 0 ? 0 : (length - 1) / STEP;
    unsigned class = STEPS;
    for (uint32_t room = 4096; room < length && class + 1 < PATH_CLASSES; room *= 2)
        class++;
    return class;
}

static size_t room_of(unsigned class)
{
    return class < STEPS ? (size_t)STEP * (class + 1) : (size_t)4096 << (class - STEPS);
}

struct flight *flight_new(struct path_store *s, uint32_t length)
{
    unsigned class = class_of(length);
    struct flight *f = s->unused[class];
    if (length > room_of(class))
        return NULL;
    if (f) {
        s->unused[class] = f->next;
    } else {
        f = malloc(sizeof *f + room_of(class));
        if (!f) {
            s->starved = true;
            return NULL;
        }
        f->made = s->made;
        s->made = f;
        f->class = (uint8_t)class;
    }
    f->length = length;
    f->gso_size = 0;
    f->partial = false;
    return f;
}

struct flight *flight_copy(struct path_store *s, const struct flight *f)
{
    struct flight *copy = flight_new(s, f->length);
    if (!copy)
        return NULL;
    copy->entry = f->entry;
    copy->gso_size = f->gso_size;
    copy->partial = f->partial;
    memcpy(copy->octets, f->octets, f->length);
    return copy;
}

void flight_free(struct path_store *s, struct flight *f)
{
    f->next = s->unused[f->class];
    s->unused[f->class] = f;
}

void flight_append(struct flight_list *l, struct flight *f)
{
    f->next = NULL;
    if (l->first)
        *l->last = f;
    else
        l->first = f;
    l->last = &f->next;
}

struct flight *flight_take(struct flight_list *l)
{
    struct flight *f = l->first;
    if (f)
        l->first = f->next;
    return f;
}

void flight_free_all(struct path_store *s, struct flight_list *l)
{
    struct flight *f;
    while ((f = flight_take(l)))
        flight_free(s, f);
}

void path_store_fini(struct path_store *s)
{
    while (s->made) {
        struct flight *f = s->made;
        s->made = f->made;
        free(f);
    }
}

static bool before(const struct flight *a, const struct flight *b)
{
    return a->at != b->at ? a->at < b->at : a->turn < b->turn;
}

static bool heap_grow(struct path_queue *q)
{
    if (q->heaped < q->heap_room)
        return true;
    uint32_t room = q->heap_room > 0 ? q->heap_room * 2 : 64;
    struct flight **heap = realloc(q->heap, room * sizeof(struct flight *));
    if (!heap)
        return false;
    q->heap = heap;
    q->heap_room = room;
    return true;
}

static void heap_put(struct path_queue *q, struct flight *f)
{
    uint32_t i = q->heaped++;
    for (; i > 0 && before(f, q->heap[(i - 1) / 2]); i = (i - 1) / 2)
        q->heap[i] = q->heap[(i - 1) / 2];
    q->heap[i] = f;
}

static struct flight *heap_take(struct path_queue *q)
{
    struct flight *top = q->heap[0], *last = q->heap[--q->heaped];
    uint32_t i = 0, child;
    while ((child = 2 * i + 1) < q->heaped) {
        if (child + 1 < q->heaped && before(q->heap[child + 1], q->heap[child]))
            child++;
        if (!before(q->heap[child], last))
            break;
        q->heap[i] = q->heap[child];
        i = child;
    }
    q->heap[i] = last;
    return top;
}

bool path_queue_put(struct path_queue *q, struct flight *f)
{
    if (!q->line.first || f->at >= q->line_end) {
        flight_append(&q->line, f);
        q->line_end = f->at;
        return true;
    }
    if (!heap_grow(q))
        return false;
    heap_put(q, f);
    return true;
}

struct flight *path_queue_take(struct path_queue *q)
{
    if (q->heaped > 0 && (!q->line.first || before(q->heap[0], q->line.first)))
        return heap_take(q);
    return flight_take(&q->line);
}

aksu_time path_queue_due(const struct path_queue *q)
{
    aksu_time line = q->line.first ? q->line.first->at : AKSU_NEVER;
    aksu_time heap = q->heaped > 0 ? q->heap[0]->at : AKSU_NEVER;
    return line < heap ? line : heap;
}
