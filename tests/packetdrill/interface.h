/* interface.h - what packetdrill's --so_filename asks of a shared object: a struct of function
 * pointers, in this order, that it gives to packetdrill_interface_init() to be filled in. Declared
 * here from that order, so that building the adapter needs no packetdrill. */
#ifndef PACKETDRILL_INTERFACE_H
#define PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_interface {
    void *userdata;             /* the first argument of each call; the adapter needs none */
    void (*free)(void *u);
    int (*socket)(void *u, int domain, int type, int protocol);
    int (*bind)(void *u, int fd, const struct sockaddr *address, socklen_t length);
    int (*listen)(void *u, int fd, int backlog);
    int (*accept)(void *u, int fd, struct sockaddr *address, socklen_t *length);
    int (*connect)(void *u, int fd, const struct sockaddr *address, socklen_t length);
    ssize_t (*read)(void *u, int fd, void *data, size_t room);
    ssize_t (*readv)(void *u, int fd, const struct iovec *iov, int count);
    ssize_t (*recv)(void *u, int fd, void *data, size_t room, int flags);
    ssize_t (*recvfrom)(void *u, int fd, void *data, size_t room, int flags,
                        struct sockaddr *address, socklen_t *length);
    ssize_t (*recvmsg)(void *u, int fd, struct msghdr *message, int flags);
    ssize_t (*write)(void *u, int fd, const void *data, size_t length);
    ssize_t (*writev)(void *u, int fd, const struct iovec *iov, int count);
    ssize_t (*send)(void *u, int fd, const void *data, size_t length, int flags);
    ssize_t (*sendto)(void *u, int fd, const void *data, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length);
    ssize_t (*sendmsg)(void *u, int fd, const struct msghdr *message, int flags);
    int (*fcntl)(void *u, int fd, int command, ...);
    int (*ioctl)(void *u, int fd, unsigned long request, ...);
    int (*close)(void *u, int fd);
    int (*shutdown)(void *u, int fd, int how);
    int (*getsockopt)(void *u, int fd, int level, int name, void *value, socklen_t *length);
    int (*setsockopt)(void *u, int fd, int level, int name, const void *value, socklen_t length);
    int (*poll)(void *u, struct pollfd *fds, nfds_t count, int milliseconds);
    int (*netdev_send)(void *u, const void *packet, size_t length);     /* to the stack */
    int (*netdev_receive)(void *u, void *packet, size_t *length, long long *microseconds);
    int (*usleep)(void *u, useconds_t microseconds);
    int (*gettimeofday)(void *u, struct timeval *now, struct timezone *zone);
    int (*epoll_create)(void *u, int size);
    int (*epoll_ctl)(void *u, int epoll, int operation, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *u, int epoll, struct epoll_event *events, int most, int milliseconds);
    int (*pipe)(void *u, int fd[2]);
    int (*splice)(void *u, int in, loff_t *in_offset, int out, loff_t *out_offset, size_t length,
                  unsigned flags);
};

__attribute__((visibility("default")))
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *out);

#endif
