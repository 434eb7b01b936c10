/* trail.c - see trail.h. */
#include "lab/trail.h"

#include <stdio.h>
#include <string.h>

#include "lab/inner.h"

enum { TEXT = 256 };

unsigned lab_trail(const struct lab *lab, const struct lab_host *host,
                   enum aksu_tcp_state out[LAB_TRAIL])
{
    unsigned count = 0;
    for (unsigned i = 0; i < lab->said_count && count < LAB_TRAIL; i++) {
        const struct lab_said *s = &lab->said[i];
        if (s->host == host && s->event.kind == AKSU_EV_state)
            out[count++] = s->event.state.to;
    }
    return count;
}

bool lab_trail_ends(const struct lab *lab, const struct lab_host *host,
                    const enum aksu_tcp_state *states, unsigned count)
{
    enum aksu_tcp_state trail[LAB_TRAIL];
    unsigned had = lab_trail(lab, host, trail);
    return had >= count && memcmp(&trail[had - count], states, count * sizeof *states) == 0;
}

const char *lab_trail_text(struct lab *lab, const struct lab_host *host, unsigned from)
{
    enum aksu_tcp_state trail[LAB_TRAIL];
    char text[TEXT] = "-";
    unsigned had = lab_trail(lab, host, trail);
    size_t at = 0;
    for (unsigned i = from; i < had && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i > from ? ", " : "",
                               aksu_tcp_state_name(trail[i]));
    return lab_keep(lab, text);
}

unsigned lab_entries(const struct lab *lab, const struct lab_host *host,
                     enum aksu_tcp_state state)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lab->said_count; i++) {
        const struct lab_said *s = &lab->said[i];
        count += s->host == host && s->event.kind == AKSU_EV_state && s->event.state.to == state;
    }
    return count;
}

const struct lab_said *lab_signal(const struct lab *lab, const struct lab_host *host,
                                  enum aksu_status status, unsigned nth)
{
    for (unsigned i = 0; i < lab->said_count; i++) {
        const struct lab_said *s = &lab->said[i];
        if (s->host == host && s->event.kind == AKSU_EV_signal && s->event.signal.status == status
            && nth-- == 0)
            return s;
    }
    return NULL;
}
