/* settings.c - the table of socket options that are kept, and how a connection gets them. */
#include "run/settings.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "run/calls.h"
#include "run/supervisor.h"

#define KEPT(field) offsetof(struct run_settings, field)

/* level, name, field, least, most, option, shift, scale, initially */
static const struct run_setting table[] = {
    { IPPROTO_TCP, TCP_NODELAY, KEPT(nodelay), 0, 0, AKSU_OPTION_NODELAY, 0, 1, 0 },
    { SOL_SOCKET, SO_KEEPALIVE, KEPT(keepalive), 0, 0, AKSU_OPTION_KEEPALIVE, 0, 1, 0 },
    { IPPROTO_TCP, TCP_KEEPIDLE, KEPT(keep_idle), 1, 32767, AKSU_OPTION_KEEPALIVE_IDLE, 0, 1000,
      7200 },
    { IPPROTO_TCP, TCP_KEEPINTVL, KEPT(keep_interval), 1, 32767, AKSU_OPTION_KEEPALIVE_INTERVAL,
      0, 1000, 75 },
    { IPPROTO_TCP, TCP_KEEPCNT, KEPT(keep_count), 1, 127, AKSU_OPTION_KEEPALIVE_COUNT, 0, 1, 9 },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, KEPT(user_timeout), 0, INT_MAX, AKSU_OPTION_USER_TIMEOUT, 0, 1,
      0 },
    { IPPROTO_TCP, TCP_MAXSEG, KEPT(max_segment), 88, 32767, -1, 0, 1, 536 },
    { IPPROTO_TCP, TCP_CORK, KEPT(cork), 0, 0, -1, 0, 1, 0 },
    /* The six high bits of both are the DSCP, RFC 2474 3. */
    { IPPROTO_IP, IP_TOS, KEPT(tos), 0, 255, AKSU_OPTION_DSCP, 2, 1, 0 },
    { IPPROTO_IPV6, IPV6_TCLASS, KEPT(tos), 0, 255, AKSU_OPTION_DSCP, 2, 1, 0 },
    { IPPROTO_IP, IP_TTL, KEPT(ttl), 1, 255, AKSU_OPTION_TTL, 0, 1, 64 },
    { IPPROTO_IPV6, IPV6_UNICAST_HOPS, KEPT(ttl), 1, 255, AKSU_OPTION_TTL, 0, 1, 64 },
    { SOL_SOCKET, SO_SNDBUF, KEPT(send_buffer), 0, INT_MAX, AKSU_OPTION_SEND_BUFFER, 0, 1,
      1 << 20 },
    { SOL_SOCKET, SO_RCVBUF, KEPT(receive_buffer), 0, INT_MAX, AKSU_OPTION_RECEIVE_BUFFER, 0, 1,
      1 << 20 },
};

enum { COUNT = sizeof table / sizeof table[0] };

const struct run_setting *run_setting_find(int level, int name)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (table[i].level == level && table[i].name == name)
            return &table[i];
    }
    return NULL;
}

int *run_setting_field(struct run_settings *settings, const struct run_setting *setting)
{
    return (int *)(void *)((char *)settings + setting->field);
}

void run_setting_apply(const struct run_socket *socket, const struct run_setting *setting,
                       aksu_time now)
{
    struct run_settings settings = socket->settings;
    int value = *run_setting_field(&settings, setting);

    if (value < 0 || setting->option < 0)
        return;
    aksu_set(socket->run->net.guest, socket->conn, (enum aksu_option)setting->option,
             (int64_t)(value >> setting->shift) * setting->scale, now);
}

void run_settings_apply(const struct run_socket *socket, aksu_time now)
{
    for (size_t i = 0; i < COUNT; i++)
        run_setting_apply(socket, &table[i], now);
}
