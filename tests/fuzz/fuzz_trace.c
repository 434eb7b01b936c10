/* fuzz_trace.c - the tracker of captures on any packets: raw octets of any link type, or segments
 * of a few connections that are made from the input. What it tells must be possible: states follow
 * each other, an end that is deleted was opened; what it counts must fit together. */
#include <stdlib.h>
#include <string.h>

#include "aksu/sink.h"
#include "base/ip_addr.h"
#include "trace/report.h"
#include "wire/ipv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ERROR = 0x80 /* in a record */ };
enum { RAW = 0x80, VERIFY = 0x40, RECORD = 12, CONNECTIONS = 3, LADDER = 16384 };

/* What each end of each connection was told last. */
enum { NUMBERS = 4096 };
static struct told {
    bool opened, state_known;
    uint8_t state;
} told[NUMBERS][2];

static struct watcher {
    struct aksu_sink sink;
    unsigned side;
} watcher[2];

static _Alignas(16) char memory[LADDER];
static struct aksu_tee_sink tee[2];
static struct aksu_json_sink json[2];

static void discard(void *context, const char *text, size_t length)
{
    (void)context;
    if (length > 0 && text == NULL)
        abort();
}

static void check(bool good)
{
    if (!good)
        abort();
}

static void watch(struct aksu_sink *sink, const struct aksu_event *e)
{
    unsigned side = ((struct watcher *)sink)->side;
    struct told *t = &told[e->conn % NUMBERS][side];

    check(e->conn != 0);
    if (e->kind == AKSU_EV_opened) {
        check(!t->opened);
        t->opened = true;
    } else if (e->kind == AKSU_EV_deleted) {
        check(t->opened);
        t->opened = false;
    } else if (e->kind == AKSU_EV_state) {
        check(!t->state_known || t->state == e->state.from);
        check(e->state.from != e->state.to && e->state.to < AKSU_TCP_STATE_COUNT);
        t->state = (uint8_t)e->state.to;
        t->state_known = true;
    }
}

static void begins(void *user, struct trace_conn *c)
{
    (void)user;
    memset(told[c->number % NUMBERS], 0, sizeof told[0]);
    for (unsigned i = 0; i < 2; i++)
        c->sink[i] = &tee[i].sink;
}

static void ends(void *user, struct trace_conn *c)
{
    FILE *out = user;

    trace_report_text(out, c);
    trace_report_row(out, c);
    trace_report_json(out, c);
    for (unsigned i = 0; i < 2; i++) {
        const struct trace_end *e = &c->end[i];
        uint64_t sum = 0;
        for (int k = 0; k < TRACE_KINDS; k++)
            sum += e->kind[k];
        check(sum == e->segments);
        check(e->holes <= TRACE_HOLES && e->agains <= TRACE_AGAIN && e->timed <= TRACE_TIMED);
        check(e->rtt.count == 0 || e->rtt.least <= e->rtt.sum / e->rtt.count);
        check(e->spurious <= trace_report_again(e));
        check(e->icmps > 0 || !e->told.taken);
    }
}

/* [how much later, two octets of length], the octets. */
static size_t raw_packet(struct tracker *t, struct trace_packet *p, const uint8_t *data,
                         size_t size)
{
    if (size < 3)
        return size;
    size_t length = load_be16(data + 1) & 0x7ffu;
    if (length > size - 3)
        length = size - 3;
    uint8_t *exact = malloc(length > 0 ? length : 1);
    if (exact == NULL)
        return size;
    memcpy(exact, data + 3, length);
    p->at += (aksu_time)data[0] * data[0] * 100000;
    p->data = exact;
    p->captured = (uint32_t)length;
    p->length = (uint32_t)length + (data[1] >> 3) * 200u;
    tracker_packet(t, p);
    free(exact);
    return 3 + length;
}

/* A segment near to where the numbers of both ends are. */
static struct tcp_segment segment_of(const uint8_t *r, unsigned side)
{
    static const uint32_t isn[2] = { 0xfffffe00u, 7 };
    uint16_t client = (uint16_t)(20000 + r[0] % CONNECTIONS);
    struct tcp_segment s = { .source_port = side ? 80 : client,
        .destination_port = side ? client : 80, .ctl = r[1],
        .seq = seq_of(isn[side] + load_be16(r + 2) % 1024u),
        .ack = seq_of(isn[1 - side] + load_be16(r + 4) % 1024u), .wnd = r[6] * 8u,
        .text_len = r[7] };

    s.options.has = (uint16_t)(r[8] & (HAS_MSS | HAS_WINDOW_SCALE | HAS_SACK_PERMITTED |
                                       HAS_TIMESTAMPS | HAS_SACK));
    s.options.window_scale = r[9];
    s.options.mss = r[9];
    s.options.ts_val = r[9];
    s.options.ts_ecr = r[10];
    if (s.options.has & HAS_SACK) {
        s.options.sack_count = (uint8_t)(1 + (r[9] & 1));
        for (unsigned i = 0; i < s.options.sack_count; i++)
            s.options.sack[i] = (struct sack_block){ seq_of(isn[1 - side] + r[9 + i] * 4u),
                                                     seq_of(isn[1 - side] + r[10 + i] * 4u) };
    }
    return s;
}

/* The segment was not taken: an error of the other end or of a router, that quotes 8 octets. */
static void made_error(struct tracker *t, struct trace_packet *p, const uint8_t r[RECORD],
                       size_t length)
{
    uint8_t packet[IPV4_HEADER + 8 + 128] = { 0 };
    struct aksu_ip to = ip_from_v4(p->data + 12);
    struct aksu_ip from = ip_from_v4((uint8_t[4]){ 10, 0, 0, (uint8_t)(1 + r[9] % 3) });
    size_t quoted = length < IPV4_HEADER + 8 ? length : IPV4_HEADER + 8;
    struct writer w = writer_of(packet, sizeof packet);

    wire_ipv4_build(&w, &(struct ipv4_header){ .source = from, .destination = to, .ttl = 64,
        .total_length = (uint16_t)(IPV4_HEADER + 8 + quoted), .protocol = IP_PROTOCOL_ICMP });
    packet[IPV4_HEADER] = r[9] % 13;
    packet[IPV4_HEADER + 1] = r[10] % 16;
    store_be16(packet + IPV4_HEADER + 6, r[6]);
    memcpy(packet + IPV4_HEADER + 8, p->data, quoted);
    p->data = packet;
    p->captured = p->length = (uint32_t)(IPV4_HEADER + 8 + quoted);
    tracker_packet(t, p);
}

static void made_packet(struct tracker *t, struct trace_packet *p, const uint8_t r[RECORD])
{
    uint8_t packet[256 + 128];
    unsigned side = r[0] >> 7;
    struct tcp_segment s = segment_of(r, side);
    struct aksu_ip from = ip_from_v4((uint8_t[4]){ 10, 0, 0, (uint8_t)(1 + side) });
    struct aksu_ip to = ip_from_v4((uint8_t[4]){ 10, 0, 0, (uint8_t)(2 - side) });
    struct writer w = writer_of(packet, sizeof packet);
    size_t headers = IPV4_HEADER + TCP_HEADER + wire_tcp_options_length(&s.options);

    wire_ipv4_build(&w, &(struct ipv4_header){ .source = from, .destination = to, .ttl = 64,
        .total_length = (uint16_t)(headers + s.text_len), .protocol = IP_PROTOCOL_TCP,
        .identification = r[0] >> 5 & 3 });
    wire_tcp_build(&w, &from, &to, &s, false);
    p->at += (aksu_time)r[11] * r[11] * 100000;
    p->link = TRACE_LINK_RAW;
    p->data = packet;
    p->captured = (uint32_t)headers;            /* the text was not captured */
    p->length = (uint32_t)headers + s.text_len;
    if (r[8] & ERROR)
        made_error(t, p, r, headers);
    else
        tracker_packet(t, p);
}

static void feed(struct tracker *t, const uint8_t *data, size_t size)
{
    static const int links[] = { TRACE_LINK_ETHERNET, TRACE_LINK_RAW, TRACE_LINK_COOKED,
        TRACE_LINK_COOKED_2, TRACE_LINK_NULL, TRACE_LINK_IPV4, TRACE_LINK_IPV6, 147 };
    struct trace_packet p = { .link = links[data[0] & 7] };
    bool raw = (data[0] & RAW) != 0;

    data++, size--;
    while (raw && size > 0) {
        size_t used = raw_packet(t, &p, data, size);
        data += used, size -= used;
    }
    for (; !raw && size >= RECORD; data += RECORD, size -= RECORD)
        made_packet(t, &p, data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tracker t;
    static FILE *out;

    if (out == NULL && (out = fopen("/dev/null", "w")) == NULL)
        return 0;
    if (size == 0)
        return 0;
    struct aksu_ladder *ladder = aksu_ladder_init(&(struct aksu_ladder_config){
        .writer = { discard, NULL }, .memory = memory, .memory_length = sizeof memory });
    for (unsigned i = 0; i < 2; i++) {
        watcher[i] = (struct watcher){ { watch }, i };
        aksu_json_init(&json[i], (struct aksu_writer){ discard, NULL }, "end");
        aksu_tee_init(&tee[i], (struct aksu_sink *const[]){ &watcher[i].sink, &json[i].sink,
            aksu_ladder_side(ladder, i, "end") }, 3);
    }
    if (!tracker_init(&t, &(struct tracker_config){ .connections = 1 + (data[0] >> 4 & 3),
            .linger = AKSU_SECONDS(1), .verify = (data[0] & VERIFY) != 0, .user = out,
            .begins = begins, .ends = ends }))
        return 0;
    feed(&t, data, size);
    tracker_finish(&t);
    trace_report_totals(out, &t);
    tracker_fini(&t);
    aksu_ladder_finish(ladder);
    return 0;
}
