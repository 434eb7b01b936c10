/* get_output.c - where the body of a response goes: a file, or a pipe whose reader may be slow.
 * Called by get.c. */
#include "cli/get.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIPE_ROOM = 1 << 20 };

/* A pipe is opened once more, so that only we do not wait for its reader: O_NONBLOCK belongs to
 * what was opened, which others may share. */
static void look_at_output(struct body *b)
{
    struct stat about = { .st_mode = 0 };
    char name[32];

    b->stream = fstat(b->fd, &about) < 0 || S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode)
             || isatty(b->fd);
    b->polled = b->stream;
    if (!S_ISFIFO(about.st_mode))
        return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", b->fd);
    int fd = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        fcntl(fd, F_SETPIPE_SZ, PIPE_ROOM);
        dup3(fd, b->fd, O_CLOEXEC);
        close(fd);
        b->polled = false;
    }
}

int get_open_output(struct get *g, const struct http_message *m)
{
    int fd = g->output ? g->pipe : STDOUT_FILENO;

    if (fd < 0)
        fd = open(g->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return get_fail(g, GET_WRITE, "%s: %s", g->output, strerror(errno));
    off_t at = lseek(fd, 0, SEEK_CUR);
    g->in = (struct body){ .fd = fd, .at = at > 0 ? (uint64_t)at : 0 };
    look_at_output(&g->in);
    if (m->status == 204)               /* RFC 9112 6.3: no body, whatever its fields say */
        return GET_OK;
    g->in.chunked = m->chunked;
    g->in.left = m->has_length ? m->length : 0;
    g->in.until_close = !m->chunked && !m->has_length;
    return GET_OK;
}

static int ended(struct get *g, enum body_end end)
{
    const char *name = g->output ? g->output : "stdout";

    if (end == BODY_DONE)
        return GET_OK;
    if (end == BODY_FILE)
        return get_fail(g, GET_WRITE, "%s: %s, after %" PRIu64 " octets", name,
                        strerror(g->in.error), g->in.moved);
    if (end == BODY_BAD)
        return get_fail(g, GET_RECEIVE, "the body's chunked coding is damaged after %" PRIu64
                        " octets", g->in.moved);
    if (g->in.status != AKSU_OK)
        return get_fail_connection(g, g->in.status);
    if (g->in.chunked)
        return get_fail(g, GET_RECEIVE, "the server closed the connection after %" PRIu64
                        " octets, before the last chunk", g->in.moved);
    return get_fail(g, GET_RECEIVE, "the server closed the connection after %" PRIu64 " of %" PRIu64
                    " octets", g->in.moved, g->in.moved + g->in.left);
}

/* What goes to stdout next comes behind it. */
int get_close_output(struct get *g, int status, enum body_end end)
{
    if (status == GET_OK)
        status = ended(g, end);
    if (!g->output) {
        if (!g->in.stream)
            lseek(g->in.fd, (off_t)g->in.at, SEEK_SET);
    } else if (close(g->in.fd) < 0 && status == GET_OK) {
        return get_fail(g, GET_WRITE, "%s: %s", g->output, strerror(errno));
    }
    return status;
}
