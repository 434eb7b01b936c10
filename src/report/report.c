/* report.c - see report.h. The file is written under another name in the same directory, and gets
 * its own when it is whole (temporary.c). What is no regular file (a terminal, a pipe) is written
 * as it comes. Called by src/run/trace.c and src/cli/report_command.c. */
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/page.h"
#include "report/temporary.h"

/* A browser holds about ten times of it; with it a page of a million segments would not open. */
enum { OCTETS_MOST = 48 << 20 };

struct report {
    const char *command, *path;
    char *temporary;            /* NULL: written in place */
    FILE *file;
    size_t octets, left_out;    /* of lines; lines */
    bool in_line, skips;
};

static void put_octet(FILE *file, char c)
{
    if (c == '<')                       /* nothing in a record may end the script that it is in */
        fputs("\\u003c", file);
    else
        putc(c, file);
}

static void put_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            fprintf(file, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            putc('\\', file);
        put_octet(file, *text);
    }
    putc('"', file);
}

static void put_header(FILE *file, const struct report_config *config, const char *lang)
{
    fputs("{\"record\":1,\"title\":", file);
    put_string(file, config->title);
    fputs(",\"lang\":", file);
    put_string(file, lang);
    fputs(",\"hosts\":[", file);
    for (size_t i = 0; config->hosts && config->hosts[i]; i++) {
        if (i > 0)
            putc(',', file);
        put_string(file, config->hosts[i]);
    }
    putc(']', file);
    if (config->run) {
        fputs(",\"command\":", file);
        put_string(file, config->run);
    }
    fputs("}\n", file);
}

/* The first of these that says something, as for messages of any program (POSIX 8.2). */
static const char *locale_language(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strncmp(value, "ko", 2) == 0 ? "ko" : "en";
    }
    return "en";
}

/* Where the lines belong in the page. */
static size_t find_here(void)
{
    const unsigned char *here = memmem(report_page, report_page_length, "\n" REPORT_HERE,
                                       strlen("\n" REPORT_HERE));
    return here ? (size_t)(here - report_page) + 1 : report_page_length;
}

static void refuse(const struct report *r, int error)
{
    if (r->path[0] == '\0')
        fprintf(stderr, "%s: the report needs a name, not ''\n", r->command);
    else
        fprintf(stderr, "%s: the report %s cannot be written: %s\n", r->command, r->path,
                error == ENOTUNIQ ? "it would replace the file that is read" : strerror(error));
}

static FILE *open_beside(struct report *r)
{
    static const char more[] = ".XXXXXX";
    size_t length = strlen(r->path);

    r->temporary = malloc(length + sizeof more);
    if (!r->temporary)
        return NULL;
    memcpy(r->temporary, r->path, length);
    memcpy(r->temporary + length, more, sizeof more);
    int fd = report_make_temporary(r->temporary);
    if (fd < 0) {
        free(r->temporary);
        r->temporary = NULL;
        return NULL;
    }
    return fdopen(fd, "w");
}

static bool is_same(const struct stat *about, const char *from)
{
    struct stat other;
    return from != NULL && stat(from, &other) == 0 && other.st_dev == about->st_dev &&
           other.st_ino == about->st_ino;
}

static bool open_file(struct report *r, const char *from)
{
    struct stat about;
    bool there = stat(r->path, &about) == 0;

    if (there && S_ISDIR(about.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (there && S_ISREG(about.st_mode) && access(r->path, W_OK) < 0)
        return false;                                   /* a file that is protected stays */
    if (there && is_same(&about, from)) {
        errno = ENOTUNIQ;
        return false;
    }
    r->file = there && !S_ISREG(about.st_mode) ? fopen(r->path, "we") : open_beside(r);
    return r->file != NULL;
}

struct report *report_open(const struct report_config *config)
{
    struct report *r = calloc(1, sizeof *r);

    if (!r) {
        fprintf(stderr, "%s: no memory for the report\n", config->command);
        return NULL;
    }
    r->command = config->command;
    r->path = config->path;
    if (!open_file(r, config->from)) {
        refuse(r, errno);
        free(r);
        return NULL;
    }
    fwrite(report_page, 1, find_here(), r->file);
    if (!config->headed)
        put_header(r->file, config, config->lang ? config->lang : locale_language());
    return r;
}

static void put_octets(FILE *file, const char *text, size_t length)
{
    const char *end = text + length, *found;

    for (; (found = memchr(text, '<', (size_t)(end - text))) != NULL; text = found + 1) {
        fwrite(text, 1, (size_t)(found - text), file);
        put_octet(file, *found);
    }
    fwrite(text, 1, (size_t)(end - text), file);
}

/* A line is there whole or not at all. */
static void write_lines(void *context, const char *text, size_t length)
{
    struct report *r = context;
    const char *end = text + length, *next;

    for (; text < end; text = next) {
        if (!r->in_line) {
            r->skips = r->octets >= OCTETS_MOST;
            r->left_out += r->skips;
        }
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        next = newline ? newline + 1 : end;
        r->in_line = newline == NULL;
        if (r->skips)
            continue;
        put_octets(r->file, text, (size_t)(next - text));
        r->octets += (size_t)(next - text);
    }
}

struct aksu_writer report_writer(struct report *report)
{
    return (struct aksu_writer){ write_lines, report };
}

static void say_left_out(struct report *r)
{
    if (r->left_out == 0)
        return;
    fprintf(stderr, "%s: the report %s has the first %zu MiB of events; %zu more were left out\n",
            r->command, r->path, r->octets >> 20, r->left_out);
    fprintf(r->file, "{\"note\":\"%zu more events were left out\"}\n", r->left_out);
}

/* 0, or why the file is not whole. */
static int end_file(struct report *r)
{
    size_t here = find_here() + strlen(REPORT_HERE);
    int error = 0;

    if (r->in_line)
        putc('\n', r->file);
    say_left_out(r);
    if (here < report_page_length)
        fwrite(report_page + here, 1, report_page_length - here, r->file);
    if (fflush(r->file) != 0)
        error = errno;
    if (ferror(r->file) && error == 0)
        error = EIO;                                    /* an earlier one: why is forgotten */
    if (fclose(r->file) != 0 && error == 0)
        error = errno;
    return error;
}

static void forget(struct report *r)
{
    if (r->temporary)
        report_keep_temporary();
    free(r->temporary);
    free(r);
}

bool report_close(struct report *r)
{
    int error = end_file(r);

    if (error == 0 && r->temporary && rename(r->temporary, r->path) < 0)
        error = errno;
    if (error != 0)
        refuse(r, error);
    if (error != 0 && r->temporary)
        (void)unlink(r->temporary);
    forget(r);
    return error == 0;
}

void report_drop(struct report *r)
{
    (void)end_file(r);
    if (r->temporary)
        (void)unlink(r->temporary);
    forget(r);
}
