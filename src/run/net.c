/* net.c - two stacks joined by an in-memory link, or one stack on a device. On the link the guest
 * has addresses of the documentation blocks (RFC 5737 3, RFC 3849 2), so that no real destination
 * can be mistaken for it. */
#include "run/net.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { MEMORY = 512 << 20, BUFFER = 1 << 20, FRAMES = 1024 };

static struct aksu_config config_of(const uint8_t seed[16])
{
    struct aksu_config config = {
        .memory_limit = MEMORY,
        .send_buffer = BUFFER,
        .receive_buffer = BUFFER,
        .syn_r2 = AKSU_SECONDS(127),    /* the time that Linux gives a connect() */
    };

    memcpy(config.seed, seed, sizeof config.seed);
    return config;
}

static struct aksu *new_stack(const uint8_t seed[16], struct aksu_sink *sink, aksu_time now)
{
    struct aksu_config config = config_of(seed);

    config.sink = sink;
    /* Nothing outlives a trip over this link, so a port is free again soon. */
    config.msl = AKSU_SECONDS(1);
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

static bool open_device(struct run_net *net, const struct run_options *options,
                        struct gateway_poller *poller, const uint8_t seed[16],
                        struct aksu_sink *sink)
{
    struct aksu_host_config config = *options->host;
    struct aksu_config stack = config_of(seed);

    config.stack = &stack;
    config.sink = sink;
    config.interface.no_offload = options->no_offload || is_watched(options);
    if (!run_device_open(&net->device, poller, &config))
        return false;
    net->guest = aksu_host_stack(net->device.host);
    return true;
}

static bool open_link(struct run_net *net, const struct run_options *options, uint8_t seed[16],
                      const struct run_trace *trace, aksu_time now)
{
    net->guest = new_stack(seed, trace->guest, now);
    seed[15] ^= 1;
    net->world = new_stack(seed, trace->world, now);
    if (!net->guest || !net->world) {
        fputs("aksu run: no address space for two stacks (ulimit -v, or vm.overcommit_memory=2)\n",
              stderr);
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
    if (net->world)
        aksu_free(net->world);
    *net = (struct run_net){ 0 };
}

bool run_net_move(struct run_net *net, aksu_time now)
{
    if (run_net_has_device(net))
        return run_device_move(&net->device, now);
    return aksu_pair_move(&net->link, FRAMES, now) > 0;
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

    aksu_time guest = aksu_next_timeout(net->guest);
    aksu_time world = aksu_next_timeout(net->world);
    return guest < world ? guest : world;
}
