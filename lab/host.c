/* host.c - the hosts of an act and the cables between them. See stage.h. */
#include "lab/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aksu/snapshot.h"

/* The nodes of each way, before those of the scenario; the last one only with a knob for it:
 * sending takes time even at 1 Tbit/s. */
enum { NODE_CUT, NODE_LOSS, NODE_DELAY, NODE_RATE, NODES, MORE_MOST = 8 };
enum { QUEUE_MS = 100, MEMORY = 4 << 20, NOWHERE = 1 << 19, CONNECTIONS = 512, UDP = 17 };

static void keep_said(struct lab *lab, const struct lab_host *host, bool drawn, bool between,
                      const struct aksu_event *event)
{
    if (lab->said_count >= INNER_SAID_MOST)
        return;
    if (lab->said_count == lab->said_room) {
        unsigned room = lab->said_room > 0 ? lab->said_room * 2 : 1024;
        struct lab_said *larger = realloc(lab->said, room * sizeof *larger);
        if (larger == NULL) {
            lab_fail(lab, "no memory for what the stacks say");
            return;
        }
        lab->said = larger;
        lab->said_room = room;
    }
    lab->said[lab->said_count++] = (struct lab_said){
        .at = event->at > lab->start ? event->at - lab->start : 0, .host = host, .drawn = drawn,
        .between = between, .event = *event };
}

/* --- whose connection it is --- */

/* Of those that name it; else NULL. */
static const struct aksu_endpoint *remote_of(const struct aksu_event *e)
{
#define AT(name) [AKSU_EV_##name] = offsetof(struct aksu_event, name.remote)
    static const size_t at[AKSU_EV_COUNT] = {
        AT(segment_in), AT(segment_out), AT(opened), AT(syn_refused), AT(syn_cookie_sent),
        AT(syn_cookie_good), AT(syn_cookie_bad), AT(syn_queue_full), AT(accept_queue_full),
        AT(half_open_replaced), AT(udp_in), AT(udp_out), AT(udp_dropped), AT(icmp_in),
        AT(icmp_out) };
#undef AT
    return at[e->kind] != 0 ? (const void *)((const uint8_t *)e + at[e->kind]) : NULL;
}

static bool is_strange(const struct lab *lab, const struct aksu_ip *ip)
{
    static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
    for (unsigned i = 0; i < 2; i++) {
        if (lab->shown[i] >= lab->hosts)
            return false;
        struct aksu_ip own = lab_address(&lab->host[lab->shown[i]]->host);
        if (memcmp(&own, ip, sizeof own) == 0)
            return false;
    }
    return memcmp(ip, v4, sizeof v4) == 0;
}

static bool *strange_of(struct inner_host *h, uint32_t number)
{
    uint32_t index = number & ~AKSU_HALF_OPEN;
    return &h->strange[number != index][index < INNER_NUMBERS ? index : 0];
}

/* It concerns a connection with somebody who is not shown. */
static bool with_stranger(struct inner_host *h, const struct aksu_event *e)
{
    const struct aksu_endpoint *remote = remote_of(e);
    if (remote == NULL && e->kind == AKSU_EV_completed)
        *strange_of(h, e->conn) = *strange_of(h, e->completed.half_open | AKSU_HALF_OPEN);
    if (remote == NULL)
        return e->conn != 0 ? *strange_of(h, e->conn)
            : e->kind == AKSU_EV_dropped && h->last_strange;
    bool strange = is_strange(h->host.lab, &remote->ip);
    if (e->conn != 0)
        *strange_of(h, e->conn) = strange;
    h->last_strange = strange;
    return strange;
}

static bool is_of_datagrams(const struct aksu_event *e)
{
    return e->kind == AKSU_EV_udp_in || e->kind == AKSU_EV_udp_out
        || e->kind == AKSU_EV_udp_dropped
        || (e->kind == AKSU_EV_icmp_in && e->icmp_in.protocol == UDP)
        || (e->kind == AKSU_EV_icmp_out && e->icmp_out.protocol == UDP);
}

static void put(struct aksu_sink *sink, const struct aksu_event *event)
{
    struct inner_host *h = (struct inner_host *)sink;
    struct lab *lab = h->host.lab;
    bool between = (h->shown || lab->hosts <= 2) && !with_stranger(h, event);
    bool drawn = h->shown && between && (!lab->only_datagrams || is_of_datagrams(event));
    if (lab->said_count > lab->said_before && lab->said[lab->said_count - 1].host != &h->host)
        lab_moment(lab, lab->said[lab->said_count - 1].host);
    keep_said(lab, &h->host, drawn, between, event);
    if (!drawn && event->kind == AKSU_EV_call && strcmp(event->call.name, "OPEN active") == 0)
        lab->not_drawn++;
    if (drawn && h->ladder != NULL)
        h->ladder->put(h->ladder, event);
    if (lab->play->record.write != NULL) {
        struct aksu_event relative = *event;
        relative.at = event->at > lab->start ? event->at - lab->start : 0;
        h->json.sink.put(&h->json.sink, &relative);
    }
}

static bool take_blank(struct inner_host *h)
{
    h->blank_size = aksu_snapshot_size(h->host.net);
    h->blank = malloc(h->blank_size);
    return h->blank != NULL && aksu_snapshot(h->host.net, h->blank, h->blank_size) == AKSU_OK;
}

/* Several networks of an act have hosts of one name: from the second on each has a number, so that
 * a record says whose event it is. */
static const char *name_apart(struct lab *lab, const char *name)
{
    char numbered[64];
    size_t length = strlen(name);
    unsigned others = 0;
    for (unsigned i = 0; i < lab->hosts; i++) {
        const char *there = lab->host[i]->host.name;
        others += strncmp(there, name, length) == 0
               && (there[length] == '\0' || there[length] == ' ');
    }
    if (others == 0)
        return name;
    (void)snprintf(numbered, sizeof numbered, "%s %u", name, others + 1);
    return lab_keep(lab, numbered);
}

static void show_first_two(struct lab *lab, struct inner_host *h)
{
    h->shown = h->host.number < 2;
    if (lab->ladder != NULL && h->shown)
        h->ladder = aksu_ladder_side(lab->ladder, h->host.number, h->host.name);
}

bool lab_make_nowhere(struct lab *lab)
{
    static const struct aksu_sim_way ways[2];
    struct aksu_sim_host how = { .stack = { .memory_limit = NOWHERE, .max_connections = 1 } };
    struct lab_host *h = &lab->no_host;
    *h = (struct lab_host){ .lab = lab, .name = "-" };
    lab->no_listener = (struct lab_listener){ .host = h };
    lab->no_cable = NULL;
    lab->nowhere = aksu_sim_new(NULL);
    how.stack.memory = lab->nowhere_memory = malloc(NOWHERE);
    if (lab->nowhere == NULL || lab->nowhere_memory == NULL)
        return false;
    h->node = aksu_sim_host(lab->nowhere, &how);
    struct aksu_sim_node *router = aksu_sim_router(lab->nowhere);
    if (h->node == NULL || router == NULL)
        return false;
    h->net = aksu_sim_stack(h->node);
    lab->no_cable = aksu_sim_cable(lab->nowhere, h->node, router, ways);
    return lab->no_cable != NULL;
}

void lab_free_nowhere(struct lab *lab)
{
    aksu_sim_free(lab->nowhere);
    free(lab->nowhere_memory);
    lab->nowhere = NULL;
    lab->nowhere_memory = NULL;
}

struct lab_host *lab_host(struct lab *lab, const char *name, const struct aksu_sim_host *how)
{
    struct inner_host *h = lab_on(lab) && lab->hosts < INNER_HOSTS ? calloc(1, sizeof *h) : NULL;
    if (h == NULL) {
        lab_fail(lab, "no memory for a host, or more than 16");
        return &lab->no_host;
    }
    struct aksu_sim_host config = how != NULL ? *how : (struct aksu_sim_host){ 0 };
    config.name = name;
    config.no_tso = true;
    if (config.stack.memory_limit == 0)
        config.stack.memory_limit = MEMORY;
    h->region = config.stack.memory = malloc(config.stack.memory_limit);
    if (config.stack.max_connections == 0)
        config.stack.max_connections = CONNECTIONS;
    h->sink.put = put;
    config.stack.sink = &h->sink;
    h->host = (struct lab_host){ .lab = lab, .node = lab->no_host.node, .net = lab->no_host.net,
                                 .name = name_apart(lab, name), .number = lab->hosts };
    aksu_json_init(&h->json, lab->play->record, h->host.name);
    lab->host[lab->hosts++] = h;
    show_first_two(lab, h);
    struct aksu_sim_node *node = h->region != NULL ? aksu_sim_host(lab->world, &config) : NULL;
    if (node != NULL) {
        h->host.node = node;
        h->host.net = aksu_sim_stack(node);
    }
    if (node == NULL || !take_blank(h)) {
        lab_fail(lab, "no memory for a host");
        return &lab->no_host;
    }
    aksu_sim_ready(h->host.node, lab_told, &h->host);
    lab_record_hosts(lab);
    return &h->host;
}

struct aksu_ip lab_address(const struct lab_host *host)
{
    struct aksu_ip ip;
    aksu_sim_address(host->node, false, &ip);
    return ip;
}

struct lab_host *lab_router(struct lab *lab)
{
    struct router {
        struct inner_kept kept;
        struct lab_host host;
    } *r = lab_on(lab) ? calloc(1, sizeof *r) : NULL;
    if (r != NULL) {
        r->kept.next = lab->kept;
        lab->kept = &r->kept;
        r->host = (struct lab_host){ .lab = lab, .node = aksu_sim_router(lab->world),
                                     .name = "router" };
    }
    if (r == NULL || r->host.node == NULL) {
        lab_fail(lab, "no memory for a router");
        return &lab->no_host;
    }
    return &r->host;
}

void lab_show(struct lab *lab, const struct lab_host *left, const struct lab_host *right)
{
    bool first = true;          /* nothing was drawn up to now */
    for (unsigned i = 0; i < lab->said_count; i++)
        first &= !lab->said[i].drawn || lab->said[i].event.conn == 0;
    for (unsigned i = 0; i < lab->hosts; i++) {
        lab->host[i]->ladder = NULL;
        lab->host[i]->shown = false;
    }
    lab_record_shown(lab, left, right);
    if (left == NULL || right == NULL)
        return;
    if (first && lab->not_drawn > 0)
        lab_new_ladder(lab);
    const struct lab_host *side[2] = { left, right };
    for (unsigned i = 0; i < 2; i++) {
        unsigned number = side[i]->number;
        lab->shown[i] = number;
        if (number >= lab->hosts)
            continue;
        lab->host[number]->shown = true;
        if (lab->ladder != NULL)
            lab->host[number]->ladder = aksu_ladder_side(lab->ladder, i, side[i]->name);
    }
}

void lab_show_datagrams(struct lab *lab)
{
    lab->only_datagrams = true;
}

/* Who loses its memory cannot say that its records are gone. */
static void say_deleted(struct inner_host *h, uint32_t conn)
{
    h->sink.put(&h->sink, &(struct aksu_event){ .at = aksu_sim_now(h->host.lab->world),
        .conn = conn, .kind = AKSU_EV_deleted });
}

void lab_reboot(struct lab_host *host)
{
    struct inner_host *h = NULL;
    for (unsigned i = 0; i < host->lab->hosts; i++)
        if (&host->lab->host[i]->host == host)
            h = host->lab->host[i];
    if (h == NULL || aksu_restore(host->net, h->blank, h->blank_size) != AKSU_OK) {
        lab_fail(host->lab, "a host could not be started again");
        return;
    }
    for (struct inner_end *e = host->lab->ends; e != NULL; e = e->next)
        if (e->end.host == host && !e->end.given_back)
            say_deleted(h, e->end.conn.index);
    lab_forget_ends(host);
}

void lab_free_hosts(struct lab *lab)
{
    while (lab->hosts > 0) {
        free(lab->host[lab->hosts - 1]->region);
        free(lab->host[lab->hosts - 1]->blank);
        free(lab->host[--lab->hosts]);
    }
}

/* --- cables --- */

static bool has_knob(const struct lab *lab, const char *name)
{
    const struct lab_scenario *s = lab->play->scenario;
    for (unsigned i = 0; i < s->knob_count; i++)
        if (strcmp(s->knobs[i].name, name) == 0)
            return true;
    return false;
}

static unsigned own_nodes(const struct lab *lab)
{
    return has_knob(lab, "rate") ? NODES : NODE_RATE;
}

static void set_nodes(const struct lab *lab, const struct inner_cable *c,
                      struct aksu_path_node nodes[NODES], struct aksu_path_cut *cut)
{
    bool obeys = !c->near;
    uint64_t rate = obeys ? lab_value(lab, "rate") * 1000 : 0;
    aksu_time from = obeys ? AKSU_MS(lab_value(lab, "cut")) : 0;
    aksu_time delay = c->delay_is_knob ? lab_delay(lab) : c->delay;
    *cut = (struct aksu_path_cut){ lab->start + from,
                                   lab->start + from + AKSU_MS(lab_value(lab, "cut-for")) };
    if (c->cut)
        *cut = (struct aksu_path_cut){ 0, AKSU_NEVER };
    nodes[NODE_CUT] = (struct aksu_path_node){ .kind = AKSU_PATH_CUT, .cut = cut,
                                               .cuts = c->cut || from > 0 ? 1 : 0 };
    nodes[NODE_LOSS] = (struct aksu_path_node){ .kind = AKSU_PATH_LOSS,
        .chance = obeys ? AKSU_PATH_CHANCE(lab_value(lab, "loss"), 100) : 0 };
    nodes[NODE_DELAY] = (struct aksu_path_node){ .kind = AKSU_PATH_DELAY, .delay = delay };
    if (rate == 0)
        rate = UINT64_C(1000000000000);
    nodes[NODE_RATE] = (struct aksu_path_node){
        .kind = AKSU_PATH_RATE, .rate = rate,
        .limit = (uint32_t)(rate / 8 * QUEUE_MS / 1000 > 1u << 30 ? 0 : rate / 8 * QUEUE_MS / 1000
                            + 3000) };
}

void lab_turn_cables(struct lab *lab)
{
    struct aksu_path_node nodes[NODES];
    struct aksu_path_cut cut;
    for (unsigned i = 0; i < lab->cables; i++) {
        set_nodes(lab, &lab->cable[i], nodes, &cut);
        for (unsigned way = 0; way < 2; way++)
            for (unsigned n = 0; n < own_nodes(lab); n++)
                if (!aksu_path_set(aksu_sim_path(lab->cable[i].cable, way), n, &nodes[n],
                                   aksu_sim_now(lab->world)))
                    lab_fail(lab, "no memory for the value of a knob, or a path does not take it");
    }
}

struct aksu_sim_cable *lab_cable(struct lab *lab, struct lab_host *a, struct lab_host *b,
                                 const struct lab_link *how)
{
    static const struct lab_link defaults;
    const struct lab_link *l = how != NULL ? how : &defaults;
    struct aksu_path_node nodes[2][NODES + MORE_MOST];
    struct aksu_path_cut cut;
    struct aksu_sim_way ways[2];
    if (!lab_on(lab) || lab->cables == INNER_CABLES || l->count[0] > MORE_MOST
        || l->count[1] > MORE_MOST) {
        lab_fail(lab, "more than 16 cables, or 8 nodes in one");
        return lab->no_cable;
    }
    struct inner_cable *c = &lab->cable[lab->cables];
    *c = (struct inner_cable){ .delay = l->delay != 0 || l->near ? l->delay : AKSU_MS(10),
        .delay_is_knob = l->delay == 0 && !l->near && has_knob(lab, "delay"), .near = l->near };
    for (unsigned way = 0; way < 2; way++) {
        set_nodes(lab, c, nodes[way], &cut);
        if (l->count[way] > 0)
            memcpy(&nodes[way][own_nodes(lab)], l->more[way], l->count[way] * sizeof nodes[0][0]);
        ways[way] = (struct aksu_sim_way){ nodes[way], own_nodes(lab) + l->count[way] };
    }
    c->cable = aksu_sim_cable(lab->world, a->node, b->node, ways);
    if (c->cable == NULL) {
        lab_fail(lab, "no memory for a cable, or it is laid where none can be");
        return lab->no_cable;
    }
    lab->cables++;
    return c->cable;
}

void lab_cut(struct lab *lab, struct aksu_sim_cable *cable, bool cut)
{
    for (unsigned i = 0; i < lab->cables; i++)
        if (lab->cable[i].cable == cable)
            lab->cable[i].cut = cut;
    lab_turn_cables(lab);
}
