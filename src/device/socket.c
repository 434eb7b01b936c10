/* socket.c - opens the interfaces that are sockets: a descriptor of unknown kind, or the address of
 * somebody's listener. Called by interface.c. */
#include "device/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool socket_init(struct aksu_interface *i, const struct aksu_interface_ops *ops, int fd,
                 const char *name, const struct aksu_interface_config *config, char why[AKSU_WHY])
{
    if (!device_init(i, ops, fd, name, config, 0, config->bare_ip, why))
        return false;
    i->cuts = true;
    if (!config->no_offload)
        i->device.offload = AKSU_OFFLOAD_CHECKSUM | AKSU_OFFLOAD_TSO;
    return true;
}

bool socket_path(struct sockaddr_un *out, const char *path, size_t length, char why[AKSU_WHY])
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (length > 0 && length < sizeof out->sun_path) {
        memcpy(out->sun_path, path, length);
        return true;
    }
    device_why(why, "\"%.*s\": the path of a socket has 1 to %zu octets: use a shorter one",
               (int)(length < 120 ? length : 120), path, sizeof out->sun_path - 1);
    return false;
}

/* What the descriptor is, when it is no socket. */
static const char *kind_of(int fd)
{
    struct stat s;
    if (fstat(fd, &s) < 0)
        return "not open";
    if (S_ISREG(s.st_mode))
        return "a file";
    if (S_ISFIFO(s.st_mode))
        return "a pipe";
    if (S_ISCHR(s.st_mode))
        return "a character device";
    return S_ISDIR(s.st_mode) ? "a directory" : "no socket";
}

/* True: a socket with a peer. */
static bool look_at(int fd, int *type, char why[AKSU_WHY])
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof *type, peer_length = sizeof peer;
    int listening = 0;
    socklen_t listening_length = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &length) < 0) {
        device_why(why, "fd:%d is %s: give the number of an open TAP, TUN or socket descriptor", fd,
                   kind_of(fd));
        return false;
    }
    if (*type != SOCK_STREAM && *type != SOCK_DGRAM && *type != SOCK_SEQPACKET) {
        device_why(why, "fd:%d is a socket, but neither of datagrams nor a stream: for an "
                   "interface of the system use packet:NAME", fd);
        return false;
    }
    (void)getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_length);
    if (listening != 0 || getpeername(fd, (struct sockaddr *)&peer, &peer_length) < 0) {
        device_why(why, "fd:%d is a socket that %s: give a connected one", fd,
                   listening != 0 ? "listens" : "has no peer");
        return false;
    }
    return true;
}

struct aksu_interface *device_open_socket_fd(int fd, const struct aksu_interface_config *config,
                                             char why[AKSU_WHY])
{
    char name[16];
    int type;
    if (!look_at(fd, &type, why)) {
        close(fd);
        return NULL;
    }
    snprintf(name, sizeof name, "fd%d", fd);
    if (type == SOCK_STREAM)
        return socket_new_stream(fd, name, config, why);
    return socket_new_dgram(fd, type, name, config, why);
}

static void why_no_listener(const char *path, int error, char why[AKSU_WHY])
{
    if (error == ENOENT || error == ECONNREFUSED)
        device_why(why, "nobody listens on %.100s: start the other end first (QEMU's -netdev "
                   "stream,server=on, or passt)", path);
    else if (error == EPROTOTYPE)
        device_why(why, "%.100s is not a stream socket: for datagrams use dgram:OURS,PEER", path);
    else if (error == EAGAIN)
        device_why(why, "who listens on %.100s accepts nobody now: try again later", path);
    else
        device_why(why, "cannot connect to %.100s: %s", path, strerror(error));
}

struct aksu_interface *device_open_stream(const char *path,
                                          const struct aksu_interface_config *config,
                                          char why[AKSU_WHY])
{
    struct sockaddr_un address;
    if (!socket_path(&address, path, strlen(path), why))
        return NULL;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        device_why(why, "no socket for stream:%.80s: %s", path, strerror(errno));
        return NULL;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
        why_no_listener(path, errno, why);
        close(fd);
        return NULL;
    }
    return socket_new_stream(fd, "stream", config, why);
}
