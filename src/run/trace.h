/* trace.h - what the user asked to see of a run: ladder, text log, JSON lines. */
#ifndef RUN_TRACE_H
#define RUN_TRACE_H

#include <stdio.h>

#include "aksu/sink.h"
#include "report/report.h"
#include "run/run.h"
#include "run/summary.h"

struct run_trace {
    struct aksu_sink *guest, *world;    /* for the two stacks; NULL: nobody looks. With a device
                                           there is no world */
    FILE *json_file;
    struct report *report;
    struct aksu_writer html;            /* into the report */
    void *ladder_memory;
    struct aksu_ladder *ladder;
    struct aksu_json_sink json[2];
    struct aksu_text_sink text[2];
    struct aksu_tee_sink tee[2];
    struct run_summary summary;         /* with a path */
    bool unflushed;
    bool ran;                           /* the program: else no page of it is left */
};

/* `program` is borrowed until close. false: a sentence was written to stderr. */
bool run_trace_open(struct run_trace *trace, const struct run_options *options,
                    const char *program, aksu_time now);
/* Writes out what has been collected; call before sleeping. */
void run_trace_flush(struct run_trace *trace);
/* Without `ran` the page is dropped: an older one may have its name. */
void run_trace_close(struct run_trace *trace);

#endif
