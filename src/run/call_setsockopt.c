/* call_setsockopt.c - setsockopt(2): what the stack knows goes to the stack, what does no
 * harm is taken silently, the rest is refused so that the program takes its other way.
 * notify.c calls it. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "run/calls.h"
#include "run/settings.h"
#include "run/supervisor.h"

enum { BUFFER_LEAST = 4096, BUFFER_MOST = 4 << 20 };

struct name {
    int level, name;
};

/* Hints, and requests for what would not be seen on this link anyway. */
static const struct name harmless[] = {
    { IPPROTO_TCP, TCP_QUICKACK }, { IPPROTO_TCP, TCP_SYNCNT }, { IPPROTO_TCP, TCP_LINGER2 },
    { IPPROTO_TCP, TCP_DEFER_ACCEPT }, { IPPROTO_TCP, TCP_WINDOW_CLAMP },
    { IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS }, { IPPROTO_TCP, TCP_THIN_DUPACK },
    { IPPROTO_TCP, TCP_NOTSENT_LOWAT },
    { IPPROTO_IP, IP_MTU_DISCOVER }, { IPPROTO_IP, IP_RECVERR }, { IPPROTO_IP, IP_FREEBIND },
    { IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT }, { IPPROTO_IP, IP_PKTINFO },
    { IPPROTO_IP, IP_RECVTOS }, { IPPROTO_IP, IP_RECVTTL }, { IPPROTO_IP, IP_MINTTL },
    { IPPROTO_IPV6, IPV6_MTU_DISCOVER }, { IPPROTO_IPV6, IPV6_RECVERR },
    { IPPROTO_IPV6, IPV6_RECVPKTINFO }, { IPPROTO_IPV6, IPV6_RECVTCLASS },
    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT }, { IPPROTO_IPV6, IPV6_DONTFRAG },
};

static bool is_harmless(int level, int name)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (harmless[i].level == level && harmless[i].name == name)
            return true;
    }
    return false;
}

/* An int, or for the IP level an octet, as Linux has it. */
static int read_value(const struct run_call *call, int level, int *out)
{
    int length = (int)call->argument[4];
    uint8_t octet;

    if (length >= (int)sizeof *out)
        return run_memory_read(call, call->argument[3], out, sizeof *out);
    if (length < 1 || level != IPPROTO_IP)
        return -EINVAL;
    int error = run_memory_read(call, call->argument[3], &octet, 1);
    *out = octet;
    return error;
}

static int64_t set_linger(struct run_call *call)
{
    struct linger linger;

    if ((int)call->argument[4] < (int)sizeof linger)
        return -EINVAL;
    int error = run_memory_read(call, call->argument[3], &linger, sizeof linger);
    if (error)
        return error;
    call->socket->settings.linger_zero = linger.l_onoff && linger.l_linger == 0;
    return RUN_CONTINUE;                /* and can be read back where it is set */
}

static int64_t set_v6_only(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    int value;
    int error = read_value(call, IPPROTO_IPV6, &value);

    if (error)
        return error;
    if (socket->family != AF_INET6)
        return -ENOPROTOOPT;
    if (socket->state != RUN_FRESH || socket->bound.port != 0)
        return -EINVAL;
    socket->settings.v6_only = value != 0;
    return 0;
}

/* The other Fast Open options are of listeners, which there are none of. */
static int64_t set_fast_open(struct run_call *call)
{
    struct run_socket *socket = call->socket;
    int value;
    int error = read_value(call, IPPROTO_TCP, &value);

    if (error)
        return error;
    if (value < 0 || value > 1 || socket->state != RUN_FRESH)
        return -EINVAL;
    socket->settings.fast_open = value != 0;
    return 0;
}

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

static int64_t set(struct run_call *call, const struct run_setting *setting)
{
    struct run_socket *socket = call->socket;
    int value;
    int error = read_value(call, setting->level, &value);

    if (error)
        return error;
    if (setting->most == 0)
        value = value != 0;
    else if (setting->level == SOL_SOCKET)
        value = clamp(value, BUFFER_LEAST / 2, BUFFER_MOST / 2) * 2;    /* as Linux counts it */
    else if (value == -1 && setting->least <= 1 && setting->most == 255)
        value = setting->initially;     /* back to the default, ip(7), ipv6(7) */
    else if (value < setting->least || value > setting->most)
        return -EINVAL;
    *run_setting_field(&socket->settings, setting) = value;
    if (socket->state == RUN_CONNECTING || socket->state == RUN_CONNECTED)
        run_setting_apply(socket, setting, call->now);
    return 0;
}

int64_t run_call_setsockopt(struct run_call *call)
{
    int level = (int)call->argument[1];
    int name = (int)call->argument[2];

    if (level == IPPROTO_IPV6 && call->socket->family != AF_INET6)
        return -ENOPROTOOPT;
    if (level == SOL_SOCKET && name == SO_SNDBUFFORCE)
        name = SO_SNDBUF;
    if (level == SOL_SOCKET && name == SO_RCVBUFFORCE)
        name = SO_RCVBUF;
    const struct run_setting *setting = run_setting_find(level, name);
    if (setting)
        return set(call, setting);
    if (level == SOL_SOCKET)
        return name == SO_LINGER ? set_linger(call) : RUN_CONTINUE;
    if (level == IPPROTO_TCP && name == TCP_FASTOPEN_CONNECT)
        return set_fast_open(call);
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
        return set_v6_only(call);
    return is_harmless(level, name) ? 0 : -ENOPROTOOPT;
}
