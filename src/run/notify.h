/* notify.h - the calls that the filter announces, and the answers. */
#ifndef RUN_NOTIFY_H
#define RUN_NOTIFY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gateway/poller.h"

struct run;
struct run_socket;
struct seccomp_notif;
struct seccomp_notif_resp;

struct run_notify {
    struct gateway_watch watch;
    struct run *run;
    struct seccomp_notif *request;
    struct seccomp_notif_resp *response;
};

/* One call of one thread of the program, which waits for the answer. */
struct run_call {
    struct run *run;
    uint64_t id;
    pid_t thread;
    int number;
    uint64_t argument[6];
    struct run_socket *socket;          /* of argument[0]; NULL for socket() */
    aksu_time now;
};

/* What a handler returns: the value of the call, -errno, or one of these. */
enum {
    RUN_CONTINUE = -5000,               /* the kernel carries it out on the program's descriptor */
    RUN_ANSWERED = -5001                /* has been answered, or will be */
};

/* Takes the descriptor over. false: errno says why. */
bool run_notify_open(struct run_notify *notify, struct run *run, int fd);
void run_notify_close(struct run_notify *notify);
/* Nobody is left behind the filter. */
bool run_notify_deserted(const struct run_notify *notify);

/* false: the call is not waited for any more (a signal, or the thread is dead). */
bool run_notify_answer(struct run_notify *notify, uint64_t id, int64_t value);
/* Whether the thread still waits: only then is what was read from it its own. */
bool run_notify_valid(const struct run_notify *notify, uint64_t id);
/* Gives the program a copy of `fd`, and that number as the value of its call. false: as above. */
bool run_notify_give(const struct run_notify *notify, uint64_t id, int fd, bool cloexec);
/* Puts a copy of `fd` in the place of the program's `number`; the call still waits. */
bool run_notify_replace(const struct run_notify *notify, uint64_t id, int fd, int number,
                        bool cloexec);

#endif
