/* cells.c - the matrix of RFC 9293 3.10: which rows of tests/ledger/segment-arrives.md the
 * scripts that passed have exercised in which state, joined with segment-arrives-cells.tsv. A
 * cell without all of its rows fails, unless the row cannot exist here and the reason is given
 * below. */
#include "tests/script/world.h"

#include <string.h>

enum { ROWS_MOST = 256, ALL = 0xffff };

static struct row {
    char id[8];
    uint16_t pending, done;     /* bits of states */
} rows[ROWS_MOST];

#define IN(s) (1u << TCP_##s)
static const struct {
    const char *id;
    unsigned states;
    const char *why;
} not_applicable[] = {
    { "OP-1", ALL, "a connection belongs to whoever has its handle: nobody else can call" },
    { "OP-2", ALL, "the owner gives the memory of a TCB; a full table is answered in stack/" },
    { "OP-3", ALL, "no security compartments (RFC 9293 A.1.2); tcp_set checks DSCP values" },
    { "CD-4", ALL, "addresses are judged in ip/ before TCP sees the segment" },
    { "LI-3", ALL, "no security compartments (RFC 9293 A.1.2)" },
    { "LI-6", ALL, "addresses are judged in ip/ before TCP sees the segment" },
    { "LI-7", ALL, "the backlog is the listener's, in stack/" },
    { "SS-6", ALL, "no security compartments (RFC 9293 A.1.2)" },
    { "SEC-1", ALL, "no security compartments (RFC 9293 A.1.2)" },
    { "SEC-2", ALL, "a segment's DSCP does not enter the core (RFC 9293 A.1.1)" },
    { "SS-11", ALL, "no text on our SYN" },
    { "TW-8", ALL, "RFC 6191 2 is followed instead of condition 2 of 3.6.1 [MAY-2] (A9)" },
    { "TO-1", IN(FIN_WAIT_2) | IN(TIME_WAIT),
      "nothing waits for an acknowledgment, so the timer of RFC 5482 does not run" },
};
#undef IN

void cells_begin(void)
{
    for (unsigned i = 0; i < ROWS_MOST; i++)
        rows[i].pending = 0;
}

void cells_commit(void)
{
    for (unsigned i = 0; i < ROWS_MOST; i++)
        rows[i].done |= rows[i].pending;
}

static struct row *row_of(const char *id, size_t length)
{
    for (unsigned i = 0; i < ROWS_MOST; i++) {
        if (!rows[i].id[0] && length < sizeof rows[i].id)
            memcpy(rows[i].id, id, length);
        if (strlen(rows[i].id) == length && memcmp(rows[i].id, id, length) == 0)
            return &rows[i];
    }
    script_fail(0, "no room for row %s", id);
}

void script_covers(enum aksu_tcp_state st, const char *list);
void script_covers(enum aksu_tcp_state st, const char *list)
{
    for (size_t n; *(list += strspn(list, " ")); list += n) {
        n = strcspn(list, " ");
        row_of(list, n)->pending |= (uint16_t)(1u << st);
    }
}

static const char *excuse(const char *id, unsigned st)
{
    for (size_t i = 0; i < sizeof not_applicable / sizeof not_applicable[0]; i++)
        if (strcmp(not_applicable[i].id, id) == 0 && not_applicable[i].states >> st & 1u)
            return not_applicable[i].why;
    return NULL;
}

static unsigned state_named(const char *name)
{
    unsigned st = 0;
    while (st < AKSU_TCP_STATE_COUNT
           && strcmp(name, aksu_tcp_state_name((enum aksu_tcp_state)st)) != 0)
        st++;
    return st;
}

/* How one line of the table stands: 'c' covered, 'n' not applicable, 'u' uncovered. */
static char cell(char *fields, bool list)
{
    char *save, *rest;
    const char *st_name = strtok_r(fields, "\t", &save), *event = strtok_r(NULL, "\t", &save);
    char *ids = strtok_r(NULL, "\t", &save);
    unsigned st = st_name ? state_named(st_name) : AKSU_TCP_STATE_COUNT;
    bool covered = false, missing = false;
    if (!ids || st == AKSU_TCP_STATE_COUNT)
        return 'u';
    for (char *id = strtok_r(ids, " ", &rest); id; id = strtok_r(NULL, " ", &rest)) {
        const char *why = strcmp(id, "n/a") == 0 ? "the standard has no such step" : excuse(id, st);
        bool done = !why && ((unsigned)row_of(id, strlen(id))->done >> st & 1u) != 0;
        covered = covered || done;
        missing = missing || (!why && !done);
        if (!why && !done)
            printf("  %s %s: nothing covers row %s\n", st_name, event, id);
        else if (why && list)
            printf("  %s %s: row %s is not applicable: %s\n", st_name, event, id, why);
    }
    return missing ? 'u' : covered ? 'c' : 'n';
}

unsigned cells_report(const char *table, bool list)
{
    char text[512];
    unsigned covered = 0, absent = 0, uncovered = 0;
    FILE *f = fopen(table, "r");
    if (!f) {
        printf("cannot read %s: run from the top of the tree\n", table);
        return 1;
    }
    (void)!fgets(text, sizeof text, f);     /* the names of the columns */
    while (fgets(text, sizeof text, f)) {
        char is = cell(text, list);
        covered += is == 'c';
        absent += is == 'n';
        uncovered += is == 'u';
    }
    fclose(f);
    printf("cells of RFC 9293 3.10: %u covered, %u not applicable, %u uncovered\n", covered, absent,
           uncovered);
    return uncovered;
}
