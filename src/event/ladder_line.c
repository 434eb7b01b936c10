/* ladder_line.c - see ladder_draw.h: what stands in the columns of one line. */
#include "event/ladder_draw.h"

#include <string.h>

int ladder_draw_column_from(unsigned side, int n)
{
    return side == 0 ? LIFE_LEFT + 1 + n : LIFE_RIGHT - 1 - n;
}

void ladder_draw_text_from(struct drawing *d, unsigned side, int n, const struct words *w,
                           enum style style)
{
    int column = ladder_draw_column_from(side, n);

    if (side == 1)
        column -= ladder_columns(w->text) - 1;
    ladder_row_text(&d->row, column, w->text, style);
}

/* "12345.678" ms; from 100 s on "2:05.123" minutes; from 100 minutes on "5:01:02" hours, and what
 * follows within a second as milliseconds after the row above, which has as many digits. */
static void write_time(const struct drawing *d, aksu_time at, struct words *w)
{
    uint64_t us = (at - d->c->first) / 1000, s = us / 1000000;
    bool soon = d->shown != AKSU_NEVER && at - d->shown < AKSU_SECONDS(1);

    if (us < 100000000)
        ladder_words_add(w, "%u.%03u", (unsigned)(us / 1000), (unsigned)(us % 1000));
    else if (s < 6000)
        ladder_words_add(w, "%u:%02u.%03u", (unsigned)(s / 60), (unsigned)(s % 60),
                         (unsigned)(us / 1000 % 1000));
    else if (soon)
        ladder_words_add(w, "+%u.%03u", (unsigned)((at - d->shown) / 1000000),
                         (unsigned)((at - d->shown) / 1000 % 1000));
    else
        ladder_words_add(w, "%llu:%02u:%02u", (unsigned long long)(s / 3600),
                         (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

void ladder_draw_start_line(struct drawing *d, char life)
{
    ladder_row_clear(&d->row);
    ladder_row_put(&d->row, LIFE_LEFT, life, STYLE_DIM);
    ladder_row_put(&d->row, LIFE_RIGHT, life, STYLE_DIM);
}

void ladder_draw_start_row(struct drawing *d, aksu_time at, char life)
{
    ladder_draw_start_line(d, life);
    if (at < d->c->first)
        at = d->c->first;
    if (d->shown != AKSU_NEVER && at <= d->shown)
        return;
    struct words w = { .length = 0 };

    write_time(d, at, &w);
    if (strcmp(w.text, d->time.text) == 0 || strcmp(w.text, "+0.000") == 0)
        return;                             /* the same, as finely as it is written */
    d->shown = at;
    d->time = w;
    ladder_row_text(&d->row, TIME_END - w.length, w.text, STYLE_DIM);
}

void ladder_draw_put_cell(struct drawing *d, unsigned side, const char *text, enum style style)
{
    struct words w = { .length = 0 };

    ladder_words_add(&w, "%.*s", CELL, text);
    ladder_row_text(&d->row, side == 0 ? LIFE_LEFT - 1 - w.length : LIFE_RIGHT + 2, w.text, style);
}

void ladder_draw_put_labels(struct drawing *d, const struct ladder_item *item)
{
    for (unsigned side = 0; side < 2; side++) {
        enum aksu_tcp_state state = (enum aksu_tcp_state)(item->label[side] - 1);

        if (item->label[side] != 0)
            ladder_draw_put_cell(d, side, aksu_tcp_state_name(state), STYLE_STATE);
    }
}

/* How many octets of `text` fit into `room` columns, not cutting a word if that can be helped. */
static int line_length(const char *text, int room)
{
    int at = 0, blank = 0, used = 0, octets, columns;

    while (text[at]) {
        ladder_point(text + at, &octets, &columns);
        if (text[at] == ' ' && used > room / 2)
            blank = at;
        if (used + columns > room)
            return text[at] == ' ' || blank == 0 ? at : blank;
        used += columns;
        at += octets;
    }
    return at;
}

bool ladder_draw_next_line(const char **text, int room, struct words *line)
{
    while (**text == ' ')
        (*text)++;
    if (**text == '\0')
        return false;
    line->length = 0;
    ladder_words_add(line, "%.*s", line_length(*text, room), *text);
    *text += line->length;
    return true;
}

int ladder_draw_block_width(const char *text, int room)
{
    struct words line;
    int width = 0;

    while (ladder_draw_next_line(&text, room, &line)) {
        int columns = ladder_columns(line.text);

        width = columns > width ? columns : width;
    }
    return width;
}
