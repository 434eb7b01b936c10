/* neighbor_in.c - ARP packets, solicitations and advertisements arrive (RFC 826 "Packet Reception",
 * RFC 4861 7.2.3, 7.2.5). Called by the stack. */
#include "neighbor/neighbor_internal.h"

static bool unicast_mac(const uint8_t mac[6])
{
    static const uint8_t zero[6];
    return (mac[0] & 1) == 0 && memcmp(mac, zero, 6) != 0;
}

static bool unresolved(const struct neighbor_entry *e)
{
    return e->state == NEIGHBOR_INCOMPLETE || e->state == NEIGHBOR_FAILED;
}

/* The neighbour says its address without having been asked: a new one must prove itself. */
static void learn(struct neighbor_cache *n, struct neighbor_entry *e, const uint8_t mac[6],
                  aksu_time now)
{
    if (!unresolved(e) && memcmp(e->mac, mac, 6) == 0)
        return;
    memcpy(e->mac, mac, 6);
    neighbor_enter(n, e, NEIGHBOR_STALE, now);
}

static void answer(struct neighbor_cache *n, struct neighbor_entry *e, const uint8_t mac[6],
                   aksu_time now)
{
    memcpy(e->mac, mac, 6);
    neighbor_enter(n, e, NEIGHBOR_REACHABLE, now);
}

static void glean(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *ip,
                  const uint8_t mac[6], aksu_time now)
{
    struct neighbor_entry *e = neighbor_make(n, device, ip, true);
    if (e != NULL) {
        memcpy(e->mac, mac, 6);
        neighbor_enter(n, e, NEIGHBOR_STALE, now);
    }
}

static const char *owe_reply(struct neighbor_cache *n, const struct neighbor_reply *reply)
{
    if (n->replies == NEIGHBOR_REPLIES)
        return "too many answers owed";
    n->reply[(n->reply_first + n->replies++) % NEIGHBOR_REPLIES] = *reply;
    return NULL;
}

static bool host_address(const struct aksu_ip *ip)
{
    return !ip_is_unspecified(ip) && !ip_is_multicast(ip) && !ip_is_broadcast(ip);
}

const char *neighbor_arp(struct neighbor_cache *n, uint32_t device, const struct arp_packet *in,
                         bool target_is_ours, bool sender_is_ours, aksu_time now)
{
    struct aksu_ip sender = ip_from_v4(in->sender_ip);
    bool request = in->operation == ARP_REQUEST;
    if (!request && in->operation != ARP_REPLY)
        return "ARP operation";
    if (sender_is_ours)
        return "ARP from our own address";
    if (!unicast_mac(in->sender_mac))
        return "ARP sender's hardware address";
    if (!host_address(&sender) && !(request && ip_is_unspecified(&sender)))
        return "ARP sender's address";

    /* The merge flag of RFC 826. Who asks from 0.0.0.0 has no address yet to be remembered. */
    struct neighbor_entry *e = host_address(&sender) ? neighbor_find(n, device, &sender) : NULL;
    if (e != NULL && !request && target_is_ours
        && (unresolved(e) || e->state == NEIGHBOR_PROBE))
        answer(n, e, in->sender_mac, now);
    else if (e != NULL)
        learn(n, e, in->sender_mac, now);
    if (!target_is_ours)
        return e != NULL ? NULL : "ARP for somebody else";
    if (!request)
        return e != NULL ? NULL : "unsolicited ARP reply";
    if (e == NULL && host_address(&sender))
        glean(n, device, &sender, in->sender_mac, now);

    struct neighbor_reply reply = { .target = ip_from_v4(in->target_ip), .to = sender,
                                    .device = device };
    memcpy(reply.mac, in->sender_mac, 6);
    return owe_reply(n, &reply);
}

/* RFC 4861 7.2.3, 7.2.4 */
static const char *solicitation(struct neighbor_cache *n, uint32_t device,
                                const struct aksu_ip *source, const struct icmp_message *in,
                                aksu_time now)
{
    static const struct aksu_ip all_nodes = { { 0xff, 0x02, [15] = 0x01 } };
    static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    struct neighbor_reply reply = { .target = in->target, .device = device };

    if (ip_is_unspecified(source)) {
        reply.to = all_nodes;
        memcpy(reply.mac, all_nodes_mac, 6);
        return owe_reply(n, &reply);
    }
    struct neighbor_entry *e = neighbor_find(n, device, source);
    bool told = in->has_link_address && unicast_mac(in->link_address);
    if (told && e != NULL)
        learn(n, e, in->link_address, now);
    else if (told)
        glean(n, device, source, in->link_address, now);
    if (!told && (e == NULL || unresolved(e)))
        return "solicitation without an address to answer to";
    reply.to = *source;
    reply.solicited = true;
    memcpy(reply.mac, told ? in->link_address : e->mac, 6);
    return owe_reply(n, &reply);
}

void neighbor_router(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *source,
                     const struct icmp_message *in, aksu_time now)
{
    if (in->has_link_address && unicast_mac(in->link_address)) {
        struct neighbor_entry *known = neighbor_find(n, device, source);
        if (known != NULL)
            learn(n, known, in->link_address, now);
        else
            glean(n, device, source, in->link_address, now);
    }
    struct neighbor_entry *e = neighbor_find(n, device, source);
    if (e != NULL)
        e->router = true;
}

/* RFC 4861 7.2.5 */
static const char *advertisement(struct neighbor_cache *n, struct neighbor_entry *e,
                                 const struct icmp_message *in, aksu_time now)
{
    bool told = in->has_link_address;
    if (told && !unicast_mac(in->link_address))
        return "advertisement of a group address";
    if (unresolved(e)) {
        if (!told)
            return "advertisement without an address";
        memcpy(e->mac, in->link_address, 6);
        e->router = in->router;
        neighbor_enter(n, e, in->solicited ? NEIGHBOR_REACHABLE : NEIGHBOR_STALE, now);
        return NULL;
    }
    bool differs = told && memcmp(e->mac, in->link_address, 6) != 0;
    if (differs && !in->override) {
        if (e->state == NEIGHBOR_REACHABLE)
            neighbor_enter(n, e, NEIGHBOR_STALE, now);
        return "advertisement that must not override";
    }
    if (differs)
        memcpy(e->mac, in->link_address, 6);
    if (in->solicited)
        neighbor_enter(n, e, NEIGHBOR_REACHABLE, now);
    else if (differs)
        neighbor_enter(n, e, NEIGHBOR_STALE, now);
    e->router = in->router;
    return NULL;
}

const char *neighbor_nd(struct neighbor_cache *n, uint32_t device, const struct aksu_ip *source,
                        const struct aksu_ip *destination, const struct icmp_message *in,
                        bool target_is_ours, aksu_time now)
{
    (void)destination;
    if (in->kind == ICMP_NEIGHBOR_SOLICITATION)
        return target_is_ours ? solicitation(n, device, source, in, now)
                              : "solicitation for somebody else";
    if (in->kind != ICMP_NEIGHBOR_ADVERTISEMENT)
        return "not neighbour discovery";
    if (target_is_ours)
        return "advertisement of our own address";
    struct neighbor_entry *e = neighbor_find(n, device, &in->target);
    return e != NULL ? advertisement(n, e, in, now) : "advertisement of an unknown neighbour";
}
