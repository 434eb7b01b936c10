/* report.h - a connection in words, as a row of a table, as a JSON object. Called by aksu trace. */
#ifndef TRACE_REPORT_H
#define TRACE_REPORT_H

#include <stdio.h>

#include "trace/tracker.h"

/* How it ended, or what is missing, when nothing more comes: one sentence. */
enum { TRACE_SENTENCE = 320 };
void trace_report_end(const struct trace_conn *c, char out[TRACE_SENTENCE]);
/* The same in at most 9 columns; `c` and `s` in it are the client and the server. */
const char *trace_report_end_word(const struct trace_conn *c);
/* "host unreachable from 10.0.0.1": report_end.c has these three. */
enum { TRACE_ICMP_TEXT = 128 };
void trace_report_icmp(const struct trace_told *m, char out[TRACE_ICMP_TEXT]);
/* Segments of an end that repeat something. */
uint64_t trace_report_again(const struct trace_end *e);
/* Milliseconds with as many digits behind the point as 6 columns hold; "-" for AKSU_NEVER. */
enum { TRACE_MS = 32 };
void trace_report_ms(aksu_time t, char out[TRACE_MS]);

/* What stands below the ladder. */
void trace_report_text(FILE *out, const struct trace_conn *c);
/* The table of --summary, 80 columns wide. */
void trace_report_heading(FILE *out);
void trace_report_row(FILE *out, const struct trace_conn *c);
/* An object in one line. */
void trace_report_json(FILE *out, const struct trace_conn *c);
/* What the capture had besides, in as many lines as it takes; as JSON. */
void trace_report_totals(FILE *out, const struct tracker *t);
void trace_report_totals_json(FILE *out, const struct tracker *t);

#endif
