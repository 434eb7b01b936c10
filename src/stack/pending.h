/* pending.h - packets that belong to no connection (RST, ICMP, echo replies) or that this stack
 * sends to itself: complete, one pool page each, few at a time. Called by the stack. */
#ifndef STACK_PENDING_H
#define STACK_PENDING_H

#include "aksu/types.h"
#include "base/pool.h"

enum { PENDING_MOST = 64, PENDING_LINK = 16 };

struct pending_packet {         /* the beginning of a page */
    page_ref next;
    uint32_t device;            /* DEVICE_SELF: to ourselves */
    struct aksu_ip next_hop, source;
    uint32_t length;            /* of the IP packet */
    uint8_t link[PENDING_LINK]; /* its end is for the link header */
    uint8_t octets[];
};
enum { PENDING_ROOM = POOL_PAGE - (int)sizeof(struct pending_packet) };

struct pending {
    page_ref first, last;
    page_ref parked;            /* their next hops are not known yet; newest first */
    uint32_t count, most;
};

#endif
