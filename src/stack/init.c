/* init.c - lays a stack over a region: struct aksu, the hash tables, the pool. Fills in the
 * defaults of struct aksu_config. Called by socket/ once for each stack. */
#include "base/check.h"
#include "stack/calls.h"
#include "tcp/user_timeout.h"

enum { SLAB_CONN = 1, SLAB_TIME_WAIT, SLAB_RANGES, SLAB_LISTENER, SLAB_UDP, SLAB_SENDER,
       SLAB_SENT, SLAB_AO_KEY, SLAB_AO, SLAB_SYN };
enum { HALF_OPEN_MOST = 1 << 16 };
/* MOST: pages of the pool times connections on a page. */
enum { CONNECTIONS_USUAL = 1 << 20, CONNECTIONS_MOST = 1 << 27 };
enum { BUFFER_LEAST = 4096, BUFFER_MOST = RING_MOST - POOL_PAGE,
       BUFFER_GROWS_TO = (16 << 20) - POOL_PAGE, QUICK_ACKS = 16 };

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static aksu_time or_default_time(aksu_time value, aksu_time otherwise)
{
    return value != 0 ? value : otherwise;
}

static uint32_t within(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

static uint32_t buffer(uint32_t given, uint32_t otherwise, size_t most)
{
    most = most < BUFFER_MOST ? most : BUFFER_MOST;
    return within(or_default(given, otherwise), BUFFER_LEAST, (uint32_t)most);
}

static uint32_t ms_or(aksu_time given, uint32_t normal)
{
    aksu_time ms = (given + MS(1) - 1) / MS(1);
    return ms == 0 ? normal : ms < INT32_MAX ? (uint32_t)ms : INT32_MAX;
}

static struct tcp_config tcp_defaults(const struct aksu_config *c, size_t size)
{
    struct tcp_config t = {
        .msl = or_default_time(c->msl, SECONDS(30)),
        .rto_initial = or_default_time(c->rto_initial, SECONDS(1)),
        .rto_min = or_default_time(c->rto_min, MS(200)),
        .rto_max = or_default_time(c->rto_max, SECONDS(120)),
        .syn_r2 = or_default_time(c->syn_r2, SECONDS(180)),
        .delayed_ack = or_default_time(c->delayed_ack, MS(40)),
        .fin_wait_2 = or_default_time(c->fin_wait_2, SECONDS(60)),
        .data_r1 = or_default(c->data_r1, 3),  /* RFC 9293 3.8.3 [SHLD-10] */
        .data_r2 = or_default(c->data_r2, 15), /* RFC 9293 3.8.3 [SHLD-11] */
        .initial_window = or_default(c->initial_window, 10),
        .slow_start_limit = (uint16_t)within(c->slow_start_limit, 0, UINT16_MAX),
        .peer_ack_delay = or_default_time(c->peer_ack_delay, MS(50)),
        .empty_window_probes = c->empty_window_probes,
        .send_buffer = buffer(c->send_buffer, 256 << 10, BUFFER_MOST),
        .receive_buffer = buffer(c->receive_buffer, 256 << 10, BUFFER_MOST),
        .send_buffer_most = buffer(c->send_buffer_most, BUFFER_GROWS_TO, size / 4),
        .receive_buffer_most = buffer(c->receive_buffer_most, BUFFER_GROWS_TO, size / 4),
        .orphan_probes = (uint8_t)within(or_default(c->orphan_probes, 8), 1, UINT8_MAX),
        .quick_acks = c->no_quick_acks ? 0 : QUICK_ACKS,
        .challenge_acks = c->no_challenge_acks ? 0 : or_default(c->challenge_acks, 10),
        .challenge_interval = or_default_time(c->challenge_interval, SECONDS(1)),
        .reordering_window_us = (uint32_t)(time_min(c->reordering_window, SECONDS(60)) / US(1)),
        .timestamps = !c->no_timestamps,
        .sack = !c->no_sack,
        .dsack = !c->no_dsack,
        .quick_short = c->quick_short_acks,
        .tolerate_no_timestamps = c->tolerate_no_timestamps,
        .reset_keeps_text = c->reset_keeps_text,
        .window_scale = !c->no_window_scale,
        .rfc5961 = !c->no_rfc5961,
        .rfc1337 = !c->no_rfc1337,
        .ecn = (uint8_t)c->ecn,
        .pacing = !c->no_pacing,
        .mtu_probing = (uint8_t)c->mtu_probing,
        .user_timeout_option = user_timeout_coded(c->user_timeout_option),
        .user_timeout_least_ms = ms_or(c->user_timeout_least, 100 * 1000),
        .user_timeout_most_ms = ms_or(c->user_timeout_most, 3600 * 1000),
    };
    t.msl = time_min(t.msl, SECONDS(24 * 3600)); /* TIME-WAIT ticks are counted modulo 2^32 */
    t.delayed_ack = time_min(t.delayed_ack, MS(499));   /* RFC 9293 3.8.6.3 [MUST-40] */
    t.peer_ack_delay = time_min(t.peer_ack_delay, SECONDS(1));
    return t;
}

static uint32_t power_of_two(uint32_t at_least)
{
    uint32_t n = 16;
    while (n < at_least)
        n *= 2;
    return n;
}

/* The region behind struct aksu is cut from the front. */
struct cutter {
    uint8_t *at;
    size_t left;
    bool zeroed;
};

static slab_ref *cut_heads(struct cutter *c, uint32_t count)
{
    size_t size = count * sizeof(slab_ref);
    slab_ref *heads = (void *)c->at;
    if (size > c->left)
        return NULL;
    if (!c->zeroed)
        memset(heads, 0, size);
    c->at += size;
    c->left -= size;
    return heads;
}

/* What is left. How many pages there are must not depend on where the region happens to lie: the
 * same seed and frames give the same octets anywhere. */
static bool cut_pool(struct cutter *c, struct pool *pool)
{
    uintptr_t skip = (0 - (uintptr_t)c->at) % POOL_PAGE;
    if (c->left < POOL_PAGE)
        return false;
    return pool_init(pool, c->at + skip, c->left - (POOL_PAGE - 1));
}

struct sizes {
    uint32_t connections, time_wait, half_open;
};

/* Unless somebody says how many: half of the memory for connections, and not so many that their
 * table is what most of the memory goes to. What is said is kept within what memory there is. */
static struct sizes table_sizes(size_t size, const struct aksu_config *config)
{
    size_t room = size / sizeof(struct conn);
    uint32_t most = room < CONNECTIONS_MOST ? (uint32_t)room : (uint32_t)CONNECTIONS_MOST;
    uint32_t usual = within(most / 2, 1, CONNECTIONS_USUAL);
    struct sizes s;
    s.connections = within(or_default(config->max_connections, usual), 1, most);
    s.time_wait = within(or_default(config->max_time_wait, s.connections), 1, most * 4);
    s.half_open = s.connections < HALF_OPEN_MOST ? s.connections : (uint32_t)HALF_OPEN_MOST;
    s.half_open = within(or_default(config->max_half_open, s.half_open), 1, most * 4);
    return s;
}

static bool init_tables(struct aksu *net, struct cutter *region, const struct aksu_config *config,
                        struct prng *random, aksu_time now)
{
    struct sizes most = table_sizes(net->size, config);
    /* Twice as many heads: with 100,000 connections a search that walks on waits for memory. */
    uint32_t conn_heads = power_of_two(2 * most.connections);
    uint32_t record_heads = power_of_two(most.time_wait);
    uint32_t syn_heads = power_of_two(most.half_open);
    net->max_half_open = most.half_open;
    net->max_connections = most.connections;
    net->table = (struct conn_table){ .key = prng_key(random), .mask = conn_heads - 1 };
    net->table.head = cut_heads(region, conn_heads);
    slab_ref *records = cut_heads(region, record_heads);
    slab_ref *syns = cut_heads(region, syn_heads);
    if (net->table.head == NULL || records == NULL || syns == NULL
        || !cut_pool(region, &net->pool))
        return false;

    slab_init(&net->conns, &net->pool, (sizeof(struct conn) + 7) & ~7u, SLAB_CONN);
    slab_init(&net->ranges, &net->pool, (sizeof(struct tcp_held) + 7) & ~7u, SLAB_RANGES);
    slab_init(&net->tcp.senders.slab, &net->pool, (sizeof(struct sender) + 7) & ~7u, SLAB_SENDER);
    slab_init(&net->tcp.senders.sent, &net->pool, sizeof(struct sent_run), SLAB_SENT);
    ao_init(&net->tcp.ao, &net->pool, SLAB_AO_KEY, SLAB_AO);
    listener_init(&net->listeners, &net->pool, SLAB_LISTENER);
    syn_cache_init(&net->syn_cache, &net->pool, syns, syn_heads - 1, SLAB_SYN,
                   &net->listeners.slab);
    time_wait_init(&net->time_wait, &net->pool,
                   &(struct time_wait_config){ .head = records, .mask = record_heads - 1,
                       .most = most.time_wait, .key = net->table.key, .msl = net->tcp.config.msl,
                       .slab_number = SLAB_TIME_WAIT }, now);
    return true;
}

/* False: a name that no algorithm has. */
static bool init_tcp(struct aksu *net, const struct aksu_config *config, struct prng *random)
{
    net->tcp.pool = &net->pool;
    net->tcp.reassembly = &net->ranges;
    net->tcp.events = &net->events;
    net->tcp.isn_key = prng_key(random);
    net->tcp.cc = cc_find(config->congestion_control ? config->congestion_control : "cubic");
    net->tcp.loss = loss_find(config->loss_detection ? config->loss_detection : "rack");
    net->tcp.reserve_pages = net->pool.count / 8;
    return net->tcp.cc != NULL && net->tcp.loss != NULL;
}

static void init_ip(struct aksu *net, const struct aksu_config *config, struct prng *random,
                    aksu_time now)
{
    struct sipkey key = prng_key(random);
    route_init(&net->routes);
    neighbor_init(&net->neighbors, &key);
    key = prng_key(random);
    path_mtu_init(&net->path_mtu, &key);
    key = prng_key(random);
    ip_ids_init(&net->ids, &key);
    key = prng_key(random);
    ports_init(&net->ports, &key, config->no_port_randomization);
    uint32_t share = net->pool.count / 16;
    reassembly_init(&net->reassembly, &net->pool,
                    share < REASSEMBLY_PAGES ? REASSEMBLY_PAGES : share, 0);
    icmp_limit_init(&net->icmp_limit, ICMP_LIMIT_RATE, ICMP_LIMIT_BURST, now);
    uint32_t most = within(share, 4, PENDING_MOST);
    net->pending.share = most / PENDING_SHARES;
    net->pending.common = most - net->pending.share;

    uint8_t seed[16];
    store_le64(seed, prng_u64(random));
    store_le64(seed + 8, prng_u64(random));
    udp_init(&net->udp, &net->pool, SLAB_UDP, net->max_connections, seed,
             config->no_port_randomization);
    net->autoconf_key = prng_key(random);
    net->autoconf_due = NEVER;
}

struct aksu *stack_init(void *memory, size_t size, bool zeroed, const struct aksu_config *config,
                        aksu_time now)
{
    struct aksu *net = memory;
    if (size < STACK_LEAST)
        return NULL;
    if (!zeroed)
        memset(net, 0, sizeof *net);
    net->size = size;
    net->events.sink = config->sink;
    net->ttl = config->ttl != 0 ? config->ttl : 64;
    net->route_version = 1;
    net->tcp.config = tcp_defaults(config, size);

    size_t used = (sizeof *net + 63) & ~(size_t)63;
    struct cutter region = { (uint8_t *)memory + used, size - used, zeroed };
    struct prng random = prng_of(config->seed);
    if (!init_tables(net, &region, config, &random, now))
        return NULL;
    wheel_init(&net->wheel, now);
    if (!init_tcp(net, config, &random))
        return NULL;
    init_ip(net, config, &random, now);
    net->syn_cookies = (uint8_t)config->syn_cookies;
    net->backlog_full = (uint8_t)config->backlog_full;
    net->tcp.cookies.key = prng_key(&random);
    net->tcp.fast_open.secret = prng_key(&random);
    return net;
}
