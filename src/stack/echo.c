/* echo.c - see echo.h. Who asked for what is the caller's business: every reply is told, and every
 * ICMP error that quotes an echo request from an address of ours. */
#include "ip/icmp_in.h"
#include "stack/calls.h"
#include "wire/ipv4.h"

/* ECHO_RECENT: requests that an error may be about. */
enum { ICMP_HEADER = 8, ECHO_RECENT = 64 };
/* Destination unreachable: the host (RFC 792), the address (RFC 4443 3.1). */
enum { UNREACHABLE_V4 = 3, HOST_V4 = 1, UNREACHABLE_V6 = 1, ADDRESS_V6 = 3 };

enum aksu_status stack_echo_send(struct aksu *net, const struct stack_echo_request *r,
                                 aksu_time now)
{
    static const struct aksu_ip any;
    uint8_t message[ICMP_HEADER + ECHO_TEXT_MOST];
    struct route_result way = route_lookup(&net->routes, &r->to, &any);
    if (r->length > ECHO_TEXT_MOST)
        return AKSU_TOO_LONG;
    if (!way.found || way.broadcast || way.multicast)
        return AKSU_UNREACHABLE_NET;

    bool v4 = ip_is_v4(&r->to);
    struct ip_out ip = { .source = way.source, .destination = r->to,
                         .protocol = v4 ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6,
                         .ttl = r->ttl != 0 ? r->ttl : net->ttl };
    struct icmp_message m = { .kind = ICMP_ECHO_REQUEST, .echo_identifier = r->identifier,
                              .echo_sequence = r->sequence, .body = r->text,
                              .body_length = r->length };
    struct writer w = writer_of(message, sizeof message);
    if (v4)
        wire_icmpv4_build(&w, &m);
    else
        wire_icmpv6_build(&w, &ip.source, &ip.destination, &m);
    struct aksu_slice part = { message, writer_length(&w) };
    net->echo.used = true;
    net->echo.to = r->to;
    net->echo.identifier = r->identifier;
    net->echo.sequence = r->sequence;
    net->echo.length = (uint32_t)(part.length + ip_header_length(&r->to));
    if (!stack_send_packet(net, PENDING_ASKED, &ip, &part, 1, now))
        return AKSU_NO_RESOURCES;
    EMIT(&net->events, 0, now, icmp_out, .to = r->to, .type = message[0], .code = 0);
    return AKSU_OK;
}

/* The oldest gives way. */
static const char *keep(struct aksu *net, const struct aksu_echo *e)
{
    struct echo *q = &net->echo;
    if (q->count == ECHO_QUEUE) {
        ring_consume(&q->queue, &net->pool, sizeof *e, 0);
        q->count--;
    }
    if (ring_write(&q->queue, &net->pool, q->queue.length, (const uint8_t *)e, sizeof *e)
        != sizeof *e) {
        ring_trim(&q->queue, &net->pool, q->queue.length);
        return "no room";
    }
    ring_extend(&q->queue, sizeof *e);
    q->count++;
    q->ready = true;
    return "taken";
}

const char *stack_echo_reply_in(struct aksu *net, const struct ip_packet *p,
                                const struct icmp_message *m, aksu_time now)
{
    struct aksu_echo e;
    if (!net->echo.used || p->group)
        return "not asked for";
    memset(&e, 0, sizeof e);        /* it is copied whole */
    e.from = p->source;
    e.to = p->source;
    e.type = m->type;
    e.code = m->code;
    e.ttl = p->ttl;
    e.identifier = m->echo_identifier;
    e.sequence = m->echo_sequence;
    e.length = (uint32_t)m->body_length;
    e.at = now;
    memcpy(e.text, m->body, m->body_length < sizeof e.text ? m->body_length : sizeof e.text);
    return keep(net, &e);
}

bool stack_echo_was_too_big(const struct aksu *net, const struct icmp_error *error)
{
    const struct echo *q = &net->echo;
    uint16_t since = (uint16_t)(q->sequence - error->echo_sequence);
    return error->kind == ICMP_ERROR_MTU && q->used && error->has_echo && since < ECHO_RECENT
        && error->echo_identifier == q->identifier && ip_eq(&error->remote.ip, &q->to)
        && error->mtu < q->length;
}

const char *stack_echo_error_in(struct aksu *net, const struct ip_packet *p,
                                const struct icmp_error *error, aksu_time now)
{
    struct aksu_echo e;
    if (!net->echo.used || !error->has_echo
        || !route_is_own(&net->routes, p->device, &error->local.ip))
        return "ignored";
    memset(&e, 0, sizeof e);
    e.from = p->source;
    e.to = error->remote.ip;
    e.status = error->kind == ICMP_ERROR_MTU ? AKSU_TOO_LONG : error->status;
    e.type = error->type;
    e.code = error->code;
    e.ttl = p->ttl;
    e.identifier = error->echo_identifier;
    e.sequence = error->echo_sequence;
    e.at = now;
    return keep(net, &e);
}

/* RFC 4861 7.2.2, and the same for IPv4: as if an ICMP error had come from ourselves. */
void stack_echo_no_hop(struct aksu *net, const struct pending_packet *packet, aksu_time now)
{
    bool v4 = ip_is_v4(&packet->source);
    struct icmp_message m = { .kind = ICMP_UNREACHABLE,
                              .type = v4 ? UNREACHABLE_V4 : UNREACHABLE_V6,
                              .code = v4 ? HOST_V4 : ADDRESS_V6,
                              .body = packet->octets, .body_length = packet->length };
    struct ip_packet us = { .source = packet->source, .device = packet->device };
    struct icmp_error error;
    if (icmp_error_parse(&m, !v4, &error))
        (void)stack_echo_error_in(net, &us, &error, now);
}

bool stack_echo_receive(struct aksu *net, struct aksu_echo *out)
{
    struct echo *q = &net->echo;
    if (q->count == 0)
        return false;
    ring_read(&q->queue, &net->pool, 0, (uint8_t *)out, sizeof *out);
    ring_consume(&q->queue, &net->pool, sizeof *out, 0);
    q->count--;
    return true;
}

bool stack_echo_next_ready(struct aksu *net, struct aksu_ready *out)
{
    bool ready = net->echo.ready && net->echo.count > 0;
    net->echo.ready = false;
    if (ready)
        *out = (struct aksu_ready){ .what = AKSU_ECHO };
    return ready;
}
