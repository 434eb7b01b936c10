/* stream.h - the two directions of one connected socket; pump.c says when. */
#ifndef RUN_STREAM_H
#define RUN_STREAM_H

#include "run/sockets.h"

enum run_stream {
    RUN_STREAM_LIVES,
    RUN_STREAM_GONE             /* the connection failed; aksu_status() says why */
};

/* Whether something could be moved, as far as is known. */
static inline bool run_stream_can_send(const struct run_socket *socket)
{
    return socket->app_readable && socket->net_writable && !socket->app_ended;
}

static inline bool run_stream_can_receive(const struct run_socket *socket)
{
    return socket->net_readable && (socket->app_writable || socket->app_deaf) && !socket->net_ended;
}

/* From the program into the connection, and back; a bounded amount. */
enum run_stream run_stream_send(struct run_socket *socket, aksu_time now);
enum run_stream run_stream_receive(struct run_socket *socket, aksu_time now);

#endif
