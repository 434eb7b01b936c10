/* report_command.c - aksu report: events that were written as lines of JSON, by --json or by a
 * program's own aksu_json_init (aksu/sink.h), as a page to look at (src/report). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "report/report.h"

enum { TITLE = 256, LANGUAGE };

static const struct option options[] = {
    { "title", required_argument, NULL, TITLE },
    { "lang", required_argument, NULL, LANGUAGE },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu report [OPTIONS] EVENTS PAGE\n"
          "\n"
          "Makes a page of events: one HTML file, without a network, that draws the ladder\n"
          "and lets one step through it. EVENTS is what --json writes, or aksu_json_init\n"
          "(aksu/sink.h) in a program of one's own; - is standard input. PAGE is a file.\n"
          "\n"
          "  --title TEXT     above the page [the name of EVENTS]\n"
          "  --lang LANGUAGE  en or ko, to begin with [that of the locale]\n"
          "  -h, --help       this\n"
          "\n"
          "Exit status: 0 the page is there, 125 it is not.\n"
          "Example: aksu run --json events -- curl -s http://example.com/\n"
          "  aksu report events page.html\n", out);
}

struct lines {
    FILE *in;
    const char *path;
    char *text;
    size_t size, number;
    ssize_t length;
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The next line that is not empty. false: there is none. */
static bool next_line(struct lines *l)
{
    do {
        l->length = getline(&l->text, &l->size, l->in);
        l->number++;
    } while (l->length == 1 && l->text[0] == '\n');
    return l->length > 0;
}

/* Whether it can be a line of a record; the last one of a file that was cut is none. */
static bool is_object(const struct lines *l)
{
    ssize_t end = l->length;

    while (end > 0 && (l->text[end - 1] == '\n' || l->text[end - 1] == '\r'))
        end--;
    return end >= 2 && l->text[0] == '{' && l->text[end - 1] == '}'
           && memchr(l->text, '\0', (size_t)l->length) == NULL;
}

static int refuse_line(const struct lines *l)
{
    fprintf(stderr, "aksu report: line %zu of %s is no event: it wants a JSON object in each line, "
            "as aksu run --json writes them\n", l->number, l->path);
    return CLI_USAGE;
}

static int copy(struct lines *l, const struct report_config *config)
{
    if (!next_line(l)) {
        if (ferror(l->in))
            fprintf(stderr, "aksu report: %s cannot be read: %s\n", l->path, strerror(errno));
        else
            fprintf(stderr, "aksu report: there are no events in %s\n", l->path);
        return CLI_USAGE;
    }
    if (!is_object(l))
        return refuse_line(l);
    struct report_config how = *config;
    how.from = l->path;
    how.headed = starts_with(l->text, "{\"record\":");
    struct report *report = report_open(&how);
    if (!report)
        return CLI_USAGE;
    struct aksu_writer writer = report_writer(report);
    size_t others = 0;
    do {
        if (is_object(l))
            writer.write(writer.context, l->text, (size_t)l->length);
        else
            others++;
    } while (next_line(l));
    if (others > 0)
        fprintf(stderr, "aksu report: %s is not whole: %zu line%s of it %s no event, and left "
                "out\n", l->path, others, others > 1 ? "s" : "", others > 1 ? "are" : "is");
    return report_close(report) ? 0 : CLI_USAGE;
}

static int make(const struct report_config *config, const char *events)
{
    bool standard = strcmp(events, "-") == 0;
    struct lines l = { .in = standard ? stdin : fopen(events, "re"),
                       .path = standard ? "standard input" : events };

    if (!l.in) {
        fprintf(stderr, "aksu report: %s cannot be read: %s\n", events, strerror(errno));
        return CLI_USAGE;
    }
    int status = copy(&l, config);
    free(l.text);
    if (!standard)
        fclose(l.in);
    return status;
}

int cli_report(int argc, char **argv)
{
    struct report_config config = { .command = "aksu report" };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return cli_printed("report");
        }
        if (option == '?' || option == ':')
            return cli_refuse("report", argv, options, option);
        if (option == TITLE)
            config.title = optarg;
        else
            config.lang = optarg;
    }
    if (config.lang && strcmp(config.lang, "en") != 0 && strcmp(config.lang, "ko") != 0) {
        fprintf(stderr, "aksu report: --lang takes en or ko, not '%s'\n", config.lang);
        return CLI_USAGE;
    }
    if (argc - optind != 2) {
        fputs("aksu report: it takes two names: the events, and the page to make of them, as in "
              "aksu report events page.html\n", stderr);
        return CLI_USAGE;
    }
    if (!cli_file("report", "the page", argv[optind + 1]))
        return CLI_USAGE;
    const char *slash = strrchr(argv[optind], '/');
    config.title = config.title ? config.title : slash ? slash + 1 : argv[optind];
    config.path = argv[optind + 1];
    return make(&config, argv[optind]);
}
