/* bring.c - the peer's side of every way into the eleven states (RFC 9293 3.3.2 Figure 5), and
 * the segments and frames it says it with. */
#include <string.h>

#include "base/ip_addr.h"
#include "tcp/ao.h"
#include "tests/peer/mac.h"
#include "tests/peer/peer.h"
#include "wire/checksum.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static struct aksu_ip address(bool v6, bool peer)
{
    struct aksu_ip ip;
    static const char *const text[2][2] = { { "10.0.0.1", "10.0.0.2" },
                                            { "2001:db8::1", "2001:db8::2" } };
    if (!aksu_ip_parse(text[v6][peer], &ip))
        peer_broken("address");
    return ip;
}

/* --- segments and frames --- */

struct tcp_segment peer_segment(struct peer *p, const struct peer_slot *s, uint8_t ctl)
{
    struct tcp_segment seg = { .source_port = s->remote, .destination_port = s->local, .ctl = ctl,
                               .seq = { s->next }, .ack = { ctl & CTL_ACK ? s->nxt : 0 },
                                   .wnd = 65535 };
    if (s->timestamps) {
        seg.options.has = HAS_TIMESTAMPS;
        seg.options.ts_val = p->ts_clock;
    }
    if (ctl & CTL_SYN) {
        seg.options.has |= HAS_MSS | HAS_SACK_PERMITTED;
        seg.options.mss = 1400;
    }
    if (p->signs) {
        seg.options.has |= HAS_AO;
        seg.options.ao_key_id = seg.options.ao_next_id = PEER_KEY_ID;
    }
    return seg;
}

size_t peer_ip_at(const struct peer *p)
{
    return p->ethernet ? ETHERNET_HEADER : 0;
}

size_t peer_tcp_at(const struct peer *p, const struct peer_slot *s)
{
    return peer_ip_at(p) + (s->v6 ? IPV6_HEADER : IPV4_HEADER);
}

static void write_ip(const struct peer_slot *s, struct writer *w, uint32_t payload)
{
    if (s->v6) {
        wire_ipv6_build(w, &(struct ipv6_header){ .source = address(true, true),
            .destination = address(true, false), .payload_length = (uint16_t)payload,
            .next_header = IP_PROTOCOL_TCP, .hop_limit = 64 });
    } else {
        wire_ipv4_build(w, &(struct ipv4_header){ .source = address(false, true),
            .destination = address(false, false), .total_length = (uint16_t)(IPV4_HEADER + payload),
            .ttl = 64, .protocol = IP_PROTOCOL_TCP, .dont_fragment = true });
    }
}

/* The checksum stays good: it was made with zeros there. */
static void put_mac(uint8_t *tcp)
{
    uint8_t mac[AO_MAC];
    memset(mac, PEER_CONSTANT, sizeof mac);
    ao_insert(tcp, mac, false);
}

size_t peer_frame(const struct peer *p, const struct peer_slot *s, const struct tcp_segment *seg,
                  uint8_t *to)
{
    struct writer w = writer_of(to, PEER_FRAME_MOST);
    struct aksu_ip from = address(s->v6, true), destination = address(s->v6, false);
    if (p->ethernet)
        wire_ethernet_build(&w, &(struct ethernet_header){ .destination = { 2, 0, 0, 0, 0, 1 },
            .source = { 2, 0, 0, 0, 0, 2 }, .type = s->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4 });
    write_ip(s, &w, TCP_HEADER + (uint32_t)wire_tcp_options_length(&seg->options) + seg->text_len);
    uint8_t *tcp = w.at;
    wire_tcp_build(&w, &from, &destination, seg, false);
    if (!w.bad && (seg->options.has & HAS_AO))
        put_mac(tcp);
    for (unsigned i = 0; i < seg->parts; i++) {
        uint8_t *text = write_space(&w, seg->text[i].length);
        if (text != NULL)
            memcpy(text, seg->text[i].data, seg->text[i].length);
    }
    if (w.bad)
        peer_broken("a frame that is too long");
    return writer_length(&w);
}

void peer_fix(const struct peer *p, const struct peer_slot *s, uint8_t *frame, size_t length)
{
    size_t ip = peer_ip_at(p), tcp = peer_tcp_at(p, s);
    if (length < tcp + TCP_HEADER)
        return;
    if (!s->v6) {
        store_be16(frame + ip + 10, 0);
        store_be16(frame + ip + 10, (uint16_t)~checksum_words(frame + ip, IPV4_HEADER));
    }
    struct aksu_ip from = address(s->v6, true), to = address(s->v6, false);
    struct checksum c = checksum_pseudo(&from, &to, IP_PROTOCOL_TCP, (uint32_t)(length - tcp));
    store_be16(frame + tcp + 16, 0);
    checksum_add(&c, frame + tcp, length - tcp);
    store_be16(frame + tcp + 16, checksum_finish(&c));
}

/* --- into the states --- */

static void say(struct peer *p, struct peer_slot *s, uint8_t ctl)
{
    uint8_t frame[256];
    struct tcp_segment seg = peer_segment(p, s, ctl);
    p->watched = s;
    peer_in(p, frame, peer_frame(p, s, &seg, frame), 0);
    s->next += seg_len(&seg);
    p->watched = NULL;
}

static bool open_active(struct peer *p, struct peer_slot *s)
{
    struct aksu_open how = { .remote = { address(s->v6, true), s->remote } };
    struct aksu_info info;
    if (aksu_open(p->net, &how, &s->handle, p->now) != AKSU_OK)
        return false;
    s->has_handle = true;
    if (aksu_status(p->net, s->handle, &info) != AKSU_OK)
        return false;
    s->local = info.local.port;
    p->watched = s;
    peer_drain(p);
    p->watched = NULL;
    return true;
}

static bool open_passive(struct peer *p, struct peer_slot *s)
{
    aksu_conn conn;
    s->local = PEER_PORT;
    say(p, s, CTL_SYN);
    say(p, s, CTL_ACK);
    bool any = false;
    while (aksu_accept(p->net, p->listener, &conn, p->now) == AKSU_OK) {
        if (any)
            aksu_abort(p->net, s->handle, p->now);      /* left over from before */
        s->handle = conn;
        any = true;
    }
    s->has_handle = any;
    return any;
}

static bool established(struct peer *p, struct peer_slot *s, uint32_t shape)
{
    if (shape & 4)
        return open_passive(p, s);
    if (!open_active(p, s))
        return false;
    say(p, s, CTL_SYN | CTL_ACK);
    return true;
}

/* Our FIN goes out; the peer does not acknowledge it yet. */
static bool closing_side(struct peer *p, struct peer_slot *s)
{
    p->watched = s;
    bool ok = aksu_shutdown(p->net, s->handle, p->now) == AKSU_OK;
    peer_drain(p);
    p->watched = NULL;
    return ok;
}

/* CLOSING: its FIN crosses ours, so it acknowledges all but that. */
static void say_fin_before_ours(struct peer *p, struct peer_slot *s)
{
    s->nxt--;
    say(p, s, CTL_FIN | CTL_ACK);
}

static bool bring_established(struct peer *p, struct peer_slot *s, unsigned state, uint32_t shape)
{
    if (!established(p, s, shape))
        return false;
    if (state == AKSU_TCP_CLOSED)
        say(p, s, CTL_RST | CTL_ACK);
    if (state == AKSU_TCP_CLOSE_WAIT || state == AKSU_TCP_LAST_ACK)
        say(p, s, CTL_FIN | CTL_ACK);
    if (state == AKSU_TCP_FIN_WAIT_1 || state == AKSU_TCP_FIN_WAIT_2 || state == AKSU_TCP_CLOSING
        || state == AKSU_TCP_LAST_ACK || state == AKSU_TCP_TIME_WAIT || state == PEER_RECORD)
        if (!closing_side(p, s))
            return false;
    if (state == AKSU_TCP_CLOSING)
        say_fin_before_ours(p, s);
    if (state == AKSU_TCP_FIN_WAIT_2)
        say(p, s, CTL_ACK);
    if (state == AKSU_TCP_TIME_WAIT || state == PEER_RECORD)
        say(p, s, CTL_FIN | CTL_ACK);
    return true;
}

static void leave(struct peer *p, struct peer_slot *s)
{
    if (s->has_handle)
        aksu_abort(p->net, s->handle, p->now);
    s->has_handle = false;
    peer_drain(p);
}

static bool bring(struct peer *p, struct peer_slot *s, unsigned slot, uint32_t shape)
{
    if (slot == AKSU_TCP_LISTEN) {
        s->local = PEER_PORT;
        return true;
    }
    if (slot == AKSU_TCP_SYN_SENT || slot == AKSU_TCP_SYN_RECEIVED) {
        if (!open_active(p, s))
            return false;
        if (slot == AKSU_TCP_SYN_RECEIVED)
            say(p, s, CTL_SYN);                         /* simultaneous open */
        return true;
    }
    if (slot == PEER_HALF_OPEN || slot == PEER_HELD) {
        s->local = slot == PEER_HELD ? PEER_HELD_PORT : PEER_PORT;
        s->handle = (aksu_conn){ 0, 0 };
        say(p, s, CTL_SYN);
        s->has_handle = slot == PEER_HELD && s->handle.index != 0;
        return slot != PEER_HELD || s->has_handle;
    }
    if (!bring_established(p, s, slot, shape))
        return false;
    if (slot == PEER_RECORD) {
        s->has_handle = false;
        return aksu_close(p->net, s->handle, p->now) == AKSU_OK;
    }
    return true;
}

bool peer_bring(struct peer *p, unsigned slot, uint32_t shape)
{
    struct peer_slot *s = &p->slot[slot];
    leave(p, s);
    p->port = p->port < 1024 || p->port == UINT16_MAX ? 1024 : (uint16_t)(p->port + 1);
    p->iss += 0x10004567u;
    *s = (struct peer_slot){ .remote = p->port, .next = p->iss, .v6 = !p->ethernet && (shape & 1),
                             .timestamps = (shape & 2) != 0 };
    s->brought = bring(p, s, slot, shape) && peer_holds(p, slot);
    return s->brought;
}

bool peer_holds(struct peer *p, unsigned slot)
{
    struct peer_slot *s = &p->slot[slot];
    struct aksu_info info;
    if (!s->has_handle)
        return s->local != 0;
    if (aksu_status(p->net, s->handle, &info) != AKSU_OK)
        return false;
    if (info.state != AKSU_TCP_CLOSED && info.state != AKSU_TCP_SYN_SENT) {
        s->next = info.rcv_nxt;
        s->una = info.snd_una;
        s->nxt = info.snd_nxt;
        s->window = info.rcv_wnd;
        s->timestamps = info.timestamps;
    }
    if (slot == PEER_HELD)
        return info.held;
    return info.state == (enum aksu_tcp_state)slot;
}
