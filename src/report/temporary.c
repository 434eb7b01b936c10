/* temporary.c - see temporary.h. All that outlives a call is here: a handler of signals has no
 * other way to know. Called by report.c. */
#include "report/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const int deadly[] = { SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGXFSZ };
enum { DEADLY = sizeof deadly / sizeof deadly[0] };

static _Atomic(const char *) unfinished;
static pid_t owner;                     /* a process that was forked leaves its parent's file */

static void remove_unfinished(void)
{
    const char *name = atomic_exchange(&unfinished, NULL);

    if (name != NULL && getpid() == owner)
        (void)unlink(name);
}

/* SA_RESETHAND: the second time the signal does what it always does, once this has returned. */
static void die(int number)
{
    remove_unfinished();
    (void)raise(number);
}

/* Once is enough: whoever has set a handler of his own since keeps it. */
static void watch_signals(void)
{
    struct sigaction now, ours = { .sa_handler = die, .sa_flags = (int)SA_RESETHAND };

    sigemptyset(&ours.sa_mask);
    for (unsigned i = 0; i < DEADLY; i++) {
        if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            (void)sigaction(deadly[i], &ours, NULL);
    }
}

static void watch(const char *name)
{
    static bool watching;

    owner = getpid();
    atomic_store(&unfinished, name);
    if (!watching && atexit(remove_unfinished) == 0)
        watch_signals();
    watching = true;
}

/* As a file that is opened by its name. */
static void set_mode(int fd)
{
    mode_t mask = umask(0);

    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
}

int report_make_temporary(char *name)
{
    sigset_t all, before;

    sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);    /* none between the file and its being known */
    int fd = mkostemp(name, O_CLOEXEC), error = errno;
    if (fd >= 0) {
        set_mode(fd);
        watch(name);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return fd;
}

void report_keep_temporary(void)
{
    atomic_store(&unfinished, NULL);
}
