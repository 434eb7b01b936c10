/* test_lab_steps.c - each scenario of the labs stepped through, as aksu lab --step does: at every
 * step the state beside the ladder's line is that of the TCB below it, and what is drawn as lost
 * stays lost; at the end of an act there is what the printed one ends with, and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_lines.h"

enum { TEXT = 1 << 24, MOMENTS = 400 };     /* drawing is quadratic: longer acts are left out */
enum { TIME_END = 9, CELL = 12, LIFE_LEFT = 23, LIFE_RIGHT = 66 };  /* columns of a ladder */

struct drawn {
    char text[TEXT];
    size_t length;
};

static void add(void *context, const char *text, size_t length)
{
    struct drawn *d = context;
    assert_true(d->length + length < TEXT);
    memcpy(d->text + d->length, text, length);
    d->length += length;
    d->text[d->length] = '\0';
}

static void draw(const struct lab_tape *tape, uint32_t moment, struct drawn *d)
{
    static char memory[1 << 20];
    struct aksu_ladder *ladder = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = { add, d }, .memory = memory, .memory_length = sizeof memory, .at_end = true });
    d->length = 0;
    d->text[0] = '\0';
    lab_tape_draw(tape, moment, ladder);
}

/* A word of the line that is a state, on this side; CLOSED + LISTEN..: none. */
static int state_in(const char *line, size_t length, unsigned side)
{
    char cell[CELL + 3] = "";
    size_t from = side == 0 ? TIME_END : LIFE_RIGHT + 2;
    size_t to = side == 0 ? LIFE_LEFT - 1 : LIFE_RIGHT + 2 + CELL;
    if (length <= from)
        return -1;
    (void)snprintf(cell, sizeof cell, "%.*s", (int)((length < to ? length : to) - from),
                   line + from);
    char *end = cell + strlen(cell), *start = cell;
    while (*start == ' ')
        start++;
    while (end > start && end[-1] == ' ')
        *--end = '\0';
    for (int state = 0; state <= AKSU_TCP_TIME_WAIT; state++)
        if (strcmp(start, aksu_tcp_state_name((enum aksu_tcp_state)state)) == 0)
            return state;
    return -1;
}

struct seen {
    unsigned connections, lost;
    int state[2];
};

static struct seen see(const struct drawn *d)
{
    struct seen s = { .state = { -1, -1 } };
    for (const char *line = d->text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *lost = strstr(line, " lost\n");
        s.connections += strncmp(line, "connection ", 11) == 0;
        for (unsigned side = 0; side < 2; side++) {
            int state = state_in(line, (size_t)(end - line), side);
            s.state[side] = state >= 0 ? state : s.state[side];
        }
        if (lost != NULL && lost < end) {
            while (lost > line && lost[-1] >= '0' && lost[-1] <= '9')
                lost--;
            s.lost += (unsigned)strtoul(lost, NULL, 10);
        }
    }
    return s;
}

/* Of two connections the ladder shows both, the TCBs those that were spoken of last. */
static unsigned compare_states(const struct lab_tape *tape, const struct tape_act *a,
                               uint32_t moment, const struct seen *s)
{
    unsigned wrong = 0;
    for (unsigned side = 0; side < 2 && s->connections == 1; side++) {
        struct tape_end end = lab_tape_see(tape, moment, side == 0 ? a->left : a->right);
        if (!end.known || s->state[side] < 0 || s->state[side] == (int)end.state)
            continue;
        fprintf(stderr, "step %u at %llu us: %s: ladder %s, TCB %s\n", moment + 1,
                (unsigned long long)tape->moment[moment].at / 1000,
                a->host[side == 0 ? a->left : a->right],
                aksu_tcp_state_name((enum aksu_tcp_state)s->state[side]),
                aksu_tcp_state_name(end.state));
        wrong++;
    }
    return wrong;
}

static unsigned step_through(const struct lab_tape *tape, const struct tape_act *a)
{
    static struct drawn d;
    unsigned wrong = 0, lost = 0;
    for (uint32_t m = a->first; m < a->first + a->moments && a->moments <= MOMENTS; m++) {
        draw(tape, m, &d);
        struct seen s = see(&d);
        wrong += compare_states(tape, a, m, &s);
        if (s.lost < lost) {
            fprintf(stderr, "step %u: %u were lost, now %u\n", m + 1, lost, s.lost);
            wrong++;
        }
        lost = s.lost;
    }
    return wrong;
}

static void each_step_is_consistent(void **state)
{
    unsigned wrong = 0, steps = 0;
    (void)state;
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++) {
        struct lab_tape tape = { 0 };
        struct lab_play play;
        lab_init_play(&play, lab_scenarios[i]);
        play.tape = &tape;
        struct lab_result result = lab_play(&play);
        assert_null(result.why);
        for (unsigned act = 0; act < tape.acts; act++) {
            unsigned here = step_through(&tape, &tape.act[act]);
            if (here > 0)
                fprintf(stderr, "%s, act %u: %u\n", lab_scenarios[i]->name, act + 1, here);
            wrong += here;
        }
        steps += tape.moments;
        lab_tape_free(&tape);
    }
    assert_true(steps > 1000);
    assert_int_equal(wrong, 0);
}

/* --- below the ladder --- */

/* A scenario as it is stepped through, as it is printed, and as a record. */
struct played {
    struct lab_play play;
    struct lab_step step;
    struct drawn printed, record;
};

static const char *head_of(const struct played *p, unsigned act, const char *from)
{
    const struct tape_act *a = &p->step.tape.act[act];
    char head[256];
    (void)snprintf(head, sizeof head, "\n%u. %s\n", a->number, lab_say(a->act->title, LAB_ENGLISH));
    const char *at = strstr(from, head);
    assert_non_null(at);
    return at;
}

/* What is printed of the act, or the lines of its record: `text` begins with that of the first. */
static const char *end_of(const struct played *p, unsigned act, const char *start)
{
    return act + 1 < p->step.tape.acts ? head_of(p, act + 1, start) : start + strlen(start);
}

static struct lab_lines lines_at(struct played *p, uint32_t cursor)
{
    p->step.cursor = cursor;
    return lab_lines_of(&p->step);
}

/* Below the ladder; of an act that is not drawn, below the sentence that says so. */
static const char *below_ladder(const struct lab_lines *l, bool undrawn)
{
    const char *text = l->text;
    assert_non_null(text);
    for (unsigned i = 0; i < (undrawn ? 1 : l->before); i++)
        text = strchr(text, '\n') + 1;
    return text;
}

static bool has(const struct lab_lines *l, const char *text)
{
    return l->text != NULL && strstr(l->text, text) != NULL;
}

static void ends_as_printed(struct played *p, unsigned act, const char *end)
{
    const struct tape_act *a = &p->step.tape.act[act];
    struct lab_lines l = lines_at(p, a->first + a->moments);
    const char *below = below_ladder(&l, a->undrawn);
    size_t length = strlen(below);
    assert_true(length > 0);
    assert_memory_equal(end - length, below, length);
    assert_true(a->undrawn || l.before > 0);
    lab_lines_free(&l);
}

static void not_before_the_end(struct played *p, unsigned act)
{
    const struct tape_act *a = &p->step.tape.act[act];
    struct lab_lines l = lines_at(p, a->first + a->moments - 1);
    if (a->moments > 1) {
        assert_false(has(&l, a->checks));
        assert_true(a->tables == NULL || has(&l, a->tables) == a->undrawn);
    }
    lab_lines_free(&l);
}

static unsigned count(const char *text, const char *end, const char *what)
{
    unsigned n = 0;
    for (const char *at = text; at != NULL && (at = strstr(at, what)) != NULL && at < end; at++)
        n++;
    return n;
}

/* The checks, tables, hosts and whether anything is drawn, as the record of the act has them. */
static void as_recorded(const struct played *p, unsigned act)
{
    const struct tape_act *a = &p->step.tape.act[act];
    char head[32];
    (void)snprintf(head, sizeof head, "{\"act\":%u,", a->number);
    const char *start = strstr(p->record.text, head), *hosts = start;
    assert_non_null(start);
    const char *end = strstr(start + 1, "{\"act\":");
    end = end != NULL ? end : start + strlen(start);
    assert_int_equal(count(a->checks, a->checks + strlen(a->checks), "✓"),
                     count(start, end, "\n{\"check\":"));
    assert_true((a->tables != NULL) == (count(start, end, "\n{\"table\":") > 0));
    for (const char *at = start; (at = strstr(at, "\n{\"hosts\":")) != NULL && at < end; at++)
        hosts = at;
    for (unsigned i = 0; i < a->hosts; i++) {
        char name[TAPE_NAME + 3];
        (void)snprintf(name, sizeof name, "\"%s\"", a->host[i]);
        assert_int_equal(count(hosts, strchr(hosts + 1, '\n'), name), 1);
    }
    bool many = count(hosts, strchr(hosts + 1, '\n'), ",") > 1;
    assert_true(a->undrawn == (many && count(start, end, "\n{\"show\":[]}") > 0));
}

static void act_is_right(struct played *p, unsigned act, const char *end)
{
    ends_as_printed(p, act, end);
    not_before_the_end(p, act);
    as_recorded(p, act);
}

/* At its moment, and at no other. */
static unsigned looks_of(struct played *p)
{
    const struct lab_tape *t = &p->step.tape;
    for (uint32_t i = 0; i < t->looks; i++) {
        uint32_t moment = t->look[i].moment;
        struct lab_lines here = lines_at(p, moment + 1);
        assert_non_null(strstr(below_ladder(&here, false), t->look[i].text));
        lab_lines_free(&here);
        struct lab_lines before = lines_at(p, moment > 0 ? moment : 0);
        assert_false(has(&before, t->look[i].text));
        lab_lines_free(&before);
        if (moment + 2 <= t->moments) {
            struct lab_lines behind = lines_at(p, moment + 2);
            assert_false(has(&behind, t->look[i].text));
            lab_lines_free(&behind);
        }
    }
    return t->looks;
}

static void play_all(struct played *p, const struct lab_scenario *scenario)
{
    p->step = (struct lab_step){ .play = &p->play, .scenario = scenario, .utf8 = true };
    p->printed.length = p->record.length = 0;
    lab_init_play(&p->play, scenario);
    p->play.tape = &p->step.tape;
    p->play.text = (struct aksu_writer){ add, &p->printed };
    p->play.record = (struct aksu_writer){ add, &p->record };
    assert_null(lab_play(&p->play).why);
}

static void each_act_ends_as_printed(void **state)
{
    static struct played p;
    unsigned acts = 0, undrawn = 0, looks = 0;
    (void)state;
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++) {
        play_all(&p, lab_scenarios[i]);
        const char *at = p.printed.text;
        for (unsigned act = 0; act < p.step.tape.acts; act++, acts++) {
            const char *end = end_of(&p, act, head_of(&p, act, at) + 1);
            act_is_right(&p, act, end);
            undrawn += p.step.tape.act[act].undrawn;
            at = end;
        }
        assert_int_equal(p.step.tape.looks, count(p.record.text, p.record.text + p.record.length,
                                                  ",\"look\":"));
        looks += looks_of(&p);
        lab_tape_free(&p.step.tape);
    }
    assert_true(acts > 80);
    assert_int_equal(undrawn, 2);
    assert_true(looks > 20);
}

/* Three connections at once (isn): the SYN of the first arrives, and the others stay as they
 * were. */
static void the_last_step_is_seen(void **state)
{
    static struct played p;
    struct lab_lines l = { .count = 0 };
    (void)state;
    play_all(&p, lab_find_scenario("isn"));
    for (uint32_t cursor = 1; l.step == l.count; cursor++) {
        lab_lines_free(&l);
        l = lines_at(&p, cursor);
    }
    const char *at = l.text;
    for (unsigned i = 0; i < l.step; i++)
        at = strchr(at, '\n') + 1;
    const char *dropped = strstr(l.text, "dropped"), *next = strstr(l.text, "\nconnection 2 ");
    assert_true(dropped != NULL && dropped < at && next != NULL && at <= next);
    lab_lines_free(&l);
    lab_tape_free(&p.step.tape);
}

/* The line of the last step is not lost above what is below the ladder. */
static void what_is_seen(void **state)
{
    struct lab_lines l = { .count = 40, .before = 30, .step = 20 };
    (void)state;
    assert_int_equal(lab_lines_first(&l, 10, 0), 28);
    assert_int_equal(lab_lines_first(&l, 10, 5), 23);
    assert_int_equal(lab_lines_first(&l, 10, 100), 0);
    assert_int_equal(lab_lines_first(&l, 10, -100), 30);
    l.before = 40;
    assert_int_equal(lab_lines_first(&l, 12, 0), 8);
    assert_int_equal(lab_lines_first(&l, 12, -5), 13);
    l.step = 40;
    assert_int_equal(lab_lines_first(&l, 12, 0), 28);
    l.step = 5;
    assert_int_equal(lab_lines_first(&l, 12, 0), 0);
    l.before = 2;
    assert_int_equal(lab_lines_first(&l, 12, 0), 0);
    l.count = 10;
    assert_int_equal(lab_lines_first(&l, 12, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_consistent),
        cmocka_unit_test(each_act_ends_as_printed),
        cmocka_unit_test(what_is_seen),
        cmocka_unit_test(the_last_step_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
