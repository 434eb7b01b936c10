/* main.c - SYNs of a flood, each of another address, to a listener whose backlog is full: what an
 * answer by cookie costs in CPU time, from the frame in to the frame out; then the same beside a
 * bulk flow, and what that one has left of its rate. The link of the flood has no Ethernet header.
 *   build/gcc/bench-syn [SYNS [REPEAT]] */
#include <stdio.h>
#include <stdlib.h>

#include "bench/syn/syn.h"

enum { REPEAT_MOST = 99 };

struct target {
    struct aksu *net;
    aksu_device device;
    aksu_time now;
};

static uint32_t answers(struct target *t)
{
    struct aksu_frame out;
    uint32_t n = 0;
    while (aksu_frame_out(t->net, &out, t->now))
        n++;
    return n;
}

/* Nanoseconds for a SYN. */
static double run(struct target *t, struct flood *f, uint32_t count)
{
    uint64_t before = cookies_sent(t->net);
    uint32_t answered = 0;
    double start = cpu_seconds();
    for (uint32_t done = 0; done < count; done += BATCH) {
        aksu_frames_in(t->net, t->device, flood_next(f), BATCH, t->now);
        answered += answers(t);
        t->now += AKSU_US(1);
    }
    double ns = (cpu_seconds() - start) * 1e9 / count;
    if (answered < count || cookies_sent(t->net) - before < count) {
        fprintf(stderr, "bench-syn: not all were answered by cookie\n");
        exit(1);
    }
    return ns;
}

static void begin(struct target *t, struct flood *f)
{
    struct aksu_config config = { .memory_limit = 64 << 20 };
    struct aksu_device_config device = { .name = "flood" };
    struct aksu_listen how = { .local.port = PORT, .backlog = 1 };
    aksu_listener l;
    t->now = AKSU_SECONDS(1);
    t->net = aksu_new(&config, t->now);
    must(t->net != NULL ? AKSU_OK : AKSU_NO_RESOURCES, "stack");
    must(aksu_attach(t->net, &device, &t->device), "device");
    must(aksu_address_add(t->net, t->device, "10.0.0.2/24"), "address");
    must(aksu_route_add(t->net, t->device, "0.0.0.0/0", NULL), "route");
    must(aksu_listen(t->net, &how, &l, t->now), "listen");
    aksu_frame_in(t->net, t->device, flood_other(f), t->now);      /* the backlog is one */
    (void)answers(t);
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    unsigned repeat = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 5;
    struct samples sample = { 0 };
    struct target t;
    if (count < SYNS || count > 1000000000 || repeat < 1 || repeat > REPEAT_MOST) {
        fprintf(stderr, "bench-syn [SYNS [REPEAT]]: %d to 10^9, 1 to %d\n", SYNS, REPEAT_MOST);
        return 2;
    }
    struct flood *f = flood_new();
    begin(&t, f);
    count -= count % BATCH;
    for (unsigned i = 0; i <= repeat; i++) {
        double ns = run(&t, f, (uint32_t)count);
        if (i > 0)
            add_sample(&sample, ns);
    }
    aksu_free(t.net);
    double median = print_samples(&sample, "| SYN, answered by cookie | **%.0f** [%.0f-%.0f] ns "
                                           "(%u), ");
    printf("%.2f million a second |\n", 1e3 / median);
    beside_run(f, repeat);
    flood_free(f);
    return 0;
}
