/* test_transfer.c - octets through a bad link: every one arrives once and in order, both ways,
 * and both ends get to the end (RFC 9293 3.4, 3.6, 3.7, 3.8). */
#include <stdio.h>

#include "tests/sim/duo.h"

static struct duo *bad_link(uint64_t seed, struct dice *d)
{
    *d = (struct dice){ seed * 1000003 };
    struct duo_config c = duo_random_config(d, seed);
    struct duo *w = duo_new(&c);
    w->faults[0] = duo_random_faults(d);
    w->faults[1] = duo_random_faults(d);
    return w;
}

/* Few octets when the path is slow for them: the time of the test is not what is tested. */
static uint64_t some_octets(struct dice *d, const struct duo *w)
{
    const struct faults *f = w->faults;
    bool bad = f[0].loss + f[1].loss + f[0].damage + f[1].damage > 3000;
    return dice(d, 4) == 0 ? dice(d, 3000) : dice(d, bad ? 300000 : 2000000);
}

static struct flow *some_flow(struct dice *d, struct duo *w, uint64_t part)
{
    uint64_t up = some_octets(d, w) / part, down = some_octets(d, w) / part;
    return duo_flow(w, up, down);
}

static void expect_all(const struct duo *w)
{
    for (unsigned n = 0; n < w->flows; n++) {
        const struct flow *f = &w->flow[n];
        for (unsigned side = 0; side < 2; side++) {
            expect(!f->side[side].failed, "flow %u side %u failed: %s", n, side,
                   aksu_status_text(f->side[side].reason));
            expect(f->side[side].got == f->side[1 - side].want, "flow %u side %u got %llu of %llu",
                   n, side,
                   (unsigned long long)f->side[side].got,
                       (unsigned long long)f->side[1 - side].want);
        }
    }
}

static void finish(struct duo *w)
{
    duo_run(w);
    expect_all(w);
    duo_expect_clean(w);
}

SIM(transfer_both_ways, 200)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    duo_open(w, some_flow(&d, w, 1), 0);
    finish(w);
}

/* RFC 9293 3.6: one direction is closed, the other goes on. */
SIM(half_close, 200)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    struct flow *f = some_flow(&d, w, 1);
    f->side[dice(&d, 2)].end = END_SHUTDOWN_AFTER_PEER;
    duo_open(w, f, 0);
    finish(w);
}

/* RFC 9293 3.5 Figure 7: both SYNs are under way at the same time. */
SIM(simultaneous_open, 200)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    for (unsigned side = 0; side < 2; side++)
        if (w->faults[side].delay < AKSU_MS(1))
            w->faults[side].delay = AKSU_MS(1);
    expect(aksu_close_listener(w->net[1], w->listener, w->now) == AKSU_OK, "close the listener");
    w->baseline[1] -= 4096;                     /* the page that the listener was in */
    struct flow *f = some_flow(&d, w, 1);
    duo_open(w, f, 0);
    duo_open(w, f, 1);
    finish(w);
}

/* RFC 9293 3.6 Figure 13: nothing to send, and both close as soon as they are connected. */
SIM(simultaneous_close, 200)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    uint32_t n = dice(&d, 3);
    duo_open(w, duo_flow(w, n, n), 0);
    finish(w);
}

SIM(many_connections, 30)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    unsigned count = 2 + dice(&d, 60);
    for (unsigned i = 0; i < count; i++) {
        struct flow *f = some_flow(&d, w, 8);
        duo_open(w, f, 0);
        if (dice(&d, 3) == 0)
            duo_run_for(w, AKSU_MS(dice(&d, 100)));
    }
    finish(w);
}

/* RFC 9293 3.8.6.1: the window closes and opens again. */
SIM(slow_reader, 100)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    uint32_t up = 20000 + dice(&d, 100000), down = dice(&d, 20000);
    struct flow *f = duo_flow(w, up, down);
    f->side[1].pause = AKSU_MS(1 + dice(&d, 3000));
    f->side[1].gulp = 500 + dice(&d, 20000);
    duo_open(w, f, 0);
    finish(w);
}

/* The cable is pulled for a while: RFC 9293 3.8.3. */
SIM(cut_and_mended, 100)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    duo_open(w, duo_flow(w, 200000, some_octets(&d, w)), 0);
    while (!w->flow[0].side[1].opened)          /* before that, less patience is in order */
        expect(duo_step(w), "nothing ever happens");
    duo_run_for(w, AKSU_MS(dice(&d, 500)));
    w->faults[0].cut = dice(&d, 3) != 0;
    w->faults[1].cut = !w->faults[0].cut || dice(&d, 2) == 0;
    duo_run_for(w, AKSU_MS(dice(&d, 60000)));
    w->faults[0].cut = w->faults[1].cut = false;
    finish(w);
}

/* RFC 9293 3.4.1: the ISN follows the clock, so the clock decides where sequence numbers begin.
 * Text, FIN and window lie on both sides of 2^31 or 2^32. */
SIM(sequence_numbers_wrap, 100)
{
    struct dice d;
    struct duo *w = bad_link(seed, &d);
    uint32_t up = 30000 + dice(&d, 100000);
    struct flow *f = duo_flow(w, up, some_octets(&d, w));
    struct aksu_info info;
    duo_open(w, f, 0);
    expect(aksu_status(w->net[0], f->side[0].conn, &info) == AKSU_OK, "status");
    expect(aksu_abort(w->net[0], f->side[0].conn, w->now) == AKSU_OK, "abort");
    uint32_t edge = dice(&d, 2) ? 0 : 0x80000000u, before = dice(&d, 30000);
    w->now += AKSU_US(4) * (uint32_t)(edge - before - info.iss);
    duo_open(w, f, 0);
    expect(aksu_status(w->net[0], f->side[0].conn, &info) == AKSU_OK, "status");
    expect(edge - info.iss <= before + 1, "the ISN is %u", info.iss);
    finish(w);
}

/* The same seed gives the same octets at the same times. With -v they can be compared between
 * compilers. */
SIM(same_seed_same_octets, 50)
{
    uint64_t digest[2];
    for (unsigned run = 0; run < 2; run++) {
        struct dice d;
        struct duo *w = bad_link(seed, &d);
        duo_open(w, some_flow(&d, w, 4), 0);
        finish(w);
        digest[run] = w->digest;
    }
    expect(digest[0] == digest[1], "%llx and %llx", (unsigned long long)digest[0],
           (unsigned long long)digest[1]);
    if (sim_verbose)
        printf("digest %llu %llx\n", (unsigned long long)seed, (unsigned long long)digest[0]);
}
