/* udp_internal.h - what the table of endpoints (udp.c) keeps for the queues (udp_queue.c) and for
 * what arrives (udp_input.c). */
#ifndef UDP_UDP_INTERNAL_H
#define UDP_UDP_INTERNAL_H

#include "udp/udp.h"

/* In front of each datagram in a queue: UDP_RECORD octets. */
struct udp_record {
    struct aksu_endpoint from, to;
    uint32_t length;
};

enum { UDP_PLACE_NONE, UDP_PLACE_SENDING, UDP_PLACE_PARKED };

static inline struct udp_endpoint *udp_at(const struct udp *u, slab_ref ref)
{
    return slab_at(&u->slab, ref);
}

static inline aksu_udp udp_handle(const struct udp_endpoint *e)
{
    return (aksu_udp){ e->self, e->generation };
}

struct udp_endpoint *udp_get(const struct udp *u, aksu_udp handle);     /* NULL: gone */

/* The endpoint for a datagram that came from `remote` to `local`, the most specific first; the one
 * for any port last, if allowed. `device`: where it arrived; 0: not known. NULL: none. */
struct udp_endpoint *udp_match(const struct udp *u, uint32_t device,
                               const struct aksu_endpoint *local,
                               const struct aksu_endpoint *remote, bool any_port);

/* Appends a datagram to a queue. False, nothing changed: it has no room. */
bool udp_put(struct udp *u, struct ring *queue, uint32_t most, const struct udp_record *record,
             const struct aksu_slice *text, uint32_t parts);

/* Takes the endpoint out of its list, or puts it at the end of one. */
void udp_place(struct udp *u, struct udp_endpoint *e, uint8_t place);

#endif
