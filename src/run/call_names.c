/* call_names.c - getsockname(2), getpeername(2), and ioctl(2) SIOCOUTQ. notify.c calls them. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "base/ip_addr.h"
#include "gateway/address.h"
#include "run/calls.h"
#include "run/supervisor.h"

static int64_t write_name(const struct run_call *call, const struct aksu_endpoint *endpoint)
{
    struct sockaddr_storage name;
    socklen_t length = gateway_address_write(endpoint, call->socket->family, &name);

    return run_result_write(call, call->argument[1], call->argument[2], &name, length, true);
}

int64_t run_call_getsockname(struct run_call *call)
{
    return write_name(call, &call->socket->local);
}

int64_t run_call_getpeername(struct run_call *call)
{
    if (call->socket->state != RUN_CONNECTED)
        return -ENOTCONN;
    return write_name(call, &call->socket->remote);
}

/* Octets that the peer has not acknowledged, those that we have not read yet included. */
int64_t run_call_ioctl(struct run_call *call)
{
    const struct run_socket *socket = call->socket;
    struct aksu_info info = { .send_queued = 0 };
    int queued = 0;

    if (socket->state == RUN_CONNECTED) {
        ioctl(socket->watch.fd, FIONREAD, &queued);
        queued -= (int)socket->stale;
        aksu_status(call->run->net.guest, socket->conn, &info);
    }
    if (call->argument[1] == SIOCOUTQ)
        queued += (int)info.send_queued;
    else
        queued += (int)(info.send_queued - info.send_unacked);
    return run_memory_write(call, call->argument[2], &queued, sizeof queued);
}
