/* device.h - what the files of this directory share: one opener per kind of interface, and what all
 * of them need. Called by interface.c and by the openers. */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include "aksu/device.h"

#include <sys/uio.h>

/* Openers. `config` is never NULL. NULL: `why` is a sentence with the way round it, and nothing is
 * left open; that includes a descriptor that was given. */
struct aksu_interface *device_open_tap(const char *name, bool tun,
                                       const struct aksu_interface_config *config,
                                       char why[AKSU_WHY]);
struct aksu_interface *device_open_packet(const char *name,
                                          const struct aksu_interface_config *config,
                                          char why[AKSU_WHY]);
/* Is it a descriptor of /dev/net/tun that has an interface? */
bool device_is_tun(int fd);
struct aksu_interface *device_open_tun_fd(int fd, const struct aksu_interface_config *config,
                                          char why[AKSU_WHY]);
/* socket.c. A stream or datagram socket, connected. */
struct aksu_interface *device_open_socket_fd(int fd, const struct aksu_interface_config *config,
                                             char why[AKSU_WHY]);
/* `paths`: "OURS,PEER". */
struct aksu_interface *device_open_dgram(const char *paths,
                                         const struct aksu_interface_config *config,
                                         char why[AKSU_WHY]);
struct aksu_interface *device_open_stream(const char *path,
                                          const struct aksu_interface_config *config,
                                          char why[AKSU_WHY]);

/* A sentence; what does not fit is cut. */
void device_why(char why[AKSU_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* interface.c. What waited goes first; false: it still waits. Then: one frame, cut if it must be;
 * if it is not taken, a copy waits (`blocked`). */
bool device_unblock(struct aksu_interface *i, aksu_time now);
void device_offer(struct aksu_interface *i, const struct aksu_frame *frame, aksu_time now);

/* A random locally administered unicast address. False: the system has no randomness to give. */
bool device_mac(uint8_t mac[6]);

/* Fills in what is common, before the kind sets its own: ops, fd, name (cut to 15 octets),
 * device.name, device.mac (of `config`, or a random one; none for `bare`), device.mtu (of `config`,
 * or `mtu`, or 1500), retry_at. device.offload is 0. False: `why`. */
bool device_init(struct aksu_interface *i, const struct aksu_interface_ops *ops, int fd,
                 const char *name, const struct aksu_interface_config *config, uint32_t mtu,
                 bool bare, char why[AKSU_WHY]);

/* From now on the interface is gone, and this is why (the first reason stays). */
void device_gone(struct aksu_interface *i, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The frame's parts as an iovec of at least AKSU_FRAME_PARTS. Returns how many. */
unsigned device_iovec(const struct aksu_frame *frame, struct iovec *out);

#endif
