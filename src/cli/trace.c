/* trace.c - aksu trace: what the TCP connections of a capture did, whatever stacks they are of. The
 * options; see trace.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/trace.h"

enum { FILTER = 256, SUMMARY, JSON, HTML, LANG, VERIFY, CONNECTIONS };
enum { USUAL = 65536, MOST = 1 << 24 };         /* connections */

/* A connection that is over is printed so long after its last packet. */
static const aksu_time LINGER = AKSU_SECONDS(4);

static const struct option options[] = {
    { "filter", required_argument, NULL, FILTER },
    { "summary", no_argument, NULL, SUMMARY },
    { "json", no_argument, NULL, JSON },
    { "html", required_argument, NULL, HTML },
    { "lang", required_argument, NULL, LANG },
    { "verify", no_argument, NULL, VERIFY },
    { "connections", required_argument, NULL, CONNECTIONS },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu trace [OPTIONS] FILE\n"
          "\n"
          "Reads a pcap or pcapng file (- is stdin) and draws each TCP connection in it: the\n"
          "states of both ends as far as the packets between them tell, what was agreed on,\n"
          "round trips, what was sent again and why, and how it ended.\n"
          "\n"
          "  --filter BPF     only packets that match, as tcpdump has it: 'port 80'\n"
          "  --summary        a table, one line for each connection\n"
          "  --json           the events of both ends, a line of JSON each; with --summary\n"
          "                   an object for each connection\n"
          "  --html FILE      also a report: one page that shows all of it, in any browser;\n"
          "                   a file, never -\n"
          "  --lang en|ko     of the report, to begin with [that of the locale]\n"
          "  --verify         look at checksums: damaged segments do not arrive\n"
          "  --connections N  followed at a time [65536]; beyond, those that are over, else\n"
          "                   those silent longest, are printed and forgotten\n"
          "  -h, --help       this\n"
          "\n"
          "Exit status: 0 the file was read, 1 it ends too early or is damaged: what came\n"
          "before is shown, 125 it cannot be read.\n"
          "Example: tcpdump -w x.pcap port 80; aksu trace --summary x.pcap\n", out);
}

/* True: go on. */
static bool take_option(struct trace_options *o, int option)
{
    switch (option) {
    case FILTER: o->filter = optarg; return true;
    case SUMMARY: return o->summary = true;
    case JSON: return o->json = true;
    case HTML: return cli_file("trace", "--html", o->html = optarg);
    case LANG:
        if (strcmp(optarg, "en") != 0 && strcmp(optarg, "ko") != 0) {
            fprintf(stderr, "aksu trace: --lang takes en or ko, not '%s'\n", optarg);
            return false;
        }
        o->lang = optarg;
        return true;
    case VERIFY: return o->verify = true;
    default:
        return cli_number("trace", "--connections", optarg, 1, MOST, &o->connections);
    }
}

/* A million lines a second are too many for pieces of 4096 octets. Who reads along, at a terminal
 * or what a pipe brings, does not wait for more than that. */
static void widen_stdout(const struct trace_options *o)
{
    static char buffer[1 << 16];

    if (strcmp(o->file, "-") != 0 && !isatty(STDOUT_FILENO))
        (void)setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
}

static int trace(const struct trace_options *o)
{
    struct trace_show show;
    struct tracker *t = malloc(sizeof *t);
    struct tracker_config config = { .connections = (uint32_t)o->connections,
        .verify = o->verify, .linger = o->summary ? AKSU_NEVER : LINGER, .user = &show,
        .begins = trace_show_begins, .ends = trace_show_ends };

    /* Without the key a capture might be made whose connections all fall into one bucket. */
    if (getrandom(&config.key, sizeof config.key, 0) != sizeof config.key || t == NULL ||
        !tracker_init(t, &config)) {
        free(t);
        fputs("aksu trace: there is no memory; a smaller --connections needs less\n", stderr);
        return CLI_USAGE;
    }
    widen_stdout(o);
    trace_show_init(&show, o);
    int status = trace_read(o, t, &show);
    if (!trace_show_close(&show))
        status = CLI_USAGE;
    tracker_fini(t);
    free(t);
    return status;
}

int cli_trace(int argc, char **argv)
{
    struct trace_options o = { .connections = USUAL };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return cli_printed("trace");
        }
        if (option == '?' || option == ':')
            return cli_refuse("trace", argv, options, option);
        if (!take_option(&o, option))
            return CLI_USAGE;
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "aksu trace: %s (aksu trace --help)\n",
                optind == argc ? "it needs the name of a capture, or - for stdin"
                               : "one capture at a time; a filter is given as --filter 'BPF'");
        return CLI_USAGE;
    }
    o.file = argv[optind];
    if (strcmp(o.file, "-") == 0 && isatty(STDIN_FILENO)) {
        fputs("aksu trace: stdin is a terminal; try: tcpdump -w - | aksu trace -\n", stderr);
        return CLI_USAGE;
    }
    return trace(&o);
}
