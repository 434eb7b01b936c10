/* call_connect.c - connect(2): the answers that Linux gives in each situation, the SYN, and the end
 * of the handshake. loop.c reports the latter. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "aksu/fast_open.h"
#include "base/ip_addr.h"
#include "gateway/address.h"
#include "run/calls.h"
#include "run/supervisor.h"
#include "run/sweep.h"

static bool is_non_blocking(const struct run_socket *socket)
{
    return fcntl(socket->kept, F_GETFL) & O_NONBLOCK;
}

/* The blocking connect() of this call returns when the handshake is over, or after SO_SNDTIMEO. */
static int64_t wait_for_end(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    struct timeval limit = { 0, 0 };
    socklen_t length = sizeof limit;

    if (socket->asked && run_notify_valid(&call->run->notify, socket->waiting))
        return -EALREADY;               /* of two threads, one can wait */
    socket->asked = true;
    socket->waiting = call->id;
    getsockopt(socket->kept, SOL_SOCKET, SO_SNDTIMEO, &limit, &length);
    if (limit.tv_sec != 0 || limit.tv_usec != 0) {
        socket->answer_by = call->now + AKSU_SECONDS(limit.tv_sec) + AKSU_US(limit.tv_usec);
        gateway_link_append(&call->run->sockets.timed, &socket->timed);
    }
    return RUN_ANSWERED;
}

/* Linux takes the unspecified address for the own host. */
static void this_host(struct aksu_ip *ip)
{
    if (!ip_is_unspecified(ip))
        return;
    if (ip_is_v4(ip))
        *ip = ip_from_v4((const uint8_t[4]){ 127, 0, 0, 1 });
    else
        *ip = (struct aksu_ip){ { [15] = 1 } };
}

static int destination(const struct run_socket *socket, const struct sockaddr_storage *address,
                       socklen_t length, struct aksu_endpoint *out)
{
    if (!gateway_address_read(address, length, out))
        return address->ss_family == socket->family ? -EINVAL : -EAFNOSUPPORT;
    if (address->ss_family != socket->family)
        return -EAFNOSUPPORT;
    this_host(&out->ip);
    if (ip_is_broadcast(&out->ip))
        return -EACCES;
    /* A link-local address needs the interface that it is local to, and the gateway has none. */
    if (ip_is_multicast(&out->ip)
        || (!ip_is_v4(&out->ip) && ip_is_link_local(&out->ip)
            && !run_net_has_device(&socket->run->net)))
        return -ENETUNREACH;
    if (ip_is_v4(&out->ip) && socket->settings.v6_only)
        return -ENETUNREACH;
    return 0;
}

/* So long a SYN waits for what the program writes: whose peer speaks first loses no more. */
#define SYN_WAITS AKSU_MS(5)

/* *early: the SYN waits, and connect() is over. */
static int open_connection(struct run_socket *socket, bool *early, aksu_time now)
{
    struct aksu *net = socket->run->net.guest;
    struct aksu_open how = { .remote = socket->remote, .cookie = (uintptr_t)socket };
    struct aksu_info info;

    how.local.port = socket->bound.port;
    if (run_net_has_device(&socket->run->net) && !ip_is_unspecified(&socket->bound.ip))
        how.local.ip = socket->bound.ip;
    how.fast_open = socket->settings.fast_open || socket->run->options->fast_open;
    how.fast_open_wait = SYN_WAITS;
    *early = how.fast_open && aksu_fast_open_room(net, &how, now) > 0;
    enum aksu_status status = aksu_open(net, &how, &socket->conn, now);
    if (status != AKSU_OK)
        return -run_errno(status);
    if (aksu_status(net, socket->conn, &info) == AKSU_OK)
        socket->local = info.local;
    run_settings_apply(socket, now);
    return 0;
}

/* On a device the program's loopback is its own stack's, where nobody listens. */
static void tell_of_loopback(struct run *run, const struct aksu_ip *ip)
{
    char text[AKSU_IP_TEXT];

    if (!run_net_has_device(&run->net) || !ip_is_loopback(ip) || run->told_of_loopback)
        return;
    run->told_of_loopback = true;
    aksu_ip_format(ip, text);
    fprintf(stderr, "aksu run: %s connects to %s: with --device that is not the kernel's loopback, "
            "and nobody listens on it\n", run->program, text);
    fflush(stderr);
}

static int64_t begin(struct run_call *call, const struct sockaddr_storage *address)
{
    struct run_socket *socket = call->socket;
    struct run *run = call->run;
    int error = destination(socket, address, (socklen_t)call->argument[2], &socket->remote);

    if (error)
        return error;
    if (run->net.device.gone)
        return -ENETDOWN;
    tell_of_loopback(run, &socket->remote.ip);
    bool early;
    error = open_connection(socket, &early, call->now);
    if (error)
        return error;
    socket->end = run_link_join(&run->linker, socket->kept);
    if (socket->end < 0) {
        error = socket->end;
        aksu_abort(run->net.guest, socket->conn, call->now);
        return error;
    }
    socket->stale = run_link_stuff(socket->kept);
    socket->state = RUN_CONNECTING;
    socket->begun = call->now;
    run_sweep_later(run, call->now);
    if (early) {                        /* as tcp(7) has it: text first, then the SYN with it */
        run_connect_succeeded(socket, call->now);
        socket->told = true;
        return socket->state == RUN_CONNECTED ? 0 : -ENOBUFS;
    }
    return is_non_blocking(socket) ? -EINPROGRESS : wait_for_end(call);
}

/* A descriptor that was joined cannot be joined again: the program gets a fresh one in its
 * place. */
static int renew(struct run_call *call)
{
    char path[64];
    char line[64];
    unsigned flags = 0;
    int number = (int)call->argument[0];

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)call->thread, number);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "flags: %o", &flags) != 1)
        continue;
    if (file)
        fclose(file);
    int fd = run_link_socket(flags & O_NONBLOCK ? SOCK_NONBLOCK : 0);
    if (fd < 0)
        return fd;
    if (!run_notify_replace(&call->run->notify, call->id, fd, number, flags & O_CLOEXEC)) {
        close(fd);
        return -ECONNABORTED;
    }
    run_socket_renew(call->socket, fd);
    return 0;
}

static bool answer_waiting(struct run_socket *socket, int64_t value)
{
    bool asked = socket->asked;

    socket->asked = false;
    gateway_link_remove(&socket->timed);
    return asked && run_notify_answer(&socket->run->notify, socket->waiting, value);
}

/* connect() to no address takes the connection back. */
static int64_t disconnect(struct run_call *call)
{
    struct run_socket *socket = call->socket;

    switch (socket->state) {
    case RUN_CONNECTING: case RUN_CONNECTED:
        aksu_abort(call->run->net.guest, socket->conn, call->now);
        answer_waiting(socket, -ECONNABORTED);
        run_socket_give_up(socket);
        break;
    case RUN_FAILED: case RUN_SPENT:
        break;
    case RUN_FRESH: case RUN_OVER:
        return 0;
    }
    socket->state = RUN_SPENT;
    socket->local = socket->bound;
    return 0;
}

int64_t run_call_connect(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    struct sockaddr_storage address;
    int error = run_address_read(call, call->argument[1], call->argument[2], &address);

    if (error)
        return error;
    if ((int)call->argument[2] < (int)sizeof address.ss_family)
        return -EINVAL;
    if (address.ss_family == AF_UNSPEC)
        return disconnect(call);
    switch (socket->state) {
    case RUN_FRESH:
        return begin(call, &address);
    case RUN_CONNECTING:
        return is_non_blocking(socket) ? -EALREADY : wait_for_end(call);
    case RUN_CONNECTED:
        if (socket->told)
            return -EISCONN;
        socket->told = true;
        return 0;
    case RUN_FAILED:
        error = socket->error ? socket->error : ECONNABORTED;
        socket->error = 0;
        socket->state = RUN_SPENT;
        return -error;
    case RUN_SPENT:
        error = renew(call);
        return error ? error : begin(call, &address);
    case RUN_OVER:
        return -EISCONN;
    }
    return -EISCONN;
}

void run_connect_succeeded(struct run_socket *socket, aksu_time now)
{
    int end = socket->end;

    socket->stale = run_link_unstuff(end, socket->kept, socket->stale);
    run_socket_drop_kept(socket);
    socket->state = RUN_CONNECTED;
    socket->net_readable = true;
    socket->net_writable = true;
    if (gateway_poller_add(&socket->run->poller, &socket->watch, end,
                           EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        socket->end = -1;
        socket->told = answer_waiting(socket, 0);
        return;
    }
    aksu_abort(socket->run->net.guest, socket->conn, now);
    answer_waiting(socket, -ENOBUFS);
    run_socket_over(socket);
}

void run_connect_failed(struct run_socket *socket, int error)
{
    bool told = answer_waiting(socket, -error);

    run_socket_give_up(socket);
    socket->local = socket->bound;
    socket->state = told ? RUN_SPENT : RUN_FAILED;
    socket->error = told ? 0 : error;
}

aksu_time run_connect_timeouts(struct run *run, aksu_time now)
{
    aksu_time next = AKSU_NEVER;
    struct gateway_link *head = &run->sockets.timed;

    for (struct gateway_link *after, *link = head->next; link != head; link = after) {
        struct run_socket *socket = GATEWAY_HOLDER(struct run_socket, timed, link);
        after = link->next;
        if (socket->answer_by <= now)
            answer_waiting(socket, -EINPROGRESS);
        else if (socket->answer_by < next)
            next = socket->answer_by;
    }
    return next;
}
