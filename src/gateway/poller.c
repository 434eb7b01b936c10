/* poller.c - a thin layer over epoll: events go to the object that waits, and never to a freed
 * one. */
#include "gateway/poller.h"

#include <time.h>
#include <unistd.h>

aksu_time gateway_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return AKSU_SECONDS(now.tv_sec) + (aksu_time)now.tv_nsec;
}

bool gateway_poller_init(struct gateway_poller *poller)
{
    poller->count = 0;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    return poller->epoll >= 0;
}

void gateway_poller_fini(struct gateway_poller *poller)
{
    close(poller->epoll);
    poller->epoll = -1;
}

bool gateway_poller_add(struct gateway_poller *poller, struct gateway_watch *watch, int fd,
                        uint32_t events)
{
    struct epoll_event event = { .events = events, .data = { .ptr = watch } };

    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return false;
    watch->fd = fd;
    return true;
}

void gateway_poller_close(struct gateway_poller *poller, struct gateway_watch *watch)
{
    if (watch->fd < 0)
        return;
    epoll_ctl(poller->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    close(watch->fd);
    watch->fd = -1;
    for (int i = 0; i < poller->count; i++) {
        if (poller->batch[i].data.ptr == watch)
            poller->batch[i].data.ptr = NULL;
    }
}

static struct timespec until(aksu_time deadline)
{
    aksu_time now = gateway_clock();
    aksu_time left = deadline > now ? deadline - now : 0;

    return (struct timespec){ .tv_sec = (time_t)(left / AKSU_SECONDS(1)),
                              .tv_nsec = (long)(left % AKSU_SECONDS(1)) };
}

/* What epoll has said of `count` descriptors, an error of -1 included. */
static void hand_out(struct gateway_poller *poller, int count, aksu_time now)
{
    poller->count = count;
    for (int i = 0; i < poller->count; i++) {
        struct gateway_watch *watch = poller->batch[i].data.ptr;
        if (watch)
            watch->ready(watch, poller->batch[i].events, now);
    }
    poller->count = 0;
}

void gateway_poller_wait(struct gateway_poller *poller, aksu_time deadline)
{
    struct timespec left = { 0 };

    if (deadline != AKSU_NEVER)
        left = until(deadline);
    int count = epoll_pwait2(poller->epoll, poller->batch, GATEWAY_POLLER_BATCH,
                             deadline == AKSU_NEVER ? NULL : &left, NULL);

    hand_out(poller, count, gateway_clock());
}

void gateway_poller_look(struct gateway_poller *poller, aksu_time now)
{
    hand_out(poller, epoll_wait(poller->epoll, poller->batch, GATEWAY_POLLER_BATCH, 0), now);
}
