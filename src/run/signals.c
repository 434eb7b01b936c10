/* signals.c - signalfd: children that ended are reaped, signals of other processes are passed on.
 * loop.c opens it. */
#include "run/signals.h"

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/supervisor.h"

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void wanted(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++)
        sigaddset(set, passed_on[i]);
}

void run_signals_block(sigset_t *before)
{
    sigset_t set;

    wanted(&set);
    sigprocmask(SIG_BLOCK, &set, before);
}

/* Orphans of the program become our children, see loop.c. */
static void reap(struct run *run)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == run->child.pid && !run->child.ended) {
            run->child.ended = true;
            run->child.status = status;
        }
    }
}

static void pass_on(struct run *run, const struct signalfd_siginfo *info)
{
    int number = (int)info->ssi_signo;

    if (run->detached)
        run->stop = run->stop || number == SIGTERM;
    else if (run->child.ended)
        run->stop = true;
    else if (info->ssi_code <= 0)
        kill(run->child.pid, number);
    /* Else the terminal sent it, to the program as well as to us. */
}

static void signals_ready(struct gateway_watch *watch, uint32_t events, aksu_time now)
{
    struct run *run = GATEWAY_HOLDER(struct run, signals, watch);
    struct signalfd_siginfo info;

    (void)events;
    (void)now;
    while (read(watch->fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(run);
        else
            pass_on(run, &info);
    }
}

bool run_signals_open(struct run *run)
{
    sigset_t set;

    wanted(&set);
    gateway_poller_close(&run->poller, &run->signals);
    run->signals.ready = signals_ready;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 && gateway_poller_add(&run->poller, &run->signals, fd, EPOLLIN);
}
