/* ladder_row.c - see ladder_row.h. Called by ladder_draw.c. */
#include "event/ladder_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ladder_row_clear(struct row *row)
{
    memset(row->cell, ' ', sizeof row->cell);
    memset(row->style, STYLE_PLAIN, sizeof row->style);
}

void ladder_row_put(struct row *row, int column, char cell, enum style style)
{
    if (column < 0 || column >= ROW_WIDTH)
        return;
    row->cell[column] = cell;
    row->style[column] = (uint8_t)style;
}

void ladder_row_text(struct row *row, int column, const char *text, enum style style)
{
    for (; *text; text++)
        ladder_row_put(row, column++, *text, style);
}

static void print_style(struct row *row, uint8_t style)
{
    static const char *const sgr[STYLE_COUNT] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_DIM] = "\033[0;90m", [STYLE_STRONG] = "\033[0;1m",
        [STYLE_STATE] = "\033[0;1;32m", [STYLE_CALL] = "\033[0;36m",
        [STYLE_TIMER] = "\033[0;33m", [STYLE_BAD] = "\033[0;31m", [STYLE_AGREED] = "\033[0;34m",
    };

    event_print_text(&row->print, sgr[style]);
}

static void print_cell(struct row *row, char cell)
{
    static const char *const pretty[GLYPH_COUNT] = {
        "?", "│", "┊", "─", "→", "←", "╳", "╮", "╰", "╭", "╯", "│", "●",
    };
    static const char plain[] = "?|:-><X.'.'|*";
    unsigned glyph = (unsigned char)cell;

    if (glyph >= GLYPH_COUNT)
        event_print_octets(&row->print, &cell, 1);
    else if (row->utf8)
        event_print_text(&row->print, pretty[glyph]);
    else
        event_print_octets(&row->print, &plain[glyph], 1);
}

void ladder_row_print(struct row *row)
{
    uint8_t style = STYLE_PLAIN;
    int end = ROW_WIDTH;

    while (end > 0 && row->cell[end - 1] == ' ')
        end--;
    for (int i = 0; i < end; i++) {
        if (row->colour && row->cell[i] != ' ' && row->style[i] != style) {
            style = row->style[i];
            print_style(row, style);
        }
        print_cell(row, row->cell[i]);
    }
    if (style != STYLE_PLAIN)
        print_style(row, STYLE_PLAIN);
    event_print_text(&row->print, "\n");
}

void ladder_words_add(struct words *w, const char *format, ...)
{
    int room = (int)sizeof w->text - w->length, length;
    va_list arguments;

    va_start(arguments, format);
    length = vsnprintf(w->text + w->length, (size_t)room, format, arguments);
    va_end(arguments);
    if (length > 0)
        w->length += length < room ? length : room - 1;
}

void ladder_words_pad(struct words *w, int length)
{
    if (length > w->length)
        ladder_words_add(w, "%*s", length - w->length, "");
}

void ladder_words_count(struct words *w, uint64_t n)
{
    if (n >= 1000) {
        ladder_words_count(w, n / 1000);
        ladder_words_add(w, ",%03u", (unsigned)(n % 1000));
    } else {
        ladder_words_add(w, "%u", (unsigned)n);
    }
}
