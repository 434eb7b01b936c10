/* report.h - writes a record as one HTML file that shows it, without a network. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>

#include "aksu/sink.h"

struct report;

/* Texts are UTF-8, borrowed until report_open returns, but for `command` and `path`: until
 * report_close. */
struct report_config {
    const char *command;        /* who speaks in sentences on stderr: "aksu run" */
    const char *path;           /* a file; it is there when report_close was content, not before */
    const char *from;           /* the file that is read, or NULL: it is not replaced */
    const char *title;
    const char *lang;           /* "en" or "ko"; NULL: as the environment's locale says */
    const char *run;            /* the command line that gives this record again, or NULL */
    const char *const *hosts;   /* names from left to right, NULL ends them */
    bool headed;                /* the record has a header of its own: none is written */
};

/* NULL: a sentence was written to stderr. */
struct report *report_open(const struct report_config *config);
/* Takes lines of JSON, each an object: give it to aksu_json_init. */
struct aksu_writer report_writer(struct report *report);
/* Ends the file and gives it its name. false: a sentence was written to stderr, and nothing is
 * left; a file that had the name before is as it was. */
bool report_close(struct report *report);
/* Nothing is left, as if it had not been opened; what is no regular file keeps what it got. */
void report_drop(struct report *report);

#endif
