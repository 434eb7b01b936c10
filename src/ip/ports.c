/* ports.c - the order of candidates for an ephemeral port (RFC 6056 3.3.1, 3.3.3). */
#include "base/ip_addr.h"
#include "ip/ports.h"

void ports_init(struct ports *p, const struct sipkey *key, bool in_order)
{
    *p = (struct ports){ .key = *key, .in_order = in_order };
}

static uint32_t offset_of(const struct ports *p, const struct aksu_ip *local,
                          const struct aksu_endpoint *remote)
{
    if (ip_is_v4(local) && ip_is_v4(&remote->ip)) {
        uint64_t addresses = (uint64_t)load_be32(ip_v4(local)) << 32
                           | load_be32(ip_v4(&remote->ip));
        return (uint32_t)siphash24_12(&p->key, addresses, remote->port);
    }
    uint8_t flow[34];
    memcpy(flow, local->octet, 16);
    memcpy(flow + 16, remote->ip.octet, 16);
    store_be16(flow + 32, remote->port);
    return (uint32_t)siphash24(&p->key, flow, sizeof flow);
}

struct port_walk ports_first(const struct ports *p, const struct aksu_ip *local,
                             const struct aksu_endpoint *remote)
{
    struct port_walk walk = { .left = PORTS_COUNT };
    if (!p->in_order)
        walk.offset = offset_of(p, local, remote);
    return walk;
}

struct port_walk ports_first_random(const struct ports *p, struct prng *random)
{
    struct port_walk walk = { .left = PORTS_COUNT };
    if (!p->in_order)
        walk.offset = prng_below(random, PORTS_COUNT);
    return walk;
}

uint16_t ports_next(struct ports *p, struct port_walk *walk)
{
    if (walk->left == 0)
        return 0;
    walk->left--;
    return (uint16_t)(PORTS_FIRST + (p->next++ + walk->offset) % PORTS_COUNT);
}
