/* page.c - a table in a page of the documentation: what stands between two marks is replaced.
 * Called by tests that print one, when the page was named. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/net.h"

enum { PAGE_MOST = 1 << 20 };

static char *read_all(const char *file)
{
    FILE *f = fopen(file, "r");
    char *text = malloc(PAGE_MOST);
    expect(f != NULL && text != NULL, "%s: %s", file, strerror(errno));
    size_t length = fread(text, 1, PAGE_MOST - 1, f);
    text[length] = 0;
    bool whole = feof(f) != 0;
    fclose(f);
    expect(whole, "%s is longer than %d octets", file, PAGE_MOST);
    return text;
}

void net_document(const char *file, const char *mark, const char *table)
{
    char begin[64], end[64];
    (void)snprintf(begin, sizeof begin, "<!-- %s: begin -->\n", mark);
    (void)snprintf(end, sizeof end, "<!-- %s: end -->", mark);
    char *text = read_all(file);
    char *from = strstr(text, begin), *to = from != NULL ? strstr(from, end) : NULL;
    expect(to != NULL, "%s has no marks for the table: %s", file, begin);
    from += strlen(begin);
    FILE *f = fopen(file, "w");
    expect(f != NULL, "%s: %s", file, strerror(errno));
    fprintf(f, "%.*s%s%s", (int)(from - text), text, table, to);
    bool good = !ferror(f);
    expect(fclose(f) == 0 && good, "%s: %s", file, strerror(errno));
    free(text);
}
