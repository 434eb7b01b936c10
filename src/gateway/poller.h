/* poller.h - one epoll instance and those who wait on it. Edge-triggered use is up to the
 * watcher. */
#ifndef GATEWAY_POLLER_H
#define GATEWAY_POLLER_H

#include <sys/epoll.h>

#include "aksu/types.h"

/* Embed it in what waits. */
struct gateway_watch {
    int fd;                             /* -1: none */
    void (*ready)(struct gateway_watch *watch, uint32_t events, aksu_time now);
};

enum { GATEWAY_POLLER_BATCH = 64 };

struct gateway_poller {
    int epoll;
    int count;                          /* of the batch being handed out */
    struct epoll_event batch[GATEWAY_POLLER_BATCH];
};

/* CLOCK_MONOTONIC. */
aksu_time gateway_clock(void);

/* false: errno says why. */
bool gateway_poller_init(struct gateway_poller *poller);
void gateway_poller_fini(struct gateway_poller *poller);

/* From now on `ready` is called for these EPOLL events of `fd`; the descriptor belongs to the
 * watch. false: errno says why, and nothing is watched. */
bool gateway_poller_add(struct gateway_poller *poller, struct gateway_watch *watch, int fd,
                        uint32_t events);
/* Closes the descriptor; the watch may be freed at once, even inside a `ready`. */
void gateway_poller_close(struct gateway_poller *poller, struct gateway_watch *watch);

/* Waits until `deadline` (of gateway_clock) for a batch of events and hands them out. */
void gateway_poller_wait(struct gateway_poller *poller, aksu_time deadline);
/* Hands out what is there, without waiting. `now` may be of any clock, as long as it is the one
 * that the stack has: for programs with a loop or a time of their own. */
void gateway_poller_look(struct gateway_poller *poller, aksu_time now);

#endif
