/* input.c - a frame arrives: link header (RFC 894, RFC 2464 3), ARP (RFC 826), IP, then whom it
 * is for. Called by socket/ for frames of devices, by gro.c for those that come in batches, and by
 * output.c for what this stack sends to itself. */
#include "ip/input.h"
#include "stack/calls.h"
#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

void stack_frame_dropped(struct aksu *net, const char *layer, const char *why, uint32_t length,
                         aksu_time now)
{
    EMIT(&net->events, 0, now, frame_dropped, .layer = layer, .why = why, .len = length);
}

static void unreachable(struct aksu *net, const struct ip_packet *p, uint8_t code, aksu_time now)
{
    stack_icmp_error(net, &net->icmp_limit, p,
                     &(struct icmp_error_out){ .kind = ICMP_UNREACHABLE, .code = code }, now);
}

static uint16_t udp_sum(const struct ip_packet *p, uint32_t length)
{
    struct checksum sum = { 0 };
    size_t skip = UDP_HEADER;
    for (uint32_t i = 0; i < p->parts; i++) {
        size_t here = p->payload[i].length - skip;
        here = here < length ? here : length;
        checksum_add(&sum, p->payload[i].data + skip, here);
        length -= (uint32_t)here;
        skip = 0;
    }
    return checksum_finish(&sum);
}

static void udp_dropped(struct aksu *net, const struct ip_packet *p, const struct udp_result *r,
                        aksu_time now)
{
    EMIT(&net->events, 0, now, udp_dropped, .local = r->local, .remote = r->remote,
         .len = r->length, .sum = udp_sum(p, r->length), .why = r->why);
}

static void udp_in(struct aksu *net, const struct ip_packet *p, aksu_time now)
{
    struct udp_result r = udp_input(&net->udp, p);
    switch (r.verdict) {
    case UDP_QUEUED:
        EMIT(&net->events, 0, now, udp_in, .local = r.local, .remote = r.remote, .len = r.length,
             .sum = udp_sum(p, r.length));
        stack_udp_ready(net, r.to);
        break;
    case UDP_DROPPED:
        if (r.addressed)
            udp_dropped(net, p, &r, now);
        else
            stack_frame_dropped(net, "UDP", r.why, p->length, now);
        break;
    case UDP_NOBODY:
        if (p->early) {
            stack_frame_dropped(net, "IP", "not for us", p->length, now);
            break;
        }
        udp_dropped(net, p, &r, now);
        unreachable(net, p, ICMP_CODE_PORT, now);       /* RFC 1122 4.1.3.1 */
        break;
    }
}

static void deliver(struct aksu *net, const struct ip_packet *p, struct run *run, aksu_time now)
{
    if (p->reassembled)
        EMIT(&net->events, 0, now, reassembled, .from = p->source, .len = p->length);
    if (p->protocol == IP_PROTOCOL_TCP) {
        stack_tcp_in(net, p, run, now);
    } else if (p->protocol == IP_PROTOCOL_UDP) {
        udp_in(net, p, now);
    } else if (p->protocol == (ip_is_v4(&p->destination) ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6)) {
        stack_icmp_in(net, p, now);
    } else {
        stack_frame_dropped(net, "IP", "protocol that nobody speaks", p->length, now);
        unreachable(net, p, ICMP_CODE_PROTOCOL, now);   /* RFC 1122 3.2.2.1 */
    }
}

void stack_packet_in(struct aksu *net, const struct ip_arrival *in, struct run *run, aksu_time now)
{
    struct ip_packet p;
    switch (ip_input(&net->routes, &net->reassembly, in, &p, now)) {
    case IP_DELIVER:
        deliver(net, &p, run, now);
        if (p.reassembled)
            reassembly_release(&net->reassembly);
        break;
    case IP_HELD:
        net->fragments = true;
        break;
    case IP_DROP:
        stack_frame_dropped(net, "IP", p.why, (uint32_t)in->part[0].length, now);
        break;
    case IP_PARAMETER_PROBLEM:
        stack_frame_dropped(net, "IP", p.why, (uint32_t)in->part[0].length, now);
        stack_icmp_error(net, &net->icmp_limit, &p,
                         &(struct icmp_error_out){ .kind = ICMP_PARAMETER_PROBLEM,
                             .code = p.problem_code, .pointer = p.problem_pointer }, now);
        break;
    }
}

static void arp_in(struct aksu *net, uint32_t device, struct reader *r, uint32_t length,
                   aksu_time now)
{
    struct arp_packet arp;
    if (!wire_arp_parse(r, &arp)) {
        stack_frame_dropped(net, "ARP", "truncated, or not Ethernet and IPv4", length, now);
        return;
    }
    struct aksu_ip target = ip_from_v4(arp.target_ip), sender = ip_from_v4(arp.sender_ip);
    const char *why = neighbor_arp(&net->neighbors, device, &arp,
                                   route_is_own(&net->routes, device, &target),
                                   route_is_own(&net->routes, device, &sender), now);
    if (why != NULL)
        stack_frame_dropped(net, "ARP", why, length, now);
    stack_neighbor_news(net, now);
}

static void ethernet_in(struct aksu *net, uint32_t device, const struct aksu_frame *frame,
                        struct run *run, aksu_time now)
{
    const struct device *d = &net->device[device - 1];
    struct reader r = reader_of(frame->part[0].data, frame->part[0].length);
    struct ethernet_header h;
    if (!wire_ethernet_parse(&r, &h)) {
        stack_frame_dropped(net, "Ethernet", "truncated", frame->length, now);
        return;
    }
    bool group = (h.destination[0] & 1) != 0;
    if (!group && memcmp(h.destination, d->mac, sizeof d->mac) != 0) {
        stack_frame_dropped(net, "Ethernet", "for another station", frame->length, now);
        return;
    }
    if (h.type == ETHERTYPE_ARP) {
        arp_in(net, device, &r, frame->length, now);
        return;
    }
    if (h.type != ETHERTYPE_IPV4 && h.type != ETHERTYPE_IPV6) {
        stack_frame_dropped(net, "Ethernet", "type that nobody speaks", frame->length, now);
        return;
    }
    struct aksu_slice part[AKSU_FRAME_PARTS];
    if (frame->parts > 1) {
        part[1] = frame->part[1];           /* no call of memcpy for what is usual */
        for (uint32_t i = 2; i < frame->parts; i++)
            part[i] = frame->part[i];
    }
    part[0] = (struct aksu_slice){ r.at, reader_left(&r) };
    stack_packet_in(net, &(struct ip_arrival){ .device = device, .link_broadcast = group,
                    .checksum_verified = frame->checksum_partial, .gso_size = frame->gso_size,
                    .part = part, .parts = frame->parts }, run, now);
}

void stack_frame_in(struct aksu *net, uint32_t device, const struct aksu_frame *frame,
                    struct run *run, aksu_time now)
{
    const struct device *d = stack_device(net, device);
    if (d == NULL || frame->parts == 0 || frame->parts > AKSU_FRAME_PARTS) {
        stack_frame_dropped(net, "device", "no such device, or no octets", 0, now);
        return;
    }
    if (d->ethernet) {
        ethernet_in(net, device, frame, run, now);
        return;
    }
    stack_packet_in(net, &(struct ip_arrival){ .device = device,
                    .checksum_verified = frame->checksum_partial, .gso_size = frame->gso_size,
                    .part = frame->part, .parts = frame->parts }, run, now);
}
