/* ladder_row.h - one line of the ladder as 80 cells: whatever is drawn, the columns stay where
 * they are. */
#ifndef EVENT_LADDER_ROW_H
#define EVENT_LADDER_ROW_H

#include "event/print.h"

enum { ROW_WIDTH = 80 };

/* Cells hold ASCII, or one of these, which look better where there is Unicode. */
enum glyph { GLYPH_NONE, GLYPH_LIFE, GLYPH_FOLDED, GLYPH_DASH, GLYPH_RIGHT, GLYPH_LEFT, GLYPH_LOST,
             GLYPH_FROM_LEFT_DOWN, GLYPH_FROM_LEFT_UP, GLYPH_FROM_RIGHT_DOWN, GLYPH_FROM_RIGHT_UP,
             GLYPH_FALL, GLYPH_MARK, GLYPH_COUNT };

enum style { STYLE_PLAIN, STYLE_DIM, STYLE_STRONG, STYLE_STATE, STYLE_CALL, STYLE_TIMER, STYLE_BAD,
             STYLE_AGREED, STYLE_COUNT };

struct row {
    struct print print;
    bool utf8, colour;
    uint32_t cell[ROW_WIDTH];   /* a glyph, or a code point; behind a wide one CELL_REST */
    uint8_t style[ROW_WIDTH];
};

void ladder_row_clear(struct row *row);
/* What is outside of the row is not drawn. */
void ladder_row_put(struct row *row, int column, char cell, enum style style);
void ladder_row_text(struct row *row, int column, const char *text, enum style style);
/* The row as a line, without blanks at its end. */
void ladder_row_print(struct row *row);

/* Columns that UTF-8 takes: two for what Hangul, Kana and Han characters are written with, one for
 * all else; octets that are no UTF-8 count one each. */
int ladder_columns(const char *text);
/* The code point that `text` begins with, its octets and columns. */
uint32_t ladder_point(const char *text, int *octets, int *columns);

/* Text of bounded length; what does not fit is cut. */
struct words {
    int length;
    char text[256];
};
void ladder_words_add(struct words *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void ladder_words_pad(struct words *w, int length);     /* with blanks */
/* "1,234,567" */
void ladder_words_count(struct words *w, uint64_t n);

#endif
