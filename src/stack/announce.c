/* announce.c - a new address is told to everybody on its link, so that who remembers another
 * hardware address for it forgets that: ARP announcements (RFC 5227 2.3), unsolicited neighbour
 * advertisements (RFC 4861 7.2.6). Owed when the address is added, pulled by output.c. */
#include "stack/calls.h"

enum { ANNOUNCE_NUM = 2 };                  /* RFC 5227 1.1; not over 3: RFC 4861 10 */
#define ANNOUNCE_INTERVAL SECONDS(2)        /* RFC 5227 1.1 */

static struct announcement *place_of(struct aksu *net, const struct route_address *address)
{
    for (uint32_t i = 0; i < net->announcements; i++) {
        struct announcement *a = &net->announcement[i];
        if (a->device == address->device && ip_eq(&a->ip, &address->ip))
            return a;
    }
    return net->announcements < ROUTE_ADDRESSES ? &net->announcement[net->announcements++] : NULL;
}

void stack_announce(struct aksu *net, const struct route_address *address)
{
    if (!net->device[address->device - 1].ethernet || ip_is_loopback(&address->ip))
        return;
    struct announcement *a = place_of(net, address);
    if (a == NULL)
        return;
    *a = (struct announcement){ .ip = address->ip, .device = address->device, .at = NEVER };
    net->owes |= OWES_NEIGHBOR;
}

static void to_everybody(struct neighbor_packet *out, const struct announcement *a)
{
    static const struct aksu_ip all_nodes = { { 0xff, 0x02, [15] = 0x01 } };
    static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    bool v4 = ip_is_v4(&a->ip);
    *out = (struct neighbor_packet){
        .device = a->device, .reply = !v4, .target = a->ip, .source = a->ip,
        .destination = v4 ? a->ip : all_nodes,
    };
    memcpy(out->mac, all_nodes_mac, sizeof out->mac);
    if (v4)
        memset(out->mac, 0xff, sizeof out->mac);
}

bool stack_next_announcement(struct aksu *net, struct neighbor_packet *out, aksu_time now)
{
    for (uint32_t i = 0; i < net->announcements;) {
        struct announcement *a = &net->announcement[i];
        bool ours = route_address_find(&net->routes, a->device, &a->ip) != NULL;
        bool owed = ours && a->at == NEVER;
        if (owed) {
            to_everybody(out, a);
            a->sent++;
            a->at = time_after(now, ANNOUNCE_INTERVAL);
        }
        if (!ours || a->sent == ANNOUNCE_NUM)
            *a = net->announcement[--net->announcements];
        else
            i++;
        if (owed)
            return true;
    }
    return false;
}

aksu_time stack_announce_due(const struct aksu *net)
{
    aksu_time due = NEVER;
    for (uint32_t i = 0; i < net->announcements; i++)
        due = time_min(due, net->announcement[i].at);
    return due;
}

void stack_announce_timeouts(struct aksu *net, aksu_time now)
{
    for (uint32_t i = 0; i < net->announcements; i++) {
        if (net->announcement[i].at > now)
            continue;
        net->announcement[i].at = NEVER;
        net->owes |= OWES_NEIGHBOR;
    }
}
