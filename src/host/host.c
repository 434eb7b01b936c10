/* host.c - opens a host and closes it: interface, capture, stack, addresses, routes, resolvers.
 * Called by programs; the loop is in host_wait.c. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/ip_addr.h"
#include "base/siphash.h"
#include "host/host_internal.h"

enum { IPV6_LEAST_MTU = 1280 };     /* RFC 8200 5 */
/* A DHCPRELEASE has no answer, and may have to wait for one of ARP. */
static const aksu_time FAREWELL = AKSU_MS(50);

bool host_say(char why[AKSU_WHY], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, AKSU_WHY, format, arguments);
    va_end(arguments);
    return false;
}

static aksu_time clock_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return AKSU_SECONDS(t.tv_sec) + (aksu_time)t.tv_nsec;
}

aksu_time aksu_host_now(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

bool host_has_mac(const struct aksu_host *host)
{
    static const uint8_t none[6];

    return memcmp(host->interface->device.mac, none, sizeof none) != 0;
}

static bool open_paths(struct aksu_host *host, const struct aksu_host_config *config,
                       char why[AKSU_WHY])
{
    const struct aksu_host_path *of[2] = { &config->path_in, &config->path_out };
    unsigned flags = host_has_mac(host) ? 0 : AKSU_PATH_BARE_IP;
    struct aksu_path *path[2];

    for (unsigned k = 0; k < 2; k++) {
        path[k] = aksu_path_new(of[k]->nodes, of[k]->count, of[k]->seed, flags);
        host->path[k] = path[k];
    }
    struct aksu_interface *behind = path[0] && path[1]
                                        ? aksu_path_interface(host->interface, path[1], path[0])
                                        : NULL;
    if (behind) {
        host->interface = behind;
        return true;
    }
    aksu_path_free(path[0]);
    aksu_path_free(path[1]);
    return host_say(why, "no path to %s: there is no memory, or its values are out of range",
                    host->interface->name);
}

static bool open_interface(struct aksu_host *host, const struct aksu_host_config *config,
                           char why[AKSU_WHY])
{
    if (!config->device || !config->device[0])
        return host_say(why, "no device was named: tap:NAME is one");
    host->interface = aksu_interface_open(config->device, &config->interface, why);
    if (!host->interface)
        return false;
    if (config->path_out.count + config->path_in.count > 0 && !open_paths(host, config, why))
        return false;
    if (!config->capture)
        return true;

    uint64_t offset = clock_of(CLOCK_REALTIME) - aksu_host_now();
    struct aksu_interface *capture = aksu_capture_open(host->interface, config->capture, offset,
                                                       why);
    if (!capture)
        return false;
    host->interface = capture;
    return true;
}

static bool open_stack(struct aksu_host *host, const struct aksu_host_config *config,
                       uint8_t seed[16], char why[AKSU_WHY])
{
    struct aksu_config stack = { 0 };
    struct aksu_sink *to[2] = { config->sink,
                                config->capture ? aksu_capture_sink(host->interface) : NULL };

    if (config->stack)
        stack = *config->stack;
    else if (getrandom(stack.seed, sizeof stack.seed, 0) != (ssize_t)sizeof stack.seed)
        return host_say(why, "the system has no randomness: getrandom() failed");
    memcpy(seed, stack.seed, sizeof stack.seed);
    aksu_tee_init(&host->tee, to, 2);
    stack.sink = to[0] && to[1] ? &host->tee.sink : to[0] ? to[0] : to[1];
    host->net = aksu_new(&stack, aksu_host_now());
    if (!host->net)
        return host_say(why, "no stack of that size: the memory limit must hold its tables, be at "
                             "least 256 KiB, and be allowed here (ulimit -v)");

    struct aksu_device_config device = host->interface->device;
    device.name = host->interface->name;
    enum aksu_status status = aksu_attach(host->net, &device, &host->device);
    if (status != AKSU_OK)
        return host_say(why, "the stack does not take %s, with an MTU of %u: %s",
                        host->interface->name, device.mtu, aksu_status_text(status));
    return true;
}

static bool ask(struct aksu_host *host, const char *text, const uint8_t seed[16],
                char why[AKSU_WHY])
{
    struct sipkey key;
    aksu_time now = aksu_host_now();
    enum aksu_status status;

    if (!host_has_mac(host))
        return host_say(why, "%s is a link without Ethernet, nobody there tells addresses: "
                             "give one instead of %s", host->interface->name, text);
    if (strcmp(text, "auto") == 0) {
        status = aksu_autoconfigure(host->net, host->device, now);
        host->asks_auto = status == AKSU_OK;
    } else {
        memcpy(&key, seed, sizeof key);
        status = aksu_dhcp_start(&host->dhcp, host->net, host->device, host->interface->device.mac,
                                 siphash24(&key, "dhcp", 4), now);
        host->asks_dhcp = status == AKSU_OK;
    }
    if (status != AKSU_OK)
        return host_say(why, "%s cannot start on %s: %s", text, host->interface->name,
                        aksu_status_text(status));
    return true;
}

static bool give_address(struct aksu_host *host, const char *text, char why[AKSU_WHY])
{
    enum aksu_status status = aksu_address_add(host->net, host->device, text);

    if (status == AKSU_OK)
        return true;
    if (status == AKSU_INVALID)
        return host_say(why, "'%s' is not the address of a host: write it as 10.0.0.2/24 or "
                             "2001:db8::2/64, or dhcp, or auto", text);
    return host_say(why, "the address %s cannot be had: %s", text, aksu_status_text(status));
}

static bool give_addresses(struct aksu_host *host, const struct aksu_host_config *config,
                           const uint8_t seed[16], char why[AKSU_WHY])
{
    const char *const *address = config->addresses;

    if (!address || !*address) {
        if (!host_has_mac(host))
            return host_say(why, "%s is a link without Ethernet, nobody there tells addresses: "
                                 "give one, such as 10.0.0.2/24", host->interface->name);
        return ask(host, "dhcp", seed, why)
               && (host->interface->device.mtu < IPV6_LEAST_MTU || ask(host, "auto", seed, why));
    }
    for (; *address; address++) {
        bool asked = strcmp(*address, "dhcp") == 0 || strcmp(*address, "auto") == 0;
        if (!(asked ? ask(host, *address, seed, why) : give_address(host, *address, why)))
            return false;
    }
    return true;
}

static const char *default_of(const struct aksu_ip *gateway)
{
    return ip_is_v4(gateway) ? "0.0.0.0/0" : "::/0";
}

/* "GATEWAY", "PREFIX via GATEWAY", "default via GATEWAY" or "PREFIX". */
static bool give_route(struct aksu_host *host, const char *text, char why[AKSU_WHY])
{
    char prefix[AKSU_IP_TEXT + 4] = "";
    const char *via = strstr(text, " via ");
    const char *gateway = via ? via + 5 : text;
    size_t length = via ? (size_t)(via - text) : 0;
    struct aksu_ip ip;

    if (!via && strchr(text, '/')) {
        gateway = NULL;
        length = strlen(text);
    } else if (!aksu_ip_parse(gateway, &ip)) {
        return host_say(why, "the route '%s' names no gateway: write 10.0.0.1, or "
                             "10.9.0.0/16 via 10.0.0.1", text);
    }
    if (length < sizeof prefix)
        memcpy(prefix, text, length);
    const char *to = length == 0 || strcmp(prefix, "default") == 0 ? default_of(&ip) : prefix;
    enum aksu_status status = aksu_route_add(host->net, host->device, to, gateway);
    if (status == AKSU_INVALID)
        return host_say(why, "'%s' is not a route: write 10.0.0.1, or 10.9.0.0/16 via 10.0.0.1, "
                             "with addresses of one family", text);
    if (status != AKSU_OK)
        return host_say(why, "the route '%s' cannot be had: %s", text, aksu_status_text(status));
    return true;
}

static bool give_routes(struct aksu_host *host, const struct aksu_host_config *config,
                        char why[AKSU_WHY])
{
    const char *const *route = config->routes;

    /* Without Ethernet there is one neighbour, and everything is behind it. */
    if ((!route || !*route) && !host_has_mac(host)) {
        aksu_route_add(host->net, host->device, "0.0.0.0/0", NULL);
        aksu_route_add(host->net, host->device, "::/0", NULL);
        return true;
    }
    for (; route && *route; route++) {
        if (!give_route(host, *route, why))
            return false;
    }
    return true;
}

static bool give_resolvers(struct aksu_host *host, const struct aksu_host_config *config,
                           char why[AKSU_WHY])
{
    for (const char *const *r = config->resolvers; r && *r; r++) {
        if (host->resolvers == AKSU_DNS_SERVERS)
            return host_say(why, "more than %d resolvers: leave out %s", AKSU_DNS_SERVERS, *r);
        if (!aksu_ip_parse(*r, &host->resolver[host->resolvers]))
            return host_say(why, "the resolver '%s' is not an address: write it as 10.0.0.1", *r);
        host->resolvers++;
    }
    return true;
}

struct aksu_host *aksu_host_open(const struct aksu_host_config *config, char why[AKSU_WHY])
{
    struct aksu_host *host = calloc(1, sizeof *host);
    uint8_t seed[16];
    struct sipkey key;

    if (!host) {
        host_say(why, "no memory for a host");
        return NULL;
    }
    if (open_interface(host, config, why) && open_stack(host, config, seed, why)) {
        memcpy(&key, seed, sizeof key);
        aksu_dns_init(&host->dns, host->net, siphash24(&key, "dns", 3));
        if (give_resolvers(host, config, why) && give_addresses(host, config, seed, why)
            && give_routes(host, config, why))
            return host;
    }
    aksu_host_close(host);
    return NULL;
}

static void give_back_lease(struct aksu_host *host)
{
    bool bound = host->dhcp.state >= AKSU_DHCP_BOUND;
    aksu_time until = aksu_host_now() + FAREWELL;

    aksu_dhcp_stop(&host->dhcp, aksu_host_now());
    while (bound && aksu_host_now() < until && host_step(host, until))
        continue;
}

void aksu_host_close(struct aksu_host *host)
{
    if (!host)
        return;
    if (host->asks_dhcp)
        give_back_lease(host);
    if (host->net)
        aksu_free(host->net);
    if (host->interface)
        aksu_interface_close(host->interface);
    free(host->poll);
    free(host);
}

struct aksu *aksu_host_stack(struct aksu_host *host)
{
    return host->net;
}

aksu_device aksu_host_device(const struct aksu_host *host)
{
    return host->device;
}

struct aksu_interface *aksu_host_interface(struct aksu_host *host)
{
    return host->interface;
}

struct aksu_path *aksu_host_path(const struct aksu_host *host, bool out)
{
    return host->path[out];
}

const char *aksu_host_why(const struct aksu_host *host)
{
    return host->why[0] ? host->why : host->interface->why;
}
