/* test_buffers.c - buffers that begin small and grow are no slower than those that were large from
 * the beginning, whatever the path needs; and a reader that is slow keeps a small one. */
#include <stdio.h>

#include "tests/sim/net.h"

enum { LARGE = (16 << 20) - 4096 };
static const size_t MEMORY = (size_t)192 << 20;

struct path {
    uint64_t rate;              /* bits per second */
    aksu_time one_way;
    uint64_t octets;
    bool no_timestamps;
};

/* When the last octet was there; the sizes of the buffers then. */
static aksu_time transfer(const struct path *p, uint32_t buffer, uint32_t gulp,
                          struct aksu_info info[2])
{
    struct aksu_sim *w = net_world(1, false);
    struct aksu_sim_host host = { .stack = { .memory_limit = MEMORY, .send_buffer = buffer,
        .receive_buffer = buffer, .no_timestamps = p->no_timestamps, .max_connections = 16 } };
    struct aksu_sim_node *a = net_host(w, &host), *b = net_host(w, &host);
    const struct aksu_path_node there[] = {
        { .kind = AKSU_PATH_RATE, .rate = p->rate },
        { .kind = AKSU_PATH_DELAY, .delay = p->one_way },
    };
    (void)net_cable(w, a, b, there, 2, there + 1, 1);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){ .host = { a, b },
        .app = { { .octets = p->octets },
                 { .gulp = gulp, .gulp_pause = gulp != 0 ? AKSU_SECONDS(1) : 0 } } });
    struct aksu_sim_report r;
    enum aksu_sim_state state;
    do {                        /* sizes while it is under way */
        state = aksu_sim_run(w, aksu_sim_now(w) + p->one_way);
        for (unsigned i = 0; i < 2; i++) {
            struct aksu_sim_end *e = i == 0 ? end : aksu_sim_peer(end);
            aksu_sim_report(e, &r);
            if (r.opened && !r.closed)
                (void)aksu_status(aksu_sim_stack(r.host), r.conn, &info[i]);
        }
    } while (state == AKSU_SIM_RUNNING && aksu_sim_now(w) < AKSU_SECONDS(1000));
    net_expect(w, state, AKSU_SIM_ENDED);
    aksu_sim_report(aksu_sim_peer(end), &r);
    expect(r.received == p->octets, "%llu of %llu octets", (unsigned long long)r.received,
           (unsigned long long)p->octets);
    return r.received_at - r.opened_at;
}

SIM(growing_buffers_are_no_slower, 6)
{
    static const struct path paths[6] = {
        { 1000000000, AKSU_MS(50), 150000000, false },      /* 12.5 MB are on their way */
        { 1000000000, AKSU_MS(50), 150000000, true },
        { 1000000000, AKSU_MS(5), 60000000, false },
        { 100000000, AKSU_MS(50), 20000000, false },
        { 100000000, AKSU_MS(1), 10000000, false },
        { 10000000000, AKSU_US(500), 150000000, false },
    };
    const struct path *p = &paths[seed % 6];
    struct aksu_info large[2], grown[2];
    aksu_time with_large = transfer(p, LARGE, 0, large), with_grown = transfer(p, 0, 0, grown);
    if (sim_verbose)
        printf("%llu bit/s, %llu us: %.3f s large, %.3f s grown to %u and %u\n",
               (unsigned long long)p->rate, (unsigned long long)(2 * p->one_way / 1000),
               (double)with_large / 1e9, (double)with_grown / 1e9, grown[0].send_buffer,
               grown[1].receive_buffer);
    expect(with_grown <= with_large + with_large / 50, "%.3f s, %.3f s with large buffers",
           (double)with_grown / 1e9, (double)with_large / 1e9);
}

SIM(a_slow_reader_keeps_a_small_buffer, 4)
{
    static const uint32_t gulp[] = { 1000, 30000, 200000, 2000000 };
    const struct path p = { 1000000000, AKSU_MS(20), 40 * gulp[seed % 4], seed & 1 };
    struct aksu_info info[2];
    (void)transfer(&p, 0, gulp[seed % 4], info);
    expect(info[1].receive_buffer <= 512 << 10, "the buffer is %u", info[1].receive_buffer);
}
