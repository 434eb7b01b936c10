/* trace_help.c - see trace_help.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace_help.h"

#include <string.h>

#include "base/ip_addr.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

static const uint32_t isn[2] = { 4294967000u, 1000 };

/* Both sinks are in the talk: which one it is tells whose event. */
static void put(struct talk *t, unsigned side, const struct aksu_event *e)
{
    assert_true(t->events < TALK_EVENTS);
    t->event[t->events].side = side;
    t->event[t->events++].event = *e;
}

static void put_client(struct aksu_sink *sink, const struct aksu_event *e)
{
    put((struct talk *)(void *)((char *)sink - offsetof(struct talk, sink[0])), 0, e);
}

static void put_server(struct aksu_sink *sink, const struct aksu_event *e)
{
    put((struct talk *)(void *)((char *)sink - offsetof(struct talk, sink[1])), 1, e);
}

static void begins(void *user, struct trace_conn *c)
{
    struct talk *t = user;

    for (int i = 0; i < 2; i++)
        c->sink[i] = &t->sink[i];
}

static void ends(void *user, struct trace_conn *c)
{
    struct talk *t = user;

    t->last = *c;
    t->given_up++;
}

void talk_begin(struct talk *t, uint32_t connections)
{
    memset(t, 0, sizeof *t);
    t->sink[0].put = put_client;
    t->sink[1].put = put_server;
    t->port = 20000;
    assert_true(tracker_init(&t->t, &(struct tracker_config){ .connections = connections,
        .linger = AKSU_NEVER, .verify = true, .user = t, .begins = begins, .ends = ends }));
}

void talk_end(struct talk *t)
{
    tracker_finish(&t->t);
    tracker_fini(&t->t);
}

static struct aksu_ip address(const struct talk *t, unsigned side)
{
    uint8_t last = (uint8_t)(t->one_host ? 1 : 1 + side);
    struct aksu_ip ip = { { 0x20, 1, 0x0d, 0xb8, [15] = last } };

    return t->v6 ? ip : ip_from_v4((uint8_t[4]){ 10, 0, 0, last });
}

static struct tcp_options options_of(const struct talk *t, unsigned side, struct talk_segment s)
{
    struct tcp_options o = { .ts_val = s.ts, .ts_ecr = s.echo };
    unsigned to = t->itself ? side : 1 - side;

    o.has = s.ts ? HAS_TIMESTAMPS : 0;
    if (s.ctl & CTL_SYN) {
        o.has |= t->plain_syn ? HAS_MSS : HAS_MSS | HAS_WINDOW_SCALE | HAS_SACK_PERMITTED;
        o.mss = side == 0 ? 1460 : 1400;
        o.window_scale = side == 0 ? 7 : 2;
    }
    for (int i = 0; i < 2; i++) {
        if (s.sack[i][1] == 0)
            continue;
        o.has |= HAS_SACK;
        o.sack[o.sack_count++] = (struct sack_block){ seq_of(isn[to] + s.sack[i][0]),
                                                      seq_of(isn[to] + s.sack[i][1]) };
    }
    return o;
}

size_t talk_packet(const struct talk *t, unsigned side, struct talk_segment s, uint8_t out[2048])
{
    static const uint8_t text[1460];
    unsigned other = t->itself ? side : 1 - side;
    struct aksu_ip from = address(t, side), to = address(t, other);
    struct tcp_segment seg = { .source_port = side == 0 ? t->port : 80,
        .destination_port = other == 0 ? t->port : 80, .seq = seq_of(isn[side] + s.seq),
        .ack = seq_of(s.ctl & CTL_ACK ? isn[other] + s.ack : 0), .ctl = s.ctl,
        .wnd = s.wnd > 0 ? s.wnd : s.closed ? 0 : 65535, .options = options_of(t, side, s),
        .text_len = s.len, .parts = s.len > 0, .text = { { text, s.len } } };
    size_t length = TCP_HEADER + wire_tcp_options_length(&seg.options) + s.len;
    struct writer w = writer_of(out, 2048);

    if (t->v6)
        wire_ipv6_build(&w, &(struct ipv6_header){ .source = from, .destination = to,
            .payload_length = (uint16_t)length, .next_header = IP_PROTOCOL_TCP,
            .hop_limit = 64 });
    else
        wire_ipv4_build(&w, &(struct ipv4_header){ .source = from, .destination = to, .ttl = 64,
            .total_length = (uint16_t)(IPV4_HEADER + length), .protocol = IP_PROTOCOL_TCP,
            .identification = t->identification });
    wire_tcp_build(&w, &from, &to, &seg, false);
    uint8_t *behind = s.len > 0 ? write_space(&w, s.len) : NULL;
    if (behind)
        memset(behind, 0, s.len);
    assert_false(w.bad);
    return writer_length(&w);
}

void talk_says(struct talk *t, unsigned ms, unsigned side, struct talk_segment s)
{
    uint8_t packet[2048];
    size_t length = talk_packet(t, side, s, packet);

    if (t->damaged)
        packet[length - 1] ^= 1;
    t->at += AKSU_MS(ms);
    tracker_packet(&t->t, &(struct trace_packet){ .at = t->at, .link = TRACE_LINK_RAW,
        .data = packet, .captured = (uint32_t)length, .length = (uint32_t)length });
}

void talk_fails(struct talk *t, unsigned ms, unsigned side, struct talk_segment s,
                struct talk_error e)
{
    uint8_t quoted[2048], packet[256] = { 0 };
    size_t ip = t->v6 ? IPV6_HEADER : IPV4_HEADER, length = ip + 8 + ip + 8;
    struct aksu_ip to = address(t, side), from = address(t, e.from - 1u);
    struct checksum sum = { 0 };
    struct writer w = writer_of(packet, sizeof packet);

    (void)talk_packet(t, side, s, quoted);
    if (t->v6) {
        wire_ipv6_build(&w, &(struct ipv6_header){ .source = from, .destination = to,
            .payload_length = (uint16_t)(length - ip), .next_header = IP_PROTOCOL_ICMPV6,
            .hop_limit = 64 });
        sum = checksum_pseudo(&from, &to, IP_PROTOCOL_ICMPV6, (uint32_t)(length - ip));
    } else {
        wire_ipv4_build(&w, &(struct ipv4_header){ .source = from, .destination = to, .ttl = 64,
            .total_length = (uint16_t)length, .protocol = IP_PROTOCOL_ICMP });
    }
    packet[ip] = e.type;
    packet[ip + 1] = e.code;
    store_be32(packet + ip + 4, e.mtu);
    memcpy(packet + ip + 8, quoted, ip + 8);
    checksum_add(&sum, packet + ip, length - ip);
    store_be16(packet + ip + 2, (uint16_t)(checksum_finish(&sum) + t->damaged));
    t->at += AKSU_MS(ms);
    tracker_packet(&t->t, &(struct trace_packet){ .at = t->at, .link = TRACE_LINK_RAW,
        .data = packet, .captured = (uint32_t)length, .length = (uint32_t)length });
}

void talk_handshake(struct talk *t)
{
    talk_says(t, 0, 0, (struct talk_segment){ .ctl = CTL_SYN });
    talk_says(t, 10, 1, (struct talk_segment){ .ctl = CTL_SYN | CTL_ACK, .ack = 1 });
    talk_says(t, 20, 0, (struct talk_segment){ .ctl = CTL_ACK, .seq = 1, .ack = 1 });
}

struct trace_conn *talk_conn(struct talk *t)
{
    struct trace_conn *c = t->t.live.oldest ? t->t.live.oldest : t->t.over.oldest;

    assert_non_null(c);
    assert_null(c->newer);
    return c;
}

unsigned talk_told(const struct talk *t, unsigned side, enum aksu_event_kind kind,
                   const char *text)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < t->events; i++) {
        const struct aksu_event *e = &t->event[i].event;
        const char *said = kind == AKSU_EV_retransmit ? e->retransmit.why
                         : kind == AKSU_EV_timer ? e->timer.name
                         : kind == AKSU_EV_needless ? e->needless.why
                         : kind == AKSU_EV_icmp_in ? e->icmp_in.verdict : NULL;

        if (t->event[i].side == side && e->kind == kind &&
            (text == NULL || strcmp(said, text) == 0))
            count++;
    }
    return count;
}

const char *talk_end_of(struct talk *t)
{
    static char sentence[TRACE_SENTENCE];

    trace_report_end(talk_conn(t), sentence);
    return sentence;
}
