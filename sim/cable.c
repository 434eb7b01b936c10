/* cable.c - cables between nodes: frames go into a path, and come out at the other end; routers
 * send them on. Called by step.c, and by programs through aksu/sim.h. */
#include <stdlib.h>

#include "sim/calls.h"
#include "sim/path_inner.h"
#include "sim/words.h"

enum { ETHERNET_OCTETS = 14, IPV4_OCTETS = 20, IPV6_OCTETS = 40 };

/* --- making one --- */

static const char *wrong_ends(const struct aksu_sim_node *a, const struct aksu_sim_node *b)
{
    if (a == b)
        return "a cable leads from one node to another";
    if ((a->net != NULL && a->ways != NULL) || (b->net != NULL && b->ways != NULL))
        return "a host has one cable: put a router between";
    bool link_a = a->net != NULL && a->ethernet, link_b = b->net != NULL && b->ethernet;
    if (link_a != link_b)
        return "a host with `ethernet` has its cable to another such host; routers know IP packets";
    return NULL;
}

static bool has_mtu_node(const struct aksu_sim_way *how)
{
    for (unsigned i = 0; i < how->count; i++)
        if (how->nodes[i].kind == AKSU_PATH_MTU)
            return true;
    return false;
}

static bool new_way(struct aksu_sim *w, struct way *way, struct aksu_sim_node *from,
                    struct aksu_sim_node *to, const struct aksu_sim_way *how)
{
    unsigned flags = (from->ethernet ? 0u : (unsigned)AKSU_PATH_BARE_IP)
                   | (from->whole ? (unsigned)AKSU_PATH_WHOLE : 0u);
    way->path = aksu_path_new(how->nodes, how->count, sim_random(w), flags);
    way->from = from;
    way->to = to;
    way->replies = has_mtu_node(how);
    return way->path != NULL;
}

static void lay(struct way *way)
{
    way->next = way->from->ways;
    way->from->ways = way;
}

struct aksu_sim_cable *aksu_sim_cable(struct aksu_sim *w, struct aksu_sim_node *a,
                                      struct aksu_sim_node *b, const struct aksu_sim_way ways[2])
{
    const char *wrong = wrong_ends(a, b);
    struct aksu_sim_cable *c = wrong == NULL ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) {
        sim_refuse(w, wrong != NULL ? wrong : "no memory for a cable");
        return NULL;
    }
    c->world = w;
    c->next = w->cables;
    w->cables = c;                          /* from here on it is freed with the world */
    if (!sim_queue_admit(w, &c->way[0].due, DUE_WAY)
        || !sim_queue_admit(w, &c->way[1].due, DUE_WAY)) {
        sim_refuse(w, "no memory for a cable");
        return NULL;
    }
    if (!new_way(w, &c->way[0], a, b, &ways[0]) || !new_way(w, &c->way[1], b, a, &ways[1])) {
        sim_refuse(w, "a node of a path has values out of range (aksu/path.h), or no memory");
        return NULL;
    }
    lay(&c->way[0]);
    lay(&c->way[1]);
    w->routed = false;
    return c;
}

struct aksu_path *aksu_sim_path(struct aksu_sim_cable *cable, unsigned way)
{
    return cable->way[way & 1u].path;
}

void aksu_sim_tamper(struct aksu_sim_cable *cable, unsigned way, aksu_sim_rewrite *rewrite,
                     void *context)
{
    struct way *y = &cable->way[way & 1u];
    if (y->scratch == NULL)
        y->scratch = malloc(SIM_FRAME_MOST);
    if (y->scratch == NULL)
        sim_judge_violation(cable->world, NULL, "no memory for a liar");
    y->rewrite = y->scratch != NULL ? rewrite : NULL;
    y->context = context;
}

/* --- routes --- */

/* The way out of `router` to every node that can be reached: breadth first, so the shortest. */
static void route_from(const struct aksu_sim *w, struct aksu_sim_node *router, uint32_t *list)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i <= w->nodes; i++)
        router->toward[i] = NULL;
    list[count++] = router->index;
    for (uint32_t i = 0; i < count; i++) {
        const struct aksu_sim_node *at = w->node[list[i] - 1];
        if (at->net != NULL)
            continue;
        for (struct way *y = at->ways; y != NULL; y = y->next) {
            uint32_t to = y->to->index;
            if (to == router->index || router->toward[to] != NULL)
                continue;
            router->toward[to] = at == router ? y : router->toward[at->index];
            list[count++] = to;
        }
    }
}

bool sim_route(struct aksu_sim *w)
{
    uint32_t *list = malloc((w->nodes + 1) * sizeof *list);
    bool ok = list != NULL;
    for (uint32_t i = 0; ok && i < w->nodes; i++) {
        struct aksu_sim_node *n = w->node[i];
        if (n->net != NULL)
            continue;
        struct way **table = realloc((void *)n->toward, (w->nodes + 1) * sizeof(void *));
        ok = table != NULL;
        if (ok) {
            n->toward = table;
            route_from(w, n, list);
        }
    }
    free(list);
    w->routed = ok;
    return ok;
}

static struct way *next_way(const struct aksu_sim_node *router, const struct aksu_frame *frame)
{
    const uint8_t *ip = frame->part[0].data;
    size_t length = frame->part[0].length;
    uint32_t index = 0;                     /* nobody's */
    if (length >= IPV4_OCTETS && ip[0] >> 4 == 4)
        index = (uint32_t)ip[18] << 8 | ip[19];
    else if (length >= IPV6_OCTETS && ip[0] >> 4 == 6)
        index = (uint32_t)ip[37] << 8 | ip[39];
    return index <= router->world->nodes ? router->toward[index] : NULL;
}

/* --- frames --- */

static void node_in(struct aksu_sim_node *n, struct aksu_frame *frame)
{
    if (n->net != NULL) {
        frame->device = n->device;
        aksu_frame_in(n->net, n->device, frame, n->world->now);
        return;
    }
    struct way *on = next_way(n, frame);
    if (on != NULL)
        sim_way_put(on, frame);
}

static uint64_t digest_octets(uint64_t h, const uint8_t *at, size_t length)
{
    for (; length >= 8; at += 8, length -= 8)
        h = (h ^ sim_load_word(at) ^ h >> 29) * 0xbf58476d1ce4e5b9u;
    for (; length > 0; at++, length--)
        h = (h ^ *at ^ h >> 29) * 0xbf58476d1ce4e5b9u;
    return h;
}

static void digest(struct aksu_sim *w, const struct aksu_frame *frame)
{
    uint64_t h = w->counts.digest ^ w->now;
    for (uint32_t i = 0; i < frame->parts; i++)
        h = digest_octets(h, frame->part[i].data, frame->part[i].length);
    w->counts.digest = h;
}

static uint32_t gather(uint8_t *to, const struct aksu_frame *frame)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < frame->parts && at + frame->part[i].length <= SIM_FRAME_MOST; i++) {
        memcpy(to + at, frame->part[i].data, frame->part[i].length);
        at += (uint32_t)frame->part[i].length;
    }
    return at;
}

static void rewritten(struct way *way, const struct aksu_frame *frame)
{
    uint32_t length = gather(way->scratch, frame);
    length = way->rewrite(way->context, way->scratch, length, SIM_FRAME_MOST,
                          way->from->world->now);
    if (length == 0 || length > SIM_FRAME_MOST)
        return;
    struct aksu_frame out = { .parts = 1, .length = length, .gso_size = frame->gso_size,
                              .checksum_partial = frame->checksum_partial };
    out.part[0] = (struct aksu_slice){ way->scratch, length };
    (void)aksu_path_put(way->path, &out, way->from->world->now);
}

/* What is lost for want of memory would be taken for what the path is to lose. */
static void set_due(struct way *way)
{
    struct aksu_sim *w = way->from->world;
    if (way->path->store.starved)
        sim_judge_violation(w, NULL, "no memory for a frame that is under way");
    sim_queue_set(w, &way->due, aksu_path_next(way->path));
}

static void after(struct way *way)
{
    struct aksu_frame reply;
    while (way->replies && aksu_path_reply(way->path, &reply))
        node_in(way->from, &reply);
    set_due(way);
}

void sim_way_put(struct way *way, const struct aksu_frame *frame)
{
    struct aksu_sim *w = way->from->world;
    if (w->wants_digest && way->from->net != NULL)
        digest(w, frame);
    if (way->rewrite != NULL)
        rewritten(way, frame);
    else
        (void)aksu_path_put(way->path, frame, w->now);
    after(way);
}

void sim_way_deliver(struct way *way)
{
    struct aksu_frame frame;
    if (aksu_path_get(way->path, &frame, way->to->world->now))
        node_in(way->to, &frame);
    after(way);
}

void aksu_sim_inject(struct aksu_sim_cable *cable, unsigned way, const uint8_t *frame,
                     uint32_t length)
{
    struct way *y = &cable->way[way & 1u];
    struct aksu_frame f = { .parts = 1, .length = length, .checksum_partial = true };
    f.part[0] = (struct aksu_slice){ frame, length };
    (void)aksu_path_put(y->path, &f, cable->world->now);
    set_due(y);
}

void aksu_sim_counts(const struct aksu_sim *w, struct aksu_sim_counts *out)
{
    *out = w->counts;
    for (const struct aksu_sim_cable *c = w->cables; c != NULL; c = c->next) {
        for (unsigned i = 0; i < 2; i++) {
            struct aksu_path_counts p;
            if (c->way[i].from == NULL || c->way[i].from->net == NULL)
                continue;
            aksu_path_counts(c->way[i].path, &p);
            out->segments += p.in;
        }
    }
}
