/* serve_command.h - the command line of `aksu serve`, what was opened for it, and what its user is
 * told. */
#ifndef CLI_SERVE_COMMAND_H
#define CLI_SERVE_COMMAND_H

#include "cli/answer.h"
#include "cli/control.h"
#include "cli/host_options.h"

struct serve_command {
    const char *directory, *control_path;   /* NULL: no control socket */
    bool writable;
    uint16_t port;
    int signals;                    /* readable when it is to end */
    struct cli_host host;
    struct answers answers;
    struct control control;
};

/* serve.c. Serves until a signal comes. False: a sentence was written. */
bool serve(struct serve_command *command);
/* Where the files can be had: a line for this address. */
void serve_tell(const struct serve_command *s, const struct aksu_address *address);

#endif
