/* sweep.c - which inodes are still open in some process: /proc/PID/fd. A socket that two sweeps in
 * a row did not find is gone. What is over is looked up in /proc/net/unix instead, where one read
 * tells all. A process that may not be looked into and could be one of ours makes a sweep void. */
#include "run/sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/supervisor.h"

enum { OVER_MOST = 1024 };

static const aksu_time CONNECTING_CHECK = AKSU_SECONDS(1);

static bool could_be_ours(int process)
{
    char line[128];
    unsigned uid = 0;
    int mode = 0;
    int fd = openat(process, "status", O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

    if (!file) {
        if (fd >= 0)
            close(fd);
        return false;                   /* it is gone */
    }
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "Uid: %u", &uid) != 1)
            sscanf(line, "Seccomp: %d", &mode);
    }
    fclose(file);
    return uid == getuid() && mode == 2;
}

/* false: it may hold what cannot be seen. */
static bool look_into(struct run *run, int process)
{
    int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *descriptors = fd < 0 ? NULL : fdopendir(fd);
    struct stat status;

    if (!descriptors) {
        if (fd >= 0)
            close(fd);
        return errno != EACCES || !could_be_ours(process);
    }
    for (struct dirent *entry; (entry = readdir(descriptors));) {
        if (fstatat(fd, entry->d_name, &status, 0) < 0 || !S_ISSOCK(status.st_mode))
            continue;
        struct run_socket *socket = run_sockets_find(&run->sockets, status.st_ino);
        if (socket)
            socket->seen = run->sockets.sweep;
    }
    closedir(descriptors);
    return true;
}

static bool look_everywhere(struct run *run)
{
    DIR *proc = opendir("/proc");
    bool complete = proc != NULL;

    for (struct dirent *entry; complete && (entry = readdir(proc));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == getpid())
            continue;
        int process = openat(dirfd(proc), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (process < 0)
            continue;
        complete = look_into(run, process);
        close(process);
    }
    if (proc)
        closedir(proc);
    return complete;
}

static void forget_missing(struct run *run, aksu_time now)
{
    struct gateway_link *head = &run->sockets.keeping;

    for (struct gateway_link *next, *link = head->next; link != head; link = next) {
        struct run_socket *socket = GATEWAY_HOLDER(struct run_socket, keeping, link);
        next = link->next;
        if (socket->seen == run->sockets.sweep)
            socket->missed = 0;
        else if (++socket->missed >= 2) {
            if (socket->state == RUN_CONNECTING)
                aksu_abort(run->net.guest, socket->conn, now);
            run_socket_free(socket);
        }
    }
}

static void sweep(struct run *run)
{
    run->sockets.sweep++;
    if (look_everywhere(run))
        forget_missing(run, gateway_clock());
    run->sockets.kept_most = run->sockets.kept * 2 > 64 ? run->sockets.kept * 2 : 64;
}

static void mark_living(struct run *run)
{
    FILE *file = fopen("/proc/net/unix", "re");
    char line[256];
    uint64_t inode;

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*s %*s %*s %*s %*s %*s %" SCNu64, &inode) != 1)
            continue;
        struct run_socket *socket = run_sockets_find(&run->sockets, inode);
        if (socket)
            socket->seen = run->sockets.sweep;
    }
    if (file)
        fclose(file);
}

static void forget_over(struct run *run)
{
    run->sockets.sweep++;
    mark_living(run);
    for (size_t i = 0; i < run->sockets.buckets; i++) {
        for (struct run_socket *next, *s = run->sockets.bucket[i]; s; s = next) {
            next = s->chain;
            if (s->state == RUN_OVER && s->seen != run->sockets.sweep)
                run_socket_free(s);
        }
    }
}

void run_sweep_if_many(struct run *run)
{
    if (run->sockets.kept >= run->sockets.kept_most)
        sweep(run);
    if (run->sockets.over >= OVER_MOST && run->sockets.over * 2 > run->sockets.count)
        forget_over(run);
}

void run_sweep_later(struct run *run, aksu_time now)
{
    if (run->sweep_at == AKSU_NEVER)
        run->sweep_at = now + CONNECTING_CHECK;
}

aksu_time run_sweep_timeouts(struct run *run, aksu_time now)
{
    struct gateway_link *head = &run->sockets.keeping;
    bool connecting = false;
    bool long_ago = false;

    if (now < run->sweep_at)
        return run->sweep_at;
    for (struct gateway_link *link = head->next; link != head; link = link->next) {
        const struct run_socket *socket = GATEWAY_HOLDER(struct run_socket, keeping, link);
        if (socket->state != RUN_CONNECTING)
            continue;
        connecting = true;
        long_ago = long_ago || now - socket->begun >= CONNECTING_CHECK;
    }
    if (long_ago)
        sweep(run);
    run->sweep_at = connecting ? now + CONNECTING_CHECK : AKSU_NEVER;
    return run->sweep_at;
}
