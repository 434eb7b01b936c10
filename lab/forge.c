/* forge.c - IPv4 packets built octet by octet (RFC 791, RFC 9293 3.1, RFC 768, RFC 792), and copies
 * of real ones. See forge.h; called by scenarios. */
#include "lab/forge.h"

#include <stdlib.h>
#include <string.h>

#include "lab/inner.h"

enum { IP = 20, TCP = 20, UDP = 8, ICMP = 8, OPTIONS_MOST = 40, IPV4 = 12 /* in struct aksu_ip */ };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
enum { DONT_FRAGMENT = 0x40, AT_TTL = 8, AT_PROTOCOL = 9, AT_SUM = 10, AT_SOURCE = 12,
       AT_DESTINATION = 16, AT_TCP_SUM = 16, AT_UDP_SUM = 6, AT_ICMP_SUM = 2, QUOTED = 8 };

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* RFC 1071 1. */
static uint32_t sum_of(const uint8_t *at, unsigned length, uint32_t sum)
{
    for (unsigned i = 0; i < length; i++)
        sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* The IP header, for what stands behind it already. */
static void put_ip(struct forge_frame *f, const struct aksu_ip *from, const struct aksu_ip *to,
                   uint8_t protocol, uint8_t ttl)
{
    f->octet[0] = 4 << 4 | IP / 4;
    put16(f->octet + 2, f->length);
    f->octet[6] = DONT_FRAGMENT;
    f->octet[AT_TTL] = ttl != 0 ? ttl : FORGE_TTL;
    f->octet[AT_PROTOCOL] = protocol;
    memcpy(f->octet + AT_SOURCE, from->octet + IPV4, 4);
    memcpy(f->octet + AT_DESTINATION, to->octet + IPV4, 4);
    put16(f->octet + AT_SUM, ~sum_of(f->octet, IP, 0));
}

/* The checksum at `at` behind the IP header, with the pseudo header (RFC 9293 3.1). */
static void put_sum(struct forge_frame *f, unsigned at)
{
    unsigned length = f->length - IP;
    uint32_t sum = sum_of(f->octet + AT_SOURCE, 8, f->octet[AT_PROTOCOL] + length);
    sum = ~sum_of(f->octet + IP, length, sum) & 0xffff;
    put16(f->octet + IP + at, sum != 0 ? sum : 0xffff);
}

struct forge_frame forge_segment(const struct forge_segment *s)
{
    struct forge_frame f = { 0 };
    unsigned header = TCP + (s->options_length + 3) / 4 * 4;
    if (s->options_length > OPTIONS_MOST || s->length > FORGE_MOST - IP - header)
        return f;
    uint8_t *tcp = f.octet + IP;
    f.length = IP + header + s->length;
    put_ip(&f, &s->from.ip, &s->to.ip, PROTOCOL_TCP, s->ttl);
    put16(tcp, s->from.port);
    put16(tcp + 2, s->to.port);
    put32(tcp + 4, s->seq);
    put32(tcp + 8, s->ack);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = s->ctl;
    put16(tcp + 14, s->wnd);
    put16(tcp + 18, s->up);
    if (s->options_length > 0)
        memcpy(tcp + TCP, s->options, s->options_length);
    if (s->length > 0)
        memcpy(tcp + header, s->text, s->length);
    put_sum(&f, AT_TCP_SUM);
    return f;
}

struct forge_frame forge_datagram(const struct aksu_endpoint *from, const struct aksu_endpoint *to,
                                  const char *text, unsigned length)
{
    struct forge_frame f = { 0 };
    if (length > FORGE_MOST - IP - UDP)
        return f;
    uint8_t *udp = f.octet + IP;
    f.length = IP + UDP + length;
    put_ip(&f, &from->ip, &to->ip, PROTOCOL_UDP, 0);
    put16(udp, from->port);
    put16(udp + 2, to->port);
    put16(udp + 4, UDP + length);
    if (length > 0)
        memcpy(udp + UDP, text, length);
    put_sum(&f, AT_UDP_SUM);
    return f;
}

struct forge_frame forge_icmp(const struct aksu_ip *from, const struct aksu_ip *to, uint8_t type,
                              uint8_t code, uint32_t rest, const struct forge_frame *quoted)
{
    struct forge_frame f = { 0 };
    unsigned most = IP + QUOTED, length = quoted->length < most ? quoted->length : most;
    uint8_t *icmp = f.octet + IP;
    f.length = IP + ICMP + length;
    put_ip(&f, from, to, PROTOCOL_ICMP, 0);
    icmp[0] = type;
    icmp[1] = code;
    put32(icmp + 4, rest);
    memcpy(icmp + ICMP, quoted->octet, length);
    put16(icmp + AT_ICMP_SUM, ~sum_of(icmp, ICMP + length, 0));
    return f;
}

/* --- onto the cable --- */

void forge_send(struct aksu_sim_cable *cable, unsigned way, const struct forge_frame *frame)
{
    if (frame->length > 0)
        aksu_sim_inject(cable, way, frame->octet, frame->length);
}

struct forge_kept {
    struct inner_kept kept;     /* first */
    struct aksu_sim_cable *cable;
    unsigned way;
    uint8_t mask, ctl;          /* of a capture */
    unsigned left;              /* to let pass before */
    struct forge_frame frame;
};

static struct forge_kept *keep(struct lab *lab, struct aksu_sim_cable *cable, unsigned way)
{
    struct forge_kept *k = lab_on(lab) ? calloc(1, sizeof *k) : NULL;
    if (k == NULL) {
        lab_fail(lab, "no memory for a frame");
        return NULL;
    }
    k->kept.next = lab->kept;
    lab->kept = &k->kept;
    k->cable = cable;
    k->way = way;
    return k;
}

static void send_kept(struct lab *lab, void *context)
{
    const struct forge_kept *k = context;
    (void)lab;
    forge_send(k->cable, k->way, &k->frame);
}

void forge_send_at(struct lab *lab, aksu_time at, struct aksu_sim_cable *cable, unsigned way,
                   const struct forge_frame *frame)
{
    struct forge_kept *k = keep(lab, cable, way);
    if (k == NULL)
        return;
    k->frame = *frame;
    lab_at(lab, at, send_kept, k);
}

/* Changes nothing; looks at what enters. */
static uint32_t look(void *context, uint8_t *frame, uint32_t length, uint32_t room, aksu_time now)
{
    struct forge_kept *k = context;
    (void)room, (void)now;
    bool is_tcp = length >= IP + TCP && length <= FORGE_MOST && frame[0] == (4 << 4 | IP / 4)
               && frame[AT_PROTOCOL] == PROTOCOL_TCP;
    if (is_tcp && k->frame.length == 0 && (frame[IP + 13] & k->mask) == k->ctl && k->left-- == 0) {
        memcpy(k->frame.octet, frame, length);
        k->frame.length = length;
    }
    return length;
}

const struct forge_frame *forge_capture(struct lab *lab, struct aksu_sim_cable *cable,
                                        unsigned way, uint8_t mask, uint8_t ctl, unsigned nth)
{
    static const struct forge_frame none;
    struct forge_kept *k = keep(lab, cable, way);
    if (k == NULL)
        return &none;
    k->mask = mask;
    k->ctl = ctl;
    k->left = nth;
    aksu_sim_tamper(cable, way, look, k);
    return &k->frame;
}
