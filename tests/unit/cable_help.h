/* cable_help.h - an interface on one end of a socketpair, and frames that its reader can tell
 * apart. */
#ifndef TESTS_CABLE_HELP_H
#define TESTS_CABLE_HELP_H

#include "help.h"

#include "aksu/device.h"
#include "base/bytes.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

enum { FRAME_MOST = 65535 + 18 };

/* One end is an interface, the other is ours. */
struct cable {
    struct aksu_interface *i;
    int end;
};

static inline struct aksu_interface *open_fd(int fd, const struct aksu_interface_config *config)
{
    char spec[16], why[AKSU_WHY];
    snprintf(spec, sizeof spec, "fd:%d", fd);
    struct aksu_interface *i = aksu_interface_open(spec, config, why);
    if (i == NULL)
        fail_msg("%s: %s", spec, why);
    return i;
}

static inline struct cable cable_of(int type, int buffer)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, fd), 0);
    if (buffer != 0)
        for (unsigned k = 0; k < 2; k++)
            assert_int_equal(setsockopt(fd[k], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer), 0);
    struct aksu_interface_config config = { .mtu = 65535 };
    return (struct cable){ open_fd(fd[0], &config), fd[1] };
}

static inline void cable_fini(struct cable *c)
{
    aksu_interface_close(c->i);
    if (c->end >= 0)
        close(c->end);
}

/* Lengths of all sizes, the small ones often. */
static inline uint32_t some_length(uint64_t *seed)
{
    uint32_t most = (uint32_t)1 << chance_below(seed, 17);
    uint32_t length = 1 + chance_below(seed, most);
    return length < FRAME_MOST ? length : FRAME_MOST;
}

/* The n-th frame of a run, in a few parts. */
struct sample {
    uint8_t octets[FRAME_MOST];
    struct aksu_frame frame;
};

static inline void make_sample(struct sample *s, uint32_t n)
{
    uint64_t seed = n + 1;
    *s = (struct sample){ .frame = { .length = some_length(&seed) } };
    chance_fill(&seed, s->octets, s->frame.length);
    uint32_t at = 0;
    while (at < s->frame.length) {
        uint32_t left = s->frame.length - at, length = 1 + chance_below(&seed, left);
        if (s->frame.parts == AKSU_FRAME_PARTS - 1)
            length = left;
        s->frame.part[s->frame.parts++] = (struct aksu_slice){ s->octets + at, length };
        at += length;
    }
}

static inline void assert_sample(const uint8_t *octets, size_t length, uint32_t n)
{
    static struct sample s;
    make_sample(&s, n);
    assert_int_equal(length, s.frame.length);
    assert_memory_equal(octets, s.octets, length);
}

static inline bool is_writable(int fd)
{
    struct pollfd p = { fd, POLLOUT, 0 };
    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static inline uint32_t receive_samples(struct aksu_interface *i, unsigned most, uint32_t first)
{
    struct aksu_frame frame[64];
    int n = i->ops->receive(i, frame, most);
    assert_true(n >= 0 && (unsigned)n <= most);
    for (int k = 0; k < n; k++) {
        assert_int_equal(frame[k].parts, 1);
        assert_int_equal(frame[k].length, frame[k].part[0].length);
        assert_int_equal(frame[k].gso_size, 0);
        assert_false(frame[k].checksum_partial);
        assert_sample(frame[k].part[0].data, frame[k].length, first + (uint32_t)k);
    }
    return first + (uint32_t)n;
}

static inline void assert_gone(struct aksu_interface *i, const char *words)
{
    struct aksu_frame frame;
    assert_int_equal(i->ops->receive(i, &frame, 1), -1);
    assert_true(i->gone);
    if (strstr(i->why, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", i->why, words);
    frame = (struct aksu_frame){ .parts = 1, .length = 1, .part = { { (const uint8_t *)"x", 1 } } };
    assert_int_equal(i->ops->transmit(i, &frame), AKSU_TRANSMIT_GONE);
    assert_int_equal(i->ops->receive(i, &frame, 1), -1);
}

#endif
