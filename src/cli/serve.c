/* serve.c - aksu serve: a web server for one directory, on a stack of its own. */
#include "cli/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ip_addr.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/host_options.h"

enum { PORT = CLI_OWN, CONTROL, WRITABLE, MEMORY };
enum { BACKLOG = 16384, MEMORY_MIB = 256, MEMORY_MOST = 65536 };
static const aksu_time DRAIN = AKSU_SECONDS(2), LAST_WORDS = AKSU_MS(200);

static const struct option options[] = {
    CLI_HOST_OPTIONS,
    { "port", required_argument, NULL, PORT },
    { "control", required_argument, NULL, CONTROL },
    { "writable", no_argument, NULL, WRITABLE },
    { "memory", required_argument, NULL, MEMORY },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

struct serve {
    struct cli_host host;
    const char *directory, *control_path;
    bool writable;
    struct server server;
    struct control control;
    struct pollfd more[2];          /* signals, the control socket */
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
          "  -h, --help       this\n"
          "\n", out);
    cli_host_usage(out);
    fputs("\n"
          "SIGINT or SIGTERM: requests that are being answered get 2 seconds.\n"
          "Example: aksu serve --device tap:tap0 --address 10.0.0.2/24 .\n", out);
}

/* false: a sentence was written. */
static bool take_option(struct serve *s, int option)
{
    uint64_t number;

    switch (option) {
    case PORT:
        if (!cli_number("serve", "--port", optarg, 1, 65535, &number))
            return false;
        s->server.port = (uint16_t)number;
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

/* A line for each address; link-local ones need a zone, which URLs do not have. */
static void tell_where(const struct serve *s)
{
    struct aksu_address address;
    char text[AKSU_IP_TEXT], port[8] = "";

    if (s->server.port != 80)
        snprintf(port, sizeof port, ":%u", (unsigned)s->server.port);
    for (uint32_t i = 0; aksu_address_at(s->server.net, i, &address); i++) {
        if (address.state == AKSU_ADDRESS_DUPLICATE || ip_is_link_local(&address.ip))
            continue;
        aksu_ip_format(&address.ip, text);
        printf(ip_is_v4(&address.ip) ? "serving %s at http://%s%s/\n"
                                     : "serving %s at http://[%s]%s/\n", s->directory, text, port);
    }
    fflush(stdout);
}

static void accept_all(struct server *s, aksu_listener listener, aksu_time now)
{
    aksu_conn conn;

    while (aksu_accept(s->net, listener, &conn, now) == AKSU_OK)
        client_accept(s, conn, now);
}

/* Waits until something happens and deals with it. False: the device is gone. */
static bool turn(struct serve *s, aksu_time until)
{
    struct server *server = &s->server;
    struct aksu_ready ready;
    aksu_time now = aksu_host_now();
    aksu_time next = clients_expire(server, now);

    s->more[1] = control_wants(&s->control);
    if (s->control.client >= 0 && s->control.deadline < until)
        until = s->control.deadline;
    if (!aksu_host_wait(s->host.host, s->more, 2, next < until ? next : until)) {
        fprintf(stderr, "aksu serve: %s\n", aksu_host_why(s->host.host));
        return false;
    }
    now = aksu_host_now();
    while (aksu_host_next_ready(s->host.host, &ready)) {
        if (ready.what & AKSU_ACCEPTABLE)
            accept_all(server, ready.listener, now);
        else if (ready.cookie != 0)
            client_ready(server, (struct client *)(uintptr_t)ready.cookie, ready.what, now);
    }
    control_work(&s->control, s->more[1].revents, s->host.host, now);
    return true;
}

/* Until a signal comes; then for those who are being answered. */
static int run(struct serve *s, aksu_listener listener)
{
    struct server *server = &s->server;

    while (s->more[0].revents == 0) {
        if (!turn(s, AKSU_NEVER))
            return CLI_USAGE;
    }
    aksu_time now = aksu_host_now(), end = now + DRAIN;
    s->more[0].fd = -1;
    aksu_close_listener(server->net, listener, now);
    clients_stop(server, false, now);
    while (server->clients > 0 && (now = aksu_host_now()) < end) {
        if (!turn(s, end))
            return CLI_USAGE;
    }
    clients_stop(server, true, now);
    aksu_host_drain(s->host.host, now + LAST_WORDS > end ? now + LAST_WORDS : end);
    return 0;
}

static int serve(struct serve *s)
{
    struct aksu_listen how = { .backlog = BACKLOG };
    aksu_listener listener;

    if (!cli_host_settle(&s->host, NULL))
        return CLI_USAGE;
    s->server.net = aksu_host_stack(s->host.host);
    how.local.port = s->server.port;
    enum aksu_status status = aksu_listen(s->server.net, &how, &listener, aksu_host_now());
    if (status != AKSU_OK) {
        fprintf(stderr, "aksu serve: port %u cannot be listened on: %s\n",
                (unsigned)s->server.port, aksu_status_text(status));
        return CLI_USAGE;
    }
    if (!control_open(&s->control, "serve", s->control_path, aksu_host_now()))
        return CLI_USAGE;
    tell_where(s);
    int result = run(s, listener);
    clients_stop(&s->server, true, aksu_host_now());
    control_close(&s->control);
    return result;
}

static int open_and_serve(struct serve *s)
{
    if (!files_init(&s->server.files, s->directory, s->writable)) {
        fprintf(stderr, "aksu serve: %s: %s\n", s->directory,
                errno == ENOSYS ? "needs openat2(), Linux 5.6" : strerror(errno));
        return CLI_USAGE;
    }
    int result = CLI_USAGE;
    s->more[0] = (struct pollfd){ .fd = cli_signals("serve"), .events = POLLIN };
    if (s->more[0].fd >= 0 && cli_host_open(&s->host)) {
        result = serve(s);
        cli_host_close(&s->host);
    }
    files_fini(&s->server.files);
    return result;
}

int cli_serve(int argc, char **argv)
{
    static struct serve s;
    int option;

    s.host.command = "serve";
    s.host.stack.memory_limit = (size_t)MEMORY_MIB << 20;
    s.server.port = 80;
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
