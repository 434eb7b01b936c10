/* table.c - tests/golden/goodput-<controller>.tsv: one line per rate, round trip and queue, one
 * column per loss, rounded, so that a change of the stack is a difference that can be read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/golden/golden.h"

enum { SAID_MOST = 25, LINE = 256 };

static const uint32_t rates[RATES] = { 100, 1000 }, trips[TRIPS] = { 1, 10, 50, 100, 300 },
    depths[DEPTHS] = { 1, 10, 40 }, losses[LOSSES] = { 0, 100, 1000, 10000, 30000, 100000 };
static const char *const depth_text[DEPTHS] = { "0.1", "1", "4" };
static const char *const loss_text[LOSSES] = { "0", "0.01", "0.1", "1", "3", "10" };

struct cell table_cell(const char *control, unsigned n)
{
    return (struct cell){ .control = control, .loss = losses[n % LOSSES],
                          .depth = depths[n / LOSSES % DEPTHS],
                          .rtt_ms = trips[n / LOSSES / DEPTHS % TRIPS],
                          .rate = rates[n / LOSSES / DEPTHS / TRIPS] };
}

static void path_of(const char *control, char out[LINE])
{
    (void)snprintf(out, LINE, "tests/golden/goodput-%s.tsv", control);
}

static void write_head(FILE *f, const char *control)
{
    fprintf(f,
        "# Goodput of %s, one flow, in %% of the link: octets that reached the application; with\n"
        "# headers no more than 96.5. Virtual time, seed 1: the same on every machine.\n"
        "# `make golden` writes this file, `build/gcc/tests/golden --cell CONTROL MBIT/S MS BDP\n"
        "# LOSS` runs one cell, with --log everything that the sender says.\n"
        "# A transfer has %d segments and as many as the link carries in %d round trips; after\n"
        "# %d s it is cut off. The first six columns count from the SYN on; those with a + leave\n"
        "# out the first %d round trips, and count what was delivered, in order or not.\n"
        "# Columns: loss in %%. Queue in BDP, at least two frames. Buffers grow up to %u KiB.\n",
        control, SEGMENTS_LEAST, SEGMENTS_TRIPS, SECONDS_MOST, START_TRIPS, BUFFER >> 10);
    fprintf(f, "Mbit/s\tms\tBDP");
    for (unsigned plus = 0; plus < 2; plus++)
        for (unsigned i = 0; i < LOSSES; i++)
            fprintf(f, "\t%s%s", plus ? "+" : "", loss_text[i]);
    fprintf(f, "\n");
}

bool table_write(const char *control, const struct goodput *cells)
{
    char path[LINE];
    path_of(control, path);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    write_head(f, control);
    for (unsigned n = 0; n < CELLS; n += LOSSES) {
        struct cell c = table_cell(control, n);
        fprintf(f, "%u\t%u\t%s", c.rate, c.rtt_ms, depth_text[n / LOSSES % DEPTHS]);
        for (unsigned i = 0; i < 2 * LOSSES; i++) {
            const struct goodput *g = &cells[n + i % LOSSES];
            unsigned v = i < LOSSES ? g->whole : g->later;
            fprintf(f, "\t%u.%u", v / 10, v % 10);
        }
        fprintf(f, "\n");
    }
    bool good = !ferror(f);
    return fclose(f) == 0 && good;
}

/* --- and back --- */

struct changed {
    unsigned index;
    struct goodput was, is;
};

/* A number with one decimal, in tenths; the text behind it, or NULL. */
static const char *tenths(const char *text, uint16_t *out)
{
    char *end;
    unsigned long whole = strtoul(text, &end, 10);
    if (end == text || *end != '.' || end[1] < '0' || end[1] > '9' || whole > 1000)
        return NULL;
    *out = (uint16_t)(whole * 10 + (unsigned)(end[1] - '0'));
    return end + 2;
}

/* Whose line it is, and its twelve numbers. */
static bool read_line(const char *line, unsigned n, struct goodput *cells)
{
    struct cell c = table_cell("", n);
    char names[LINE];
    (void)snprintf(names, sizeof names, "%u\t%u\t%s", c.rate, c.rtt_ms,
                   depth_text[n / LOSSES % DEPTHS]);
    size_t length = strlen(names);
    const char *at = strncmp(line, names, length) == 0 ? line + length : NULL;
    for (unsigned i = 0; at != NULL && i < 2 * LOSSES; i++) {
        struct goodput *g = &cells[n + i % LOSSES];
        at = *at == '\t' ? tenths(at + 1, i < LOSSES ? &g->whole : &g->later) : NULL;
    }
    return at != NULL && *at == '\n';
}

static bool table_read(const char *control, struct goodput *cells)
{
    char path[LINE], line[LINE];
    path_of(control, path);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        printf("%s: %s; `make golden` writes it\n", path, strerror(errno));
        return false;
    }
    unsigned n = 0, number = 0;
    bool good = true;
    while (good && fgets(line, sizeof line, f) != NULL) {
        number++;
        if (line[0] == '#' || line[0] == 'M')
            continue;
        good = n < CELLS && read_line(line, n, cells);
        n += LOSSES;
    }
    if (!good || n != CELLS)
        printf("%s:%u: not a line of this table, or one is missing; `make golden` writes it\n",
               path, number);
    fclose(f);
    return good && n == CELLS;
}

static int loss_of(const struct changed *c)             /* in thousandths of what was */
{
    int was = c->was.whole + c->was.later, is = c->is.whole + c->is.later;
    return (was - is) * 1000 / (was + 10);
}

static int worst_first(const void *a, const void *b)
{
    return loss_of(b) - loss_of(a);
}

static void say(const char *control, const struct changed *d)
{
    struct cell c = table_cell(control, d->index);
    printf("  %s, %u Mbit/s, %u ms, %s BDP, %s %% loss: %u.%u -> %u.%u, behind the start "
           "%u.%u -> %u.%u\n", control, c.rate, c.rtt_ms, depth_text[d->index / LOSSES % DEPTHS],
           loss_text[d->index % LOSSES], d->was.whole / 10, d->was.whole % 10, d->is.whole / 10,
           d->is.whole % 10, d->was.later / 10, d->was.later % 10, d->is.later / 10,
           d->is.later % 10);
}

unsigned table_compare(const char *control, const struct goodput *cells)
{
    struct goodput was[CELLS] = { 0 };
    struct changed changed[CELLS];
    unsigned count = 0, lower = 0, sum_was = 0, sum_is = 0;
    if (!table_read(control, was))
        return CELLS;
    for (unsigned n = 0; n < CELLS; n++) {
        sum_was += was[n].whole;
        sum_is += cells[n].whole;
        if (memcmp(&was[n], &cells[n], sizeof was[n]) != 0)
            changed[count++] = (struct changed){ n, was[n], cells[n] };
    }
    if (count == 0)
        return 0;
    qsort(changed, count, sizeof changed[0], worst_first);
    for (unsigned i = 0; i < count; i++)
        lower += loss_of(&changed[i]) > 0;
    printf("%s: %u of %d cells are not what the table says, %u of them lower; the mean of all was "
           "%.2f and is %.2f\n", control, count, CELLS, lower, sum_was / 10.0 / CELLS,
           sum_is / 10.0 / CELLS);
    for (unsigned i = 0; i < count; i++) {
        if (i < SAID_MOST || i >= count - SAID_MOST / 2)
            say(control, &changed[i]);
        else if (i == SAID_MOST)
            printf("  ...\n");
    }
    return count;
}
