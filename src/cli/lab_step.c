/* lab_step.c - aksu lab NAME --step: one moment after the other, forward and backward. The play is
 * kept whole (lab/tape.h), so that a step is a number. */
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/lab_step.h"

enum { COLUMNS_LEAST = 80, LINES_LEAST = 24, PAGE = 10, ESCAPE = 27 };

/* The moments of the act that the cursor is in: [first, last]. */
static uint32_t act_start(const struct lab_step *s)
{
    uint32_t at = s->cursor > 0 ? s->cursor - 1 : 0;
    return s->tape.act[s->tape.moment[at].act].first;
}

static void go(struct lab_step *s, int64_t to)
{
    int64_t most = s->tape.moments;
    s->cursor = (uint32_t)(to < 0 ? 0 : to > most ? most : to);
    s->scroll = 0;
    s->text = false;
}

/* To the beginning of this act, or of the one before. */
static void act_back(struct lab_step *s)
{
    uint32_t first = act_start(s);
    if (s->cursor > first + 1 || first == 0) {
        go(s, first > 0 ? first + 1 : 0);
    } else {
        s->cursor = first;
        go(s, act_start(s) > 0 ? act_start(s) + 1 : 0);
    }
}

static void act_forward(struct lab_step *s)
{
    unsigned act = s->tape.moment[s->cursor > 0 ? s->cursor - 1 : 0].act;
    if (act + 1 < s->tape.acts)
        go(s, s->tape.act[act + 1].first + 1);
    else
        go(s, s->tape.moments);
}

/* False: the user leaves. */
static bool take_key(struct lab_step *s, int key)
{
    switch (key) {
    case KEY_RIGHT: case KEY_DOWN: case ' ': case 'n': case 'l': case 'j':
        go(s, (int64_t)s->cursor + 1);
        return true;
    case KEY_LEFT: case KEY_UP: case KEY_BACKSPACE: case 'b': case 'p': case 'h': case 'k':
        go(s, (int64_t)s->cursor - 1);
        return true;
    case KEY_NPAGE:
        go(s, (int64_t)s->cursor + PAGE);
        return true;
    case KEY_PPAGE:
        go(s, (int64_t)s->cursor - PAGE);
        return true;
    case KEY_HOME: case 'g':
        go(s, 0);
        return true;
    case KEY_END: case 'G':
        go(s, s->tape.moments);
        return true;
    case '[':
        act_back(s);
        return true;
    case ']':
        act_forward(s);
        return true;
    case '+': case '=':
        s->scroll--;
        return true;
    case '-':
        s->scroll++;
        return true;
    case 't':
        s->text = !s->text;
        s->scroll = 0;
        return true;
    case 'q': case ESCAPE:
        return false;
    default:
        return true;
    }
}

static void use_terminal(struct lab_step *s)
{
    (void)cbreak();
    (void)noecho();
    (void)keypad(stdscr, TRUE);
    (void)curs_set(0);
    ESCDELAY = 50;
    s->colour = has_colors() && start_color() == OK && use_default_colors() == OK;
}

static void step_through(struct lab_step *s)
{
    bool on = true;
    while (on) {
        bool fits = LINES >= LINES_LEAST && COLS >= COLUMNS_LEAST;
        if (fits)
            lab_screen_draw(s);
        else
            lab_screen_small(s);
        int key = lab_key();
        on = key != ERR && (fits || key == 'q' ? take_key(s, key) : true);
    }
}

/* A terminal whose cursor cannot be moved (TERM=dumb) gets one screen below the other. */
static bool moves_cursor(void)
{
    const char *move = tigetstr("cup");
    return move != NULL && move != (const char *)-1;
}

int lab_step(const struct lab_play *play)
{
    struct lab_step s = { .play = play, .scenario = play->scenario, .lang = play->lang,
                          .utf8 = play->utf8 };
    struct lab_play quiet = *play;
    quiet.tape = &s.tape;
    quiet.text.write = NULL;
    struct lab_result result = lab_play(&quiet);
    if (result.why != NULL || s.tape.full || s.tape.moments == 0) {
        fprintf(stderr, "aksu lab: %s cannot be played: %s\n", play->scenario->name,
                result.why != NULL ? result.why : "no memory");
        lab_tape_free(&s.tape);
        return CLI_USAGE;
    }
    lab_key_open();
    SCREEN *screen = newterm(NULL, stdout, stdin);
    bool able = screen != NULL && moves_cursor();
    int lines = LINES, columns = COLS;
    bool fits = lines >= LINES_LEAST && columns >= COLUMNS_LEAST;
    if (able && fits) {
        use_terminal(&s);
        step_through(&s);
    }
    if (screen != NULL) {
        endwin();
        delscreen(screen);
    }
    lab_key_close();
    lab_tape_free(&s.tape);
    if (!able)
        fputs("aksu lab: --step cannot move the cursor of this terminal; set TERM, or leave --step "
              "out\n", stderr);
    else if (!fits)
        fprintf(stderr, "aksu lab: --step needs a terminal of %d columns and %d lines, this one "
                "has %d and %d; without --step any will do\n", COLUMNS_LEAST, LINES_LEAST,
                columns, lines);
    return able && fits ? 0 : CLI_USAGE;
}
