/* test_base_ranges.c - the set of ranges against a map of single octets, at places of the circle
 * where both comparisons of sequence numbers turn over. */
#include "help.h"

#include "base/ranges.h"

enum { SPAN = 600 };

static void check_order(const struct ranges *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        assert_true(seq_lt(s->at[i].left, s->at[i].right));
        if (i > 0)
            assert_true(seq_lt(s->at[i - 1].right, s->at[i].left));
    }
    assert_true(s->newest < s->count || s->newest == 0);
}

static unsigned runs_in(const bool *map)
{
    unsigned runs = 0;
    for (unsigned i = 0; i < SPAN; i++)
        runs += map[i] && (i == 0 || !map[i - 1]);
    return runs;
}

static void check_same(const struct ranges *s, const bool *map, seq_t base)
{
    check_order(s);
    assert_int_equal(s->count, runs_in(map));
    for (unsigned i = 0; i < s->count; i++) {
        unsigned left = s->at[i].left.n - base.n, right = s->at[i].right.n - base.n;
        for (unsigned k = left; k < right; k++)
            assert_true(map[k]);
        assert_true(right == SPAN || !map[right]);
    }
}

static bool map_has(const bool *map, unsigned left, unsigned right)
{
    for (; left < right; left++) {
        if (!map[left])
            return false;
    }
    return true;
}

static void one_history(seq_t base, uint64_t seed)
{
    struct ranges s = { 0 };
    bool map[SPAN] = { false };
    unsigned edge = 0;
    for (unsigned step = 0; step < 400; step++) {
        unsigned left = edge + chance_below(&seed, SPAN - edge);
        unsigned right = left + chance_below(&seed, 12);
        right = right > SPAN ? SPAN : right;
        seq_t l = seq_add(base, left), r = seq_add(base, right);
        assert_int_equal(ranges_has(&s, l, r), map_has(map, left, right));

        bool next[SPAN];
        memcpy(next, map, sizeof next);
        memset(next + left, true, right - left);
        bool fits = runs_in(next) <= RANGES_MOST;
        struct ranges before = s;
        assert_int_equal(ranges_add(&s, l, r), fits);
        if (!fits)
            assert_memory_equal(&before, &s, sizeof s);
        else
            memcpy(map, next, sizeof map);
        if (fits && left < right) {
            assert_true(seq_le(s.at[s.newest].left, l) && seq_ge(s.at[s.newest].right, r));
        }
        if (chance_below(&seed, 50) == 0) {
            edge += chance_below(&seed, (SPAN - edge) / 3);
            memset(map, false, edge);
            ranges_cut(&s, seq_add(base, edge));
        }
        check_same(&s, map, base);
    }
}

static void ranges_agree_with_a_map(void **state)
{
    (void)state;
    static const uint32_t bases[] = { 0, 0x7fffff00, 0xffffff00, 0xfffffffe };
    for (uint64_t seed = 0; seed < 50; seed++) {
        for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
            one_history(seq_of(bases[i]), seed);
    }
}

static void a_full_set_still_merges(void **state)
{
    (void)state;
    struct ranges s = { 0 };
    for (uint32_t i = 0; i < RANGES_MOST; i++)
        assert_true(ranges_add(&s, seq_of(10 * i), seq_of(10 * i + 5)));
    assert_false(ranges_add(&s, seq_of(1000), seq_of(1001)));
    assert_true(ranges_add(&s, seq_of(5), seq_of(10)));             /* joins the first two */
    assert_int_equal(s.count, RANGES_MOST - 1);
    assert_int_equal(s.newest, 0);
    assert_true(ranges_add(&s, seq_of(0), seq_of(5000)));
    assert_int_equal(s.count, 1);
    assert_int_equal(s.at[0].right.n, 5000);
}

static void the_newest_is_remembered_over_a_cut(void **state)
{
    (void)state;
    struct ranges s = { 0 };
    ranges_add(&s, seq_of(10), seq_of(20));
    ranges_add(&s, seq_of(50), seq_of(60));
    ranges_add(&s, seq_of(30), seq_of(40));
    assert_int_equal(s.newest, 1);
    ranges_cut(&s, seq_of(20));
    assert_int_equal(s.count, 2);
    assert_int_equal(s.at[s.newest].left.n, 30);
    ranges_cut(&s, seq_of(35));
    assert_int_equal(s.at[0].left.n, 35);
    ranges_cut(&s, seq_of(60));
    assert_int_equal(s.count, 0);
    assert_true(ranges_has(&s, seq_of(7), seq_of(7)));
    assert_false(ranges_has(&s, seq_of(7), seq_of(8)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_agree_with_a_map),
        cmocka_unit_test(a_full_set_still_merges),
        cmocka_unit_test(the_newest_is_remembered_over_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
