/* path_options.h - the options that describe a bad network. aksu run has them. */
#ifndef CLI_PATH_OPTIONS_H
#define CLI_PATH_OPTIONS_H

#include "cli/host_options.h"
#include "run/path.h"

enum cli_path_option { CLI_DELAY = CLI_OWN + 256, CLI_JITTER, CLI_RATE, CLI_QUEUE, CLI_CODEL,
                       CLI_LOSS, CLI_BURSTS, CLI_REORDER, CLI_DUPLICATE, CLI_CORRUPT, CLI_MARK,
                       CLI_CUT };
#define CLI_PATH_OPTIONS \
    { "delay", required_argument, NULL, CLI_DELAY }, \
    { "jitter", required_argument, NULL, CLI_JITTER }, \
    { "rate", required_argument, NULL, CLI_RATE }, \
    { "queue", required_argument, NULL, CLI_QUEUE }, \
    { "codel", no_argument, NULL, CLI_CODEL }, \
    { "loss", required_argument, NULL, CLI_LOSS }, \
    { "bursts", required_argument, NULL, CLI_BURSTS }, \
    { "reorder", required_argument, NULL, CLI_REORDER }, \
    { "duplicate", required_argument, NULL, CLI_DUPLICATE }, \
    { "corrupt", required_argument, NULL, CLI_CORRUPT }, \
    { "mark", required_argument, NULL, CLI_MARK }, \
    { "cut", required_argument, NULL, CLI_CUT }

/* The lines of --help for them. */
void cli_path_usage(FILE *out);
/* Whether the option is one of these. */
bool cli_path_has(int option);
/* Takes what getopt_long() has just read. False: a sentence was written; exit with CLI_USAGE. */
bool cli_path_take(struct run_path *p, const char *command, int option, const char *value);
/* What only makes sense together. False: a sentence was written. */
bool cli_path_fit(const struct run_path *p, const char *command);

#endif
