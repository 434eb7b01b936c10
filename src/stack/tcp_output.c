/* tcp_output.c - connections take turns to send: one segment at a time is pulled out of a TCB,
 * gets its IP and link headers, and leaves with its text borrowed from the send ring. Called by
 * output.c. */
#include "stack/half_open.h"
#include "wire/ipv4.h"

enum { BURST = 16 };

static void queue_append(struct aksu *net, struct conn_queue *q, struct conn *c)
{
    c->turn_next = 0;
    if (q->first == 0)
        q->first = c->tcp.conn;
    else
        conn_at(net, q->last)->turn_next = c->tcp.conn;
    q->last = c->tcp.conn;
}

static void queue_pop(struct aksu *net, struct conn_queue *q)
{
    q->first = conn_at(net, q->first)->turn_next;
}

void stack_turn(struct aksu *net, struct conn *c)
{
    c->turn = TURN_QUEUED;
    c->burst = 0;
    net->owes |= OWES_TCP;
    queue_append(net, &net->turns, c);
}

void stack_unpark(struct aksu *net)
{
    while (net->parked.first != 0) {
        struct conn *c = conn_at(net, net->parked.first);
        queue_pop(net, &net->parked);
        stack_turn(net, c);
    }
    while (net->pending.parked != 0) {
        struct pending_packet *p = (void *)pool_page(&net->pool, net->pending.parked);
        page_ref page = net->pending.parked;
        net->pending.parked = p->next;
        p->next = net->pending.first;
        net->pending.first = page;
        if (p->next == 0)
            net->pending.last = page;
        net->owes |= OWES_PACKET;
    }
    stack_half_open_unpark(net);
    udp_unpark(&net->udp);
    net->owes |= OWES_UDP;
}

static void park(struct aksu *net, struct conn *c, aksu_time now)
{
    queue_pop(net, &net->turns);
    c->turn = TURN_PARKED;
    queue_append(net, &net->parked, c);
    stack_settle(net, c, now);
}

static void end_turn(struct aksu *net, struct conn *c, aksu_time now)
{
    queue_pop(net, &net->turns);
    if (net->turns.first == 0)
        net->owes &= ~(uint32_t)OWES_TCP;
    c->turn = TURN_NONE;
    stack_settle(net, c, now);
}

/* It has sent a segment: that was all, or others come first after BURST of them. */
static void next_turn(struct aksu *net, struct conn *c, aksu_time now)
{
    if (!c->tcp.may_send) {
        end_turn(net, c, now);
    } else if (++c->burst >= BURST && c->turn_next != 0) {
        queue_pop(net, &net->turns);
        stack_turn(net, c);
    }
}

/* The routes have changed since the connection last sent. */
static bool reroute(struct aksu *net, struct conn *c, aksu_time now)
{
    if (!stack_route_conn(net, c))
        return false;
    tcp_set_mtu(&c->tcp, stack_conn_mtu(net, c, now));
    return true;
}

/* This, build() and conn_frame() are parts of the loop that sends; others go through the calls
 * below them. */
__attribute__((always_inline))
static inline void ip_header(struct writer *w, const struct tcp_tuple *tuple, uint32_t length,
                             uint8_t tos, uint8_t ttl)
{
    if (ip_is_v4(&tuple->remote_ip)) {
        struct ipv4_plain h = {
            .source = load_be32(ip_v4(&tuple->local_ip)),
            .destination = load_be32(ip_v4(&tuple->remote_ip)),
            .total_length = (uint16_t)(IPV4_HEADER + length),
            .tos = tos,
            .ttl = ttl,
            .protocol = IP_PROTOCOL_TCP,
        };
        wire_ipv4_build_plain(write_space(w, IPV4_HEADER), &h);
        return;
    }
    struct ip_out ip = {
        .source = tuple->local_ip,
        .destination = tuple->remote_ip,
        .protocol = IP_PROTOCOL_TCP,
        .tos = tos,
        .ttl = ttl,
        .dont_fragment = true,
    };
    ip_build(w, &ip, length);
}

void stack_ip_header(struct writer *w, const struct tcp_tuple *tuple, uint32_t length, uint8_t tos,
                     uint8_t ttl)
{
    ip_header(w, tuple, length, tos, ttl);
}

static inline void write_ip(const struct conn *c, const struct tcp_segment *seg, struct writer *w)
{
    uint32_t length = TCP_HEADER + (uint32_t)wire_tcp_options_length(&seg->options) + seg->text_len;
    uint8_t tos = (uint8_t)(c->tcp.dscp << 2 | seg->ecn);
    ip_header(w, &c->tcp.tuple, length, tos, c->tcp.ttl);
}

/* To ourselves: through the pending packets, so that nothing is received while we send. */
static void loop_back(struct aksu *net, struct conn *c, aksu_time now)
{
    const struct tcp_tuple *tuple = &c->tcp.tuple;
    const struct tcp_segment *seg = &net->segment;
    struct writer w = writer_of(net->header, sizeof net->header);
    struct aksu_slice part[AKSU_FRAME_PARTS];
    struct ip_out ip = { .source = tuple->local_ip, .destination = tuple->remote_ip,
                         .protocol = IP_PROTOCOL_TCP, .ttl = c->tcp.ttl, .dont_fragment = true,
                         .tos = (uint8_t)(c->tcp.dscp << 2 | seg->ecn) };
    wire_tcp_build(&w, &tuple->local_ip, &tuple->remote_ip, seg, true);
    if (c->tcp.ao != 0)
        ao_sign(&c->tcp, seg, net->header, true);
    part[0] = (struct aksu_slice){ net->header, writer_length(&w) };
    memcpy(part + 1, seg->text, seg->parts * sizeof part[0]);
    (void)stack_send_packet(net, PENDING_OWN, &ip, part, 1u + seg->parts, now);
}

__attribute__((always_inline))
static inline void build(struct aksu *net, struct conn *c, const uint8_t mac[6],
                         struct aksu_frame *out)
{
    const struct tcp_tuple *tuple = &c->tcp.tuple;
    const struct tcp_segment *seg = &net->segment;
    size_t link = 0;
    if (c->ethernet)
        link = stack_link_header(net, c->device, mac, ip_is_v4(&tuple->remote_ip), net->header);
    struct writer w = writer_of(net->header + link, sizeof net->header - link);

    write_ip(c, seg, &w);
    size_t before_tcp = link + writer_length(&w);
    wire_tcp_build(&w, &tuple->local_ip, &tuple->remote_ip, seg, c->partial);
    if (__builtin_expect(c->tcp.ao != 0, 0))
        ao_sign(&c->tcp, seg, net->header + before_tcp, c->partial);
    out->device = (aksu_device){ c->device };
    out->parts = 1u + seg->parts;
    out->length = (uint32_t)(link + writer_length(&w)) + seg->text_len;
    out->gso_size = seg->gso_size;
    out->checksum_partial = c->partial;
    out->part[0] = (struct aksu_slice){ net->header, link + writer_length(&w) };
    for (unsigned i = 0; i < seg->parts; i++)
        out->part[1 + i] = seg->text[i];
}

/* As if the network had lost it; TCP hears of it as a soft error, its timers go on. */
static void lose(struct aksu *net, struct conn *c, enum aksu_status status, aksu_time now)
{
    stack_frame_dropped(net, "IP",
                        status == AKSU_UNREACHABLE_NET ? "no route" : "no answer of the next hop",
                        net->segment.text_len, now);
    (void)tcp_icmp_error(&c->tcp, status, false, net->segment.seq, now);
}

static enum neighbor_answer way_of(struct aksu *net, struct conn *c, uint8_t mac[6], aksu_time now)
{
    if (!c->ethernet)
        return NEIGHBOR_KNOWN;
    return stack_link(net, c->device, stack_next_hop(net, c), &c->tcp.tuple.local_ip, mac, now);
}

enum neighbor_answer stack_conn_way(struct aksu *net, struct conn *c, uint8_t mac[6],
                                    aksu_time now)
{
    bool routed = c->route_version == net->route_version || stack_route_conn(net, c);
    return routed ? way_of(net, c, mac, now) : NEIGHBOR_UNREACHABLE;
}

__attribute__((always_inline))
static inline bool conn_frame(struct aksu *net, struct conn *c, enum neighbor_answer way,
                              const uint8_t mac[6], struct aksu_frame *out, aksu_time now)
{
    stack_segment_out_event(net, c->tcp.conn, &c->tcp.tuple, &net->segment, now);
    if (way != NEIGHBOR_KNOWN) {
        bool routed = c->route_version == net->route_version;
        lose(net, c, routed ? AKSU_UNREACHABLE_HOST : AKSU_UNREACHABLE_NET, now);
        return false;
    }
    if (c->device == DEVICE_SELF) {
        loop_back(net, c, now);
        return false;
    }
    build(net, c, mac, out);
    return true;
}

bool stack_conn_frame(struct aksu *net, struct conn *c, enum neighbor_answer way,
                      const uint8_t mac[6], struct aksu_frame *out, aksu_time now)
{
    return conn_frame(net, c, way, mac, out, now);
}

bool stack_tcp_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    while (net->turns.first != 0) {
        struct conn *c = conn_at(net, net->turns.first);
        bool routed = c->route_version == net->route_version || reroute(net, c, now);
        uint8_t mac[6];
        enum neighbor_answer way = routed ? way_of(net, c, mac, now) : NEIGHBOR_UNREACHABLE;
        if (way == NEIGHBOR_PENDING) {
            park(net, c, now);
            continue;
        }
        if (!tcp_next_segment(&c->tcp, &net->segment, now)) {
            end_turn(net, c, now);
            continue;
        }
        bool frame = conn_frame(net, c, way, mac, out, now);
        next_turn(net, c, now);
        if (frame || net->pending.first != 0)
            return frame;                   /* what is for ourselves comes in first */
    }
    return false;
}
