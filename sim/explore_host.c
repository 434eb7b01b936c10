/* explore_host.c - the two stacks: put into a state, given a frame or time, asked what they say,
 * and kept as a state again. A state's snapshot is kept as what differs from the first one. Called
 * by explore.c. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/explore.h"

enum { PIECE = 32, ROOM = 512 << 10, MEMORY = 320 << 10, TURNS_MOST = 64, BEGINS = 1 };

struct piece {
    uint32_t at;
    uint8_t octets[PIECE];
};

/* --- making --- */

static bool end_init(struct aksu_explore *x, uint32_t side)
{
    static const char *const address[2] = { "10.0.0.1/24", "10.0.0.2/24" };
    static const char *const ip[2] = { "10.0.0.1", "10.0.0.2" };
    struct explore_end *e = &x->end[side];
    struct aksu_config config = x->config.stack;
    *e = (struct explore_end){ .x = x, .side = side, .sink = { explore_judge_put },
                               .loaded = EXPLORE_NONE, .now = AKSU_SECONDS(BEGINS) };
    memcpy(config.seed, &x->config.seed, sizeof x->config.seed);
    config.seed[15] = (uint8_t)(side + 1);
    config.memory_limit = MEMORY;
    config.memory = NULL;
    config.sink = &e->sink;
    config.max_connections = config.max_time_wait = 8;
    e->net = aksu_new(&config, e->now);
    e->first = calloc(1, ROOM);
    e->copy = calloc(1, ROOM);
    struct aksu_device_config device = { .name = "explore", .offload = AKSU_OFFLOAD_CHECKSUM };
    return e->net != NULL && e->first != NULL && e->copy != NULL
        && aksu_attach(e->net, &device, &e->device) == AKSU_OK
        && aksu_address_add(e->net, e->device, address[side]) == AKSU_OK
        && aksu_ip_parse(ip[side], &e->ip[0]) && aksu_ip_parse(ip[!side], &e->ip[1])
        && aksu_snapshot(e->net, e->first, ROOM) == AKSU_OK;
}

bool explore_ends_init(struct aksu_explore *x)
{
    return end_init(x, 0) && end_init(x, 1);
}

void explore_ends_free(struct aksu_explore *x)
{
    for (unsigned i = 0; i < 2; i++) {
        aksu_free(x->end[i].net);
        free(x->end[i].first);
        free(x->end[i].copy);
    }
}

/* --- states --- */

static bool room_for_piece(struct aksu_explore *x)
{
    if (x->pieces_used + sizeof(struct piece) <= x->pieces_room)
        return true;
    size_t room = x->pieces_room + x->pieces_room / 2 + (1 << 20);
    uint8_t *more = realloc(x->pieces, room);
    if (more == NULL)
        return false;
    x->pieces = more;
    x->pieces_room = room;
    return true;
}

/* What of the snapshot in e->copy is not as in the first one. */
static bool keep_pieces(struct aksu_explore *x, struct explore_end *e, struct explore_state *s)
{
    s->at = x->pieces_used;
    s->pieces = 0;
    memset(e->copy + s->size, 0, PIECE);
    for (uint32_t at = 0; at < s->size; at += PIECE) {
        struct piece p = { .at = at };
        if (memcmp(e->copy + at, e->first + at, PIECE) == 0)
            continue;
        if (!room_for_piece(x))
            return false;
        memcpy(p.octets, e->copy + at, PIECE);
        memcpy(x->pieces + x->pieces_used, &p, sizeof p);
        x->pieces_used += sizeof p;
        s->pieces++;
    }
    return true;
}

static void load(struct aksu_explore *x, struct explore_end *e, uint32_t number)
{
    const struct explore_state *s = explore_state_at(x, number);
    struct piece p;
    memcpy(e->copy, e->first, s->size);
    for (uint32_t i = 0; i < s->pieces; i++) {
        memcpy(&p, x->pieces + s->at + i * sizeof p, sizeof p);
        memcpy(e->copy + p.at, p.octets, PIECE);
    }
    if (aksu_restore(e->net, e->copy, s->size) != AKSU_OK)
        explore_violation(x, e, "its snapshot is refused");
    e->app = s->app;
    e->loaded = number;
}

/* The state that the end is in, as a number; NONE: no memory. */
static uint32_t keep(struct aksu_explore *x, struct explore_end *e)
{
    struct explore_state s;
    struct aksu_info info;
    struct aksu_counters counters;
    bool fresh;
    memset(&s, 0, sizeof s);
    aksu_snapshot_digest(e->net, s.digest);
    s.app = e->app;
    s.side = e->side;
    s.next = aksu_next_timeout(e->net);
    if (e->app.has_conn && aksu_status(e->net, e->app.conn, &info) == AKSU_OK) {
        s.live = info.state >= AKSU_TCP_ESTABLISHED;
        s.iss = info.iss;
        s.una = info.snd_una;
        s.irs = info.irs;
        s.rcv_nxt = info.rcv_nxt;
    }
    aksu_counters(e->net, &counters);
    s.connections = counters.connections;
    s.time_wait = counters.time_wait;
    s.size = (uint32_t)aksu_snapshot_size(e->net);
    uint32_t number = explore_set_put(&x->states, &s, &fresh);
    e->loaded = number;
    if (number == EXPLORE_NONE || !fresh)
        return number;
    if (aksu_snapshot(e->net, e->copy, ROOM - PIECE) != AKSU_OK || !keep_pieces(x, e, &s))
        return EXPLORE_NONE;
    memcpy(explore_state_at(x, number), &s, sizeof s);
    return number;
}

/* --- steps --- */

static uint32_t flat(const struct aksu_frame *f, uint8_t *to)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < f->parts; i++) {
        memcpy(to + at, f->part[i].data, f->part[i].length);
        at += (uint32_t)f->part[i].length;
    }
    return at;
}

/* The frame leaves: its number is among `out`. False: no memory. */
static bool leaves(struct aksu_explore *x, struct explore_end *e, const struct aksu_frame *f,
                   struct explore_net *out)
{
    struct explore_frame frame;
    bool fresh;
    memset(&frame, 0, sizeof frame);
    if (f->length > sizeof frame.octets || out->count == EXPLORE_FLYING_MOST) {
        explore_violation(x, e, f->length > sizeof frame.octets
                              ? "a frame of %u octets leaves" : "it does not stop sending",
                          (unsigned)f->length);
        return true;
    }
    frame.born = e->now;
    frame.to = !e->side;
    frame.length = flat(f, frame.octets);
    if (x->config.rewrite != NULL)
        frame.length = x->config.rewrite(x->config.context, frame.octets, frame.length,
                                         sizeof frame.octets, e->now);
    if (frame.length == 0)
        return true;
    memset(frame.octets + frame.length, 0, sizeof frame.octets - frame.length);
    uint32_t number = explore_set_put(&x->frames, &frame, &fresh), i = out->count++;
    for (; i > 0 && out->frame[i - 1] > number; i--)
        out->frame[i] = out->frame[i - 1];
    out->frame[i] = number;
    return number != EXPLORE_NONE;
}

/* What follows at once from what has happened. */
static bool follows(struct aksu_explore *x, struct explore_end *e, struct explore_net *out)
{
    struct aksu_frame f;
    memset(out, 0, sizeof *out);
    for (unsigned turn = 0; !x->violated; turn++) {
        uint32_t before = e->events;
        while (aksu_frame_out(e->net, &f, e->now))
            if (!leaves(x, e, &f, out))
                return false;
        explore_app_act(e);
        if (e->events == before)
            break;
        if (turn == TURNS_MOST)
            explore_violation(x, e, "it does not come to rest");
    }
    explore_judge_end(e);
    return true;
}

static void give(struct explore_end *e, const struct explore_frame *frame)
{
    struct aksu_frame in = { .parts = 1, .length = frame->length, .checksum_partial = true,
                             .part = { { frame->octets, frame->length } } };
    aksu_frame_in(e->net, e->device, &in, e->now);
}

static const struct explore_known *ask(struct aksu_explore *x, const struct explore_known *key)
{
    struct explore_known known = *key;
    struct explore_end *e = &x->end[explore_state_at(x, key->state)->side];
    struct explore_net out;
    bool fresh;
    if (e->loaded != key->state)
        load(x, e, key->state);
    e->now = *(aksu_time *)explore_set_at(&x->times, key->time);
    e->events = 0;
    x->calls++;
    e->loaded = EXPLORE_NONE;
    if (key->frame == EXPLORE_NONE)
        aksu_timeouts(e->net, e->now);
    else
        give(e, explore_set_at(&x->frames, key->frame));
    if (!follows(x, e, &out))
        x->failed = true;
    if (x->violated || x->failed)
        return NULL;
    known.silent = e->events == 0 && out.count == 0;
    known.to = keep(x, e);
    known.sent = explore_set_put(&x->nets, &out, &fresh);
    uint32_t number = explore_set_put(&x->known, &known, &fresh);
    if (known.to == EXPLORE_NONE || known.sent == EXPLORE_NONE || number == EXPLORE_NONE) {
        x->failed = true;
        return NULL;
    }
    return explore_set_at(&x->known, number);
}

const struct explore_known *explore_ask(struct aksu_explore *x, uint32_t state, uint32_t frame,
                                        aksu_time now)
{
    bool fresh;
    struct explore_known key = { .state = state, .frame = frame };
    key.time = explore_set_put(&x->times, &now, &fresh);
    if (key.time == EXPLORE_NONE) {
        x->failed = true;
        return NULL;
    }
    uint32_t number = x->again ? EXPLORE_NONE : explore_set_find(&x->known, &key);
    return number != EXPLORE_NONE ? explore_set_at(&x->known, number) : ask(x, &key);
}

bool explore_start(struct aksu_explore *x, struct explore_node *out)
{
    struct explore_net both, net;
    bool fresh;
    memset(&both, 0, sizeof both);
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < 2; i++) {
        struct explore_end *e = &x->end[i];
        if (aksu_restore(e->net, e->first, ROOM) != AKSU_OK)
            explore_violation(x, e, "its snapshot is refused");
        memset(&e->app, 0, sizeof e->app);
        e->now = AKSU_SECONDS(BEGINS);
        explore_app_open(e);
        if (!follows(x, e, &net))
            return false;
        for (uint32_t k = 0; k < net.count; k++)        /* b's have higher numbers */
            both.frame[both.count++] = net.frame[k];
        out->state[i] = keep(x, e);
    }
    aksu_time now = AKSU_SECONDS(BEGINS);
    out->time = explore_set_put(&x->times, &now, &fresh);
    out->net = explore_set_put(&x->nets, &both, &fresh);
    return !x->violated && out->state[0] != EXPLORE_NONE && out->state[1] != EXPLORE_NONE
        && out->time != EXPLORE_NONE && out->net != EXPLORE_NONE;
}
