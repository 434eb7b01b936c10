/* child.h - the program: started behind the filter, signalled, and ended. */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct run_child {
    pid_t pid;
    int notify;                 /* its calls are announced here; the caller's to close */
    int start;                  /* see run_child_release */
    bool ended;
    int status;                 /* of waitpid, once it ended */
};

/* Forks, installs the filter, and holds the program before its execve(). false: a sentence was
 * written to stderr. `mask` is the signal mask that the program gets. */
bool run_child_start(struct run_child *child, char *const argv[], const sigset_t *mask);
/* Lets the program go. */
void run_child_release(struct run_child *child);
/* Takes it back before it was released, without a trace. */
void run_child_cancel(struct run_child *child);
/* When it has ended. false: there was no such program, or it could not be run. */
bool run_child_ran(const struct run_child *child);
/* What the program's end means for us: its exit status, or the death by its signal. */
int run_child_exit(const struct run_child *child);

#endif
