/* test_tcp_sent_queue_bounds.c - the scoreboard with as many runs as there can be: what a peer
 * makes it, and loss detection by SACK, look at has a bound (RFC 6675 4). */
#include "sent_help.h"

#include <time.h>

#include "tcp/loss.h"

enum { RUNS = SENT_MOST - SENT_KEPT, SEGMENT = 600 };

struct bed {
    struct sent_bed on;
    struct loss loss;
    aksu_time now;
};

static void bed_make(struct bed *b)
{
    memset(b, 0, sizeof *b);
    sent_bed_make(&b->on, SENT_MOST / 32 + 50);
    sent_bed_fill(&b->on, RUNS, SEGMENT, SECONDS(1));
    b->now = SECONDS(1) + RUNS;
    loss_sack.init(&b->loss, seq_of(UINT32_MAX));
    b->loss.rescue_from = b->on.queue.last->right;     /* only holes are asked for */
}

static void sack(struct bed *b, struct sent_run *s)
{
    sent_bed_sack(&b->on, s);
}

static uint32_t acknowledge(struct bed *b, bool new_sack)
{
    uint32_t before = b->on.queue.lost;
    struct loss_ack a = { .now = b->now, .una = seq_of(0), .ack = seq_of(0), .smss = SEGMENT,
                          .nxt = b->on.queue.last->right, .recovering = true,
                          .new_sack = new_sack };
    (void)loss_sack.on_ack(&b->loss, &b->on.queue, &a);
    return b->on.queue.lost - before;
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
    sack(&b, b.on.queue.first->next->next);
    sack(&b, b.on.queue.last);
    clock_t start = clock();
    for (unsigned i = 0; i < 20000; i++)
        assert_int_equal(acknowledge(&b, true), 0);
    assert_true(seconds_since(start) < 1);
    sack(&b, b.on.queue.last->prev->prev);          /* 3 * SMSS with the one that is far below */
    assert_int_equal(acknowledge(&b, true), 0);
    sack(&b, b.on.queue.last->prev);                /* 3 * SMSS near the end: all below is lost */
    assert_int_equal(acknowledge(&b, false), 0);
    assert_int_equal(acknowledge(&b, true), (RUNS - 4) * SEGMENT);
    sent_bed_end(&b.on);
}

/* One hole after the other leaves for want of anything else, in their order. */
static void holes_in_their_order(void **state)      /* RFC 6675 4 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.on.queue.last->prev);
    clock_t start = clock();
    for (uint32_t i = 0; i < RUNS - 2; i++) {
        struct sent_run *s = loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT);
        assert_non_null(s);
        assert_int_equal(s->left.n, SEGMENT * i);
        sent_mark_lost(&b.on.queue, s);
        sent_again(&b.on.queue, s, ++b.now);
    }
    assert_true(seconds_since(start) < 1);
    assert_null(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT));
    sent_bed_end(&b.on);
}

/* What was lost and then was not is a hole as before. */
static void a_hole_again(void **state)              /* RFC 6675 4, RFC 5682 3.1 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.on.queue.last);
    struct sent_run *second = b.on.queue.first->next;
    sent_mark_lost(&b.on.queue, b.on.queue.first);
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT), second);
    sent_unmark_lost(&b.on.queue);
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT), b.on.queue.first);
    sent_remove_first(&b.on.queue);                 /* acknowledged, and with it where to begin */
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT), second);
    sent_bed_end(&b.on);
}

/* What the peer has taken back is no evidence: only what lies below a new SACK is a hole. */
static void taken_back(void **state)                /* RFC 6675 4, RFC 2018 8 */
{
    (void)state;
    struct bed b;
    bed_make(&b);
    sack(&b, b.on.queue.last);
    sent_forget_sacks(&b.on.queue);
    assert_null(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT));
    sack(&b, b.on.queue.first->next);
    assert_ptr_equal(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT), b.on.queue.first);
    sent_again(&b.on.queue, b.on.queue.first, ++b.now);
    assert_null(loss_sack.last_resort(&b.loss, &b.on.queue, SEGMENT));
    sent_bed_end(&b.on);
}

/* Every second one is SACKed, of what was sent once and of what was sent again in
 * turns, and what lies between them is lost. */
static void worst_order(struct bed *b)
{
    struct sent_queue *q = &b->on.queue;
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
    assert_null(b.on.queue.oldest);
    clock_t start = clock();
    sent_unmark_lost(&b.on.queue);
    sent_forget_sacks(&b.on.queue);
    assert_true(seconds_since(start) < 1);
    assert_int_equal(sent_pipe(&b.on.queue), SEGMENT * RUNS);
    uint32_t count = 0;
    for (const struct sent_run *s = b.on.queue.oldest; s != NULL; s = s->later, count++)
        assert_true(s->later == NULL || (s->at < s->later->at && s->later->earlier == s));
    assert_int_equal(count, RUNS);
    sent_bed_end(&b.on);
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
