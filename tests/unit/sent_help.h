/* sent_help.h - a scoreboard with memory of its own. Called by test_tcp_sent_queue*.c. */
#ifndef UNIT_SENT_HELP_H
#define UNIT_SENT_HELP_H

#include "help.h"

#include "tcp/sent_queue.h"

struct sent_bed {
    uint8_t *memory;
    struct pool pool;
    struct slab slab;
    struct sent_queue queue;
};

/* Memory of `pages`; nothing was sent. */
void sent_bed_make(struct sent_bed *b, size_t pages);
/* `count` runs of `length` octets from 0, each a moment later than the one before. */
void sent_bed_fill(struct sent_bed *b, uint32_t count, uint32_t length, aksu_time now);
/* All runs go back to the slab. */
void sent_bed_end(struct sent_bed *b);
void sent_bed_sack(struct sent_bed *b, struct sent_run *s);

#endif
