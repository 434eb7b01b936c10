/* link.h - what stands before the IP header in a captured packet, for each link type that we know.
 * Called by packet.c; the command line asks whether a type is known. */
#ifndef TRACE_LINK_H
#define TRACE_LINK_H

#include "base/bytes.h"

/* The numbers of the pcap format; a raw IP packet has had three of them. */
enum trace_link { TRACE_LINK_NULL = 0, TRACE_LINK_ETHERNET = 1, TRACE_LINK_RAW_12 = 12,
                  TRACE_LINK_RAW_14 = 14, TRACE_LINK_RAW = 101, TRACE_LINK_LOOP = 108,
                  TRACE_LINK_COOKED = 113, TRACE_LINK_IPV4 = 228, TRACE_LINK_IPV6 = 229,
                  TRACE_LINK_COOKED_2 = 276 };

bool trace_link_known(int link);
/* Leaves r at the IP header. The version that the link announces, 4 or 6; 0: it is not IP, or the
 * packet is cut before that is known. */
unsigned trace_link_skip(int link, struct reader *r);

#endif
