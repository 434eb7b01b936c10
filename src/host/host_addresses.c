/* host_addresses.c - when the addresses that a host has asked for are there, and when they will not
 * come. Called by programs, and by host_resolve.c. */
#include <string.h>

#include "base/ip_addr.h"
#include "base/time.h"
#include "host/host_internal.h"

/* Unanswered DHCPDISCOVERs after which none is expected to be: about 15 seconds. */
enum { DISCOVERS = 3 };
/* How long the second family is waited for once one is there. */
static const aksu_time PATIENCE = SECONDS(3);

/* Will an IPv4 address not come, or is it there? */
static bool dhcp_settled(const struct aksu_host *host)
{
    if (!host->asks_dhcp)
        return true;
    switch (host->dhcp.state) {
    case AKSU_DHCP_INIT:
    case AKSU_DHCP_SELECTING:
    case AKSU_DHCP_REQUESTING:
        return host->dhcp.tries > DISCOVERS;
    case AKSU_DHCP_OFF:
    case AKSU_DHCP_BOUND:
    case AKSU_DHCP_RENEWING:
    case AKSU_DHCP_REBINDING:
        return true;
    }
    return true;
}

static bool auto_settled(const struct aksu_host *host)
{
    struct aksu_autoconf a;

    if (!host->asks_auto || !aksu_autoconf(host->net, host->device, &a))
        return true;
    return a.given_up || (a.link_local_ready && a.router_seen);
}

bool aksu_host_ready(const struct aksu_host *host, bool *v4, bool *v6)
{
    struct aksu_address a;
    bool usable[2] = { false, false };
    bool settled = dhcp_settled(host) && auto_settled(host);

    for (uint32_t i = 0; aksu_address_at(host->net, i, &a); i++) {
        if (a.state == AKSU_ADDRESS_TENTATIVE)
            settled = false;
        else if (a.state != AKSU_ADDRESS_DUPLICATE
                 && !(a.autoconfigured && ip_is_link_local(&a.ip)))
            usable[!ip_is_v4(&a.ip)] = true;
    }
    if (v4)
        *v4 = usable[0];
    if (v6)
        *v6 = usable[1];
    return settled;
}

static bool explain(const struct aksu_host *host, char why[AKSU_WHY])
{
    const char *name = host->interface->name;
    struct aksu_address a;
    char text[AKSU_IP_TEXT];

    for (uint32_t i = 0; aksu_address_at(host->net, i, &a); i++) {
        if (a.state != AKSU_ADDRESS_DUPLICATE)
            continue;
        aksu_ip_format(&a.ip, text);
        return host_say(why, "somebody else on %s has the address %s: give another one", name,
                        text);
    }
    if (host->asks_dhcp && host->asks_auto)
        return host_say(why, "neither a DHCP server nor an IPv6 router has answered on %s: is it "
                             "up? Is one there? Or give an address, such as 10.0.0.2/24", name);
    if (host->asks_dhcp)
        return host_say(why, "no DHCP server has answered on %s: is it up? Is one there? Or give "
                             "an address, such as 10.0.0.2/24", name);
    if (host->asks_auto)
        return host_say(why, "no IPv6 router has told a prefix on %s: is it up? Is one there? Or "
                             "give an address, such as 2001:db8::2/64", name);
    return host_say(why, "%s has no address: give one, such as 10.0.0.2/24", name);
}

bool aksu_host_settle(struct aksu_host *host, aksu_time until, char why[AKSU_WHY])
{
    bool v4, v6, patient = false;

    while (!aksu_host_ready(host, &v4, &v6)) {
        aksu_time now = aksu_host_now();
        if ((v4 || v6) && !patient) {
            patient = true;
            until = time_min(until, time_after(now, PATIENCE));
        }
        if (now >= until)
            break;
        if (!host_step(host, until))
            return host_say(why, "%s", aksu_host_why(host));
    }
    return v4 || v6 || explain(host, why);
}
