/* lab_key.c - keys for lab_step.c, and signals that end it. Without a handler of ours curses would
 * end the program in its own, with exit status 1: that says that something did not hold. */
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "cli/lab_step.h"

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
enum { DEADLY = sizeof deadly / sizeof deadly[0] };

static volatile sig_atomic_t ended_by;
static sigset_t before;

static void note(int number)
{
    ended_by = number;
}

/* They come while a key is waited for, and only then: the screen is whole. */
void lab_key_open(void)
{
    struct sigaction now, ours = { .sa_handler = note };
    sigset_t taken;
    sigemptyset(&ours.sa_mask);
    sigemptyset(&taken);
    for (unsigned i = 0; i < DEADLY; i++)
        if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL
            && sigaction(deadly[i], &ours, NULL) == 0)
            (void)sigaddset(&taken, deadly[i]);
    (void)sigprocmask(SIG_BLOCK, &taken, &before);
}

int lab_key(void)
{
    struct pollfd keys = { .fd = STDIN_FILENO, .events = POLLIN };
    (void)nodelay(stdscr, TRUE);
    for (bool ready = false;;) {
        int key = getch();
        if (key != ERR || ready)        /* ready, and nothing there: the end of input */
            return key;
        int count = ppoll(&keys, 1, NULL, &before);
        ready = count > 0;
        if (ended_by != 0 || (count < 0 && errno != EINTR))
            return ERR;
    }
}

void lab_key_close(void)
{
    if (ended_by != 0)
        (void)signal(ended_by, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (ended_by != 0)
        (void)raise(ended_by);
}
