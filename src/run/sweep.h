/* sweep.h - finding the sockets that the program closed unseen. While we keep a copy of the
 * program's end (until it is connected), its close() is not told to us. */
#ifndef RUN_SWEEP_H
#define RUN_SWEEP_H

#include "aksu/types.h"

struct run;

/* Looks through /proc when the sockets that are not connected have become many. */
void run_sweep_if_many(struct run *run);
/* A socket begins to connect: look after it in a while. */
void run_sweep_later(struct run *run, aksu_time now);
/* Does what is due, and says when to call again. */
aksu_time run_sweep_timeouts(struct run *run, aksu_time now);

#endif
