/* trace_help.h - a conversation as packets for the tracker: segments are said in numbers relative
 * to each end's ISN, and become IPv4 or IPv6 packets on any link. */
#ifndef UNIT_TRACE_HELP_H
#define UNIT_TRACE_HELP_H

#include "trace/report.h"

enum { TALK_EVENTS = 512 };

struct talk_segment {
    uint8_t ctl;
    uint32_t seq, ack;              /* relative; the ISNs are 4294967000 and 1000 */
    uint32_t wnd, len;              /* wnd 0: 65535, unless `closed` */
    bool closed;
    uint32_t ts, echo;              /* timestamps, when ts is not 0 */
    uint32_t sack[2][2];            /* blocks that are not 0 */
};

struct talk {
    struct tracker t;
    struct aksu_sink sink[2];       /* of client and server */
    aksu_time at;
    bool v6, plain_syn, damaged;    /* plain_syn: MSS only */
    bool itself, one_host;          /* side 0 talks to side 0; both have one address */
    uint16_t port;                  /* of the client */
    uint16_t identification;        /* 0: none */
    uint32_t events, given_up;
    struct { unsigned side; struct aksu_event event; } event[TALK_EVENTS];
    struct trace_conn last;         /* a copy of what was given up last */
};

void talk_begin(struct talk *t, uint32_t connections);
void talk_end(struct talk *t);
/* The octets of a packet, from the IP header on. */
size_t talk_packet(const struct talk *t, unsigned side, struct talk_segment s, uint8_t out[2048]);
/* `ms` later `side` sends it. */
void talk_says(struct talk *t, unsigned ms, unsigned side, struct talk_segment s);
/* `ms` later `from` (the last octet of its address: 1 and 2 are the client and the server) sends an
 * ICMP error about the segment `s` of `side`, and quotes 8 octets of it. */
struct talk_error { uint8_t from, type, code; uint32_t mtu; };
void talk_fails(struct talk *t, unsigned ms, unsigned side, struct talk_segment s,
                struct talk_error e);
/* SYN, SYN,ACK, ACK: 10 ms to the server and back, 20 ms to the client. */
void talk_handshake(struct talk *t);
/* The only connection there is. */
struct trace_conn *talk_conn(struct talk *t);
/* How often this event was told by `side`; of `retransmit`, `timer`, `needless` and `icmp_in` those
 * with this text. */
unsigned talk_told(const struct talk *t, unsigned side, enum aksu_event_kind kind,
                   const char *text);
const char *talk_end_of(struct talk *t);        /* the sentence */

#endif
