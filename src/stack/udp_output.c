/* udp_output.c - datagrams on their way out (RFC 768, RFC 791 3.2, RFC 8200 4.5), and the
 * readiness of UDP endpoints. Called by output.c, input.c and socket/. */
#include "stack/calls.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"

/* --- readiness: a list through the endpoints --- */

static struct udp_endpoint *endpoint_at(const struct aksu *net, slab_ref ref)
{
    return slab_at(&net->udp.slab, ref);
}

void stack_udp_ready(struct aksu *net, aksu_udp endpoint)
{
    struct udp_endpoint *e = endpoint_at(net, endpoint.index);
    if (e->ready)
        return;
    e->ready = true;
    e->ready_next = 0;
    e->ready_prev = net->udp_ready_last;
    *(e->ready_prev ? &endpoint_at(net, e->ready_prev)->ready_next : &net->udp_ready_first) =
        e->self;
    net->udp_ready_last = e->self;
}

static void unlink_ready(struct aksu *net, struct udp_endpoint *e)
{
    if (!e->ready)
        return;
    *(e->ready_prev ? &endpoint_at(net, e->ready_prev)->ready_next : &net->udp_ready_first)
        = e->ready_next;
    *(e->ready_next ? &endpoint_at(net, e->ready_next)->ready_prev : &net->udp_ready_last)
        = e->ready_prev;
    e->ready = false;
}

bool stack_udp_next_ready(struct aksu *net, struct aksu_ready *out)
{
    if (net->udp_ready_first == 0)
        return false;
    struct udp_endpoint *e = endpoint_at(net, net->udp_ready_first);
    unlink_ready(net, e);
    *out = (struct aksu_ready){ .what = AKSU_DATAGRAM, .cookie = e->cookie,
                                .udp = { e->self, e->generation } };
    return true;
}

void stack_udp_forget(struct aksu *net, aksu_udp endpoint)
{
    if (udp_find(&net->udp, endpoint) == NULL)
        return;
    unlink_ready(net, endpoint_at(net, endpoint.index));
    if (net->cutting.index == endpoint.index)
        net->cutting.index = 0;             /* its pages go with it */
}

/* --- out --- */

enum { MULTICAST_TTL = 1 };     /* RFC 1112 6.1 */

static uint16_t udp_sum(const struct udp_datagram *d)
{
    struct checksum sum = { 0 };
    checksum_add_slices(&sum, d->text, d->parts);
    return checksum_finish(&sum);
}

/* The datagram leaves in fragments that fit: RFC 1122 3.3.2, RFC 8200 5. */
static enum aksu_status start_cutting(struct aksu *net, const struct udp_datagram *d, aksu_time now)
{
    struct aksu_slice part[1 + UDP_OUT_PARTS];
    struct ip_out ip = {
        .source = d->local.ip,
        .destination = d->remote.ip,
        .protocol = IP_PROTOCOL_UDP,
        .ttl = net->way.multicast ? MULTICAST_TTL : net->ttl,
        .identification =
            ip_identification(&net->ids, &d->local.ip, &d->remote.ip, IP_PROTOCOL_UDP),
    };
    udp_header_build(net->udp_header, d);
    part[0] = (struct aksu_slice){ net->udp_header, sizeof net->udp_header };
    memcpy(part + 1, d->text, d->parts * sizeof part[0]);
    EMIT(&net->events, 0, now, udp_out, .local = d->local, .remote = d->remote, .len = d->length,
         .sum = udp_sum(d));
    if (net->way.to_self) {
        (void)stack_send_packet(net, PENDING_OWN, &ip, part, 1 + d->parts, now);
        return AKSU_WOULD_BLOCK;            /* no frame for it */
    }
    uint32_t link = stack_device_mtu(net, net->way.device, &d->remote.ip);
    uint32_t mtu = path_mtu_get(&net->path_mtu, &d->remote.ip, link, now);
    enum aksu_status status = ip_cut(&net->cutter, &ip, part, 1 + d->parts, mtu);
    if (status == AKSU_OK)
        net->cutting = d->from;
    return status;
}

/* Where the datagram goes: net->way and net->way_mac. */
static enum neighbor_answer find_way(struct aksu *net, struct udp_datagram *d, aksu_time now)
{
    struct route_result *way = &net->way;
    *way = route_lookup_on(&net->routes, d->device, &d->remote.ip, &d->local.ip);
    if (!way->found) {
        udp_fail(&net->udp, d->from, AKSU_UNREACHABLE_NET);
        return NEIGHBOR_UNREACHABLE;
    }
    d->local.ip = way->source;
    if (way->to_self)
        return NEIGHBOR_KNOWN;
    if (way->broadcast) {
        memset(net->way_mac, 0xff, sizeof net->way_mac);
        return NEIGHBOR_KNOWN;
    }
    enum neighbor_answer answer = stack_link(net, way->device, &way->next_hop, &way->source,
                                             net->way_mac, now);
    if (answer == NEIGHBOR_UNREACHABLE)
        udp_fail(&net->udp, d->from, AKSU_UNREACHABLE_HOST);
    return answer;
}

/* The next datagram that can go; false: none. */
static bool next_datagram(struct aksu *net, aksu_time now)
{
    struct udp_datagram d;
    while (udp_next_datagram(&net->udp, &d)) {
        enum neighbor_answer answer = find_way(net, &d, now);
        if (answer == NEIGHBOR_PENDING) {
            udp_datagram_park(&net->udp);
            continue;
        }
        if (answer == NEIGHBOR_KNOWN && start_cutting(net, &d, now) == AKSU_OK)
            return true;
        if (answer == NEIGHBOR_UNREACHABLE && udp_find(&net->udp, d.from) != NULL)
            stack_udp_ready(net, d.from);
        udp_datagram_done(&net->udp);
    }
    return false;
}

bool stack_udp_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    struct ip_piece *piece = &net->piece;
    while (net->cutting.index != 0 || (net->udp.sending.first != 0 && next_datagram(net, now))) {
        if (!ip_next_piece(&net->cutter, piece)) {
            net->cutting.index = 0;
            udp_datagram_done(&net->udp);
            continue;
        }
        bool v4 = ip_is_v4(&net->cutter.out.destination);
        size_t link = stack_link_header(net, net->way.device, net->way_mac, v4, net->header);
        memcpy(net->header + link, piece->header, piece->header_length);
        *out = (struct aksu_frame){ .device = { net->way.device }, .parts = 1 + piece->parts,
            .length = (uint32_t)link + piece->header_length + piece->length };
        out->part[0] = (struct aksu_slice){ net->header, link + piece->header_length };
        memcpy(out->part + 1, piece->part, piece->parts * sizeof piece->part[0]);
        return true;
    }
    return false;
}
