/* loop.c - aksu run: opens everything, lets the program go, and turns one loop until it ends: calls
 * of the program, octets of its sockets, frames between the two stacks, host sockets, time. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/calls.h"
#include "run/pump.h"
#include "run/run.h"
#include "run/signals.h"
#include "run/supervisor.h"
#include "run/sweep.h"

enum { FAILED = 125, ROUNDS = 16 };

/* How long the host gets to take what the program has sent before it ended. */
static const aksu_time DRAIN = AKSU_SECONDS(10);
/* With a device it is our own stack that must live so long: as long as frames come, but no longer
 * than this. */
static const aksu_time DRAIN_MOST = AKSU_SECONDS(60);
/* How long those who look on wait for a peer to close its side too. */
static const aksu_time FAREWELL = AKSU_MS(200);

static bool has_path(const struct run *run)
{
    return run->options->path.wanted;
}

/* A standard descriptor that was closed stays so for the program, but must not be one of ours. */
static void occupy_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
}

/* One descriptor, or two, for each socket of the program, and one on the host's side. */
static void raise_limits(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Frames and octets, until nothing moves or others should have their turn. true: there is more. */
static bool work(struct run *run, aksu_time now)
{
    bool any = true;

    for (int round = 0; any && round < ROUNDS; round++) {
        if (!run->gateway || has_path(run))
            now = gateway_clock();      /* round trips are real, and measured */
        any = run_net_move(&run->net, now);
        if (run->net.device.gone && !run->cut_off) {
            run->cut_off = true;
            run_pump_cut_off(run, now);
        }
        any = run_pump_readiness(run, now) || any;
        any = run_pump_work(run, now) || any;
        any = (run->gateway && gateway_work(run->gateway, now)) || any;
    }
    return any;
}

static aksu_time earlier(aksu_time a, aksu_time b)
{
    return a < b ? a : b;
}

/* All that is possible now. Returns until when to wait for more, `limit` at most. */
static aksu_time step(struct run *run, aksu_time limit)
{
    aksu_time now = gateway_clock();
    aksu_time next = earlier(limit, run_sweep_timeouts(run, now));

    next = earlier(next, run_connect_timeouts(run, now));
    run_net_timeouts(&run->net, now);
    bool more = work(run, now);
    next = earlier(next, run_net_timeouts(&run->net, now));
    run_trace_flush(&run->trace);
    return more ? 0 : next;
}

static void turn(struct run *run, aksu_time limit)
{
    gateway_poller_wait(&run->poller, step(run, limit));
}

/* Connections of the program that have not ended, as far as its side is concerned. */
static bool program_owes(const struct run *run)
{
    for (size_t i = 0; i < run->sockets.buckets; i++) {
        for (const struct run_socket *s = run->sockets.bucket[i]; s; s = s->chain) {
            if (s->state == RUN_CONNECTED)
                return true;
        }
    }
    return false;
}

/* Or octets that it has sent are still on their way to the host, or to the peers on the device. */
static bool owes(const struct run *run)
{
    return program_owes(run)
           || (run->gateway ? gateway_owes(run->gateway) > 0 : run_device_owes(&run->net.device));
}

static uint64_t frames_in(const struct run *run)
{
    if (has_path(run)) {
        struct aksu_path_counts from, to;
        aksu_path_counts(run->net.path[0], &from);
        aksu_path_counts(run->net.path[1], &to);
        return from.out + to.out;
    }
    return run->gateway ? 0 : aksu_host_interface(run->net.device.host)->frames_in;
}

static void pay(struct run *run)
{
    aksu_time begun = gateway_clock();
    aksu_time limit = begun + DRAIN;
    uint64_t seen = frames_in(run);

    while (!run->stop && gateway_clock() < limit) {
        aksu_time next = step(run, limit);
        if (!owes(run))
            return;
        gateway_poller_wait(&run->poller, next);
        if (frames_in(run) != seen)
            limit = earlier(gateway_clock() + DRAIN, begun + DRAIN_MOST);
        seen = frames_in(run);
    }
}

static void drain(struct run *run)
{
    /* One turn for what the kernel has to say of the sockets that were just closed. */
    turn(run, 0);
    if (!run->gateway)
        run_pump_stop_connecting(run, gateway_clock());
    pay(run);
    if (!run->trace.guest || !run->gateway)
        return;
    aksu_time limit = gateway_clock() + FAREWELL + 4 * run_path_longest(&run->options->path);
    while ((gateway_connections(run->gateway) > 0 || run_net_is_open(&run->net))
           && gateway_clock() < limit && !run->stop)
        turn(run, limit);
    turn(run, 0);
}

/* Whoever reads what the program writes should see it end with the program, not with us. */
static void let_go(int first, int last)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = first; fd <= last && null >= 0; fd++)
        dup2(null, fd);
    close(null);
}

/* The program has left others behind, daemons or jobs in the background. They are served on by a
 * process of their own, so that the caller gets its prompt back. true: we are that process. The
 * other must touch nothing any more, as descriptors and what they are registered for are shared. */
static bool detach(struct run *run)
{
    fflush(NULL);
    run->detached = true;
    if (fork() != 0)
        return false;                   /* without one they are on their own */
    if (!run->trace.guest)
        let_go(STDERR_FILENO, STDERR_FILENO);
    return run_signals_open(run);
}

static void close_all(struct run *run)
{
    if (has_path(run))
        run_summary_print(&run->trace.summary, run->net.path, run->options->path.seed, stderr);
    run_sockets_fini(&run->sockets);
    run_notify_close(&run->notify);
    run_linker_close(&run->linker);
    if (run->gateway)
        gateway_free(run->gateway, gateway_clock());
    run_net_close(&run->net);
    run->trace.ran = run_child_ran(&run->child);
    run_trace_close(&run->trace);
    gateway_poller_fini(&run->poller);
}

static void serve(struct run *run)
{
    while (!run->child.ended)
        turn(run, AKSU_NEVER);
    if (run_notify_deserted(&run->notify)) {
        drain(run);
        close_all(run);
    } else if (detach(run)) {
        while (!run->stop && !run_notify_deserted(&run->notify))
            turn(run, gateway_clock() + AKSU_SECONDS(1));
        drain(run);
        close_all(run);
        _exit(0);
    } else {
        _exit(run_child_exit(&run->child));
    }
}

static bool open_net(struct run *run)
{
    aksu_time now = gateway_clock();

    return run_trace_open(&run->trace, run->options, run->program, now)
           && run_net_open(&run->net, run->options, &run->poller, &run->trace, now);
}

static bool open_gateway(struct run *run)
{
    struct gateway_config config = { .poller = &run->poller, .net = run->net.world };

    run->gateway = gateway_new(&config, gateway_clock());
    return run->gateway != NULL;
}

static bool open_all(struct run *run)
{
    bool on_device = run_net_has_device(&run->net);

    if (!on_device && !open_net(run))
        return false;
    if ((on_device || open_gateway(run)) && run_signals_open(run) && run_linker_open(&run->linker)
        && run_notify_open(&run->notify, run, run->child.notify))
        return true;
    fprintf(stderr, "aksu run: cannot start: %s\n", strerror(errno));
    return false;
}

static void explain_end(const struct run *run)
{
    if (WIFSIGNALED(run->child.status) && WTERMSIG(run->child.status) == SIGSYS)
        fprintf(stderr, "aksu run: %s made a system call of another architecture (is it a 32-bit "
                "program?): only programs of this machine's own kind can be run\n", run->program);
}

int run_program(const struct run_options *options, char *const argv[])
{
    struct run run = { .options = options, .program = argv[0], .sweep_at = AKSU_NEVER,
                       .signals = { .fd = -1 } };
    sigset_t before;

    occupy_standard();
    if (!gateway_poller_init(&run.poller) || !run_sockets_init(&run.sockets)) {
        fprintf(stderr, "aksu run: cannot start: %s\n", strerror(errno));
        return FAILED;
    }
    /* To wait for an address may take a while, and can be interrupted. */
    if (options->host && !open_net(&run)) {
        run_trace_close(&run.trace);
        return FAILED;
    }
    run_signals_block(&before);
    if (!run_child_start(&run.child, argv, &before)) {
        run_net_close(&run.net);
        run_trace_close(&run.trace);
        return FAILED;
    }
    signal(SIGPIPE, SIG_IGN);               /* who reads the log may leave, the program goes on */
    raise_limits();
    if (has_path(&run))
        prctl(PR_SET_TIMERSLACK, 1);        /* frames leave at their time */
    /* Orphans of the program stay our descendants: only those may we look into (Yama). */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!open_all(&run)) {
        run_child_cancel(&run.child);
        return FAILED;
    }
    let_go(STDIN_FILENO, STDOUT_FILENO);
    run_net_start(&run.net, options, gateway_clock());
    run_child_release(&run.child);
    serve(&run);
    explain_end(&run);
    return run_child_exit(&run.child);
}
