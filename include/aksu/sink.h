/* sink.h - ready-made readers of the event stream (event.h): a log for people, JSON lines for
 * programs, a ladder diagram for students, and a tee to have several at once. They allocate
 * nothing and own no file: text leaves through a writer. Give `sink` to aksu_config.sink. One
 * thread at a time. */
#ifndef AKSU_SINK_H
#define AKSU_SINK_H

#include "aksu/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where text goes. `text` is borrowed for the call and does not end in a zero; the pieces are cut
 * anywhere, but every put ends with a whole line. */
struct aksu_writer {
    void (*write)(void *context, const char *text, size_t length);
    void *context;
};

/* "SYN,ACK" from the bits of a `ctl` field; "-" when there are none. Returns the length. */
#define AKSU_CTL_TEXT 32
AKSU_API size_t aksu_ctl_text(uint8_t ctl, char out[AKSU_CTL_TEXT]);
/* "RFC 9293 3.10.7.4 first, fifth ACK, seventh text": the part of SEGMENT ARRIVES for the state in
 * which the segment finds the connection, and the steps that have something to do. Its length. */
#define AKSU_STEPS_TEXT 112
AKSU_API size_t aksu_segment_steps(const struct aksu_event_segment_in *segment,
                                   char out[AKSU_STEPS_TEXT]);

/* "10.0.0.2:80" or "[2001:db8::2]:80". The length without the zero. */
#define AKSU_ENDPOINT_TEXT (AKSU_IP_TEXT + 8)
AKSU_API size_t aksu_endpoint_text(const struct aksu_endpoint *end, char out[AKSU_ENDPOINT_TEXT]);

/* The log: one line per event, "0.000213 client #1 state: from LISTEN, to SYN-RECEIVED". Seconds
 * since the first event. `host` is borrowed until the sink's end; NULL: not written. */
struct aksu_text_sink {
    struct aksu_sink sink;
    struct aksu_writer writer;
    const char *host;
    aksu_time first;            /* zero of the log; AKSU_NEVER: the first event's time */
};
AKSU_API void aksu_text_init(struct aksu_text_sink *sink, struct aksu_writer writer,
                             const char *host);

/* JSON lines: {"at":1000,"host":"client","conn":1,"event":"state","from":"LISTEN",...}. `at` is in
 * nanoseconds of the stack's clock, `conn` is 0 when the event concerns none; numbers are exact
 * integers of up to 64 bits. `host` is UTF-8, borrowed, and may be NULL. */
struct aksu_json_sink {
    struct aksu_sink sink;
    struct aksu_writer writer;
    const char *host;
};
AKSU_API void aksu_json_init(struct aksu_json_sink *sink, struct aksu_writer writer,
                             const char *host);

/* The tee: each event to all of `to` in that order. The sinks are borrowed. At most AKSU_TEE_MOST
 * are kept, the others are left out; tees may feed tees. */
#define AKSU_TEE_MOST 4
struct aksu_tee_sink {
    struct aksu_sink sink;
    struct aksu_sink *to[AKSU_TEE_MOST];
    unsigned count;
};
AKSU_API void aksu_tee_init(struct aksu_tee_sink *sink, struct aksu_sink *const *to,
                            unsigned count);

/* The ladder: every connection as a diagram of 80 columns, time downwards in milliseconds since the
 * connection's first event, one end at each side with its states and user calls, segments as arrows
 * with relative sequence numbers (a SYN has 0). It is collected, and printed when the connection is
 * over or at aksu_ladder_finish. Datagrams between two UDP endpoints are a diagram too, until none
 * has come for half a minute. An ICMP error stands in the diagram of what it quotes.
 *
 * With one side (aksu_ladder_side called once) the other end is only known by its segments. With
 * two, the segment that one stack sends is matched with the one that the other receives: both
 * times are shown when they differ, what never arrives is drawn as lost, and what nobody sent as
 * coming from nowhere. Both stacks must have the same clock and be used by the same thread. */
struct aksu_ladder;
struct aksu_ladder_config {
    struct aksu_writer writer;
    void *memory;               /* everything is kept here, as long as there are events */
    size_t memory_length;       /* octets, at least 16 KiB; AKSU_LADDER_MEMORY is much. When it
                                   is full, runs of data are folded early and further events of the
                                   connection are counted instead of drawn */
    unsigned fold;              /* a run of more plain data and ACK segments than this is summed
                                   up [6]; UINT32_MAX: only when memory is short */
    bool utf8;                  /* line drawing characters and arrows instead of ASCII */
    bool colour;                /* SGR sequences of ECMA-48 */
    bool at_end;                /* print nothing before aksu_ladder_finish */
    uint32_t numbered;          /* connections that have a number already: the first one gets the
                                   next [0] */
};
#define AKSU_LADDER_MEMORY ((size_t)1 << 20)    /* about 8000 segments, 256 connections at a time */

/* A ladder in config->memory; NULL: not enough of it. There is nothing to free. */
AKSU_API struct aksu_ladder *aksu_ladder_init(const struct aksu_ladder_config *config);
/* The sink for the stack at the left (0) or right (1) side. `host` is the name above its line,
 * borrowed; at most 12 columns of it are shown. */
AKSU_API struct aksu_sink *aksu_ladder_side(struct aksu_ladder *ladder, unsigned side,
                                            const char *host);
/* The name above the line of a side that has no stack here, e.g. "internet" [peer]. */
AKSU_API void aksu_ladder_name(struct aksu_ladder *ladder, unsigned side, const char *host);
/* A look into the middle: what happens from now on is not drawn. It tells which of the segments
 * that are under way will arrive; without it, they are lost. Once, with `at_end`. */
AKSU_API void aksu_ladder_ahead(struct aksu_ladder *ladder);
/* Prints all connections that have not been printed, the oldest first. More events may follow. */
AKSU_API void aksu_ladder_finish(struct aksu_ladder *ladder);

#ifdef __cplusplus
}
#endif
#endif
