/* trace.h - what the files of `aksu trace` share: trace.c is its command line, trace_read.c reads
 * captures with libpcap, trace_show.c says what src/trace finds in them. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <stdio.h>

#include "aksu/sink.h"
#include "report/report.h"
#include "trace/report.h"

enum { TRACE_INCOMPLETE = 1 /* the exit status when the file ends too early */ };

struct trace_options {
    const char *file;
    const char *filter, *html;      /* NULL: all packets; no report */
    const char *lang;               /* of the report: "en", "ko"; NULL: that of the locale */
    bool summary, json, verify;
    uint64_t connections;
};

/* What the user sees. */
struct trace_show {
    const struct trace_options *options;
    struct report *report;          /* --html; NULL: none */
    struct aksu_json_sink json[2], html[2];
    struct aksu_tee_sink events[2]; /* to those of both that are wanted */
    unsigned ladders;               /* in memory */
    bool utf8, colour;
};

/* The callbacks of the tracker are trace_show_begins and trace_show_ends, its user the show. */
void trace_show_init(struct trace_show *show, const struct trace_options *options);
/* Once the file is known to be a capture. False: a sentence was written. */
bool trace_show_open(struct trace_show *show);
/* Before the first packet, of this time since 1970. */
void trace_show_start(struct trace_show *show, uint64_t seconds, uint32_t nanoseconds);
void trace_show_begins(void *user, struct trace_conn *c);
void trace_show_ends(void *user, struct trace_conn *c);
void trace_show_finish(struct trace_show *show, const struct tracker *t);
/* False: a sentence was written, the report is not there. */
bool trace_show_close(struct trace_show *show);

/* Reads all of the file. The exit status, after a sentence if that is not 0. */
int trace_read(const struct trace_options *options, struct tracker *t, struct trace_show *show);

#endif
