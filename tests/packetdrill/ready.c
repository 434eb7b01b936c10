/* ready.c - poll() and epoll, level and edge triggered. pipe() and splice() are not there. */
#include <unistd.h>

#include "adapter.h"

struct polling {
    struct pollfd *fds;
    nfds_t count;
    int found;
};

static bool look(void *argument)
{
    struct polling *p = argument;

    p->found = 0;
    for (nfds_t i = 0; i < p->count; i++) {
        struct pollfd *one = &p->fds[i];
        struct pd_socket *s = pd_socket_of(one->fd);
        uint32_t wanted = (uint32_t)(uint16_t)one->events | POLLERR | POLLHUP;
        one->revents = (short)(one->fd < 0 ? 0 : s ? pd_events_of(s) & wanted : POLLNVAL);
        p->found += one->revents != 0;
    }
    return p->found > 0;
}

static aksu_time deadline_of(int milliseconds)
{
    return milliseconds < 0 ? AKSU_NEVER : pd.now + AKSU_MS(milliseconds);
}

static int call_poll(void *u, struct pollfd *fds, nfds_t count, int milliseconds)
{
    struct polling polling = { fds, count, 0 };

    (void)u;
    pthread_mutex_lock(&pd.lock);
    pd_wait(look, &polling, deadline_of(milliseconds));
    pthread_mutex_unlock(&pd.lock);
    return polling.found;
}

static int call_epoll_create(void *u, int size)
{
    (void)u;
    if (size <= 0)
        return pd_fail(EINVAL);
    pthread_mutex_lock(&pd.lock);
    const struct pd_socket *s = pd_socket_new(PD_EPOLL, 0);
    pthread_mutex_unlock(&pd.lock);
    return s ? s->fd : -1;
}

static struct pd_watch *watch_of(struct pd_socket *epoll, int fd)
{
    for (unsigned i = 0; i < epoll->watches; i++) {
        if (epoll->watch[i].fd == fd)
            return &epoll->watch[i];
    }
    return NULL;
}

static int control(struct pd_socket *epoll, int operation, int fd, const struct epoll_event *event)
{
    struct pd_watch *watch = watch_of(epoll, fd);

    switch (operation) {
    case EPOLL_CTL_ADD:
        if (watch)
            return pd_fail(EEXIST);
        if (epoll->watches == PD_WATCHES)
            return pd_fail(ENOSPC);
        epoll->watch[epoll->watches++] = (struct pd_watch){ fd, 0, *event };
        return 0;
    case EPOLL_CTL_MOD:
        if (!watch)
            return pd_fail(ENOENT);
        *watch = (struct pd_watch){ fd, 0, *event };
        return 0;
    case EPOLL_CTL_DEL:
        if (!watch)
            return pd_fail(ENOENT);
        *watch = epoll->watch[--epoll->watches];
        return 0;
    default:
        return pd_fail(EINVAL);
    }
}

static int call_epoll_ctl(void *u, int epfd, int operation, int fd, struct epoll_event *event)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    struct pd_socket *epoll = pd_socket_of(epfd);
    int result = -1;
    if (!epoll || !pd_socket_of(fd))
        errno = EBADF;
    else if (epoll->state != PD_EPOLL || epfd == fd)
        errno = EINVAL;
    else
        result = control(epoll, operation, fd, event);
    pthread_mutex_unlock(&pd.lock);
    return result;
}

struct epolling {
    struct pd_socket *epoll;
    struct epoll_event *events;
    int most, found;
};

/* What this watch has to tell now; edge-triggered tells only what is new. */
static uint32_t news_of(struct pd_watch *watch)
{
    struct pd_socket *s = pd_socket_of(watch->fd);
    uint32_t wanted = watch->event.events | EPOLLERR | EPOLLHUP;
    uint32_t now = s ? pd_events_of(s) & wanted : 0;
    uint32_t fresh = now & ~watch->last;

    if (watch->event.events & EPOLLET) {
        watch->last = now;
        return fresh ? now : 0;
    }
    return now;
}

static bool look_at_epoll(void *argument)
{
    struct epolling *e = argument;

    e->found = 0;
    for (unsigned i = 0; i < e->epoll->watches && e->found < e->most; i++) {
        struct pd_watch *watch = &e->epoll->watch[i];
        uint32_t events = news_of(watch);
        if (events == 0)
            continue;
        e->events[e->found++] = (struct epoll_event){ events, watch->event.data };
        if (watch->event.events & EPOLLONESHOT)
            watch->event.events = 0;
    }
    return e->found > 0;
}

static int call_epoll_wait(void *u, int epfd, struct epoll_event *events, int most,
                           int milliseconds)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    struct epolling e = { pd_socket_of(epfd), events, most, -1 };
    if (e.epoll && e.epoll->state != PD_EPOLL)
        errno = EINVAL;
    else if (e.epoll) {
        e.found = 0;
        pd_wait(look_at_epoll, &e, deadline_of(milliseconds));
    }
    pthread_mutex_unlock(&pd.lock);
    return e.found;
}

static int call_pipe(void *u, int fd[2])
{
    (void)u;
    (void)fd;
    return pd_fail(ENOSYS);
}

static int call_splice(void *u, int in, loff_t *in_offset, int out, loff_t *out_offset,
                       size_t length, unsigned flags)
{
    (void)u;
    (void)in;
    (void)in_offset;
    (void)out;
    (void)out_offset;
    (void)length;
    (void)flags;
    return pd_fail(ENOSYS);
}

void pd_ready_init(struct packetdrill_interface *out)
{
    out->poll = call_poll;
    out->epoll_create = call_epoll_create;
    out->epoll_ctl = call_epoll_ctl;
    out->epoll_wait = call_epoll_wait;
    out->pipe = call_pipe;
    out->splice = call_splice;
}
