/* ip_calls.c - the installed calls of aksu/ip.h: addresses and routes go away again, IPv6
 * configures itself, echo. */
#include "stack/calls.h"

/* What was sent in the name of an address that is gone is not asked for again. */
static void forget(struct aksu *net, const struct aksu_ip *ip)
{
    neighbor_forget(&net->neighbors, ip);
    stack_routes_changed(net);
    stack_unpark(net);
}

enum aksu_status aksu_address_remove(struct aksu *net, aksu_device device, const char *text)
{
    struct aksu_ip ip;
    if (stack_device(net, device.index) == NULL)
        return AKSU_INVALID;
    enum aksu_status status = route_address_remove(&net->routes, device.index, text, &ip);
    if (status != AKSU_OK)
        return status;
    stack_autoconf_removed(net, device.index, &ip);
    forget(net, &ip);
    return AKSU_OK;
}

enum aksu_status aksu_route_remove(struct aksu *net, aksu_device device, const char *prefix)
{
    if (stack_device(net, device.index) == NULL)
        return AKSU_INVALID;
    stack_routes_changed(net);
    return route_remove(&net->routes, device.index, prefix);
}

bool aksu_address_at(const struct aksu *net, uint32_t i, struct aksu_address *out)
{
    return stack_address_at(net, i, out);
}

enum aksu_status aksu_autoconfigure(struct aksu *net, aksu_device device, aksu_time now)
{
    return stack_autoconfigure(net, device.index, now);
}

bool aksu_autoconf(const struct aksu *net, aksu_device device, struct aksu_autoconf *out)
{
    return stack_autoconf_status(net, device.index, out);
}

enum aksu_status aksu_echo_send(struct aksu *net, const struct aksu_ip *to, uint16_t identifier,
                                uint16_t sequence, const void *text, size_t length, uint8_t ttl,
                                aksu_time now)
{
    return stack_echo_send(net, &(struct stack_echo_request){ .to = *to, .text = text,
                           .length = length, .identifier = identifier, .sequence = sequence,
                           .ttl = ttl }, now);
}

bool aksu_echo_receive(struct aksu *net, struct aksu_echo *out)
{
    return stack_echo_receive(net, out);
}
