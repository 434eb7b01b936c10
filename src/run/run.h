/* run.h - a program with Aksu's TCP under its sockets. src/cli/run.c is the caller. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "aksu/host.h"
#include "run/path.h"

struct run_options {
    bool ladder;                /* diagrams on stderr */
    bool text;                  /* one line per event on stderr */
    const char *json;           /* events as JSON lines to this file; NULL: none */
    const char *html;           /* a report in this file; NULL: none ... */
    const char *command_line;   /* ... that names the whole command */
    bool seeded;                /* `seed` instead of the system's randomness */
    uint8_t seed[16];
    uint32_t mtu;               /* octets of an IP packet between the program and the gateway;
                                   with a device the host's config says it */
    bool fast_open;             /* every connect() may wait for text for its SYN; with a device */
    bool no_offload;            /* segments of one MTU even when nobody looks at them */
    struct run_path path;       /* the network between the program's stack and the gateway's, or
                                   the device; a summary follows at the end */
    /* The program's stack is this host; `stack` and `sink` are not used. NULL: a gateway
     * connects to everything by the kernel's sockets. */
    const struct aksu_host_config *host;
};

/* Runs argv[0] with its arguments and returns what the caller should exit with: the program's own
 * exit status, 127 (not found), 126 (cannot be run), 125 (aksu run itself failed, and has said
 * why). A program that died of a signal takes the caller with it by the same signal. */
int run_program(const struct run_options *options, char *const argv[]);

#endif
