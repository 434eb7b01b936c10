/* neighbor_out.c - the packets owed, as values and as frames (RFC 826 "Packet Generation", RFC
 * 4861 7.2.2, 7.2.4, RFC 2464 7). Called by the stack. */
#include "neighbor/neighbor.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static void take_reply(struct neighbor_cache *n, struct neighbor_packet *out)
{
    const struct neighbor_reply *r = &n->reply[n->reply_first];
    *out = (struct neighbor_packet){
        .device = r->device,
        .reply = true,
        .solicited = r->solicited,
        .target = r->target,
        .source = r->target,
        .destination = r->to,
    };
    memcpy(out->mac, r->mac, 6);
    n->reply_first = (n->reply_first + 1) % NEIGHBOR_REPLIES;
    n->replies--;
}

/* ff02::1:ffXX:XXXX (RFC 4861 2.3) */
static struct aksu_ip solicited_node(const struct aksu_ip *ip)
{
    struct aksu_ip group = { { 0xff, 0x02, [11] = 0x01, [12] = 0xff } };
    memcpy(group.octet + 13, ip->octet + 13, 3);
    return group;
}

/* To everybody while the neighbour's address is not known, then to that address (RFC 4861 7.3.3).
 * */
static void take_solicitation(struct neighbor_cache *n, struct neighbor_entry *e,
                              struct neighbor_packet *out)
{
    *out = (struct neighbor_packet){
        .device = e->device, .target = e->ip, .source = e->source, .destination = e->ip,
    };
    e->owed = 0;
    n->owed--;
    if (e->state == NEIGHBOR_PROBE) {
        memcpy(out->mac, e->mac, 6);
    } else if (ip_is_v4(&e->ip)) {
        memset(out->mac, 0xff, 6);
    } else {
        out->destination = solicited_node(&e->ip);
        memset(out->mac, 0x33, 2);
        memcpy(out->mac + 2, out->destination.octet + 12, 4);
    }
}

bool neighbor_next_packet(struct neighbor_cache *n, struct neighbor_packet *out, aksu_time now)
{
    (void)now;
    if (n->replies > 0) {
        take_reply(n, out);
        return true;
    }
    for (unsigned i = 0; n->owed > 0 && i < NEIGHBOR_MOST; i++) {
        struct neighbor_entry *e = &n->entry[n->owed_at];
        n->owed_at = (n->owed_at + 1) % NEIGHBOR_MOST;
        if (e->owed) {
            take_solicitation(n, e, out);
            return true;
        }
    }
    return false;
}

static void build_arp(struct writer *w, const struct neighbor_packet *p, const uint8_t mac[6])
{
    struct arp_packet arp = { .operation = p->reply ? ARP_REPLY : ARP_REQUEST };
    memcpy(arp.sender_mac, mac, 6);
    memcpy(arp.sender_ip, ip_v4(&p->source), 4);
    memcpy(arp.target_ip, ip_v4(&p->destination), 4);
    if (p->reply)
        memcpy(arp.target_mac, p->mac, 6);
    wire_arp_build(w, &arp);
}

static void build_discovery(struct writer *w, const struct neighbor_packet *p,
                            const uint8_t mac[6])
{
    struct icmp_message m = {
        .kind = p->reply ? ICMP_NEIGHBOR_ADVERTISEMENT : ICMP_NEIGHBOR_SOLICITATION,
        .target = p->target,
        .solicited = p->solicited,
        .override = p->reply,
        .has_link_address = p->reply || !ip_is_unspecified(&p->source),
    };
    memcpy(m.link_address, mac, 6);
    struct ipv6_header h = {
        .source = p->source,
        .destination = p->destination,
        .payload_length = m.has_link_address ? 32 : 24,
        .next_header = IP_PROTOCOL_ICMPV6,
        .hop_limit = 255,
    };
    wire_ipv6_build(w, &h);
    wire_icmpv6_build(w, &p->source, &p->destination, &m);
}

size_t neighbor_build(const struct neighbor_packet *p, const uint8_t mac[6], uint8_t *to,
                      size_t room)
{
    bool v4 = ip_is_v4(&p->target);
    struct ethernet_header ethernet = { .type = v4 ? ETHERTYPE_ARP : ETHERTYPE_IPV6 };
    memcpy(ethernet.destination, p->mac, 6);
    memcpy(ethernet.source, mac, 6);

    struct writer w = writer_of(to, room);
    wire_ethernet_build(&w, &ethernet);
    if (v4)
        build_arp(&w, p, mac);
    else
        build_discovery(&w, p, mac);
    return w.bad ? 0 : writer_length(&w);
}
