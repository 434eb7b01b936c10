/* peer.c - the stack under test and its invariants: frames in, frames out, time. */
#include <string.h>

#include "base/ip_addr.h"
#include "tests/peer/mac.h"
#include "tests/peer/peer.h"
#include "wire/arp.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 0, 1 }, their_mac[6] = { 2, 0, 0, 0, 0, 2 };

static void must(bool what, const char *text)
{
    if (!what)
        peer_broken(text);
}

void peer_init(struct peer *p, bool ethernet, uint64_t seed, size_t memory)
{
    struct aksu_config c = { .memory_limit = memory, .max_connections = 300,
                             .challenge_acks = 1000 };
    peer_init_with(p, ethernet, seed, &c);
}

void peer_init_with(struct peer *p, bool ethernet, uint64_t seed, const struct aksu_config *config)
{
    struct aksu_config c = *config;
    *p = (struct peer){ .ethernet = ethernet, .now = AKSU_SECONDS(1), .port = 1024,
                        .ts_clock = 1000,
                        .iss = (uint32_t)seed * 2654435761u };
    memcpy(c.seed, &seed, sizeof seed);
    p->net = aksu_new(&c, p->now);
    must(p->net != NULL, "aksu_new");
    struct aksu_device_config d = { .name = "peer", .mtu = 1500 };
    if (ethernet)
        memcpy(d.mac, our_mac, 6);
    must(aksu_attach(p->net, &d, &p->device) == AKSU_OK, "attach");
    must(aksu_address_add(p->net, p->device, "10.0.0.1/24") == AKSU_OK, "address");
    must(aksu_address_add(p->net, p->device, "2001:db8::1/64") == AKSU_OK, "address");
    struct aksu_listen how = { .local.port = PEER_PORT, .backlog = 200 };
    must(aksu_listen(p->net, &how, &p->listener, p->now) == AKSU_OK, "listen");
    how = (struct aksu_listen){ .local.port = PEER_HELD_PORT, .backlog = 50, .hold_syn = true };
    must(aksu_listen(p->net, &how, &p->held_listener, p->now) == AKSU_OK, "listen");
}

void peer_sign(struct peer *p)
{
    static const uint8_t secret[] = { 1, 2, 3 };
    struct aksu_ao_config config = { .mac = peer_constant_mac };
    must(aksu_ao_setup(p->net, &config) == AKSU_OK, "aksu_ao_setup");
    for (unsigned i = 0; i < 2; i++) {
        uint8_t id = (uint8_t)(PEER_KEY_ID + i);
        struct aksu_mkt mkt = { .send_id = id, .receive_id = id, .exclude_options = i > 0,
                                .algorithm = i > 0 ? AKSU_AO_AES128 : AKSU_AO_SHA1,
                                .key = secret, .key_length = sizeof secret };
        must(aksu_ao_add(p->net, &mkt, &p->key[i]) == AKSU_OK, "aksu_ao_add");
    }
    p->signs = true;
}

void peer_fini(struct peer *p)
{
    aksu_free(p->net);
}

/* --- out --- */

static void answer_arp(struct peer *p, struct reader *r)
{
    struct arp_packet arp;
    uint8_t frame[ETHERNET_HEADER + ARP_LENGTH];
    if (!wire_arp_parse(r, &arp) || arp.operation != ARP_REQUEST)
        return;
    struct arp_packet reply = { .operation = ARP_REPLY };
    memcpy(reply.sender_mac, their_mac, 6);
    memcpy(reply.sender_ip, arp.target_ip, 4);
    memcpy(reply.target_mac, arp.sender_mac, 6);
    memcpy(reply.target_ip, arp.sender_ip, 4);
    struct ethernet_header h = { .type = ETHERTYPE_ARP };
    memcpy(h.destination, our_mac, 6);
    memcpy(h.source, their_mac, 6);
    struct writer w = writer_of(frame, sizeof frame);
    wire_ethernet_build(&w, &h);
    wire_arp_build(&w, &reply);
    struct aksu_frame in = { .parts = 1, .length = sizeof frame,
                             .part[0] = { frame, sizeof frame } };
    aksu_frame_in(p->net, p->device, &in, p->now);
}

static void note_segment(struct peer *p, const struct tcp_segment *seg)
{
    struct peer_slot *s = p->watched;
    if (s == NULL || seg->source_port != s->local || seg->destination_port != s->remote
        || (seg->ctl & CTL_RST))
        return;
    s->nxt = seg->seq.n + seg_len(seg);
    if (seg->ctl & CTL_SYN)
        s->una = seg->seq.n;
    if (seg->ctl & CTL_ACK)
        s->window = seg->wnd;
}

static void judge_tcp(struct peer *p, struct reader *r, const struct aksu_ip *from,
                      const struct aksu_ip *to)
{
    struct tcp_segment seg;
    must(wire_tcp_parse(r->at, reader_left(r), NULL, 0, from, to, false, &seg) == TCP_GOOD,
         "a segment that we sent is malformed");
    must(!(seg.options.has & (HAS_FAULT | HAS_UNKNOWN)), "options that we sent are malformed");
    must(!p->signs || (seg.options.has & HAS_AO) || (seg.ctl & CTL_RST), "a segment without a MAC");
    note_segment(p, &seg);
}

static void judge_v4(struct peer *p, struct reader *r)
{
    struct ipv4_header h;
    must(wire_ipv4_parse(r, &h) == IPV4_GOOD, "an IPv4 header that we sent is malformed");
    if (h.protocol == IP_PROTOCOL_TCP && !h.more_fragments && h.fragment_offset == 0)
        judge_tcp(p, r, &h.source, &h.destination);
}

static void judge_v6(struct peer *p, struct reader *r)
{
    struct ipv6_header h;
    must(wire_ipv6_parse(r, &h) == IPV6_GOOD, "an IPv6 header that we sent is malformed");
    if (h.next_header == IP_PROTOCOL_TCP)
        judge_tcp(p, r, &h.source, &h.destination);
}

static void judge_frame(struct peer *p)
{
    struct reader r = reader_of(p->last, p->last_length);
    if (p->ethernet) {
        struct ethernet_header h;
        must(wire_ethernet_parse(&r, &h), "an Ethernet header that we sent is malformed");
        if (h.type == ETHERTYPE_ARP) {
            answer_arp(p, &r);
            return;
        }
    }
    must(reader_left(&r) > 0 && reader_left(&r) <= 1500, "a frame longer than the MTU");
    if (r.at[0] >> 4 == 6)
        judge_v6(p, &r);
    else
        judge_v4(p, &r);
}

void peer_drain(struct peer *p)
{
    struct aksu_frame out;
    struct aksu_ready ready;
    for (unsigned n = 0; aksu_frame_out(p->net, &out, p->now); n++) {
        must(n < 100000, "it never stops to send");
        p->last_length = 0;
        for (uint32_t i = 0; i < out.parts; i++) {
            must(p->last_length + out.part[i].length <= sizeof p->last, "a frame that is too long");
            memcpy(p->last + p->last_length, out.part[i].data, out.part[i].length);
            p->last_length += (uint32_t)out.part[i].length;
        }
        must(p->last_length == out.length, "the parts of a frame are not as long as the frame");
        p->frames_out++;
        judge_frame(p);
    }
    while (aksu_next_ready(p->net, &ready))
        if (ready.what & AKSU_SYN_HELD)
            p->slot[PEER_HELD].handle = ready.conn;
}

/* --- in --- */

void peer_in(struct peer *p, const uint8_t *frame, size_t length, size_t cut)
{
    struct aksu_frame in = { .device = p->device, .parts = 1, .length = (uint32_t)length };
    in.part[0] = (struct aksu_slice){ frame, length };
    if (cut > 0 && cut < length) {
        in.parts = 2;
        in.part[0].length = cut;
        in.part[1] = (struct aksu_slice){ frame + cut, length - cut };
    }
    aksu_frame_in(p->net, p->device, &in, p->now);
    peer_drain(p);
}

void peer_wait(struct peer *p, aksu_time for_)
{
    aksu_time until = p->now + for_;
    for (unsigned n = 0;; n++) {
        aksu_time next = aksu_next_timeout(p->net);
        if (next > until)
            break;
        must(n < 100000, "time stands still");
        if (next > p->now)
            p->now = next;
        aksu_timeouts(p->net, p->now);
        peer_drain(p);
    }
    p->now = until;
    p->ts_clock += (uint32_t)(for_ / AKSU_MS(1));
}

void peer_check(struct peer *p)
{
    struct aksu_counters c;
    aksu_counters(p->net, &c);
    must(c.memory_used <= c.memory_limit, "more memory than the budget");
    must(c.connections <= 300, "more connections than allowed");
    for (unsigned i = 0; i < PEER_SLOTS; i++) {
        struct aksu_info info;
        const struct peer_slot *s = &p->slot[i];
        if (!s->has_handle || aksu_status(p->net, s->handle, &info) != AKSU_OK)
            continue;
        must((int32_t)(info.snd_nxt - info.snd_una) >= 0, "SND.UNA above SND.NXT");
        must(info.state < AKSU_TCP_STATE_COUNT, "a state that is none");
        must(info.state == AKSU_TCP_CLOSED || info.send_unacked <= info.send_queued + 2,
             "more is unacknowledged than was sent");
        must(info.receive_queued <= 4u << 20, "more is received than the buffer holds");
    }
}
