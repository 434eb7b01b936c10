/* tcp_info.h - struct tcp_info of Linux from a connection's STATUS. */
#ifndef RUN_TCP_INFO_H
#define RUN_TCP_INFO_H

#include <linux/tcp.h>

#include "run/sockets.h"

/* What the stack does not count is 0. */
void run_tcp_info(const struct run_socket *socket, aksu_time now, struct tcp_info *out);
void run_tcp_info_from(const struct aksu_info *from, uint32_t mtu, struct tcp_info *out);

#endif
