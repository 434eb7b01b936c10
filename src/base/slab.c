/* slab.c - objects of one size cut from pool pages. The page's page_info counts them; a free object
 * holds the number of the next free one in its first two octets. Called for connections, listeners,
 * TIME-WAIT records, range sets, reassembly. */
#include "base/bytes.h"
#include "base/check.h"
#include "base/pool.h"

static struct page_info *info_of(const struct slab *s, page_ref page)
{
    return &s->pool->info[page];
}

void slab_init(struct slab *s, struct pool *pool, uint16_t size, uint8_t number)
{
    if (size < 16 || size > POOL_PAGE || size % 8 != 0 || number == 0)
        bug("slab_init: size 16..4096, a multiple of 8, and a number");
    *s = (struct slab){
        .pool = pool,
        .size = size,
        .per_page = (uint16_t)(POOL_PAGE / size),
        .number = number,
    };
    while (1u << s->shift < s->per_page)
        s->shift++;
}

static void push_partial(struct slab *s, page_ref page)
{
    struct page_info *info = info_of(s, page);
    info->prev = 0;
    info->next = s->partial;
    if (s->partial != 0)
        info_of(s, s->partial)->prev = page;
    s->partial = page;
}

static void remove_partial(struct slab *s, page_ref page)
{
    const struct page_info *info = info_of(s, page);
    if (info->next != 0)
        info_of(s, info->next)->prev = info->prev;
    if (info->prev != 0)
        info_of(s, info->prev)->next = info->next;
    else
        s->partial = info->next;
}

static page_ref take_page(struct slab *s)
{
    page_ref page = pool_take(s->pool);
    if (page == 0)
        return 0;
    *info_of(s, page) = (struct page_info){ .kind = PAGE_SLAB, .slab = s->number };
    push_partial(s, page);
    return page;
}

slab_ref slab_take(struct slab *s)
{
    page_ref page = s->partial;
    if (page == 0) {
        page = take_page(s);
        if (page == 0)
            return 0;
    }
    struct page_info *info = info_of(s, page);
    uint32_t slot;
    if (info->first_free != 0) {
        slot = info->first_free - 1u;
        memcpy(&info->first_free, slab_at(s, page << s->shift | slot), sizeof info->first_free);
    } else {
        slot = info->fresh++;
    }
    if (++info->used == s->per_page)
        remove_partial(s, page);
    s->in_use++;
    return page << s->shift | slot;
}

void slab_give(struct slab *s, slab_ref ref)
{
    void *object = slab_find(s, ref);
    if (object == NULL)
        bug("slab_give: an object of this slab");

    page_ref page = ref >> s->shift;
    struct page_info *info = info_of(s, page);
    if (info->used-- == s->per_page)
        push_partial(s, page);
    s->in_use--;
    if (info->used == 0) {
        remove_partial(s, page);
        pool_give(s->pool, page);
        return;
    }
    memcpy(object, &info->first_free, sizeof info->first_free);
    info->first_free = (uint16_t)((ref & ((1u << s->shift) - 1u)) + 1u);
}

void *slab_find(const struct slab *s, slab_ref ref)
{
    return slab_found(s, ref);
}
