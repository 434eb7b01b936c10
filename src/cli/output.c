/* output.c - the names of files that are written: what can be one, the same rule for every command.
 * '-' is standard output only where nothing else is printed there: lines of JSON of aksu lab. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

bool cli_file(const char *command, const char *option, const char *name)
{
    if (name[0] != '-' && name[0] != '\0')
        return true;
    fprintf(stderr, "aksu %s: %s takes the name of a file, not '%s'", command, option, name);
    if (name[0] != '\0')
        fprintf(stderr, " (write ./%s if it is one)", name);
    putc('\n', stderr);
    return false;
}

static bool is_one_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Files that are not there yet: one name in one directory. */
static bool will_be_one(const char *a, const char *b)
{
    const char *const name[2] = { a, b };
    char path[2][PATH_MAX];
    struct stat directory[2];

    if (strcmp(last_name(a), last_name(b)) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path[i], sizeof path[i], "%s", name[i]);
        if (stat(dirname(path[i]), &directory[i]) != 0)
            return false;
    }
    return is_one_file(&directory[0], &directory[1]);
}

bool cli_files_differ(const char *command, const char *option, const char *name,
                      const char *other_option, const char *other)
{
    struct stat about[2];

    if (name == NULL || other == NULL)
        return true;
    bool there = stat(name, &about[0]) == 0, other_there = stat(other, &about[1]) == 0;
    bool one = there && other_there ? S_ISREG(about[0].st_mode) && is_one_file(&about[0], &about[1])
        : !there && !other_there && will_be_one(name, other);
    if (one)
        fprintf(stderr, "aksu %s: %s and %s name one file, %s; each needs its own\n", command,
                option, other_option, other);
    return !one;
}
