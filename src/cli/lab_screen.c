/* lab_screen.c - the screen of aksu lab --step: the lines for the cursor (lab_lines.c), what the
 * last step was and which part of RFC 9293 it belongs to, both TCBs with what has changed, the
 * keys. Called by lab_step.c. */
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/lab_lines.h"
#include "lab/cells.h"
#include "lab/width.h"

enum { TCB_ROWS = LAB_CELLS + 1, BELOW = TCB_ROWS + 3, HEAD = 2, LEFT = 22, RIGHT = 51, VALUE = 28,
       COLOUR_CHANGED = 1, STEP_TEXT = 256 };

/* At most `room` columns: what is longer would go on in the next line. */
static void put_at(int row, int column, const char *text, unsigned room)
{
    mvaddnstr(row, column, text, (int)lab_fit(text, room));
}

/* Rows below the lines: the step, the TCBs (of an act that is not drawn there are none), what is
 * hidden, the keys. */
static int below(const struct lab_step *s)
{
    return lab_step_act(s)->undrawn ? BELOW - TCB_ROWS : BELOW;
}

static void draw_hidden(const struct lab_step *s, unsigned above, unsigned under)
{
    char line[256];
    if (above + under == 0)
        return;
    (void)snprintf(line, sizeof line, "%s %u   %s %u", lab_say(W_step_above, s->lang), above,
                   lab_say(W_step_under, s->lang), under);
    put_at(LINES - 2, 0, line, (unsigned)COLS);
}

static void draw_lines(struct lab_step *s)
{
    struct lab_lines l = lab_lines_of(s);
    unsigned room = (unsigned)(LINES - HEAD - below(s)), row = 0;
    unsigned usual = lab_lines_first(&l, room, 0), first = lab_lines_first(&l, room, s->scroll);
    char *line = l.text;
    s->scroll = (int)usual - (int)first;
    for (; line != NULL && *line && row < first + room; row++) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        attr_t look = row + 1 == l.bold ? A_BOLD : A_NORMAL;
        attron(look);
        if (row >= first)
            put_at((int)(HEAD + row - first), 0, line, (unsigned)COLS);
        attroff(look);
        line = end != NULL ? end + 1 : NULL;
    }
    draw_hidden(s, first, l.count > row ? l.count - row : 0);
    lab_lines_free(&l);
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

/* Said of a step that the ladder does not have: another network, a flood from outside. */
static const char *not_drawn(const struct lab_step *s, const struct tape_moment *m)
{
    const struct tape_act *a = lab_step_act(s);
    bool drawn = a->undrawn;
    for (uint32_t i = 0; i < m->events; i++)
        drawn |= lab_tape_draws(a, &s->tape.event[m->event + i]);
    return drawn ? "" : lab_say(W_step_not_drawn, s->lang);
}

/* Where there is no room, without the number of the standard. */
static void drop_text(const char *host, const struct aksu_event_dropped *d, unsigned room,
                      char out[STEP_TEXT])
{
    static const char standard[] = "RFC 9293 ";
    size_t length = sizeof standard - 1;
    const char *rule = d->rule;
    (void)snprintf(out, STEP_TEXT, "%s: dropped: %s: %s", host, rule, d->why);
    if (lab_width(out) > room && strncmp(rule, standard, length) == 0)
        (void)snprintf(out, STEP_TEXT, "%s: dropped: %s: %s", host, rule + length, d->why);
}

/* The first event of the moment that is a part of the standard, or else the first one; and where
 * the segment was dropped. */
static void draw_step(const struct lab_step *s)
{
    const struct tape_moment *m = &s->tape.moment[s->cursor - 1];
    const struct tape_event *event = &s->tape.event[m->event], *which = event, *dropped = NULL;
    char part[AKSU_STEPS_TEXT] = "", line[STEP_TEXT];
    const char *apart = not_drawn(s, m);
    unsigned room = (unsigned)COLS - lab_width(apart);
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
    const char *name = lab_step_act(s)->host[which->host];
    const char *what = aksu_event_sentence(which->event.kind);
    if (dropped != NULL)
        drop_text(lab_step_act(s)->host[dropped->host], &dropped->event.dropped, room, line);
    else if (which->event.kind == AKSU_EV_segment_in)
        (void)snprintf(line, sizeof line, "%s: %s", name, part);
    else
        (void)snprintf(line, sizeof line, "%s: %s   %s", name, what, part);
    put_at(LINES - below(s), 0, line, room);
    put_at(LINES - below(s), (int)room, apart, (unsigned)COLS);
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
    if (moment > lab_step_act(s)->first)
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
    const struct tape_act *a = lab_step_act(s);
    int top = LINES - BELOW + 1;
    attron(A_BOLD);
    mvaddstr(top, LEFT + 2, a->host[a->left]);
    mvaddstr(top, RIGHT, a->host[a->right]);
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
    put_at(0, 0, line, (unsigned)COLS);
    attroff(A_BOLD);
    (void)snprintf(line, sizeof line, "%u/%u  %" PRIu64 ".%03" PRIu64 " ms   %u. %s", s->cursor,
                   s->tape.moments, at / 1000000, at / 1000 % 1000, lab_step_act(s)->number,
                   lab_say(lab_step_act(s)->act->title, s->lang));
    put_at(1, 0, line, (unsigned)COLS);
}

void lab_screen_draw(struct lab_step *s)
{
    if (s->colour)
        (void)init_pair(COLOUR_CHANGED, COLOR_YELLOW, -1);
    (void)erase();
    draw_head(s);
    draw_lines(s);
    if (s->cursor > 0)
        draw_step(s);
    if (!lab_step_act(s)->undrawn)
        draw_tcbs(s);
    put_at(LINES - 1, 0, lab_say(W_step_keys, s->lang), (unsigned)COLS);
    (void)refresh();
}

void lab_screen_small(const struct lab_step *s)
{
    (void)erase();
    mvaddnstr(0, 0, lab_say(W_step_small, s->lang), -1);
    (void)refresh();
}
