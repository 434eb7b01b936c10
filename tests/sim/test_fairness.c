/* test_fairness.c - flows that share a bottleneck: Jain's index of what each of them got, (sum x)^2
 * / (n sum x^2), 1 when all got the same, and how much of the link was used. The seed is the number
 * of the case. `tests/sim fairness --document docs/congestion-control.md` writes the table there.
 * */
#include <stdio.h>
#include <string.h>

#include "tests/sim/net.h"

enum { FLOWS_MOST = 32, CASES = 26, RATE_MBIT = 50, EQUAL_RTT_MS = 40, UNEQUAL = 4 };
static const aksu_time SETTLED = AKSU_SECONDS(8), END = AKSU_SECONDS(28);
static const uint32_t unequal_ms[UNEQUAL] = { 10, 20, 40, 80 };

/* Of two controllers, every second flow has the other one. At least so much of the index, of the
 * link, and for one of two controllers of what all have got, in per cent. */
struct fair_case {
    const char *control[2];
    unsigned flows;
    bool unequal;
    unsigned index_least, used_least, share_least;
};

static const struct fair_case cases[CASES] = {
    { { "reno", "reno" }, 2, false, 90, 90, 0 },
    { { "reno", "reno" }, 8, false, 90, 90, 0 },
    { { "reno", "reno" }, 32, false, 90, 90, 0 },
    { { "reno", "reno" }, 2, true, 65, 90, 0 },
    { { "reno", "reno" }, 8, true, 65, 90, 0 },
    { { "reno", "reno" }, 32, true, 65, 90, 0 },
    { { "cubic", "cubic" }, 2, false, 90, 90, 0 },
    { { "cubic", "cubic" }, 8, false, 90, 90, 0 },
    { { "cubic", "cubic" }, 32, false, 90, 90, 0 },
    { { "cubic", "cubic" }, 2, true, 65, 90, 0 },
    { { "cubic", "cubic" }, 8, true, 65, 90, 0 },
    { { "cubic", "cubic" }, 32, true, 65, 90, 0 },
    { { "bbr", "bbr" }, 2, false, 80, 90, 0 },
    { { "bbr", "bbr" }, 8, false, 80, 90, 0 },
    { { "bbr", "bbr" }, 32, false, 80, 90, 0 },
    { { "bbr", "bbr" }, 2, true, 55, 90, 0 },
    { { "bbr", "bbr" }, 8, true, 65, 90, 0 },
    { { "bbr", "bbr" }, 32, true, 70, 90, 0 },
    { { "cubic", "reno" }, 2, false, 85, 90, 30 },
    { { "cubic", "reno" }, 8, false, 85, 90, 30 },
    { { "cubic", "reno" }, 32, false, 85, 90, 30 },
    { { "cubic", "reno" }, 8, true, 70, 90, 30 },
    { { "bbr", "cubic" }, 2, false, 50, 90, 5 },
    { { "bbr", "cubic" }, 8, false, 50, 90, 10 },
    { { "bbr", "reno" }, 2, false, 50, 90, 5 },
    { { "bbr", "reno" }, 8, false, 50, 90, 10 },
};

struct fair_world {
    struct aksu_sim *sim;
    struct aksu_sim_node *router[2];
    struct aksu_sim_end *flow[FLOWS_MOST];
};

static uint32_t rtt_ms(const struct fair_case *c, unsigned n)
{
    return c->unequal ? unequal_ms[c->flows == 2 ? 2 * n : n % UNEQUAL] : EQUAL_RTT_MS;
}

/* A pair of hosts; half of the round trip before the bottleneck and half behind it. */
static void add_flow(struct fair_world *w, const struct fair_case *c, unsigned n)
{
    const struct aksu_path_node delay[] = {
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_US(250) * rtt_ms(c, n) },
    };
    /* With four round trips both controllers get all of them. */
    unsigned which = c->unequal ? n / UNEQUAL % 2 : n % 2;
    struct aksu_sim_host host = { .stack.congestion_control = c->control[which],
                                  .stack.max_connections = 16 };
    struct aksu_sim_node *end[2];
    for (unsigned side = 0; side < 2; side++) {
        end[side] = net_host(w->sim, &host);
        (void)net_cable(w->sim, end[side], w->router[side], delay, 1, delay, 1);
    }
    w->flow[n] = net_flow(w->sim, &(struct aksu_sim_flow){
        .host = { end[0], end[1] }, .app = { { .octets = UINT64_MAX } },
        .at = aksu_sim_now(w->sim) + AKSU_MS(70) * n });
}

static void make(struct fair_world *w, const struct fair_case *c)
{
    const struct aksu_path_node link[] = {
        { .kind = AKSU_PATH_RATE, .rate = (uint64_t)RATE_MBIT * 1000000,
          .limit = RATE_MBIT * 1000 / 8 * EQUAL_RTT_MS },
    };
    w->sim = net_world(1, false);
    w->router[0] = net_router(w->sim);
    w->router[1] = net_router(w->sim);
    (void)net_cable(w->sim, w->router[0], w->router[1], link, 1, link, 1);
    for (unsigned n = 0; n < c->flows; n++)
        add_flow(w, c, n);
}

static void received(const struct fair_world *w, unsigned flows, uint64_t out[FLOWS_MOST])
{
    for (unsigned n = 0; n < flows; n++) {
        struct aksu_sim_report r;
        aksu_sim_report(aksu_sim_peer(w->flow[n]), &r);
        out[n] = r.received;
    }
}

static struct {
    char text[8192];
    size_t length;
} page = { .text = "\n| algorithm | flows | round trips, ms | Jain's index "
                   "| link used, % | least-most | shares, % |\n"
                   "|---|---|---|---|---|---|---|\n" };

static void add_row(const struct fair_case *c, unsigned index, unsigned used, unsigned share,
                    unsigned least, unsigned most)
{
    char names[32], shares[32] = "";
    bool mixed = strcmp(c->control[0], c->control[1]) != 0;
    (void)snprintf(names, sizeof names, mixed ? "%s, %s" : "%s", c->control[0], c->control[1]);
    if (mixed)
        (void)snprintf(shares, sizeof shares, "%u, %u", share, 100 - share);
    const char *trips = !c->unequal ? "40" : c->flows == 2 ? "10, 40" : "10, 20, 40, 80";
    if (page.length == 0)
        page.length = strlen(page.text);
    size_t room = sizeof page.text - page.length;
    int n = snprintf(page.text + page.length, room,
                     "| %s | %u | %s | %u.%02u | %u | %u-%u | %s |\n",
                     names, c->flows, trips, index / 100, index % 100, used, least, most, shares);
    expect(n > 0 && (size_t)n < room, "the page is too small");
    if (sim_verbose)
        printf("%s", page.text + page.length);
    page.length += (size_t)n;
}

/* In hundredths, rounded down: 1 only when all got the same. */
static unsigned jain(const uint64_t x[], unsigned n)
{
    uint64_t sum = 0, squares = 0;
    for (unsigned i = 0; i < n; i++) {
        sum += x[i] / 1000;
        squares += (x[i] / 1000) * (x[i] / 1000);
    }
    return squares == 0 ? 0 : (unsigned)(100 * sum * sum / (n * squares));
}

SIM(fairness, CASES)
{
    struct fair_world w;
    uint64_t got[FLOWS_MOST], before[FLOWS_MOST], sum = 0, first = 0, least = UINT64_MAX, most = 0;
    expect(seed >= 1 && seed <= CASES, "there are %d cases", CASES);
    const struct fair_case *c = &cases[seed - 1];
    make(&w, c);
    net_expect(w.sim, aksu_sim_run(w.sim, SETTLED), AKSU_SIM_RUNNING);
    received(&w, c->flows, before);
    net_expect(w.sim, aksu_sim_run(w.sim, END), AKSU_SIM_RUNNING);
    received(&w, c->flows, got);
    for (unsigned n = 0; n < c->flows; n++) {
        got[n] -= before[n];
        sum += got[n];
        first += (c->unequal ? n / UNEQUAL % 2 : n % 2) == 0 ? got[n] : 0;
        least = got[n] < least ? got[n] : least;
        most = got[n] > most ? got[n] : most;
    }
    uint64_t could = (END - SETTLED) / AKSU_SECONDS(1) * RATE_MBIT * 1000000 / 8;
    unsigned index = jain(got, c->flows), used = (unsigned)(100 * sum / could);
    unsigned share = (unsigned)(sum == 0 ? 0 : (100 * first + sum / 2) / sum);
    add_row(c, index, used, share, (unsigned)(100 * c->flows * least / could),
            (unsigned)(100 * c->flows * most / could));
    expect(index >= c->index_least, "Jain's index is 0.%02u, at least 0.%02u", index,
           c->index_least);
    expect(used >= c->used_least, "%u %% of the link, at least %u", used, c->used_least);
    expect(share >= c->share_least && 100 - share >= c->share_least,
           "%s has %u %% and %s the rest; at least %u", c->control[0], share, c->control[1],
           c->share_least);
    if (seed == CASES && sim_document != NULL)
        net_document(sim_document, "fairness", strcat(page.text, "\n"));
}
