/* stack_calls.c - the installed calls of aksu/stack.h: the stack's memory, its devices and
 * addresses, frames, time and counters. The only file under the gateway that asks the system for
 * memory. */
#define _DEFAULT_SOURCE
#include <sys/mman.h>

#include "stack/calls.h"

enum { ALIGNMENT = 64, MEMORY_DEFAULT = 64 << 20 };

/* Many stacks in one process would all have the same fields at the same place in a page, and so
 * in the same sets of the cache: each starts at another line. */
static size_t colour_of(const void *memory)
{
    uint32_t page = (uint32_t)((uintptr_t)memory / POOL_PAGE);
    return (page * 0x9e3779b1u >> 26) * ALIGNMENT;
}

/* The pages are all zero and not there before they are touched. */
static struct aksu *new_mapped(const struct aksu_config *config, size_t size, aksu_time now)
{
    void *memory = mmap(NULL, size + POOL_PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    size_t skip = colour_of(memory);
    struct aksu *net = stack_init((uint8_t *)memory + skip, size, true, config, now);
    if (net == NULL) {
        munmap(memory, size + POOL_PAGE);
    } else {
        net->mapped = memory;
        net->mapped_size = size + POOL_PAGE;
    }
    return net;
}

struct aksu *aksu_new(const struct aksu_config *config, aksu_time now)
{
    static const struct aksu_config defaults;
    const struct aksu_config *c = config != NULL ? config : &defaults;
    size_t size = c->memory_limit != 0 ? c->memory_limit : MEMORY_DEFAULT;
    if (size < STACK_LEAST || size > SIZE_MAX - POOL_PAGE)
        return NULL;
    if (c->memory != NULL && c->memory_limit == 0)
        return NULL;                    /* how large the caller's region is, only he knows */
    if (c->memory == NULL)
        return new_mapped(c, size, now);

    size_t skip = (ALIGNMENT - (uintptr_t)c->memory % ALIGNMENT) % ALIGNMENT;
    return stack_init((uint8_t *)c->memory + skip, size - (ALIGNMENT - 1), false, c, now);
}

void aksu_free(struct aksu *net)
{
    if (net != NULL && net->mapped != NULL)
        munmap(net->mapped, net->mapped_size);
}

enum aksu_status aksu_attach(struct aksu *net, const struct aksu_device_config *config,
                             aksu_device *out)
{
    return stack_attach(net, config, out);
}

enum aksu_status aksu_address_add(struct aksu *net, aksu_device device, const char *text)
{
    if (stack_device(net, device.index) == NULL)
        return AKSU_INVALID;
    stack_routes_changed(net);
    enum aksu_status status = route_address_add(&net->routes, device.index, text);
    if (status == AKSU_OK)
        stack_announce(net, &net->routes.address[net->routes.addresses - 1]);
    return status;
}

enum aksu_status aksu_route_add(struct aksu *net, aksu_device device, const char *prefix,
                                const char *gateway)
{
    if (stack_device(net, device.index) == NULL)
        return AKSU_INVALID;
    stack_routes_changed(net);
    return route_add(&net->routes, device.index, prefix, gateway);
}

enum aksu_status aksu_accept_any(struct aksu *net, aksu_device device, bool on)
{
    if (stack_device(net, device.index) == NULL)
        return AKSU_INVALID;
    route_accept_any(&net->routes, device.index, on);
    return AKSU_OK;
}

void aksu_frame_in(struct aksu *net, aksu_device device, const struct aksu_frame *frame,
                   aksu_time now)
{
    stack_frame_in(net, device.index, frame, NULL, now);
}

void aksu_frames_in(struct aksu *net, aksu_device device, const struct aksu_frame *frames,
                    uint32_t count, aksu_time now)
{
    stack_frames_in(net, device.index, frames, count, now);
}

bool aksu_frame_out(struct aksu *net, struct aksu_frame *out, aksu_time now)
{
    return net->owes != 0 && stack_frame_out(net, out, now);
}

aksu_time aksu_next_timeout(const struct aksu *net)
{
    return stack_next_timeout(net);
}

void aksu_timeouts(struct aksu *net, aksu_time now)
{
    stack_timeouts(net, now);
}

bool aksu_next_ready(struct aksu *net, struct aksu_ready *out)
{
    return stack_next_ready(net, out);
}

void aksu_counters(const struct aksu *net, struct aksu_counters *out)
{
    uint64_t fixed = net->size - (uint64_t)net->pool.count * POOL_PAGE;
    memcpy(out->event, net->events.count, sizeof out->event);
    out->memory_limit = net->size;
    out->memory_used = fixed + (uint64_t)net->pool.in_use * POOL_PAGE;
    out->memory_most = fixed + (uint64_t)net->pool.most_in_use * POOL_PAGE;
    out->connections = stack_connections(net);
    out->half_open = net->half_open;
    out->time_wait = net->time_wait.count;
    out->listeners = net->listeners.slab.in_use;
    out->udp = net->udp.count;
}
