/* packet.h - a captured packet as a TCP segment with its addresses, or as an ICMP error about one.
 * What a capture does to packets is undone as far as that goes: octets beyond the snapshot length
 * are counted although they are not there, segments that a device was to cut have no length in
 * their IP header, fragments are put together. Called by the program and by fuzz_trace. */
#ifndef TRACE_PACKET_H
#define TRACE_PACKET_H

#include "aksu/types.h"
#include "base/seq.h"
#include "trace/link.h"
#include "wire/tcp.h"

struct trace_packet {
    aksu_time at;
    int link;                       /* enum trace_link */
    const uint8_t *data;
    uint32_t captured, length;      /* octets that are there, and that were on the wire */
};

struct trace_segment {
    aksu_time at;
    struct aksu_ip source, destination;
    struct tcp_segment tcp;         /* text_len is that of the wire; there are no slices of it */
    uint16_t identification;        /* of the IPv4 header; 0 in IPv6 */
    bool damaged;                   /* its checksum was looked at, and is wrong */
};

/* An ICMP error, and the segment that it quotes. */
struct trace_icmp {
    aksu_time at;
    struct aksu_ip from, to;
    struct aksu_endpoint source, destination;       /* of the segment */
    seq_t seq;
    uint32_t mtu;                   /* what would have fitted; 0: it does not say */
    uint8_t type, code;
    bool v6;
};

enum trace_verdict { TRACE_SEGMENT, TRACE_NOT_TCP, TRACE_CUT /* before the TCP header's end */,
                     TRACE_MALFORMED, TRACE_FRAGMENT /* of a packet that is not complete yet */,
                     TRACE_ICMP, TRACE_VERDICTS };

/* Fragmented packets that are not complete: the header of each, and how many octets came. */
enum { TRACE_FRAGMENTED = 32 };
struct trace_fragmented {
    struct aksu_ip source, destination;
    uint32_t identification;
    uint32_t whole, came;           /* octets of TCP; whole 0: the last one has not come */
    uint8_t held;                   /* octets of `header` */
    uint8_t header[TCP_HEADER_MOST];
};
struct trace_fragments {
    struct trace_fragmented of[TRACE_FRAGMENTED];
    unsigned next;                  /* the place that a new one takes */
};

/* Fills in `out` for TRACE_SEGMENT and `icmp` for TRACE_ICMP. `verify`: look at the checksums of
 * packets that are there in full. One that was left to a device (it has the sum of the pseudo
 * header only) is a good one; an ICMP error with a wrong one is TRACE_MALFORMED. */
enum trace_verdict trace_packet_read(struct trace_fragments *f, const struct trace_packet *p,
                                     bool verify, struct trace_segment *out,
                                     struct trace_icmp *icmp);

#endif
