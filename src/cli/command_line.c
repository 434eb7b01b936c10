/* command_line.c - the command line as one text, for who wants to run it again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_[]";

    return *word && word[strspn(word, plain)] == '\0';
}

/* XCU 2.2.2: between quotes all is as it stands, but for the quote itself. */
static void put_word(FILE *out, const char *word)
{
    if (is_plain(word)) {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            putc(*word, out);
    }
    putc('\'', out);
}

char *cli_command_line(int argc, char *const argv[])
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("aksu", out);
    for (int i = 0; i < argc; i++) {
        putc(' ', out);
        put_word(out, argv[i]);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
