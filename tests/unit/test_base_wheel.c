/* test_base_wheel.c - the timer wheel against a list that is searched from end to end. */
#include "help.h"

#include "base/wheel.h"

enum { NODES = 48, TICK = 1 << WHEEL_TICK_SHIFT };

struct model {
    struct wheel wheel;
    struct wheel_node node[NODES];
    struct { bool armed; aksu_time deadline; uint64_t tick, order; } known[NODES];
    uint64_t order, seed;
    aksu_time now;
    unsigned handed;
};

static void arm(struct model *m, unsigned i, aksu_time deadline)
{
    uint64_t tick = deadline >> WHEEL_TICK_SHIFT;
    wheel_arm(&m->wheel, &m->node[i], deadline);
    m->known[i].armed = deadline != NEVER;
    m->known[i].deadline = deadline;
    m->known[i].tick = tick > m->wheel.tick ? tick : m->wheel.tick;
    m->known[i].order = m->order++;
    assert_int_equal(wheel_armed(&m->node[i]), m->known[i].armed);
}

static void disarm(struct model *m, unsigned i)
{
    wheel_disarm(&m->wheel, &m->node[i]);
    m->known[i].armed = false;
    assert_false(wheel_armed(&m->node[i]));
}

/* The node that is due first: by tick, then by the order of arming. */
static int first_due(const struct model *m)
{
    int best = -1;
    for (int i = 0; i < NODES; i++) {
        if (!m->known[i].armed || m->known[i].deadline > m->now)
            continue;
        if (best < 0 || m->known[i].tick < m->known[best].tick
            || (m->known[i].tick == m->known[best].tick
                && m->known[i].order < m->known[best].order))
            best = i;
    }
    return best;
}

static aksu_time earliest(const struct model *m)
{
    aksu_time deadline = NEVER;
    for (int i = 0; i < NODES; i++) {
        if (m->known[i].armed)
            deadline = time_min(deadline, m->known[i].deadline);
    }
    return deadline;
}

static void check_next(const struct model *m)
{
    aksu_time next = wheel_next(&m->wheel), first = earliest(m);
    assert_true(next <= first);
    assert_true((next == NEVER) == (first == NEVER));
    if (first > m->now)
        assert_true(next > m->now);
    if (first >> WHEEL_TICK_SHIFT <= m->wheel.tick + WHEEL_SLOTS)
        assert_true(next == first);
}

/* Deadlines of every magnitude, some in the past, some on the edge of a level. */
static aksu_time random_deadline(struct model *m)
{
    uint64_t magnitude = (uint64_t)1 << chance_below(&m->seed, 50);
    aksu_time delay = chance64(&m->seed) % magnitude;
    switch (chance_below(&m->seed, 8)) {
    case 0:
        return m->now > delay ? m->now - delay : 0;
    case 1:
        return (m->now + delay) & ~(aksu_time)(TICK - 1);
    case 2:
        return (m->now + delay) | ((aksu_time)64 * TICK - 1);
    default:
        return m->now + delay;
    }
}

static void drain(struct model *m)
{
    unsigned rearmed = 0;
    for (;;) {
        int expected = first_due(m);
        struct wheel_node *n = wheel_expired(&m->wheel, m->now);
        if (expected < 0) {
            assert_null(n);
            return;
        }
        assert_ptr_equal(n, &m->node[expected]);
        assert_true(n->deadline <= m->now && n->deadline == m->known[expected].deadline);
        assert_false(wheel_armed(n));
        m->known[expected].armed = false;
        m->handed++;
        if (chance_below(&m->seed, 3) == 0 && rearmed++ < 20)
            arm(m, (unsigned)expected, random_deadline(m));
        if (chance_below(&m->seed, 4) == 0)
            disarm(m, chance_below(&m->seed, NODES));     /* perhaps one that is due as well */
    }
}

static void one_history(uint64_t seed, aksu_time start, unsigned steps)
{
    struct model *m = calloc(1, sizeof *m);
    m->seed = seed;
    m->now = start;
    wheel_init(&m->wheel, start);
    for (unsigned step = 0; step < steps; step++) {
        unsigned i = chance_below(&m->seed, NODES);
        switch (chance_below(&m->seed, 4)) {
        case 0: case 1:
            arm(m, i, chance_below(&m->seed, 40) == 0 ? NEVER : random_deadline(m));
            break;
        case 2:
            disarm(m, i);
            break;
        case 3:
            m->now += chance64(&m->seed) % ((uint64_t)1 << chance_below(&m->seed, 36));
            if (chance_below(&m->seed, 20) == 0 && earliest(m) != NEVER)
                m->now = earliest(m) > m->now ? earliest(m) : m->now;
            drain(m);
            check_next(m);
            break;
        }
        if (earliest(m) > m->now)
            check_next(m);
    }
    assert_true(m->handed > steps / 20);
    free(m);
}

static void wheel_agrees_with_a_list(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        static const aksu_time starts[] = { 0, 1, (aksu_time)TICK * 4095 + 9,
                                            ((aksu_time)TICK << 42) - 1000 };
        one_history(seed, starts[seed % 4], 5000);
    }
}

static void never_early_within_a_tick(void **state)
{
    (void)state;
    struct wheel *w = malloc(sizeof *w);
    struct wheel_node a = { 0 }, b = { 0 }, c = { 0 };
    wheel_init(w, 0);
    wheel_arm(w, &a, 30);
    wheel_arm(w, &b, 10);
    wheel_arm(w, &c, 20);
    assert_true(wheel_next(w) == 10);
    assert_null(wheel_expired(w, 9));
    assert_ptr_equal(wheel_expired(w, 20), &b);
    assert_true(wheel_next(w) == 20);
    assert_ptr_equal(wheel_expired(w, 20), &c);
    assert_null(wheel_expired(w, 29));
    assert_ptr_equal(wheel_expired(w, 30), &a);
    assert_true(wheel_next(w) == NEVER);
    free(w);
}

/* Armed far ahead and near, in that order, for one tick: a node that moved down keeps its place. */
static void arming_order_survives_the_levels(void **state)
{
    (void)state;
    struct wheel *w = malloc(sizeof *w);
    struct wheel_node n[6] = { { 0 } };
    aksu_time goal = (aksu_time)TICK * (64 * 64 * 5 + 64 * 7 + 9);
    wheel_init(w, 0);
    for (unsigned i = 0; i < 6; i++) {
        wheel_arm(w, &n[i], goal + 5 - i);
        assert_null(wheel_expired(w, goal - (goal >> (4 * i + 1)) - 1));
    }
    for (unsigned i = 0; i < 6; i++)
        assert_ptr_equal(wheel_expired(w, goal + TICK), &n[i]);
    assert_null(wheel_expired(w, goal + TICK));
    free(w);
}

static void the_end_of_time_can_be_armed(void **state)
{
    (void)state;
    struct wheel *w = malloc(sizeof *w);
    struct wheel_node n = { 0 };
    wheel_init(w, 0);
    wheel_arm(w, &n, NEVER - 1);
    assert_true(wheel_next(w) < NEVER);
    assert_null(wheel_expired(w, NEVER - 2));
    assert_true(wheel_next(w) == NEVER - 1);
    assert_ptr_equal(wheel_expired(w, NEVER - 1), &n);
    wheel_arm(w, &n, NEVER);
    assert_false(wheel_armed(&n));
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wheel_agrees_with_a_list),
        cmocka_unit_test(never_early_within_a_tick),
        cmocka_unit_test(arming_order_survives_the_levels),
        cmocka_unit_test(the_end_of_time_can_be_armed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
