/* interface.c - interfaces by their names, and one turn between an interface and a stack. Called by
 * programs and by host/. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "device/gso.h"

/* Frames of one turn: the caller has timers and users to look after. */
enum { MOST_IN = 64, MOST_OUT = 256 };
/* What the stack takes at once, and answers with one ACK: as much as other systems' GRO. */
enum { BATCH_FULL = 16, BATCH_OCTETS = 65536, FULL = 512 };

#define LATER AKSU_MS(1)

/* --- opening --- */

static bool name_fits(const char *spec, const char *name, char why[AKSU_WHY])
{
    size_t length = strlen(name), room = sizeof((struct aksu_interface *)0)->name;
    if (length == 0) {
        device_why(why, "\"%s\" lacks the name of an interface, as in %stap0", spec, spec);
        return false;
    }
    if (length >= room || strpbrk(name, "/: \t\n") != NULL) {
        device_why(why, "\"%.64s\" cannot be the name of an interface: it has 1 to %zu characters, "
                   "without slash, colon or blank; `ip link` shows those that exist", name,
                   room - 1);
        return false;
    }
    return true;
}

static struct aksu_interface *open_tap(const char *spec, const char *name,
                                       const struct aksu_interface_config *config,
                                       char why[AKSU_WHY])
{
    return name_fits(spec, name, why) ? device_open_tap(name, false, config, why) : NULL;
}

static struct aksu_interface *open_tun(const char *spec, const char *name,
                                       const struct aksu_interface_config *config,
                                       char why[AKSU_WHY])
{
    return name_fits(spec, name, why) ? device_open_tap(name, true, config, why) : NULL;
}

static struct aksu_interface *open_packet(const char *spec, const char *name,
                                          const struct aksu_interface_config *config,
                                          char why[AKSU_WHY])
{
    return name_fits(spec, name, why) ? device_open_packet(name, config, why) : NULL;
}

static struct aksu_interface *open_fd(const char *spec, const char *text,
                                      const struct aksu_interface_config *config,
                                      char why[AKSU_WHY])
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || n > INT_MAX) {
        device_why(why, "\"%.64s\" does not name a descriptor: a number is needed, as in fd:3",
                   spec);
        return NULL;
    }
    if (fcntl((int)n, F_GETFD) < 0) {
        device_why(why, "descriptor %ld is not open: whoever starts this program must leave it "
                   "open, without FD_CLOEXEC", n);
        return NULL;
    }
    return device_is_tun((int)n) ? device_open_tun_fd((int)n, config, why)
                                 : device_open_socket_fd((int)n, config, why);
}

static struct aksu_interface *open_dgram(const char *spec, const char *paths,
                                         const struct aksu_interface_config *config,
                                         char why[AKSU_WHY])
{
    (void)spec;
    return device_open_dgram(paths, config, why);
}

static struct aksu_interface *open_stream(const char *spec, const char *path,
                                          const struct aksu_interface_config *config,
                                          char why[AKSU_WHY])
{
    (void)spec;
    return device_open_stream(path, config, why);
}

struct aksu_interface *aksu_interface_open(const char *spec,
                                           const struct aksu_interface_config *config,
                                           char why[AKSU_WHY])
{
    static const struct aksu_interface_config defaults;
    static const struct {
        const char *prefix;
        struct aksu_interface *(*open)(const char *spec, const char *rest,
                                       const struct aksu_interface_config *config,
                                       char why[AKSU_WHY]);
    } kinds[] = {
        { "tap:", open_tap }, { "tun:", open_tun }, { "packet:", open_packet },
        { "fd:", open_fd }, { "dgram:", open_dgram }, { "stream:", open_stream },
    };
    if (config == NULL)
        config = &defaults;
    why[0] = 0;
    if (config->mtu != 0 && (config->mtu < 68 || config->mtu > 65535)) {
        device_why(why, "an MTU of %u is impossible: 68 to 65535 octets", config->mtu);
        return NULL;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        size_t length = strlen(kinds[k].prefix);
        if (strncmp(spec, kinds[k].prefix, length) == 0)
            return kinds[k].open(spec, spec + length, config, why);
    }
    device_why(why, "\"%.64s\" is no kind of device: there are tap:NAME, tun:NAME, packet:NAME, "
               "fd:N, dgram:OURS,PEER and stream:PATH", spec);
    return NULL;
}

void aksu_interface_close(struct aksu_interface *i)
{
    if (i == NULL)
        return;
    free(i->held);
    i->held = NULL;
    i->ops->close(i);
}

/* --- out --- */

/* False: it was not taken. */
static bool offer(struct aksu_interface *i, const struct aksu_frame *frame, aksu_time now)
{
    switch (i->ops->transmit(i, frame)) {
    case AKSU_TRANSMIT_DONE:
        i->frames_out++;
        i->octets_out += frame->length;
        return true;
    case AKSU_TRANSMIT_LOST:
        i->lost++;
        return true;
    case AKSU_TRANSMIT_FULL:
        i->blocked = true;
        i->retry_at = AKSU_NEVER;
        return false;
    case AKSU_TRANSMIT_LATER:
        i->blocked = true;
        i->retry_at = now + LATER;
        return false;
    case AKSU_TRANSMIT_GONE:
        i->gone = true;
        return false;
    }
    return false;
}

static bool has_mac(const struct aksu_interface *i)
{
    static const uint8_t none[6];
    return memcmp(i->device.mac, none, sizeof none) != 0;
}

/* From octet *sent of its text on. False: not all was taken, and *sent says how much was. */
static bool give(struct aksu_interface *i, const struct aksu_frame *frame, uint32_t *sent,
                 aksu_time now)
{
    struct gso_cutter cutter;
    struct aksu_frame piece;
    if (!i->cuts || (frame->gso_size == 0 && !frame->checksum_partial))
        return offer(i, frame, now);
    if (!gso_begin(&cutter, frame, has_mac(i), *sent)) {
        i->lost++;
        return true;
    }
    while (gso_next(&cutter, &piece)) {
        if (!offer(i, &piece, now))
            return false;
        *sent = cutter.at;
    }
    return true;
}

static void hold(struct aksu_interface *i, const struct aksu_frame *frame, uint32_t sent)
{
    uint8_t *held = realloc(i->held, frame->length > 0 ? frame->length : 1), *to = held;
    if (held == NULL) {
        i->lost++;
        return;
    }
    for (uint32_t k = 0; k < frame->parts; k++) {
        memcpy(to, frame->part[k].data, frame->part[k].length);
        to += frame->part[k].length;
    }
    i->held = held;
    i->held_sent = sent;
    i->held_frame = *frame;
    i->held_frame.parts = 1;
    i->held_frame.part[0] = (struct aksu_slice){ held, frame->length };
}

bool device_unblock(struct aksu_interface *i, aksu_time now)
{
    if (i->retry_at != AKSU_NEVER && now < i->retry_at)
        return false;
    i->blocked = false;
    i->retry_at = AKSU_NEVER;
    if (i->ops->flush != NULL)
        i->ops->flush(i);
    if (i->blocked || i->gone)
        return false;
    if (i->held_frame.length == 0)
        return true;
    if (!give(i, &i->held_frame, &i->held_sent, now))
        return false;
    i->held_frame.length = 0;
    return true;
}

static bool offer_or_hold(struct aksu_interface *i, const struct aksu_frame *frame, aksu_time now)
{
    uint32_t sent = 0;
    bool taken = give(i, frame, &sent, now);
    if (!taken && !i->gone)
        hold(i, frame, sent);
    return taken;
}

void device_offer(struct aksu_interface *i, const struct aksu_frame *frame, aksu_time now)
{
    (void)offer_or_hold(i, frame, now);
}

/* At most *left frames. True: something left. */
static bool move_out(struct aksu_interface *i, struct aksu *net, unsigned *left, aksu_time now)
{
    struct aksu_frame frame;
    unsigned n = 0;
    bool waited = i->blocked;
    if (waited && !device_unblock(i, now))
        return false;
    for (; n < *left && aksu_frame_out(net, &frame, now); n++) {
        if (!offer_or_hold(i, &frame, now))
            break;
    }
    if (n > 0 && i->ops->flush != NULL && !i->gone)
        i->ops->flush(i);
    *left -= n;
    return n > 0 || waited;
}

/* --- in --- */

/* How many of the frames go in together. Those that carry little do not count: many short
 * connections are as many senders. */
static unsigned batch(const struct aksu_frame *frame, unsigned count)
{
    size_t octets = 0;
    unsigned n = 0, full = 0;
    for (; n < count && full < BATCH_FULL && octets < BATCH_OCTETS; n++) {
        octets += frame[n].length;
        full += frame[n].length >= FULL;
    }
    return n;
}

/* The stack's answers leave after each batch: the sender clocks itself with our ACKs
 * (RFC 9293 3.8.6.3 [SHLD-19]). Those to the last one leave in the next turn, together with what
 * the caller has to say: data in the ACK of a handshake, our FIN in the ACK of theirs. */
static bool move_in(struct aksu_interface *i, struct aksu *net, aksu_device device, unsigned *left,
                    aksu_time now)
{
    struct aksu_frame frame[MOST_IN];
    int count = i->ops->receive(i, frame, MOST_IN);
    if (count < 0)
        i->gone = true;
    for (unsigned done = 0, n; count > 0 && done < (unsigned)count; done += n) {
        n = batch(frame + done, (unsigned)count - done);
        i->frames_in += n;
        for (unsigned k = 0; k < n; k++)
            i->octets_in += frame[done + k].length;
        aksu_frames_in(net, device, frame + done, n, now);
        if (done + n < (unsigned)count && !i->gone && !i->blocked)
            (void)move_out(i, net, left, now);
    }
    return count > 0;
}

bool aksu_interface_move_out(struct aksu_interface *i, struct aksu *net, aksu_time now)
{
    unsigned left = MOST_OUT;
    return !i->gone && move_out(i, net, &left, now);
}

bool aksu_interface_move_in(struct aksu_interface *i, struct aksu *net, aksu_device device,
                            aksu_time now)
{
    unsigned left = MOST_OUT;
    return !i->gone && move_in(i, net, device, &left, now);
}

bool aksu_interface_move(struct aksu_interface *i, struct aksu *net, aksu_device device,
                         aksu_time now)
{
    if (i->gone)
        return false;
    unsigned left = MOST_OUT;
    bool out = move_out(i, net, &left, now);
    bool in = !i->gone && move_in(i, net, device, &left, now);
    return in || out;
}
