/* calls.c - from socket() to close(): the calls that make and end connections. */
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "gateway/address.h"
#include "adapter.h"
#include "fast_open.h"
#include "run/calls.h"

static int call_socket(void *u, int domain, int type, int protocol)
{
    (void)u;
    if (domain != AF_INET && domain != AF_INET6)
        return pd_fail(EAFNOSUPPORT);
    if ((type & 0xf) != SOCK_STREAM || (protocol != 0 && protocol != IPPROTO_TCP))
        return pd_fail(EPROTONOSUPPORT);
    pthread_mutex_lock(&pd.lock);
    pd_stack_up();
    pd_sysctls_again();
    struct pd_socket *s = pd_socket_new(PD_FRESH, domain);
    if (s && (type & SOCK_NONBLOCK))
        s->file_flags |= O_NONBLOCK;
    pthread_mutex_unlock(&pd.lock);
    return s ? s->fd : -1;
}

bool pd_endpoint_of(const struct sockaddr *address, socklen_t length, struct aksu_endpoint *out)
{
    struct sockaddr_storage copy;

    if (!address || length > sizeof copy || length < sizeof(sa_family_t))
        return false;
    memset(&copy, 0, sizeof copy);
    memcpy(&copy, address, length);
    return gateway_address_read(&copy, length, out);
}

static int bind_it(int fd, const struct sockaddr *address, socklen_t length)
{
    struct pd_socket *s = pd_tcp_of(fd);
    struct aksu_endpoint local;

    if (!s)
        return -1;
    if (!pd_endpoint_of(address, length, &local) || s->state != PD_FRESH || s->bound.port)
        return pd_fail(EINVAL);
    s->bound = local;
    return 0;
}

static int call_bind(void *u, int fd, const struct sockaddr *address, socklen_t length)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = bind_it(fd, address, length);
    pthread_mutex_unlock(&pd.lock);
    return result;
}

int pd_listen(struct pd_socket *s)
{
    struct aksu_listen how = { .local = s->bound, .hold_syn = pd_settings_of_syn(s) };

    pd_fast_open_listener(s, &how);
    how.backlog = s->backlog > 0 ? (uint32_t)s->backlog + 1 : 2;    /* as listen(2) counts */
    enum aksu_status status = aksu_listen(pd.net, &how, &s->listener, pd.now);
    if (status != AKSU_OK)
        return pd_fail(status == AKSU_ALREADY_EXISTS ? EADDRINUSE : run_errno(status));
    s->held = how.hold_syn;
    s->state = PD_LISTENING;
    return 0;
}

int pd_listen_again(struct pd_socket *s)
{
    aksu_close_listener(pd.net, s->listener, pd.now);
    return pd_listen(s);
}

static int listen_it(int fd, int backlog)
{
    struct pd_socket *s = pd_tcp_of(fd);

    if (!s)
        return -1;
    if (s->state == PD_LISTENING)
        return 0;
    if (s->state != PD_FRESH)
        return pd_fail(EINVAL);
    s->backlog = backlog;
    return pd_listen(s);
}

static int call_listen(void *u, int fd, int backlog)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = listen_it(fd, backlog);
    pd_after();
    pthread_mutex_unlock(&pd.lock);
    return result;
}

static void tell_address(const struct aksu_endpoint *who, int domain, struct sockaddr *address,
                         socklen_t *length)
{
    struct sockaddr_storage whole;

    if (!address || !length)
        return;
    socklen_t size = gateway_address_write(who, domain, &whole);
    memcpy(address, &whole, *length < size ? *length : size);
    *length = size;
}

static bool has_waiting(void *argument)
{
    const struct pd_socket *s = argument;

    return s->waiting_count > 0 || s->state != PD_LISTENING;
}

static int accept_it(int fd, struct sockaddr *address, socklen_t *length)
{
    struct pd_socket *s = pd_tcp_of(fd);
    struct aksu_info info;

    if (!s)
        return -1;
    if (s->state != PD_LISTENING)
        return pd_fail(EINVAL);
    if (!has_waiting(s) && (pd_is_nonblocking(s, 0) || !pd_wait(has_waiting, s, AKSU_NEVER)))
        return pd_fail(EAGAIN);
    if (s->waiting_count == 0)
        return pd_fail(EINVAL);
    struct pd_socket *new = pd_socket_new(PD_CONNECTED, s->domain);
    if (!new)
        return -1;
    new->conn = s->waiting[0];
    new->bound = s->bound;
    new->settings = s->settings;
    new->told = true;
    memmove(s->waiting, s->waiting + 1, --s->waiting_count * sizeof s->waiting[0]);
    if (aksu_status(pd.net, new->conn, &info) == AKSU_OK) {
        new->remote = info.remote;
        if (info.reason != AKSU_OK)
            pd_failed(new, info.reason);
        else if (!s->held)
            pd_settings_apply(new, new->conn);
    }
    tell_address(&new->remote, s->domain, address, length);
    return new->fd;
}

static int call_accept(void *u, int fd, struct sockaddr *address, socklen_t *length)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = accept_it(fd, address, length);
    pd_leave();
    return result;
}

static bool is_decided(void *argument)
{
    const struct pd_socket *s = argument;

    return s->state != PD_CONNECTING;
}

/* The answer of a connect() whose handshake is over. */
static int decided(struct pd_socket *s)
{
    int error = s->error;

    s->told = true;
    if (s->state == PD_CONNECTED)
        return 0;
    s->error = 0;
    s->state = PD_FRESH;
    s->bound.port = 0;
    aksu_abort(pd.net, s->conn, pd.now);
    return pd_fail(error ? error : ECONNABORTED);
}

int pd_open(struct pd_socket *s, const struct aksu_endpoint *remote, int flags)
{
    static const uint8_t zeros[65536];
    struct aksu_open how = { .remote = *remote, .local = s->bound, .fast_open = s->fast };
    if (s->fast)
        how.fast_open_no_cookie = pd.sysctls.fast_open & PD_TFO_CLIENT_NO_COOKIE;
    enum aksu_status status = aksu_open(pd.net, &how, &s->conn, pd.now);

    if (status != AKSU_OK)
        return pd_fail(run_errno(status));
    s->remote = *remote;
    s->state = PD_CONNECTING;
    s->mute = s->deaf = s->told = false;
    pd_settings_apply(s, s->conn);
    pd_syn_count(s);
    if (s->first_text > 0)
        aksu_send(pd.net, s->conn, zeros, s->first_text, 0, pd.now);
    pd_after();
    if (s->state != PD_CONNECTING)
        return decided(s);
    if (pd_is_nonblocking(s, flags))
        return pd_fail(EINPROGRESS);
    if (!pd_wait(is_decided, s, AKSU_NEVER))
        return pd_fail(EINPROGRESS);
    return decided(s);
}

static int disconnect(struct pd_socket *s)
{
    if (s->state == PD_CONNECTING || s->state == PD_CONNECTED || s->state == PD_OVER)
        aksu_abort(pd.net, s->conn, pd.now);
    if (s->state == PD_LISTENING)
        aksu_close_listener(pd.net, s->listener, pd.now);
    s->state = PD_FRESH;
    s->error = 0;
    return 0;
}

static int connect_it(int fd, const struct sockaddr *address, socklen_t length)
{
    struct pd_socket *s = pd_tcp_of(fd);
    struct aksu_endpoint remote;
    int result;

    if (!s)
        return -1;
    if (address && length >= sizeof(sa_family_t) && address->sa_family == AF_UNSPEC)
        return disconnect(s);
    if (!pd_endpoint_of(address, length, &remote))
        return pd_fail(EINVAL);
    switch (s->state) {
    case PD_FRESH:
        return pd_fast_open_connect(s, &remote, &result) ? result : pd_open(s, &remote, 0);
    case PD_CONNECTING:
        if (pd_is_nonblocking(s, 0) || !pd_wait(is_decided, s, AKSU_NEVER))
            return pd_fail(EALREADY);
        return decided(s);
    case PD_CONNECTED:
        return s->told ? pd_fail(EISCONN) : decided(s);
    case PD_OVER:
        return s->told ? pd_fail(EISCONN) : decided(s);
    case PD_DEFERRED:
        return pd_fail(EISCONN);
    case PD_LISTENING: case PD_UNUSED: case PD_EPOLL:
        break;
    }
    return pd_fail(EISCONN);
}

static int call_connect(void *u, int fd, const struct sockaddr *address, socklen_t length)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = connect_it(fd, address, length);
    pd_leave();
    return result;
}

static void close_listener(struct pd_socket *s)
{
    for (unsigned i = 0; i < s->waiting_count; i++)
        aksu_abort(pd.net, s->waiting[i], pd.now);
    s->waiting_count = 0;
    aksu_close_listener(pd.net, s->listener, pd.now);
}

static int close_it(int fd)
{
    struct pd_socket *s = pd_socket_of(fd);

    if (!s)
        return -1;
    if (s->state == PD_LISTENING)
        close_listener(s);
    else if (s->state == PD_CONNECTING)
        aksu_abort(pd.net, s->conn, pd.now);
    else if (s->state == PD_CONNECTED && s->settings.linger == 0)
        aksu_abort(pd.net, s->conn, pd.now);
    else if (s->state == PD_CONNECTED || s->state == PD_OVER)
        aksu_close(pd.net, s->conn, pd.now);
    s->state = PD_UNUSED;
    return close(fd);
}

static int call_close(void *u, int fd)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = close_it(fd);
    pd_leave();
    return result;
}

static int shutdown_it(int fd, int how)
{
    struct pd_socket *s = pd_tcp_of(fd);

    if (!s)
        return -1;
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return pd_fail(EINVAL);
    if (s->state == PD_LISTENING && how != SHUT_WR) {
        close_listener(s);
        s->state = PD_FRESH;
        return 0;
    }
    if (s->state == PD_CONNECTING && how != SHUT_RD) {
        aksu_abort(pd.net, s->conn, pd.now);
        s->state = PD_FRESH;
        return 0;
    }
    if (s->state != PD_CONNECTED)
        return pd_fail(ENOTCONN);
    s->deaf |= how != SHUT_WR;
    if (how != SHUT_RD && !s->mute) {
        s->mute = true;
        aksu_shutdown(pd.net, s->conn, pd.now);
    }
    return 0;
}

static int call_shutdown(void *u, int fd, int how)
{
    (void)u;
    pthread_mutex_lock(&pd.lock);
    int result = shutdown_it(fd, how);
    pd_leave();
    return result;
}

void pd_calls_init(struct packetdrill_interface *out)
{
    out->socket = call_socket;
    out->bind = call_bind;
    out->listen = call_listen;
    out->accept = call_accept;
    out->connect = call_connect;
    out->close = call_close;
    out->shutdown = call_shutdown;
}
