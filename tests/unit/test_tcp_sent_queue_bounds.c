/* test_tcp_sent_queue_bounds.c - the scoreboard with as many runs as there can be: what a peer
 * makes it, and loss detection by SACK, look at has a bound (RFC 6675 4). */
#include "help.h"

#include <time.h>

#include "tcp/loss.h"

enum { RUNS = SENT_MOST - SENT_KEPT, SEGMENT = 600 };

struct bed {
    uint8_t *memory;
    struct pool pool;
    struct slab slab;
    struct sent_queue queue;
    struct loss loss;
    aksu_time now;
};

static void bed_make(struct bed *b)
{
    size_t region = (size_t)(SENT_MOST / 32 + 50) * POOL_PAGE;
    memset(b, 0, sizeof *b);
    b->memory = malloc(region);
    assert_true(pool_init(&b->pool, b->memory, region));
    slab_init(&b->slab, &b->pool, sizeof(struct sent_run), 1);
    sent_init(&b->queue, &b->slab);
    b->now = SECONDS(1);
    for (uint32_t i = 0; i < RUNS; i++)
        assert_non_null(sent_append(&b->queue, seq_of(SEGMENT * i), seq_of(SEGMENT * (i + 1)),
                                    ++b->now));
    loss_sack.init(&b->loss, seq_of(UINT32_MAX));
    b->loss.rescue_from = b->queue.last->right;     /* only holes are asked for */
}

static void bed_end(struct bed *b)
{
    sent_clear(&b->queue);
    free(b->memory);
}

static void sack(struct bed *b, struct sent_run *s)
{
    sent_mark_sacked(&b->queue, s);
    assert_non_null(sent_join(&b->queue, s));
}

static uint32_t acknowledge(struct bed *b, bool new_sack)
{
    uint32_t before = b->queue.lost;
    struct loss_ack a = { .now = b->now, .una = seq_of(0), .ack = seq_of(0), .smss = SEGMENT,
                          .nxt = b->queue.last->right, .recovering = true, .new_sack = new_sack };
    (void)loss_sack.on_ack(&b->loss, &b->queue, &a);
    return b->queue.lost - before;
}

static double seconds_since(clock_t start)
{
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* One segment is SACKed at each end, too little to judge by, and every acknowledgment asks. */
static void two_ends(void **state)                  /* RFC 6675 4 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.queue.first->next->next);
    sack(&b, b.queue.last);
    clock_t start = clock();
    for (unsigned i = 0; i < 20000; i++)
        assert_int_equal(acknowledge(&b, true), 0);
    assert_true(seconds_since(start) < 1);
    sack(&b, b.queue.last->prev->prev);             /* 3 * SMSS with the one that is far below */
    assert_int_equal(acknowledge(&b, true), 0);
    sack(&b, b.queue.last->prev);                   /* 3 * SMSS near the end: all below is lost */
    assert_int_equal(acknowledge(&b, false), 0);
    assert_int_equal(acknowledge(&b, true), (RUNS - 4) * SEGMENT);
    bed_end(&b);
}

/* One hole after the other leaves for want of anything else, in their order. */
static void holes_in_their_order(void **state)      /* RFC 6675 4 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.queue.last->prev);
    clock_t start = clock();
    for (uint32_t i = 0; i < RUNS - 2; i++) {
        struct sent_run *s = loss_sack.last_resort(&b.loss, &b.queue, SEGMENT);
        assert_non_null(s);
        assert_int_equal(s->left.n, SEGMENT * i);
        sent_mark_lost(&b.queue, s);
        sent_again(&b.queue, s, ++b.now);
    }
    assert_true(seconds_since(start) < 1);
    assert_null(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT));
    bed_end(&b);
}

/* What was lost and then was not is a hole as before. */
static void a_hole_again(void **state)              /* RFC 6675 4, RFC 5682 3.1 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.queue.last);
    struct sent_run *second = b.queue.first->next;
    sent_mark_lost(&b.queue, b.queue.first);
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT), second);
    sent_unmark_lost(&b.queue);
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT), b.queue.first);
    sent_remove_first(&b.queue);                    /* acknowledged, and with it where to begin */
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT), second);
    bed_end(&b);
}

/* What the peer has taken back is no evidence: only what lies below a new SACK is a hole. */
static void taken_back(void **state)                /* RFC 6675 4, RFC 2018 8 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.queue.last);
    sent_forget_sacks(&b.queue);
    assert_null(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT));
    sack(&b, b.queue.first->next);
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT), b.queue.first);
    sent_again(&b.queue, b.queue.first, ++b.now);
    assert_null(loss_sack.last_resort(&b.loss, &b.queue, SEGMENT));
    bed_end(&b);
}

/* Every second one is SACKed, of what was sent once and of what was sent again in
 * turns, and what lies between them is lost. */
static void worst_order(struct bed *b)
{
    struct sent_queue *q = &b->queue;
    uint32_t i = 0;
    for (struct sent_run *s = q->first; s != NULL; s = s->next)
        if (i++ % 4 < 2)
            sent_again(q, s, ++b->now);
    i = 0;
    for (struct sent_run *s = q->first; s != NULL; s = s->next) {
        if (i++ % 2 == 0)
            sent_mark_lost(q, s);
        else
            sent_mark_sacked(q, s);
    }
}

/* A peer that takes everything back costs the time of a sort, not of a search for each place. */
static void the_way_back_is_short(void **state)     /* RFC 2018 8, RFC 8985 5.2 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    worst_order(&b);
    assert_null(b.queue.oldest);
    clock_t start = clock();
    sent_unmark_lost(&b.queue);
    sent_forget_sacks(&b.queue);
    assert_true(seconds_since(start) < 1);
    assert_int_equal(sent_pipe(&b.queue), SEGMENT * RUNS);
    uint32_t count = 0;
    for (const struct sent_run *s = b.queue.oldest; s != NULL; s = s->later, count++)
        assert_true(s->later == NULL || (s->at < s->later->at && s->later->earlier == s));
    assert_int_equal(count, RUNS);
    bed_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends), cmocka_unit_test(holes_in_their_order),
        cmocka_unit_test(a_hole_again), cmocka_unit_test(taken_back),
        cmocka_unit_test(the_way_back_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
