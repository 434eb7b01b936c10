/* world.c - a world, and the hosts and routers in it: made from the caller's config and the world's
 * seed, freed all together. Called by programs through aksu/sim.h. */
#include "sim/calls.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM_FIRST = 16 };

static const aksu_time START = AKSU_SECONDS(1);

/* splitmix64: the world's own numbers, not the generator of the stacks that run in it. */
uint64_t sim_random(struct aksu_sim *w)
{
    uint64_t z = w->seed_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

bool sim_refuse(struct aksu_sim *w, const char *sentence)
{
    (void)snprintf(w->why, sizeof w->why, "%s", sentence);
    return false;
}

void *sim_room(void *array, uint32_t count, uint32_t *room)
{
    if (count < *room)
        return array;
    uint32_t more = *room == 0 ? ROOM_FIRST : *room * 2;
    void *larger = realloc(array, more * sizeof(void *));
    if (larger != NULL)
        *room = more;
    return larger;
}

struct aksu_sim *aksu_sim_new(const struct aksu_sim_config *config)
{
    static const struct aksu_sim_config defaults;
    const struct aksu_sim_config *c = config != NULL ? config : &defaults;
    struct aksu_sim *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->seed_state = c->seed;
    w->now = c->start != 0 ? c->start : START;
    w->unchecked = c->unchecked;
    w->wants_digest = c->digest;
    w->replay = c->replay;
    return w;
}

static void free_node(struct aksu_sim_node *n)
{
    aksu_free(n->net);
    free((void *)n->toward);
    free((void *)n->client);
    free((void *)n->by_conn.end);
    free((void *)n->by_half_open.end);
    free(n);
}

void aksu_sim_free(struct aksu_sim *w)
{
    if (w == NULL)
        return;
    for (uint32_t i = 0; i < w->nodes; i++)
        free_node(w->node[i]);
    while (w->cables != NULL) {
        struct aksu_sim_cable *c = w->cables;
        w->cables = c->next;
        for (unsigned i = 0; i < 2; i++) {
            aksu_path_free(c->way[i].path);
            free(c->way[i].scratch);
        }
        free(c);
    }
    for (uint32_t i = 0; i < w->flows; i++) {
        free(w->flow[i]->end[0].pipe.octet);
        free(w->flow[i]->end[1].pipe.octet);
        free(w->flow[i]);
    }
    while (w->calls != NULL) {
        struct call *c = w->calls;
        w->calls = c->next;
        free(c);
    }
    free((void *)w->node);
    free((void *)w->flow);
    free((void *)w->queue);
    free(w);
}

const char *aksu_sim_why(const struct aksu_sim *w)
{
    return w->why;
}

struct aksu_sim_end *aksu_sim_where(const struct aksu_sim *w)
{
    return w->where != NULL ? &w->where->flow->end[w->where->side] : NULL;
}

aksu_time aksu_sim_now(const struct aksu_sim *w)
{
    return w->now;
}

/* --- nodes --- */

static struct aksu_sim_node *new_node(struct aksu_sim *w)
{
    if (w->nodes >= SIM_NODES_MOST) {
        sim_refuse(w, "a world has at most 65000 hosts and routers");
        return NULL;
    }
    struct aksu_sim_node **room = sim_room((void *)w->node, w->nodes, &w->nodes_room);
    struct aksu_sim_node *n = calloc(1, sizeof *n);
    w->node = room != NULL ? room : w->node;
    if (n == NULL || room == NULL || !sim_queue_admit(w, &n->due, DUE_HOST)) {
        free(n);
        sim_refuse(w, "no memory for another node");
        return NULL;
    }
    n->world = w;
    n->index = w->nodes + 1;
    w->node[w->nodes++] = n;
    w->routed = false;
    return n;
}

struct aksu_sim_node *aksu_sim_router(struct aksu_sim *w)
{
    return new_node(w);
}

static bool attach(struct aksu_sim_node *n, const struct aksu_sim_host *how)
{
    char text[48];
    uint32_t offload = how->checksums ? 0u : how->no_tso ? (uint32_t)AKSU_OFFLOAD_CHECKSUM
                                                         : (uint32_t)AKSU_OFFLOAD_TSO;
    struct aksu_device_config d = { .name = "sim", .mtu = n->mtu, .offload = offload };
    if (n->ethernet) {
        const uint8_t mac[6] = { 2, 0, 0, 0, (uint8_t)(n->index >> 8), (uint8_t)n->index };
        memcpy(d.mac, mac, sizeof mac);
    }
    if (aksu_attach(n->net, &d, &n->device) != AKSU_OK)
        return sim_refuse(n->world, "the MTU of a host is 68 to 65535 octets");
    (void)snprintf(text, sizeof text, "10.0.%u.%u/8", n->index >> 8, n->index & 255u);
    bool v4 = aksu_address_add(n->net, n->device, text) == AKSU_OK;
    (void)snprintf(text, sizeof text, "fd00::%x:%x/64", n->index >> 8, n->index & 255u);
    if (!v4 || aksu_address_add(n->net, n->device, text) != AKSU_OK)
        return sim_refuse(n->world, "the host cannot have its address");
    return true;
}

static bool new_stack(struct aksu_sim_node *n, const struct aksu_sim_host *how)
{
    struct aksu_sim *w = n->world;
    struct aksu_config config = how->stack;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t random = sim_random(w);
        for (unsigned k = 0; k < 8; k++)
            config.seed[8 * i + k] = (uint8_t)(random >> 8 * k);
    }
    n->sink.put = sim_judge_put;
    n->user_sink = how->stack.sink;
    if (!w->unchecked)
        config.sink = &n->sink;
    n->net = aksu_new(&config, w->now);
    if (n->net == NULL)
        return sim_refuse(w, "no stack of this config: see aksu_new, memory_limit first");
    return attach(n, how);
}

struct aksu_sim_node *aksu_sim_host(struct aksu_sim *w, const struct aksu_sim_host *how)
{
    static const struct aksu_sim_host defaults;
    const struct aksu_sim_host *h = how != NULL ? how : &defaults;
    struct aksu_sim_node *n = new_node(w);
    if (n == NULL)
        return NULL;
    n->ethernet = h->ethernet;
    n->whole = h->whole;
    n->prompt = h->prompt;
    n->mtu = h->mtu != 0 ? h->mtu : 1500;
    if (h->name != NULL)
        (void)snprintf(n->name, sizeof n->name, "%s", h->name);
    else
        (void)snprintf(n->name, sizeof n->name, "host %u", n->index);
    return new_stack(n, h) ? n : NULL;      /* without its stack it is a router without a cable */
}

struct aksu *aksu_sim_stack(struct aksu_sim_node *host)
{
    return host->net;
}

void aksu_sim_address(const struct aksu_sim_node *host, bool v6, struct aksu_ip *out)
{
    uint8_t high = (uint8_t)(host->index >> 8), low = (uint8_t)host->index;
    *out = v6 ? (struct aksu_ip){ { 0xfd, [13] = high, [15] = low } }
              : (struct aksu_ip){ { [10] = 0xff, [11] = 0xff, 10, 0, high, low } };
}

void aksu_sim_ready(struct aksu_sim_node *host, aksu_sim_told *told, void *context)
{
    host->told = told;
    host->context = context;
}
