/* route_lookup.c - which way out: longest prefix, next hop and source address (RFC 1122 3.3.1,
 * 3.3.4.3; RFC 6724 5 in miniature). Called for every new flow. */
#include "ip/route.h"

/* `only`: the device that it must be; 0: any. */
static const struct route *longest_match(const struct route_table *t, uint32_t only,
                                         const struct aksu_ip *destination)
{
    for (uint32_t i = 0; i < t->routes; i++) {
        const struct route *r = &t->route[i];
        if (ip_in_prefix(destination, &r->prefix, r->bits) && (only == 0 || r->device == only))
            return r;
    }
    return NULL;
}

static const struct route_address *find_address(const struct route_table *t,
                                                const struct aksu_ip *ip)
{
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (ip_eq(&t->address[i].ip, ip))
            return &t->address[i];
    }
    return NULL;
}

static unsigned common_bits(const struct aksu_ip *a, const struct aksu_ip *b)
{
    unsigned bits = 0;
    while (bits < 128 && ip_in_prefix(a, b, bits + 1))
        bits++;
    return bits;
}

/* How well `a` suits as the source for `destination` through next_hop; 0: not at all. */
static unsigned suits(const struct route_address *a, const struct aksu_ip *destination,
                      const struct aksu_ip *next_hop)
{
    if (ip_is_v4(&a->ip) != ip_is_v4(destination) || ip_is_loopback(&a->ip))
        return 0;
    bool near = ip_is_link_local(destination)
             || (!ip_is_v4(destination) && ip_is_multicast(destination)
                 && (destination->octet[1] & 0x0f) <= 2);
    unsigned score = 1;
    score += ip_is_link_local(&a->ip) == near ? 4096u : 0u;     /* RFC 6724 5, rule 2 */
    score += !a->deprecated ? 2048u : 0u;                       /* RFC 6724 5, rule 3 */
    score += ip_in_prefix(next_hop, &a->ip, a->bits) ? 256u + a->bits : 0u;
    /* RFC 6724 5, rule 8: a local prefix does not lead into the Internet, nor the other way. */
    score += !ip_is_v4(&a->ip) ? common_bits(&a->ip, destination) : 0;
    return score;
}

static bool choose_source(const struct route_table *t, struct route_result *out,
                          const struct aksu_ip *destination)
{
    unsigned best = 0;
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (t->address[i].device != out->device)
            continue;
        unsigned score = suits(&t->address[i], destination, &out->next_hop);
        if (score > best) {
            best = score;
            out->source = t->address[i].ip;
        }
    }
    return best > 0;
}

/* For destinations that do not say on which link they are: the source's own device, else what the
 * routes say, else the first device with an address of the family. 0: none. */
static uint32_t device_for_link(const struct route_table *t, uint32_t only,
                                const struct aksu_ip *destination, const struct aksu_ip *source)
{
    if (only != 0)
        return only;
    const struct route_address *a = find_address(t, source);
    if (a != NULL)
        return a->device;
    const struct route *r = longest_match(t, 0, destination);
    if (r != NULL)
        return r->device;
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (ip_is_v4(&t->address[i].ip) == ip_is_v4(destination))
            return t->address[i].device;
    }
    return 0;
}

/* A route to a loopback address over a device that may carry it. */
static bool routed_loopback(const struct route_table *t, const struct aksu_ip *destination)
{
    const struct route *r = t->carries_loopback != 0 ? longest_match(t, 0, destination) : NULL;
    return r != NULL && (t->carries_loopback >> r->device & 1) != 0;
}

/* An own address, or the loopback net, which must never be seen outside: RFC 1122 3.2.1.3. */
static bool to_self(const struct route_table *t, const struct aksu_ip *destination,
                    const struct aksu_ip *source, struct route_result *out)
{
    const struct route_address *a = find_address(t, destination);
    if (a == NULL && (!ip_is_loopback(destination) || routed_loopback(t, destination)))
        return false;
    *out = (struct route_result){
        .found = true,
        .to_self = true,
        .device = a != NULL ? a->device : t->addresses > 0 ? t->address[0].device : 1,
        .next_hop = *destination,
        .source = ip_is_unspecified(source) ? *destination : *source,
    };
    return true;
}

static bool pick_way(const struct route_table *t, uint32_t only, const struct aksu_ip *destination,
                     const struct aksu_ip *source, struct route_result *out)
{
    out->next_hop = *destination;
    out->multicast = ip_is_multicast(destination);
    out->broadcast = ip_is_broadcast(destination);
    if (out->multicast || out->broadcast || ip_is_link_local(destination)) {
        out->device = device_for_link(t, only, destination, source);
        return out->device != 0;
    }
    const struct route *r = longest_match(t, only, destination);
    if (r == NULL)
        return false;
    out->device = r->device;
    if (!ip_is_unspecified(&r->gateway))
        out->next_hop = r->gateway;
    else
        out->broadcast = route_is_broadcast(t, r->device, destination);
    return true;
}

struct route_result route_lookup(const struct route_table *t, const struct aksu_ip *destination,
                                 const struct aksu_ip *source)
{
    return route_lookup_on(t, 0, destination, source);
}

struct route_result route_lookup_on(const struct route_table *t, uint32_t only,
                                    const struct aksu_ip *destination,
                                    const struct aksu_ip *source)
{
    static const uint8_t this_host[4];
    static const struct route_result none;
    struct route_result out = none;

    if (ip_is_unspecified(destination))
        return none;
    if (!ip_is_unspecified(source) && ip_is_v4(source) != ip_is_v4(destination))
        return none;
    if (to_self(t, destination, source, &out))
        return out;
    if (!pick_way(t, only, destination, source, &out))
        return none;
    out.source = *source;
    if (ip_is_unspecified(source) && !choose_source(t, &out, destination)) {
        if (only == 0 || !ip_is_broadcast(destination))
            return none;
        out.source = ip_from_v4(this_host);     /* RFC 1122 3.2.1.3 (a), RFC 2131 4.1 */
    }
    out.found = true;
    return out;
}
