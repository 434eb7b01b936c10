/* core.c - the labs for the page: scenarios are listed, and played into one text (a record,
 * lab/record.c) that JavaScript reads where it lies. Called by web/lab/core.js. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"

#define EXPORT(name) __attribute__((export_name(#name)))

/* What is said to JavaScript; it grows and is used again. */
static struct {
    char *text;
    size_t length, room;
    bool full;                  /* no memory: what came after is lost */
} out;

static struct lab_play play;
static struct lab_turn turns[LAB_TURNS];
static char command[256];

static void put(void *context, const char *text, size_t length)
{
    (void)context;
    if (out.length + length > out.room) {
        size_t room = (out.room + length) * 2;
        char *larger = out.full ? NULL : realloc(out.text, room);
        if (larger == NULL) {
            out.full = true;
            return;
        }
        out.text = larger;
        out.room = room;
    }
    memcpy(out.text + out.length, text, length);
    out.length += length;
}

static void put_text(const char *text)
{
    put(NULL, text, strlen(text));
}

static void put_member(const char *name, const char *value)
{
    put_text("\"");
    put_text(name);
    put_text("\":\"");
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            put_text("\\");
        put(NULL, value, 1);
    }
    put_text("\"");
}

static void put_knob(const struct lab_knob *k, enum lab_lang lang)
{
    static const char *const unit[] = {
        [LAB_FLAG] = "flag", [LAB_COUNT] = "", [LAB_PERCENT] = "%", [LAB_MS] = "ms",
        [LAB_SECONDS] = "s", [LAB_KBIT] = "kbit/s",
    };
    char numbers[128];
    put_text("{");
    put_member("name", k->name);
    put_text(",");
    put_member("unit", unit[k->unit]);
    put_text(",");
    put_member("help", lab_say(k->help, lang));
    (void)snprintf(numbers, sizeof numbers,
                   ",\"initial\":%" PRIu64 ",\"least\":%" PRIu64 ",\"most\":%" PRIu64 "}",
                   k->initial, k->least, k->most);
    put_text(numbers);
}

static void put_scenario(const struct lab_scenario *s, enum lab_lang lang)
{
    put_text("{");
    put_member("id", s->id);
    put_text(",");
    put_member("name", s->name);
    put_text(",");
    put_member("title", lab_say(s->title, lang));
    put_text(",");
    put_member("text", lab_say(s->text, lang));
    put_text(",\"knobs\":[");
    for (unsigned i = 0; i < s->knob_count; i++) {
        put_text(i > 0 ? "," : "");
        put_knob(&s->knobs[i], lang);
    }
    put_text("]}");
}

/* The scenarios as an array of JSON. Returns where it is; core_length says how long. */
EXPORT(core_scenarios) const char *core_scenarios(uint32_t lang)
{
    out.length = 0;
    put_text("[");
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++) {
        put_text(i > 0 ? "," : "");
        put_scenario(lab_scenarios[i], lang == LAB_KOREAN ? LAB_KOREAN : LAB_ENGLISH);
    }
    put_text("]");
    return out.text;
}

EXPORT(core_length) uint32_t core_length(void)
{
    return (uint32_t)out.length;
}

/* A play is made ready (scenario by its place in the list), then knobs and turns, then played. */
EXPORT(core_prepare) uint32_t core_prepare(uint32_t scenario, uint32_t lang, uint64_t seed)
{
    unsigned count = 0;
    while (lab_scenarios[count] != NULL)
        count++;
    if (scenario >= count)
        return 0;
    lab_init_play(&play, lab_scenarios[scenario]);
    play.lang = lang == LAB_KOREAN ? LAB_KOREAN : LAB_ENGLISH;
    play.seed = seed;
    play.record = (struct aksu_writer){ .write = put };
    play.turns = turns;
    (void)snprintf(command, sizeof command, "aksu lab %s --seed %" PRIu64,
                   play.scenario->name, seed);
    play.command = command;
    return 1;
}

static uint64_t within(const struct lab_knob *k, uint64_t value)
{
    return value < k->least ? k->least : value > k->most ? k->most : value;
}

EXPORT(core_knob) void core_knob(uint32_t knob, uint64_t value)
{
    if (knob >= play.scenario->knob_count)
        return;
    const struct lab_knob *k = &play.scenario->knobs[knob];
    size_t at = strlen(command);
    char number[24] = "";
    play.value[knob] = within(k, value);
    play.set[knob] = play.value[knob] != k->initial;
    if (!play.set[knob])
        return;
    if (k->unit != LAB_FLAG)
        (void)snprintf(number, sizeof number, " %" PRIu64, play.value[knob]);
    (void)snprintf(command + at, sizeof command - at, " --%s%s", k->name, number);
}

EXPORT(core_turn) void core_turn(uint32_t act, uint64_t at, uint32_t knob, uint64_t value)
{
    if (play.turn_count == LAB_TURNS || knob >= play.scenario->knob_count)
        return;
    turns[play.turn_count++] = (struct lab_turn){
        .act = act, .at = at, .knob = knob, .value = within(&play.scenario->knobs[knob], value) };
}

/* The record. Where it could not be played to its end, the last line is {"failed":"why"}. */
EXPORT(core_play) const char *core_play(void)
{
    out.length = 0;
    struct lab_result result = lab_play(&play);
    const char *why = out.full ? "no memory for the record" : result.why;
    if (why != NULL) {
        put_text("{");
        put_member("failed", why);
        put_text("}\n");
    }
    return out.text;
}
