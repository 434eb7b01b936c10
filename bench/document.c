/* document.c - writes what was measured into a page, between two marks, with the machine, the
 * compiler, the day and the command; what stands around the marks is kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

#if defined __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void processor(char *out, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown processor");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || value == NULL)
            continue;
        snprintf(out, size, "%s", value + 2);
        out[strcspn(out, "\n")] = 0;
        break;
    }
    if (f != NULL)
        fclose(f);
}

void machine_print(FILE *to, const char *line_start)
{
    char cpu[128], day[32];
    struct utsname u;
    time_t now = time(NULL);
    struct tm tm;
    processor(cpu, sizeof cpu);
    uname(&u);
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &tm));
    fprintf(to, "%sMachine: %s, %ld processors, %s %s %s\n", line_start, cpu,
            sysconf(_SC_NPROCESSORS_ONLN), u.sysname, u.release, u.machine);
    fprintf(to, "%sCompiler: %s\n%sDate: %s\n", line_start, COMPILER, line_start, day);
}

static char *whole_file(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return NULL;
    char *text = NULL;
    size_t length = 0, n = 1;
    while (n > 0) {
        char *more = realloc(text, length + 4097);
        if (more == NULL)
            break;
        text = more;
        n = fread(text + length, 1, 4096, f);
        length += n;
        text[length] = 0;
    }
    fclose(f);
    return text;
}

static void print_between(struct results *r, FILE *to)
{
    fprintf(to, "\n");
    machine_print(to, "- ");
    fprintf(to, "- Command: `%s`\n\n", r->command);
    results_print(r, to);
    fprintf(to, "\n");
}

bool results_document(struct results *r, const char *path)
{
    char begin_mark[64], end_mark[64];
    snprintf(begin_mark, sizeof begin_mark, "<!-- %.32s: begin -->\n", r->mark);
    snprintf(end_mark, sizeof end_mark, "<!-- %.32s: end -->", r->mark);
    char *text = whole_file(path);
    char *begin = text ? strstr(text, begin_mark) : NULL;
    char *end = begin ? strstr(begin, end_mark) : NULL;
    if (end == NULL) {
        fprintf(stderr, "bench: %s: no lines %.*s and %s\n", path, (int)strlen(begin_mark) - 1,
                begin_mark, end_mark);
        free(text);
        return false;
    }
    FILE *to = fopen(path, "w");
    if (to == NULL) {
        fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        free(text);
        return false;
    }
    fwrite(text, 1, (size_t)(begin - text) + strlen(begin_mark), to);
    print_between(r, to);
    fputs(end, to);
    free(text);
    return fclose(to) == 0;
}
