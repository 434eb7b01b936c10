/* preload.c - with the shared object in LD_PRELOAD as well, an unmodified packetdrill needs no root
 * and no change: its code blocks ask our sockets, memory is not locked, the scheduler is left
 * alone, and the start does not wait for the system's clock. Without LD_PRELOAD nothing here is
 * called. Each goes to the C library when it is not about us. */
#include <dlfcn.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/times.h>

#include "adapter.h"

#define EXPORTED __attribute__((visibility("default")))

typedef int getsockopt_call(int, int, int, void *, socklen_t *);

EXPORTED int getsockopt(int fd, int level, int name, void *restrict value,
                        socklen_t *restrict length);
EXPORTED int mlockall(int flags);
EXPORTED int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param);
EXPORTED clock_t times(struct tms *out);

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict length)
{
    if (pd_interface.getsockopt && pd_socket_of(fd))
        return pd_interface.getsockopt(NULL, fd, level, name, value, length);
    getsockopt_call *next = (getsockopt_call *)dlsym(RTLD_NEXT, "getsockopt");
    return next ? next(fd, level, name, value, length) : pd_fail(ENOSYS);
}

int mlockall(int flags)
{
    (void)flags;
    return 0;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    (void)pid;
    (void)policy;
    (void)param;
    return 0;
}

/* packetdrill waits until this has moved ten times. */
clock_t times(struct tms *out)
{
    static clock_t ticks;

    if (out)
        *out = (struct tms){ 0, 0, 0, 0 };
    return ++ticks;
}
