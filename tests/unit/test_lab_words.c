/* test_lab_words.c - the catalogue of the labs: every sentence is there in both languages, and the
 * Korean one is Korean, unless it is a name that both languages write alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdbool.h>
#include <string.h>

#include "lab/words.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sentence_is_in_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
