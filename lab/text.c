/* text.c - a play as text of 80 columns: for each act what to watch for, the ladder, both TCBs
 * where the scenario looked at them, tables, and what had to hold. Called by play.c. */
#include "lab/inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/cells.h"
#include "lab/width.h"

enum { LINE = 512, MARGIN = 2, NAME = 30, CELL = 24 };

static bool is_on(const struct lab *lab)
{
    return lab->play->text.write != NULL;
}

static void put(struct lab *lab, const char *text, size_t length)
{
    lab->text.write(lab->text.context, text, length);
}

static void put_text(struct lab *lab, const char *text)
{
    put(lab, text, strlen(text));
}

static void put_format(struct lab *lab, const char *format, ...)
{
    char line[LINE];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    put_text(lab, line);
}

struct aksu_writer lab_text_writer(struct lab *lab)
{
    return lab->play->text;
}

/* --- columns --- */

/* `text`, and blanks up to `columns`. */
static void put_padded(struct lab *lab, const char *text, unsigned columns)
{
    put_text(lab, text);
    for (unsigned width = lab_width(text); width < columns; width++)
        put(lab, " ", 1);
}

/* Words in lines that fit, each behind the margin. */
static void put_wrapped(struct lab *lab, const char *text)
{
    unsigned room = (lab->play->columns > 40 ? lab->play->columns : 80) - MARGIN - 2;
    while (*text) {
        size_t length = lab_wrap(text, room);
        put_padded(lab, "", MARGIN);
        put(lab, text, length);
        put(lab, "\n", 1);
        text += length;
        while (*text == ' ' || *text == '\n')
            text++;
    }
}

/* Behind `used` columns of the first line; the others begin below the text. */
static void put_hanging(struct lab *lab, const char *text, unsigned used)
{
    unsigned columns = lab->play->columns > 40 ? lab->play->columns : 80;
    for (bool first = true; first || *text; first = false) {
        size_t length = lab_wrap(text, columns - used);
        if (!first)
            put_padded(lab, "", used);
        put(lab, text, length);
        put(lab, "\n", 1);
        text += length;
        while (*text == ' ' || *text == '\n')
            text++;
    }
}

static void put_bold(struct lab *lab, bool on)
{
    if (lab->play->colour)
        put_text(lab, on ? "\033[1m" : "\033[0m");
}

static void put_heading(struct lab *lab, const char *before, enum lab_words words)
{
    put_bold(lab, true);
    put_text(lab, before);
    put_text(lab, lab_words(lab, words));
    put_bold(lab, false);
    put(lab, "\n", 1);
}

/* --- the parts --- */

void lab_text_head(struct lab *lab)
{
    const struct lab_scenario *s = lab->play->scenario;
    char before[64];
    if (!is_on(lab) || lab->play->brief)
        return;
    (void)snprintf(before, sizeof before, "%s  ", s->id);
    put_heading(lab, before, s->title);
    put_wrapped(lab, lab_words(lab, s->text));
}

void lab_text_act(struct lab *lab, const struct lab_act *act)
{
    char before[16], told[LAB_TOLD_TEXT];
    if (!is_on(lab) || lab->play->brief)
        return;
    (void)snprintf(before, sizeof before, "%u. ", lab->act);
    put(lab, "\n", 1);
    put_heading(lab, before, act->title);
    put_wrapped(lab, lab_words(lab, act->text));
    if (lab_told_values(lab->play, lab->act, told))
        put_wrapped(lab, told);
    put(lab, "\n", 1);
}

static void put_pair(struct lab *lab, const struct inner_look *look, unsigned row)
{
    char text[LAB_CELL_TEXT];
    put_padded(lab, "", MARGIN + 2);
    put_padded(lab, lab_cell_name(row, lab->play->lang), NAME - 4);
    for (unsigned i = 0; i < look->count; i++) {
        if (look->known[i])
            lab_cell_text(&look->info[i], lab->start + look->at, row, text);
        else
            (void)snprintf(text, sizeof text, "-");
        if (i + 1 < look->count)
            put_padded(lab, text, CELL);
        else
            put_text(lab, text);
    }
    put(lab, "\n", 1);
}

static void put_look(struct lab *lab, const struct inner_look *look)
{
    char at[64];
    (void)snprintf(at, sizeof at, "  %s: ", lab_ms(lab, look->at));
    put_text(lab, at);
    put_hanging(lab, lab_words(lab, look->when), lab_width(at));
    put_padded(lab, "", MARGIN + NAME - 2);
    for (unsigned i = 0; i < look->count; i++)
        put_padded(lab, look->host[i], i + 1 < look->count ? CELL : 0);
    put(lab, "\n", 1);
    for (unsigned row = 0; row < LAB_CELLS; row++)
        put_pair(lab, look, row);
}

static void put_table(struct lab *lab, const struct inner_table *t)
{
    unsigned width[LAB_COLUMNS] = { 0 };
    for (unsigned i = 0; i < t->columns; i++) {
        width[i] = lab_width(lab_words(lab, t->head[i]));
        for (unsigned row = 0; row < t->rows; row++)
            if (lab_width(t->cell[row][i]) > width[i])
                width[i] = lab_width(t->cell[row][i]);
    }
    put_padded(lab, "", MARGIN);
    put_text(lab, lab_words(lab, t->title));
    put(lab, "\n", 1);
    for (unsigned row = 0; row <= t->rows; row++) {
        put_padded(lab, "", MARGIN);
        for (unsigned i = 0; i < t->columns; i++)
            put_padded(lab, row == 0 ? lab_words(lab, t->head[i]) : t->cell[row - 1][i],
                       i + 1 < t->columns ? width[i] + 2 : 0);
        put(lab, "\n", 1);
    }
}

static void put_facts(struct lab *lab)
{
    unsigned width = 0;
    for (unsigned i = 0; i < lab->facts; i++)
        if (lab_width(lab_words(lab, lab->fact[i].what)) > width)
            width = lab_width(lab_words(lab, lab->fact[i].what));
    for (unsigned i = 0; i < lab->facts; i++) {
        put_padded(lab, "", MARGIN);
        put_padded(lab, lab_words(lab, lab->fact[i].what), width + 2);
        put_text(lab, lab->fact[i].value);
        put(lab, "\n", 1);
    }
}

static void put_checks(struct lab *lab)
{
    for (unsigned i = 0; i < lab->checks; i++) {
        const struct inner_check *c = &lab->check[i];
        const char *sentence = lab_words(lab, c->sentence);
        const char *mark = lab->play->utf8 ? (c->holds ? "  ✓ " : "  ✗ ")
            : c->holds ? "  + " : "  FAIL ";
        if (lab->play->brief) {
            put_format(lab, "%s %s %u: ", c->holds ? "ok" : "FAIL", lab->play->scenario->name,
                       lab->act);
            put_text(lab, sentence);
            put(lab, "\n", 1);
        } else {
            put_text(lab, mark);
            put_hanging(lab, sentence, lab_width(mark));
        }
    }
}

static void put_not_drawn(struct lab *lab)
{
    put_padded(lab, "", MARGIN);
    put_text(lab, lab_words(lab, W_not_drawn));
    put_format(lab, " %u\n", lab->not_drawn);
}

void lab_text_look(struct lab *lab, const struct inner_look *look, struct aksu_writer to)
{
    lab->text = to;
    put_look(lab, look);
    lab->text = lab->play->text;
}

void lab_text_tables(struct lab *lab, struct aksu_writer to)
{
    lab->text = to;
    for (unsigned i = 0; i < lab->tables; i++)
        put_table(lab, &lab->table[i]);
    put_facts(lab);
    lab->text = lab->play->text;
}

void lab_text_checks(struct lab *lab, struct aksu_writer to)
{
    lab->text = to;
    put_checks(lab);
    lab->text = lab->play->text;
}

void lab_text_end(struct lab *lab)
{
    if (!is_on(lab))
        return;
    if (lab->ladder != NULL)
        aksu_ladder_finish(lab->ladder);
    if (lab->not_drawn > 0 && !lab->play->brief)
        put_not_drawn(lab);
    for (unsigned i = 0; i < lab->looks && !lab->play->brief; i++)
        put_look(lab, &lab->look[i]);
    if (!lab->play->brief)
        lab_text_tables(lab, lab->play->text);
    put_checks(lab);
}
