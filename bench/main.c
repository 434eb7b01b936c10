/* main.c - the benchmark: what a segment, a connection and a round trip cost, and what a
 * connection weighs, with few and with many others around. All repetitions are interleaved, so
 * that a slow moment of the machine falls on every column alike. Options: --help. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static const struct {
    uint32_t bulk, conn, rr, floors, memory, time_wait;
} usual = { .bulk = 100000, .conn = 10000, .rr = 100000, .floors = 200000, .memory = 100000,
            .time_wait = 13000 };
enum { FEW = 1000 };                    /* connections that are used, among all that stand there */

static const char help[] =
    "bench [--only bulk|grown|conn|rr|many|records|memory|floors]... [--segments N]\n"
    "      [--others N]... [--records N]... [--repeat N] [--bare] [--json FILE]\n"
    "      [--measurements FILE] [--mark NAME]\n"
    "  --segments N        operations per measurement, whatever they are\n"
    "  --others N          idle connections around [0, 1000 and 100000]\n"
    "  --records N         TIME-WAIT records that are kept [0, 12000 and 1000000]\n"
    "  --repeat N          measurements of each; the median is shown [7]\n"
    "  --bare              IP packets without an Ethernet header\n"
    "  --measurements FILE write the table into FILE between its two marks\n"
    "  --mark NAME         what they are called [bench]\n";

static _Noreturn void usage(void)
{
    fputs(help, stderr);
    exit(2);
}

static uint32_t number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text == 0 || *end != 0 || n > 100000000)
        usage();
    return (uint32_t)n;
}

static void only(struct settings *s, const char *what)
{
    bool *const which[] = { &s->bulk, &s->grown, &s->conn, &s->rr, &s->many, &s->records,
                            &s->memory, &s->floors };
    static const char *const name[] = { "bulk", "grown", "conn", "rr", "many", "records",
                                        "memory", "floors" };
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        if (strcmp(what, name[i]) == 0) {
            *which[i] = true;
            return;
        }
    }
    usage();
}

struct outputs {
    const char *json, *measurements, *mark;
};

static void one_option(struct settings *s, struct outputs *o, const char *name, const char *value)
{
    if (strcmp(name, "--only") == 0)
        only(s, value);
    else if (strcmp(name, "--segments") == 0)
        s->operations = number(value);
    else if (strcmp(name, "--repeat") == 0)
        s->repeat = number(value);
    else if (strcmp(name, "--others") == 0 && s->others_count < OTHERS_MOST)
        s->others[s->others_count++] = number(value);
    else if (strcmp(name, "--records") == 0 && s->kept_count < OTHERS_MOST)
        s->kept[s->kept_count++] = number(value);
    else if (strcmp(name, "--json") == 0)
        o->json = value;
    else if (strcmp(name, "--measurements") == 0)
        o->measurements = value;
    else if (strcmp(name, "--mark") == 0)
        o->mark = value;
    else
        usage();
}

static void defaults(struct settings *s)
{
    if (!s->bulk && !s->grown && !s->conn && !s->rr && !s->many && !s->records && !s->memory
        && !s->floors)
        s->bulk = s->grown = s->conn = s->rr = s->many = s->records = s->memory = s->floors = true;
    if (s->others_count == 0) {
        s->others_count = 3;
        s->others[1] = 1000;
        s->others[2] = 100000;
    }
    if (s->kept_count == 0) {
        s->kept_count = 3;
        s->kept[1] = 12000;
        s->kept[2] = 1000000;
    }
}

static void options(int argc, char **argv, struct settings *s, struct outputs *o)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(help, stdout);
            exit(0);
        } else if (strcmp(argv[i], "--bare") == 0) {
            s->ethernet = false;
        } else if (i + 1 < argc) {
            one_option(s, o, argv[i], argv[i + 1]);
            i++;
        } else {
            usage();
        }
    }
    defaults(s);
    if (s->repeat == 0 || s->repeat > REPEAT_MOST)
        usage();
}

static uint32_t operations(const struct settings *s, uint32_t otherwise)
{
    return s->operations != 0 ? s->operations : otherwise;
}

/* The first of each is not counted: it touches memory for the first time. */
static void warm_up(const struct settings *s, struct world *w)
{
    if (s->bulk)
        bulk_run(w, w->end, 2000);
    if (s->grown)
        bulk_run(w, w->grown, 20000);
    if (s->conn)
        conn_run(w, s->operations != 0 && s->operations < usual.time_wait ? 100 : usual.time_wait);
    if (s->rr)
        round_trip_run(w, 1000);
    if (s->many && w->others >= FEW)
        round_trip_among_run(w, operations(s, usual.rr) / 4, FEW);
}

static void measure(struct results *r, struct world *w, unsigned column)
{
    const struct settings *s = &r->settings;
    if (s->bulk) {
        results_add(r, ROW_BULK, column, bulk_run(w, w->end, operations(s, usual.bulk)));
        results_add(r, ROW_ACK_RATIO, column, w->ack_ratio);
    }
    if (s->grown)
        results_add(r, ROW_GROWN, column, bulk_run(w, w->grown, operations(s, usual.bulk)));
    if (s->conn)
        results_add(r, ROW_CONN, column, conn_run(w, operations(s, usual.conn)) / 1000);
    if (s->rr)
        results_add(r, ROW_RR, column, round_trip_run(w, operations(s, usual.rr)) / 1000);
    if (s->many && w->others >= FEW) {
        uint32_t count = operations(s, usual.rr);
        results_add(r, ROW_RR_FEW, column, round_trip_among_run(w, count, FEW) / 1000);
        results_add(r, ROW_RR_ALL, column, round_trip_among_run(w, count, w->others) / 1000);
    }
}

static void measure_all(struct results *r)
{
    const struct settings *s = &r->settings;
    struct world *world[OTHERS_MOST] = { NULL };
    bool worlds = s->bulk || s->grown || s->conn || s->rr || s->many;
    for (unsigned i = 0; i < s->others_count && worlds; i++) {
        world[i] = world_new(s->others[i], s->ethernet);
        warm_up(s, world[i]);
    }
    for (unsigned n = 0; n < s->repeat; n++) {
        for (unsigned i = 0; i < s->others_count && worlds; i++)
            measure(r, world[i], i);
        if (s->floors) {
            results_add(r, ROW_MEMCPY, 0, memcpy_run(operations(s, usual.floors)));
            results_add(r, ROW_CHECKSUM, 0, checksum_run(operations(s, usual.floors)));
        }
    }
    for (unsigned i = 0; i < s->others_count && worlds; i++)
        world_free(world[i]);
    if (s->records)
        records_run(r);
    if (s->memory) {
        r->memory = memory_run(operations(s, usual.memory), s->ethernet);
        r->has_memory = true;
    }
}

static void command_line(struct results *r, int argc, char **argv)
{
    size_t at = 0;
    for (int i = 0; i < argc; i++) {
        int n = snprintf(r->command + at, sizeof r->command - at, "%s%s", i ? " " : "", argv[i]);
        if (n > 0 && at + (size_t)n < sizeof r->command)
            at += (size_t)n;
    }
}

int main(int argc, char **argv)
{
    static struct results r = {
        .settings = { .ethernet = true, .repeat = 7 },
        .row = {
            [ROW_BULK] = { .name = "bulk, one segment of 1448 octets", .unit = "ns" },
            [ROW_GROWN] = { .name = "the same, with buffers that grow", .unit = "ns" },
            [ROW_CONN] = { .name = "connection, opened to closed", .unit = "us", .digits = 2 },
            [ROW_RR] = { .name = "round trip of 64 octets", .unit = "us", .digits = 3 },
            [ROW_RR_FEW] = { .name = "the same, on another of 1,000 each time", .unit = "us",
                             .digits = 3 },
            [ROW_RR_ALL] = { .name = "the same, on another of all each time", .unit = "us",
                             .digits = 3 },
            [ROW_ACK_RATIO] = { .name = "bulk, segments per ACK", .unit = "ratio", .digits = 2 },
            [ROW_MEMCPY] = { .name = "for comparison: memcpy of 1460", .unit = "ns" },
            [ROW_CHECKSUM] = { .name = "for comparison: checksum of 1460", .unit = "ns" },
            [ROW_KEPT_NEW] = { .name = "connection, opened to closed", .unit = "us", .digits = 2 },
            [ROW_KEPT_OUT] = { .name = "the same, each takes the pair of a record of its own",
                               .unit = "us", .digits = 2 },
            [ROW_KEPT_IN] = { .name = "the same, each takes the pair of a record of the peer's",
                              .unit = "us", .digits = 2 },
            [ROW_KEPT_WEIGHT] = { .name = "a record, with its part of the table",
                                  .unit = "octets", .digits = 1 },
        },
    };
    struct outputs o = { .mark = "bench" };
    options(argc, argv, &r.settings, &o);
    r.mark = o.mark;
    command_line(&r, argc, argv);
    measure_all(&r);

    machine_print(stdout, "");
    printf("CPU time of both ends in one thread, %s, MTU %d, checksums computed and verified, "
           "timestamps;\n"
           "**median** [least-most] (samples)\n\n",
           r.settings.ethernet ? "Ethernet frames" : "bare IP packets", MTU);
    results_print(&r, stdout);
    if (o.json != NULL) {
        FILE *f = strcmp(o.json, "-") == 0 ? stdout : fopen(o.json, "w");
        if (f == NULL) {
            perror(o.json);
            return 1;
        }
        results_json(&r, f);
        if (f != stdout)
            fclose(f);
    }
    return o.measurements == NULL || results_document(&r, o.measurements) ? 0 : 1;
}
