/* path.c - an interface behind two paths, in real time: see aksu_path_interface. What is due leaves
 * and arrives whenever anybody calls; due_at says when that must be. Called through struct
 * aksu_interface_ops. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aksu/path.h"
#include "device/device.h"

/* Frames of one call, so that the caller stays in control. */
enum { BATCH = 64, OUT_MOST = 1024, BATCHES = 4 };

struct behind {
    struct aksu_interface interface;
    struct aksu_interface *inner;
    struct aksu_path *out, *in;
};

static struct behind *behind_of(struct aksu_interface *i)
{
    return (struct behind *)i;
}

static aksu_time clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return AKSU_SECONDS(t.tv_sec) + (aksu_time)t.tv_nsec;
}

/* What the one who moves the wrapper needs to know. */
static void mirror(struct behind *b)
{
    struct aksu_interface *inner = b->inner, *i = &b->interface;
    aksu_time out = inner->blocked ? AKSU_NEVER : aksu_path_next(b->out);
    aksu_time in = aksu_path_next(b->in), next = out < in ? out : in;
    i->fd = inner->fd;
    i->due_at = next == AKSU_NEVER ? 0 : next;
    i->lost += inner->lost;
    inner->lost = 0;
    if (inner->blocked) {
        i->blocked = true;
        i->retry_at = inner->retry_at;
    }
    if (inner->gone && !i->gone)
        memcpy(i->why, inner->why, sizeof i->why);
    i->gone = inner->gone;
}

/* True: the next frame out, or a message of the way in to the one who sends. */
static bool next_out(struct behind *b, struct aksu_frame *frame, aksu_time now)
{
    return aksu_path_get(b->out, frame, now) || aksu_path_reply(b->in, frame);
}

/* A frame is taken from the path only when nothing waits before it. */
static void send_due(struct behind *b, aksu_time now)
{
    struct aksu_interface *inner = b->inner;
    struct aksu_frame frame;
    bool any = inner->blocked;
    if (inner->blocked && !device_unblock(inner, now))
        return;
    for (unsigned n = 0; n < OUT_MOST && !inner->blocked && !inner->gone; n++) {
        if (!next_out(b, &frame, now))
            break;
        device_offer(inner, &frame, now);
        any = true;
    }
    if (any && inner->ops->flush != NULL && !inner->gone)
        inner->ops->flush(inner);
}

static enum aksu_transmit path_transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct behind *b = behind_of(i);
    if (b->inner->gone)
        return AKSU_TRANSMIT_GONE;
    return aksu_path_put(b->out, frame, clock_now()) ? AKSU_TRANSMIT_DONE : AKSU_TRANSMIT_LOST;
}

static void path_flush(struct aksu_interface *i)
{
    struct behind *b = behind_of(i);
    send_due(b, clock_now());
    mirror(b);
}

static void take_arrivals(struct behind *b)
{
    struct aksu_frame frame[BATCH];
    int n = BATCH;
    for (unsigned k = 0; k < BATCHES && n == BATCH; k++) {
        n = b->inner->ops->receive(b->inner, frame, BATCH);
        aksu_time now = clock_now();
        for (int j = 0; j < n; j++)
            b->interface.lost += !aksu_path_put(b->in, &frame[j], now);
        b->inner->gone |= n < 0;
    }
}

static int path_receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct behind *b = behind_of(i);
    send_due(b, clock_now());
    if (!b->inner->gone)
        take_arrivals(b);
    unsigned n = most > 0 && aksu_path_reply(b->out, out) ? 1
                                                          : aksu_path_take(b->in, out, most,
                                                                           clock_now());
    mirror(b);
    return n == 0 && i->gone ? -1 : (int)n;
}

static void path_close(struct aksu_interface *i)
{
    struct behind *b = behind_of(i);
    aksu_interface_close(b->inner);
    aksu_path_free(b->out);
    aksu_path_free(b->in);
    free(b);
}

struct aksu_interface *aksu_path_interface(struct aksu_interface *inner, struct aksu_path *out,
                                           struct aksu_path *in)
{
    static const struct aksu_interface_ops ops = {
        .receive = path_receive,
        .transmit = path_transmit,
        .flush = path_flush,
        .close = path_close,
    };
    struct behind *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->interface.ops = &ops;
    b->interface.device = inner->device;
    memcpy(b->interface.name, inner->name, sizeof b->interface.name);
    b->interface.device.name = b->interface.name;
    b->interface.retry_at = AKSU_NEVER;
    b->inner = inner;
    b->out = out;
    b->in = in;
    mirror(b);
    return &b->interface;
}
