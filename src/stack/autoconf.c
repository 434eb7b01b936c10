/* autoconf.c - IPv6 on a device by itself: a link-local address, router solicitations (RFC 4861
 * 6.3.7), and the deadlines of everything that routers have said. Called by socket/ and the stack's
 * timers. */
#include "stack/autoconf.h"
#include "wire/ipv4.h"

#define MAX_RTR_SOLICITATION_DELAY SECONDS(1)       /* RFC 4861 10 */
#define RTR_SOLICITATION_INTERVAL SECONDS(4)
enum { MAX_RTR_SOLICITATIONS = 3, IPV6_MTU_LEAST = 1280 };

struct autoconf_link *autoconf_link_of(const struct aksu *net, uint32_t device)
{
    struct autoconf *a = autoconf_of(net);
    for (uint32_t i = 0; a != NULL && i < AUTOCONF_LINKS; i++) {
        if (a->link[i].device == device)
            return &a->link[i];
    }
    return NULL;
}

aksu_time autoconf_random(struct aksu *net, aksu_time most)
{
    uint8_t number[8];
    store_le64(number, autoconf_of(net)->draws++);
    return most > 0 ? siphash24(&net->autoconf_key, number, sizeof number) % most : 0;
}

struct autoconf_address *autoconf_address_place(const struct aksu *net, uint32_t i)
{
    struct autoconf *a = autoconf_of(net);
    if (a == NULL || i >= AUTOCONF_LINKS + AUTOCONF_PREFIXES)
        return NULL;
    return i < AUTOCONF_LINKS ? &a->link[i].link_local : &a->prefix[i - AUTOCONF_LINKS].address;
}

struct aksu_ip autoconf_link_local(const struct aksu *net, uint32_t device)
{
    static const struct aksu_ip none;
    for (uint32_t i = 0; i < net->routes.addresses; i++) {
        const struct route_address *a = &net->routes.address[i];
        if (a->device == device && !ip_is_v4(&a->ip) && ip_is_link_local(&a->ip))
            return a->ip;
    }
    return none;
}

bool autoconf_send(struct aksu *net, uint32_t device, const struct ip_out *ip,
                   const struct icmp_message *m, aksu_time now)
{
    uint8_t message[64];
    struct ip_out out = *ip;
    struct writer w = writer_of(message, sizeof message);
    out.protocol = IP_PROTOCOL_ICMPV6;
    out.dont_fragment = true;
    wire_icmpv6_build(&w, &ip->source, &ip->destination, m);
    struct aksu_slice part = { message, writer_length(&w) };
    if (!stack_send_on_link(net, device, &out, &part, 1, now))
        return false;
    EMIT(&net->events, 0, now, icmp_out, .to = ip->destination, .type = message[0], .code = 0);
    return true;
}

/* RFC 4861 6.3.7 */
static void solicit(struct aksu *net, struct autoconf_link *link, aksu_time now)
{
    static const struct aksu_ip all_routers = { { 0xff, 0x02, [15] = 0x02 } };
    if (link->solicits == MAX_RTR_SOLICITATIONS) {
        link->given_up = !link->router_seen;
        link->solicit_at = NEVER;
        return;
    }
    struct ip_out ip = { .source = autoconf_link_local(net, link->device),
                         .destination = all_routers, .ttl = 255 };
    struct icmp_message m = { .kind = ICMP_ROUTER_SOLICITATION,
                              .has_link_address = !ip_is_unspecified(&ip.source) };
    memcpy(m.link_address, net->device[link->device - 1].mac, sizeof m.link_address);
    (void)autoconf_send(net, link->device, &ip, &m, now);
    link->solicits++;
    link->solicit_at = time_after(now, link->solicits < MAX_RTR_SOLICITATIONS
                                           ? RTR_SOLICITATION_INTERVAL
                                           : MAX_RTR_SOLICITATION_DELAY);
}

/* --- time --- */

void stack_autoconf_plan(struct aksu *net)
{
    const struct autoconf *a = autoconf_of(net);
    const struct autoconf_address *address;
    aksu_time due = NEVER;
    for (uint32_t i = 0; (address = autoconf_address_place(net, i)) != NULL; i++)
        due = address->stage != ADDRESS_NONE ? time_min(due, address->at) : due;
    for (uint32_t i = 0; i < AUTOCONF_PREFIXES; i++) {
        if (a->prefix[i].device != 0 && a->prefix[i].on_link != 0)
            due = time_min(due, a->prefix[i].on_link);
    }
    for (uint32_t i = 0; i < AUTOCONF_ROUTERS; i++)
        due = a->router[i].device != 0 ? time_min(due, a->router[i].until) : due;
    for (uint32_t i = 0; i < AUTOCONF_LINKS; i++) {
        const struct autoconf_link *link = &a->link[i];
        if (link->device == 0)
            continue;
        due = time_min(due, time_min(link->solicit_at, link->report_at));
        for (uint32_t n = 0; n < AUTOCONF_RESOLVERS; n++) {
            if (link->resolver[n].until != 0)
                due = time_min(due, link->resolver[n].until);
        }
    }
    net->autoconf_due = due;
}

static void link_due(struct aksu *net, struct autoconf_link *link, aksu_time now)
{
    bool was_ready = link->link_local.stage == ADDRESS_ASSIGNED;
    autoconf_address_due(net, &link->link_local, now);
    if (!was_ready && link->link_local.stage == ADDRESS_ASSIGNED) {
        /* The delay before duplicate detection was delay enough: RFC 4861 6.3.7 */
        link->solicit_at = now;
        link->report_at = now;              /* once more, from an address: RFC 3590 4 */
    }
    if (link->solicit_at <= now)
        solicit(net, link, now);
    if (link->report_at <= now) {
        link->report_at = NEVER;
        autoconf_report_all(net, link->device, link->report_version, now);
    }
    for (uint32_t i = 0; i < AUTOCONF_RESOLVERS; i++) {
        if (link->resolver[i].until <= now)
            link->resolver[i].until = 0;    /* RFC 8106 5.3.1 */
    }
}

void stack_autoconf_timeouts(struct aksu *net, aksu_time now)
{
    struct autoconf *a = autoconf_of(net);
    if (a == NULL)
        return;
    for (uint32_t i = 0; i < AUTOCONF_LINKS; i++) {
        if (a->link[i].device != 0)
            link_due(net, &a->link[i], now);
    }
    autoconf_router_due(net, now);
    stack_autoconf_plan(net);
}

/* --- calls --- */

static struct autoconf_link *free_link(struct aksu *net)
{
    if (net->autoconf == 0) {
        net->autoconf = pool_take(&net->pool);
        if (net->autoconf == 0)
            return NULL;
        memset(autoconf_of(net), 0, sizeof(struct autoconf));
    }
    return autoconf_link_of(net, 0);
}

enum aksu_status stack_autoconfigure(struct aksu *net, uint32_t device, aksu_time now)
{
    const struct device *d = stack_device(net, device);
    if (d == NULL || !d->ethernet || d->mtu < IPV6_MTU_LEAST)
        return AKSU_INVALID;
    if (autoconf_link_of(net, device) != NULL)
        return AKSU_OK;
    struct autoconf_link *link = free_link(net);
    if (link == NULL)
        return AKSU_NO_RESOURCES;

    *link = (struct autoconf_link){ .device = (uint8_t)device, .solicit_at = NEVER,
                                    .report_at = NEVER, .report_version = 2 };
    struct aksu_ip here = autoconf_link_local(net, device);
    aksu_time delay = autoconf_random(net, MAX_RTR_SOLICITATION_DELAY);
    if (!ip_is_unspecified(&here)) {
        link->solicit_at = time_after(now, delay);
        link->report_at = now;
    } else {
        link->link_local = (struct autoconf_address){ .ip = { { 0xfe, 0x80 } },
            .device = (uint8_t)device, .preferred = NEVER, .valid = NEVER };
        autoconf_address_begin(net, &link->link_local, delay, now);     /* RFC 4862 5.4.2 */
    }
    stack_autoconf_plan(net);
    return AKSU_OK;
}

bool stack_autoconf_status(const struct aksu *net, uint32_t device, struct aksu_autoconf *out)
{
    const struct autoconf_link *link = device != 0 ? autoconf_link_of(net, device) : NULL;
    *out = (struct aksu_autoconf){ 0 };
    if (link == NULL)
        return false;
    struct aksu_ip here = autoconf_link_local(net, device);
    out->running = true;
    out->link_local_ready = !ip_is_unspecified(&here);
    out->router_seen = link->router_seen;
    out->given_up = link->given_up;
    for (uint32_t i = 0; i < AUTOCONF_RESOLVERS; i++) {
        if (link->resolver[i].until != 0)
            out->resolver[out->resolvers++] = link->resolver[i].ip;
    }
    return true;
}

static const struct autoconf_address *record_of(const struct aksu *net, uint32_t device,
                                                const struct aksu_ip *ip)
{
    const struct autoconf_address *a;
    for (uint32_t i = 0; (a = autoconf_address_place(net, i)) != NULL; i++) {
        if (a->stage == ADDRESS_ASSIGNED && a->device == device && ip_eq(&a->ip, ip))
            return a;
    }
    return NULL;
}

void stack_autoconf_removed(struct aksu *net, uint32_t device, const struct aksu_ip *ip)
{
    struct autoconf_address *a;
    for (uint32_t i = 0; (a = autoconf_address_place(net, i)) != NULL; i++) {
        if (a->stage == ADDRESS_ASSIGNED && a->device == device && ip_eq(&a->ip, ip))
            a->stage = ADDRESS_NONE;
    }
}

/* Those that are no addresses of ours (yet). */
static bool unassigned_at(const struct aksu *net, uint32_t wanted, struct aksu_address *out)
{
    const struct autoconf_address *a;
    for (uint32_t i = 0; (a = autoconf_address_place(net, i)) != NULL; i++) {
        if (a->stage == ADDRESS_NONE || a->stage == ADDRESS_ASSIGNED || wanted-- != 0)
            continue;
        *out = (struct aksu_address){
            .device = { a->device }, .ip = a->ip, .bits = 64, .autoconfigured = true,
            .state = a->stage == ADDRESS_GIVEN_UP ? AKSU_ADDRESS_DUPLICATE
                                                  : AKSU_ADDRESS_TENTATIVE,
            .valid_until = a->valid,
        };
        return true;
    }
    return false;
}

bool stack_address_at(const struct aksu *net, uint32_t i, struct aksu_address *out)
{
    if (i >= net->routes.addresses)
        return unassigned_at(net, i - net->routes.addresses, out);
    const struct route_address *r = &net->routes.address[i];
    const struct autoconf_address *a = record_of(net, r->device, &r->ip);
    *out = (struct aksu_address){
        .device = { r->device }, .ip = r->ip, .bits = r->bits, .autoconfigured = r->automatic,
        .state = r->deprecated ? AKSU_ADDRESS_DEPRECATED : AKSU_ADDRESS_PREFERRED,
        .valid_until = a != NULL ? a->valid : NEVER,
    };
    return true;
}
