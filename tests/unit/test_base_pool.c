/* test_base_pool.c - pages of the region and the objects cut from them. */
#include "help.h"

#include "base/pool.h"

enum { REGION = 64 * POOL_PAGE };

static struct pool pool_over(void *memory, size_t size)
{
    struct pool p;
    assert_true(pool_init(&p, memory, size));
    return p;
}

static void pages_are_aligned_and_inside(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 40; shift++) {
        for (size_t size = 2 * POOL_PAGE + 64; size < 12 * POOL_PAGE; size += 1001) {
            uint8_t *memory = malloc(size + shift);
            struct pool p = pool_over(memory + shift, size);
            const uint8_t *info_end = (const uint8_t *)(p.info + p.count + 1);
            assert_int_equal((uintptr_t)p.pages % POOL_PAGE, 0);
            assert_true((uint8_t *)p.info >= memory + shift && info_end <= p.pages);
            assert_true(p.pages + (size_t)p.count * POOL_PAGE <= memory + shift + size);
            /* no room is left for another page, the alignment and page_info set apart */
            assert_true(size - (size_t)p.count * POOL_PAGE < 2 * POOL_PAGE + 1024);
            free(memory);
        }
    }
}

/* The page_info of 255 pages and of none fills a page: one more page would stand on its own. */
static void page_info_has_room_for_all(void **state)
{
    (void)state;
    uint8_t *memory = malloc(259 * POOL_PAGE);
    uint8_t *start = memory + (POOL_PAGE - (uintptr_t)memory % POOL_PAGE);
    struct pool p = pool_over(start, 257 * POOL_PAGE);
    assert_int_equal(p.count, 255);
    p = pool_over(start, 258 * POOL_PAGE);
    assert_int_equal(p.count, 256);
    assert_true((uint8_t *)(p.info + p.count + 1) <= p.pages);
    free(memory);
}

static void a_small_region_is_refused(void **state)
{
    (void)state;
    uint8_t *memory = malloc(3 * POOL_PAGE);
    struct pool p;
    uint8_t *page = memory + (POOL_PAGE - (uintptr_t)memory % POOL_PAGE);
    assert_false(pool_init(&p, memory, 0));
    assert_false(pool_init(&p, memory, 15));
    assert_false(pool_init(&p, page, POOL_PAGE + 1000));
    assert_false(pool_init(&p, page, 2 * POOL_PAGE - 1));
    assert_true(pool_init(&p, page, 2 * POOL_PAGE));
    assert_int_equal(p.count, 1);
    free(memory);
}

static void nothing_is_touched_before_use(void **state)
{
    (void)state;
    uint8_t *memory = malloc(REGION);
    memset(memory, 0xa5, REGION);
    struct pool p = pool_over(memory, REGION);
    page_ref page = pool_take(&p);
    memset(pool_page(&p, page), 0, POOL_PAGE);
    for (uint8_t *at = pool_page(&p, page + 1); at < memory + REGION; at++)
        assert_int_equal(*at, 0xa5);
    for (uint8_t *at = (uint8_t *)(p.info + 2); at < p.pages; at++)
        assert_int_equal(*at, 0xa5);
    free(memory);
}

static void the_pool_counts_and_ends(void **state)
{
    (void)state;
    uint8_t *memory = malloc(REGION);
    struct pool p = pool_over(memory, REGION);
    page_ref taken[64];
    for (uint32_t i = 0; i < p.count; i++) {
        assert_int_equal(pool_left(&p), p.count - i);
        taken[i] = pool_take(&p);
        assert_in_range(taken[i], 1, p.count);
        for (uint32_t k = 0; k < i; k++)
            assert_int_not_equal(taken[i], taken[k]);
    }
    assert_int_equal(pool_take(&p), 0);
    assert_int_equal(pool_left(&p), 0);

    pool_give(&p, taken[7]);
    pool_give(&p, taken[3]);
    assert_int_equal(p.in_use, p.count - 2);
    assert_int_equal(pool_take(&p), taken[3]);      /* the last given is the warmest */
    assert_int_equal(pool_take(&p), taken[7]);
    for (uint32_t i = 0; i < p.count; i++)
        pool_give(&p, taken[i]);
    assert_int_equal(p.in_use, 0);
    assert_int_equal(p.most_in_use, p.count);
    free(memory);
}

static uint8_t *region_of_bugs;

static void give_twice(void)
{
    struct pool p = pool_over(region_of_bugs, REGION);
    page_ref page = pool_take(&p);
    pool_take(&p);
    pool_give(&p, page);
    pool_give(&p, page);
}

static void give_what_was_never_taken(void)
{
    struct pool p = pool_over(region_of_bugs, REGION);
    pool_give(&p, 1);
}

static void give_object_of_another_slab(void)
{
    struct pool p = pool_over(region_of_bugs, REGION);
    struct slab a, b;
    slab_init(&a, &p, 64, 1);
    slab_init(&b, &p, 64, 2);
    slab_give(&b, slab_take(&a));
}

static void cut_an_odd_size(void)
{
    struct pool p = pool_over(region_of_bugs, REGION);
    struct slab s;
    slab_init(&s, &p, 60, 1);
}

static void broken_promises_are_bugs(void **state)
{
    (void)state;
    region_of_bugs = malloc(REGION);
    assert_true(is_bug(give_twice));
    assert_true(is_bug(give_what_was_never_taken));
    assert_true(is_bug(give_object_of_another_slab));
    assert_true(is_bug(cut_an_odd_size));
    free(region_of_bugs);
}

/* Every object is its own: each is filled with its number and read back at the end. */
static void fill_and_empty(struct pool *p, uint16_t size)
{
    struct slab s;
    slab_init(&s, p, size, 3);
    static slab_ref refs[64 * 256];
    uint32_t count = 0;
    for (slab_ref ref; (ref = slab_take(&s)) != 0; count++) {
        refs[count] = ref;
        memset(slab_at(&s, ref), (int)(count * 31 & 0xff), size);
        assert_ptr_equal(slab_find(&s, ref), slab_at(&s, ref));
    }
    assert_int_equal(count, p->count * (uint32_t)(POOL_PAGE / size));
    assert_int_equal(s.in_use, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *object = slab_at(&s, refs[i]);
        for (uint16_t k = 0; k < size; k += 7)
            assert_int_equal(object[k], i * 31 & 0xff);
    }
    for (uint32_t i = 0; i < count; i++)
        slab_give(&s, refs[i * 7919u % count]);
    assert_int_equal(s.in_use, 0);
    assert_int_equal(p->in_use, 0);
    assert_int_equal(s.partial, 0);
}

static void slabs_of_all_sizes(void **state)
{
    (void)state;
    uint8_t *memory = malloc(REGION);
    struct pool p = pool_over(memory, REGION);
    static const uint16_t sizes[] = { 16, 24, 64, 248, 256, 504, 1000, 1368, 2048, 2056, 4096 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        fill_and_empty(&p, sizes[i]);
    free(memory);
}

static void stale_and_foreign_references_are_told(void **state)
{
    (void)state;
    uint8_t *memory = malloc(REGION);
    struct pool p = pool_over(memory, REGION);
    struct slab a, b;
    slab_init(&a, &p, 512, 1);
    slab_init(&b, &p, 512, 2);
    slab_ref first = slab_take(&a), second = slab_take(&a);
    assert_null(slab_find(&b, first));
    assert_null(slab_find(&a, 0));
    assert_null(slab_find(&a, UINT32_MAX));
    assert_null(slab_find(&a, second + 1));         /* a slot that was never given out */
    slab_give(&a, first);
    slab_give(&a, second);
    assert_null(slab_find(&a, first));              /* its page went back */
    slab_ref other = slab_take(&b);
    assert_int_equal(other, first);                 /* the same page under another slab */
    assert_null(slab_find(&a, first));
    slab_give(&b, other);
    free(memory);
}

/* 10^5 random takes and gives in two slabs and plain pages, against a list of what is out. */
static void slabs_and_pages_share_the_pool(void **state)
{
    (void)state;
    uint8_t *memory = malloc(REGION);
    struct pool p = pool_over(memory, REGION);
    struct slab s[2];
    slab_init(&s[0], &p, 200, 1);
    slab_init(&s[1], &p, 1024, 2);
    struct { uint32_t ref; unsigned kind; } out[900];
    uint64_t seed = 5;
    uint32_t count = 0, refused = 0;

    for (unsigned step = 0; step < 100000; step++) {
        uint32_t takes = step / 5000 % 2 ? 40 : 60;
        bool take = count == 0 || (count < 900 && chance_below(&seed, 100) < takes);
        unsigned kind = chance_below(&seed, 3), which = chance_below(&seed, count + !count);
        if (take) {
            uint32_t ref = kind < 2 ? slab_take(&s[kind]) : pool_take(&p);
            refused += ref == 0;
            if (ref == 0)
                continue;
            uint8_t *at = kind < 2 ? slab_at(&s[kind], ref) : pool_page(&p, ref);
            memcpy(at, &(uint32_t){ ref * 3 + kind }, 4);
            out[count].ref = ref;
            out[count++].kind = kind;
            continue;
        }
        uint32_t ref = out[which].ref, mark;
        kind = out[which].kind;
        memcpy(&mark, kind < 2 ? slab_at(&s[kind], ref) : pool_page(&p, ref), 4);
        assert_int_equal(mark, ref * 3 + kind);
        if (kind < 2)
            slab_give(&s[kind], ref);
        else
            pool_give(&p, ref);
        out[which] = out[--count];
    }
    assert_true(refused > 100);
    while (count-- > 0) {
        if (out[count].kind < 2)
            slab_give(&s[out[count].kind], out[count].ref);
        else
            pool_give(&p, out[count].ref);
    }
    assert_int_equal(p.in_use, 0);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_aligned_and_inside),
        cmocka_unit_test(page_info_has_room_for_all),
        cmocka_unit_test(a_small_region_is_refused),
        cmocka_unit_test(nothing_is_touched_before_use),
        cmocka_unit_test(the_pool_counts_and_ends),
        cmocka_unit_test(broken_promises_are_bugs),
        cmocka_unit_test(slabs_of_all_sizes),
        cmocka_unit_test(stale_and_foreign_references_are_told),
        cmocka_unit_test(slabs_and_pages_share_the_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
