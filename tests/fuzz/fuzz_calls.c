/* fuzz_calls.c - sequences of user calls on two stacks, with frames that move, are lost or
 * damaged, and time. What is delivered is a prefix of what was sent; no stale handle is
 * accepted; the budget holds. */
#include <stdlib.h>
#include <string.h>

#include "aksu/ao.h"
#include "aksu/device.h"
#include "aksu/socket.h"
#include "base/bytes.h"
#include "tests/peer/mac.h"

enum { FLOWS = 12, PORT = 80, MEMORY = 1 << 20, PIECE = 4096, STEPS = 400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
    aksu_conn conn;
    bool live, was;
    uint64_t sent, got;
};

struct world {
    struct aksu *net[2];
    struct aksu_pair pair;
    aksu_listener listener;
    aksu_time now;
    struct end end[FLOWS][2];
    uint16_t port[FLOWS];
    unsigned flows;
    bool signs;                     /* TCP-AO: two keys on both sides, the first for a start */
    aksu_ao_key key[2][2];
};

static void must(bool what)
{
    if (!what)
        abort();
}

static uint8_t octet_at(unsigned flow, unsigned from, uint64_t n)
{
    return (uint8_t)(n * 167 + n / 251 + flow * 59 + from * 101);
}

static bool add_key(struct world *w, unsigned side, unsigned i, uint8_t shape)
{
    static const uint8_t secret[2][16] = { "first", "second" };
    struct aksu_mkt mkt = { .send_id = (uint8_t)i, .receive_id = (uint8_t)i, .key = secret[i],
                            .key_length = 16, .exclude_options = shape & 16,
                            .algorithm = i == 0 ? AKSU_AO_AES128 : AKSU_AO_SHA1 };
    return aksu_ao_add(w->net[side], &mkt, &w->key[side][i]) == AKSU_OK;
}

/* The MACs are those of a real function of all octets when `shape` says so: what is damaged, and
 * kept out by nothing else, is not taken then. */
static void sign(struct world *w, uint8_t shape)
{
    struct aksu_ao_config config = { .mac = shape & 128 ? peer_mac : peer_constant_mac };
    w->signs = true;
    for (unsigned side = 0; side < 2; side++) {
        must(aksu_ao_setup(w->net[side], &config) == AKSU_OK);
        must(add_key(w, side, 0, shape) && add_key(w, side, 1, shape));
    }
}

static void start(struct world *w, uint8_t shape)
{
    *w = (struct world){ .now = AKSU_SECONDS(1) };
    for (unsigned i = 0; i < 2; i++) {
        struct aksu_config c = { .memory_limit = MEMORY, .seed = { shape, (uint8_t)i },
                                 .send_buffer = shape & 1 ? 8192 : 0,
                                     .receive_buffer = shape & 2 ? 8192 : 0,
                                 .no_timestamps = shape & 4, .no_sack = shape & 8 };
        struct aksu_device_config d = { .mtu = shape & 16 ? 576 : 1500,
                                        .mac = { 2, 0, 0, 0, 0, (uint8_t)i } };
        if (shape & 32)
            memset(d.mac, 0, 6);
        w->net[i] = w->pair.net[i] = aksu_new(&c, w->now);
        must(w->net[i] != NULL);
        must(aksu_attach(w->net[i], &d, &w->pair.device[i]) == AKSU_OK);
        must(aksu_address_add(w->net[i], w->pair.device[i],
                              i ? "10.0.0.2/24" : "10.0.0.1/24") == AKSU_OK);
    }
    if (shape & 64)
        sign(w, shape);
    struct aksu_listen how = { .local.port = PORT, .backlog = 8 };
    must(aksu_listen(w->net[1], &how, &w->listener, w->now) == AKSU_OK);
}

/* A handle that was given back means nothing any more. */
static void gone(struct world *w, unsigned flow, unsigned side)
{
    struct end *e = &w->end[flow][side];
    struct aksu_info info;
    uint8_t octet = 0;
    e->live = false;
    must(aksu_status(w->net[side], e->conn, &info) == AKSU_DOES_NOT_EXIST);
    must(aksu_send(w->net[side], e->conn, &octet, 1, 0, w->now) == -(ptrdiff_t)AKSU_DOES_NOT_EXIST);
    must(aksu_close(w->net[side], e->conn, w->now) == AKSU_DOES_NOT_EXIST);
}

static void do_open(struct world *w)
{
    struct aksu_open how = { .remote = { { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 } }, PORT } };
    struct aksu_info info;
    struct end *e = w->end[w->flows];
    if (w->flows == FLOWS || aksu_open(w->net[0], &how, &e->conn, w->now) != AKSU_OK)
        return;
    must(aksu_status(w->net[0], e->conn, &info) == AKSU_OK);
    e->live = e->was = true;
    w->port[w->flows++] = info.local.port;
}

static void do_accept(struct world *w)
{
    aksu_conn conn;
    struct aksu_info info;
    if (aksu_accept(w->net[1], w->listener, &conn, w->now) != AKSU_OK)
        return;
    must(aksu_status(w->net[1], conn, &info) == AKSU_OK);
    unsigned flow = w->flows;
    while (flow > 0 && w->port[flow - 1] != info.remote.port)
        flow--;
    must(flow-- > 0);
    must(!w->end[flow][1].was);
    w->end[flow][1] = (struct end){ .conn = conn, .live = true, .was = true };
}

static void do_send(struct world *w, unsigned flow, unsigned side, size_t length, unsigned flags)
{
    struct end *e = &w->end[flow][side];
    uint8_t piece[PIECE];
    for (size_t i = 0; i < length; i++)
        piece[i] = octet_at(flow, side, e->sent + i);
    ptrdiff_t n = aksu_send(w->net[side], e->conn, piece, length, flags, w->now);
    must(n <= (ptrdiff_t)length);
    if (n > 0)
        e->sent += (uint64_t)n;
}

static void do_receive(struct world *w, unsigned flow, unsigned side, size_t length)
{
    struct end *e = &w->end[flow][side];
    uint8_t piece[PIECE];
    ptrdiff_t n = aksu_receive(w->net[side], e->conn, piece, length, w->now);
    must(n <= (ptrdiff_t)length);
    for (ptrdiff_t i = 0; i < n; i++)
        must(piece[i] == octet_at(flow, 1 - side, e->got + (uint64_t)i));
    if (n > 0)
        e->got += (uint64_t)n;
    must(e->got <= w->end[flow][1 - side].sent);
}

static bool in_use(const struct world *w, unsigned side, aksu_ao_key key)
{
    for (unsigned flow = 0; flow < w->flows; flow++) {
        struct aksu_ao_info info;
        const struct end *e = &w->end[flow][side];
        if (e->live && aksu_ao_status(w->net[side], e->conn, &info) == AKSU_OK && info.on
            && (info.current.serial == key.serial || info.next.serial == key.serial))
            return true;
    }
    return false;
}

/* The key goes unless it is used, and comes back when there is memory. */
static void replace(struct world *w, unsigned side, unsigned key, uint8_t shape)
{
    bool used = in_use(w, side, w->key[side][key]);
    if (aksu_ao_remove(w->net[side], w->key[side][key]) != AKSU_OK)
        return;
    must(!used);
    (void)add_key(w, side, key, shape);
}

/* An option; or which key to use, or another of the same octets. */
static void set(struct world *w, unsigned side, const struct end *e, uint8_t which, size_t length)
{
    unsigned key = length >> 1 & 1;
    if (!w->signs || which < 128)
        aksu_set(w->net[side], e->conn, (enum aksu_option)(which % 12), (int64_t)length, w->now);
    else if (length % 16 == 0)
        replace(w, side, key, (uint8_t)length);
    else
        aksu_ao_select(w->net[side], e->conn, length & 1 ? NULL : &w->key[side][key],
                       length & 4 ? NULL : &w->key[side][length >> 3 & 1], w->now);
}

static void use(struct world *w, struct reader *r, unsigned what)
{
    uint8_t which = read_u8(r);
    unsigned side = which & 1, flow = (which >> 1) % FLOWS;
    struct end *e = &w->end[flow][side];
    size_t length = read_be16(r) % PIECE;
    if (!e->live)
        return;
    if (what == 0) {
        do_send(w, flow, side, length, which >> 6);
    } else if (what == 1) {
        do_receive(w, flow, side, length);
    } else if (what == 2) {
        aksu_shutdown(w->net[side], e->conn, w->now);
    } else if (what == 3) {
        must(aksu_close(w->net[side], e->conn, w->now) == AKSU_OK);
        gone(w, flow, side);
    } else if (what == 4) {
        must(aksu_abort(w->net[side], e->conn, w->now) == AKSU_OK);
        gone(w, flow, side);
    } else {
        set(w, side, e, which, length);
    }
}

/* Frames that come out of one side: lost, or delivered with an octet changed. */
static void lose(struct world *w, struct reader *r)
{
    uint8_t how = read_u8(r);
    uint8_t octets[2000];
    struct aksu_frame f;
    unsigned side = how & 1;
    for (unsigned n = how >> 4; n > 0 && aksu_frame_out(w->net[side], &f, w->now); n--) {
        size_t length = 0;
        if (how & 2)
            continue;
        for (uint32_t i = 0; i < f.parts; i++) {
            memcpy(octets + length, f.part[i].data, f.part[i].length);
            length += f.part[i].length;
        }
        octets[14 + read_be16(r) % (length - 14)] ^= (uint8_t)(1u << (how >> 2 & 7));
        struct aksu_frame in = { .parts = 1, .length = (uint32_t)length,
                                 .part[0] = { octets, length } };
        aksu_frame_in(w->net[1 - side], w->pair.device[1 - side], &in, w->now);
    }
}

static void pass_time(struct world *w, uint16_t ms)
{
    w->now += AKSU_MS(ms);
    aksu_timeouts(w->net[0], w->now);
    aksu_timeouts(w->net[1], w->now);
}

static void check(const struct world *w)
{
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_counters c;
        aksu_counters(w->net[side], &c);
        must(c.memory_used <= c.memory_limit);
    }
}

static void step(struct world *w, struct reader *r)
{
    uint8_t what = read_u8(r) % 16;
    struct aksu_ready ready;
    if (what < 6)
        use(w, r, what);
    else if (what < 8)
        do_open(w);
    else if (what < 10)
        do_accept(w);
    else if (what < 13)
        aksu_pair_move(&w->pair, read_u8(r), w->now);
    else if (what == 13)
        lose(w, r);
    else if (what == 14)
        pass_time(w, read_be16(r));
    else
        while (aksu_next_ready(w->net[read_u8(r) & 1], &ready))
            continue;
    check(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of(data, size);
    struct world w;
    start(&w, read_u8(&r));
    for (unsigned n = 0; n < STEPS && reader_left(&r) > 0; n++)
        step(&w, &r);
    aksu_free(w.net[0]);
    aksu_free(w.net[1]);
    return 0;
}
