/* device.c - devices, and the way from here to a peer: device, next hop, MTU (RFC 9293 3.7.1,
 * 3.9.2). Called by the stack for every new flow and after every change of the routes. */
#include "stack/calls.h"
#include "wire/ethernet.h"

#define HOP_KNOWN MS(100)

enum { MTU_DEFAULT = 1500, MTU_LEAST = 68, MTU_MOST = 65535 };

enum aksu_status stack_attach(struct aksu *net, const struct aksu_device_config *config,
                              aksu_device *out)
{
    static const uint8_t no_mac[6];
    uint32_t mtu = config->mtu != 0 ? config->mtu : MTU_DEFAULT;
    if (mtu < MTU_LEAST || mtu > MTU_MOST || (config->mac[0] & 1) != 0)
        return AKSU_INVALID;
    if (net->devices == ROUTE_DEVICES)
        return AKSU_NO_RESOURCES;

    struct device *d = &net->device[net->devices++];
    *d = (struct device){
        .ethernet = memcmp(config->mac, no_mac, sizeof no_mac) != 0,
        .checksum = (config->offload & (AKSU_OFFLOAD_CHECKSUM | AKSU_OFFLOAD_TSO)) != 0,
        .tso = (config->offload & AKSU_OFFLOAD_TSO) != 0,
        .mtu = mtu,
        .mtu_v6 = mtu,
    };
    memcpy(d->mac, config->mac, sizeof d->mac);
    for (size_t i = 0; config->name != NULL && config->name[i] != 0 && i + 1 < sizeof d->name; i++)
        d->name[i] = config->name[i];
    if (config->carries_loopback)
        net->routes.carries_loopback |= (uint64_t)1 << net->devices;
    *out = (aksu_device){ net->devices };
    return AKSU_OK;
}

void stack_routes_changed(struct aksu *net)
{
    net->route_version++;
    net->gateways = 0;
}

/* RFC 8201 5.2, RFC 1191 6.2: whoever uses the path learns it when he looks for his route again. */
bool stack_path_mtu_lower(struct aksu *net, uint32_t conn, const struct aksu_ip *to, uint32_t mtu,
                          uint32_t link, aksu_time now)
{
    if (!path_mtu_lower(&net->path_mtu, to, mtu, link, now))
        return false;
    EMIT(&net->events, conn, now, path_mtu, .to = *to,
         .mtu = path_mtu_get(&net->path_mtu, to, link, now));
    net->route_version++;
    return true;
}

/* 1 + index of a gateway; there are never more of them than routes. */
static uint8_t gateway_number(struct aksu *net, const struct aksu_ip *ip)
{
    uint32_t i = 0;
    while (i < net->gateways && !ip_eq(&net->gateway[i], ip))
        i++;
    if (i == net->gateways)
        net->gateway[net->gateways++] = *ip;
    return (uint8_t)(i + 1);
}

bool stack_route_conn(struct aksu *net, struct conn *c)
{
    const struct tcp_tuple *tuple = &c->tcp.tuple;
    struct route_result r = route_lookup(&net->routes, &tuple->remote_ip, &tuple->local_ip);
    return stack_use_route(net, c, &r);
}

bool stack_use_route(struct aksu *net, struct conn *c, const struct route_result *r)
{
    if (!r->found || r->broadcast || r->multicast)
        return false;
    c->route_version = net->route_version;
    c->device = r->to_self ? DEVICE_SELF : (uint8_t)r->device;
    bool direct = r->to_self || ip_eq(&r->next_hop, &c->tcp.tuple.remote_ip);
    c->gateway = direct ? 0 : gateway_number(net, &r->next_hop);
    const struct device *d = r->to_self ? NULL : &net->device[r->device - 1];
    c->ethernet = d != NULL && d->ethernet;
    c->partial = d != NULL && d->checksum;
    c->tcp.gso = d != NULL && d->tso && c->tcp.ao == 0;
    return true;
}

const struct aksu_ip *stack_next_hop(const struct aksu *net, const struct conn *c)
{
    return c->gateway != 0 ? &net->gateway[c->gateway - 1] : &c->tcp.tuple.remote_ip;
}

uint32_t stack_device_mtu(const struct aksu *net, uint32_t device, const struct aksu_ip *to)
{
    if (device == DEVICE_SELF)
        return PENDING_ROOM;
    const struct device *d = &net->device[device - 1];
    return ip_is_v4(to) ? d->mtu : d->mtu_v6;
}

uint16_t stack_conn_mtu(const struct aksu *net, const struct conn *c, aksu_time now)
{
    const struct aksu_ip *to = &c->tcp.tuple.remote_ip;
    uint32_t mtu = path_mtu_get(&net->path_mtu, to, stack_device_mtu(net, c->device, to), now);
    return (uint16_t)(mtu - ip_header_length(to));
}

enum neighbor_answer stack_link(struct aksu *net, uint32_t device, const struct aksu_ip *next_hop,
                                const struct aksu_ip *source, uint8_t mac[6], aksu_time now)
{
    struct known_hop *k = &net->hop;
    if (device == DEVICE_SELF || !net->device[device - 1].ethernet)
        return NEIGHBOR_KNOWN;
    if (now < k->until && k->device == device && ip_eq(&k->ip, next_hop)) {
        memcpy(mac, k->mac, sizeof k->mac);
        return NEIGHBOR_KNOWN;
    }
    enum neighbor_answer answer =
        neighbor_resolve(&net->neighbors, device, next_hop, source, mac, now);
    stack_neighbor_news(net, now);
    if (answer == NEIGHBOR_KNOWN) {
        *k = (struct known_hop){ .ip = *next_hop, .device = device,
                                 .until = time_after(now, HOP_KNOWN) };
        memcpy(k->mac, mac, sizeof k->mac);
    }
    return answer;
}

size_t stack_link_header(const struct aksu *net, uint32_t device, const uint8_t mac[6], bool v4,
                         uint8_t *to)
{
    const struct device *d = &net->device[device - 1];
    if (!d->ethernet)
        return 0;
    memcpy(to, mac, sizeof d->mac);
    memcpy(to + 6, d->mac, sizeof d->mac);
    store_be16(to + 12, v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
    return ETHERNET_HEADER;
}

void stack_neighbor_news(struct aksu *net, aksu_time now)
{
    struct neighbor_news news;
    net->hop.until = 0;
    net->doubted = net->neighbors.doubted;
    if (net->neighbors.owed != 0 || net->neighbors.replies != 0)
        net->owes |= OWES_NEIGHBOR;
    if (net->neighbors.news == 0)
        return;
    while (neighbor_next_news(&net->neighbors, &news)) {
        EMIT(&net->events, 0, now, neighbor, .ip = news.ip,
             .state = neighbor_state_name(news.state));
        /* RFC 4861 6.3.6: one that is being asked again is suspect for as long as it was */
        if (net->autoconf != 0 && news.state != NEIGHBOR_INCOMPLETE)
            stack_router_silent(net, news.device, &news.ip, news.state == NEIGHBOR_FAILED);
    }
    /* Else each packet that asks for another neighbour would have all of them look again. */
    if (net->neighbors.wakes)
        stack_unpark(net);
    net->neighbors.wakes = false;
}
