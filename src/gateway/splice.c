/* splice.c - what the guest sent goes to the host socket (peek, writev, consume) and what the host
 * sent goes to the guest (reserve, readv, commit). flow.c calls both while there is work. */
#include "gateway/splice.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

static size_t total(const struct iovec *iov, size_t pieces)
{
    size_t sum = 0;

    for (size_t i = 0; i < pieces; i++)
        sum += iov[i].iov_len;
    return sum;
}

/* The guest's FIN arrived, and everything before it is with the host. */
static void pass_guest_end(struct flow *flow)
{
    shutdown(flow->watch.fd, SHUT_WR);
    flow->guest_ended = true;
}

static enum splice_end write_host(struct flow *flow, const struct iovec *iov, size_t pieces,
                                  size_t *moved, aksu_time now)
{
    struct msghdr message = { .msg_iov = (struct iovec *)iov, .msg_iovlen = pieces };
    ssize_t sent = sendmsg(flow->watch.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        flow->host_writable = errno == EINTR;
        return SPLICE_LIVES;
    }
    if (sent < 0) {
        flow->host_writable = false;
        flow->host_refuses = true;
        flow->host_readable = true;
        flow->host_broken |= flow->host_ended;
        return SPLICE_LIVES;
    }
    if ((size_t)sent < total(iov, pieces))
        flow->host_writable = false;
    *moved += (size_t)sent;
    return aksu_consume(flow->gateway->net, flow->conn, (size_t)sent, now) == AKSU_OK
               ? SPLICE_LIVES : SPLICE_GONE;
}

enum splice_end splice_to_host(struct flow *flow, aksu_time now)
{
    struct aksu_slice text[SPLICE_PIECES];
    struct iovec iov[SPLICE_PIECES];
    size_t moved = 0;
    enum splice_end end = SPLICE_LIVES;

    while (end == SPLICE_LIVES && splice_can_write(flow) && moved < SPLICE_TURN) {
        ptrdiff_t pieces = aksu_peek(flow->gateway->net, flow->conn, text, SPLICE_PIECES);
        if (pieces == -AKSU_WOULD_BLOCK) {
            flow->guest_readable = false;
        } else if (pieces < 0) {
            return SPLICE_GONE;
        } else if (pieces == 0) {
            pass_guest_end(flow);
        } else {
            for (ptrdiff_t i = 0; i < pieces; i++)
                iov[i] = (struct iovec){ (void *)(uintptr_t)text[i].data, text[i].length };
            end = write_host(flow, iov, (size_t)pieces, &moved, now);
        }
    }
    return end;
}

/* A reset is passed on when the guest has acknowledged all that came before it: a host application
 * could have read that much, so the guest's can. */
static enum splice_end pass_host_reset(const struct flow *flow)
{
    struct aksu_info info;

    if (aksu_status(flow->gateway->net, flow->conn, &info) != AKSU_OK)
        return SPLICE_GONE;
    return info.send_queued == 0 ? SPLICE_RESET : SPLICE_LIVES;
}

static enum splice_end read_host(struct flow *flow, const struct iovec *iov, size_t pieces,
                                 size_t *moved, aksu_time now)
{
    ssize_t got = readv(flow->watch.fd, iov, (int)pieces);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        flow->host_readable = errno == EINTR;
        return SPLICE_LIVES;
    }
    if (got < 0 || (got == 0 && flow->host_refuses)) {
        flow->host_broken = true;
        flow->host_readable = false;
        return SPLICE_LIVES;
    }
    if (got == 0) {
        flow->host_ended = true;
        return aksu_shutdown(flow->gateway->net, flow->conn, now) == AKSU_OK
                   ? SPLICE_LIVES : SPLICE_GONE;
    }
    if ((size_t)got < total(iov, pieces) && !flow->host_last)
        flow->host_readable = false;
    *moved += (size_t)got;
    return aksu_commit(flow->gateway->net, flow->conn, (size_t)got, 0, now) == AKSU_OK
               ? SPLICE_LIVES : SPLICE_GONE;
}

enum splice_end splice_to_guest(struct flow *flow, aksu_time now)
{
    struct aksu_space room[SPLICE_PIECES];
    struct iovec iov[SPLICE_PIECES];
    size_t moved = 0;
    enum splice_end end = SPLICE_LIVES;

    while (end == SPLICE_LIVES && splice_can_read(flow) && moved < SPLICE_TURN) {
        ptrdiff_t pieces = aksu_reserve(flow->gateway->net, flow->conn, room, SPLICE_PIECES, now);
        if (pieces == -AKSU_WOULD_BLOCK || pieces == 0) {
            flow->guest_writable = false;
        } else if (pieces < 0) {
            return SPLICE_GONE;
        } else {
            for (ptrdiff_t i = 0; i < pieces; i++)
                iov[i] = (struct iovec){ room[i].data, room[i].length };
            end = read_host(flow, iov, (size_t)pieces, &moved, now);
        }
    }
    if (end == SPLICE_LIVES && flow->host_broken)
        return pass_host_reset(flow);
    return end;
}
