/* sockets.c - the table of descriptors, and what the stack tells of them. A descriptor is a real
 * one (of /dev/null): packetdrill closes what the script leaves open. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "adapter.h"
#include "run/calls.h"

enum { SOCKETS = 1024 };
static struct pd_socket table[SOCKETS];

int pd_fail(int error)
{
    errno = error;
    return -1;
}

struct pd_socket *pd_socket_new(enum pd_state state, int domain)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (fd < 0 || fd >= SOCKETS) {
        if (fd >= 0)
            close(fd);
        errno = EMFILE;
        return NULL;
    }
    table[fd] = (struct pd_socket){ .state = state, .fd = fd, .domain = domain,
                                    .file_flags = O_RDWR };
    pd_settings_init(&table[fd].settings);
    return &table[fd];
}

struct pd_socket *pd_socket_of(int fd)
{
    if (fd >= 0 && fd < SOCKETS && table[fd].state != PD_UNUSED)
        return &table[fd];
    errno = EBADF;
    return NULL;
}

struct pd_socket *pd_tcp_of(int fd)
{
    struct pd_socket *s = pd_socket_of(fd);

    if (s && s->state == PD_EPOLL) {
        errno = ENOTSOCK;
        return NULL;
    }
    return s;
}

void pd_sockets_forget(void)
{
    memset(table, 0, sizeof table);
}

bool pd_is_nonblocking(const struct pd_socket *s, int flags)
{
    return (s->file_flags & O_NONBLOCK) || (flags & MSG_DONTWAIT);
}

/* The connection is no more. Its handle stays until close(): text may be left to read. */
void pd_failed(struct pd_socket *s, enum aksu_status why)
{
    s->error = why == AKSU_ABORTED ? 0 : run_errno(why);
    s->state = PD_OVER;
}

static struct pd_socket *socket_with(aksu_conn conn)
{
    for (int fd = 0; fd < SOCKETS; fd++) {
        struct pd_socket *s = &table[fd];
        if ((s->state == PD_CONNECTING || s->state == PD_CONNECTED)
            && s->conn.index == conn.index && s->conn.generation == conn.generation)
            return s;
    }
    return NULL;
}

static struct pd_socket *listener_with(aksu_listener listener)
{
    for (int fd = 0; fd < SOCKETS; fd++) {
        struct pd_socket *s = &table[fd];
        if (s->state == PD_LISTENING && s->listener.index == listener.index
            && s->listener.generation == listener.generation)
            return s;
    }
    return NULL;
}

enum { WAITING = sizeof table[0].waiting / sizeof table[0].waiting[0] };

/* What the listener has, for accept(). */
static void take(struct pd_socket *s, aksu_conn conn)
{
    if (s->waiting_count < WAITING)
        s->waiting[s->waiting_count++] = conn;
    else
        aksu_abort(pd.net, conn, pd.now);
}

static void acceptable(struct pd_socket *s)
{
    aksu_conn conn;

    while (aksu_accept(pd.net, s->listener, &conn, pd.now) == AKSU_OK)
        take(s, conn);
}

/* The SYN,ACK must have the listener's settings. The connection is ours from now on, and comes back
 * with the listener's number when it is established. */
static void syn_held(struct pd_socket *s, aksu_conn conn)
{
    pd_settings_apply(s, conn);
    aksu_set_cookie(pd.net, conn, (uint64_t)s->fd + 1);
    aksu_complete(pd.net, conn, pd.now);
}

static void held_news(const struct aksu_ready *ready)
{
    struct pd_socket *s = ready->cookie ? pd_socket_of((int)ready->cookie - 1) : NULL;

    if ((ready->what & AKSU_CONNECTED) && s && s->state == PD_LISTENING)
        take(s, ready->conn);
    else if (ready->what & AKSU_FAILED)
        aksu_abort(pd.net, ready->conn, pd.now);
}

static bool is_waiting(const struct pd_socket *s, aksu_conn conn)
{
    for (unsigned i = 0; i < s->waiting_count; i++) {
        if (s->waiting[i].index == conn.index && s->waiting[i].generation == conn.generation)
            return true;
    }
    return false;
}

static bool waits_for_accept(aksu_conn conn)
{
    for (int fd = 0; fd < SOCKETS; fd++) {
        if (table[fd].state == PD_LISTENING && is_waiting(&table[fd], conn))
            return true;
    }
    return false;
}

/* TCP_SYNCNT is for SYNs. */
static void established(struct pd_socket *s)
{
    int timeout = s->settings.user_timeout;

    s->state = PD_CONNECTED;
    if (s->settings.syn_count > 0)
        aksu_set(pd.net, s->conn, AKSU_OPTION_USER_TIMEOUT, timeout < 0 ? 0 : timeout, pd.now);
}

static void connection_news(const struct aksu_ready *ready)
{
    struct pd_socket *s = socket_with(ready->conn);
    struct aksu_info info;

    if (!s && !waits_for_accept(ready->conn)) {
        held_news(ready);
        return;
    }
    if (!s)
        return;                         /* accept() will see what became of it */
    if ((ready->what & AKSU_CONNECTED) && s->state == PD_CONNECTING)
        established(s);
    if ((ready->what & AKSU_FAILED) && aksu_status(pd.net, s->conn, &info) == AKSU_OK)
        pd_failed(s, info.reason);
}

void pd_news(void)
{
    struct aksu_ready ready;

    while (aksu_next_ready(pd.net, &ready)) {
        struct pd_socket *listener = listener_with(ready.listener);
        if ((ready.what & AKSU_SYN_HELD) && listener)
            syn_held(listener, ready.conn);
        else if ((ready.what & AKSU_ACCEPTABLE) && listener)
            acceptable(listener);
        else
            connection_news(&ready);
    }
}

uint64_t pd_acknowledged(const struct pd_socket *s)
{
    struct aksu_info info;

    return aksu_status(pd.net, s->conn, &info) == AKSU_OK ? info.octets_out : 0;
}

/* Unlike TCP_CORK, MSG_MORE is a word of one call on Linux: what is left of it leaves when an
 * acknowledgment makes the stack look again. */
void pd_acknowledgment(void)
{
    for (int fd = 0; fd < SOCKETS; fd++) {
        struct pd_socket *s = &table[fd];
        if (s->state != PD_CONNECTED || !s->more || pd_acknowledged(s) == s->more_since)
            continue;
        s->more = false;
        aksu_send(pd.net, s->conn, NULL, 0, 0, pd.now);
    }
}

static uint32_t events_of_connection(const struct pd_socket *s)
{
    struct aksu_info info;
    uint32_t events = 0;

    if (aksu_status(pd.net, s->conn, &info) != AKSU_OK)
        return POLLHUP;
    if (info.receive_queued > 0)
        events |= POLLIN | POLLRDNORM;
    if (info.peer_closed || s->deaf)
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (s->mute && (info.peer_closed || s->deaf))
        events |= POLLHUP;
    uint32_t full = s->settings.send_buffer < 0 ? info.send_buffer
                                                : (uint32_t)s->settings.send_buffer;
    if (s->mute || info.send_queued <= full - full / 3)
        events |= POLLOUT | POLLWRNORM;
    return events;
}

uint32_t pd_events_of(struct pd_socket *s)
{
    uint32_t error = s->error ? POLLERR : 0;

    switch (s->state) {
    case PD_LISTENING:
        return s->waiting_count > 0 ? POLLIN | POLLRDNORM : 0;
    case PD_CONNECTING:
        return error;
    case PD_DEFERRED:
        return POLLOUT | POLLWRNORM;
    case PD_CONNECTED:
        return events_of_connection(s) | error;
    case PD_FRESH:
        return POLLOUT | POLLWRNORM | POLLHUP | error;
    case PD_OVER:
        return POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP | POLLOUT | POLLWRNORM | error;
    case PD_UNUSED: case PD_EPOLL:
        break;
    }
    return 0;
}
