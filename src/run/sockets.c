/* sockets.c - the table of the program's sockets by inode, and what each of them owns. */
#include "run/sockets.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/pump.h"
#include "run/supervisor.h"

enum { FIRST_BUCKETS = 64, FIRST_SWEEP = 64 };

bool run_sockets_init(struct run_sockets *sockets)
{
    *sockets = (struct run_sockets){ .buckets = FIRST_BUCKETS, .kept_most = FIRST_SWEEP };
    gateway_link_init(&sockets->keeping);
    gateway_link_init(&sockets->timed);
    gateway_link_init(&sockets->busy);
    sockets->bucket = calloc(FIRST_BUCKETS, sizeof(struct run_socket *));
    return sockets->bucket != NULL;
}

void run_sockets_fini(struct run_sockets *sockets)
{
    for (size_t i = 0; i < sockets->buckets; i++) {
        for (struct run_socket *next, *socket = sockets->bucket[i]; socket; socket = next) {
            next = socket->chain;
            run_socket_free(socket);
        }
    }
    free(sockets->bucket);
}

/* Inodes of sockets are handed out one after the other. */
static struct run_socket **bucket_of(const struct run_sockets *sockets, uint64_t inode)
{
    return &sockets->bucket[inode & (sockets->buckets - 1)];
}

struct run_socket *run_sockets_find(const struct run_sockets *sockets, uint64_t inode)
{
    struct run_socket *socket = *bucket_of(sockets, inode);

    while (socket && socket->inode != inode)
        socket = socket->chain;
    return socket;
}

bool run_sockets_use(const struct run_sockets *sockets, uint16_t port)
{
    for (size_t i = 0; i < sockets->buckets; i++) {
        for (const struct run_socket *s = sockets->bucket[i]; s; s = s->chain) {
            if (s->local.port == port || s->bound.port == port)
                return true;
        }
    }
    return false;
}

/* Without memory the chains grow instead. */
static void grow(struct run_sockets *sockets)
{
    struct run_sockets larger = *sockets;

    larger.buckets *= 2;
    larger.bucket = calloc(larger.buckets, sizeof(struct run_socket *));
    if (!larger.bucket)
        return;
    for (size_t i = 0; i < sockets->buckets; i++) {
        for (struct run_socket *next, *socket = sockets->bucket[i]; socket; socket = next) {
            struct run_socket **place = bucket_of(&larger, socket->inode);
            next = socket->chain;
            socket->chain = *place;
            *place = socket;
        }
    }
    free(sockets->bucket);
    sockets->bucket = larger.bucket;
    sockets->buckets = larger.buckets;
}

static void enter(struct run_sockets *sockets, struct run_socket *socket)
{
    struct run_socket *older = run_sockets_find(sockets, socket->inode);

    if (older)
        run_socket_free(older);         /* the kernel has given its number to another */
    if (sockets->count >= sockets->buckets)
        grow(sockets);
    struct run_socket **place = bucket_of(sockets, socket->inode);
    socket->chain = *place;
    *place = socket;
    sockets->count++;
}

static void leave(struct run_sockets *sockets, struct run_socket *socket)
{
    struct run_socket **place = bucket_of(sockets, socket->inode);

    while (*place != socket)
        place = &(*place)->chain;
    *place = socket->chain;
    sockets->count--;
}

static void keep(struct run_socket *socket, int kept)
{
    struct run_sockets *sockets = &socket->run->sockets;
    struct stat status;

    fstat(kept, &status);
    socket->inode = status.st_ino;
    socket->kept = kept;
    socket->missed = 0;
    gateway_link_append(&sockets->keeping, &socket->keeping);
    sockets->kept++;
    enter(sockets, socket);
}

struct run_socket *run_socket_new(struct run *run, int family, int kept)
{
    struct run_socket *socket = calloc(1, sizeof *socket);

    if (!socket)
        return NULL;
    socket->run = run;
    socket->family = family;
    socket->end = -1;
    socket->watch = (struct gateway_watch){ .fd = -1, .ready = run_pump_ready };
    socket->settings = (struct run_settings){ -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                              false, false, false };
    gateway_link_init(&socket->busy);
    gateway_link_init(&socket->keeping);
    gateway_link_init(&socket->timed);
    keep(socket, kept);
    return socket;
}

static void close_end(struct run_socket *socket)
{
    gateway_poller_close(&socket->run->poller, &socket->watch);
    if (socket->end >= 0)
        close(socket->end);
    socket->end = -1;
    gateway_link_remove(&socket->busy);
    gateway_link_remove(&socket->timed);
}

void run_socket_drop_kept(struct run_socket *socket)
{
    if (socket->kept < 0)
        return;
    close(socket->kept);
    socket->kept = -1;
    gateway_link_remove(&socket->keeping);
    socket->run->sockets.kept--;
}

void run_socket_give_up(struct run_socket *socket)
{
    close_end(socket);
    run_socket_drop_kept(socket);
}

void run_socket_over(struct run_socket *socket)
{
    run_socket_give_up(socket);
    if (socket->state != RUN_OVER)
        socket->run->sockets.over++;
    socket->state = RUN_OVER;
}

void run_socket_renew(struct run_socket *socket, int kept)
{
    run_socket_give_up(socket);
    leave(&socket->run->sockets, socket);
    socket->state = RUN_FRESH;
    socket->error = 0;
    socket->told = false;
    keep(socket, kept);
}

void run_socket_free(struct run_socket *socket)
{
    run_socket_give_up(socket);
    if (socket->state == RUN_OVER)
        socket->run->sockets.over--;
    leave(&socket->run->sockets, socket);
    free(socket);
}
