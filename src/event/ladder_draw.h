/* ladder_draw.h - the columns of a diagram and what fills them: time, left end, line of the left
 * end, 42 columns for arrows, line of the right end, right end. */
#ifndef EVENT_LADDER_DRAW_H
#define EVENT_LADDER_DRAW_H

#include "event/ladder_words.h"

enum { TIME_END = 9, CELL = 12, LIFE_LEFT = 23, LIFE_RIGHT = 66,
       SPAN = LIFE_RIGHT - LIFE_LEFT - 1 };

struct drawing {
    struct aksu_ladder *l;
    const struct ladder_connection *c;
    struct row row;
    aksu_time shown;            /* in the time column; AKSU_NEVER: nothing yet */
    struct words time;          /* as it was written */
};

/* The column that is `n` from the line of `side`. */
int ladder_draw_column_from(unsigned side, int n);
/* Text whose end that is nearer to the line of `side` is `n` columns from it. */
void ladder_draw_text_from(struct drawing *d, unsigned side, int n, const struct words *w,
                           enum style style);
/* An empty line, its ends' lines drawn with `life`; a row also has the time, unless the row above
 * has the same. */
void ladder_draw_start_line(struct drawing *d, char life);
void ladder_draw_start_row(struct drawing *d, aksu_time at, char life);
/* Beside the line: a name, or the states that the item says. */
void ladder_draw_put_cell(struct drawing *d, unsigned side, const char *text, enum style style);
void ladder_draw_put_labels(struct drawing *d, const struct ladder_item *item);
/* Takes the next line of at most `room` columns from `text`; false when nothing is left. */
bool ladder_draw_next_line(const char **text, int room, struct words *line);
/* The longest of these lines. */
int ladder_draw_block_width(const char *text, int room);

/* From `start` to `end`, counted from the sender; `label` stands in it. */
struct arrow {
    int start, end;
    char first, last;           /* glyphs; 0: a dash */
    const struct words *label;
};
void ladder_draw_arrow(struct drawing *d, unsigned side, const struct arrow *a, enum style style);
/* GLYPH_RIGHT or GLYPH_LEFT: the head of an arrow from `sender`. */
char ladder_draw_head(unsigned sender);
/* The rows of a LADDER_SEGMENT, `more` like it follow. True when the next item is its arrival and
 * was drawn with it. */
bool ladder_draw_segment(struct drawing *d, const struct ladder_item *item, uint32_t more);
/* The rows of a LADDER_ARRIVAL. */
void ladder_draw_arrival(struct drawing *d, const struct ladder_item *item, uint32_t more);

#endif
