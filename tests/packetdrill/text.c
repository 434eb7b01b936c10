/* text.c - the calls that move octets. packetdrill looks at counts and errors, and sends zeros. */
#include <poll.h>
#include <string.h>

#include "adapter.h"
#include "fast_open.h"
#include "run/calls.h"

enum { PIECES = 64 };

static bool is_readable(void *argument)
{
    struct pd_socket *s = argument;

    return s->state != PD_CONNECTING && (pd_events_of(s) & (POLLIN | POLLERR | POLLHUP));
}

/* Told once; afterwards the end of the text. */
static ssize_t error_or(struct pd_socket *s, ssize_t otherwise)
{
    int error = s->error;

    s->error = 0;
    return error ? pd_fail(error) : otherwise;
}

static size_t copied(uint8_t *to, size_t room, const struct aksu_slice *text, size_t pieces)
{
    size_t done = 0;

    for (size_t i = 0; i < pieces && done < room; i++) {
        size_t n = text[i].length < room - done ? text[i].length : room - done;
        memcpy(to + done, text[i].data, n);
        done += n;
    }
    return done;
}

static ssize_t take(struct pd_socket *s, void *data, size_t room, int flags)
{
    struct aksu_slice text[PIECES];
    ptrdiff_t pieces = aksu_peek(pd.net, s->conn, text, PIECES);

    if (pieces == -AKSU_WOULD_BLOCK && s->deaf)
        return 0;
    if (pieces == -AKSU_WOULD_BLOCK || pieces == -AKSU_NOT_CONNECTED)
        return pd_fail(EAGAIN);
    if (pieces <= 0 && s->state == PD_OVER)
        return error_or(s, 0);
    if (pieces < 0) {
        pd_failed(s, (enum aksu_status)-pieces);
        return error_or(s, 0);
    }
    if (pieces > 0 && room > 0 && !data)
        return pd_fail(EFAULT);
    size_t n = copied(data, room, text, (size_t)pieces);
    if (!(flags & MSG_PEEK))
        aksu_consume(pd.net, s->conn, n, pd.now);
    return (ssize_t)n;
}

static ssize_t receive(int fd, void *data, size_t room, int flags)
{
    struct pd_socket *s = pd_socket_of(fd);

    if (!s)
        return -1;
    if (s->state == PD_EPOLL)
        return pd_fail(EINVAL);
    if (s->state == PD_FRESH || s->state == PD_LISTENING)
        return error_or(s, pd_fail(ENOTCONN));
    if (s->state == PD_DEFERRED)
        return pd_fail(EAGAIN);
    if (!is_readable(s) && (pd_is_nonblocking(s, flags) || !pd_wait(is_readable, s, AKSU_NEVER)))
        return pd_fail(EAGAIN);
    if (s->error && s->state == PD_CONNECTED)
        return error_or(s, 0);
    return take(s, data, room, flags);
}

static ssize_t receive_locked(int fd, void *data, size_t room, int flags)
{
    pthread_mutex_lock(&pd.lock);
    ssize_t result = receive(fd, data, room, flags);
    pd_leave();
    return result;
}

static ssize_t call_read(void *u, int fd, void *data, size_t room)
{
    (void)u;
    return receive_locked(fd, data, room, 0);
}

static ssize_t call_recv(void *u, int fd, void *data, size_t room, int flags)
{
    (void)u;
    return receive_locked(fd, data, room, flags);
}

static ssize_t call_recvfrom(void *u, int fd, void *data, size_t room, int flags,
                             struct sockaddr *address, socklen_t *length)
{
    (void)u;
    (void)address;
    if (length)
        *length = 0;
    return receive_locked(fd, data, room, flags);
}

/* One piece after the other, until one is not filled. */
static ssize_t scatter(int fd, const struct iovec *iov, size_t count, int flags)
{
    ssize_t total = 0;

    for (size_t i = 0; i < count; i++) {
        ssize_t n = receive_locked(fd, iov[i].iov_base, iov[i].iov_len,
                                   total ? flags | MSG_DONTWAIT : flags);
        if (n < 0)
            return total ? total : n;
        total += n;
        if ((size_t)n < iov[i].iov_len)
            break;
    }
    return total;
}

static ssize_t call_readv(void *u, int fd, const struct iovec *iov, int count)
{
    (void)u;
    return scatter(fd, iov, (size_t)count, 0);
}

static ssize_t call_recvmsg(void *u, int fd, struct msghdr *message, int flags)
{
    (void)u;
    if (flags & MSG_ERRQUEUE)
        return pd_fail(EAGAIN);
    message->msg_flags = 0;
    message->msg_controllen = 0;
    message->msg_namelen = 0;
    return scatter(fd, message->msg_iov, message->msg_iovlen, flags);
}

struct sending {
    struct pd_socket *socket;
    size_t length, done;
    int flags;
    bool waits;                 /* it found no room */
};

/* So much of `n` octets at once. On Linux a buffer whose size was given (SO_SNDBUF) is full when as
 * much is queued, but a piece that was begun before may be half of the peer's window; and who waits
 * for room goes on when a third of the buffer is free. */
static size_t piece_of(struct sending *sending, size_t n)
{
    const struct pd_socket *s = sending->socket;
    struct aksu_info info;

    if (s->settings.send_buffer < 0 || aksu_status(pd.net, s->conn, &info) != AKSU_OK)
        return n;
    uint32_t full = (uint32_t)s->settings.send_buffer;
    uint32_t whole = info.snd_wnd / 2 > info.snd_mss ? info.snd_wnd / 2 : info.snd_mss;
    size_t left = whole - (info.send_queued - info.send_unacked) % whole;

    sending->waits = info.send_queued >= full
                     || (sending->waits && info.send_queued > full - full / 3);
    return sending->waits ? 0 : n < left ? n : left;
}

/* Zeros, as far as there is room; false: more of them must wait. */
static bool push(void *argument)
{
    static const uint8_t zeros[65536];
    struct sending *sending = argument;
    struct pd_socket *s = sending->socket;
    unsigned flags = (sending->flags & MSG_OOB ? AKSU_URGENT_DATA : 0u)
                     | ((sending->flags & MSG_MORE) || s->settings.cork > 0 ? AKSU_MORE : 0u);

    if (s->state != PD_CONNECTED)
        return s->state != PD_CONNECTING;
    while (sending->done < sending->length) {
        size_t left = sending->length - sending->done;
        pd_pump();                                      /* what may leave is not queued any more */
        size_t n = piece_of(sending, left < sizeof zeros ? left : sizeof zeros);
        if (n == 0)
            return false;
        unsigned more = n < left ? (flags & ~(unsigned)AKSU_URGENT_DATA) | AKSU_MORE : flags;
        ptrdiff_t sent = aksu_send(pd.net, s->conn, zeros, n, more, pd.now);
        if (sent == -AKSU_WOULD_BLOCK || sent == 0)
            return false;
        if (sent < 0) {
            pd_failed(s, (enum aksu_status)-sent);
            return true;
        }
        sending->done += (size_t)sent;
    }
    s->more = (sending->flags & MSG_MORE) && s->settings.cork <= 0;
    s->more_since = pd_acknowledged(s);
    return true;
}

static ssize_t send_it(int fd, size_t length, int flags)
{
    struct pd_socket *s = pd_socket_of(fd);
    struct sending sending = { s, length, 0, flags, false };

    if (!s)
        return -1;
    if (s->state == PD_EPOLL)
        return pd_fail(EINVAL);
    if (s->error)
        return error_or(s, 0);
    if (s->state == PD_OVER || s->mute || s->state == PD_FRESH || s->state == PD_LISTENING)
        return pd_fail(EPIPE);
    bool all = push(&sending);
    if (!all && !pd_is_nonblocking(s, flags)) {
        pd_after();
        pd_wait(push, &sending, AKSU_NEVER);
    }
    if (sending.done > 0)
        return (ssize_t)sending.done;
    if (s->state == PD_OVER)
        return error_or(s, pd_fail(EPIPE));
    return length == 0 ? 0 : pd_fail(EAGAIN);
}

static ssize_t send_locked(int fd, size_t length, int flags, const struct sockaddr *address,
                           socklen_t address_length)
{
    pthread_mutex_lock(&pd.lock);
    pd_sysctls_again();
    struct pd_socket *s = pd_tcp_of(fd);
    ssize_t result;
    if (!s || !pd_fast_open_send(s, length, flags, address, address_length, &result))
        result = send_it(fd, length, flags);
    pd_leave();
    return result;
}

static ssize_t call_write(void *u, int fd, const void *data, size_t length)
{
    (void)u;
    return !data && length > 0 ? pd_fail(EFAULT) : send_locked(fd, length, 0, NULL, 0);
}

static ssize_t call_send(void *u, int fd, const void *data, size_t length, int flags)
{
    (void)u;
    return !data && length > 0 ? pd_fail(EFAULT) : send_locked(fd, length, flags, NULL, 0);
}

static ssize_t call_sendto(void *u, int fd, const void *data, size_t length, int flags,
                           const struct sockaddr *address, socklen_t address_length)
{
    (void)u;
    if (!data && length > 0)
        return pd_fail(EFAULT);
    return send_locked(fd, length, flags, address, address_length);
}

/* -1: a piece is nowhere. */
static ssize_t length_of(const struct iovec *iov, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        if (!iov[i].iov_base && iov[i].iov_len > 0)
            return pd_fail(EFAULT);
        total += iov[i].iov_len;
    }
    return (ssize_t)total;
}

static ssize_t call_writev(void *u, int fd, const struct iovec *iov, int count)
{
    ssize_t length = length_of(iov, (size_t)count);

    (void)u;
    return length < 0 ? -1 : send_locked(fd, (size_t)length, 0, NULL, 0);
}

static ssize_t call_sendmsg(void *u, int fd, const struct msghdr *message, int flags)
{
    ssize_t length = length_of(message->msg_iov, message->msg_iovlen);

    (void)u;
    return length < 0 ? -1 : send_locked(fd, (size_t)length, flags, message->msg_name,
                                         message->msg_namelen);
}

void pd_text_init(struct packetdrill_interface *out)
{
    out->read = call_read;
    out->readv = call_readv;
    out->recv = call_recv;
    out->recvfrom = call_recvfrom;
    out->recvmsg = call_recvmsg;
    out->write = call_write;
    out->writev = call_writev;
    out->send = call_send;
    out->sendto = call_sendto;
    out->sendmsg = call_sendmsg;
}
