/* script.c - segments in, segments out, time: the verbs of script.h. */
#include "tests/script/script.h"

#include <string.h>

const enum aksu_tcp_state segment_states[8] = {
    TCP_SYN_RECEIVED, TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT, TCP_CLOSING,
    TCP_LAST_ACK, TCP_TIME_WAIT };
const enum aksu_tcp_state synchronized[7] = {
    TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2, TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK,
    TCP_TIME_WAIT };
const enum aksu_tcp_state reading[3] = { TCP_ESTABLISHED, TCP_FIN_WAIT_1, TCP_FIN_WAIT_2 };
const enum aksu_tcp_state after_fin[4] = { TCP_CLOSE_WAIT, TCP_CLOSING, TCP_LAST_ACK,
                                           TCP_TIME_WAIT };

static uint32_t peer_clock(void)
{
    return w.ts_base + (uint32_t)((w.now - w.start) / MS(1));
}

static void options_in(const struct line *x, struct tcp_options *o)
{
    if (x->mss) {
        o->has |= HAS_MSS;
        o->mss = x->mss;
    }
    if (x->wscale) {
        o->has |= HAS_WINDOW_SCALE;
        o->window_scale = (uint8_t)(x->wscale - 1);
    }
    if (x->sack_ok)
        o->has |= HAS_SACK_PERMITTED;
    if (x->ts_val || (w.our_ts && w.peer_ts && !x->no_ts && !(x->ctl & SYN))) {
        o->has |= HAS_TIMESTAMPS;
        o->ts_val = x->ts_val ? x->ts_val : peer_clock();
        o->ts_ecr = x->ts_ecr ? x->ts_ecr : x->ctl & ACK ? w.our_ts_val : 0;
    }
    for (unsigned i = 0; i < SACK_MOST && x->sack[i].right; i++) {
        o->has |= HAS_SACK;
        o->sack[o->sack_count].left = seq_add(w.iss, x->sack[i].left);
        o->sack[o->sack_count++].right = seq_add(w.iss, x->sack[i].right);
    }
}

static uint32_t window_in(int line, const struct line *x)
{
    uint32_t octets = x->wnd == ZERO ? 0 : x->wnd ? x->wnd : w.window;
    uint32_t shift = w.our_ws && w.peer_ws && !(x->ctl & SYN) ? w.peer_shift : 0;
    if (octets & ((1u << shift) - 1) || octets >> shift > 65535)
        script_fail(line, "a window of %u cannot be said with shift %u", octets, shift);
    return octets >> shift;
}

static const uint8_t *text_of(uint32_t from, uint32_t length)
{
    static uint8_t text[65536];
    for (uint32_t i = 0; i < length && i < sizeof text; i++)
        text[i] = pattern(from + i);
    return text;
}

void script_in(int line, const struct line *x)
{
    script_quiet(line);
    script_batch(line, x);
}

void script_batch(int line, const struct line *x)
{
    world_settle(line);
    struct tcp_segment seg = {
        .source_port = w.tuple.remote_port, .destination_port = w.tuple.local_port,
        .seq = seq_add(w.irs, x->seq), .ack = x->ctl & ACK ? seq_add(w.iss, x->ack) : seq_of(0),
        .ctl = (uint8_t)x->ctl, .urgent_pointer = x->urgent, .text_len = x->len, .ecn = x->ecn,
    }, back;
    char text[160];
    seg.wnd = window_in(line, x);
    options_in(x, &seg.options);
    if (x->len) {
        seg.parts = 1;
        seg.text[0] = (struct aksu_slice){ text_of(x->seq + ((x->ctl & SYN) != 0) - 1, x->len),
                                           x->len };
    }
    (void)wire_trip(line, &seg, false, x, &back);
    segment_text(text, sizeof text, &back, false);
    history_add("<  %s", text);
    w.rule[0] = 0;
    invariants_in(&back);
    if (w.tcp.state == TCP_CLOSED && !w.direct) {
        memset(&w.reply, 0xa5, sizeof w.reply);
        w.reply_owed = tcp_closed_state(&back, &w.reply);
        return;
    }
    if (w.tcp.state == TCP_LISTEN)
        w.tcp.tuple = w.tuple;          /* the owner's work: whom it is from */
    tcp_segment_arrives(&w.tcp, &back, w.now);
}

static void line_text(char *to, size_t room, const struct line *x)
{
    struct tcp_segment seg = { .seq = seq_add(w.iss, x->seq), .ack = seq_add(w.irs, x->ack),
                               .ctl = (uint8_t)x->ctl, .text_len = x->len,
                               .urgent_pointer = x->urgent, .ecn = x->ecn };
    options_in(x, &seg.options);
    if (!x->ts_val && !x->ts_ecr)
        seg.options.has &= (uint16_t)~HAS_TIMESTAMPS;
    for (unsigned i = 0; i < seg.options.sack_count; i++) {
        seg.options.sack[i].left = seq_add(w.irs, x->sack[i].left);
        seg.options.sack[i].right = seq_add(w.irs, x->sack[i].right);
    }
    segment_text(to, room, &seg, true);
    char *wnd = strstr(to, " wnd ");
    if (wnd && !x->wnd) {
        size_t n = strlen(wnd + 1), digits = strcspn(wnd + 5, " ");
        memmove(wnd, wnd + 5 + digits, n + 1 - 4 - digits);
    }
}

static bool options_match(const struct line *x, const struct tcp_options *o)
{
    unsigned sacks = 0;
    while (sacks < SACK_MOST && x->sack[sacks].right)
        sacks++;
    bool ok = (!x->has || x->has == o->has) && (!x->mss || x->mss == o->mss)
           && (!x->wscale || (o->has & HAS_WINDOW_SCALE && o->window_scale == x->wscale - 1))
           && (!x->sack_ok || o->has & HAS_SACK_PERMITTED)
           && (!x->ts_val || (o->has & HAS_TIMESTAMPS && x->ts_val == o->ts_val))
           && (!x->ts_ecr || (o->has & HAS_TIMESTAMPS && x->ts_ecr == o->ts_ecr))
           && sacks == (o->has & HAS_SACK ? o->sack_count : 0);
    for (unsigned i = 0; ok && i < sacks; i++)
        ok = o->sack[i].left.n - w.irs.n == x->sack[i].left
          && o->sack[i].right.n - w.irs.n == x->sack[i].right;
    return ok;
}

static bool window_matches(const struct line *x, const struct tcp_segment *seg)
{
    uint32_t shift = seg->ctl & CTL_SYN || !w.our_ws || !w.peer_ws ? 0 : w.our_shift;
    uint32_t octets = x->wnd == ZERO ? 0 : x->wnd;
    return !x->wnd || seg->wnd == octets >> shift;
}

void script_out(int line, const struct line *x)
{
    struct tcp_segment seg;
    char want[160], got[160];
    uint32_t sent = w.nxt;
    world_settle(line);
    line_text(want, sizeof want, x);
    if (!world_pull(line, &seg))
        script_fail(line, "expected  %s\n      got nothing", want);
    segment_text(got, sizeof got, &seg, true);
    unsigned ctl = seg.ctl, mask = 0;
    /* what is sent again may be cut differently; on FIN and RST either is good */
    if (seg.ctl & (FIN | RST) || is_before(seg.seq.n - w.iss.n, sent))
        mask = PSH;
    bool absolute = ctl & RST && ctl & ACK && seg.seq.n == 0 && x->seq == 0;
    if ((ctl | mask) != (x->ctl | mask) || (!absolute && seg.seq.n - w.iss.n != x->seq)
        || (ctl & ACK && seg.ack.n - w.irs.n != x->ack) || seg.text_len != x->len
        || seg.ecn != x->ecn || (ctl & URG && seg.urgent_pointer != x->urgent)
        || !window_matches(x, &seg)
        || !options_match(x, &seg.options))
        script_fail(line, "expected  %s\n      got       %s", want, got);
}

void script_acked(int line, uint32_t n)
{
    struct tcp_segment seg;
    aksu_time limit = w.now + MS(500);      /* RFC 9293 3.8.6.3 [MUST-40] */
    world_settle(line);
    for (;;) {
        while (world_pull(line, &seg))
            if (seg.ctl != ACK || seg.text_len)
                script_fail(line, "expected ACKs up to %u only", n);
        if (w.acked == n)
            return;
        aksu_time next = tcp_next_timeout(&w.tcp);
        if (next >= limit)
            script_fail(line, "no ACK of %u in less than 0.5 s, the last one was %u", n, w.acked);
        w.now = next > w.now ? next : w.now;
        tcp_timeouts(&w.tcp, w.now);
    }
}

void script_quiet(int line)
{
    struct tcp_segment seg;
    char text[160];
    world_settle(line);
    if (!w.live)
        script_fail(line, "the script needs a given() first");
    if (world_pull(line, &seg)) {
        segment_text(text, sizeof text, &seg, true);
        script_fail(line, "unexpected segment: %s", text);
    }
}

unsigned script_acks(int line, unsigned most)
{
    struct tcp_segment seg;
    unsigned n = 0;
    world_settle(line);
    for (; world_pull(line, &seg); n++)
        if (seg.ctl != ACK || seg.text_len || seg.seq.n - w.iss.n != w.nxt || n == most)
            script_fail(line, "expected at most %u ACKs and nothing else", most);
    return n;
}

void script_any_reset(int line)
{
    struct tcp_segment seg;
    world_settle(line);
    if (!world_pull(line, &seg) || !(seg.ctl & RST))
        script_fail(line, "expected a RST");
}

struct drained script_drain(int line)
{
    struct drained all = { 0, 0 };
    struct tcp_segment seg;
    world_settle(line);
    for (uint32_t from = w.nxt; world_pull(line, &seg); from = w.nxt) {
        if (seg.seq.n - w.iss.n != from || seg.ctl & (SYN | RST))
            script_fail(line, "expected text in order only");
        all.segments += seg.text_len > 0;
        all.octets += seg.text_len;
    }
    return all;
}

unsigned script_discard(int line)
{
    struct tcp_segment seg;
    unsigned n = 0;
    world_settle(line);
    while (world_pull(line, &seg))
        n++;
    return n;
}

/* Fires timers in order. What becomes owed at the very end is left for `out`. */
void script_after(int line, aksu_time delay)
{
    aksu_time end = w.now + delay, last = 0;
    unsigned same = 0;
    script_quiet(line);
    for (;;) {
        aksu_time next = tcp_next_timeout(&w.tcp);
        if (next > end)
            break;
        if (next > w.now)
            w.now = next;
        same = w.now == last ? same + 1 : 0;
        last = w.now;
        if (same > 8)
            script_fail(line, "a timer that is due stays due");
        tcp_timeouts(&w.tcp, w.now);
        if (w.now < end)
            script_quiet(line);
    }
    w.now = end;
}
