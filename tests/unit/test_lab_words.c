/* test_lab_words.c - the catalogue of the labs: every sentence is there in both languages, and the
 * Korean one is Korean, unless it is a name that both languages write alike. And of which values of
 * knobs the texts tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>

#include "lab/lab.h"

/* Hangul syllables, U+AC00 to U+D7A3, begin with the octets 0xea to 0xed. */
static bool has_hangul(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0xea && (unsigned char)*text <= 0xed)
            return true;
    return false;
}

/* A sentence has blanks between small letters; "SND.UNA", "RTO" and "keep-alive" are names. */
static bool is_sentence(const char *text)
{
    unsigned words = 0;
    for (const char *c = text; *c; c++)
        words += *c == ' ' && islower((unsigned char)c[1]);
    return words > 1;
}

static void every_sentence_is_in_both_languages(void **state)
{
    unsigned wrong = 0;
    (void)state;
    for (int w = LAB_NO_WORDS + 1; w < LAB_WORDS_COUNT; w++) {
        const char *english = lab_say((enum lab_words)w, LAB_ENGLISH);
        const char *korean = lab_say((enum lab_words)w, LAB_KOREAN);
        bool alike = strcmp(english, korean) == 0 && !is_sentence(english);
        if (english[0] != '\0' && !has_hangul(english) && (has_hangul(korean) || alike))
            continue;
        fprintf(stderr, "%s: '%s', '%s'\n", lab_words_name((enum lab_words)w), english, korean);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static bool has_knob(const struct lab_scenario *s, const char *name, size_t length)
{
    for (unsigned i = 0; i < s->knob_count; i++)
        if (strlen(s->knobs[i].name) == length && memcmp(s->knobs[i].name, name, length) == 0)
            return true;
    return false;
}

static void texts_tell_of_knobs_that_there_are(void **state)
{
    unsigned names = 0;
    (void)state;
    for (unsigned i = 0; lab_scenarios[i] != NULL; i++) {
        const struct lab_scenario *s = lab_scenarios[i];
        assert_true(s->act_count <= LAB_ACTS);
        for (unsigned act = 0; act < LAB_ACTS; act++) {
            const char *at = s->tells[act] != NULL ? s->tells[act] : "";
            assert_true(*at == '\0' || act < s->act_count);
            for (; *at; names++) {
                size_t length = strcspn(at, " ");
                assert_true(has_knob(s, at, length));
                at += length + (at[length] == ' ');
            }
        }
    }
    assert_true(names > 20);
}

static unsigned knob(const struct lab_scenario *s, const char *name)
{
    unsigned i = 0;
    while (strcmp(s->knobs[i].name, name) != 0)
        i++;
    return i;
}

static void other_values_are_said(void **state)
{
    const struct lab_scenario *s = lab_find_scenario("cable-pull");
    struct lab_turn turn = { .act = 2, .knob = knob(s, "r2"), .value = 9 };
    struct lab_play play;
    char text[LAB_TOLD_TEXT];
    (void)state;
    lab_init_play(&play, s);
    assert_false(lab_told_values(&play, 1, text));
    play.value[knob(s, "cut-for")] = 1;         /* "cut" is another one */
    assert_true(lab_told_values(&play, 1, text));
    assert_string_equal(text, "(The text describes the first values: --cut-for 20000 ms.)");
    assert_false(lab_told_values(&play, 2, text));
    play.turns = &turn;
    play.turn_count = 1;
    assert_true(lab_told_values(&play, 2, text));
    assert_string_equal(text, "(The text describes the first values: --r2 8.)");
    turn.act = 1;
    assert_false(lab_told_values(&play, 2, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sentence_is_in_both_languages),
        cmocka_unit_test(texts_tell_of_knobs_that_there_are),
        cmocka_unit_test(other_values_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
