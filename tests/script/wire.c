/* wire.c - every segment of a script goes through wire_tcp_build and wire_tcp_parse and must
 * come back the same, and what is on the wire is looked at octet by octet. */
#include <string.h>

#include "base/ip_addr.h"
#include "tests/script/restart.h"
#include "tests/script/script.h"

enum { MOST = TCP_HEADER_MOST + 65536 };

static void append(char *to, size_t room, const char *text)
{
    size_t n = strlen(to);
    snprintf(to + n, room - n, "%s", text);
}

static void options_text(char *to, size_t room, const struct tcp_options *o, seq_t base)
{
    char one[64];
    if (o->has & HAS_MSS && snprintf(one, sizeof one, " mss %u", o->mss) > 0)
        append(to, room, one);
    if (o->has & HAS_SACK_PERMITTED)
        append(to, room, " sackOK");
    if (o->has & HAS_TIMESTAMPS && snprintf(one, sizeof one, " TS %u:%u", o->ts_val, o->ts_ecr) > 0)
        append(to, room, one);
    if (o->has & HAS_WINDOW_SCALE && snprintf(one, sizeof one, " wscale %u", o->window_scale) > 0)
        append(to, room, one);
    for (unsigned i = 0; o->has & HAS_SACK && i < o->sack_count; i++) {
        snprintf(one, sizeof one, " sack %u-%u", o->sack[i].left.n - base.n,
                 o->sack[i].right.n - base.n);
        append(to, room, one);
    }
    if (o->has & HAS_UNKNOWN)
        append(to, room, " unknown option");
    if (o->has & HAS_FAULT)
        append(to, room, " bad option");
}

void segment_text(char *to, size_t room, const struct tcp_segment *seg, bool sent)
{
    static const char names[8][4] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };
    static const uint8_t order[8] = { CTL_SYN, CTL_FIN, CTL_RST, CTL_PSH, CTL_URG, CTL_ECE, CTL_CWR,
                                      CTL_ACK };
    seq_t ours = sent ? w.iss : w.irs, theirs = sent ? w.irs : w.iss;
    char one[64];
    to[0] = 0;
    for (unsigned i = 0; i < 8; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            if (seg->ctl & order[i] && order[i] == 1u << bit) {
                append(to, room, to[0] ? "," : "");
                append(to, room, names[bit]);
            }
    snprintf(one, sizeof one, "%s seq %u len %u", to[0] ? "" : "no flags", seg->seq.n - ours.n,
             seg->text_len);
    append(to, room, one);
    if (seg->ctl & CTL_ACK && snprintf(one, sizeof one, " ack %u", seg->ack.n - theirs.n) > 0)
        append(to, room, one);
    uint32_t shift = seg->ctl & CTL_SYN || !w.our_ws || !w.peer_ws ? 0
                   : sent ? w.our_shift : w.peer_shift;
    snprintf(one, sizeof one, " wnd %u", seg->wnd << shift);
    append(to, room, one);
    if (seg->ctl & CTL_URG && snprintf(one, sizeof one, " up %u", seg->urgent_pointer) > 0)
        append(to, room, one);
    static const char codepoints[4][9] = { "", " ECT(1)", " ECT(0)", " CE" };
    append(to, room, codepoints[seg->ecn & 3u]);
    options_text(to, room, &seg->options, theirs);
}

/* RFC 9293 3.1: kinds and lengths lead exactly to the data offset or to an END with zeros behind
 * it. */
static void walk_options(int line, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        if (*at == OPTION_END) {
            for (; at < end; at++)
                if (*at != 0)
                    script_fail(line, "octets after the end of options are not zero [MUST-69]");
            return;
        }
        if (*at == OPTION_NOP) {
            at++;
            continue;
        }
        if (end - at < 2 || at[1] < 2 || at[1] > end - at)
            script_fail(line, "an option whose length is wrong [MUST-68]");
        at += at[1];
    }
}

static void same_text(int line, const struct tcp_segment *a, const uint8_t *b, uint32_t length)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < a->parts; i++) {
        if (at + a->text[i].length > length)
            script_fail(line, "the slices of text are longer than text_len");
        if (memcmp(a->text[i].data, b + at, a->text[i].length) != 0)
            script_fail(line, "the text did not survive the wire");
        at += (uint32_t)a->text[i].length;
    }
    if (at != length || a->text_len != length)
        script_fail(line, "text_len is %u, the slices hold %u, on the wire are %u", a->text_len, at,
                    length);
}

static void same_segment(int line, const struct tcp_segment *a, const struct tcp_segment *b)
{
    const struct tcp_options *x = &a->options, *y = &b->options;
    bool ok = a->source_port == b->source_port && a->destination_port == b->destination_port
           && seq_eq(a->seq, b->seq) && seq_eq(a->ack, b->ack) && a->wnd == b->wnd
           && a->ctl == b->ctl && a->urgent_pointer == b->urgent_pointer && x->has == y->has
           && (!(x->has & HAS_MSS) || x->mss == y->mss)
           && (!(x->has & HAS_WINDOW_SCALE) || x->window_scale == y->window_scale)
           && (!(x->has & HAS_TIMESTAMPS) || (x->ts_val == y->ts_val && x->ts_ecr == y->ts_ecr))
           && (!(x->has & HAS_SACK) || x->sack_count == y->sack_count);
    for (unsigned i = 0; ok && x->has & HAS_SACK && i < x->sack_count; i++)
        ok = seq_eq(x->sack[i].left, y->sack[i].left) && seq_eq(x->sack[i].right, y->sack[i].right);
    if (!ok) {
        char was[160], is[160];
        segment_text(was, sizeof was, a, true);
        segment_text(is, sizeof is, b, true);
        script_fail(line, "built and parsed it is not the same:\n      %s\n      %s", was, is);
    }
}

/* RFC 9293 3.1, octet by octet and without the library: 0 for a packet whose checksum is good. */
uint16_t naive_checksum(const struct aksu_ip *from, const struct aksu_ip *to, const uint8_t *packet,
                        size_t length)
{
    size_t skip = ip_is_v4(from) ? 12 : 0;      /* of a mapped address */
    uint32_t sum = 6 + (uint32_t)length;        /* the protocol and the length */
    for (size_t i = skip; i < 16; i++)
        sum += ((uint32_t)from->octet[i] + to->octet[i]) << (i % 2 ? 0 : 8);
    for (size_t i = 0; i < length; i++)
        sum += (uint32_t)packet[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

/* Puts `raw` between the fixed header and the text and makes the checksum right again. */
static size_t insert_options(uint8_t *packet, const struct line *raw, const struct tcp_segment *seg,
                             const struct aksu_ip *from, const struct aksu_ip *to)
{
    size_t header = TCP_HEADER + raw->raw_length;
    memcpy(packet + TCP_HEADER, raw->raw, raw->raw_length);
    packet[12] = (uint8_t)(header / 4u << 4);
    uint8_t *text = packet + header;
    for (unsigned i = 0; i < seg->parts; text += seg->text[i++].length)
        memcpy(text, seg->text[i].data, seg->text[i].length);
    store_be16(packet + 16, 0);
    struct checksum sum = checksum_pseudo(from, to, 6, (uint32_t)header + seg->text_len);
    checksum_add(&sum, packet, header + seg->text_len);
    store_be16(packet + 16, checksum_finish(&sum));
    return header;
}

/* True always; what is wrong fails the script. `back` borrows from a buffer that the next trip
 * uses. */
bool wire_trip(int line, const struct tcp_segment *seg, bool sent, const struct line *raw,
               struct tcp_segment *back)
{
    static uint8_t packet[2][MOST];
    static unsigned turn;
    uint8_t *p = packet[turn++ & 1u];
    const struct aksu_ip *from = sent ? &w.tuple.local_ip : &w.tuple.remote_ip;
    const struct aksu_ip *to = sent ? &w.tuple.remote_ip : &w.tuple.local_ip;
    struct writer out_ = writer_of(p, TCP_HEADER_MOST);
    if (seg->text_len > 65495 || seg->parts > TCP_TEXT_PARTS)
        script_fail(line, "%u octets of text in %u parts", seg->text_len, seg->parts);
    wire_tcp_build(&out_, from, to, seg, false);
    size_t header = writer_length(&out_);
    if (out_.bad || header < TCP_HEADER || header % 4u)
        script_fail(line, "the header was not built");
    uint8_t *text = p + header;
    for (unsigned i = 0; i < seg->parts; text += seg->text[i++].length)
        memcpy(text, seg->text[i].data, seg->text[i].length);
    if (raw && raw->raw)
        header = insert_options(p, raw, seg, from, to);
    restart_shows(p, header + seg->text_len);
    size_t inside = header + (seg->text_len + 1) / 2;      /* the text in two slices */
    struct aksu_slice rest = { p + inside, header + seg->text_len - inside };
    enum tcp_fault fault = wire_tcp_parse(p, inside, &rest, rest.length > 0, from, to, false, back);
    if (fault != TCP_GOOD)
        script_fail(line, "wire_tcp_parse finds fault %d in what wire_tcp_build built", (int)fault);
    back->ecn = seg->ecn;
    same_text(line, back, p + header, seg->text_len);
    if (!raw || !raw->raw)
        same_segment(line, seg, back);
    if (sent) {
        if (naive_checksum(from, to, p, header + seg->text_len) != 0)
            script_fail(line, "the checksum is wrong");
        if (p[12] & 0x0f)
            script_fail(line, "reserved header bits are set");
        walk_options(line, p + TCP_HEADER, p + header);
    }
    return true;
}
