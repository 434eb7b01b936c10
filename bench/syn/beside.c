/* beside.c - a server with an established bulk flow whose listener is flooded: 64 KiB of the flow,
 * then SYNs, in turns; now and then a client opens a connection to the same port. The rate of the
 * flow is that per second of the CPU that is spent outside the handling of the SYNs, both ends of
 * it together; alone, the same turns are taken without the SYNs. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/syn/syn.h"

enum { CLIENT, SERVER, CHUNK = 64 << 10, TURNS = 50, BLOCKS = 40,
       CONNECT_EVERY = 25, FLOOD_BATCHES = 4,
       ACK_EVERY = 2, MTU = 1500 };
/* Of the stacks' clock: 3 million SYNs a second. */
static const aksu_time TURN = AKSU_SECONDS(1) / 3000000 * BATCH * FLOOD_BATCHES;

struct beside {
    struct aksu *net[2];
    aksu_device link[2], outside;       /* outside: where the flood comes from */
    aksu_listener listener;
    aksu_conn bulk[2];
    aksu_time now;
    uint64_t answers;                   /* frames to the outside */
    uint32_t opened, served;
};

static uint8_t from[CHUNK], to[CHUNK];

/* One frame to the other end. False: there is none. */
static bool move_one(struct beside *b, int side)
{
    struct aksu_frame f;
    while (aksu_frame_out(b->net[side], &f, b->now)) {
        if (side == SERVER && f.device.index == b->outside.index) {
            b->answers++;
            continue;
        }
        aksu_frame_in(b->net[1 - side], b->link[1 - side], &f, b->now);
        return true;
    }
    return false;
}

static void move_all(struct beside *b)
{
    bool more = true;
    while (more) {
        more = false;
        for (int side = 0; side < 2; side++)
            for (int i = 0; i < ACK_EVERY; i++)
                more |= move_one(b, side);
    }
}

static void later(struct beside *b, aksu_time time)
{
    b->now += time;
    for (int side = 0; side < 2; side++)
        if (aksu_next_timeout(b->net[side]) <= b->now)
            aksu_timeouts(b->net[side], b->now);
    move_all(b);
}

static aksu_conn open_to(struct beside *b)
{
    struct aksu_open how = { .remote = { { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 } }, PORT } };
    aksu_conn c;
    must(aksu_open(b->net[CLIENT], &how, &c, b->now), "open");
    move_all(b);
    return c;
}

static void begin(struct beside *b)
{
    *b = (struct beside){ .now = AKSU_SECONDS(1) };
    for (uint8_t i = 0; i < 2; i++) {
        struct aksu_config config = { .memory_limit = 64 << 20, .seed = { i } };
        struct aksu_device_config device = { .name = "link", .mtu = MTU };
        b->net[i] = aksu_new(&config, b->now);
        must(b->net[i] != NULL ? AKSU_OK : AKSU_NO_RESOURCES, "stack");
        must(aksu_attach(b->net[i], &device, &b->link[i]), "device");
        must(aksu_address_add(b->net[i], b->link[i], i == CLIENT ? "10.0.0.1/24" : "10.0.0.2/24"),
             "address");
    }
    struct aksu_device_config outside = { .name = "outside", .mtu = MTU };
    must(aksu_attach(b->net[SERVER], &outside, &b->outside), "device");
    must(aksu_route_add(b->net[SERVER], b->outside, "0.0.0.0/0", NULL), "route");
    struct aksu_listen how = { .local.port = PORT, .backlog = 128 };
    must(aksu_listen(b->net[SERVER], &how, &b->listener, b->now), "listen");
    b->bulk[CLIENT] = open_to(b);
    must(aksu_accept(b->net[SERVER], b->listener, &b->bulk[SERVER], b->now), "accept");
}

static void bulk_chunk(struct beside *b)
{
    size_t sent = 0, received = 0;
    while (received < CHUNK) {
        ptrdiff_t n = sent < CHUNK ? aksu_send(b->net[CLIENT], b->bulk[CLIENT], from + sent,
                                               CHUNK - sent, 0, b->now) : 0;
        sent += n > 0 ? (size_t)n : 0;
        move_all(b);
        while ((n = aksu_receive(b->net[SERVER], b->bulk[SERVER], to, sizeof to, b->now)) > 0)
            received += (size_t)n;
        if (received < CHUNK)
            later(b, AKSU_US(100));
    }
    move_all(b);
}

static void syns(struct beside *b, struct flood *f)
{
    for (unsigned i = 0; i < FLOOD_BATCHES; i++) {
        aksu_frames_in(b->net[SERVER], b->outside, flood_next(f), BATCH, b->now);
        move_all(b);
    }
}

/* Opened, one octet each way, closed by the client: all at once, or it has failed. */
static void connect_once(struct beside *b)
{
    aksu_conn s, c = open_to(b);
    b->opened++;
    uint8_t octet = 1;
    if (aksu_accept(b->net[SERVER], b->listener, &s, b->now) != AKSU_OK)
        return;
    bool good = aksu_send(b->net[CLIENT], c, &octet, 1, 0, b->now) == 1;
    move_all(b);
    good = good && aksu_receive(b->net[SERVER], s, &octet, 1, b->now) == 1
        && aksu_send(b->net[SERVER], s, &octet, 1, 0, b->now) == 1;
    move_all(b);
    good = good && aksu_receive(b->net[CLIENT], c, &octet, 1, b->now) == 1;
    aksu_close(b->net[CLIENT], c, b->now);
    move_all(b);
    aksu_close(b->net[SERVER], s, b->now);
    move_all(b);
    b->served += good;
}

static void forget_ready(struct beside *b)
{
    struct aksu_ready r;
    for (int side = 0; side < 2; side++)
        while (aksu_next_ready(b->net[side], &r))
            continue;
}

struct spent {
    double bulk, flood;                 /* seconds of CPU */
};

/* `f` NULL: nothing but the flow, and the connections. */
static struct spent turns(struct beside *b, struct flood *f)
{
    struct spent s = { 0, 0 };
    for (unsigned i = 0; i < TURNS; i++) {
        double start = cpu_seconds();
        bulk_chunk(b);
        double middle = cpu_seconds();
        s.bulk += middle - start;
        if (f != NULL) {
            syns(b, f);
            s.flood += cpu_seconds() - middle;
        }
        if (i % CONNECT_EVERY == 0)
            connect_once(b);
        later(b, TURN);
        forget_ready(b);
    }
    return s;
}

static double megabytes(double seconds)
{
    return (double)BLOCKS * TURNS * CHUNK / 1e6 / seconds;
}

/* Blocks of turns of both, one after the other: a slow moment of the machine falls on both. */
static void one_sample(struct beside *alone, struct beside *flooded, struct flood *f,
                       struct spent *a, struct spent *b)
{
    *a = *b = (struct spent){ 0, 0 };
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct spent one = turns(alone, NULL);
        a->bulk += one.bulk;
        one = turns(flooded, f);
        b->bulk += one.bulk;
        b->flood += one.flood;
    }
}

void beside_run(struct flood *f, unsigned repeat)
{
    static struct beside alone, flooded;
    struct samples rate[2] = { { 0 }, { 0 } }, share = { 0 }, syn = { 0 };
    struct spent a, b;
    const uint32_t count = BLOCKS * TURNS * FLOOD_BATCHES * BATCH;
    begin(&alone);
    begin(&flooded);
    one_sample(&alone, &flooded, f, &a, &b);
    uint64_t before = cookies_sent(flooded.net[SERVER]);
    for (unsigned i = 0; i < repeat; i++) {
        one_sample(&alone, &flooded, f, &a, &b);
        add_sample(&rate[0], megabytes(a.bulk));
        add_sample(&rate[1], megabytes(b.bulk));
        add_sample(&share, 100 * a.bulk / b.bulk);
        add_sample(&syn, b.flood * 1e9 / count);
    }
    double cookies = (double)(cookies_sent(flooded.net[SERVER]) - before);
    print_samples(&rate[0], "| bulk alone | **%.0f** [%.0f-%.0f] MB per s of CPU (%u) |\n");
    print_samples(&rate[1], "| bulk beside 3 million SYNs/s | **%.0f** [%.0f-%.0f] MB per s of "
                  "CPU (%u) |\n");
    print_samples(&share, "| of its rate alone | **%.1f** [%.1f-%.1f] %% (%u) |\n");
    print_samples(&syn, "| SYN beside it | **%.0f** [%.0f-%.0f] ns (%u) |\n");
    printf("| of the SYNs, answered by cookie; the others have a record | %.1f %% |\n",
           100 * cookies / count / repeat);
    printf("| connections beside it | %u of %u |\n", flooded.served, flooded.opened);
    if (flooded.served < flooded.opened) {
        fprintf(stderr, "bench-syn: not every connection was served\n");
        exit(1);
    }
    aksu_free(alone.net[0]);
    aksu_free(alone.net[1]);
    aksu_free(flooded.net[0]);
    aksu_free(flooded.net[1]);
}
