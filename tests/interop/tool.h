/* tool.h - the host of tests/interop/tool.c, opened as its options say. */
#ifndef INTEROP_TOOL_H
#define INTEROP_TOOL_H

#include <stdio.h>

#include "aksu/host.h"
#include "aksu/sink.h"

enum { TOOL_LIST = 1024 };
struct tool_host {
    struct aksu_sink sink;              /* first */
    struct aksu_host *host;
    uint32_t watched;                   /* the connection that was opened last */
    char path[TOOL_LIST];               /* its states, */
    char signals[TOOL_LIST];            /* and what its user was told */
    struct aksu_text_sink text;
    struct aksu_tee_sink tee;
    FILE *events;
};

/* False: a sentence was written to stderr. */
bool tool_open(struct tool_host *at, int argc, char **argv);
void tool_close(struct tool_host *at);

#endif
