/* records.c - TIME-WAIT records in great number: what a new connection costs while they are kept,
 * for each that is made one expires; what one costs that takes the pair of a record, at either end;
 * and what a record weighs. */
#include "bench/bench.h"

enum { CLIENT_PORTS = 64512, SLACK = 3 };

/* 2 MSL is so long that `records` are kept when one is made every CONNECTION_LIFE_US. */
static aksu_time msl_for(uint32_t records)
{
    return records == 0 ? 1 : AKSU_US(CONNECTION_LIFE_US) * records / 2;
}

/* Server ports for at least so many pairs. A client tries its ports in turn, whatever the server:
 * it comes to all pairs when both numbers have no divisor in common. */
static uint32_t servers_for(uint32_t pairs)
{
    uint32_t n = pairs / CLIENT_PORTS + 1;
    while (n % 2 == 0 || n % 3 == 0 || n % 7 == 0)
        n++;
    return n;
}

static struct aksu_counters counters_of(const struct world *w, int end)
{
    struct aksu_counters c;
    aksu_counters(w->net[end], &c);
    return c;
}

/* Not all to the one: a record expires with its slot. */
static void expect(const struct world *w, int end, uint32_t records)
{
    uint32_t kept = counters_of(w, end).time_wait;
    if (kept < records - records / 64 || kept > records + records / 32 + SLACK) {
        fprintf(stderr, "bench: %u TIME-WAIT records instead of %u\n", kept, records);
        give_up("records", AKSU_NO_RESOURCES);
    }
}

struct column {
    struct world *fresh;                /* the pairs are new */
    struct world *out;                  /* the client's records have all its ports */
    struct world *in;                   /* the server has a record of each pair */
};

static struct world *filled(uint32_t records, aksu_time msl, struct pairs pairs, bool ethernet)
{
    uint32_t room = records + records / 32;
    struct world *w = world_of_records(room, msl, pairs, ethernet);
    conn_run(w, records + records / 32 + 1000);
    return w;
}

static struct column column_of(struct results *r, unsigned i)
{
    const struct settings *s = &r->settings;
    uint32_t n = s->kept[i], servers = servers_for(n);
    struct column c = { NULL, NULL, NULL };
    c.fresh = filled(n, msl_for(n), (struct pairs){ .server_ports = servers_for(4 * n) },
                     s->ethernet);
    expect(c.fresh, 0, n);
    if (n >= CLIENT_PORTS) {
        c.out = filled(servers * CLIENT_PORTS, msl_for(100 * n),
                       (struct pairs){ .server_ports = servers }, s->ethernet);
        c.in = filled(n, msl_for(100 * n), (struct pairs){ .server_ports = n / PORTS + 1,
                      .given = n, .server_closes = true }, s->ethernet);
        expect(c.out, 0, servers * CLIENT_PORTS);
        expect(c.in, 1, n);
    }
    return c;
}

static void weigh(struct results *r, unsigned i, const struct column *c)
{
    uint32_t n = r->settings.kept[i];
    if (n == 0)
        return;
    struct world *none = world_of_records(1, 1, c->fresh->pairs, r->settings.ethernet);
    struct aksu_counters with = counters_of(c->fresh, 0), without = counters_of(none, 0);
    double each = (double)(with.memory_used - without.memory_used) / with.time_wait;
    results_add(r, ROW_KEPT_WEIGHT, i, each);
    world_free(none);
}

static void measure(struct results *r, unsigned i, const struct column *c)
{
    uint32_t count = r->settings.operations != 0 ? r->settings.operations : 10000;
    results_add(r, ROW_KEPT_NEW, i, conn_run(c->fresh, count) / 1000);
    if (c->out != NULL) {
        uint32_t kept = counters_of(c->out, 0).time_wait;
        results_add(r, ROW_KEPT_OUT, i, conn_run(c->out, count) / 1000);
        if (counters_of(c->out, 0).time_wait != kept)
            give_up("a connection did not take the pair of a record", AKSU_ALREADY_EXISTS);
    }
    if (c->in != NULL) {
        results_add(r, ROW_KEPT_IN, i, conn_run(c->in, count) / 1000);
        if (counters_of(c->in, 1).time_wait != r->settings.kept[i])
            give_up("a SYN did not reopen the pair of a record", AKSU_ALREADY_EXISTS);
    }
}

void records_run(struct results *r)
{
    struct column column[OTHERS_MOST];
    unsigned columns = r->settings.kept_count;
    for (unsigned i = 0; i < columns; i++)
        column[i] = column_of(r, i);
    for (unsigned n = 0; n < r->settings.repeat; n++)
        for (unsigned i = 0; i < columns; i++)
            measure(r, i, &column[i]);
    for (unsigned i = 0; i < columns; i++) {
        weigh(r, i, &column[i]);
        world_free(column[i].fresh);
        if (column[i].out != NULL) {
            world_free(column[i].out);
            world_free(column[i].in);
        }
    }
}
