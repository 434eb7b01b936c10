/* tape.c - see tape.h. Filled by play.c, moment by moment. */
#include "lab/inner.h"

#include <stdlib.h>

enum { MOMENTS, EVENTS, TCBS, ACTS, FIRST_ROOM = 256 };

/* Room for one more; false: no memory. */
static bool grow(struct lab_tape *t, unsigned which, void **array, uint32_t count, size_t size)
{
    if (count < t->room[which])
        return true;
    uint32_t room = count > 0 ? count * 2 : FIRST_ROOM;
    void *larger = t->full ? NULL : realloc(*array, room * size);
    if (larger == NULL) {
        t->full = true;
        return false;
    }
    *array = larger;
    t->room[which] = room;
    return true;
}

void lab_tape_act(struct lab *lab, const struct lab_act *act)
{
    struct lab_tape *t = lab->play->tape;
    void *array = t != NULL ? t->act : NULL;
    if (t == NULL || !grow(t, ACTS, &array, t->acts, sizeof *t->act))
        return;
    t->act = array;
    t->act[t->acts++] = (struct tape_act){ .act = act, .number = lab->act, .right = 1,
                                           .first = t->moments };
}

static void add_events(struct lab *lab, struct lab_tape *t)
{
    for (unsigned i = lab->said_before; i < lab->said_count; i++) {
        void *array = t->event;
        if (!grow(t, EVENTS, &array, t->events, sizeof *t->event))
            return;
        t->event = array;
        struct tape_event *e = &t->event[t->events++];
        *e = (struct tape_event){ (uint8_t)lab->said[i].host->number, lab->said[i].event };
        e->event.at = lab->said[i].at;
    }
}

static void add_tcb(struct lab *lab, struct lab_tape *t, struct inner_end *e)
{
    struct tape_tcb tcb = { .host = (uint8_t)e->end.host->number, .conn = e->end.conn.index };
    void *array = t->tcb;
    char text[LAB_TCB_TEXT];
    if (!lab_status(&e->end, &tcb.info))
        return;
    if (tcb.info.timer_at != AKSU_NEVER)
        tcb.info.timer_at = tcb.info.timer_at > lab->start ? tcb.info.timer_at - lab->start : 0;
    (void)lab_tcb_text(&tcb.info, 0, text);
    if (!lab_is_news(lab, &e->taped, text))
        return;
    if (!grow(t, TCBS, &array, t->tcbs, sizeof *t->tcb))
        return;
    t->tcb = array;
    t->tcb[t->tcbs++] = tcb;
}

void lab_tape_moment(struct lab *lab)
{
    struct lab_tape *t = lab->play->tape;
    if (t == NULL || t->acts == 0)
        return;
    struct tape_moment m = { .act = t->acts - 1, .at = lab_now(lab), .event = t->events,
                             .tcb = t->tcbs };
    unsigned watched = 0;
    add_events(lab, t);
    for (struct inner_end *e = lab->ends; e != NULL && watched < INNER_WATCHED; e = e->next)
        if (watched++, !e->end.given_back)
            add_tcb(lab, t, e);
    m.events = t->events - m.event;
    m.tcbs = t->tcbs - m.tcb;
    void *array = t->moment;
    if (m.events + m.tcbs == 0 || !grow(t, MOMENTS, &array, t->moments, sizeof *t->moment))
        return;
    t->moment = array;
    t->moment[t->moments++] = m;
    t->act[t->acts - 1].moments++;
}

void lab_tape_end(struct lab *lab)
{
    struct lab_tape *t = lab->play->tape;
    if (t == NULL || t->acts == 0)
        return;
    struct tape_act *a = &t->act[t->acts - 1];
    a->hosts = lab->hosts;
    a->left = lab->shown[0];
    a->right = lab->shown[1];
    for (unsigned i = 0; i < lab->hosts && i < TAPE_HOSTS; i++)
        a->host[i] = lab->host[i]->host.name;
}

void lab_tape_free(struct lab_tape *tape)
{
    free(tape->moment);
    free(tape->event);
    free(tape->tcb);
    free(tape->act);
    *tape = (struct lab_tape){ 0 };
}

const struct tape_tcb *lab_tape_tcb(const struct lab_tape *tape, uint32_t moment, unsigned host)
{
    unsigned act = tape->moment[moment].act;
    for (uint32_t m = moment + 1; m-- > 0 && tape->moment[m].act == act;) {
        const struct tape_moment *here = &tape->moment[m];
        for (uint32_t i = here->tcbs; i-- > 0;)
            if (tape->tcb[here->tcb + i].host == host)
                return &tape->tcb[here->tcb + i];
    }
    return NULL;
}
