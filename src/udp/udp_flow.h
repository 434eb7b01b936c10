/* udp_flow.h - the sending end of a paced flow: what its parts share. udp_flow.c sends and paces,
 * udp_flow_feedback.c takes feedback, udp_flow_loss.c says what is lost and when silence is too
 * long. The window and the rate are those of tcp/cc.h. */
#ifndef UDP_UDP_FLOW_H
#define UDP_UDP_FLOW_H

#include "base/prng.h"
#include "base/seq.h"
#include "base/time.h"
#include "tcp/cc.h"
#include "wire/flow.h"

/* Below `oldest` so many numbers are still looked for in feedback: they may be late. */
enum { UDP_FLOW_KEEP = 64 };

enum udp_flow_state {
    UDP_FLOW_NEVER, UDP_FLOW_SKIPPED,   /* this number was not sent: who says it came is lying */
    UDP_FLOW_FLYING, UDP_FLOW_DELIVERED, UDP_FLOW_LOST
};

/* One datagram; `delivered` and the times are of its sending, draft-ietf-ccwg-bbr-06 4.1.2.1.2. */
struct udp_flow_record {
    aksu_time sent, first_sent, delivered_at;
    uint32_t delivered;                 /* octets, modulo 2^32 */
    uint16_t length;
    uint8_t state;
    bool app_limited;
};

struct aksu_flow {
    struct cc cc;
    struct prng random;
    uint64_t rate_most;
    uint32_t token;
    uint32_t records;                   /* a power of two */
    seq_t first, next;                  /* the first one that has a record, and the next one */
    seq_t oldest;                       /* below it nothing is under way */
    seq_t highest;                      /* delivered; valid when any_delivered */
    uint32_t until_skip;
    uint32_t in_flight, most_in_flight, most_in_flight_before;
    bool forgot;                        /* there were earlier ones than `first` */
    bool any_delivered, probed;

    /* pacing */
    aksu_time next_send;
    aksu_time opened_at;                /* when the window was full the last time */
    uint64_t fraction;                  /* of a nanosecond: divided by the rate */

    /* delivery rate, draft-ietf-ccwg-bbr-06 4.1 */
    uint64_t delivered;
    aksu_time delivered_at, first_sent;
    uint64_t round_end, app_limited_until;

    /* round trip and timers, RFC 6298 2 */
    aksu_time srtt, rttvar, min_rtt, latest_rtt;        /* 0: not known yet */
    aksu_time guess;                    /* of the RTT */
    aksu_time last_sent, progress;
    aksu_time loss_at;                  /* when what is missing counts as lost; NEVER: nothing is */
    uint32_t backoff;

    /* reordering, RFC 8985 6.2 */
    uint32_t window_steps;              /* quarters of the smallest RTT */
    bool reordering;

    /* congestion: one response per round trip, taken back when all that was lost came */
    bool recovering, may_undo;
    seq_t recovery_end, episode_first;
    uint64_t episode_missing;           /* octets */
    uint32_t ce;

    uint64_t sent, lost, late, events, timeouts, probes, refused;
    struct udp_flow_record record[];
};

static inline struct udp_flow_record *udp_flow_at(struct aksu_flow *f, seq_t n)
{
    return &f->record[n.n & (f->records - 1)];
}

/* One feedback, or one silence, on its way through the parts. */
struct udp_flow_news {
    aksu_time now;
    uint32_t acked, lost;               /* octets */
    seq_t newest, oldest_lost, newest_lost;     /* valid when acked, lost are not 0 */
    bool highest_is_new;                /* the RTT can be measured */
};

/* udp_flow.c: how long the receiver may wait with feedback */
uint32_t udp_flow_within_us(const struct aksu_flow *f);

/* udp_flow_loss.c */
aksu_time udp_flow_rto(const struct aksu_flow *f);
aksu_time udp_flow_silence_at(const struct aksu_flow *f);       /* when silence is too long */
void udp_flow_detect_loss(struct aksu_flow *f, struct udp_flow_news *news);
/* A datagram that was given up came. */
void udp_flow_came_after_all(struct aksu_flow *f, seq_t n, uint32_t length);
void udp_flow_congestion(struct aksu_flow *f, const struct udp_flow_news *news, bool ce);
/* The peer says that it got what was never sent. */
void udp_flow_lie(struct aksu_flow *f, aksu_time now);
void udp_flow_end_recovery(struct aksu_flow *f, aksu_time now);
/* Takes the response back if nothing of what caused it is missing. */
void udp_flow_undo(struct aksu_flow *f, aksu_time now);
/* Moves `oldest` over what is decided. */
void udp_flow_advance(struct aksu_flow *f);
void udp_flow_tell(struct aksu_flow *f, const struct udp_flow_news *news, struct cc_ack *ack);

#endif
