/* net.c - see net.h. */
#include "tests/sim/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aksu/sink.h"

enum { WORLDS_MOST = 8, FLOWS_MOST = 256, LADDER_OCTETS = 64 << 20 };

uint64_t net_segments;

static struct aksu_sim *world[WORLDS_MOST];
static unsigned worlds;
static struct aksu_sim_end *flow[FLOWS_MOST];       /* of the world that was made last */
static unsigned flows;

/* The flow of the first world of a test that is drawn, as each of its ends sees it. */
struct picked {
    struct aksu_sink sink;
    struct aksu_sink *to;
    struct aksu_endpoint local, remote;
    uint32_t conn;                      /* its index, while it lives */
    unsigned host;                      /* hosts and routers are numbered as they are made */
    char name[24];
};

static struct picked picked[2];
static struct aksu_ladder *ladder;
static void *ladder_memory;
static bool drawing;
static unsigned hosts_made;

static void write_out(void *context, const char *text, size_t length)
{
    (void)context;
    fwrite(text, 1, length, stdout);
}

static bool is_of(const struct picked *p, const struct aksu_endpoint *local,
                  const struct aksu_endpoint *remote)
{
    return memcmp(local, &p->local, sizeof *local) == 0
        && memcmp(remote, &p->remote, sizeof *remote) == 0;
}

/* Segments and the record's beginning name both ends, other events the record only. */
static void pick(struct aksu_sink *sink, const struct aksu_event *e)
{
    struct picked *p = (struct picked *)sink;
    if (e->kind == AKSU_EV_segment_in || e->kind == AKSU_EV_segment_out) {
        if (is_of(p, &e->segment_in.local, &e->segment_in.remote)) {
            p->conn = e->conn;
            p->to->put(p->to, e);
        }
        return;
    }
    if (e->kind == AKSU_EV_opened)
        p->conn = is_of(p, &e->opened.local, &e->opened.remote) ? e->conn
            : p->conn == e->conn ? 0 : p->conn;
    if (e->kind == AKSU_EV_completed && e->completed.half_open == p->conn)
        p->conn = e->conn;
    if (e->conn != 0 && e->conn == p->conn)
        p->to->put(p->to, e);
}

void net_draw(bool on)
{
    drawing = on;
    if (!on) {
        free(ladder_memory);
        ladder_memory = NULL;
        ladder = NULL;
        return;
    }
    ladder_memory = malloc(LADDER_OCTETS);
    struct aksu_ladder_config c = { .writer = { write_out, NULL }, .memory = ladder_memory,
                                    .memory_length = LADDER_OCTETS };
    ladder = ladder_memory != NULL ? aksu_ladder_init(&c) : NULL;
}

struct aksu_sim *net_world(uint64_t seed, bool digest)
{
    expect(worlds < WORLDS_MOST, "too many worlds in one test");
    hosts_made = flows = 0;
    if (worlds == 0 && !drawing)
        memset(picked, 0, sizeof picked);
    struct aksu_sim *w = aksu_sim_new(&(struct aksu_sim_config){ .seed = seed, .digest = digest,
                                                                 .replay = sim_again });
    expect(w != NULL, "no memory for a world");
    world[worlds++] = w;
    return w;
}

struct aksu_sim_node *net_host(struct aksu_sim *w, const struct aksu_sim_host *how)
{
    struct aksu_sim_host h = *how;
    hosts_made++;
    for (unsigned side = 0; side < 2 && drawing && ladder != NULL && worlds == 1; side++) {
        struct picked *p = &picked[side];
        if (p->host != hosts_made)
            continue;
        (void)snprintf(p->name, sizeof p->name, "host %u", hosts_made);
        p->sink.put = pick;
        p->conn = 0;
        p->to = aksu_ladder_side(ladder, side, p->name);
        h.stack.sink = &p->sink;
    }
    struct aksu_sim_node *n = aksu_sim_host(w, &h);
    expect(n != NULL, "host: %s", aksu_sim_why(w));
    return n;
}

struct aksu_sim_node *net_router(struct aksu_sim *w)
{
    struct aksu_sim_node *n = aksu_sim_router(w);
    hosts_made++;
    expect(n != NULL, "router: %s", aksu_sim_why(w));
    return n;
}

struct aksu_sim_cable *net_cable(struct aksu_sim *w, struct aksu_sim_node *a,
                                 struct aksu_sim_node *b, const struct aksu_path_node *there,
                                 unsigned there_count, const struct aksu_path_node *back,
                                 unsigned back_count)
{
    const struct aksu_sim_way ways[2] = { { there, there_count }, { back, back_count } };
    struct aksu_sim_cable *c = aksu_sim_cable(w, a, b, ways);
    expect(c != NULL, "cable: %s", aksu_sim_why(w));
    return c;
}

void net_blame(struct aksu_sim_end *end)
{
    if (drawing)
        return;
    struct aksu_sim_end *both[2] = { end, aksu_sim_peer(end) };
    struct aksu_sim_report r;
    for (unsigned side = 0; side < 2; side++) {
        struct aksu_ip ip;
        aksu_sim_report(both[side], &r);
        aksu_sim_address(r.host, false, &ip);
        picked[side].host = (unsigned)ip.octet[14] << 8 | ip.octet[15];
        picked[side].local = picked[1 - side].remote = r.local;
    }
}

struct aksu_sim_end *net_flow(struct aksu_sim *w, const struct aksu_sim_flow *how)
{
    struct aksu_sim_end *end = aksu_sim_flow(w, how);
    expect(end != NULL, "flow: %s", aksu_sim_why(w));
    if (flows < FLOWS_MOST)
        flow[flows++] = end;
    if (picked[0].host == 0)
        net_blame(end);
    return end;
}

/* The first flow that is not over, and where it stands. */
static void say_open_flow(struct aksu_sim *w, const char *why)
{
    for (unsigned n = 0; n < 2 * flows; n++) {
        struct aksu_sim_end *end = n % 2 == 0 ? flow[n / 2] : aksu_sim_peer(flow[n / 2]);
        struct aksu_sim_report r;
        struct aksu_info i = { 0 };
        aksu_sim_report(end, &r);
        if (r.closed)
            continue;
        net_blame(flow[n / 2]);
        enum aksu_status status = aksu_status(aksu_sim_stack(r.host), r.conn, &i);
        fail("%s, at %llu ns: flow %u side %u, opened %d, connected %d, status %d, %s, sent %llu, "
             "received %llu, una %u, nxt %u, wnd %u, cwnd %u, queued %u, rcv_wnd %u. Again: %s",
             why,
             (unsigned long long)aksu_sim_now(w), n / 2, n % 2, r.opened, r.connected, (int)status,
             aksu_tcp_state_name(i.state), (unsigned long long)r.sent,
             (unsigned long long)r.received, i.snd_una, i.snd_nxt, i.snd_wnd, i.cwnd,
             i.send_queued, i.rcv_wnd, sim_again);
    }
}

void net_expect(struct aksu_sim *w, enum aksu_sim_state state, enum aksu_sim_state wanted)
{
    static const char *const text[] = { "it takes too long", "all flows are over",
                                        "nothing will ever happen", "violation" };
    if (state == AKSU_SIM_VIOLATION) {
        if (aksu_sim_where(w) != NULL)
            net_blame(aksu_sim_where(w));
        fail("%s", aksu_sim_why(w));
    }
    if (state != wanted)
        say_open_flow(w, text[state]);
    expect(state == wanted, "%s, at %llu ns. Again: %s", text[state],
           (unsigned long long)aksu_sim_now(w), sim_again);
}

void net_free_all(void)
{
    while (worlds > 0) {
        struct aksu_sim_counts c;
        struct aksu_sim *w = world[--worlds];
        aksu_sim_counts(w, &c);
        net_segments += c.segments;
        aksu_sim_free(w);
    }
    if (drawing && ladder != NULL)
        aksu_ladder_finish(ladder);
}
