/* test_base_ranges.c - the set of ranges against a map of single octets, at places of the circle
 * where both comparisons of sequence numbers turn over; small sets and those that need pages. */
#include "help.h"

#include "base/ranges.h"

enum { SPAN = 600, LONG_SPAN = 24000, PAGES = 40 };

static struct pool pool_of(uint8_t *memory)
{
    struct pool p;
    assert_true(pool_init(&p, memory, (size_t)(PAGES + 4) * POOL_PAGE));
    return p;
}

/* All ranges in order, as the map has them; counted from the end too. */
static void check_same(const struct ranges *s, const struct pool *p, const bool *map, unsigned span,
                       seq_t base)
{
    unsigned count = 0, at = 0;
    while (at < span) {
        if (!map[at]) {
            at++;
            continue;
        }
        unsigned right = at;
        while (right < span && map[right])
            right++;
        struct range r = ranges_after(s, p, seq_add(base, at));
        assert_int_equal(r.left.n - base.n, at);
        assert_int_equal(r.right.n - base.n, right);
        assert_true(count < s->count);
        struct range same = ranges_from_end(s, p, s->count - 1u - count);
        assert_memory_equal(&r, &same, sizeof r);
        at = right;
        count++;
    }
    assert_int_equal(s->count, count);
    struct range none = ranges_after(s, p, seq_add(base, span));
    assert_true(seq_eq(none.left, none.right));
    assert_int_equal(p->in_use, s->leaves);
    assert_true(s->leaves > 0 ? s->count > RANGES_SMALL / 2 : s->count <= RANGES_SMALL);
}

static bool map_has(const bool *map, unsigned left, unsigned right)
{
    for (; left < right; left++) {
        if (!map[left])
            return false;
    }
    return true;
}

/* What ranges_after says of any place. */
static void check_after(const struct ranges *s, const struct pool *p, const bool *map,
                        unsigned span, seq_t base, unsigned at)
{
    struct range r = ranges_after(s, p, seq_add(base, at));
    unsigned first = at;
    while (first < span && !map[first])
        first++;
    if (first == span) {
        assert_true(seq_eq(r.left, r.right));
        return;
    }
    unsigned left = r.left.n - base.n;
    assert_true(r.right.n - base.n > first && map_has(map, left, first + 1));
    assert_true(first == at ? left <= at : left == first);
}

struct history {
    unsigned span, longest, steps, cut_every, check_every;
    uint64_t seed;
};

static void one_history(seq_t base, struct history h)
{
    static uint8_t memory[(PAGES + 5) * POOL_PAGE];
    static bool map[LONG_SPAN];
    struct pool p = pool_of(memory);
    struct ranges s = { 0 };
    unsigned edge = 0;
    memset(map, false, sizeof map);
    for (unsigned step = 0; step < h.steps; step++) {
        unsigned left = edge + chance_below(&h.seed, h.span - edge);
        unsigned right = left + 1 + chance_below(&h.seed, h.longest);
        right = right > h.span ? h.span : right;
        seq_t l = seq_add(base, left), r = seq_add(base, right);
        assert_int_equal(ranges_has(&s, &p, l, r), map_has(map, left, right));
        check_after(&s, &p, map, h.span, base, left);

        bool alone = !map_has(map, left, left + 1) && (left == 0 || !map[left - 1])
                  && ranges_after(&s, &p, l).left.n - base.n > right;
        bool full = s.count >= RANGES_MOST && alone;
        assert_true(!full || s.leaves > 0);
        if (ranges_room(&s, &p, l, r)) {
            assert_true(s.count < RANGES_MOST || !alone);
            struct range whole = ranges_add(&s, &p, l, r);
            memset(map + left, true, right - left);
            assert_true(seq_le(whole.left, l) && seq_ge(whole.right, r));
            assert_true(map_has(map, whole.left.n - base.n, whole.right.n - base.n));
        } else {
            assert_true(s.count >= RANGES_MOST);
        }
        if (chance_below(&h.seed, h.cut_every) == 0) {
            edge += chance_below(&h.seed, (h.span - edge) / 3);
            memset(map, false, edge);
            ranges_cut(&s, &p, seq_add(base, edge));
        }
        if (step % h.check_every == 0)
            check_same(&s, &p, map, h.span, base);
    }
    check_same(&s, &p, map, h.span, base);
    ranges_clear(&s, &p);
    assert_int_equal(p.in_use, 0);
}

static const uint32_t bases[] = { 0, 0x7fffff00, 0xffffff00, 0xfffffffe };

static void ranges_agree_with_a_map(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
            one_history(seq_of(bases[i]), (struct history){ .span = SPAN, .longest = 12,
                            .steps = 400, .cut_every = 50, .check_every = 1, .seed = seed });
    }
}

/* Thousands of ranges, then thousands of merges and cuts. */
static void large_sets_agree_with_a_map(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        seq_t base = seq_of(bases[seed % 4] - LONG_SPAN / 2);
        one_history(base, (struct history){ .span = LONG_SPAN, .longest = seed % 2 ? 2 : 1,
                        .steps = 12000, .cut_every = 6000, .check_every = 499, .seed = seed });
        one_history(base, (struct history){ .span = LONG_SPAN, .longest = 300, .steps = 3000,
                        .cut_every = 500, .check_every = 99, .seed = seed });
    }
}

static struct range add(struct ranges *s, struct pool *p, uint32_t left, uint32_t right)
{
    assert_true(ranges_room(s, p, seq_of(left), seq_of(right)));
    return ranges_add(s, p, seq_of(left), seq_of(right));
}

/* `many` ranges of one octet, every second one, from whichever end. */
static void fill(struct ranges *s, struct pool *p, uint32_t many, bool backwards)
{
    for (uint32_t i = 0; i < many; i++) {
        uint32_t at = 2 * (backwards ? many - 1 - i : i);
        add(s, p, at, at + 1);
    }
}

static void a_full_set_still_merges(void **state)
{
    (void)state;
    static uint8_t memory[(PAGES + 5) * POOL_PAGE];
    struct pool p = pool_of(memory);
    struct ranges s = { 0 };
    for (int backwards = 0; backwards < 2; backwards++) {
        fill(&s, &p, RANGES_MOST, backwards);
        assert_int_equal(s.count, RANGES_MOST);
        assert_true(s.leaves <= (backwards ? 18 : 9));      /* in order, leaves are full */
        uint32_t end = 2 * RANGES_MOST;
        assert_false(ranges_room(&s, &p, seq_of(end), seq_of(end + 1)));
        assert_int_equal(add(&s, &p, 1, 2).right.n, 3);     /* joins the first two */
        assert_int_equal(s.count, RANGES_MOST - 1);
        assert_int_equal(add(&s, &p, end, end + 1).left.n, end);
        struct range all = add(&s, &p, 0, end);
        assert_int_equal(all.left.n, 0);
        assert_int_equal(all.right.n, end + 1);
        assert_int_equal(s.count, 1);
        assert_int_equal(p.in_use, 0);                      /* small again */
        ranges_clear(&s, &p);
    }
}

/* Holes filled from the left, as a sender does; from the right; every second one; anywhere. */
static void filling_gives_the_pages_back(void **state)
{
    (void)state;
    static uint8_t memory[(PAGES + 5) * POOL_PAGE];
    struct pool p = pool_of(memory);
    static const uint32_t step[] = { 1, 2998, 2, 1237 };        /* modulo a prime: each hole once */
    for (int order = 0; order < 4; order++) {
        struct ranges s = { 0 };
        fill(&s, &p, 3000, false);
        uint32_t most = s.leaves;
        for (uint32_t i = 0; i + 1 < 3000; i++) {
            uint32_t at = i * step[order] % 2999;
            add(&s, &p, 2 * at + 1, 2 * at + 2);
            assert_int_equal(s.count, 2999 - i);
            assert_int_equal(p.in_use, s.leaves);
            assert_true(s.leaves <= most && s.leaves * 192u <= s.count + 384u);
            if (order == 0)
                ranges_cut(&s, &p, seq_of(2 * i));
        }
        assert_int_equal(p.in_use, 0);
    }
}

static void without_pages_a_set_is_small(void **state)
{
    (void)state;
    static uint8_t memory[(PAGES + 5) * POOL_PAGE];
    struct ranges s = { 0 };
    fill(&s, NULL, RANGES_SMALL, false);
    assert_false(ranges_room(&s, NULL, seq_of(1000), seq_of(1001)));
    assert_int_equal(add(&s, NULL, 1, 2).right.n, 3);
    assert_int_equal(add(&s, NULL, 1000, 1001).left.n, 1000);

    struct pool p = pool_of(memory);
    while (pool_left(&p) > 2)
        (void)pool_take(&p);
    s = (struct ranges){ 0 };
    uint32_t held = 0;
    for (; ranges_room(&s, &p, seq_of(2 * held), seq_of(2 * held + 1)); held++)
        add(&s, &p, 2 * held, 2 * held + 1);
    assert_in_range(held, 1000, 1024);              /* two pages of ranges */
    assert_int_equal(s.count, held);
    assert_true(ranges_has(&s, &p, seq_of(2 * held - 2), seq_of(2 * held - 1)));
    ranges_clear(&s, &p);
    assert_int_equal(pool_left(&p), 2);
}

static void cuts(void **state)
{
    (void)state;
    struct ranges s = { 0 };
    add(&s, NULL, 10, 20);
    add(&s, NULL, 50, 60);
    add(&s, NULL, 30, 40);
    ranges_cut(&s, NULL, seq_of(20));
    assert_int_equal(s.count, 2);
    ranges_cut(&s, NULL, seq_of(35));
    assert_int_equal(ranges_from_end(&s, NULL, 1).left.n, 35);
    ranges_cut(&s, NULL, seq_of(40));
    assert_int_equal(ranges_after(&s, NULL, seq_of(0)).left.n, 50);
    ranges_cut(&s, NULL, seq_of(60));
    assert_int_equal(s.count, 0);
    assert_true(ranges_has(&s, NULL, seq_of(7), seq_of(7)));
    assert_false(ranges_has(&s, NULL, seq_of(7), seq_of(8)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_agree_with_a_map),
        cmocka_unit_test(large_sets_agree_with_a_map),
        cmocka_unit_test(a_full_set_still_merges),
        cmocka_unit_test(filling_gives_the_pages_back),
        cmocka_unit_test(without_pages_a_set_is_small),
        cmocka_unit_test(cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
