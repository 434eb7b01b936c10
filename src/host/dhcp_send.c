/* dhcp_send.c - the messages that a DHCP client sends (RFC 2131 4.1, 4.4.1 table 5, 4.4.3 to
 * 4.4.6). Called by dhcp.c. */
#include "base/ip_addr.h"
#include "base/time.h"
#include "host/dhcp_internal.h"
#include "host/random.h"

enum { HARDWARE_ETHERNET = 1, CLIENT_ID = 7,
       LONGEST_MESSAGE = 1472 /* with its headers it fits into Ethernet's MTU */ };

static const uint8_t parameters[] = {
    DHCP_OPTION_MASK, DHCP_OPTION_ROUTER, DHCP_OPTION_RESOLVER, DHCP_OPTION_MTU,
    DHCP_OPTION_LEASE, DHCP_OPTION_SERVER, DHCP_OPTION_T1, DHCP_OPTION_T2,
};

static void send_message(struct aksu_dhcp *dhcp, const struct dhcp_message *in,
                         const struct aksu_ip *to, aksu_time now)
{
    struct dhcp_message m = *in;
    uint8_t client[CLIENT_ID] = { HARDWARE_ETHERNET }, text[DHCP_MOST];
    struct aksu_endpoint server = { *to, DHCP_SERVER_PORT };
    struct writer w = writer_of(text, sizeof text);
    memcpy(client + 1, dhcp->mac, sizeof dhcp->mac);
    memcpy(m.chaddr, dhcp->mac, sizeof m.chaddr);
    m.client = (struct aksu_slice){ client, sizeof client };
    m.xid = dhcp->xid;
    wire_dhcp_build(&w, &m);
    (void)aksu_udp_send(dhcp->net, dhcp->udp, &server, text, writer_length(&w), now);
}

static struct aksu_ip everybody(void)
{
    static const uint8_t limited[4] = { 255, 255, 255, 255 };
    return ip_from_v4(limited);
}

static void ask(struct dhcp_message *m)
{
    m->parameters = (struct aksu_slice){ parameters, sizeof parameters };
    m->max_size = LONGEST_MESSAGE;
}

static uint32_t new_xid(struct aksu_dhcp *dhcp)
{
    return (uint32_t)host_random(dhcp->random, &dhcp->drawn);
}

static uint16_t seconds_since(aksu_time started, aksu_time now)
{
    aksu_time seconds = (now - started) / SECONDS(1);
    return (uint16_t)(seconds < UINT16_MAX ? seconds : UINT16_MAX);
}

/* RFC 2131 4.1: the reply must be a broadcast, because nothing else is taken without an address.
 * The xid stays: a server that probes an address first answers the message before the last. */
void host_dhcp_discover(struct aksu_dhcp *dhcp, aksu_time now)
{
    struct dhcp_message m = { .type = DHCP_DISCOVER, .broadcast = true };
    struct aksu_ip to = everybody();
    if (dhcp->tries == 1)
        dhcp->xid = new_xid(dhcp);
    m.secs = dhcp->secs = seconds_since(dhcp->started, now);
    ask(&m);
    send_message(dhcp, &m, &to, now);
}

/* RFC 2131 4.3.2: with "server identifier" and "requested IP address" it takes an offer; with
 * ciaddr instead, unicast, it renews, and to everybody, it rebinds. */
void host_dhcp_request(struct aksu_dhcp *dhcp, aksu_time now)
{
    const struct aksu_dhcp_lease *lease = &dhcp->lease;
    struct dhcp_message m = { .type = DHCP_REQUEST };
    struct aksu_ip to = dhcp->state == AKSU_DHCP_RENEWING ? lease->server : everybody();
    if (dhcp->state == AKSU_DHCP_REQUESTING) {
        m.broadcast = true;
        m.secs = dhcp->secs;                    /* RFC 2131 4.4.1: those of the DHCPDISCOVER */
        memcpy(m.requested, ip_v4(&lease->address), 4);
        memcpy(m.server, ip_v4(&lease->server), 4);
    } else {
        dhcp->xid = new_xid(dhcp);              /* so that `asked` is the time of this one */
        dhcp->asked = now;
        m.secs = seconds_since(dhcp->started, now);
        memcpy(m.ciaddr, ip_v4(&lease->address), 4);
    }
    ask(&m);
    send_message(dhcp, &m, &to, now);
}

void host_dhcp_release(struct aksu_dhcp *dhcp, aksu_time now)
{
    struct dhcp_message m = { .type = DHCP_RELEASE };
    dhcp->xid = new_xid(dhcp);
    memcpy(m.ciaddr, ip_v4(&dhcp->lease.address), 4);
    memcpy(m.server, ip_v4(&dhcp->lease.server), 4);
    send_message(dhcp, &m, &dhcp->lease.server, now);
}

void host_dhcp_refuse(struct aksu_dhcp *dhcp, aksu_time now)
{
    struct dhcp_message m = { .type = DHCP_DECLINE };
    struct aksu_ip to = everybody();
    dhcp->xid = new_xid(dhcp);
    memcpy(m.requested, ip_v4(&dhcp->lease.address), 4);
    memcpy(m.server, ip_v4(&dhcp->lease.server), 4);
    send_message(dhcp, &m, &to, now);
}
