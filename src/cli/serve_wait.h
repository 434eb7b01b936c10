/* serve_wait.h - for what each connection of serve.c is waited, and how long. Those that wait for
 * the same are in one list, the longest waiting first: nothing is sorted or searched. */
#ifndef CLI_SERVE_WAIT_H
#define CLI_SERVE_WAIT_H

#include <stddef.h>

#include "aksu/types.h"

enum wait_for { WAIT_HEAD,          /* the rest of a request's head */
                WAIT_PROGRESS,      /* the next request, or room, or more of a body */
                WAIT_END,           /* the peer's FIN, after ours */
                WAIT_COUNT };

static const aksu_time wait_patience[WAIT_COUNT] = { AKSU_SECONDS(30), AKSU_SECONDS(60),
                                                     AKSU_SECONDS(2) };

struct waiter {
    struct waiter *next, *prev;
    aksu_time deadline;
    enum wait_for what;
};

struct waits {
    struct waiter *first[WAIT_COUNT], *last[WAIT_COUNT];
};

static inline void wait_leave(struct waits *l, struct waiter *w)
{
    *(w->prev ? &w->prev->next : &l->first[w->what]) = w->next;
    *(w->next ? &w->next->prev : &l->last[w->what]) = w->prev;
}

static inline void wait_enter(struct waits *l, struct waiter *w, enum wait_for what, aksu_time now)
{
    *w = (struct waiter){ .prev = l->last[what], .deadline = now + wait_patience[what],
                          .what = what };
    *(w->prev ? &w->prev->next : &l->first[what]) = w;
    l->last[what] = w;
}

/* From now on it waits for this. */
static inline void wait_change(struct waits *l, struct waiter *w, enum wait_for what, aksu_time now)
{
    wait_leave(l, w);
    wait_enter(l, w, what, now);
}

/* Somebody whose deadline has passed, or NULL: then *next is the earliest to come. */
static inline struct waiter *wait_expired(const struct waits *l, aksu_time now, aksu_time *next)
{
    *next = AKSU_NEVER;
    for (int what = 0; what < WAIT_COUNT; what++) {
        struct waiter *w = l->first[what];
        if (w && w->deadline <= now)
            return w;
        if (w && w->deadline < *next)
            *next = w->deadline;
    }
    return NULL;
}

#endif
