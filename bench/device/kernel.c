/* kernel.c - the kernel's end of the device benchmark: takes or gives octets over one connection,
 * or opens or serves many short ones. Prints one line of numbers when it is done. Started by
 * bench/device/run inside a network namespace. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, BATCH = 64, PORTS_MOST = 64 };

static char block[BLOCK];

static void die(const char *what)
{
    fprintf(stderr, "kernel end: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double processor_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
         + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct sockaddr_in address(const char *ip, unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    if (inet_pton(AF_INET, ip, &a.sin_addr) != 1)
        die(ip);
    return a;
}

static int new_socket(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        die("socket");
    return fd;
}

static int listening(const char *ip, unsigned port, int flags)
{
    struct sockaddr_in a = address(ip, port);
    int fd = new_socket(flags), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 4096) < 0)
        die("listen");
    return fd;
}

/* The connection of a bulk transfer: opened, or the first that comes. */
static int one_connection(const char *ip, unsigned port, bool active)
{
    if (active) {
        struct sockaddr_in a = address(ip, port);
        int fd = new_socket(0);
        if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
            die("connect");
        return fd;
    }
    int listener = listening(ip, port, 0);
    puts("ready");
    fflush(stdout);
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        die("accept");
    return fd;
}

static void report(uint64_t count, double wall, double cpu)
{
    printf("%llu %.6f %.6f\n", (unsigned long long)count, wall, cpu);
}

static void sink(int fd)
{
    double start = seconds();
    uint64_t total = 0;
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0)
        total += (uint64_t)n;
    if (n < 0)
        die("read");
    report(total, seconds() - start, processor_seconds());
}

static void source(int fd, uint64_t octets)
{
    double start = seconds();
    for (uint64_t left = octets; left > 0;) {
        ssize_t n = write(fd, block, left < sizeof block ? (size_t)left : sizeof block);
        if (n < 0)
            die("write");
        left -= (uint64_t)n;
    }
    shutdown(fd, SHUT_WR);
    while (read(fd, block, sizeof block) > 0)
        continue;
    report(octets, seconds() - start, processor_seconds());
}

static void watch(int epoll, int fd, uint32_t events, uint64_t tag)
{
    struct epoll_event e = { .events = events, .data.u64 = tag };
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        die("epoll_ctl");
}

static uint64_t accept_all(int epoll, int listener)
{
    uint64_t count = 0;
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        /* The octet is usually there already, or comes with the FIN. */
        if (read(fd, block, 1) == 1)
            close(fd);
        else
            watch(epoll, fd, EPOLLIN, (uint64_t)fd << 1);
        count++;
    }
    return count;
}

/* Accepts `most` connections on `ports` ports, reads one octet of each and closes it. */
static void serve_short(const char *ip, unsigned port, unsigned ports, uint64_t most)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event[BATCH];
    uint64_t count = 0;
    for (unsigned i = 0; i < ports; i++) {
        int fd = listening(ip, port + i, SOCK_NONBLOCK);
        watch(epoll, fd, EPOLLIN, (uint64_t)fd << 1 | 1);
    }
    puts("ready");
    fflush(stdout);
    double start = 0;
    while (count < most) {
        int n = epoll_wait(epoll, event, BATCH, 10000);
        if (n <= 0)
            break;
        if (start == 0)
            start = seconds();
        for (int i = 0; i < n; i++) {
            int fd = (int)(event[i].data.u64 >> 1);
            if (event[i].data.u64 & 1)
                count += accept_all(epoll, fd);
            else if (read(fd, block, 1) >= 0 || errno != EAGAIN)
                close(fd);
        }
    }
    report(count, seconds() - start, processor_seconds());
}

struct opener {
    int epoll;
    const char *ip;
    unsigned port, ports;
    uint64_t opened, failed;
};

static void open_one(struct opener *o)
{
    struct sockaddr_in a = address(o->ip, o->port + (unsigned)(o->opened % o->ports));
    int fd = new_socket(SOCK_NONBLOCK);
    o->opened++;
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) {
        o->failed++;
        close(fd);
        return;
    }
    watch(o->epoll, fd, EPOLLOUT, (uint64_t)fd);
}

/* Opens `most` connections, `parallel` at a time: one octet, then close. */
static void open_short(const char *ip, unsigned port, unsigned ports, uint64_t most,
                       uint64_t parallel)
{
    struct opener o = { .epoll = epoll_create1(EPOLL_CLOEXEC), .ip = ip, .port = port,
                        .ports = ports };
    struct epoll_event event[BATCH];
    uint64_t done = 0;
    double start = seconds();
    while (done + o.failed < most) {
        while (o.opened < most && o.opened - done - o.failed < parallel)
            open_one(&o);
        int n = epoll_wait(o.epoll, event, BATCH, 10000);
        if (n <= 0)
            break;
        for (int i = 0; i < n; i++) {
            int fd = (int)event[i].data.u64;
            /* Octet and FIN in one segment, as our own end sends them. */
            if (send(fd, "x", 1, MSG_MORE) == 1)
                done++;
            else
                o.failed++;
            close(fd);
        }
    }
    report(done, seconds() - start, processor_seconds());
    if (o.failed > 0)
        fprintf(stderr, "kernel end: %llu connections failed\n", (unsigned long long)o.failed);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: %s sink|source|serve|open ADDRESS PORT active|passive|PORTS "
                        "[COUNT [PARALLEL]]\n", argv[0]);
        return 2;
    }
    unsigned port = (unsigned)atoi(argv[3]), ports = (unsigned)atoi(argv[4]);
    bool active = strcmp(argv[4], "active") == 0;
    uint64_t count = argc > 5 ? strtoull(argv[5], NULL, 0) : 0;
    uint64_t parallel = argc > 6 ? strtoull(argv[6], NULL, 0) : 64;
    if (strcmp(argv[1], "sink") == 0)
        sink(one_connection(argv[2], port, active));
    else if (strcmp(argv[1], "source") == 0)
        source(one_connection(argv[2], port, active), count);
    else if (strcmp(argv[1], "serve") == 0 && ports - 1 < PORTS_MOST)
        serve_short(argv[2], port, ports, count);
    else if (strcmp(argv[1], "open") == 0 && ports - 1 < PORTS_MOST)
        open_short(argv[2], port, ports, count, parallel);
    else
        return 2;
    return 0;
}
