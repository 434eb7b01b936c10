/* call_socket.c - socket(2), bind(2), listen(2). notify.c calls them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ip_addr.h"
#include "gateway/address.h"
#include "run/calls.h"
#include "run/sweep.h"
#include "run/supervisor.h"

/* Newer than some C libraries. */
enum { MULTIPATH_TCP = 262 };
/* Where ports that the program leaves to us are looked for. */
enum { FIRST_PORT = 1024, MOST_TRIES = 1000 };

static int host_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

static bool host_has(int family)
{
    int fd = host_socket(family);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

int64_t run_call_socket(struct run_call *call)
{
    int family = (int)call->argument[0];
    int type = (int)call->argument[1];
    int protocol = (int)call->argument[2];

    /* RFC 8684 4.1: who asks for MPTCP has plain TCP as the way out. */
    if (protocol == MULTIPATH_TCP)
        return -EPROTONOSUPPORT;
    bool kernels = family == AF_INET6 && !run_net_has_device(&call->run->net) && !host_has(family);
    if ((protocol != 0 && protocol != IPPROTO_TCP) || kernels)
        return RUN_CONTINUE;

    run_sweep_if_many(call->run);
    int fd = run_link_socket(type & SOCK_NONBLOCK);
    if (fd < 0)
        return fd;
    struct run_socket *socket = run_socket_new(call->run, family, fd);
    if (!socket) {
        close(fd);
        return -ENOMEM;
    }
    if (run_notify_give(&call->run->notify, call->id, fd, type & SOCK_CLOEXEC))
        return RUN_ANSWERED;
    int error = errno;
    run_socket_free(socket);
    return error == EMFILE ? -EMFILE : -ENOMEM;     /* or nobody waits for this answer any more */
}

/* The host says whether the address is one of its own and the port is free, and picks one for port
 * 0. */
static int ask_host(const struct run_socket *socket, const struct sockaddr_storage *address,
                    struct aksu_endpoint *out)
{
    struct sockaddr_storage bound;
    socklen_t length = socket->family == AF_INET ? sizeof(struct sockaddr_in)
                                                 : sizeof(struct sockaddr_in6);
    socklen_t bound_length = sizeof bound;
    int on = 1;
    int fd = host_socket(socket->family);
    int error = 0;

    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (socket->settings.v6_only)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)address, length) < 0
        || getsockname(fd, (struct sockaddr *)&bound, &bound_length) < 0)
        error = -errno;
    else
        gateway_address_read(&bound, bound_length, out);
    close(fd);
    return error;
}

/* The same, when the program's stack is a host of its own. */
static int ask_stack(const struct run_socket *socket, struct aksu_endpoint *out)
{
    struct run *run = socket->run;

    if (!ip_is_unspecified(&out->ip) && !run_device_has(&run->net.device, &out->ip))
        return -EADDRNOTAVAIL;
    for (int tries = 0; out->port == 0 && tries < MOST_TRIES; tries++) {
        uint32_t port = FIRST_PORT + prng_below(&run->net.random, 65536 - FIRST_PORT);
        if (!run_sockets_use(&run->sockets, (uint16_t)port))
            out->port = (uint16_t)port;
    }
    return out->port != 0 ? 0 : -EADDRINUSE;
}

int64_t run_call_bind(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    struct sockaddr_storage address;
    struct aksu_endpoint local;
    int error = run_address_read(call, call->argument[1], call->argument[2], &address);

    if (error)
        return error;
    if (!gateway_address_read(&address, (socklen_t)call->argument[2], &local))
        return -EINVAL;
    if (address.ss_family != socket->family)
        return -EAFNOSUPPORT;
    if (socket->state != RUN_FRESH || socket->bound.port != 0)
        return -EINVAL;
    error = run_net_has_device(&call->run->net) ? ask_stack(socket, &local)
                                                : ask_host(socket, &address, &local);
    if (error)
        return error;
    socket->bound = local;
    socket->local = local;
    return 0;
}

int64_t run_call_listen(struct run_call *call)
{
    struct run *run = call->run;

    if (!run->told_of_servers)
        fprintf(stderr, "aksu run: %s called listen(): only clients run on this version, a server "
                "needs the host's own TCP (start it without aksu run)\n", run->program);
    run->told_of_servers = true;
    return -EOPNOTSUPP;
}
