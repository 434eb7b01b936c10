/* pool.h - the one region of a stack, cut into pages of 4096 octets. Slabs cut pages into objects
 * of one size; rings take whole pages. Nothing is touched before it is used; a page whose objects
 * are all free goes back to the pool. Everything is named by 32-bit references, 0 is none.
 * Called by the connection table, rings, reassembly, TIME-WAIT records. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POOL_PAGE = 4096 };

/* What a page holds; also what pool_count() counts by. */
enum page_kind { PAGE_FREE, PAGE_BUFFER, PAGE_SLAB };

typedef uint32_t page_ref;      /* 1.. ; 0 is none */

struct page_info {
    page_ref next, prev;        /* in the list of free pages, or of a slab's pages with room */
    uint16_t used;              /* slab objects in use on this page */
    uint16_t first_free;        /* slab: 1 + slot of the object given back last; 0 none */
    uint16_t fresh;             /* slab: slots from here on were never used */
    uint8_t kind;               /* enum page_kind */
    uint8_t slab;               /* which slab of the owner, to tell stale references apart */
};

struct pool {
    uint8_t *pages;             /* page 1 starts here; aligned to POOL_PAGE */
    struct page_info *info;     /* info[1..count] */
    uint32_t count, fresh;      /* pages in all (< 2^24); those from fresh + 1 on never taken */
    page_ref free;              /* pages given back */
    uint32_t in_use, most_in_use;
};

/* Lays the pool over `memory` (any alignment). The region must outlive the pool. False when it is
 * too small for one page. Does not touch the region beyond the page_info of the first pages. */
bool pool_init(struct pool *p, void *memory, size_t size);

page_ref pool_take(struct pool *p);                     /* a page of PAGE_BUFFER, or 0 */
void pool_give(struct pool *p, page_ref page);
static inline uint8_t *pool_page(const struct pool *p, page_ref page)
{
    return p->pages + (size_t)(page - 1) * POOL_PAGE;
}
static inline uint32_t pool_left(const struct pool *p)  /* pages that pool_take could still give */
{
    return p->count - p->in_use;
}

typedef uint32_t slab_ref;      /* page and slot; 0 is none */

struct slab {
    struct pool *pool;
    uint16_t size, per_page;    /* octets per object; objects per page */
    uint8_t shift;              /* a reference is page << shift | slot */
    uint8_t number;             /* stored in page_info.slab */
    page_ref partial;           /* pages with room */
    uint32_t in_use;
};

/* `size` in 16..4096, a multiple of 8. `number` in 1..255 tells this slab's pages from those of
 * the pool's other slabs. */
void slab_init(struct slab *s, struct pool *pool, uint16_t size, uint8_t number);
slab_ref slab_take(struct slab *s);         /* contents undefined; 0 when the pool is empty */
void slab_give(struct slab *s, slab_ref ref);
/* Address of a reference that slab_take gave and slab_give has not taken. */
static inline void *slab_at(const struct slab *s, slab_ref ref)
{
    return pool_page(s->pool, ref >> s->shift)
         + (size_t)(ref & ((1u << s->shift) - 1u)) * s->size;
}
/* The reference of an object that slab_take gave. */
static inline slab_ref slab_ref_of(const struct slab *s, const void *object)
{
    size_t at = (size_t)((const uint8_t *)object - s->pool->pages);
    return (slab_ref)((at / POOL_PAGE + 1) << s->shift | at % POOL_PAGE / s->size);
}
/* The same for a reference from outside: NULL when it cannot be one of this slab's objects (its
 * page is not this slab's). A freed object on a live page is not noticed: check a generation. */
static inline void *slab_found(const struct slab *s, slab_ref ref)
{
    page_ref page = ref >> s->shift;
    if (page == 0 || page > s->pool->fresh)
        return NULL;
    const struct page_info *info = &s->pool->info[page];
    if (info->kind != PAGE_SLAB || info->slab != s->number)
        return NULL;
    return (ref & ((1u << s->shift) - 1u)) < info->fresh ? slab_at(s, ref) : NULL;
}
void *slab_find(const struct slab *s, slab_ref ref);    /* the same, not inline */

#endif
