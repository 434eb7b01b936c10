/* pool.c - pages of one region, last given first taken. The page_info array stands at the start of
 * the region; its entries, like the pages, are untouched until the page is first taken.
 * Called by slabs and rings. */
#include "base/check.h"
#include "base/pool.h"

/* A slab reference has at most 8 bits of slot (objects of 16 octets), so 24 bits of page. */
enum { PAGES_MOST = (1 << 24) - 1 };

static uintptr_t align_up(uintptr_t address, uintptr_t to)
{
    return (address + to - 1) & ~(to - 1);
}

/* Where page 1 would be if there were `count` pages; info[0] is not used. */
static uintptr_t pages_from(uintptr_t start, uintptr_t count)
{
    return align_up(start + (count + 1) * sizeof(struct page_info), POOL_PAGE);
}

bool pool_init(struct pool *p, void *memory, size_t size)
{
    uintptr_t start = align_up((uintptr_t)memory, sizeof(struct page_info));
    uintptr_t end = (uintptr_t)memory + size;
    uintptr_t count = end <= start ? 0 : (end - start) / (POOL_PAGE + sizeof(struct page_info));

    if (count > PAGES_MOST)
        count = PAGES_MOST;
    while (count > 0 && pages_from(start, count) + count * POOL_PAGE > end)
        count--;
    if (count == 0)
        return false;

    uint8_t *base = memory;
    *p = (struct pool){
        .pages = base + (pages_from(start, count) - (uintptr_t)memory),
        .info = (void *)(base + (start - (uintptr_t)memory)),
        .count = (uint32_t)count,
    };
    return true;
}

page_ref pool_take(struct pool *p)
{
    page_ref page = p->free;
    if (page != 0)
        p->free = p->info[page].next;
    else if (p->fresh < p->count)
        page = ++p->fresh;
    else
        return 0;

    p->info[page].kind = PAGE_BUFFER;
    if (++p->in_use > p->most_in_use)
        p->most_in_use = p->in_use;
    return page;
}

void pool_give(struct pool *p, page_ref page)
{
    if (page == 0 || page > p->fresh || p->info[page].kind == PAGE_FREE)
        bug("pool_give: a page that was taken");
    p->info[page].kind = PAGE_FREE;
    p->info[page].next = p->free;
    p->free = page;
    p->in_use--;
}
