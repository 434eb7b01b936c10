/* gro_help.c - batches of segments made by hand. */
#include "gro_help.h"

static void hear(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct heard *h = (struct heard *)sink;
    if (e->kind == AKSU_EV_segment_in && h->in < HEARD_MOST)
        h->segment[h->in++] = e->segment_in;
    if (e->kind == AKSU_EV_segment_out && h->out < HEARD_MOST)
        memcpy(&h->sent[h->out++], &e->segment_out, sizeof e->segment_out);
    h->dropped += e->kind == AKSU_EV_frame_dropped || e->kind == AKSU_EV_dropped;
}

void scene_init(struct scene *s, bool v6, bool ethernet)
{
    *s = (struct scene){ .ethernet = ethernet, .heard = { .sink = { hear } } };
    struct link_options o = { .v6 = v6, .ethernet = ethernet };
    o.config[SERVER].sink = &s->heard.sink;
    o.config[SERVER].no_quick_acks = true;      /* the ACKs are those of a connection that runs */
    two_init(&s->w, &o);
    s->listener = listen_on(&s->w, SERVER, 80, false);
}

void scene_fini(struct scene *s)
{
    two_fini(&s->w);
}

struct flow scene_flow(struct scene *s)
{
    struct flow f;
    f.conn[CLIENT] = open_to(&s->w, 80);
    wait_for(&s->w, AKSU_MS(100));
    assert_int_equal(aksu_accept(s->w.net[SERVER], s->listener, &f.conn[SERVER], s->w.now),
                     AKSU_OK);
    assert_int_equal(aksu_status(s->w.net[CLIENT], f.conn[CLIENT], &f.info), AKSU_OK);
    assert_true(f.info.timestamps);
    f.ts = s->heard.segment[s->heard.in - 1].ts_val;
    return f;
}

uint8_t stream_octet(uint32_t n)
{
    return (uint8_t)(n * 7 + n / 251);
}

/* Options: timestamps, and what makes them different. */
static void write_options(struct writer *w, const struct flow *f, const struct shape *shape)
{
    write_be32(w, 0x0101080a);
    write_be32(w, f->ts + shape->ts);
    write_be32(w, 0);
    for (unsigned i = 0; i < shape->nops * 4u; i++)
        write_u8(w, OPTION_NOP);
}

static void write_segment(struct scene *s, struct writer *w, const struct flow *f, uint32_t at,
                          uint32_t length, const struct shape *shape)
{
    struct aksu_ip source = ip_of(&s->w, CLIENT), destination = ip_of(&s->w, SERVER);
    uint8_t *start = w->at;
    uint32_t offset = 32u + shape->nops * 4u;
    write_be16(w, (uint16_t)(f->info.local.port + shape->port));
    write_be16(w, f->info.remote.port);
    write_be32(w, f->info.snd_nxt + at);
    write_be32(w, f->info.rcv_nxt + shape->ack);
    write_u8(w, (uint8_t)(offset << 2));
    write_u8(w, (uint8_t)((shape->no_ack ? 0 : CTL_ACK) ^ shape->ctl));
    write_be16(w, (uint16_t)(500 + shape->wnd));
    write_be32(w, 0);
    write_options(w, f, shape);
    for (uint32_t i = 0; i < length; i++)
        write_u8(w, stream_octet(at + i));
    assert_false(w->bad);
    struct checksum c = checksum_pseudo(&source, &destination, IP_PROTOCOL_TCP, offset + length);
    checksum_add(&c, start, offset + length);
    uint16_t sum = checksum_finish(&c);
    store_be16(start + 16, shape->verified ? 0x1234 : shape->damaged ? (uint16_t)(sum + 1) : sum);
}

static void write_link(struct scene *s, struct writer *w, const struct shape *shape)
{
    struct ethernet_header h = { .type = s->w.v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4,
                                 .destination = { 2, 0, 0, 0, 0, 2 },
                                 .source = { 2, 0, 0, 0, 0, 1 } };
    h.source[5] ^= shape->mac;
    if (s->ethernet)
        wire_ethernet_build(w, &h);
}

static void write_ip(struct scene *s, struct writer *w, uint32_t length, const struct shape *shape)
{
    static const uint8_t nops[4] = { 1, 1, 1, 0 };
    struct aksu_ip source = ip_of(&s->w, CLIENT), destination = ip_of(&s->w, SERVER);
    if (s->w.v6) {
        struct ip_out ip = { .source = source, .destination = destination, .ttl = 64 ^ shape->ttl,
                             .protocol = shape->ip_options ? 60 : IP_PROTOCOL_TCP,
                             .tos = shape->tos };
        ip_build(w, &ip, length + (shape->ip_options ? 8 : 0));
        if (shape->ip_options)                  /* destination options: six octets of padding */
            memcpy(write_space(w, 8), "\6\0\1\4\0\0\0", 8);
        return;
    }
    struct ipv4_header h = { .source = source, .destination = destination,
                             .protocol = IP_PROTOCOL_TCP, .tos = shape->tos,
                             .ttl = 64 ^ shape->ttl, .identification = (uint16_t)(uintptr_t)w->at,
                             .more_fragments = shape->more_fragments,
                             .dont_fragment = !shape->more_fragments,
                             .options_length = shape->ip_options ? 4 : 0, .options = nops };
    h.total_length = (uint16_t)(IPV4_HEADER + h.options_length + length);
    uint8_t *start = w->at;
    wire_ipv4_build(w, &h);
    start[10] ^= shape->ip_damaged;
}

/* The headers stay in the first slice. */
static void cut_frame(struct aksu_frame *f, const uint8_t *octets, size_t length, size_t headers,
                      unsigned slices)
{
    size_t at = slices > 1 ? headers : length, rest = length - at;
    f->parts = 1;
    f->length = (uint32_t)length;
    f->part[0] = (struct aksu_slice){ octets, at };
    for (unsigned left = slices > 1 ? slices - 1 : 0; left > 0; left--) {
        size_t n = rest / left;
        f->part[f->parts++] = (struct aksu_slice){ octets + at, n };
        at += n;
        rest -= n;
    }
}

void put(struct scene *s, struct batch *b, const struct flow *f, uint32_t at, uint32_t length,
         const struct shape *shape)
{
    static const struct shape usual;
    static uint8_t room[66000];
    const struct shape *how = shape != NULL ? shape : &usual;
    struct writer w = writer_of(room, sizeof room);
    uint32_t tcp = 32u + how->nops * 4u + length;
    write_link(s, &w, how);
    write_ip(s, &w, tcp, how);
    write_segment(s, &w, f, at, length, how);
    size_t total = writer_length(&w);
    memset(room + total, 0xee, how->padding);
    total += how->padding;
    total -= how->missing;

    assert_true(b->count < FRAMES_MOST);
    uint8_t *copy = b->octets[b->count] = exact_copy(room, total);
    struct aksu_frame *frame = &b->frame[b->count++];
    *frame = (struct aksu_frame){ .gso_size = how->gso, .checksum_partial = how->verified };
    cut_frame(frame, copy, total, total + how->missing - how->padding - length, how->slices);
}

void batch_clear(struct batch *b)
{
    for (unsigned i = 0; i < b->count; i++)
        free(b->octets[i]);
    b->count = 0;
}

static void begin_to_hear(struct scene *s)
{
    s->heard.in = s->heard.out = s->heard.dropped = 0;
}

void give_batch(struct scene *s, struct batch *b)
{
    begin_to_hear(s);
    aksu_frames_in(s->w.net[SERVER], s->w.pair.device[SERVER], b->frame, b->count, s->w.now);
    batch_clear(b);
}

void give_singly(struct scene *s, struct batch *b)
{
    begin_to_hear(s);
    for (unsigned i = 0; i < b->count; i++)
        aksu_frame_in(s->w.net[SERVER], s->w.pair.device[SERVER], &b->frame[i], s->w.now);
    batch_clear(b);
}

void drain(struct scene *s)
{
    struct aksu_frame f;
    while (take_frame(&s->w, SERVER, &f))
        ;
}

uint32_t read_stream(struct scene *s, const struct flow *f, uint32_t at)
{
    static uint8_t got[1 << 20];
    ptrdiff_t n;
    while ((n = aksu_receive(s->w.net[SERVER], f->conn[SERVER], got, sizeof got, s->w.now)) > 0)
        for (ptrdiff_t i = 0; i < n; i++, at++)
            assert_int_equal(got[i], stream_octet(at));
    return at;
}

struct aksu_info server_info(const struct scene *s, const struct flow *f)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(s->w.net[SERVER], f->conn[SERVER], &info), AKSU_OK);
    return info;
}
