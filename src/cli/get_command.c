/* get_command.c - the command line of `aksu get`. */
#include "cli/get.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum { CONNECT_TIMEOUT = CLI_OWN, TIMEOUT };
enum { MOST_SECONDS = 86400 };
static const aksu_time FAREWELL = AKSU_SECONDS(2);

static const struct option options[] = {
    CLI_HOST_OPTIONS,
    { "output", required_argument, NULL, 'o' },
    { "upload", required_argument, NULL, 'T' },
    { "connect-timeout", required_argument, NULL, CONNECT_TIMEOUT },
    { "timeout", required_argument, NULL, TIMEOUT },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu get --device SPEC [OPTIONS] URL\n"
          "\n"
          "Fetches an http:// URL, on a TCP/IP stack of its own.\n"
          "\n"
          "  -o, --output FILE      write it to FILE instead of stdout\n"
          "  -T, --upload FILE      send FILE with PUT\n"
          "  --connect-timeout S    seconds until a connection must be there [30]\n"
          "  --timeout S            seconds in which something must come or go [60]\n"
          "  -v, --verbose          tell about the connection, and the heads, on stderr\n"
          "  -h, --help             this\n", out);
    cli_host_usage(out);
    fputs("\n"
          "Exit status: 0 done, 6 no such name, 7 not connected, 22 the server's answer is\n"
          "an error, 23 cannot be written, 26 cannot be read, 28 timeout, 47 too many\n"
          "redirections, 52 no answer, 56 the connection broke, 125 it could not begin.\n"
          "Example: aksu get --device tap:tap0 --address 10.0.0.2/24 http://10.0.0.1/\n", out);
}

static bool open_upload(struct get *g)
{
    struct stat about;

    if (!g->upload)
        return true;
    g->out.fd = open(g->upload, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (g->out.fd < 0 || fstat(g->out.fd, &about) < 0) {
        fprintf(stderr, "aksu get: --upload %s: %s\n", g->upload, strerror(errno));
        return false;
    }
    if (!S_ISREG(about.st_mode)) {
        fprintf(stderr, "aksu get: --upload %s: not a file; its length must be known\n", g->upload);
        return false;
    }
    g->out.left = (uint64_t)about.st_size;
    return true;
}

/* A pipe is opened at once: that waits for its reader, and no connection waits meanwhile. */
static bool open_pipe(struct get *g)
{
    struct stat about;

    if (!g->output || stat(g->output, &about) < 0 || !S_ISFIFO(about.st_mode))
        return true;
    g->pipe = open(g->output, O_WRONLY | O_CLOEXEC);
    if (g->pipe < 0)
        fprintf(stderr, "aksu get: --output %s: %s\n", g->output, strerror(errno));
    return g->pipe >= 0;
}

static int open_and_get(struct get *g)
{
    int status = CLI_USAGE;

    if (!open_pipe(g))
        return GET_WRITE;
    if (!open_upload(g))
        return g->out.fd < 0 ? GET_READ : CLI_USAGE;
    if (!cli_host_open(&g->host))
        return status;
    g->net = aksu_host_stack(g->host.host);
    bool settled = cli_host_settle(&g->host, g->url.host);
    g->more[0] = (struct pollfd){ .fd = settled ? cli_signals("get") : -1, .events = POLLIN };
    g->more[1].fd = -1;
    if (g->more[0].fd >= 0) {
        status = get(g);
        aksu_host_drain(g->host.host, aksu_host_now() + FAREWELL);
    }
    cli_host_close(&g->host);
    return status;
}

/* false: a sentence was written. */
static bool take_option(struct get *g, int option)
{
    switch (option) {
    case 'o':
        g->output = strcmp(optarg, "-") == 0 ? NULL : optarg;
        return true;
    case 'T':
        g->upload = optarg;
        return true;
    case 'v':
        g->verbose = true;
        return true;
    case CONNECT_TIMEOUT:
        return cli_number("get", "--connect-timeout", optarg, 1, MOST_SECONDS, &g->connect_timeout);
    case TIMEOUT:
        return cli_number("get", "--timeout", optarg, 1, MOST_SECONDS, &g->timeout);
    default:
        return cli_host_take(&g->host, option, optarg);
    }
}

int cli_get(int argc, char **argv)
{
    static struct get g = { .host.command = "get", .pipe = -1,
                            .connect_timeout = 30, .timeout = 60 };
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":ho:T:v", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return cli_refuse("get", argv, options, option);
        if (!take_option(&g, option))
            return CLI_USAGE;
    }
    if (argc - optind != 1) {
        fputs(optind == argc ? "aksu get: which URL? For example: aksu get --device tap:tap0 "
                               "--address 10.0.0.2/24 http://10.0.0.1/\n"
                             : "aksu get: one URL at a time\n", stderr);
        return CLI_USAGE;
    }
    const char *why = url_read(argv[optind], &g.url);
    if (why == NULL)
        return open_and_get(&g);
    fprintf(stderr, "aksu get: %s: %s\n", argv[optind], why);
    return CLI_USAGE;
}
