/* call_getsockopt.c - getsockopt(2): answers that the program's AF_UNIX descriptor would give
 * wrongly. notify.c calls it. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "run/calls.h"
#include "run/settings.h"
#include "run/supervisor.h"
#include "run/tcp_info.h"

/* <netinet/tcp.h> is not used beside <linux/tcp.h>, which run/tcp_info.h brings. */
static const char CONGESTION_CONTROL[16] = "cubic";     /* the stack's; TCP_CA_NAME_MAX long */

static int64_t answer(struct run_call *call, const void *data, size_t length)
{
    return run_result_write(call, call->argument[3], call->argument[4], data, length, false);
}

static int64_t answer_int(struct run_call *call, int value)
{
    return answer(call, &value, sizeof value);
}

/* Once connected, the descriptor itself knows of a reset; any other reason is known here. The error
 * is cleared only if the answer arrives: a call that was interrupted is made again. */
static int64_t pending_error(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    int error = socket->error;

    if (error == 0 && (socket->state == RUN_CONNECTED || socket->state == RUN_OVER))
        return RUN_CONTINUE;
    int64_t result = answer_int(call, error);
    if (run_notify_answer(&call->run->notify, call->id, result) && result == 0)
        socket->error = 0;
    return RUN_ANSWERED;
}

/* unix(7) would name us; a TCP socket has no credentials. */
static int64_t no_credentials(struct run_call *call)
{
    struct ucred nobody = { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };

    return answer(call, &nobody, sizeof nobody);
}

static int64_t get_info(struct run_call *call)
{
    struct tcp_info info;

    run_tcp_info(call->socket, call->now, &info);
    return answer(call, &info, sizeof info);
}

static int64_t get_max_segment(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    struct aksu_info info;

    if (socket->state == RUN_CONNECTED
        && aksu_status(call->run->net.guest, socket->conn, &info) == AKSU_OK)
        return answer_int(call, (int)info.snd_mss);
    return answer_int(call, socket->settings.max_segment < 0 ? 536
                                                             : socket->settings.max_segment);
}

static int64_t get_mtu(struct run_call *call)
{
    if (call->socket->state != RUN_CONNECTED)
        return -ENOTCONN;
    return answer_int(call, (int)call->run->options->mtu);
}

static int64_t get_socket_level(struct run_call *call, int name)
{
    switch (name) {
    case SO_ERROR: return pending_error(call);
    case SO_DOMAIN: return answer_int(call, call->socket->family);
    case SO_PROTOCOL: return answer_int(call, IPPROTO_TCP);
    case SO_PEERCRED: return no_credentials(call);
    default: return RUN_CONTINUE;
    }
}

int64_t run_call_getsockopt(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    int level = (int)call->argument[1];
    int name = (int)call->argument[2];

    if (level == IPPROTO_IPV6 && socket->family != AF_INET6)
        return -ENOPROTOOPT;
    if (level == IPPROTO_TCP && name == TCP_MAXSEG)
        return get_max_segment(call);
    const struct run_setting *setting = run_setting_find(level, name);
    if (setting) {
        int value = *run_setting_field(&socket->settings, setting);
        return answer_int(call, value < 0 ? setting->initially : value);
    }
    if (level == SOL_SOCKET)
        return get_socket_level(call, name);
    if (level == IPPROTO_TCP && name == TCP_INFO)
        return get_info(call);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION)
        return answer(call, CONGESTION_CONTROL, sizeof CONGESTION_CONTROL);
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
        return answer_int(call, socket->settings.v6_only);
    if ((level == IPPROTO_IP && name == IP_MTU) || (level == IPPROTO_IPV6 && name == IPV6_MTU))
        return get_mtu(call);
    return -ENOPROTOOPT;
}
