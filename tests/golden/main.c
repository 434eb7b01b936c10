/* main.c - goodput over loss x round trip x buffer, for each congestion control: all cells, on all
 * cores, compared with tests/golden/goodput-*.tsv. Run it in the directory that holds tests/.
 *   build/gcc/tests/golden [CONTROL...] [--write] [--jobs N]
 *   build/gcc/tests/golden --cell CONTROL RATE RTT QUEUE LOSS [--seed N] [--log]
 * in Mbit/s, ms, BDP and %; the last one says everything about one cell. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/golden/golden.h"

enum { CONTROLS = 3, JOBS_MOST = 64 };
static const char *const controls[CONTROLS] = { "reno", "cubic", "bbr" };

struct options {
    bool wanted[CONTROLS], write, log, one;
    unsigned jobs;
    uint64_t seed;
    struct cell cell;
};

/* What the processes share: the cell that is next, and what became of all. */
struct board {
    atomic_uint next;
    atomic_bool failed;
    atomic_ullong cpu_us;
    struct goodput goodput[CONTROLS][CELLS];
};

static _Noreturn void usage(const char *what)
{
    fprintf(stderr, "golden: %s\nusage: golden [reno|cubic|bbr...] [--write] [--jobs N]\n"
            "       golden --cell CONTROL MBIT/S MS BDP LOSS%% [--seed N] [--log]\n", what);
    exit(2);
}

/* A number, `parts` times. */
static uint32_t number(const char *text, double parts)
{
    char *end;
    double v = text != NULL ? strtod(text, &end) : -1;
    if (text == NULL || end == text || *end != 0 || !(v >= 0) || v * parts > 4e9)
        usage("a number is missing, or too large");
    return (uint32_t)(v * parts + .5);
}

static int control_of(const char *name)
{
    for (int i = 0; i < CONTROLS; i++)
        if (name != NULL && strcmp(controls[i], name) == 0)
            return i;
    usage("a name that no congestion control has");
}

static struct options options(int argc, char **argv)
{
    struct options o = { .jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN), .seed = 1 };
    bool some = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--write") == 0) {
            o.write = true;
        } else if (strcmp(argv[i], "--log") == 0) {
            o.log = true;
        } else if (strcmp(argv[i], "--jobs") == 0) {
            o.jobs = number(argv[++i], 1);
        } else if (strcmp(argv[i], "--seed") == 0) {
            o.seed = number(argv[++i], 1);
        } else if (strcmp(argv[i], "--cell") == 0 && i + 5 < argc) {
            o.one = true;
            o.cell = (struct cell){ .control = controls[control_of(argv[i + 1])],
                                    .rate = number(argv[i + 2], 1),
                                    .rtt_ms = number(argv[i + 3], 1),
                                    .depth = number(argv[i + 4], 10),
                                    .loss = number(argv[i + 5], 10000) };
            i += 5;
        } else if (argv[i][0] == '-') {
            usage(argv[i]);
        } else {
            some = o.wanted[control_of(argv[i])] = true;
        }
    }
    for (unsigned i = 0; i < CONTROLS; i++)
        o.wanted[i] = o.wanted[i] || !some;
    o.jobs = o.jobs < 1 ? 1 : o.jobs > JOBS_MOST ? JOBS_MOST : o.jobs;
    if (o.one && (o.cell.rate == 0 || o.cell.rate > 10000 || o.cell.rtt_ms == 0
                  || o.cell.rtt_ms > 1000 || o.cell.depth > 1000 || o.cell.loss > 1000000))
        usage("at most 10000 Mbit/s, 1000 ms, 100 BDP, 100 %");
    return o;
}

static void work(const struct options *o, struct board *b)
{
    for (;;) {
        unsigned n = atomic_fetch_add(&b->next, 1);
        if (n >= CONTROLS * CELLS)
            break;
        if (!o->wanted[n / CELLS])
            continue;
        struct cell c = table_cell(controls[n / CELLS], n % CELLS);
        struct cell_seen seen = cell_run(&c, o->seed, false);
        b->goodput[n / CELLS][n % CELLS] = seen.goodput;
        if (seen.wrong != NULL)
            atomic_store(&b->failed, true);
    }
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    atomic_fetch_add(&b->cpu_us, (unsigned long long)(t.tv_sec * 1000000 + t.tv_nsec / 1000));
}

static void work_all(const struct options *o, struct board *b)
{
    fflush(stdout);
    for (unsigned job = 0; job < o->jobs; job++) {
        pid_t child = fork();
        if (child == 0) {
            work(o, b);
            _exit(0);
        }
        if (child < 0)
            atomic_store(&b->failed, true);
    }
    int status;
    while (wait(&status) > 0)
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            atomic_store(&b->failed, true);
}

static int one(const struct options *o)
{
    const struct cell *c = &o->cell;
    struct cell_seen s = cell_run(c, o->seed, o->log);
    if (s.wrong != NULL)
        return 1;
    printf("%s, %u Mbit/s, %u ms: %u.%u %% of the link, behind the start %u.%u; %llu octets in "
           "%.3f s, %llu segments, lost %llu, dropped by the queue %llu", c->control, c->rate,
           c->rtt_ms, s.goodput.whole / 10, s.goodput.whole % 10, s.goodput.later / 10,
           s.goodput.later % 10, (unsigned long long)s.octets, (double)s.took / 1e9,
           (unsigned long long)s.segments, (unsigned long long)s.lost,
           (unsigned long long)s.queue_dropped);
    if (o->log)
        printf(", sent again %llu, timeouts %llu", (unsigned long long)s.retransmissions,
               (unsigned long long)s.timeouts);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = options(argc, argv);
    if (o.one)
        return one(&o);
    struct board *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                           0);
    if (b == MAP_FAILED) {
        fprintf(stderr, "golden: no memory: %s\n", strerror(errno));
        return 2;
    }
    work_all(&o, b);
    unsigned passed = 0, failed = atomic_load(&b->failed) ? 1 : 0;
    for (unsigned i = 0; i < CONTROLS; i++) {
        if (!o.wanted[i])
            continue;
        if (o.write && failed == 0 && !table_write(controls[i], b->goodput[i])) {
            fprintf(stderr, "golden: tests/golden/goodput-%s.tsv: %s\n", controls[i],
                    strerror(errno));
            return 2;
        }
        unsigned differ = table_compare(controls[i], b->goodput[i]);
        passed += CELLS - differ;
        failed += differ;
    }
    printf("%.1f s of CPU\n%u passed, %u failed\n", (double)atomic_load(&b->cpu_us) / 1e6, passed,
           failed);
    return failed != 0;
}
