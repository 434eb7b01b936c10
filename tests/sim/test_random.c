/* test_random.c - networks that a seed chooses: hosts with other settings and buffers, cables
 * that do everything that a path can, many flows in both directions with different applications.
 * All octets arrive, every invariant holds after every step, and nothing is left behind. */
#include <stdio.h>

#include "tests/sim/net.h"

enum { PAIRS_MOST = 4, NODES_MOST = 10, FLOWS_MOST = 24 };

struct network {
    struct aksu_sim *world;
    struct dice dice;
    struct aksu_sim_node *host[2][PAIRS_MOST];
    unsigned pairs;
    struct aksu_sim_end *flow[FLOWS_MOST];
    unsigned flows;
    struct aksu_path_cut cut[2];        /* of the cable that is made now */
    uint64_t nth[3];
    uint64_t memory[2][PAIRS_MOST];     /* octets used before the first connection */
    bool slow, small;
};

static uint32_t pick(struct dice *d, const uint32_t *from, uint32_t count)
{
    return from[dice(d, count)];
}

/* Statements, not initializers: their order is the compiler's. */
static struct aksu_sim_host random_host(struct network *n, bool ethernet, uint32_t mtu)
{
    static const uint32_t buffer[] = { 0, 0, 0, 4096, 16384, 65536, 1 << 20, 4 << 20 };
    static const uint32_t window[] = { 0, 0, 1, 2, 4, 32, 64 };
    struct dice *d = &n->dice;
    struct aksu_sim_host h = { .mtu = mtu, .ethernet = ethernet };
    h.stack.memory_limit = n->small ? (1u << 20) + dice(d, 2u << 20) : 64u << 20;
    h.stack.max_connections = 256;
    h.stack.send_buffer = pick(d, buffer, 8);
    h.stack.receive_buffer = pick(d, buffer, 8);
    h.stack.data_r2 = 100;              /* nobody gives up: a burst of losses may last long */
    h.stack.orphan_probes = 100;
    h.stack.syn_r2 = AKSU_SECONDS(3600);
    h.stack.initial_window = pick(d, window, 7);
    h.stack.no_sack = dice(d, 8) == 0;
    h.stack.no_timestamps = dice(d, 6) == 0;
    h.stack.no_window_scale = dice(d, 8) == 0;
    h.stack.ecn = (enum aksu_ecn)dice(d, 3);
    h.no_tso = dice(d, 3) == 0;
    h.checksums = dice(d, 8) == 0;
    return h;
}

static void random_rate(struct network *n, struct aksu_path_node *node)
{
    static const uint32_t mbit[] = { 1, 5, 20, 100, 1000, 1000, 10000 };
    struct dice *d = &n->dice;
    uint64_t rate = (uint64_t)pick(d, mbit, 7) * 1000000;
    *node = (struct aksu_path_node){ .kind = AKSU_PATH_RATE, .rate = rate };
    node->limit = dice(d, 6) == 0 ? 0 : 20000 + dice(d, rate > 50000000 ? 1000000 : 200000);
    node->codel = dice(d, 4) == 0;
    node->codel_marks = dice(d, 2) == 0;
    n->slow = n->slow || rate < 10000000;
}

static void random_delay(struct network *n, struct aksu_path_node *node)
{
    static const uint32_t us[] = { 1, 50, 1000, 5000, 20000, 50000, 150000 };
    struct dice *d = &n->dice;
    *node = (struct aksu_path_node){ .kind = AKSU_PATH_DELAY, .delay = AKSU_US(pick(d, us, 7)) };
    if (dice(d, 3) == 0)
        node->jitter = node->delay / (1 + dice(d, 20));
    node->in_order = dice(d, 2) == 0;
}

/* Per million. */
static uint64_t some_chance(struct dice *d, uint32_t most)
{
    return AKSU_PATH_CHANCE(dice(d, 3) == 0 ? dice(d, most) : dice(d, most / 20), 1000000);
}

static void random_bursts(struct dice *d, struct aksu_path_node *node)
{
    *node = (struct aksu_path_node){ .kind = AKSU_PATH_BURSTS };
    node->to_bad = AKSU_PATH_CHANCE(1 + dice(d, 1000), 100000);
    node->to_good = AKSU_PATH_CHANCE(10 + dice(d, 80), 100);
    node->chance_bad = AKSU_PATH_CHANCE(20 + dice(d, 80), 100);
}

static void random_cuts(struct network *n, struct aksu_path_node *node)
{
    struct dice *d = &n->dice;
    *node = (struct aksu_path_node){ .kind = AKSU_PATH_CUT, .cut = n->cut };
    aksu_time at = aksu_sim_now(n->world);
    for (node->cuts = 0; node->cuts < 2; node->cuts++) {
        at += AKSU_MS(100 + dice(d, 5000));
        n->cut[node->cuts].from = at;
        at += AKSU_MS(1 + dice(d, dice(d, 4) == 0 ? 20000 : 500));
        n->cut[node->cuts].until = at;
    }
}

/* What else happens on the way, each now and then. Returns how many nodes there are then. */
static unsigned random_faults(struct network *n, struct aksu_path_node *node, unsigned at)
{
    struct dice *d = &n->dice;
    if (dice(d, 3) == 0)
        node[at++] = (struct aksu_path_node){ .kind = AKSU_PATH_LOSS,
                                              .chance = some_chance(d, 60000) };
    if (dice(d, 6) == 0)
        random_bursts(d, &node[at++]);
    if (dice(d, 4) == 0) {
        node[at] = (struct aksu_path_node){ .kind = AKSU_PATH_REORDER };
        node[at].chance = some_chance(d, 100000);
        node[at++].delay = AKSU_US(100 + dice(d, 20000));
    }
    if (dice(d, 4) == 0)
        node[at++] = (struct aksu_path_node){ .kind = AKSU_PATH_DUPLICATE,
                                              .chance = some_chance(d, 50000) };
    if (dice(d, 5) == 0)
        node[at++] = (struct aksu_path_node){ .kind = AKSU_PATH_CORRUPT,
                                              .chance = some_chance(d, 30000) };
    if (dice(d, 5) == 0)
        node[at++] = (struct aksu_path_node){ .kind = AKSU_PATH_MARK,
                                              .chance = some_chance(d, 100000) };
    if (dice(d, 8) == 0) {
        for (unsigned i = 0; i < 3; i++)
            n->nth[i] = (i > 0 ? n->nth[i - 1] : 0) + 1 + dice(d, 40);
        node[at++] = (struct aksu_path_node){ .kind = AKSU_PATH_LOSE_DATA, .nth = n->nth,
                                              .nths = 3 };
    }
    if (dice(d, 10) == 0)
        random_cuts(n, &node[at++]);
    return at;
}

static unsigned random_path(struct network *n, struct aksu_path_node *node, uint32_t mtu)
{
    unsigned at = 0;
    struct dice *d = &n->dice;
    if (mtu > 1280 && dice(d, 8) == 0)
        node[at++] = (struct aksu_path_node){ .kind = AKSU_PATH_MTU, .mtu = 1280, .tell = true };
    if (dice(d, 4) != 0)
        random_rate(n, &node[at++]);
    random_delay(n, &node[at++]);
    return random_faults(n, node, at);
}

static void random_cable(struct network *n, struct aksu_sim_node *a, struct aksu_sim_node *b,
                         uint32_t mtu)
{
    struct aksu_path_node there[NODES_MOST], back[NODES_MOST];
    unsigned count = random_path(n, there, mtu);
    struct aksu_path_cut cut[2] = { n->cut[0], n->cut[1] };
    uint64_t nth[3] = { n->nth[0], n->nth[1], n->nth[2] };
    for (unsigned i = 0; i < count; i++) {
        if (there[i].kind == AKSU_PATH_CUT)
            there[i].cut = cut;
        if (there[i].kind == AKSU_PATH_LOSE_DATA)
            there[i].nth = nth;
    }
    unsigned back_count = random_path(n, back, mtu);
    (void)net_cable(n->world, a, b, there, count, back, back_count);
}

/* A host of each side at one cable; or some at each end of a cable that all share. */
static void random_hosts(struct network *n)
{
    static const uint32_t mtus[] = { 1500, 1500, 1500, 1500, 576, 1280, 9000 };
    struct dice *d = &n->dice;
    uint32_t mtu = pick(d, mtus, 7);
    bool shared = dice(d, 2) == 0, ethernet = !shared && dice(d, 2) == 0;
    n->pairs = shared ? 1 + dice(d, PAIRS_MOST) : 1;
    n->small = dice(d, 6) == 0;
    for (unsigned i = 0; i < n->pairs; i++) {
        for (unsigned side = 0; side < 2; side++) {
            struct aksu_sim_host h = random_host(n, ethernet, mtu);
            n->host[side][i] = net_host(n->world, &h);
        }
    }
    if (!shared) {
        random_cable(n, n->host[0][0], n->host[1][0], mtu);
        return;
    }
    struct aksu_sim_node *router[2] = { net_router(n->world), net_router(n->world) };
    random_cable(n, router[0], router[1], mtu);
    for (unsigned i = 0; i < n->pairs; i++) {
        for (unsigned side = 0; side < 2; side++) {
            struct aksu_path_node delay;
            random_delay(n, &delay);
            (void)net_cable(n->world, n->host[side][i], router[side], &delay, 1, &delay, 1);
        }
    }
}

static uint32_t some_octets(struct network *n)
{
    struct dice *d = &n->dice;
    return dice(d, 5) == 0 ? dice(d, 3000) : dice(d, n->slow || n->small ? 300000 : 6000000);
}

static struct aksu_sim_app random_app(struct network *n)
{
    struct dice *d = &n->dice;
    struct aksu_sim_app app = { .octets = some_octets(n) };
    if (dice(d, 4) == 0) {
        app.act = aksu_sim_on_off;
        app.request = 1000 + dice(d, 100000);
        app.pause = AKSU_US(dice(d, 300000));
    }
    if (dice(d, 6) == 0) {
        app.gulp = 500 + dice(d, 30000);
        app.gulp_pause = AKSU_US(1 + dice(d, 200000));
    }
    return app;
}

/* Questions and answers. */
static void converse(struct network *n, struct aksu_sim_flow *f)
{
    struct dice *d = &n->dice;
    uint32_t request = 1 + dice(d, 2000), response = 1 + dice(d, 20000);
    f->app[0] = (struct aksu_sim_app){ .act = aksu_sim_request, .request = request,
                                       .response = response };
    f->app[0].octets = (uint64_t)request * (1 + dice(d, 30));
    f->app[0].pause = AKSU_US(dice(d, 100000));
    f->app[1] = f->app[0];
    f->app[1].act = aksu_sim_respond;
    f->app[1].octets = UINT64_MAX;
}

static void random_flow(struct network *n)
{
    struct dice *d = &n->dice;
    unsigned side = dice(d, 2);
    struct aksu_sim_flow f = { .host = { n->host[side][dice(d, n->pairs)],
                                         n->host[1 - side][dice(d, n->pairs)] } };
    f.v6 = dice(d, 3) == 0;
    if (dice(d, 5) == 0) {
        converse(n, &f);
    } else {
        f.app[0] = random_app(n);
        f.app[1] = random_app(n);
        if (dice(d, 2) == 0)
            f.app[1].octets = 0;
    }
    f.at = aksu_sim_now(n->world) + 1 + AKSU_US(dice(d, 2000000));
    n->flow[n->flows++] = net_flow(n->world, &f);
}

static void expect_all(const struct network *n)
{
    for (unsigned i = 0; i < n->flows; i++) {
        struct aksu_sim_report r[2];
        aksu_sim_report(n->flow[i], &r[0]);
        aksu_sim_report(aksu_sim_peer(n->flow[i]), &r[1]);
        for (unsigned side = 0; side < 2; side++) {
            if (r[side].failed || r[side].received != r[1 - side].sent)
                net_blame(n->flow[i]);
            expect(!r[side].failed, "flow %u side %u failed: %s. Again: %s", i, side,
                   aksu_status_text(r[side].reason), sim_again);
            expect(r[side].received == r[1 - side].sent, "flow %u side %u got %llu of %llu", i,
                   side, (unsigned long long)r[side].received,
                   (unsigned long long)r[1 - side].sent);
        }
    }
}

static uint64_t used(struct aksu_sim_node *host, struct aksu_counters *c)
{
    aksu_counters(aksu_sim_stack(host), c);
    return c->memory_used;
}

static void remember_memory(struct network *n)
{
    struct aksu_counters c;
    for (unsigned i = 0; i < n->pairs; i++)
        for (unsigned side = 0; side < 2; side++)
            n->memory[side][i] = used(n->host[side][i], &c);
}

/* 2 MSL later there is no connection, no record, no page in use. */
static void expect_clean(const struct network *n)
{
    struct aksu_counters c;
    for (unsigned i = 0; i < n->pairs; i++) {
        for (unsigned side = 0; side < 2; side++) {
            uint64_t now = used(n->host[side][i], &c);
            expect(c.connections == 0 && c.time_wait == 0,
                   "%u connections and %u in TIME-WAIT are left. Again: %s", c.connections,
                   c.time_wait, sim_again);
            expect(now == n->memory[side][i], "%llu octets are in use, %llu at the beginning",
                   (unsigned long long)now, (unsigned long long)n->memory[side][i]);
        }
    }
}

static uint64_t random_run(uint64_t seed, bool digest)
{
    struct network n = { .dice.state = seed * 1000003 };
    struct aksu_sim_counts counts;
    n.world = net_world(seed, digest);
    random_hosts(&n);
    unsigned flows = 1 + dice(&n.dice, FLOWS_MOST);
    while (n.flows < flows)
        random_flow(&n);
    remember_memory(&n);
    net_expect(n.world, aksu_sim_finish(n.world, AKSU_SECONDS(24 * 3600)), AKSU_SIM_ENDED);
    expect_all(&n);
    aksu_time later = aksu_sim_now(n.world) + AKSU_SECONDS(3600);
    enum aksu_sim_state state = aksu_sim_run(n.world, later);
    net_expect(n.world, state, AKSU_SIM_ENDED);
    expect_clean(&n);
    aksu_sim_counts(n.world, &counts);
    if (sim_verbose)
        printf("seed %llu: %llu segments, digest %llx\n", (unsigned long long)seed,
               (unsigned long long)counts.segments, (unsigned long long)counts.digest);
    return counts.digest;
}

SIM(random_network, SIM_SEEDS(360))
{
    (void)random_run(seed, false);
}

/* The same seed gives the same bytes at the same times. */
SIM(same_network_same_bytes, 10)
{
    uint64_t first = random_run(seed + 1000000, true), second = random_run(seed + 1000000, true);
    expect(first == second, "%llx and %llx", (unsigned long long)first, (unsigned long long)second);
}
