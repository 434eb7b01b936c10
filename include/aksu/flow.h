/* flow.h - a paced, congestion-controlled flow of datagrams, for games and media: what is lost is
 * lost, but nothing is sent faster than the path carries, and TCP beside it gets its share. Over
 * UDP or anything like it. No I/O, no allocation, no clock: octets and times in and out.
 * docs/flow.md has the wire format and the rules. */
#ifndef AKSU_FLOW_H
#define AKSU_FLOW_H

#include "aksu/udp.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AKSU_FLOW_HEADER = 20,               /* in front of every datagram */
       AKSU_FLOW_FEEDBACK_MOST = 532 };     /* octets of a feedback */

/* What a datagram that came is for: the receiver, the sender, or nobody (AKSU_FLOW_OTHER: malformed
 * or of another version). */
enum aksu_flow_kind { AKSU_FLOW_OTHER, AKSU_FLOW_DATA, AKSU_FLOW_FEEDBACK };
AKSU_API enum aksu_flow_kind aksu_flow_kind(const void *datagram, size_t length);

/* --- The sender. Every field may be 0: then the default in brackets holds. */
struct aksu_flow;
struct aksu_flow_config {
    const char *congestion_control;     /* "reno", "cubic", "bbr" ["cubic"] */
    uint32_t datagram;                  /* most octets of one, header included, 64..65507 [1200] */
    uint64_t rate_most;                 /* octets per second [as the path allows] */
    aksu_time rtt;                      /* what a round trip is taken for at first [100 ms] */
    uint32_t first_sequence;            /* [drawn from the seed] */
    uint8_t seed[16];                   /* a new one for every flow: its name on the wire, and what
                                           shows a peer who acknowledges what never came */
};
/* Octets of memory for a flow with so many datagrams under way (rounded up to a power of two, at
 * least 16): rate * RTT / datagram * 3 is plenty. */
AKSU_API size_t aksu_flow_size(uint32_t datagrams);
/* `memory` is the caller's, aligned for a uint64_t; the flow is in it and ends with it. INVALID
 * (no such congestion control, datagram, alignment), NO_RESOURCES (size). */
AKSU_API enum aksu_status aksu_flow_init(void *memory, size_t size,
                                         const struct aksu_flow_config *config, aksu_time now,
                                         struct aksu_flow **out);
/* When a datagram of `length` octets, header included, may be sent: not after now: at once; later:
 * by then, as pacing goes; AKSU_NEVER: not before feedback or a timeout. */
AKSU_API aksu_time aksu_flow_send_time(const struct aksu_flow *flow, size_t length, aksu_time now);
/* The caller sends datagram[0..length) now: its first AKSU_FLOW_HEADER octets are filled in. OK,
 * WOULD_BLOCK (not before aksu_flow_send_time), TOO_LONG, INVALID (shorter than a header). */
AKSU_API enum aksu_status aksu_flow_send(struct aksu_flow *flow, uint8_t *datagram, size_t length,
                                         aksu_time now);
/* True: these octets are to be sent as well. An empty datagram that asks for feedback, when the
 * answer to the last ones is overdue. */
AKSU_API bool aksu_flow_probe(struct aksu_flow *flow, uint8_t datagram[AKSU_FLOW_HEADER],
                              aksu_time now);
/* A feedback that arrived. OK; INVALID (malformed: nothing changes; or about what was never sent:
 * it is not believed, and the flow begins again with one datagram); DOES_NOT_EXIST (of another). */
AKSU_API enum aksu_status aksu_flow_feedback(struct aksu_flow *flow, const void *datagram,
                                             size_t length, aksu_time now);
/* When aksu_flow_timeouts and aksu_flow_probe want to be called, AKSU_NEVER: only after a send. */
AKSU_API aksu_time aksu_flow_next_timeout(const struct aksu_flow *flow);
AKSU_API void aksu_flow_timeouts(struct aksu_flow *flow, aksu_time now);

/* The sequence number of the last datagram, and what became of it or an earlier one; UNKNOWN: never
 * sent, or so long ago that it is forgotten. LOST may become DELIVERED: it was only late. */
enum aksu_flow_fate { AKSU_FLOW_UNKNOWN, AKSU_FLOW_UNDER_WAY, AKSU_FLOW_DELIVERED,
                      AKSU_FLOW_LOST };
AKSU_API uint32_t aksu_flow_last(const struct aksu_flow *flow);
AKSU_API enum aksu_flow_fate aksu_flow_fate(const struct aksu_flow *flow, uint32_t sequence);

struct aksu_flow_info {
    uint64_t rate;                      /* octets per second that the path takes: for an encoder */
    uint64_t pacing_rate;
    uint32_t cwnd, in_flight;           /* octets */
    uint32_t srtt_us, min_rtt_us;       /* 0: not known yet */
    uint64_t sent, delivered, lost;     /* octets; what came after all is in both */
    uint64_t late;                      /* of lost: octets that came after all */
    uint64_t congestion_events, timeouts, probes, refused;  /* refused: feedbacks */
    const char *congestion_control;
};
AKSU_API void aksu_flow_info(const struct aksu_flow *flow, struct aksu_flow_info *out);

/* --- The receiver: begin with all zero. It belongs to the first flow that it hears. The fields up
 * to `ce` are for reading, the others its own. */
struct aksu_flow_receiver {
    uint64_t datagrams, octets;         /* taken; octets without headers */
    uint64_t duplicates;                /* that came again, or too late to tell */
    uint32_t jitter_us;                 /* of the transit time, smoothed (RFC 3550 6.4.1) */
    uint32_t ce;                        /* datagrams with CE (RFC 3168 5) */
    uint32_t token, highest, wanted, waiting, transit_us;
    aksu_time highest_at, due, reported_at;
    uint32_t arrived[128];
    bool begun;
};
struct aksu_flow_datagram {
    const uint8_t *data;                /* in the caller's datagram */
    uint32_t length;                    /* 0: a probe, nothing for the application */
    uint32_t sequence;                  /* grows with each datagram sent, not always by one */
    uint32_t sent_us;                   /* low 32 bits of the sender's clock */
};
/* A datagram that arrived; `ce`: marked so. OK, ALREADY_EXISTS (a duplicate), INVALID,
 * DOES_NOT_EXIST (of another flow). */
AKSU_API enum aksu_status aksu_flow_take(struct aksu_flow_receiver *receiver, const void *datagram,
                                         size_t length, bool ce, aksu_time now,
                                         struct aksu_flow_datagram *out);
/* When feedback is due; AKSU_NEVER: none. */
AKSU_API aksu_time aksu_flow_feedback_time(const struct aksu_flow_receiver *receiver);
/* Octets of a feedback that is to be sent now; 0: none is due. */
AKSU_API size_t aksu_flow_report(struct aksu_flow_receiver *receiver,
                                 uint8_t out[AKSU_FLOW_FEEDBACK_MOST], aksu_time now);

/* --- Both ends on a UDP endpoint of a stack (udp.h). */
struct aksu_flow_end {
    struct aksu *net;
    aksu_udp udp;
    struct aksu_endpoint peer;          /* port 0: whoever sends first, data */
    struct aksu_flow *sender;           /* or NULL */
    struct aksu_flow_receiver *receiver;        /* or NULL */
};
/* As aksu_flow_send, and sends it. */
AKSU_API enum aksu_status aksu_flow_end_send(struct aksu_flow_end *end, uint8_t *datagram,
                                             size_t length, aksu_time now);
/* The next datagram for the application, in `buffer`, which should have room for the longest: OK,
 * WOULD_BLOCK (no more), or what else aksu_udp_receive says. Feedback is taken on the way. */
AKSU_API enum aksu_status aksu_flow_end_receive(struct aksu_flow_end *end, void *buffer,
                                                size_t room, aksu_time now,
                                                struct aksu_flow_datagram *out);
/* Sends what is due (feedback, probes), and says when to call again. */
AKSU_API aksu_time aksu_flow_end_work(struct aksu_flow_end *end, aksu_time now);

#ifdef __cplusplus
}
#endif
#endif
