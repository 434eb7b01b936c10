/* test_base_region.c - a region copied out and put back: what was touched, to the last page, and
 * nothing else; and the digest of octets. */
#include <stdlib.h>

#include "help.h"

#include "base/region.h"

enum { PAGES = 8 };

struct owner {
    uint32_t number;
    struct pool pool;
    uint8_t memory[(PAGES + 2) * POOL_PAGE];
};

static struct owner *owner_new(void)
{
    struct owner *o = calloc(1, sizeof *o);
    assert_non_null(o);
    assert_true(pool_init(&o->pool, o->memory, sizeof o->memory));
    return o;
}

static void it_comes_back(void **state)
{
    (void)state;
    struct owner *o = owner_new();
    page_ref one = pool_take(&o->pool), two = pool_take(&o->pool);
    o->number = 7;
    memset(pool_page(&o->pool, one), 1, POOL_PAGE);
    memset(pool_page(&o->pool, two), 2, POOL_PAGE);
    size_t size = region_size(o, &o->pool);
    uint8_t *copy = malloc(size);
    region_save(o, &o->pool, copy);

    o->number = 8;
    memset(pool_page(&o->pool, one), 9, POOL_PAGE);
    memset(pool_page(&o->pool, two), 9, POOL_PAGE);
    page_ref three = pool_take(&o->pool);
    memset(pool_page(&o->pool, three), 3, POOL_PAGE);
    pool_give(&o->pool, one);
    assert_int_equal(region_size(o, &o->pool), size + POOL_PAGE + sizeof(struct page_info));

    assert_true(region_load(o, &o->pool, copy, size));
    assert_int_equal(o->number, 7);
    assert_int_equal(o->pool.in_use, 2);
    for (unsigned i = 0; i < POOL_PAGE; i++) {
        assert_int_equal(pool_page(&o->pool, one)[i], 1);
        assert_int_equal(pool_page(&o->pool, two)[i], 2);
        assert_int_equal(pool_page(&o->pool, three)[i], 3);     /* it was never taken */
    }
    assert_int_equal(pool_take(&o->pool), three);
    free(copy);
    free(o);
}

static void what_is_no_copy_of_it(void **state)
{
    (void)state;
    struct owner *o = owner_new(), *other = owner_new();
    (void)pool_take(&o->pool);
    size_t size = region_size(o, &o->pool);
    uint8_t *copy = malloc(size);
    region_save(o, &o->pool, copy);
    o->number = 5;
    other->number = 6;
    for (size_t less = 0; less < size; less += 1 + less / 2)
        assert_false(region_load(o, &o->pool, copy, less));
    assert_false(region_load(o, &o->pool, copy, size - 1));
    assert_false(region_load(other, &other->pool, copy, size));
    copy[sizeof(uintptr_t)] ^= 1;               /* the mark */
    assert_false(region_load(o, &o->pool, copy, size));
    copy[sizeof(uintptr_t)] ^= 1;
    copy[sizeof(uintptr_t) + 4] = PAGES + 9;    /* more pages than there are */
    assert_false(region_load(o, &o->pool, copy, SIZE_MAX));
    assert_int_equal(o->number, 5);
    assert_int_equal(other->number, 6);
    free(copy);
    free(o);
    free(other);
}

static struct digest of(const void *octets, size_t length)
{
    struct digest d = { 0, 0 };
    digest_add(&d, octets, length);
    return d;
}

/* Every octet counts, and where it is, and how many there are. */
static void digests_differ(void **state)
{
    (void)state;
    static uint8_t octets[64];
    static struct digest seen[1000];
    unsigned n = 0;
    for (size_t length = 0; length <= sizeof octets; length++) {
        seen[n++] = of(octets, length);
        for (size_t i = 0; i < length; i += 5) {
            octets[i] = (uint8_t)(i + 1);
            seen[n++] = of(octets, length);
            octets[i] = 0;
        }
    }
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < i; k++)
            assert_true(seen[i].a != seen[k].a && (seen[i].b != seen[k].b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back),
        cmocka_unit_test(what_is_no_copy_of_it),
        cmocka_unit_test(digests_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
