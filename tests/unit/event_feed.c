/* event_feed.c - see event_feed.h. */
#include "event_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep(void *context, const char *text, size_t length)
{
    struct kept_text *kept = context;

    if (length > sizeof kept->text - 1 - kept->length)
        length = sizeof kept->text - 1 - kept->length;
    memcpy(kept->text + kept->length, text, length);
    kept->length += length;
    kept->text[kept->length] = '\0';
}

struct aksu_writer kept_writer(struct kept_text *kept)
{
    kept->length = 0;
    kept->text[0] = '\0';
    return (struct aksu_writer){ keep, kept };
}

static struct aksu_endpoint endpoint(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct aksu_endpoint){ { { [10] = 0xff, [11] = 0xff, a, b, c, d } }, port };
}

struct feed feed_of(struct aksu_sink *left, struct aksu_sink *right)
{
    return (struct feed){ .sink = { left, right }, .conn = { 7, 9 }, .at = AKSU_SECONDS(100),
        .end = { endpoint(10, 0, 0, 2, 49152), endpoint(93, 184, 216, 34, 80) } };
}

struct feed two_sides(struct aksu_ladder *l)
{
    struct aksu_sink *left = aksu_ladder_side(l, 0, "client");

    return feed_of(left, aksu_ladder_side(l, 1, "server"));
}

void feed_event(struct feed *f, unsigned side, struct aksu_event event)
{
    event.at = f->at;
    event.conn = f->conn[side];
    if (f->sink[side])
        f->sink[side]->put(f->sink[side], &event);
}

/* The event at `side` about a segment that `sender` sent. */
static struct aksu_event_segment_in segment(const struct feed *f, unsigned side, unsigned sender,
                                            struct seg seg)
{
    uint32_t isn = sender == 0 ? (uint32_t)ISN_LEFT : (uint32_t)ISN_RIGHT;
    uint32_t other = sender == 1 ? (uint32_t)ISN_LEFT : (uint32_t)ISN_RIGHT;
    struct aksu_event_segment_in e = { .local = f->end[side], .remote = f->end[1 - side],
        .ctl = seg.ctl, .seq = isn + seg.seq, .ack = seg.ctl & AKSU_ACK ? other + seg.ack : 0,
        .wnd = seg.closed ? 0 : seg.wnd ? seg.wnd : seg.ctl & AKSU_SYN ? 65535 : 512,
        .len = seg.len, .sack = seg.sack };

    for (uint32_t i = 0; i < seg.sack.count; i++) {
        e.sack.block[i].left += other;
        e.sack.block[i].right += other;
    }
    if (seg.options) {
        e.has = AKSU_HAS_MSS | AKSU_HAS_WINDOW_SCALE | AKSU_HAS_SACK_PERMITTED |
                AKSU_HAS_TIMESTAMPS;
        e.mss = 1460;
        e.wscale = 7;
    }
    return e;
}

void feed_in(struct feed *f, unsigned side, struct seg seg)
{
    struct aksu_event e = { .kind = AKSU_EV_segment_in };

    e.segment_in = segment(f, side, 1 - side, seg);
    feed_event(f, side, e);
}

void feed_out(struct feed *f, unsigned side, struct seg seg)
{
    struct aksu_event e = { .kind = AKSU_EV_segment_out };
    struct aksu_event_segment_in s = segment(f, side, side, seg);

    memcpy(&e.segment_out, &s, sizeof s);
    feed_event(f, side, e);
}

void feed_both(struct feed *f, unsigned side, struct seg seg)
{
    feed_out(f, side, seg);
    feed_in(f, 1 - side, seg);
}

void feed_state(struct feed *f, unsigned side, enum aksu_tcp_state from, enum aksu_tcp_state to)
{
    FEED(f, side, state, .from = from, .to = to);
}

void feed_call(struct feed *f, unsigned side, const char *name, uint32_t length)
{
    FEED(f, side, call, .name = name, .length = length);
}

void feed_opened(struct feed *f, unsigned side)
{
    FEED(f, side, opened, .local = f->end[side], .remote = f->end[1 - side], .active = side == 0);
}

void feed_deleted(struct feed *f, unsigned side, enum aksu_status status)
{
    FEED(f, side, deleted, .status = status);
}

void feed_handshake(struct feed *f, aksu_time delay)
{
    struct seg syn = { .ctl = AKSU_SYN, .options = true };
    struct seg syn_ack = { .ctl = AKSU_SYN | AKSU_ACK, .ack = 1, .options = true };
    struct seg ack = { .ctl = AKSU_ACK, .seq = 1, .ack = 1 };

    feed_call(f, 0, "OPEN active", 0);
    feed_opened(f, 0);
    feed_state(f, 0, AKSU_TCP_CLOSED, AKSU_TCP_SYN_SENT);
    feed_out(f, 0, syn);
    f->at += delay;
    feed_in(f, 1, syn);
    feed_opened(f, 1);
    feed_call(f, 1, "OPEN passive", 0);
    feed_state(f, 1, AKSU_TCP_CLOSED, AKSU_TCP_LISTEN);
    feed_state(f, 1, AKSU_TCP_LISTEN, AKSU_TCP_SYN_RECEIVED);
    feed_out(f, 1, syn_ack);
    f->at += delay;
    feed_in(f, 0, syn_ack);
    feed_state(f, 0, AKSU_TCP_SYN_SENT, AKSU_TCP_ESTABLISHED);
    FEED(f, 0, negotiated, .snd_mss = 1460, .rcv_mss = 1460, .snd_wscale = 7, .rcv_wscale = 7,
         .timestamps = true, .sack = true);
    feed_out(f, 0, ack);
    f->at += delay;
    feed_in(f, 1, ack);
    feed_state(f, 1, AKSU_TCP_SYN_RECEIVED, AKSU_TCP_ESTABLISHED);
}

static void report(const char *name, const char *expected, const char *got)
{
    size_t at = 0, line = 1;

    for (; expected[at] && expected[at] == got[at]; at++)
        line += expected[at] == '\n';
    fprintf(stderr, "%s: line %zu differs; all that was drawn:\n%s", name, line, got);
}

bool golden_is(const char *name, const struct kept_text *kept)
{
    static char expected[sizeof kept->text];
    char path[128];
    const char *mode = getenv("AKSU_GOLDEN");
    bool write = mode && strcmp(mode, "write") == 0;

    snprintf(path, sizeof path, "tests/golden/%s.txt", name);
    FILE *file = fopen(path, write ? "w" : "r");
    if (!file) {
        perror(path);
        return false;
    }
    if (write) {
        bool done = fwrite(kept->text, 1, kept->length, file) == kept->length;
        return fclose(file) == 0 && done;
    }
    expected[fread(expected, 1, sizeof expected - 1, file)] = '\0';
    fclose(file);
    if (strcmp(expected, kept->text) == 0)
        return true;
    report(name, expected, kept->text);
    return false;
}
