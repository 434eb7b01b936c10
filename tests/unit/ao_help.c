/* ao_help.c - see ao_help.h. */
#include "ao_help.h"

#include "tests/peer/mac.h"
#include "wire/ipv6.h"

static const char master[] = "a secret of both ends";

struct aksu_mkt ao_mkt(unsigned side, enum aksu_ao_algorithm algorithm, uint8_t client_id,
                       uint8_t server_id)
{
    return (struct aksu_mkt){ .send_id = side == CLIENT ? client_id : server_id,
                              .receive_id = side == CLIENT ? server_id : client_id,
                              .algorithm = algorithm, .key = (const uint8_t *)master,
                              .key_length = sizeof master - 1 };
}

void ao_setup(struct aksu *net)
{
    struct aksu_ao_config config = { .mac = peer_mac };
    assert_int_equal(aksu_ao_setup(net, &config), AKSU_OK);
}

aksu_ao_key ao_give(struct aksu *net, const struct aksu_mkt *mkt)
{
    aksu_ao_key key;
    assert_int_equal(aksu_ao_add(net, mkt, &key), AKSU_OK);
    return key;
}

void ao_two(struct two *w, const struct link_options *o, enum aksu_ao_algorithm algorithm,
            aksu_ao_key key[2])
{
    two_init(w, o);
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_mkt mkt = ao_mkt(side, algorithm, CLIENT_ID, SERVER_ID);
        ao_setup(w->net[side]);
        aksu_ao_key k = ao_give(w->net[side], &mkt);
        if (key != NULL)
            key[side] = k;
    }
}

static void read_frame(struct ao_frame *f, const struct aksu_frame *from)
{
    f->length = 0;
    for (uint32_t i = 0; i < from->parts; i++) {
        assert_true(f->length + from->part[i].length <= OCTETS_MOST);
        memcpy(f->octets + f->length, from->part[i].data, from->part[i].length);
        f->length += (uint32_t)from->part[i].length;
    }
    static const struct aksu_ip any;
    f->tcp = f->octets + (f->octets[0] >> 4 == 4 ? IPV4_HEADER : IPV6_HEADER);
    size_t before = (size_t)(f->tcp - f->octets);
    assert_int_equal(wire_tcp_parse(f->tcp, f->length - before, NULL, 0, &any, &any, true,
                                    &f->seg), TCP_GOOD);
}

unsigned ao_move(struct two *w, ao_look *look, void *context)
{
    unsigned moved = 0;
    for (unsigned idle = 0; idle < 2; w->now += AKSU_US(1)) {
        for (unsigned side = 0; side < 2; side++) {
            struct aksu_frame out;
            if (!take_frame(w, side, &out)) {
                idle++;
                continue;
            }
            struct ao_frame f = { .from = side };
            read_frame(&f, &out);
            moved++;
            idle = 0;
            if (look != NULL && !look(context, &f))
                continue;
            struct aksu_frame in = { .parts = 1, .length = f.length,
                                     .checksum_partial = out.checksum_partial,
                                     .part = { { f.octets, f.length } } };
            aksu_frame_in(w->net[1 - side], w->pair.device[1 - side], &in, w->now);
        }
    }
    return moved;
}

void ao_inject(struct two *w, unsigned to, const uint8_t *octets, uint32_t length)
{
    struct aksu_frame in = { .parts = 1, .length = length, .part = { { octets, length } } };
    aksu_frame_in(w->net[to], w->pair.device[to], &in, w->now);
}

void ao_mend(struct ao_frame *f)
{
    uint32_t length = f->length - IPV4_HEADER;
    struct aksu_ip source = ip_from_v4(f->octets + 12), destination = ip_from_v4(f->octets + 16);
    store_be16(f->tcp + 16, 0);
    struct checksum c = checksum_pseudo(&source, &destination, IP_PROTOCOL_TCP, length);
    checksum_add(&c, f->tcp, length);
    store_be16(f->tcp + 16, checksum_finish(&c));
}

void ao_forge(struct two *w, unsigned from, const struct aksu_info *sender, uint8_t ctl,
              uint32_t seq_added, uint32_t text)
{
    static const uint8_t zeros[1000];
    uint8_t octets[OCTETS_MOST];
    struct writer writer = writer_of(octets, sizeof octets);
    struct tcp_segment seg = { .source_port = sender->local.port,
        .destination_port = sender->remote.port, .seq = seq_of(sender->snd_nxt + seq_added),
        .ack = seq_of(sender->rcv_nxt), .ctl = ctl, .wnd = 1000, .text_len = text,
        .parts = text > 0, .text = { { zeros, text } } };
    assert_true(text <= sizeof zeros);
    struct ipv4_plain ip = { .source = load_be32(ip_v4(&sender->local.ip)),
        .destination = load_be32(ip_v4(&sender->remote.ip)),
        .total_length = (uint16_t)(IPV4_HEADER + TCP_HEADER + text), .ttl = 64,
        .protocol = IP_PROTOCOL_TCP };
    wire_ipv4_build_plain(write_space(&writer, IPV4_HEADER), &ip);
    wire_tcp_build(&writer, &sender->local.ip, &sender->remote.ip, &seg, false);
    memcpy(write_space(&writer, text), zeros, text);
    ao_inject(w, 1 - from, octets, (uint32_t)writer_length(&writer));
}

struct aksu_info ao_info(struct aksu *net, aksu_conn c)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(net, c, &info), AKSU_OK);
    return info;
}

struct aksu_ao_info ao_status(struct aksu *net, aksu_conn c)
{
    struct aksu_ao_info info;
    assert_int_equal(aksu_ao_status(net, c, &info), AKSU_OK);
    return info;
}

uint64_t ao_dropped(struct aksu *net)
{
    return counted(net, AKSU_EV_ao_bad_mac) + counted(net, AKSU_EV_ao_missing)
         + counted(net, AKSU_EV_ao_no_key);
}

void ao_transfer(struct two *w, const aksu_conn c[2], unsigned from, uint64_t octets,
                 ao_look *look, void *context)
{
    static uint8_t text[65536], got[65536];
    uint64_t sent = 0, received = 0;
    for (unsigned turns = 0; received < octets; turns++) {
        size_t room = octets - sent < sizeof text ? (size_t)(octets - sent) : sizeof text;
        assert_true(turns < 1000000);
        for (size_t i = 0; i < room; i++)
            text[i] = (uint8_t)((sent + i) * 7 + ((sent + i) >> 8));
        ptrdiff_t n = aksu_send(w->net[from], c[from], text, room, 0, w->now);
        sent += n > 0 ? (uint64_t)n : 0;
        (void)ao_move(w, look, context);
        while ((n = aksu_receive(w->net[1 - from], c[1 - from], got, sizeof got, w->now)) > 0) {
            for (ptrdiff_t i = 0; i < n; i++, received++)
                if (got[i] != (uint8_t)(received * 7 + (received >> 8)))
                    fail_msg("octet %llu", (unsigned long long)received);
        }
        (void)ao_move(w, look, context);
        aksu_time due[2] = { aksu_next_timeout(w->net[0]), aksu_next_timeout(w->net[1]) };
        if (n == -AKSU_WOULD_BLOCK && sent < octets)
            w->now += AKSU_MS(1);
        else if (received < octets)
            w->now = due[0] < due[1] ? due[0] : due[1];
        for (unsigned side = 0; side < 2; side++)
            aksu_timeouts(w->net[side], w->now);
    }
}
