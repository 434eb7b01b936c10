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

static void delete_route(struct route_table *t, struct route *r)
{
    uint32_t at = (uint32_t)(r - t->route);
    t->routes--;
    memmove(r, r + 1, (t->routes - at) * sizeof *r);
}

static struct route connected_route(const struct route_address *a)
{
    return (struct route){ .prefix = with_host_part(&a->ip, a->bits, false), .bits = a->bits,
                           .device = a->device, .connected = true };
}

struct route_address *route_address_find(struct route_table *t, uint32_t device,
                                         const struct aksu_ip *ip)
{
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (ip_eq(&t->address[i].ip, ip) && t->address[i].device == device)
            return &t->address[i];
    }
    return NULL;
}

enum aksu_status route_address_put(struct route_table *t, const struct route_address *a)
{
    if (route_address_find(t, a->device, &a->ip) != NULL)
        return AKSU_ALREADY_EXISTS;
    if (t->addresses == ROUTE_ADDRESSES)
        return AKSU_NO_RESOURCES;
    if (a->connected) {
        struct route connected = connected_route(a);
        enum aksu_status status = insert_route(t, &connected);
        if (status != AKSU_OK)
            return status;
    }
    t->address[t->addresses++] = *a;
    return AKSU_OK;
}

/* RFC 1122 3.2.1.3: the subnet itself, and everybody in it. A link of two has neither
 * (RFC 3021 2.1). */
static bool names_a_subnet(const struct route_address *a)
{
    struct aksu_ip low = with_host_part(&a->ip, a->bits, false);
    struct aksu_ip high = with_host_part(&a->ip, a->bits, true);
    return ip_is_v4(&a->ip) && a->bits < 31 && (ip_eq(&a->ip, &low) || ip_eq(&a->ip, &high));
}

enum aksu_status route_address_add(struct route_table *t, uint32_t device, const char *text)
{
    struct route_address a = { .device = (uint8_t)device };
    if (!device_ok(device) || !parse_prefix(text, &a.ip, &a.bits) || ip_is_unspecified(&a.ip)
        || ip_is_multicast(&a.ip) || ip_is_broadcast(&a.ip) || names_a_subnet(&a))
        return AKSU_INVALID;
    a.connected = a.bits < family_bits(&a.ip);
    return route_address_put(t, &a);
}

static bool same_subnet(const struct route_address *a, const struct route_address *b)
{
    return a->connected && b->connected && a->device == b->device && a->bits == b->bits
        && ip_in_prefix(&a->ip, &b->ip, b->bits);
}

enum aksu_status route_address_drop(struct route_table *t, uint32_t device,
                                    const struct aksu_ip *ip)
{
    struct route_address *found = route_address_find(t, device, ip);
    if (found == NULL)
        return AKSU_DOES_NOT_EXIST;
    struct route_address gone = *found;
    uint32_t at = (uint32_t)(found - t->address);
    t->addresses--;
    memmove(found, found + 1, (t->addresses - at) * sizeof *found);

    bool shared = !gone.connected;
    for (uint32_t i = 0; i < t->addresses; i++)
        shared = shared || same_subnet(&t->address[i], &gone);
    struct route connected = connected_route(&gone);
    struct route *r = shared ? NULL : same_route(t, &connected);
    if (r != NULL && r->connected)
        delete_route(t, r);
    return AKSU_OK;
}

enum aksu_status route_address_remove(struct route_table *t, uint32_t device, const char *text,
                                      struct aksu_ip *removed)
{
    uint8_t bits;
    return parse_prefix(text, removed, &bits) ? route_address_drop(t, device, removed)
                                              : AKSU_INVALID;
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

enum aksu_status route_remove(struct route_table *t, uint32_t device, const char *prefix)
{
    struct route r = { .device = (uint8_t)device };
    if (!device_ok(device) || !parse_prefix(prefix, &r.prefix, &r.bits))
        return AKSU_INVALID;
    r.prefix = with_host_part(&r.prefix, r.bits, false);
    struct route *found = same_route(t, &r);
    if (found == NULL)
        return AKSU_DOES_NOT_EXIST;
    delete_route(t, found);
    return AKSU_OK;
}

bool route_put_automatic(struct route_table *t, const struct route *wanted)
{
    struct route r = *wanted;
    r.automatic = true;
    r.prefix = with_host_part(&r.prefix, r.bits, false);
    const struct route *same = same_route(t, &r);
    if (same != NULL && (!same->automatic || ip_eq(&same->gateway, &r.gateway)))
        return false;
    return insert_route(t, &r) == AKSU_OK;
}

bool route_drop_automatic(struct route_table *t, const struct route *unwanted)
{
    struct route r = *unwanted;
    r.prefix = with_host_part(&r.prefix, r.bits, false);
    struct route *found = same_route(t, &r);
    if (found == NULL || !found->automatic || !ip_eq(&found->gateway, &r.gateway))
        return false;
    delete_route(t, found);
    return true;
}

static struct route_tentative *find_tentative(struct route_table *t, uint32_t device,
                                              const struct aksu_ip *ip)
{
    for (uint32_t i = 0; i < t->tentatives; i++) {
        if (t->tentative[i].device == device && ip_eq(&t->tentative[i].ip, ip))
            return &t->tentative[i];
    }
    return NULL;
}

bool route_tentative_add(struct route_table *t, uint32_t device, const struct aksu_ip *ip)
{
    if (t->tentatives == ROUTE_TENTATIVES)
        return false;
    t->tentative[t->tentatives++] = (struct route_tentative){ *ip, (uint8_t)device };
    return true;
}

void route_tentative_drop(struct route_table *t, uint32_t device, const struct aksu_ip *ip)
{
    struct route_tentative *found = find_tentative(t, device, ip);
    if (found != NULL)
        *found = t->tentative[--t->tentatives];
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

bool route_has_v4(const struct route_table *t, uint32_t device)
{
    for (uint32_t i = 0; i < t->addresses; i++) {
        if (t->address[i].device == device && ip_is_v4(&t->address[i].ip))
            return true;
    }
    return false;
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
    for (uint32_t i = 0; i < t->tentatives; i++) {
        struct aksu_ip group = route_solicited_node(&t->tentative[i].ip);
        if (t->tentative[i].device == device && ip_eq(ip, &group))
            return true;
    }
    return accepts_any(t, device);
}
