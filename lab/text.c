/* text.c - a play as text of 80 columns: for each act what to watch for, the ladder, both TCBs
 * where the scenario looked at them, tables, and what had to hold. Called by play.c. */
#include "lab/inner.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/width.h"

enum { LINE = 512, MARGIN = 2, NAME = 30, CELL = 24 };

static bool is_on(const struct lab *lab)
{
    return lab->play->text.write != NULL;
}

static void put(struct lab *lab, const char *text, size_t length)
{
    lab->play->text.write(lab->play->text.context, text, length);
}

static void put_text(struct lab *lab, const char *text)
{
    put(lab, text, strlen(text));
}

static void put_format(struct lab *lab, const char *format, ...)
{
    char line[LINE];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(line, sizeof line, format, list);
    va_end(list);
    put_text(lab, line);
}

struct aksu_writer lab_text_writer(struct lab *lab)
{
    return lab->play->text;
}

/* --- columns --- */

/* `text`, and blanks up to `columns`. */
static void put_padded(struct lab *lab, const char *text, unsigned columns)
{
    put_text(lab, text);
    for (unsigned width = lab_width(text); width < columns; width++)
        put(lab, " ", 1);
}

/* Words in lines that fit, each behind the margin. */
static void put_wrapped(struct lab *lab, const char *text)
{
    unsigned room = (lab->play->columns > 40 ? lab->play->columns : 80) - MARGIN - 2;
    while (*text) {
        size_t length = lab_wrap(text, room);
        put_padded(lab, "", MARGIN);
        put(lab, text, length);
        put(lab, "\n", 1);
        text += length;
        while (*text == ' ' || *text == '\n')
            text++;
    }
}

static void put_bold(struct lab *lab, bool on)
{
    if (lab->play->colour)
        put_text(lab, on ? "\033[1m" : "\033[0m");
}

static void put_heading(struct lab *lab, const char *before, enum lab_words words)
{
    put_bold(lab, true);
    put_text(lab, before);
    put_text(lab, lab_words(lab, words));
    put_bold(lab, false);
    put(lab, "\n", 1);
}

/* --- the parts --- */

void lab_text_head(struct lab *lab)
{
    const struct lab_scenario *s = lab->play->scenario;
    char before[64];
    if (!is_on(lab) || lab->play->brief)
        return;
    (void)snprintf(before, sizeof before, "%s  ", s->id);
    put_heading(lab, before, s->title);
    put_wrapped(lab, lab_words(lab, s->text));
}

void lab_text_act(struct lab *lab, const struct lab_act *act)
{
    char before[16];
    if (!is_on(lab) || lab->play->brief)
        return;
    (void)snprintf(before, sizeof before, "%u. ", lab->act);
    put(lab, "\n", 1);
    put_heading(lab, before, act->title);
    put_wrapped(lab, lab_words(lab, act->text));
    put(lab, "\n", 1);
}

static void put_pair(struct lab *lab, const char *name, const struct inner_look *look,
                     void (*cell)(const struct inner_look *look, unsigned i, char out[LINE]))
{
    char text[LINE];
    put_padded(lab, "", MARGIN + 2);
    put_padded(lab, name, NAME - 4);
    for (unsigned i = 0; i < look->count; i++) {
        if (look->known[i])
            cell(look, i, text);
        else
            (void)snprintf(text, sizeof text, "-");
        if (i + 1 < look->count)
            put_padded(lab, text, CELL);
        else
            put_text(lab, text);
    }
    put(lab, "\n", 1);
}

static void state_cell(const struct inner_look *look, unsigned i, char out[LINE])
{
    (void)snprintf(out, LINE, "%s", aksu_tcp_state_name(look->info[i].state));
}

static void send_cell(const struct inner_look *look, unsigned i, char out[LINE])
{
    const struct aksu_info *t = &look->info[i];
    (void)snprintf(out, LINE, "%u %u %u", t->snd_una - t->iss, t->snd_nxt - t->iss, t->snd_wnd);
}

static void receive_cell(const struct inner_look *look, unsigned i, char out[LINE])
{
    const struct aksu_info *t = &look->info[i];
    uint32_t irs = t->irs != 0 || t->rcv_nxt == 0 ? t->irs : t->rcv_nxt;
    (void)snprintf(out, LINE, "%u %u", t->rcv_nxt - irs, t->rcv_wnd);
}

static void buffers_cell(const struct inner_look *look, unsigned i, char out[LINE])
{
    const struct aksu_info *t = &look->info[i];
    (void)snprintf(out, LINE, "%u %u %u", t->send_queued, t->send_unacked, t->receive_queued);
}

static void congestion_cell(const struct inner_look *look, unsigned i, char out[LINE])
{
    const struct aksu_info *t = &look->info[i];
    (void)snprintf(out, LINE, "%u %u", t->cwnd, t->rto_us / 1000);
}

static void timer_cell(const struct inner_look *look, unsigned i, char out[LINE])
{
    const struct aksu_info *t = &look->info[i];
    aksu_time now = look->at + AKSU_SECONDS(1);     /* timer_at is of the stack's clock */
    if (t->timer == NULL || t->timer_at == AKSU_NEVER)
        (void)snprintf(out, LINE, "-");
    else
        (void)snprintf(out, LINE, "%s %" PRIu64 " ms", t->timer,
                       t->timer_at > now ? (t->timer_at - now) / 1000000 : 0);
}

static void put_look(struct lab *lab, const struct inner_look *look)
{
    put_padded(lab, "", MARGIN);
    put_format(lab, "%s: ", lab_ms(lab, look->at));
    put_text(lab, lab_words(lab, look->when));
    put(lab, "\n", 1);
    put_padded(lab, "", MARGIN + NAME - 2);
    for (unsigned i = 0; i < look->count; i++)
        put_padded(lab, look->host[i], i + 1 < look->count ? CELL : 0);
    put(lab, "\n", 1);
    put_pair(lab, lab_words(lab, W_look_state), look, state_cell);
    put_pair(lab, "SND.UNA NXT WND", look, send_cell);
    put_pair(lab, "RCV.NXT WND", look, receive_cell);
    put_pair(lab, lab_words(lab, W_look_timer), look, timer_cell);
    put_pair(lab, lab_words(lab, W_look_buffers), look, buffers_cell);
    put_pair(lab, lab_words(lab, W_look_cwnd), look, congestion_cell);
}

static void put_table(struct lab *lab, const struct inner_table *t)
{
    unsigned width[LAB_COLUMNS] = { 0 };
    for (unsigned i = 0; i < t->columns; i++) {
        width[i] = lab_width(lab_words(lab, t->head[i]));
        for (unsigned row = 0; row < t->rows; row++)
            if (lab_width(t->cell[row][i]) > width[i])
                width[i] = lab_width(t->cell[row][i]);
    }
    put_padded(lab, "", MARGIN);
    put_text(lab, lab_words(lab, t->title));
    put(lab, "\n", 1);
    for (unsigned row = 0; row <= t->rows; row++) {
        put_padded(lab, "", MARGIN + 2);
        for (unsigned i = 0; i < t->columns; i++)
            put_padded(lab, row == 0 ? lab_words(lab, t->head[i]) : t->cell[row - 1][i],
                       i + 1 < t->columns ? width[i] + 2 : 0);
        put(lab, "\n", 1);
    }
}

static void put_facts(struct lab *lab)
{
    unsigned width = 0;
    for (unsigned i = 0; i < lab->facts; i++)
        if (lab_width(lab_words(lab, lab->fact[i].what)) > width)
            width = lab_width(lab_words(lab, lab->fact[i].what));
    for (unsigned i = 0; i < lab->facts; i++) {
        put_padded(lab, "", MARGIN);
        put_padded(lab, lab_words(lab, lab->fact[i].what), width + 2);
        put_text(lab, lab->fact[i].value);
        put(lab, "\n", 1);
    }
}

static void put_checks(struct lab *lab)
{
    for (unsigned i = 0; i < lab->checks; i++) {
        const struct inner_check *c = &lab->check[i];
        if (lab->play->brief)
            put_format(lab, "%s %s %u: ", c->holds ? "ok" : "FAIL", lab->play->scenario->name,
                       lab->act);
        else if (lab->play->utf8)
            put_text(lab, c->holds ? "  ✓ " : "  ✗ ");
        else
            put_text(lab, c->holds ? "  + " : "  FAIL ");
        put_text(lab, lab_words(lab, c->sentence));
        put(lab, "\n", 1);
    }
}

void lab_text_end(struct lab *lab)
{
    if (!is_on(lab))
        return;
    if (lab->ladder != NULL)
        aksu_ladder_finish(lab->ladder);
    for (unsigned i = 0; i < lab->looks && !lab->play->brief; i++)
        put_look(lab, &lab->look[i]);
    for (unsigned i = 0; i < lab->tables && !lab->play->brief; i++)
        put_table(lab, &lab->table[i]);
    if (!lab->play->brief)
        put_facts(lab);
    put_checks(lab);
}
