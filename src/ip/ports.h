/* ports.h - the order in which ephemeral ports are tried (RFC 6056 3.3): shared by TCP and UDP.
 * Pure: the caller tests whether a port is free and takes the first that is. */
#ifndef IP_PORTS_H
#define IP_PORTS_H

#include "aksu/types.h"
#include "base/prng.h"

/* RFC 6056 3.2: all but the well-known ports, so that a busy client does not run out in
 * TIME-WAIT. */
enum { PORTS_FIRST = 1024, PORTS_LAST = 65535, PORTS_COUNT = PORTS_LAST - PORTS_FIRST + 1 };

struct ports {                  /* one per stack and transport */
    struct sipkey key;
    uint32_t next;              /* next_ephemeral of RFC 6056 3.3.3 */
    bool in_order;              /* no randomization: 1024, 1025, ... */
};
struct port_walk {
    uint32_t offset, left;
};

void ports_init(struct ports *p, const struct sipkey *key, bool in_order);
/* Simple hash-based selection (RFC 6056 3.3.3): different peers see independent sequences. */
struct port_walk ports_first(const struct ports *p, const struct aksu_ip *local,
                             const struct aksu_endpoint *remote);
/* Random start (RFC 6056 3.3.1), for endpoints without a peer. */
struct port_walk ports_first_random(const struct ports *p, struct prng *random);
/* The next candidate; 0 when all have been tried. Advances p->next. */
uint16_t ports_next(struct ports *p, struct port_walk *walk);

#endif
