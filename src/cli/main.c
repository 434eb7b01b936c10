/* main.c - aksu: finds the command. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

struct command {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    { "run", cli_run, "run an unmodified program on this TCP instead of the kernel's" },
    { "serve", cli_serve, "serve a directory by HTTP, on a TCP/IP stack of its own" },
    { "get", cli_get, "fetch a URL, or send a file to it, on a TCP/IP stack of its own" },
    { "stat", cli_stat, "show the connections of a running aksu serve" },
    { "trace", cli_trace, "what the TCP connections of a pcap or pcapng file did" },
    { "explore", cli_explore, "every run that two stacks can have over a bad network" },
    { "lab", cli_lab, "scenarios of TCP's behaviour, played by real stacks and explained" },
    { "report", cli_report, "make a page to look at of events that were written as JSON" },
    { "ping", cli_ping, "send ICMP echo requests from a device of its own" },
};

enum { COUNT = sizeof commands / sizeof commands[0] };

static void usage(FILE *out)
{
    fputs("Usage: aksu COMMAND [ARGUMENTS]\n"
          "       aksu --help | --version\n"
          "\n"
          "Aksu is a TCP/IP stack in a library, and programs that use it.\n"
          "\n"
          "Commands:\n", out);
    for (size_t i = 0; i < COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "aksu COMMAND --help tells more. Try:  aksu run --ladder -- curl http://example.com/\n",
          out);
}

static int refuse(const char *word)
{
    const char *names[COUNT + 1] = { NULL };

    for (size_t i = 0; i < COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = cli_nearest(word, names);
    fprintf(stderr, "aksu: there is no %s '%s'", word[0] == '-' ? "option" : "command", word);
    if (nearest)
        fprintf(stderr, "; did you mean 'aksu %s'?\n", nearest);
    else
        fputs("; aksu --help lists what there is\n", stderr);
    return CLI_USAGE;
}

/* No device or file may get the number of stdin, stdout or stderr that somebody has closed: what is
 * said would go there. Reading and writing these still fails, and a program that is run finds them
 * closed. */
static void keep_standard_numbers(void)
{
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", (fd == 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
    }
}

int main(int argc, char **argv)
{
    keep_standard_numbers();
    if (argc < 2) {
        usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
        || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return fflush(stdout) == 0 ? 0 : CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("aksu " CLI_VERSION);
        return fflush(stdout) == 0 ? 0 : CLI_USAGE;
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].main(argc - 1, argv + 1);
    }
    return refuse(argv[1]);
}
