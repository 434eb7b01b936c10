/* sender.c - SYNs of a flood into a network device, as fast as one processor makes them: AF_PACKET,
 * many at a time. Each is of another address, port and ISN. Stops after SECONDS, whatever becomes
 * of them; prints how many the device has taken, the time, and the processor's time. Started by
 * bench/flood/run inside a namespace that it made.
 *   bench-flood-sender DEVICE TO_MAC TO_ADDRESS PORT SECONDS */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "wire/checksum.h"

enum { LINK = 14, IP = 20, TCP = 40, FRAME = LINK + IP + TCP, FRAMES = 16384, BATCH = 64,
       SECONDS_MOST = 60,
       ROOM = 64 << 20 };

static uint8_t octets[FRAMES][FRAME];
static struct mmsghdr message[FRAMES];
static struct iovec part[FRAMES];

static void die(const char *what)
{
    fprintf(stderr, "bench-flood-sender: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* mss 1460, sackOK, TS, nop, wscale 7, from 20/8. */
static void make(uint8_t *frame, const uint8_t mac[6], const uint8_t to[4], uint16_t port,
                 uint64_t lot)
{
    static const uint8_t ip[IP] = { 0x45, 0, 0, IP + TCP, 0, 0, 0x40, 0, 64, 6 };
    static const uint8_t options[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0,
                                         1, 3, 3, 7 };
    uint8_t *h = frame + LINK, *t = h + IP;
    memcpy(frame, mac, 6);
    memcpy(frame + 6, (uint8_t[6]){ 2, 0, 0, 0, 0, 9 }, 6);
    store_be16(frame + 12, 0x0800);
    memcpy(h, ip, sizeof ip);
    store_be32(h + 12, 0x14000000 | (uint32_t)(lot >> 40));
    memcpy(h + 16, to, 4);
    store_be16(h + 10, (uint16_t)~checksum_words(h, IP));
    store_be16(t, (uint16_t)(1024 + (uint32_t)(lot >> 20) % 60000));
    store_be16(t + 2, port);
    store_be32(t + 4, (uint32_t)(lot >> 16));
    t[12] = TCP / 4 << 4;
    t[13] = 2;
    store_be16(t + 14, 65535);
    memcpy(t + 20, options, sizeof options);
    struct aksu_ip from = { { [10] = 0xff, [11] = 0xff } }, target = from;
    memcpy(from.octet + 12, h + 12, 4);
    memcpy(target.octet + 12, to, 4);
    struct checksum c = checksum_pseudo(&from, &target, 6, TCP);
    checksum_add(&c, t, TCP);
    store_be16(t + 16, checksum_finish(&c));
}

static int open_device(const char *name)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1, room = ROOM;   /* 0: nothing comes in */
    struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
    if (fd < 0)
        die("socket");
    if (at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
        die(name);
    if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0)
        die("no queue");
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
        die("room to send");
    return fd;
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    uint8_t mac[6], to[4];
    if (argc != 6 || inet_pton(AF_INET, argv[3], to) != 1
        || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
                  &mac[4], &mac[5]) != 6
        || atof(argv[5]) <= 0 || atof(argv[5]) > SECONDS_MOST) {
        fprintf(stderr, "usage: %s DEVICE TO_MAC TO_ADDRESS PORT SECONDS (%d at most)\n", argv[0],
                SECONDS_MOST);
        return 2;
    }
    uint64_t lot = 1, sent = 0;
    for (int i = 0; i < FRAMES; i++) {
        lot = lot * 6364136223846793005u + 1442695040888963407u;
        make(octets[i], mac, to, (uint16_t)atoi(argv[4]), lot);
        part[i] = (struct iovec){ octets[i], FRAME };
        message[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i], .msg_iovlen = 1 };
    }
    int fd = open_device(argv[1]);
    double own = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double start = seconds_of(CLOCK_MONOTONIC), now = start, end = start + atof(argv[5]);
    for (unsigned at = 0; now < end; at = (at + BATCH) % FRAMES) {
        int n = sendmmsg(fd, &message[at], BATCH, 0);
        if (n > 0)
            sent += (uint64_t)n;
        else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
            die("send");
        now = seconds_of(CLOCK_MONOTONIC);
    }
    printf("%llu %.6f %.6f\n", (unsigned long long)sent, now - start,
           seconds_of(CLOCK_PROCESS_CPUTIME_ID) - own);
    return 0;
}
