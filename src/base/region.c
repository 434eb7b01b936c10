/* region.c - the part of a region that was ever touched: the owner's structures, the page_info of
 * the pages that were ever taken, and those pages. Called by stack/snapshot.c. */
#include "base/bytes.h"
#include "base/region.h"

enum { MARK = 0x616b7375 };

struct saved {
    uintptr_t start;                /* where the region lies */
    uint32_t mark, fresh;           /* pages that are in it */
};

/* The owner's structures and the page_info stand together. */
static size_t head_size(const void *start, const struct pool *pool, uint32_t fresh)
{
    return (size_t)((const uint8_t *)(pool->info + fresh + 1) - (const uint8_t *)start);
}

static size_t size_with(const void *start, const struct pool *pool, uint32_t fresh)
{
    return sizeof(struct saved) + head_size(start, pool, fresh) + (size_t)fresh * POOL_PAGE;
}

size_t region_size(const void *start, const struct pool *pool)
{
    return size_with(start, pool, pool->fresh);
}

void region_save(const void *start, const struct pool *pool, void *to)
{
    struct saved head = { .start = (uintptr_t)start, .mark = MARK, .fresh = pool->fresh };
    size_t length = head_size(start, pool, head.fresh);
    uint8_t *at = to;
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, start, length);
    memcpy(at + sizeof head + length, pool->pages, (size_t)head.fresh * POOL_PAGE);
}

bool region_load(void *start, struct pool *pool, const void *from, size_t size)
{
    struct saved head;
    const uint8_t *at = from;
    uint8_t *pages = pool->pages;
    if (size < sizeof head)
        return false;
    memcpy(&head, from, sizeof head);
    if (head.mark != MARK || head.start != (uintptr_t)start || head.fresh > pool->count
        || size < size_with(start, pool, head.fresh))
        return false;
    size_t length = head_size(start, pool, head.fresh);
    memcpy(start, at + sizeof head, length);
    memcpy(pages, at + sizeof head + length, (size_t)head.fresh * POOL_PAGE);
    return true;
}

static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 32) * 0x9e3779b97f4a7c15u;
    return x ^ x >> 29;
}

/* Two sums that mix each word, and how many zeros were before it, differently. */
static void add_word(struct digest *d, uint64_t word, uint64_t zeros)
{
    d->a = mixed((d->a + zeros * 0xbf58476d1ce4e5b9u) ^ word);
    d->b = (d->b + zeros * 0x94d049bb133111ebu + word) * 0xd6e8feb86659fd93u;
    d->b ^= d->b >> 31;
}

/* Much of a region is zero: runs of such words are counted. */
void digest_add(struct digest *d, const void *octets, size_t length)
{
    const uint8_t *at = octets;
    uint64_t word, zeros = 0;
    for (; length >= sizeof word; at += sizeof word, length -= sizeof word) {
        memcpy(&word, at, sizeof word);
        if (word == 0) {
            zeros++;
            continue;
        }
        add_word(d, word, zeros);
        zeros = 0;
    }
    word = length;
    for (size_t i = 0; i < length; i++)
        word = word << 8 | at[i];
    add_word(d, word, zeros);
}
