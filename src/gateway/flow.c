/* flow.c - the life of one flow: connect, answer the held SYN, wait for readiness, end.
 * gateway.c calls it; the moving of octets is splice.c. */
#include "gateway/flow.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/address.h"
#include "gateway/splice.h"

/* A guest that has gone without a word would leave its connection, and the host's, for ever: it
 * is looked for as the host looks for its peers, but sooner than in two hours. */
enum { GUEST_IDLE_MS = 10 * 60 * 1000 };

static void set_option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

void flow_free(struct flow *flow, bool reset)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (reset && flow->watch.fd >= 0)
        setsockopt(flow->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    gateway_poller_close(flow->gateway->poller, &flow->watch);
    gateway_link_remove(&flow->member);
    gateway_link_remove(&flow->busy);
    free(flow);
}

/* What the host said becomes what the guest is told: RST, ICMP of the same meaning, or silence. */
static void answer_failure(struct aksu *net, aksu_conn conn, int error, aksu_time now)
{
    enum { NET = 0, HOST = 1, PROHIBITED = 13 };    /* RFC 792, RFC 1812 5.2.7.1 */

    enum aksu_status status;
    switch (error) {
    case ENETUNREACH: case ENETDOWN: case EAFNOSUPPORT:
        status = aksu_unreachable(net, conn, NET, now);
        break;
    case EHOSTUNREACH: case EHOSTDOWN: case EADDRNOTAVAIL:
        status = aksu_unreachable(net, conn, HOST, now);
        break;
    case EACCES: case EPERM:
        status = aksu_unreachable(net, conn, PROHIBITED, now);
        break;
    case ETIMEDOUT:
    case EMFILE: case ENFILE: case ENOMEM: case ENOBUFS: case EAGAIN:
        status = aksu_ignore(net, conn, now);    /* the guest's next SYN is the next attempt */
        break;
    default:
        status = aksu_refuse(net, conn, now);
    }
    if (status != AKSU_OK)                      /* the guest has given up meanwhile */
        aksu_close(net, conn, now);
}

static void fail(struct flow *flow, int error, aksu_time now)
{
    answer_failure(flow->gateway->net, flow->conn, error, now);
    flow_free(flow, false);
}

/* false: the connection came to nothing and the flow is freed. */
static bool answer_syn(struct flow *flow, aksu_time now)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (getsockopt(flow->watch.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error) {
        fail(flow, error, now);
        return false;
    }
    flow->connecting = false;
    if (aksu_complete(flow->gateway->net, flow->conn, now) == AKSU_OK)
        return true;
    aksu_close(flow->gateway->net, flow->conn, now);        /* the guest has given up meanwhile */
    flow_free(flow, true);
    return false;
}

static void flow_host_ready(struct gateway_watch *watch, uint32_t events, aksu_time now)
{
    struct flow *flow = (struct flow *)(void *)watch;

    if (flow->connecting && (!(events & (EPOLLOUT | EPOLLERR)) || !answer_syn(flow, now)))
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        flow->host_readable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        flow->host_last = true;
    if (events & EPOLLERR && flow->host_ended)
        flow->host_broken = true;       /* a read would only repeat the end of text */
    if (events & (EPOLLOUT | EPOLLERR))
        flow->host_writable = true;
    gateway_link_append(&flow->gateway->busy, &flow->busy);
}

void flow_guest_ready(struct flow *flow, uint32_t what, aksu_time now)
{
    (void)now;
    if (what & AKSU_FAILED) {
        aksu_close(flow->gateway->net, flow->conn, now);
        flow_free(flow, true);
        return;
    }
    if (what & AKSU_CONNECTED) {
        flow->open = true;
        flow->guest_writable = true;
    }
    if (what & (AKSU_READABLE | AKSU_PEER_CLOSED | AKSU_CONNECTED))
        flow->guest_readable = true;
    if (what & AKSU_WRITABLE)
        flow->guest_writable = true;
    gateway_link_append(&flow->gateway->busy, &flow->busy);
}

/* A host socket on its way to `to`, or -errno. The guest's stack decides what is sent when, so
 * the host adds no delay; and it looks for dead peers, which the guest's own probes cannot find
 * here: they are answered here. */
static int begin_connect(const struct aksu_endpoint *to)
{
    struct sockaddr_storage address;
    int family = gateway_address_family(&to->ip);
    socklen_t length = gateway_address_write(to, family, &address);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return -errno;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (connect(fd, (struct sockaddr *)&address, length) < 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static struct flow *new_flow(struct gateway *gateway, aksu_conn conn, int fd)
{
    struct flow *flow = calloc(1, sizeof *flow);

    if (!flow)
        return NULL;
    flow->gateway = gateway;
    flow->conn = conn;
    flow->connecting = true;
    flow->watch.ready = flow_host_ready;
    if (!gateway_poller_add(gateway->poller, &flow->watch, fd,
                            EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        free(flow);
        return NULL;
    }
    gateway_link_init(&flow->member);
    gateway_link_init(&flow->busy);
    gateway_link_append(&gateway->flows, &flow->member);
    return flow;
}

void flow_start(struct gateway *gateway, aksu_conn conn, aksu_time now)
{
    struct aksu_info info;

    if (aksu_status(gateway->net, conn, &info) != AKSU_OK)
        return;
    int fd = begin_connect(&info.local);
    if (fd < 0) {
        answer_failure(gateway->net, conn, -fd, now);
        return;
    }
    struct flow *flow = new_flow(gateway, conn, fd);
    if (!flow) {
        close(fd);
        aksu_ignore(gateway->net, conn, now);
        return;
    }
    aksu_set_cookie(gateway->net, conn, (uintptr_t)flow);
    aksu_set(gateway->net, conn, AKSU_OPTION_NODELAY, 1, now);
    aksu_set(gateway->net, conn, AKSU_OPTION_KEEPALIVE_IDLE, GUEST_IDLE_MS, now);
    aksu_set(gateway->net, conn, AKSU_OPTION_KEEPALIVE, 1, now);
}

void flow_work(struct flow *flow, aksu_time now)
{
    if (!flow->open)
        return;
    enum splice_end to_host = splice_to_host(flow, now);
    enum splice_end to_guest = to_host == SPLICE_LIVES ? splice_to_guest(flow, now) : to_host;

    switch (to_guest) {
    case SPLICE_LIVES:
        break;
    case SPLICE_RESET:
        aksu_abort(flow->gateway->net, flow->conn, now);
        flow_free(flow, true);
        return;
    case SPLICE_GONE:
        aksu_close(flow->gateway->net, flow->conn, now);
        flow_free(flow, true);
        return;
    }
    if (flow->host_ended && flow->guest_ended) {
        aksu_close(flow->gateway->net, flow->conn, now);
        flow_free(flow, false);
        return;
    }
    if (splice_can_write(flow) || splice_can_read(flow))
        gateway_link_append(&flow->gateway->busy, &flow->busy);
}
