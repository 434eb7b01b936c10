/* play.c - an act from its first moment to its last, and what was said in it. Called by the program
 * (src/cli/lab.c) and by the page. */
#include "lab/inner.h"

#include <stdlib.h>
#include <string.h>

enum { START_S = 1, LADDER_MEMORY = 4 << 20 };

void lab_init_play(struct lab_play *play, const struct lab_scenario *scenario)
{
    *play = (struct lab_play){ .scenario = scenario, .seed = 1, .columns = 80, .utf8 = true };
    for (unsigned i = 0; i < scenario->knob_count; i++)
        play->value[i] = scenario->knobs[i].initial;
}

void lab_fail(struct lab *lab, const char *why)
{
    if (lab->result.why == NULL)
        lab->result.why = why;
}

bool lab_on(const struct lab *lab)
{
    return lab->result.why == NULL;
}

const char *lab_keep(struct lab *lab, const char *text)
{
    size_t length = strlen(text) + 1;
    char *copy = lab->notes < INNER_NOTES ? malloc(length) : NULL;
    if (copy == NULL) {
        lab_fail(lab, "no memory for a text of the act");
        return "";
    }
    memcpy(copy, text, length);
    lab->note[lab->notes++] = copy;
    return copy;
}

/* --- knobs --- */

static unsigned knob_index(const struct lab *lab, const char *name)
{
    const struct lab_scenario *s = lab->play->scenario;
    unsigned i = 0;
    while (i < s->knob_count && strcmp(s->knobs[i].name, name) != 0)
        i++;
    return i;
}

uint64_t lab_value(const struct lab *lab, const char *name)
{
    unsigned i = knob_index(lab, name);
    return i < lab->play->scenario->knob_count ? lab->value[i] : 0;
}

bool lab_plain(const struct lab *lab)
{
    for (unsigned i = 0; i < lab->play->scenario->knob_count; i++)
        if (lab->play->set[i])
            return false;
    for (unsigned i = 0; i < lab->play->turn_count; i++)
        if (lab->play->turns[i].act == lab->act)
            return false;
    return true;
}

aksu_time lab_delay(const struct lab *lab)
{
    unsigned i = knob_index(lab, "delay");
    return i < lab->play->scenario->knob_count ? AKSU_MS(lab->value[i]) : AKSU_MS(10);
}

/* --- time --- */

struct aksu_sim *lab_world(struct lab *lab)
{
    return lab->world;
}

aksu_time lab_now(const struct lab *lab)
{
    return lab->world != NULL ? aksu_sim_now(lab->world) - lab->start : 0;
}

static void due(void *context, aksu_time now)
{
    struct inner_call *c = context;
    (void)now;
    if (lab_on(c->lab))
        c->call(c->lab, c->context);
}

void lab_at(struct lab *lab, aksu_time at, lab_call *call, void *context)
{
    struct inner_call *c = lab_on(lab) ? calloc(1, sizeof *c) : NULL;
    if (c == NULL || !aksu_sim_at(lab->world, lab->start + at, due, c)) {
        free(c);
        lab_fail(lab, "no memory for a call");
        return;
    }
    *c = (struct inner_call){ lab, call, context, lab->calls };
    lab->calls = c;
}

static void turn(struct lab *lab, void *context)
{
    const struct lab_turn *t = context;
    lab->value[t->knob] = t->value;
    lab_turn_cables(lab);
}

static void plan_turns(struct lab *lab)
{
    for (unsigned i = 0; i < lab->play->turn_count; i++) {
        const struct lab_turn *t = &lab->play->turns[i];
        if (t->act == lab->act && t->knob < lab->play->scenario->knob_count)
            lab_at(lab, t->at, turn, (void *)(uintptr_t)t);
    }
}

void lab_moment(struct lab *lab, const struct lab_host *of)
{
    if (lab->said_count == lab->said_before || !lab_on(lab))
        return;
    lab_tape_moment(lab, of);
    lab_record_moment(lab, of);
    lab->said_before = lab->said_count;
}

bool lab_run(struct lab *lab, aksu_time until)
{
    aksu_time end = lab->start + until;
    while (lab_on(lab)) {
        aksu_time next = aksu_sim_next(lab->world);
        lab_moment(lab, NULL);              /* what the scenario itself has just done */
        if (next == AKSU_NEVER || next > end)
            break;
        (void)aksu_sim_step(lab->world);
        lab_moment(lab, NULL);
    }
    if (lab_on(lab) && aksu_sim_run(lab->world, end) == AKSU_SIM_VIOLATION)
        lab_fail(lab, "no memory for the simulator, or one of its invariants does not hold");
    return lab_on(lab) && aksu_sim_next(lab->world) != AKSU_NEVER;
}

/* --- acts --- */

/* An empty one; connections that were not drawn have had their numbers. */
void lab_new_ladder(struct lab *lab)
{
    if (lab->ladder_memory != NULL)
        lab->ladder = aksu_ladder_init(&(struct aksu_ladder_config){
            .writer = lab_text_writer(lab), .memory = lab->ladder_memory,
            .memory_length = LADDER_MEMORY, .utf8 = lab->play->utf8,
            .colour = lab->play->colour, .at_end = true, .numbered = lab->not_drawn });
}

static bool begin(struct lab *lab)
{
    lab->world = aksu_sim_new(&(struct aksu_sim_config){
        .seed = lab->play->seed, .start = AKSU_SECONDS(START_S) });
    if (lab->world == NULL)
        return false;
    lab->start = aksu_sim_now(lab->world);
    if (!lab_make_nowhere(lab))
        return false;
    memcpy(lab->value, lab->play->value, sizeof lab->value);
    lab->shown[1] = 1;
    if (lab->play->text.write == NULL || lab->play->brief)
        return true;
    lab->ladder_memory = malloc(LADDER_MEMORY);
    if (lab->ladder_memory == NULL)
        return false;
    lab_new_ladder(lab);
    return lab->ladder != NULL;
}

static void end(struct lab *lab)
{
    lab_free_ends(lab);
    aksu_sim_free(lab->world);
    lab_free_hosts(lab);
    lab_free_nowhere(lab);
    lab->world = NULL;
    while (lab->calls != NULL) {
        struct inner_call *c = lab->calls;
        lab->calls = c->next;
        free(c);
    }
    while (lab->kept != NULL) {
        struct inner_kept *k = lab->kept;
        lab->kept = k->next;
        free(k);
    }
    while (lab->notes > 0)
        free(lab->note[--lab->notes]);
    free(lab->ladder_memory);
    lab->ladder_memory = NULL;
    lab->ladder = NULL;
    lab->said_count = lab->said_before = 0;
    lab->shown[0] = lab->not_drawn = 0;
    lab->only_datagrams = false;
    lab->facts = lab->looks = lab->tables = lab->checks = 0;
    lab->cables = 0;
}

static void count_checks(struct lab *lab)
{
    for (unsigned i = 0; i < lab->checks; i++) {
        if (lab->check[i].holds)
            lab->result.passed++;
        else
            lab->result.failed++;
    }
}

/* What a scenario says at the end of an act that was not played to it need not be true. */
static void forget_what_is_half(struct lab *lab)
{
    if (!lab_on(lab))
        lab->facts = lab->looks = lab->tables = lab->checks = 0;
}

static void play_act(struct lab *lab, const struct lab_act *act)
{
    if (!begin(lab)) {
        lab_fail(lab, "no memory for a network");
    } else {
        lab_record_act(lab, act);
        lab_tape_act(lab, act);
        lab_text_act(lab, act);
        plan_turns(lab);
        act->play(lab);
        forget_what_is_half(lab);
        count_checks(lab);
        lab_text_end(lab);
        lab_record_end(lab);
        lab_tape_end(lab);
    }
    end(lab);
}

/* Flags choose acts: with one of them set, only those that belong to it are played. */
static bool is_wanted(const struct lab_play *play, const struct lab_act *act)
{
    bool chosen = false;
    for (unsigned a = 0; a < play->scenario->act_count; a++) {
        const char *only = play->scenario->acts[a].only;
        for (unsigned i = 0; only != NULL && i < play->scenario->knob_count; i++) {
            if (strcmp(play->scenario->knobs[i].name, only) != 0 || play->value[i] == 0)
                continue;
            chosen = true;
            if (&play->scenario->acts[a] == act
                || (act->only != NULL && strcmp(act->only, only) == 0))
                return true;
        }
    }
    return !chosen;
}

struct lab_result lab_play(const struct lab_play *play)
{
    struct lab *lab = calloc(1, sizeof *lab);
    if (lab == NULL)
        return (struct lab_result){ .why = "no memory" };
    lab->play = play;
    lab->text = play->text;
    for (unsigned i = 0; i < LAB_LEFT; i++)
        lab->left[i] = AKSU_NEVER;
    lab_record_head(lab);
    lab_text_head(lab);
    for (unsigned i = 0; i < play->scenario->act_count && lab_on(lab); i++) {
        if (!is_wanted(play, &play->scenario->acts[i]))
            continue;
        lab->act = i + 1;
        play_act(lab, &play->scenario->acts[i]);
    }
    struct lab_result result = lab->result;
    free(lab->said);
    free(lab);
    return result;
}
