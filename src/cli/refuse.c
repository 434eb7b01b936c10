/* refuse.c - what all commands say when they do not understand an argument. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { WORD = 32, OPTIONS = 64 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions and replacements that make one word of the other (Levenshtein's
 * distance). */
unsigned cli_distance(const char *a, const char *b)
{
    unsigned row[WORD + 1];
    size_t width = strlen(b);

    if (width > WORD)
        return WORD;
    for (size_t i = 0; i <= width; i++)
        row[i] = (unsigned)i;
    for (; *a; a++) {
        unsigned corner = row[0]++;
        for (size_t i = 1; i <= width; i++) {
            unsigned same = corner + (*a != b[i - 1]);
            corner = row[i];
            row[i] = least(same, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[width];
}

const char *cli_nearest(const char *word, const char *const words[])
{
    const char *nearest = NULL;
    unsigned best = 3;

    for (; *words; words++) {
        unsigned far = cli_distance(word, *words);
        if (far < best && far < strlen(*words)) {
            best = far;
            nearest = *words;
        }
    }
    return nearest;
}

int cli_printed(const char *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    fprintf(stderr, "aksu %s: cannot write: %s\n", command, strerror(errno));
    return CLI_USAGE;
}

/* getopt_long() names an option that is there, when it is one without a value. */
static const char *flag_with_value(const struct option *options, const char *word)
{
    size_t length = strcspn(word, "=");

    for (; options->name != NULL; options++)
        if (options->val == optopt && options->has_arg == no_argument && word[length] == '='
            && strncmp(word, "--", 2) == 0)
            return options->name;
    return NULL;
}

int cli_refuse(const char *command, char *const argv[], const struct option *options, int answer)
{
    const char *word = argv[optind - 1];
    const char *names[OPTIONS + 1] = { NULL };
    const char *flag = answer == '?' ? flag_with_value(options, word) : NULL;

    if (answer == ':') {
        fprintf(stderr, "aksu %s: %s needs a value (aksu %s --help)\n", command, word, command);
        return CLI_USAGE;
    }
    if (flag != NULL) {
        fprintf(stderr, "aksu %s: --%s takes no value (aksu %s --help)\n", command, flag, command);
        return CLI_USAGE;
    }
    if (optopt != 0) {                  /* a letter: the word may be the one before */
        fprintf(stderr, "aksu %s: there is no option -%c (aksu %s --help lists them)\n", command,
                optopt, command);
        return CLI_USAGE;
    }
    for (size_t i = 0; options[i].name && i < OPTIONS; i++)
        names[i] = options[i].name;
    const char *nearest = cli_nearest(word + 2, names);
    fprintf(stderr, "aksu %s: there is no option %s", command, word);
    if (nearest)
        fprintf(stderr, "; did you mean --%s?\n", nearest);
    else
        fprintf(stderr, " (aksu %s --help lists them)\n", command);
    return CLI_USAGE;
}

bool cli_number(const char *command, const char *option, const char *text, uint64_t lowest,
                uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 0);
    if (errno == 0 && end != text && *end == '\0' && text[0] != '-' && *out >= lowest
        && *out <= most)
        return true;
    fprintf(stderr, "aksu %s: %s takes a number from %" PRIu64 " to %" PRIu64 ", not '%s'\n",
            command, option, lowest, most, text);
    return false;
}
