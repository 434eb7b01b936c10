/* event_feed.h - events made by hand, and a writer that keeps what it is given: for the tests of
 * the sinks. Segments are given relative to the initial sequence numbers of both sides. */
#ifndef TESTS_EVENT_FEED_H
#define TESTS_EVENT_FEED_H

#include "aksu/sink.h"

struct kept_text {
    size_t length;
    char text[1 << 17];
};
struct aksu_writer kept_writer(struct kept_text *kept);

enum { ISN_LEFT = 0xfffffff0, ISN_RIGHT = 0x7ffffff0 };     /* both wrap soon */

struct feed {
    struct aksu_sink *sink[2];
    struct aksu_endpoint end[2];
    uint32_t conn[2];
    aksu_time at;
};
/* The client 10.0.0.2:49152 is at the left, the server 93.184.216.34:80 at the right. */
struct feed feed_of(struct aksu_sink *left, struct aksu_sink *right);
/* To a ladder with a stack at each side. */
struct feed two_sides(struct aksu_ladder *l);

struct seg {
    uint8_t ctl;
    uint32_t seq, ack, len, wnd;        /* wnd 0: 65535 octets, scaled, unless `closed` */
    bool closed, options;
    struct aksu_sacks sack;             /* relative to the receiver */
};
void feed_out(struct feed *f, unsigned side, struct seg seg);
/* What `side` receives, that is, the other side's segment. */
void feed_in(struct feed *f, unsigned side, struct seg seg);
/* Sent by `side` and received in the same instant. */
void feed_both(struct feed *f, unsigned side, struct seg seg);
void feed_state(struct feed *f, unsigned side, enum aksu_tcp_state from, enum aksu_tcp_state to);
void feed_call(struct feed *f, unsigned side, const char *name, uint32_t length);
void feed_opened(struct feed *f, unsigned side);
void feed_deleted(struct feed *f, unsigned side, enum aksu_status status);
void feed_event(struct feed *f, unsigned side, struct aksu_event event);
#define FEED(f, side, name, ...) \
    feed_event(f, side, (struct aksu_event){ .kind = AKSU_EV_##name, .name = { __VA_ARGS__ } })

/* Three segments, each `delay` under way; the client's OPEN is at f->at. */
void feed_handshake(struct feed *f, aksu_time delay);

/* Compares with tests/golden/<name>.txt; writes that file when AKSU_GOLDEN=write is in the
 * environment. False and the place of the first difference on stderr when they differ. */
bool golden_is(const char *name, const struct kept_text *kept);

#endif
