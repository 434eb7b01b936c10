/* ring.c - a byte queue over pool pages. The queue lives in a circle of page slots; without a table
 * the only page stands in the slot of position 0, with one the table says which page stands where.
 * A table holds 1024 references: 4 MiB. A longer queue gets a directory of such tables and with it
 * a larger circle, until it is short again. Position 0 and the other end never share a page, so a
 * page that the front leaves is free. Called by tcp and udp (send and receive buffers). */
#include "base/bytes.h"
#include "base/check.h"
#include "base/ring.h"

enum { IN_PAGE = POOL_PAGE - 1, TABLE = POOL_PAGE / sizeof(page_ref), SLOTS = RING_MOST / POOL_PAGE,
       TABLES = SLOTS / TABLE };

struct directory {
    page_ref table[TABLES];     /* 0: no page stands there */
    uint16_t used[TABLES];      /* pages that each table holds */
};

static page_ref *table_of(const struct pool *p, page_ref table)
{
    return (void *)pool_page(p, table);
}

static struct directory *directory_of(const struct ring *r, const struct pool *p)
{
    return (void *)pool_page(p, r->root);
}

static bool has_directory(const struct ring *r)
{
    return r->tables > 1;
}

static uint32_t slots(const struct ring *r)
{
    return r->tables == 0 ? 1u : has_directory(r) ? (uint32_t)SLOTS : (uint32_t)TABLE;
}

/* The slot of the page with this number, counted from the front page. */
static uint32_t slot_of(const struct ring *r, uint32_t number)
{
    return (r->front / POOL_PAGE + number) & (slots(r) - 1);
}

/* Octets from `at` on that have a place in the largest circle. */
static uint32_t room_from(const struct ring *r, uint32_t at)
{
    uint32_t room = RING_MOST - (r->front & IN_PAGE);
    return at < room ? room - at : 0;
}

static page_ref take_table(struct ring *r, struct pool *p)
{
    page_ref table = pool_take(p);
    if (table != 0) {
        memset(pool_page(p, table), 0, POOL_PAGE);
        r->tables++;
    }
    return table;
}

/* The only page goes into a table. */
static bool grow_table(struct ring *r, struct pool *p)
{
    page_ref only = r->root, table = take_table(r, p);
    if (table == 0)
        return false;
    r->root = table;
    table_of(p, table)[slot_of(r, 0)] = only;
    return true;
}

/* The only table goes into a directory. In the larger circle what stood before the front, because
 * the circle was closed, stands behind it: in the next table, at the same place. */
static bool grow_directory(struct ring *r, struct pool *p)
{
    uint32_t front = slot_of(r, 0), moved = 0;
    page_ref first = r->root, next = take_table(r, p), root = next ? take_table(r, p) : 0;
    if (root == 0) {
        if (next != 0) {
            pool_give(p, next);
            r->tables--;
        }
        return false;
    }
    for (uint32_t slot = 0; slot < front; slot++)
        moved += table_of(p, first)[slot] != 0;
    memcpy(table_of(p, next), table_of(p, first), front * sizeof(page_ref));
    memset(table_of(p, first), 0, front * sizeof(page_ref));
    r->root = root;
    struct directory *d = directory_of(r, p);
    d->table[0] = first;
    d->table[1] = next;
    d->used[0] = (uint16_t)(r->pages - moved);
    d->used[1] = (uint16_t)moved;
    return true;
}

/* The table of a directory that has lost its last page. */
static void drop_unused(struct ring *r, struct pool *p, uint32_t number)
{
    struct directory *d = directory_of(r, p);
    if (d->used[number] != 0 || d->table[number] == 0)
        return;
    pool_give(p, d->table[number]);
    d->table[number] = 0;
    r->tables--;
}

static page_ref held_by_directory(const struct ring *r, const struct pool *p, uint32_t number)
{
    uint32_t slot = slot_of(r, number);
    page_ref table = directory_of(r, p)->table[slot / TABLE];
    return table != 0 && number < SLOTS ? table_of(p, table)[slot % TABLE] : 0;
}

/* The page of this number; 0 when there is none. */
static inline page_ref held(const struct ring *r, const struct pool *p, uint32_t number)
{
    if (r->tables == 0)
        return number == 0 ? r->root : 0;
    if (has_directory(r))
        return held_by_directory(r, p, number);
    return number < TABLE ? table_of(p, r->root)[slot_of(r, number)] : 0;
}

/* Gives the tables back when there is nothing, or only the front page, to be found through them. */
static void drop_tables(struct ring *r, struct pool *p)
{
    if (r->tables == 0 || r->pages > 1)
        return;
    page_ref only = held(r, p, 0);
    if (r->pages == 1 && only == 0)
        return;
    for (uint32_t i = 0; has_directory(r) && i < TABLES; i++) {
        page_ref table = directory_of(r, p)->table[i];
        if (table != 0)
            pool_give(p, table);
    }
    pool_give(p, r->root);
    r->root = only;
    r->tables = 0;
    r->front &= IN_PAGE;                        /* the only slot of the smallest circle */
}

/* Where the reference to the page of this number stands, made if need be; NULL: no memory. */
static page_ref *place(struct ring *r, struct pool *p, uint32_t number)
{
    if (r->tables == 0 && number == 0)
        return &r->root;
    if (r->tables == 0 && !grow_table(r, p))
        return NULL;
    if (number >= slots(r) && !grow_directory(r, p))
        return NULL;
    uint32_t slot = slot_of(r, number);
    if (!has_directory(r))
        return &table_of(p, r->root)[slot];
    page_ref *table = &directory_of(r, p)->table[slot / TABLE];
    if (*table == 0 && (*table = take_table(r, p)) == 0)
        return NULL;
    return &table_of(p, *table)[slot % TABLE];
}

static page_ref take_page(struct ring *r, struct pool *p, uint32_t number)
{
    page_ref *page = place(r, p, number);
    if (page != NULL && (*page = pool_take(p)) != 0) {
        r->pages++;
        if (has_directory(r))
            directory_of(r, p)->used[slot_of(r, number) / TABLE]++;
        return *page;
    }
    if (has_directory(r))
        drop_unused(r, p, slot_of(r, number) / TABLE);
    drop_tables(r, p);
    return 0;
}

/* The page of this number, taken from the pool if there was none; 0 when the pool is empty. */
static page_ref hold(struct ring *r, struct pool *p, uint32_t number)
{
    page_ref page = held(r, p, number);
    return page != 0 ? page : take_page(r, p, number);
}

static void release_of_directory(struct ring *r, struct pool *p, uint32_t number)
{
    struct directory *d = directory_of(r, p);
    uint32_t slot = slot_of(r, number);
    page_ref table = d->table[slot / TABLE];
    page_ref *page = table != 0 ? &table_of(p, table)[slot % TABLE] : NULL;
    if (page == NULL || *page == 0)
        return;
    pool_give(p, *page);
    *page = 0;
    r->pages--;
    if (--d->used[slot / TABLE] == 0 && r->pages > 0)
        drop_unused(r, p, slot / TABLE);
}

static void release(struct ring *r, struct pool *p, uint32_t number)
{
    if (has_directory(r)) {
        release_of_directory(r, p, number);
        return;
    }
    page_ref *page = r->tables == 0 ? &r->root : &table_of(p, r->root)[slot_of(r, number)];
    if (*page != 0) {
        pool_give(p, *page);
        *page = 0;
        r->pages--;
    }
}

/* One piece of [at, at + length): to the end of its page at most. */
struct piece {
    uint32_t number, from, length;
};

static struct piece piece_at(const struct ring *r, uint32_t at, uint32_t length)
{
    uint32_t offset = (r->front & IN_PAGE) + at;
    uint32_t from = offset & IN_PAGE, left = POOL_PAGE - from;
    return (struct piece){ offset / POOL_PAGE, from, length < left ? length : left };
}

/* Does all of [at, at + length) lie in the only page? Most queues are no longer than that. */
static inline bool in_only_page(const struct ring *r, uint32_t at, uint32_t length)
{
    return r->tables == 0 && (uint64_t)(r->front & IN_PAGE) + at + length <= POOL_PAGE;
}

/* The first page of an empty ring needs no table. */
static inline bool hold_only_page(struct ring *r, struct pool *p)
{
    if (r->root != 0)
        return true;
    r->root = pool_take(p);
    r->pages = r->root != 0;
    return r->root != 0;
}

static inline uint8_t *only_place(const struct ring *r, const struct pool *p, uint32_t at)
{
    return pool_page(p, r->root) + (r->front & IN_PAGE) + at;
}

uint32_t ring_write(struct ring *r, struct pool *p, uint32_t at, const uint8_t *from,
                    uint32_t length)
{
    if (length > 0 && in_only_page(r, at, length) && hold_only_page(r, p)) {
        memmove(only_place(r, p, at), from, length);
        return length;
    }
    uint32_t done = 0, room = room_from(r, at);
    if (length > room)
        length = room;

    while (done < length) {
        struct piece piece = piece_at(r, at + done, length - done);
        page_ref page = hold(r, p, piece.number);
        if (page == 0)
            break;
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
static inline struct aksu_slice slice_at(const struct ring *r, const struct pool *p, uint32_t at,
                                  uint32_t length)
{
    struct piece piece = piece_at(r, at, length);
    page_ref page = held(r, p, piece.number);
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
    if (r->root != 0 && in_only_page(r, at, length)) {
        memmove(to, only_place(r, p, at), length);
        return;
    }
    for (uint32_t done = 0; done < length;) {
        struct aksu_slice slice = slice_at(r, p, at + done, length - done);
        memmove(to + done, slice.data, slice.length);
        done += (uint32_t)slice.length;
    }
}

/* Pages taken one after the other are often neighbours in the region: their slices become one. */
unsigned ring_slices(const struct ring *r, const struct pool *p, uint32_t at, uint32_t length,
                     struct aksu_slice *out, unsigned most)
{
    unsigned count = 0;
    check_inside(r, at, length);
    if (r->root != 0 && in_only_page(r, at, length) && length > 0 && most > 0) {
        out[0] = (struct aksu_slice){ only_place(r, p, at), length };
        return 1;
    }
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
        if (count == most && held(r, p, piece.number) == 0)
            break;
        page_ref page = hold(r, p, piece.number);
        if (page == 0)
            break;
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
        if (held(r, p, piece.number) == 0)
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
    uint32_t left = ((r->front & IN_PAGE) + length) / POOL_PAGE;
    for (uint32_t i = 0; i < left; i++)
        release(r, p, i);
    r->front = (r->front + length) & (slots(r) * POOL_PAGE - 1);
    r->length -= length;
    drop_tables(r, p);
}

/* The number behind this one; where there is no table, nothing is looked for. */
static uint32_t following(const struct ring *r, const struct pool *p, uint32_t number)
{
    uint32_t slot = slot_of(r, ++number);
    if (has_directory(r) && directory_of(r, p)->table[slot / TABLE] == 0)
        number += TABLE - slot % TABLE;
    return number;
}

/* Every page from the front to the end of the queue is held; the search begins behind them. */
void ring_trim(struct ring *r, struct pool *p, uint32_t from)
{
    uint32_t begins = r->front & IN_PAGE, first = (begins + from + IN_PAGE) / POOL_PAGE;
    uint32_t keep = r->length == 0 ? 0 : (begins + r->length + IN_PAGE) / POOL_PAGE;
    if (from < r->length)
        bug("ring_trim: behind the queue");

    if (from == 0)
        first = 0;
    for (uint32_t i = keep; i < first && r->pages > keep; i++)
        keep += held(r, p, i) != 0;
    for (uint32_t i = first; i < slots(r) && r->pages > keep; i = following(r, p, i))
        release(r, p, i);
    drop_tables(r, p);
    if (r->pages == 0)
        r->front = 0;
}

void ring_clear(struct ring *r, struct pool *p)
{
    if (r->tables == 0) {
        if (r->root != 0)
            pool_give(p, r->root);
    } else {
        for (uint32_t i = 0; r->pages > 0; i = following(r, p, i))
            release(r, p, i);
        drop_tables(r, p);
    }
    *r = (struct ring){ 0 };
}
