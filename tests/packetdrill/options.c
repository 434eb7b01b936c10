/* options.c - setsockopt(), getsockopt(), fcntl(), ioctl(). What the stack can be told goes to the
 * connection when there is one; what would not be seen in packets is taken silently. */
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "adapter.h"
#include "fast_open.h"
#include "run/tcp_info.h"

#define KEPT(field) offsetof(struct pd_settings, field)

/* What linux/tcp.h has not, as tcp(7) and socket(7) number them. */
enum { NOT_OURS = -1, CC_INFO_LENGTH = 20, MEMINFO_LENGTH = 36, INFO_LENGTH = 280 };

struct setting {
    int level, name;
    size_t field;               /* of struct pd_settings */
    int least, most;            /* most 0: a truth value */
    int option;                 /* enum aksu_option, or NOT_OURS */
    int shift, scale;           /* what the stack gets: the value, >> shift, times scale */
    int initially;
};

static const struct setting table[] = {
    { IPPROTO_TCP, TCP_NODELAY, KEPT(nodelay), 0, 0, AKSU_OPTION_NODELAY, 0, 1, 0 },
    { SOL_SOCKET, SO_KEEPALIVE, KEPT(keepalive), 0, 0, AKSU_OPTION_KEEPALIVE, 0, 1, 0 },
    { IPPROTO_TCP, TCP_KEEPIDLE, KEPT(keep_idle), 1, 32767, AKSU_OPTION_KEEPALIVE_IDLE, 0, 1000,
      7200 },
    { IPPROTO_TCP, TCP_KEEPINTVL, KEPT(keep_interval), 1, 32767, AKSU_OPTION_KEEPALIVE_INTERVAL,
      0, 1000, 75 },
    { IPPROTO_TCP, TCP_KEEPCNT, KEPT(keep_count), 1, 127, AKSU_OPTION_KEEPALIVE_COUNT, 0, 1, 9 },
    { IPPROTO_TCP, TCP_USER_TIMEOUT, KEPT(user_timeout), 0, INT_MAX, AKSU_OPTION_USER_TIMEOUT, 0,
      1, 0 },
    { IPPROTO_TCP, TCP_MAXSEG, KEPT(max_segment), 88, 32767, AKSU_OPTION_MAX_SEGMENT, 0, 1, 536 },
    { IPPROTO_TCP, TCP_CORK, KEPT(cork), 0, 0, NOT_OURS, 0, 1, 0 },
    { IPPROTO_IP, IP_TOS, KEPT(tos), 0, 255, AKSU_OPTION_DSCP, 2, 1, 0 },
    { IPPROTO_IPV6, IPV6_TCLASS, KEPT(tos), 0, 255, AKSU_OPTION_DSCP, 2, 1, 0 },
    { IPPROTO_IP, IP_TTL, KEPT(ttl), 1, 255, AKSU_OPTION_TTL, 0, 1, 64 },
    { IPPROTO_IPV6, IPV6_UNICAST_HOPS, KEPT(ttl), 1, 255, AKSU_OPTION_TTL, 0, 1, 64 },
    { SOL_SOCKET, SO_SNDBUF, KEPT(send_buffer), 0, INT_MAX / 2, AKSU_OPTION_SEND_BUFFER, 0, 2,
      1 << 18 },       /* the stack's has room for what text.c lets in beyond it */
    { SOL_SOCKET, SO_RCVBUF, KEPT(receive_buffer), 0, INT_MAX / 2, AKSU_OPTION_RECEIVE_BUFFER, 0,
      1, 540000 },
    { SOL_SOCKET, SO_RCVLOWAT, KEPT(low_water), 0, INT_MAX, NOT_OURS, 0, 1, 1 },
};
enum { COUNT = sizeof table / sizeof table[0] };

static int *field_of(struct pd_settings *settings, const struct setting *setting)
{
    return (int *)(void *)((char *)settings + setting->field);
}

static const struct setting *find(int level, int name)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (table[i].level == level && table[i].name == name)
            return &table[i];
    }
    return NULL;
}

void pd_settings_init(struct pd_settings *settings)
{
    memset(settings, 0xff, sizeof *settings);           /* -1 in each */
    if (pd.nodelay)
        settings->nodelay = 1;
}

static void apply(const struct pd_socket *from, const struct setting *setting, aksu_conn to)
{
    struct pd_settings settings = from->settings;
    int value = *field_of(&settings, setting);

    if (value >= 0 && setting->option != NOT_OURS)
        aksu_set(pd.net, to, (enum aksu_option)setting->option,
                 (int64_t)(value >> setting->shift) * setting->scale, pd.now);
}

void pd_settings_apply(const struct pd_socket *from, aksu_conn to)
{
    for (size_t i = 0; i < COUNT; i++)
        apply(from, &table[i], to);
    if (from->settings.linger >= 0)
        aksu_set(pd.net, to, AKSU_OPTION_LINGER_MS, (int64_t)from->settings.linger * 1000, pd.now);
}

bool pd_settings_of_syn(const struct pd_socket *s)
{
    const struct pd_settings *set = &s->settings;

    return set->tos >= 0 || set->ttl >= 0 || set->receive_buffer >= 0 || set->max_segment >= 0;
}

static int set_one(struct pd_socket *s, const struct setting *setting, const void *data,
                   socklen_t length)
{
    int value = 0;

    if (length < sizeof value && (length < 1 || setting->level != IPPROTO_IP))
        return pd_fail(EINVAL);
    memcpy(&value, data, length < sizeof value ? 1 : sizeof value);
    if (setting->most == 0)
        value = value != 0;
    else if (value < setting->least || value > setting->most)
        return pd_fail(EINVAL);
    if (setting->option == AKSU_OPTION_SEND_BUFFER || setting->option == AKSU_OPTION_RECEIVE_BUFFER)
        value = value < 2304 ? 4608 : value * 2;        /* as socket(7) counts it */
    *field_of(&s->settings, setting) = value;
    if (s->state == PD_CONNECTING || s->state == PD_CONNECTED)
        apply(s, setting, s->conn);
    if (s->state == PD_LISTENING && !s->held && s->waiting_count == 0 && pd_settings_of_syn(s)) {
        return pd_listen_again(s);                      /* now SYNs are held for them */
    }
    bool lets_go = setting->level == IPPROTO_TCP
                   && ((setting->name == TCP_CORK && !value)
                       || (setting->name == TCP_NODELAY && value));
    if (lets_go && s->state == PD_CONNECTED)
        aksu_send(pd.net, s->conn, NULL, 0, 0, pd.now); /* what was held back may leave */
    return 0;
}

static int set_linger(struct pd_socket *s, const void *data, socklen_t length)
{
    struct linger linger;

    if (length < sizeof linger)
        return pd_fail(EINVAL);
    memcpy(&linger, data, sizeof linger);
    s->settings.linger = linger.l_onoff ? linger.l_linger : -1;
    return 0;
}

static int set_congestion(struct pd_socket *s, const void *data, socklen_t length)
{
    char name[16] = "";

    memcpy(name, data, length < sizeof name - 1 ? length : sizeof name - 1);
    if (s->state != PD_CONNECTED)
        return 0;
    return aksu_set_congestion_control(pd.net, s->conn, name, pd.now) == AKSU_OK ? 0
                                                                                 : pd_fail(ENOENT);
}

/* They ask for what packets would show, and the stack has it not. */
static bool is_refused(int level, int name)
{
    return level == IPPROTO_TCP
           && (name == TCP_MD5SIG || name == TCP_REPAIR || name == TCP_ULP);
}

static int set_it(int fd, int level, int name, const void *data, socklen_t length)
{
    struct pd_socket *s = pd_tcp_of(fd);
    const struct setting *setting = find(level, name);
    int result;

    if (!s)
        return -1;
    if (!data)
        return pd_fail(EFAULT);
    if (pd_fast_open_set(s, level, name, data, length, &result))
        return result;
    if (setting)
        return set_one(s, setting, data, length);
    if (level == SOL_SOCKET && name == SO_LINGER)
        return set_linger(s, data, length);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION)
        return set_congestion(s, data, length);
    return is_refused(level, name) ? pd_fail(ENOPROTOOPT) : 0;
}

static int call_setsockopt(void *u, int fd, int level, int name, const void *value,
                           socklen_t length)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    pd_sysctls_again();
    int result = set_it(fd, level, name, value, length);
    pd_leave();
    return result;
}

static int answer(void *value, socklen_t *length, const void *from, size_t size)
{
    if (*length > size)
        *length = (socklen_t)size;
    memcpy(value, from, *length);
    return 0;
}

/* TCP_INFO in the length that packetdrill's code blocks want: what this system's header does not
 * know is 0. */
static int get_info(struct pd_socket *s, void *value, socklen_t *length)
{
    union {
        struct tcp_info info;
        uint8_t octets[INFO_LENGTH > sizeof(struct tcp_info) ? INFO_LENGTH
                                                             : sizeof(struct tcp_info)];
    } out = { .octets = { 0 } };
    struct aksu_info from = { .state = s->state == PD_LISTENING ? AKSU_TCP_LISTEN
                                                                : AKSU_TCP_CLOSED };

    if (s->state == PD_CONNECTING || s->state == PD_CONNECTED || s->state == PD_OVER)
        aksu_status(pd.net, s->conn, &from);
    run_tcp_info_from(&from, 0, &out.info);
    return answer(value, length, &out, sizeof out);
}

static int get_max_segment(const struct pd_socket *s)
{
    struct aksu_info info;

    if (s->state == PD_CONNECTED && aksu_status(pd.net, s->conn, &info) == AKSU_OK)
        return (int)info.snd_mss;
    return s->settings.max_segment < 0 ? 536 : s->settings.max_segment;
}

static int get_linger(const struct pd_socket *s, void *value, socklen_t *length)
{
    struct linger linger = { s->settings.linger >= 0, s->settings.linger < 0 ? 0
                                                                             : s->settings.linger };

    return answer(value, length, &linger, sizeof linger);
}

static int get_other(struct pd_socket *s, int level, int name, void *value, socklen_t *length)
{
    static const uint8_t nothing[INFO_LENGTH];
    struct aksu_info info;
    int zero = 0;

    if (level == IPPROTO_TCP && name == TCP_INFO)
        return get_info(s, value, length);
    if (level == IPPROTO_TCP && name == TCP_CC_INFO)
        return answer(value, length, nothing, CC_INFO_LENGTH);
    if (level == IPPROTO_TCP && name == TCP_CONGESTION) {
        char text[16] = "cubic";
        if (s->state == PD_CONNECTED && aksu_status(pd.net, s->conn, &info) == AKSU_OK)
            strncpy(text, info.congestion_control, sizeof text - 1);
        return answer(value, length, text, sizeof text);
    }
    if (level == SOL_SOCKET && name == SO_MEMINFO)
        return answer(value, length, nothing, MEMINFO_LENGTH);
    if (level == SOL_SOCKET && name == SO_LINGER)
        return get_linger(s, value, length);
    if (level == SOL_SOCKET)
        return answer(value, length, &zero, sizeof zero);
    return pd_fail(ENOPROTOOPT);
}

static int get_it(int fd, int level, int name, void *value, socklen_t *length)
{
    struct pd_socket *s = pd_tcp_of(fd);
    const struct setting *setting = find(level, name);

    if (!s)
        return -1;
    if (!value || !length)
        return pd_fail(EFAULT);
    if ((int)*length < 0)
        return pd_fail(EINVAL);
    if (level == SOL_SOCKET && name == SO_ERROR) {
        int error = s->error;
        s->error = 0;
        return answer(value, length, &error, sizeof error);
    }
    if (level == IPPROTO_TCP && name == TCP_MAXSEG) {
        int size = get_max_segment(s);
        return answer(value, length, &size, sizeof size);
    }
    if (!setting)
        return get_other(s, level, name, value, length);
    int kept = *field_of(&s->settings, setting);
    return answer(value, length, kept < 0 ? &setting->initially : &kept, sizeof kept);
}

static int call_getsockopt(void *u, int fd, int level, int name, void *value, socklen_t *length)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = get_it(fd, level, name, value, length);
    pthread_mutex_unlock(&pd.lock);
    return result;
}

static int call_fcntl(void *u, int fd, int command, ...)
{
    va_list list;

    (void)u;
    va_start(list, command);
    int value = va_arg(list, int);
    va_end(list);
    pthread_mutex_lock(&pd.lock);
    struct pd_socket *s = pd_socket_of(fd);
    int result = 0;
    if (!s)
        result = -1;
    else if (command == F_GETFL)
        result = s->file_flags;
    else if (command == F_SETFL)
        s->file_flags = O_RDWR | (value & (O_NONBLOCK | O_APPEND));
    pthread_mutex_unlock(&pd.lock);
    return result;
}

static int queued(const struct pd_socket *s, unsigned long request, int *out)
{
    struct aksu_info info = { .state = AKSU_TCP_CLOSED };

    if (s->state == PD_LISTENING)
        return pd_fail(EINVAL);
    if (s->state == PD_CONNECTING || s->state == PD_CONNECTED || s->state == PD_OVER)
        aksu_status(pd.net, s->conn, &info);
    switch (request) {
    case SIOCINQ:
        *out = (int)info.receive_queued;
        return 0;
    case SIOCOUTQ:
        *out = (int)info.send_queued;
        return 0;
    case SIOCOUTQNSD:
        *out = (int)(info.send_queued - info.send_unacked);
        return 0;
    default:
        return pd_fail(ENOTTY);
    }
}

static int call_ioctl(void *u, int fd, unsigned long request, ...)
{
    va_list list;

    (void)u;
    va_start(list, request);
    int *out = va_arg(list, int *);
    va_end(list);
    pthread_mutex_lock(&pd.lock);
    const struct pd_socket *s = pd_tcp_of(fd);
    int result = s ? queued(s, request, out) : -1;
    pthread_mutex_unlock(&pd.lock);
    return result;
}

void pd_options_init(struct packetdrill_interface *out)
{
    out->setsockopt = call_setsockopt;
    out->getsockopt = call_getsockopt;
    out->fcntl = call_fcntl;
    out->ioctl = call_ioctl;
}
