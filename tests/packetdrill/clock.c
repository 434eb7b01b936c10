/* clock.c - virtual time. It stands still but for what packetdrill sleeps, and for a microsecond
 * each time that it looks. init.c and packets.c call it.
 *
 * A call that blocks runs on packetdrill's second thread and must really sleep there. When it can
 * go on, the clock stands until that thread has read it: the first thing that packetdrill does
 * with a call that returns. So it ends at the right time. And before the next event it must have
 * noted what came of the call, and sleep again: for that packetdrill relies on real time. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapter.h"

#define PATIENCE AKSU_SECONDS(600)      /* what comes later than this does not come */

struct waiter {
    struct waiter *next;
    bool (*ready)(void *argument);
    void *argument;
    aksu_time deadline;
    bool woken;
};

static struct waiter *waiters;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_cond_t back = PTHREAD_COND_INITIALIZER;
static unsigned on_the_way;             /* woken, and not yet back in packetdrill */
static _Thread_local bool is_on_the_way;
static pid_t came_back;                 /* the thread that was; 0: it has been seen asleep */
static pthread_t driver;                /* the thread that makes time pass */

void pd_clock_init(void)
{
    driver = pthread_self();
    waiters = NULL;
    on_the_way = 0;
    came_back = 0;
    is_on_the_way = false;
    pd.now = AKSU_SECONDS(1000000);
}

void pd_settle(void)
{
    for (struct waiter *w = waiters; w; w = w->next) {
        if (!w->woken && (w->ready(w->argument) || w->deadline <= pd.now)) {
            w->woken = true;
            on_the_way++;
        }
    }
    if (on_the_way > 0)
        pthread_cond_broadcast(&wake);
    while (on_the_way > 0 && !is_on_the_way)
        pthread_cond_wait(&back, &pd.lock);
}

void pd_after(void)
{
    pd_pump();
    pd_settle();
    pd_pump();                          /* who could not go on may have sent something */
}

void pd_leave(void)
{
    int error = errno;
    if (pd.net)
        pd_after();
    pthread_mutex_unlock(&pd.lock);
    errno = error;
}

aksu_time pd_next(void)
{
    aksu_time next = pd.net ? aksu_next_timeout(pd.net) : AKSU_NEVER;

    for (const struct waiter *w = waiters; w; w = w->next) {
        if (!w->woken && w->deadline < next)
            next = w->deadline;
    }
    return next;
}

void pd_advance(aksu_time to)
{
    for (aksu_time next; (next = pd_next()) <= to;) {
        pd.now = next > pd.now ? next : pd.now + AKSU_US(1);
        if (pd.net)
            aksu_timeouts(pd.net, pd.now);
        pd_after();
    }
    if (to > pd.now)
        pd.now = to;
}

/* Nobody else moves the clock: it is moved here, as long as something may still happen. */
static bool drive(bool (*ready)(void *argument), void *argument, aksu_time deadline)
{
    while (!ready(argument)) {
        aksu_time next = pd_next();
        if (next > deadline || next > pd.now + PATIENCE) {
            if (deadline != AKSU_NEVER)
                pd_advance(deadline);
            break;
        }
        pd_advance(next);
    }
    return ready(argument);
}

bool pd_wait(bool (*ready)(void *argument), void *argument, aksu_time deadline)
{
    struct waiter w = { waiters, ready, argument, deadline, false };

    if (ready(argument))
        return true;
    if (deadline <= pd.now)
        return false;
    if (pthread_equal(pthread_self(), driver))
        return drive(ready, argument, deadline);
    waiters = &w;
    while (!w.woken)
        pthread_cond_wait(&wake, &pd.lock);
    struct waiter **place = &waiters;
    while (*place != &w)
        place = &(*place)->next;
    *place = w.next;
    is_on_the_way = true;
    return ready(argument);
}

static bool sleeps(pid_t thread)
{
    char path[64], line[256] = "";

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "re");
    if (!file)
        return true;                    /* it is no more */
    const char *name = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    return name && strncmp(name, ") S", 3) == 0;
}

/* packetdrill's own lock is free while its first thread is here. */
static void let_it_finish(void)
{
    const struct timespec moment = { .tv_nsec = 20000 };

    pthread_mutex_lock(&pd.lock);
    pid_t thread = came_back == gettid() ? 0 : came_back;   /* it is here: it has finished */
    came_back = 0;
    pthread_mutex_unlock(&pd.lock);
    for (unsigned i = 0; i < 10000 && thread != 0 && !sleeps(thread); i++)
        nanosleep(&moment, NULL);
}

int pd_usleep(void *u, useconds_t microseconds)
{
    (void)u;
    let_it_finish();
    pthread_mutex_lock(&pd.lock);
    pd_advance(pd.now + AKSU_US(microseconds));
    pthread_mutex_unlock(&pd.lock);
    return 0;
}

int pd_gettimeofday(void *u, struct timeval *now, struct timezone *zone)
{
    (void)u;
    (void)zone;
    pthread_mutex_lock(&pd.lock);
    if (is_on_the_way) {
        is_on_the_way = false;
        came_back = gettid();
        on_the_way--;
        pthread_cond_signal(&back);
    } else {
        pd_advance(pd.now + AKSU_US(1));        /* packetdrill spins on it */
    }
    now->tv_sec = (time_t)(pd.now / AKSU_SECONDS(1));
    now->tv_usec = (suseconds_t)(pd.now % AKSU_SECONDS(1) / AKSU_US(1));
    pthread_mutex_unlock(&pd.lock);
    return 0;
}
