/* main.c - joins two TAP devices, perhaps in two network namespaces, through two paths in real
 * time: the same link for whatever TCP sits on them. Everything that a path can do is on the way
 * from the first to the second; the way back has the delay only, unless --both. Frames leave some
 * ten microseconds late, or as late as the system wakes us up. Ends by SIGINT or SIGTERM, or after
 * --seconds, and says what it counted: a line for each way. Started by bench/path/run and tests of
 * tests/interop. interop-path [--both] [--seconds N] [--seed N] [as aksu run: --delay 5ms --loss
 * 1% ...] NAMESPACE DEVICE NAMESPACE DEVICE          (- : the namespace of the caller) */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "aksu/device.h"
#include "aksu/path.h"
#include "cli/path_options.h"

enum { GRAIN = 30000 /* ns */, BATCH = 64, ROUNDS = 8, BOTH = 1, FOR_SECONDS, SEED };

struct bridge {
    struct aksu_interface *at[2];
    struct aksu_path *path[2];      /* from the first, from the second */
    uint64_t lost;                  /* a device did not take it */
    uint64_t late, latest, left;    /* nanoseconds after their time, in all and most; frames */
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static aksu_time clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return AKSU_SECONDS(t.tv_sec) + (aksu_time)t.tv_nsec;
}

static bool enter_namespace(const char *name)
{
    char path[256];
    if (strcmp(name, "-") == 0)
        return true;
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
        fprintf(stderr, "interop-path: the network namespace %s: %s\n", name, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static struct aksu_interface *open_tap(const char *name_space, const char *device)
{
    char spec[32], why[AKSU_WHY];
    snprintf(spec, sizeof spec, "tap:%s", device);
    if (!enter_namespace(name_space))
        return NULL;
    struct aksu_interface *i = aksu_interface_open(spec, NULL, why);
    if (!i)
        fprintf(stderr, "interop-path: %s\n", why);
    return i;
}

/* What has arrived enters the path. True: something. */
static bool move_in(struct bridge *b, unsigned from)
{
    struct aksu_frame frame[BATCH];
    struct aksu_interface *i = b->at[from];
    int n = i->ops->receive(i, frame, BATCH);
    aksu_time now = clock_now();
    for (int k = 0; k < n; k++)
        aksu_path_put(b->path[from], &frame[k], now);
    if (n < 0)
        stopped = 1;
    return n > 0;
}

static bool move_out(struct bridge *b, unsigned from)
{
    struct aksu_frame frame[BATCH];
    struct aksu_interface *to = b->at[1 - from];
    aksu_time due = aksu_path_next(b->path[from]), now = clock_now();
    if (due > now)
        return false;
    unsigned n = aksu_path_take(b->path[from], frame, BATCH, now);
    for (unsigned k = 0; k < n; k++)
        b->lost += to->ops->transmit(to, &frame[k]) != AKSU_TRANSMIT_DONE;
    if (to->ops->flush)
        to->ops->flush(to);
    if (n > 0) {
        b->late += now - due;
        b->latest = now - due > b->latest ? now - due : b->latest;
        b->left++;
    }
    return n > 0;
}

/* Looks up at most every GRAIN, and takes all that there is then: a system call for each frame
 * costs more than the frame. */
static void sleep_until(const struct bridge *b, aksu_time end)
{
    nanosleep(&(struct timespec){ .tv_nsec = GRAIN }, NULL);
    struct pollfd fd[2] = { { b->at[0]->fd, POLLIN, 0 }, { b->at[1]->fd, POLLIN, 0 } };
    aksu_time next = aksu_path_next(b->path[0]), other = aksu_path_next(b->path[1]);
    aksu_time now = clock_now();
    next = next < other ? next : other;
    next = next < end ? next : end;
    aksu_time left = next > now ? next - now : 0;
    struct timespec t = { (time_t)(left / AKSU_SECONDS(1)), (long)(left % AKSU_SECONDS(1)) };
    ppoll(fd, 2, next == AKSU_NEVER ? NULL : &t, NULL);
}

static void turn(struct bridge *b, aksu_time end)
{
    bool any = false;
    for (unsigned from = 0; from < 2; from++) {
        for (unsigned round = 0; round < ROUNDS && move_in(b, from); round++)
            any = true;
        for (unsigned round = 0; round < ROUNDS && move_out(b, from); round++)
            any = true;
    }
    if (!any)
        sleep_until(b, end);
}

static long processor_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000
         + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void report(const struct bridge *b)
{
    static const char *const way[2] = { "there", "back" };
    struct aksu_path_counts c;
    for (unsigned k = 0; k < 2; k++) {
        aksu_path_counts(b->path[k], &c);
        printf("%s: in %" PRIu64 " out %" PRIu64 " lost %" PRIu64 " dropped %" PRIu64
               " reordered %" PRIu64 " octets %" PRIu64 "\n", way[k], c.in, c.out, c.lost + c.cut,
               c.queue_dropped, c.reordered, c.octets_out);
    }
    printf("late %" PRIu64 " us on average, %" PRIu64 " us at most; not taken: %" PRIu64
           "; processor %ld ms\n", b->left > 0 ? b->late / b->left / 1000 : 0, b->latest / 1000,
           b->lost, processor_ms());
}

static bool make_paths(struct bridge *b, const struct run_path *options, bool both)
{
    struct run_path back = { .delay = options->delay };
    const struct run_path *way[2] = { options, both ? options : &back };
    for (unsigned k = 0; k < 2; k++) {
        struct aksu_path_node node[RUN_PATH_NODES];
        unsigned count = run_path_nodes(way[k], node);
        b->path[k] = aksu_path_new(node, count, options->seed * 2 + k, 0);
        if (!b->path[k])
            return false;
        run_path_start(way[k], b->path[k], clock_now());
    }
    return true;
}

/* False: a sentence was written. */
static bool read_options(int argc, char **argv, struct run_path *path, bool *both,
                         uint64_t *seconds)
{
    static const struct option options[] = {
        { "both", no_argument, NULL, BOTH }, { "seconds", required_argument, NULL, FOR_SECONDS },
        { "seed", required_argument, NULL, SEED }, CLI_PATH_OPTIONS, { NULL, 0, NULL, 0 },
    };
    int option;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (option == BOTH)
            *both = true;
        else if (option == FOR_SECONDS)
            *seconds = strtoull(optarg, NULL, 10);
        else if (option == SEED)
            path->seed = strtoull(optarg, NULL, 10);
        else if (!cli_path_has(option) || !cli_path_take(path, "path", option, optarg))
            return false;
    }
    if (argc - optind == 4)
        return cli_path_fit(path, "path");
    fputs("interop-path: name two devices: NAMESPACE DEVICE NAMESPACE DEVICE\n", stderr);
    return false;
}

int main(int argc, char **argv)
{
    struct bridge b = { { NULL, NULL }, { NULL, NULL }, 0, 0, 0, 0 };
    struct run_path path = { .seed = 1 };
    struct sigaction action = { .sa_handler = stop };
    uint64_t seconds = 0;
    bool both = false;

    if (!read_options(argc, argv, &path, &both, &seconds))
        return 125;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_TIMERSLACK, 1);
    for (int k = 0; k < 2; k++) {
        b.at[k] = open_tap(argv[optind + 2 * k], argv[optind + 2 * k + 1]);
        if (!b.at[k])
            return 125;
    }
    if (!make_paths(&b, &path, both))
        return 125;
    puts("ready");
    fflush(stdout);
    aksu_time end = seconds > 0 ? clock_now() + AKSU_SECONDS(seconds) : AKSU_NEVER;
    while (!stopped && clock_now() < end)
        turn(&b, end);
    report(&b);
    for (int k = 0; k < 2; k++) {
        aksu_interface_close(b.at[k]);
        aksu_path_free(b.path[k]);
    }
    return 0;
}
