/* width.c - see width.h. */
#include "lab/width.h"

#include <stdint.h>

/* The code point at `text` and its octets; a stray octet is one of one column. */
static uint32_t point_at(const char *text, unsigned *octets)
{
    const unsigned char *t = (const unsigned char *)text;
    unsigned more = t[0] >= 0xf0 ? 3 : t[0] >= 0xe0 ? 2 : t[0] >= 0xc0 ? 1 : 0;
    uint32_t point = more > 0 ? t[0] & (0x3fu >> more) : t[0];
    for (unsigned i = 1; i <= more; i++) {
        if ((t[i] & 0xc0) != 0x80) {
            *octets = 1;
            return '?';
        }
        point = point << 6 | (t[i] & 0x3fu);
    }
    *octets = more + 1;
    return point;
}

/* Unicode's East Asian Width W and F, as far as our texts go. */
static unsigned columns_of(uint32_t point)
{
    return (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xa4cf)
        || (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff)
        || (point >= 0xff00 && point <= 0xff60) ? 2 : 1;
}

unsigned lab_width(const char *text)
{
    unsigned width = 0, octets;
    for (; *text; text += octets)
        width += columns_of(point_at(text, &octets));
    return width;
}

size_t lab_wrap(const char *text, unsigned room)
{
    size_t at = 0, blank = 0;
    unsigned width = 0, octets;
    while (text[at]) {
        uint32_t point = point_at(text + at, &octets);
        if (point == '\n')
            return at;
        if (point == ' ')
            blank = at;
        width += columns_of(point);
        if (width > room)
            return blank > 0 ? blank : at > 0 ? at : octets;
        at += octets;
    }
    return at;
}

size_t lab_fit(const char *text, unsigned room)
{
    size_t at = 0;
    unsigned octets, width = 0;
    while (text[at] && (width += columns_of(point_at(text + at, &octets))) <= room)
        at += octets;
    return at;
}
