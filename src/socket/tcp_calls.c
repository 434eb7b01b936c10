/* tcp_calls.c - SEND, RECEIVE, CLOSE, ABORT, STATUS (RFC 9293 3.9.1.2 to 3.9.1.6) and settings:
 * installed calls of aksu/socket.h. */
#include "stack/calls.h"

ptrdiff_t aksu_send(struct aksu *net, aksu_conn handle, const void *data, size_t length,
                    unsigned flags, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return -(ptrdiff_t)AKSU_DOES_NOT_EXIST;
    ptrdiff_t n = tcp_send(&c->tcp, data, length, flags, now);
    stack_settle(net, c, now);
    return n;
}

ptrdiff_t aksu_reserve(struct aksu *net, aksu_conn handle, struct aksu_space *out, unsigned most,
                       aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return -(ptrdiff_t)AKSU_DOES_NOT_EXIST;
    ptrdiff_t n = tcp_reserve(&c->tcp, out, most, now);
    stack_settle(net, c, now);
    return n;
}

enum aksu_status aksu_commit(struct aksu *net, aksu_conn handle, size_t length, unsigned flags,
                             aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    enum aksu_status status = tcp_commit(&c->tcp, length, flags, now);
    stack_settle(net, c, now);
    return status;
}

ptrdiff_t aksu_receive(struct aksu *net, aksu_conn handle, void *data, size_t room, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return -(ptrdiff_t)AKSU_DOES_NOT_EXIST;
    ptrdiff_t n = tcp_receive(&c->tcp, data, room, now);
    stack_settle_reader(net, c);
    return n;
}

ptrdiff_t aksu_peek(struct aksu *net, aksu_conn handle, struct aksu_slice *out, unsigned most)
{
    const struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return -(ptrdiff_t)AKSU_DOES_NOT_EXIST;
    return tcp_peek(&c->tcp, out, most);
}

enum aksu_status aksu_consume(struct aksu *net, aksu_conn handle, size_t length, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    enum aksu_status status = tcp_consume(&c->tcp, length, now);
    stack_settle_reader(net, c);
    return status;
}

enum aksu_status aksu_shutdown(struct aksu *net, aksu_conn handle, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    enum aksu_status status = tcp_close(&c->tcp, now);
    stack_settle(net, c, now);
    return status;
}

/* A SYN that was never answered is refused: its sender waits for something. */
enum aksu_status aksu_close(struct aksu *net, aksu_conn handle, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    if (c->tcp.held)
        return aksu_refuse(net, handle, now);
    (void)tcp_release(&c->tcp, now);
    stack_let_go(net, c, now);
    return AKSU_OK;
}

enum aksu_status aksu_abort(struct aksu *net, aksu_conn handle, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    if (c->tcp.held)
        return aksu_refuse(net, handle, now);
    (void)tcp_abort(&c->tcp, now);
    stack_let_go(net, c, now);
    return AKSU_OK;
}

enum aksu_status aksu_status(const struct aksu *net, aksu_conn handle, struct aksu_info *out)
{
    const struct conn *c = conn_find(net, handle);
    return c == NULL ? AKSU_DOES_NOT_EXIST : tcp_status(&c->tcp, out);
}

bool aksu_next_connection(const struct aksu *net, uint32_t *cursor, aksu_conn *out)
{
    const struct conn *c = conn_next(net, *cursor);
    if (c == NULL)
        return false;
    *cursor = c->tcp.conn;
    *out = conn_handle(c);
    return true;
}

enum aksu_status aksu_set(struct aksu *net, aksu_conn handle, enum aksu_option option,
                          int64_t value, aksu_time now)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    enum aksu_status status = tcp_set(&c->tcp, option, value, now);
    stack_settle(net, c, now);
    return status;
}

enum aksu_status aksu_set_congestion_control(struct aksu *net, aksu_conn handle, const char *name,
                                             aksu_time now)
{
    const struct cc_ops *ops = cc_find(name);
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    if (ops == NULL)
        return AKSU_INVALID;
    tcp_set_congestion_control(&c->tcp, ops, now);
    stack_settle(net, c, now);
    return AKSU_OK;
}

enum aksu_status aksu_set_cookie(struct aksu *net, aksu_conn handle, uint64_t cookie)
{
    struct conn *c = conn_find(net, handle);
    if (c == NULL)
        return AKSU_DOES_NOT_EXIST;
    c->cookie = cookie;
    return AKSU_OK;
}
