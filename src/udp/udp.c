/* udp.c - the table of endpoints: open, close, find (RFC 768, RFC 1122 4.1.3). An endpoint whose
 * local and remote addresses are both known is found by its four-tuple, others by local port.
 * Called by the stack. */
#include "udp/udp_internal.h"
#include "base/check.h"
#include "base/ip_addr.h"

enum { EXACT_KEY = 36 };

void udp_init(struct udp *u, struct pool *pool, uint8_t slab_number, uint32_t most,
              const uint8_t seed[16], bool ports_in_order)
{
    memset(u, 0, sizeof *u);
    u->pool = pool;
    u->most = most;
    u->random = prng_of(seed);
    u->key = prng_key(&u->random);
    struct sipkey ports = prng_key(&u->random);
    ports_init(&u->ports, &ports, ports_in_order);
    slab_init(&u->slab, pool, (sizeof(struct udp_endpoint) + 7) / 8 * 8, slab_number);
}

static uint32_t exact_bucket(const struct udp *u, const struct aksu_endpoint *local,
                             const struct aksu_endpoint *remote)
{
    uint8_t key[EXACT_KEY];
    memcpy(key, local->ip.octet, 16);
    memcpy(key + 16, remote->ip.octet, 16);
    store_be16(key + 32, local->port);
    store_be16(key + 34, remote->port);
    return (uint32_t)siphash13(&u->key, key, sizeof key) % UDP_BUCKETS;
}

static slab_ref *chain_of(struct udp *u, const struct udp_endpoint *e)
{
    return e->exact ? &u->exact[exact_bucket(u, &e->local, &e->remote)]
                    : &u->port[e->local.port % UDP_BUCKETS];
}

static bool same(const struct aksu_endpoint *a, const struct aksu_endpoint *b)
{
    return a->port == b->port && ip_eq(&a->ip, &b->ip);
}

static struct udp_endpoint *find_exact(const struct udp *u, const struct aksu_endpoint *local,
                                       const struct aksu_endpoint *remote)
{
    slab_ref ref = u->exact[exact_bucket(u, local, remote)];
    for (; ref != 0; ref = udp_at(u, ref)->next) {
        struct udp_endpoint *e = udp_at(u, ref);
        if (same(&e->local, local) && same(&e->remote, remote))
            return e;
    }
    return NULL;
}

/* :: takes both families, 0.0.0.0 only IPv4. 0: no match. */
static unsigned local_score(const struct udp_endpoint *e, const struct aksu_ip *ip)
{
    if (!ip_is_unspecified(&e->local.ip))
        return ip_eq(&e->local.ip, ip) ? 4 : 0;
    if (ip_is_v4(&e->local.ip))
        return ip_is_v4(ip) ? 2 : 0;
    return 1;
}

static unsigned score(const struct udp_endpoint *e, uint32_t device,
                      const struct aksu_endpoint *local, const struct aksu_endpoint *remote)
{
    unsigned by_local = local_score(e, &local->ip);
    if (e->local.port != local->port || by_local == 0)
        return 0;
    if (e->device != 0 && device != 0 && e->device != device)
        return 0;
    unsigned found = by_local + (e->device != 0 ? 16u : 0u);
    if (ip_is_unspecified(&e->remote.ip))
        return found;
    return same(&e->remote, remote) ? found + 8 : 0;
}

struct udp_endpoint *udp_match(const struct udp *u, uint32_t device,
                               const struct aksu_endpoint *local,
                               const struct aksu_endpoint *remote, bool any_port)
{
    struct udp_endpoint *best = find_exact(u, local, remote);
    if (best != NULL)
        return best;
    unsigned best_score = 0;
    for (slab_ref ref = u->port[local->port % UDP_BUCKETS]; ref != 0;) {
        struct udp_endpoint *e = udp_at(u, ref);
        unsigned found = score(e, device, local, remote);
        if (found > best_score) {
            best_score = found;
            best = e;
        }
        ref = e->next;
    }
    if (best == NULL && any_port && u->catch_all != 0)
        best = udp_at(u, u->catch_all);
    return best;
}

/* Whether an endpoint with these very values exists. */
static bool taken(const struct udp *u, const struct udp_endpoint *wanted)
{
    if (wanted->any_port)
        return u->catch_all != 0;
    if (wanted->exact)
        return find_exact(u, &wanted->local, &wanted->remote) != NULL;
    for (slab_ref ref = u->port[wanted->local.port % UDP_BUCKETS]; ref != 0;) {
        const struct udp_endpoint *e = udp_at(u, ref);
        if (e->device == wanted->device && same(&e->local, &wanted->local)
            && same(&e->remote, &wanted->remote))
            return true;
        ref = e->next;
    }
    return false;
}

static bool port_used(const struct udp *u, uint16_t port)
{
    for (slab_ref ref = u->port[port % UDP_BUCKETS]; ref != 0; ref = udp_at(u, ref)->next) {
        if (udp_at(u, ref)->local.port == port)
            return true;
    }
    return false;
}

/* RFC 6056 3.3 */
static bool choose_port(struct udp *u, struct udp_endpoint *e)
{
    struct port_walk walk = ip_is_unspecified(&e->remote.ip)
                                ? ports_first_random(&u->ports, &u->random)
                                : ports_first(&u->ports, &e->local.ip, &e->remote);
    while ((e->local.port = ports_next(&u->ports, &walk)) != 0) {
        if (!port_used(u, e->local.port) && !taken(u, e))
            return true;
    }
    return false;
}

static enum aksu_status check(const struct udp_open *how)
{
    bool local = !ip_is_unspecified(&how->local.ip), remote = !ip_is_unspecified(&how->remote.ip);
    if (how->any_port && (local || remote || how->local.port != 0))
        return AKSU_INVALID;
    if (!remote)
        return AKSU_OK;
    if (how->remote.port == 0
        || (local && ip_is_v4(&how->local.ip) != ip_is_v4(&how->remote.ip)))
        return AKSU_INVALID;
    return AKSU_OK;
}

static uint32_t queue_limit(uint32_t wanted)
{
    if (wanted == 0)
        return UDP_QUEUE_DEFAULT;
    if (wanted < UDP_QUEUE_LEAST)
        return UDP_QUEUE_LEAST;
    return wanted < UDP_QUEUE_MOST ? wanted : UDP_QUEUE_MOST;
}

/* As asked for, its port chosen. False: the address is taken, or no port is left. */
static enum aksu_status prepare(struct udp *u, const struct udp_open *how, struct udp_endpoint *e)
{
    enum aksu_status status = check(how);
    if (status != AKSU_OK)
        return status;
    *e = (struct udp_endpoint){ .queue = queue_limit(how->queue), .local = how->local,
                                .cookie = how->cookie, .any_port = how->any_port,
                                .device = how->device };
    if (!ip_is_unspecified(&how->remote.ip)) {
        e->remote = how->remote;
        e->exact = !ip_is_unspecified(&how->local.ip) && how->device == 0;
    }
    if (e->local.port == 0 && !e->any_port)
        return choose_port(u, e) ? AKSU_OK : AKSU_ALREADY_EXISTS;
    return taken(u, e) ? AKSU_ALREADY_EXISTS : AKSU_OK;
}

enum aksu_status udp_open(struct udp *u, const struct udp_open *how, aksu_udp *out)
{
    struct udp_endpoint prepared;
    if (u->count == u->most)
        return AKSU_NO_RESOURCES;
    enum aksu_status status = prepare(u, how, &prepared);
    if (status != AKSU_OK)
        return status;
    slab_ref ref = slab_take(&u->slab);
    if (ref == 0)
        return AKSU_NO_RESOURCES;

    struct udp_endpoint *e = udp_at(u, ref);
    *e = prepared;
    e->self = ref;
    u->generation += u->generation == UINT32_MAX ? 2 : 1;   /* 0 means closed */
    e->generation = u->generation;
    u->count++;
    if (e->any_port) {
        u->catch_all = ref;
    } else {
        slab_ref *chain = chain_of(u, e);
        e->next = *chain;
        *chain = ref;
    }
    *out = udp_handle(e);
    return AKSU_OK;
}

struct udp_endpoint *udp_get(const struct udp *u, aksu_udp handle)
{
    struct udp_endpoint *e = handle.index != 0 ? slab_find(&u->slab, handle.index) : NULL;
    if (e == NULL || handle.generation == 0 || e->generation != handle.generation
        || e->self != handle.index)
        return NULL;
    return e;
}

const struct udp_endpoint *udp_find(const struct udp *u, aksu_udp handle)
{
    return udp_get(u, handle);
}

enum aksu_status udp_close(struct udp *u, aksu_udp handle)
{
    struct udp_endpoint *e = udp_get(u, handle);
    if (e == NULL)
        return AKSU_DOES_NOT_EXIST;
    ring_clear(&e->receive, u->pool);
    ring_clear(&e->send, u->pool);
    udp_place(u, e, UDP_PLACE_NONE);
    if (e->any_port) {
        u->catch_all = 0;
    } else {
        slab_ref *link = chain_of(u, e);
        while (*link != e->self)
            link = &udp_at(u, *link)->next;
        *link = e->next;
    }
    e->generation = 0;
    u->count--;
    slab_give(&u->slab, e->self);
    return AKSU_OK;
}
