/* lab_lines.c - see lab_lines.h. Called by lab_screen.c. */
#include "cli/lab_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aksu/sink.h"
#include "lab/width.h"

enum { WIDTH = 80, MARGIN = 2, LADDER_OCTETS = 1 << 20, STEP_ROWS = 2, FEW = 2 };

static void add(void *context, const char *text, size_t length)
{
    struct lab_lines *l = context;
    if (l->text == NULL || l->length + length + 1 > l->room) {
        size_t room = (l->length + length + 1) * 2;
        char *larger = realloc(l->text, room);
        if (larger == NULL)
            return;
        l->text = larger;
        l->room = room;
    }
    memcpy(l->text + l->length, text, length);
    for (size_t i = 0; i < length; i++)
        l->count += text[i] == '\n';
    l->length += length;
    l->text[l->length] = '\0';
}

static void add_text(struct lab_lines *l, const char *text)
{
    if (text != NULL)
        add(l, text, strlen(text));
}

static void add_wrapped(struct lab_lines *l, const char *text)
{
    while (*text) {
        size_t length = lab_wrap(text, WIDTH - 2 * MARGIN);
        add(l, "  ", MARGIN);
        add(l, text, length);
        add(l, "\n", 1);
        text += length;
        while (*text == ' ' || *text == '\n')
            text++;
    }
}

static void add_act(struct lab_lines *l, const struct lab_step *s)
{
    const struct tape_act *a = lab_step_act(s);
    char number[16], told[LAB_TOLD_TEXT];
    if (s->cursor == 0) {
        add_wrapped(l, lab_say(s->scenario->text, s->lang));
        add(l, "\n", 1);
    }
    l->bold = l->count + 1;
    (void)snprintf(number, sizeof number, "  %u. ", a->number);
    add_text(l, number);
    add_text(l, lab_say(a->act->title, s->lang));
    add(l, "\n", 1);
    add_wrapped(l, lab_say(a->act->text, s->lang));
    if (lab_told_values(s->play, a->number, told))
        add_wrapped(l, told);
}

static void add_ladder(struct lab_lines *l, const struct lab_step *s, uint32_t moment)
{
    void *memory = malloc(LADDER_OCTETS);
    struct aksu_ladder *ladder = memory == NULL ? NULL : aksu_ladder_init(
        &(struct aksu_ladder_config){ .writer = { add, l }, .memory = memory,
            .memory_length = LADDER_OCTETS, .utf8 = s->utf8, .at_end = true });
    if (ladder != NULL)
        lab_tape_draw(&s->tape, moment, ladder);
    free(memory);
}

/* With several connections the last step may be far above the end: it is what differs from the
 * ladder of the step before. */
static void add_ladders(struct lab_lines *l, const struct lab_step *s)
{
    struct lab_lines old = { .text = NULL };
    add_ladder(l, s, s->cursor - 1);
    if (l->length > 1 && l->text[l->length - 2] == '\n') {     /* blank: nothing to scroll to */
        l->text[--l->length] = '\0';
        l->count--;
    }
    l->before = l->step = l->count;
    if (s->cursor - 1 > lab_step_act(s)->first)
        add_ladder(&old, s, s->cursor - 2);
    size_t at = l->length, was = old.length, first = 0;
    unsigned same = 0;
    was -= was > 1 && old.text[was - 2] == '\n';
    while (first < at && first < was && l->text[first] == old.text[first])
        first++;
    for (; at > first && was > first && l->text[at - 1] == old.text[was - 1]; at--, was--)
        same += l->text[at - 1] == '\n';
    if (same > 1 + FEW)
        l->step -= same - 1;
    lab_lines_free(&old);
}

/* What is not the ladder is apart from it. */
static void add_below(struct lab_lines *l, const char *text)
{
    if (text != NULL && l->count > 0 && l->count == l->before)
        add(l, "\n", 1);
    add_text(l, text);
}

/* Those of this moment. */
static void add_looks(struct lab_lines *l, const struct lab_step *s)
{
    const struct lab_tape *t = &s->tape;
    for (uint32_t i = 0; i < t->looks; i++)
        if (t->look[i].moment == s->cursor - 1)
            add_below(l, t->look[i].text);
}

struct lab_lines lab_lines_of(const struct lab_step *s)
{
    const struct tape_act *a = lab_step_act(s);
    struct lab_lines l = { .text = NULL };
    bool ended = s->cursor == a->first + a->moments;
    if (s->cursor == 0 || s->text) {
        add_act(&l, s);
        return l;
    }
    if (a->undrawn) {
        add_wrapped(&l, lab_say(W_step_undrawn, s->lang));
    } else {
        add_ladders(&l, s);
        add_looks(&l, s);
    }
    if (ended || a->undrawn)
        add_below(&l, a->tables);
    if (ended)
        add_below(&l, a->checks);
    if (l.count == 0)
        add_act(&l, s);
    return l;
}

void lab_lines_free(struct lab_lines *lines)
{
    free(lines->text);
    *lines = (struct lab_lines){ .text = NULL };
}

unsigned lab_lines_first(const struct lab_lines *l, unsigned rows, int scroll)
{
    int most = l->count > rows ? (int)(l->count - rows) : 0, first = most;
    int step = l->before > STEP_ROWS ? (int)l->before - STEP_ROWS : 0;
    if (l->before == l->count)
        step = l->step > rows ? (int)(l->step - rows) : 0;
    if (step < first)
        first = step;
    first -= scroll;
    return first < 0 ? 0 : first > most ? (unsigned)most : (unsigned)first;
}
