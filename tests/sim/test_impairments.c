/* test_impairments.c - what is no loss of data must cost next to nothing: frames that come late,
 * come twice, acknowledgments that do not come; and data lost in bursts cost what a loss costs, not
 * more. Octets that arrived in ten seconds, against those of the same path without the fault (RFC
 * 8985 3.3.2, RFC 2883 5, RFC 5681 4.2, RFC 6675 5). The seed is the number of the case. */
#include <stdio.h>

#include "tests/sim/net.h"

enum { CONTROLS = 3, RATE_MBIT = 50, FAULTS = 21, CASES = CONTROLS * FAULTS };
static const aksu_time END = AKSU_SECONDS(11);
/* Two round trips' worth: the link is full and the queue never. */
#define WINDOW(rtt_ms) (2u * RATE_MBIT * 1000 / 8 * (rtt_ms))
static const char *const control[CONTROLS] = { "reno", "cubic", "bbr" };

struct impairment {
    const char *what;
    struct aksu_path_node there, back;  /* a chance of 0: none */
    uint32_t rtt_ms;
    bool overflows;                     /* a queue of one round trip, and no limit but cwnd */
    unsigned least[CONTROLS];           /* in per cent of what comes without it */
};

#define LATE(percent, ms) { .kind = AKSU_PATH_REORDER, .chance = AKSU_PATH_CHANCE(percent, 100),  \
                            .delay = AKSU_MS(ms) }
#define TWICE(percent) { .kind = AKSU_PATH_DUPLICATE, .chance = AKSU_PATH_CHANCE(percent, 100) }
#define LOST(percent) { .kind = AKSU_PATH_LOSS, .chance = AKSU_PATH_CHANCE(percent, 100) }
/* Ten frames or so are lost, every `apart` frames. */
#define BURSTS(apart) { .kind = AKSU_PATH_BURSTS, .chance_bad = AKSU_PATH_ALWAYS,                 \
                        .to_bad = AKSU_PATH_CHANCE(1, apart), .to_good = AKSU_PATH_CHANCE(1, 10) }
#define NOTHING LOST(0)

static const struct impairment faults[FAULTS] = {
    { "1 % late by 2 ms", LATE(1, 2), NOTHING, 20, false, { 95, 95, 95 } },
    { "3 % late by 2 ms", LATE(3, 2), NOTHING, 20, false, { 95, 95, 95 } },
    { "10 % late by 2 ms", LATE(10, 2), NOTHING, 20, false, { 95, 95, 95 } },
    { "1 % late by 2 ms", LATE(1, 2), NOTHING, 66, false, { 95, 95, 95 } },
    { "10 % late by 2 ms", LATE(10, 2), NOTHING, 66, false, { 95, 95, 95 } },
    { "1 % late by RTT/4", LATE(1, 5), NOTHING, 20, false, { 95, 95, 95 } },
    { "10 % late by RTT/4", LATE(10, 5), NOTHING, 20, false, { 95, 95, 95 } },
    { "1 % late by RTT/4", LATE(1, 16), NOTHING, 66, false, { 95, 95, 95 } },
    { "10 % late by RTT/4", LATE(10, 16), NOTHING, 66, false, { 95, 95, 95 } },
    { "1 % late by RTT/2", LATE(1, 10), NOTHING, 20, false, { 95, 95, 95 } },
    { "10 % late by RTT/2", LATE(10, 10), NOTHING, 20, false, { 95, 95, 95 } },
    { "1 % late by RTT/2", LATE(1, 33), NOTHING, 66, false, { 95, 95, 95 } },
    { "10 % late by RTT/2", LATE(10, 33), NOTHING, 66, false, { 95, 95, 95 } },
    { "10 % of the ACKs late by RTT/2", NOTHING, LATE(10, 10), 20, false, { 95, 95, 95 } },
    { "5 % come twice", TWICE(5), NOTHING, 20, false, { 95, 95, 95 } },
    { "5 % come twice, both ways", TWICE(5), TWICE(5), 66, false, { 95, 95, 95 } },
    { "10 % of the ACKs lost", NOTHING, LOST(10), 20, false, { 95, 95, 95 } },
    { "10 % of the ACKs lost", NOTHING, LOST(10), 66, false, { 95, 95, 95 } },
    { "10 % late by RTT/4, and losses", LATE(10, 5), NOTHING, 20, true, { 80, 90, 85 } },
    { "10 % late by RTT/4, and losses", LATE(10, 16), NOTHING, 66, true, { 60, 90, 75 } },
    { "bursts of 10, every 10,000", BURSTS(10000), NOTHING, 20, false, { 50, 60, 80 } },
};

static struct aksu_sim_host host_of(const struct impairment *i, const char *cc)
{
    struct aksu_sim_host host = { .stack.congestion_control = cc, .stack.max_connections = 16 };
    uint32_t window = WINDOW(i->rtt_ms);
    if (i->overflows)
        return host;
    host.stack.send_buffer = host.stack.send_buffer_most = window;
    host.stack.receive_buffer = host.stack.receive_buffer_most = window;
    return host;
}

/* Octets that arrived. */
static uint64_t transfer(const struct impairment *i, bool without, const char *cc, uint64_t seed,
                         struct aksu_sim_report *sender)
{
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host host = host_of(i, cc);
    struct aksu_sim_node *a = net_host(w, &host), *b = net_host(w, &host);
    uint32_t queue = WINDOW(i->rtt_ms) / 2;
    const struct aksu_path_node there[3] = {
        { .kind = AKSU_PATH_RATE, .rate = (uint64_t)RATE_MBIT * 1000000,
          .limit = i->overflows ? queue : 4 * queue },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_US(500) * i->rtt_ms }, i->there,
    };
    const struct aksu_path_node back[2] = { there[1], i->back };
    (void)net_cable(w, a, b, there, without ? 2 : 3, back, without ? 1 : 2);
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){
        .host = { a, b }, .app = { { .octets = UINT64_MAX } } });
    net_expect(w, aksu_sim_run(w, END), AKSU_SIM_RUNNING);
    struct aksu_sim_report r;
    aksu_sim_report(end, sender);
    aksu_sim_report(aksu_sim_peer(end), &r);
    return r.received;
}

SIM(impairments, CASES)
{
    expect(seed >= 1 && seed <= CASES, "there are %d cases", CASES);
    const struct impairment *i = &faults[(seed - 1) / CONTROLS];
    const unsigned n = (unsigned)(seed - 1) % CONTROLS;
    struct aksu_sim_report with, without;
    uint64_t whole = transfer(i, true, control[n], seed, &without);
    uint64_t got = transfer(i, false, control[n], seed, &with);
    unsigned percent = (unsigned)(100 * got / whole);
    if (sim_verbose)
        printf("| %s | %s | %u | %u.%u | %u | %llu of %llu | %llu |\n", i->what, control[n],
               i->rtt_ms,
               (unsigned)(got * 8 / 1000000 / 10), (unsigned)(got * 8 / 1000000 % 10), percent,
               (unsigned long long)with.retransmissions, (unsigned long long)with.segments,
               (unsigned long long)with.timeouts);
    expect(percent >= i->least[n],
           "%s, %s, %u ms: %u %% of what comes without, at least %u. Again: %s",
           i->what, control[n], i->rtt_ms, percent, i->least[n], sim_again);
}
