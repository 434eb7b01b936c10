/* lab_step.h - a scenario stepped through in the terminal. lab_step.c has the keys, lab_screen.c
 * draws, lab_lines.c says which lines. */
#ifndef CLI_LAB_STEP_H
#define CLI_LAB_STEP_H

#include "lab/tape.h"

/* What is on the screen: a cursor over a tape. */
struct lab_step {
    const struct lab_play *play;
    const struct lab_scenario *scenario;
    struct lab_tape tape;
    enum lab_lang lang;
    uint32_t cursor;            /* moments that have happened, 0..tape.moments */
    int scroll;                 /* lines up from where a step is seen */
    bool text;                  /* the act's text instead of the ladder */
    bool utf8, colour;
};

/* Plays and lets the user step until he leaves. An exit status; a screen that is too small is said
 * in a sentence. */
int lab_step(const struct lab_play *play);

/* The act that the cursor is in. */
static inline const struct tape_act *lab_step_act(const struct lab_step *s)
{
    return &s->tape.act[s->tape.moment[s->cursor > 0 ? s->cursor - 1 : 0].act];
}

/* Before there is a screen, and after it. The program ends in the latter if a signal came. */
void lab_key_open(void);
void lab_key_close(void);
int lab_key(void);                      /* ERR: no more of them, or a signal */

void lab_screen_draw(struct lab_step *step);
void lab_screen_small(const struct lab_step *step);     /* it has become too small for that */

#endif
