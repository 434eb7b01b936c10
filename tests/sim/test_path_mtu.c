/* test_path_mtu.c - paths that carry less than the link: in silence, or with a message about it
 * (RFC 1191 6, RFC 8201 5, RFC 4821 7). The seed chooses the size, and whether it is IPv6. */
#include "tests/sim/net.h"

enum { OCTETS = 4 << 20, FIRST_NODE = 0 };

struct setup {
    uint32_t mtu;
    bool v6, tells, loses;
    aksu_time shrinks_at;           /* before that the path is as wide as the link; 0: at once */
    enum aksu_mtu_probing probing;
};

struct wide {
    struct aksu_path *path;
    struct aksu_path_node node;
};

static void shrink(void *context, aksu_time now)
{
    const struct wide *p = context;
    expect(aksu_path_set(p->path, FIRST_NODE, &p->node, now), "the MTU of a node is changed");
}

/* The server sends to the client over such a path. */
static void transfer(const struct setup *s, uint64_t seed, struct aksu_sim_report *report,
                     struct aksu_path_counts *counts)
{
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host host = { .stack = { .mtu_probing = s->probing } };
    struct aksu_sim_node *client = net_host(w, &host), *server = net_host(w, &host);
    struct aksu_path_node back[] = {
        { .kind = AKSU_PATH_MTU, .mtu = s->shrinks_at != 0 ? 1500 : s->mtu, .tell = s->tells },
        { .kind = AKSU_PATH_LOSS, .chance = s->loses ? AKSU_PATH_CHANCE(1, 200) : 0 },
        { .kind = AKSU_PATH_RATE, .rate = 50000000, .limit = 100000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) },
    };
    struct aksu_sim_cable *cable = net_cable(w, client, server, back + 3, 1, back, 4);
    struct wide wide = { aksu_sim_path(cable, 1), back[FIRST_NODE] };
    wide.node.mtu = s->mtu;
    if (s->shrinks_at != 0)
        expect(aksu_sim_at(w, AKSU_SECONDS(1) + s->shrinks_at, shrink, &wide), "no memory");
    struct aksu_sim_end *end = net_flow(w, &(struct aksu_sim_flow){
        .host = { client, server }, .v6 = s->v6,
        .app = { { .octets = 0 }, { .octets = OCTETS } } });
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(600)), AKSU_SIM_ENDED);
    aksu_sim_report(aksu_sim_peer(end), report);
    aksu_path_counts(aksu_sim_path(cable, 1), counts);
    struct aksu_sim_report client_report;
    aksu_sim_report(end, &client_report);
    expect(client_report.received == OCTETS, "%llu octets arrived. Again: %s",
           (unsigned long long)client_report.received, sim_again);
}

static struct setup setup_of(uint64_t seed)
{
    struct dice d = { seed };
    struct setup s = { .v6 = seed % 2 };
    s.mtu = s.v6 ? 1280 + dice(&d, 220) : 1024 + dice(&d, 470);
    return s;
}

static void expect_within(const struct aksu_sim_report *r, aksu_time most)
{
    expect(r->closed_at - r->opened_at < most, "it took %llu ms, at most %llu. Again: %s",
           (unsigned long long)((r->closed_at - r->opened_at) / AKSU_MS(1)),
           (unsigned long long)(most / AKSU_MS(1)), sim_again);
}

/* As many segments as the path's size makes of the octets, and a quarter more: it was found. */
static void expect_found(const struct setup *s, const struct aksu_path_counts *c)
{
    uint64_t text = s->mtu - (s->v6 ? 40 : 20) - 32, segments = OCTETS / text;
    expect(c->out < segments + segments / 4, "%llu segments, of the size that fits %llu. Again: %s",
           (unsigned long long)c->out, (unsigned long long)segments, sim_again);
}

/* At most so many timeouts, and so many frames that the path did not carry. */
static void expect_few(const struct aksu_sim_report *r, uint64_t timeouts,
                       const struct aksu_path_counts *c, uint64_t too_big)
{
    expect(r->timeouts <= timeouts, "%llu timeouts, at most %llu. Again: %s",
           (unsigned long long)r->timeouts, (unsigned long long)timeouts, sim_again);
    expect(c->too_big <= too_big, "%llu were too large, at most %llu. Again: %s",
           (unsigned long long)c->too_big, (unsigned long long)too_big, sim_again);
}

/* Two timeouts until it is noticed; then probes, each of which costs one segment. */
SIM(a_path_that_drops_in_silence, SIM_SEEDS(40))
{
    struct setup s = setup_of(seed);
    struct aksu_sim_report r;
    struct aksu_path_counts c;
    s.loses = seed % 3 == 0;
    transfer(&s, seed, &r, &c);
    if (s.loses)
        return;
    expect_few(&r, 3, &c, 10 + 3 + 8);
    expect_within(&r, AKSU_SECONDS(4));
}

/* It becomes narrow in the middle of the transfer. */
SIM(a_path_that_becomes_narrow, SIM_SEEDS(40))
{
    struct setup s = setup_of(seed);
    struct aksu_sim_report r;
    struct aksu_path_counts c;
    s.shrinks_at = AKSU_MS(200);
    s.tells = seed % 4 < 2;
    transfer(&s, seed, &r, &c);
    expect_within(&r, AKSU_SECONDS(s.tells ? 6 : 20));      /* four timeouts until it is noticed */
}

/* The router tells: no timeout, and nothing larger than it said, ever after. */
SIM(a_path_that_tells, SIM_SEEDS(40))
{
    struct setup s = setup_of(seed);
    struct aksu_sim_report r;
    struct aksu_path_counts c;
    s.tells = true;
    transfer(&s, seed, &r, &c);
    expect_few(&r, 0, &c, 10);
    expect_found(&s, &c);
    expect_within(&r, AKSU_SECONDS(2));
}

/* From the beginning with probes: no timeout at all, although nobody tells. */
SIM(a_search_from_the_beginning, SIM_SEEDS(40))
{
    struct setup s = setup_of(seed);
    struct aksu_sim_report r;
    struct aksu_path_counts c;
    s.probing = AKSU_MTU_PROBING_ALWAYS;
    transfer(&s, seed, &r, &c);
    expect_few(&r, 0, &c, 8);
    expect_within(&r, AKSU_SECONDS(3));
}

static void read_only(struct aksu_sim_end *end)
{
    struct aksu_sim_report r;
    (void)aksu_sim_receive(end, UINT64_MAX);
    aksu_sim_report(end, &r);
    if (r.peer_closed)
        aksu_sim_close(end);
}

/* What one connection has found the next one knows: none of its segments is too large. */
SIM(the_next_connection_knows, SIM_SEEDS(16))
{
    struct setup s = setup_of(seed);
    struct aksu_sim *w = net_world(seed, false);
    struct aksu_sim_host host = { .name = NULL };
    struct aksu_sim_node *client = net_host(w, &host), *server = net_host(w, &host);
    const struct aksu_path_node back[] = {
        { .kind = AKSU_PATH_MTU, .mtu = s.mtu },
        { .kind = AKSU_PATH_RATE, .rate = 2000000, .limit = 8000 },
        { .kind = AKSU_PATH_DELAY, .delay = AKSU_MS(10) },
    };
    struct aksu_sim_cable *cable = net_cable(w, client, server, back + 2, 1, back, 3);
    struct aksu_path_counts first, both;
    for (unsigned i = 0; i < 2; i++)
        (void)net_flow(w, &(struct aksu_sim_flow){
            .host = { client, server }, .v6 = s.v6, .at = AKSU_SECONDS(1 + 100 * i),
            .app = { { .act = read_only }, { .octets = i == 0 ? OCTETS : 400000 } } });
    net_expect(w, aksu_sim_run(w, AKSU_SECONDS(100)), AKSU_SIM_RUNNING);
    aksu_path_counts(aksu_sim_path(cable, 1), &first);
    net_expect(w, aksu_sim_finish(w, AKSU_SECONDS(600)), AKSU_SIM_ENDED);
    aksu_path_counts(aksu_sim_path(cable, 1), &both);
    expect(first.too_big > 0, "the first one met no narrow path. Again: %s", sim_again);
    expect(both.too_big == first.too_big, "%llu of the second one were too large. Again: %s",
           (unsigned long long)(both.too_big - first.too_big), sim_again);
}
