/* told.c - which knobs are not at the values that the text of an act tells of. Called by text.c,
 * record.c and, for --step, src/cli/lab_lines.c. */
#include "lab/inner.h"

#include <stdio.h>
#include <string.h>

/* `names` are separated by blanks. */
static bool is_named(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)) != NULL; at += length)
        if ((at == names || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static bool is_first(const struct lab_play *play, unsigned act, unsigned knob)
{
    for (unsigned i = 0; i < play->turn_count; i++)
        if (play->turns[i].act == act && play->turns[i].knob == knob)
            return false;
    return play->value[knob] == play->scenario->knobs[knob].initial;
}

bool lab_told_values(const struct lab_play *play, unsigned act, char out[LAB_TOLD_TEXT])
{
    const struct lab_scenario *s = play->scenario;
    const char *names = s->tells[act - 1];
    char value[32];
    int length = snprintf(out, LAB_TOLD_TEXT, "%s", lab_say(W_told_values, play->lang));
    bool some = false;
    for (unsigned i = 0; names != NULL && i < s->knob_count && length < LAB_TOLD_TEXT; i++) {
        if (!is_named(names, s->knobs[i].name) || is_first(play, act, i))
            continue;
        lab_knob_text(&s->knobs[i], s->knobs[i].initial, value);
        length += snprintf(out + length, LAB_TOLD_TEXT - (size_t)length, "%s --%s %s",
                           some ? "," : "", s->knobs[i].name, value);
        some = true;
    }
    if (length < LAB_TOLD_TEXT)
        (void)snprintf(out + length, LAB_TOLD_TEXT - (size_t)length, ".)");
    return some;
}
