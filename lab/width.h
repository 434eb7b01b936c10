/* width.h - columns that UTF-8 text takes on a terminal: Hangul and what CJK writes takes two. */
#ifndef LAB_WIDTH_H
#define LAB_WIDTH_H

#include <stddef.h>

unsigned lab_width(const char *text);
/* Octets of the first line of `text`, of at most `room` columns, broken at a blank if it can be. */
size_t lab_wrap(const char *text, unsigned room);
/* Octets of `text` that fit in `room` columns. */
size_t lab_fit(const char *text, unsigned room);

#endif
