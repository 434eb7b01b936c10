/* run.c - the three things that are timed: octets in bulk, whole connections, requests with
 * responses; and what the machine needs for the floor of them, a copy and a checksum of a
 * segment. */
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "wire/checksum.h"

enum { CHUNK = 64 << 10, LAST_PORT = 65535 };

static uint8_t from[CHUNK], to[CHUNK];

double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double per_operation(double start, uint32_t count)
{
    return (cpu_seconds() - start) * 1e9 / count;
}

static void told(struct aksu *net)
{
    struct aksu_ready ready;
    while (aksu_next_ready(net, &ready))
        continue;
}

/* Everything that has arrived; returns its octets. */
static uint64_t receive_all(struct world *w, int end, aksu_conn c)
{
    uint64_t octets = 0;
    ptrdiff_t n;
    while ((n = aksu_receive(w->net[end], c, to, sizeof to, w->now)) > 0)
        octets += (uint64_t)n;
    if (n != -(ptrdiff_t)AKSU_WOULD_BLOCK)
        give_up("receive", (long)n);
    return octets;
}

double bulk_run(struct world *w, const aksu_conn end[2], uint32_t segments)
{
    uint64_t want = (uint64_t)segments * SEGMENT_TEXT, sent = 0, received = 0;
    struct aksu_counters before[2], after[2];
    for (int i = 0; i < 2; i++)
        aksu_counters(w->net[i], &before[i]);

    double start = cpu_seconds();
    while (received < want) {
        ptrdiff_t n = 1;
        while (n > 0 && sent < want) {
            size_t length = want - sent < CHUNK ? (size_t)(want - sent) : CHUNK;
            n = aksu_send(w->net[0], end[0], from, length, 0, w->now);
            if (n < 0 && n != -(ptrdiff_t)AKSU_WOULD_BLOCK)
                give_up("send", (long)n);
            sent += n > 0 ? (uint64_t)n : 0;
        }
        world_step(w, AKSU_US(100));
        received += receive_all(w, 1, end[1]);
        told(w->net[0]);
        told(w->net[1]);
    }
    double ns = per_operation(start, segments);

    for (int i = 0; i < 2; i++)
        aksu_counters(w->net[i], &after[i]);
    uint64_t acks = after[1].event[AKSU_EV_segment_out] - before[1].event[AKSU_EV_segment_out];
    uint64_t data = after[0].event[AKSU_EV_segment_out] - before[0].event[AKSU_EV_segment_out];
    w->ack_ratio = (double)data / (double)(acks > 0 ? acks : 1);
    return ns;
}

static aksu_conn open_next(struct world *w)
{
    struct aksu_open how = {
        .remote = { .ip = { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 } } },
    };
    const struct pairs *p = &w->pairs;
    uint32_t n = w->opened++;
    if (p->given != 0) {
        n %= p->given;
        how.local.port = (uint16_t)(LAST_PORT - n % PORTS);
        n /= PORTS;
    }
    how.remote.port = (uint16_t)(WORLD_PORT + n % p->server_ports);
    aksu_conn out;
    enum aksu_status status = aksu_open(w->net[0], &how, &out, w->now);
    if (status != AKSU_OK)
        give_up("open", status);
    return out;
}

static void one_octet(struct world *w, int end, aksu_conn c, bool send)
{
    ptrdiff_t n = send ? aksu_send(w->net[end], c, from, 1, 0, w->now)
                       : aksu_receive(w->net[end], c, to, 1, w->now);
    if (n != 1)
        give_up(send ? "send" : "receive", (long)n);
}

static void end_of_stream(struct world *w, int end, aksu_conn c)
{
    ptrdiff_t n = aksu_receive(w->net[end], c, to, 1, w->now);
    if (n != 0)
        give_up("end of stream", (long)n);
}

static void close_end(struct world *w, int end, aksu_conn c)
{
    enum aksu_status status = aksu_close(w->net[end], c, w->now);
    if (status != AKSU_OK)
        give_up("close", status);
}

/* Its clock goes on by 5 ms for each, so that while the next ones run 12,000 TIME-WAIT records
 * are kept, and for every one that is made one expires. */
static void one_connection(struct world *w)
{
    aksu_conn b, a = open_next(w);
    int first = w->pairs.server_closes ? 1 : 0;
    world_step(w, AKSU_US(100));
    enum aksu_status status = aksu_accept(w->net[1], w->listener, &b, w->now);
    if (status != AKSU_OK)
        give_up("accept", status);
    one_octet(w, 0, a, true);
    world_step(w, AKSU_US(50));
    one_octet(w, 1, b, false);
    one_octet(w, 1, b, true);
    world_step(w, AKSU_US(50));
    one_octet(w, 0, a, false);
    close_end(w, first, first == 0 ? a : b);
    world_step(w, AKSU_US(50));
    end_of_stream(w, 1 - first, first == 0 ? b : a);
    close_end(w, 1 - first, first == 0 ? b : a);
    world_step(w, AKSU_US(CONNECTION_LIFE_US - 250));
    told(w->net[0]);
    told(w->net[1]);
}

double conn_run(struct world *w, uint32_t connections)
{
    double start = cpu_seconds();
    for (uint32_t i = 0; i < connections; i++)
        one_connection(w);
    return per_operation(start, connections);
}

static void send_message(struct world *w, int end, aksu_conn c)
{
    ptrdiff_t n = aksu_send(w->net[end], c, from, REQUEST_TEXT, 0, w->now);
    if (n != REQUEST_TEXT)
        give_up("send", (long)n);
}

/* Returns who had it. */
static aksu_conn receive_message(struct world *w, int end)
{
    struct aksu_ready ready;
    do {
        if (!aksu_next_ready(w->net[end], &ready))
            give_up("nothing to read", AKSU_WOULD_BLOCK);
    } while (!(ready.what & AKSU_READABLE));
    ptrdiff_t n = aksu_receive(w->net[end], ready.conn, to, sizeof to, w->now);
    if (n != REQUEST_TEXT)
        give_up("receive", (long)n);
    return ready.conn;
}

static void round_trip(struct world *w, aksu_conn client)
{
    send_message(w, 0, client);
    world_step(w, AKSU_US(50));
    aksu_conn server = receive_message(w, 1);
    send_message(w, 1, server);
    world_step(w, AKSU_US(50));
    receive_message(w, 0);
}

double round_trip_run(struct world *w, uint32_t count)
{
    told(w->net[0]);
    told(w->net[1]);
    double start = cpu_seconds();
    for (uint32_t i = 0; i < count; i++)
        round_trip(w, w->end[0]);
    return per_operation(start, count);
}

double round_trip_among_run(struct world *w, uint32_t count, uint32_t among)
{
    static uint64_t lot = 1;
    told(w->net[0]);
    told(w->net[1]);
    double start = cpu_seconds();
    for (uint32_t i = 0; i < count; i++) {
        lot = lot * 6364136223846793005u + 1442695040888963407u;
        round_trip(w, w->other[(lot >> 32) * among >> 32]);
    }
    return per_operation(start, count);
}

/* The compiler may not leave out what is between two of these. */
static inline void look_at(const void *p)
{
    __asm__ volatile("" : : "r"(p) : "memory");
}

double memcpy_run(uint32_t count)
{
    double start = cpu_seconds();
    for (uint32_t i = 0; i < count; i++) {
        memcpy(to, from, 1460);
        look_at(to);
        look_at(from);
    }
    return per_operation(start, count);
}

double checksum_run(uint32_t count)
{
    struct checksum c = { 0 };
    double start = cpu_seconds();
    for (uint32_t i = 0; i < count; i++) {
        look_at(from);
        checksum_add(&c, from, 1460);
        look_at(&c);
    }
    return per_operation(start, count);
}
