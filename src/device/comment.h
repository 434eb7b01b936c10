/* comment.h - the stack's events as lines of text, gathered until the packet that they belong to is
 * written. Called by capture.c. */
#ifndef DEVICE_COMMENT_H
#define DEVICE_COMMENT_H

#include "aksu/sink.h"

enum { COMMENT_MOST = 60 << 10,     /* octets of lines; what comes after is only counted */
       COMMENT_EXTRA = 128 };       /* headings, and the line that counts */

struct comment {
    struct aksu_text_sink text;
    aksu_time at;                   /* of the last event */
    size_t used;
    size_t earlier;                 /* lines up to here were before the packet's own moment */
    size_t shown, shown_end;        /* the line that the next packet itself will show; or none */
    uint64_t more;                  /* lines that found no room */
    bool torn;
    char line[COMMENT_MOST];
    char whole[COMMENT_MOST + COMMENT_EXTRA];
};

void comment_init(struct comment *c);
/* A line for the event. */
void comment_event(struct comment *c, const struct aksu_event *event);
/* The same; it is left out if comment_forget_shown follows before another such event. */
void comment_shown_event(struct comment *c, const struct aksu_event *event);
void comment_forget_shown(struct comment *c);
/* A line of our own, ending in a newline. */
void comment_add(struct comment *c, const char *line);
/* What there is so far was before the moment that the packet belongs to. */
void comment_set_earlier(struct comment *c);
/* All of it, without the last newline; length 0: nothing. Borrowed until the next event. Then it is
 * empty. */
struct aksu_slice comment_take(struct comment *c);

#endif
