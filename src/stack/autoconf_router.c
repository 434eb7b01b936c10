/* autoconf_router.c - what a router advertises: itself as the default router, prefixes, the MTU,
 * resolvers (RFC 4861 6.3.4, RFC 4862 5.5.3, RFC 8106 5.3.1). Only the tables' room is believed:
 * who comes first stays until his time is over. Called by icmp_input.c and autoconf.c. */
#include "stack/autoconf.h"

#define MAX_RTR_SOLICITATION_DELAY SECONDS(1)       /* RFC 4861 10 */
enum { IPV6_MTU_LEAST = 1280, IDENTIFIER_BITS = 64 };

/* --- default routers --- */

static struct autoconf_router *find_router(struct autoconf *a, uint32_t device,
                                           const struct aksu_ip *ip)
{
    for (uint32_t i = 0; i < AUTOCONF_ROUTERS; i++) {
        if (a->router[i].device == device && (ip == NULL || ip_eq(&a->router[i].ip, ip)))
            return &a->router[i];
    }
    return NULL;
}

static struct route default_route(uint32_t device, const struct aksu_ip *gateway)
{
    return (struct route){ .gateway = *gateway, .device = (uint8_t)device };
}

/* RFC 4861 6.3.6: one that answers, else the first. */
static const struct autoconf_router *best_router(const struct autoconf *a, uint32_t device)
{
    const struct autoconf_router *best = NULL;
    for (uint32_t i = 0; i < AUTOCONF_ROUTERS; i++) {
        const struct autoconf_router *r = &a->router[i];
        if (r->device == device && (best == NULL || (best->silent && !r->silent)))
            best = r;
    }
    return best;
}

/* Its route to the best of the routers that are known. */
static void choose_router(struct aksu *net, struct autoconf_link *link)
{
    static const struct aksu_ip nobody;
    const struct autoconf_router *best = best_router(autoconf_of(net), link->device);
    const struct aksu_ip *ip = best != NULL ? &best->ip : &nobody;
    struct route old = default_route(link->device, &link->router);
    struct route wanted = default_route(link->device, ip);
    bool changed = false;
    if (!ip_eq(&link->router, ip))
        changed = route_drop_automatic(&net->routes, &old);
    if (best != NULL)
        changed |= route_put_automatic(&net->routes, &wanted);
    link->router = *ip;
    if (changed)
        stack_routes_changed(net);
}

void stack_router_silent(struct aksu *net, uint32_t device, const struct aksu_ip *ip, bool silent)
{
    struct autoconf_link *link = autoconf_link_of(net, device);
    struct autoconf_router *r = link != NULL ? find_router(autoconf_of(net), device, ip) : NULL;
    if (r == NULL || r->silent == silent)
        return;
    r->silent = silent;
    choose_router(net, link);
}

static void forget_router(struct aksu *net, struct autoconf_link *link, struct autoconf_router *r,
                          const char *why, aksu_time now)
{
    EMIT(&net->events, 0, now, router, .ip = r->ip, .state = why);
    r->device = 0;
    choose_router(net, link);
}

/* RFC 4861 7.2.5: its IsRouter flag is gone. */
void stack_router_no_more(struct aksu *net, uint32_t device, const struct aksu_ip *ip,
                          aksu_time now)
{
    struct autoconf_link *link = autoconf_link_of(net, device);
    struct autoconf_router *r = link != NULL ? find_router(autoconf_of(net), device, ip) : NULL;
    if (r != NULL)
        forget_router(net, link, r, "no router any more", now);
}

static void router_in(struct aksu *net, struct autoconf_link *link, const struct aksu_ip *ip,
                      uint32_t lifetime, aksu_time now)
{
    struct autoconf *a = autoconf_of(net);
    struct autoconf_router *r = find_router(a, link->device, ip);
    if (lifetime == 0) {
        if (r != NULL)
            forget_router(net, link, r, "withdrawn", now);
        return;
    }
    if (link->solicits > 0)
        link->solicit_at = NEVER;           /* RFC 4861 6.3.7 */
    if (r == NULL) {
        r = find_router(a, 0, NULL);
        if (r == NULL)
            return;
        *r = (struct autoconf_router){ .ip = *ip, .device = link->device };
        EMIT(&net->events, 0, now, router, .ip = *ip, .state = "default router");
    }
    r->until = time_after(now, SECONDS(lifetime));
    choose_router(net, link);
}

/* --- prefixes --- */

static struct autoconf_prefix *find_prefix(struct autoconf *a, uint32_t device,
                                           const struct prefix_option *o)
{
    for (uint32_t i = 0; i < AUTOCONF_PREFIXES; i++) {
        struct autoconf_prefix *p = &a->prefix[i];
        if (p->device == device && (o == NULL || (p->bits == o->bits
            && ip_in_prefix(&p->prefix, &o->prefix, o->bits))))
            return p;
    }
    return NULL;
}

/* RFC 4861 6.3.4: the L flag. */
static void on_link(struct aksu *net, struct autoconf_prefix *p, uint32_t valid, aksu_time now)
{
    struct route r = { .prefix = p->prefix, .bits = p->bits, .device = p->device };
    bool changed = valid != 0 ? route_put_automatic(&net->routes, &r)
                              : p->on_link != 0 && route_drop_automatic(&net->routes, &r);
    p->on_link = valid != 0 ? autoconf_until(valid, now) : 0;
    if (changed)
        stack_routes_changed(net);
}

static void autonomous(struct aksu *net, struct autoconf_prefix *p, const struct prefix_option *o,
                       bool group, aksu_time now)
{
    struct autoconf_address *a = &p->address;
    if (o->preferred > o->valid || o->bits + IDENTIFIER_BITS != 128)
        return;                             /* RFC 4862 5.5.3 (c), (d) */
    if (a->stage != ADDRESS_NONE) {
        autoconf_address_again(net, a, o->preferred, o->valid, now);
        return;
    }
    if (o->valid == 0)
        return;
    *a = (struct autoconf_address){
        .ip = p->prefix, .device = p->device, .valid = autoconf_until(o->valid, now),
        .preferred = autoconf_until(o->preferred, now),
    };
    /* RFC 4862 5.4.2: everybody on the link has heard it just now */
    autoconf_address_begin(net, a,
                           group ? autoconf_random(net, MAX_RTR_SOLICITATION_DELAY) : 0, now);
}

static bool in_use(const struct autoconf_prefix *p)
{
    return p->on_link != 0 || p->address.stage != ADDRESS_NONE;
}

static void prefix_in(struct aksu *net, uint32_t device, const struct prefix_option *o, bool group,
                      aksu_time now)
{
    struct autoconf *a = autoconf_of(net);
    /* RFC 4862 5.5.3 (b), RFC 4861 6.3.4 */
    if (o->bits == 0 || ip_is_link_local(&o->prefix) || ip_is_multicast(&o->prefix)
        || ip_is_v4(&o->prefix) || ip_is_loopback(&o->prefix))
        return;
    struct autoconf_prefix *p = find_prefix(a, device, o);
    if (p == NULL) {
        p = find_prefix(a, 0, NULL);
        if (p == NULL)
            return;
        *p = (struct autoconf_prefix){ .prefix = o->prefix, .bits = o->bits,
                                       .device = (uint8_t)device };
    }
    if (o->on_link)
        on_link(net, p, o->valid, now);
    if (o->autonomous)
        autonomous(net, p, o, group, now);
    if (!in_use(p))
        p->device = 0;
}

/* --- the MTU and resolvers --- */

/* RFC 4861 6.3.4: of IPv6 packets, not more than the link can take. */
static void mtu_in(struct aksu *net, uint32_t device, uint32_t mtu)
{
    struct device *d = &net->device[device - 1];
    if (mtu < IPV6_MTU_LEAST || mtu > d->mtu || mtu == d->mtu_v6)
        return;
    d->mtu_v6 = mtu;
    stack_routes_changed(net);
}

static void resolver_in(struct autoconf_link *link, const struct aksu_ip *ip, uint32_t lifetime,
                        aksu_time now)
{
    struct autoconf_resolver *place = NULL;
    if (ip_is_unspecified(ip) || ip_is_multicast(ip) || ip_is_loopback(ip) || ip_is_v4(ip))
        return;
    for (uint32_t i = 0; i < AUTOCONF_RESOLVERS; i++) {
        struct autoconf_resolver *r = &link->resolver[i];
        if (r->until != 0 && ip_eq(&r->ip, ip)) {
            r->until = lifetime != 0 ? autoconf_until(lifetime, now) : 0;
            return;
        }
        if (r->until == 0 && place == NULL)
            place = r;
    }
    if (place != NULL && lifetime != 0)
        *place = (struct autoconf_resolver){ *ip, autoconf_until(lifetime, now) };
}

static void resolvers_in(struct autoconf_link *link, const struct resolvers_option *o,
                         aksu_time now)
{
    for (uint32_t i = 0; i < o->count; i++) {
        struct aksu_ip ip;
        memcpy(ip.octet, o->address + (size_t)i * 16, 16);
        resolver_in(link, &ip, o->lifetime, now);
    }
}

const char *stack_router_in(struct aksu *net, const struct ip_packet *p,
                            const struct icmp_message *m, aksu_time now)
{
    struct autoconf_link *link = autoconf_link_of(net, p->device);
    struct discovery_option o;
    struct prefix_option prefix;
    struct resolvers_option resolvers;
    uint32_t mtu;
    if (link == NULL)
        return "ignored";

    link->router_seen = true;
    link->given_up = false;
    neighbor_router(&net->neighbors, p->device, &p->source, m, now);
    stack_neighbor_news(net, now);
    router_in(net, link, &p->source, m->pointer & UINT16_MAX, now);
    struct reader r = reader_of(m->body, m->body_length);
    (void)read_octets(&r, ROUTER_OPTIONS);
    while (wire_discovery_option(&r, &o)) {
        if (wire_prefix_option(&o, &prefix))
            prefix_in(net, p->device, &prefix, p->group, now);
        else if (wire_mtu_option(&o, &mtu))
            mtu_in(net, p->device, mtu);
        else if (wire_resolvers_option(&o, &resolvers))
            resolvers_in(link, &resolvers, now);
    }
    stack_autoconf_plan(net);
    return "taken";
}

/* --- time --- */

void autoconf_router_due(struct aksu *net, aksu_time now)
{
    struct autoconf *a = autoconf_of(net);
    for (uint32_t i = 0; i < AUTOCONF_ROUTERS; i++) {
        struct autoconf_router *r = &a->router[i];
        if (r->device != 0 && r->until <= now)
            forget_router(net, autoconf_link_of(net, r->device), r, "expired", now);
    }
    for (uint32_t i = 0; i < AUTOCONF_PREFIXES; i++) {
        struct autoconf_prefix *p = &a->prefix[i];
        if (p->device == 0)
            continue;
        if (p->on_link != 0 && p->on_link <= now)
            on_link(net, p, 0, now);
        autoconf_address_due(net, &p->address, now);
        if (!in_use(p))
            p->device = 0;
    }
}
