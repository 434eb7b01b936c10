/* alone_help.c - one stack and stations made by hand. */
#include "alone_help.h"

#include <stdio.h>

#include "ip/output.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static void put(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct alone *w = (struct alone *)sink;
    char ip[AKSU_IP_TEXT] = "";
    const char *text;
    if (e->kind == AKSU_EV_address) {
        text = e->address.state;
        aksu_ip_format(&e->address.ip, ip);
    } else if (e->kind == AKSU_EV_router) {
        text = e->router.state;
        aksu_ip_format(&e->router.ip, ip);
    } else if (e->kind == AKSU_EV_frame_dropped) {
        text = e->frame_dropped.why;
    } else if (e->kind == AKSU_EV_icmp_in) {
        text = e->icmp_in.verdict;
    } else {
        return;
    }
    int n = snprintf(w->log + w->logged, sizeof w->log - w->logged, "%s %s\n", text, ip);
    w->logged += n > 0 && (size_t)n < sizeof w->log - w->logged ? (size_t)n : 0;
}

void alone_init(struct alone *w, uint8_t seed, uint8_t mac)
{
    memset(w, 0, sizeof *w);
    w->sink.put = put;
    w->now = AKSU_SECONDS(1000);
    struct aksu_config config = { .sink = &w->sink, .seed = { seed } };
    w->net = aksu_new(&config, w->now);
    assert_non_null(w->net);
    for (unsigned i = 0; i < ALONE_DEVICES; i++) {
        struct aksu_device_config d = { .mac = { 2, 0, 0, 0, mac, (uint8_t)(i + 1) } };
        assert_int_equal(aksu_attach(w->net, &d, &w->device[i]), AKSU_OK);
    }
}

void alone_fini(struct alone *w)
{
    aksu_free(w->net);
}

void alone_collect(struct alone *w)
{
    struct aksu_frame f;
    while (aksu_frame_out(w->net, &f, w->now)) {
        assert_true(w->frames < ALONE_FRAMES);
        struct sent *s = &w->frame[w->frames++];
        *s = (struct sent){ .at = w->now, .device = f.device.index };
        assert_true(f.length <= sizeof s->octet);
        for (uint32_t i = 0; i < f.parts; i++) {
            memcpy(s->octet + s->length, f.part[i].data, f.part[i].length);
            s->length += (uint32_t)f.part[i].length;
        }
    }
}

void alone_wait(struct alone *w, aksu_time time)
{
    aksu_time end = w->now + time;
    for (unsigned turns = 0;; turns++) {
        assert_true(turns < 100000);
        alone_collect(w);
        aksu_time due = aksu_next_timeout(w->net);
        due = due < end ? due : end;
        w->now = due > w->now ? due : w->now;
        aksu_timeouts(w->net, w->now);
        alone_collect(w);
        if (w->now == end)
            return;
    }
}

void alone_add(struct alone *w, unsigned device, const char *text)
{
    alone_collect(w);
    uint32_t before = w->frames;
    assert_int_equal(aksu_address_add(w->net, w->device[device], text), AKSU_OK);
    alone_wait(w, AKSU_SECONDS(2));
    w->frames = before;
}

void alone_forget(struct alone *w)
{
    w->frames = 0;
    w->logged = 0;
    w->log[0] = '\0';
}

bool alone_logged(const struct alone *w, const char *text)
{
    return strstr(w->log, text) != NULL;
}

void alone_give(struct alone *w, unsigned device, const uint8_t *octets, size_t length)
{
    struct aksu_frame f = { .parts = 1, .length = (uint32_t)length };
    uint8_t *copy = exact_copy(octets, length);
    f.part[0] = (struct aksu_slice){ copy, length };
    aksu_frame_in(w->net, w->device[device], &f, w->now);
    free(copy);
}

struct aksu_ip ip_of_text(const char *text)
{
    struct aksu_ip ip;
    assert_true(aksu_ip_parse(text, &ip));
    return ip;
}

void alone_packet(struct alone *w, unsigned device, uint8_t from, const struct packet_out *p)
{
    uint8_t octets[4096];
    bool v4 = ip_is_v4(&p->destination);
    struct ethernet_header h = { .source = { 2, 0, 0, 0, 99, from },
                                 .type = v4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6 };
    memset(h.destination, 0xff, 6);
    if (!v4 && ip_is_multicast(&p->destination)) {
        memset(h.destination, 0x33, 2);
        memcpy(h.destination + 2, p->destination.octet + 12, 4);
    } else if (!ip_is_broadcast(&p->destination)) {
        uint8_t mac[6] = { 2, 0, 0, 0, 7, (uint8_t)(device + 1) };
        memcpy(h.destination, mac, 6);
    }
    struct ip_out ip = { .source = p->source, .destination = p->destination,
                         .protocol = p->protocol, .ttl = p->hop_limit, .dont_fragment = true };
    struct writer out = writer_of(octets, sizeof octets);
    wire_ethernet_build(&out, &h);
    ip_build(&out, &ip, p->length);
    memcpy(write_space(&out, p->length), p->payload, p->length);
    alone_give(w, device, octets, writer_length(&out));
}

void alone_icmp(struct alone *w, unsigned device, uint8_t from, const char *source,
                const char *destination, uint8_t hop_limit, const struct icmp_message *m)
{
    uint8_t message[3000];
    struct packet_out p = { .source = ip_of_text(source), .destination = ip_of_text(destination),
                            .hop_limit = hop_limit, .payload = message };
    struct writer out = writer_of(message, sizeof message);
    if (ip_is_v4(&p.destination))
        wire_icmpv4_build(&out, m);
    else
        wire_icmpv6_build(&out, &p.source, &p.destination, m);
    assert_false(out.bad);
    p.protocol = ip_is_v4(&p.destination) ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMPV6;
    p.length = (uint32_t)writer_length(&out);
    alone_packet(w, device, from, &p);
}

static const uint8_t *icmp_of(const struct sent *s)
{
    const uint8_t *ip = s->octet + ETHERNET_HEADER;
    if (load_be16(s->octet + 12) != ETHERTYPE_IPV6)
        return NULL;
    if (ip[6] == IPV6_NEXT_HOP_BY_HOP)
        return ip[40] == IP_PROTOCOL_ICMPV6 ? ip + 48 : NULL;
    return ip[6] == IP_PROTOCOL_ICMPV6 ? ip + 40 : NULL;
}

const struct sent *alone_sent(const struct alone *w, uint8_t type, unsigned n,
                              const uint8_t **icmp)
{
    for (uint32_t i = 0; i < w->frames; i++) {
        const uint8_t *found = icmp_of(&w->frame[i]);
        if (found == NULL || found[0] != type || n-- != 0)
            continue;
        if (icmp != NULL)
            *icmp = found;
        return &w->frame[i];
    }
    return NULL;
}

unsigned alone_count(const struct alone *w, uint8_t type)
{
    unsigned n = 0;
    while (alone_sent(w, type, n, NULL) != NULL)
        n++;
    return n;
}

void advert_init(struct advert *a, uint32_t lifetime)
{
    *a = (struct advert){ .length = 8, .lifetime = lifetime, .from = 1, .source = "fe80::1",
                          .destination = "ff02::1", .hop_limit = 255 };
}

static uint8_t *option(struct advert *a, uint8_t type, uint8_t units)
{
    uint8_t *o = a->body + a->length;
    memset(o, 0, units * 8u);
    o[0] = type;
    o[1] = units;
    a->length += units * 8u;
    return o;
}

void advert_prefix(struct advert *a, const char *prefix, uint8_t bits, uint8_t flags,
                   uint32_t valid, uint32_t preferred)
{
    struct aksu_ip ip = ip_of_text(prefix);
    uint8_t *o = option(a, 3, 4);
    o[2] = bits;
    o[3] = flags;
    store_be32(o + 4, valid);
    store_be32(o + 8, preferred);
    memcpy(o + 16, ip.octet, 16);
}

void advert_mtu(struct advert *a, uint32_t mtu)
{
    store_be32(option(a, 5, 1) + 4, mtu);
}

void advert_resolver(struct advert *a, const char *ip, uint32_t lifetime)
{
    struct aksu_ip address = ip_of_text(ip);
    uint8_t *o = option(a, 25, 3);
    store_be32(o + 4, lifetime);
    memcpy(o + 8, address.octet, 16);
}

void advert_link_address(struct advert *a, uint8_t last)
{
    uint8_t mac[6] = { 2, 0, 0, 0, 99, last };
    memcpy(option(a, 1, 1) + 2, mac, 6);
}

void advert_give(struct alone *w, const struct advert *a)
{
    struct icmp_message m = { .kind = ICMP_ROUTER_ADVERTISEMENT, .body = a->body,
                              .body_length = a->length, .pointer = 64u << 24 | a->lifetime };
    alone_icmp(w, 0, a->from, a->source, a->destination, a->hop_limit, &m);
}

bool address_of(const struct alone *w, enum aksu_address_state state, const char *begins,
                struct aksu_address *out)
{
    char text[AKSU_IP_TEXT];
    for (uint32_t i = 0; aksu_address_at(w->net, i, out); i++) {
        aksu_ip_format(&out->ip, text);
        if (out->state == state && strncmp(text, begins, strlen(begins)) == 0)
            return true;
    }
    return false;
}

void alone_start(struct alone *w)
{
    alone_init(w, 1, 7);
    assert_int_equal(aksu_autoconfigure(w->net, w->device[0], w->now), AKSU_OK);
    alone_wait(w, AKSU_SECONDS(3));
    alone_forget(w);
}

struct aksu_autoconf alone_status(const struct alone *w)
{
    struct aksu_autoconf a;
    assert_true(aksu_autoconf(w->net, w->device[0], &a));
    return a;
}

bool alone_reachable(struct alone *w, const char *ip)
{
    struct aksu_ip to = ip_of_text(ip);
    enum aksu_status status = aksu_echo_send(w->net, &to, 1, 1, "x", 1, 0, w->now);
    assert_true(status == AKSU_OK || status == AKSU_UNREACHABLE_NET);
    alone_collect(w);
    return status == AKSU_OK;
}

bool alone_asks_for(const struct alone *w, const char *ip)
{
    const uint8_t *icmp;
    struct aksu_ip wanted = ip_of_text(ip);
    unsigned n = alone_count(w, NS);
    return n > 0 && alone_sent(w, NS, n - 1, &icmp) != NULL
        && memcmp(icmp + 8, wanted.octet, 16) == 0;
}

void advertise(struct alone *w, const char *prefix, uint8_t flags, uint32_t valid,
               uint32_t preferred)
{
    struct advert ra;
    advert_init(&ra, 1800);
    advert_prefix(&ra, prefix, 64, flags, valid, preferred);
    advert_give(w, &ra);
}
