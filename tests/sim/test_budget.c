/* test_budget.c - less memory than everybody would like: windows stop growing, text out of order
 * goes, then text in order; never more than the budget, and all recovers. */
#include "tests/sim/duo.h"

/* Up to 30 connections, some with slow readers, in 512 KiB to 1.5 MiB. The digest of what was
 * sent. */
static uint64_t small_world(uint64_t seed)
{
    struct dice d = { seed * 49999 };
    struct duo_config c = duo_random_config(&d, seed);
    c.memory = (512u << 10) + dice(&d, 1u << 20);
    c.max_connections = 512;
    c.send_buffer = 65536u << dice(&d, 3);
    c.receive_buffer = 65536u << dice(&d, 3);
    struct duo *w = duo_new(&c);
    for (unsigned i = 0; i < 2; i++) {
        w->faults[i].delay = AKSU_US(1 + dice(&d, 20000));
        w->faults[i].loss = dice(&d, 2000);
        w->faults[i].repeat = dice(&d, 1000);
    }
    unsigned count = 1 + dice(&d, 30);
    for (unsigned i = 0; i < count; i++) {
        uint32_t up = dice(&d, 200000), down = dice(&d, 60000);
        struct flow *f = duo_flow(w, up, down);
        if (dice(&d, 2) == 0) {
            f->side[1].pause = AKSU_MS(1 + dice(&d, 500));
            f->side[1].gulp = 5000 + dice(&d, 60000);
        }
        duo_open(w, f, 0);
    }
    duo_run(w);
    for (unsigned i = 0; i < count; i++)
        expect(!w->flow[i].side[0].failed && !w->flow[i].side[1].failed, "flow %u failed: %s, %s",
               i,
               aksu_status_text(w->flow[i].side[0].reason),
                   aksu_status_text(w->flow[i].side[1].reason));
    duo_expect_clean(w);
    return w->digest;
}

SIM(small_budget, 60)
{
    (void)small_world(seed);
}

/* The same seed gives the same octets, wherever the region of the stack lies. */
SIM(same_seed_small_budget, 20)
{
    uint64_t first = small_world(seed), second = small_world(seed);
    expect(first == second, "%llx and %llx", (unsigned long long)first, (unsigned long long)second);
}
