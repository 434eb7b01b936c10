/* output.c - the next frame: what belongs to no connection, neighbours, datagrams, then the
 * connections' segments. Called by socket/ until it says no. */
#include "stack/half_open.h"
#include "wire/ethernet.h"

static struct pending_packet *pending_at(const struct aksu *net, page_ref page)
{
    return (void *)pool_page(&net->pool, page);
}

static bool pending_has_room(const struct pending *q, enum pending_kind kind)
{
    return q->count[kind] < q->share || q->borrowed < q->common;
}

/* Room for a packet behind those that wait; NULL: there is none. Whoever asked writes all of it. */
static struct pending_packet *pending_new(struct aksu *net, enum pending_kind kind,
                                          const struct route_result *way, uint32_t length)
{
    struct pending *q = &net->pending;
    if (way->to_self)
        kind = PENDING_OWN;
    if (!pending_has_room(q, kind) || length > (uint32_t)PENDING_ROOM)
        return NULL;
    page_ref page = pool_take(&net->pool);
    if (page == 0)
        return NULL;

    struct pending_packet *p = pending_at(net, page);
    *p = (struct pending_packet){
        .device = way->to_self ? (uint32_t)DEVICE_SELF : way->device,
        .next_hop = way->next_hop,
        .source = way->source,
        .length = length,
        .kind = kind,
    };
    if (q->first == 0)
        q->first = page;
    else
        pending_at(net, q->last)->next = page;
    q->last = page;
    q->borrowed += q->count[kind] >= q->share;
    q->count[kind]++;
    net->owes |= OWES_PACKET;
    return p;
}

static bool pending_add(struct aksu *net, enum pending_kind kind, const struct route_result *way,
                        const struct ip_piece *piece)
{
    struct pending_packet *p = pending_new(net, kind, way, piece->header_length + piece->length);
    if (p == NULL)
        return false;
    struct writer w = writer_of(p->octets, PENDING_ROOM);
    memcpy(write_space(&w, piece->header_length), piece->header, piece->header_length);
    for (uint32_t i = 0; i < piece->parts; i++)
        memcpy(write_space(&w, piece->part[i].length), piece->part[i].data, piece->part[i].length);
    return true;
}

bool stack_send_segment(struct aksu *net, const struct route_result *way,
                        const struct tcp_tuple *tuple, const struct tcp_segment *seg, aksu_time now)
{
    const struct aksu_ip *to = &tuple->remote_ip;
    uint32_t tcp = TCP_HEADER + (uint32_t)wire_tcp_options_length(&seg->options);
    uint32_t length = (uint32_t)ip_header_length(to) + tcp;
    uint32_t device = way->to_self ? (uint32_t)DEVICE_SELF : way->device;
    if (length > stack_device_mtu(net, device, to)) {
        stack_frame_dropped(net, "IP", "answer longer than the MTU", 0, now);
        return false;
    }
    enum pending_kind kind = seg->ctl & CTL_SYN ? PENDING_COOKIE : PENDING_SEGMENT;
    struct pending_packet *p = pending_new(net, kind, way, length);
    if (p == NULL) {
        stack_frame_dropped(net, "IP", "no room for an answer", tcp, now);
        return false;
    }
    struct writer w = writer_of(p->octets, PENDING_ROOM);
    stack_ip_header(&w, tuple, tcp, 0, net->ttl);
    wire_tcp_build(&w, &tuple->local_ip, to, seg, false);
    return true;
}

bool stack_send_way(struct aksu *net, enum pending_kind kind, const struct route_result *way,
                    const struct ip_out *ip, const struct aksu_slice *part, uint32_t parts,
                    aksu_time now)
{
    struct ip_cutter cutter;
    struct ip_piece piece;
    uint32_t device = way->to_self ? (uint32_t)DEVICE_SELF : way->device;
    uint32_t mtu = stack_device_mtu(net, device, &ip->destination);
    if (!ip->dont_fragment)
        mtu = path_mtu_get(&net->path_mtu, &ip->destination, mtu, now);
    mtu = mtu < (uint32_t)PENDING_ROOM ? mtu : (uint32_t)PENDING_ROOM;
    struct ip_out out = *ip;
    if (!out.dont_fragment)
        out.identification =
            ip_identification(&net->ids, &ip->source, &ip->destination, ip->protocol);
    if (ip_cut(&cutter, &out, part, parts, mtu) != AKSU_OK) {
        stack_frame_dropped(net, "IP", "answer longer than the MTU", 0, now);
        return false;
    }
    while (ip_next_piece(&cutter, &piece)) {
        if (!pending_add(net, kind, way, &piece)) {
            stack_frame_dropped(net, "IP", "no room for an answer", piece.length, now);
            return false;
        }
    }
    return true;
}

bool stack_send_packet(struct aksu *net, enum pending_kind kind, const struct ip_out *ip,
                       const struct aksu_slice *part, uint32_t parts, aksu_time now)
{
    struct route_result way = route_lookup(&net->routes, &ip->destination, &ip->source);
    if (!way.found || way.broadcast || way.multicast) {
        stack_frame_dropped(net, "IP", "no route for an answer", 0, now);
        return false;
    }
    return stack_send_way(net, kind, &way, ip, part, parts, now);
}

bool stack_send_on_link(struct aksu *net, uint32_t device, const struct ip_out *ip,
                        const struct aksu_slice *part, uint32_t parts, aksu_time now)
{
    struct route_result way = { .found = true, .device = device, .next_hop = ip->destination,
                                .source = ip->source };
    return stack_send_way(net, PENDING_ASKED, &way, ip, part, parts, now);
}

static void free_pending(struct aksu *net, page_ref page)
{
    struct pending *q = &net->pending;
    uint32_t *count = &q->count[pending_at(net, page)->kind];
    q->borrowed -= *count > q->share;
    --*count;
    pool_give(&net->pool, page);
}

/* A packet of our own to ourselves. */
static void receive_own(struct aksu *net, page_ref page, aksu_time now)
{
    struct pending_packet *p = pending_at(net, page);
    struct aksu_slice part = { p->octets, p->length };
    struct ip_arrival own = { .device = 1, .loopback = true, .checksum_verified = true,
                              .part = &part, .parts = 1 };
    stack_packet_in(net, &own, NULL, now);
    free_pending(net, page);
}

static void whole_frame(struct aksu_frame *out, uint32_t device, const uint8_t *octets,
                        size_t length)
{
    out->device = (aksu_device){ device };
    out->parts = 1;
    out->length = (uint32_t)length;
    out->gso_size = 0;
    out->checksum_partial = false;
    out->part[0] = (struct aksu_slice){ octets, length };
}

static bool pending_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    page_ref page;
    while ((page = net->pending.first) != 0) {
        struct pending_packet *p = pending_at(net, page);
        uint8_t mac[6];
        net->pending.first = p->next;
        if (p->device == DEVICE_SELF) {
            receive_own(net, page, now);
            continue;
        }
        enum neighbor_answer way = stack_link(net, p->device, &p->next_hop, &p->source, mac, now);
        if (way == NEIGHBOR_PENDING) {
            p->next = net->pending.parked;
            net->pending.parked = page;
            continue;
        }
        if (way == NEIGHBOR_UNREACHABLE)
            stack_echo_no_hop(net, p, now);
        free_pending(net, page);            /* its octets stay as they are until the next call */
        if (way != NEIGHBOR_KNOWN) {
            stack_frame_dropped(net, "IP", "no answer of the next hop", p->length, now);
            continue;
        }
        uint8_t link[ETHERNET_HEADER];
        size_t header = stack_link_header(net, p->device, mac, ip_is_v4(&p->next_hop), link);
        uint8_t *start = p->link + PENDING_LINK - header;
        memcpy(start, link, header);
        whole_frame(out, p->device, start, header + p->length);
        return true;
    }
    return false;
}

static bool neighbor_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    struct neighbor_packet p;
    while (stack_next_announcement(net, &p, now)
           || neighbor_next_packet(&net->neighbors, &p, now)) {
        const struct device *d = stack_device(net, p.device);
        if (!route_is_local(&net->routes, p.device, &p.source))
            continue;                       /* an address that has been taken away meanwhile */
        size_t length = neighbor_build(&p, d->mac, net->header, sizeof net->header);
        if (length == 0)
            continue;
        whole_frame(out, p.device, net->header, length);
        return true;
    }
    return false;
}

bool stack_frame_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    while (net->owes != 0) {
        if (net->owes & OWES_PACKET) {
            if (pending_out(net, out, now))
                return true;
            net->owes &= ~(uint32_t)OWES_PACKET;
        }
        if (net->owes & OWES_NEIGHBOR) {
            if (neighbor_out(net, out, now))
                return true;
            net->owes &= ~(uint32_t)OWES_NEIGHBOR;
        }
        if (net->owes & OWES_UDP) {
            if (stack_udp_out(net, out, now))
                return true;
            net->owes &= ~(uint32_t)OWES_UDP;
        }
        if (net->owes & OWES_SYN) {
            if (stack_half_open_out(net, out, now))
                return true;
            if (net->syn_cache.owed.first == 0)
                net->owes &= ~(uint32_t)OWES_SYN;
            else
                continue;                   /* a packet to ourselves comes first */
        }
        if (net->owes & OWES_TCP) {
            if (stack_tcp_out(net, out, now))
                return true;
            if (net->turns.first == 0)
                net->owes &= ~(uint32_t)OWES_TCP;
        }
    }
    return false;
}
