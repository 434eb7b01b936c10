/* said.h - the words of the last events that have some: what a reader of a ladder believes. */
#ifndef SCRIPT_SAID_H
#define SCRIPT_SAID_H

struct said {
    const char *again;          /* why something last left once more */
    const char *timer;          /* which timer last ran out */
};
extern struct said said;

#define check_text(got, want) script_check_text(__LINE__, (got), (want), #got)
void script_check_text(int line, const char *got, const char *want, const char *what);

#endif
