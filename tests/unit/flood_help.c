/* flood_help.c - SYNs of peers that are not there: what the tests of SYN cookies share. */
#include "flood_help.h"

void forged(struct two *w, uint32_t host, uint8_t ctl, uint32_t ack, uint32_t text)
{
    forged_at(w, host, ctl, ctl & CTL_SYN ? host : host + 1, ack, text);
}

void forged_at(struct two *w, uint32_t host, uint8_t ctl, uint32_t seq, uint32_t ack,
               uint32_t text)
{
    static const uint8_t zeros[64];
    uint8_t octets[IPV4_HEADER + TCP_HEADER + sizeof zeros] = { 0 };
    struct writer out = writer_of(octets, sizeof octets);
    struct tcp_segment seg = { .source_port = (uint16_t)(1024 + host % 60000),
                               .destination_port = 80, .seq = { seq },
                               .ack = { ack }, .ctl = ctl, .wnd = 60000, .text_len = text };
    seg.parts = text > 0;
    seg.text[0] = (struct aksu_slice){ zeros, text };
    struct ip_out ip = { .source = ip_text("10.0.0.0"), .destination = ip_text("10.0.0.2"),
                         .protocol = IP_PROTOCOL_TCP, .ttl = 64, .dont_fragment = true };
    store_be32(ip.source.octet + 12, 10u << 24 | 1u << 23 | (host & 0x7fffff));
    ip_build(&out, &ip, TCP_HEADER + text);
    wire_tcp_build(&out, &ip.source, &ip.destination, &seg, false);
    (void)write_space(&out, text);
    assert_false(out.bad);
    struct aksu_frame f = { .parts = 1, .length = (uint32_t)writer_length(&out) };
    f.part[0] = (struct aksu_slice){ octets, writer_length(&out) };
    aksu_frame_in(w->net[SERVER], w->pair.device[SERVER], &f, w->now);
}

bool answered(struct two *w, struct tcp_segment *out)
{
    static uint8_t copy[2048];
    struct aksu_frame f;
    if (!take_frame(w, SERVER, &f))
        return false;
    memcpy(copy, f.part[0].data, f.length);
    struct aksu_ip source = ip_text("10.0.0.2"), destination = ip_text("0.0.0.0");
    memcpy(destination.octet + 12, copy + 16, 4);
    assert_int_equal(wire_tcp_parse(copy + IPV4_HEADER, f.length - IPV4_HEADER, NULL, 0, &source,
                                    &destination, false, out), TCP_GOOD);
    return true;
}

void flood(struct two *w, struct flood *f, uint32_t count)
{
    struct tcp_segment seg;
    while (count-- > 0) {
        forged(w, f->next++, CTL_SYN, 0, 0);
        while (answered(w, &seg))
            assert_int_equal(seg.ctl, CTL_SYN | CTL_ACK);
    }
}

struct two routed(const struct link_options *o)
{
    struct two w;
    two_init(&w, o);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(aksu_route_add(w.net[i], w.pair.device[i], "0.0.0.0/0", NULL), AKSU_OK);
    return w;
}

struct two flooded(struct flood *f, const struct link_options *o, uint32_t backlog,
                   aksu_listener *l)
{
    struct two w = routed(o);
    struct aksu_listen how = { .local = { .port = 80 }, .backlog = backlog };
    assert_int_equal(aksu_listen(w.net[SERVER], &how, l, w.now), AKSU_OK);
    f->next = 1;
    flood(&w, f, backlog);
    assert_int_equal(counted(w.net[SERVER], AKSU_EV_syn_cookie_sent), 0);
    return w;
}

struct aksu_info info_of(struct aksu *net, aksu_conn c)
{
    struct aksu_info i;
    assert_int_equal(aksu_status(net, c, &i), AKSU_OK);
    return i;
}

struct aksu_counters counters_of(struct aksu *net)
{
    struct aksu_counters c;
    aksu_counters(net, &c);
    return c;
}
