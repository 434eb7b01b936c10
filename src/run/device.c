/* device.c - opens the host of a run, has its interface watched by the loop's poller, and notices
 * when it is gone. */
#include "run/device.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/ip_addr.h"
#include "gateway/list.h"

static const aksu_time PATIENCE = AKSU_SECONDS(20);
/* A descriptor that has failed, though the interface does not say so, is left alone so long. */
static const aksu_time DEAF = AKSU_MS(10);

static bool refuse(struct run_device *device, const char *why)
{
    fprintf(stderr, "aksu run: %s\n", why);
    run_device_close(device);
    return false;
}

static void device_ready(struct gateway_watch *watch, uint32_t events, aksu_time now)
{
    struct run_device *device = GATEWAY_HOLDER(struct run_device, watch, watch);

    (void)now;
    device->suspect = (events & (EPOLLERR | EPOLLHUP)) != 0;
}

bool run_device_open(struct run_device *device, struct gateway_poller *poller,
                     const struct aksu_host_config *config)
{
    char why[AKSU_WHY] = "";

    *device = (struct run_device){ .poller = poller, .watch = { -1, device_ready } };
    device->host = aksu_host_open(config, why);
    if (!device->host)
        return refuse(device, why);
    int fd = aksu_host_interface(device->host)->fd;
    if (fd <= STDERR_FILENO)
        return refuse(device, "descriptors 0 to 2 are the program's: give the device as another "
                              "one, such as fd:3");
    fcntl(fd, F_SETFD, FD_CLOEXEC);         /* one that was given must not reach the program */
    device->watch.fd = fd;
    return aksu_host_settle(device->host, aksu_host_now() + PATIENCE, why) || refuse(device, why);
}

/* The descriptor is watched for these events from now on; 0: not at all. */
static void watch_for(struct run_device *device, uint32_t events)
{
    struct epoll_event event = { .events = events, .data = { .ptr = &device->watch } };
    int how = events == 0 ? EPOLL_CTL_DEL : device->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    if (events == device->watched)
        return;
    epoll_ctl(device->poller->epoll, how, device->watch.fd, &event);
    device->watched = events;
}

void run_device_close(struct run_device *device)
{
    if (!device->host)
        return;
    watch_for(device, 0);
    aksu_host_close(device->host);
    device->host = NULL;
}

bool run_device_move(struct run_device *device, aksu_time now)
{
    if (device->gone)
        return false;
    bool moved = aksu_host_turn(device->host, now);
    if (aksu_host_interface(device->host)->gone) {
        device->gone = true;
        watch_for(device, 0);
        fprintf(stderr, "aksu run: %s\n", aksu_host_why(device->host));
        fflush(stderr);
    }
    if (device->suspect && !moved && !device->gone) {
        watch_for(device, 0);
        device->deaf_until = now + DEAF;
    }
    device->suspect = false;
    return moved;
}

aksu_time run_device_timeouts(struct run_device *device, aksu_time now)
{
    const struct aksu_interface *interface = aksu_host_interface(device->host);
    bool full = interface->blocked && interface->retry_at == AKSU_NEVER;

    if (device->gone)
        return AKSU_NEVER;
    aksu_time next = aksu_host_next_timeout(device->host);
    if (now < device->deaf_until)
        return next < device->deaf_until ? next : device->deaf_until;
    watch_for(device, full ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return next;
}

bool run_device_owes(const struct run_device *device)
{
    const struct aksu_interface *interface = aksu_host_interface(device->host);
    struct aksu_counters counters;

    if (device->gone)
        return false;
    aksu_counters(aksu_host_stack(device->host), &counters);
    return counters.connections > 0 || interface->blocked || interface->due_at != 0;
}

bool run_device_has(const struct run_device *device, const struct aksu_ip *ip)
{
    struct aksu_address a;

    for (uint32_t i = 0; aksu_address_at(aksu_host_stack(device->host), i, &a); i++) {
        if (ip_eq(&a.ip, ip))
            return a.state == AKSU_ADDRESS_PREFERRED || a.state == AKSU_ADDRESS_DEPRECATED;
    }
    return false;
}
