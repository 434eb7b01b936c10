/* lab_lines.h - what stands above the TCBs in aksu lab --step, as lines. */
#ifndef CLI_LAB_LINES_H
#define CLI_LAB_LINES_H

#include "cli/lab_step.h"

struct lab_lines {
    char *text;                 /* each ends with \n; NULL: there is none, or no memory */
    size_t length, room;
    unsigned count;
    unsigned before;            /* the first of those that are read from their beginning */
    unsigned step;              /* the first behind those that the last step changed */
    unsigned bold;              /* this one, from 1; 0: none */
};

/* For the cursor of `step`: the text of the act, also while nothing is drawn yet; or its ladder,
 * below it what the scenario looks at there, and at the end of the act its tables and checks. Of an
 * act that is not drawn, its tables from the start. */
struct lab_lines lab_lines_of(const struct lab_step *step);
void lab_lines_free(struct lab_lines *lines);
/* The first that is seen when there is room for `rows`: the last step, and as much as fits of what
 * is below it; `scroll` lines further up. */
unsigned lab_lines_first(const struct lab_lines *lines, unsigned rows, int scroll);

#endif
