/* body.c - a file's octets into a connection and a connection's into a file. */
#include "cli/body.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

size_t body_gather(const struct aksu_slice *piece, ptrdiff_t pieces, char *to, size_t room)
{
    size_t length = 0;

    for (ptrdiff_t i = 0; i < pieces; i++) {
        size_t take = piece[i].length < room - length ? piece[i].length : room - length;
        memcpy(to + length, piece[i].data, take);
        length += take;
    }
    return length;
}

static enum body_end conn_ended(struct body *b, ptrdiff_t answer)
{
    b->status = (enum aksu_status)-answer;
    return BODY_CONN;
}

static enum body_end file_ended(struct body *b, ssize_t moved)
{
    b->error = moved < 0 ? errno : 0;
    return BODY_FILE;
}

enum body_end body_send(struct aksu *net, aksu_conn conn, struct body *b, aksu_time now)
{
    while (b->left > 0) {
        struct aksu_space room[BODY_PIECES];
        struct iovec iov[BODY_PIECES];
        uint64_t want = 0;
        int pieces = 0;

        ptrdiff_t n = aksu_reserve(net, conn, room, BODY_PIECES, now);
        if (n < 0)
            return n == -AKSU_WOULD_BLOCK ? BODY_LATER : conn_ended(b, n);
        for (; pieces < n && want < b->left; pieces++) {
            size_t length = room[pieces].length;
            if (length > b->left - want)
                length = (size_t)(b->left - want);
            iov[pieces] = (struct iovec){ room[pieces].data, length };
            want += length;
        }
        ssize_t got = preadv(b->fd, iov, pieces, (off_t)b->at);
        if (got <= 0)
            return file_ended(b, got);
        b->at += (uint64_t)got;
        b->left -= (uint64_t)got;
        b->moved += (uint64_t)got;
        enum aksu_status status = aksu_commit(net, conn, (size_t)got,
                                              b->left > 0 ? AKSU_MORE : 0, now);
        if (status != AKSU_OK)
            return conn_ended(b, -(ptrdiff_t)status);
    }
    return BODY_DONE;
}

/* How much of the text is body: the pieces of it in `iov`. `skip`: what comes before. */
static bool take(struct body *b, const struct aksu_slice *text, int pieces, struct iovec *iov,
                 int *count, size_t *skip)
{
    uint64_t left = b->until_close ? UINT64_MAX : b->left;

    *count = 0;
    *skip = 0;
    if (b->chunked) {
        size_t body;
        if (!http_chunks_next(&b->chunks, text[0].data, text[0].length, skip, &body))
            return false;
        iov[0] = (struct iovec){ (void *)(uintptr_t)(text[0].data + *skip), body };
        *count = body > 0;
        return true;
    }
    for (int i = 0; i < pieces && left > 0; i++) {
        size_t length = text[i].length < left ? text[i].length : (size_t)left;
        iov[i] = (struct iovec){ (void *)(uintptr_t)text[i].data, length };
        left -= length;
        *count = i + 1;
    }
    return true;
}

/* A stream that poll() calls writable takes PIPE_BUF octets without waiting (pipe(7)). */
static ssize_t write_out(const struct body *b, struct iovec *iov, int count)
{
    struct pollfd out = { .fd = b->fd, .events = POLLOUT };

    if (!b->stream)
        return pwritev(b->fd, iov, count, (off_t)b->at);
    if (!b->polled)
        return writev(b->fd, iov, count);
    if (poll(&out, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (iov[0].iov_len > PIPE_BUF)
        iov[0].iov_len = PIPE_BUF;
    return writev(b->fd, iov, 1);
}

static bool is_over(const struct body *b)
{
    return b->chunked ? http_chunks_over(&b->chunks) : !b->until_close && b->left == 0;
}

static void took(struct body *b, size_t length)
{
    b->at += length;
    b->moved += length;
    if (b->chunked)
        http_chunks_took(&b->chunks, length);
    else if (!b->until_close)
        b->left -= length;
}

enum body_end body_receive(struct aksu *net, aksu_conn conn, struct body *b, aksu_time now)
{
    while (!is_over(b)) {
        struct aksu_slice text[BODY_PIECES];
        struct iovec iov[BODY_PIECES];
        size_t skip;
        ssize_t wrote = 0;
        int count;

        ptrdiff_t n = aksu_peek(net, conn, text, BODY_PIECES);
        if (n == -AKSU_WOULD_BLOCK)
            return BODY_LATER;
        if (n <= 0)
            return n == 0 && b->until_close ? BODY_DONE : conn_ended(b, n);
        if (!take(b, text, (int)n, iov, &count, &skip))
            return BODY_BAD;
        if (count > 0)
            wrote = write_out(b, iov, count);
        bool blocked = wrote < 0 && (errno == EAGAIN || errno == EINTR);
        if (count > 0 && wrote <= 0 && !blocked)
            return file_ended(b, wrote);
        if (wrote < 0)
            wrote = 0;
        took(b, (size_t)wrote);
        enum aksu_status status = aksu_consume(net, conn, skip + (size_t)wrote, now);
        if (status != AKSU_OK)
            return conn_ended(b, -(ptrdiff_t)status);
        if (blocked)
            return BODY_BLOCKED;
    }
    return BODY_DONE;
}
