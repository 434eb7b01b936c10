/* run.c - aksu run: reads the command line of src/run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/cli.h"
#include "cli/host_options.h"
#include "cli/path_options.h"
#include "run/run.h"

enum { LADDER = CLI_OWN, FAST_OPEN, HTML };
enum { LEAST_MTU = 1280 };              /* IPv6 has no smaller link, RFC 8200 5 */
enum { USUAL_MTU = 1500 };

/* Those of a host but for --dns (the program asks for names itself), --ecn (--mark and --codel ask
 * for it) and --mtu-probing. */
static const struct option options[] = {
    { "ladder", no_argument, NULL, LADDER },
    { "text", no_argument, NULL, CLI_TEXT },
    { "json", required_argument, NULL, CLI_JSON },
    { "html", required_argument, NULL, HTML },
    { "seed", required_argument, NULL, CLI_SEED },
    { "mtu", required_argument, NULL, CLI_MTU },
    { "no-offload", no_argument, NULL, CLI_NO_OFFLOAD },
    { "fast-open", no_argument, NULL, FAST_OPEN },
    { "device", required_argument, NULL, CLI_DEVICE },
    { "address", required_argument, NULL, CLI_ADDRESS },
    { "gateway", required_argument, NULL, CLI_GATEWAY },
    { "route", required_argument, NULL, CLI_ROUTE },
    { "mac", required_argument, NULL, CLI_MAC },
    { "bare-ip", no_argument, NULL, CLI_BARE_IP },
    { "capture", required_argument, NULL, CLI_CAPTURE },
    CLI_PATH_OPTIONS,
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
          "\n"
          "Runs PROGRAM, unmodified, with Aksu's TCP under its sockets: no root, no\n"
          "namespace, no device. Outgoing connections only; all that is not TCP goes the\n"
          "kernel's way.\n"
          "\n"
          "  --ladder         draw every connection as a diagram on stderr\n"
          "  --text           write every event as a line to stderr\n"
          "  --json FILE      write every event as a line of JSON to FILE\n"
          "  --html FILE      all of it as a page to look at: ladder, states, plots, events\n"
          "                   (both are files, never -: stdout is PROGRAM's)\n"
          "  --seed N         the same ports, keys and time stamp origins in every run\n"
          "  --mtu N          largest IP packet: 1280..65535 [1500]; with a device\n"
          "                   68..65535 [the device's]\n"
          "  --no-offload     segments of one MTU; implied by --ladder, --text, --json,\n"
          "                   --html\n"
          "  -h, --help       this\n", out);
    cli_path_usage(out);
    fputs("\n"
          "With a device the program is a host of its own on that network:\n"
          "  --device SPEC    tap:NAME, tun:NAME, packet:NAME, fd:N, dgram:OURS,PEER,\n"
          "                   stream:PATH\n"
          "  --address A      10.0.0.2/24, 2001:db8::2/64, dhcp or auto; may be repeated\n"
          "                   [dhcp and auto]\n"
          "  --gateway G      the router for everything else\n"
          "  --route R        another one: \"10.9.0.0/16 via 10.0.0.7\"; may be repeated\n"
          "  --mac M          as 02:00:00:00:00:01 [a random one]\n"
          "  --bare-ip        fd:, dgram: or stream: carries IP, not Ethernet\n"
          "  --fast-open      the first text goes on the SYN (RFC 7413), to servers that\n"
          "                   gave a cookie: only if it may arrive twice\n"
          "  --capture FILE   write all frames to a pcapng file, with reasons as comments\n"
          "\n"
          "Exit status: the program's own; 127 not found, 126 cannot be run, 125 aksu run\n"
          "failed.\n"
          "Examples: aksu run --ladder -- curl -s http://example.com/\n"
          "  aksu run --delay 50ms --loss 1% --rate 20mbit -- git clone URL\n"
          "  aksu run --device tap:tap0 --address 10.0.0.2/24 -- iperf3 -c 10.0.0.1\n", out);
}

/* What only a host has, and was given; NULL: nothing. */
static const char *given_of_host(const struct cli_host *c)
{
    static const uint8_t no_mac[6];

    if (c->address[0])
        return "--address";
    if (c->route[0])
        return "--gateway or --route";
    if (memcmp(c->interface.mac, no_mac, sizeof no_mac) != 0)
        return "--mac";
    if (c->interface.bare_ip)
        return "--bare-ip";
    return c->capture ? "--capture" : NULL;
}

/* false: a sentence was written. */
static bool fit_together(const struct cli_host *c)
{
    const char *given = given_of_host(c);

    if (c->device)
        return true;
    if (given) {
        fprintf(stderr, "aksu run: %s is for a device: add one, such as --device tap:tap0\n",
                given);
        return false;
    }
    if (c->interface.mtu == 0 || c->interface.mtu >= LEAST_MTU)
        return true;
    fprintf(stderr, "aksu run: --mtu takes a number from %d to 65535 without a device, not %u\n",
            LEAST_MTU, c->interface.mtu);
    return false;
}

/* false: a sentence was written. */
static bool write_apart(const struct cli_host *c, const char *html)
{
    return cli_files_differ("run", "--json", c->json, "--html", html)
           && cli_files_differ("run", "--capture", c->capture, "--html", html)
           && cli_files_differ("run", "--capture", c->capture, "--json", c->json);
}

struct wishes {
    bool ladder, fast_open;
    const char *html;
    char *command_line;                 /* with html */
};

static int run_with(const struct cli_host *c, const struct run_path *path, struct wishes own,
                    char *const argv[])
{
    struct aksu_host_config host = {
        .device = c->device, .interface = c->interface, .addresses = c->address,
        .routes = c->route, .capture = c->capture,
    };
    struct run_options run = {
        .ladder = own.ladder, .fast_open = own.fast_open, .text = c->text, .json = c->json,
        .html = own.html, .command_line = own.command_line,
        .seeded = c->seeded,
        .mtu = c->interface.mtu ? c->interface.mtu : USUAL_MTU,
        .path = *path, .no_offload = c->interface.no_offload, .host = c->device ? &host : NULL,
    };

    memcpy(run.seed, c->stack.seed, sizeof run.seed);
    return run_program(&run, argv);
}

/* A number that is quickly typed: it is told at the end, to have the same again. */
static bool seed_path(struct run_path *path, const struct cli_host *c)
{
    uint32_t random = 0;

    if (c->seeded) {
        memcpy(&path->seed, c->stack.seed, sizeof path->seed);
        return true;
    }
    if (path->wanted && getrandom(&random, sizeof random, 0) != sizeof random) {
        fputs("aksu run: the system has no randomness: getrandom() failed\n", stderr);
        return false;
    }
    path->seed = random;
    return true;
}

int cli_run(int argc, char **argv)
{
    struct cli_host host = { .command = "run" };
    struct run_path path = { 0 };
    struct wishes own = { .ladder = false };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return cli_refuse("run", argv, options, option);
        if (option == LADDER)
            own.ladder = true;
        else if (option == FAST_OPEN)
            own.fast_open = true;
        else if (option == HTML ? !cli_file("run", "--html", own.html = optarg)
                 : cli_path_has(option) ? !cli_path_take(&path, "run", option, optarg)
                                        : !cli_host_take(&host, option, optarg))
            return CLI_USAGE;
    }
    if (own.fast_open && !host.device) {
        fputs("aksu run: --fast-open is for a device: without one the gateway answers, which holds "
              "every SYN until its server has answered\n", stderr);
        return CLI_USAGE;
    }
    if (!fit_together(&host) || !write_apart(&host, own.html) || !cli_path_fit(&path, "run"))
        return CLI_USAGE;
    if (optind == argc) {
        fputs("aksu run: which program? For example: aksu run -- curl http://example.com/\n",
              stderr);
        return CLI_USAGE;
    }
    if (!seed_path(&path, &host))
        return CLI_USAGE;
    own.command_line = own.html ? cli_command_line(argc, argv) : NULL;
    int status = run_with(&host, &path, own, argv + optind);
    free(own.command_line);
    return status;
}
