/* cli.h - the aksu program: one file per command, each a cli_<command>(). */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#define CLI_VERSION "0.1.0"

/* Exit status when the command line makes no sense, or the command itself could not do its work. */
enum { CLI_USAGE = 125 };

/* Arguments as for main(), argv[0] is the command's name. They return the exit status. */
int cli_run(int argc, char **argv);
int cli_ping(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_get(int argc, char **argv);
int cli_stat(int argc, char **argv);
int cli_explore(int argc, char **argv);
int cli_lab(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_trace(int argc, char **argv);

/* One sentence on stderr for what getopt_long() has just refused (it returned '?' or ':'), with the
 * option that was probably meant. Returns CLI_USAGE. */
int cli_refuse(const char *command, char *const argv[], const struct option *options, int answer);
/* 0, or CLI_USAGE and a sentence: what was printed could not be written. */
int cli_printed(const char *command);
/* Insertions, deletions and replacements that make one word of the other. */
unsigned cli_distance(const char *a, const char *b);
/* The word of `words` (NULL ends them) that is most like this one, or NULL. */
const char *cli_nearest(const char *word, const char *const words[]);
/* Whether this can be the name of a file to write: not "", not what begins with '-', which is an
 * option or meant as standard output. false: a sentence names `option`. */
bool cli_file(const char *command, const char *option, const char *name);
/* Whether two files to write are two; NULL is none. false: a sentence was written. */
bool cli_files_differ(const char *command, const char *option, const char *name,
                      const char *other_option, const char *other);
/* "aksu run --seed 1 -- curl 'a b'": the command line as a shell would take it. malloc()ed; NULL:
 * no memory. */
char *cli_command_line(int argc, char *const argv[]);
/* A number from least to most. false: it is not one; a sentence names `option`. */
bool cli_number(const char *command, const char *option, const char *text, uint64_t least,
                uint64_t most, uint64_t *out);

#endif
