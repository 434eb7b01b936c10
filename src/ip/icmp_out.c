/* icmp_out.c - ICMP errors and echo replies (RFC 1122 3.2.2, RFC 4443 2.4, 4.2), and when to be
 * silent. */
#include "ip/icmp_out.h"
#include "base/time.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"

enum { ECHO_V4 = 8, ECHO_REPLY_V4 = 0, ECHO_V6 = 128, ECHO_REPLY_V6 = 129, REDIRECT_V6 = 137,
       ICMP_HEADER = 8, HOP_LIMIT = 64 };

void icmp_limit_init(struct icmp_limit *l, uint32_t rate, uint32_t burst, aksu_time now)
{
    *l = (struct icmp_limit){ .rate = rate, .burst = burst, .tokens = burst, .filled = now };
}

static bool take_token(struct icmp_limit *l, aksu_time now)
{
    if (l->rate > 0 && now > l->filled) {
        aksu_time interval = SECONDS(1) / l->rate, earned = (now - l->filled) / interval;
        uint32_t room = l->burst - l->tokens;
        l->filled = earned < room ? l->filled + earned * interval : now;
        l->tokens += earned < room ? (uint32_t)earned : room;
    }
    if (l->tokens == 0)
        return false;
    l->tokens--;
    return true;
}

/* RFC 1122 3.2.2, RFC 4443 2.4: "does not define a single host" */
static bool single_host(const struct route_table *routes, const struct ip_packet *about)
{
    const struct aksu_ip *source = &about->source;
    if (ip_is_v4(source) && ip_v4(source)[0] >= 240)
        return false;
    return !ip_is_unspecified(source) && !ip_is_multicast(source) && !ip_is_loopback(source)
        && !route_is_broadcast(routes, about->device, source);
}

static bool is_icmp(const struct ip_packet *p)
{
    return p->protocol == (ip_is_v4(&p->destination) ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6);
}

/* An ICMP message that is no query, or one that cannot be told (RFC 1122 3.2.2, RFC 4443 2.4). */
static bool icmp_error(const struct ip_packet *about)
{
    if (!is_icmp(about))
        return false;
    if (about->payload[0].length == 0)
        return true;
    uint8_t type = about->payload[0].data[0];
    if (!ip_is_v4(&about->destination))
        return type < 128 || type == REDIRECT_V6;
    return !(type == ECHO_V4 || type == ECHO_REPLY_V4 || (type >= 13 && type <= 18));
}

static bool allowed(const struct route_table *routes, const struct ip_packet *about,
                    const struct icmp_error_out *what)
{
    bool even_group = what->kind == ICMP_PARAMETER_PROBLEM && about->problem_even_multicast;
    if ((about->group || about->link_broadcast) && !even_group)
        return false;
    return single_host(routes, about) && !icmp_error(about);
}

/* Our address for messages back to the sender: the one it wrote to, if that is a host's. */
static bool way_back(const struct route_table *routes, const struct ip_packet *about,
                     struct ip_out *ip)
{
    static const struct aksu_ip any;
    const struct aksu_ip *source = about->group ? &any : &about->destination;
    struct route_result way = route_lookup(routes, &about->source, source);
    *ip = (struct ip_out){
        .source = way.source,
        .destination = about->source,
        .protocol = ip_is_v4(&about->source) ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6,
        .ttl = HOP_LIMIT,
    };
    return way.found;
}

/* IPv4's Destination Unreachable codes in ICMPv6's terms, as RFC 7915 4.2 translates them. False:
 * there is no such thing. */
static bool translate(struct icmp_message *m)
{
    static const uint8_t code_v6[] = {
        [0] = 0, [1] = 0, [2] = 1, [3] = 4, [4] = 0xff, [5] = 0, [6] = 0, [7] = 0, [8] = 0,
        [9] = 1, [10] = 1, [11] = 0, [12] = 0, [13] = 1, [14] = 0xff, [15] = 1,
    };
    if (m->code >= sizeof code_v6 || code_v6[m->code] == 0xff)
        return false;
    if (m->code == ICMP_CODE_PROTOCOL) {
        m->kind = ICMP_PARAMETER_PROBLEM;
        m->pointer = 6;             /* the Next Header field of the fixed header */
    }
    m->code = code_v6[m->code];
    return true;
}

/* As much of the packet as goes into `room`, headers first, unchanged. */
static size_t quote(const struct ip_packet *about, uint8_t *to, size_t room)
{
    size_t length = about->header_length < room ? about->header_length : room;
    memcpy(to, about->header, length);
    for (uint32_t i = 0; i < about->parts && length < room; i++) {
        const struct aksu_slice *s = &about->payload[i];
        size_t run = s->length < room - length ? s->length : room - length;
        if (run > 0)
            memcpy(to + length, s->data, run);
        length += run;
    }
    return length;
}

size_t icmp_error_build(struct icmp_limit *limit, const struct route_table *routes,
                        const struct ip_packet *about, const struct icmp_error_out *what,
                        struct ip_out *ip, uint8_t *to, size_t room, aksu_time now)
{
    bool v6 = !ip_is_v4(&about->source);
    struct icmp_message m = { .kind = what->kind, .code = what->code, .pointer = what->pointer };
    if (!allowed(routes, about, what) || (v6 && m.kind == ICMP_UNREACHABLE && !translate(&m)))
        return 0;
    if (!way_back(routes, about, ip) || !take_token(limit, now))
        return 0;

    uint8_t body[ICMP_OUT_MOST - ICMP_HEADER];
    ip->dont_fragment = true;
    m.body = body;
    m.body_length = quote(about, body, (v6 ? ICMP_OUT_MOST_V6 : ICMP_OUT_MOST_V4) - ICMP_HEADER);
    struct writer w = writer_of(to, room);
    if (v6)
        wire_icmpv6_build(&w, &ip->source, &ip->destination, &m);
    else
        wire_icmpv4_build(&w, &m);
    return w.bad ? 0 : writer_length(&w);
}

static struct checksum pseudo(bool v6, const struct aksu_ip *source,
                              const struct aksu_ip *destination, uint32_t length)
{
    struct checksum none = { 0 };
    return v6 ? checksum_pseudo(source, destination, IP_PROTOCOL_ICMPV6, length) : none;
}

static bool good_request(const struct ip_packet *p, bool v6)
{
    if (!is_icmp(p) || p->length < ICMP_HEADER || p->payload[0].length < ICMP_HEADER)
        return false;
    const uint8_t *h = p->payload[0].data;
    if (h[0] != (v6 ? ECHO_V6 : ECHO_V4) || h[1] != 0)
        return false;
    struct checksum c = pseudo(v6, &p->source, &p->destination, p->length);
    checksum_add_slices(&c, p->payload, p->parts);
    return checksum_finish(&c) == 0;
}

uint32_t icmp_echo_reply(const struct route_table *routes, const struct ip_packet *p,
                         struct ip_out *ip, uint8_t head[ICMP_ECHO_HEAD],
                         struct aksu_slice out[ICMP_ECHO_PARTS])
{
    bool v6 = !ip_is_v4(&p->destination);
    if (!good_request(p, v6) || (!v6 && (p->group || p->link_broadcast)))
        return 0;
    if (ip_is_unspecified(&p->source) || !way_back(routes, p, ip))
        return 0;

    ip->tos = p->tos & 0xfc;
    memcpy(head, p->payload[0].data, ICMP_ECHO_HEAD);
    head[0] = v6 ? ECHO_REPLY_V6 : ECHO_REPLY_V4;
    store_be16(head + 2, 0);
    out[0] = (struct aksu_slice){ head, ICMP_ECHO_HEAD };
    memcpy(out + 1, p->payload, p->parts * sizeof *out);
    out[1].data += ICMP_ECHO_HEAD;
    out[1].length -= ICMP_ECHO_HEAD;
    struct checksum c = pseudo(v6, &ip->source, &ip->destination, p->length);
    checksum_add_slices(&c, out, 1 + p->parts);
    store_be16(head + 2, checksum_finish(&c));
    return 1 + p->parts;
}
