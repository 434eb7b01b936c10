/* main.c - how many segments the simulator carries per second of CPU: one bulk transfer over a
 * clean path of 1 Gbit/s and 10 ms, data and ACK segments counted as they enter the wire. Four
 * ways: lengths only (unchecked), every octet compared and every invariant checked, that with
 * checksums, and lengths only with large segments that stay whole.
 *   build/gcc/bench-sim [SEGMENTS [REPEAT [ROWS]]]      ROWS: 1, 23 and so on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aksu/sim.h"

enum { REPEAT_MOST = 99, BUFFER = (4 << 20) - 4096 };

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void give_up(const struct aksu_sim *world)
{
    fprintf(stderr, "bench-sim: %s\n", aksu_sim_why(world));
    exit(1);
}

/* Data segments are full here, 1500 octets; one that stays whole counts as so many. */
static uint64_t carried(struct aksu_sim_cable *cable)
{
    struct aksu_path_counts data, acks;
    aksu_path_counts(aksu_sim_path(cable, 0), &data);
    aksu_path_counts(aksu_sim_path(cable, 1), &acks);
    return data.octets_in / 1500 + acks.in;
}

/* Million segments per second of CPU. */
static double run(uint64_t segments, bool unchecked, bool checksums, bool whole)
{
    const struct aksu_sim_config config = { .seed = 1, .unchecked = unchecked };
    struct aksu_sim *w = aksu_sim_new(&config);
    struct aksu_sim_host host = { .stack = { .send_buffer = BUFFER, .receive_buffer = BUFFER },
                                  .checksums = checksums, .whole = whole };
    struct aksu_sim_node *a = aksu_sim_host(w, &host), *b = aksu_sim_host(w, &host);
    const struct aksu_path_node node[] = {
        { .kind = AKSU_PATH_RATE, .rate = 1000000000, .limit = 4 << 20 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) },
    };
    const struct aksu_sim_way ways[2] = { { node, 2 }, { node, 2 } };
    struct aksu_sim_flow how = { .host = { a, b }, .app = { { .octets = UINT64_MAX } } };
    struct aksu_sim_cable *cable = aksu_sim_cable(w, a, b, ways);
    if (cable == NULL || aksu_sim_flow(w, &how) == NULL)
        give_up(w);
    if (aksu_sim_run(w, AKSU_SECONDS(2)) != AKSU_SIM_RUNNING)   /* past slow start */
        give_up(w);

    uint64_t before = carried(cable), now;
    double start = cpu_seconds();
    do {
        if (aksu_sim_run(w, aksu_sim_now(w) + AKSU_MS(100)) != AKSU_SIM_RUNNING)
            give_up(w);
        now = carried(cable);
    } while (now - before < segments);
    double rate = (double)(now - before) / (cpu_seconds() - start) / 1e6;
    aksu_sim_free(w);
    return rate;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void row(const char *name, uint64_t segments, unsigned repeat, bool unchecked,
                bool checksums, bool whole)
{
    double sample[REPEAT_MOST];
    for (unsigned i = 0; i < repeat; i++)
        sample[i] = run(segments, unchecked, checksums, whole);
    qsort(sample, repeat, sizeof sample[0], by_value);
    printf("| %-50s | **%.2f** [%.2f-%.2f] (%u) |\n", name, sample[repeat / 2], sample[0],
           sample[repeat - 1], repeat);
}

int main(int argc, char **argv)
{
    uint64_t segments = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    unsigned repeat = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
    const char *only = argc > 3 ? argv[3] : "1234";
    repeat = repeat < 1 ? 1 : repeat > REPEAT_MOST ? REPEAT_MOST : repeat;
    printf("| bulk, 1 Gbit/s, 10 ms each way | million segments per second of CPU |\n|---|---|\n");
    if (strchr(only, '1') != NULL)
        row("1: lengths only", segments, repeat, true, false, false);
    if (strchr(only, '2') != NULL)
        row("2: every octet compared, every invariant checked", segments, repeat, false, false,
            false);
    if (strchr(only, '3') != NULL)
        row("3: that, and checksums computed and verified", segments, repeat, false, true, false);
    if (strchr(only, '4') != NULL)
        row("4: lengths only, large segments stay whole", segments, repeat, true, false, true);
    return 0;
}
