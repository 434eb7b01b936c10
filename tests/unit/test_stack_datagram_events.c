/* test_stack_datagram_events.c - what the events of datagrams and of ICMP errors say: the same sum
 * at both ends however the text was cut, what an error quotes, which connection it is about. */
#include "stack_help.h"

#include "stack/calls.h"
#include "wire/ipv4.h"

enum { PORT = 9000, CLOSED = 9, MOST = 64 };

struct heard {
    struct aksu_sink sink;      /* first */
    struct aksu_event event[MOST];
    unsigned count;
};

static void hear(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct heard *h = (struct heard *)sink;
    if (h->count < MOST)
        h->event[h->count++] = *event;
}

/* The nth of this kind. */
static const struct aksu_event *said(const struct heard *h, enum aksu_event_kind kind, unsigned nth)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->event[i].kind == kind && nth-- == 0)
            return &h->event[i];
    fail_msg("%s was not said", aksu_event_name(kind));
    return NULL;
}

struct scene {
    struct two w;
    struct heard heard[2];
    aksu_udp from, to;
};

static void set_up(struct scene *s, bool v6)
{
    struct link_options o = { .v6 = v6 };
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < 2; i++) {
        s->heard[i].sink.put = hear;
        o.config[i].sink = &s->heard[i].sink;
    }
    two_init(&s->w, &o);
    assert_int_equal(aksu_udp_open(s->w.net[SERVER], &(struct aksu_udp_open){ .local.port = PORT },
                                   &s->to), AKSU_OK);
    assert_int_equal(aksu_udp_open(s->w.net[CLIENT], &(struct aksu_udp_open){ 0 }, &s->from),
                     AKSU_OK);
    s->heard[CLIENT].count = s->heard[SERVER].count = 0;
}

static void send_to(struct scene *s, uint16_t port, const void *text, size_t length)
{
    struct aksu_endpoint to = { ip_of(&s->w, SERVER), port };
    assert_int_equal(aksu_udp_send(s->w.net[CLIENT], s->from, &to, text, length, s->w.now),
                     AKSU_OK);
}

static bool same(const struct aksu_endpoint *a, const struct aksu_endpoint *b)
{
    return a->port == b->port && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

/* In fragments too, and with an odd number of octets. */
static void both_ends_say_the_same_sum(void **state)
{
    (void)state;
    static uint8_t text[4001];
    static const size_t lengths[] = { 0, 1, 5, 1400, 4001 };
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7);
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct scene s;
        set_up(&s, v6);
        for (unsigned i = 0; i < 5; i++) {
            send_to(&s, PORT, text, lengths[i]);
            move(&s.w);
            const struct aksu_event *out = said(&s.heard[CLIENT], AKSU_EV_udp_out, i);
            const struct aksu_event *in = said(&s.heard[SERVER], AKSU_EV_udp_in, i);
            assert_int_equal(in->udp_in.len, lengths[i]);
            assert_int_equal(in->udp_in.sum, out->udp_out.sum);
            assert_true(same(&in->udp_in.remote, &out->udp_out.local));
        }
        /* RFC 1071 1: the complement of the words' sum, the odd octet before a zero. */
        assert_int_equal(said(&s.heard[SERVER], AKSU_EV_udp_in, 0)->udp_in.sum, 0xffff);
        assert_int_equal(said(&s.heard[SERVER], AKSU_EV_udp_in, 2)->udp_in.sum,
                         (uint16_t)~(0x0007 + 0x0e15 + 0x1c00));
        two_fini(&s.w);
    }
}

/* For a port where nobody is: who dropped what, and the error that goes back, at both ends. */
static void the_error_says_what_it_quotes(void **state)
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct scene s;
        set_up(&s, v6);
        send_to(&s, CLOSED, "anybody?", 8);
        move(&s.w);
        const struct aksu_event_udp_out *out = &said(&s.heard[CLIENT], AKSU_EV_udp_out, 0)->udp_out;
        const struct aksu_event_udp_dropped *dropped =
            &said(&s.heard[SERVER], AKSU_EV_udp_dropped, 0)->udp_dropped;
        const struct aksu_event_icmp_out *told =
            &said(&s.heard[SERVER], AKSU_EV_icmp_out, 0)->icmp_out;
        const struct aksu_event_icmp_in *in = &said(&s.heard[CLIENT], AKSU_EV_icmp_in, 0)->icmp_in;
        assert_true(same(&dropped->remote, &out->local) && same(&dropped->local, &out->remote));
        assert_int_equal(dropped->sum, out->sum);
        assert_string_equal(dropped->why, "no such UDP port");
        assert_int_equal(counted(s.w.net[SERVER], AKSU_EV_frame_dropped), 0);
        assert_int_equal(told->protocol, IP_PROTOCOL_UDP);
        assert_true(same(&told->local, &out->remote) && same(&told->remote, &out->local));
        assert_int_equal(in->protocol, IP_PROTOCOL_UDP);
        assert_true(same(&in->local, &out->local) && same(&in->remote, &out->remote));
        assert_string_equal(in->verdict, "taken");
        two_fini(&s.w);
    }
}

/* Its ports are told; of a header that is cut off there is nothing to tell. */
static void a_damaged_datagram_is_dropped_by_name(void **state)
{
    (void)state;
    struct scene s;
    struct aksu_frame f;
    uint8_t octets[64];
    set_up(&s, false);
    send_to(&s, PORT, "hello", 5);
    assert_true(take_frame(&s.w, CLIENT, &f));
    uint32_t length = 0;
    for (uint32_t i = 0; i < f.parts; length += (uint32_t)f.part[i++].length)
        memcpy(octets + length, f.part[i].data, f.part[i].length);
    octets[length - 1] ^= 1;
    struct aksu_frame in = { .parts = 1, .length = length, .part = { { octets, length } } };
    aksu_frame_in(s.w.net[SERVER], s.w.pair.device[SERVER], &in, s.w.now);
    const struct aksu_event_udp_dropped *dropped =
        &said(&s.heard[SERVER], AKSU_EV_udp_dropped, 0)->udp_dropped;
    assert_string_equal(dropped->why, "UDP checksum");
    assert_int_equal(dropped->local.port, PORT);
    assert_int_equal(dropped->len, 5);
    octets[24] = 0xff;                          /* longer than the packet */
    aksu_frame_in(s.w.net[SERVER], s.w.pair.device[SERVER], &in, s.w.now);
    assert_int_equal(counted(s.w.net[SERVER], AKSU_EV_udp_dropped), 1);
    assert_int_equal(counted(s.w.net[SERVER], AKSU_EV_frame_dropped), 1);
    two_fini(&s.w);
}

/* An error from a router about the segment at `f`, 28 octets of which are quoted. */
static void error_about(struct scene *s, const struct aksu_frame *f)
{
    uint8_t octets[128];
    struct icmp_message m = { .kind = ICMP_UNREACHABLE, .code = 1, .body = f->part[0].data,
                              .body_length = 28 };
    struct ip_out ip = { .source = ip_text("10.0.0.254"), .destination = ip_of(&s->w, CLIENT),
                         .ttl = 64, .protocol = IP_PROTOCOL_ICMP };
    struct writer out = writer_of(octets, sizeof octets);
    ip_build(&out, &ip, 8 + 28);
    wire_icmpv4_build(&out, &m);
    struct aksu_frame in = { .parts = 1, .length = (uint32_t)writer_length(&out),
                             .part = { { octets, writer_length(&out) } } };
    aksu_frame_in(s->w.net[CLIENT], s->w.pair.device[CLIENT], &in, s->w.now);
}

static void an_error_bears_the_number_of_its_connection(void **state)
{
    (void)state;
    struct scene s;
    struct aksu_frame f;
    set_up(&s, false);
    aksu_conn c = open_to(&s.w, 80);
    assert_true(take_frame(&s.w, CLIENT, &f));
    error_about(&s, &f);
    const struct aksu_event *in = said(&s.heard[CLIENT], AKSU_EV_icmp_in, 0);
    assert_int_equal(in->conn, c.index);
    assert_int_equal(in->icmp_in.protocol, IP_PROTOCOL_TCP);
    assert_int_equal(in->icmp_in.remote.port, 80);
    assert_true(same(&in->icmp_in.local, &said(&s.heard[CLIENT], AKSU_EV_opened, 0)->opened.local));
    aksu_abort(s.w.net[CLIENT], c, s.w.now);
    error_about(&s, &f);
    in = said(&s.heard[CLIENT], AKSU_EV_icmp_in, 1);
    assert_int_equal(in->conn, 0);
    assert_int_equal(in->icmp_in.remote.port, 80);
    two_fini(&s.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_say_the_same_sum),
        cmocka_unit_test(the_error_says_what_it_quotes),
        cmocka_unit_test(a_damaged_datagram_is_dropped_by_name),
        cmocka_unit_test(an_error_bears_the_number_of_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
