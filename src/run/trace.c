/* trace.c - builds the sinks of both stacks from the options. loop.c opens, flushes and closes. */
#include "run/trace.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const host_name[2] = { "guest", "gateway" };

static void write_stderr(void *context, const char *text, size_t length)
{
    struct run_trace *trace = context;

    fwrite(text, 1, length, stderr);
    trace->unflushed = true;
}

static void write_json(void *context, const char *text, size_t length)
{
    struct run_trace *trace = context;

    if (trace->json_file)
        fwrite(text, 1, length, trace->json_file);
    if (trace->report)
        trace->html.write(trace->html.context, text, length);
    trace->unflushed = true;
}

static bool want_colour(void)
{
    const char *term = getenv("TERM");
    const char *refused = getenv("NO_COLOR");

    return isatty(STDERR_FILENO) && !(refused && *refused) && term && strcmp(term, "dumb") != 0;
}

static bool want_utf8(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool open_ladder(struct run_trace *trace, const char *program, bool alone)
{
    trace->ladder_memory = malloc(AKSU_LADDER_MEMORY);
    if (!trace->ladder_memory) {
        fputs("aksu run: no memory for the ladder\n", stderr);
        return false;
    }
    struct aksu_ladder_config config = {
        .writer = { write_stderr, trace },
        .memory = trace->ladder_memory,
        .memory_length = AKSU_LADDER_MEMORY,
        .utf8 = want_utf8(),
        .colour = want_colour(),
    };
    trace->ladder = aksu_ladder_init(&config);
    trace->tee[0].to[0] = aksu_ladder_side(trace->ladder, 0, program);
    if (!alone)
        trace->tee[1].to[0] = aksu_ladder_side(trace->ladder, 1, host_name[1]);
    return true;
}

static bool open_json(struct run_trace *trace, const char *path)
{
    trace->json_file = fopen(path, "we");
    if (!trace->json_file) {
        fprintf(stderr, "aksu run: %s cannot be written: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

static bool open_report(struct run_trace *trace, const struct run_options *options,
                        const char *program)
{
    const char *const hosts[] = { host_name[0], options->host ? NULL : host_name[1], NULL };

    trace->report = report_open(&(struct report_config){
        .command = "aksu run", .path = options->html, .title = program,
        .run = options->command_line, .hosts = hosts });
    if (!trace->report)
        return false;
    trace->html = report_writer(trace->report);
    return true;
}

/* One sink for both: the lines are the same. */
static bool open_lines(struct run_trace *trace, const struct run_options *options,
                       const char *program)
{
    if (options->json && !open_json(trace, options->json))
        return false;
    if (options->html && !open_report(trace, options, program))
        return false;
    for (int i = 0; i < 2; i++)
        aksu_json_init(&trace->json[i], (struct aksu_writer){ write_json, trace }, host_name[i]);
    return true;
}

bool run_trace_open(struct run_trace *trace, const struct run_options *options,
                    const char *program, aksu_time now)
{
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    bool lines = options->json != NULL || options->html != NULL;

    *trace = (struct run_trace){ 0 };
    if (options->ladder || options->text)
        setvbuf(stderr, NULL, _IOFBF, BUFSIZ);
    if (options->ladder && !open_ladder(trace, name, options->host != NULL))
        return false;
    if (!open_lines(trace, options, name)) {
        run_trace_close(trace);
        return false;
    }
    for (int i = 0; i < 2 && options->text; i++) {
        aksu_text_init(&trace->text[i], (struct aksu_writer){ write_stderr, trace }, host_name[i]);
        trace->text[i].first = now;             /* one clock for both hosts */
    }
    run_summary_init(&trace->summary, options->host == NULL);
    if (!options->ladder && !lines && !options->text && !options->path.wanted)
        return true;
    struct run_summary_side *side[2] = { &trace->summary.guest, &trace->summary.world };
    for (int i = 0; i < 2; i++) {
        struct aksu_sink *to[4] = { trace->tee[i].to[0],
                                    options->text ? &trace->text[i].sink : NULL,
                                    lines ? &trace->json[i].sink : NULL,
                                    options->path.wanted ? &side[i]->sink : NULL };
        aksu_tee_init(&trace->tee[i], to, 4);
    }
    trace->guest = &trace->tee[0].sink;
    trace->world = options->host ? NULL : &trace->tee[1].sink;
    return true;
}

void run_trace_flush(struct run_trace *trace)
{
    if (!trace->unflushed)
        return;
    trace->unflushed = false;
    fflush(stderr);
    if (trace->json_file)
        fflush(trace->json_file);
}

void run_trace_close(struct run_trace *trace)
{
    if (trace->ladder)
        aksu_ladder_finish(trace->ladder);
    if (trace->json_file) {
        bool lost = ferror(trace->json_file) != 0;
        if (fclose(trace->json_file) != 0 || lost)
            fputs("aksu run: the JSON file is not complete: it could not all be written\n", stderr);
    }
    if (trace->report && trace->ran)
        (void)report_close(trace->report);
    else if (trace->report)
        report_drop(trace->report);
    fflush(stderr);
    run_summary_fini(&trace->summary);
    free(trace->ladder_memory);
    *trace = (struct run_trace){ 0 };
}
