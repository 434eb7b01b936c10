/* reassembly.h - fragments become datagrams again: RFC 791 3.2, RFC 1122 3.3.2, RFC 8200 4.5. At
 * most REASSEMBLY_DATAGRAMS at a time in at most max_pages pages of the stack's pool; a flood of
 * fragments pushes out the oldest datagrams. A datagram with overlapping fragments is discarded
 * whole and stays discarded until its time is over (RFC 8200 4.5; the same for IPv4); octets that
 * come again unchanged are ignored. Called by ip_input (which is what the stack calls) and, for
 * the deadline, by the stack. */
#ifndef IP_REASSEMBLY_H
#define IP_REASSEMBLY_H

#include "base/pool.h"
#include "base/ranges.h"
#include "base/time.h"
#include "ip/packet.h"

enum {
    REASSEMBLY_DATAGRAMS = 16,
    REASSEMBLY_HEADER = 128,    /* room for the headers in front of the data, in the first page */
    REASSEMBLY_PAGES = 17       /* 128 + 65535 octets */
};
/* Shorter than the 60 s of RFC 8200 4.5 and RFC 1122 3.3.2, as other stacks do: memory. */
#define REASSEMBLY_TIMEOUT AKSU_SECONDS(30)

struct reassembly_datagram {
    bool used, first, last;     /* the first / the last fragment is here */
    bool spoiled;               /* overlapped: swallow what still arrives */
    uint8_t protocol;           /* IPv4: part of the key. IPv6: what followed the fragment header */
    uint32_t identification;
    struct aksu_ip source, destination;
    uint32_t length;            /* of the data, known when `last` */
    uint32_t header_length;     /* headers of the first fragment: they end at REASSEMBLY_HEADER */
    uint32_t next_header_at;    /* IPv6: offset of the octet that named the fragment header */
    uint32_t device;
    uint8_t ecn;                /* a bit per ECN codepoint seen (RFC 3168 5.3) */
    bool group, link_broadcast; /* of the first fragment */
    aksu_time until;
    uint64_t born;              /* order of arrival */
    struct ranges have;         /* octets that arrived, as sequence numbers from 0 */
    page_ref page[REASSEMBLY_PAGES];
};

struct reassembly {
    struct pool *pool;
    uint32_t max_pages, pages;  /* pages: held now */
    uint64_t born;
    aksu_time timeout;
    page_ref done[REASSEMBLY_PAGES];    /* pages lent out with the last result */
    struct reassembly_datagram datagram[REASSEMBLY_DATAGRAMS];
};

/* timeout 0: REASSEMBLY_TIMEOUT. At least one whole datagram needs max_pages >= 17. */
void reassembly_init(struct reassembly *r, struct pool *pool, uint32_t max_pages,
                     aksu_time timeout);
void reassembly_clear(struct reassembly *r);        /* gives every page back */

/* One fragment, header fields already checked by ip_input. Its data is p->payload. */
struct ip_fragment {
    uint32_t identification;
    uint32_t offset;            /* octets, a multiple of 8 */
    bool more;
    uint8_t protocol;           /* IPv6: Next Header of the fragment header */
    uint32_t next_header_at;    /* IPv6 */
};
enum reassembly_verdict {
    REASSEMBLY_HELD,            /* stored (or an exact repetition) */
    REASSEMBLY_DROPPED,         /* *why says it */
    REASSEMBLY_COMPLETE         /* part[] is the whole IP packet, with a header as if it had never
                                   been fragmented; borrowed until the next reassembly call */
};
enum reassembly_verdict reassembly_add(struct reassembly *r, const struct ip_packet *p,
                                       const struct ip_fragment *f,
                                       struct aksu_slice part[REASSEMBLY_PAGES], uint32_t *parts,
                                       const char **why, aksu_time now);
/* Gives back the pages of the last result at once (else the next reassembly call does). */
void reassembly_release(struct reassembly *r);

/* When the oldest datagram expires; NEVER when there is none. */
aksu_time reassembly_next_timeout(const struct reassembly *r);
/* Discards what is due. True: a datagram whose first fragment had arrived was discarded and a Time
 * Exceeded, code 1, is due about *out (icmp_error_build; RFC 1122 3.3.2, RFC 8200 4.5), borrowed
 * until the next reassembly call. Call until false. */
bool reassembly_expired(struct reassembly *r, struct ip_packet *out, aksu_time now);

#endif
