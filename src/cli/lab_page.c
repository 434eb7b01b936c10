/* lab_page.c - see lab_page.h. The page is a file that `make lab-page` writes: beside the build, or
 * installed in share/aksu. Called by lab.c. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/lab_page.h"

enum { ARGUMENTS = 64 };

/* The page's directory; false: there is no page. */
static bool find_page(char directory[PATH_MAX])
{
    static const char *const from_program[] = { "/../share/aksu/lab", "/../web/lab" };
    char program[PATH_MAX], place[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return false;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; i < sizeof from_program / sizeof from_program[0]; i++) {
        (void)snprintf(place, sizeof place, "%s%s/index.html", program, from_program[i]);
        if (realpath(place, directory) != NULL) {
            *strrchr(directory, '/') = '\0';
            return true;
        }
    }
    return false;
}

static int no_page(void)
{
    fputs("aksu lab: there is no page beside this program; 'make lab-page' makes build/web/lab/"
          "index.html (clang, lld and wasi-libc are needed), 'make install' after it installs it\n",
          stderr);
    return CLI_USAGE;
}

int lab_page_print(void)
{
    char directory[PATH_MAX];
    if (!find_page(directory))
        return no_page();
    printf("%s/index.html\n", directory);
    return cli_printed("lab");
}

static int help(void)
{
    fputs("Usage: aksu lab --serve OPTIONS\n"
          "\n"
          "Serves the page of the scenarios to browsers, over this stack. The options are those\n"
          "of aksu serve (aksu serve --help tells them), without the directory.\n"
          "Without a network: aksu lab --page prints the file to open.\n"
          "\n"
          "Example: aksu lab --serve --device tap:tap0 --address 10.9.0.2/24\n", stdout);
    return cli_printed("lab");
}

int lab_page_serve(int argc, char **argv)
{
    char directory[PATH_MAX], name[] = "serve";
    char *serve[ARGUMENTS + 2];
    int count = 0;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return help();
    if (!find_page(directory))
        return no_page();
    if (argc > ARGUMENTS) {
        fputs("aksu lab: too many options\n", stderr);
        return CLI_USAGE;
    }
    if (argc < 2) {
        fprintf(stderr, "aksu lab: --serve needs the options of a host, as aksu serve does "
                "(--device tap:tap0 --address 10.9.0.2/24); without a network, open "
                "%s/index.html in a browser\n", directory);
        return CLI_USAGE;
    }
    serve[count++] = name;
    for (int i = 1; i < argc; i++)
        serve[count++] = argv[i];
    serve[count++] = directory;
    serve[count] = NULL;
    return cli_serve(count, serve);
}
