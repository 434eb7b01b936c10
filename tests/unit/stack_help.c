/* stack_help.c - two stacks over the pair device, in virtual time. */
#include "stack_help.h"

void announce_to_nobody(struct aksu *net, aksu_time now)
{
    struct aksu_frame f;
    for (aksu_time at = now; at <= now + ANNOUNCED; at += ANNOUNCED) {
        aksu_timeouts(net, at);
        while (aksu_frame_out(net, &f, at))
            ;
    }
}

void two_init(struct two *w, const struct link_options *options)
{
    static const char *const address[2][2] = { { "10.0.0.1/24", "fd00::1/64" },
                                               { "10.0.0.2/24", "fd00::2/64" } };
    static const struct link_options defaults;
    const struct link_options *o = options != NULL ? options : &defaults;
    *w = (struct two){ .now = AKSU_SECONDS(1000), .v6 = o->v6 };
    for (unsigned i = 0; i < 2; i++) {
        struct aksu_config config = o->config[i];
        config.seed[0] = (uint8_t)(i + 1);
        w->net[i] = aksu_new(&config, w->now - ANNOUNCED);
        assert_non_null(w->net[i]);
        struct aksu_device_config device = { .name = "pair", .mtu = o->mtu, .offload = o->offload,
                                              .carries_loopback = o->carries_loopback };
        if (o->ethernet) {
            device.mac[0] = 2;
            device.mac[5] = (uint8_t)(i + 1);
        }
        w->pair.net[i] = w->net[i];
        assert_int_equal(aksu_attach(w->net[i], &device, &w->pair.device[i]), AKSU_OK);
        for (unsigned a = 0; a < 2; a++)
            assert_int_equal(aksu_address_add(w->net[i], w->pair.device[i], address[i][a]),
                             AKSU_OK);
        announce_to_nobody(w->net[i], w->now - ANNOUNCED);
    }
}

void two_fini(struct two *w)
{
    aksu_free(w->net[0]);
    aksu_free(w->net[1]);
}

size_t move(struct two *w)
{
    size_t n = aksu_pair_move(&w->pair, 1000000, w->now);
    assert_true(n < 1000000);
    return n;
}

void wait_for(struct two *w, aksu_time time)
{
    aksu_time end = w->now + time;
    move(w);
    for (unsigned turns = 0;; turns++) {
        assert_true(turns < 10000000);
        aksu_time next = end;
        for (unsigned i = 0; i < 2; i++) {
            aksu_time due = aksu_next_timeout(w->net[i]);
            next = due < next ? due : next;
        }
        w->now = next > w->now ? next : w->now;
        for (unsigned i = 0; i < 2; i++)
            aksu_timeouts(w->net[i], w->now);
        move(w);
        if (w->now == end)
            return;
    }
}

struct aksu_ip ip_text(const char *text)
{
    struct aksu_ip ip;
    assert_true(aksu_ip_parse(text, &ip));
    return ip;
}

struct aksu_ip ip_of(const struct two *w, unsigned side)
{
    static const char *const text[2][2] = { { "10.0.0.1", "fd00::1" }, { "10.0.0.2", "fd00::2" } };
    return ip_text(text[side][w->v6]);
}

uint32_t ready_bits(struct aksu *net, aksu_conn conn)
{
    struct aksu_ready r;
    uint32_t bits = 0;
    while (aksu_next_ready(net, &r))
        bits |= r.conn.index == conn.index && r.conn.generation == conn.generation ? r.what : 0;
    return bits;
}

aksu_listener listen_on(struct two *w, unsigned side, uint16_t port, bool hold)
{
    aksu_listener l;
    struct aksu_listen how = { .local = { .port = port }, .hold_syn = hold, .cookie = 77 };
    assert_int_equal(aksu_listen(w->net[side], &how, &l, w->now), AKSU_OK);
    return l;
}

aksu_conn open_to(struct two *w, uint16_t port)
{
    aksu_conn c;
    struct aksu_open how = { .remote = { ip_of(w, SERVER), port }, .cookie = 11 };
    assert_int_equal(aksu_open(w->net[CLIENT], &how, &c, w->now), AKSU_OK);
    return c;
}

void connect_pair(struct two *w, aksu_listener l, uint16_t port, aksu_conn out[2])
{
    out[CLIENT] = open_to(w, port);
    move(w);
    assert_int_equal(aksu_accept(w->net[SERVER], l, &out[SERVER], w->now), AKSU_OK);
    assert_int_equal(state_of(w->net[CLIENT], out[CLIENT]), AKSU_TCP_ESTABLISHED);
    assert_int_equal(state_of(w->net[SERVER], out[SERVER]), AKSU_TCP_ESTABLISHED);
}

enum aksu_tcp_state state_of(struct aksu *net, aksu_conn conn)
{
    struct aksu_info info;
    assert_int_equal(aksu_status(net, conn, &info), AKSU_OK);
    return info.state;
}

bool take_frame(struct two *w, unsigned side, struct aksu_frame *out)
{
    return aksu_frame_out(w->net[side], out, w->now);
}

uint64_t counted(struct aksu *net, enum aksu_event_kind kind)
{
    struct aksu_counters c;
    aksu_counters(net, &c);
    return c.event[kind];
}
