/* sent_help.c - the scoreboard of sent_help.h. */
#include "sent_help.h"

void sent_bed_make(struct sent_bed *b, size_t pages)
{
    b->memory = malloc(pages * POOL_PAGE);
    assert_true(pool_init(&b->pool, b->memory, pages * POOL_PAGE));
    slab_init(&b->slab, &b->pool, sizeof(struct sent_run), 1);
    sent_init(&b->queue, &b->slab);
}

void sent_bed_fill(struct sent_bed *b, uint32_t count, uint32_t length, aksu_time now)
{
    for (uint32_t i = 0; i < count; i++)
        assert_non_null(sent_append(&b->queue, seq_of(length * i), seq_of(length * (i + 1)),
                                    ++now));
}

void sent_bed_end(struct sent_bed *b)
{
    sent_clear(&b->queue);
    assert_null(b->queue.first);
    assert_int_equal(b->queue.count, 0);
    assert_int_equal(b->slab.in_use, 0);
    assert_int_equal(b->pool.in_use, 0);
    free(b->memory);
}

void sent_bed_sack(struct sent_bed *b, struct sent_run *s)
{
    sent_mark_sacked(&b->queue, s);
    assert_non_null(sent_join(&b->queue, s));
}
