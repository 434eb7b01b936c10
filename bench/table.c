/* table.c - medians of what was measured, as a Markdown table and as JSON. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

void results_add(struct results *r, enum row_id row, unsigned column, double value)
{
    struct row *w = &r->row[row];
    if (w->count[column] < REPEAT_MOST)
        w->sample[column][w->count[column]++] = value;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct summary {
    double median, least, most;
    unsigned n;
};

static struct summary summary_of(const struct row *row, unsigned column)
{
    double s[REPEAT_MOST];
    unsigned n = row->count[column];
    if (n == 0)
        return (struct summary){ 0 };
    memcpy(s, row->sample[column], n * sizeof s[0]);
    qsort(s, n, sizeof s[0], by_size);
    double median = n % 2 ? s[n / 2] : (s[n / 2 - 1] + s[n / 2]) / 2;
    return (struct summary){ median, s[0], s[n - 1], n };
}

static bool independent(enum row_id id)
{
    return id == ROW_MEMCPY || id == ROW_CHECKSUM;
}

static bool measured(const struct row *row)
{
    for (unsigned i = 0; i < OTHERS_MOST; i++)
        if (row->count[i] > 0)
            return true;
    return false;
}

/* 100,000 */
static const char *grouped(uint32_t n, char out[16])
{
    char digits[12];
    int length = snprintf(digits, sizeof digits, "%u", n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return out;
}

static void print_cell(FILE *to, const struct row *row, unsigned column)
{
    struct summary s = summary_of(row, column);
    if (s.n == 0)
        fprintf(to, " |");
    else
        fprintf(to, " **%.*f** [%.*f-%.*f] (%u) |", row->digits, s.median, row->digits, s.least,
                row->digits, s.most, s.n);
}

struct columns {
    const char *title;
    const uint32_t *number;
    unsigned count;
    enum row_id first, last;
};

/* Nothing when nothing of it was measured. */
static void print_rows(const struct results *r, const struct columns *c, FILE *to)
{
    char number[16];
    bool begun = false;
    for (enum row_id id = c->first; id <= c->last; id++) {
        const struct row *row = &r->row[id];
        if (!measured(row))
            continue;
        if (!begun) {
            fprintf(to, "| %s |", c->title);
            for (unsigned i = 0; i < c->count; i++)
                fprintf(to, " %s |", grouped(c->number[i], number));
            fprintf(to, "\n|---|");
            for (unsigned i = 0; i < c->count; i++)
                fprintf(to, "---|");
            fprintf(to, "\n");
        }
        begun = true;
        fprintf(to, "| %s, %s |", row->name, row->unit);
        for (unsigned i = 0; i < c->count; i++)
            print_cell(to, row, i);
        fprintf(to, "\n");
    }
    if (begun)
        fprintf(to, "\n");
}

static void print_memory(const struct results *r, FILE *to)
{
    const struct memory_result *m = &r->memory;
    char number[16];
    fprintf(to, "| octets each, of %s | record | with all tables |\n|---|---|---|\n",
            grouped(m->count, number));
    fprintf(to, "| idle established connection | **%.1f** | **%.1f** |\n", m->idle, m->idle_all);
    fprintf(to, "| TIME-WAIT | **%.1f** | **%.1f** |\n", m->time_wait, m->time_wait_all);
}

void results_print(struct results *r, FILE *to)
{
    const struct settings *s = &r->settings;
    print_rows(r, &(struct columns){ "idle connections around it", s->others, s->others_count,
               ROW_BULK, ROW_CHECKSUM }, to);
    print_rows(r, &(struct columns){ "TIME-WAIT records kept", s->kept, s->kept_count,
               ROW_KEPT_NEW, ROW_KEPT_WEIGHT }, to);
    if (r->has_memory)
        print_memory(r, to);
}

static void json_samples(FILE *to, const struct row *row, unsigned column)
{
    fprintf(to, ",\"samples\":[");
    for (unsigned i = 0; i < row->count[column]; i++)
        fprintf(to, "%s%.3f", i ? "," : "", row->sample[column][i]);
    fprintf(to, "]}");
}

static void json_row(FILE *to, const struct results *r, enum row_id id, bool *first)
{
    const struct row *row = &r->row[id];
    bool kept = id >= ROW_KEPT_NEW;
    for (unsigned i = 0; i < OTHERS_MOST; i++) {
        struct summary s = summary_of(row, i);
        if (s.n == 0)
            continue;
        fprintf(to, "%s\n  {\"name\":\"%s\",\"unit\":\"%s\"", *first ? "" : ",", row->name,
                row->unit);
        *first = false;
        if (!independent(id))
            fprintf(to, ",\"%s\":%u", kept ? "records" : "others",
                    kept ? r->settings.kept[i] : r->settings.others[i]);
        fprintf(to, ",\"median\":%.3f,\"least\":%.3f,\"most\":%.3f", s.median, s.least, s.most);
        json_samples(to, row, i);
    }
}

void results_json(struct results *r, FILE *to)
{
    bool first = true;
    fprintf(to, "{\"ethernet\":%s,\"mtu\":%u,\"results\":[",
            r->settings.ethernet ? "true" : "false",
            (unsigned)MTU);
    for (enum row_id id = 0; id < ROW_COUNT; id++)
        json_row(to, r, id, &first);
    fprintf(to, "\n]");
    if (r->has_memory)
        fprintf(to, ",\n\"memory\":{\"count\":%u,\"idle\":%.3f,\"idle_with_tables\":%.3f,"
                "\"time_wait\":%.3f,\"time_wait_with_tables\":%.3f}", r->memory.count,
                    r->memory.idle,
                r->memory.idle_all, r->memory.time_wait, r->memory.time_wait_all);
    fprintf(to, "}\n");
}
