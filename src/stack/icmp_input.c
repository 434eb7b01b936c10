/* icmp_input.c - ICMP and ICMPv6: echo, neighbour discovery, and errors about what this stack
 * sent (RFC 1122 3.2.2, RFC 4443, RFC 9293 3.9.2.2), and the errors it sends itself. Called by
 * input.c. */
#include "ip/icmp_in.h"
#include "stack/half_open.h"
#include "wire/ipv4.h"

enum { TYPE_ROUTER_ADVERTISEMENT = 134, LEAST_V4 = 552 };

/* What is said of the packet that an error is about, in events. */
struct about {
    struct icmp_error error;
    uint32_t conn;
};

/* TCP and UDP begin with two ports: RFC 9293 3.1, RFC 768. */
static struct aksu_endpoint end_of(const struct ip_packet *p, const struct aksu_ip *ip, size_t at)
{
    bool ports = (p->protocol == IP_PROTOCOL_TCP || p->protocol == IP_PROTOCOL_UDP)
        && p->payload[0].length >= 4;
    return (struct aksu_endpoint){ *ip, ports ? load_be16(p->payload[0].data + at) : 0 };
}

void stack_icmp_error(struct aksu *net, struct icmp_limit *limit, const struct ip_packet *about,
                      const struct icmp_error_out *what, aksu_time now)
{
    uint8_t message[ICMP_OUT_MOST];
    struct ip_out ip;
    size_t length = icmp_error_build(limit, &net->routes, about, what, &ip, message,
                                     sizeof message, now);
    if (length == 0)
        return;
    struct aksu_slice part = { message, length };
    if (stack_send_packet(net, PENDING_ERROR, &ip, &part, 1, now))
        EMIT(&net->events, 0, now, icmp_out, .to = ip.destination, .type = message[0],
             .code = message[1], .protocol = about->protocol,
             .local = end_of(about, &about->destination, 2),
             .remote = end_of(about, &about->source, 0));
}

static const char *echo(struct aksu *net, const struct ip_packet *p, aksu_time now)
{
    struct aksu_slice part[ICMP_ECHO_PARTS];
    uint8_t head[ICMP_ECHO_HEAD];
    struct ip_out ip;
    uint32_t parts = icmp_echo_reply(&net->routes, p, &ip, head, part);
    if (parts == 0)
        return "not answered";
    if (!stack_send_packet(net, PENDING_REPLY, &ip, part, parts, now))
        return "no room for the answer";
    EMIT(&net->events, 0, now, icmp_out, .to = ip.destination, .type = head[0], .code = 0);
    return "answered";
}

static const char *discovery(struct aksu *net, const struct ip_packet *p,
                             const struct icmp_message *m, aksu_time now)
{
    const char *why = stack_tentative_in(net, p, m, now);
    if (why != NULL)
        return why;
    bool ours = route_is_own(&net->routes, p->device, &m->target);
    why = neighbor_nd(&net->neighbors, p->device, &p->source, &p->destination, m, ours, now);
    stack_neighbor_news(net, now);
    if (why == NULL && m->kind == ICMP_NEIGHBOR_ADVERTISEMENT && !m->router)
        stack_router_no_more(net, p->device, &m->target, now);
    return why != NULL ? why : "neighbour discovery";
}

/* IPv4 promises 68 octets only, but a message of less than 552 is more likely an attack than a
 * link: connections would pay for it. */
static uint32_t believable(const struct aksu_ip *to, uint32_t mtu)
{
    return ip_is_v4(to) && mtu < LEAST_V4 ? (uint32_t)LEAST_V4 : mtu;
}

/* RFC 1191 6.4, RFC 8201 5.4. The estimate is only believed when the quoted segment is
 * outstanding. */
static const char *tcp_error(struct aksu *net, struct about *about, aksu_time now)
{
    const struct icmp_error *e = &about->error;
    struct tcp_tuple tuple = { e->local.ip, e->remote.ip, e->local.port, e->remote.port };
    /* RFC 9293 3.9.2.2 [MUST-54] */
    uint64_t hash = conn_hash(&net->table.key, &tuple);
    struct conn *c = conn_lookup(net, &tuple, hash);
    if (c == NULL) {
        struct syn_record *r = syn_cache_lookup(&net->syn_cache, &tuple, hash);
        if (r == NULL)
            return "for no connection";
        about->conn = stack_half_open_number(net, r);
        bool taken = e->kind != ICMP_ERROR_MTU && stack_half_open_error(net, r, &tuple, e, now);
        return taken ? "taken" : "not believed";
    }
    about->conn = c->tcp.conn;
    if (stack_ao_ignores(net, c, e))
        return "ignored: RFC 5925 7.8";
    if (e->kind == ICMP_ERROR_MTU) {
        uint32_t link = stack_device_mtu(net, c->device, &tuple.remote_ip);
        uint16_t mtu = (uint16_t)(e->mtu < link ? e->mtu : link);
        size_t header = ip_header_length(&tuple.remote_ip);
        if (!ip_is_v4(&tuple.remote_ip) && mtu < 1280)  /* RFC 8201 4 */
            return "not believed";
        mtu = (uint16_t)believable(&tuple.remote_ip, mtu);
        if (!tcp_too_big(&c->tcp, (uint16_t)(mtu - header), seq_of(e->seq.n), now))
            return "not believed";
        (void)stack_path_mtu_lower(net, c->tcp.conn, &tuple.remote_ip, mtu, link, now);
    } else if (!tcp_icmp_error(&c->tcp, e->status, e->kind == ICMP_ERROR_HARD, e->seq, now)) {
        return "not believed";                          /* RFC 5927 4 */
    }
    stack_settle(net, c, now);
    return "taken";
}

/* About a packet that belongs to no connection. */
static bool lower_for(struct aksu *net, const struct icmp_error *e, aksu_time now)
{
    struct route_result way = route_lookup(&net->routes, &e->remote.ip, &e->local.ip);
    if (!way.found || way.to_self)
        return false;
    uint32_t link = stack_device_mtu(net, way.device, &e->remote.ip);
    uint32_t mtu = believable(&e->remote.ip, e->mtu);
    return stack_path_mtu_lower(net, 0, &e->remote.ip, mtu, link, now);
}

static const char *udp_error(struct aksu *net, const struct icmp_error *e, aksu_time now)
{
    aksu_udp to;
    uint64_t cookie;
    bool known = udp_icmp(&net->udp, e, &to, &cookie);
    if (!known)
        return "for no endpoint";
    if (e->kind == ICMP_ERROR_MTU) {
        if (!lower_for(net, e, now))
            return "nothing new";
    } else {
        stack_udp_ready(net, to);
    }
    return "taken";
}

static const char *error(struct aksu *net, const struct ip_packet *p, const struct icmp_message *m,
                         struct about *about, aksu_time now)
{
    struct icmp_error *e = &about->error;
    if (!icmp_error_parse(m, !ip_is_v4(&p->destination), e)) {
        *e = (struct icmp_error){ .kind = ICMP_ERROR_IGNORE };
        return "quotes nothing of ours";
    }
    if (e->kind == ICMP_ERROR_IGNORE)
        return "ignored";                               /* RFC 9293 3.9.2.2 [MUST-55] */
    if (e->protocol == IP_PROTOCOL_TCP)
        return tcp_error(net, about, now);
    if (e->protocol == IP_PROTOCOL_UDP)
        return udp_error(net, e, now);
    const char *verdict = stack_echo_error_in(net, p, e, now);
    if (stack_echo_was_too_big(net, e))
        (void)lower_for(net, e, now);                   /* RFC 1191 3 */
    return verdict;
}

static const char *dispatch(struct aksu *net, const struct ip_packet *p,
                            const struct icmp_message *m, struct about *about, aksu_time now)
{
    switch (m->kind) {
    case ICMP_ECHO_REQUEST:
        return echo(net, p, now);
    case ICMP_ECHO_REPLY:
        return stack_echo_reply_in(net, p, m, now);
    case ICMP_NEIGHBOR_SOLICITATION: case ICMP_NEIGHBOR_ADVERTISEMENT:
        return discovery(net, p, m, now);
    case ICMP_UNREACHABLE: case ICMP_TOO_BIG: case ICMP_TIME_EXCEEDED: case ICMP_PARAMETER_PROBLEM:
    case ICMP_SOURCE_QUENCH: case ICMP_REDIRECT:
        return error(net, p, m, about, now);
    case ICMP_ROUTER_ADVERTISEMENT:
        return stack_router_in(net, p, m, now);
    case ICMP_OTHER:
        return ip_is_v4(&p->destination) ? "ignored" : stack_listener_query_in(net, p, m, now);
    case ICMP_ROUTER_SOLICITATION:
        break;
    }
    return "ignored";
}

/* Which rule it broke. */
static const char *malformed(const struct ip_packet *p)
{
    if (ip_is_v4(&p->destination))
        return "malformed";
    if (p->ttl != 255)
        return "RFC 4861 7.1: hop limit is not 255";
    if (p->payload[0].length > 0 && p->payload[0].data[0] == TYPE_ROUTER_ADVERTISEMENT
        && !ip_is_link_local(&p->source))
        return "RFC 4861 6.1.2: source is not link-local";
    return "RFC 4861 7.1: malformed";
}

/* In pieces, and too long to be looked at as one: nothing but echo is. */
static void long_message(struct aksu *net, const struct ip_packet *p, aksu_time now)
{
    const struct aksu_slice *first = &p->payload[0];
    const char *verdict = echo(net, p, now);
    EMIT(&net->events, 0, now, icmp_in, .from = p->source, .type = first->data[0],
         .code = first->length > 1 ? first->data[1] : 0, .verdict = verdict);
}

void stack_icmp_in(struct aksu *net, const struct ip_packet *p, aksu_time now)
{
    uint8_t whole[PENDING_ROOM];
    struct aksu_slice s = p->payload[0];
    if (p->parts > 1 && p->length > sizeof whole) {
        long_message(net, p, now);
        return;
    }
    if (p->parts > 1)
        s = (struct aksu_slice){ whole, ip_payload_copy(p, whole, sizeof whole) };
    struct reader r = reader_of(s.data, s.length);
    struct icmp_message m;
    enum icmp_fault fault = ip_is_v4(&p->destination) ? wire_icmpv4_parse(&r, &m)
        : wire_icmpv6_parse(&r, &p->source, &p->destination, p->ttl, &m);

    switch (fault) {
    case ICMP_GOOD:
        break;
    case ICMP_TRUNCATED:
        stack_frame_dropped(net, "ICMP", "truncated", p->length, now);
        return;
    case ICMP_CHECKSUM:
        stack_frame_dropped(net, "ICMP", "checksum", p->length, now);
        return;
    case ICMP_MALFORMED:
        stack_frame_dropped(net, "ICMP", malformed(p), p->length, now);
        return;
    }
    struct about about = { .conn = 0 };
    const char *verdict = dispatch(net, p, &m, &about, now);
    EMIT(&net->events, about.conn, now, icmp_in, .from = p->source, .type = m.type,
         .code = m.code, .verdict = verdict, .protocol = about.error.protocol,
         .local = about.error.local, .remote = about.error.remote, .mtu = about.error.mtu);
}
