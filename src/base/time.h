/* time.h - time is an argument: nanoseconds since a moment that the caller chose. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "aksu/types.h"

#define NEVER AKSU_NEVER
#define US(n) AKSU_US(n)
#define MS(n) AKSU_MS(n)
#define SECONDS(n) AKSU_SECONDS(n)

static inline aksu_time time_min(aksu_time a, aksu_time b)
{
    return a < b ? a : b;
}

/* `now` + `delay`, and NEVER when either is NEVER. */
static inline aksu_time time_after(aksu_time now, aksu_time delay)
{
    return delay >= NEVER - now ? NEVER : now + delay;
}

#endif
