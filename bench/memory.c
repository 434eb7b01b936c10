/* memory.c - octets per idle connection and per TIME-WAIT record, from the stack's own count of
 * what it uses: the records alone, and with all that grows with their number (tables). */
#include <stdlib.h>

#include "bench/bench.h"

static uint64_t used(const struct world *w, int end)
{
    struct aksu_counters c;
    aksu_counters(w->net[end], &c);
    return c.memory_used;
}

/* An established connection for each, at the side that takes more. */
struct memory_result memory_run(uint32_t count, bool ethernet)
{
    struct memory_result r = { .count = count };
    struct world *w = world_empty(count, count, ethernet);
    struct world *few_conns = world_empty(1, count, ethernet),
        *few_records = world_empty(count, 1, ethernet);
    aksu_conn *open = calloc(count, sizeof *open);
    if (open == NULL)
        give_up("memory", AKSU_NO_RESOURCES);

    world_connect(w, 0, NULL);
    uint64_t before[2] = { used(w, 0), used(w, 1) };
    double conn_table = (double)(before[0] - used(few_conns, 0)) / count;
    double record_table = (double)(before[0] - used(few_records, 0)) / count;
    world_connect(w, count, open);
    for (int i = 0; i < 2; i++) {
        double each = (double)(used(w, i) - before[i]) / count;
        r.idle = each > r.idle ? each : r.idle;
    }
    r.idle_all = r.idle + conn_table;

    /* The server ends go with the FINs, the client ends stay in TIME-WAIT. */
    for (uint32_t i = 0; i < count; i++)
        if (aksu_close(w->net[0], open[i], w->now) != AKSU_OK)
            give_up("close", AKSU_DOES_NOT_EXIST);
    for (int rounds = 0; rounds < 3; rounds++) {
        struct aksu_ready ready;
        world_step(w, AKSU_US(100));
        while (aksu_next_ready(w->net[1], &ready))
            if (ready.what & AKSU_PEER_CLOSED)
                aksu_close(w->net[1], ready.conn, w->now);
    }
    struct aksu_counters c;
    aksu_counters(w->net[0], &c);
    if (c.time_wait != count || c.connections != 0)
        give_up("not all are in TIME-WAIT", AKSU_NO_RESOURCES);
    r.time_wait = (double)(used(w, 0) - before[0]) / count;
    r.time_wait_all = r.time_wait + record_table;
    free(open);
    world_free(w);
    world_free(few_conns);
    world_free(few_records);
    return r;
}
