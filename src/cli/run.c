/* run.c - aksu run: reads the command line of src/run. */
#include <stdio.h>

#include "cli/cli.h"
#include "run/run.h"

enum { LADDER = 256, TEXT, JSON, SEED, MTU, NO_OFFLOAD };
enum { LEAST_MTU = 1280, MOST_MTU = 65535 };    /* IPv6 has no smaller link, RFC 8200 5 */

static const struct option options[] = {
    { "ladder", no_argument, NULL, LADDER },
    { "text", no_argument, NULL, TEXT },
    { "json", required_argument, NULL, JSON },
    { "seed", required_argument, NULL, SEED },
    { "mtu", required_argument, NULL, MTU },
    { "no-offload", no_argument, NULL, NO_OFFLOAD },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
          "\n"
          "Runs PROGRAM, unmodified, with Aksu's TCP under its sockets: no root, no namespace, no\n"
          "device. Outgoing connections only; all that is not TCP goes the kernel's way.\n"
          "\n"
          "  --ladder       draw every connection as a diagram on stderr\n"
          "  --text         write every event of both stacks as a line to stderr\n"
          "  --json FILE    write every event of both stacks as a line of JSON to FILE\n"
          "  --seed N       the same ports, keys and time stamp origins in every run\n"
          "  --mtu N        largest IP packet between program and gateway, 1280..65535 [1500]\n"
          "  --no-offload   segments of one MTU; implied when somebody looks at them\n"
          "  -h, --help     this\n"
          "\n"
          "Exit status: the program's own; 127 not found, 126 cannot be run, 125 aksu run failed.\n"
          "Example: aksu run --ladder -- curl -s http://example.com/\n", out);
}

/* false: a sentence was written. */
static bool take_option(struct run_options *run, int option)
{
    uint64_t number;

    switch (option) {
    case LADDER:
        run->ladder = true;
        return true;
    case TEXT:
        run->text = true;
        return true;
    case JSON:
        if (optarg[0] == '-' || optarg[0] == '\0') {
            fprintf(stderr, "aksu run: --json takes the name of a file, not '%s' (write ./%s if it "
                            "is one)\n", optarg, optarg);
            return false;
        }
        run->json = optarg;
        return true;
    case SEED:
        run->seeded = cli_number("run", "--seed", optarg, 0, UINT64_MAX, &run->seed);
        return run->seeded;
    case MTU:
        if (!cli_number("run", "--mtu", optarg, LEAST_MTU, MOST_MTU, &number))
            return false;
        run->mtu = (uint32_t)number;
        return true;
    default:
        run->no_offload = true;
        return true;
    }
}

int cli_run(int argc, char **argv)
{
    struct run_options run = { .mtu = 1500 };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return cli_refuse("run", argv, options, option);
        if (!take_option(&run, option))
            return CLI_USAGE;
    }
    if (optind == argc) {
        fputs("aksu run: which program? For example: aksu run -- curl http://example.com/\n",
              stderr);
        return CLI_USAGE;
    }
    return run_program(&run, argv + optind);
}
