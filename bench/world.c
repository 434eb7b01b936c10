/* world.c - two stacks, joined; and the connections that stand around while others are measured. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

enum { BATCH = 64, ANY_PORT = 0, FIRST_PORT = 1024, USUAL_ROOM = 1 << 17 };
/* Nothing is touched before it is used. An eighth of the pages is kept for those that are
 * established: EACH is 512 octets and that, RECORD 64 and that. */
static const size_t MEMORY = (size_t)512 << 20, EACH = 640, RECORD = 80;

_Noreturn void give_up(const char *what, long status)
{
    fprintf(stderr, "bench: %s: %s\n", what,
            status < 0 ? aksu_status_text((enum aksu_status)-status)
                       : aksu_status_text((enum aksu_status)status));
    exit(1);
}

static void must(enum aksu_status status, const char *what)
{
    if (status != AKSU_OK)
        give_up(what, status);
}

/* Room for so many. */
struct room {
    uint32_t connections, records;
    aksu_time msl;                      /* 0: as by default */
};

static struct world *world_of(struct room room, bool ethernet)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL)
        give_up("world", AKSU_NO_RESOURCES);
    w->now = AKSU_SECONDS(1);
    w->pairs.server_ports = 1;
    size_t memory = MEMORY + EACH * room.connections + RECORD * (size_t)room.records;
    for (uint8_t i = 0; i < 2; i++) {
        struct aksu_config c = { .memory_limit = memory, .seed = { i }, .msl = room.msl,
                                 .max_connections = room.connections,
                                 .max_time_wait = room.records };
        struct aksu_device_config d = { .name = "pair", .mtu = MTU };
        if (ethernet)
            memcpy(d.mac, (uint8_t[6]){ 2, 0, 0, 0, 0, (uint8_t)(i + 1) }, 6);
        w->net[i] = w->pair.net[i] = aksu_new(&c, w->now);
        if (w->net[i] == NULL)
            give_up("aksu_new", AKSU_NO_RESOURCES);
        must(aksu_attach(w->net[i], &d, &w->pair.device[i]), "attach");
        must(aksu_address_add(w->net[i], w->pair.device[i], i == 0 ? "10.0.0.1/24" : "10.0.0.2/24"),
             "address");
    }
    return w;
}

static void listen_on(struct world *w, uint16_t port)
{
    struct aksu_listen how = { .local.port = port, .backlog = 2 * BATCH };
    must(aksu_listen(w->net[1], &how, &w->listener, w->now), "listen");
}

void world_free(struct world *w)
{
    aksu_free(w->net[0]);
    aksu_free(w->net[1]);
    free(w->other);
    free(w);
}

void world_step(struct world *w, aksu_time later)
{
    aksu_pair_move(&w->pair, SIZE_MAX, w->now);
    w->now += later;
    for (int i = 0; i < 2; i++)
        if (aksu_next_timeout(w->net[i]) <= w->now)
            aksu_timeouts(w->net[i], w->now);
}

/* Nothing of the past is told or armed any more. */
static void settle(struct world *w)
{
    struct aksu_ready ready;
    for (int i = 0; i < 300; i++)
        world_step(w, AKSU_MS(100));
    for (int i = 0; i < 2; i++)
        while (aksu_next_ready(w->net[i], &ready))
            continue;
}

static void open_one(struct world *w, uint32_t number, aksu_conn *out)
{
    struct aksu_open how = { .local.port = (uint16_t)(FIRST_PORT + number % PORTS),
                             .remote.port = (uint16_t)(1000 + number / PORTS) };
    if (!aksu_ip_parse("10.0.0.2", &how.remote.ip))
        give_up("address", AKSU_INVALID);
    must(aksu_open(w->net[0], &how, out, w->now), "open");
}

void world_connect(struct world *w, uint32_t count, aksu_conn *out)
{
    aksu_listener any;
    struct aksu_listen how = { .local.port = ANY_PORT, .backlog = 2 * BATCH };
    must(aksu_listen(w->net[1], &how, &any, w->now), "listen");
    for (uint32_t done = 0; done < count;) {
        uint32_t batch = count - done < BATCH ? count - done : BATCH;
        aksu_conn c;
        for (uint32_t i = 0; i < batch; i++)
            open_one(w, done + i, out != NULL ? &out[done + i] : &c);
        world_step(w, AKSU_US(100));
        for (uint32_t i = 0; i < batch; i++)
            must(aksu_accept(w->net[1], any, &c, w->now), "accept");
        done += batch;
    }
    must(aksu_close_listener(w->net[1], any, w->now), "close listener");
    settle(w);
}

struct world *world_empty(uint32_t connections, uint32_t records, bool ethernet)
{
    struct world *w = world_of((struct room){ connections, records, 0 }, ethernet);
    listen_on(w, WORLD_PORT);
    return w;
}

struct world *world_of_records(uint32_t records, aksu_time msl, struct pairs pairs, bool ethernet)
{
    struct world *w = world_of((struct room){ USUAL_ROOM, records + BATCH, msl }, ethernet);
    listen_on(w, ANY_PORT);
    w->pairs = pairs;
    return w;
}

static void join(struct world *w, aksu_conn end[2])
{
    struct aksu_open how = { .remote.port = WORLD_PORT };
    if (!aksu_ip_parse("10.0.0.2", &how.remote.ip))
        give_up("address", AKSU_INVALID);
    must(aksu_open(w->net[0], &how, &end[0], w->now), "open");
    world_step(w, AKSU_US(100));
    must(aksu_accept(w->net[1], w->listener, &end[1], w->now), "accept");
}

struct world *world_new(uint32_t others, bool ethernet)
{
    uint32_t room = others + BATCH > USUAL_ROOM ? others + BATCH : (uint32_t)USUAL_ROOM;
    struct world *w = world_of((struct room){ room, USUAL_ROOM, 0 }, ethernet);
    listen_on(w, WORLD_PORT);
    w->others = others;
    w->other = calloc(others + 1u, sizeof *w->other);
    if (w->other == NULL)
        give_up("handles", AKSU_NO_RESOURCES);
    world_connect(w, others, w->other);

    join(w, w->end);
    for (int i = 0; i < 2; i++) {
        must(aksu_set(w->net[i], w->end[i], AKSU_OPTION_SEND_BUFFER, BUFFER, w->now), "buffer");
        must(aksu_set(w->net[i], w->end[i], AKSU_OPTION_RECEIVE_BUFFER, BUFFER, w->now), "buffer");
    }
    join(w, w->grown);
    settle(w);
    return w;
}
