/* splice.h - octets between a stack's rings and a host descriptor, without a copy of our own. */
#ifndef GATEWAY_SPLICE_H
#define GATEWAY_SPLICE_H

#include "gateway/flow.h"

enum splice_end {
    SPLICE_LIVES,
    SPLICE_RESET,                       /* the host's side broke: the guest must be reset */
    SPLICE_GONE                         /* the guest's connection is gone: the host must be reset */
};

/* At most SPLICE_TURN octets a call, so that one connection cannot starve the others. */
enum { SPLICE_TURN = 1 << 20, SPLICE_PIECES = 64 };

/* Whether the host socket can be written and read, as far as is known. */
static inline bool splice_can_write(const struct flow *flow)
{
    return flow->guest_readable && flow->host_writable && !flow->guest_ended && !flow->host_refuses;
}

static inline bool splice_can_read(const struct flow *flow)
{
    return flow->host_readable && flow->guest_writable && !flow->host_ended && !flow->host_broken;
}

enum splice_end splice_to_host(struct flow *flow, aksu_time now);
enum splice_end splice_to_guest(struct flow *flow, aksu_time now);

#endif
