/* ip.h - what an IP header says of what it carries. Called by packet.c, and by icmp.c for the
 * packet that an error quotes. */
#ifndef TRACE_IP_H
#define TRACE_IP_H

#include "trace/packet.h"

struct trace_ip {
    struct reader r;                /* before: at the header; after: at what it carries */
    uint32_t length;                /* of that, on the wire */
    struct aksu_ip source, destination;
    uint32_t identification;
    uint16_t offset;
    bool fragmented, more;
    uint8_t protocol;
};

/* `wire` octets of it were on the wire. TRACE_SEGMENT: the rest is known, whatever the protocol. */
enum trace_verdict trace_ip_read(struct trace_ip *ip, unsigned version, uint32_t wire);
/* icmp.c: an error about a segment? */
enum trace_verdict trace_icmp_read(const struct trace_ip *ip, unsigned version, bool verify,
                                   struct trace_icmp *out);

#endif
