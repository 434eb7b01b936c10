/* gro.c - frames that arrived together: neighbouring segments of one connection, equal in
 * everything but their place in the stream, go through the steps of RFC 9293 3.10.7.4 as one with
 * several slices of text (generic receive offload, RFC 9293 3.8.6.3). The first segment of a run is
 * looked at like any other and kept back; one that continues it is known by octets equal to those
 * that were found good, so only its lengths and checksums are left to be checked. Whatever does
 * not continue the run first lets it go. Called by socket/. */
#include "base/ip_addr.h"
#include "stack/gro.h"
#include "wire/ethernet.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { RUN_MOST = 65535 };          /* octets of text in one segment */

/* Text of each segment that a frame with `length` octets of text was made from. */
static uint32_t piece_size(uint16_t gso_size, uint32_t length)
{
    return gso_size != 0 && gso_size < length ? gso_size : length;
}

/* --- a segment that continues the run --- */

static bool same_ip_v4(const uint8_t *a, const uint8_t *b)
{
    /* version, length, TOS; DF; TTL, protocol; addresses */
    return memcmp(a, b, 2) == 0 && memcmp(a + 6, b + 6, 4) == 0 && memcmp(a + 12, b + 12, 8) == 0
        && wire_ipv4_sum_good(a);
}

static bool same_ip_v6(const uint8_t *a, const uint8_t *b)
{
    /* version, class, label; next header, hop limit, addresses */
    return memcmp(a, b, 4) == 0 && memcmp(a + 6, b + 6, IPV6_HEADER - 6) == 0;
}

static bool same_tcp(const struct run *r, const uint8_t *a, const uint8_t *b)
{
    /* ports; acknowledgment, offset; the window and its neighbour; options */
    return memcmp(a, b, 4) == 0 && memcmp(a + 8, b + 8, 5) == 0 && memcmp(a + 14, b + 14, 2) == 0
        && (a[13] | CTL_PSH) == (CTL_ACK | CTL_PSH)
        && memcmp(a + TCP_HEADER, b + TCP_HEADER, r->tcp_length - (size_t)TCP_HEADER) == 0;
}

static bool same_headers(const struct run *r, const uint8_t *h)
{
    const uint8_t *head = r->head;
    if (r->link_length != 0 && memcmp(h, head, ETHERNET_HEADER) != 0)
        return false;
    h += r->link_length;
    head += r->link_length;
    if (!(r->v4 ? same_ip_v4(h, head) : same_ip_v6(h, head)))
        return false;
    return same_tcp(r, h + r->ip_length, head + r->ip_length);
}

/* Octets of text that the IP header says there are. */
static uint32_t text_length(const struct run *r, const uint8_t *ip)
{
    uint32_t total = r->v4 ? load_be16(ip + 2) : IPV6_HEADER + (uint32_t)load_be16(ip + 4);
    uint32_t headers = (uint32_t)r->ip_length + r->tcp_length;
    return total > headers ? total - headers : 0;
}

/* As large as the others, or the last one and smaller. */
static bool size_fits(const struct run *r, const struct aksu_frame *f, uint32_t length)
{
    if (length == 0 || r->a.seg.text_len + length > RUN_MOST)
        return false;
    uint32_t piece = piece_size(f->gso_size, length);
    return piece == r->size || (piece == length && piece < r->size);
}

/* Puts the slices of text behind those of the run, not yet counted. Returns how many there are
 * then; 0: no room, or the frame is shorter than it says. */
static uint32_t add_slices(struct run *r, const struct aksu_frame *f, uint32_t headers,
                           uint32_t length)
{
    uint32_t n = r->a.seg.parts, left = length;
    size_t skip = headers;
    for (uint32_t i = 0; i < f->parts && left > 0; i++, skip = 0) {
        struct aksu_slice s = { f->part[i].data + skip, f->part[i].length - skip };
        if (s.length == 0)
            continue;
        if (n == TCP_TEXT_PARTS)
            return 0;
        s.length = s.length < left ? s.length : left;       /* without the link's padding */
        left -= (uint32_t)s.length;
        r->a.seg.text[n++] = s;
    }
    return left == 0 ? n : 0;
}

/* RFC 9293 3.1 [MUST-3]: of each segment, before it is part of another. `parts`: with its own. */
static bool checksum_good(const struct run *r, const uint8_t *tcp, uint32_t length, uint32_t parts)
{
    const struct aksu_slice *text = r->a.seg.text;
    uint32_t i = r->a.seg.parts;
    struct checksum c = checksum_pseudo(&r->a.tuple.remote_ip, &r->a.tuple.local_ip,
                                        IP_PROTOCOL_TCP, r->tcp_length + length);
    size_t first = r->tcp_length;
    if (text[i].data == tcp + first)
        first += text[i++].length;
    checksum_add(&c, tcp, first);
    checksum_add_slices(&c, text + i, parts - i);
    return checksum_finish(&c) == 0;
}

/* False, nothing changed: the frame does not continue the run, or is not good. */
static bool append(struct run *r, const struct aksu_frame *f)
{
    uint32_t before_tcp = (uint32_t)r->link_length + r->ip_length;
    uint32_t headers = before_tcp + r->tcp_length;
    struct tcp_segment *seg = &r->a.seg;
    if (f->parts == 0 || f->parts > AKSU_FRAME_PARTS || f->part[0].length < headers
        || !same_headers(r, f->part[0].data))
        return false;

    const uint8_t *tcp = f->part[0].data + before_tcp;
    uint32_t length = text_length(r, f->part[0].data + r->link_length);
    if (load_be32(tcp + 4) != seg->seq.n + seg->text_len || !size_fits(r, f, length))
        return false;
    uint32_t parts = add_slices(r, f, headers, length);
    if (parts == 0 || (!f->checksum_partial && !checksum_good(r, tcp, length, parts)))
        return false;

    seg->text_len += length;
    seg->parts = (uint8_t)parts;
    seg->ctl |= tcp[13] & CTL_PSH;
    seg->gso_size = (uint16_t)r->size;
    r->growing = !(seg->ctl & CTL_PSH) && length % r->size == 0;
    return true;
}

/* --- the first segment of a run --- */

/* Nothing but text and an ACK, behind headers that all stand in the frame's first part. */
static bool may_begin(const struct ip_packet *p, const struct arriving *a)
{
    uint32_t plain = ip_is_v4(&p->source) ? IPV4_HEADER : IPV6_HEADER;
    return a->seg.ctl == CTL_ACK && a->seg.text_len > 0 && !p->reassembled
        && !(a->seg.options.has & HAS_AO)       /* each has a MAC of its own */
        && p->header_length == plain && p->payload[0].data == p->header + plain;
}

bool gro_begin(struct run *r, const struct ip_packet *p, const struct arriving *a)
{
    if (!may_begin(p, a))
        return false;
    r->a = *a;
    r->held = true;
    r->v4 = ip_is_v4(&p->source);
    r->link_length = (uint8_t)(p->header - r->head);
    r->ip_length = (uint8_t)p->header_length;
    r->tcp_length = (uint8_t)((p->payload[0].data[12] >> 4) * 4);
    r->size = piece_size(a->seg.gso_size, a->seg.text_len);
    r->growing = a->seg.text_len % r->size == 0;
    return true;
}

static void let_go(struct aksu *net, struct run *r, aksu_time now)
{
    if (!r->held)
        return;
    r->held = false;
    stack_tcp_arrives(net, &r->a, now);
}

void stack_frames_in(struct aksu *net, uint32_t device, const struct aksu_frame *frames,
                     uint32_t count, aksu_time now)
{
    struct run r;
    r.held = false;
    for (uint32_t i = 0; i < count; i++) {
        if (r.held && r.growing && append(&r, &frames[i]))
            continue;
        let_go(net, &r, now);
        r.head = frames[i].part[0].data;
        stack_frame_in(net, device, &frames[i], i + 1 < count ? &r : NULL, now);
    }
    let_go(net, &r, now);
}
