/* control.h - the socket through which a running `serve` tells `aksu stat` what its connections do:
 * an AF_UNIX stream; a line "text" or "json" is asked, the answer follows, then the end. */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include <poll.h>
#include <stdio.h>

#include "aksu/host.h"

struct control {
    const char *path;
    int listener, client;           /* -1: none; one client at a time, the others wait */
    char *answer;
    size_t length, sent;
    aksu_time started;
    aksu_time deadline;             /* of the client; AKSU_NEVER: none */
};

/* Listens at `path`, for the user alone; NULL: no control socket. False: a sentence was written. */
bool control_open(struct control *c, const char *command, const char *path, aksu_time now);
void control_close(struct control *c);
/* What to wait for, and what to do then; it never waits itself. */
struct pollfd control_wants(const struct control *c);
void control_work(struct control *c, short ready, struct aksu_host *host, aksu_time now);

/* The report about a stack and its connections. */
void control_report(FILE *out, struct aksu_host *host, bool json, aksu_time started, aksu_time now);

#endif
