/* get_transfer.c - one request on a connection, and its response: the head, then the body into a
 * file or a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/get.h"

enum { PIECES = 8, REQUEST = URL_PATH + URL_AUTHORITY + 256 };
enum { LATER = -1, PIPE_ROOM = 1 << 20 };

/* --- waiting --- */

static uint64_t moved(const struct get *g)
{
    return g->upload ? g->out.moved : g->in.moved;
}

/* What the connection did is seen by asking it; that it did something is progress. */
static int wait_for_news(struct get *g)
{
    struct aksu_ready ready;
    aksu_time now = aksu_host_now();
    aksu_time until = progress_show(&g->progress, moved(g), now);

    if (now >= g->idle_until)
        return get_fail(g, GET_TIMEOUT, "nothing has come or gone for %" PRIu64 " s", g->timeout);
    int status = get_wait(g, until < g->idle_until ? until : g->idle_until);
    while (aksu_host_next_ready(g->host.host, &ready))
        g->idle_until = aksu_host_now() + AKSU_SECONDS(g->timeout);
    return status;
}

static int connection_failed(struct get *g, enum aksu_status status)
{
    return get_fail(g, get_status_of(status), "%s, after %" PRIu64 " octets",
                    aksu_status_text(status), moved(g));
}

/* --- the request --- */

static int send_request(struct get *g)
{
    char request[REQUEST], authority[URL_AUTHORITY], length[48] = "";

    url_authority(&g->url, authority);
    if (g->upload)
        snprintf(length, sizeof length, "Content-Length: %" PRIu64 "\r\n", g->out.left);
    int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: aksu\r\n"
                     "Accept: */*\r\n%sConnection: close\r\n\r\n", g->upload ? "PUT" : "GET",
                     g->url.path, authority, length);
    if (g->verbose)
        fprintf(stderr, "> %s %s HTTP/1.1\n", g->upload ? "PUT" : "GET", g->url.path);
    /* A new connection has room for it. */
    ptrdiff_t sent = aksu_send(g->net, g->conn, request, (size_t)n,
                               g->upload && g->out.left > 0 ? AKSU_MORE : 0, aksu_host_now());
    if (sent == n)
        return GET_OK;
    return connection_failed(g, sent < 0 ? (enum aksu_status)-sent : AKSU_NO_RESOURCES);
}

/* --- the response's head --- */

static void tell_head(const struct get *g, size_t length)
{
    for (size_t i = 0, end; i < length; i = end + 1) {
        end = (size_t)((const char *)memchr(g->head + i, '\n', length - i) - g->head);
        fprintf(stderr, "< %.*s\n", (int)strcspn(g->head + i, "\r\n"), g->head + i);
    }
}

/* LATER: it is not complete. */
static int read_head(struct get *g, struct http_message *m)
{
    struct aksu_slice piece[PIECES];
    size_t length = 0;

    ptrdiff_t n = aksu_peek(g->net, g->conn, piece, PIECES);
    if (n == -AKSU_WOULD_BLOCK)
        return LATER;
    if (n < 0)
        return connection_failed(g, (enum aksu_status)-n);
    if (n == 0)
        return get_fail(g, GET_EMPTY, "the server closed the connection without an answer");
    for (ptrdiff_t i = 0; i < n; i++) {
        size_t room = sizeof g->head - length;
        size_t take = piece[i].length < room ? piece[i].length : room;
        memcpy(g->head + length, piece[i].data, take);
        length += take;
    }
    size_t end = http_head_end(g->head, length);
    if (end == 0 && length == sizeof g->head)
        return get_fail(g, GET_WEIRD, "the answer's head is longer than %zu octets", length);
    if (end == 0) {
        struct aksu_info info;
        bool over = aksu_status(g->net, g->conn, &info) != AKSU_OK || info.peer_closed;
        return over ? get_fail(g, GET_RECEIVE, "the answer ends within its head") : LATER;
    }
    if (http_read_response(g->head, end, m) != 0)
        return get_fail(g, GET_WEIRD, "the answer is not HTTP/1.1");
    aksu_consume(g->net, g->conn, end, aksu_host_now());
    if (g->verbose)
        tell_head(g, end);
    return GET_OK;
}

/* Sends the file meanwhile, if there is one. */
static int exchange(struct get *g, struct http_message *m)
{
    enum body_end sent = g->upload ? BODY_LATER : BODY_DONE;

    for (;;) {
        if (sent == BODY_LATER)
            sent = body_send(g->net, g->conn, &g->out, aksu_host_now());
        if (sent == BODY_FILE)
            return get_fail(g, GET_READ, "%s: %s", g->upload,
                            g->out.error ? strerror(g->out.error) : "it has become shorter");
        int status = read_head(g, m);
        if (status == GET_OK && m->status < 200)
            continue;
        if (status == LATER)
            status = wait_for_news(g);
        else
            return status;
        if (status != GET_OK)
            return status;
    }
}

/* --- the response's body --- */

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

static int open_output(struct get *g)
{
    int fd = STDOUT_FILENO;

    if (g->output)
        fd = open(g->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return get_fail(g, GET_WRITE, "%s: %s", g->output, strerror(errno));
    off_t at = lseek(fd, 0, SEEK_CUR);
    g->in = (struct body){ .fd = fd, .at = at > 0 ? (uint64_t)at : 0 };
    look_at_output(&g->in);
    g->more[1].fd = -1;
    return GET_OK;
}

/* What goes to stdout next comes behind it. */
static int close_output(struct get *g, int status)
{
    if (!g->output) {
        if (!g->in.stream)
            lseek(g->in.fd, (off_t)g->in.at, SEEK_SET);
    } else if (close(g->in.fd) < 0 && status == GET_OK) {
        return get_fail(g, GET_WRITE, "%s: %s", g->output, strerror(errno));
    }
    return status;
}

static int body_ended(struct get *g, enum body_end end, uint64_t length)
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
        return connection_failed(g, g->in.status);
    if (g->in.chunked)
        return get_fail(g, GET_RECEIVE, "the server closed the connection after %" PRIu64
                        " octets, before the last chunk", g->in.moved);
    return get_fail(g, GET_RECEIVE, "the server closed the connection after %" PRIu64 " of %" PRIu64
                    " octets", g->in.moved, length);
}

static int receive(struct get *g, const struct http_message *m)
{
    int status = GET_OK;
    enum body_end end;

    g->in.chunked = m->chunked;
    g->in.left = m->has_length ? m->length : 0;
    g->in.until_close = !m->chunked && !m->has_length && m->status != 204;
    if (!g->upload)
        progress_begin(&g->progress, m->length, g->in.fd, aksu_host_now());
    do {
        end = body_receive(g->net, g->conn, &g->in, aksu_host_now());
        g->more[1].fd = end == BODY_BLOCKED ? g->in.fd : -1;
        if (end == BODY_BLOCKED)        /* whoever reads the pipe may take his time */
            g->idle_until = aksu_host_now() + AKSU_SECONDS(g->timeout);
        if (end != BODY_LATER && end != BODY_BLOCKED)
            break;
        status = wait_for_news(g);
    } while (status == GET_OK);
    progress_end(&g->progress, moved(g), aksu_host_now());
    return status == GET_OK ? body_ended(g, end, m->length) : status;
}

static bool is_redirection(const struct http_message *m)
{
    return m->location.length > 0 && (m->status == 301 || m->status == 302 || m->status == 303
                                      || m->status == 307 || m->status == 308);
}

int get_transfer(struct get *g)
{
    struct http_message m = { .status = 0 };

    g->in = (struct body){ .fd = -1 };
    g->idle_until = aksu_host_now() + AKSU_SECONDS(g->timeout);
    if (g->upload)
        progress_begin(&g->progress, g->out.left, -1, aksu_host_now());
    int status = send_request(g);
    if (status == GET_OK)
        status = exchange(g, &m);
    if (status != GET_OK)
        return status;
    if (g->upload)
        progress_end(&g->progress, g->out.moved, aksu_host_now());
    if (is_redirection(&m)) {
        const char *why = url_follow(&g->url, m.location.at, m.location.length);
        return why == NULL ? GET_AGAIN
                           : get_fail(g, GET_PROTOCOL, "redirected to %.*s: %s",
                                      (int)m.location.length, m.location.at, why);
    }
    if (m.status >= 300)
        return get_fail(g, GET_HTTP, "HTTP %u %.*s", m.status, (int)m.reason.length, m.reason.at);
    status = open_output(g);
    return status == GET_OK ? close_output(g, receive(g, &m)) : status;
}
