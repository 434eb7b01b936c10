/* control.c - the control socket of `serve`: takes one question at a time, answers, hangs up. */
#include "cli/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE = 5 };      /* seconds for one client */

/* True: a socket is there, but nobody listens any more. */
static bool is_left_over(int fd, const struct sockaddr_un *address)
{
    struct stat about;

    return lstat(address->sun_path, &about) == 0 && S_ISSOCK(about.st_mode)
        && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0
        && errno == ECONNREFUSED;
}

/* 0 or errno. */
static int listen_at(int fd, const struct sockaddr_un *address)
{
    mode_t mask = umask(0177);
    int failed = bind(fd, (const struct sockaddr *)address, sizeof *address);

    if (failed < 0 && errno == EADDRINUSE) {
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        errno = EADDRINUSE;
        if (probe >= 0 && is_left_over(probe, address)) {
            unlink(address->sun_path);
            failed = bind(fd, (const struct sockaddr *)address, sizeof *address);
        } else {
            errno = EADDRINUSE;
        }
        if (probe >= 0) {
            int kept = errno;
            close(probe);
            errno = kept;
        }
    }
    int error = failed < 0 ? errno : 0;
    umask(mask);
    return error == 0 && listen(fd, 8) < 0 ? errno : error;
}

bool control_open(struct control *c, const char *command, const char *path, aksu_time now)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    *c = (struct control){ .path = path, .listener = -1, .client = -1, .started = now,
                            .deadline = AKSU_NEVER };
    if (!path)
        return true;
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "aksu %s: --control %s is too long; a socket's path has at most %zu "
                        "octets\n", command, path, sizeof address.sun_path - 1);
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = fd < 0 ? errno : listen_at(fd, &address);
    if (error == 0) {
        c->listener = fd;
        return true;
    }
    if (fd >= 0)
        close(fd);
    fprintf(stderr, "aksu %s: --control %s: %s\n", command, path,
            error == EADDRINUSE ? "something is there already; choose another path"
                                : strerror(error));
    return false;
}

static void hang_up(struct control *c)
{
    close(c->client);
    free(c->answer);
    c->client = -1;
    c->answer = NULL;
    c->deadline = AKSU_NEVER;
}

void control_close(struct control *c)
{
    if (c->client >= 0)
        hang_up(c);
    if (c->listener >= 0) {
        unlink(c->path);
        close(c->listener);
    }
    c->listener = -1;
}

struct pollfd control_wants(const struct control *c)
{
    if (c->client < 0)
        return (struct pollfd){ .fd = c->listener, .events = POLLIN };
    return (struct pollfd){ .fd = c->client, .events = c->answer ? POLLOUT : POLLIN };
}

/* The question is one short line, which arrives as a whole. */
static void read_question(struct control *c, struct aksu_host *host, aksu_time now)
{
    char question[16];
    ssize_t got = recv(c->client, question, sizeof question, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    bool json = got == 5 && memcmp(question, "json\n", 5) == 0;
    bool text = got == 5 && memcmp(question, "text\n", 5) == 0;
    FILE *out = json || text ? open_memstream(&c->answer, &c->length) : NULL;
    if (out) {
        control_report(out, host, json, c->started, now);
        c->sent = 0;
        if (fclose(out) == 0)
            return;
    }
    hang_up(c);
}

static void write_answer(struct control *c)
{
    ssize_t n = send(c->client, c->answer + c->sent, c->length - c->sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    c->sent += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->sent == c->length)
        hang_up(c);
}

void control_work(struct control *c, short ready, struct aksu_host *host, aksu_time now)
{
    if (c->client >= 0 && now >= c->deadline)
        hang_up(c);
    if (ready == 0 || c->listener < 0)
        return;
    if (c->client < 0) {
        c->client = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (c->client >= 0)
            c->deadline = now + AKSU_SECONDS(PATIENCE);
        return;
    }
    if (!c->answer)
        read_question(c, host, now);
    else
        write_answer(c);
}
