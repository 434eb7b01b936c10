/* test_lab_steps.c - each scenario of the labs stepped through, as aksu lab --step does: at every
 * step the state beside the ladder's line is that of the TCB below it, and what is drawn as lost
 * stays lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/tape.h"

enum { TEXT = 1 << 20, MOMENTS = 400 };     /* drawing is quadratic: longer acts are left out */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_consistent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
