/* words.c - see words.h. */
#include "lab/words.h"

static const struct {
    const char *name, *in[LAB_LANGS];
} catalogue[LAB_WORDS_COUNT] = {
    [LAB_NO_WORDS] = { "none", { "", "" } },
#define WORDS(name, english, korean) [W_##name] = { #name, { english, korean } },
#include "lab/words/all.def"
#undef WORDS
};

const char *lab_say(enum lab_words words, enum lab_lang lang)
{
    return catalogue[words].in[lang];
}

const char *lab_words_name(enum lab_words words)
{
    return catalogue[words].name;
}
