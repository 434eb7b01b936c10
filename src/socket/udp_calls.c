/* udp_calls.c - the installed calls of aksu/udp.h (RFC 768, RFC 1122 4.1.4). */
#include "aksu/udp.h"
#include "base/ip_addr.h"
#include "stack/calls.h"

/* RFC 1122 4.1.3.5: a local address that is given must be ours; with a peer it is chosen now. */
static enum aksu_status choose_local(const struct aksu *net, struct udp_open *how)
{
    bool local_given = !ip_is_unspecified(&how->local.ip);
    if (local_given) {
        uint32_t device = how->device != 0 ? how->device : 1;
        uint32_t last = how->device != 0 ? how->device : net->devices;
        while (device <= last && !route_is_local(&net->routes, device, &how->local.ip))
            device++;
        if (device > last)
            return AKSU_ADDRESS_UNAVAILABLE;
    }
    if (ip_is_unspecified(&how->remote.ip))
        return AKSU_OK;
    struct route_result way =
        route_lookup_on(&net->routes, how->device, &how->remote.ip, &how->local.ip);
    if (!way.found)
        return AKSU_UNREACHABLE_NET;
    how->local.ip = way.source;
    return AKSU_OK;
}

enum aksu_status aksu_udp_open(struct aksu *net, const struct aksu_udp_open *how, aksu_udp *out)
{
    struct udp_open open = { .local = how->local, .remote = how->remote, .queue = how->queue,
                             .cookie = how->cookie, .device = how->device.index };
    if (how->device.index > net->devices)
        return AKSU_INVALID;
    enum aksu_status status = choose_local(net, &open);
    return status == AKSU_OK ? udp_open(&net->udp, &open, out) : status;
}

enum aksu_status aksu_udp_close(struct aksu *net, aksu_udp udp)
{
    stack_udp_forget(net, udp);
    return udp_close(&net->udp, udp);
}

enum aksu_status aksu_udp_send(struct aksu *net, aksu_udp udp, const struct aksu_endpoint *to,
                               const void *data, size_t length, aksu_time now)
{
    const struct udp_endpoint *e = udp_find(&net->udp, udp);
    (void)now;
    if (e == NULL)
        return AKSU_DOES_NOT_EXIST;
    const struct aksu_endpoint *remote = to != NULL ? to : &e->remote;
    if (!ip_is_unspecified(&remote->ip)
        && !route_lookup_on(&net->routes, e->device, &remote->ip, &e->local.ip).found)
        return AKSU_UNREACHABLE_NET;
    net->owes |= OWES_UDP;
    return udp_send(&net->udp, udp, NULL, to, data, length);
}

ptrdiff_t aksu_udp_receive(struct aksu *net, aksu_udp udp, struct aksu_endpoint *from, void *data,
                           size_t room)
{
    return udp_receive(&net->udp, udp, from, NULL, data, room);
}
