/* pending.h - packets that belong to no connection (RST, ICMP, echo replies) or that this stack
 * sends to itself: complete, one pool page each, few at a time. Each kind has a share of its own
 * and may borrow what all have in common, so a flood of one leaves room for the others. Called by
 * the stack. */
#ifndef STACK_PENDING_H
#define STACK_PENDING_H

#include "aksu/types.h"
#include "base/pool.h"

enum pending_kind { PENDING_COOKIE, PENDING_SEGMENT /* RST, ACK */, PENDING_REPLY /* to an echo */,
                    PENDING_ERROR, PENDING_ASKED /* echo requests, autoconfiguration */,
                    PENDING_OWN /* to ourselves, whatever it is */, PENDING_KINDS };
enum { PENDING_MOST = 64 /* of one kind */, PENDING_SHARES = 4 /* the share: a quarter of it */,
       PENDING_LINK = 16 };

struct pending_packet {         /* the beginning of a page */
    page_ref next;
    uint32_t device;            /* DEVICE_SELF: to ourselves */
    struct aksu_ip next_hop, source;
    uint32_t length;            /* of the IP packet */
    uint32_t kind;              /* enum pending_kind */
    uint8_t link[PENDING_LINK]; /* its end is for the link header */
    uint8_t octets[];
};
enum { PENDING_ROOM = POOL_PAGE - (int)sizeof(struct pending_packet) };

struct pending {
    page_ref first, last;
    page_ref parked;            /* their next hops are not known yet; newest first */
    uint32_t share, common;     /* packets; their sum is what one kind may have at most */
    uint32_t borrowed;          /* of those in common */
    uint32_t count[PENDING_KINDS];
};

#endif
