/* capture.c - a pcapng file of what passes an interface, with the stack's events as comments. The
 * events of an arriving packet come after it, those of a departing one before it: so the block of
 * an arriving packet stays open until something else begins. Called through struct
 * aksu_interface_ops. */
#include "aksu/device.h"
#include "device/again.h"
#include "device/comment.h"
#include "device/complete.h"
#include "device/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A super-frame of 64 KiB with its link header; what is longer is cut in the file. */
enum { KEPT_MOST = 65535 + 64, BLOCK_MOST = PCAPNG_PACKET_ROOM(KEPT_MOST, PCAPNG_TEXT_MOST),
       BUFFER = 2 * BLOCK_MOST };

struct capture {
    struct aksu_interface interface;
    struct aksu_sink sink;
    struct aksu_interface *inner;
    int file;                       /* -1: the capture has ended */
    off_t length;                   /* of the file: whole blocks */
    aksu_time clock_offset, start;
    uint8_t *open;                  /* the octets of an arriving packet that waits for events */
    bool told;                      /* it has had one */
    struct pcapng_packet packet;
    struct again again;             /* a frame that was not taken, but is in the file already */
    struct comment comment;
    struct writer out;
    uint8_t buffer[BUFFER];
    char path[];
};

static struct capture *capture_of(struct aksu_interface *i)
{
    return (struct capture *)i;
}

static aksu_time clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return AKSU_SECONDS(t.tv_sec) + (aksu_time)t.tv_nsec;
}

static bool write_all(int file, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(file, data, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        length -= (size_t)n;
    }
    return true;
}

/* Leaves whole blocks in the file, so that it can be read. */
static void end_capture(struct capture *c, int error)
{
    int cut = ftruncate(c->file, c->length);
    close(c->file);
    c->file = -1;
    c->open = NULL;
    snprintf(c->interface.why, sizeof c->interface.why,
             "%.150s: %s: the capture ends here%s, the traffic goes on", c->path, strerror(error),
             cut == 0 ? "" : " with half a packet");
}

static void write_out(struct capture *c)
{
    size_t length = writer_length(&c->out);
    if (c->file < 0 || c->open != NULL || length == 0)
        return;
    c->out = writer_of(c->buffer, sizeof c->buffer);
    if (write_all(c->file, c->buffer, length))
        c->length += (off_t)length;
    else
        end_capture(c, errno);
}

static bool is_ethernet(const struct aksu_interface *i)
{
    static const uint8_t none[6];
    return memcmp(i->device.mac, none, sizeof none) != 0;
}

static void begin_packet(struct capture *c, const struct aksu_frame *frame, bool outgoing)
{
    if (sizeof c->buffer - writer_length(&c->out) < BLOCK_MOST)
        write_out(c);
    if (c->file < 0)
        return;
    uint32_t kept = frame->length < KEPT_MOST ? frame->length : (uint32_t)KEPT_MOST;
    c->packet = (struct pcapng_packet){
        .at = clock_now() + c->clock_offset, .outgoing = outgoing, .length = frame->length,
        .kept = kept, .parts = frame->parts, .part = frame->part,
    };
    c->open = pcapng_packet_begin(&c->out, &c->packet);
    c->packet.part = NULL;
    c->told = false;
    if (frame->checksum_partial && kept == frame->length)
        device_complete_checksum(c->open, kept, is_ethernet(c->inner));
}

static void end_packet(struct capture *c)
{
    if (c->open == NULL)
        return;
    pcapng_packet_end(&c->out, c->open, &c->packet, comment_take(&c->comment));
    c->open = NULL;
}

/* The stack has done with the packet that arrived: it sends something, or time has passed. */
static bool is_something_else(const struct capture *c, const struct aksu_event *event)
{
    return event->kind == AKSU_EV_segment_out || event->kind == AKSU_EV_udp_out
           || event->kind == AKSU_EV_retransmit || (c->told && event->at != c->comment.at);
}

static void capture_event(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct capture *c = (struct capture *)((char *)sink - offsetof(struct capture, sink));
    if (c->file < 0)
        return;
    if (c->open != NULL && is_something_else(c, event))
        end_packet(c);
    if (c->open == NULL && event->at != c->comment.at)
        comment_set_earlier(&c->comment);
    c->comment.at = event->at;
    c->told = true;
    if (event->kind == AKSU_EV_segment_out || event->kind == AKSU_EV_udp_out)
        comment_shown_event(&c->comment, event);
    else if (c->open == NULL
             || (event->kind != AKSU_EV_segment_in && event->kind != AKSU_EV_udp_in))
        comment_event(&c->comment, event);
}

/* What the one who moves the wrapper needs to know of what is in it. */
static void mirror(struct capture *c)
{
    struct aksu_interface *inner = c->inner, *i = &c->interface;
    i->fd = inner->fd;
    i->due_at = inner->due_at;
    i->lost += inner->lost;
    inner->lost = 0;
    if (inner->blocked) {
        i->blocked = true;
        i->retry_at = inner->retry_at;
    }
    inner->blocked = false;
    if (inner->gone && !i->gone)
        memcpy(i->why, inner->why, sizeof i->why);
    i->gone = inner->gone;
}

/* One at a time: what the stack says until the next call is about this one. */
static int capture_receive(struct aksu_interface *i, struct aksu_frame *out, unsigned most)
{
    struct capture *c = capture_of(i);
    end_packet(c);
    int n = c->inner->ops->receive(c->inner, out, most < 1 ? most : 1);
    c->inner->gone |= n < 0;
    mirror(c);
    if (c->file < 0)
        return n;
    if (n > 0) {
        comment_set_earlier(&c->comment);
        begin_packet(c, out, false);
    } else {
        write_out(c);                       /* idle: whoever reads the file sees all of it */
    }
    return n;
}

static enum aksu_transmit capture_transmit(struct aksu_interface *i, const struct aksu_frame *frame)
{
    struct capture *c = capture_of(i);
    end_packet(c);
    enum aksu_transmit done = c->inner->ops->transmit(c->inner, frame);
    c->inner->gone |= done == AKSU_TRANSMIT_GONE;
    mirror(c);
    if (c->file < 0)
        return done;
    bool again = again_is(&c->again, frame);
    if (!again)
        comment_forget_shown(&c->comment);
    if (done == AKSU_TRANSMIT_LOST || done == AKSU_TRANSMIT_GONE)
        comment_add(&c->comment, again ? "the frame that waited was lost by the interface\n"
                                       : "not sent: the interface lost it\n");
    if (!again) {
        begin_packet(c, frame, true);
        end_packet(c);
    }
    if (done == AKSU_TRANSMIT_FULL || done == AKSU_TRANSMIT_LATER)
        again_set(&c->again, frame);
    else
        again_clear(&c->again);
    return done;
}

static void capture_flush(struct aksu_interface *i)
{
    struct capture *c = capture_of(i);
    end_packet(c);
    if (c->inner->ops->flush != NULL)
        c->inner->ops->flush(c->inner);
    mirror(c);
}

static void capture_close(struct aksu_interface *i)
{
    struct capture *c = capture_of(i);
    end_packet(c);
    if (sizeof c->buffer - writer_length(&c->out) < BLOCK_MOST)
        write_out(c);
    if (c->file >= 0) {
        const struct pcapng_statistics s = {
            .start = c->start, .end = clock_now() + c->clock_offset,
            .received = i->frames_in, .dropped = i->lost,
            .comment = comment_take(&c->comment),
        };
        pcapng_statistics(&c->out, &s);
        write_out(c);
    }
    if (c->file >= 0)
        close(c->file);
    aksu_interface_close(c->inner);
    free(c);
}

static const struct aksu_interface_ops ops = {
    .receive = capture_receive,
    .transmit = capture_transmit,
    .flush = capture_flush,
    .close = capture_close,
};

/* A pipe would make the stack wait for its reader. */
static int open_file(const char *path, char why[AKSU_WHY])
{
    struct stat s;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0600);
    int error = errno;
    bool is_pipe = file >= 0 ? fstat(file, &s) == 0 && S_ISFIFO(s.st_mode) : error == ENXIO;
    if (is_pipe) {
        snprintf(why, AKSU_WHY, "%.80s is a pipe, whose reader could hold up the traffic: capture "
                 "to a file and follow it: tail -c +1 -f FILE | wireshark -k -i -", path);
        if (file >= 0)
            close(file);
        return -1;
    }
    if (file < 0)
        snprintf(why, AKSU_WHY, "cannot write the capture %.150s: %s", path, strerror(error));
    return file;
}

static void fill(struct capture *c, struct aksu_interface *inner)
{
    c->interface.ops = &ops;
    c->interface.device = inner->device;
    memcpy(c->interface.name, inner->name, sizeof c->interface.name);
    c->interface.device.name = c->interface.name;
    c->interface.cuts = inner->cuts;
    c->interface.retry_at = AKSU_NEVER;
    c->sink.put = capture_event;
    c->inner = inner;
    c->start = clock_now() + c->clock_offset;
    c->open = NULL;
    again_clear(&c->again);
    comment_init(&c->comment);
    c->out = writer_of(c->buffer, sizeof c->buffer);
    mirror(c);
}

struct aksu_interface *aksu_capture_open(struct aksu_interface *inner, const char *path,
                                         uint64_t clock_offset, char why[AKSU_WHY])
{
    size_t length = strlen(path) + 1;
    struct capture *c = malloc(sizeof *c + length);
    if (c == NULL) {
        snprintf(why, AKSU_WHY, "no memory for a capture");
        return NULL;
    }
    memset(&c->interface, 0, sizeof c->interface);
    memcpy(c->path, path, length);
    c->length = 0;
    c->clock_offset = clock_offset;
    c->file = open_file(path, why);
    if (c->file < 0) {
        free(c);
        return NULL;
    }
    fill(c, inner);
    pcapng_section(&c->out, "aksu " AKSU_VERSION);
    pcapng_interface(&c->out, is_ethernet(inner) ? PCAPNG_ETHERNET : PCAPNG_RAW, inner->name);
    if (!write_all(c->file, c->buffer, writer_length(&c->out))) {
        snprintf(why, AKSU_WHY, "cannot write the capture %.150s: %s", path, strerror(errno));
        close(c->file);
        free(c);
        return NULL;
    }
    c->length = (off_t)writer_length(&c->out);
    c->out = writer_of(c->buffer, sizeof c->buffer);
    return &c->interface;
}

struct aksu_sink *aksu_capture_sink(struct aksu_interface *capture)
{
    return capture->ops == &ops ? &capture_of(capture)->sink : NULL;
}
