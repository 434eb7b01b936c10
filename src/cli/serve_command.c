/* serve_command.c - the command line of `aksu serve`. */
#include "cli/serve_command.h"

#include <errno.h>
#include <string.h>

#include "base/ip_addr.h"
#include "cli/cli.h"

enum { PORT = CLI_OWN, CONTROL, WRITABLE, MEMORY };
enum { MEMORY_MIB = 256, MEMORY_MOST = 65536 };

static const struct option options[] = {
    CLI_HOST_OPTIONS,
    { "port", required_argument, NULL, PORT },
    { "control", required_argument, NULL, CONTROL },
    { "writable", no_argument, NULL, WRITABLE },
    { "memory", required_argument, NULL, MEMORY },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu serve --device SPEC [OPTIONS] DIR\n"
          "\n"
          "Serves the files of DIR by HTTP/1.1, on a TCP/IP stack of its own.\n"
          "\n"
          "  --port N         [80]\n"
          "  --writable       PUT stores files in DIR\n"
          "  --control PATH   a socket through which 'aksu stat PATH' shows the connections\n"
          "  --memory MIB     the most that the stack may use, 1..65536 [256]\n"
          "  -h, --help       this\n", out);
    cli_host_usage(out);
    fputs("\n"
          "SIGINT, SIGTERM or SIGHUP: requests that are being answered get 2 seconds.\n"
          "Example: aksu serve --device tap:tap0 --address 10.0.0.2/24 .\n", out);
}

/* false: a sentence was written. */
static bool take_option(struct serve_command *s, int option)
{
    uint64_t number;

    switch (option) {
    case PORT:
        if (!cli_number("serve", "--port", optarg, 1, 65535, &number))
            return false;
        s->port = (uint16_t)number;
        return true;
    case CONTROL:
        s->control_path = optarg;
        return true;
    case WRITABLE:
        s->writable = true;
        return true;
    case MEMORY:
        if (!cli_number("serve", "--memory", optarg, 1, MEMORY_MOST, &number))
            return false;
        s->host.stack.memory_limit = (size_t)number << 20;
        return true;
    default:
        return cli_host_take(&s->host, option, optarg);
    }
}

/* Link-local addresses need a zone, which URLs do not have. */
void serve_tell(const struct serve_command *s, const struct aksu_address *address)
{
    char text[AKSU_IP_TEXT], port[8] = "";

    if (address->state == AKSU_ADDRESS_DUPLICATE || ip_is_link_local(&address->ip))
        return;
    if (s->port != 80)
        snprintf(port, sizeof port, ":%u", (unsigned)s->port);
    aksu_ip_format(&address->ip, text);
    printf(ip_is_v4(&address->ip) ? "serving %s at http://%s%s/\n"
                                  : "serving %s at http://[%s]%s/\n", s->directory, text, port);
    fflush(stdout);
}

static int open_and_serve(struct serve_command *s)
{
    struct files *files = &s->answers.files;
    bool good = false;

    if (!files_init(files, s->directory, s->writable)) {
        fprintf(stderr, "aksu serve: %s: %s\n", s->directory,
                errno == ENOSYS ? "needs openat2(), Linux 5.6" : strerror(errno));
        return CLI_USAGE;
    }
    if (cli_host_open(&s->host)) {
        if (cli_host_settle(&s->host, NULL) && (s->signals = cli_signals("serve")) >= 0
            && control_open(&s->control, "serve", s->control_path, aksu_host_now())) {
            good = serve(s);
            control_close(&s->control);
        }
        cli_host_close(&s->host);
    }
    files_fini(files);
    return good ? 0 : CLI_USAGE;
}

int cli_serve(int argc, char **argv)
{
    static struct serve_command s = { .host.command = "serve", .port = 80 };
    int option;

    s.host.stack.memory_limit = (size_t)MEMORY_MIB << 20;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return cli_refuse("serve", argv, options, option);
        if (!take_option(&s, option))
            return CLI_USAGE;
    }
    if (argc - optind != 1) {
        fputs(optind == argc ? "aksu serve: which directory? For example: aksu serve --device "
                               "tap:tap0 --address 10.0.0.2/24 .\n"
                             : "aksu serve: one directory at a time\n", stderr);
        return CLI_USAGE;
    }
    s.directory = argv[optind];
    return open_and_serve(&s);
}
