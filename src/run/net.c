/* net.c - two stacks joined by an in-memory link, or one stack on a device. On the link the guest
 * has addresses of the documentation blocks (RFC 5737 3, RFC 3849 2), so that no real destination
 * can be mistaken for it. */
#include "run/net.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/time.h"

enum { MEMORY = 512 << 20, BUFFER = 1 << 20, FRAMES = 1024 };
/* What comes out of a path goes in by so many: a receiver acknowledges every second full segment
 * (RFC 9293 3.8.6.3 [SHLD-19]), and ACKs are to be as many as on a wire. */
enum { BATCH = 2 };

static struct aksu_config config_of(const struct run_options *options, const uint8_t seed[16])
{
    const struct run_path *path = &options->path;
    struct aksu_config config = {
        .memory_limit = MEMORY,
        .send_buffer = BUFFER,
        .receive_buffer = BUFFER,
        .syn_r2 = AKSU_SECONDS(127),    /* the time that Linux gives a connect() */
        /* The program opens: only what it asks for can be marked on the way. */
        .ecn = path->mark > 0 || path->codel ? AKSU_ECN_ASK : AKSU_ECN_ACCEPT,
    };

    memcpy(config.seed, seed, sizeof config.seed);
    return config;
}

static struct aksu *new_stack(const struct run_options *options, const uint8_t seed[16],
                              struct aksu_sink *sink, aksu_time now)
{
    struct aksu_config config = config_of(options, seed);

    config.sink = sink;
    /* Nothing outlives a trip over this link, so a port is free again soon. */
    config.msl = AKSU_SECONDS(1) + 2 * run_path_longest(&options->path);
    return aksu_new(&config, now);
}

static bool fill_seed(const struct run_options *options, uint8_t seed[16])
{
    memcpy(seed, options->seed, sizeof options->seed);
    return options->seeded || getrandom(seed, 16, 0) == 16;
}

/* Those who look at segments want to see what a wire would carry. */
static bool is_watched(const struct run_options *options)
{
    return options->ladder || options->text || options->json;
}

static bool attach(struct aksu *stack, const struct run_options *options, aksu_device *device)
{
    struct aksu_device_config config = { .name = "link", .mtu = options->mtu,
                                         .carries_loopback = true };

    if (!is_watched(options) && !options->no_offload)
        config.offload = AKSU_OFFLOAD_CHECKSUM | AKSU_OFFLOAD_TSO;
    return aksu_attach(stack, &config, device) == AKSU_OK
           && aksu_route_add(stack, *device, "0.0.0.0/0", NULL) == AKSU_OK
           && aksu_route_add(stack, *device, "::/0", NULL) == AKSU_OK;
}

/* Which way from a seed of one number. */
static uint64_t path_seed(const struct run_options *options, unsigned way)
{
    return options->path.seed * 2 + way;
}

static bool open_device(struct run_net *net, const struct run_options *options,
                        struct gateway_poller *poller, const uint8_t seed[16],
                        struct aksu_sink *sink)
{
    struct aksu_host_config config = *options->host;
    struct aksu_config stack = config_of(options, seed);

    config.stack = &stack;
    config.sink = sink;
    config.interface.no_offload = options->no_offload || is_watched(options);
    struct aksu_path_node node[RUN_PATH_NODES];
    if (options->path.wanted) {
        unsigned count = run_path_nodes(&options->path, node);
        config.path_out = (struct aksu_host_path){ node, count, path_seed(options, 0) };
        config.path_in = (struct aksu_host_path){ node, count, path_seed(options, 1) };
    }
    if (!run_device_open(&net->device, poller, &config))
        return false;
    net->guest = aksu_host_stack(net->device.host);
    net->path[0] = aksu_host_path(net->device.host, true);
    net->path[1] = aksu_host_path(net->device.host, false);
    return true;
}

static bool open_paths(struct run_net *net, const struct run_options *options)
{
    struct aksu_path_node node[RUN_PATH_NODES];
    unsigned count = run_path_nodes(&options->path, node);

    net->batch = is_watched(options) ? 1 : BATCH;
    for (unsigned way = 0; way < 2 && options->path.wanted; way++) {
        net->path[way] = aksu_path_new(node, count, path_seed(options, way), AKSU_PATH_BARE_IP);
        if (!net->path[way])
            return false;
    }
    return true;
}

static bool open_link(struct run_net *net, const struct run_options *options, uint8_t seed[16],
                      const struct run_trace *trace, aksu_time now)
{
    net->guest = new_stack(options, seed, trace->guest, now);
    seed[15] ^= 1;
    net->world = new_stack(options, seed, trace->world, now);
    if (!net->guest || !net->world) {
        fputs("aksu run: no address space for two stacks (ulimit -v, or vm.overcommit_memory=2)\n",
              stderr);
        run_net_close(net);
        return false;
    }
    if (!open_paths(net, options)) {
        fputs("aksu run: no memory for a path\n", stderr);
        run_net_close(net);
        return false;
    }
    net->link.net[0] = net->guest;
    net->link.net[1] = net->world;
    if (attach(net->guest, options, &net->link.device[0])
        && attach(net->world, options, &net->link.device[1])
        && aksu_address_add(net->guest, net->link.device[0], "192.0.2.2/32") == AKSU_OK
        && aksu_address_add(net->guest, net->link.device[0], "2001:db8::2/128") == AKSU_OK
        && aksu_accept_any(net->world, net->link.device[1], true) == AKSU_OK)
        return true;
    fprintf(stderr, "aksu run: no link with an MTU of %u octets\n", options->mtu);
    run_net_close(net);
    return false;
}

bool run_net_open(struct run_net *net, const struct run_options *options,
                  struct gateway_poller *poller, const struct run_trace *trace, aksu_time now)
{
    uint8_t seed[16];

    *net = (struct run_net){ 0 };
    if (!fill_seed(options, seed)) {
        fputs("aksu run: the system has no randomness: getrandom() failed\n", stderr);
        return false;
    }
    net->random = prng_of(seed);
    if (options->host)
        return open_device(net, options, poller, seed, trace->guest);
    return open_link(net, options, seed, trace, now);
}

void run_net_close(struct run_net *net)
{
    if (run_net_has_device(net))
        run_device_close(&net->device);
    else if (net->guest)
        aksu_free(net->guest);
    for (unsigned way = 0; way < 2 && net->world; way++)
        aksu_path_free(net->path[way]);
    if (net->world)
        aksu_free(net->world);
    *net = (struct run_net){ 0 };
}

/* What a stack has to send enters its path. Returns how much. */
static unsigned send_all(struct run_net *net, unsigned way, aksu_time now)
{
    struct aksu_frame frame;
    unsigned n = 0;

    for (; n < FRAMES && aksu_frame_out(net->link.net[way], &frame, now); n++)
        aksu_path_put(net->path[way], &frame, now);
    return n;
}

/* Each batch that comes out is answered before the next one. */
static bool move_over_paths(struct run_net *net, aksu_time now)
{
    struct aksu_frame frame[BATCH];
    unsigned moved = send_all(net, 0, now) + send_all(net, 1, now), idle = 0;
    bool any = moved > 0;

    for (unsigned way = 0; idle < 2 && moved < FRAMES; way = 1 - way) {
        unsigned n = aksu_path_take(net->path[way], frame, net->batch, now);
        idle = n > 0 ? 0 : idle + 1;
        if (n == 0)
            continue;
        aksu_frames_in(net->link.net[1 - way], net->link.device[1 - way], frame, n, now);
        moved += n + send_all(net, 1 - way, now);
        any = true;
    }
    return any;
}

bool run_net_move(struct run_net *net, aksu_time now)
{
    if (run_net_has_device(net))
        return run_device_move(&net->device, now);
    if (!net->path[0])
        return aksu_pair_move(&net->link, FRAMES, now) > 0;
    return move_over_paths(net, now);
}

bool run_net_is_open(const struct run_net *net)
{
    struct aksu_counters counters;

    aksu_counters(net->guest, &counters);
    return counters.connections > 0;
}

void run_net_start(struct run_net *net, const struct run_options *options, aksu_time now)
{
    for (unsigned way = 0; way < 2 && net->path[way]; way++)
        run_path_start(&options->path, net->path[way], now);
}

bool run_net_next_ready(struct run_net *net, struct aksu_ready *out)
{
    if (run_net_has_device(net))
        return aksu_host_next_ready(net->device.host, out);
    return aksu_next_ready(net->guest, out);
}

aksu_time run_net_timeouts(struct run_net *net, aksu_time now)
{
    if (run_net_has_device(net))
        return run_device_timeouts(&net->device, now);
    if (aksu_next_timeout(net->guest) <= now)
        aksu_timeouts(net->guest, now);
    if (aksu_next_timeout(net->world) <= now)
        aksu_timeouts(net->world, now);

    aksu_time next = time_min(aksu_next_timeout(net->guest), aksu_next_timeout(net->world));
    for (unsigned way = 0; way < 2 && net->path[way]; way++)
        next = time_min(next, aksu_path_next(net->path[way]));
    return next;
}
