/* main.c - runs the simulations: tests/sim [-l] [-v] [NAME...] [--seed N] [--seeds N] [--frames
 * N] [--ladder] [--document FILE]. Every seed of every test counts as one. With --ladder each is
 * run twice, and what the hosts of its first flow, or of the one that broke something, said is
 * drawn (test_*.c on the library's simulator only). --document: the page that a test writes its
 * table to. tests/sim --soak SEGMENTS [--jobs N] [--seed N] goes on and on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "tests/sim/duo.h"
#include "tests/sim/net.h"
#include "tests/sim/sim.h"

/* What the random networks of a run of all tests are worth. */
static const uint64_t LEAST_SEGMENTS = SIM_SEEDS(10000000);

bool sim_verbose;
const char *sim_document;
uint32_t sim_frames = 1000000;
char sim_again[256];

static struct sim_test *first, **last = &first;
static const struct sim_test *running;
static uint64_t running_seed;
static jmp_buf escape;
static const char *program;

void sim_register(struct sim_test *test)
{
    *last = test;
    last = &test->next;
}

static void say_failure(const char *file, int line)
{
    printf("FAIL %s --seed %llu (%s:%d)\n    ", running->name, (unsigned long long)running_seed,
           file,
           line);
}

_Noreturn void sim_fail(const char *file, int line, const char *format, ...)
{
    va_list ap;
    say_failure(file, line);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
    longjmp(escape, 1);
}

/* A promise that the stack broke fails the test, not the program. */
_Noreturn void bug(const char *promise)
{
    say_failure(running->file, 0);
    printf("bug: %s\n", promise);
    longjmp(escape, 1);
}

void sim_name_run(const struct sim_test *test, uint64_t seed)
{
    (void)snprintf(sim_again, sizeof sim_again, "%s %s --seed %llu --ladder", program, test->name,
                   (unsigned long long)seed);
}

bool sim_run(const struct sim_test *test, uint64_t seed)
{
    running = test;
    running_seed = seed;
    sim_name_run(test, seed);
    bool failed = setjmp(escape) != 0;
    if (!failed)
        test->body(seed);
    duo_free_all();
    net_free_all();
    return !failed;
}

struct sim_test *sim_find(const char *name)
{
    struct sim_test *t = first;
    while (t != NULL && strcmp(t->name, name) != 0)
        t = t->next;
    return t;
}

static bool run(const struct sim_test *test, uint64_t seed, bool ladder)
{
    bool good = sim_run(test, seed);
    if (ladder) {
        net_draw(true);
        (void)sim_run(test, seed);
        net_draw(false);
    }
    return good;
}

struct wanted {
    char **name;
    int names;
    bool list, one_seed, ladder;
    uint64_t seed, soak;
    unsigned jobs;
    unsigned seeds;                 /* 0: as each test says */
};

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long n = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL || *text == 0 || *end != 0) {
        fprintf(stderr, "a number is missing\n");
        exit(2);
    }
    return n;
}

static void options(int argc, char **argv, struct wanted *w)
{
    w->name = argv;
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "-l") == 0) {
            w->list = true;
        } else if (strcmp(argv[i], "-v") == 0) {
            sim_verbose = true;
        } else if (strcmp(argv[i], "--seed") == 0) {
            w->seed = number(next);
            w->one_seed = true;
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            w->seeds = (unsigned)number(next);
            i++;
        } else if (strcmp(argv[i], "--ladder") == 0) {
            w->ladder = true;
        } else if (strcmp(argv[i], "--document") == 0 && next != NULL) {
            sim_document = next;
            i++;
        } else if (strcmp(argv[i], "--soak") == 0) {
            w->soak = number(next);
            i++;
        } else if (strcmp(argv[i], "--jobs") == 0) {
            w->jobs = (unsigned)number(next);
            i++;
        } else if (strcmp(argv[i], "--frames") == 0) {
            sim_frames = (uint32_t)number(next);
            i++;
        } else {
            w->name[w->names++] = argv[i];
        }
    }
}

static bool is_wanted(const struct wanted *w, const struct sim_test *test)
{
    for (int i = 0; i < w->names; i++)
        if (strcmp(w->name[i], test->name) == 0 || strstr(test->file, w->name[i]) != NULL)
            return true;
    return w->names == 0;
}

/* Whether all tests ran, each at its own seeds, and so LEAST_SEGMENTS are due. */
static bool is_usual(const struct wanted *w)
{
    return w->names == 0 && !w->one_seed && w->seeds == 0 && !w->ladder && !w->list;
}

static void say_totals(uint64_t random_segments)
{
    static const enum aksu_event_kind kind[] = { AKSU_EV_segment_out, AKSU_EV_retransmit,
                                                 AKSU_EV_dropped,
        AKSU_EV_frame_dropped, AKSU_EV_zero_window, AKSU_EV_memory, AKSU_EV_time_wait };
    for (unsigned i = 0; i < sizeof kind / sizeof kind[0]; i++)
        printf("%s%llu %s", i > 0 ? ", " : "", (unsigned long long)duo_total[kind[i]],
               aksu_event_name(kind[i]));
    printf("; %llu segments in simulated networks, %llu of them in random ones\n",
           (unsigned long long)net_segments, (unsigned long long)random_segments);
}

int main(int argc, char **argv)
{
    struct wanted w = { 0 };
    unsigned passed = 0, failed = 0;
    uint64_t random_segments = 0;
    program = argv[0];
    options(argc, argv, &w);
    if (w.soak > 0)
        return soak(w.soak, w.one_seed ? w.seed : 1, w.jobs > 0 ? w.jobs : 2);
    for (const struct sim_test *test = first; test != NULL; test = test->next) {
        if (!is_wanted(&w, test))
            continue;
        if (w.list) {
            printf("%s %s, %u seeds\n", test->file, test->name, test->seeds);
            continue;
        }
        clock_t start = clock();
        uint64_t before = net_segments;
        uint64_t from = w.one_seed ? w.seed : 1;
        uint64_t count = w.one_seed ? 1 : w.seeds != 0 ? w.seeds : test->seeds;
        for (uint64_t seed = from; seed < from + count; seed++) {
            if (run(test, seed, w.ladder))
                passed++;
            else
                failed++;
        }
        if (test == sim_find("random_network"))
            random_segments = net_segments - before;
        printf("%-32s %4u seeds %6.2f s\n", test->name, (unsigned)count,
               (double)(clock() - start) / CLOCKS_PER_SEC);
    }
    if (!w.list)
        say_totals(random_segments);
    if (is_usual(&w) && random_segments < LEAST_SEGMENTS) {
        printf("FAIL random_network: fewer than %llu segments; give it more seeds\n",
               (unsigned long long)LEAST_SEGMENTS);
        failed++;
    }
    if (!w.list)
        printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || (passed == 0 && !w.list);
}
