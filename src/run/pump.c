/* pump.c - readiness of both sides, turns, and the ends of connected sockets: how the program's
 * close() or the peer's reset reaches the other side. loop.c calls it. */
#include "run/pump.h"

#include <errno.h>
#include <sys/socket.h>

#include "run/calls.h"
#include "run/stream.h"
#include "run/supervisor.h"

static void make_busy(struct run_socket *socket)
{
    gateway_link_append(&socket->run->sockets.busy, &socket->busy);
}

void run_pump_ready(struct gateway_watch *watch, uint32_t events, aksu_time now)
{
    struct run_socket *socket = (struct run_socket *)(void *)watch;
    int error = 0;
    socklen_t length = sizeof error;

    (void)now;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
        socket->app_readable = true;
    if (events & EPOLLOUT)
        socket->app_writable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP))
        socket->app_last = true;
    if (events & EPOLLHUP)
        socket->app_gone = true;
    if (events & EPOLLERR
        && getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNRESET)
        socket->app_reset = true;
    make_busy(socket);
}

/* Closing our end with the stale octet unread makes the program see ECONNRESET, after what is
 * queued. */
static void reset_program(struct run_socket *socket, enum aksu_status reason)
{
    /* Its own descriptor will say ECONNRESET; what is more exact, SO_ERROR can. */
    int error = run_errno(reason);

    socket->error = error == ECONNRESET ? 0 : error;
    run_socket_over(socket);
}

static void failed(struct run_socket *socket, aksu_time now)
{
    struct aksu *net = socket->run->net.guest;
    struct aksu_info info = { .reason = AKSU_RESET };

    aksu_status(net, socket->conn, &info);
    aksu_close(net, socket->conn, now);
    if (socket->state == RUN_CONNECTING)
        run_connect_failed(socket, run_errno(info.reason));
    else
        reset_program(socket, info.reason);
}

/* While connecting an ICMP error ends the attempt, as on Linux; later it does not:
 * RFC 5461 4.1. */
static void soft_error(struct run_socket *socket, aksu_time now)
{
    struct aksu *net = socket->run->net.guest;
    struct aksu_info info;

    if (socket->state != RUN_CONNECTING || aksu_status(net, socket->conn, &info) != AKSU_OK
        || info.soft_error == AKSU_OK)
        return;
    aksu_abort(net, socket->conn, now);
    run_connect_failed(socket, run_errno(info.soft_error));
}

static void net_ready(struct run_socket *socket, uint32_t what, aksu_time now)
{
    if (what & AKSU_CONNECTED && socket->state == RUN_CONNECTING)
        run_connect_succeeded(socket, now);
    if (what & AKSU_SOFT_ERROR)
        soft_error(socket, now);
    if (what & (AKSU_READABLE | AKSU_PEER_CLOSED))
        socket->net_readable = true;
    if (what & AKSU_WRITABLE)
        socket->net_writable = true;
    if (what & AKSU_FAILED && socket->state == RUN_CONNECTED)
        run_stream_receive(socket, now);
    if (what & AKSU_FAILED && (socket->state == RUN_CONNECTED || socket->state == RUN_CONNECTING))
        failed(socket, now);
    else if (socket->state == RUN_CONNECTED)
        make_busy(socket);
}

bool run_pump_readiness(struct run *run, aksu_time now)
{
    struct aksu_ready ready;
    bool any = false;

    while (run_net_next_ready(&run->net, &ready)) {
        any = true;
        if (ready.cookie)
            net_ready((struct run_socket *)(uintptr_t)ready.cookie, ready.what, now);
    }
    return any;
}

static void cut_off(struct run_socket *socket, aksu_time now)
{
    if (socket->state == RUN_CONNECTED)
        run_stream_receive(socket, now);
    aksu_abort(socket->run->net.guest, socket->conn, now);
    if (socket->state == RUN_CONNECTING)
        run_connect_failed(socket, ENETDOWN);
    else
        reset_program(socket, AKSU_RESET);
}

static void for_each(struct run *run, enum run_socket_state state,
                     void (*act)(struct run_socket *socket, aksu_time now), aksu_time now)
{
    for (size_t i = 0; i < run->sockets.buckets; i++) {
        for (struct run_socket *socket = run->sockets.bucket[i]; socket; socket = socket->chain) {
            if (socket->state == state)
                act(socket, now);
        }
    }
}

void run_pump_cut_off(struct run *run, aksu_time now)
{
    for_each(run, RUN_CONNECTING, cut_off, now);
    for_each(run, RUN_CONNECTED, cut_off, now);
}

static void stop_connecting(struct run_socket *socket, aksu_time now)
{
    aksu_abort(socket->run->net.guest, socket->conn, now);
    run_connect_failed(socket, ECONNABORTED);
}

void run_pump_stop_connecting(struct run *run, aksu_time now)
{
    for_each(run, RUN_CONNECTING, stop_connecting, now);
}

/* The program's descriptor is closed (or shut down both ways, which on the wire is the same). */
static void program_closed(struct run_socket *socket, aksu_time now)
{
    struct aksu *net = socket->run->net.guest;

    if (socket->app_reset || socket->settings.linger_zero)
        aksu_abort(net, socket->conn, now);
    else if (!socket->app_ended)
        return;
    else {
        aksu_close(net, socket->conn, now);
        run_link_clean(socket->watch.fd);
    }
    run_socket_over(socket);
}

static void work(struct run_socket *socket, aksu_time now)
{
    enum run_stream stream = RUN_STREAM_LIVES;

    if (!socket->app_reset && !(socket->app_gone && socket->settings.linger_zero))
        stream = run_stream_send(socket, now);
    if (stream == RUN_STREAM_LIVES && !socket->app_gone)
        stream = run_stream_receive(socket, now);
    if (stream == RUN_STREAM_GONE)
        failed(socket, now);
    else if (socket->app_gone)
        program_closed(socket, now);
    if (socket->state == RUN_CONNECTED
        && (run_stream_can_send(socket)
            || (run_stream_can_receive(socket) && !socket->app_gone)))
        make_busy(socket);
}

bool run_pump_work(struct run *run, aksu_time now)
{
    struct gateway_link turn;
    bool any = false;

    gateway_link_init(&turn);
    gateway_list_move(&turn, &run->sockets.busy);
    while (!gateway_link_alone(&turn)) {
        struct run_socket *socket = GATEWAY_HOLDER(struct run_socket, busy, turn.next);
        gateway_link_remove(&socket->busy);
        work(socket, now);
        any = true;
    }
    return any;
}
