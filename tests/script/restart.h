/* restart.h - a script is put back to a moment in its middle and finished again: what it shows from
 * there on must be the same, octet for octet. At that moment the memory that the core owns is
 * copied out (base/region.h, as aksu_snapshot does); a child of this process goes on to the end
 * with the memory itself, which both share; then it is put back, and the parent goes on. */
#ifndef SCRIPT_RESTART_H
#define SCRIPT_RESTART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool.h"

/* Memory of a script, page-aligned, a multiple of 4096 octets: from now on shared with the child.
 * Does nothing without `restart_on(true)`. */
void restart_share(void *memory, size_t size);
void restart_on(bool on);

/* What is put back, of the script that begins: from `start` to the end of the pool that lies behind
 * it, or without a pool `size` octets. */
void restart_begin(void);
void restart_keeps(void *start, size_t size, struct pool *pool);

void restart_count(void);               /* the next runs are not put back */
void restart_at(unsigned long moment);  /* they are, to this one, from 1 */
void restart_here(void);                /* a moment */
unsigned long restart_moments(void);    /* of the run so far */
/* The end of the run. The child does not come back. False: both have not shown the same. */
bool restart_end(bool passed);

/* What is shown. */
void restart_shows(const void *octets, size_t length);
bool restart_listens(void);

#endif
