/* trace.h - what the files of `aksu trace` share: trace.c is its command line, trace_read.c reads
 * captures with libpcap, trace_show.c says what src/trace finds in them. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <stdio.h>

#include "aksu/sink.h"
#include "trace/report.h"

enum { TRACE_INCOMPLETE = 1 /* the exit status when the file ends too early */ };

struct trace_options {
    const char *file, *filter;      /* filter NULL: all packets */
    bool summary, json, verify;
    uint64_t connections;
};

/* What the user sees. An output that wants the record (a report in HTML) gives another writer. */
struct trace_show {
    const struct trace_options *options;
    struct aksu_writer writer;      /* of the JSON lines */
    struct aksu_json_sink json[2];
    unsigned ladders;               /* in memory */
    bool utf8, colour;
};

/* The callbacks of the tracker are trace_show_begins and trace_show_ends, its user the show. */
void trace_show_init(struct trace_show *show, const struct trace_options *options);
/* Before the first packet, of this time since 1970. */
void trace_show_start(struct trace_show *show, uint64_t seconds, uint32_t nanoseconds);
void trace_show_begins(void *user, struct trace_conn *c);
void trace_show_ends(void *user, struct trace_conn *c);
void trace_show_finish(struct trace_show *show, const struct tracker *t);

/* Reads all of the file. The exit status, after a sentence if that is not 0. */
int trace_read(const struct trace_options *options, struct tracker *t, struct trace_show *show);

#endif
