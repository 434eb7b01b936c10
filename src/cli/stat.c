/* stat.c - aksu stat: asks a running `aksu serve --control PATH` about its connections. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

enum { JSON = 256, WATCH, WATCH_MOST = 86400, PATIENCE = 10 };

static const struct option options[] = {
    { "json", no_argument, NULL, JSON },
    { "watch", required_argument, NULL, WATCH },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
    fputs("Usage: aksu stat [OPTIONS] PATH\n"
          "\n"
          "Shows the connections of the 'aksu serve --control PATH' that is running.\n"
          "\n"
          "  --json           as JSON\n"
          "  --watch SECONDS  again and again\n"
          "  -h, --help       this\n"
          "\n"
          "Of each connection: state, queues, round trip time and its variation, retransmission\n"
          "timeout, congestion window; then of both directions (ours/the peer's) the largest\n"
          "segment, the window, octets and segments; retransmissions, and the next timer.\n", out);
}

static int fail(const char *path, int error)
{
    const char *why = strerror(error);
    struct stat about;

    if (error < 0) {
        path = "stdout";
        why = strerror(-error);
    }
    if (error == ECONNREFUSED && stat(path, &about) == 0 && !S_ISSOCK(about.st_mode))
        error = ENOTSOCK;
    if (error == ENOENT)
        why = "there is no such socket; is 'aksu serve --control' with this path running?";
    else if (error == ECONNREFUSED)
        why = "nobody listens there any more; the aksu serve that made it is gone";
    else if (error == EACCES || error == EPERM)
        why = "only the user who runs aksu serve may ask it";
    else if (error == ENOTSOCK || error == EPROTOTYPE)
        why = "it is not the control socket of aksu serve";
    else if (error == EAGAIN)
        why = "no answer; it is busy, or not the control socket of aksu serve";
    fprintf(stderr, "aksu stat: %s: %s\n", path, why);
    return CLI_USAGE;
}

/* 0 or errno; EPROTO: it hung up without an answer; negative: of stdout. */
static int show(int fd, const char *question)
{
    char text[65536];
    size_t total = 0;

    if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
        return errno;
    for (;;) {
        ssize_t got = recv(fd, text, sizeof text, 0);
        if (got < 0)
            return errno;
        if (got == 0)
            return total > 0 ? 0 : EPROTO;
        total += (size_t)got;
        if (fwrite(text, 1, (size_t)got, stdout) != (size_t)got)
            return -errno;
    }
}

static int ask(const struct sockaddr_un *address, const char *question)
{
    struct timeval patience = { .tv_sec = PATIENCE };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    int error = connect(fd, (const struct sockaddr *)address, sizeof *address) < 0
                    ? errno : show(fd, question);
    close(fd);
    return error == 0 && fflush(stdout) != 0 ? -errno : error;
}

static int report(const char *path, const char *question, unsigned seconds)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timespec pause = { .tv_sec = seconds };

    if (strlen(path) >= sizeof address.sun_path)
        return fail(path, ENAMETOOLONG);
    memcpy(address.sun_path, path, strlen(path) + 1);
    for (;;) {
        if (seconds > 0 && isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout);
        int error = ask(&address, question);
        if (error != 0)
            return fail(path, error);
        if (seconds == 0)
            return 0;
        if (!isatty(STDOUT_FILENO))
            putchar('\n');
        nanosleep(&pause, NULL);
    }
}

int cli_stat(int argc, char **argv)
{
    const char *question = "text\n";
    uint64_t seconds = 0;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            usage(stdout);
            return 0;
        }
        if (option == '?' || option == ':')
            return cli_refuse("stat", argv, options, option);
        if (option == JSON)
            question = "json\n";
        else if (!cli_number("stat", "--watch", optarg, 1, WATCH_MOST, &seconds))
            return CLI_USAGE;
    }
    if (argc - optind != 1) {
        fputs(optind == argc ? "aksu stat: of which server? It is asked through the PATH that was "
                               "given to aksu serve --control\n"
                             : "aksu stat: one PATH at a time\n", stderr);
        return CLI_USAGE;
    }
    return report(argv[optind], question, (unsigned)seconds);
}
