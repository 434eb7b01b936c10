/* get.c - aksu get: fetches a URL, or sends a file to it, on a stack of its own. */
#include "cli/get.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum { CONNECT_TIMEOUT = CLI_OWN, TIMEOUT };
enum { REDIRECTIONS = 5, MOST_SECONDS = 86400, ADDRESSES = 8 };
static const aksu_time RESOLVE = AKSU_SECONDS(20), FAREWELL = AKSU_SECONDS(2);

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
          "  -h, --help             this\n"
          "\n", out);
    cli_host_usage(out);
    fputs("\n"
          "Exit status: 0 done, 6 no such name, 7 not connected, 22 the server's answer is an\n"
          "error, 23 cannot be written, 26 cannot be read, 28 timeout, 47 too many redirections,\n"
          "52 no answer, 56 the connection broke, 125 it could not begin.\n"
          "Example: aksu get --device tap:tap0 --address 10.0.0.2/24 http://10.0.0.1/\n", out);
}

int get_fail(struct get *g, int status, const char *format, ...)
{
    char authority[URL_AUTHORITY];
    va_list arguments;

    progress_end(&g->progress, g->upload ? g->out.moved : g->in.moved, aksu_host_now());
    url_authority(&g->url, authority);
    fprintf(stderr, "aksu get: %s: ", authority);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

int get_status_of(enum aksu_status status)
{
    switch (status) {
    case AKSU_REFUSED: case AKSU_UNREACHABLE_NET: case AKSU_UNREACHABLE_HOST:
    case AKSU_UNREACHABLE_PORT: case AKSU_PROHIBITED: case AKSU_ADDRESS_UNAVAILABLE:
    case AKSU_REMOTE_UNSPECIFIED:
        return GET_CONNECT;
    case AKSU_TIMED_OUT: case AKSU_USER_TIMEOUT:
        return GET_TIMEOUT;
    case AKSU_OK: case AKSU_DOES_NOT_EXIST: case AKSU_ALREADY_EXISTS: case AKSU_ILLEGAL:
    case AKSU_NO_RESOURCES: case AKSU_CLOSING: case AKSU_RESET: case AKSU_ABORTED:
    case AKSU_WOULD_BLOCK: case AKSU_NOT_CONNECTED: case AKSU_TOO_LONG: case AKSU_INVALID:
    case AKSU_STATUS_COUNT:
        break;
    }
    return GET_RECEIVE;
}

int get_wait(struct get *g, aksu_time until)
{
    g->more[1].events = POLLOUT;
    if (!aksu_host_wait(g->host.host, g->more, 2, until))
        return get_fail(g, GET_RECEIVE, "%s", aksu_host_why(g->host.host));
    if (g->more[0].revents == 0)
        return GET_OK;
    progress_end(&g->progress, g->upload ? g->out.moved : g->in.moved, aksu_host_now());
    return GET_INTERRUPTED;
}

/* --- one URL --- */

static void tell_end(struct get *g, aksu_time start)
{
    struct aksu_info info;
    uint64_t ms = (aksu_host_now() - start) / AKSU_MS(1);

    if (!g->verbose || aksu_status(g->net, g->conn, &info) != AKSU_OK)
        return;
    fprintf(stderr, "* %" PRIu64 " octets out, %" PRIu64 " in, %" PRIu64 ".%03" PRIu64 " s; rtt %"
            PRIu32 " us, cwnd %" PRIu32 ", %" PRIu32 " segments retransmitted\n", info.octets_out,
            info.octets_in, ms / 1000, ms % 1000, info.srtt_us, info.cwnd, info.retransmits);
}

static int get_once(struct get *g)
{
    struct aksu_ip ip[ADDRESSES];
    char why[AKSU_WHY];
    aksu_time start = aksu_host_now();

    unsigned count = aksu_host_resolve(g->host.host, g->url.host, ip, ADDRESSES, start + RESOLVE,
                                       why);
    if (count == 0)
        return get_fail(g, GET_NAME, "%s", why);
    int status = get_connect(g, ip, count);
    if (status != GET_OK)
        return status;
    status = get_transfer(g);
    tell_end(g, start);
    if (status == GET_OK || status == GET_AGAIN)
        aksu_close(g->net, g->conn, aksu_host_now());
    else
        aksu_abort(g->net, g->conn, aksu_host_now());
    return status;
}

static int get_all(struct get *g)
{
    for (int redirected = 0; redirected <= REDIRECTIONS; redirected++) {
        g->out.at = 0;
        g->out.left += g->out.moved;
        g->out.moved = 0;
        int status = get_once(g);
        if (status != GET_AGAIN)
            return status;
    }
    return get_fail(g, GET_REDIRECTS, "redirected more than %d times", REDIRECTIONS);
}

/* --- the command --- */

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

static int open_and_get(struct get *g)
{
    int status = CLI_USAGE;

    if (!open_upload(g))
        return g->out.fd < 0 ? GET_READ : CLI_USAGE;
    signal(SIGPIPE, SIG_IGN);
    g->more[0] = (struct pollfd){ .fd = cli_signals("get"), .events = POLLIN };
    g->more[1].fd = -1;
    if (g->more[0].fd < 0 || !cli_host_open(&g->host))
        return status;
    g->net = aksu_host_stack(g->host.host);
    if (cli_host_settle(&g->host, g->url.host)) {
        status = get_all(g);
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
    static struct get g = { .host.command = "get", .connect_timeout = 30, .timeout = 60 };
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
