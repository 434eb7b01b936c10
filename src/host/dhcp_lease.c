/* dhcp_lease.c - a lease out of an OFFER or ACK (RFC 2131 4.3.1, 4.4.5; RFC 2132 3.3, 9), and its
 * address and default route in the stack. Called by dhcp.c. */
#include "aksu/ip.h"
#include "base/ip_addr.h"
#include "base/time.h"
#include "host/dhcp_internal.h"

enum { HOST_TEXT = AKSU_IP_TEXT + 4 };
static const aksu_time MOST_FUZZ = SECONDS(60);

/* --- what was told --- */

/* An address that one host can have: not 0/8, 127/8, 224/4, 240/4. */
static bool is_host(const uint8_t v4[4])
{
    return v4[0] != 0 && v4[0] != 127 && v4[0] < 224;
}

/* Of a mask: ones, then zeros. 0: it is not that. */
static uint8_t ones(const uint8_t mask[4])
{
    uint32_t word = load_be32(mask);
    uint8_t bits = 0;
    while (bits < 32 && (word << bits & 0x80000000) != 0)
        bits++;
    return bits == 32 || word << bits == 0 ? bits : 0;
}

/* Without a mask, or with one that cannot be: that of the address's class, RFC 791 3.2. */
static uint8_t subnet_bits(const struct dhcp_message *m)
{
    uint8_t bits = ones(m->mask), first = m->yiaddr[0];
    if (bits > 0)
        return bits;
    return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/* The subnet itself and its broadcast address: nobody's (RFC 1122 3.2.1.3). */
static bool is_whole_subnet(const uint8_t address[4], uint8_t bits)
{
    uint32_t host_part = bits < 31 ? UINT32_MAX >> bits : 0, own = load_be32(address) & host_part;
    return bits < 31 && (own == 0 || own == host_part);
}

/* RFC 2131 4.4.5: T1 half of the lease, T2 seven eighths, unless they are told and in order; both a
 * little earlier at random, so that the hosts of a network do not all come at once. */
static void set_times(const struct dhcp_message *m, aksu_time asked, uint64_t random,
                      struct aksu_dhcp_lease *out)
{
    out->t1 = out->t2 = out->end = NEVER;
    if (m->lease == UINT32_MAX)
        return;
    aksu_time lease = SECONDS(m->lease), t1 = SECONDS(m->t1), t2 = SECONDS(m->t2);
    if (t2 == 0 || t2 >= lease)
        t2 = lease / 8 * 7;
    if (t1 == 0 || t1 >= t2)
        t1 = lease / 2 < t2 ? lease / 2 : t2 / 2;
    aksu_time fuzz = random % (1 + time_min(time_min(lease / 64, t1 / 32), MOST_FUZZ));
    out->t1 = time_after(asked, t1 - fuzz);
    out->t2 = time_after(asked, t2 - time_min(fuzz, t2 - t1));
    out->end = time_after(asked, lease);
}

bool host_dhcp_lease_of(const struct dhcp_message *m, aksu_time asked, uint64_t random,
                        struct aksu_dhcp_lease *out)
{
    /* RFC 2131 4.3.1 table 3: the lease time and the server identifier must be there */
    if (!is_host(m->yiaddr) || !is_host(m->server) || m->lease == 0)
        return false;
    *out = (struct aksu_dhcp_lease){ .address = ip_from_v4(m->yiaddr),
                                     .server = ip_from_v4(m->server), .mtu = m->mtu,
                                     .bits = subnet_bits(m) };
    if (is_whole_subnet(m->yiaddr, out->bits))
        return false;
    if (is_host(m->router) && memcmp(m->router, m->yiaddr, 4) != 0)
        out->router = ip_from_v4(m->router);
    for (uint32_t i = 0; i < m->resolvers; i++) {
        if (is_host(m->resolver[i]))
            out->resolver[out->resolvers++] = ip_from_v4(m->resolver[i]);
    }
    set_times(m, asked, random, out);
    return true;
}

/* --- in the stack --- */

static void format(const struct aksu_ip *ip, unsigned bits, char out[HOST_TEXT])
{
    size_t at = aksu_ip_format(ip, out);
    out[at++] = '/';
    if (bits >= 10)
        out[at++] = (char)('0' + bits / 10);
    out[at++] = (char)('0' + bits % 10);
    out[at] = '\0';
}

/* The router may be outside the subnet, as with a mask of 32 ones: the stack looks for a gateway on
 * the link of its route, whatever its address. */
static void add_route(const struct aksu_dhcp *dhcp)
{
    char gateway[AKSU_IP_TEXT];
    if (ip_is_unspecified(&dhcp->lease.router))
        return;
    aksu_ip_format(&dhcp->lease.router, gateway);
    (void)aksu_route_add(dhcp->net, dhcp->device, "0.0.0.0/0", gateway);
}

static void remove_route(const struct aksu_dhcp *dhcp, const struct aksu_dhcp_lease *lease)
{
    if (!ip_is_unspecified(&lease->router))
        (void)aksu_route_remove(dhcp->net, dhcp->device, "0.0.0.0/0");
}

static bool same_in_stack(const struct aksu_dhcp_lease *a, const struct aksu_dhcp_lease *b)
{
    return a->bits == b->bits && ip_eq(&a->address, &b->address) && ip_eq(&a->router, &b->router);
}

bool host_dhcp_enter(struct aksu_dhcp *dhcp, const struct aksu_dhcp_lease *before)
{
    char text[HOST_TEXT];
    if (before != NULL && same_in_stack(before, &dhcp->lease))
        return true;
    if (before != NULL)
        host_dhcp_leave(dhcp, before);
    format(&dhcp->lease.address, dhcp->lease.bits, text);
    enum aksu_status status = aksu_address_add(dhcp->net, dhcp->device, text);
    if (status == AKSU_ALREADY_EXISTS)
        return true;                    /* given by hand: it stays, with its route */
    if (status != AKSU_OK)
        return false;
    dhcp->in_stack = true;
    add_route(dhcp);
    return true;
}

void host_dhcp_leave(struct aksu_dhcp *dhcp, const struct aksu_dhcp_lease *lease)
{
    char text[HOST_TEXT];
    if (!dhcp->in_stack)
        return;
    remove_route(dhcp, lease);
    format(&lease->address, lease->bits, text);
    (void)aksu_address_remove(dhcp->net, dhcp->device, text);
    dhcp->in_stack = false;
}
