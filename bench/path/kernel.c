/* kernel.c - the kernel's end of bench/path: one connection that is written to as fast as it takes,
 * or read for some seconds. Started by bench/path/run inside a network namespace.
 *   bench-path-kernel source ADDRESS PORT CONTROL          CONTROL: cubic, reno ...
 *   bench-path-kernel sink ADDRESS PORT SECONDS            says: octets, seconds */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char block[1 << 18];

static void die(const char *what)
{
    fprintf(stderr, "bench/path, kernel: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int new_socket(const char *ip, const char *port, struct sockaddr_in *a)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    if (fd < 0 || inet_pton(AF_INET, ip, &a->sin_addr) != 1)
        die(ip);
    return fd;
}

/* Until the other end has had enough. */
static void source(const char *ip, const char *port, const char *control)
{
    struct sockaddr_in a;
    int fd = new_socket(ip, port, &a);
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, control, (socklen_t)strlen(control)) < 0)
        die(control);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        die("connect");
    while (send(fd, block, sizeof block, MSG_NOSIGNAL) > 0)
        continue;
}

/* The time starts with the connection. */
static void sink(const char *ip, const char *port, double length)
{
    struct sockaddr_in a;
    int listener = new_socket(ip, port, &a), on = 1;
    uint64_t octets = 0;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 1) < 0)
        die("listen");
    puts("ready");
    fflush(stdout);
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        die("accept");
    double begun = seconds(), now;
    while ((now = seconds()) - begun < length) {
        struct pollfd p = { fd, POLLIN, 0 };
        if (poll(&p, 1, (int)((length - (now - begun)) * 1000) + 1) == 0)
            continue;
        ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
        if (n <= 0 && errno != EAGAIN)
            die("the connection ended early");
        octets += n > 0 ? (uint64_t)n : 0;
    }
    printf("%llu %.6f\n", (unsigned long long)octets, now - begun);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "source") == 0)
        source(argv[2], argv[3], argv[4]);
    else if (argc == 5 && strcmp(argv[1], "sink") == 0)
        sink(argv[2], argv[3], atof(argv[4]));
    else
        return 2;
    return 0;
}
