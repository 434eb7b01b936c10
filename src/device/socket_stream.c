/* socket_stream.c - frames in a stream, 4 octets of length in network order before each: QEMU's
 * -netdev stream, passt. A read or a write may end anywhere. Called by socket.c and interface.c. */
#include "device/socket.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PREFIX = 4, IN_ROOM = 256 << 10, REST_ROOM = PREFIX + SOCKET_FRAME_MOST };

struct stream {
    struct aksu_interface interface;
    size_t in_at, in_end;           /* octets of `in` that belong to no frame given out yet */
    size_t rest_at, rest_end;       /* octets of `rest` that a short write has left over */
    uint8_t in[IN_ROOM];
    uint8_t rest[REST_ROOM];
};

static struct stream *stream_of(struct aksu_interface *i)
{
    return (struct stream *)i;
}

/* 1: a frame, 0: not all of it is there, -1: no frame at all. */
static int next_frame(struct stream *s, struct aksu_frame *out)
{
    size_t left = s->in_end - s->in_at;
    if (left < PREFIX)
        return 0;
    uint32_t length = load_be32(s->in + s->in_at);
    if (length == 0 || length > SOCKET_FRAME_MOST) {
        device_gone(&s->interface, "%s: the other end sent a frame of %u octets: it does not put "
                    "4 octets of length before each frame, as QEMU's -netdev stream and passt do",
                    s->interface.name, (unsigned)length);
        return -1;
    }
    if (left - PREFIX < length)
        return 0;
    *out = (struct aksu_frame){ .parts = 1, .length = length };
    out->part[0] = (struct aksu_slice){ s->in + s->in_at + PREFIX, length };
    s->in_at += PREFIX + length;
    return 1;
}

/* What is there, up to a prefix that is none: the frames before that are still good. */
static int frames_there(struct stream *s, struct aksu_frame *out, unsigned most)
{
    int n = 0, more = 1;
    while ((unsigned)n < most && (more = next_frame(s, &out[n])) > 0)
        n++;
    return more < 0 && n == 0 ? -1 : n;
}

static void end_of_stream(struct stream *s, int error)
{
    device_gone(&s->interface, "%s: the other end has closed the connection%s%s%s",
                s->interface.name, s->in_at < s->in_end ? " in the middle of a frame" : "",
                error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
}

/* 1: octets came, 0: none now, -1: never again. No frame borrows from `in` any more. */
static int read_more(struct stream *s)
{
    memmove(s->in, s->in + s->in_at, s->in_end - s->in_at);
    s->in_end -= s->in_at;
    s->in_at = 0;
    ssize_t n;
    do
        n = recv(s->interface.fd, s->in + s->in_end, IN_ROOM - s->in_end, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        s->in_end += (size_t)n;
        return 1;
    }
    if (n < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM))
        return 0;
    end_of_stream(s, n < 0 ? errno : 0);
    return -1;
}

static int stream_receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct stream *s = stream_of(i);
    int frames, more;
    if (i->gone)
        return -1;
    while ((frames = frames_there(s, out, most)) == 0 && most > 0) {
        if ((more = read_more(s)) <= 0)
            return more;
    }
    return frames;
}

static enum aksu_transmit write_failed(struct stream *s, int error)
{
    if (error == EAGAIN)
        return AKSU_TRANSMIT_FULL;
    if (error == ENOBUFS || error == ENOMEM)
        return AKSU_TRANSMIT_LATER;
    if (error == EPIPE || error == ECONNRESET)
        error = 0;
    end_of_stream(s, error);
    return AKSU_TRANSMIT_GONE;
}

/* Octets taken by the socket; -1: errno. */
static ssize_t write_some(struct stream *s, struct iovec *part, size_t parts)
{
    struct msghdr message = { .msg_iov = part, .msg_iovlen = parts };
    ssize_t n;
    do
        n = sendmsg(s->interface.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

/* What a short write has left. */
static enum aksu_transmit drain(struct stream *s)
{
    while (s->rest_at < s->rest_end) {
        struct iovec part = { s->rest + s->rest_at, s->rest_end - s->rest_at };
        ssize_t n = write_some(s, &part, 1);
        if (n < 0)
            return write_failed(s, errno);
        s->rest_at += (size_t)n;
    }
    s->rest_at = s->rest_end = 0;
    return AKSU_TRANSMIT_DONE;
}

/* Of prefix and frame, what is after the first `skip` octets. */
static void keep_rest(struct stream *s, const struct iovec *part, size_t parts, size_t skip)
{
    for (size_t i = 0; i < parts; i++) {
        size_t gone = skip < part[i].iov_len ? skip : part[i].iov_len;
        skip -= gone;
        memcpy(s->rest + s->rest_end, (const uint8_t *)part[i].iov_base + gone,
               part[i].iov_len - gone);
        s->rest_end += part[i].iov_len - gone;
    }
}

/* Once the first octet has left, the frame is taken: the others follow before any other frame. */
static enum aksu_transmit stream_transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct stream *s = stream_of(i);
    struct iovec part[1 + AKSU_FRAME_PARTS];
    uint8_t prefix[PREFIX];
    enum aksu_transmit before = i->gone ? AKSU_TRANSMIT_GONE : drain(s);
    if (before != AKSU_TRANSMIT_DONE)
        return before;
    if (frame->length == 0 || frame->length > SOCKET_FRAME_MOST)
        return AKSU_TRANSMIT_LOST;
    store_be32(prefix, frame->length);
    part[0] = (struct iovec){ prefix, PREFIX };
    size_t parts = 1 + device_iovec(frame, part + 1);
    ssize_t n = write_some(s, part, parts);
    if (n < 0)
        return write_failed(s, errno);
    if ((size_t)n < PREFIX + frame->length) {
        keep_rest(s, part, parts, (size_t)n);
        i->blocked = true;
    }
    return AKSU_TRANSMIT_DONE;
}

static void stream_flush(struct aksu_interface *i)
{
    if (i->gone)
        return;
    enum aksu_transmit done = drain(stream_of(i));
    if (done == AKSU_TRANSMIT_FULL || done == AKSU_TRANSMIT_LATER)
        i->blocked = true;
}

static void stream_close(struct aksu_interface *i)
{
    stream_flush(i);
    close(i->fd);
    free(stream_of(i));
}

static const struct aksu_interface_ops ops = {
    .receive = stream_receive,
    .transmit = stream_transmit,
    .flush = stream_flush,
    .close = stream_close,
};

struct aksu_interface *socket_new_stream(int fd, const char *name,
                                         const struct aksu_interface_config *config,
                                         char why[AKSU_WHY])
{
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        device_why(why, "no memory for the interface %s", name);
    if (s == NULL || !socket_init(&s->interface, &ops, fd, name, config, why)) {
        free(s);
        close(fd);
        return NULL;
    }
    return &s->interface;
}
