/* socket.h - what the socket interfaces share. Called by socket.c, socket_dgram.c,
 * socket_stream.c. */
#ifndef DEVICE_SOCKET_H
#define DEVICE_SOCKET_H

#include "device/device.h"

#include <sys/un.h>

enum { SOCKET_LINK_MOST = 18,               /* an Ethernet header with a VLAN tag */
       SOCKET_FRAME_MOST = 65535 + SOCKET_LINK_MOST };

/* Interfaces on a connected socket, which they own from now on, also when they fail. `name` is the
 * interface's. */
struct aksu_interface *socket_new_dgram(int fd, int type, const char *name,
                                        const struct aksu_interface_config *config,
                                        char why[AKSU_WHY]);
struct aksu_interface *socket_new_stream(int fd, const char *name,
                                         const struct aksu_interface_config *config,
                                         char why[AKSU_WHY]);

/* device_init for sockets: nothing below them cuts or sums, so aksu_interface_move does. */
bool socket_init(struct aksu_interface *i, const struct aksu_interface_ops *ops, int fd,
                 const char *name, const struct aksu_interface_config *config, char why[AKSU_WHY]);

/* False: it is empty or too long for a socket's address; `why`. */
bool socket_path(struct sockaddr_un *out, const char *path, size_t length, char why[AKSU_WHY]);

#endif
