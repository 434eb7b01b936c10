/* test_tcp_sent_queue.c - the scoreboard against one that keeps an entry for each octet (RFC 6675
 * 3, 4; RFC 8985 5.2). */
#include "sent_help.h"

enum { PAGES = 600, OCTETS = 2000, ROUNDS = 40000 };

struct octet {
    enum sent_state state;
    uint32_t times;
    aksu_time at;
};

struct bed {
    struct sent_bed on;
    struct octet octet[OCTETS];     /* of [left, right), from 0 */
    uint32_t start;                 /* the sequence number of octet 0 */
    uint32_t left, right;
    uint64_t dice;
    aksu_time now;
};

static void bed_make(struct bed *b, uint32_t start, uint64_t seed)
{
    memset(b, 0, sizeof *b);
    sent_bed_make(&b->on, PAGES);
    b->start = start;
    b->dice = seed;
    b->now = SECONDS(1);
}

static seq_t seq_at(const struct bed *b, uint32_t k)
{
    return seq_of(b->start + k);
}

static uint32_t place(const struct bed *b, seq_t s)
{
    return s.n - b->start;
}

/* Runs cover everything in order, say of each octet what the model says, and the sums are right. */
static void check_runs(struct bed *b)
{
    uint32_t at = b->left, sum[3] = { 0, 0, 0 }, count = 0;
    const struct sent_run *prev = NULL;
    for (const struct sent_run *s = b->on.queue.first; s != NULL; prev = s, s = s->next, count++) {
        assert_ptr_equal(s->prev, prev);
        assert_int_equal(place(b, s->left), at);
        assert_true(sent_length(s) > 0);
        for (; at < place(b, s->right); at++) {
            assert_int_equal(b->octet[at].state, s->state);
            if (s->state == SENT_WAITING)
                assert_int_equal(b->octet[at].at, s->at);
            if (s->state != SENT_SACKED)
                assert_int_equal(b->octet[at].times, s->times);
            sum[s->state]++;
        }
    }
    assert_ptr_equal(b->on.queue.last, prev);
    assert_int_equal(at, b->right);
    assert_int_equal(b->on.queue.count, count);
    assert_int_equal(b->on.queue.sacked, sum[SENT_SACKED]);
    assert_int_equal(b->on.queue.lost, sum[SENT_LOST]);
    assert_int_equal(sent_pipe(&b->on.queue), sum[SENT_WAITING]);
}

/* Those that wait stand in the order of their transmission, and no others. */
static void check_time(struct bed *b)
{
    uint32_t octets = 0;
    const struct sent_run *earlier = NULL;
    for (const struct sent_run *s = b->on.queue.oldest; s != NULL; earlier = s, s = s->later) {
        assert_ptr_equal(s->earlier, earlier);
        assert_int_equal(s->state, SENT_WAITING);
        if (earlier != NULL)
            assert_true(earlier->at <= s->at);
        octets += sent_length(s);
    }
    assert_ptr_equal(b->on.queue.newest, earlier);
    assert_int_equal(octets, sent_pipe(&b->on.queue));
}

static void check_lost(struct bed *b)
{
    const struct sent_run *s = sent_first_lost(&b->on.queue);
    uint32_t k = b->left;
    while (k < b->right && b->octet[k].state != SENT_LOST)
        k++;
    if (s == NULL)
        assert_int_equal(k, b->right);
    else
        assert_int_equal(place(b, s->left), k);
}

static void check(struct bed *b)
{
    check_runs(b);
    check_time(b);
    check_lost(b);
}

static void append(struct bed *b, uint32_t length)
{
    if (b->right + length > OCTETS)
        return;
    assert_non_null(sent_append(&b->on.queue, seq_at(b, b->right), seq_at(b, b->right + length),
                                b->now));
    for (uint32_t i = 0; i < length; i++)
        b->octet[b->right++] = (struct octet){ SENT_WAITING, 0, b->now };
}

/* A random run; when it is long, perhaps a part of it. */
static struct sent_run *pick(struct bed *b)
{
    if (b->left == b->right)
        return NULL;
    uint32_t steps = OCTETS, k = b->left + chance_below(&b->dice, b->right - b->left);
    struct sent_run *s = sent_find(&b->on.queue, seq_at(b, k), &steps);
    assert_non_null(s);
    assert_true(seq_le(s->left, seq_at(b, k)) && seq_lt(seq_at(b, k), s->right));
    if (chance(&b->dice) % 2 && k > place(b, s->left)) {
        assert_true(sent_split(&b->on.queue, s, seq_at(b, k)));
        s = s->next;
    }
    return s;
}

static void acknowledge(struct bed *b)
{
    uint32_t to = b->left + chance_below(&b->dice, b->right - b->left + 1);
    if (chance(&b->dice) % 3)
        to = b->left + chance_below(&b->dice, (b->right - b->left) / 4 + 1);
    while (b->on.queue.first != NULL && seq_le(b->on.queue.first->right, seq_at(b, to)))
        sent_remove_first(&b->on.queue);
    if (b->on.queue.first != NULL && seq_lt(b->on.queue.first->left, seq_at(b, to)))
        sent_trim_first(&b->on.queue, seq_at(b, to));
    b->left = to;
}

static void change(struct bed *b, struct sent_run *s, enum sent_state to)
{
    for (uint32_t k = place(b, s->left); k < place(b, s->right); k++) {
        if (b->octet[k].state == SENT_SACKED && to == SENT_WAITING)
            return;
        if (to == SENT_WAITING) {
            b->octet[k].times++;
            b->octet[k].at = b->now;
        }
        b->octet[k].state = to;
    }
}

static void sack(struct bed *b, struct sent_run *s)
{
    if (s->state == SENT_SACKED)
        return;
    seq_t left = s->left;
    change(b, s, SENT_SACKED);
    sent_mark_sacked(&b->on.queue, s);
    s = sent_join(&b->on.queue, s);
    assert_true(seq_le(s->left, left) && seq_lt(left, s->right));
}

static void lose(struct bed *b, struct sent_run *s)
{
    if (s->state != SENT_WAITING)
        return;
    change(b, s, SENT_LOST);
    sent_mark_lost(&b->on.queue, s);
}

static void again(struct bed *b, struct sent_run *s)
{
    if (s->state == SENT_SACKED || s->times == UINT8_MAX)
        return;
    change(b, s, SENT_WAITING);
    sent_again(&b->on.queue, s, b->now);
}

/* Nothing was lost: it waits since it was sent. */
static void find_again(struct bed *b)
{
    for (uint32_t k = b->left; k < b->right; k++)
        if (b->octet[k].state == SENT_LOST)
            b->octet[k].state = SENT_WAITING;
    sent_unmark_lost(&b->on.queue);
    assert_int_equal(b->on.queue.lost, 0);
}

static void renege(struct bed *b)
{
    if (chance(&b->dice) % 40)
        return;
    /* SACKed runs were joined: the queue knows one time for all of it */
    for (const struct sent_run *s = b->on.queue.first; s != NULL; s = s->next) {
        if (s->state != SENT_SACKED)
            continue;
        for (uint32_t k = place(b, s->left); k < place(b, s->right); k++)
            b->octet[k] = (struct octet){ SENT_WAITING, s->times, s->at };
    }
    sent_forget_sacks(&b->on.queue);
    assert_int_equal(b->on.queue.sacked, 0);
}

static void step(struct bed *b)
{
    uint32_t what = chance_below(&b->dice, 12);
    if (chance(&b->dice) % 2)
        b->now += MS(1);
    if (what < 3) {
        append(b, 1 + chance_below(&b->dice, 60));
        return;
    }
    if (what == 3) {
        acknowledge(b);
        return;
    }
    if (what == 4) {
        renege(b);
        return;
    }
    if (what == 5) {
        if (chance(&b->dice) % 8 == 0)
            find_again(b);
        return;
    }
    struct sent_run *s = pick(b);
    if (s == NULL)
        return;
    if (what < 8)
        sack(b, s);
    else if (what < 10)
        lose(b, s);
    else
        again(b, s);
}

static void against_octets(void **state)            /* RFC 6675 3, 4, RFC 8985 5.2 */
{
    (void)state;
    static const uint32_t starts[] = { 100, 0x7ffffc00u, 0xfffffc00u };
    for (unsigned i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct bed *b = malloc(sizeof *b);
        bed_make(b, starts[i], 11 + i);
        for (unsigned n = 0; n < ROUNDS; n++) {
            step(b);
            check(b);
            if (b->left > OCTETS / 2 && b->left == b->right) {      /* from the beginning */
                uint32_t start = b->start;
                uint64_t dice = b->dice;
                sent_bed_end(&b->on);
                bed_make(b, start, dice);
            }
        }
        sent_bed_end(&b->on);
        free(b);
    }
}

/* What left at one moment is one run, and needs no memory. */
static void one_moment_is_one_run(void **state)     /* RFC 8985 5.2 */
{
    (void)state;
    struct bed *b = malloc(sizeof *b);
    bed_make(b, 5, 1);
    for (unsigned i = 0; i < 10; i++)
        append(b, 100);
    assert_int_equal(b->on.queue.count, 1);
    assert_int_equal(b->on.pool.in_use, 0);
    b->now += 1;
    append(b, 100);
    assert_int_equal(b->on.queue.count, 2);
    sent_bed_end(&b->on);
    free(b);
}

/* Runs are limited: what is new joins the last one. Some are kept for what is sent again. */
static void limited(uint32_t length, uint32_t limit)
{
    struct sent_bed on;
    sent_bed_make(&on, SENT_MOST / 64 + 50);
    struct sent_queue *q = &on.queue;
    aksu_time now = SECONDS(1);
    for (uint32_t i = 0; i < limit + 100; i++) {
        seq_t left = seq_of(length * i);
        assert_non_null(sent_append(q, left, seq_add(left, length), ++now));
        assert_int_equal(sent_full(q), i + 1 >= limit);
    }
    assert_int_equal(q->count, limit);
    assert_int_equal(q->octets, length * (limit + 100));
    assert_int_equal(q->last->at, now);
    for (uint32_t i = 1; i <= SENT_KEPT; i++)
        assert_true(sent_split(q, q->last, seq_add(q->last->left, 1)));
    assert_int_equal(sent_split(q, q->last, seq_add(q->last->left, 1)),
                     limit < SENT_MOST - SENT_KEPT);
    sent_bed_end(&on);
}

static void runs_are_limited(void **state)
{
    (void)state;
    limited(20, SENT_CRUMBS - SENT_KEPT);
    limited(600, SENT_MOST - SENT_KEPT);
}

/* Without memory nothing is split, and what is new joins the last run. */
static void memory_ends(void **state)
{
    (void)state;
    struct sent_bed on;
    sent_bed_make(&on, 10);
    struct sent_queue *q = &on.queue;
    aksu_time now = SECONDS(1);
    for (uint32_t i = 0; i < 1000; i++)
        assert_non_null(sent_append(q, seq_of(10 * i), seq_of(10 * i + 10), ++now));
    assert_true(q->count < 700);
    assert_int_equal(q->octets, 10000);
    assert_false(sent_split(q, q->first, seq_of(5)));
    sent_mark_lost(q, q->last);
    assert_null(sent_append(q, q->last->right, seq_add(q->last->right, 1), now));
    sent_bed_end(&on);
}

/* A search takes no more steps than it may. */
static void a_search_is_bounded(void **state)
{
    (void)state;
    struct sent_bed on;
    sent_bed_make(&on, PAGES);
    struct sent_queue *q = &on.queue;
    sent_bed_fill(&on, 4000, 10, 0);
    uint32_t steps = 100;
    assert_null(sent_find(q, seq_of(20000), &steps));
    assert_int_equal(steps, 0);
    steps = 100;
    assert_non_null(sent_find(q, seq_of(39985), &steps));      /* near an end */
    assert_true(steps > 90);
    steps = 100;
    assert_null(sent_find(q, seq_of(40000), &steps));          /* not there at all */
    assert_null(sent_find(q, seq_of(UINT32_MAX), &steps));
    assert_int_equal(steps, 100);
    sent_bed_end(&on);
}

static void sack_octet(struct sent_bed *on, uint32_t octet)
{
    uint32_t steps = 4000;
    struct sent_run *s = sent_find(&on->queue, seq_of(octet), &steps);
    assert_non_null(s);
    sent_bed_sack(on, s);
}

/* What was sent again is SACKed far below what was sent last: each is found from where the one
 * before it was, however many runs lie between them. */
static void two_places_are_known(void **state)      /* RFC 6675 4 */
{
    (void)state;
    struct sent_bed on;
    sent_bed_make(&on, PAGES);
    struct sent_queue *q = &on.queue;
    sent_bed_fill(&on, 4000, 10, 0);
    sack_octet(&on, 20000);
    for (uint32_t i = 0; i < 100; i++) {
        sack_octet(&on, 1000 + 20 * i);
        uint32_t steps = 4;
        struct sent_run *s = sent_find(q, seq_of(20010 + 10 * i), &steps);
        assert_non_null(s);
        sent_mark_sacked(q, s);
        s = sent_join(q, s);
        assert_int_equal(sent_length(s), 20 + 10 * i);
        steps = 4;
        assert_non_null(sent_find(q, seq_of(1020 + 20 * i), &steps));
    }
    while (q->first != NULL && seq_lt(q->first->left, seq_of(25000)))
        sent_remove_first(q);
    uint32_t steps = 4;
    assert_non_null(sent_find(q, seq_of(25015), &steps));
    sent_bed_end(&on);
}

/* ... nor far from what was sent longest ago: that is what arrives next. */
static void the_oldest_is_a_place_to_begin(void **state)
{
    (void)state;
    struct sent_bed on;
    sent_bed_make(&on, PAGES);
    struct sent_queue *q = &on.queue;
    sent_bed_fill(&on, 4000, 10, 0);
    sack_octet(&on, 39000);
    sack_octet(&on, 1000);
    while (q->oldest != NULL)
        sent_mark_lost(q, q->oldest);
    uint32_t steps = 4000;
    aksu_time now = SECONDS(1);
    struct sent_run *s = sent_find(q, seq_of(20000), &steps);
    for (; s != NULL && s->state == SENT_LOST; s = s->next)
        sent_again(q, s, ++now);
    steps = 4;
    s = sent_find(q, seq_of(20020), &steps);
    assert_non_null(s);
    assert_true(seq_eq(s->left, seq_of(20020)));
    sent_bed_end(&on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_octets), cmocka_unit_test(one_moment_is_one_run),
        cmocka_unit_test(runs_are_limited), cmocka_unit_test(memory_ends),
        cmocka_unit_test(a_search_is_bounded), cmocka_unit_test(two_places_are_known),
        cmocka_unit_test(the_oldest_is_a_place_to_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
