/* comment.c - see comment.h. A line is written by the text sink in pieces; one that does not fit is
 * taken back, and from then on lines are counted, so that what is there is never out of order. */
#include "device/comment.h"

#include <stdio.h>
#include <string.h>

static const char EARLIER[] = "before this packet:\n", NOW[] = "this packet:\n";

static void take_piece(void *context, const char *text, size_t length)
{
    struct comment *c = context;
    if (c->torn || length > sizeof c->line - c->used) {
        c->torn = true;
        return;
    }
    memcpy(c->line + c->used, text, length);
    c->used += length;
}

static void empty(struct comment *c)
{
    c->used = c->earlier = c->shown = c->shown_end = 0;
    c->more = 0;
}

void comment_init(struct comment *c)
{
    aksu_text_init(&c->text, (struct aksu_writer){ take_piece, c }, NULL);
    c->at = 0;
    empty(c);
}

static void line_begin(struct comment *c)
{
    c->torn = c->more > 0;
}

static void line_end(struct comment *c, size_t start)
{
    if (!c->torn)
        return;
    c->used = start;
    c->more++;
}

void comment_event(struct comment *c, const struct aksu_event *event)
{
    size_t start = c->used;
    line_begin(c);
    c->text.sink.put(&c->text.sink, event);
    line_end(c, start);
}

void comment_shown_event(struct comment *c, const struct aksu_event *event)
{
    size_t start = c->used;
    comment_event(c, event);
    c->shown = start;
    c->shown_end = c->used;
}

void comment_forget_shown(struct comment *c)
{
    size_t length = c->shown_end - c->shown;
    memmove(c->line + c->shown, c->line + c->shown_end, c->used - c->shown_end);
    c->used -= length;
    if (c->earlier > c->shown)
        c->earlier -= length;
    c->shown = c->shown_end = 0;
}

void comment_add(struct comment *c, const char *line)
{
    size_t start = c->used;
    line_begin(c);
    take_piece(c, line, strlen(line));
    line_end(c, start);
}

void comment_set_earlier(struct comment *c)
{
    c->earlier = c->used;
}

static size_t append(char *to, size_t at, const char *text, size_t length)
{
    memcpy(to + at, text, length);
    return at + length;
}

struct aksu_slice comment_take(struct comment *c)
{
    size_t n = 0;
    if (c->earlier > 0) {
        n = append(c->whole, n, EARLIER, sizeof EARLIER - 1);
        n = append(c->whole, n, c->line, c->earlier);
        if (c->used > c->earlier)
            n = append(c->whole, n, NOW, sizeof NOW - 1);
    }
    n = append(c->whole, n, c->line + c->earlier, c->used - c->earlier);
    if (c->more > 0)
        n += (size_t)snprintf(c->whole + n, sizeof c->whole - n, "... %llu more\n",
                              (unsigned long long)c->more);
    empty(c);
    return (struct aksu_slice){ (const uint8_t *)c->whole, n > 0 ? n - 1 : 0 };
}
