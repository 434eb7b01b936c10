/* trace_show.c - what aksu trace prints: a ladder for each connection with the sums below it, the
 * events as JSON lines, or a table. See trace.h. */
#include "cli/trace.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A ladder has memory for about a thousand segments; runs of text are summed up before. */
enum { LADDER_MEMORY = 128 << 10, LADDERS_MOST = 512 };

static const char *const name_of[2] = { "client", "server" };

struct drawn {
    struct aksu_ladder *ladder;
    char memory[LADDER_MEMORY];
};

static void write_stdout(void *context, const char *text, size_t length)
{
    (void)context;
    (void)fwrite(text, 1, length, stdout);
}

void trace_show_init(struct trace_show *show, const struct trace_options *options)
{
    const char *term = getenv("TERM"), *refused = getenv("NO_COLOR");

    (void)setlocale(LC_CTYPE, "");
    *show = (struct trace_show){ .options = options, .writer = { write_stdout, NULL } };
    show->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    show->colour = isatty(STDOUT_FILENO) && !(refused && *refused) && term &&
                   strcmp(term, "dumb") != 0;
}

/* --- the record of the events --- */

/* How many octets at `s` are one character of UTF-8 (RFC 3629 4); 0: they are none. */
static size_t character(const unsigned char *s)
{
    size_t length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3
                  : s[0] >> 3 == 30 ? 4 : 0;

    for (size_t i = 1; i < length; i++) {
        if (s[i] >> 6 != 2)
            return 0;
    }
    return length;
}

static void say(const struct trace_show *show, const char *text)
{
    show->writer.write(show->writer.context, text, strlen(text));
}

/* A file's name may have any octets: those that JSON cannot have become '?'. */
static void say_name(const struct trace_show *show, const char *name)
{
    const unsigned char *s = (const unsigned char *)name;

    while (*s) {
        size_t length = character(s);
        char text[8] = { 0 };
        if (length == 0 || *s < 0x20 || *s == 0x7f)
            strcpy(text, "?");
        else if (*s == '"' || *s == '\\')
            snprintf(text, sizeof text, "\\%c", *s);
        else
            memcpy(text, s, length);
        say(show, text);
        s += length > 0 ? length : 1;
    }
}

/* The header of the record, then lines of aksu/sink.h. */
void trace_show_start(struct trace_show *show, uint64_t seconds, uint32_t nanoseconds)
{
    char began[64];

    if (!show->options->json || show->options->summary)
        return;
    for (int i = 0; i < 2; i++)
        aksu_json_init(&show->json[i], show->writer, name_of[i]);
    say(show, "{\"record\":1,\"title\":\"");
    say_name(show, show->options->file);
    say(show, "\",\"lang\":\"en\",\"hosts\":[\"client\",\"server\"],\"command\":\"aksu trace ");
    say_name(show, show->options->file);
    snprintf(began, sizeof began, "\",\"began\":\"%" PRIu64 ".%09" PRIu32 "\"}\n", seconds,
             nanoseconds);
    say(show, began);
}

/* --- ladders --- */

static void draw(struct trace_show *show, struct trace_conn *c)
{
    struct drawn *d = show->ladders < LADDERS_MOST ? malloc(sizeof *d) : NULL;

    c->user = d;
    if (d == NULL)
        return;
    show->ladders++;
    d->ladder = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = { write_stdout, NULL }, .memory = d->memory, .memory_length = sizeof d->memory,
        .utf8 = show->utf8, .colour = show->colour, .at_end = true, .numbered = c->number - 1 });
    for (unsigned i = 0; i < 2; i++)
        c->sink[i] = aksu_ladder_side(d->ladder, i, name_of[i]);
}

void trace_show_begins(void *user, struct trace_conn *c)
{
    struct trace_show *show = user;

    if (show->options->summary)
        return;
    if (!show->options->json) {
        draw(show, c);
        return;
    }
    for (unsigned i = 0; i < 2; i++)
        c->sink[i] = &show->json[i].sink;
}

static void show_ladder(struct trace_show *show, struct trace_conn *c)
{
    struct drawn *d = c->user;
    char end[2][AKSU_ENDPOINT_TEXT];

    if (d != NULL) {
        aksu_ladder_finish(d->ladder);
        free(d);
        show->ladders--;
    } else {
        for (int i = 0; i < 2; i++)
            aksu_endpoint_text(&c->end[i].at, end[i]);
        printf("connection %" PRIu32 "  %s  <->  %s\n  not drawn: %d are drawn at a time; --filter "
               "'port %u' draws it\n", c->number, end[0], end[1], LADDERS_MOST,
               c->end[0].at.port);
    }
    trace_report_text(stdout, c);
}

void trace_show_ends(void *user, struct trace_conn *c)
{
    struct trace_show *show = user;

    if (show->options->summary && show->options->json)
        trace_report_json(stdout, c);
    else if (show->options->summary)
        trace_report_row(stdout, c);
    else if (!show->options->json)
        show_ladder(show, c);
}

void trace_show_finish(struct trace_show *show, const struct tracker *t)
{
    if (show->options->summary && show->options->json)
        trace_report_totals_json(stdout, t);
    else if (!show->options->json)
        trace_report_totals(stdout, t);
}
