/* route.c - the tables of route.h: what goes in, and which destinations are this stack's own
 * (RFC 1122 3.2.1.3, 3.3.6; RFC 4861 2.3). The way out is chosen in route_lookup.c. */
#include "ip/route.h"

void route_init(struct route_table *t)
{
    memset(t, 0, sizeof *t);
}

static bool device_ok(uint32_t device)
{
    return device >= 1 && device <= ROUTE_DEVICES;
}

static unsigned family_bits(const struct aksu_ip *ip)
{
    return ip_is_v4(ip) ? 32 : 128;
}

/* "ADDRESS" or "ADDRESS/BITS", up to the end of the text. */
static bool parse_prefix(const char *text, struct aksu_ip *ip, uint8_t *bits)
{
    char address[AKSU_IP_TEXT];
    size_t length = 0;
    while (text[length] != '\0' && text[length] != '/') {
        if (length == sizeof address - 1)
            return false;
        address[length] = text[length];
        length++;
    }
    address[length] = '\0';
    if (!aksu_ip_parse(address, ip))
        return false;

    *bits = (uint8_t)family_bits(ip);
    if (text[length] == '\0')
        return true;
    const char *at = text + length + 1;
    unsigned value = 0, digits = 0;
    for (; *at >= '0' && *at <= '9' && digits < 3; at++, digits++)
        value = value * 10 + (unsigned)(*at - '0');
    if (digits == 0 || *at != '\0' || value > *bits)
        return false;
    *bits = (uint8_t)value;
    return true;
}

/* Host bits set to `ones` or zeros. */
static struct aksu_ip with_host_part(const struct aksu_ip *ip, unsigned bits, bool ones)
{
    struct aksu_ip out = *ip;
    for (unsigned i = bits + (ip_is_v4(ip) ? 96 : 0); i < 128; i++) {
        uint8_t bit = (uint8_t)(0x80u >> i % 8);
        out.octet[i / 8] = (uint8_t)(ones ? out.octet[i / 8] | bit : out.octet[i / 8] & ~bit);
    }
    return out;
}

static struct route *same_route(struct route_table *t, const struct route *wanted)
{
    for (uint32_t i = 0; i < t->routes; i++) {
        struct route *r = &t->route[i];
        if (r->bits == wanted->bits && r->device == wanted->device
            && ip_eq(&r->prefix, &wanted->prefix))
            return r;
    }
    return NULL;
}

static enum aksu_status insert_route(struct route_table *t, const struct route *wanted)
{
    struct route *same = same_route(t, wanted);
    if (same != NULL) {
        *same = *wanted;
        return AKSU_OK;
    }
    if (t->routes == ROUTE_ROUTES)
        return AKSU_NO_RESOURCES;

    uint32_t at = t->routes;
    while (at > 0 && t->route[at - 1].bits < wanted->bits) {
        t->route[at] = t->route[at - 1];
        at--;
    }
    t->route[at] = *wanted;
    t->routes++;
    return AKSU_OK;
}

enum aksu_status route_address_add(struct route_table *t, uint32_t device, const char *text)
{
    struct route_address a = { .device = (uint8_t)device };
    if (!device_ok(device) || !parse_prefix(text, &a.ip, &a.bits) || ip_is_unspecified(&a.ip)
        || ip_is_multicast(&a.ip) || ip_is_broadcast(&a.ip))
        return AKSU_INVALID;
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (ip_eq(&t->address[i].ip, &a.ip) && t->address[i].device == a.device)
            return AKSU_ALREADY_EXISTS;
    }
    if (t->addresses == ROUTE_ADDRESSES)
        return AKSU_NO_RESOURCES;

    if (a.bits < family_bits(&a.ip)) {
        struct route connected = { .bits = a.bits, .device = a.device, .connected = true };
        connected.prefix = with_host_part(&a.ip, a.bits, false);
        enum aksu_status status = insert_route(t, &connected);
        if (status != AKSU_OK)
            return status;
    }
    t->address[t->addresses++] = a;
    return AKSU_OK;
}

enum aksu_status route_add(struct route_table *t, uint32_t device, const char *prefix,
                           const char *gateway)
{
    struct route r = { .device = (uint8_t)device };
    struct aksu_ip ip;
    if (!device_ok(device) || !parse_prefix(prefix, &ip, &r.bits))
        return AKSU_INVALID;
    r.prefix = with_host_part(&ip, r.bits, false);
    if (gateway != NULL
        && (!aksu_ip_parse(gateway, &r.gateway) || ip_is_v4(&r.gateway) != ip_is_v4(&r.prefix)
            || ip_is_unspecified(&r.gateway) || ip_is_multicast(&r.gateway)
            || ip_is_broadcast(&r.gateway)))
        return AKSU_INVALID;
    return insert_route(t, &r);
}

void route_accept_any(struct route_table *t, uint32_t device, bool on)
{
    if (!device_ok(device))
        return;
    uint64_t bit = (uint64_t)1 << device;
    t->accept_any = on ? t->accept_any | bit : t->accept_any & ~bit;
}

static bool accepts_any(const struct route_table *t, uint32_t device)
{
    return device_ok(device) && (t->accept_any >> device & 1) != 0;
}

bool route_is_own(const struct route_table *t, uint32_t device, const struct aksu_ip *ip)
{
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (ip_eq(&t->address[i].ip, ip)
            && (t->address[i].device == device || !ip_is_link_local(ip)))
            return true;
    }
    return false;
}

bool route_is_local(const struct route_table *t, uint32_t device, const struct aksu_ip *ip)
{
    if (route_is_own(t, device, ip))
        return true;
    return accepts_any(t, device) && !ip_is_unspecified(ip) && !ip_is_multicast(ip)
        && !ip_is_loopback(ip) && !route_is_broadcast(t, device, ip);
}

/* All-ones, or the obsolete all-zeros form: RFC 1122 3.3.6. Asked twice for every packet, so in
 * words. */
static bool subnet_broadcast(const struct route_address *a, uint32_t ip)
{
    if (a->bits > 30)
        return false;               /* /31 and /32 have no broadcast address */
    uint32_t host = UINT32_MAX >> a->bits;
    uint32_t own = load_be32(ip_v4(&a->ip));
    return ((ip ^ own) & ~host) == 0 && ((ip & host) == host || (ip & host) == 0);
}

bool route_is_broadcast(const struct route_table *t, uint32_t device, const struct aksu_ip *ip)
{
    if (!ip_is_v4(ip))
        return false;
    uint32_t word = load_be32(ip_v4(ip));
    if (word == UINT32_MAX)
        return true;
    for (uint32_t i = 0; i < t->addresses; i++) {
        const struct route_address *a = &t->address[i];
        if (a->device == device && ip_is_v4(&a->ip) && subnet_broadcast(a, word))
            return true;
    }
    return false;
}

bool route_usual_v4(const struct route_table *t, uint32_t device, uint32_t source,
                    uint32_t destination)
{
    bool ours = false;
    if (source - (1u << 24) >= (223u << 24) || source >> 24 == 127)
        return false;               /* 0/8, 127/8, 224/4, 240/4 */
    for (uint32_t i = 0; i < t->addresses; i++) {
        const struct route_address *a = &t->address[i];
        if (!ip_is_v4(&a->ip))
            continue;
        uint32_t own = load_be32(ip_v4(&a->ip));
        ours = ours || own == destination;
        if (own == source || (a->device == device && subnet_broadcast(a, source)))
            return false;
    }
    return ours && destination >> 24 != 169 && destination >> 24 != 127;
}

struct aksu_ip route_solicited_node(const struct aksu_ip *ip)
{
    struct aksu_ip group = { { 0xff, 0x02, [11] = 0x01, [12] = 0xff } };
    memcpy(group.octet + 13, ip->octet + 13, 3);
    return group;
}

bool route_is_group(const struct route_table *t, uint32_t device, const struct aksu_ip *ip)
{
    static const uint8_t all_hosts[4] = { 224, 0, 0, 1 };
    static const struct aksu_ip all_nodes = { { 0xff, 0x02, [15] = 0x01 } };
    static const struct aksu_ip all_nodes_here = { { 0xff, 0x01, [15] = 0x01 } };
    static const struct aksu_ip solicited = { { 0xff, 0x02, [11] = 0x01, [12] = 0xff } };

    if (ip_is_v4(ip))
        return memcmp(ip_v4(ip), all_hosts, 4) == 0;    /* RFC 1122 3.3.7 */
    if (ip_eq(ip, &all_nodes) || ip_eq(ip, &all_nodes_here))
        return true;
    if (!ip_in_prefix(ip, &solicited, 104))
        return false;
    for (uint32_t i = 0; i < t->addresses; i++) {
        const struct route_address *a = &t->address[i];
        struct aksu_ip group = route_solicited_node(&a->ip);
        if (!ip_is_v4(&a->ip) && a->device == device && ip_eq(ip, &group))
            return true;
    }
    return accepts_any(t, device);
}
