/* test_sim_path.c - time in a path: delay, jitter, rates and their queues, CoDel, several nodes,
 * knobs that are turned on the run, and that the same seed gives the same. */
#include "path_help.h"

static struct came came, again;

static void without_nodes_all_passes_at_once(void **state)
{
    (void)state;
    struct aksu_path *p = path_of(NULL, 0, 1);
    run_numbers(p, &came, 100, 60, AKSU_MS(1));
    assert_int_equal(came.count, 100);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(came.number[i], i);
        assert_int_equal(came.at[i], i * AKSU_MS(1));
    }
    aksu_path_free(p);
    aksu_path_free(NULL);
}

static void octets_arrive_as_they_were(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_DELAY, .delay = 10 };
    static uint8_t octets[70000];
    uint64_t seed = 9;
    chance_fill(&seed, octets, sizeof octets);
    for (uint32_t length = 0; length < sizeof octets; length = length * 5 / 4 + 1) {
        struct aksu_path *p = path_of(&node, 1, 1);
        struct aksu_frame in = { .length = length, .checksum_partial = length % 2 }, out;
        for (uint32_t at = 0, n; at < length; at += n) {
            n = in.parts == 18 ? length - at : chance_below(&seed, length - at + 1);
            in.part[in.parts++] = (struct aksu_slice){ octets + at, n };
        }
        assert_true(aksu_path_put(p, &in, 0));
        assert_true(aksu_path_get(p, &out, 10));
        assert_int_equal(out.length, length);
        assert_int_equal(out.part[0].length, length);
        assert_int_equal(out.checksum_partial, length % 2);
        assert_memory_equal(out.part[0].data, octets, length);
        aksu_path_free(p);
    }
}

static void a_delay_is_exact_and_keeps_order(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(50) };
    struct aksu_path *p = path_of(&node, 1, 1);
    struct aksu_frame f;
    put_number(p, 7, 60, 100);
    assert_int_equal(aksu_path_next(p), 100 + AKSU_MS(50));
    assert_int_equal(counts_of(p).frames, 1);
    assert_false(aksu_path_get(p, &f, 99 + AKSU_MS(50)));
    assert_true(aksu_path_get(p, &f, 100 + AKSU_MS(50)));
    assert_false(aksu_path_get(p, &f, AKSU_SECONDS(1)));
    assert_int_equal(counts_of(p).frames, 0);
    aksu_path_free(p);

    p = path_of(&node, 1, 1);
    run_numbers(p, &came, 1000, 60, AKSU_US(1));
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(came.number[i], i);
        assert_int_equal(came.at[i], i * AKSU_US(1) + AKSU_MS(50));
    }
    assert_int_equal(counts_of(p).reordered, 0);
    aksu_path_free(p);
}

/* Evenly between 45 and 55 ms: mean, both ends reached, a quarter in each quarter. */
static void jitter_spreads_evenly(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct aksu_path_node node = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(50),
                                   .jitter = AKSU_MS(5) };
    struct aksu_path *p = path_of(&node, 1, 3);
    uint32_t quarter[4] = { 0 };
    uint64_t sum = 0, least = AKSU_NEVER, most = 0;
    run_numbers(p, &came, COUNT, 60, AKSU_US(100));
    assert_int_equal(came.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        aksu_time took = came.at[i] - came.number[i] * AKSU_US(100);
        assert_in_range(took, AKSU_MS(45), AKSU_MS(55));
        quarter[(took - AKSU_MS(45)) * 4 / (AKSU_MS(10) + 1)]++;
        sum += took;
        least = took < least ? took : least;
        most = took > most ? took : most;
        assert_true(i == 0 || came.at[i] >= came.at[i - 1]);
    }
    assert_in_range(sum / COUNT, AKSU_MS(50) - AKSU_US(50), AKSU_MS(50) + AKSU_US(50));
    assert_true(least < AKSU_MS(45) + AKSU_US(1) && most > AKSU_MS(55) - AKSU_US(1));
    for (unsigned i = 0; i < 4; i++)
        assert_share(quarter[i], COUNT, AKSU_PATH_CHANCE(1, 4));
    assert_true(counts_of(p).reordered > COUNT / 2);
    aksu_path_free(p);
}

static void jitter_in_order_overtakes_nobody(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(50),
                                   .jitter = AKSU_MS(50), .in_order = true };
    struct aksu_path *p = path_of(&node, 1, 3);
    run_numbers(p, &came, 10000, 60, AKSU_US(100));
    assert_int_equal(came.count, 10000);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(came.number[i], i);
        assert_in_range(came.at[i] - i * AKSU_US(100), 0, AKSU_MS(100));
    }
    assert_int_equal(counts_of(p).reordered, 0);
    aksu_path_free(p);
}

/* 1514 octets at 1 Gbit/s are 12112 ns; at a rate that does not divide, no nanosecond is lost. */
static void a_rate_is_exact_over_time(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE, .rate = 1000000000 };
    struct aksu_path *p = path_of(&node, 1, 1);
    run_numbers(p, &came, 1000, 1514, 0);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(came.at[i], (i + 1) * 12112);
    aksu_path_free(p);

    node.rate = 999999937;
    p = path_of(&node, 1, 1);
    run_numbers(p, &came, 100000, 1499, 0);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(came.at[i], (uint64_t)(i + 1) * 1499 * 8 * 1000000000u / 999999937);
    aksu_path_free(p);
}

/* Slower than the link: each frame takes its own time only. */
static void a_link_that_is_idle_does_not_save_up(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE, .rate = 8000000 };
    struct aksu_path *p = path_of(&node, 1, 1);
    run_numbers(p, &came, 100, 1000, AKSU_MS(2));
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(came.at[i], i * AKSU_MS(2) + AKSU_MS(1));
    aksu_path_free(p);
}

static void a_full_queue_drops_the_last(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE, .rate = 8000000, .limit = 3000 };
    struct aksu_path *p = path_of(&node, 1, 1);
    for (uint32_t i = 0; i < 6; i++)
        put_number(p, i, 1000, 0);
    assert_int_equal(counts_of(p).queue_dropped, 2);
    assert_int_equal(counts_of(p).queued_octets, 4000);
    assert_int_equal(counts_of(p).queued_frames, 4);
    came.count = 0;
    take_until(p, &came, AKSU_MS(1));
    put_number(p, 6, 1001, AKSU_MS(1));             /* an octet too many */
    put_number(p, 7, 1000, AKSU_MS(1));
    take_until(p, &came, AKSU_SECONDS(1));
    assert_int_equal(came.count, 5);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(came.number[i], i);
    assert_int_equal(came.number[4], 7);
    assert_balanced(p);
    aksu_path_free(p);

    node.limit = 1;                                 /* shorter than any frame: the link itself */
    p = path_of(&node, 1, 1);
    run_numbers(p, &came, 100, 1000, AKSU_US(500));
    assert_int_equal(came.count, 50);
    aksu_path_free(p);
}

/* Twice as much as the link takes. The first drop is INTERVAL after the delay has reached TARGET
 * (RFC 8289 5.6); the n-th one follows INTERVAL / sqrt(n) later. */
static void codel_drops_by_its_law(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE, .rate = 8000000, .codel = true };
    static const uint32_t gap_us[] = { 0, 100000, 70710, 57735, 50000, 44721, 40824, 37796, 35355,
                                       33333, 31622, 30151 };
    struct aksu_path *p = path_of(&node, 1, 1);
    aksu_time first = 0, expected = 0;
    uint64_t drops = 0;
    came.count = 0;
    for (uint32_t i = 0; drops < sizeof gap_us / sizeof gap_us[0]; i++) {
        aksu_time now = i * AKSU_US(500);
        take_until(p, &came, now);
        while (drops < counts_of(p).queue_dropped) {
            if (drops == 0)
                first = expected = now;
            expected += AKSU_US(gap_us[drops < 12 ? drops : 0]);
            assert_in_range(now + AKSU_US(1500), expected, expected + AKSU_US(3000));
            drops++;
        }
        put_number(p, i, 1000, now);
    }
    assert_in_range(first, AKSU_MS(109), AKSU_MS(113));
    assert_balanced(p);
    aksu_path_free(p);
}

/* A link that is not overloaded for a whole INTERVAL at once loses nothing. */
static void codel_leaves_bursts_alone(void **state)
{
    (void)state;
    struct aksu_path_node node = { .kind = AKSU_PATH_RATE, .rate = 8000000, .codel = true };
    struct aksu_path *p = path_of(&node, 1, 1);
    came.count = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        take_until(p, &came, i / 90 * AKSU_MS(100));
        put_number(p, i, 1000, i / 90 * AKSU_MS(100));
    }
    take_until(p, &came, AKSU_NEVER - 1);
    assert_int_equal(came.count, 5000);
    assert_int_equal(counts_of(p).queue_dropped, 0);
    aksu_path_free(p);
}

/* The queue in front of the link has its frames at the right times even when nobody looks until the
 * end; and nobody is asked to look before something can come out. */
static void nodes_work_at_their_time_not_at_ours(void **state)
{
    (void)state;
    struct aksu_path_node nodes[] = {
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(3), .jitter = AKSU_MS(2) },
        { .kind = AKSU_PATH_RATE, .rate = 20000000, .limit = 8000 },
        { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(1, 10), .delay = AKSU_MS(1) },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(20) },
    };
    enum { COUNT = 2000 };
    struct aksu_path *p = path_of(nodes, 4, 5), *late = path_of(nodes, 4, 5);
    struct aksu_frame f[7];
    run_numbers(p, &came, COUNT, 1000, AKSU_US(300));
    for (uint32_t i = 0; i < COUNT; i++)
        put_number(late, i, 1000, i * AKSU_US(300));
    assert_true(aksu_path_next(late) <= AKSU_MS(1000));
    again.count = 0;
    for (unsigned n; (n = aksu_path_take(late, f, 7, AKSU_SECONDS(9))) > 0;) {
        for (unsigned i = 0; i < n; i++)
            again.number[again.count++] = load_be32(f[i].part[0].data);
    }
    assert_true(counts_of(p).queue_dropped > 100 && came.count > 1000);
    assert_int_equal(again.count, came.count);
    assert_memory_equal(again.number, came.number, came.count * sizeof came.number[0]);
    assert_int_equal(counts_of(late).reordered, counts_of(p).reordered);
    aksu_path_free(p);
    aksu_path_free(late);

    p = path_of(nodes, 4, 5);
    put_number(p, 0, 1000, 0);
    assert_in_range(aksu_path_next(p), AKSU_MS(21), AKSU_MS(25));
    assert_int_equal(aksu_path_take(p, f, 7, AKSU_MS(21) - 1), 0);
    aksu_path_free(p);

    nodes[3].jitter = AKSU_MS(5);       /* it may come so early, and then must be asked for */
    p = path_of(nodes + 1, 3, 5);
    put_number(p, 0, 1000, 0);
    assert_int_equal(aksu_path_next(p), AKSU_US(400) + AKSU_MS(15));
    aksu_path_free(p);
}

static const struct aksu_path_node everything[] = {
    { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(1, 50) },
    { .kind = AKSU_PATH_BURSTS, .to_bad = AKSU_PATH_CHANCE(1, 100),
      .chance_bad = AKSU_PATH_ALWAYS / 2, .to_good = AKSU_PATH_CHANCE(1, 4) },
    { .kind = AKSU_PATH_DUPLICATE, .chance = AKSU_PATH_CHANCE(1, 40) },
    { .kind = AKSU_PATH_RATE, .rate = 30000000, .limit = 40000, .codel = true },
    { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(20), .jitter = AKSU_MS(3) },
    { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(1, 30), .delay = AKSU_MS(2) },
    { .kind = AKSU_PATH_CUT, .cuts = 1,
      .cut = &(struct aksu_path_cut){ AKSU_MS(500), AKSU_MS(600) } },
};

static void the_same_seed_gives_the_same(void **state)
{
    (void)state;
    uint32_t same = 0;
    for (uint64_t seed = 1; seed < 4; seed++) {
        struct aksu_path *p = path_of(everything, 7, seed), *q = path_of(everything, 7, seed);
        struct aksu_path *other = path_of(everything, 7, seed + 1000);
        run_numbers(p, &came, 5000, 1200, AKSU_US(310));
        run_numbers(q, &again, 5000, 1200, AKSU_US(310));
        assert_int_equal(came.count, again.count);
        assert_memory_equal(came.number, again.number, came.count * sizeof came.number[0]);
        assert_memory_equal(came.at, again.at, came.count * sizeof came.at[0]);
        run_numbers(other, &again, 5000, 1200, AKSU_US(310));
        same += memcmp(came.number, again.number, 1000 * sizeof came.number[0]) == 0;
        assert_balanced(p);
        assert_int_equal(counts_of(p).frames, 0);
        assert_true(counts_of(p).lost > 100 && counts_of(p).duplicated > 50);
        assert_true(counts_of(p).queue_dropped > 0 && counts_of(p).reordered > 100);
        assert_true(counts_of(p).cut > 100);
        aksu_path_free(p);
        aksu_path_free(q);
        aksu_path_free(other);
    }
    assert_int_equal(same, 0);
}

/* The other nodes hit the same frames whatever one knob says. */
static void a_knob_is_its_own_nodes_business(void **state)
{
    (void)state;
    struct aksu_path_node nodes[] = {
        { .kind = AKSU_PATH_DUPLICATE }, { .kind = AKSU_PATH_REORDER, .delay = AKSU_MS(1) },
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(1, 10) },
    };
    struct aksu_path *p = path_of(nodes, 3, 5);
    run_numbers(p, &came, 1000, 60, AKSU_MS(2));
    aksu_path_free(p);
    nodes[1].chance = AKSU_PATH_CHANCE(1, 3);
    p = path_of(nodes, 3, 5);
    run_numbers(p, &again, 1000, 60, AKSU_MS(2));
    aksu_path_free(p);
    assert_int_equal(came.count, again.count);
    assert_memory_equal(came.number, again.number, came.count * sizeof came.number[0]);
}

static void knobs_turn_on_the_run(void **state)
{
    (void)state;
    struct aksu_path_node nodes[] = {
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) },
        { .kind = AKSU_PATH_RATE, .rate = 8000000 },
    };
    struct aksu_path *p = path_of(nodes, 2, 1);
    put_number(p, 0, 1000, 0);
    put_number(p, 1, 1000, 0);
    nodes[0].delay = AKSU_MS(1);
    nodes[1].rate = 80000000;
    assert_true(aksu_path_set(p, 0, &nodes[0], AKSU_US(500)));
    assert_true(aksu_path_set(p, 1, &nodes[1], AKSU_US(10500)));    /* 0 is being sent, 1 waits */
    put_number(p, 2, 1000, AKSU_US(10500));
    came.count = 0;
    take_until(p, &came, AKSU_SECONDS(1));
    assert_int_equal(came.count, 3);
    assert_int_equal(came.at[0], AKSU_US(11000));
    assert_int_equal(came.at[1], AKSU_US(11100));
    assert_int_equal(came.at[2], AKSU_US(11600));
    assert_int_equal(came.number[2], 2);

    put_number(p, 3, 1000, AKSU_SECONDS(1));        /* a shorter way may overtake */
    nodes[0].delay = 0;
    assert_true(aksu_path_set(p, 0, &nodes[0], AKSU_SECONDS(1)));
    put_number(p, 4, 1000, AKSU_SECONDS(1));
    came.count = 0;
    take_until(p, &came, AKSU_SECONDS(2));
    assert_int_equal(came.number[0], 4);
    assert_int_equal(came.number[1], 3);

    assert_false(aksu_path_set(p, 2, &nodes[0], AKSU_SECONDS(2)));  /* no such node */
    assert_false(aksu_path_set(p, 0, &nodes[1], AKSU_SECONDS(2)));  /* of another kind */
    nodes[0].jitter = 1;
    assert_false(aksu_path_set(p, 0, &nodes[0], AKSU_SECONDS(2)));  /* out of range */
    aksu_path_free(p);
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct aksu_path_node bad[] = {
        { .kind = (enum aksu_path_kind)99 },
        { .kind = AKSU_PATH_DELAY, .delay = 5, .jitter = 6 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_NEVER },
        { .kind = AKSU_PATH_RATE },
        { .kind = AKSU_PATH_RATE, .rate = UINT64_MAX },
        { .kind = AKSU_PATH_RATE, .rate = 1, .codel = true, .interval = AKSU_NEVER },
        { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_ALWAYS + 1 },
        { .kind = AKSU_PATH_BURSTS, .to_bad = AKSU_PATH_ALWAYS + 1 },
        { .kind = AKSU_PATH_BURSTS, .to_good = AKSU_PATH_ALWAYS + 1 },
        { .kind = AKSU_PATH_BURSTS, .chance_bad = AKSU_PATH_ALWAYS + 1 },
        { .kind = AKSU_PATH_LOSE_DATA, .nths = 1 },
        { .kind = AKSU_PATH_LOSE_IF },
        { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_ALWAYS, .delay = AKSU_NEVER },
        { .kind = AKSU_PATH_MTU, .mtu = 67 },
        { .kind = AKSU_PATH_MTU, .mtu = 65536 },
        { .kind = AKSU_PATH_CUT, .cuts = 1 },
    };
    static const struct aksu_path_node good[AKSU_PATH_NODES + 1];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (aksu_path_new(&bad[i], 1, 0, 0))
            fail_msg("bad[%zu] was taken", i);
    }
    assert_null(aksu_path_new(good, AKSU_PATH_NODES + 1, 0, 0));
    struct aksu_path *p = aksu_path_new(good, AKSU_PATH_NODES, 0, 0);
    assert_non_null(p);
    aksu_path_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_nodes_all_passes_at_once),
        cmocka_unit_test(octets_arrive_as_they_were),
        cmocka_unit_test(a_delay_is_exact_and_keeps_order),
        cmocka_unit_test(jitter_spreads_evenly),
        cmocka_unit_test(jitter_in_order_overtakes_nobody),
        cmocka_unit_test(a_rate_is_exact_over_time),
        cmocka_unit_test(a_link_that_is_idle_does_not_save_up),
        cmocka_unit_test(a_full_queue_drops_the_last),
        cmocka_unit_test(codel_drops_by_its_law),
        cmocka_unit_test(codel_leaves_bursts_alone),
        cmocka_unit_test(nodes_work_at_their_time_not_at_ours),
        cmocka_unit_test(the_same_seed_gives_the_same),
        cmocka_unit_test(a_knob_is_its_own_nodes_business),
        cmocka_unit_test(knobs_turn_on_the_run),
        cmocka_unit_test(values_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
