/* socket_dgram.c - a frame is a message: AF_UNIX datagrams as QEMU's -netdev dgram, and connected
 * datagram or packet sockets of any kind. Called by socket.c and interface.c. */
#include "device/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 32 };

struct dgram {
    struct aksu_interface interface;
    struct sockaddr_un peer, ours;
    socklen_t peer_length;          /* 0: the socket is connected */
    bool bound;                     /* `ours` is a file that we made, this one: */
    dev_t device;
    ino_t inode;
    bool packets;                   /* SOCK_SEQPACKET: an empty message is the end */
    bool local;                     /* AF_UNIX: whoever refuses is gone for good */
    struct mmsghdr message[BATCH];
    struct iovec part[BATCH];
    uint8_t octets[];
};

static struct dgram *dgram_of(struct aksu_interface *i)
{
    return (struct dgram *)i;
}

static void hand_over(struct dgram *d, struct aksu_frame *out, unsigned i)
{
    size_t length = d->message[i].msg_len;
    *out = (struct aksu_frame){ .parts = 1, .length = (uint32_t)length };
    out->part[0] = (struct aksu_slice){ d->part[i].iov_base, length };
}

/* Of `count` messages those that are frames. */
static int take(struct dgram *d, struct aksu_frame *out, unsigned count)
{
    int frames = 0;
    for (unsigned i = 0; i < count; i++) {
        if (d->message[i].msg_len == 0 && d->packets) {
            device_gone(&d->interface, "%s: the other end has closed the socket",
                        d->interface.name);
            return frames > 0 ? frames : -1;
        }
        if (d->message[i].msg_len == 0 || (d->message[i].msg_hdr.msg_flags & MSG_TRUNC) != 0)
            d->interface.lost++;
        else
            hand_over(d, &out[frames++], i);
    }
    return frames;
}

static int dgram_receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct dgram *d = dgram_of(i);
    if (i->gone)
        return -1;
    int n;
    do
        n = recvmmsg(i->fd, d->message, most < BATCH ? most : BATCH, MSG_DONTWAIT, NULL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return take(d, out, (unsigned)n);
    if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
        return 0;
    if ((errno == ECONNREFUSED || errno == ECONNRESET) && !(d->local && d->peer_length == 0))
        return 0;                           /* about something that was sent */
    device_gone(i, "%s: %s", i->name, strerror(errno));
    return -1;
}

/* Nobody at the other end: of a cable that may be plugged in, or of a pair that is closed. */
static enum aksu_transmit refused(struct dgram *d, int error)
{
    if (d->peer_length != 0 || !d->local)
        return AKSU_TRANSMIT_LOST;
    device_gone(&d->interface, "%s: the other end has closed the socket (%s)", d->interface.name,
                strerror(error));
    return AKSU_TRANSMIT_GONE;
}

static enum aksu_transmit failed(struct dgram *d, int error)
{
    struct aksu_interface *i = &d->interface;
    switch (error) {
    case EAGAIN:
        /* The room of an unconnected peer is no event on our descriptor. */
        return d->peer_length != 0 ? AKSU_TRANSMIT_LATER : AKSU_TRANSMIT_FULL;
    case ENOBUFS:
    case ENOMEM:
        return AKSU_TRANSMIT_LATER;
    case ENOENT:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOTCONN:
    case EPIPE:
        return refused(d, error);
    case EMSGSIZE:
    case EPERM:
    case EACCES:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
        return AKSU_TRANSMIT_LOST;
    case EPROTOTYPE:
        device_gone(i, "%.100s is not a datagram socket: with a stream use stream:PATH",
                    d->peer.sun_path);
        return AKSU_TRANSMIT_GONE;
    default:
        device_gone(i, "%s: %s", i->name, strerror(error));
        return AKSU_TRANSMIT_GONE;
    }
}

static enum aksu_transmit dgram_transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct dgram *d = dgram_of(i);
    struct iovec part[AKSU_FRAME_PARTS];
    struct msghdr message = { .msg_iov = part, .msg_iovlen = device_iovec(frame, part) };
    if (i->gone)
        return AKSU_TRANSMIT_GONE;
    if (d->peer_length != 0) {
        message.msg_name = &d->peer;
        message.msg_namelen = d->peer_length;
    }
    ssize_t n;
    do
        n = sendmsg(i->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? failed(d, errno) : AKSU_TRANSMIT_DONE;
}

/* Only what we made: somebody may have put his own in its place. */
static void unlink_ours(const struct dgram *d)
{
    struct stat s;
    if (d->bound && lstat(d->ours.sun_path, &s) == 0 && s.st_dev == d->device
        && s.st_ino == d->inode)
        unlink(d->ours.sun_path);
}

static void dgram_close(struct aksu_interface *i)
{
    struct dgram *d = dgram_of(i);
    unlink_ours(d);
    close(i->fd);
    free(d);
}

static const struct aksu_interface_ops ops = {
    .receive = dgram_receive,
    .transmit = dgram_transmit,
    .close = dgram_close,
};

static void prepare(struct dgram *d, size_t room)
{
    for (unsigned i = 0; i < BATCH; i++) {
        d->part[i] = (struct iovec){ d->octets + i * room, room };
        d->message[i].msg_hdr = (struct msghdr){ .msg_iov = &d->part[i], .msg_iovlen = 1 };
    }
}

struct aksu_interface *socket_new_dgram(int fd, int type, const char *name,
                                        const struct aksu_interface_config *config,
                                        char why[AKSU_WHY])
{
    int domain = AF_UNIX;
    socklen_t length = sizeof domain;
    size_t room = (config->mtu != 0 ? config->mtu : 1500) + SOCKET_LINK_MOST;
    struct dgram *d = calloc(1, sizeof *d + BATCH * room);
    if (d == NULL)
        device_why(why, "no memory for the interface %s", name);
    if (d == NULL || !socket_init(&d->interface, &ops, fd, name, config, why)) {
        free(d);
        close(fd);
        return NULL;
    }
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    d->local = domain == AF_UNIX;
    d->packets = type == SOCK_SEQPACKET;
    prepare(d, room);
    return &d->interface;
}

/* Does a process have the socket that this file stands for? */
static bool is_alive(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return true;
    bool dead = connect(probe, (const struct sockaddr *)address, sizeof *address) < 0
                && errno == ECONNREFUSED;
    close(probe);
    return !dead;
}

static bool bind_ours(int fd, const struct sockaddr_un *ours, char why[AKSU_WHY])
{
    const struct sockaddr *address = (const struct sockaddr *)ours;
    struct stat s;
    if (bind(fd, address, sizeof *ours) == 0)
        return true;
    if (errno == EADDRINUSE && lstat(ours->sun_path, &s) == 0) {
        if (!S_ISSOCK(s.st_mode)) {
            device_why(why, "%s is there and is not a socket: name a path that is free",
                       ours->sun_path);
            return false;
        }
        if (is_alive(ours)) {
            device_why(why, "%s is the socket of a process that lives: end it, or name another "
                       "path", ours->sun_path);
            return false;
        }
        if (unlink(ours->sun_path) == 0 && bind(fd, address, sizeof *ours) == 0)
            return true;
    }
    device_why(why, "cannot make the socket %s: %s", ours->sun_path, strerror(errno));
    return false;
}

struct aksu_interface *device_open_dgram(const char *paths,
                                         const struct aksu_interface_config *config,
                                         char why[AKSU_WHY])
{
    struct sockaddr_un ours, peer;
    const char *comma = strchr(paths, ',');
    struct stat s;
    if (comma == NULL) {
        device_why(why, "dgram:%.80s names one socket: write dgram:OURS,PEER", paths);
        return NULL;
    }
    if (!socket_path(&ours, paths, (size_t)(comma - paths), why)
        || !socket_path(&peer, comma + 1, strlen(comma + 1), why))
        return NULL;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        device_why(why, "no socket for dgram:%.80s: %s", paths, strerror(errno));
        return NULL;
    }
    if (!bind_ours(fd, &ours, why)) {
        close(fd);
        return NULL;
    }
    bool known = lstat(ours.sun_path, &s) == 0;
    struct aksu_interface *i = socket_new_dgram(fd, SOCK_DGRAM, "dgram", config, why);
    if (i == NULL) {
        unlink(ours.sun_path);
        return NULL;
    }
    struct dgram *d = dgram_of(i);
    d->ours = ours;
    d->peer = peer;
    d->peer_length = sizeof peer;
    d->bound = known;
    d->device = known ? s.st_dev : 0;
    d->inode = known ? s.st_ino : 0;
    return i;
}
