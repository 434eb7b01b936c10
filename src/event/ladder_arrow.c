/* ladder_arrow.c - segments as arrows. They are drawn in columns counted from the sender, so that
 * one function draws both directions. */
#include "event/ladder_draw.h"

/* Where an arrow that takes time leaves the sender's row and comes into the receiver's. */
enum { INDENT = 3, TURN = SPAN - 3, ENTRY = 2, DETAIL_ROOM = TURN - INDENT - 1 };

void ladder_draw_arrow(struct drawing *d, unsigned side, const struct arrow *a, enum style style)
{
    for (int i = a->start; i <= a->end; i++)
        ladder_row_put(&d->row, ladder_draw_column_from(side, i), GLYPH_DASH, style);
    if (a->first)
        ladder_row_put(&d->row, ladder_draw_column_from(side, a->start), a->first, style);
    if (a->label) {
        int at = a->start + INDENT;

        ladder_row_put(&d->row, ladder_draw_column_from(side, at - 1), ' ', style);
        ladder_draw_text_from(d, side, at, a->label, style);
        ladder_row_put(&d->row, ladder_draw_column_from(side, at + a->label->length), ' ', style);
    }
    if (a->last)
        ladder_row_put(&d->row, ladder_draw_column_from(side, a->end), a->last,
                       a->last == GLYPH_LOST ? STYLE_BAD : style);
}

char ladder_draw_head(unsigned sender)
{
    return sender == 0 ? GLYPH_RIGHT : GLYPH_LEFT;
}

static char leaving(unsigned sender)
{
    return sender == 0 ? GLYPH_FROM_LEFT_DOWN : GLYPH_FROM_RIGHT_DOWN;
}

static char entering(unsigned sender)
{
    return sender == 0 ? GLYPH_FROM_LEFT_UP : GLYPH_FROM_RIGHT_UP;
}

static enum style style_of(const struct ladder_item *item)
{
    if (item->sort == LADDER_ICMP || (item->segment.ctl & AKSU_RST))
        return STYLE_BAD;
    if (item->why || item->nowhere)
        return STYLE_TIMER;
    return item->segment.ctl & (AKSU_SYN | AKSU_FIN) ? STYLE_STRONG : STYLE_PLAIN;
}

static int clamp(int n, int least, int most)
{
    return n < least ? least : n > most ? most : n;
}

/* The rows under an arrow; `turn` is where one that arrives in the row behind them comes down, or
 * 0. */
static void draw_details(struct drawing *d, const struct ladder_item *item, const char *text,
                         int turn)
{
    int width = ladder_draw_block_width(text, DETAIL_ROOM);
    struct words line;

    while (ladder_draw_next_line(&text, DETAIL_ROOM, &line)) {
        ladder_words_pad(&line, width);
        ladder_draw_start_line(d, GLYPH_LIFE);
        ladder_draw_text_from(d, item->side, INDENT, &line, style_of(item));
        if (turn > 0)
            ladder_row_put(&d->row, ladder_draw_column_from(item->side, turn), GLYPH_FALL,
                           style_of(item));
        ladder_row_print(&d->row);
    }
}

/* Comes out of the middle of the diagram: an arrival whose sending is further above, or was not
 * seen. */
static void draw_incoming(struct drawing *d, const struct ladder_item *item, char first)
{
    struct words label = { .length = 0 };
    struct arrow a = { .start = ENTRY, .end = SPAN - 1, .first = first,
                       .last = ladder_draw_head(item->side), .label = &label };

    ladder_words_segment(&label, d->c, item, SPAN - ENTRY - INDENT - 3);
    ladder_draw_start_row(d, item->at, GLYPH_LIFE);
    ladder_draw_arrow(d, item->side, &a, style_of(item));
    ladder_draw_put_labels(d, item);
    ladder_row_print(&d->row);
}

/* Sent now, arrives later. True when the arrival is the next item and was drawn with it. */
static bool draw_slanted(struct drawing *d, const struct ladder_item *item, const char *details)
{
    const struct ladder_item *next = item->next != NO_ITEM ? &d->l->item[item->next] : NULL;
    bool together = next && ladder_is_arrival_of(next, item);
    struct words label = { .length = 0 };

    struct arrow a = { .end = TURN, .last = leaving(item->side), .label = &label };

    ladder_words_segment(&label, d->c, item, TURN - INDENT - 3);
    ladder_draw_arrow(d, item->side, &a, style_of(item));
    ladder_draw_put_labels(d, item);
    ladder_row_print(&d->row);
    draw_details(d, item, details, together ? TURN : 0);
    if (!together)
        return false;
    ladder_draw_start_row(d, next->at, GLYPH_LIFE);
    a = (struct arrow){ .start = TURN, .end = SPAN - 1, .first = entering(item->side),
                        .last = ladder_draw_head(item->side) };
    ladder_draw_arrow(d, item->side, &a, style_of(item));
    ladder_draw_put_labels(d, next);
    ladder_row_print(&d->row);
    return true;
}

bool ladder_draw_segment(struct drawing *d, const struct ladder_item *item, uint32_t more)
{
    struct words label = { .length = 0 }, details;
    struct arrow a = { .end = SPAN - 1, .last = ladder_draw_head(item->side), .label = &label };

    ladder_words_details(&details, d->c, item, more);
    if (item->nowhere || (item->sort == LADDER_ICMP && item->message.third)) {
        draw_incoming(d, item, item->nowhere ? '?' : 0);
        draw_details(d, item, details.text, 0);
        return false;
    }
    ladder_draw_start_row(d, item->at, GLYPH_LIFE);
    if (item->other_at != AKSU_NEVER && item->other_at != item->at)
        return draw_slanted(d, item, details.text);
    ladder_words_segment(&label, d->c, item, SPAN - 6);
    if (item->other_at == AKSU_NEVER) {
        a.end = clamp(label.length + INDENT + 2, 26, SPAN - 2);
        a.last = item->under_way ? ladder_draw_head(item->side) : GLYPH_LOST;
    }
    ladder_draw_arrow(d, item->side, &a, style_of(item));
    ladder_draw_put_labels(d, item);
    ladder_row_print(&d->row);
    draw_details(d, item, details.text, 0);
    return false;
}

void ladder_draw_arrival(struct drawing *d, const struct ladder_item *item, uint32_t more)
{
    struct words again = { .length = 0 };

    draw_incoming(d, item, entering(item->side));
    if (more > 0) {
        ladder_words_add(&again, "%u times", more + 1);
        draw_details(d, item, again.text, 0);
    }
}
