/* words.h - every sentence of the labs, in each language: words/NAME.def, a line for each. One
 * without its translation does not compile; tests/unit/test_lab_words.c looks for one that is
 * none. */
#ifndef LAB_WORDS_H
#define LAB_WORDS_H

enum lab_lang { LAB_ENGLISH, LAB_KOREAN, LAB_LANGS };

enum lab_words {
    LAB_NO_WORDS,
#define WORDS(name, english, korean) W_##name,
#include "lab/words/all.def"
#undef WORDS
    LAB_WORDS_COUNT
};

/* A constant. */
const char *lab_say(enum lab_words words, enum lab_lang lang);
/* The identifier, for messages about the catalogue. */
const char *lab_words_name(enum lab_words words);

#endif
