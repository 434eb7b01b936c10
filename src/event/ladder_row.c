/* ladder_row.c - see ladder_row.h. Called by ladder_draw.c. */
#include "event/ladder_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CELL_REST = 0x7fffffff };

uint32_t ladder_point(const char *text, int *octets, int *columns)
{
    const uint8_t *t = (const uint8_t *)text;
    unsigned more = t[0] >= 0xf0 ? 3 : t[0] >= 0xe0 ? 2 : t[0] >= 0xc0 ? 1 : 0;
    uint32_t point = more > 0 ? t[0] & (0x3fu >> more) : t[0];

    *octets = *columns = 1;
    for (unsigned i = 1; i <= more; i++) {
        if ((t[i] & 0xc0) != 0x80)
            return '?';
        point = point << 6 | (t[i] & 0x3fu);
    }
    *octets = (int)more + 1;
    if ((point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf) ||
        (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
        (point >= 0xff00 && point <= 0xff60))
        *columns = 2;
    return point;
}

int ladder_columns(const char *text)
{
    int all = 0, octets, columns;

    for (; *text; text += octets) {
        ladder_point(text, &octets, &columns);
        all += columns;
    }
    return all;
}

void ladder_row_clear(struct row *row)
{
    for (int i = 0; i < ROW_WIDTH; i++)
        row->cell[i] = ' ';
    memset(row->style, STYLE_PLAIN, sizeof row->style);
}

static void put(struct row *row, int column, uint32_t cell, enum style style)
{
    if (column < 0 || column >= ROW_WIDTH)
        return;
    row->cell[column] = cell;
    row->style[column] = (uint8_t)style;
}

void ladder_row_put(struct row *row, int column, char cell, enum style style)
{
    put(row, column, (unsigned char)cell, style);
}

void ladder_row_text(struct row *row, int column, const char *text, enum style style)
{
    int octets, columns;

    for (; *text; text += octets) {
        uint32_t point = ladder_point(text, &octets, &columns);

        put(row, column, point, style);
        if (columns == 2)
            put(row, column + 1, CELL_REST, style);
        column += columns;
    }
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

static void print_point(struct row *row, uint32_t point)
{
    char text[4];
    size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    for (size_t i = length; i-- > 1; point >>= 6)
        text[i] = (char)(0x80 | (point & 0x3f));
    text[0] = (char)(length == 1 ? point : (0xf00u >> length & 0xffu) | point);
    event_print_octets(&row->print, text, length);
}

static void print_cell(struct row *row, uint32_t cell)
{
    static const char *const pretty[GLYPH_COUNT] = {
        "?", "│", "┊", "─", "→", "←", "╳", "╮", "╰", "╭", "╯", "│", "●",
    };
    static const char plain[] = "?|:-><X.'.'|*";

    if (cell >= GLYPH_COUNT)
        print_point(row, cell);
    else if (row->utf8)
        event_print_text(&row->print, pretty[cell]);
    else
        event_print_octets(&row->print, &plain[cell], 1);
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
        if (row->cell[i] != CELL_REST)
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
