/* ring.c - a byte queue over pool pages. The queue lives in a circle of 1024 page slots; without a
 * table the only page stands in the slot of position 0, with one the table says which page stands
 * where. Position 0 and RING_MOST never share a page, so a page that the front leaves is free.
 * Called by tcp (send and receive buffers). */
#include "base/bytes.h"
#include "base/check.h"
#include "base/ring.h"

enum { SLOTS = RING_MOST / POOL_PAGE, IN_PAGE = POOL_PAGE - 1 };

static page_ref *table_of(const struct ring *r, const struct pool *p)
{
    return (void *)pool_page(p, r->root);
}

static uint32_t front_slot(const struct ring *r)
{
    return r->front / POOL_PAGE;
}

/* The slot of octet `offset`, counted from the start of the front page. */
static uint32_t slot_of(const struct ring *r, uint32_t offset)
{
    return (front_slot(r) + offset / POOL_PAGE) % SLOTS;
}

/* Octets from `at` on that have a place in the circle. */
static uint32_t room_from(const struct ring *r, uint32_t at)
{
    uint32_t room = RING_MOST - (r->front & IN_PAGE);
    return at < room ? room - at : 0;
}

static bool grow_table(struct ring *r, struct pool *p)
{
    page_ref table = pool_take(p);
    if (table == 0)
        return false;
    page_ref only = r->root;
    r->root = table;
    r->table = true;
    memset(pool_page(p, table), 0, POOL_PAGE);
    table_of(r, p)[front_slot(r)] = only;
    return true;
}

/* Gives the table back when there is nothing, or only the front page, to be found through it. */
static void drop_table(struct ring *r, struct pool *p)
{
    if (!r->table || r->pages > 1)
        return;
    page_ref only = table_of(r, p)[front_slot(r)];
    if (r->pages == 1 && only == 0)
        return;
    pool_give(p, r->root);
    r->root = only;
    r->table = false;
}

/* The page in `slot`, taken from the pool if there was none; 0 when the pool is empty. */
static page_ref hold(struct ring *r, struct pool *p, uint32_t slot)
{
    page_ref *page = &r->root;
    if (!r->table && slot != front_slot(r) && !grow_table(r, p))
        return 0;
    if (r->table)
        page = &table_of(r, p)[slot];
    if (*page == 0) {
        *page = pool_take(p);
        r->pages += *page != 0;
    }
    return *page;
}

static page_ref held(const struct ring *r, const struct pool *p, uint32_t slot)
{
    if (r->table)
        return table_of(r, p)[slot];
    return slot == front_slot(r) ? r->root : 0;
}

static void release(struct ring *r, struct pool *p, uint32_t slot)
{
    page_ref *page = &r->root;
    if (r->table)
        page = &table_of(r, p)[slot];
    else if (slot != front_slot(r))
        return;
    if (*page != 0) {
        pool_give(p, *page);
        *page = 0;
        r->pages--;
    }
}

/* One piece of [at, at + length): to the end of its page at most. */
struct piece {
    uint32_t slot, from, length;
};

static struct piece piece_at(const struct ring *r, uint32_t at, uint32_t length)
{
    uint32_t offset = (r->front & IN_PAGE) + at;
    uint32_t from = offset & IN_PAGE, left = POOL_PAGE - from;
    return (struct piece){ slot_of(r, offset), from, length < left ? length : left };
}

uint32_t ring_write(struct ring *r, struct pool *p, uint32_t at, const uint8_t *from,
                    uint32_t length)
{
    uint32_t done = 0, room = room_from(r, at);
    if (length > room)
        length = room;

    while (done < length) {
        struct piece piece = piece_at(r, at + done, length - done);
        page_ref page = hold(r, p, piece.slot);
        if (page == 0) {
            drop_table(r, p);
            break;
        }
        /* memmove is a call, where gcc puts a slow `rep movs` for a memcpy of at most a page */
        memmove(pool_page(p, page) + piece.from, from + done, piece.length);
        done += piece.length;
    }
    return done;
}

void ring_extend(struct ring *r, uint32_t length)
{
    if (length > room_from(r, r->length))
        bug("ring_extend: over text that was written");
    r->length += length;
}

/* Octets [at, at + length) of the queue, up to the end of a page. */
static struct aksu_slice slice_at(const struct ring *r, const struct pool *p, uint32_t at,
                                  uint32_t length)
{
    struct piece piece = piece_at(r, at, length);
    page_ref page = held(r, p, piece.slot);
    if (page == 0)
        bug("ring: what is in the queue was written");
    return (struct aksu_slice){ pool_page(p, page) + piece.from, piece.length };
}

static void check_inside(const struct ring *r, uint32_t at, uint32_t length)
{
    if (at > r->length || length > r->length - at)
        bug("ring: a position inside the queue");
}

void ring_read(const struct ring *r, const struct pool *p, uint32_t at, uint8_t *to,
               uint32_t length)
{
    check_inside(r, at, length);
    for (uint32_t done = 0; done < length;) {
        struct aksu_slice slice = slice_at(r, p, at + done, length - done);
        memcpy(to + done, slice.data, slice.length);
        done += (uint32_t)slice.length;
    }
}

/* Pages taken one after the other are often neighbours in the region: their slices become one. */
unsigned ring_slices(const struct ring *r, const struct pool *p, uint32_t at, uint32_t length,
                     struct aksu_slice *out, unsigned most)
{
    unsigned count = 0;
    check_inside(r, at, length);
    for (uint32_t done = 0; done < length;) {
        struct aksu_slice slice = slice_at(r, p, at + done, length - done);
        if (count > 0 && out[count - 1].data + out[count - 1].length == slice.data)
            out[count - 1].length += slice.length;
        else if (count == most)
            break;
        else
            out[count++] = slice;
        done += (uint32_t)slice.length;
    }
    return count;
}

unsigned ring_reserve(struct ring *r, struct pool *p, uint32_t length, struct aksu_space *out,
                      unsigned most)
{
    unsigned count = 0;
    uint32_t room = room_from(r, r->length);
    if (length > room)
        length = room;

    for (uint32_t done = 0; done < length;) {
        struct piece piece = piece_at(r, r->length + done, length - done);
        if (count == most && held(r, p, piece.slot) == 0)
            break;
        page_ref page = hold(r, p, piece.slot);
        if (page == 0) {
            drop_table(r, p);
            break;
        }
        uint8_t *data = pool_page(p, page) + piece.from;
        if (count > 0 && out[count - 1].data + out[count - 1].length == data)
            out[count - 1].length += piece.length;
        else if (count == most)
            break;
        else
            out[count++] = (struct aksu_space){ data, piece.length };
        done += piece.length;
    }
    return count;
}

uint32_t ring_reserved(const struct ring *r, const struct pool *p, uint32_t length)
{
    uint32_t done = 0, room = room_from(r, r->length);
    if (length > room)
        length = room;
    while (done < length) {
        struct piece piece = piece_at(r, r->length + done, length - done);
        if (held(r, p, piece.slot) == 0)
            break;
        done += piece.length;
    }
    return done;
}

void ring_consume(struct ring *r, struct pool *p, uint32_t length, uint32_t keep)
{
    check_inside(r, 0, length);
    if (length == r->length && keep == 0) {
        ring_clear(r, p);
        return;
    }
    uint32_t offset = (r->front & IN_PAGE) + length;
    for (uint32_t i = 0; i < offset / POOL_PAGE; i++)
        release(r, p, slot_of(r, i * POOL_PAGE));
    r->front = (r->front + length) % RING_MOST;
    r->length -= length;
    drop_table(r, p);
}

void ring_trim(struct ring *r, struct pool *p, uint32_t from)
{
    if (from < r->length)
        bug("ring_trim: behind the queue");
    if (r->pages == 0)
        return;

    uint32_t before = 0, first = ((r->front & IN_PAGE) + from + IN_PAGE) / POOL_PAGE;
    if (from == 0)
        first = 0;
    for (uint32_t i = 0; i < first && i < SLOTS; i++)
        before += held(r, p, slot_of(r, i * POOL_PAGE)) != 0;
    for (uint32_t i = first; i < SLOTS && r->pages > before; i++)
        release(r, p, slot_of(r, i * POOL_PAGE));
    drop_table(r, p);
    if (r->pages == 0)
        r->front = 0;
}

void ring_clear(struct ring *r, struct pool *p)
{
    for (uint32_t i = 0; r->pages > 0; i++)
        release(r, p, slot_of(r, i * POOL_PAGE));
    drop_table(r, p);
    *r = (struct ring){ 0 };
}
