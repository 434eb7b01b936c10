/* host_resolve.c - the addresses of a name, asked of the resolvers that were given and those that
 * DHCP and router advertisements tell of. Called by programs. */
#include <string.h>

#include "base/ip_addr.h"
#include "base/time.h"
#include "host/host_internal.h"

static void add(struct aksu_ip *server, uint32_t *count, const struct aksu_ip *from, uint32_t many)
{
    for (uint32_t i = 0; i < many && *count < AKSU_DNS_SERVERS; i++)
        server[(*count)++] = from[i];
}

static void choose_servers(struct aksu_host *host)
{
    struct aksu_ip server[AKSU_DNS_SERVERS];
    struct aksu_autoconf a;
    uint32_t count = 0;

    add(server, &count, host->resolver, host->resolvers);
    if (host->asks_dhcp && host->dhcp.state >= AKSU_DHCP_BOUND)
        add(server, &count, host->dhcp.lease.resolver, host->dhcp.lease.resolvers);
    if (host->asks_auto && aksu_autoconf(host->net, host->device, &a))
        add(server, &count, a.resolver, a.resolvers);
    aksu_dns_servers(&host->dns, server, count);
}

static bool explain(const struct aksu_host *host, const char *name, enum aksu_status status,
                    char why[AKSU_WHY])
{
    char server[AKSU_IP_TEXT] = "";

    if (host->dns.servers == 0)
        return host_say(why, "there is no resolver to ask for '%.64s': give one, or an address "
                             "instead of the name", name);
    aksu_ip_format(&host->dns.server[0], server);
    if (status == AKSU_DOES_NOT_EXIST)
        return host_say(why, "there is no such name as '%.64s', says %s", name, server);
    if (status == AKSU_TIMED_OUT)
        return host_say(why, "no resolver answers when asked for '%.64s': is %s one, and can it be "
                             "reached?", name, server);
    if (status == AKSU_REFUSED)
        return host_say(why, "the resolver %s cannot or will not say the address of '%.64s'",
                        server, name);
    if (status == AKSU_INVALID)
        return host_say(why, "'%.64s' is neither an address nor a name that can be asked for",
                        name);
    return host_say(why, "'%.64s' cannot be asked for: %s", name, aksu_status_text(status));
}

/* True: dns.answer[] is there. */
static bool ask(struct aksu_host *host, const char *name, bool v4, bool v6, aksu_time until,
                char why[AKSU_WHY])
{
    struct aksu_dns *dns = &host->dns;
    enum aksu_status status = aksu_dns_ask(dns, name, v4, v6, aksu_host_now());

    if (status != AKSU_OK)
        return explain(host, name, status, why);
    while (dns->state == AKSU_DNS_ASKING && aksu_host_now() < until) {
        if (!host_step(host, until))
            return host_say(why, "%s", aksu_host_why(host));
    }
    if (dns->state == AKSU_DNS_ASKING)
        return explain(host, name, AKSU_TIMED_OUT, why);
    if (dns->state != AKSU_DNS_DONE)
        return explain(host, name, dns->status, why);
    if (dns->answers == 0)
        return host_say(why, "'%.64s' has no address of a family that can be used here", name);
    return true;
}

unsigned aksu_host_resolve(struct aksu_host *host, const char *name, struct aksu_ip *out,
                           unsigned most, aksu_time until, char why[AKSU_WHY])
{
    unsigned count = 0;
    bool v4, v6;

    if (most == 0)
        return 0;
    if (aksu_ip_parse(name, out))
        return 1;
    if (!aksu_host_settle(host, until, why))
        return 0;
    aksu_host_ready(host, &v4, &v6);
    choose_servers(host);
    if (ask(host, name, v4, v6, until, why)) {
        count = host->dns.answers < most ? host->dns.answers : most;
        memcpy(out, host->dns.answer, count * sizeof *out);
    }
    aksu_dns_stop(&host->dns, aksu_host_now());
    return count;
}
