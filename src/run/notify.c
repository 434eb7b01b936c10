/* notify.c - receives what the filter announces, finds the socket, calls the handler, answers. */
#include "run/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/calls.h"
#include "run/supervisor.h"

static struct run_socket *find_socket(struct run *run, pid_t thread, int fd)
{
    char path[64];
    struct stat status;

    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)thread, fd);
    if (stat(path, &status) < 0) {
        if (errno == EACCES)
            run_memory_refused(run, "/proc/PID/fd");
        return NULL;
    }
    if (!S_ISSOCK(status.st_mode))
        return NULL;
    return run_sockets_find(&run->sockets, status.st_ino);
}

static int64_t handle(struct run_call *call)
{
    if (call->number == SYS_socket)
        return run_call_socket(call);
    call->socket = find_socket(call->run, call->thread, (int)call->argument[0]);
    if (!call->socket)
        return RUN_CONTINUE;
    switch (call->number) {
    case SYS_connect: return run_call_connect(call);
    case SYS_bind: return run_call_bind(call);
    case SYS_listen: return run_call_listen(call);
    case SYS_getsockname: return run_call_getsockname(call);
    case SYS_getpeername: return run_call_getpeername(call);
    case SYS_getsockopt: return run_call_getsockopt(call);
    case SYS_setsockopt: return run_call_setsockopt(call);
    case SYS_ioctl: return run_call_ioctl(call);
    default: return RUN_CONTINUE;
    }
}

static bool respond(struct run_notify *notify, uint64_t id, int64_t value, uint32_t flags)
{
    memset(notify->response, 0, sizeof *notify->response);
    notify->response->id = id;
    notify->response->flags = flags;
    if (value < 0)
        notify->response->error = (int32_t)value;
    else
        notify->response->val = value;
    return seccomp_notify_respond(notify->watch.fd, notify->response) == 0;
}

bool run_notify_answer(struct run_notify *notify, uint64_t id, int64_t value)
{
    return respond(notify, id, value, 0);
}

static void notify_ready(struct gateway_watch *watch, uint32_t events, aksu_time now)
{
    struct run_notify *notify = GATEWAY_HOLDER(struct run_notify, watch, watch);

    if (!(events & EPOLLIN)) {          /* hung up: would be said again and again */
        epoll_ctl(notify->run->poller.epoll, EPOLL_CTL_DEL, watch->fd, NULL);
        return;
    }
    memset(notify->request, 0, sizeof *notify->request);
    if (seccomp_notify_receive(watch->fd, notify->request) != 0)
        return;                         /* it went away in the meantime */

    struct run_call call = { .run = notify->run, .id = notify->request->id,
                             .thread = (pid_t)notify->request->pid,
                             .number = notify->request->data.nr, .now = now };
    memcpy(call.argument, notify->request->data.args, sizeof call.argument);
    int64_t value = handle(&call);
    if (value == RUN_CONTINUE)
        respond(notify, call.id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    else if (value != RUN_ANSWERED)
        respond(notify, call.id, value, 0);
}

bool run_notify_open(struct run_notify *notify, struct run *run, int fd)
{
    notify->run = run;
    notify->watch.ready = notify_ready;
    if (seccomp_notify_alloc(&notify->request, &notify->response) != 0)
        return false;
    return gateway_poller_add(&run->poller, &notify->watch, fd, EPOLLIN);
}

void run_notify_close(struct run_notify *notify)
{
    gateway_poller_close(&notify->run->poller, &notify->watch);
    seccomp_notify_free(notify->request, notify->response);
}

bool run_notify_deserted(const struct run_notify *notify)
{
    struct pollfd poll_fd = { .fd = notify->watch.fd };

    return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLHUP;
}

bool run_notify_valid(const struct run_notify *notify, uint64_t id)
{
    return seccomp_notify_id_valid(notify->watch.fd, id) == 0;
}

bool run_notify_give(const struct run_notify *notify, uint64_t id, int fd, bool cloexec)
{
    struct seccomp_notif_addfd add = { .id = id, .flags = SECCOMP_ADDFD_FLAG_SEND,
                                       .srcfd = (uint32_t)fd,
                                       .newfd_flags = cloexec ? O_CLOEXEC : 0 };

    return ioctl(notify->watch.fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}

bool run_notify_replace(const struct run_notify *notify, uint64_t id, int fd, int number,
                        bool cloexec)
{
    struct seccomp_notif_addfd add = { .id = id, .flags = SECCOMP_ADDFD_FLAG_SETFD,
                                       .srcfd = (uint32_t)fd, .newfd = (uint32_t)number,
                                       .newfd_flags = cloexec ? O_CLOEXEC : 0 };

    return ioctl(notify->watch.fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}
