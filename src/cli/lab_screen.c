/* lab_screen.c - the screen of aksu lab --step: the ladder up to the cursor, what the last step was
 * and which part of RFC 9293 it belongs to, both TCBs with what has changed, the keys. Called by
 * lab_step.c. */
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aksu/sink.h"
#include "cli/lab_step.h"
#include "lab/cells.h"
#include "lab/width.h"

enum { WIDTH = 80, TCB_ROWS = LAB_CELLS + 1, BELOW = TCB_ROWS + 3, HEAD = 2, LEFT = 22,
       RIGHT = 51, VALUE = 28,
       LADDER_OCTETS = 1 << 20, COLOUR_CHANGED = 1 };

/* --- the ladder, as lines --- */

struct lines {
    char *text;
    size_t length, room;
};

static void add_text(void *context, const char *text, size_t length)
{
    struct lines *l = context;
    if (l->length + length + 1 > l->room) {
        size_t room = (l->length + length + 1) * 2;
        char *larger = realloc(l->text, room);
        if (larger == NULL)
            return;
        l->text = larger;
        l->room = room;
    }
    memcpy(l->text + l->length, text, length);
    l->length += length;
    l->text[l->length] = '\0';
}

static const struct tape_act *act_of(const struct lab_step *s)
{
    return &s->tape.act[s->tape.moment[s->cursor > 0 ? s->cursor - 1 : 0].act];
}

/* NULL: no memory. */
static char *ladder_text(const struct lab_step *s)
{
    struct lines l = { 0 };
    void *memory = malloc(LADDER_OCTETS);
    struct aksu_ladder *ladder = memory == NULL ? NULL : aksu_ladder_init(
        &(struct aksu_ladder_config){ .writer = { add_text, &l }, .memory = memory,
            .memory_length = LADDER_OCTETS, .utf8 = s->utf8, .at_end = true });
    if (ladder != NULL)
        lab_tape_draw(&s->tape, s->cursor - 1, ladder);
    free(memory);
    return l.text;
}

/* The last of the lines that fit. */
static void draw_ladder(const struct lab_step *s)
{
    char *text = ladder_text(s);
    unsigned room = (unsigned)(LINES - HEAD - BELOW), count = 0;
    if (text == NULL)
        return;
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    unsigned scroll = count > room && s->scroll < count - room ? s->scroll
        : count > room ? count - room : 0;
    unsigned skip = count > room ? count - room - scroll : 0;
    char *line = text;
    for (unsigned row = 0; line != NULL && *line && row < room + skip; row++) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        if (row >= skip)
            mvaddstr((int)(HEAD + row - skip), 0, line);
        line = end != NULL ? end + 1 : NULL;
    }
    free(text);
}

static void draw_wrapped(int row, const char *text, int last)
{
    char line[WIDTH * 4];
    while (*text && row < last) {
        size_t length = lab_wrap(text, WIDTH - 4);
        (void)snprintf(line, sizeof line, "%.*s", (int)length, text);
        mvaddstr(row++, 2, line);
        text += length;
        while (*text == ' ' || *text == '\n')
            text++;
    }
}

static void draw_text(const struct lab_step *s)
{
    const struct tape_act *a = act_of(s);
    int last = LINES - BELOW;
    if (s->cursor == 0)
        draw_wrapped(HEAD, lab_say(s->scenario->text, s->lang), last);
    attron(A_BOLD);
    mvaddstr(s->cursor == 0 ? HEAD + 6 : HEAD, 2, lab_say(a->act->title, s->lang));
    attroff(A_BOLD);
    draw_wrapped(s->cursor == 0 ? HEAD + 7 : HEAD + 1, lab_say(a->act->text, s->lang), last);
}

/* --- what the step was --- */

/* Which part of RFC 9293 3.10 an event is, with its steps; "": none. */
static void rfc_part(const struct aksu_event *e, char out[AKSU_STEPS_TEXT])
{
    static const struct { const char *call, *part; } calls[] = {
        { "OPEN", "3.10.1 OPEN" }, { "SEND", "3.10.2 SEND" }, { "RECEIVE", "3.10.3 RECEIVE" },
        { "CLOSE", "3.10.4 CLOSE" }, { "ABORT", "3.10.5 ABORT" }, { "STATUS", "3.10.6 STATUS" },
    };
    out[0] = '\0';
    if (e->kind == AKSU_EV_segment_in)
        (void)aksu_segment_steps(&e->segment_in, out);
    else if (e->kind == AKSU_EV_timer)
        (void)snprintf(out, AKSU_STEPS_TEXT, "RFC 9293 3.10.8 TIMEOUTS");
    for (size_t i = 0; e->kind == AKSU_EV_call && i < sizeof calls / sizeof calls[0]; i++)
        if (strncmp(e->call.name, calls[i].call, strlen(calls[i].call)) == 0)
            (void)snprintf(out, AKSU_STEPS_TEXT, "RFC 9293 %s", calls[i].part);
}

/* The first event of the moment that is a part of the standard, or else the first one; and where
 * the segment was dropped. */
static void draw_step(const struct lab_step *s)
{
    const struct tape_moment *m = &s->tape.moment[s->cursor - 1];
    const struct tape_event *event = &s->tape.event[m->event], *which = event, *dropped = NULL;
    char part[AKSU_STEPS_TEXT] = "", line[256];
    if (m->events == 0)
        return;
    for (uint32_t i = 0; i < m->events && part[0] == '\0'; i++) {
        rfc_part(&event[i].event, part);
        if (part[0] != '\0')
            which = &event[i];
    }
    for (uint32_t i = 0; i < m->events && dropped == NULL; i++)
        if (event[i].event.kind == AKSU_EV_dropped)
            dropped = &event[i];
    const char *name = act_of(s)->host[which->host];
    const char *what = aksu_event_sentence(which->event.kind);
    if (dropped != NULL)
        (void)snprintf(line, sizeof line, "%s: dropped by %s: %s", act_of(s)->host[dropped->host],
                       dropped->event.dropped.rule, dropped->event.dropped.why);
    else if (which->event.kind == AKSU_EV_segment_in)
        (void)snprintf(line, sizeof line, "%s: %s", name, part);
    else
        (void)snprintf(line, sizeof line, "%s: %s   %s", name, what, part);
    mvaddnstr(LINES - BELOW, 0, line, WIDTH);
}

/* --- TCBs --- */

/* What is known of an end without a TCB that can be asked is its state. RFC 9293 3.3.2: CLOSED has
 * none, whatever its user may still ask for. */
static void cell_of(const struct tape_end *end, aksu_time now, unsigned row,
                    char out[LAB_CELL_TEXT])
{
    if (end->info != NULL && (row == CELL_STATE || end->info->state != AKSU_TCP_CLOSED))
        lab_cell_text(end->info, now, row, out);
    else if (end->known && row == CELL_STATE)
        (void)snprintf(out, LAB_CELL_TEXT, "%s", aksu_tcp_state_name(end->state));
    else
        (void)snprintf(out, LAB_CELL_TEXT, "-");
}

static void draw_tcb(const struct lab_step *s, unsigned host, int column)
{
    uint32_t moment = s->cursor - 1;
    aksu_time at = s->tape.moment[moment].at;
    struct tape_end now = lab_tape_see(&s->tape, moment, host), before = { .known = false };
    char value[LAB_CELL_TEXT], old[LAB_CELL_TEXT];
    if (moment > act_of(s)->first)
        before = lab_tape_see(&s->tape, moment - 1, host);
    for (unsigned row = 0; row < LAB_CELLS; row++) {
        cell_of(&now, at, row, value);
        cell_of(&before, at, row, old);
        bool changed = before.conn != now.conn || strcmp(value, old) != 0;
        attr_t look = !changed || value[0] == '-' ? A_NORMAL
            : s->colour ? A_BOLD | (attr_t)COLOR_PAIR(COLOUR_CHANGED) : A_REVERSE;
        attron(look);
        mvaddnstr(LINES - BELOW + 2 + (int)row, column, value, VALUE);
        attroff(look);
    }
}

static void draw_tcbs(const struct lab_step *s)
{
    const struct tape_act *a = act_of(s);
    int top = LINES - BELOW + 1;
    attron(A_BOLD);
    mvaddstr(top, LEFT + 2, a->host[a->left] != NULL ? a->host[a->left] : "");
    mvaddstr(top, RIGHT, a->host[a->right] != NULL ? a->host[a->right] : "");
    attroff(A_BOLD);
    for (unsigned row = 0; row < LAB_CELLS; row++)
        mvaddstr(top + 1 + (int)row, 0, lab_cell_name(row, s->lang));
    if (s->cursor == 0)
        return;
    draw_tcb(s, a->left, LEFT + 2);
    draw_tcb(s, a->right, RIGHT);
}

/* --- all of it --- */

static void draw_head(const struct lab_step *s)
{
    char line[256];
    aksu_time at = s->cursor > 0 ? s->tape.moment[s->cursor - 1].at : 0;
    attron(A_BOLD);
    (void)snprintf(line, sizeof line, "%s  %s", s->scenario->id,
                   lab_say(s->scenario->title, s->lang));
    mvaddstr(0, 0, line);
    attroff(A_BOLD);
    (void)snprintf(line, sizeof line, "%u/%u  %" PRIu64 ".%03" PRIu64 " ms   %u. %s", s->cursor,
                   s->tape.moments, at / 1000000, at / 1000 % 1000, act_of(s)->number,
                   lab_say(act_of(s)->act->title, s->lang));
    mvaddstr(1, 0, line);
}

void lab_screen_draw(struct lab_step *s)
{
    if (s->colour)
        (void)init_pair(COLOUR_CHANGED, COLOR_YELLOW, -1);
    (void)erase();
    draw_head(s);
    if (s->cursor == 0 || s->text)
        draw_text(s);
    else
        draw_ladder(s);
    if (s->cursor > 0)
        draw_step(s);
    draw_tcbs(s);
    mvaddstr(LINES - 1, 0, lab_say(W_step_keys, s->lang));
    (void)refresh();
}

void lab_screen_small(const struct lab_step *s)
{
    (void)erase();
    mvaddnstr(0, 0, lab_say(W_step_small, s->lang), -1);
    (void)refresh();
}
