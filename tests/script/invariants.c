/* invariants.c - what every segment of every script must keep, whatever the script is about. */
#include "base/ip_addr.h"
#include "tests/script/script.h"

#define HOLDS(condition, ...)                                                                     \
    do {                                                                                          \
        if (!(condition))                                                                         \
            script_fail(line, __VA_ARGS__);                                                       \
    } while (0)

static uint32_t scaled(const struct tcp_segment *seg, uint8_t shift)
{
    return seg->ctl & CTL_SYN || !w.our_ws || !w.peer_ws ? seg->wnd : seg->wnd << shift;
}

static void options_out(int line, const struct tcp_segment *seg)
{
    const struct tcp_options *o = &seg->options;
    bool syn = seg->ctl & CTL_SYN, agreed = w.our_ts && w.peer_ts;
    HOLDS(!(o->has & (HAS_UNKNOWN | HAS_FAULT)), "options that do not parse");
    HOLDS(syn || !(o->has & HAS_MSS), "an MSS option without SYN: RFC 9293 3.2 [MUST-65]");
    HOLDS(syn || !(o->has & HAS_WINDOW_SCALE), "a window scale option without SYN: RFC 7323 2.2");
    HOLDS(syn || !(o->has & HAS_SACK_PERMITTED), "SACK-permitted without SYN: RFC 2018 2");
    HOLDS(!(o->has & HAS_SACK) || (!syn && w.our_sack && w.peer_sack), "SACK was not agreed");
    HOLDS(!(o->has & HAS_WINDOW_SCALE) || o->window_scale <= 14, "a shift above 14: RFC 7323 2.3");
    if (syn && seg->ctl & CTL_ACK && w.in_high) {       /* in answer to a SYN */
        HOLDS(w.peer_ts || !(o->has & HAS_TIMESTAMPS), "the SYN had no timestamps: RFC 7323 3.2");
        HOLDS(w.peer_ws || !(o->has & HAS_WINDOW_SCALE), "the SYN had no wscale: RFC 7323 2.2");
        HOLDS(w.peer_sack || !(o->has & HAS_SACK_PERMITTED), "the SYN had no SACK-permitted");
    }
    HOLDS(syn || seg->ctl & CTL_RST || agreed == ((o->has & HAS_TIMESTAMPS) != 0),
          agreed ? "timestamps are missing: RFC 7323 3.2" : "timestamps were not agreed");
    if (!(o->has & HAS_TIMESTAMPS))
        return;
    HOLDS(w.our_ts_val == 0 || (int32_t)(o->ts_val - w.our_ts_val) >= 0 || seg->ctl & CTL_RST,
          "the timestamp clock went back from %u to %u", w.our_ts_val, o->ts_val);
    w.our_ts_val = o->ts_val;
    HOLDS(seg->ctl & CTL_ACK || o->ts_ecr == 0 || seg->ctl & CTL_RST,
          "TSecr without ACK: RFC 7323 3.2");
    bool known = !(seg->ctl & CTL_ACK);
    for (unsigned i = 0; i < 64 && i < w.ts_count; i++)
        known = known || w.ts_sent[i] == o->ts_ecr;
    HOLDS(known, "TSecr %u was never a TSval of the peer: RFC 7323 3.2", o->ts_ecr);
}

static void sack_out(int line, const struct tcp_segment *seg)
{
    const struct tcp_options *o = &seg->options;
    for (unsigned i = 0; o->has & HAS_SACK && i < o->sack_count; i++) {
        uint32_t left = o->sack[i].left.n - w.irs.n, right = o->sack[i].right.n - w.irs.n;
        HOLDS(is_before(left, right), "an empty SACK block");
        HOLDS(!is_before(w.in_high, right), "SACK of what never came: RFC 2018 4");
        HOLDS(i == 0 || is_before(w.acked, left), "a SACK block that is acknowledged: RFC 2018 4");
    }
}

static void position_out(int line, const struct tcp_segment *seg, uint32_t seq, uint32_t end)
{
    HOLDS(!is_before(w.nxt, seq), "SEG.SEQ %u leaves a hole: sent was up to %u", seq, w.nxt);
    HOLDS(w.nxt == 0 || !is_before(seq + 1, w.una), "SEG.SEQ %u is before SND.UNA %u", seq,
          w.una);
    HOLDS(!w.fin || !is_before(w.fin + 1, end), "sequence space after our FIN");
    HOLDS(!w.fin || !seg->text_len || !is_before(w.fin, seq + seg->text_len), "text after our FIN");
    HOLDS(!(seg->ctl & CTL_FIN) || !w.fin || w.fin == end - 1, "a second FIN, elsewhere");
    /* RFC 5681 2; one octet more may be a window probe (RFC 9293 3.8.6.1) */
    HOLDS(seg->ctl & CTL_SYN || end == seq || !is_before(w.peer_edge + 1, end),
          "beyond the window: %u, the edge is %u", end, w.peer_edge);
    if (seg->ctl & CTL_FIN)
        w.fin = end - 1;
    if (is_before(w.nxt, end))
        w.nxt = end;
}

/* Of the peer's MSS a SYN knows what the last connection has heard (RFC 7413 4.1.3). */
static uint32_t peer_takes(const struct tcp_segment *seg)
{
    const struct fast_open_peer *known = fast_open_find(&w.env, &w.tuple, 0);
    return seg->ctl & CTL_SYN && known ? known->mss : w.peer_mss;
}

static void text_out(int line, const struct tcp_segment *seg, uint32_t seq)
{
    uint32_t k = seq - 1;
    size_t options = wire_tcp_options_length(&seg->options);
    HOLDS(seg->text_len == 0 || k + seg->text_len <= w.sent_text, "text that nobody has sent");
    for (unsigned i = 0; i < seg->parts; i++)
        for (size_t j = 0; j < seg->text[i].length; j++, k++)
            HOLDS(seg->text[i].data[j] == pattern(k), "octet %u of the stream is %02x, not %02x", k,
                  seg->text[i].data[j], pattern(k));
    /* RFC 9293 3.7.1 [MUST-16] */
    HOLDS(seg->text_len == 0 || seg->text_len + options <= peer_takes(seg),
          "%u octets of text and %zu of options, but the peer takes %u", seg->text_len, options,
          peer_takes(seg));
    HOLDS(seg->text_len + options + TCP_HEADER <= w.mtu, "larger than the path carries");
}

static void ack_out(int line, const struct tcp_segment *seg)
{
    uint32_t ack = seg->ack.n - w.irs.n;
    uint32_t edge = ack + scaled(seg, w.our_shift);
    uint32_t grain = w.our_ws && w.peer_ws ? (1u << w.our_shift) - 1 : 0;
    HOLDS(w.edge == 0 || !is_before(ack, w.acked), "the ACK number went from %u back to %u",
          w.acked, ack);
    HOLDS(!is_before(w.in_high, ack), "ACK of %u, but only %u was sent", ack, w.in_high);
    HOLDS(!is_before(edge + grain, w.edge), "the right edge went from %u back to %u", w.edge, edge);
    w.acked = ack;
    if (is_before(w.edge, edge) || w.edge == 0)
        w.edge = edge;
}

static bool is_ecn_setup(const struct tcp_segment *seg)
{
    unsigned bits = seg->ctl & (CTL_ECE | CTL_CWR);
    return bits == (seg->ctl & CTL_ACK ? CTL_ECE : CTL_ECE | CTL_CWR);
}

static void ecn_out(int line, const struct tcp_segment *seg, uint32_t seq)
{
    bool syn = seg->ctl & CTL_SYN, new_text = seg->text_len > 0 && seq == w.nxt && !syn;
    bool may_echo = w.our_ecn && w.peer_ecn && !w.peer_no_ecn, may = may_echo && !w.our_no_ecn;
    HOLDS(seg->ecn != ECN_ECT_1, "ECT(1): RFC 8311 4.2");
    HOLDS(seg->ecn != ECN_CE, "CE, as if we were a router: RFC 3168 5");
    HOLDS(seg->ecn == 0 || !syn, "ECT on a SYN: RFC 3168 6.1.1");
    HOLDS(seg->ecn == 0 || new_text, "ECT on what is not new text: RFC 3168 6.1.4 to 6.1.6");
    HOLDS(seg->ecn == 0 || may, "ECT although it was not agreed: RFC 3168 6.1.1");
    bool probe = w.peer_closed && seg->text_len > 0;
    HOLDS(seg->ecn == 0 || !probe, "ECT on a window probe: RFC 3168 6.1.6");
    HOLDS(!new_text || !may || probe || seg->ecn != 0, "new text without ECT: RFC 3168 6.1.2");
    if (!syn) {
        HOLDS(!(seg->ctl & CTL_CWR) || seg->ecn != 0, "CWR on what is not new: RFC 3168 6.1.2");
        HOLDS(!(seg->ctl & CTL_ECE) || may_echo, "ECE although it was not agreed: RFC 3168 6.1.1");
        return;
    }
    HOLDS(is_ecn_setup(seg) || !(seg->ctl & (CTL_ECE | CTL_CWR)), "half a SYN: RFC 3168 6.1.1");
    HOLDS(!(seg->ctl & CTL_ACK) || !is_ecn_setup(seg) || w.peer_ecn,
          "a SYN,ACK that agrees to what nobody asked for: RFC 3168 6.1.1");
    w.our_ecn = w.our_ecn || is_ecn_setup(seg);
    w.our_no_ecn = w.our_no_ecn || !is_ecn_setup(seg);
}

void invariants_out(int line, const struct tcp_segment *seg)
{
    uint32_t seq = seg->seq.n - w.iss.n;
    HOLDS(seg->source_port == w.tuple.local_port && seg->destination_port == w.tuple.remote_port,
          "wrong ports");
    HOLDS(!(seg->ctl & CTL_RST) || !w.last_in_rst, "a RST in answer to a RST: RFC 9293 3.5.2");
    HOLDS(!(seg->ctl & CTL_RST) || !(seg->ctl & (CTL_SYN | CTL_FIN)), "RST with SYN or FIN");
    HOLDS(!w.synchronized || seg->ctl & (CTL_ACK | CTL_RST), "no ACK: RFC 9293 3.8");
    HOLDS(!(seg->ctl & CTL_URG) || seg->ctl & CTL_ACK, "URG without ACK");
    options_out(line, seg);
    HOLDS(!(seg->ctl & CTL_RST) || !(seg->ctl & (CTL_ECE | CTL_CWR) || seg->ecn), "RST with ECN");
    if (seg->ctl & CTL_RST)
        return;                 /* its numbers are the script's business */
    if (seg->ctl & CTL_SYN) {
        HOLDS(w.iss_seen || seq == 0, "the ISS is %u, not %u: RFC 9293 3.4.1 [MUST-8]",
              seg->seq.n, w.iss.n);
        w.iss_seen = true;
        HOLDS(seg->options.has & HAS_MSS, "a SYN without an MSS option: RFC 9293 3.7.1 [MUST-14]");
        w.our_mss = seg->options.mss;
        w.our_ts = seg->options.has & HAS_TIMESTAMPS;
        w.our_sack = seg->options.has & HAS_SACK_PERMITTED;
        w.our_ws = seg->options.has & HAS_WINDOW_SCALE;
        w.our_shift = w.our_ws ? seg->options.window_scale : 0;
    }
    ecn_out(line, seg, seq);
    position_out(line, seg, seq, seq + seg_len(seg));
    text_out(line, seg, seq + ((seg->ctl & CTL_SYN) != 0));
    if (seg->ctl & CTL_ACK) {
        ack_out(line, seg);
        sack_out(line, seg);
    }
}

/* Keeps what the peer has said, as far as an acceptable segment says it. */
void invariants_in(const struct tcp_segment *seg)
{
    uint32_t seq = seg->seq.n - w.irs.n, end = seq + seg_len(seg), ack = seg->ack.n - w.iss.n;
    w.last_in_rst = seg->ctl & CTL_RST;
    if (seg->options.has & HAS_TIMESTAMPS)
        w.ts_sent[w.ts_count++ % 64] = seg->options.ts_val;
    if (is_before(w.in_high, end) && end - w.in_high < 1u << 24)
        w.in_high = end;
    if (seg->ctl & CTL_SYN && !w.synchronized && !(seg->ctl & CTL_RST)) {
        w.peer_ecn = w.peer_ecn || is_ecn_setup(seg);
        w.peer_no_ecn = w.peer_no_ecn || !is_ecn_setup(seg);
        w.peer_ts = seg->options.has & HAS_TIMESTAMPS;
        w.peer_sack = seg->options.has & HAS_SACK_PERMITTED;
        w.peer_ws = seg->options.has & HAS_WINDOW_SCALE;
        w.peer_shift = w.peer_ws ? seg->options.window_scale : 0;
        if (w.peer_shift > 14)
            w.peer_shift = 14;
        w.peer_mss = seg->options.has & HAS_MSS ? seg->options.mss
                   : ip_is_v4(&w.tuple.remote_ip) ? 536 : 1220;
    }
    if ((seg->ctl & (CTL_SYN | CTL_ACK | CTL_RST)) == CTL_SYN && !w.synchronized)
        w.peer_edge = 1 + seg->wnd;
    if (!(seg->ctl & CTL_ACK) || seg->ctl & CTL_RST || is_before(w.nxt, ack))
        return;
    if (is_before(w.una, ack))
        w.una = ack;
    w.peer_closed = !is_before(ack, w.una) ? seg->wnd == 0 : w.peer_closed;
    if (!is_before(ack, w.una) && is_before(w.peer_edge, ack + scaled(seg, w.peer_shift)))
        w.peer_edge = ack + scaled(seg, w.peer_shift);
}
