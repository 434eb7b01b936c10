/* summary_print.c - the summary in lines of at most 80 columns. Called by loop.c. */
#include <inttypes.h>
#include <string.h>

#include "run/summary.h"
#include "run/summary_conn.h"

enum { COLUMNS = 80, LINES = 100, PHRASE = 64 };

/* Phrases with commas between them, broken between two of them. */
struct lines {
    FILE *out;
    unsigned at;
    const char *between;        /* before the next phrase */
};

static void say(struct lines *l, const char *phrase)
{
    unsigned length = (unsigned)strlen(phrase);

    if (l->at + strlen(l->between) + length + 1 > COLUMNS) {
        fprintf(l->out, "%s\n    ", *l->between == ',' ? "," : *l->between == ';' ? ";" : "");
        l->at = 4;
    } else {
        fputs(l->between, l->out);
        l->at += (unsigned)strlen(l->between);
    }
    fputs(phrase, l->out);
    l->at += length;
    l->between = ", ";
}

static void begin(struct lines *l, FILE *out)
{
    *l = (struct lines){ .out = out, .between = "" };
}

static const char *milliseconds(char text[PHRASE], const char *before, uint64_t us,
                                const char *behind)
{
    snprintf(text, PHRASE, "%s%" PRIu64 ".%" PRIu64 " ms%s", before, us / 1000, us % 1000 / 100,
             behind);
    return text;
}

static const char *number(char text[PHRASE], const char *format, uint64_t n)
{
    snprintf(text, PHRASE, format, n);
    return text;
}

static const char *cause(const struct run_summary_conn *c)
{
    if (!c->ended)
        return c->took > 0 ? "it has not ended" : "no answer came";
    if (c->reason != AKSU_OK)
        return aksu_status_text(c->reason);
    return c->peer_first ? "closed by the other side first" : "closed by the program first";
}

static void print_conn(const struct run_summary_conn *c, bool two, FILE *out)
{
    char name[AKSU_ENDPOINT_TEXT + 2] = "", text[PHRASE];
    struct lines l;

    begin(&l, out);
    size_t length = aksu_endpoint_text(&c->remote, name);
    name[length] = 0;
    say(&l, name);
    l.between = "  ";
    if (c->took > 0)
        say(&l, milliseconds(text, "handshake ", c->took / 1000, ""));
    if (c->least_us > 0) {
        say(&l, milliseconds(text, "RTT ", c->srtt_us, ""));
        l.between = " ";
        say(&l, milliseconds(text, "(least ", c->least_us, ")"));
    }
    if (c->took > 0) {
        say(&l, number(text, "%" PRIu64 " octets out", c->way[0].octets));
        say(&l, number(text, "%" PRIu64 " in", c->way[1].octets));
    }
    say(&l, number(text, "%" PRIu64 " segments sent again", c->again[0]));
    if (two)
        say(&l, number(text, "%" PRIu64 " by the other side", c->again[1]));
    l.between = "; ";
    say(&l, cause(c));
    fputc('\n', out);
}

static void print_path(const char *where, const struct aksu_path *path, FILE *out)
{
    struct aksu_path_counts c;
    struct lines l;
    char text[PHRASE];

    aksu_path_counts(path, &c);
    const struct {
        uint64_t count;
        const char *format;
    } what[] = {
        { c.lost, "%" PRIu64 " lost" },
        { c.cut, "%" PRIu64 " cut off" },
        { c.queue_dropped, "%" PRIu64 " dropped by a full queue" },
        { c.duplicated, "%" PRIu64 " repeated" },
        { c.corrupted, "%" PRIu64 " damaged" },
        { c.reordered, "%" PRIu64 " out of order" },
        { c.marked, "%" PRIu64 " marked" },
    };
    begin(&l, out);
    say(&l, where);
    l.between = " ";
    say(&l, number(text, "%" PRIu64 " frames", c.in));
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        if (what[i].count > 0)
            say(&l, number(text, what[i].format, what[i].count));
    }
    fputc('\n', out);
}

void run_summary_print(const struct run_summary *s, struct aksu_path *const path[2], uint64_t seed,
                       FILE *out)
{
    unsigned printed = 0;

    fprintf(out, "aksu run: %u connection%s; --seed %" PRIu64 " gives this network again\n",
            s->count + s->forgotten, s->count + s->forgotten == 1 ? "" : "s", seed);
    print_path("from the program:", path[0], out);
    print_path("to the program:", path[1], out);
    for (const struct run_summary_conn *c = s->first; c && printed < LINES; c = c->next) {
        print_conn(c, s->two, out);
        printed++;
    }
    if (printed < s->count + s->forgotten)
        fprintf(out, "and %u more\n", s->count + s->forgotten - printed);
    fflush(out);
}
