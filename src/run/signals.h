/* signals.h - signals as descriptors: the program's end, and what is to be passed on to it. */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct run;

/* Blocks the signals that run_signals_open wants; `before` is the mask to give the program. */
void run_signals_block(sigset_t *before);
/* false: errno says why. Again after a fork: a descriptor tells of the process that made it. */
bool run_signals_open(struct run *run);

#endif
