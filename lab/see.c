/* see.c - what scenarios ask of what was said, and what they show under the ladder. See stage.h. */
#include "lab/inner.h"

#include <inttypes.h>
#include <stdio.h>

/* --- what was said --- */

unsigned lab_said_count(const struct lab *lab)
{
    return lab->said_count;
}

const struct lab_said *lab_said(const struct lab *lab, unsigned index)
{
    return index < lab->said_count ? &lab->said[index] : NULL;
}

static const struct lab_said *nth_event(const struct lab *lab, const struct lab_host *host,
                                        enum aksu_event_kind kind, unsigned nth, unsigned *count)
{
    *count = 0;
    for (unsigned i = 0; i < lab->said_count; i++) {
        const struct lab_said *s = &lab->said[i];
        if (s->event.kind == kind && (host == NULL || s->host == host) && (*count)++ == nth)
            return s;
    }
    return NULL;
}

const struct lab_said *lab_event(const struct lab *lab, const struct lab_host *host,
                                 enum aksu_event_kind kind, unsigned nth)
{
    unsigned count;
    return nth_event(lab, host, kind, nth, &count);
}

unsigned lab_events(const struct lab *lab, const struct lab_host *host, enum aksu_event_kind kind)
{
    unsigned count;
    (void)nth_event(lab, host, kind, UINT32_MAX, &count);
    return count;
}

static const struct lab_said *nth_segment(const struct lab *lab, const struct lab_host *host,
                                          uint8_t mask, uint8_t ctl, unsigned nth, unsigned *count)
{
    *count = 0;
    for (unsigned i = 0; i < lab->said_count; i++) {
        const struct lab_said *s = &lab->said[i];
        if (s->event.kind == AKSU_EV_segment_out && (host == NULL || s->host == host)
            && (s->event.segment_out.ctl & mask) == ctl && (*count)++ == nth)
            return s;
    }
    return NULL;
}

const struct lab_said *lab_segment(const struct lab *lab, const struct lab_host *host, uint8_t mask,
                                   uint8_t ctl, unsigned nth)
{
    unsigned count;
    return nth_segment(lab, host, mask, ctl, nth, &count);
}

unsigned lab_segments(const struct lab *lab, const struct lab_host *host, uint8_t mask, uint8_t ctl)
{
    unsigned count;
    (void)nth_segment(lab, host, mask, ctl, UINT32_MAX, &count);
    return count;
}

aksu_time lab_entered(const struct lab *lab, const struct lab_host *host,
                      enum aksu_tcp_state state)
{
    for (unsigned i = 0; i < lab->said_count; i++) {
        const struct lab_said *s = &lab->said[i];
        if (s->event.kind == AKSU_EV_state && s->host == host && s->event.state.to == state)
            return s->at;
    }
    return AKSU_NEVER;
}

/* --- what is shown --- */

void lab_check(struct lab *lab, bool holds, enum lab_words sentence)
{
    if (lab->checks < INNER_CHECKS)
        lab->check[lab->checks++] = (struct inner_check){ sentence, holds };
    else
        lab_fail(lab, "more than 24 checks in an act");
}

const char *lab_number(struct lab *lab, uint64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    return lab_keep(lab, text);
}

const char *lab_ms(struct lab *lab, aksu_time value)
{
    char text[40];
    if (value == AKSU_NEVER)
        return "-";
    (void)snprintf(text, sizeof text, "%" PRIu64 ".%03" PRIu64 " ms", value / 1000000,
                   value / 1000 % 1000);
    return lab_keep(lab, text);
}

const char *lab_words(struct lab *lab, enum lab_words words)
{
    return lab_say(words, lab->play->lang);
}

void lab_leave(struct lab *lab, unsigned place, uint64_t number)
{
    if (place < LAB_LEFT)
        lab->left[place] = number;
}

uint64_t lab_left(const struct lab *lab, unsigned place)
{
    return place < LAB_LEFT ? lab->left[place] : AKSU_NEVER;
}

void lab_fact_text(struct lab *lab, enum lab_words what, const char *value)
{
    if (lab->facts < INNER_FACTS)
        lab->fact[lab->facts++] = (struct inner_fact){ what, lab_keep(lab, value) };
    else
        lab_fail(lab, "more than 48 facts in an act");
}

void lab_fact_time(struct lab *lab, enum lab_words what, aksu_time value)
{
    lab_fact_text(lab, what, lab_ms(lab, value));
}

void lab_fact_count(struct lab *lab, enum lab_words what, uint64_t value)
{
    lab_fact_text(lab, what, lab_number(lab, value));
}

void lab_table(struct lab *lab, enum lab_words title, unsigned columns, const enum lab_words *heads)
{
    if (lab->tables == INNER_TABLES || columns > LAB_COLUMNS) {
        lab_fail(lab, "more than 4 tables in an act, or 7 columns");
        return;
    }
    struct inner_table *t = &lab->table[lab->tables++];
    *t = (struct inner_table){ .title = title, .columns = columns };
    for (unsigned i = 0; i < columns; i++)
        t->head[i] = heads[i];
}

void lab_row(struct lab *lab, const char *const *cells)
{
    struct inner_table *t = lab->tables > 0 ? &lab->table[lab->tables - 1] : NULL;
    if (t == NULL || t->rows == INNER_ROWS) {
        lab_fail(lab, "more than 24 rows in a table");
        return;
    }
    for (unsigned i = 0; i < t->columns; i++)
        t->cell[t->rows][i] = lab_keep(lab, cells[i]);
    t->rows++;
}

void lab_look(struct lab *lab, enum lab_words when, struct lab_end *a, struct lab_end *b)
{
    struct lab_end *end[2] = { a, b };
    unsigned count = b != NULL ? 2 : 1;
    if (lab->looks == INNER_LOOKS) {
        lab_fail(lab, "more than 8 looks in an act");
        return;
    }
    struct inner_look *look = &lab->look[lab->looks++];
    *look = (struct inner_look){ .when = when, .at = lab_now(lab), .count = count };
    for (unsigned i = 0; i < count; i++) {
        look->host[i] = end[i]->host->name;
        look->known[i] = lab_status(end[i], &look->info[i]);
    }
    lab_record_look(lab, look);
    lab_tape_look(lab, look);
}

void lab_knob_text(const struct lab_knob *knob, uint64_t value, char out[32])
{
    static const char *const unit[] = {
        [LAB_FLAG] = "", [LAB_COUNT] = "", [LAB_PERCENT] = " %", [LAB_MS] = " ms",
        [LAB_SECONDS] = " s", [LAB_KBIT] = " kbit/s",
    };
    if (knob->unit == LAB_FLAG)
        (void)snprintf(out, 32, "%s", value != 0 ? "on" : "off");
    else
        (void)snprintf(out, 32, "%" PRIu64 "%s", value, unit[knob->unit]);
}
