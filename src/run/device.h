/* device.h - a real device in the place of the link and the gateway: the program's stack is then a
 * host of its own on that network. net.c opens and turns it. */
#ifndef RUN_DEVICE_H
#define RUN_DEVICE_H

#include "aksu/host.h"
#include "gateway/poller.h"

struct run_device {
    struct gateway_poller *poller;
    struct gateway_watch watch;         /* the interface's descriptor, which is the host's */
    struct aksu_host *host;             /* NULL: there is no device */
    uint32_t watched;                   /* EPOLL events; 0: the poller does not have it now */
    bool suspect;                       /* the descriptor says that it has failed */
    bool gone;                          /* told; nothing moves any more */
    aksu_time deaf_until;               /* not watched until then */
};

/* Opens it, and waits until the addresses that were asked for are there. false: a sentence was
 * written to stderr, and nothing is left open. */
bool run_device_open(struct run_device *device, struct gateway_poller *poller,
                     const struct aksu_host_config *config);
void run_device_close(struct run_device *device);
/* Frames both ways, timers and DHCP, without waiting. true: something moved. */
bool run_device_move(struct run_device *device, aksu_time now);
/* Has the descriptor watched for what it should be, and says when to call again. */
aksu_time run_device_timeouts(struct run_device *device, aksu_time now);
/* Frames or connections are left that the other side has yet to take or end, TIME-WAIT aside. */
bool run_device_owes(const struct run_device *device);
/* Whether the program may bind() to this address: one of the host's that can be used. */
bool run_device_has(const struct run_device *device, const struct aksu_ip *ip);

#endif
