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
    struct aksu_tee_sink tee[2];
    char memory[LADDER_MEMORY];
};

static void write_stdout(void *context, const char *text, size_t length)
{
    (void)context;
    (void)fwrite(text, 1, length, stdout);
}

/* The report is of the file, under its last name. */
static bool open_report(struct trace_show *show)
{
    const char *slash = strrchr(show->options->file, '/');
    const char *const hosts[] = { name_of[0], name_of[1], NULL };

    show->report = report_open(&(struct report_config){ .command = "aksu trace",
        .path = show->options->html, .from = show->options->file, .lang = show->options->lang,
        .title = slash ? slash + 1 : show->options->file,
        .hosts = hosts });
    for (int i = 0; i < 2 && show->report != NULL; i++)
        aksu_json_init(&show->html[i], report_writer(show->report), name_of[i]);
    return show->report != NULL;
}

void trace_show_init(struct trace_show *show, const struct trace_options *options)
{
    const char *term = getenv("TERM"), *refused = getenv("NO_COLOR");

    (void)setlocale(LC_CTYPE, "");
    *show = (struct trace_show){ .options = options };
    show->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    show->colour = isatty(STDOUT_FILENO) && !(refused && *refused) && term &&
                   strcmp(term, "dumb") != 0;
}

bool trace_show_open(struct trace_show *show)
{
    bool lines = show->options->json && !show->options->summary;

    if (show->options->html != NULL && !open_report(show))
        return false;
    for (int i = 0; i < 2; i++) {
        struct aksu_sink *const to[] = { lines ? &show->json[i].sink : NULL,
                                         show->report ? &show->html[i].sink : NULL };
        aksu_json_init(&show->json[i], (struct aksu_writer){ write_stdout, NULL }, name_of[i]);
        aksu_tee_init(&show->events[i], to, 2);
    }
    if (show->options->summary && !show->options->json)
        trace_report_heading(stdout);
    return true;
}

bool trace_show_close(struct trace_show *show)
{
    return show->report == NULL || report_close(show->report);
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

/* A file's name may have any octets: those that JSON cannot have become '?'. */
static void say_name(const char *name)
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
        fputs(text, stdout);
        s += length > 0 ? length : 1;
    }
}

/* The header of the record, then lines of aksu/sink.h. */
void trace_show_start(struct trace_show *show, uint64_t seconds, uint32_t nanoseconds)
{
    if (!show->options->json || show->options->summary)
        return;
    fputs("{\"record\":1,\"title\":\"", stdout);
    say_name(show->options->file);
    fputs("\",\"lang\":\"en\",\"hosts\":[\"client\",\"server\"],\"command\":\"aksu trace ", stdout);
    say_name(show->options->file);
    printf("\",\"began\":\"%" PRIu64 ".%09" PRIu32 "\"}\n", seconds, nanoseconds);
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
    for (unsigned i = 0; i < 2; i++) {
        struct aksu_sink *const to[] = { aksu_ladder_side(d->ladder, i, name_of[i]), c->sink[i] };
        aksu_tee_init(&d->tee[i], to, 2);
        c->sink[i] = &d->tee[i].sink;
    }
}

void trace_show_begins(void *user, struct trace_conn *c)
{
    struct trace_show *show = user;

    for (unsigned i = 0; i < 2; i++)
        c->sink[i] = show->events[i].count > 0 ? &show->events[i].sink : NULL;
    if (!show->options->summary && !show->options->json)
        draw(show, c);
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
