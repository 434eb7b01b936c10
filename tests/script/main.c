/* main.c - runs the scripts, each at every pair of ISNs:
 *     tests/script [-l | -c | [-v | -f | -r] NAME...]
 * -l lists the scripts, -c says which rows of the matrix are not applicable and why, -v shows
 * segments as they go, -f ends at the first failure, -r puts each one back to its middle and
 * finishes it again (restart.h). The last line counts scripts; one passes when it has passed at
 * every pair. */
#include "tests/script/restart.h"
#include "tests/script/world.h"

#include <stdarg.h>
#include <string.h>

#include "base/check.h"

/* Windows start within two octets of 2^31 and 2^32, so that text, FIN and the edges of windows
 * lie on both sides; the first pair is for reading. */
static const uint32_t isn[][2] = {
    { 100, 300 }, { 0x7ffffffeu, 0xfffffffeu }, { 0xfffffffeu, 0x7ffffffeu },
};
enum { PAIRS = sizeof isn / sizeof isn[0] };

static struct script_entry *first, **last = &first;

void script_register(struct script_entry *entry)
{
    *last = entry;
    last = &entry->next;
}

void script_fail(int line, const char *format, ...)
{
    const struct history *h = &w.history;
    va_list ap;
    printf("FAIL %s (%s:%d, ISS %u, IRS %u)\n", w.script->name, w.script->file, line,
           w.iss.n, w.irs.n);
    for (unsigned i = h->count > 256 ? h->count - 256 : 0; i < h->count && !w.verbose; i++)
        printf("    %s\n", h->text[i % 256]);
    printf("    * ");
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
    longjmp(w.escape, 1);
}

/* A promise that the core broke fails the script, not the program. */
void bug(const char *promise)
{
    script_fail(0, "bug: %s", promise);
}

static bool run_at(const struct script_entry *entry, unsigned pair)
{
    w.script = entry;
    w.live = false;
    w.history.count = 0;
    w.iss = seq_of(isn[pair][0]);
    w.irs = seq_of(isn[pair][1]);
    if (setjmp(w.escape))
        return false;
    restart_begin();
    restart_keeps(&w, 0, &w.pool);
    world_reset(NULL);
    entry->body();
    world_done(0);
    return true;
}

/* Once as it is, and once with the second half of its moments twice. */
static bool run_again(const struct script_entry *entry, unsigned pair)
{
    restart_at(restart_moments() / 2 + 1);
    bool same = restart_end(run_at(entry, pair));
    if (!same)
        printf("FAIL %s (%s): put back to its middle it does not show the same again\n",
               entry->name, entry->file);
    restart_count();
    return same;
}

static bool run(const struct script_entry *entry)
{
    cells_begin();
    for (unsigned i = 0; i < PAIRS; i++) {
        if (w.verbose)
            printf("%s: ISS %u, IRS %u\n", entry->name, isn[i][0], isn[i][1]);
        if (!run_at(entry, i) || (restart_listens() && !run_again(entry, i)))
            return false;
    }
    cells_commit();
    return true;
}

static bool wanted(const struct script_entry *entry, int count, char **names)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], entry->name) == 0 || strstr(entry->file, names[i]))
            return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    bool list = argc > 1 && strcmp(argv[1], "-l") == 0;
    bool cells = argc > 1 && strcmp(argv[1], "-c") == 0;
    w.verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    bool only_first = argc > 1 && strcmp(argv[1], "-f") == 0;
    bool restart = argc > 1 && strcmp(argv[1], "-r") == 0;
    int skip = 1 + (list || cells || w.verbose || only_first || restart);
    unsigned passed = 0, failed = 0, uncovered = 0;
    restart_on(restart);
    world_share();
    for (const struct script_entry *e = first; e && !(only_first && failed); e = e->next) {
        if (!wanted(e, argc - skip, argv + skip))
            continue;
        if (list)
            printf("%s %s\n", e->file, e->name);
        else if (run(e))
            passed++;
        else
            failed++;
    }
    if (list)
        return 0;
    if (argc == skip && !only_first && !restart)
        uncovered = cells_report("tests/script/segment-arrives-cells.tsv", cells);
    printf("%u passed, %u failed\n", passed, failed);
    return failed || uncovered || passed + failed == 0;
}
