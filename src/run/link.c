/* link.c - makes, joins, stuffs and opens the AF_UNIX streams; see link.h for the idea. */
#include "run/link.h"

#include <errno.h>
#include <unistd.h>

enum {
    BUFFER = 1 << 20,
    GRAIN = 1024                        /* of junk: the last one stays allocated */
};

bool run_linker_open(struct run_linker *linker)
{
    linker->name = (struct sockaddr_un){ .sun_family = AF_UNIX };
    linker->name_length = sizeof linker->name;
    linker->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (linker->listener < 0)
        return false;
    struct sockaddr *name = (struct sockaddr *)&linker->name;
    if (bind(linker->listener, name, sizeof linker->name.sun_family) == 0
        && getsockname(linker->listener, name, &linker->name_length) == 0
        && listen(linker->listener, SOMAXCONN) == 0)
        return true;
    run_linker_close(linker);
    return false;
}

void run_linker_close(struct run_linker *linker)
{
    close(linker->listener);
    linker->listener = -1;
}

int run_link_socket(int flags)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    return fd < 0 ? -errno : fd;
}

/* The listener has an abstract name, so anybody could have connected to it. */
static bool is_our_own(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.pid == getpid();
}

/* Urgent data (MSG_OOB) would be lost otherwise; like this it is text as any other. */
static void keep_urgent_in_line(int fd)
{
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

int run_link_join(const struct run_linker *linker, int program)
{
    if (connect(program, (const struct sockaddr *)&linker->name, linker->name_length) < 0)
        return -errno;
    for (;;) {
        int fd = accept4(linker->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return -errno;
        if (is_our_own(fd)) {
            keep_urgent_in_line(fd);
            return fd;
        }
        close(fd);
    }
}

static void set_send_buffer(int fd, int octets)
{
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof octets);
}

size_t run_link_stuff(int program)
{
    static const char junk[GRAIN];
    size_t total = 0;
    ssize_t sent;

    set_send_buffer(program, 0);        /* the kernel's minimum */
    while ((sent = send(program, junk, sizeof junk, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        total += (size_t)sent;
    return total;
}

size_t run_link_unstuff(int ours, int program, size_t junk)
{
    char scratch[GRAIN];

    set_send_buffer(program, BUFFER);
    set_send_buffer(ours, BUFFER);
    while (junk > 1) {
        size_t want = junk - 1 < sizeof scratch ? junk - 1 : sizeof scratch;
        ssize_t got = recv(ours, scratch, want, MSG_DONTWAIT);
        if (got <= 0)
            break;
        junk -= (size_t)got;
    }
    return junk;
}

void run_link_clean(int ours)
{
    char scratch;

    while (recv(ours, &scratch, 1, MSG_DONTWAIT) > 0)
        continue;
}
