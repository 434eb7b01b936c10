/* stream.c - our end of the AF_UNIX stream into the connection's send ring (reserve, readv, commit)
 * and the connection's text into our end (peek, writev, consume). pump.c calls it.
 *
 * Of what the program wrote the last octet is passed on but left unread (link.h says why); `stale`
 * is 1 while it lies there. */
#include "run/stream.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "run/supervisor.h"

enum { TURN = 1 << 20, PIECES = 64 };

static size_t total(const struct iovec *iov, size_t pieces)
{
    size_t sum = 0;

    for (size_t i = 0; i < pieces; i++)
        sum += iov[i].iov_len;
    return sum;
}

/* Shortens the list to `most` octets; the pieces that are left. */
static size_t cut(struct iovec *iov, size_t pieces, size_t most)
{
    size_t i = 0;

    for (; i < pieces && most > 0; i++) {
        if (iov[i].iov_len > most)
            iov[i].iov_len = most;
        most -= iov[i].iov_len;
    }
    return i;
}

/* The octet at this offset of the pieces. */
static uint8_t *octet_at(const struct iovec *iov, size_t pieces, size_t offset)
{
    for (size_t i = 0; i < pieces; i++) {
        if (offset < iov[i].iov_len)
            return (uint8_t *)iov[i].iov_base + offset;
        offset -= iov[i].iov_len;
    }
    return NULL;
}

/* Reads into the pieces after the first, which takes the stale octet. `queued` octets are there.
 * All of them: the last is copied and stays. Returns how many are new, 0 when there are none. */
static size_t take(struct run_socket *socket, struct iovec *iov, size_t pieces, size_t queued)
{
    int fd = socket->watch.fd;
    size_t fresh = queued - socket->stale;
    size_t room = total(iov + 1, pieces - 1);
    bool all = fresh <= room;
    size_t whole = all ? fresh - 1 : room;
    uint8_t *last = all ? octet_at(iov + 1, pieces - 1, fresh - 1) : NULL;

    iov[0].iov_len = socket->stale;
    if (socket->stale + whole > 0) {
        pieces = 1 + cut(iov + 1, pieces - 1, whole);
        if (readv(fd, iov, (int)pieces) != (ssize_t)(socket->stale + whole))
            return 0;
        socket->stale = 0;
    }
    if (all && recv(fd, last, 1, MSG_PEEK | MSG_DONTWAIT) == 1) {
        socket->stale = 1;
        whole++;
    }
    return whole;
}

static enum run_stream end_of_app(struct run_socket *socket, aksu_time now)
{
    socket->app_ended = true;
    return aksu_shutdown(socket->run->net.guest, socket->conn, now) == AKSU_OK ? RUN_STREAM_LIVES
                                                                               : RUN_STREAM_GONE;
}

static enum run_stream send_some(struct run_socket *socket, size_t *moved, aksu_time now)
{
    struct aksu *net = socket->run->net.guest;
    struct aksu_space room[PIECES];
    struct iovec iov[PIECES + 1];
    uint8_t scratch;
    int queued = 0;

    if (ioctl(socket->watch.fd, FIONREAD, &queued) < 0 || (size_t)queued <= socket->stale) {
        socket->app_readable = false;
        return socket->app_last ? end_of_app(socket, now) : RUN_STREAM_LIVES;
    }
    ptrdiff_t pieces = aksu_reserve(net, socket->conn, room, PIECES, now);
    if (pieces == 0 || pieces == -AKSU_WOULD_BLOCK) {
        socket->net_writable = false;
        return RUN_STREAM_LIVES;
    }
    if (pieces < 0)
        return RUN_STREAM_GONE;
    iov[0] = (struct iovec){ &scratch, 0 };
    for (ptrdiff_t i = 0; i < pieces; i++)
        iov[i + 1] = (struct iovec){ room[i].data, room[i].length };
    size_t taken = take(socket, iov, (size_t)pieces + 1, (size_t)queued);
    if (taken == 0) {
        socket->app_readable = false;
        return RUN_STREAM_LIVES;
    }
    *moved += taken;
    return aksu_commit(net, socket->conn, taken, 0, now) == AKSU_OK ? RUN_STREAM_LIVES
                                                                    : RUN_STREAM_GONE;
}

enum run_stream run_stream_send(struct run_socket *socket, aksu_time now)
{
    enum run_stream stream = RUN_STREAM_LIVES;
    size_t moved = 0;

    while (stream == RUN_STREAM_LIVES && run_stream_can_send(socket) && moved < TURN)
        stream = send_some(socket, &moved, now);
    return stream;
}

/* Octets that are dealt with: written to the program, or dropped when it does not listen. 0: it is
 * not able to take them now. */
static size_t give(struct run_socket *socket, const struct iovec *iov, size_t pieces)
{
    struct msghdr message = { .msg_iov = (struct iovec *)iov, .msg_iovlen = pieces };

    if (socket->app_deaf)
        return total(iov, pieces);
    ssize_t sent = sendmsg(socket->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EPIPE) {
        socket->app_deaf = true;
        return total(iov, pieces);
    }
    if (sent < (ssize_t)total(iov, pieces))
        socket->app_writable = false;
    return sent < 0 ? 0 : (size_t)sent;
}

static enum run_stream receive_some(struct run_socket *socket, size_t *moved, aksu_time now)
{
    struct aksu *net = socket->run->net.guest;
    struct aksu_slice text[PIECES];
    struct iovec iov[PIECES];
    ptrdiff_t pieces = aksu_peek(net, socket->conn, text, PIECES);

    if (pieces == -AKSU_WOULD_BLOCK) {
        socket->net_readable = false;
        return RUN_STREAM_LIVES;
    }
    if (pieces < 0)
        return RUN_STREAM_GONE;
    if (pieces == 0) {
        shutdown(socket->watch.fd, SHUT_WR);
        socket->net_ended = true;
        return RUN_STREAM_LIVES;
    }
    for (ptrdiff_t i = 0; i < pieces; i++)
        iov[i] = (struct iovec){ (void *)(uintptr_t)text[i].data, text[i].length };
    size_t given = give(socket, iov, (size_t)pieces);
    *moved += given;
    if (given > 0 && aksu_consume(net, socket->conn, given, now) != AKSU_OK)
        return RUN_STREAM_GONE;
    return RUN_STREAM_LIVES;
}

enum run_stream run_stream_receive(struct run_socket *socket, aksu_time now)
{
    enum run_stream stream = RUN_STREAM_LIVES;
    size_t moved = 0;

    while (stream == RUN_STREAM_LIVES && run_stream_can_receive(socket) && moved < TURN)
        stream = receive_some(socket, &moved, now);
    return stream;
}
