/* temporary.h - the file that a report is before it is whole. It goes when the program ends without
 * having finished it. */
#ifndef REPORT_TEMPORARY_H
#define REPORT_TEMPORARY_H

#include <stdbool.h>

/* Makes a file of this name, whose last six letters are X and become others, as mkstemp() does:
 * open for writing, its mode that of any new file. -1: errno. Until report_keep_temporary it is
 * unlinked when the program exits, or a signal that is neither ignored nor caught ends it; only one
 * file at a time, the last. `name` stays where it is meanwhile. */
int report_make_temporary(char *name);
/* It is what was wanted, or was unlinked. */
void report_keep_temporary(void);

#endif
