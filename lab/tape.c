/* tape.c - see tape.h. Filled by play.c, moment by moment. */
#include "lab/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOMENTS, EVENTS, TCBS, ACTS, LOOKS, FIRST_ROOM = 256 };

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
        *e = (struct tape_event){ (uint8_t)lab->said[i].host->number, lab->said[i].drawn,
                                   lab->said[i].between, lab->said[i].event };
        e->event.at = lab->said[i].at;
    }
}

static void add_tcb(struct lab *lab, struct lab_tape *t, struct inner_end *e)
{
    struct tape_tcb tcb = { .host = (uint8_t)e->end.host->number, .conn = e->end.conn.index };
    void *array = t->tcb;
    char text[LAB_TCB_TEXT];
    tcb.gone = !lab_status(&e->end, &tcb.info);
    if (tcb.gone && !lab_is_gone(&e->taped))
        return;
    if (!tcb.gone && tcb.info.timer_at != AKSU_NEVER)
        tcb.info.timer_at = tcb.info.timer_at > lab->start ? tcb.info.timer_at - lab->start : 0;
    if (!tcb.gone)
        (void)lab_tcb_text(&tcb.info, 0, text);
    if (!tcb.gone && !lab_is_news(lab, &e->taped, text))
        return;
    if (!grow(t, TCBS, &array, t->tcbs, sizeof *t->tcb))
        return;
    t->tcb = array;
    t->tcb[t->tcbs++] = tcb;
}

void lab_tape_moment(struct lab *lab, const struct lab_host *of)
{
    struct lab_tape *t = lab->play->tape;
    if (t == NULL || t->acts == 0)
        return;
    struct tape_moment m = { .act = t->acts - 1, .at = lab_now(lab), .event = t->events,
                             .tcb = t->tcbs };
    unsigned watched = 0;
    add_events(lab, t);
    for (struct inner_end *e = lab->ends; e != NULL && watched < INNER_WATCHED; e = e->next)
        if (watched++, of == NULL || e->end.host == of)
            add_tcb(lab, t, e);
    m.events = t->events - m.event;
    m.tcbs = t->tcbs - m.tcb;
    void *array = t->moment;
    if (!grow(t, MOMENTS, &array, t->moments, sizeof *t->moment))
        return;
    t->moment = array;
    t->moment[t->moments++] = m;
    t->act[t->acts - 1].moments++;
}

/* --- text --- */

struct kept_text {
    struct lab_tape *tape;
    char **text;
    size_t length;
};

static void add_text(void *context, const char *text, size_t length)
{
    struct kept_text *k = context;
    char *longer = realloc(*k->text, k->length + length + 1);
    if (longer == NULL) {
        k->tape->full = true;
        return;
    }
    memcpy(longer + k->length, text, length);
    k->length += length;
    longer[k->length] = '\0';
    *k->text = longer;
}

/* What is looked at before anything has happened, or after something that is no moment yet, belongs
 * to the moment that comes. */
void lab_tape_look(struct lab *lab, const struct inner_look *look)
{
    struct lab_tape *t = lab->play->tape;
    void *array = t != NULL ? t->look : NULL;
    if (t == NULL || t->acts == 0 || !grow(t, LOOKS, &array, t->looks, sizeof *t->look))
        return;
    bool ahead = lab->said_count > lab->said_before || t->act[t->acts - 1].moments == 0;
    t->look = array;
    struct tape_look *l = &t->look[t->looks++];
    *l = (struct tape_look){ .moment = ahead ? t->moments : t->moments - 1 };
    lab_text_look(lab, look, (struct aksu_writer){ add_text,
                                                   &(struct kept_text){ t, &l->text, 0 } });
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
    a->undrawn = lab->hosts > 2 && !lab->host[a->left]->shown;
    lab_text_tables(lab, (struct aksu_writer){ add_text,
                                               &(struct kept_text){ t, &a->tables, 0 } });
    lab_text_checks(lab, (struct aksu_writer){ add_text,
                                               &(struct kept_text){ t, &a->checks, 0 } });
    for (unsigned i = 0; i < lab->hosts && i < TAPE_HOSTS; i++)
        (void)snprintf(a->host[i], TAPE_NAME, "%s", lab->host[i]->host.name);
}

void lab_tape_free(struct lab_tape *tape)
{
    for (uint32_t i = 0; i < tape->acts; i++) {
        free(tape->act[i].tables);
        free(tape->act[i].checks);
    }
    for (uint32_t i = 0; i < tape->looks; i++)
        free(tape->look[i].text);
    free(tape->look);
    free(tape->moment);
    free(tape->event);
    free(tape->tcb);
    free(tape->act);
    *tape = (struct lab_tape){ 0 };
}

/* --- what is known at a moment --- */

/* Seen while going back in time: what holds for the first connection that is met behind it. */
struct looked {
    struct tape_end end;
    uint32_t gone, deleted;     /* connections; 0: none */
    bool over;                  /* a TIME-WAIT is */
};

static void meet(struct looked *l, uint32_t conn, enum aksu_tcp_state state,
                 const struct aksu_info *info)
{
    /* What is left of a connection in TIME-WAIT is a record. */
    bool closed = state == AKSU_TCP_TIME_WAIT ? l->over : conn != 0 && l->deleted == conn;
    l->end = (struct tape_end){ .known = true, .conn = conn,
        .state = closed ? AKSU_TCP_CLOSED : state,
        .info = closed || l->gone == conn ? NULL : info };
}

static void meet_event(struct looked *l, const struct aksu_event *e)
{
    if (e->kind == AKSU_EV_state)
        meet(l, e->conn, e->state.to, NULL);
    else if (e->kind == AKSU_EV_listening)
        meet(l, e->conn, AKSU_TCP_LISTEN, NULL);
    else if (e->kind == AKSU_EV_deleted && l->deleted == 0)
        l->deleted = e->conn;
    else if (e->kind == AKSU_EV_time_wait_over)
        l->over = true;
}

static void meet_tcb(struct looked *l, const struct tape_tcb *tcb)
{
    if (!tcb->gone)
        meet(l, tcb->conn, tcb->info.state, &tcb->info);
    else if (l->gone == 0)
        l->gone = tcb->conn;
}

struct tape_end lab_tape_see(const struct lab_tape *tape, uint32_t moment, unsigned host)
{
    unsigned act = tape->moment[moment].act;
    struct looked l = { .gone = 0 };
    for (uint32_t m = moment + 1; m-- > 0 && tape->moment[m].act == act && !l.end.known;) {
        const struct tape_moment *here = &tape->moment[m];
        for (uint32_t i = here->tcbs; i-- > 0 && !l.end.known;)
            if (tape->tcb[here->tcb + i].host == host)
                meet_tcb(&l, &tape->tcb[here->tcb + i]);
        for (uint32_t i = here->events; i-- > 0 && !l.end.known;)
            if (tape->event[here->event + i].host == host)
                meet_event(&l, &tape->event[here->event + i].event);
    }
    return l.end;
}

bool lab_tape_draws(const struct tape_act *a, const struct tape_event *e)
{
    return a->hosts > 2 ? e->drawn : e->between;
}

void lab_tape_draw(const struct lab_tape *tape, uint32_t moment, struct aksu_ladder *ladder)
{
    const struct tape_act *a = &tape->act[tape->moment[moment].act];
    struct aksu_sink *side[2] = {
        aksu_ladder_side(ladder, 0, a->host[a->left][0] ? a->host[a->left] : "-"),
        aksu_ladder_side(ladder, 1, a->host[a->right][0] ? a->host[a->right] : "-"),
    };
    for (uint32_t m = a->first; m < a->first + a->moments; m++) {
        if (m == moment + 1)
            aksu_ladder_ahead(ladder);
        const struct tape_moment *here = &tape->moment[m];
        for (uint32_t i = 0; i < here->events; i++) {
            const struct tape_event *e = &tape->event[here->event + i];
            if (!lab_tape_draws(a, e))
                continue;
            if (e->host == a->left)
                side[0]->put(side[0], &e->event);
            else if (e->host == a->right)
                side[1]->put(side[1], &e->event);
        }
    }
    aksu_ladder_finish(ladder);
}
